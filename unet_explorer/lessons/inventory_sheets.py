"""The inventory on paper, its key, and the table for the answers of a class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from unet_explorer.core.config import Choice, Flag, read_value
from unet_explorer.lessons.inventory import LETTERS, Item, Option, inventory, read_form
from unet_explorer.lessons.printing import html_page, html_text, markdown_text, written
from unet_explorer.whole import place_for

__all__ = ["answers_table", "inventory_data", "save_inventory"]

_ENDINGS: Final = (".html", ".md", ".csv")
_ROWS: Final = 30
_TITLES: Final = {"before": "What do you know of the U-Net?", "after": "What do you know of the U-Net now?"}
_HOW: Final = (
    f"Choose one of {LETTERS[0]}, {LETTERS[1]}, {LETTERS[2]} and {LETTERS[3]}. If you do not know, leave it out. Do "
    "not write your name on this sheet."
)
_KEY: Final = "This is the key. Do not hand it out."


def save_inventory(path: object, *, form: str = "before", key: bool = False, overwrite: bool = False) -> Path:
    """Save the 20 questions of the concept inventory, their key, or a table to enter a class's answers.

    Both forms ask for the same, with other numbers where there are some, and with other letters. A sheet holds
    nothing of its key. The table has no column for names; `read_answers` reads it.

    Args:
        path: Where to; it ends in ``.html`` (A4, for print), ``.md``, or ``.csv`` for the table.
        form: ``"before"`` or ``"after"``.
        key: Whether to save the key: the right letters, what each wrong option stands for, and what the engine checks.
        overwrite: Whether a file that is there already may be replaced.

    Returns:
        Where it is.

    Raises:
        ValueError: If an argument is not allowed.
        FileExistsError: If there is a file already, and it may not be replaced.
        OSError: If it cannot be written.

    Example:
        >>> import tempfile
        >>> path = save_inventory(tempfile.mkdtemp() + "/before.md", form="before")
        >>> path.read_text("utf-8").splitlines()[0]
        '# What do you know of the U-Net?'
    """
    place = place_for(path, _ENDINGS, overwrite)
    return written(place, inventory_data(place.suffix.lower(), form=form, key=key))


def inventory_data(kind: str, *, form: str = "before", key: bool = False) -> bytes:
    """What `save_inventory` writes, for whoever hands it over otherwise, such as a download.

    Args:
        kind: ``".html"``, ``".md"`` or ``".csv"``.
        form: ``"before"`` or ``"after"``.
        key: Whether it is the key.

    Raises:
        ValueError: If an argument is not allowed.

    Example:
        >>> inventory_data(".csv", form="after")[:18]
        b'form,group,output-'
    """
    kind = read_value("kind", kind, Choice(_ENDINGS))
    form, wanted = read_form(form), read_value("key", key, Flag())
    if kind == ".csv":
        if wanted:
            raise ValueError("key=True is not allowed for a table of answers: save the key as .html or .md.")
        return _table(form).encode()
    title = _TITLES[form]
    if kind == ".html":
        parts = _html_key(form) if wanted else _html(form)
        return html_page(f"{title} Key" if wanted else title, parts).encode()
    lines = _markdown_key(form) if wanted else _markdown(form)
    return "\n".join([f"# {title}{' Key' * wanted}", "", *lines, ""]).encode()


def answers_table(form: str, letters: Sequence[str]) -> str:
    """A table with what one sheet says, as `read_answers` takes it; several are put together line by line.

    Args:
        form: ``"before"`` or ``"after"``.
        letters: For each question of the inventory a letter, or nothing.

    Raises:
        ValueError: If there is no such form, or these are no letters.

    Example:
        >>> answers_table("before", ["A", *[""] * 19]).splitlines()[1][:15]
        'before,taught,A'
    """
    form, items = read_form(form), inventory()
    if len(letters) != len(items) or any(letter not in {"", *LETTERS} for letter in letters):
        raise ValueError(f"{len(letters)} answers are not allowed: give a letter, or nothing, for each question.")
    return _lines(form, letters)


def _table(form: str) -> str:
    return _lines(form, *[[""] * len(inventory())] * _ROWS)


def _lines(form: str, *sheets: Sequence[str]) -> str:
    head = ["form", "group", *(item.name for item in inventory())]
    return "".join(f"{','.join(cells)}\n" for cells in (head, *([form, "taught", *letters] for letters in sheets)))


def _html(form: str) -> Iterator[str]:
    yield f"<p>{html_text(_HOW)}</p>"
    for number, item in enumerate(inventory(), start=1):
        page = item.for_page(form)
        options = "".join(f"<li>{html_text(each['text'])}</li>" for each in page["options"])
        yield f"<section>\n<h2>{number}.</h2>\n<p>{html_text(page['question'])}</p>"
        yield f'<ol class="options">{options}</ol>\n</section>'


def _html_key(form: str) -> Iterator[str]:
    yield f"<p><strong>{_KEY}</strong></p>"
    for number, item in enumerate(inventory(), start=1):
        options = "".join(f"<li>{html_text(each.text)} {html_text(said)}</li>" for _, each, said in _judged(item, form))
        yield f"<section>\n<h2>{number}. {item.key(form)}: {html_text(item.concept)} (<code>{item.name}</code>)</h2>"
        yield f'<p>{html_text(item.questions[form])}</p>\n<ol class="options">{options}</ol>'
        yield f"<p>{html_text(_checked(item))}</p>\n</section>"


def _judged(item: Item, form: str) -> Iterator[tuple[str, Option, str]]:
    for letter, each in item.lettered(form):
        yield letter, each, "← right" if each.right else f"← {each.misconception}"


def _checked(item: Item) -> str:
    claims = "; ".join(f"`{claim}`" for claim in item.claims)
    tested = f"the test `test_{item.tested}`" if item.tested else ""
    return f"Checked by {' and '.join(each for each in (claims, tested) if each)}."


def _markdown(form: str) -> Iterator[str]:
    yield from (_HOW, "")
    for number, item in enumerate(inventory(), start=1):
        page = item.for_page(form)
        yield from (f"## {number}.", "", markdown_text(page["question"]), "")
        yield from (f"- **{each['letter']}** {markdown_text(each['text'])}" for each in page["options"])
        yield ""


def _markdown_key(form: str) -> Iterator[str]:
    yield from (f"**{_KEY}**", "")
    for number, item in enumerate(inventory(), start=1):
        yield from (f"## {number}. {item.key(form)}: {markdown_text(item.concept)} (`{item.name}`)", "")
        yield from (markdown_text(item.questions[form]), "")
        for letter, each, said in _judged(item, form):
            yield f"- **{letter}** {markdown_text(each.text)} {markdown_text(said)}"
        yield from ("", markdown_text(_checked(item)), "")
