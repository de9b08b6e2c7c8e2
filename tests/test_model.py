"""Live Keras as the oracle of shapes, parameters, crops and receptive fields."""

from __future__ import annotations

import itertools
import random
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from support import configs, examples, exhaustive, pairwise

from unet_explorer import ShapeError, UNetConfig, build_model, plan, receptive_field, trace, valid_sizes
from unet_explorer import model as model_room

pytestmark = pytest.mark.tensorflow

# Every combination of what changes the structure, with few filters: 384 networks.
GRID = [
    UNetConfig(
        depth=d,
        convs_per_block=c,
        kernel_size=k,
        padding=p,
        upsampling=u,
        batch_norm=b,
        dropout=0.5 if b else 0.0,
        base_filters=1 + c,
        in_channels=d,
        num_classes=k,
    )
    for d, c, k, p, u, b in itertools.product(
        (1, 2, 3), (1, 2, 3, 4), (1, 3, 5, 7), ("valid", "same"), ("transpose", "bilinear"), (False, True)
    )
]


def assert_equal_to_keras(config, tile):
    model = build_model(config, tile)
    rows = trace(config, tile)
    for row in rows:
        layer = model.get_layer(row.step.name)
        assert tuple(layer.output.shape[1:]) == tuple(row.output), row
        assert layer.count_params() == row.parameters, row
        trainable = sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)
        assert row.step.trainable == trainable, row
        if row.step.op == "crop_concat":
            # The copy in front, as in the paper's figure.
            arriving = [history.operation.name for history in (each._keras_history for each in layer.input)]
            assert arriving == [f"{row.step.name}_crop" if row.crop else row.step.inputs[0], row.step.inputs[1]]
        if row.crop:
            assert model.get_layer(f"{row.step.name}_crop").cropping == ((row.crop,) * 2,) * 2
    assert model.count_params() == rows.parameters
    assert tuple(model.output.shape[1:]) == tuple(rows.output)
    # Keras has no layer that the plan does not know, but its input and the crops.
    helpers = {"input", *(f"{row.step.name}_crop" for row in rows if row.crop)}
    assert {layer.name for layer in model.layers} == helpers | {row.step.name for row in rows}
    keras.utils.clear_session(free_memory=False)


def structure(config):
    knobs = ("depth", "convs_per_block", "kernel_size", "padding", "upsampling", "batch_norm", "skips")
    return tuple(getattr(config, knob) for knob in knobs)


@pytest.mark.parametrize("config", exhaustive(GRID, pairwise(GRID, structure), lambda config: str(structure(config))))
def test_every_layer_of_several_hundred_networks(config):
    sizes = valid_sizes(config, 1, 10_000)
    assert_equal_to_keras(config, (sizes[0], sizes[1]))


@examples(25)
@given(configs(depth=st.integers(1, 4), base_filters=st.integers(1, 8), in_channels=st.integers(1, 4)), st.data())
def test_every_layer_of_any_network(config, data):
    sizes = valid_sizes(config, 1, 10_000)
    assert_equal_to_keras(config, (sizes[data.draw(st.integers(0, 4))], sizes[data.draw(st.integers(0, 4))]))


def test_the_paper_for_real():
    model = build_model(UNetConfig(), 572)
    assert model.count_params() == 31_030_658
    assert model.output.shape == (None, 388, 388, 2)


def test_an_open_tile_takes_every_size_that_fits():
    config = UNetConfig(depth=2, base_filters=2)
    model = build_model(config)
    for height, width in ((44, 44), (44, 60), (100, 48)):
        predicted = model.predict_on_batch(np.zeros((1, height, width, 1), "float32"))
        assert predicted.shape[1:] == tuple(trace(config, (height, width)).output)


def test_a_size_that_does_not_fit_is_refused_before_keras_sees_it():
    with pytest.raises(ShapeError, match="enc2_pool"):
        build_model(UNetConfig(), 512)


def test_activations_and_the_start_of_the_weights():
    model = build_model(UNetConfig(depth=1, base_filters=32, head_activation="softmax"), 20)
    assert model.get_layer("enc0_conv2").activation.__name__ == "relu"
    assert model.get_layer("dec0_up").activation.__name__ == "linear"
    assert model.get_layer("head").activation.__name__ == "softmax"
    kernel = model.get_layer("bottleneck_conv2").kernel.numpy()
    # Standard deviation sqrt(2 / N), N = 9 × 64 (section 3 of the paper).
    assert kernel.std() == pytest.approx((2 / (9 * 64)) ** 0.5, rel=0.05)
    # Of an up-convolution Keras counts all four entries of the kernel, times filters.
    assert model.get_layer("dec0_up").kernel.numpy().std() == pytest.approx((2 / (4 * 32)) ** 0.5, rel=0.05)


GRADIENT_GRID = [
    UNetConfig(depth=d, convs_per_block=c, kernel_size=k, padding=p, upsampling=u, base_filters=2)
    for d, c, k, p, u in itertools.product((1, 2), (1, 2), (3, 5), ("valid", "same"), ("transpose", "bilinear"))
]
GRADIENT_GRID += [UNetConfig(depth=2, padding=p, base_filters=2, skips=False) for p in ("valid", "same")]


@pytest.mark.parametrize("config", exhaustive(GRADIENT_GRID, pairwise(GRADIENT_GRID, structure), ids=str))
def test_receptive_fields_against_gradients(config):
    """The box of non-zero gradients, over many random images so that each max-pooling picks each of its pixels."""
    chance = random.Random(str(config))
    height, width = valid_sizes(config, 1, 1000)[2:4]
    live = build_model(config, (height, width))
    for weight in live.weights:
        # No ReLU may shut a path off: whatever is positive stays positive.
        weight.assign(abs(weight.numpy()) + 0.1)
    for name in ["head", *chance.sample([step.name for step in plan(config)], 3)]:
        part = keras.Model(live.input, live.get_layer(name).output)
        shape = trace(config, (height, width))[name].output
        for pixel in {(0, 0), (shape.height - 1, shape.width // 2), (chance.randrange(shape.height), shape.width - 1)}:
            images = tf.constant(np.random.default_rng(1).random((24, height, width, 1), "float32"))
            with tf.GradientTape() as tape:
                tape.watch(images)
                value = tf.reduce_sum(part(images)[:, pixel[0], pixel[1], :])
            touched = np.argwhere(tape.gradient(value, images).numpy().sum(axis=(0, 3)) != 0)
            top, left = touched.min(axis=0)
            bottom, right = touched.max(axis=0) + 1
            assert receptive_field(config, (height, width), name, pixel) == (top, left, bottom, right), (name, pixel)


def test_the_comments_of_the_model_tell_the_papers_shapes():
    source = Path(model_room.__file__).read_text("utf-8")
    rows = trace(UNetConfig(), 572)
    comments = re.findall(r"# (\w+): (.+) → (\S+)", source)
    assert len(comments) >= 4
    for name, before, after in comments:
        row = rows[name]
        told = [tuple(map(int, shape.split("×"))) for shape in before.split(" and ")]
        assert told == [tuple(shape) for shape in row.inputs], name
        assert tuple(map(int, after.split("×"))) == tuple(row.output), name
