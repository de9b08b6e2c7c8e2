"""An instrument for learning the U-Net by hand.

Drag a tile size, a depth or a filter count and watch every layer's shape, every crop, the memory and the picture
follow. In a notebook, ``explore()`` opens the panel; everything it shows can also be asked for in code:

    >>> from unet_explorer import UNetConfig, trace
    >>> trace(UNetConfig(), 572).output
    Shape(height=388, width=388, channels=2)

The core needs the standard library alone and is imported at once. Whatever needs widgets or TensorFlow is imported
when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Two rooms are named like the function they hold. Loading them here, before anyone else does, lets the function
# have the name: Python binds a submodule to its package only once, when it is first loaded.
from unet_explorer.config import PRESETS, UNetConfig
from unet_explorer.cost import estimate_memory
from unet_explorer.plan import Step, plan
from unet_explorer.receptive import receptive_field
from unet_explorer.tiles import ShapeError, nearest_sizes, tile_for_output, valid_sizes
from unet_explorer.trace import Trace, trace

if TYPE_CHECKING:
    from unet_explorer.model import build_model
    from unet_explorer.panel.explorer import Explorer, explore

__all__ = [
    "PRESETS",
    "Explorer",
    "ShapeError",
    "Step",
    "Trace",
    "UNetConfig",
    "build_model",
    "estimate_memory",
    "explore",
    "nearest_sizes",
    "plan",
    "receptive_field",
    "tile_for_output",
    "trace",
    "valid_sizes",
]
__version__ = "0.1.0"

_LATER = {"build_model": "model", "Explorer": "panel.explorer", "explore": "panel.explorer"}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
