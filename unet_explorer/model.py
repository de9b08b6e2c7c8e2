"""The plan on Keras tensors: the live network."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, assert_never

from unet_explorer.core.config import UNetConfig, read_config, shown
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.core.tiles import Tile, sides
from unet_explorer.needs import no_tensorflow
from unet_explorer.whole import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import keras

__all__ = ["PREPARED", "build_model", "config_of", "is_prepared", "mark_prepared", "opened_model"]

PREPARED: Final = "unet_normalized_images"
"""What a network is called that was taught with images whose channels have mean 0 and standard deviation 1. Keras keeps
a network's name in its file, so whoever opens it knows how to prepare an image."""


def build_model(config: UNetConfig, tile: Tile | None = None) -> keras.Model:
    """Build the network in Keras. Every layer is named like the step that it carries out.

    Weights start as in the paper (section 3): normally distributed with standard deviation sqrt(2/N), N the
    numbers that arrive at one output pixel (He et al. 2015). For an up-convolution Keras takes N to be 4 times its
    filters. Seed them with `keras.utils.set_random_seed`.

    Args:
        config: The network.
        tile: Input side in pixels, or (height, width). None leaves both open: any valid size may then be
            predicted, and Keras complains about others only at the first concatenation.

    Returns:
        A functional model from (batch, height, width, in_channels) to (batch, height, width, num_classes).

    Raises:
        ShapeError: If the tile does not fit.
        ImportError: If TensorFlow is not installed; it says how to get it.

    Example:
        >>> model = build_model(UNetConfig(depth=1, base_filters=2), 20)
        >>> model.get_layer("enc0_pool").output.shape
        (None, 8, 8, 2)
    """
    read_config(config, tile)
    size = None if tile is None else sides(config, tile)[TILE]
    keras = _keras()
    height, width = size or (None, None)
    maps = {TILE: keras.Input((height, width, config.in_channels), name=TILE)}
    known = laws(config)
    for step in plan(config):
        maps[step.name] = _layer(step, [maps[name] for name in step.inputs], crop(step, known))
    return keras.Model(maps[TILE], maps[plan(config)[-1].name], name="unet")


def _keras() -> Any:
    try:
        # Here, so that the rest of the package can be imported, and used, without.
        import keras
    except ModuleNotFoundError as error:
        raise ImportError(no_tensorflow() or f"TensorFlow cannot be loaded: {error}") from None
    return keras


def _layer(step: Step, inputs: Sequence[Any], crop: int) -> Any:
    from keras import layers

    # The shapes are those of the paper's network at tile 572; a test compares them with the trace.
    name = step.name
    match step.op:
        case "conv" | "conv1x1":  # enc0_conv1: 572×572×1 → 570×570×64
            return layers.Conv2D(
                step.channels,
                step.kernel,
                padding=step.padding,
                activation=step.activation,
                use_bias=step.bias,
                kernel_initializer="he_normal",
                name=name,
            )(inputs[0])
        case "pool":  # enc0_pool: 568×568×64 → 284×284×64
            return layers.MaxPooling2D(2, name=name)(inputs[0])
        case "upconv":  # dec3_up: 28×28×1024 → 56×56×512
            return layers.Conv2DTranspose(
                step.channels, step.kernel, strides=2, kernel_initializer="he_normal", name=name
            )(inputs[0])
        case "upsample":
            return layers.UpSampling2D(2, interpolation="bilinear", name=name)(inputs[0])
        case "crop_concat":  # dec3_concat: 64×64×512 and 56×56×512 → 56×56×1024
            skip, main = inputs
            if crop:
                skip = layers.Cropping2D(crop, name=f"{name}_crop")(skip)
            return layers.Concatenate(name=name)([skip, main])
        case "norm":
            return layers.BatchNormalization(name=name)(inputs[0])
        case "relu":
            return layers.ReLU(name=name)(inputs[0])
        case "dropout":
            return layers.Dropout(step.rate, name=name)(inputs[0])
        case _:
            assert_never(step.op)


def config_of(model: keras.Model, *rest: object) -> UNetConfig:
    """The design that a network was built from, read off its layers.

    Args:
        model: What `build_model` gave, the file of `to_script` made, or Keras has loaded of either.
        rest: What was given after it: if that holds the network, the order is what is wrong.

    Raises:
        ValueError: If it is anything else; it says where it departs from the plan.

    Example:
        >>> config_of(build_model(UNetConfig(depth=2, base_filters=4, padding="same"))).padding
        'same'
    """
    if not hasattr(model, "layers") and any(hasattr(each, "layers") for each in rest):
        raise ValueError(f"model={shown(model)} is no network, but what follows is one: give the network first.")
    try:
        layer = {each.name: each for each in getattr(model, "layers", ())}
        first, head = layer["enc0_conv1"], layer["head"]
        config = UNetConfig(
            depth=sum(name.startswith("enc") and name.endswith("_pool") for name in layer),
            base_filters=first.filters,
            convs_per_block=sum(name.startswith("enc0_conv") for name in layer),
            kernel_size=first.kernel_size[0],
            padding=first.padding,
            in_channels=model.input_shape[-1],
            num_classes=head.filters,
            upsampling="bilinear" if "dec0_upsample" in layer else "transpose",
            batch_norm="enc0_norm1" in layer,
            dropout=getattr(layer.get("bottleneck_dropout"), "rate", 0.0),
            head_activation=head.activation.__name__,
            skips="dec0_concat" in layer,
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = {KeyError: f"it has no layer {error}", ValueError: str(error)}.get(
            type(error), "its layers are others"
        )
        raise ValueError(
            f"model={shown(model)} is no U-Net of this plan ({reason}): give what build_model or TrainingSession.model "
            "gives."
        ) from None
    for step in plan(config):
        made = layer.get(step.name)
        if made is None or made.count_params() != step.parameters:
            what = "has none" if made is None else f"has {made.count_params():,} parameters, not {step.parameters:,},"
            raise ValueError(f"The model is no U-Net of this plan: it {what} at {step.name}.")
    return config


def mark_prepared(model: keras.Model) -> None:
    """Note in a network, and so in its ``.keras`` file, that it was taught with normalized images.

    It is no layer: mean and standard deviation are those of the whole image, and taken tile by tile they would make
    seams. `predict_image` reads the note; whoever calls ``model.predict`` prepares the images, with `normalize`.

    Example:
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> is_prepared(model), mark_prepared(model), is_prepared(model)
        (False, None, True)
    """
    model.name = PREPARED


def is_prepared(model: keras.Model) -> bool:
    """Whether a network says that it was taught with normalized images; see `mark_prepared`."""
    return getattr(model, "name", "") == PREPARED


def opened_model(model: keras.Model | str | os.PathLike[str]) -> keras.Model:
    """A network as it is, or opened where it is the path of a ``.keras`` file.

    Nothing that a file says is run: Keras opens it in its safe mode.

    Args:
        model: A network, or a path. What is neither is given back, for `config_of` to refuse.

    Raises:
        ValueError: If the file is not there, or holds no network that can be opened.
        ImportError: If TensorFlow is not installed; it says how to get it.

    Example:
        >>> opened_model("unet.keras")
        Traceback (most recent call last):
        ...
        ValueError: model='unet.keras' is not there, or no plain file: look at the path.
    """
    if not isinstance(model, (str, os.PathLike)) or not str(model).lower().endswith(".keras"):
        return model
    path = Path(model).expanduser()
    if "\0" in str(path) or not path.is_file():
        raise ValueError(f"model={shown(str(model))} is not there, or no plain file: look at the path.")
    keras = _keras()
    try:
        if not zipfile.is_zipfile(path):
            # Keras would say that it is not there.
            raise ValueError("it is no ZIP archive, as these files are")
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # noqa: BLE001  # a damaged or hostile file may fail in any way
        reason = str(error).strip().split("\n")[0][:120].rstrip(".") or type(error).__name__
        raise ValueError(
            f"{printable(path.name)} cannot be opened as a network ({printable(reason)}): give a .keras file that "
            "save_model, or model.save of Keras 3, has written."
        ) from None
