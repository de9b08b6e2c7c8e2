"""The panel as one HTML file that needs no kernel, no Python and no network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from unet_explorer import __version__
from unet_explorer.core import tokens
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.signed import LONGEST, SIGNS
from unet_explorer.drawing.look import night_style
from unet_explorer.lessons.answers import FITS
from unet_explorer.lessons.asking import OPERATIONS, QUESTIONS
from unet_explorer.lessons.inventory import FORMS, LETTERS, inventory
from unet_explorer.lessons.inventory_sheets import answers_table
from unet_explorer.lessons.lesson import find_lesson, titles
from unet_explorer.lessons.sheets import HOW
from unet_explorer.panel.assets import read, read_bytes, script, style, without_comments
from unet_explorer.panel.instrument.pack import held, networks_at_hand
from unet_explorer.panel.preview import icon, preview
from unet_explorer.panel.rooms import TABS
from unet_explorer.panel.teaching import (
    exercises_for_page,
    exercises_names,
    lesson_for_page,
    questions_for_page,
)

if TYPE_CHECKING:
    from unet_explorer.panel.page_network import PageNetwork

__all__ = ["link_table", "page_html"]

_TITLE: Final = "U-Net explorer"
_ABOUT: Final = (
    "Drag a tile, the depth, the filters of a U-Net, and watch every layer's shape, every crop and the memory follow. "
    "In the page itself: nothing is loaded, nothing is sent."
)
_ALONE: Final = ("Train", "Tile", "Inside")
"""Tabs that a page does alone."""
_SHEETS: Final = [
    {
        "words": "To print: U, table, questions",
        "files": [
            {"what": "sheet", "ending": "", "name": "a sheet"},
            {"what": "key", "ending": "", "name": "with answers"},
        ],
    }
]


def page_html(
    instrument: Mapping[str, Any], stage: Mapping[str, Any], network: PageNetwork | None = None, *, whole: bool = True
) -> str:
    """The page as text.

    Args:
        instrument: What a notebook's page is told of the instrument: its traits by their names.
        stage: The same of the stage.
        network: One that runs in it, of the design that the instrument shows.
        whole: Whether all lessons are in it, and what it takes for a network to learn and to run: half of its size.
    """
    sheets = style("lib/base.css", "stage/stage.css", "tabs/tabs.css", "page/page.css")
    code, look = without_comments(str(script("page/page.js"))), f"{sheets}\n{night_style()}"
    blanks = {
        "policy": _policy(code, look),
        "title": escape(_TITLE),
        "about": escape(_ABOUT),
        "icon": icon(),
        "preview": preview(),
        "style": look,
        "code": code,
        "scene": _json(_scene(instrument, stage) if whole else _alone(instrument, stage, ())),
        "networks": base64.b64encode(networks_at_hand()).decode(),
        "lessons": _lessons() if whole else "",
        "running": _running(network) if whole else "",
    }
    assert "</script" not in code.lower()
    assert "</style" not in look.lower()
    page = read("page/page.html")
    for name, text in blanks.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    return page


def _json(tree: Any) -> str:
    # No text of ours ends the element that it stands in.
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _squeezed(text: str) -> str:
    # The same text is the same bytes, whenever it is written.
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def _running(network: PageNetwork | None) -> str:
    """What networks need to run and to learn: none of it is looked at before somebody wants to see it."""
    from unet_explorer.panel.page_learning import learning_for_page

    worker = without_comments(str(script("page/worker/main.js")))
    assert "</script" not in worker.lower()
    held = {
        "learning": ("application/json", _json(learning_for_page())),
        "library": ("text/plain", base64.b64encode(read_bytes("page/jax.min.js.gz")).decode()),
        "worker": ("text/plain", worker),
    }
    if network is not None:
        held |= {"network": ("application/json", _json(network.told)), "weights": ("text/plain", network.weights)}
    return "\n".join(f'<script type="{kind}" id="ue-{name}">{text}</script>' for name, (kind, text) in held.items())


def _policy(code: str, look: str) -> str:
    """What the page may do: run its own script and nothing else, fetch nothing."""

    def own(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return (
        f"default-src 'none'; script-src {own(code)} 'wasm-unsafe-eval'; style-src {own(look)}; img-src data: blob:; "
        "worker-src blob:; base-uri 'none'; form-action 'none'"
    )


def _scene(instrument: Mapping[str, Any], stage: Mapping[str, Any]) -> dict[str, Any]:
    """All that a kernel would have told."""
    told = _alone(instrument, stage, _ALONE)
    answers = {
        "head": answers_table(FORMS[0], [""] * len(inventory())).splitlines()[0],
        "letters": "".join(LETTERS),
    }
    return {**told, "stage": {**told["stage"], "offers": _SHEETS}, "answers": answers}


def _alone(instrument: Mapping[str, Any], stage: Mapping[str, Any], tabs: Sequence[str]) -> dict[str, Any]:
    """What is told without any lesson but the one that is shown; ``tabs`` are those that a page does by itself."""
    # The first tab is the instrument itself.
    shown = [*stage["titles"][:1], *([title, TABS[title][0]] for title in tabs)]
    told = {**stage, "titles": shown, "opened": "Design", "tabs": {}, "offers": []}
    begins = {"packed": None, "history": [instrument["start"]], "position": 0}
    return {
        "instrument": {**instrument, "knobs": _knobs(instrument), **begins},
        "stage": told,
        "sheet": {"questions": QUESTIONS, "operations": OPERATIONS, "fits": FITS, "how": HOW},
        "answers": {"head": "", "letters": ""},
        "table": link_table(),
        "version": __version__,
    }


def _knobs(instrument: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The knobs, and of those with numbers the values that this page holds."""
    config = UNetConfig.from_dict(instrument["config"])
    return [
        {**knob, "held": held(knob["name"], config)} if knob["kind"] == "number" else knob
        for knob in instrument["knobs"]
    ]


@cache
def _lessons() -> str:
    """All lessons, questions and exercises by their names, compressed: whoever opens none waits for none."""
    lessons = {name: lesson_for_page(find_lesson(name)) for name in titles()}
    lessons |= {f"questions-{form}": questions_for_page(form) for form in FORMS}
    lessons |= {name: exercises_for_page(name) for name in exercises_names()}
    return _squeezed(_json(lessons))


def link_table() -> dict[str, Any]:
    """How a link is written, see ``static/page/address.js``.

    Example:
        >>> link_table()["order"][:2]
        [['t', 'number', None], ['d', 'number', 4]]
    """
    return {
        "order": [[each.key, _kind(each), each.usual] for each in tokens.ORDER],
        "words": tokens.WORDS,
        "design": [list(each) for each in tokens.DESIGN],
        "signs": SIGNS,
        "longest": LONGEST,
    }


def _kind(field: tokens.Field) -> str:
    if field.key in tokens.WORDS:
        return "word"
    return "text" if isinstance(field.usual, str) else "number"
