"""What a saved notebook shows where there is no kernel: the page itself, or a picture where no script may run."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from html import escape
from typing import Any, Final

from unet_explorer.panel.assets import script
from unet_explorer.panel.page import page_html
from unet_explorer.panel.rooms import TABS

__all__ = ["kept_html"]

_SAVED: Final = (
    "A saved copy, as it was when this cell was run. Run it again for everything: the lessons, and the tabs "
    f"{', '.join(TABS)}."
)


def kept_html(told: tuple[Mapping[str, Any], Mapping[str, Any]], picture: str, words: str) -> str:
    """The instrument as a page for an output of a notebook, shut in a frame.

    What is left where a viewer takes scripts away is the picture. Of the lessons there is the one that is shown.

    Args:
        told: What a page is told of the instrument and of the stage, by a panel.
        picture: The U as SVG.
        words: What is seen, for those who do not see it.

    Example:
        >>> from unet_explorer import explore
        >>> kept = kept_html(explore("classroom").told, "<svg></svg>", "A U-Net")
        >>> '<div><img alt="A U-Net" src="data:image/svg+xml;base64,' in kept, len(kept) < 300_000
        (True, True)
    """
    instrument, stage = told
    # Fast rather than small: it is made while somebody waits for the panel.
    page = gzip.compress(page_html(instrument, {**stage, "lessons": []}, whole=False).encode(), 1, mtime=0)
    code = "\n".join([str(script("page/kept.js")), f'showKept("{_base64(page)}", {json.dumps(words)});'])
    source = f"data:image/svg+xml;base64,{_base64(picture.encode())}"
    shown = f'<img alt="{escape(words)}" src="{source}" style="max-width: 100%">'
    assert "</script" not in code.lower()
    return f"<p>{_SAVED}</p><div>{shown}</div><script>{{\n{code}\n}}</script>"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
