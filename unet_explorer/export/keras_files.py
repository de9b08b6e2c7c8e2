"""What Keras itself writes, and computes: the one module of this room that loads it, mostly in a process of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import unet_explorer
from unet_explorer.core.config import UNetConfig
from unet_explorer.export.words import IMAGE, NOTE, SCORES, facts_in_words
from unet_explorer.model import build_model, mark_prepared

if TYPE_CHECKING:
    import keras

__all__ = ["network_of", "predicted", "write_keras", "write_saved_model"]


def network_of(config: UNetConfig, arrays: Sequence[NDArray[np.float32]], prepared: bool) -> keras.Model:
    """The live network for any tile that fits: no optimizer, no loss, nothing but itself.

    Args:
        config: Its design.
        arrays: Its weights, in the order of Keras.
        prepared: Whether it is to carry the note that its images are normalized.
    """
    network = build_model(config)
    if prepared:
        mark_prepared(network)
    network.set_weights(list(arrays))
    return network


def write_keras(network: keras.Model, place: Path) -> None:
    """Write a ``.keras`` file under any name.

    Raises:
        OSError: If there is no room, or the folder is gone.
    """
    # Keras writes to names of this ending only.
    named = place.with_name(f"{place.name}.keras")
    try:
        network.save(named)
        named.replace(place)
    finally:
        named.unlink(missing_ok=True)


def write_saved_model(network: keras.Model, config: UNetConfig, place: Path, *, prepared: bool) -> None:
    """Write a folder of TensorFlow's, with what must be known of the network in it; see `NOTE`.

    Raises:
        OSError: If there is no room, or the folder is gone.
    """
    import tensorflow as tf

    free = _for_any_size(network)
    taken = [tf.TensorSpec((None, None, None, config.in_channels), tf.float32, name=IMAGE)]
    serve = tf.function(lambda image: free(image, training=False), input_signature=taken, autograph=False)
    named = tf.function(lambda image: {SCORES: serve(image)}, input_signature=taken, autograph=False)
    # By ourselves, for Keras's own export writes all weights twice.
    kept: Any = tf.Module()
    kept.serve, kept.weights = serve, [variable.value for variable in free.variables]
    tf.saved_model.save(kept, str(place), signatures={"serving_default": named})
    note = place / NOTE
    note.parent.mkdir(exist_ok=True)
    facts = {"config": config.to_dict(), "version": unet_explorer.__version__, **facts_in_words(config, prepared)}
    note.write_text(json.dumps(facts, indent=1, ensure_ascii=False), "utf-8")


def predicted(network: keras.Model, tiles: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network answers, (batch, height, width, classes), to tiles as it is given them."""
    scores: NDArray[np.float32] = np.asarray(network(tiles, training=False), np.float32)
    return scores


def _for_any_size(network: keras.Model) -> keras.Model:
    """The same network, whose up-sampling can be traced without a size: Keras's own cannot, TensorFlow's can."""
    import keras
    import tensorflow as tf

    class Doubling(keras.layers.UpSampling2D):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return tf.image.resize(inputs, 2 * tf.shape(inputs)[1:3], method="bilinear")

    def same(layer: Any) -> Any:
        kind = Doubling if isinstance(layer, keras.layers.UpSampling2D) else type(layer)
        return kind.from_config(layer.get_config())

    copy = keras.models.clone_model(network, clone_function=same)
    copy.set_weights(network.get_weights())
    return copy
