"""Makes the example at the ends of the U, before there is a network: python tests/example_image.py.

An image and its mask as `cells` makes them, small enough to be part of the page: they are shown before NumPy is loaded.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).resolve().parents[1] / "unet_explorer/panel/static/instrument/example.js"
SIDE: Final = 64


def module() -> str:
    """The text of the file: four bits a grey value, one a label."""
    import numpy as np

    from unet_explorer import cells

    data = cells(1, size=3 * SIDE, seed=3)
    image, labels = data.images[0, ::3, ::3, 0], data.labels[0, ::3, ::3]
    grey = np.round(15 * (image - image.min()) / (image.max() - image.min())).astype(np.uint8).ravel()
    packed = (grey[::2] << 4) | grey[1::2]
    texts = [base64.b64encode(each.tobytes()).decode() for each in (packed, np.packbits(labels.ravel()))]
    return (
        "// An image and its mask, shown before there is a network; made by tests/example_image.py.\n\n"
        f"export const EXAMPLE = {{\n  side: {SIDE},\n"
        f'  grey: "{texts[0]}",\n  labels: "{texts[1]}",\n}};\n'
    )


if __name__ == "__main__":
    FILE.write_text(module(), "utf-8")
