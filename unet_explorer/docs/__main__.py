"""`python -m unet_explorer.docs OUT`: builds the documentation into a folder; what is doubtful is an error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from unet_explorer.docs.site import SiteError, build_site


def main(argv: Sequence[str] | None = None) -> None:
    """Build the site, and say where it begins."""
    parser = argparse.ArgumentParser(
        prog="python -m unet_explorer.docs",
        description="Builds the documentation: plain files, to be read from a folder or from any server.",
    )
    parser.add_argument("out", help="the folder to make")
    parser.add_argument("--overwrite", action="store_true", help="replace a site that was built there before")
    parser.add_argument(
        "--screenshots", metavar="FOLDER", help="what `python tests/screenshots.py FOLDER` took, for the gallery"
    )
    chosen = parser.parse_args(argv)
    try:
        first = build_site(chosen.out, overwrite=chosen.overwrite, screenshots=chosen.screenshots)
    except (SiteError, ValueError, OSError) as error:
        sys.exit(f"unet_explorer.docs: {error}")
    print(first)


if __name__ == "__main__":
    main()
