"""The plan as source code: a file that a person could have written, and that needs nothing of this package."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from unet_explorer.core.config import Choice, UNetConfig, read_value
from unet_explorer.core.script_keras import keras_source
from unet_explorer.core.script_torch import torch_source
from unet_explorer.core.tiles import Tile
from unet_explorer.core.trace import trace

__all__ = ["FRAMEWORKS", "Framework", "to_script"]

Framework: TypeAlias = Literal["keras", "torch"]
FRAMEWORKS: Final = {"keras": keras_source, "torch": torch_source}
"""What writes the network for each library."""


def to_script(config: UNetConfig, tile: Tile, framework: Framework = "keras") -> str:
    """The network as a Python file that builds it in Keras or in PyTorch, one line a layer.

    Layers are named like the steps and stand in the same order as in `build_model`. In Keras, weights go from one to
    the other with ``model.set_weights(other.get_weights())``; the file for PyTorch has a function that takes them over,
    ``load_keras_weights(module, other.get_weights())``, and then computes the same. The file imports that library and
    nothing of this package.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width).
        framework: ``"keras"``, whose tensors are (batch, height, width, channels), or ``"torch"``, for PyTorch, whose
            tensors are (batch, channels, height, width).

    Returns:
        The text of the file. Running it prints a summary; importing it gives ``model``, or for PyTorch the class
        ``UNet``.

    Raises:
        ShapeError: If the tile does not fit.
        ValueError: If ``framework`` is another word.

    Example:
        >>> print(to_script(UNetConfig(depth=1, convs_per_block=1), 20).split("\\n\\n")[-4])
        # Level 0, up: 7 × 7 × 128 → 12 × 12 × 64
        x = layers.Conv2DTranspose(64, 2, strides=2, kernel_initializer="he_normal", name="dec0_up")(x)
        skip = layers.Cropping2D(2, name="dec0_concat_crop")(enc0_conv1)
        x = layers.Concatenate(name="dec0_concat")([skip, x])
        x = conv(64, name="dec0_conv1")(x)
        >>> print(to_script(UNetConfig(depth=1, convs_per_block=1), 20, "torch").split("\\n\\n")[11])
                # Level 0, up: 7 × 7 × 128 → 12 × 12 × 64
                x = self.dec0_up(x)
                skip = enc0_conv1[:, :, 2:-2, 2:-2]
                x = torch.cat([skip, x], dim=1)  # dec0_concat
                x = torch.relu(self.dec0_conv1(x))
    """
    write = FRAMEWORKS[read_value("framework", framework, Choice(tuple(FRAMEWORKS)))]
    return write(trace(config, tile))
