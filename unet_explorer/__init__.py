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

from unet_explorer.core.budget import best_tile
from unet_explorer.core.config import PRESETS, UNetConfig
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.plan import Step, plan
from unet_explorer.core.receptive import receptive_field
from unet_explorer.core.tiles import ShapeError, nearest_sizes, tile_for_output, valid_sizes
from unet_explorer.core.tiling import Tiling
from unet_explorer.core.trace import Trace, trace
from unet_explorer.data.made import SETS

if TYPE_CHECKING:
    from unet_explorer.core.script import to_script
    from unet_explorer.data.dataset import Dataset
    from unet_explorer.data.files import from_folder
    from unet_explorer.data.lazy import open_image
    from unet_explorer.data.made import *  # noqa: F403
    from unet_explorer.data.stacks import from_stack
    from unet_explorer.drawing.saving import save_figure, save_table
    from unet_explorer.export.curves import save_curves
    from unet_explorer.export.layouts import save_dataset
    from unet_explorer.export.maps import save_maps
    from unet_explorer.export.models import save_model
    from unet_explorer.export.notebook import save_notebook
    from unet_explorer.export.package import save_package
    from unet_explorer.export.tiles import save_tiling
    from unet_explorer.learning.session import TrainingSession
    from unet_explorer.lessons.class_table import read_answers
    from unet_explorer.lessons.exercises import exercises
    from unet_explorer.lessons.inventory import inventory
    from unet_explorer.lessons.inventory_sheets import save_inventory
    from unet_explorer.lessons.scoring import score
    from unet_explorer.lessons.sheets import save_exercises
    from unet_explorer.model import build_model
    from unet_explorer.panel.explorer import Explorer
    from unet_explorer.panel.opening import explore, save_page
    from unet_explorer.predict.folder import predict_folder
    from unet_explorer.predict.predict import predict_image
    from unet_explorer.sweeps.designs import grid
    from unet_explorer.sweeps.picture import save_sweep
    from unet_explorer.sweeps.sweeping import sweep

__all__ = [
    "PRESETS",
    "Dataset",
    "Explorer",
    "ShapeError",
    "Step",
    "Tiling",
    "Trace",
    "TrainingSession",
    "UNetConfig",
    "best_tile",
    "build_model",
    "estimate_memory",
    "exercises",
    "explore",
    "from_folder",
    "from_stack",
    "grid",
    "inventory",
    "nearest_sizes",
    "open_image",
    "plan",
    "predict_folder",
    "predict_image",
    "read_answers",
    "receptive_field",
    "save_curves",
    "save_dataset",
    "save_exercises",
    "save_figure",
    "save_inventory",
    "save_maps",
    "save_model",
    "save_notebook",
    "save_package",
    "save_page",
    "save_sweep",
    "save_table",
    "save_tiling",
    "score",
    "sweep",
    "tile_for_output",
    "to_script",
    "trace",
    "valid_sizes",
    *SETS,
]
__version__ = "0.1.0"

_LATER = {
    "Dataset": "data.dataset",
    "Explorer": "panel.explorer",
    "TrainingSession": "learning.session",
    "build_model": "model",
    "exercises": "lessons.exercises",
    "explore": "panel.opening",
    "from_folder": "data.files",
    "from_stack": "data.stacks",
    "grid": "sweeps.designs",
    "inventory": "lessons.inventory",
    "open_image": "data.lazy",
    "predict_folder": "predict.folder",
    "predict_image": "predict.predict",
    "read_answers": "lessons.class_table",
    "save_curves": "export.curves",
    "save_dataset": "export.layouts",
    "save_exercises": "lessons.sheets",
    "save_figure": "drawing.saving",
    "save_inventory": "lessons.inventory_sheets",
    "save_maps": "export.maps",
    "save_model": "export.models",
    "save_notebook": "export.notebook",
    "save_package": "export.package",
    "save_page": "panel.opening",
    "save_sweep": "sweeps.picture",
    "save_table": "drawing.saving",
    "save_tiling": "export.tiles",
    "score": "lessons.scoring",
    "sweep": "sweeps.sweeping",
    "to_script": "core.script",
    **{name: f"data.made.{name}" for name in SETS},
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
