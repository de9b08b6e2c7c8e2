"""The example at the ends of the U is what `cells` makes."""

from __future__ import annotations

import example_image


def test_the_example_is_made_by_the_engine():
    assert example_image.FILE.read_text("utf-8") == example_image.module(), "run python tests/example_image.py"
