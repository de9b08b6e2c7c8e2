"""What is taken away from the panel: files, by the kind of what they hold and by the ending of their name."""

from __future__ import annotations

import mimetypes
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.script import to_script
from unet_explorer.core.tiling import Tiling
from unet_explorer.panel.handed import File
from unet_explorer.whole import place_for, read_place, whole

if TYPE_CHECKING:
    from unet_explorer.data.dataset import Dataset, Image
    from unet_explorer.learning.protocol import MapView
    from unet_explorer.learning.recipe import Recipe
    from unet_explorer.learning.session import TrainingSession
    from unet_explorer.panel.page_network import PageNetwork
    from unet_explorer.sweeps.table import Sweep

__all__ = ["KINDS", "Content", "file_of", "kind_of", "menu", "save", "write_page"]


_PICTURES: Final = {".pdf": "PDF", ".png": "PNG", ".svg": "SVG"}


class Content(NamedTuple):
    """All that a panel shows, to be written down.

    Attributes:
        config: The network.
        tile: (height, width) in pixels.
        dataset: The images that are learnt from, once the tab Train has read some.
        recipe: How to teach, as that tab says it.
        session: The training that it shows; None before the first.
        image: The image that the tab Tile covers, (height, width, channels); None before it was opened.
        maps: What the tab Inside shows; None before.
        sweep: The runs that the tab Sweep shows; None before the first.
        told: What a page is told of the instrument and of the stage, by a panel.
    """

    config: UNetConfig
    tile: tuple[int, int]
    dataset: Dataset | None = None
    recipe: Recipe | None = None
    session: TrainingSession | None = None
    image: Image | None = None
    maps: MapView | None = None
    sweep: Sweep | None = None
    told: tuple[Mapping[str, Any], Mapping[str, Any]] | None = None


class Kind(NamedTuple):
    """Something that can be written down.

    Attributes:
        words: What it is, on the page.
        endings: How its files end, each with a word for the page; ``""`` is a folder.
        write: Writes it; it gets the content, the path, whether to overwrite, and what else was chosen.
    """

    words: str
    endings: Mapping[str, str]
    write: Callable[[Content, Path, bool, Mapping[str, Any]], None]


def _figure(content: Content, path: Path, overwrite: bool, options: Mapping[str, Any]) -> None:
    from unet_explorer.drawing.saving import save_figure

    save_figure(content.config, content.tile, path, overwrite=overwrite, **options)


def _table(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.drawing.saving import save_table

    save_table(content.config, content.tile, path, overwrite=overwrite)


def _script(framework: Any) -> Callable[[Content, Path, bool, Mapping[str, Any]], None]:
    def write(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
        text = to_script(content.config, content.tile, framework)
        with whole(place_for(path, [".py"], overwrite)) as half:
            half.write_text(text, "utf-8", newline="\n")

    return write


def _notebook(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.export.notebook import save_notebook

    save_notebook(
        path, content.config, content.tile, recipe=content.recipe, dataset=content.dataset, overwrite=overwrite
    )


def _learnt(content: Content) -> TrainingSession:
    if content.session is None or not content.session.history.epochs:
        raise ValueError("Nothing has been learnt yet: open Train, press Start, and wait for the first epoch.")
    return content.session


def _page(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    assert content.told is not None
    write_page(content.told, path, _page_network(content), overwrite=overwrite)


def _page_network(content: Content) -> PageNetwork | None:
    """What the design that is shown has learnt; None where that is nothing, or too much for a page."""
    session = content.session
    if session is None or not session.history.epochs or session.order.config != content.config:
        return None
    from unet_explorer.export.network import read_network
    from unet_explorer.panel.page_network import fits_a_page, network_for_page

    return network_for_page(read_network(session), session.dataset) if fits_a_page(content.config) else None


def write_page(
    told: tuple[Mapping[str, Any], Mapping[str, Any]], path: Path, network: PageNetwork | None, *, overwrite: bool
) -> None:
    """Write the page, whole or not at all.

    Args:
        told: What a page is told of the instrument and of the stage.
        path: Where to.
        network: One that runs in it.
        overwrite: Whether a file that is there already may be replaced.
    """
    from unet_explorer.panel.page import page_html

    with whole(place_for(path, [".html"], overwrite)) as half:
        half.write_text(page_html(*told, network), "utf-8", newline="\n")


def _curves(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.export.curves import save_curves

    save_curves(_learnt(content), path, overwrite=overwrite)


def _network(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.export.models import save_model

    save_model(path, _learnt(content), overwrite=overwrite)


def _package(content: Content, path: Path, overwrite: bool, options: Mapping[str, Any]) -> None:
    from unet_explorer.export.package import save_package

    save_package(path, _learnt(content), overwrite=overwrite, **options)


def _tiling(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.export.tiles import save_tiling

    if content.image is None:
        raise ValueError("No image is covered with tiles yet: open Tile first.")
    height, width = content.image.shape[:2]
    save_tiling(Tiling(content.config, (height, width), content.tile), path, content.image, overwrite=overwrite)


def _maps(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    from unet_explorer.export.maps import view_bytes

    if content.maps is None:
        raise ValueError("There are no maps yet: open Inside first.")
    made = view_bytes(content.maps, path.suffix.lower())
    with whole(place_for(path, _PICTURES, overwrite)) as half:
        half.write_bytes(made)


def _runs(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
    if content.sweep is None:
        raise ValueError("No run of a sweep has ended yet: open Sweep, and press Start.")
    if path.suffix.lower() in _PICTURES:
        from unet_explorer.sweeps.picture import save_sweep

        save_sweep(content.sweep, path, overwrite=overwrite)
    else:
        content.sweep.save(path, overwrite=overwrite)


def _images(layout: Any) -> Callable[[Content, Path, bool, Mapping[str, Any]], None]:
    def write(content: Content, path: Path, overwrite: bool, _: Mapping[str, Any]) -> None:
        from unet_explorer.export.layouts import save_dataset

        if content.dataset is None:
            raise ValueError("No images have been read yet: open Train first.")
        save_dataset(content.dataset, path, layout, overwrite=overwrite)

    return write


KINDS: Final = {
    "figure": Kind(
        "Picture of the U", {".svg": "SVG", ".pdf": "PDF", ".png": "PNG", ".tex": "TikZ", ".dot": "DOT"}, _figure
    ),
    "table": Kind("Table of layers", {".csv": "CSV", ".md": "Markdown", ".tex": "LaTeX"}, _table),
    "script": Kind("Code", {".py": "Keras"}, _script("keras")),
    "torch": Kind("Code", {".py": "PyTorch"}, _script("torch")),
    "notebook": Kind("Code", {".ipynb": "Notebook"}, _notebook),
    "page": Kind("Page for a browser", {".html": "HTML"}, _page),
    "curves": Kind("Curves", {**_PICTURES, ".csv": "CSV"}, _curves),
    "network": Kind("Trained network", {".keras": "Keras", ".onnx": "ONNX", "": "SavedModel"}, _network),
    "package": Kind("Trained network", {".zip": "bioimage.io"}, _package),
    "tiling": Kind("Tiles of the image", _PICTURES, _tiling),
    "maps": Kind("Maps of the step", _PICTURES, _maps),
    "sweep": Kind("Sweep", {**_PICTURES, ".csv": "CSV", ".md": "Markdown"}, _runs),
    "nnunet": Kind("Images to learn from", {"": "nnU-Net"}, _images("nnunet")),
    "cellpose": Kind("Images to learn from", {"": "Cellpose"}, _images("cellpose")),
}
"""All that can be taken away, in the order in which it is offered."""
_USUAL: Final = {ending: what for what in reversed(KINDS) for ending in KINDS[what].endings if ending}
"""What an ending stands for where nothing else is said."""
_FOLDERS: Final = {"nnunet": "Dataset101_{}", "cellpose": "{}_cellpose", "network": "{}_savedmodel"}
_TYPES: Final = {".tex": "text/x-tex", ".dot": "text/vnd.graphviz", ".md": "text/markdown", ".py": "text/x-python"}


def menu() -> list[dict[str, Any]]:
    """What the browser offers: rows of words, with as many files behind each.

    Example:
        >>> menu()[0]["words"], menu()[0]["files"][0]
        ('Picture of the U', {'what': 'figure', 'ending': '.svg', 'name': 'SVG'})
    """
    return [
        {
            "words": words,
            "files": [
                {"what": what, "ending": ending, "name": name}
                for what, kind in rows
                for ending, name in kind.endings.items()
            ],
        }
        for words, rows in groupby(KINDS.items(), key=lambda item: item[1].words)
    ]


def kind_of(path: object, what: object = None) -> str:
    """What is meant by a path, and by what was said beside it.

    Args:
        path: Where it shall be written; the ending of its name counts.
        what: One of `KINDS`; left out, what the ending stands for: ``.svg`` for the picture of the U, say.

    Raises:
        ValueError: If the ending says nothing, or does not go with what was said.

    Example:
        >>> kind_of("u.tex"), kind_of("layers.tex", "table"), kind_of("unet.onnx")
        ('figure', 'table', 'network')
    """
    ending = read_place(path).suffix.lower()
    if what is None:
        if ending not in _USUAL:
            every = "; ".join(f"{what}: {', '.join(filter(None, kind.endings))}" for what, kind in KINDS.items())
            raise ValueError(
                f"path={shown(str(path))} ends in none of the kinds that can be written. Give one of these endings, or "
                f"what=… for a folder. {every}."
            )
        return _USUAL[ending]
    if not isinstance(what, str) or what not in KINDS:
        raise ValueError(f"what={shown(what)} cannot be saved: give one of {', '.join(map(repr, KINDS))}.")
    if ending not in KINDS[what].endings and "" not in KINDS[what].endings:
        raise ValueError(
            f"path={shown(str(path))} does not go with what={what!r}: give a name that ends in "
            f"{', '.join(KINDS[what].endings)}."
        )
    return what


def save(content: Content, path: Any, what: object, overwrite: bool, options: Mapping[str, Any]) -> None:
    """Write something down; see `Explorer.save`."""
    kind = kind_of(path, what)
    _check_options(kind, options)
    KINDS[kind].write(content, place_for(path, [*KINDS[kind].endings], overwrite), overwrite, options)


def _check_options(kind: str, options: Mapping[str, Any]) -> None:
    taken = {"figure": None, "package": ("authors", "license")}.get(kind, ())
    for name in options:
        if taken is not None and name not in taken:
            known = f"give {' or '.join(taken)}." if taken else "leave it out."
            raise ValueError(f"There is no option {shown(name)} for what={kind!r}: {known}")


def file_of(content: Content, what: str, ending: str, options: Mapping[str, Any]) -> File:
    """Something as a file to be handed to a browser; of a folder a .zip is made.

    Args:
        content: What the panel shows.
        what: One of `KINDS`.
        ending: How the name ends.
        options: What else was chosen.

    Raises:
        ValueError: If there is nothing of the kind, in words for a learner.

    Example:
        >>> file_of(Content(UNetConfig(), (572, 572)), "table", ".csv", {}).name
        'unet-depth4-572x572-table.csv'
    """
    if what not in KINDS or ending not in KINDS[what].endings:
        raise ValueError(f"{shown(what)} cannot be saved as {shown(ending)}.")
    name = f"unet-depth{content.config.depth}-{content.tile[0]}x{content.tile[1]}"
    with tempfile.TemporaryDirectory() as room:
        if not ending:
            images = re.sub(r"[^A-Za-z0-9]+", "", content.dataset.name) if content.dataset else ""
            name = _FOLDERS[what].format(name if what == "network" else images or "images")
            folder = Path(room) / "made" / name
            folder.parent.mkdir()
            save(content, folder, what, False, options)
            packed = shutil.make_archive(str(Path(room) / "packed"), "zip", folder.parent, name)
            return File(f"{name}.zip", "application/zip", Path(packed).read_bytes())
        if what != "figure":
            name += f"-{what}"
        place = Path(room) / (name + ending)
        save(content, place, what, False, options)
        kind = _TYPES.get(ending) or mimetypes.guess_type(place.name)[0] or "application/octet-stream"
        return File(place.name, kind, place.read_bytes())
