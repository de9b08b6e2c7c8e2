"""Whole images, tile by tile, against one prediction of the whole mirrored image; and what cannot be predicted."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tifffile
import zarr
from hands import live
from hypothesis import given
from hypothesis import strategies as st
from support import PROJECT, SHARED, configs, examples

from unet_explorer import (
    ShapeError,
    TrainingSession,
    UNetConfig,
    build_model,
    cells,
    from_folder,
    from_stack,
    predict_image,
    tile_for_output,
    trace,
)
from unet_explorer.core.axis import margins
from unet_explorer.data.dataset import normalize
from unet_explorer.data.decoded import DataError
from unet_explorer.model import config_of
from unet_explorer.predict.scores import classes_of
from unet_explorer.predict.standard import Standard

pytestmark = pytest.mark.tensorflow

CONFIG = UNetConfig(depth=2, base_filters=3)
KINDS = configs(
    depth=st.integers(1, 3),
    base_filters=st.integers(1, 3),
    convs_per_block=st.integers(1, 2),
    kernel_size=st.sampled_from([1, 3, 5]),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.integers(1, 3),
)


def whole(model: keras.Model, image: np.ndarray) -> np.ndarray:
    """One prediction of the whole, mirrored as NumPy does it."""
    config = config_of(model)
    sides = [tile_for_output(config, side) for side in image.shape[:2]]
    shape = trace(config, tuple(sides)).output
    before = [(side - part) // 2 for side, part in zip(sides, shape[:2], strict=True)]
    after = [side - first - part for side, first, part in zip(sides, before, image.shape[:2], strict=True)]
    padded = np.pad(image, [*zip(before, after, strict=True), (0, 0)], mode="reflect")
    return np.asarray(model(padded[None].astype("float32"), training=False))[0][: image.shape[0], : image.shape[1]]


def assert_equal(found: np.ndarray, wanted: np.ndarray, config: UNetConfig) -> None:
    scale = max(1.0, float(np.abs(wanted).max()))
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-5 * scale
    # Where two classes are level, rounding decides; a ReLU at the end makes many level.
    ordered = np.sort(wanted, axis=-1)
    clear = ordered[..., -1] - ordered[..., -2] > 2e-5 * scale if config.num_classes > 1 else np.abs(wanted[..., 0]) > 1
    assert (classes_of(found, config) == classes_of(wanted, config))[clear].all()


@examples(25)
@given(KINDS, st.data())
def test_tiles_give_what_the_whole_gives(config, data):
    image = np.random.default_rng(0).normal(
        size=(*data.draw(st.tuples(*[st.integers(1, 130)] * 2)), config.in_channels)
    )
    lost = margins(config)
    able = tile_for_output(config, lost.period + lost.first + lost.last)
    tile = tuple(able + data.draw(st.integers(0, 3)) * lost.period for _ in range(2))
    model = live(config)
    found = predict_image(model, image.astype("float32"), tile, batch_size=data.draw(st.integers(1, 5)))
    assert_equal(found, whole(model, image.astype("float32")), config)
    keras.utils.clear_session()


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_an_image_of_a_size_that_fits_is_what_the_network_itself_says_of_it(padding):
    """With padding: nothing is mirrored, and the zeros are where the network itself puts them."""
    config = UNetConfig(depth=2, base_filters=3, padding=padding)
    model = live(config)
    image = np.random.default_rng(1).normal(size=(140, 180, 1)).astype("float32")
    found = predict_image(model, image, 76)
    border = margins(config).border
    seen = np.asarray(model(image[None], training=False))[0]
    inner = found[border : 140 - border, border : 180 - border]
    assert seen.shape == inner.shape
    assert np.abs(inner - seen).max() < 1e-5


@pytest.fixture(scope="module")
def trained(worker, tmp_path_factory):
    """A network that has learnt a little, and so has something to flip."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNET_EXPLORER_STATE", str(tmp_path_factory.mktemp("state")))
        with TrainingSession(UNetConfig(depth=3, base_filters=8), cells(), 188, worker, steps=50) as session:
            session.start()
            assert session.join(300)
            assert session.state == "finished", session.problem
            return session.model()


@pytest.mark.parametrize("tile", [100, 188, (220, 132)])
def test_no_label_flips_with_what_was_learnt(trained, tile):
    image = normalize(cells(1, size=(301, 260), seed=5).images[0])
    wanted = whole(trained, image)
    found = predict_image(trained, image, tile)
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()
    config = config_of(trained)
    assert np.array_equal(classes_of(found, config), classes_of(wanted, config))
    # It is a picture with both classes in it, not an empty one.
    assert 0.05 < classes_of(wanted, config).mean() < 0.95


@pytest.mark.skipif(not SHARED.exists(), reason="the real images are not here")
def test_no_label_flips_on_real_images(trained):
    dataset = from_folder(SHARED / "data/nuclei/stage1_train", grey=True, limit=4)
    config = config_of(trained)
    for image in dataset.images:
        wanted = whole(trained, normalize(image))
        found = predict_image(trained, image, 188, normalize=True)
        assert np.array_equal(classes_of(found, config), classes_of(wanted, config))
        assert np.abs(found - wanted).max() < 1e-5 * max(1, np.abs(wanted).max())


def test_naive_tiles_do_flip_labels(trained):
    """Or the exactness above would show nothing."""
    from unet_explorer import Tiling
    from unet_explorer.predict.tiles import predicted_tiles

    image = normalize(cells(1, size=(301, 260), seed=5).images[0])
    found = np.zeros((301, 260, 2), "float32")
    tiling = Tiling(config_of(trained), image.shape, 188, seamless=False)
    for tile, scores in predicted_tiles(trained, image, tiling, 2, Standard.none(image)):
        found[tile.write] = scores
    config = config_of(trained)
    assert (classes_of(found, config) != classes_of(whole(trained, image), config)).sum() > 10


def test_the_result_depends_neither_on_the_tile_nor_on_the_batch():
    model = live(CONFIG)
    image = np.random.default_rng(2).normal(size=(90, 111)).astype("float32")
    wanted = predict_image(model, image)
    for tile, batch in ((52, 1), (76, 7), (1000, 3), ((52, 300), None)):
        assert np.abs(predict_image(model, image, tile, batch_size=batch) - wanted).max() < 1e-5
    # Built for one size of tile, the weights serve any.
    fixed = build_model(CONFIG, 76)
    fixed.set_weights(model.get_weights())
    assert np.abs(predict_image(fixed, image, 52) - wanted).max() < 1e-5
    assert np.abs(predict_image(fixed, image, 76) - wanted).max() < 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (3, 7), (2, 20_000)])
def test_images_of_odd_sizes(shape):
    model = live(CONFIG)
    image = np.random.default_rng(3).normal(size=shape).astype("float32")
    found = predict_image(model, image, 76)
    assert np.abs(found - whole(model, image[..., None])).max() < 1e-5


@pytest.mark.parametrize("kind", ["uint8", "uint16", "int32", "float64", "float16", "bool"])
def test_numbers_of_all_kinds(kind):
    model = live(CONFIG)
    image = (np.random.default_rng(4).integers(0, 256, (60, 70)) % (2 if kind == "bool" else 256)).astype(kind)
    assert np.abs(predict_image(model, image, 76) - predict_image(model, image.astype("float32"), 76)).max() == 0
    standard = predict_image(model, image, 76, normalize=True)
    assert np.abs(standard - predict_image(model, normalize(image[..., None]), 76)).max() < 1e-5
    assert predict_image(model, image.tolist(), 76).shape == (60, 70, 2)


def test_sixteen_bits_are_as_eight_once_normalised():
    model = live(CONFIG)
    image = np.random.default_rng(5).integers(0, 256, (60, 70)).astype("uint8")
    deep = image.astype("uint16") * 257
    found = [predict_image(model, each, 76, normalize=True) for each in (image, deep)]
    assert np.abs(found[0] - found[1]).max() < 1e-5
    flat = predict_image(model, np.full((60, 70), 40_000, "uint16"), 76, normalize=True)
    assert np.isfinite(flat).all()


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (
            np.zeros((5, 5, 4)),
            "has 4 channels, the network takes 1: image\\[..., :1\\] takes the first; the fourth of RGBA",
        ),
        (np.zeros((5, 5, 3)), "has 3 channels, the network takes 1"),
        (np.array([[1.0, 2.0], [3.0, np.nan]]), "NaN or infinite numbers, the first in row 1, column 1"),
        (np.array([[np.inf, 1.0], [0.0, 0.0]]), "the first in row 0, column 0"),
        (np.zeros((0, 5)), "has shape \\(0, 5\\): give \\(height, width\\)"),
        (np.zeros((1, 2, 3, 4)), "has shape \\(1, 2, 3, 4\\)"),
        (np.zeros(5), "has shape \\(5,\\)"),
        (np.array([["a"]]), "holds <U1: give whole or real numbers"),
        (np.zeros((2, 2), complex), "holds complex128"),
        (None, "image=None"),
    ],
    ids=str,
)
def test_what_cannot_be_predicted_is_refused_in_words_and_nothing_is_written(image, words):
    out = np.full((2, 2, 2), 7.0, "float32")
    with pytest.raises(ValueError, match=words):
        predict_image(live(CONFIG), image, 76, out=out)
    assert (out == 7).all()


def test_what_does_not_go_together_is_refused_in_words():
    model, image = live(CONFIG), np.zeros((50, 50), "float32")
    with pytest.raises(ShapeError, match="Tile 77 does not fit"):
        predict_image(model, image, 77)
    with pytest.raises(ValueError, match="cannot cover 50 px without seams"):
        predict_image(live(UNetConfig(depth=4, base_filters=1)), image, 188)
    with pytest.raises(ValueError, match="out has shape \\(50, 50\\): give one of shape \\(50, 50, 2\\)"):
        predict_image(model, image, 76, out=np.zeros((50, 50)))
    with pytest.raises(ValueError, match="batch_size=0 is not allowed"):
        predict_image(model, image, 76, batch_size=0)
    with pytest.raises(ValueError, match="is no U-Net of this plan"):
        predict_image("a model", image, 76)
    with pytest.raises(DataError, match=r"nowhere\.tif is not there"):
        predict_image(model, "/nowhere.tif", 76)


def test_progress_is_told_after_every_batch():
    told = []
    predict_image(live(CONFIG), np.zeros((90, 90), "uint8"), 76, batch_size=4, progress=lambda *each: told.append(each))
    assert told == [(4, 9), (8, 9), (9, 9)]


class Counting:
    """An image that notes the largest part it was asked for."""

    def __init__(self, values: np.ndarray) -> None:
        self.values, self.shape, self.dtype, self.largest = values, values.shape, values.dtype, 0

    def __getitem__(self, place):
        part = self.values[place]
        self.largest = max(self.largest, part.size)
        return part


def test_no_more_of_an_image_is_read_at_once_than_a_tile():
    image = Counting(np.random.default_rng(6).integers(0, 255, (700, 900)).astype("uint8"))
    model = live(CONFIG)
    found = predict_image(model, image, 100, batch_size=3)
    assert image.largest <= 100 * 100
    assert_equal(found, predict_image(model, image.values, 100), CONFIG)


@examples(20)
@given(KINDS)
def test_the_design_is_read_off_the_network(config):
    assert config_of(build_model(config)) == config
    keras.utils.clear_session()


def test_other_networks_are_told_from_ours(tmp_path):
    model = live(CONFIG)
    model.save(tmp_path / "unet.keras")
    assert config_of(keras.models.load_model(tmp_path / "unet.keras")) == CONFIG
    other = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Conv2D(2, 3, name="enc0_conv1")])
    with pytest.raises(ValueError, match="no U-Net of this plan"):
        config_of(other)
    inputs = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(2, 3, name="enc0_conv1")(inputs)
    x = keras.layers.MaxPooling2D(2, name="enc0_pool")(x)
    odd = keras.Model(inputs, keras.layers.Conv2D(2, 1, name="head")(x))
    with pytest.raises(ValueError, match="it has none at bottleneck_conv1"):
        config_of(odd)


def test_what_the_readme_shows_of_it_runs(tmp_path, monkeypatch):
    shown = (PROJECT / "README.md").read_text("utf-8")
    code = next(block for block in shown.split("```") if "predict_image(model" in block).removeprefix("python\n")
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(8).integers(0, 255, (60, 70)).astype("uint8")
    tifffile.imwrite("huge.tif", image, compression="zlib")
    out = zarr.create_array("out.zarr", shape=(60, 70, 2), dtype="f4", chunks=(32, 32, 2))
    (tmp_path / "images").mkdir()
    np.save("images/a.npy", image)
    names = {"model": live(UNetConfig(depth=3, base_filters=2)), "image": image, "zarr_array": out}
    exec(code, names)
    assert names["scores"].shape == (60, 70, 2)
    assert np.isfinite(out[:]).all()
    assert np.asarray(out[:]).any()
    assert np.array_equal(tifffile.imread("mask.tif"), np.asarray(out[:]).argmax(axis=-1))
    assert {path.name for path in (tmp_path / "masks").iterdir()} > {"a_mask.tif", "a_objects.csv", "summary.csv"}


def test_only_the_last_few_sizes_are_kept_compiled():
    from unet_explorer.predict import tiles as predict

    model = live(CONFIG)
    for size in range(52, 52 + 4 * 12, 4):
        predict.forward(model, (size, size))
    assert len(predict._COMPILED[model]) == predict._SIZES
    first = next(iter(predict._COMPILED[model]))
    predict.forward(model, first)
    assert next(iter(predict._COMPILED[model])) != first, "the last used is the last to go"


def test_a_tensor_is_an_image_as_well():
    import tensorflow as tf

    image = np.random.default_rng(0).normal(size=(40, 50)).astype("float32")
    assert np.array_equal(predict_image(live(CONFIG), tf.constant(image), 76), predict_image(live(CONFIG), image, 76))


def test_what_would_not_hold_the_scores_is_refused_before_anything_is_written():
    model = live(CONFIG)
    image = np.zeros((60, 70), "float32")
    for kind in ("uint8", "int64", "bool"):
        out = np.full((60, 70, 2), 1, kind)
        with pytest.raises(ValueError, match="would cut the scores"):
            predict_image(model, image, 76, out=out)
        assert (out == 1).all()
    both = np.zeros((60, 70, 2), "float32")
    with pytest.raises(ValueError, match="shares its memory with the image"):
        predict_image(model, both[..., 0], 76, out=both)
    hidden = np.ma.masked_less(np.arange(4200.0).reshape(60, 70), 30)
    with pytest.raises(DataError, match=r"image=.* is a masked array, and 30 of its numbers are hidden"):
        predict_image(model, hidden, 76)
    with pytest.raises(DataError, match=r"images=.* is a masked array"):
        from_stack(hidden[None], np.zeros((1, 60, 70), int))
    assert predict_image(model, np.ma.array(image), 76).shape == (60, 70, 2)
