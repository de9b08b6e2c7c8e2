"""Modules of the page on an empty page of their own, without JupyterLab and without a widget."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from playwright.sync_api import Page

from unet_explorer.panel.assets import link, read


def linked(wanted: Mapping[str, Sequence[str]], last: str = "") -> str:
    """These exports of these modules as one text, and a last line that may use them by name."""
    lines = [f'import {{ {", ".join(names)} }} from "./{path}";' for path, names in wanted.items()]
    entry = "\n".join([*lines, last, ""])
    return link("bench.js", lambda path: entry if path == "bench.js" else read(path))


def load(page: Page, wanted: Mapping[str, Sequence[str]]) -> Page:
    """Open an empty page whose scripts find these exports of these modules by name."""
    every = ", ".join(name for names in wanted.values() for name in names)
    # Where JupyterLab is loaded, its page would be emptied and its objects stay: the next test would think it is there.
    page.goto("about:blank")
    page.set_content("<!doctype html><body></body>")
    # A block of its own: what is not asked for is no name of the page.
    text = linked(wanted, f"Object.assign(window, {{ {every} }});")
    page.add_script_tag(content=f"{{\n{text}\n}}")
    return page


def ask(page: Page, function: str, argument: object):
    """What a function of the page says, both ways as text: Playwright takes ten times as long for each number."""
    text = page.evaluate(f"(text) => JSON.stringify(({function})(JSON.parse(text)))", json.dumps(argument))
    return json.loads(text)
