"""A design that is pinned as A, so that it can be held against B, which the knobs show."""

from __future__ import annotations

from typing import Any

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.tiles import read_tile
from unet_explorer.panel.instrument.facts import describe

__all__ = ["read_pinned"]


def read_pinned(value: Any) -> dict[str, Any]:
    """What is pinned, from outside: checked, and with the facts by which the browser follows it.

    Facts that came along are not believed: they follow from the design.

    Args:
        value: ``{"config": …, "tile": [height, width]}``, or an empty dict where nothing is pinned.

    Returns:
        The same in its one canonical form, with the ``network`` as `describe` tells it; or an empty dict.

    Raises:
        ValueError: If it is neither.

    Example:
        >>> pinned = read_pinned({"config": {"depth": 2}, "tile": 100})
        >>> pinned["tile"], pinned["network"]["sizes"]["smallest"]
        ([100, 100], 44)
        >>> read_pinned({})
        {}
    """
    if not isinstance(value, dict) or (value and not {"config", "tile"} <= value.keys()):
        raise ValueError(
            f"pinned={shown(value)} is not allowed: give a design as {{'config': …, 'tile': [height, width]}}, or {{}} "
            "to pin none."
        )
    if not value:
        return {}
    config = UNetConfig.from_dict(value["config"])
    return {"config": config.to_dict(), "tile": list(read_tile(value["tile"])), "network": describe(config)}
