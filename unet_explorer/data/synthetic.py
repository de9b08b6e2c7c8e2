"""Images made up on the spot, with what every pixel is: nothing to download, nothing to wait for."""

from unet_explorer.data.cells import cells
from unet_explorer.data.membranes import membranes
from unet_explorer.data.shapes import shapes

__all__ = ["cells", "membranes", "shapes"]
