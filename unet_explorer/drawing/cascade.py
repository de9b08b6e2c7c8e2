"""What the drawing's style sheet says of one mark, for paper that knows no style sheets.

A mark lies in the group of its step, and that in the drawing; a rule holds if its selector fits this chain. Of what is
said twice, the more special rule counts, then the later one – as in every browser. Only what `look.css` is written in
is understood: elements, classes and attributes, below one another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["Element", "Rule", "rules", "said_of"]

_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)
_PART: Final = re.compile(r"(?P<tag>\*|[a-z]+)|\.(?P<kind>[\w-]+)|\[(?P<name>[\w-]+)=\"(?P<value>[^\"]*)\"\]")


class Element(NamedTuple):
    """A mark, or what it lies in: its tag, its classes and its attributes."""

    tag: str
    classes: frozenset[str]
    attributes: tuple[tuple[str, str], ...] = ()


class _Simple(NamedTuple):
    """One part of a selector. `child`: the part before must be the direct parent."""

    tag: str
    classes: frozenset[str]
    attributes: frozenset[tuple[str, str]]
    child: bool

    def fits(self, element: Element) -> bool:
        return (
            self.tag in {"", "*", element.tag}
            and self.classes <= element.classes
            and self.attributes <= frozenset(element.attributes)
        )


class Rule(NamedTuple):
    """A selector, how special it is, and what it says."""

    selector: tuple[_Simple, ...]
    special: tuple[int, int]
    says: tuple[tuple[str, str], ...]


@lru_cache(maxsize=4)
def rules(sheet: str) -> tuple[Rule, ...]:
    """All rules of a style sheet, the least special first.

    Raises:
        ValueError: If a selector is written in what is not understood here.

    Example:
        >>> [rule.says for rule in rules(".b text { fill: red; } text { fill: blue; }")]
        [(('fill', 'blue'),), (('fill', 'red'),)]
    """
    found = []
    for selectors, body in _RULE.findall(_COMMENT.sub("", sheet)):
        pairs = (each.partition(":") for each in body.split(";"))
        said = tuple((key.strip(), value.strip()) for key, _, value in pairs if key.strip())
        for selector in selectors.split(","):
            simple = tuple(_simple(selector))
            special = (
                sum(len(part.classes) + len(part.attributes) for part in simple),
                sum(part.tag not in {"", "*"} for part in simple),
            )
            found.append(Rule(simple, special, said))
    return tuple(sorted(found, key=lambda rule: rule.special))


def _simple(selector: str) -> list[_Simple]:
    parts, child = [], False
    for word in selector.split():
        if word == ">":
            child = True
            continue
        found = list(_PART.finditer(word))
        if "".join(each[0] for each in found) != word:
            raise ValueError(
                f"The selector {selector.strip()!r} is not understood: write elements, classes, attributes."
            )
        parts.append(
            _Simple(
                "".join(each["tag"] or "" for each in found),
                frozenset(each["kind"] for each in found if each["kind"]),
                frozenset((each["name"], each["value"]) for each in found if each["name"]),
                child,
            )
        )
        child = False
    return parts


def said_of(chain: tuple[Element, ...], sheet: str) -> Mapping[str, str]:
    """What a style sheet says of the last element of a chain, each inside the one before.

    Example:
        >>> group, text = Element("g", frozenset({"pale"})), Element("text", frozenset())
        >>> said_of((group, text), ".pale > text { opacity: 0.5; } .pale > * { opacity: 0.2; }")
        {'opacity': '0.5'}
    """
    said: dict[str, str] = {}
    for rule in rules(sheet):
        if _fits(rule.selector, chain):
            said.update(rule.says)
    return said


def _fits(selector: tuple[_Simple, ...], chain: tuple[Element, ...]) -> bool:
    *before, last = selector
    if not chain or not last.fits(chain[-1]):
        return False
    if not before:
        return True
    rest = chain[:-1]
    if last.child:
        return _fits(tuple(before), rest)
    return any(_fits(tuple(before), rest[:end]) for end in range(1, len(rest) + 1))
