"""A notebook for each lesson: the panel with it, and the open task; written by ``python -m`` this module."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.script import to_script
from unet_explorer.lessons.lesson import Lesson, lessons
from unet_explorer.whole import whole

__all__ = ["lesson_notebooks"]

_KERAS: Final = "keras"
"""The lesson that ends in the network itself, line by line."""
_PARTS: Final = re.compile(r"\n\n(?=# |model = )")
_OPEN: Final = """\
# {title}

{aim} About {minutes} minutes.

Answer first, lock that in, then see. If there is no panel below, or it says that the kernel is gone, run the cell: \
click it, then press **Shift + Enter**."""
_LINE_BY_LINE: Final = """\
The same network in Keras, as the lesson has built it: run the cells one by one, and compare each shape with the U. \
TensorFlow takes some seconds to load."""
_ENDS: Final = "The summary lists every layer with its shape and parameters; the graph shows how they hang together."


def lesson_notebooks() -> dict[str, bytes]:
    """The notebooks of all lessons that come with the package, by the names of their files.

    Example:
        >>> sorted(lesson_notebooks())[2]
        'lesson-02-why-572.ipynb'
    """
    return {
        f"lesson-{number:02}-{lesson.name}.ipynb": _written(lesson) for number, lesson in enumerate(lessons().values())
    }


def _written(lesson: Lesson) -> bytes:
    import nbformat
    from nbformat import v4

    made = {"markdown": v4.new_markdown_cell, "code": v4.new_code_cell}
    cells = [made[kind](text, id=f"cell-{number}") for number, (kind, text) in enumerate(_cells(lesson))]
    about = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return f"{nbformat.writes(v4.new_notebook(cells=cells, metadata=about))}\n".encode()


def _cells(lesson: Lesson) -> Iterator[tuple[str, str]]:
    yield "markdown", _OPEN.format(title=lesson.title, aim=lesson.aim, minutes=lesson.minutes)
    yield "code", f'from unet_explorer import explore\n\npanel = explore(lesson="{lesson.name}")\npanel'
    yield "markdown", lesson.pages[-1].text
    if lesson.name == _KERAS:
        design = lesson.pages[0].design
        yield from _line_by_line(design.config, design.tile)


def _line_by_line(config: UNetConfig, tile: int) -> Iterator[tuple[str, str]]:
    yield "markdown", _LINE_BY_LINE
    _, _, code = to_script(config, tile).partition('"""\n\n')
    for part in _PARTS.split(code.partition("\n\nif __name__")[0]):
        yield "code", part.strip()
    yield "markdown", _ENDS
    yield "code", "model.summary()"
    graph = f"SVG(graph_svg(UNetConfig({_chosen(config)}), {tile}))"
    imports = "from IPython.display import SVG\n\nfrom unet_explorer import UNetConfig\n"
    yield "code", f"{imports}from unet_explorer.drawing.graph import graph_svg\n\n{graph}"


def _chosen(config: UNetConfig) -> str:
    usual, chosen = UNetConfig().to_dict(), config.to_dict()
    return ", ".join(f"{name}={value!r}" for name, value in chosen.items() if value != usual[name])


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for name, content in lesson_notebooks().items():
        with whole(folder / name) as half:
            half.write_bytes(content)
