"""The PyTorch source that a learner takes away: the same network as in Keras, in the words of the other library."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from support import configs, examples
from test_script import GRID, VARIED, rectangle

from unet_explorer import ShapeError, UNetConfig, build_model, plan, to_script, trace, valid_sizes

LAYERS = {
    "conv": "Conv2d",
    "conv1x1": "Conv2d",
    "pool": "MaxPool2d",
    "upconv": "ConvTranspose2d",
    "upsample": "Upsample",
    "norm": "BatchNorm2d",
    "relu": "ReLU",
    "dropout": "Dropout",
}
"""What each operation is called in PyTorch; the skip is joined by a function."""


class Maps:
    """A tensor of which only the shape is known."""

    def __init__(self, *shape):
        self.shape = shape

    def __getitem__(self, parts):
        return Maps(*(len(range(side)[part]) for side, part in zip(self.shape, parts, strict=True)))


class Module:
    """PyTorch's Module, as far as the file needs it."""

    def __init__(self):
        pass

    def __call__(self, maps):
        self.seen = self.forward(maps)
        return self.seen

    def apply(self, function):
        for layer in self.children():
            function(layer)

    def children(self):
        return vars(self).values()


def layer(kind):
    """PyTorch's layer of that name, on shapes: how its documentation has them."""

    class Layer(Module):
        def __init__(self, *sizes, padding=0, bias=True, **more):
            self.sizes, self.padding, self.bias, self.more = sizes, padding, None, more
            self.has_bias, self.weight = bias, self

        def forward(self, maps):
            batch, channels, *sides = maps.shape
            if kind in ("Conv2d", "ConvTranspose2d", "BatchNorm2d"):
                assert channels == self.sizes[0]
                channels = self.sizes[kind != "BatchNorm2d"]
            if kind == "Conv2d":
                assert self.padding in (0, "same")
                assert self.padding != "same" or self.sizes[2] % 2, "PyTorch warns of it"
                sides = [side if self.padding else side - self.sizes[2] + 1 for side in sides]
            elif kind == "ConvTranspose2d":
                sides = [(side - 1) * self.more["stride"] + self.sizes[2] for side in sides]
            elif kind == "MaxPool2d":
                sides = [side // self.sizes[0] for side in sides]
            elif kind == "Upsample":
                assert self.more == {"scale_factor": 2, "mode": "bilinear"}
                sides = [side * 2 for side in sides]
            return Maps(batch, channels, *sides)

    Layer.__name__ = kind
    return Layer


def joined(parts, dim):
    assert dim == 1
    assert len({(each.shape[0], each.shape[2:]) for each in parts}) == 1
    return Maps(parts[0].shape[0], sum(each.shape[1] for each in parts), *parts[0].shape[2:])


def padded(maps, rims):
    left, right, top, bottom = rims
    batch, channels, height, width = maps.shape
    return Maps(batch, channels, height + top + bottom, width + left + right)


@pytest.fixture(scope="module", autouse=True)
def stand_in():
    """Modules that stand in for PyTorch, on shapes alone."""
    torch, nn, functional = (types.ModuleType(name) for name in ("torch", "nn", "functional"))
    torch.nn, torch.cat, nn.functional, functional.pad, nn.Module = nn, joined, functional, padded, Module
    torch.relu = torch.sigmoid = lambda maps: maps
    torch.softmax = lambda maps, dim: maps if dim == 1 else pytest.fail(f"softmax over {dim}")
    nn.init = types.SimpleNamespace(kaiming_normal_=lambda *_, **__: None, zeros_=lambda *_: None)
    for kind in LAYERS.values():
        setattr(nn, kind, layer(kind))
    return {"torch": torch, "torch.nn": nn, "torch.nn.functional": functional}


def network(text, modules):
    """The network of a file, with modules in place of PyTorch."""
    held = {"__name__": "taken_away"}
    with pytest.MonkeyPatch.context() as patch:
        for name, module in modules.items():
            patch.setitem(sys.modules, name, module)
        exec(compile(text, "unet.py", "exec"), held)
    return held["UNet"]()


@examples(100)
@given(config=configs())
def test_layers_channels_and_shapes_are_those_of_the_plan(stand_in, config):
    tile = rectangle(config)
    made, rows = network(to_script(config, tile, "torch"), stand_in), trace(config, tile)
    predicted = made(Maps(5, config.in_channels, *tile))
    layers = vars(made).copy()
    del layers["seen"]
    assert list(layers) == [row.step.name for row in rows if row.step.op != "crop_concat"], "in the plan's order"
    for name, each in layers.items():
        step, output = rows[name].step, rows[name].output
        assert type(each).__name__ == LAYERS[step.op]
        assert each.seen.shape == (5, output.channels, output.height, output.width), name
        if step.op in ("conv", "conv1x1", "upconv"):
            assert (each.sizes, each.has_bias) == ((step.in_channels, step.channels, step.kernel), step.bias)
    assert predicted.shape == (5, rows.output.channels, rows.output.height, rows.output.width)


@examples(100)
@given(configs())
def test_the_shapes_in_its_comments_are_those_of_the_trace(config):
    rows = trace(config, rectangle(config))
    text = to_script(config, rectangle(config), "torch").partition("def forward")[2].partition("return scores")[0]
    paragraphs = re.split(r"\n +# (?=Level|Head)", text)[1:]
    said = 0
    for paragraph in paragraphs:
        before, behind = re.search(r": (.+) → (.+)", paragraph.splitlines()[0]).groups()
        names = re.findall(r"self\.(\w+)\(|# (\w+_concat)", paragraph)
        first, *_, last = [rows[one or other] for one, other in names] * 2
        assert (before, behind) == (str(first.inputs[-1]), str(last.output)), paragraph
        said += len(names)
    assert said == len(rows), "every step is computed in some paragraph"


@examples(40)
@given(configs())
def test_the_text_is_narrow_and_imports_pytorch_alone(config):
    text = to_script(config, rectangle(config), "torch")
    imported = [each for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Import | ast.ImportFrom)]
    names = {getattr(each, "module", None) or each.names[0].name for each in imported}
    assert names <= {"torch", "torch.nn"}
    assert "unet_explorer" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_tools_find_nothing(tmp_path):
    for place, config in enumerate(GRID[::5]):
        tile = valid_sizes(config, 990_000, 1_000_000)[-1]
        (tmp_path / f"script{place}.py").write_text(to_script(config, tile, "torch"), "utf-8")
    tool = str(Path(sys.executable).with_name("ruff"))
    for command in (["check", "--select", "E,F,I,W", "--no-cache"], ["format", "--check", "--diff", "--no-cache"]):
        line = [tool, *command, "--isolated", "--line-length", "100", "."]
        done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_another_framework_is_refused():
    with pytest.raises(ValueError, match="framework='jax' is not allowed: give one of 'keras', 'torch'"):
        to_script(UNetConfig(), 572, "jax")
    with pytest.raises(ShapeError, match="enc2_pool would halve an odd side"):
        to_script(UNetConfig(), 512, framework="torch")


@pytest.mark.tensorflow
def test_a_normalisation_is_keras_s():
    config = UNetConfig(depth=1, base_filters=2, batch_norm=True)
    norm = build_model(config).get_layer("enc0_norm1")
    text = to_script(config, 20, "torch")
    (epsilon, momentum) = re.search(r"enc0_norm1 = nn.BatchNorm2d\(2, eps=(.+), momentum=(.+)\)", text).groups()
    # What Keras keeps of the old, PyTorch takes of the new.
    assert (float(epsilon), 1 - float(momentum)) == (norm.epsilon, pytest.approx(norm.momentum))


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
def test_same_weights_same_prediction():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here; the other tests read the file instead")
    import keras

    for number, config in enumerate(VARIED):
        tile = rectangle(config)
        model = build_model(config, tile)
        dice = np.random.default_rng(number)
        # No weight is as it was, so that none can be left out: variances stay above 0.
        weights = [each + dice.uniform(0.05, 0.1, each.shape).astype("float32") for each in model.get_weights()]
        model.set_weights(weights)
        image = dice.normal(size=(2, *tile, config.in_channels)).astype("float32")
        wanted = model.predict_on_batch(image)
        held = {"__name__": "taken_away"}
        exec(to_script(config, tile, "torch"), held)
        module = held["UNet"]().eval()
        held["load_keras_weights"](module, weights)
        assert sum(each.numel() for each in module.parameters()) == sum(step.trainable for step in plan(config))
        with torch.no_grad():
            found = module(torch.as_tensor(image.transpose(0, 3, 1, 2))).numpy().transpose(0, 2, 3, 1)
        assert wanted.std() > 1e-6 or config.num_classes == 1, config
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4 * max(1.0, abs(wanted).max()))
        with pytest.raises(ValueError, match="weights of another network"):
            held["load_keras_weights"](module, weights[:-1])
    keras.utils.clear_session(free_memory=False)
