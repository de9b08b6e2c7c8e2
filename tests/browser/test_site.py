"""The documentation in a browser: it can be read by everybody, and asks nobody for anything."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from support import everything


@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="looked at with --all; it changes with the theme only")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["api/network", "lessons/why-572", "ARCHITECTURE"])
def test_a_page_can_be_read_by_everybody_and_fetches_nothing(browser, site, name, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    try:
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site.parent / f"{name}.html").as_uri())
        page.evaluate("() => document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    finally:
        context.close()
