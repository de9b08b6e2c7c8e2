"""`unet-explorer page`: the instrument as one HTML file, written from a terminal."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from unet_explorer.whole import printable

__all__ = ["main"]

_DONE, _FAILED = 0, 1
_EXAMPLES: Final = """\
examples:
  unet-explorer page unet.html
  unet-explorer page unet.html --design unet1-t188-d3-f8-11hrn49
  unet-explorer page unet.html --model net.keras

The file needs no kernel, no Python and no network: open it from disc, hand it to a class, or put it on any web space.
It ends with 0 if the file was written, 1 if it could not be, 2 if it was asked in a wrong way.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write a page.

    Args:
        argv: The words behind the command's name.

    Returns:
        What the command ends with: 0 or 1.

    Raises:
        SystemExit: With 2, if it was asked in a wrong way.
    """
    options = _options(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        _write(options)
    except (ValueError, ImportError, OSError) as error:
        words = str(error).replace("overwrite=True", "--overwrite")
        print(f"unet-explorer page: {words}", file=sys.stderr)
        return _FAILED
    size = options.out.stat().st_size / 1e6
    print(f"{printable(options.out.name)}: {size:.1f} MB, nothing is fetched when it is read")
    return _DONE


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="unet-explorer page",
        description="Write the instrument as one HTML file.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path, metavar="OUT.html", help="the file")
    parser.add_argument(
        "--design", type=_design, help="the link of a panel (Save ▾, Copy link), or paper, article or classroom"
    )
    parser.add_argument("--model", type=Path, help="a .keras file that save_model has written: it runs in the page")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there already")
    return parser.parse_args(argv)


def _design(text: str) -> tuple[Any, Any]:
    """Design and tile that are meant."""
    from unet_explorer.core.config import PRESETS
    from unet_explorer.panel.link import read_link

    if text in PRESETS:
        return PRESETS[text]
    try:
        link = read_link(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return link.config, link.tile


def _write(options: argparse.Namespace) -> None:
    from unet_explorer.panel.opening import save_page

    config, tile = options.design or (None, None)
    model = None
    if options.model is not None:
        from unet_explorer.model import opened_model

        if options.model.suffix.lower() != ".keras":
            name = printable(options.model.name)
            raise ValueError(f"--model {name} is no .keras file: give one that save_model has written.")
        model = opened_model(options.model)
    save_page(options.out, config, tile, model, overwrite=options.overwrite)
