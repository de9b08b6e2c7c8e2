"""A trained network as a package of bioimage.io: one .zip that ilastik, deepImageJ and others open."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiles import tile_for_output
from unet_explorer.data.dataset import normalize
from unet_explorer.data.made.cells import cells
from unet_explorer.drawing.svg import standalone
from unet_explorer.export.child import ask
from unet_explorer.export.description import description
from unet_explorer.export.documentation import documentation
from unet_explorer.export.network import Network, read_network
from unet_explorer.export.people import UNNAMED, read_authors, read_license
from unet_explorer.export.words import sizes
from unet_explorer.predict.scores import probabilities
from unet_explorer.whole import place_for, whole

if TYPE_CHECKING:
    import keras

    from unet_explorer.learning.session import TrainingSession

__all__ = ["save_package"]

_LEAST: Final = 48
"""Pixels a side that the test's prediction has at least."""
_TELLING: Final = 1e-3
"""A test whose answers are all smaller is none."""
_COVER: Final = (1000, 500)
"""Width and height of the cover; bioimage.io wants 2:1."""


def save_package(
    path: str | Path,
    session_or_model: TrainingSession | keras.Model,
    authors: str | Mapping[str, str] | Sequence[str | Mapping[str, str]] = (),
    license: str | None = None,  # what bioimage.io calls it
    *,
    overwrite: bool = False,
) -> Path:
    """Save a trained network as a package of bioimage.io, the zoo of models for microscopy.

    The .zip holds the network as ONNX; ``rdf.yaml``, which says by specification 0.5 what goes in and what comes out:
    which tiles fit, how much smaller the prediction is, how images are prepared, what the classes are; a README in
    plain words; a picture; and a test, that is an image and what Keras answers to it, so that every program can check
    that it computes the same. That image is computed: none of yours is in the package. What you have named goes along:
    the data set, its classes and its terms. Unlike a file of `save_model`, it answers with probabilities.

    Needs the package onnx: ``pip install "unet_explorer[onnx]"``. ``pip install "unet_explorer[bioimageio]"`` brings
    what checks a package: ``bioimageio test unet.zip``. No TensorFlow is loaded here for a training: another process
    computes the test, which takes some seconds.

    Args:
        path: Where to; the name ends in ``.zip``.
        session_or_model: A training, of which the best weights are saved; or a live network of `build_model` or
            `TrainingSession.model`.
        authors: Who made it: names, or dicts with ``name`` and any of ``affiliation``, ``email``, ``orcid`` and
            ``github_user``. Left out, the package says that nobody was named.
        license: On what terms it may be used, as spdx.org/licenses says it, such as ``"CC-BY-4.0"``. Left out, nobody
            knows whether they may: the package says that, and the checker warns.
        overwrite: Replace a file that is there.

    Returns:
        The path.

    Raises:
        TrainingError: If the training has saved nothing yet, or that is damaged.
        ValueError: If the path cannot be written to, an argument cannot be understood, or the network answers with
            nothing that a test could compare.
        FileExistsError: If something is there already.
        ImportError: If a package is missing; it says how to get it.
        OSError: If there is no room; what was there before is still whole.

    Example:
        >>> import tempfile
        >>> from unet_explorer import UNetConfig, build_model
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> path = save_package(f"{tempfile.mkdtemp()}/unet.zip", model, ["Ada Lovelace"], "CC-BY-4.0")
        >>> sorted(zipfile.ZipFile(path).namelist())
        ['README.md', 'cover.svg', 'rdf.yaml', 'test_answer.npy', 'test_image.npy', 'weights.onnx']
    """
    # Here, for it takes a while, and nothing else needs it.
    from unet_explorer.export.onnx_graph import check_onnx, onnx_model

    place = place_for(path, [".zip"], overwrite)
    network = read_network(session_or_model)
    people, license_id = read_authors(authors), read_license(license)
    check_onnx(network.config)
    graph = onnx_model(network.config, network.weights, prepared=network.prepared, probable=True)
    image = _test_image(network.config)
    files = {
        "weights.onnx": graph.SerializeToString(),
        "test_image.npy": _npy(_channels_first(image)),
        "test_answer.npy": _npy(_channels_first(_answer(network, image))),
        "cover.svg": _cover(network.config).encode(),
        "README.md": documentation(network, license_id, named=people != [{"name": UNNAMED}]).encode(),
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    said = description(network, people, license_id, sums)
    # All JSON is YAML, and every reader of YAML reads it.
    files = {"rdf.yaml": json.dumps(said, indent=1, ensure_ascii=False).encode(), **files}
    with whole(place) as half, zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in files.items():
            package.writestr(name, content)
    return place


def _test_image(config: UNetConfig) -> NDArray[np.float32]:
    """An image that fits, (height, width, channels), from 0 to 1; its sides differ, or they could be mixed up."""
    known = sizes(config)
    height = max(known.roomy, tile_for_output(config, _LEAST))
    made = cells(min(config.in_channels, 4), size=(height, height + known.step)).images
    channels = [np.roll(made[number % len(made)][..., 0], 7 * number, axis=1) for number in range(config.in_channels)]
    return np.stack(channels, axis=-1)


def _answer(network: Network, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """What comes out in the end, (height, width, classes), as Keras computes it.

    Raises:
        ValueError: If that is nothing that could be compared.
    """
    tiles = (normalize(image) if network.prepared else image)[None]
    if network.model is None:
        with tempfile.TemporaryDirectory(prefix="unet_explorer-") as folder:
            answer = Path(folder) / "test.npy"
            ask("predict", network, answer, tiles)
            scores = np.load(answer, allow_pickle=False)
    else:
        from unet_explorer.export.keras_files import network_of, predicted

        scores = predicted(network_of(network.config, network.flat, network.prepared), tiles)
    found = probabilities(scores[0], network.config)
    # The largest of numbers, one of which is none, is none, and then not as large either.
    if not found.max() >= _TELLING:
        raise ValueError(
            "session_or_model: this network answers a test image with numbers that are none, or all but 0, so that "
            "nobody could test the package: teach it first."
        )
    return found


def _channels_first(image: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None])


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _cover(config: UNetConfig) -> str:
    """The U, with room at its sides."""
    side = tile_for_output(config, _LEAST)
    drawn = standalone(config, (side, side))
    width, tall = _COVER
    return re.sub(r'width="\d+" height="\d+" ', f'width="{width}" height="{tall}" ', drawn, count=1)
