"""What runs in the browser: ES modules and style sheets in ``static/``, joined into the one text a widget takes.

The modules are plain JavaScript with ``import`` and ``export``. A browser that gets a widget's code as text cannot
follow its imports, so `link` follows them here: each module once, behind those that it imports.
"""

from __future__ import annotations

import os
import posixpath
import re
import threading
from collections.abc import Callable
from functools import lru_cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

from unet_explorer.data.spare import take_folder
from unet_explorer.drawing.look import page_style

__all__ = ["link", "read", "read_bytes", "script", "style", "without_comments"]

_STATIC: Final = files("unet_explorer.panel") / "static"
_IMPORT: Final = re.compile(r'^import \{([^}]*)\} from "(\.{1,2}/[\w./-]+\.js)";\n', re.MULTILINE)
_DECLARED: Final = re.compile(
    r"^(?P<export>export )?(?:async )?(?:function\*?|class|const|let|var) (?P<name>[\w$]+)", re.MULTILINE
)
_EXPORT: Final = re.compile(r"^export (?=(?:async|function|class|const|let|var)\b)", re.MULTILINE)
_COMMENT: Final = re.compile(r"^[ ]*(?://.*|/\*\*(?:(?!\*/)[\s\S])*\*/)\n", re.MULTILINE)
_LEFT: Final = re.compile(r"^(?:import\b|export\b|(?:const|let|var) [\[{]).*", re.MULTILINE)


def link(entry: str, read: Callable[[str], str]) -> str:
    """Join a module and all that it imports into one text.

    Only what this package needs is understood: ``import { a, b } from "./other.js";`` and ``export`` in front of a
    declaration, both at the beginning of a line, and ``export default`` in the entry alone. All modules end up in one
    scope, so no two of them may have the same name at their top.

    Args:
        entry: Path of the module, relative to the folder of all modules.
        read: Gives the text of a module by its path.

    Raises:
        ValueError: If two modules have the same name at their top, modules import each other in a circle, a name is
            imported that its module does not export, or anything is written in another way; it says where.

    Example:
        >>> modules = {"a.js": 'import { b } from "./b.js";\\nexport default b;\\n', "b.js": "export const b = 1;\\n"}
        >>> print(link("a.js", modules.__getitem__))
        const b = 1;
        export default b;
    """
    linker = _Linker(read)
    linker.add(entry, (), is_entry=True)
    return "".join(linker.texts).rstrip("\n")


def without_comments(text: str) -> str:
    """Modules without the comments that have lines of their own: a quarter of what a page would carry of them.

    Example:
        >>> print(without_comments("// Why.\\n/** @type {URL} */\\nconst a = url; // b\\n"), end="")
        const a = url; // b
    """
    return _COMMENT.sub("", text)


class _Module(NamedTuple):
    """A module, taken apart."""

    imports: list[tuple[str, str]]
    """What is imported: names, and from where."""
    declared: list[str]
    exported: set[str]
    plain: str
    """What is left without imports and exports."""
    strange: list[str]
    """Lines that begin in a way that this linker does not understand."""


@lru_cache(maxsize=256)
def _taken_apart(text: str) -> _Module:
    """Kept, as most modules belong to several widgets, and to the page as well."""
    body = _IMPORT.sub("", text)
    declared = list(_DECLARED.finditer(body))
    plain = _EXPORT.sub("", body)
    return _Module(
        imports=_IMPORT.findall(text),
        declared=[each["name"] for each in declared],
        exported={each["name"] for each in declared if each["export"]},
        plain=plain.strip("\n") + "\n",
        strange=[each.group() for each in _LEFT.finditer(plain)],
    )


class _Linker:
    """The modules joined so far, in the order in which they are needed."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self.texts: list[str] = []
        self._read = read
        self._exported: dict[str, set[str]] = {}
        self._home: dict[str, str] = {}

    def add(self, path: str, importers: tuple[str, ...], *, is_entry: bool = False) -> None:
        """Append a module behind those that it imports; one that is there already is not added again."""
        if path in importers:
            raise ValueError(f"{' → '.join([*importers, path])}: these modules import each other in a circle.")
        if path in self._exported:
            return
        module = _taken_apart(self._read(path))
        for names, target in module.imports:
            source = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
            self.add(source, (*importers, path))
            missing = {name.strip() for name in names.split(",") if name.strip()} - self._exported[source]
            if missing:
                raise ValueError(f"{path}: {source} does not export {', '.join(sorted(missing))}.")
        for name in module.declared:
            if name in self._home:
                raise ValueError(f"{path} and {self._home[name]} both declare {name!r}: rename one of them.")
            self._home[name] = path
        self._exported[path] = module.exported
        for strange in module.strange:
            if not (is_entry and strange.startswith("export default ")):
                raise ValueError(f"{path}: this linker does not understand {strange!r}.")
        self.texts.append(module.plain)


def script(entry: str) -> str | Path:
    """A widget's module with all that it imports, such as ``"tabs/build.js"``.

    Returns:
        Its text; while developing, a file that anywidget watches. See `_watched`.
    """
    return _watched(partial(link, entry, read), entry)


def style(*sheets: str) -> str | Path:
    """A widget's style: the look of the drawing, then several sheets, such as ``"lib/base.css"``, in this order."""
    return _watched(lambda: "\n".join([page_style(), *map(read, sheets)]), sheets[-1])


def read(path: str) -> str:
    """The text of a file in ``static/``."""
    return _STATIC.joinpath(path).read_text("utf-8")


def read_bytes(path: str) -> bytes:
    """A file in ``static/`` as it is."""
    return _STATIC.joinpath(path).read_bytes()


_LIVE: Final[list[tuple[Path, Callable[[], str]]]] = []


def _watched(make: Callable[[], str], name: str) -> str | Path:
    """A text, or, while developing, a file with that text which follows its sources.

    With ``ANYWIDGET_HMR=1`` anywidget watches a ``_esm`` or ``_css`` that is a file, and renders a widget anew when it
    changes. Ours are joined from several files, so these are watched here and the joined one is written again.
    """
    if os.environ.get("ANYWIDGET_HMR") != "1":
        return make()
    if not _LIVE:
        threading.Thread(target=_follow_sources, daemon=True, name="watches static/").start()
    file = take_folder() / posixpath.basename(name)
    file.write_text(make(), "utf-8")
    _LIVE.append((file, make))
    return file


def _follow_sources() -> None:
    from watchfiles import watch

    for _ in watch(str(_STATIC), str(files("unet_explorer.drawing"))):
        for file, make in _LIVE:
            try:
                text = make()
            except (ValueError, OSError) as error:
                # Half-written: the widget stays as it was until the file can be joined again.
                print(f"{file.name} is not updated: {error}")
                continue
            if file.read_text("utf-8") != text:
                file.write_text(text, "utf-8")
