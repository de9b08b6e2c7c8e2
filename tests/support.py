"""What several tests need: random networks, and where things are."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from unet_explorer import UNetConfig
from unet_explorer.core.config import Choice, Flag, Fraction, Whole, allowed

PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"


def values(knob: str) -> st.SearchStrategy:
    """Every value that a knob allows."""
    match allowed(knob):
        case Whole(low=low, high=high):
            return st.integers(low, high)
        case Fraction(below=below):
            return st.floats(0, below, exclude_max=True)
        case Choice(values=some):
            return st.sampled_from(some)
        case Flag():
            return st.booleans()


def configs(**fixed: st.SearchStrategy) -> st.SearchStrategy[UNetConfig]:
    """Networks of all kinds; a knob may be narrowed by name."""
    knobs = {knob: values(knob) for knob in UNetConfig.__dataclass_fields__}
    return st.builds(UNetConfig, **(knobs | fixed))
