"""A network that runs in a page, from disc with no network: held against Keras with the same 16-bit weights."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from modules import ask, load
from panel import Panel
from PIL import Image
from playwright.sync_api import expect
from support import PATIENCE, everything, exhaustive, second
from tabs import Tab, open_tab

from unet_explorer import (
    PRESETS,
    Tiling,
    UNetConfig,
    build_model,
    cells,
    explore,
    predict_image,
    save_page,
    tile_for_output,
    valid_sizes,
)
from unet_explorer.core.plan import plan
from unet_explorer.data.dataset import normalize
from unet_explorer.data.mirror import mirrored
from unet_explorer.drawing.palette import class_rgb
from unet_explorer.export.network import by_step, shapes
from unet_explorer.learning.scores import confusion, scores
from unet_explorer.learning.worker.activations import view, walk
from unet_explorer.model import mark_prepared
from unet_explorer.panel.instrument.facts import describe
from unet_explorer.panel.page_learning import learning_for_page
from unet_explorer.panel.page_network import run_steps
from unet_explorer.predict.scores import classes_of, probabilities
from unet_explorer.predict.seams import seams

pytestmark = pytest.mark.tensorflow
CONFIG, TILE = UNetConfig(depth=3, base_filters=4), 140
"""Predicts 52 × 52 px, which is no multiple of the 8 px that tiles must lie apart."""
SMALL, LARGE = UNetConfig(depth=2, base_filters=4), PRESETS["classroom"]
"""The designs that learn in a page."""
OTHER = UNetConfig(depth=2, base_filters=8)


def taught(config, seed):
    """A network whose numbers are those that 16 bits can say, and none of which is what it was born with."""
    random = np.random.default_rng(seed)
    arrays = []
    for step in plan(config):
        for number, shape in enumerate(shapes(step)):
            if len(shape) == 4:
                arriving = shape[0] * shape[1] * shape[2] if step.op != "upconv" else shape[3]
                made = random.normal(0, np.sqrt(2 / arriving), shape)
            elif step.op == "norm":
                made = random.uniform(0.5, 1.5, shape) if number in {0, 3} else random.normal(0, 0.3, shape)
            else:
                made = random.normal(0, 0.1, shape)
            arrays.append(made.astype("float16").astype("float32"))
    model = build_model(config)
    for name, own in by_step(config, arrays).items():
        model.get_layer(name).set_weights(own)
    return model, arrays


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    model, _ = taught(CONFIG, 0)
    mark_prepared(model)
    path = tmp_path_factory.mktemp("page") / "unet.html"
    save_page(path, tile=TILE, model=model)
    return path, model


LISTEN = """window.heard = {};
window.Worker = class extends Worker {
    constructor(url) {
        super(url);
        this.addEventListener("message", ({ data }) => {
            window.heard[data.event] = data;
            if (data.event === "device" && window.device) data.device = window.device;
        });
    }
};"""
"""What workers say is kept, by its kind; and they compute with what a test says."""


@pytest.fixture
def opened(from_disc, file):
    """The page."""
    from_disc.add_init_script(LISTEN)
    from_disc.goto(file[0].as_uri())
    expect(Panel(from_disc).step("head")).to_be_visible()
    return from_disc


RUN = """async ({ steps, weights, tile, shown, cells }) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const text = (id) => document.getElementById(id).textContent;
    if (!window.jax) {
        const packed = new Blob([bytes(text("ue-library"))]).stream().pipeThrough(new DecompressionStream("gzip"));
        window.jax = await new Response(packed).text();
    }
    const worker = new Worker(URL.createObjectURL(new Blob([window.jax, "\\n", text("ue-worker")])));
    const heard = () => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    const told = async (order) => (worker.postMessage(order), await heard());
    const started = await told({ do: "start", number: 0, steps, weights: bytes(weights).buffer });
    const [channels, height, width] = tile.shape;
    const numbers = new Float32Array(bytes(tile.numbers).buffer);
    const ran = await told({ do: "run", number: 1, tile: { numbers, channels, height, width } });
    if (ran.event === "failed") throw new Error(ran.words);
    const asked = { do: "view", number: 2, steps: shown, channel: -1, cells };
    const viewed = shown.length ? await told(asked) : { views: [] };
    worker.terminate();
    const listed = (view) => ({ ...view, thumbs: Array.from(view.thumbs), whole: Array.from(view.whole) });
    const { scores, labels } = ran;
    return { device: started.device, milliseconds: ran.milliseconds, labels: Array.from(labels),
             scores: Array.from(scores.numbers), views: viewed.views.map(listed) };
}"""


SLOPES = """async ({ steps, numbers, batch, rate, count }) => {
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const floats = (text) => new Float32Array(bytes(text).buffer);
    const text = (id) => document.getElementById(id).textContent;
    const packed = new Blob([bytes(text("ue-library"))]).stream().pipeThrough(new DecompressionStream("gzip"));
    const library = await new Response(packed).text();
    const worker = new Worker(URL.createObjectURL(new Blob([library, "\\n", text("ue-worker")])));
    const heard = () => new Promise((resolve) => (worker.onmessage = ({ data }) => resolve(data)));
    const told = async (order) => (worker.postMessage(order), await heard());
    for (const part of [batch.tiles, batch.truth]) part.numbers = floats(part.numbers);
    const { device } = await told({ do: "device", number: 0 });
    await told({ do: "teach", number: 0, steps, numbers: floats(numbers) });
    const { loss, numbers: slopes, words } = await told({ do: "gradients", number: 1, batch });
    if (words) throw new Error(words);
    const losses = [];
    for (let at = 0; at < count; at += 1) losses.push((await told({ do: "learn", number: 2 + at, batch, rate })).loss);
    worker.terminate();
    return { device, loss, slopes: Array.from(slopes), losses };
}"""


def coded(array, kind):
    return base64.b64encode(np.ascontiguousarray(array, kind).tobytes()).decode()


def run_in(page, config, arrays, tile, shown=()):
    halves = np.concatenate([array.ravel() for array in arrays])
    order = {
        "steps": run_steps(config),
        "weights": coded(halves, "<f2"),
        "tile": {"numbers": coded(np.moveaxis(tile, -1, 0), "<f4"), "shape": [tile.shape[2], *tile.shape[:2]]},
        "shown": list(shown),
        "cells": dict.fromkeys(shown, 32),
    }
    return page.evaluate(RUN, order)


def design(number):
    """A small network of any kind; the first few have all kinds of steps between them."""
    random = np.random.default_rng(1000 + number)
    first = [
        {"padding": "valid", "upsampling": "transpose", "batch_norm": True, "head_activation": "softmax"},
        {"padding": "same", "upsampling": "bilinear", "kernel_size": 5, "head_activation": "sigmoid", "dropout": 0.2},
        {"padding": "valid", "upsampling": "bilinear", "skips": False, "in_channels": 3, "head_activation": "linear"},
        {"padding": "same", "upsampling": "transpose", "num_classes": 5, "head_activation": "relu", "kernel_size": 1},
    ]
    chosen = {
        "depth": int(random.integers(1, 4)),
        "base_filters": int(random.integers(2, 7)),
        "convs_per_block": int(random.integers(1, 3)),
        "kernel_size": int(random.choice([1, 3, 3, 5])),
        "padding": str(random.choice(["valid", "same"])),
        "in_channels": int(random.choice([1, 3])),
        "num_classes": int(random.integers(2, 5)),
        "upsampling": str(random.choice(["transpose", "bilinear"])),
        "batch_norm": bool(random.integers(2)),
        "skips": bool(random.random() < 0.8),
        "head_activation": str(random.choice(["linear", "softmax", "sigmoid", "relu"])),
    }
    return UNetConfig(**chosen | (first[number] if number < len(first) else {}))


@pytest.mark.parametrize("number", exhaustive(range(20), range(4)))
def test_scores_are_those_of_keras(opened, number):
    config = design(number)
    model, arrays = taught(config, number)
    sizes = valid_sizes(config, 40, 400)
    tile = np.random.default_rng(number).normal(size=(sizes[0], sizes[1], config.in_channels)).astype("float32")
    wanted = np.asarray(model(tile[None]))[0]
    found = run_in(opened, config, arrays, tile)
    assert found["device"] == "wasm"
    scores = np.moveaxis(np.reshape(found["scores"], (wanted.shape[2], *wanted.shape[:2])), 0, -1)
    assert np.abs(scores - wanted).max() <= 1e-3 * np.ptp(wanted)
    labels = np.reshape(found["labels"], wanted.shape[:2])
    # Where two scores are all but equal, either is right.
    best = np.sort(wanted, axis=-1)
    clear = best[..., -1] - best[..., -2] > 1e-5 * np.ptp(wanted)
    assert (labels == wanted.argmax(-1))[clear].mean() >= 0.9999


def test_maps_are_shown_as_in_a_notebook(opened):
    config = UNetConfig(depth=2, base_filters=4, upsampling="bilinear", batch_norm=True)
    model, arrays = taught(config, 3)
    side = valid_sizes(config, 60)[0]
    tile = np.random.default_rng(0).normal(size=(side, side + 4, 1)).astype("float32")
    maps = {step.name: np.asarray(there[step.name])[0] for step, there in walk(model, config, tile, "head")}
    shown = [step.name for step in plan(config)]
    found = run_in(opened, config, arrays, tile, shown)["views"]
    for name, told in zip(shown, found, strict=True):
        wanted = view(maps[name], -1)
        size = ("height", "width", "channels")
        assert (told["step"], *(told[key] for key in size)) == (name, *(wanted[key] for key in size))
        assert told["dead"] == wanted["dead"].tolist()
        span = float(np.max(wanted["high"] - wanted["low"]))
        np.testing.assert_allclose(told["low"], wanted["low"], atol=1e-3 * span)
        np.testing.assert_allclose(told["high"], wanted["high"], atol=1e-3 * span)
        whole = view(maps[name], told["channel"])["whole"].astype(int)
        assert np.abs(np.reshape(told["whole"], whole.shape) - whole).max() <= 1
        # Small ones are means: of 32 pixels of the screen a side here, which the notebook has more of.
        scale = -(-max(maps[name].shape[:2]) // 32)
        low, high = wanted["low"], np.maximum(wanted["high"], wanted["low"] + 1e-6)
        rows, columns = told["rows"], told["columns"]
        for row, column in ((0, 0), (rows - 1, columns - 1)):
            square = maps[name][row * scale : (row + 1) * scale, column * scale : (column + 1) * scale]
            bytes_ = (square.mean((0, 1)) - low) / (high - low) * 255
            thumbs = np.reshape(told["thumbs"], (-1, rows, columns))[:, row, column]
            assert np.abs(thumbs - bytes_).max() <= 1


def classes_on_screen(tab):
    """Grey ground is the background; what is tinted is the class 1."""
    _, _, png = tab.role("mask").evaluate("node => node.toDataURL()").partition(",")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")).astype(int)
    return (np.abs(pixels[..., 1] - pixels[..., 0]) > 20).astype(int)


def predicted(model, image, start, tile):
    return np.asarray(model(mirrored(normalize(image), start, tile)[None]))[0].argmax(-1)


@pytest.mark.parametrize(
    "case",
    exhaustive(
        [
            (OTHER, 60, 6),
            (UNetConfig(depth=1, base_filters=3, upsampling="bilinear", padding="same"), 60, 6),
            (*LARGE, 2),
        ],
        [(OTHER, 60, 6)],
    ),
)
def test_a_step_of_learning_is_that_of_keras(opened, case):
    assert learns_as_keras_does(opened, *case) == "wasm"


def learns_as_keras_does(page, config, side, count):
    """Against Keras: the loss of a batch, its gradients, and the losses that follow. What the page computes with."""
    import keras
    import tensorflow as tf

    model, arrays = taught(config, 5)
    random = np.random.default_rng(0)
    tiles = random.normal(size=(2, side, side, 1)).astype("float32")
    shape = model.compute_output_shape(tiles.shape)
    labels, weights = random.integers(0, 2, shape[:3]), random.uniform(0.5, 3, shape[:3]).astype("float32")
    judge = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer, wanted = keras.optimizers.Adam(3e-3), []
    for _ in range(count):
        with tf.GradientTape() as tape:
            loss = judge(labels, model(tiles), sample_weight=weights)
        slopes = tape.gradient(loss, model.trainable_variables)
        wanted.append((float(loss), np.concatenate([np.ravel(slope) for slope in slopes])))
        optimizer.apply(slopes, model.trainable_variables)
    truth = np.eye(2)[labels] * weights[..., None] / labels.size

    def maps(array):
        count, height, width, channels = array.shape
        told = {"count": count, "channels": channels, "height": height, "width": width}
        return {**told, "numbers": coded(np.moveaxis(array, -1, 1), "<f4")}

    batch = {"tiles": maps(tiles), "truth": maps(truth)}
    numbers = coded(np.concatenate([array.ravel() for array in arrays]), "<f4")
    given = {"steps": run_steps(config), "numbers": numbers, "batch": batch, "rate": 3e-3, "count": count}
    found = page.evaluate(SLOPES, given)
    assert found["loss"] == pytest.approx(wanted[0][0], rel=1e-3)
    assert np.abs(np.array(found["slopes"]) - wanted[0][1]).max() <= 1e-3 * np.abs(wanted[0][1]).max()
    # And so do the steps that follow from them.
    assert found["losses"] == pytest.approx([loss for loss, _ in wanted], rel=1e-3)
    return found["device"]


def test_a_tile_is_dragged_over_an_image_and_one_s_own_image_stays_here(opened, file, tmp_path):
    page, (_, model) = opened, file
    panel, tab = Panel(page), Tab(page, "inside")
    page.locator("[data-open=Inside]").click()
    expect(tab.root).to_have_attribute("data-step", "enc0_conv1")
    expect(tab.role("inside-state")).to_contain_text("on WebAssembly")
    image = np.asarray(cells(3, size=240).images[0])
    image = np.round((image - image.min()) / np.ptp(image) * 255)
    before = classes_on_screen(tab)
    assert 0 < before.mean() < 1
    assert (before == predicted(model, image, (50, 50), (TILE, TILE))).mean() >= 0.9975
    # The tile goes where the arrow keys lead it; the maps are of there.
    tab.role("whereabouts").press("ArrowDown")
    expect(tab.root.locator("figcaption").filter(has_text="from row 58")).to_be_visible()
    expect(tab.role("mask")).to_be_visible()
    assert (classes_on_screen(tab) == predicted(model, image, (58, 50), (TILE, TILE))).mean() >= 0.9975
    panel.step("head").click()
    expect(tab.root).to_have_attribute("data-step", "head")
    expect(tab.role("grid").first).to_have_attribute("aria-label", re.compile("^head: 2 channels of 52 × 52 px"))
    # One's own image, in colour, and smaller than the tile: mirrored on all sides.
    own = np.random.default_rng(0).integers(0, 256, (9, 12, 3), "uint8")
    Image.fromarray(own).save(tmp_path / "mine.png")
    tab.root.locator("[data-upload=image]").set_input_files(tmp_path / "mine.png")
    expect(tab.root.locator("figcaption").filter(has_text="of mine.png")).to_be_visible()
    expect(tab.role("alone")).to_have_text(re.compile("nothing is sent"))
    grey = (own @ np.array([0.299, 0.587, 0.114]))[..., None]
    wanted = predicted(model, grey, (-66, -64), (TILE, TILE))
    assert (classes_on_screen(tab) == wanted).mean() >= 0.9975
    # What cannot be read is told, and what was shown can be had again.
    (tmp_path / "no.png").write_bytes(b"no image")
    tab.root.locator("[data-upload=image]").set_input_files(tmp_path / "no.png")
    expect(tab.role("inside-problem")).to_contain_text("no.png is no image that this browser reads")
    # Of 12 bits of 16 hardly anything would be left, without a word; of all 16 there is enough.
    steep = np.arange(48 * 48, dtype="uint16").reshape(48, 48)
    for name, pixels in (("dark", steep), ("bright", steep * 28)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        tab.root.locator("[data-upload=image]").set_input_files(tmp_path / f"{name}.png")
        if name == "dark":
            expect(tab.role("inside-problem")).to_contain_text("dark.png has 16 bits, and in the 8 that a page reads 9")
    expect(tab.root.locator("figcaption").filter(has_text="of bright.png")).to_be_visible()
    tab.setting("image").select_option("0")
    expect(tab.role("inside-problem")).to_have_text("")


STOPPED = """async (side) => {
    const text = (id) => document.getElementById(id).textContent;
    const bytes = (id) => Uint8Array.from(atob(text(id)), (letter) => letter.charCodeAt(0));
    const packed = new Blob([bytes("ue-library")]).stream().pipeThrough(new DecompressionStream("gzip"));
    const library = await new Response(packed).text();
    const worker = new Worker(URL.createObjectURL(new Blob([library, "\\n", text("ue-worker")])));
    const heard = [];
    const tile = { numbers: new Float32Array(side * side), channels: 1, height: side, width: side };
    const { steps } = JSON.parse(text("ue-network"));
    const done = new Promise((resolve) => (worker.onmessage = ({ data }) => {
        heard.push([data.event, data.number ?? 0]);
        if (data.event === "started") for (const [at, what] of ["score", "stop", "score"].entries()) {
            worker.postMessage({ do: what, number: at + 1, tile });
        }
        if (data.number === 3) resolve();
    }));
    worker.postMessage({ do: "start", number: 0, steps, weights: bytes("ue-weights").buffer });
    await done;
    worker.terminate();
    return heard;
}"""


def test_what_is_stopped_is_not_computed_to_its_end(opened):
    heard = opened.evaluate(STOPPED, TILE)
    assert sorted(map(tuple, heard)) == [("scored", 3), ("started", 0), ("stopped", 1), ("stopped", 2)]


def in_tiles_side_by_side(model, image, tile):
    """Scores of tiles that begin where the last prediction ends, with nothing of ours that lays tiles."""
    height, width = image.shape[:2]
    scores = np.zeros((height, width, 2), "float32")
    for top in range(0, height, tile - 88):
        for left in range(0, width, tile - 88):
            part = np.asarray(model(mirrored(image, (top - 44, left - 44), (tile, tile))[None]))[0]
            scores[top : top + tile - 88, left : left + tile - 88] = part[: height - top, : width - left]
    return scores


def saved_mask(tab, folder):
    tab.action("save-prediction").click()
    with tab.page.expect_download() as handed:
        tab.action("save").click()
    assert handed.value.suggested_filename == "mine_mask.png"
    handed.value.save_as(folder / "mask.png")
    picture = Image.open(folder / "mask.png")
    assert (picture.mode, picture.convert("P").getpalette()[:6]) == ("P", [0, 0, 0, *class_rgb(1)])
    return np.asarray(picture)


def test_an_image_is_predicted_in_tiles_without_seams_and_with_some(opened, file, tmp_path):
    page, (_, model) = opened, file
    panel, tab = Panel(page), open_tab(page, "Tile")
    expect(tab.root).to_have_attribute("data-tiles", "25")
    # Many small ones would take a minute: nobody waits for the rest.
    panel.type_tile(100)
    tab.action("predict").click()
    expect(tab.role("tile-state")).to_contain_text(re.compile(r"tile [1-9]\d* of 900"))
    tab.action("stop").click()
    tab.expect_state("new")
    panel.type_tile(TILE)
    pixels = np.random.default_rng(1).integers(0, 256, (100, 90), "uint8")
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    tab.root.locator("[data-upload=image]").set_input_files(tmp_path / "mine.png")
    expect(tab.root).to_have_attribute("data-tiles", "4")
    assert [each.get_attribute("data-kind") for each in tab.action("save").all()] == ["mask-png"]
    tab.action("predict").click()
    expect(tab.role("seams")).to_have_text("✓ Tiled = untiled: every pixel agrees.")
    wanted = predict_image(model, pixels, TILE)
    assert (saved_mask(tab, tmp_path) == wanted.argmax(-1)).mean() >= 0.9999
    # Side by side they disagree, where and as often as in Python.
    tab.setting("naive").check()
    tab.action("predict").click()
    expect(tab.role("seams")).to_have_attribute("data-naive", "true")
    naive = in_tiles_side_by_side(model, normalize(pixels[..., None]), TILE)
    told = seams(naive, wanted, CONFIG)
    flipped = int(tab.role("seams").get_attribute("data-flipped"))
    assert flipped > 100
    assert flipped == pytest.approx(told.flipped, rel=0.01)
    expect(tab.role("seams")).to_contain_text(f"✗ Tiled ≠ untiled: {flipped:,} pixels")
    expect(tab.role("seams").locator("+ p")).to_contain_text(f"Largest difference in probability: {told.largest:.2f}.")
    assert (saved_mask(tab, tmp_path) == naive.argmax(-1)).mean() >= 0.9999
    # The image is chosen once, for both tabs.
    inside = open_tab(page, "Inside")
    expect(inside.root.locator("figcaption").filter(has_text="of mine.png")).to_be_visible()


def test_what_it_cannot_show_is_said(opened):
    page = opened
    panel, tab = Panel(page), Tab(page, "inside")
    page.locator("[data-open=Inside]").click()
    expect(tab.root).to_have_attribute("data-step", "enc0_conv1")
    panel.type_tile(141)
    expect(tab.role("inside-problem")).to_contain_text("This tile does not fit")
    panel.type_tile(TILE)
    expect(tab.role("inside-problem")).to_have_text("")
    # A tile that fits the design on the knobs, and not that of the network.
    panel.type("depth", 1)
    panel.type_tile(20)
    expect(tab.role("inside-problem")).to_contain_text("of another design: depth 3, 4 filters")
    tiles = open_tab(page, "Tile")
    expect(tiles.role("tile-problem")).to_contain_text("of another design: depth 3, 4 filters")
    # Where its tiles would lie is seen all the same.
    tiling = Tiling(UNetConfig(depth=1, base_filters=4), (240, 240), 20)
    expect(tiles.root).to_have_attribute("data-tiles", str(len(tiling)))
    open_tab(page, "Inside")
    tab.action("show_design").click()
    panel.expect_tile(TILE, TILE)
    expect(tab.role("inside-state")).to_contain_text("brought by this page, as it was given")
    expect(tab.role("inside-problem")).to_have_text("")
    # The other network has not learnt anything yet: there is a way to where it does.
    tab.setting("network").select_option("taught")
    expect(tab.role("way")).to_contain_text("Start in Train first")
    expect(tab.role("inside-problem")).to_have_text("")
    expect(tab.role("grid").first).to_be_hidden()
    expect(tab.role("pixel-words")).to_have_text("")
    open_tab(page, "Tile")
    expect(tiles.role("tile-problem")).to_contain_text("Start in Train first")
    page.set_viewport_size({"width": 390, "height": 844})
    for title in ("Tile", "Inside"):
        open_tab(page, title)
        found = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        assert page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_a_network_learns_is_paused_looked_back_at_and_looked_into(opened):
    page = opened
    panel, tab = Panel(page), open_tab(page, "Train")
    expect(tab.role("wants")).to_contain_text("classroom learns where the browser offers WebGPU")
    expect(tab.role("wants")).to_contain_text("Here there is none")
    expect(tab.setting("design").locator("option:disabled")).to_have_text("classroom: depth 3, 8 filters")
    tab.action("step").click()
    tab.expect_state("paused")
    expect(tab.role("train-state")).to_contain_text("paused · step 1 of 300")
    # It is the design of 7,402 numbers, whatever the knobs showed; and Undo leads back.
    panel.expect_tile(76, 76)
    panel.action("undo").click()
    panel.expect_tile(TILE, TILE)
    expect(tab.action("show_design")).to_be_visible()
    tab.action("show_design").click()
    panel.expect_tile(76, 76)
    tab.action("resume").click()
    tab.expect_state("running")
    # Whatever is pressed in whichever moment counts: it pauses behind a step, and is to go on before that has ended.
    reached = page.evaluate(AT_ONCE, ["pause", "resume"])
    tab.expect_state("running")
    page.wait_for_function(GONE_ON, arg=reached + 1)
    reached = page.evaluate(AT_ONCE, ["pause", "step", "step"])
    expect(tab.role("train-state")).to_contain_text(f"paused · step {reached + 3} of 300")
    tab.action("resume").click()
    # The page is not blocked meanwhile.
    panel.type_tile(80)
    panel.expect_tile(80, 80)
    expect(tab.role("train-state")).to_contain_text("epoch 2 of 15")
    # What has learnt so far can be looked into meanwhile.
    inside = open_tab(page, "Inside")
    expect(inside.role("inside-state")).to_contain_text(
        re.compile("taught in this page, depth 2, 4 filters, after [46]0 steps")
    )
    open_tab(page, "Train")
    tab.action("pause").click()
    tab.expect_state("paused")
    words = tab.role("iou-curve").get_attribute("aria-label")
    assert float(re.search(r"IoU (\d\.\d+)", words)[1]) > 0.6, "after 40 steps: 0.90 where it was tried"
    expect(tab.role("epoch")).to_contain_text(re.compile(r"epoch \d"))
    tab.setting("epoch").press("Home")
    expect(tab.role("epoch")).to_have_text("before the first step")
    expect(tab.role("pictures")).to_have_attribute("data-epoch", "0")
    open_tab(page, "Inside")
    # The step that was under way when it was paused counts.
    assert page.evaluate(AGREED, 1000 * PATIENCE), "after as many steps as Train says"
    expect(inside.role("inside-state")).to_contain_text("on WebAssembly")
    looks_inside(page, inside)
    found = Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    # Its outputs are multiples of its poolings, so there is no seam to be seen, and that is said.
    tiles = open_tab(page, "Tile")
    tiles.setting("naive").check()
    tiles.action("predict").click()
    expect(tiles.role("seams")).to_have_text(
        "✓ Tiled = untiled: every pixel agrees. Laid naively, too: 40 × 40 px are a multiple of 4 px, so the poolings "
        "of every tile join the same pixels as in one piece."
    )
    # The other network is there as well.
    open_tab(page, "Inside")
    inside.setting("network").select_option("brought")
    expect(inside.role("inside-problem")).to_contain_text("of another design: depth 3, 4 filters")
    inside.action("show_design").click()
    panel.expect_tile(TILE, TILE)
    expect(inside.role("inside-state")).to_contain_text("brought by this page, as it was given")
    expect(inside.role("grid").first).to_have_attribute("aria-label", re.compile("2 channels of 52 × 52 px"))


AT_ONCE = """(actions) => {
    const tab = document.querySelector("[data-tab=train]");
    for (const action of actions) tab.querySelector(`[data-action=${action}]`).click();
    return Number(/step (\\d+)/.exec(tab.querySelector("[data-role=train-state]").textContent)[1]);
}"""
GONE_ON = """(beyond) => {
    const { textContent } = document.querySelector("[data-role=train-state]");
    return Number(/step (\\d+)/.exec(textContent)[1]) > beyond;
}"""
AGREED = """async (patience) => {
    const steps = (role) => /step (\\d+)|after (\\d+)/.exec(document.querySelector(`[data-role=${role}]`).textContent);
    const agreed = () => steps("train-state")?.[1] === steps("inside-state")?.[2];
    const end = performance.now() + patience;
    while (!agreed() && performance.now() < end) await new Promise(requestAnimationFrame);
    return agreed();
}"""
HEARD = """() => {
    const floats = (numbers) => Array.from(numbers);
    const [view] = [...window.heard.view.views].reverse();
    const { step, low, high, whole, channel } = view;
    return { step, low, high, channel, whole: floats(whole), scores: floats(window.heard.run.scores.numbers),
             numbers: floats(window.heard.numbers.numbers) };
}"""


def looks_inside(page, tab):
    """Maps, mask and receptive field of what has learnt in the page, against Keras with the same numbers."""
    heard, side, start = page.evaluate(HEARD), 80, (24, 24)
    model, places = build_model(SMALL), [shape for step in plan(SMALL) for shape in shapes(step)]
    cuts = np.cumsum([np.prod(place) for place in places])[:-1]
    arrays = [
        each.reshape(place) for each, place in zip(np.split(np.array(heard["numbers"]), cuts), places, strict=True)
    ]
    for name, own in by_step(SMALL, arrays).items():
        model.get_layer(name).set_weights(own)
    # As the learner is given it: in 16 shades, with mean 0 and standard deviation 1.
    image = np.asarray(cells(8, size=128).images[6], "float32")
    image = normalize(np.round((image - image.min()) / np.ptp(image) * 15))
    walked = walk(model, SMALL, mirrored(image, start, (side, side)), "head")
    maps = {step.name: np.asarray(there[step.name])[0] for step, there in walked}
    expect(tab.root.locator("figcaption").filter(has_text="from row 24, column 24 of cells, image 7")).to_be_visible()
    scores = np.moveaxis(maps["head"], -1, 0)
    assert np.abs(np.reshape(heard["scores"], scores.shape) - scores).max() <= 1e-3 * np.ptp(scores)
    assert (classes_on_screen(tab) == scores.argmax(0)).mean() >= 0.999, "at most one pixel of 1,600"
    for name in steps_looked_at():
        tab.setting("step").select_option(name)
        expect(tab.root).to_have_attribute("data-step", name)
        heard = page.evaluate(HEARD)
        assert heard["step"] == name
        wanted = view(maps[name], heard["channel"])
        span = float(np.max(wanted["high"] - wanted["low"]))
        np.testing.assert_allclose(heard["low"], wanted["low"], atol=1e-3 * span)
        np.testing.assert_allclose(heard["high"], wanted["high"], atol=1e-3 * span)
        assert np.abs(np.reshape(heard["whole"], wanted["whole"].shape) - wanted["whole"].astype(int)).max() <= 1
    expect(tab.role("pixel-words")).to_contain_text("of head")


def steps_looked_at():
    # Where two are joined, both are shown instead.
    names = [step.name for step in plan(SMALL) if len(step.inputs) == 1]
    return names if everything() else ["enc0_conv1", "bottleneck_conv2", "dec0_up", "head"]


def test_classroom_is_offered_where_there_is_webgpu(opened):
    opened.evaluate("() => { window.device = 'webgpu'; }")
    tab = open_tab(opened, "Train")
    expect(tab.role("wants")).to_be_hidden()
    tab.setting("design").select_option("classroom")
    expect(tab.root).to_contain_text("depth 3 with 8 filters, 120,690 numbers")
    expect(tab.root).to_contain_text("a tile of 188 px a step")


@second("steps are held against Keras in WebAssembly, and classroom is offered where a browser says that it has WebGPU")
def test_classroom_learns_with_webgpu(browser, chromium, file):
    arguments = [
        "--no-sandbox",
        "--enable-unsafe-webgpu",
        "--use-webgpu-adapter=swiftshader",
        "--enable-features=Vulkan",
    ]
    with browser.browser_type.launch(executable_path=chromium, args=arguments) as other:
        page = other.new_page()
        page.set_default_timeout(1000 * PATIENCE)
        page.goto(file[0].as_uri())
        if learns_as_keras_does(page, LARGE.config, 92, 2) != "webgpu":
            pytest.skip("this Chromium offers no WebGPU")
        panel, tab = Panel(page), open_tab(page, "Train")
        tab.setting("design").select_option("classroom")
        tab.action("step").click()
        tab.expect_state("paused")
        panel.expect_tile(188, 188)
        expect(tab.role("iou-curve")).to_be_visible()
        inside = open_tab(page, "Inside")
        expect(inside.role("inside-state")).to_contain_text("depth 3, 8 filters, after 1 step, on WebGPU")
        expect(inside.role("mask")).to_be_visible()


PACKED = """async () => {
    const learning = JSON.parse(document.getElementById("ue-learning").textContent);
    return (await learntImages(learning)).map(({ pixels, labels }) => [Array.from(pixels), Array.from(labels)]);
}"""
COUNTED = """([truths, found]) => scoresOf(truths.map((each) => Uint8Array.from(each)),
                                        found.map((each) => Uint8Array.from(each)), 3)"""
TURNED = "() => [0, 1, 2, 3, 4, 5, 6, 7].map((turn) => [0, 1, 2, 3, 4, 5, 6, 7, 8].map((at) => turned(at, 3, turn)))"


def test_what_it_learns_from_is_what_was_packed_and_counted_as_in_a_notebook(page):
    bench = load(page, {"page/batches.js": ["learntImages", "scoresOf", "turned"]})
    bench.evaluate(
        """(text) => document.body.append(Object.assign(document.createElement("script"),
           { type: "application/json", id: "ue-learning", textContent: text }))""",
        json.dumps(learning_for_page()),
    )
    made = cells(8, size=128)
    for (pixels, labels), image, truth in zip(bench.evaluate(PACKED), made.images, made.labels, strict=True):
        grey = np.asarray(image)[..., 0]
        wanted = (grey - grey.min()) / np.ptp(grey) * 255
        assert np.abs(np.reshape(pixels, grey.shape) - wanted).max() <= 8.6, "half of a sixteenth"
        assert np.array_equal(np.reshape(labels, grey.shape), np.asarray(truth))
    random = np.random.default_rng(0)
    truths, found = random.integers(0, 2, (2, 2, 50))
    truths[0, :7] = 2
    told = bench.evaluate(COUNTED, [truths.tolist(), found.tolist()])
    wanted = scores(confusion(truths, found, 3))
    for name, value in wanted._asdict().items():
        assert told[name] == pytest.approx(list(value) if isinstance(value, tuple) else value), name
    # The eight ways in which a square can lie, each once.
    square = np.arange(9).reshape(3, 3)
    ways = [np.rot90(each, turns) for each in (square, square.T) for turns in range(4)]
    assert sorted(bench.evaluate(TURNED)) == sorted(way.ravel().tolist() for way in ways)


TOO_LARGE = """async ([told, instrument, side]) => {
    const tick = () => new Promise((resolve) => setTimeout(resolve));
    const stage = new PageModel({ opened: "Tile" });
    const networks = new PageNetworks(told, instrument.tile, { model: new PageModel({ taught: {} }) });
    const chosen = new ChosenImage(networks, stage);
    const tab = new PageTile(networks, new PageModel(instrument), stage, chosen);
    const [orders, states] = [[], []];
    const pixels = new Uint8Array(side * side);
    const scored = ({ height, width }) => {
        const numbers = new Float32Array(2 * height * width);
        return { channels: 2, height: height - 88, width: width - 88, numbers };
    };
    const answer = ({ do: what, tile }) => {
        orders.push(what);
        if (what === "score") return { event: "scored", scores: scored(tile) };
        return { event: "compared", labels: pixels, wanted: pixels, seams: pixels, flipped: 0, largest: 0, scale: 1 };
    };
    tab.runner = { device: "wasm", take: () => true, stop: () => {}, ask: async (order) => answer(order) };
    tab.model.on("change:state", () => states.push(tab.model.get("state")));
    chosen.take({ title: "large", height: side, width: side, channels: 1, pixels }, "");
    await tick();
    tab.model.set("request", { do: "predict", number: 1 });
    while (tab.model.get("state") !== "done") await tick();
    const [table, first] = [tab.model.get("table"), tab.model.get("result")];
    // What comes after Stop is of no use any more.
    let late;
    tab.runner.ask = (order) => new Promise((resolve) => order.do === "score" && (late = () => resolve(answer(order))));
    tab.model.set("request", { do: "predict", number: 2 });
    await tick();
    tab.model.set("request", { do: "stop", number: 3 });
    tab.runner.ask = async (order) => answer(order);
    late();
    for (let turn = 0; turn < 50; turn += 1) await tick();
    return { table, orders, states, uncompared: first.uncompared, same: tab.model.get("result") === first };
}"""


def test_what_is_too_large_for_one_piece_is_not_compared_and_what_comes_after_stop_is_dropped(page):
    config, tile, side = UNetConfig(depth=3, base_filters=32), 588, 1200
    told = {"config": config.to_dict(), "prepared": True, "summary": "", "images": []}
    instrument = {"network": describe(config), "config": config.to_dict(), "tile": [tile, tile], "palette": {}}
    names = {"page/tile.js": ["PageTile"], "page/model.js": ["PageModel"], "page/chosen_image.js": ["ChosenImage"]}
    names |= {"page/networks.js": ["PageNetworks"]}
    found = load(page, names).evaluate(TOO_LARGE, [told, instrument, side])
    tiles = len(Tiling(config, (side, side), tile))
    assert found["orders"] == ["score"] * tiles + ["compare", "score"]
    assert found["uncompared"].startswith("Not compared with the image in one piece, which makes 1")
    assert (found["states"], found["same"]) == (["working", "done", "working", "done"], True)
    rows = {row["name"]: (row["tile"][0], row["count"], row["within"]) for row in found["table"]}
    smallest = next(each for each in valid_sizes(config) if covers(config, side, each))
    assert rows == {
        "smallest that covers it": (smallest, len(Tiling(config, (side, side), smallest)), True),
        "chosen now": (tile, tiles, True),
        "the image in one piece": (tile_for_output(config, side), 1, False),
    }


GIVEN_UP = """async (quick) => {
    const tick = () => new Promise((resolve) => setTimeout(resolve));
    const [orders, ended] = [[], []];
    const runner = new Runner();
    runner.start = async () => ({
        postMessage: ({ do: what, number }) => {
            orders.push(what);
            if (quick && what === "stop") {
                runner.hear({ event: "stopped", number: number - 1 });
                runner.hear({ event: "stopped", number });
            }
            if (orders.length > 2) runner.hear({ event: "scored", number });
        },
        terminate: () => ended.push(orders.length),
    });
    const first = runner.ask({ do: "score" }).then(({ event }) => event, (error) => error instanceof AbandonedError);
    await tick();
    runner.stop();
    const second = await runner.ask({ do: "score" });
    return { orders, ended, first: await first, second: second.event };
}"""


@pytest.mark.parametrize(("quick", "ended", "first"), [(True, [], "stopped"), (False, [2], True)])
def test_what_does_not_stop_in_a_moment_is_ended_and_the_next_is_answered(page, quick, ended, first):
    found = load(page, {"page/running.js": ["AbandonedError", "Runner"]}).evaluate(GIVEN_UP, quick)
    assert found == {"orders": ["score", "stop", "score"], "ended": ended, "first": first, "second": "scored"}


NOT_WANTED = """async ([told, instrument, other]) => {
    const stage = new PageModel({ opened: "Inside" });
    const networks = new PageNetworks(told, instrument.tile, { model: new PageModel({ taught: {} }) });
    networks.model.set("looked", { ...networks.looked, weights: () => new Float32Array(0) });
    const [chosen, knobs] = [new ChosenImage(networks, stage), new PageModel(instrument)];
    const tab = new PageInside(networks, knobs, stage, chosen);
    const states = [];
    let given = 0;
    tab.model.on("change:state", () => states.push(tab.model.get("state")));
    // A computation that lasts for ever.
    tab.runner = { device: "wasm", take: () => true, run: () => new Promise((_, refuse) => (tab.runner.abandon = () => {
        given += 1;
        refuse(new AbandonedError());
    })) };
    chosen.take({ title: "one", height: 200, width: 200, channels: 1, pixels: new Uint8Array(200 * 200) }, "");
    while (!tab.running) await new Promise((resolve) => setTimeout(resolve));
    // Another channel is of the same maps, and a network that has learnt on the same one; another design is not.
    const key = tab.wantedKey();
    tab.model.set("channel", 1);
    const { looked } = networks;
    networks.model.set("looked", { ...looked, network: { ...looked.network, summary: "after 2 steps" } });
    const kept = key === tab.wantedKey();
    knobs.set("network", other);
    knobs.set("config", other.config);
    while (!tab.model.get("problem")) await new Promise((resolve) => setTimeout(resolve));
    return { states, given, kept, problem: tab.model.get("problem") };
}"""


def test_maps_that_take_long_are_given_up_once_something_else_is_wanted(page):
    told = {
        "config": CONFIG.to_dict(),
        "prepared": True,
        "summary": "",
        "images": [],
        "steps": describe(CONFIG)["steps"],
    }
    instrument = {"network": describe(CONFIG), "config": CONFIG.to_dict(), "tile": [TILE, TILE], "palette": {}}
    instrument["shown"] = "enc0_conv1"
    names = {"page/inside.js": ["PageInside"], "page/model.js": ["PageModel"], "page/networks.js": ["PageNetworks"]}
    names |= {"page/running.js": ["AbandonedError"], "page/chosen_image.js": ["ChosenImage"]}
    found = load(page, names).evaluate(NOT_WANTED, [told, instrument, describe(SMALL)])
    assert found["problem"].startswith("The network in this page is of another design")
    assert (found["states"], found["given"], found["kept"]) == (["working", "failed"], 1, True)


REFUSED = """async ([told, instrument]) => {
    const stage = new PageModel({ opened: "Inside" });
    const networks = new PageNetworks(told, instrument.tile, { model: new PageModel({ taught: {} }) });
    networks.model.set("looked", { ...networks.looked, weights: () => new Float32Array(0) });
    const [chosen, knobs] = [new ChosenImage(networks, stage), new PageModel(instrument)];
    const tab = new PageInside(networks, knobs, stage, chosen);
    const until = async (true_) => {
        while (!true_()) await new Promise((resolve) => setTimeout(resolve));
        return tab.model.get("problem");
    };
    let finish;
    const run = () => new Promise((resolve) => (finish = () => resolve({ labels: new Uint8Array(0) })));
    const view = async () => ({ views: [{ channel: 0 }] });
    // It always has to compute anew.
    tab.runner = { device: "wasm", take: () => true, run, view, abandon: () => {} };
    chosen.take({ title: "one", height: 200, width: 200, channels: 1, pixels: new Uint8Array(200 * 200) }, "");
    await until(() => tab.running);
    await chosen.bring(new Blob(["no image"]), "no.png", chosen.lookers[0]);
    // It is looked at once more, for the network has learnt on.
    networks.model.set("looked", { ...networks.looked });
    finish();
    await until(() => tab.running && tab.again === false);
    finish();
    const [kept, state] = [await until(() => !tab.busy), tab.model.get("state")];
    tab.model.set("place", [3, 3]);
    await until(() => tab.running);
    finish();
    return { kept, state, after: await until(() => !tab.busy) };
}"""


def test_why_an_image_is_refused_is_still_told_when_maps_come(page):
    told = {"config": CONFIG.to_dict(), "prepared": True, "summary": "", "images": [], "grid": {}, "classes": []}
    instrument = {"network": describe(CONFIG), "config": CONFIG.to_dict(), "tile": [TILE, TILE], "palette": {}}
    instrument["shown"] = "enc0_conv1"
    names = {"page/inside.js": ["PageInside"], "page/model.js": ["PageModel"], "page/networks.js": ["PageNetworks"]}
    found = load(page, names | {"page/chosen_image.js": ["ChosenImage"]}).evaluate(
        REFUSED, [told | {"steps": describe(CONFIG)["steps"]}, instrument]
    )
    assert found["kept"].startswith("no.png is no image that this browser reads")
    assert (found["state"], found["after"]) == ("done", "")


OVERTAKEN = """async (instrument) => {
    const network = { config: { in_channels: 1 }, images: [], summary: "", steps: [] };
    const networks = new PageNetworks(network, [188, 188], { model: new PageModel({ taught: {} }) });
    const chosen = new ChosenImage(networks, new PageModel({ opened: "Tile" }));
    const told = [];
    const [changed, failed] = [() => told.push(chosen.image.title), () => told.push("failed")];
    chosen.join({ title: "Tile", model: new PageModel({}), changed, failed });
    const canvas = Object.assign(document.createElement("canvas"), { width: 9, height: 7 });
    canvas.getContext("2d");
    const good = await new Promise((resolve) => canvas.toBlob(resolve));
    const bring = (file, at) => chosen.bring(file, `${at}.png`, chosen.lookers[0]);
    await Promise.all([new Blob(["no image"]), good].map(bring));
    return told;
}"""


def test_of_two_images_the_last_is_shown_and_nothing_is_said_of_the_first(page):
    names = {"page/model.js": ["PageModel"], "page/networks.js": ["PageNetworks"]}
    found = load(page, names | {"page/chosen_image.js": ["ChosenImage"]}).evaluate(OVERTAKEN, {})
    assert found == ["1.png"]


def covers(config, side, tile):
    try:
        return bool(Tiling(config, (side, side), tile))
    except ValueError:
        return False


SEAMS = """([activation, ...both]) => {
    const maps = both.map(({ numbers, ...sides }) => ({ ...sides, numbers: Float32Array.from(numbers) }));
    const { labels, wanted, seams, ...more } = seamsOf(...maps, activation);
    return { ...more, labels: Array.from(labels), wanted: Array.from(wanted), seams: Array.from(seams) };
}"""


@pytest.mark.parametrize(("head", "classes"), [("linear", 3), ("relu", 1), ("softmax", 3), ("sigmoid", 1)])
def test_seams_are_those_of_a_notebook(page, head, classes):
    config, random = UNetConfig(head_activation=head, num_classes=classes), np.random.default_rng(0)
    both = random.normal(0, 2, (2, 5, 7, classes)).astype("float32")
    if head in {"softmax", "sigmoid"}:
        both = probabilities(both, UNetConfig(num_classes=classes))
    bench = load(page, {"page/worker/seams.js": ["seamsOf"]})
    sides = {"channels": classes, "height": 5, "width": 7}
    sent = [{**sides, "numbers": np.moveaxis(each, -1, 0).ravel().tolist()} for each in both]
    found = ask(bench, SEAMS, [head, *sent])
    told = seams(*both, config)
    assert (found["flipped"], found["largest"], found["scale"]) == pytest.approx(told[:3], abs=1e-6)
    assert np.abs(np.reshape(found["seams"], (5, 7)) - told.image.astype(int)).max() <= 1
    for name, scores_ in zip(("labels", "wanted"), both, strict=True):
        assert found[name] == classes_of(scores_, config).ravel().tolist()


def test_a_page_is_of_one_design(file, tmp_path):
    path, model = file
    told = json.loads(re.search(r'id="ue-network">(.*?)</script>', path.read_text("utf-8"))[1])
    assert (UNetConfig.from_dict(told["config"]), len(told["images"])) == (CONFIG, 3)
    with pytest.raises(ValueError, match="another design than that of model"):
        save_page(tmp_path / "a.html", UNetConfig(), model=model)
    with pytest.raises(ValueError, match="neither a training nor a network"):
        save_page(tmp_path / "a.html", model="net")
    with pytest.raises(ValueError, match="a page holds up to 1,000,000"):
        save_page(tmp_path / "a.html", model=build_model(UNetConfig(depth=3, base_filters=32)))
    assert not (tmp_path / "a.html").exists()
    panel = explore("classroom")
    panel.save(tmp_path / "b.html")
    assert 'id="ue-weights"' not in (tmp_path / "b.html").read_text("utf-8"), "nothing was learnt"
    panel.close()
