"""Puts the sources of the site together, and lets Sphinx make pages of them."""

from __future__ import annotations

import io
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from unet_explorer.core.config import Flag, read_value, shown
from unet_explorer.docs.gallery import write_gallery
from unet_explorer.docs.lessons import write_lessons
from unet_explorer.docs.mending import mend
from unet_explorer.docs.reference import write_reference
from unet_explorer.panel.glossary import GLOSSARY
from unet_explorer.whole import place_for, printable, whole

__all__ = ["SiteError", "build_site"]

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_PAGES: Final = _PACKAGE / "docs" / "pages"
_PROJECT: Final = _PACKAGE.parent
_INCLUDED: Final = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
_PICTURES: Final = "https://raw.githubusercontent.com/unet-explorer/unet_explorer/main/tests/pictures/"
"""Where the README finds its pictures wherever it is read; here they come along."""
_LISTED: Final = "files.txt"
"""In a built site: all of its files. A folder is replaced only if it holds these and no others."""


class SiteError(ValueError):
    """The site cannot be built; it says what is missing, or what in its sources is doubtful."""


def build_site(out: object, *, overwrite: bool = False, screenshots: object = None) -> Path:
    """Build the documentation; all of it, or nothing.

    Args:
        out: The folder to make.
        overwrite: Whether a site that was built there before may be replaced. Another folder never is.
        screenshots: A folder of pictures that ``tests/screenshots.py`` took, for the gallery; None for none.

    Returns:
        The page it begins with.

    Raises:
        SiteError: If Sphinx is missing, if this is no checkout of the source, or if anything in a page or a docstring
            is doubtful: a link to nowhere, a name that is not known.
        ValueError: If the folder cannot be made.
        FileExistsError: If it is there already, and may not be replaced.
        OSError: If it cannot be written.
    """
    place = place_for(out, ("",), read_value("overwrite", overwrite, Flag()))
    _check_ours(place)
    shots = _read_screenshots(screenshots)
    _check_tools()
    with tempfile.TemporaryDirectory() as scratch:
        sources = Path(scratch) / "sources"
        _write_sources(sources, shots)
        with whole(place) as half:
            half.mkdir()
            _run(sources, half, Path(scratch) / "read")
            mend(half)
            (half / _LISTED).write_text("\n".join(sorted({*_files(half), _LISTED})) + "\n", "utf-8")
    return place / "index.html"


def _check_ours(place: Path) -> None:
    if not place.is_dir() or not any(place.iterdir()):
        return
    listed = place / _LISTED
    known = set(listed.read_text("utf-8").splitlines()) if listed.is_file() else set()
    if place.is_symlink() or known != _files(place):
        raise FileExistsError(
            f"{printable(place.name)} holds other files than a site that was built there: it is left alone. Give the "
            "name of a new folder."
        )


def _files(folder: Path) -> set[str]:
    return {each.relative_to(folder).as_posix() for each in folder.rglob("*") if not each.is_dir() or each.is_symlink()}


def _read_screenshots(given: object) -> list[Path]:
    if given is None:
        return []
    if not isinstance(given, (str, os.PathLike)) or not Path(given).expanduser().is_dir():
        raise ValueError(f"screenshots={shown(given)} is no folder: give the one that tests/screenshots.py wrote to.")
    return sorted(Path(given).expanduser().glob("*.png"))


def _check_tools() -> None:
    missing = [name for name in _INCLUDED if not (_PROJECT / name).is_file()]
    if missing:
        raise SiteError(f"{missing[0]} is not beside the package: build the site in a checkout of the source.")
    try:
        import furo  # noqa: F401
        import myst_parser  # noqa: F401
        import sphinx.application  # noqa: F401
    except ImportError as error:
        raise SiteError(
            f'{error.name} is not installed, and the site is not built without: pip install "unet_explorer[docs]"'
        ) from None


def _write_sources(folder: Path, screenshots: list[Path]) -> None:
    shutil.copytree(_PAGES, folder)
    shutil.copytree(_PROJECT / "tests" / "pictures", folder / "pictures")
    for name in _INCLUDED:
        text = (_PROJECT / name).read_text("utf-8")
        # In this folder they lie beside each other as on GitHub, so that their links hold.
        (folder / name).write_text(text.replace(_PICTURES, "pictures/"), "utf-8")
    readme = folder / "README.md"
    # The package has a page of its own already, the first one.
    readme.write_text(readme.read_text("utf-8").replace("# unet_explorer", "# Begin", 1), "utf-8")
    write_lessons(folder / "lessons")
    write_reference(folder / "api")
    write_gallery(folder, screenshots)
    (folder / "glossary.md").write_text(_glossary(), "utf-8")


def _glossary() -> str:
    terms = "\n\n".join(f"**{term.name}**\n: {term.meaning}" for term in GLOSSARY)
    return f"# The words\n\nThe same as in the panel, where every underlined word explains itself.\n\n{terms}\n"


def _run(sources: Path, out: Path, scratch: Path) -> None:
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    said = io.StringIO()
    try:
        with patch_docutils(), docutils_namespace():
            made = Sphinx(sources, sources, out, scratch, "html", status=None, warning=said)
            made.build()
    except SphinxError as error:
        raise SiteError(f"Sphinx has failed: {error}\n{_plain(said, sources)}") from None
    if doubts := _plain(said, sources):
        raise SiteError(f"Sphinx is in doubt:\n{doubts}")


def _plain(said: io.StringIO, sources: Path) -> str:
    """What Sphinx said, without colours and the folder that is gone by then."""
    return re.sub(r"\x1b\[[\d;]*m", "", said.getvalue()).replace(f"{sources}{os.sep}", "").strip()
