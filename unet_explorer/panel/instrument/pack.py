"""Many networks in few bytes, for a page that shall draw any of them without asking anybody.

What `facts.describe` says of two networks is mostly the same. Networks that differ in the filters alone are written as
one, with a column of values wherever they differ; whatever part is met again, in any network, is written once. The
page knows nothing of that: it puts back what was taken apart (``static/instrument/pack.js``).

It takes half a second and 20 MB to pack them, so that is done once, and comes with the package: after a change of what
is drawn, ``python -m unet_explorer.panel.instrument.pack`` packs them anew.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.panel.instrument.facts import describe

__all__ = ["COLUMN", "FILE", "PART", "networks_at_hand", "offered", "packed"]

FILE: Final = files("unet_explorer.panel") / "static/networks.json.gz"
"""Where those that are offered lie."""
DEPTHS: Final = range(1, 8)
FILTERS: Final = (4, 8, 16, 32, 64)
PADDINGS: Final = ("valid", "same")
PART: Final = "$"
"""Key of what stands in the place of a part: its number."""
COLUMN: Final = "~"
"""Key of what stands in the place of a value that differs: that of each network of the group."""
_SHORT: Final = 24
"""Letters up to which a part is no longer than a pointer to it."""


def offered() -> tuple[UNetConfig, ...]:
    """The networks that every page holds: each depth with each number of filters and both kinds of padding.

    Example:
        >>> len(offered())
        70
    """
    return tuple(
        UNetConfig(depth=depth, base_filters=filters, padding=padding)
        for depth in DEPTHS
        for padding in PADDINGS
        for filters in FILTERS
    )


@cache
def networks_at_hand() -> bytes:
    """Those that are offered, as they come with the package.

    Example:
        >>> len(networks_at_hand()) < 60_000
        True
    """
    return FILE.read_bytes()


def packed(configs: Sequence[UNetConfig]) -> bytes:
    """Networks, compressed: ``{"parts": […], "groups": [{"count", "network"}, …]}`` as JSON in gzip.

    Args:
        configs: Which; those that differ in their filters alone should follow each other.

    Example:
        >>> len(packed(offered())) < 60_000
        True
    """
    groups = [list(group) for _, group in groupby(configs, _but_for_the_filters)]
    merged = [_merged([describe(config) for config in group]) for group in groups]
    parts = _Parts()
    numbers = [parts.look(tree) for tree in merged]
    trees = [
        {"count": len(group), "network": parts.write(number)} for group, number in zip(groups, numbers, strict=True)
    ]
    content = {"parts": parts.written, "groups": trees}
    # The same networks are the same bytes, whenever they are packed.
    return gzip.compress(_text(content).encode(), 9, mtime=0)


def _but_for_the_filters(config: UNetConfig) -> dict[str, Any]:
    return {name: value for name, value in config.to_dict().items() if name != "base_filters"}


def _merged(trees: Sequence[Any]) -> Any:
    """Several trees as one, with a column wherever they differ."""
    first = trees[0]
    if all(type(tree) is type(first) and tree == first for tree in trees):
        return first
    if all(isinstance(tree, dict) and tree.keys() == first.keys() for tree in trees):
        return {name: _merged([tree[name] for tree in trees]) for name in first}
    if all(isinstance(tree, list) and len(tree) == len(first) for tree in trees):
        return [_merged(same) for same in zip(*trees, strict=True)]
    return {COLUMN: list(trees)}


class _Node(NamedTuple):
    """A tree, or a value; ``inside`` are the numbers of what it holds, ``length`` the letters it takes."""

    tree: Any
    inside: tuple[int, ...]
    length: int


class _Parts:
    """What trees are made of, each part once.

    Attributes:
        written: Parts that are met more than once; each may point to earlier ones.
    """

    def __init__(self) -> None:
        self.written: list[Any] = []
        self._nodes: list[_Node] = []
        self._met: Counter[int] = Counter()
        self._numbers: dict[Any, int] = {}
        self._pointers: dict[int, Any] = {}

    def look(self, tree: Any) -> int:
        """The number of a tree, the same for equal ones; how often its parts are met is noted."""
        kind = tuple(tree) if isinstance(tree, dict) else type(tree)
        if not isinstance(tree, (dict, list)):
            # 1 and 1.0 and True are equal in Python, and are not the same as text.
            return self._number((kind, tree), _Node(tree, (), len(_text(tree))))
        inside = tuple(self.look(each) for each in (tree.values() if isinstance(tree, dict) else tree))
        names = sum(len(name) + 3 for name in tree) if isinstance(tree, dict) else 0
        length = 2 + names + sum(self._nodes[each].length + 1 for each in inside)
        return self._number((kind, inside), _Node(tree, inside, length))

    def _number(self, key: Any, node: _Node) -> int:
        if key not in self._numbers:
            self._numbers[key] = len(self._nodes)
            self._nodes.append(node)
            # What is inside a part that is written once is written once as well.
            self._met.update(node.inside)
        return self._numbers[key]

    def write(self, number: int) -> Any:
        """A tree with pointers to what was met before."""
        if number in self._pointers:
            return self._pointers[number]
        tree, inside, length = self._nodes[number]
        if not inside:
            return tree
        held = [self.write(each) for each in inside]
        written = dict(zip(tree, held, strict=True)) if isinstance(tree, dict) else held
        if self._met[number] < 2 or length <= _SHORT:
            return written
        self.written.append(written)
        self._pointers[number] = {PART: len(self.written) - 1}
        return self._pointers[number]


def _text(tree: Any) -> str:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    Path(str(FILE)).write_bytes(packed(offered()))
