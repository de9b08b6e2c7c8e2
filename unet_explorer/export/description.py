"""What a bioimage.io package says of itself, as its specification 0.5 wants it said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from keyword import iskeyword
from typing import Any, Final

import unet_explorer
from unet_explorer.core.plan import plan
from unet_explorer.export.network import Network
from unet_explorer.export.onnx_graph import OPSET
from unet_explorer.export.words import IMAGE, SCORES, sizes
from unet_explorer.whole import printable

__all__ = ["CITE", "FORMAT", "class_names", "description", "title"]

FORMAT: Final = "0.5.3"
"""The version of the specification: the earliest that knows all that is said here, so that older programs read it."""
CITE: Final = {
    "text": (
        "O. Ronneberger, P. Fischer, T. Brox: U-Net: Convolutional Networks for Biomedical Image Segmentation. "
        "MICCAI 2015."
    ),
    "doi": "10.1007/978-3-319-24574-4_28",
}
_AXES: Final = ("y", "x")


def title(network: Network) -> str:
    """What the package is called, in the signs that are allowed there."""
    data = network.session.dataset.name if network.session else ""
    allowed = " ".join(re.sub(r"[^A-Za-z0-9_+()-]+", " ", data).split())[:60]
    config = network.config
    return f"U-Net for {allowed}" if allowed else f"U-Net of depth {config.depth} with {config.base_filters} filters"


def class_names(network: Network) -> list[str]:
    """What the classes are called, each by another name."""
    count = network.config.num_classes
    given = network.session.dataset.classes if network.session else ()
    names = [printable(name) for name in given]
    if count == 1 and len(names) == 2:
        # One score a pixel is that of class 1.
        names = names[1:]
    return names if len(names) == count == len(set(names)) else [f"class {number}" for number in range(count)]


def description(
    network: Network, authors: list[dict[str, str]], license_id: str | None, sums: Mapping[str, str]
) -> dict[str, Any]:
    """All that stands in ``rdf.yaml``.

    Args:
        network: The network.
        authors: Who made it.
        license_id: On what terms it may be used, as SPDX says it; None if that was not said.
        sums: The SHA-256 of each file, by its name: ``weights.onnx``, ``test_image.npy``, ``test_answer.npy``.
    """
    config = network.config

    def file(name: str) -> dict[str, str]:
        return {"source": name, "sha256": sums[name]}

    return {
        "format_version": FORMAT,
        "type": "model",
        "name": title(network),
        "description": _summary(network),
        "authors": authors,
        **({"license": license_id} if license_id else {}),
        "cite": [CITE],
        "tags": ["unet", "2d", "semantic-segmentation", "onnx", "unet_explorer"],
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": "1.0.0",
        "documentation": "README.md",
        "covers": ["cover.svg"],
        "inputs": [{**_image(network), "test_tensor": file("test_image.npy")}],
        "outputs": [{**_answer(network), "test_tensor": file("test_answer.npy")}],
        "weights": {"onnx": {**file("weights.onnx"), "opset_version": OPSET}},
        "config": {
            "bioimageio": {
                "architecture_type": "2D U-Net",
                "task": "semantic segmentation",
                "model_parameter_count": sum(step.parameters for step in plan(config)),
            },
            "unet_explorer": {"version": unet_explorer.__version__, "config": config.to_dict()},
        },
    }


def _summary(network: Network) -> str:
    names = ", ".join(class_names(network))
    words = f"A U-Net (Ronneberger et al. 2015) that says of every pixel how likely each of these classes is: {names}."
    return words if len(words) < 500 else f"{words[:499]}…"


def _image(network: Network) -> dict[str, Any]:
    config, known = network.config, sizes(network.config)
    sides = {"min": known.roomy, "step": known.step}
    names = ["grey"] if config.in_channels == 1 else ["red", "green", "blue"]
    if config.in_channels != len(names):
        names = [f"channel_{number}" for number in range(config.in_channels)]
    prepare = {"id": "zero_mean_unit_variance", "kwargs": {"axes": list(_AXES)}}
    return {
        "id": IMAGE,
        "description": "The image, or a tile of it.",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": names},
            # Where the prediction is smaller than the tile, programs that lay tiles by themselves would lay them wrong.
            *({"type": "space", "id": axis, "size": sides, "concatenable": known.lost == 0} for axis in _AXES),
        ],
        "data": {"type": "float32"},
        "preprocessing": [prepare] if network.prepared else [],
    }


def _answer(network: Network) -> dict[str, Any]:
    known = sizes(network.config)
    halo = {"halo": known.halo} if known.halo else {}
    return {
        "id": SCORES,
        "description": "The probability of each class.",
        "axes": [
            {"type": "batch"},
            {"type": "channel", "channel_names": _identifiers(class_names(network))},
            *(
                {
                    "type": "space",
                    "id": axis,
                    "size": {"tensor_id": IMAGE, "axis_id": axis, "offset": -known.lost},
                    **halo,
                }
                for axis in _AXES
            ),
        ],
        # The graph itself makes probabilities: earlier versions of the specification know no softmax behind it.
        "data": {"type": "float32", "range": [0.0, 1.0]},
    }


def _identifiers(names: list[str]) -> list[str]:
    """The same names as earlier versions of the specification want them: as Python would name variables.

    Example:
        >>> _identifiers(["background", "cell wall", "cell-wall", "2n", "class"])
        ['background', 'cell_wall', 'cell_wall_2', 'class_2n', 'class_class']
    """
    made: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name).strip("_") or "class"
        plain = plain if plain.isidentifier() and not iskeyword(plain) else f"class_{plain}"
        twins = [plain, *(f"{plain}_{number}" for number in range(2, len(names) + 1))]
        made.append(next(each for each in twins if each not in made))
    return made
