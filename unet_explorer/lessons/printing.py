"""Sheets for print and in Markdown: one file each, that needs nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from unet_explorer.whole import printable, whole

__all__ = ["html_page", "html_text", "markdown_text", "written"]

_CODE: Final = re.compile(r"`([^`\n]+)`")
_MARKDOWN: Final = re.compile(r"([\\*_{}\[\]<>#|~$])")
_STYLE: Final = """
@page { size: A4; margin: 2cm; }
body { font: 11pt/1.45 'DejaVu Serif', Georgia, serif; max-width: 17cm; margin: 2em auto; padding: 0 1em; }
@media print { body { margin: 0; padding: 0; max-width: none; } }
h1 { font-size: 17pt; line-height: 1.2; }
h2 { font-size: 12pt; margin: 0 0 .3em; }
section { break-inside: avoid; margin: 1.4em 0; }
code { font-family: 'DejaVu Sans Mono', Consolas, monospace; font-size: .9em; }
p { margin: .4em 0; }
.line { margin-top: 1.1em; }
.line::after { content: ""; display: inline-block; width: 6cm; border-bottom: 1px solid; }
.room { height: 2.6cm; }
ol.options { list-style: upper-alpha; }
ul, ol { margin: .3em 0; padding-left: 1.6em; }
svg { max-width: 100%; height: auto; }
""".strip()


def html_text(text: str) -> str:
    """Words as they stand on a page: nothing of them is markup, but names between backticks.

    Example:
        >>> html_text("Is `enc0_pool` < 2?")
        'Is <code>enc0_pool</code> &lt; 2?'
    """
    return _CODE.sub(r"<code>\1</code>", escape(text))


def markdown_text(text: str) -> str:
    """Words as Markdown shows them: nothing of them is markup, but names between backticks.

    Example:
        >>> markdown_text("2 * 3 of `a_b` [x]")
        '2 \\\\* 3 of `a_b` \\\\[x\\\\]'
    """
    parts = _CODE.split(text)
    return "".join(f"`{each}`" if place % 2 else _MARKDOWN.sub(r"\\\1", each) for place, each in enumerate(parts))


def html_page(title: str, parts: Iterable[str], language: str = "en") -> str:
    """A page of A4 that is a file of its own.

    Args:
        title: What it is called.
        parts: What stands on it, as HTML.
        language: In which its words are.

    Example:
        >>> html_page("A < B", ["<p>Words.</p>"])[:15]
        '<!doctype html>'
    """
    head = f'<meta charset="utf-8">\n<title>{escape(title)}</title>\n<style>\n{_STYLE}\n</style>'
    body = "\n".join([f"<h1>{escape(title)}</h1>", *parts])
    return f'<!doctype html>\n<html lang="{language}">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>\n'


def written(place: Path, data: bytes) -> Path:
    """Write a file, whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    try:
        with whole(place) as half:
            half.write_bytes(data)
    except OSError as error:
        raise OSError(f"{printable(place.name)} could not be written: {error.strerror or error}.") from error
    return place
