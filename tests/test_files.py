"""A user's own images as a data set: real nuclei, stacks, zips, and how numbers are scaled."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from own_images import GREY, SQUARE, pair, refusal, save, save_tiff
from PIL import Image
from support import SHARED

from unet_explorer.data import decoded
from unet_explorer.data.files import from_folder
from unet_explorer.data.stacks import from_stack

NUCLEI = SHARED / "data" / "nuclei" / "stage1_train"


@pytest.mark.skipif(not NUCLEI.exists(), reason="the nuclei of BBBC038 are not beside this checkout")
@pytest.mark.parametrize("place", [NUCLEI, NUCLEI.parent])
def test_nuclei_of_bbbc038(place):
    data = from_folder(place)
    assert len(data) == 50
    assert data.channels == 3
    assert data.classes == ("background", "nucleus")
    for image, labels, instances, title in zip(data.images, data.labels, data.instances, data.titles, strict=True):
        with Image.open(NUCLEI / title / "images" / f"{title}.png") as file:
            np.testing.assert_array_equal(np.rint(image * 255), np.asarray(file.convert("RGB")))
        masks = [np.asarray(Image.open(path)) > 0 for path in (NUCLEI / title / "masks").iterdir()]
        np.testing.assert_array_equal(labels, np.any(masks, axis=0))
        numbers = np.unique(instances[instances > 0])
        assert numbers.tolist() == list(range(1, len(masks) + 1))
        assert sorted(int((instances == number).sum()) for number in numbers) == sorted(int(m.sum()) for m in masks)


@pytest.mark.skipif(not NUCLEI.exists(), reason="the nuclei of BBBC038 are not beside this checkout")
def test_nuclei_from_a_zip_with_a_folder_on_top(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spare"))
    (tmp_path / "spare").mkdir()
    some = sorted(NUCLEI.iterdir())[:3]
    with zipfile.ZipFile(tmp_path / "dsb.zip", "w") as archive:
        for path in (path for folder in some for path in folder.rglob("*.png")):
            archive.write(path, Path("nuclei", path.relative_to(NUCLEI.parent)))
    data = from_folder(tmp_path / "dsb.zip")
    assert data.titles == tuple(folder.name for folder in some)
    assert data.name == "dsb"
    assert list((tmp_path / "spare").iterdir()) == []


def objects(folder: Path, name: str, masks: list[np.ndarray]) -> None:
    save(folder / name / "images" / f"{name}.png", GREY)
    (folder / name / "masks").mkdir()
    for number, mask in enumerate(masks):
        save(folder / name / "masks" / f"{number}.png", mask)


def test_one_mask_an_object(tmp_path):
    left, right = np.zeros((2, 20, 30), np.uint8)
    left[:, :10], right[:, 8:20] = 255, 1
    objects(tmp_path, "x", [left, right])
    objects(tmp_path, "y", [])
    for data in (from_folder(tmp_path), from_folder(tmp_path / "x")):
        np.testing.assert_array_equal(data.instances[0][0, [0, 7, 8, 19, 20]], [1, 1, 2, 2, 0])
        np.testing.assert_array_equal(data.labels[0], data.instances[0] > 0)
    assert not from_folder(tmp_path).labels[1].any()
    save(tmp_path / "x" / "masks" / "soft.png", GREY)
    assert "masks/soft.png holds 255 values besides 0 (1, 2, 3, 4, 5 and 250 more)" in refusal(tmp_path)


def test_an_image_without_a_folder_of_masks_is_named(tmp_path):
    objects(tmp_path, "x", [SQUARE, SQUARE])
    save(tmp_path / "y" / "images" / "y.png", GREY)
    assert "1 of 2 folders" in refusal(tmp_path)
    assert "have no masks: y." in refusal(tmp_path)


def test_a_pair_of_stacks_as_the_isbi_challenge_gives_it(tmp_path):
    volume = np.random.default_rng(0).integers(0, 256, (7, 24, 24), np.uint8)
    labels = np.where(volume > 99, 255, 0).astype(np.uint8)
    save_tiff(tmp_path / "train-volume.tif", volume, photometric="minisblack")
    save_tiff(tmp_path / "train-labels.tif", labels, photometric="minisblack")
    save_tiff(tmp_path / "test-volume.tif", volume, photometric="minisblack")
    paths = from_stack(tmp_path / "train-volume.tif", str(tmp_path / "train-labels.tif"))
    for data in (from_folder(tmp_path), paths, from_stack(volume, labels), from_stack(list(volume), list(labels > 0))):
        np.testing.assert_array_equal(data.images, (volume / np.float32(255))[..., None])
        np.testing.assert_array_equal(data.labels, labels > 0)
        assert data.classes == ("background", "foreground")
    assert len(from_folder(tmp_path, limit=3)) == 3
    assert from_stack(volume, labels, name="mine").name == "mine"
    save_tiff(tmp_path / "more-volume.tif", volume)
    save_tiff(tmp_path / "more-labels.tif", labels)
    assert "several pairs of stacks" in refusal(tmp_path)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_stacks_are_read_however_they_are_packed(tmp_path, compression):
    volume = [Image.fromarray(np.roll(GREY, shift)) for shift in range(4)]
    volume[0].save(tmp_path / "v.tif", save_all=True, append_images=volume[1:], compression=compression)
    data = from_stack(tmp_path / "v.tif", np.zeros((4, 20, 30), int))
    np.testing.assert_array_equal(np.rint(data.images[..., 0] * 255), np.stack([np.asarray(image) for image in volume]))


@pytest.mark.parametrize(
    ("images", "labels", "words"),
    [
        (np.zeros((3, 8, 8)), np.zeros((2, 8, 8), int), "3 images, but 2 labels"),
        (np.zeros((2, 8, 8)), np.zeros((2, 8, 9), int), "The label of image 1 is 8 × 9 pixels, but its image"),
        (np.zeros((8, 8)), np.zeros((8, 8), int), "image[None]"),
        (np.zeros((0, 8, 8)), np.zeros((0, 8, 8), int), "images holds no image"),
        ([], [], "images holds no image"),
        (np.zeros((1, 0, 8)), np.zeros((1, 0, 8), int), "has shape (0, 8)"),
        (np.zeros((1, 8, 8), complex), np.zeros((1, 8, 8), int), "not real numbers"),
        (np.full((1, 8, 8), None), np.zeros((1, 8, 8), int), "not real numbers"),
        (
            np.full((1, 8, 8), np.nan),
            np.zeros((1, 8, 8), int),
            "images, image 1 holds numbers that are infinite or NaN",
        ),
        (np.zeros((1, 8, 8)), np.full((1, 8, 8), 0.5), "not whole"),
        (np.zeros((1, 8, 8)), np.full((1, 8, 8), -1), "holds -1 to -1"),
        (np.zeros((1, 8, 8)), np.full((1, 8, 8), 2**40), "whole numbers from 0"),
        (np.zeros((1, 8, 8)), np.full((1, 8, 8), np.inf), "not whole"),
        (np.zeros((1, 8, 8)), np.full((1, 8, 8), 1e300), "whole numbers from 0"),
        (np.zeros((2, 8, 8)), [[1, 2], [3]], "labels, image 1 has shape (2,)"),
        ([[[1, 2], [3]]], np.zeros((1, 8, 8), int), "no array of numbers"),
        (None, None, "images=None is not allowed"),
        (7, 7, "images=7 is not allowed"),
        ("nowhere.tif", "nowhere.tif", "nowhere.tif is not there"),
        ("no\0where.tif", "x", "where.tif is not there"),
    ],
)
def test_stacks_that_do_not_go_together(images, labels, words):
    with pytest.raises(decoded.DataError) as caught:
        from_stack(images, labels)
    assert words in str(caught.value)


def test_floats_are_scaled_image_by_image_if_at_all(tmp_path):
    for name, low, high in (("a", 0.0, 0.5), ("b", 0.25, 1.0)):
        save_tiff(tmp_path / "images" / f"{name}.tif", np.linspace(low, high, 600, dtype="f4").reshape(20, 30))
        save(tmp_path / "masks" / f"{name}.png", SQUARE)
    assert [float(image.max()) for image in from_folder(tmp_path).images] == [0.5, 1.0]
    save_tiff(tmp_path / "images" / "b.tif", np.linspace(-1, 3, 600, dtype="f8").reshape(20, 30))
    scaled = from_folder(tmp_path).images
    assert [float(image.min()) for image in scaled] == [0.0, 0.0]
    assert [float(image.max()) for image in scaled] == [0.5, 1.0]


def test_floats_of_any_size(tmp_path):
    ends = np.array([[-1.5e308, 0.0, 1.5e308]])
    np.testing.assert_allclose(from_stack(ends[None], np.zeros((1, 1, 3), int)).images.ravel(), [0, 0.5, 1])
    assert not from_stack(np.full((1, 2, 2), 7.0), np.zeros((1, 2, 2), int)).images.any()


def test_colour_of_one_makes_all_colour_and_grey_in_rgb_stays_grey(tmp_path):
    pair(tmp_path, np.repeat(GREY[..., None], 3, axis=-1), stem="a")
    save(tmp_path / "images" / "b.png", np.dstack([GREY, GREY, GREY, GREY]))  # RGBA
    save(tmp_path / "masks" / "b.png", SQUARE)
    assert from_folder(tmp_path).channels == 1
    pair(tmp_path, np.dstack([GREY, GREY, 255 - GREY]), stem="c")
    data = from_folder(tmp_path)
    assert data.channels == 3
    np.testing.assert_array_equal(data.images[1], np.repeat((GREY / np.float32(255))[..., None], 3, axis=-1))
    assert from_folder(tmp_path, grey=True).channels == 1


def test_arrays_keep_their_channels():
    assert from_stack(np.zeros((2, 8, 8, 5), np.uint8), np.zeros((2, 8, 8, 1), bool)).channels == 5


def test_images_of_several_sizes_stay_apart(tmp_path):
    pair(tmp_path, stem="a")
    pair(tmp_path, GREY[:9], SQUARE[:9], stem="b")
    data = from_folder(tmp_path)
    assert data.size is None
    assert [labels.shape for labels in data.labels] == [(20, 30), (9, 30)]


def test_only_so_many_are_read(tmp_path):
    for name in "cab":
        pair(tmp_path, stem=name)
    assert from_folder(tmp_path, limit=2).titles == ("a", "b")
    assert len(from_folder(tmp_path, limit=99)) == 3
    for limit in (0, -1, 1.5, True, "2"):
        assert "is not allowed: give a whole number of images" in refusal(tmp_path, limit=limit)


@pytest.mark.parametrize("path", ["/no/such/folder", "", "no\0folder", 7, None, "~nobody-at-all/x"])
def test_paths_that_lead_nowhere(tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="There is no folder|cannot be read|no data set"):
        from_folder(path)


def test_a_file_instead_of_a_folder(tmp_path):
    assert "a.png is a file: give the folder" in refusal(save(tmp_path / "a.png", GREY))


def test_a_zip_is_removed_whatever_happens(tmp_path, monkeypatch):
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spare))
    home = pair(tmp_path / "set")
    shutil.make_archive(str(tmp_path / "good"), "zip", home)
    data = from_folder(tmp_path / "good.zip")
    assert (len(data), data.name) == (1, "good")
    (home / "masks" / "a.png").write_bytes(b"text")
    shutil.make_archive(str(tmp_path / "bad"), "zip", home)
    text = refusal(tmp_path / "bad.zip")
    assert text.startswith("masks/a.png holds no picture")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "good.zip").read_bytes()[:-30])
    assert "cut.zip is no zip, or damaged" in refusal(tmp_path / "cut.zip")
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("../evil.png", b"x")
    assert "leads out of its folder" in refusal(tmp_path / "evil.zip")
    assert list(spare.iterdir()) == []
    assert not list(tmp_path.rglob("evil.png"))
