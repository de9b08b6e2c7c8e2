"""A browser window that is used by one test after the other, for JupyterLab takes several seconds to load."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext, Error, Page
from support import PATIENCE

CLOSE_ALL = """() => {
    for (const widget of [...window.jupyterapp.shell.widgets("main")]) {
        // Nobody shall be asked whether to save.
        if (widget.context) widget.context.model.dirty = false;
        widget.close();
    }
}"""
ALL_CLOSED = """() => {
    const left = [...window.jupyterapp.shell.widgets("main")].some((widget) => widget.context);
    return !left && !document.querySelector(".jp-Dialog, .unet-explorer");
}"""


class Window:
    """Keeps a page as long as it can be tidied up."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._context: BrowserContext | None = None
        self._opens_by_itself = False

    def page(self) -> Page:
        """A page with nothing open in it; JupyterLab may be there already."""
        if self._context is None:
            self._context = self._browser.new_context()
            self._context.set_default_timeout(1000 * PATIENCE)
            self._context.new_page().on("load", self._note)
            self._opens_by_itself = False
        page = self._context.pages[0]
        page.set_viewport_size({"width": 1500, "height": 2200})
        return page

    def tidy(self) -> None:
        """Close what a test has left open in JupyterLab; take another page next time where that is not there."""
        if self._context is None:
            return
        if self._opens_by_itself:
            self.drop()
            return
        try:
            page, *more = self._context.pages
            for each in more:
                each.close()
            self._context.clear_permissions()
            # Where nothing is: coming from there again is a movement.
            page.mouse.move(0, 0)
            page.evaluate(CLOSE_ALL)
            page.wait_for_function(ALL_CLOSED)
        except (Error, ValueError):
            self.drop()

    def _note(self, page: Page) -> None:
        # Loaded with a notebook in its address, JupyterLab restores it and opens it a second time somewhat later:
        # closed in between, it would stand in the way of the next test.
        self._opens_by_itself |= "/tree/" in page.url

    def drop(self) -> None:
        """Close it."""
        if self._context is not None:
            self._context.close()
            self._context = None
