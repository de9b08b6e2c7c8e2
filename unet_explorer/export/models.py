"""A network as a file that others open: Keras, ONNX, or TensorFlow's SavedModel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.core.config import shown
from unet_explorer.export.child import ask
from unet_explorer.export.network import Network, read_network
from unet_explorer.whole import place_for, printable, whole

if TYPE_CHECKING:
    import keras

    from unet_explorer.learning.session import TrainingSession

__all__ = ["save_model"]

_ENDINGS: Final = (".keras", ".onnx", "")


def save_model(path: str | Path, session_or_model: TrainingSession | keras.Model, *, overwrite: bool = False) -> Path:
    """Save a trained network for other programs.

    By the ending of its name it becomes

    - ``.keras``: a file of Keras 3. ``keras.saving.load_model(path, safe_mode=True)`` opens it, without this package;
      `predict_image` then knows how its images are prepared, for the network's name says so.
    - ``.onnx``: a file for ONNX Runtime and whatever else reads that. It takes ``image`` (batch, channels, height,
      width) and answers ``scores`` (batch, classes, height, width), 32-bit numbers, any batch and any tile that fits.
      Which do, how images are prepared, and the design stand in its ``metadata_props``. Needs the package onnx:
      ``pip install "unet_explorer[onnx]"``.
    - no ending: a folder, TensorFlow's SavedModel, for TensorFlow Serving, TensorFlow Lite and ``tf.saved_model.load``.
      It takes (batch, height, width, channels). The same facts stand in ``assets.extra/unet_explorer.json`` there.

    It is the network alone, for tiles of any size that fits: no optimizer, and no tile that it was built for. No
    TensorFlow is loaded here for a training: another process writes, which takes some seconds.

    Args:
        path: Where to.
        session_or_model: A training, of which the best weights are saved; or a live network of `build_model` or
            `TrainingSession.model`.
        overwrite: Replace what is there. A folder is replaced if it is a SavedModel that was written by this function.

    Returns:
        The path.

    Raises:
        TrainingError: If the training has saved nothing yet, or that is damaged.
        ValueError: If the path cannot be written to, its ending is another one, or the network is none of these.
        FileExistsError: If something is there already.
        ImportError: If the package is missing that writes it; it says how to get it.
        OSError: If there is no room; what was there before is still whole.

    Example:
        >>> import tempfile
        >>> from unet_explorer import UNetConfig, build_model
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> save_model(f"{tempfile.mkdtemp()}/unet.onnx", model).name
        'unet.onnx'
    """
    place = _place(path, overwrite)
    kind = place.suffix.lower()
    network = read_network(session_or_model)
    match kind:
        case ".onnx":
            _write_onnx(network, place)
        case ".keras":
            _write_keras(network, place)
        case _:
            _write_saved_model(network, place)
    return place


def _place(path: object, overwrite: object) -> Path:
    place = place_for(path, _ENDINGS, overwrite)
    if place.suffix.lower() not in _ENDINGS:
        raise ValueError(
            f"path={shown(str(path))} ends in none of the kinds that can be written: give a name that ends in .keras "
            "or .onnx, or one without an ending for a SavedModel, which is a folder."
        )
    is_folder, kind = place.is_dir() and not place.is_symlink(), place.suffix.lower()
    if is_folder and (kind or not _is_ours(place)):
        raise FileExistsError(
            f"{printable(place.name)} is a folder, and none that was written here as a SavedModel: give another name."
        )
    return place


def _is_ours(folder: Path) -> bool:
    """Whether nothing would be lost with it that was not written here."""
    from unet_explorer.export.words import NOTE

    ours = {"assets", "assets.extra", "fingerprint.pb", "saved_model.pb", "variables"}
    return (folder / NOTE).is_file() and {each.name for each in folder.iterdir()} <= ours


def _write_onnx(network: Network, place: Path) -> None:
    # Here, for it takes a while, and nothing else needs it.
    from unet_explorer.export.onnx_graph import check_onnx, onnx_model

    check_onnx(network.config)
    made: Any = onnx_model(network.config, network.weights, prepared=network.prepared)
    with whole(place) as half:
        half.write_bytes(made.SerializeToString())


def _write_keras(network: Network, place: Path) -> None:
    with whole(place) as half:
        if network.model is None:
            ask("keras", network, half)
        else:
            from unet_explorer.export.keras_files import network_of, write_keras

            write_keras(network_of(network.config, network.flat, network.prepared), half)


def _write_saved_model(network: Network, place: Path) -> None:
    with whole(place) as half:
        if network.model is None:
            ask("saved_model", network, half)
        else:
            from unet_explorer.export.keras_files import network_of, write_saved_model

            live = network_of(network.config, network.flat, network.prepared)
            write_saved_model(live, network.config, half, prepared=network.prepared)
