"""A gallery: the designs to start from, drawn while the site is built; the made images; and the panel."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from unet_explorer.core.config import PRESETS
from unet_explorer.core.trace import trace
from unet_explorer.drawing.saving import save_figure
from unet_explorer.panel.code import as_code
from unet_explorer.panel.instrument.explanations import PRESET_NOTES

__all__ = ["write_gallery"]

_SHOT: Final = re.compile(r"(\w+?)-(?:(usual|phone|presented)-)?(light|dark)")
"""How tests/screenshots.py calls its pictures."""
_WINDOWS: Final = {"usual": "in a usual window", "phone": "on a phone", "presented": "presented", None: "in Design"}


def write_gallery(folder: Path, screenshots: list[Path]) -> None:
    """Write the page of the gallery, and the pictures on it.

    Args:
        folder: Where the sources of the site are.
        screenshots: Pictures of the panel, if somebody took them.
    """
    pictures = folder / "pictures"
    parts = ["# Gallery", "## The designs to start from", *_designs(pictures)]
    parts += ["## The made images", "Images above, and what every pixel is below: `cells`, `membranes` and `shapes`."]
    parts += ["![Cells, membranes and shapes, with their labels](pictures/made-sets.png)"]
    parts += ["## The panel", "![The panel, with the card of a selected skip](pictures/panel.png)"]
    for title, shots in groupby(screenshots, key=lambda shot: _caption(shot.stem).partition(",")[0]):
        parts.append(f"### {title}")
        for shot in shots:
            shutil.copy(shot, pictures / shot.name)
            parts += [f"{_caption(shot.stem)}:", f"![The panel: {_caption(shot.stem)}](pictures/{shot.name})"]
    (folder / "gallery.md").write_text("\n\n".join(parts) + "\n", "utf-8")


def _designs(pictures: Path) -> Iterator[str]:
    for name, (config, tile) in PRESETS.items():
        save_figure(config, tile, pictures / f"{name}.svg")
        seen = trace(config, tile)
        yield f"### {name}"
        yield f"{PRESET_NOTES[name][0].upper()}{PRESET_NOTES[name][1:]}."
        yield (
            f"A tile of {tile} × {tile} px gives {seen.output.height} × {seen.output.width} px; "
            f"{seen.parameters:,} parameters."
        )
        yield f"```python\n{as_code(config, (tile, tile))}\n```"
        yield f"![The U of the design “{name}”, with the shape of every map](pictures/{name}.svg)"


def _caption(name: str) -> str:
    """The title of a picture of the panel.

    Example:
        >>> _caption("inside-phone-dark"), _caption("misfit-dark"), _caption("my own")
        ('Inside, on a phone, dark', 'Misfit, in Design, dark', 'My own')
    """
    found = _SHOT.fullmatch(name)
    if found is None:
        return name.capitalize()
    return f"{found[1].capitalize()}, {_WINDOWS[found[2]]}, {found[3]}"
