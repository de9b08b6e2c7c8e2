"""The Keras source that a learner takes away: it stands alone, it is the same network, and it reads well."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from support import configs, examples, second

from unet_explorer import PRESETS, ShapeError, UNetConfig, trace, valid_sizes
from unet_explorer.core.plan import TILE
from unet_explorer.core.script import to_script

SMALL = '''\
"""A U-Net in Keras.

A tile of 20 × 24 × 3 gives 12 × 16 × 2; 890 parameters.

O. Ronneberger, P. Fischer, T. Brox: "U-Net: Convolutional Networks for Biomedical Image
Segmentation", MICCAI 2015.

    depth            1
    base_filters     4
    convs_per_block  1
    kernel_size      3
    padding          valid
    in_channels      3
    num_classes      2
    upsampling       bilinear
    batch_norm       True
    dropout          0.25
    head_activation  softmax
    skips            True

A shape is height × width × channels. Weights start as in section 3 of the paper (He normal).
"""

from functools import partial

import keras
from keras import layers

# What the convolutions of all blocks have in common.
conv = partial(
    layers.Conv2D,
    kernel_size=3,
    use_bias=False,
    kernel_initializer="he_normal",
)

# The image tile: 20 × 24 × 3
inputs = keras.Input((20, 24, 3), name="input")

# Level 0, down: 20 × 24 × 3 → 18 × 22 × 4
x = conv(4, name="enc0_conv1")(inputs)
x = layers.BatchNormalization(name="enc0_norm1")(x)
x = layers.ReLU(name="enc0_relu1")(x)
enc0_dropout = layers.Dropout(0.25, name="enc0_dropout")(x)

# Level 1, bottom: 18 × 22 × 4 → 7 × 9 × 8
x = layers.MaxPooling2D(2, name="enc0_pool")(enc0_dropout)
x = conv(8, name="bottleneck_conv1")(x)
x = layers.BatchNormalization(name="bottleneck_norm1")(x)
x = layers.ReLU(name="bottleneck_relu1")(x)
x = layers.Dropout(0.25, name="bottleneck_dropout")(x)

# Level 0, up: 7 × 9 × 8 → 12 × 16 × 4
x = layers.UpSampling2D(2, interpolation="bilinear", name="dec0_upsample")(x)
x = layers.Conv2D(4, 2, padding="same", kernel_initializer="he_normal", name="dec0_up")(x)
skip = layers.Cropping2D(2, name="dec0_concat_crop")(enc0_dropout)
x = layers.Concatenate(name="dec0_concat")([skip, x])
x = conv(4, name="dec0_conv1")(x)
x = layers.BatchNormalization(name="dec0_norm1")(x)
x = layers.ReLU(name="dec0_relu1")(x)

# Head, softmax: 12 × 16 × 4 → 12 × 16 × 2
scores = layers.Conv2D(2, 1, activation="softmax", kernel_initializer="he_normal", name="head")(x)

model = keras.Model(inputs, scores, name="unet")

if __name__ == "__main__":
    model.summary()
'''

# Every value of every knob that changes the text, each with a rectangle.
VARIED = [
    UNetConfig(depth=2, base_filters=3),
    UNetConfig(depth=3, base_filters=2, head_activation="softmax", num_classes=4),
    UNetConfig(depth=2, base_filters=2, padding="same"),
    UNetConfig(depth=2, base_filters=2, upsampling="bilinear", in_channels=3),
    UNetConfig(depth=2, base_filters=2, batch_norm=True, convs_per_block=1),
    UNetConfig(depth=1, base_filters=2, dropout=0.3, convs_per_block=3, head_activation="sigmoid", num_classes=1),
    # Here the head is made like the convolutions of the blocks.
    UNetConfig(depth=2, base_filters=2, kernel_size=1, head_activation="relu"),
    UNetConfig(depth=2, base_filters=2, skips=False),
    UNetConfig(depth=1, base_filters=2, kernel_size=5, convs_per_block=2),
    UNetConfig(depth=2, base_filters=2, batch_norm=True, upsampling="bilinear", padding="same", dropout=0.5),
    UNetConfig(depth=2, base_filters=2, kernel_size=5, convs_per_block=3, padding="same", in_channels=3),
]

# Run by a fresh interpreter, in a folder of scripts with what each is given.
STRANGER = """
import json, runpy, sys
from importlib.abc import MetaPathFinder
from pathlib import Path

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "unet_explorer":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocked())
import numpy as np

facts = {}
for script in sorted(Path(sys.argv[1]).glob("*.py")):
    model = runpy.run_path(str(script))["model"]
    given = dict(np.load(script.with_suffix(".npz")))
    image = given.pop("image")
    model.set_weights([given[f"weight{place}"] for place in range(len(given))])
    np.save(script.with_suffix(".npy"), model.predict_on_batch(image))
    layers = [[each.name, list(each.output.shape[1:]), each.count_params()] for each in model.layers]
    facts[script.stem] = {"layers": layers, "parameters": model.count_params()}
assert "unet_explorer" not in sys.modules
print(json.dumps(facts))
"""


def rectangle(config):
    sizes = valid_sizes(config, 1, 10_000)
    return sizes[0], sizes[1]


@pytest.mark.tensorflow
@second("a process of its own; the others build it here")
def test_a_stranger_builds_the_same_network(tmp_path):
    import keras
    import numpy as np

    from unet_explorer import build_model

    chance = np.random.default_rng(0)
    models, expected = {}, {}
    for place, config in enumerate(VARIED):
        tile = rectangle(config)
        stem = f"{place:02}"
        (tmp_path / f"{stem}.py").write_text(to_script(config, tile), "utf-8")
        models[stem] = model = build_model(config, tile)
        # Biases and what a normalisation tracks start at 0 and 1: other numbers would show a wrong order.
        weights = [chance.uniform(0.1, 1, each.shape).astype("float32") for each in model.get_weights()]
        model.set_weights([each / each.shape[-2] if each.ndim == 4 else each for each in weights])
        image = chance.random((2, *tile, config.in_channels), "float32")
        expected[stem] = model.predict_on_batch(image)
        named = {f"weight{number}": each for number, each in enumerate(model.get_weights())}
        np.savez(tmp_path / f"{stem}.npz", image=image, **named)
    code = [sys.executable, "-c", STRANGER, str(tmp_path)]
    done = subprocess.run(code, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    for (stem, told), config in zip(facts.items(), VARIED, strict=True):
        rows = trace(config, rectangle(config))
        layers = {name: (tuple(shape), count) for name, shape, count in told["layers"]}
        for row in rows:
            assert layers[row.step.name] == (tuple(row.output), row.parameters), (config, row.step)
        assert told["parameters"] == rows.parameters
        assert list(layers) == [layer.name for layer in models[stem].layers], "the same layers in the same order"
        predicted = np.load(tmp_path / f"{stem}.npy")
        # A saturated output would compare equal whatever the weights.
        assert expected[stem].std() > 1e-6 or config.num_classes == 1, config
        scale = max(1.0, float(abs(expected[stem]).max()))
        np.testing.assert_allclose(predicted / scale, expected[stem] / scale, rtol=0, atol=1e-5)
    keras.utils.clear_session(free_memory=False)


def test_the_text():
    config = UNetConfig(
        depth=1,
        base_filters=4,
        convs_per_block=1,
        in_channels=3,
        upsampling="bilinear",
        batch_norm=True,
        dropout=0.25,
        head_activation="softmax",
    )
    assert to_script(config, (20, 24)) == SMALL


def test_the_head_says_what_it_is_even_where_it_is_made_like_the_others():
    text = to_script(UNetConfig(kernel_size=1, head_activation="relu"), 32)
    assert 'scores = layers.Conv2D(2, 1, activation="relu", kernel_initializer="he_normal", name="head")(x)' in text


def test_the_papers_text_has_the_papers_numbers():
    text = to_script(*PRESETS["paper"])
    assert "31,030,658 parameters" in text
    assert "# Level 0, down: 572 × 572 × 1 → 568 × 568 × 64" in text
    assert "Head, a score for each class (logits): 388 × 388 × 64 → 388 × 388 × 2" in text
    assert re.findall(r"Cropping2D\((\d+)", text) == ["4", "16", "40", "88"]


@examples(100)
@given(configs())
def test_any_text_compiles_and_names_every_step_once(config):
    text = to_script(config, rectangle(config))
    compile(text, "script.py", "exec")
    rows = trace(config, rectangle(config))
    named = re.findall(r'name="(\w+)"', text)
    crops = [f"{row.step.name}_crop" for row in rows if row.crop]
    assert sorted(named) == sorted([TILE, "unet", *crops, *(row.step.name for row in rows)])
    assert "unet_explorer" not in text
    assert max(map(len, text.splitlines())) <= 100


@examples(100)
@given(configs())
def test_every_map_is_kept_until_it_is_used(config):
    """Follows the names through the text: each layer is applied to what the plan says."""
    held = {"inputs": TILE}
    for line in to_script(config, rectangle(config)).splitlines():
        if found := re.fullmatch(r'(\w+) = .*name="(\w+)"\)\((.+)\)', line):
            variable, name, given_to = found.groups()
            arriving = tuple(held[word].removesuffix("!") for word in re.findall(r"\w+", given_to))
            if name.endswith("_crop"):
                held[variable] = arriving[0] + "!"
                continue
            assert arriving == trace(config, rectangle(config))[name].step.inputs, name
            held[variable] = name


GRID = [
    UNetConfig(
        depth=d,
        base_filters=f,
        padding=p,
        upsampling=u,
        batch_norm=b,
        dropout=r,
        head_activation=h,
        num_classes=f,
        in_channels=f,
        convs_per_block=1 + b,
        kernel_size=k,
    )
    for (d, f, k), p, u, (b, r), h in itertools.product(
        ((1, 1, 1), (7, 256, 7)),
        ("valid", "same"),
        ("transpose", "bilinear"),
        ((False, 0.0), (True, 1e-5)),
        ("linear", "softmax", "relu"),
    )
]


@pytest.mark.parametrize(
    "command",
    [
        ["check", "--select", "E,F,I,W", "--no-cache"],
        ["format", "--check", "--diff", "--no-cache"],
    ],
    ids=lambda command: command[0],
)
def test_tools_find_nothing(tmp_path, command):
    for place, config in enumerate(GRID):
        tile = valid_sizes(config, 990_000, 1_000_000)[-1]
        (tmp_path / f"script{place}.py").write_text(to_script(config, tile), "utf-8")
    tool = Path(sys.executable).with_name("ruff")
    # At 100 as at 120: nothing is so long that a narrower setting would break it.
    for width in ("120", "100"):
        line = [str(tool), *command, "--isolated", "--line-length", width, "."]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_tile_that_does_not_fit_is_refused_like_everywhere():
    with pytest.raises(ShapeError, match="enc2_pool would halve an odd side"):
        to_script(UNetConfig(), 512)
    with pytest.raises(ValueError, match="is not a network"):
        to_script("paper", 572)
