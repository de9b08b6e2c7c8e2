"""What speaks against starting to learn, and the refusal that says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Finding", "TrainingError"]


@dataclass(frozen=True)
class Finding:
    """Something that speaks against starting.

    Attributes:
        kind: What it is about, in one word.
        weight: ``"stop"``: it cannot be done. ``"doubt"``: it would be a waste, so it must be asked for twice.
            ``"note"``: worth knowing.
        words: What is wrong, and why.
        fix: What to do about it, in words; empty if nothing can be offered.
        change: The same as values: any of ``config`` (knobs), ``tile``, ``batch_size``, ``recipe`` (fields of it).
    """

    kind: str
    weight: Literal["stop", "doubt", "note"]
    words: str
    fix: str = ""
    change: dict[str, Any] = field(default_factory=dict)


class TrainingError(RuntimeError):
    """A training cannot start, or has nothing to give yet.

    Attributes:
        findings: What speaks against it, if that was the reason.
    """

    def __init__(self, message: str, findings_: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings_)

    @classmethod
    def check(cls, findings_: Iterable[Finding], force: bool) -> None:
        """Raise if anything found forbids to start.

        Args:
            found: What was found.
            force: Whether doubts do not count.
        """
        against = [each for each in findings_ if each.weight == "stop" or (each.weight == "doubt" and not force)]
        if against:
            message = [f"{each.words} {each.fix}".strip() for each in against]
            if all(each.weight == "doubt" for each in against):
                message.append("Or start it anyway, with force=True.")
            raise cls("\n".join(message), against)
