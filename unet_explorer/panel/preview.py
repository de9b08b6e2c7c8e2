"""The pictures that stand for a page: the paper's U where somebody links to it, and a sign in the browser's tab.

Both lie in the page. The first is drawn once, and comes with the package: after a change of the drawing,
``python -m unet_explorer.panel.preview`` draws it anew.
"""

from __future__ import annotations

import base64
import io
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final
from urllib.parse import quote

from unet_explorer.core.config import PRESETS
from unet_explorer.drawing.palette import OPERATIONS

__all__ = ["FILE", "SIZE", "drawn_preview", "icon", "preview"]

FILE: Final = files("unet_explorer.panel") / "static/page/preview.png"
"""Where it lies."""
SIZE: Final = (600, 315)
"""Width and height in px: the proportion that previews show, and as large as they need for a wide one."""
_COLOURS: Final = 64
_WIDTH: Final = 170
_TYPE: Final = 9.0
_DPI: Final = 150
_ARMS: Final = {"crop_concat": "M3 5h10", "pool": "M3 2v6q0 5 5 5", "upconv": "M8 13q5 0 5-5V2"}
"""The way down, the way up, and a skip between them."""


@cache
def preview() -> str:
    """The picture as an address that holds it.

    Example:
        >>> preview()[:22]
        'data:image/png;base64,'
    """
    return f"data:image/png;base64,{base64.b64encode(FILE.read_bytes()).decode()}"


@cache
def icon() -> str:
    """A small U as an address that holds it.

    Example:
        >>> icon()[:19]
        'data:image/svg+xml,'
    """
    lines = "".join(f'<path d="{way}" stroke="{OPERATIONS[op]}"/>' for op, way in _ARMS.items())
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" stroke-width="3">{lines}</svg>'
    return f"data:image/svg+xml,{quote(drawn)}"


def drawn_preview() -> bytes:
    """The picture, drawn anew, as a PNG of few colours.

    Example:
        >>> len(drawn_preview()) <= 15_000
        True
    """
    from PIL import Image, ImageChops  # here, as nobody needs it who only reads the picture

    from unet_explorer.drawing.saving import figure_data

    figure = figure_data(*PRESETS["paper"], ".png", width=_WIDTH, font_size=_TYPE, legend=False, dpi=_DPI)
    drawn = Image.open(io.BytesIO(figure)).convert("RGB")
    white = Image.new("RGB", drawn.size, "white")
    drawn = drawn.crop(ImageChops.difference(drawn, white).getbbox())
    drawn.thumbnail((0.92 * SIZE[0], 0.92 * SIZE[1]), Image.Resampling.LANCZOS)
    page = Image.new("RGB", SIZE, "white")
    page.paste(drawn, ((SIZE[0] - drawn.width) // 2, (SIZE[1] - drawn.height) // 2))
    written = io.BytesIO()
    page.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE).save(written, "PNG", optimize=True)
    return written.getvalue()


if __name__ == "__main__":
    Path(str(FILE)).write_bytes(drawn_preview())
