"""What several tests need: random networks, the paper's figure, a project folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from unet_explorer import UNetConfig
from unet_explorer.config import Choice, Flag, Fraction, Whole, allowed

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")

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


@pytest.fixture(scope="session")
def project() -> Path:
    return PROJECT
