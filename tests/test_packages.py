"""The trained network as packages that others open: what is in them computes what Keras computes, and says how."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import random
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import PATIENCE, configs
from support import examples as tried_on

from unet_explorer import (
    ShapeError,
    TrainingSession,
    UNetConfig,
    build_model,
    explore,
    predict_image,
    save_model,
    save_package,
    save_page,
    trace,
    valid_sizes,
)
from unet_explorer.core.axis import margins
from unet_explorer.data.dataset import normalize
from unet_explorer.export import child
from unet_explorer.export.description import description
from unet_explorer.export.documentation import documentation
from unet_explorer.export.network import Network, fresh_weights, read_network
from unet_explorer.export.onnx_graph import check_onnx, onnx_model
from unet_explorer.export.people import read_authors, read_license
from unet_explorer.export.words import facts_in_words, sizes
from unet_explorer.learning.finding import TrainingError
from unet_explorer.model import config_of, is_prepared, mark_prepared
from unet_explorer.panel.taking import Content, save
from unet_explorer.predict.scores import probabilities

# What is hardest to say in each format: a padded convolution of an even side, statistics, a crop.
CONFIG = UNetConfig(depth=2, base_filters=4, upsampling="bilinear", batch_norm=True)
TILE = 76
ODD = "o'dd $(x) & é"
"""A folder whose name would be read as more than a name, if somebody let it."""
SAVED = ("unet.keras", "unet.onnx", "unet", "unet.zip")


@pytest.fixture(scope="module")
def session(worker, images, tmp_path_factory):
    """A short training, that has ended and that nobody looks after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNET_EXPLORER_STATE", str(tmp_path_factory.mktemp("state")))
        made = TrainingSession(CONFIG, images, TILE, worker, steps=4, steps_per_epoch=2, batch_size=2)
        made.start(force=True)
        assert made.join(PATIENCE)
        assert made.state == "finished", made.problem
        made.close()
        yield made


@pytest.fixture(scope="module")
def saved(session, tmp_path_factory):
    """All kinds, written by a process that has loaded nothing of TensorFlow when it has done so."""
    folder = tmp_path_factory.mktemp("saved") / ODD
    folder.mkdir()
    code = f"""
import sys
from pathlib import Path
from unet_explorer import TrainingSession, save_model, save_package
session, folder = TrainingSession.reopen({session.name!r}), Path({str(folder)!r})
for name in {SAVED[:3]}:
    save_model(folder / name, session)
save_package(folder / "unet.zip", session, ["Ada Lovelace"], "cc-by-4.0")
session.close()
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not {"keras", "tensorflow"} & {name.split(".")[0] for name in done.stdout.split()}
    return folder


@pytest.fixture(scope="module")
def tiles():
    """Two rectangles, as a network is given them."""
    return np.random.default_rng(0).normal(0, 1, (2, TILE, TILE + 8, 1)).astype(np.float32)


@pytest.fixture(scope="module")
def answers(session, tiles):
    """What the live network says."""
    return np.asarray(session.model()(tiles, training=False))


def run_onnx(model, tiles) -> np.ndarray:
    """What ONNX Runtime says to (batch, height, width, channels)."""
    runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return runtime.run(["scores"], {"image": tiles.transpose(0, 3, 1, 2)})[0].transpose(0, 2, 3, 1)


def content(package: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(package) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


# What is written of a training -----------------------------------------------------------------------------------


def test_nothing_but_the_results_is_left(saved):
    assert {each.name for each in saved.iterdir()} == set(SAVED)


@pytest.mark.tensorflow
def test_keras_opens_it_without_us_and_we_know_how_its_images_are_prepared(saved, tiles, answers):
    import keras

    opened = keras.saving.load_model(saved / "unet.keras", safe_mode=True)
    assert is_prepared(opened)
    assert config_of(opened) == CONFIG
    assert getattr(opened, "optimizer", None) is None
    np.testing.assert_array_equal(np.asarray(opened(tiles, training=False)), answers)


def test_onnx_runtime_says_what_keras_says_and_the_file_says_how(saved, tiles, answers):
    file = saved / "unet.onnx"
    made = onnx.load(file)
    onnx.checker.check_model(made, full_check=True)
    assert (made.ir_version, made.opset_import[0].version) == (7, 13)
    np.testing.assert_allclose(run_onnx(str(file), tiles), answers, rtol=0, atol=1e-5 * np.abs(answers).max())
    facts = {each.key: each.value for each in made.metadata_props}
    assert UNetConfig.from_dict(json.loads(facts["config"])) == CONFIG
    assert "mean 0 and standard deviation 1" in facts["image"]


def test_tensorflow_opens_the_folder_and_the_facts_lie_in_it(saved, tiles, answers):
    import tensorflow as tf

    opened = tf.saved_model.load(str(saved / "unet"))
    np.testing.assert_allclose(opened.serve(tiles).numpy(), answers, rtol=0, atol=1e-5 * np.abs(answers).max())
    facts = json.loads((saved / "unet" / "assets.extra" / "unet_explorer.json").read_text("utf-8"))
    assert UNetConfig.from_dict(facts["config"]) == CONFIG
    assert "mean 0 and standard deviation 1" in facts["image"]


# The package -----------------------------------------------------------------------------------------------------


def test_the_package_says_what_is_in_it(saved, session):
    files = content(saved / "unet.zip")
    said = json.loads(files["rdf.yaml"])
    assert set(files) == {"rdf.yaml", "README.md", "cover.svg", "weights.onnx", "test_image.npy", "test_answer.npy"}
    for part in (said["weights"]["onnx"], said["inputs"][0]["test_tensor"], said["outputs"][0]["test_tensor"]):
        assert hashlib.sha256(files[part["source"]]).hexdigest() == part["sha256"]
    assert said["authors"] == [{"name": "Ada Lovelace"}]
    assert said["license"] == "CC-BY-4.0"
    assert said["cite"][0]["doi"] == "10.1007/978-3-319-24574-4_28"
    assert said["outputs"][0]["axes"][1]["channel_names"] == [
        name.replace(" ", "_") for name in session.dataset.classes
    ]
    assert said["inputs"][0]["preprocessing"] == [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"]}}]
    text = files["README.md"].decode()
    assert "## Validation" in text
    assert f"{session.history.best.scores.accuracy:.3f}" in text
    assert all(name in text for name in session.dataset.classes)


def test_the_test_of_the_package_is_keras_s_and_onnx_reproduces_it(saved, session):
    files = content(saved / "unet.zip")
    image, answer = (np.load(io.BytesIO(files[f"test_{name}.npy"])) for name in ("image", "answer"))
    prepared = normalize(image[0].transpose(1, 2, 0))
    logits = np.asarray(session.model()(prepared[None], training=False))[0]
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    np.testing.assert_allclose(answer[0].transpose(1, 2, 0), shares, atol=1e-6)
    np.testing.assert_allclose(run_onnx(files["weights.onnx"], prepared[None])[0], shares, atol=1e-5)
    assert image.shape[2] != image.shape[3], "height and width could be mixed up"


def test_bioimage_io_checks_it_and_predicts_with_it(saved, session):
    """By its own tools, where they are: `pip install "unet_explorer[bioimageio]"`."""
    core = pytest.importorskip("bioimageio.core", reason="the package bioimageio.core is not installed")
    checked = core.test_model(saved / "unet.zip")
    assert checked.status == "passed", checked.details
    known = sizes(CONFIG)
    height, width = (known.roomy + known.step * random.Random(seed).randrange(20) for seed in (1, 2))
    image = 200 * np.random.default_rng(0).random((height, width), "float32")
    with core.create_prediction_pipeline(core.load_description(saved / "unet.zip")) as pipeline:
        sample = core.digest_spec.create_sample_for_model(
            pipeline.model_description, inputs={"image": image[None, None]}, sample_id="one"
        )
        found = pipeline.predict_sample_without_blocking(sample, skip_input_padding=True, skip_output_cropping=True)
    answer = found.members["scores"].data.to_numpy()[0].transpose(1, 2, 0)
    scores = np.asarray(session.model()(normalize(image[..., None])[None], training=False))[0]
    np.testing.assert_allclose(answer[..., 1], 1 / (1 + np.exp(scores[..., 0] - scores[..., 1])), atol=1e-5)


@given(configs(depth=st.integers(1, 3), convs_per_block=st.integers(1, 2)))
def test_sizes_are_those_that_the_network_takes(config):
    known = sizes(config)
    for tile in range(max(1, known.smallest - known.step), known.smallest + 2 * known.step):
        fits = tile >= known.smallest and (tile - known.smallest) % known.step == 0
        with contextlib.nullcontext() if fits else pytest.raises(ShapeError):
            assert trace(config, tile).output.height == tile - known.lost
    # What is left without the halo depends on no zeros; whoever puts as much before the first tile moves no pooling.
    reach = max(margins(config).first, margins(config).last)
    assert reach <= known.halo < reach + known.step
    assert known.halo % known.step == 0
    assert (known.roomy - known.smallest) % known.step == 0
    assert known.roomy - known.step - known.lost - 2 * known.halo <= 0 < known.roomy - known.lost - 2 * known.halo
    assert str(known.smallest) in facts_in_words(config, prepared=True)["tile"]


def test_names_that_are_no_identifiers_and_signs_of_markdown_do_no_harm(images):
    config = UNetConfig(depth=1, base_filters=2)
    odd = TrainingSession(config, images.take([0, 1]), 20)
    object.__setattr__(odd.dataset, "classes", ("cell <b>|x|", "cell (b)"))
    object.__setattr__(odd.dataset, "name", "Ada's #1 [set]\n# heading")
    named = Network(config, fresh_weights(config), True, session=odd)
    sums = dict.fromkeys(("weights.onnx", "test_image.npy", "test_answer.npy"), "")
    said = description(named, [], None, sums)
    assert said["name"] == "U-Net for Ada s 1 set heading"
    names = said["outputs"][0]["axes"][1]["channel_names"]
    assert len(set(names)) == 2
    assert all(name.isidentifier() for name in names)
    text = documentation(named, None, named=False)
    assert "<b>" not in text
    assert "\n# heading" not in text
    assert "No licence was given" in text
    assert "No author was named" in text
    odd.close()


# One graph for every design --------------------------------------------------------------------------------------


def randomized(config: UNetConfig, seed: int):
    """The live network with weights that tell: biases and statistics that are not 0 and 1."""
    model, numbers = build_model(config), np.random.default_rng(seed)
    for layer in model.layers:
        kept = layer.get_weights()
        if len(kept) == 4:
            low = [0.5, -0.3, -0.3, 0.5]
            kept = [numbers.uniform(each, each + 1, array.shape) for each, array in zip(low, kept, strict=True)]
        elif kept:
            kept = [kept[0], *(numbers.normal(0, 0.3, array.shape) for array in kept[1:])]
        layer.set_weights(kept)
    return model


def inner(model):
    """The live network up to its head."""
    import keras

    return keras.Model(model.input, model.get_layer("head").input)


@pytest.mark.tensorflow
@tried_on(40)
@given(
    configs(
        depth=st.integers(1, 3),
        base_filters=st.integers(1, 5),
        convs_per_block=st.integers(1, 2),
        in_channels=st.integers(1, 3),
        num_classes=st.integers(1, 4),
    ),
    st.integers(0, 2**31),
)
def test_every_design_computes_in_onnx_what_it_computes_in_keras(config, seed):
    model, chance = randomized(config, seed), random.Random(seed)
    made = onnx_model(config, read_network(model).weights, prepared=False)
    onnx.checker.check_model(made, full_check=True)
    file = made.SerializeToString()
    fitting, arriving = valid_sizes(config, 1, 4000), inner(model)
    for batch in (1, 2):
        height, width = (fitting[chance.randrange(3)] for _ in range(2))
        tiles = np.random.default_rng(seed).normal(0, 1, (batch, height, width, config.in_channels)).astype("f")
        expected = np.asarray(model(tiles, training=False))
        found = run_onnx(file, tiles)
        assert found.shape == expected.shape
        # Both round to 32 bits; in what the head adds up much may cancel.
        size = (
            np.abs(np.asarray(arriving(tiles))).max()
            * np.abs(read_network(model).weights["head"][0]).sum((0, 1, 2)).max()
        )
        np.testing.assert_allclose(found, expected, rtol=0, atol=3e-5 * max(1, size))


@pytest.mark.tensorflow
@pytest.mark.parametrize("head", ["linear", "relu", "softmax", "sigmoid"])
@pytest.mark.parametrize("classes", [1, 3])
def test_probabilities_of_the_package_are_those_that_are_saved_of_a_prediction(head, classes):
    config = UNetConfig(depth=1, base_filters=2, num_classes=classes, head_activation=head)
    model, tiles = randomized(config, 3), np.random.default_rng(1).normal(0, 1, (1, 20, 24, 1)).astype("f")
    made = onnx_model(config, read_network(model).weights, prepared=False, probable=True)
    expected = probabilities(np.asarray(model(tiles)), config)
    np.testing.assert_allclose(run_onnx(made.SerializeToString(), tiles), expected, atol=1e-5)


@pytest.mark.tensorflow
def test_a_live_network_is_saved_for_tiles_of_any_size_and_without_its_optimizer(tmp_path):
    import keras

    config = UNetConfig(depth=1, base_filters=2)
    model = build_model(config, 20)
    mark_prepared(model)
    model.compile("adam", lambda truth, answer: answer)
    opened = keras.saving.load_model(save_model(tmp_path / "one.keras", model), safe_mode=True)
    image = np.random.default_rng(0).random((40, 50))
    np.testing.assert_array_equal(predict_image(opened, image, 24), predict_image(model, image, 24))
    assert is_prepared(opened)
    assert not is_prepared(keras.saving.load_model(save_model(tmp_path / "two.keras", build_model(config))))


# What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SAVED)
def test_a_training_that_has_saved_nothing_is_told(name, tmp_path, images):
    write = save_package if name.endswith(".zip") else save_model
    with TrainingSession(CONFIG, images, TILE) as fresh, pytest.raises(TrainingError, match="Nothing was saved yet"):
        write(tmp_path / name, fresh)
    assert list(tmp_path.iterdir()) == []


def test_a_page_holds_what_was_learnt_in_16_bits(session, images, tmp_path):
    save_page(tmp_path / "unet.html", model=session)
    page = (tmp_path / "unet.html").read_text("utf-8")
    halves = base64.b64decode(re.search(r'id="ue-weights">(.*?)</script>', page)[1])
    wanted = np.concatenate([array.ravel() for array in session.weights()])
    np.testing.assert_allclose(np.frombuffer(halves, "<f2").astype("float32"), wanted, rtol=1e-3, atol=1e-6)
    told = json.loads(re.search(r'id="ue-network">(.*?)</script>', page)[1])
    assert told["at"] == session.history.best.step
    assert told["classes"] == list(images.classes)
    # What the network is given of them is what it was taught with, but for the 8 bits.
    for held, image in zip(told["images"], images.images, strict=False):
        shape = held["height"], held["width"], held["channels"]
        pixels = np.frombuffer(base64.b64decode(held["pixels"]), np.uint8).reshape(shape)
        given = (pixels - np.array(held["middle"])) / np.array(held["spread"])
        np.testing.assert_allclose(given, normalize(image), atol=0.02)
    opened = json.loads(re.search(r'id="ue-scene">(.*?)</script>', page)[1])["instrument"]
    assert (opened["config"], opened["tile"]) == (CONFIG.to_dict(), [TILE, TILE])
    # A panel hands over what the design on its knobs has learnt, and of another design nothing.
    panel = explore(CONFIG, TILE)
    for config, holds in ((CONFIG, True), (UNetConfig(), False)):
        content = Content(config, (TILE, TILE), images, session=session, told=panel.told)
        save(content, tmp_path / "panel.html", None, True, {})
        assert ('id="ue-weights"' in (tmp_path / "panel.html").read_text("utf-8")) == holds
    panel.close()


def test_damaged_weights_are_told(session, tmp_path):
    file = session.folder / "best.npz"
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(TrainingError, match="damaged"):
            save_model(tmp_path / "unet.onnx", session)
    finally:
        file.write_bytes(whole)


def test_weights_of_another_network_are_told(session, tmp_path, monkeypatch):
    other = [array for arrays in fresh_weights(UNetConfig(depth=1)).values() for array in arrays]
    for arrays, words in ((other, "enc0_conv1 wants"), ((*session.weights(), other[0]), "more than it has")):
        monkeypatch.setattr(TrainingSession, "weights", lambda self, arrays=arrays: arrays)
        with pytest.raises(TrainingError, match=f"damaged.*{words}"):
            save_model(tmp_path / "unet.onnx", session)


@pytest.mark.tensorflow
def test_a_network_that_is_not_ours_is_refused(tmp_path):
    import keras

    foreign = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3)])
    with pytest.raises(ValueError, match="no U-Net of this plan"):
        save_model(tmp_path / "unet.onnx", foreign)


@pytest.mark.parametrize("name", ["unet.onnx", "unet.keras"])
def test_what_is_there_is_not_replaced_unless_that_is_said(name, session, tmp_path, monkeypatch):
    monkeypatch.setattr("unet_explorer.export.models.ask", lambda job, network, place: place.write_bytes(b"new"))
    (tmp_path / name).write_bytes(b"old")
    with pytest.raises(FileExistsError, match="is there already"):
        save_model(tmp_path / name, session)
    assert (tmp_path / name).read_bytes() == b"old"
    save_model(tmp_path / name, session, overwrite=True)
    assert (tmp_path / name).read_bytes() != b"old"


def test_a_folder_is_replaced_only_if_all_in_it_is_ours(saved, session, tmp_path, monkeypatch):
    monkeypatch.setattr("unet_explorer.export.models.ask", lambda job, network, place: place.mkdir())
    ours = tmp_path / "unet"
    shutil.copytree(saved / "unet", ours)
    save_model(ours, session, overwrite=True)
    assert list(ours.iterdir()) == []
    shutil.copytree(saved / "unet", ours, dirs_exist_ok=True)
    (ours / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="none that was written here"):
        save_model(ours, session, overwrite=True)
    assert (ours / "thesis.txt").is_file()
    (tmp_path / "other").mkdir()
    with pytest.raises(FileExistsError, match="none that was written here"):
        save_model(tmp_path / "other", session, overwrite=True)


@pytest.mark.parametrize(
    ("name", "words"), [("unet.h5", "ends in none of the kinds"), ("nowhere/unet.onnx", "There is no folder")]
)
def test_a_path_that_cannot_be_written_to_is_told(name, words, session, tmp_path):
    with pytest.raises(ValueError, match=words):
        save_model(tmp_path / name, session)


@pytest.mark.parametrize("name", ["unet.onnx", "unet.zip"])
def test_what_is_missing_is_told_with_the_command_that_brings_it(name, session, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    sys.modules.pop("unet_explorer.export.onnx_graph", None)
    write, more = (save_package, ("Ada",)) if name.endswith(".zip") else (save_model, ())
    with pytest.raises(ImportError, match=r'pip install "unet_explorer\[onnx\]"'):
        write(tmp_path / name, session, *more)
    assert list(tmp_path.iterdir()) == []


def test_without_tensorflow_that_is_said(session, tmp_path, monkeypatch):
    monkeypatch.setattr(child, "no_tensorflow", lambda: "TensorFlow is not installed.")
    with pytest.raises(ImportError, match="TensorFlow is not installed"):
        save_model(tmp_path / "unet.keras", session)


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [(-9, "", "SIGKILL.*memory"), (3, "noise\nImportError: no such thing\n", "code 3: ImportError: no such thing")],
)
def test_a_process_that_ends_before_it_is_done_is_told_and_leaves_nothing(
    code, said, words, session, tmp_path, monkeypatch
):
    monkeypatch.setattr(child, "_run", lambda folder: subprocess.CompletedProcess([], code, stderr=said))
    with pytest.raises(OSError, match=f"could not be saved.*{words}"):
        save_model(tmp_path / "unet.keras", session)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.tensorflow
def test_what_goes_wrong_in_the_other_process_is_told_in_its_own_words(session, tmp_path, monkeypatch):
    def run(folder):
        return subprocess.CompletedProcess([], child.main([str(folder)]), stderr="")

    monkeypatch.setattr(child, "_run", run)
    with pytest.raises(OSError, match="could not be saved. .*nowhere"):
        child.ask("predict", read_network(session), tmp_path / "nowhere" / "a.npy", np.zeros((1, TILE, TILE, 1), "f"))


def test_more_than_a_file_holds_is_refused_before_anything_is_computed():
    with pytest.raises(ValueError, match="an ONNX file holds 2 GB"):
        check_onnx(UNetConfig(depth=7, base_filters=256))


@pytest.mark.tensorflow
def test_a_network_whose_answers_are_no_numbers_makes_no_package(tmp_path):
    model = build_model(UNetConfig(depth=1, base_filters=2))
    model.set_weights([np.full_like(array, np.nan) for array in model.get_weights()])
    with pytest.raises(ValueError, match="nobody could test the package"):
        save_package(tmp_path / "unet.zip", model, ["Ada Lovelace"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "authors",
    [None, 3, [""], ["A/B"], [{"affiliation": "x"}], [{"name": "A", "mail": "b"}], [{"name": "A", "orcid": "1"}]],
)
def test_authors_that_cannot_be_understood_are_refused(authors):
    with pytest.raises(ValueError, match="authors="):
        read_authors(authors)


def test_authors_are_never_made_up():
    assert read_authors(()) == [{"name": "not named"}]


@pytest.mark.parametrize("name", ["MIT License", "CC-BY", "free", "LicenseRef-Mine", "MIT OR Apache-2.0", "", 4])
def test_a_licence_that_nobody_knows_is_refused(name):
    with pytest.raises(ValueError, match="license="):
        read_license(name)


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write all")
def test_a_folder_that_may_not_be_written_to_is_told(session, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match="may not be written to"):
            save_model(tmp_path / "unet.onnx", session)
    finally:
        tmp_path.chmod(0o700)
