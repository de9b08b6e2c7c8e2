"""What a class has reached: shares, gains, and the mistake made most often. It holds nobody's single answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from unet_explorer.lessons.inventory import FORMS, inventory
from unet_explorer.lessons.scoring import Score

__all__ = ["FormResult", "GroupResult", "ItemResult", "Results", "form_result"]


class FormResult(NamedTuple):
    """What a group has reached in one form.

    Attributes:
        sheets: How many were handed in.
        share: Mean share of right answers.
        spread: Standard deviation of the shares, as of a sample; 0 for one.
        items: Share of right answers, by the name of the question.
        misconceptions: Of each question that not all got right, what most of the wrong answers stand for, and how many.
    """

    sheets: int
    share: float
    spread: float
    items: dict[str, float]
    misconceptions: dict[str, tuple[str, int]]


class ItemResult(NamedTuple):
    """How a question went.

    Attributes:
        name: Of the question.
        concept: What it asks for.
        before: Share of right answers; None if that form was not answered.
        after: The same, after.
        gain: Normalized gain, as of a `GroupResult`.
        misconception: What most wrong answers stand for, after the course, or before it if there is no after.
        times: How often.
    """

    name: str
    concept: str
    before: float | None
    after: float | None
    gain: float | None
    misconception: str
    times: int


@dataclass(frozen=True)
class GroupResult:
    """What a group has reached.

    Attributes:
        name: ``"taught"`` or ``"compared"``.
        forms: By form; one that nobody has answered is not in it.
    """

    name: str
    forms: Mapping[str, FormResult]

    @property
    def gain(self) -> float | None:
        """Normalized gain of the group: what it has gained, by what there was to gain (Hake 1998).

        None if one form is missing, or there was nothing to gain.
        """
        before, after = (self.forms.get(form) for form in FORMS)
        return _gain(before and before.share, after and after.share)

    @property
    def items(self) -> tuple[ItemResult, ...]:
        """Question by question."""
        rows = []
        last = self.forms.get("after") or self.forms["before"]
        for item in (each for each in inventory() if each.name in last.items):
            before, after = (self.forms[form].items[item.name] if form in self.forms else None for form in FORMS)
            said, times = last.misconceptions.get(item.name, ("", 0))
            rows.append(ItemResult(item.name, item.concept, before, after, _gain(before, after), said, times))
        return tuple(rows)


@dataclass(frozen=True)
class Results:
    """What a class has reached; ``print`` shows it as a table in Markdown.

    Attributes:
        groups: Those that occur.
        empty: Rows without a single answer, which are left out.
    """

    groups: tuple[GroupResult, ...]
    empty: int

    @property
    def effect(self) -> float | None:
        """By how many standard deviations the taught are ahead of the compared after the course (Cohen's d).

        None if not both groups have answered the form after, or all have reached the same.
        """
        both = {group.name: group.forms.get("after") for group in self.groups}
        one, other = both.get("taught"), both.get("compared")
        if not one or not other or one.sheets + other.sheets < 3:
            return None
        squares = (one.sheets - 1) * one.spread**2 + (other.sheets - 1) * other.spread**2
        pooled = math.sqrt(squares / (one.sheets + other.sheets - 2))
        return (one.share - other.share) / pooled if pooled else None

    def __str__(self) -> str:
        return "\n\n".join(_table(group) for group in self.groups)


def _gain(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None or before >= 1 else (after - before) / (1 - before)


def _table(group: GroupResult) -> str:
    counts = ", ".join(f"{result.sheets} {form}" for form, result in group.forms.items())
    shares = [group.forms[form].share if form in group.forms else None for form in FORMS]
    lines = [f"**{group.name}** ({counts})", "", "| | before | after | gain | most frequent mistake |"]
    lines += ["| --- | ---: | ---: | ---: | --- |"]
    for row in group.items:
        mistake = f"{row.misconception} ({row.times})" if row.times else ""
        lines.append(
            f"| {row.concept} | {_percent(row.before)} | {_percent(row.after)} | {_two(row.gain)} | {mistake} |"
        )
    lines.append(f"| **all** | {_percent(shares[0])} | {_percent(shares[1])} | {_two(group.gain)} | |")
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f} %"


def _two(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".replace("-", "−")


def form_result(scores: Sequence[Score], asked: Sequence[str]) -> FormResult:
    """What a group has reached in one form.

    Args:
        scores: What each has reached; at least one.
        asked: Names of the questions that were asked.
    """
    shares = [sum(each.items[name] for name in asked) / len(asked) for each in scores]
    mean = sum(shares) / len(shares)
    spread = math.sqrt(sum((each - mean) ** 2 for each in shares) / (len(shares) - 1)) if len(shares) > 1 else 0.0
    items = {name: sum(each.items[name] for each in scores) / len(scores) for name in asked}
    mistakes = {
        name: Counter(each.misconceptions[name] for each in scores if name in each.misconceptions) for name in asked
    }
    # Of equally frequent ones the first by its words, so that the order of rows does not matter.
    most = {name: min(each.items(), key=lambda pair: (-pair[1], pair[0])) for name, each in mistakes.items() if each}
    return FormResult(len(scores), mean, spread, items, most)
