"""What must be said before something can be read, as the page asks it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.data.decoded import Question

__all__ = ["question_for_page"]

_TITLES: Final = ("a mask", "as foreground")
"""What is shown where a threshold is asked for."""


def question_for_page(question: Question | None) -> dict[str, Any]:
    """A question with its pictures as the browser paints them; nothing if there is none.

    Example:
        >>> asked = question_for_page(Question("labels", (("objects", "Each number is an object"),)))
        >>> asked["choices"], asked["pictures"]
        ([['objects', 'Each number is an object']], [])
    """
    if question is None:
        return {}
    return {
        "option": question.option,
        "choices": [list(choice) for choice in question.choices],
        "pictures": [
            _painted(each, _TITLES[number] if question.option == "threshold" else f"Plane {number + 1}")
            for number, each in enumerate(question.pictures)
        ],
    }


def _painted(pixels: NDArray[Any], title: str) -> dict[str, Any]:
    height, width, *channels = pixels.shape
    size = {"height": height, "width": width, "channels": channels[0] if channels else 1}
    return {**size, "title": title, "pixels": np.ascontiguousarray(pixels, np.uint8).tobytes()}
