"""The panel of a notebook; `opening.explore` opens it."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

from unet_explorer.core.config import UNetConfig, read_config, shown
from unet_explorer.core.tiles import Tile, read_tile
from unet_explorer.data.made.wanted import Made
from unet_explorer.drawing.svg import standalone
from unet_explorer.lessons.inventory import FORMS
from unet_explorer.lessons.lesson import Lesson, find_lesson, titles
from unet_explorer.panel.assets import script, style
from unet_explorer.panel.cells import close_former
from unet_explorer.panel.closing import forget
from unet_explorer.panel.code import as_code
from unet_explorer.panel.diagnosis import diagnosis
from unet_explorer.panel.glossary import entries
from unet_explorer.panel.handed import File
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.kept import kept_html
from unet_explorer.panel.link import Link, write_link
from unet_explorer.panel.open_tabs import OpenTabs
from unet_explorer.panel.rooms import TABS
from unet_explorer.panel.taking import Content, file_of, menu, save
from unet_explorer.panel.teaching import (
    answers_of,
    exercises_for_page,
    exercises_menu,
    exercises_names,
    lesson_for_page,
    lesson_of,
    questions_for_page,
)

if TYPE_CHECKING:
    import keras

    from unet_explorer.data.dataset import Dataset
    from unet_explorer.learning.process import Worker
    from unet_explorer.learning.session import TrainingSession

__all__ = ["Explorer"]


_DESIGN: Final = "Design", "choose a network, and see what it does to a tile"


_OF_THE_DESIGN: Final = "config", "tile", "history", "start"
"""What a closed panel still knows: which network it showed."""


class Explorer(anywidget.AnyWidget):  # type: ignore[misc]
    """The panel: one stage with the instrument and its tabs, to be shown in a notebook. Make one with `explore`.

    Attributes:
        instrument: The knobs, the U, the card and the table.
        knobs: Where the browser finds the instrument.
        titles: Names of the tabs, each with a word on what it does.
        tabs: Where the browser finds the widgets of each tab that was opened.
        opened: Name of the open tab.
        problem: Why one could not be opened, in words.
        resting: Whether the worker has ended because nothing was to be done; it starts again by itself.
        before: How many others on this machine load TensorFlow first.
        request: What was asked for last in the browser: ``{"number": n, "do": "take", "what", "ending", "options"}``,
            or ``"link"``, ``"code"``, ``"diagnosis"``, ``"lesson"`` or ``"answers"`` to ``do``.
        taken: The answer to the request of that ``number``: a file's ``name``, ``type`` and ``content``, or a ``text``,
            or a ``problem`` in words. Files are let go of once they are sent.
        offers: What can be taken away; see ``menu`` in ``unet_explorer.panel.taking``.
        lessons: The lessons there are: ``name``, ``title`` and ``minutes`` of each.
        exercises: The kinds of exercises there are: ``name`` of the first set, and ``title``.
        lesson: The lesson, or the set of exercises, that is gone through; empty for none.
        progress: How far each lesson has come, by its name: ``at``, the number of the step, and the ``answers``.
        lock: What cannot be changed in the browser: knobs by name, ``"tile"``, ``"batch_size"``, ``"preset"``.
        hide: What of the stage is hidden.
        glossary: The words of the field, to be explained where they stand.
    """

    _esm = script("stage/stage.js")
    _css = style("lib/base.css", "stage/stage.css", "tabs/tabs.css")

    knobs = traitlets.Unicode("").tag(sync=True)
    titles: Any = traitlets.List().tag(sync=True)
    tabs = traitlets.Dict().tag(sync=True)
    opened = traitlets.Unicode(_DESIGN[0]).tag(sync=True)
    problem = traitlets.Unicode("").tag(sync=True)
    resting = traitlets.Bool(False).tag(sync=True)
    before = traitlets.Int(0).tag(sync=True)
    request = traitlets.Dict().tag(sync=True)
    taken = traitlets.Dict().tag(sync=True)
    offers: Any = traitlets.List(menu()).tag(sync=True)
    lessons: Any = traitlets.List().tag(sync=True)
    exercises: Any = traitlets.List(exercises_menu()).tag(sync=True)
    lesson = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    lock: Any = traitlets.List().tag(sync=True)
    hide: Any = traitlets.List().tag(sync=True)
    glossary: Any = traitlets.List(entries()).tag(sync=True)

    def __init__(
        self, config: UNetConfig, tile: tuple[int, int], dataset: Dataset | None = None, *, link: Link | None = None
    ) -> None:
        config, (height, width) = read_config(config, tile, dataset), read_tile(tile)
        _check_dataset(dataset)
        _check_link(link)
        close_former(self)
        self.instrument = Instrument(config, (height, width))
        self._open_tabs = OpenTabs(self.instrument, dataset, link, self._show_tabs, self._show_rest)
        self._rest_due, self._showing_rest = False, threading.Lock()
        # Writes what is taken away.
        self._hand = ThreadPoolExecutor(1, thread_name_prefix="save")
        # What it has learnt, once it is closed.
        self._learnt: Callable[[], keras.Model] | None = None
        super().__init__(
            knobs=f"anywidget:{self.instrument.model_id}",
            titles=[list(_DESIGN), *([title, about] for title, (about, _) in TABS.items())],
            lessons=[{"name": name, "title": title, "minutes": minutes} for name, (title, minutes) in titles().items()],
        )
        if _only_cells_make_widgets():
            for title in TABS:
                self._open_tabs.make(title, attended=False)
        if link is not None:
            self.instrument.batch_size, self.instrument.selected = link.batch_size, link.selected
            self.lock, self.hide = list(link.lock), list(link.hide)
            if link.lesson:
                self.teach(link.lesson)
            self.opened = link.opened

    @traitlets.validate("opened")
    def _check(self, proposal: Any) -> Any:
        return proposal["value"] if proposal["value"] in {title for title, _ in self.titles} else _DESIGN[0]

    @traitlets.observe("request")
    def _serve(self, _: Any) -> None:
        request = dict(self.request)
        match request.get("do"):
            case "take":
                # It may take seconds, and no message from the browser shall wait for it.
                self._hand.submit(self._take, request)
            case "link":
                self.taken = {"number": request.get("number", 0), "text": self.link}
            case "lesson":
                self._open_lesson(str(request.get("name", "")))
            case "answers":
                self._hand_over(request, lambda: answers_of(request.get("form"), request.get("chosen")))
            case "code":
                self.taken = {"number": request.get("number", 0), "text": self.code}
            case "diagnosis":
                self.taken = {"number": request.get("number", 0), "text": self.diagnosis}

    def _open_lesson(self, name: str) -> None:
        questions = {f"questions-{form}": form for form in FORMS}
        if name in questions:
            self.lesson = questions_for_page(questions[name])
        elif name in exercises_names():
            self.lesson = exercises_for_page(name)
        else:
            # A page may know a lesson that this release does not.
            self.lesson = lesson_for_page(find_lesson(name)) if name in titles() else {}

    def _take(self, request: dict[str, Any]) -> None:
        what, ending, options = str(request.get("what")), str(request.get("ending")), request.get("options")
        chosen = options if isinstance(options, dict) else {}
        self._hand_over(request, lambda: file_of(self._content(), what, ending, chosen))

    def _hand_over(self, request: dict[str, Any], make: Callable[[], File]) -> None:
        number = request.get("number", 0)
        try:
            file = make()
        except Exception as error:  # noqa: BLE001  # nobody sees what a thread throws
            known = isinstance(error, (ValueError, OSError, ImportError, RuntimeError))
            words = str(error) if known else f"Something went wrong in the panel ({type(error).__name__}: {error})."
            self.taken = {"number": number, "problem": words}
            return
        self.taken = {"number": number, **file._asdict()}
        # It is not kept, or every notebook that is saved would hold it.
        self.taken = {}

    def _content(self) -> Content:
        return self._open_tabs.content(self.config, self.tile, self.told)

    def teach(self, lesson: str | os.PathLike[str] | Lesson) -> None:
        """Open a lesson beside the U.

        Args:
            lesson: The name of one that comes with the package, such as ``"why-572"``; the path of a ``.toml`` file of
                your own; or a lesson that was read.

        Raises:
            LessonError: If there is none, or the file cannot be read; it says where in it, and what would help.

        Example:
            >>> from unet_explorer import explore
            >>> panel = explore("paper")
            >>> panel.teach("why-572")
            >>> panel.lesson["title"]
            'Why 572 gives 388'
        """
        self.lesson = lesson_for_page(lesson_of(lesson))

    def save(
        self, path: str | os.PathLike[str], what: str | None = None, *, overwrite: bool = False, **options: Any
    ) -> None:
        """Save what the panel shows as a file; the *Save* menu offers the same.

        Args:
            path: Where to. The ending of the name says what it becomes: .svg, .pdf, .png, .tex and .dot the picture of
                the U; .csv and .md the table of layers; .py the network as Keras source; .ipynb a notebook to train it;
                .keras and .onnx the trained network; .zip a package of bioimage.io.
            what: What to save, where the ending alone does not say it: ``"figure"``, ``"table"``, ``"script"``,
                ``"torch"``, ``"notebook"``, ``"curves"``, ``"network"``, ``"package"``, ``"tiling"``, ``"maps"``,
                ``"sweep"``, ``"nnunet"`` or ``"cellpose"``.
            overwrite: Whether a file that is there already may be replaced.
            options: How a figure shall look, see `save_figure`; ``authors`` and ``license`` of a package.

        Raises:
            ValueError: If the ending, what or an option is not known, or there is nothing of the kind yet.
            ShapeError: If the tile does not fit, and what is saved needs one that does.
            FileExistsError: If there is a file already, and it may not be replaced.
            OSError: If it cannot be written.

        Example:
            >>> import tempfile
            >>> from unet_explorer import explore
            >>> explore("paper").save(tempfile.mkdtemp() + "/layers.md")
        """
        save(self._content(), path, what, overwrite, options)

    @traitlets.observe("opened")
    def _open(self, _: Any) -> None:
        opened = self.opened
        self.problem = ""
        try:
            if opened in TABS:
                self.tab(opened)
        except Exception as error:  # noqa: BLE001  # nobody sees what a callback throws
            self.problem = f"{opened} cannot be opened ({type(error).__name__}: {error})."
        # Meanwhile another one may have been opened.
        self._open_tabs.attend(lambda: self.opened)

    def tab(self, title: str) -> Any:
        """What is in a tab. It is made, and the worker started, when it is first asked for.

        Args:
            title: ``"Build"``, ``"Train"``, ``"Tile"``, ``"Inside"`` or ``"Sweep"``.

        Raises:
            ValueError: If there is no such tab.
        """
        if not isinstance(title, str) or title not in TABS:
            raise ValueError(f"title={shown(title)} is no tab: give one of {', '.join(map(repr, TABS))}.")
        return self._open_tabs.open(title)

    def _show_tabs(self, made: dict[str, list[Any]]) -> None:
        self.tabs = {title: [f"anywidget:{each.model_id}" for each in widgets] for title, widgets in made.items()}

    def _show_rest(self) -> None:
        # Who comes while another thread shows it leaves it to that one, which looks again: what it had read is past.
        self._rest_due = True
        while self._rest_due and self._showing_rest.acquire(blocking=False):
            try:
                self._rest_due = False
                worker = self._worker
                self.resting = worker is not None and worker.resting
                self.before = worker.before if worker is not None else 0
            finally:
                self._showing_rest.release()

    @property
    def told(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a page is told of the instrument and of the stage, each as its traits by their names."""
        return _told(self.instrument, Instrument), _told(self, Explorer)

    @property
    def _worker(self) -> Worker | None:
        return self._open_tabs.worker

    @property
    def link(self) -> str:
        """This scene as one short text of design, tile, made images, recipe, selected step and open tab.

        `explore` opens it again, here or anywhere else. Images that are not made here are not in it, and neither is
        what a network has learnt.

        Example:
            >>> from unet_explorer import explore
            >>> explore("classroom").link
            'unet1-t188-d3-f8-11hrn49'
        """
        recipe = {name: value for name, value in self._open_tabs.recipe.items() if name != "batch_size"}
        images = self._open_tabs.images
        if images is not None and not images.fits_a_link:
            images = None
        shown = Link(
            self.config,
            self.tile,
            images,
            recipe or None,
            int(self.instrument.batch_size),
            self.instrument.selected,
            self.opened,
            # A teacher's own file is nowhere but there.
            name if (name := self.lesson.get("name", "")) in titles() else "",
            tuple(self.lock),
            tuple(self.hide),
        )
        return write_link(shown)

    @property
    def code(self) -> str:
        """The call that opens this design, as a person would write it.

        Example:
            >>> from unet_explorer import explore
            >>> print(explore("paper", tile=700).code)
            from unet_explorer import explore
            <BLANKLINE>
            explore("paper", tile=700)
        """
        images = self._open_tabs.images
        return as_code(self.config, self.tile, None if images == Made() else images)

    @property
    def diagnosis(self) -> str:
        """Versions, the design and the last messages, for the report of a defect; no path and nobody's name.

        Example:
            >>> from unet_explorer import explore
            >>> print(explore("classroom").diagnosis)  # doctest: +ELLIPSIS
            unet_explorer ...
            Design: unet1-t188-d3-f8-11hrn49
            No message.
        """
        return diagnosis(self.link, {"Panel": self.problem, **self._open_tabs.messages}, list(self._open_tabs.names))

    @property
    def _session(self) -> TrainingSession | None:
        return self._open_tabs.session

    def model(self) -> keras.Model:
        """The live network, for the notebook's next cell: what was trained, with the best weights so far.

        Where nothing was trained yet, it is the design that the knobs show, with fresh weights. A panel that was closed
        still gives what it had taught.

        Raises:
            ShapeError: If nothing was trained, and the tile does not fit.

        Example:
            >>> from unet_explorer import explore
            >>> explore("classroom").model().count_params()
            120690
        """
        session = self._session
        if session is not None and session.history.epochs:
            network = session.model()
        elif self._learnt is not None:
            network = self._learnt()
        else:
            from unet_explorer.model import build_model

            network = build_model(self.config, self.tile)
        return network

    @property
    def config(self) -> UNetConfig:
        """The network that is shown; assign another to show that one.

        Raises:
            ValueError: If it is no `UNetConfig`.

        Example:
            >>> from unet_explorer import explore
            >>> panel = explore("classroom")
            >>> panel.config.depth
            3
        """
        return self.instrument.design

    @config.setter
    def config(self, config: UNetConfig) -> None:
        self.instrument.config = read_config(config).to_dict()

    @property
    def tile(self) -> tuple[int, int]:
        """(height, width) of the tile in pixels; assign one number or two. It need not fit.

        Raises:
            ValueError: If it is not one or two whole numbers of at least 1.

        Example:
            >>> from unet_explorer import explore
            >>> panel = explore("paper")
            >>> panel.tile = 512
            >>> panel.tile
            (512, 512)
        """
        return read_tile(self.instrument.tile)

    @tile.setter
    def tile(self, tile: Tile) -> None:
        height, width = read_tile(tile)
        if height != width:
            self.instrument.linked = False
        self.instrument.tile = [height, width]

    def _repr_mimebundle_(self, **more: Any) -> Any:
        """What a notebook keeps of it: the panel, and for whoever has no kernel the page, or a picture and words."""
        made = super()._repr_mimebundle_(**more)
        if made is None:
            return None
        data, metadata = made if isinstance(made, tuple) else (made, {})
        height, width = self.tile
        design = f"U-Net of depth {self.config.depth} with {self.config.base_filters} filters"
        words = f"{design}, tile {height} × {width}. Run this cell to open the panel."
        picture = standalone(self.config, self.tile)
        data = data | {
            "text/plain": words,
            "text/html": kept_html(self.told, picture, words),
            "image/svg+xml": picture,
        }
        return data, {**metadata, "unet_explorer": {"saved": True}}

    def close(self) -> None:
        """Remove the panel and everything it is made of, in the browser and here."""
        if "_open_tabs" not in vars(self):
            return  # Refused before it was made, and now collected.
        session = self._session
        if session is not None and session.history.epochs:
            self._learnt = session.later_model()
        parts = [*self._open_tabs.widgets, self.instrument]
        layouts = [part.layout for part in [*parts, self]]
        try:
            for part in parts:
                part.close()
        finally:
            # Whatever goes wrong, no process stays.
            self._open_tabs.end()
        self._hand.shutdown(wait=False, cancel_futures=True)
        super().close()
        self._let_go()
        for layout in layouts:
            layout.close()

    def _let_go(self) -> None:
        """Hold no image any more: ``Out`` of IPython holds this panel as long as the kernel lives."""
        self._open_tabs.let_go()
        forget(self.instrument, *_OF_THE_DESIGN)
        forget(self)


def _only_cells_make_widgets() -> bool:
    """Whether this is a marimo notebook, which takes no widgets that are made later, such as at a click."""
    marimo = sys.modules.get("marimo")
    return marimo is not None and bool(marimo.running_in_notebook())


def _check_dataset(dataset: object) -> None:
    if dataset is not None:
        from unet_explorer.data.dataset import read_dataset

        read_dataset(dataset)


def _check_link(link: object) -> None:
    if link is not None and not isinstance(link, Link):
        raise ValueError(f"link={shown(link)} is no Link: give what read_link makes of a text.")


def _told(widget: anywidget.AnyWidget, kind: type[anywidget.AnyWidget]) -> dict[str, Any]:
    """What a page is told of a widget."""
    return {name: getattr(widget, name) for name in kind.class_own_traits(sync=True)}
