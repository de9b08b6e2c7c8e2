"""What whoever reads a set must say, and what a file says itself: planes, units, classes, what is for validation."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from own_images import GREY, RAMP, SQUARE, pair, refusal, save, save_tiff
from PIL import Image

from unet_explorer import Dataset, cells, from_folder, from_stack, open_image, shapes
from unet_explorer.data.arrays import scaled_image
from unet_explorer.data.dataset import joined, normalize
from unet_explorer.data.decoded import DataError, DecodedImage
from unet_explorer.data.limits import limits_of

BANDS = np.random.default_rng(1).integers(0, 255, (20, 30, 5)).astype("uint8")


def only(root, pixels, **options):
    """A folder with one TIFF as its image, and a mask."""
    save_tiff(root / "images" / "a.tif", pixels, **options)
    save(root / "masks" / "a.png", SQUARE)
    return root


# Planes ------------------------------------------------------------------------------------------------------------


def test_planes_without_a_word_are_asked_about_and_shown(tmp_path):
    root = only(tmp_path, np.moveaxis(BANDS, -1, 0), photometric="minisblack")
    with pytest.raises(
        DataError, match=r"images/a\.tif holds 5 planes .* does not say what they are.*planes="
    ) as caught:
        from_folder(root)
    question = caught.value.question
    assert question.option == "planes"
    assert [value for value, _ in question.choices] == ["channels", "slices", "time", "images"]
    assert [each.shape for each in question.pictures] == [(20, 30)] * 5
    data = from_folder(root, planes="channels")
    np.testing.assert_array_equal(np.rint(data.images[0] * 255), BANDS)
    assert "holds 5 images, and its mask masks/a.png 1" in refusal(root, planes="slices")
    (root / "masks" / "a.png").unlink()
    save_tiff(root / "masks" / "a.tif", np.stack([SQUARE] * 5), photometric="minisblack")
    data = from_folder(root, planes="time")
    np.testing.assert_array_equal(np.rint(data.images[..., 0] * 255), np.moveaxis(BANDS, -1, 0))


@pytest.mark.parametrize("options", [{"ome": True}, {"imagej": True}, {}])
def test_channels_that_the_file_names_are_channels(tmp_path, options):
    root = only(tmp_path, np.moveaxis(BANDS, -1, 0), metadata={"axes": "CYX"}, photometric="minisblack", **options)
    np.testing.assert_array_equal(np.rint(from_folder(root).images[0] * 255), BANDS)


@pytest.mark.parametrize("bands", [2, 4, 5])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_bands_that_nobody_names_are_asked_about(tmp_path, bands, planar):
    pixels = BANDS[..., :bands]
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0)
    root = only(tmp_path, stored, photometric="minisblack", planarconfig=planar, metadata=None)
    assert 'planes="channels"' in refusal(root)
    np.testing.assert_array_equal(np.rint(from_folder(root, planes="channels").images[0] * 255), pixels)


def test_an_ome_tiff_pairs_by_its_name(tmp_path):
    save_tiff(tmp_path / "images" / "a.ome.tif", GREY, ome=True)
    save(tmp_path / "masks" / "a.png", SQUARE)
    assert from_folder(tmp_path).titles == ("a",)


@pytest.mark.parametrize(
    ("array", "planes", "shapes_"),
    [
        (GREY, None, [(20, 30, 1)]),
        (BANDS[..., :3], None, [(20, 30, 3)]),
        (BANDS, "channels", [(20, 30, 5)]),
        (np.moveaxis(BANDS, -1, 0), "channels", [(20, 30, 5)]),
        (np.moveaxis(BANDS, -1, 0)[..., None], None, [(20, 30, 1)] * 5),
    ],
)
def test_arrays_that_numpy_saved(tmp_path, array, planes, shapes_):
    for part, values in (
        ("images", array),
        ("masks", SQUARE if len(shapes_) == 1 else np.stack([SQUARE] * 5)[..., None]),
    ):
        (tmp_path / part).mkdir()
        np.save(tmp_path / part / "a.npy", values)
    data = from_folder(tmp_path, planes=planes)
    assert [np.shape(each) for each in data.images] == shapes_
    np.testing.assert_array_equal(data.labels[0], SQUARE > 0)


def test_an_array_with_a_side_too_many_is_asked_about_and_objects_are_never_unpacked(tmp_path):
    root = pair(tmp_path)
    (root / "images" / "a.png").unlink()
    np.save(root / "images" / "a.npy", np.moveaxis(BANDS, -1, 0))
    assert "images/a.npy has shape (5, 20, 30), and does not say" in refusal(root)
    np.save(root / "images" / "a.npy", np.array([{}, []], object), allow_pickle=True)
    assert "images/a.npy holds Python objects, which are never unpacked" in refusal(root)


# Numbers -----------------------------------------------------------------------------------------------------------

WAVES = np.add.outer(np.sin(np.arange(20)), np.cos(np.arange(30) / 3)).astype("float32")


@pytest.mark.parametrize("mark", [-3.4028235e38, -9999.0, 1e35, -32768.0])
@pytest.mark.parametrize("share", [1, 0.3])
def test_no_data_and_hot_pixels_flatten_nothing(tmp_path, mark, share):
    """The pixels that hold something look as they do without the others."""
    spoilt = WAVES.copy()
    spoilt[:1, :1] = mark
    if share < 1:
        spoilt[:6] = mark
    good = spoilt == WAVES
    data = from_folder(only(tmp_path, spoilt))
    alone = WAVES[good]
    wanted = (alone - alone.min()) / (alone.max() - alone.min())
    np.testing.assert_allclose(data.images[0][..., 0][good], wanted, atol=1e-6)
    assert any(f"a: {np.count_nonzero(~good)} pixels" in note for note in data.notes)
    prepared = normalize(data.images[0])[..., 0][good]
    assert prepared.std() > 0.5


def test_one_image_in_other_units_flattens_no_other(tmp_path):
    for name, unit in (("a", 1.0), ("b", 1e6), ("c", 1e-30)):
        save_tiff(tmp_path / "images" / f"{name}.tif", WAVES.astype("float64") * unit)
        save(tmp_path / "masks" / f"{name}.png", SQUARE)
    data = from_folder(tmp_path)
    np.testing.assert_allclose(data.images[1], data.images[0], atol=1e-6)
    np.testing.assert_allclose(data.images[2], data.images[0], atol=1e-6)
    assert not data.notes


@given(
    st.lists(st.integers(0, 255), min_size=2, max_size=400),
    st.sampled_from([1e-12, 1.0, 1e9]),
    st.sampled_from([0.0, -3.0]),
)
def test_eight_bits_are_never_cut_whatever_unit_they_are_stored_in(values, unit, offset):
    stored = (np.array(values, "float64") + offset) * unit
    limits = limits_of(stored[:, None])
    assert limits.beyond(stored[:, None]) == 0


@given(st.integers(0, 2**31), st.floats(1e-20, 1e20), st.floats(-1e3, 1e3))
def test_a_network_sees_the_same_in_any_unit(seed, gain, offset):
    image = np.random.default_rng(seed).normal(size=(9, 7, 2))
    np.testing.assert_allclose(normalize((image + offset) * gain), normalize(image), atol=1e-3)


def test_a_flat_image_is_zero_and_not_noise():
    for level in (0.0, 0.1, 1e-20, 1e7):
        assert not normalize(np.full((50, 50, 1), level, "float32")).any()
    image, beyond = scaled_image(DecodedImage(np.full((2, 2), 5.0), None))
    assert (image.ravel().tolist(), beyond) == ([0, 0, 0, 0], 0)


# Masks -------------------------------------------------------------------------------------------------------------


def test_one_hot_masks_in_files(tmp_path):
    truth = np.minimum(RAMP, 2)
    hot = np.eye(3, dtype="uint8")[truth] * 255
    root = pair(tmp_path, mask=hot)
    np.testing.assert_array_equal(from_folder(root, labels="onehot").labels[0], truth)
    (root / "masks" / "a.png").unlink()
    save_tiff(root / "masks" / "a.tif", np.moveaxis(hot // 255, -1, 0), photometric="minisblack")
    np.testing.assert_array_equal(from_folder(root, labels="onehot").labels[0], truth)
    hot[0, 0] = 255
    save_tiff(root / "masks" / "a.tif", np.moveaxis(hot, -1, 0), photometric="minisblack")
    assert "needs a channel for each class" in refusal(root, labels="onehot") or "argmax" in refusal(
        root, labels="onehot"
    )
    assert "onehot" in refusal(pair(tmp_path / "grey"), labels="onehot")
    truth = np.stack([truth, truth])
    with pytest.raises(DataError, match="is not one-hot"):
        from_stack(np.stack([GREY] * 2), truth, labels_are="onehot")
    data = from_stack(np.stack([GREY] * 2), np.eye(3)[truth], labels_are="onehot")
    np.testing.assert_array_equal(data.labels, truth)


@pytest.mark.parametrize("ignore", [9, "#090909"])
def test_what_is_ignored_is_not_known(tmp_path, ignore):
    truth = RAMP.copy()
    truth[:3] = 9
    colours = np.arange(256)[:, None] * np.array([1, 1, 1])
    if isinstance(ignore, str):
        colours[1:5] = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0]]
    mask = colours.astype("uint8")[truth] if isinstance(ignore, str) else truth
    data = from_folder(pair(tmp_path, mask=mask), ignore=ignore)
    assert (data.labels[0][:3] == -1).all()
    assert (data.labels[0][3:] >= 0).all()
    assert data.pixels.sum() == 17 * 30
    assert len(data.classes) == 5


def test_class_names_that_are_said_count_more_than_those_of_the_file(tmp_path):
    root = pair(tmp_path, mask=RAMP)
    (root / "classes.txt").write_text("a\nb\nc\nd\ne\n")
    assert from_folder(root).classes == ("a", "b", "c", "d", "e")
    assert from_folder(root, classes=list("vwxyz")).classes == ("v", "w", "x", "y", "z")
    assert "classes='abc' is not allowed" in refusal(root, classes="abc")
    save(root / "masks" / "a.png", np.array([[0, 0, 0], [9, 9, 0]], "uint8")[RAMP % 2])
    data = from_folder(root, classes=["sky #090900", "bird #000000"])
    np.testing.assert_array_equal(data.labels[0], 1 - RAMP % 2)


@pytest.mark.parametrize(
    "options",
    [{"planes": "depth"}, {"threshold": 0}, {"threshold": "x"}, {"ignore": -1}, {"ignore": "white"}, {"grey": 3}],
)
def test_what_may_not_be_said(tmp_path, options):
    assert f"{next(iter(options))}=" in refusal(pair(tmp_path), **options)


# Layouts -----------------------------------------------------------------------------------------------------------


def test_pascal_voc_as_it_comes(tmp_path):
    root = tmp_path / "VOCdevkit" / "VOC2012"
    truth = np.zeros((20, 30), np.uint8)
    truth[4:14, 5:20], truth[6:12, 7:18] = 255, 15
    palette = np.zeros((256, 3), np.uint8)
    palette[[15, 255]] = [[192, 128, 128], [224, 224, 192]]
    for name in ("2007_1", "2007_2", "2007_3", "2007_9"):
        save(root / "JPEGImages" / f"{name}.jpg", np.dstack([GREY] * 3))
        if name != "2007_9":
            for kind in ("Class", "Object"):
                mask = Image.fromarray(truth)
                mask.putpalette(palette.ravel().tolist())
                path = root / f"Segmentation{kind}" / f"{name}.png"
                path.parent.mkdir(exist_ok=True)
                mask.save(path)
    (root / "ImageSets" / "Segmentation").mkdir(parents=True)
    (root / "ImageSets" / "Segmentation" / "train.txt").write_text("2007_3\n2007_1\n")
    (root / "ImageSets" / "Segmentation" / "val.txt").write_text("2007_2\n")
    data = from_folder(tmp_path)
    assert data.titles == ("2007_3", "2007_1", "2007_2")
    assert data.validation == 1
    assert data.classes[15] == "person"
    np.testing.assert_array_equal(data.labels[0], np.where(truth == 255, -1, truth.astype(int)))
    assert data.notes[0] == "1 images that have no mask were left out."


@pytest.mark.parametrize(
    "folders",
    [
        [("train/images", "train/masks"), ("val/images", "val/masks"), ("test/images", "test/masks")],
        [("images/training", "annotations/training"), ("images/validation", "annotations/validation")],
        [("train", "trainannot"), ("val", "valannot"), ("test", "testannot")],
        [("Train/img", "Train/label"), ("Valid/img", "Valid/label")],
    ],
)
def test_what_is_for_validation_is_examined_and_never_learnt(tmp_path, folders):
    for number, (images, masks) in enumerate(folders):
        for name in "ab"[: max(1, 2 - number)]:
            save(tmp_path / images / f"{number}{name}.png", GREY)
            save(tmp_path / masks / f"{number}{name}.png", SQUARE)
    data = from_folder(tmp_path)
    learnt, examined = data.split(seed=3)
    assert (learnt.titles, examined.titles) == (("0a", "0b"), ("1a",))
    if len(folders) > 2:
        assert any(note.startswith("test was left out") for note in data.notes)
    assert from_folder(tmp_path, limit=1).titles == ("0a", "1a")


def test_a_set_may_be_given_another_to_be_examined_on():
    both = joined(cells(4, size=64), cells(2, size=64, seed=1))
    learnt, examined = both.split(0.5, seed=7)
    np.testing.assert_array_equal(examined.images[1], cells(2, size=64, seed=1).images[1])
    assert len(learnt) == 4
    assert both.take([0, 5]).validation == 0
    with pytest.raises(ValueError, match="1 channels, those of validation 3"):
        joined(
            cells(2, size=64), Dataset("rgb", np.zeros((2, 4, 4, 3), "float32"), np.zeros((2, 4, 4), int), ("a", "b"))
        )
    with pytest.raises(
        ValueError, match="The classes to learn are background, cell, those of validation background, disc"
    ):
        joined(cells(2, size=64), shapes(2, size=64).grey())
    with pytest.raises(ValueError, match=r"validation=3 of 3 images: leave at least one"):
        Dataset("x", np.zeros((3, 4, 4, 1), "float32"), np.zeros((3, 4, 4), int), ("a", "b"), validation=3)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_an_umlaut_is_one_sign_or_two(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    save(tmp_path / "images" / f"{unicodedata.normalize(form, 'Zelle_ä')}.png", GREY)
    save(tmp_path / "masks" / f"{unicodedata.normalize(other, 'Zelle_ä')}_mask.png", SQUARE)
    assert len(from_folder(tmp_path)) == 1


def test_what_was_left_out_is_told(tmp_path):
    pair(tmp_path)
    save(tmp_path / "masks" / "over.png", SQUARE)
    assert from_folder(tmp_path).notes == ("1 masks without an image were left out: over.png.",)


def test_a_stack_reads_what_the_file_says(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([GREY] * 4), photometric="minisblack", metadata={"axes": "ZYX"})
    assert len(from_stack(tmp_path / "a.tif", np.stack([SQUARE] * 4))) == 4


def test_of_a_pyramid_in_tiles_the_full_size_is_opened(tmp_path):
    full = np.random.default_rng(2).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(full, subifds=1, photometric="rgb", tile=(16, 16))
        file.write(full[::2, ::2], subfiletype=1, photometric="rgb", tile=(16, 16))
    np.testing.assert_array_equal(np.asarray(open_image(path)[:, :]), full)
