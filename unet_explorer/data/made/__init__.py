"""Images made up on the spot, with what every pixel is: nothing to download, nothing to wait for.

Each set is a module with a function of the same name; `SETS` is the one place where a set is registered. The package
offers it by that name, and the panel in its list of images.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

SETS: Final = ("cells", "membranes", "shapes")
"""The sets, in the order in which they are offered. Naming them loads nothing."""

if TYPE_CHECKING:
    # Type checkers cannot follow a name that is only found when it is asked for.
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.data.made.cells import cells as cells
    from unet_explorer.data.made.membranes import membranes as membranes
    from unet_explorer.data.made.shapes import shapes as shapes


def made_set(name: str, count: int | None = None, **how: int | tuple[int, int]) -> Dataset:
    """Make a set by its name.

    Args:
        name: One of `SETS`.
        count: How many images; as many as the set usually has, if left out.
        **how: ``size`` and ``seed``, as its own function takes them.

    Raises:
        ValueError: If there is no such set, or a value is not allowed.

    Example:
        >>> made_set("cells", 2, size=64).images.shape
        (2, 64, 64, 1)
    """
    if name not in SETS:
        raise ValueError(f"There is no made set {name!r}: give one of {', '.join(SETS)}.")
    make = getattr(import_module(f"{__name__}.{name}"), name)
    made: Dataset = make(**how) if count is None else make(count, **how)
    return made
