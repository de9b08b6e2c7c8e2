"""The plan as an ONNX graph: the network for whoever runs it without Keras.

ONNX lays images out as (batch, channels, height, width), and so does everything that runs it; Keras puts the channels
last. What goes in is called ``image``, what comes out ``scores``. Nothing else differs: every step of the plan becomes
one operation, or two, and its map bears the step's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, Final, assert_never

import numpy as np
from numpy.typing import NDArray

import unet_explorer
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.laws import crop, laws
from unet_explorer.core.plan import TILE, Step, plan
from unet_explorer.export.network import Weights
from unet_explorer.export.words import IMAGE, SCORES, facts_in_words

__all__ = ["OPSET", "check_onnx", "onnx_model"]


OPSET: Final = 13
"""The first in which Softmax takes one axis alone; all else has meant the same since 11. Every runtime since the end of
2020 reads it."""
_IR: Final = 7
"""The file format that came with it; `onnx` would write its newest, which older runtimes refuse."""
_EPSILON: Final = 1e-3
"""What Keras adds to a variance before it divides by its root."""
_LARGEST: Final = 2_000_000_000
"""Bytes of weights; a file of this kind ends at 2 GiB."""


def check_onnx(config: UNetConfig) -> None:
    """Refuse what cannot be written, before anything is.

    Raises:
        ImportError: If the package onnx is not installed.
        ValueError: If the network is larger than a file can be.
    """
    try:
        import_module("onnx")
    except ImportError:
        raise ImportError(
            'ONNX is written with the package onnx, which is not installed: pip install "unet_explorer[onnx]".'
        ) from None
    size = 4 * sum(step.parameters for step in plan(config))
    if size > _LARGEST:
        raise ValueError(
            f"The weights of this network take {size / 1e9:.1f} GB, and an ONNX file holds 2 GB: give a name that ends "
            "in .keras."
        )


def onnx_model(config: UNetConfig, weights: Weights, *, prepared: bool, probable: bool = False) -> Any:
    """The network with its weights as an ONNX model, for any batch and any tile that fits.

    Args:
        config: The network.
        weights: For each step that has some, its arrays, as Keras keeps them.
        prepared: Whether it was taught with images of mean 0 and standard deviation 1.
        probable: Make probabilities of its scores, as `predict.scores.probabilities` does.

    Returns:
        An ``onnx.ModelProto``.

    Example:
        >>> from unet_explorer.export.network import fresh_weights
        >>> config = UNetConfig(depth=1, base_filters=2, convs_per_block=1)
        >>> made = onnx_model(config, fresh_weights(config), prepared=False)
        >>> [node.op_type for node in made.graph.node]
        ['Conv', 'Relu', 'MaxPool', 'Conv', 'Relu', 'ConvTranspose', 'Slice', 'Concat', 'Conv', 'Relu', 'Conv']
    """
    onnx: Any = import_module("onnx")
    steps, known = plan(config), laws(config)
    graph = _Graph(onnx)
    maps = {TILE: IMAGE}
    for step in steps:
        inputs = [maps[name] for name in step.inputs]
        maps[step.name] = _layer(graph, step, inputs, weights.get(step.name, ()), crop(step, known))
    last = maps[steps[-1].name]
    if probable and config.head_activation not in {"softmax", "sigmoid"}:
        last = _shares(graph, "probabilities", last, "softmax" if config.num_classes > 1 else "sigmoid")
    graph.rename(last, SCORES)
    sides = {IMAGE: ("height", "width"), SCORES: ("scores_height", "scores_width")}
    tensors = {IMAGE: config.in_channels, SCORES: config.num_classes}
    image, scores = (
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ("batch", channels, *sides[name]))
        for name, channels in tensors.items()
    )
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "unet", [image], [scores], graph.weights),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=_IR,
        producer_name="unet_explorer",
        producer_version=unet_explorer.__version__,
        doc_string="A U-Net (Ronneberger, Fischer and Brox 2015).",
    )
    facts = {"config": json.dumps(config.to_dict()), **facts_in_words(config, prepared, probable)}
    onnx.helper.set_model_props(made, facts)
    return made


class _Graph:
    """Nodes and weights so far."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, name: str, op: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Append an operation; its map bears its name."""
        self.nodes.append(self._onnx.helper.make_node(op, list(inputs), [name], name=name, **attributes))
        return name

    def keep(self, name: str, array: NDArray[Any]) -> str:
        """Keep numbers that an operation needs."""
        self.weights.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def rename(self, name: str, wanted: str) -> None:
        """Call the map of the last operation otherwise."""
        assert self.nodes[-1].output[0] == name
        self.nodes[-1].output[0] = wanted


def _layer(graph: _Graph, step: Step, inputs: list[str], arrays: Sequence[NDArray[np.float32]], crop: int) -> str:
    """One step of the plan; what its map is called."""
    name = step.name
    match step.op:
        case "conv" | "conv1x1":
            # Keras: height, width, in, out. ONNX: out, in, height, width.
            names = _kept(graph, name, ("kernel", "bias"), (arrays[0].transpose(3, 2, 0, 1), *arrays[1:]))
            attributes = {"kernel_shape": [step.kernel] * 2, "pads": _pads(step)}
            return _activated(graph, step, "Conv", [*inputs, *names], attributes)
        case "pool":
            return graph.add(name, "MaxPool", inputs, kernel_shape=[2, 2], strides=[2, 2])
        case "upconv":
            # Keras: height, width, out, in. ONNX: in, out, height, width.
            names = _kept(graph, name, ("kernel", "bias"), (arrays[0].transpose(3, 2, 0, 1), *arrays[1:]))
            attributes = {"kernel_shape": [step.kernel] * 2, "strides": [2, 2]}
            return _activated(graph, step, "ConvTranspose", [*inputs, *names], attributes)
        case "upsample":
            # Between the middles of pixels, and beyond the outermost ones as these are: just as Keras does.
            scales = graph.keep(f"{name}.scales", np.array([1, 1, 2, 2], np.float32))
            how = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
            return graph.add(name, "Resize", [*inputs, "", scales], **how)
        case "crop_concat":
            skip, main = inputs
            if crop:
                skip = graph.add(f"{name}_crop", "Slice", [skip, *_sides_without(graph, name, crop)])
            return graph.add(name, "Concat", [skip, main], axis=1)
        case "norm":
            names = _kept(graph, name, ("gamma", "beta", "mean", "variance"), arrays)
            return graph.add(name, "BatchNormalization", [*inputs, *names], epsilon=_EPSILON)
        case "relu":
            return graph.add(name, "Relu", inputs)
        case "dropout":
            # It drops values while the network learns, and none afterwards.
            return inputs[0]
        case _:
            assert_never(step.op)


def _kept(graph: _Graph, name: str, words: Sequence[str], arrays: Sequence[NDArray[np.float32]]) -> Iterator[str]:
    return (graph.keep(f"{name}.{word}", array) for word, array in zip(words, arrays, strict=False))


def _pads(step: Step) -> list[int]:
    """Zeros above, left, below and right. Of an odd number Keras puts the one more below and right."""
    total = step.kernel - 1 if step.padding == "same" else 0
    before, behind = total // 2, total - total // 2
    return [before, before, behind, behind]


def _sides_without(graph: _Graph, name: str, crop: int) -> Iterator[str]:
    """From where to where, and on which axes: all but the rim."""
    for word, numbers in (("starts", [crop, crop]), ("ends", [-crop, -crop]), ("axes", [2, 3])):
        yield graph.keep(f"{name}.{word}", np.array(numbers, np.int64))


def _activated(graph: _Graph, step: Step, op: str, inputs: list[str], attributes: dict[str, Any]) -> str:
    """An operation, and what it applies to its own result; that bears the step's name."""
    if step.activation == "linear":
        return graph.add(step.name, op, inputs, **attributes)
    raw = graph.add(f"{step.name}_raw", op, inputs, **attributes)
    if step.activation == "relu":
        return graph.add(step.name, "Relu", [raw])
    return _shares(graph, step.name, raw, step.activation)


def _shares(graph: _Graph, name: str, raw: str, function: str) -> str:
    """Softmax over the channels, or the logistic function of each number."""
    if function == "softmax":
        return graph.add(name, "Softmax", [raw], axis=1)
    return graph.add(name, "Sigmoid", [raw])
