"""Which files belong together, and folders that are of no use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from own_images import GREY, RAMP, SQUARE, pair, refusal, save
from support import SHARED

from unet_explorer.data import folders, listing
from unet_explorer.data.files import from_folder

NUCLEI = SHARED / "data" / "nuclei" / "stage1_train"


@pytest.mark.parametrize("images", ["images", "Image", "IMGS", "img"])
@pytest.mark.parametrize("masks", ["masks", "Labels", "label", "GT", "annotations", "truth"])
def test_the_two_folders_have_many_names(tmp_path, images, masks):
    save(tmp_path / images / "a.png", GREY)
    save(tmp_path / masks / "a.png", SQUARE)
    data = from_folder(tmp_path)
    np.testing.assert_array_equal(data.images[0][..., 0], GREY / np.float32(255))
    np.testing.assert_array_equal(data.labels[0], SQUARE > 0)
    assert data.classes == ("background", "foreground")
    assert data.titles == ("a",)
    assert data.name == tmp_path.name
    assert data.instances is None


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("one.png", "one_mask.png"),
        ("one.png", "ONE_GT.tif"),
        ("one.jpg", "one-label.png"),
        ("one.jpg", "mask_one.bmp"),
        ("img_1.png", "mask_1.gif"),
        ("image.1.png", "label.1.png"),
        ("one_img.png", "one_segmentation.png"),
    ],
)
def test_files_pair_by_name_but_for_a_word(tmp_path, image, mask):
    save(tmp_path / "images" / image, GREY)
    save(tmp_path / "masks" / mask, SQUARE)
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], SQUARE > 0)


def test_every_image_gets_its_own_mask(tmp_path):
    for value in range(1, 13):
        pair(tmp_path, np.full((4, 5), value, np.uint8), np.full((4, 5), value, np.uint8), f"n{value}")
    data = from_folder(tmp_path)
    assert [round(float(image[0, 0, 0] * 255)) for image, _ in data] == [int(label[0, 0]) for _, label in data]
    assert data.classes == ("background", *(f"class {number}" for number in range(1, 13)))


def test_images_without_mask_are_named_and_masks_without_image_ignored(tmp_path):
    pair(tmp_path)
    save(tmp_path / "masks" / "more.png", SQUARE)
    assert len(from_folder(tmp_path)) == 1
    for name in "bcdefgh":
        save(tmp_path / "images" / f"{name}.png", GREY)
    text = refusal(tmp_path)
    assert text.startswith(
        "7 of 8 images in images have no mask in masks: b.png, c.png, d.png, e.png, f.png and 2 more."
    )


@pytest.mark.parametrize("twins", [("images/a.tif",), ("masks/a.tif",), ("masks/A.png",)])
def test_two_files_for_one_place_are_refused(tmp_path, twins):
    pair(tmp_path)
    for twin in twins:
        save(tmp_path / twin, GREY)
    assert "which mask belongs to which image" in refusal(tmp_path)


def test_two_folders_for_one_place_are_refused(tmp_path):
    pair(tmp_path)
    save(tmp_path / "labels" / "a.png", SQUARE)
    assert "holds labels, masks, and any of them may be the one" in refusal(tmp_path)


def test_two_data_sets_are_refused(tmp_path):
    pair(tmp_path / "monday")
    pair(tmp_path / "tuesday")
    assert "holds 2 data sets (monday, tuesday): give the folder of one" in refusal(tmp_path)
    pair(tmp_path / "train")
    pair(tmp_path / "val")
    assert "holds 4 data sets" in refusal(tmp_path)


def test_a_set_may_lie_deeper(tmp_path):
    pair(tmp_path / "a" / "b" / "c")
    assert len(from_folder(tmp_path)) == 1
    assert "no data set" in refusal(shutil.copytree(tmp_path / "a", tmp_path / "new" / "x" / "y").parent.parent)


def test_too_many_folders_are_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "_MOST_FOLDERS", 3)
    for name in "abcd":
        (tmp_path / name).mkdir()
    assert "holds 4 folders, and at most 3 are searched" in refusal(tmp_path)


def test_what_systems_leave_behind_is_skipped(tmp_path):
    pair(tmp_path)
    for name in (".DS_Store", "._a.png", "Thumbs.db", "desktop.ini"):
        for folder in ("images", "masks", "."):
            (tmp_path / folder / name).write_bytes(b"x")
    pair(tmp_path / "__MACOSX")
    assert len(from_folder(tmp_path)) == 1


def test_class_names_come_from_a_file(tmp_path):
    pair(tmp_path, mask=RAMP)
    (tmp_path / "classes.txt").write_bytes("\ufeffsky\r\n\r\n bird \nc\nd\nété\nspare\n".encode())
    assert from_folder(tmp_path).classes == ("sky", "bird", "c", "d", "été", "spare")
    (tmp_path / "classes.txt").write_text("sky\nbird")
    assert "names 2 classes (sky, bird), but the masks hold 5, numbered 0 to 4" in refusal(tmp_path)
    (tmp_path / "classes.txt").write_bytes(b"sk\xff\nbird")
    assert "no UTF-8 text" in refusal(tmp_path)
    (tmp_path / "classes.txt").write_text("sky")
    assert "names 1 classes: give 2 to 256" in refusal(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="names need not be text on POSIX alone")
def test_names_that_are_no_text(tmp_path):
    pair(tmp_path)
    strange = os.fsencode(tmp_path / "images") + b"/n\xff\xfe\n.png"
    try:
        os.rename(tmp_path / "images" / "a.png", strange)
    except OSError:
        pytest.skip("this file system takes text alone")
    assert "n\ufffd\ufffd\ufffd.png" in refusal(tmp_path)
    os.rename(tmp_path / "masks" / "a.png", os.fsencode(tmp_path / "masks") + b"/n\xff\xfe\n.png")
    assert from_folder(tmp_path).titles == ("n\ufffd\ufffd\ufffd",)
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    shutil.copytree(tmp_path / "images", Path(folder) / "images")
    shutil.copytree(tmp_path / "masks", Path(folder) / "masks")
    assert from_folder(folder).name == "\ufffd"


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links_that_lead_out_are_not_followed(tmp_path):
    secret = save(tmp_path / "secret" / "b.png", GREY)
    inside = pair(tmp_path / "set")
    (inside / "masks" / "b.png").symlink_to(inside / "masks" / "a.png")
    (inside / "images" / "b.png").symlink_to(inside / "images" / "a.png")
    assert len(from_folder(inside)) == 2, "links that stay inside are fine"
    (inside / "images" / "c.png").symlink_to(secret)
    (inside / "images" / "d.png").symlink_to(inside / "images" / "d.png")
    assert len(from_folder(inside)) == 2
    (inside / "masks" / "b.png").unlink()
    (inside / "masks" / "b.png").symlink_to(secret)
    text = refusal(inside)
    assert "no mask in masks: b.png" in text
    assert "Not followed, for they lead out of the folder: the links c.png, d.png, b.png" in text
    shutil.rmtree(inside / "masks")
    (inside / "masks").symlink_to(tmp_path / "secret")
    assert "Not followed" in refusal(inside)
    (tmp_path / "door").symlink_to(pair(tmp_path / "other"))
    assert len(from_folder(tmp_path / "door")) == 1, "the folder that is asked for may be a link"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    pair(tmp_path)
    os.mkfifo(tmp_path / "images" / "b.png")
    assert len(from_folder(tmp_path)) == 1


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    pair(tmp_path)
    real = Path.open

    def guarded(self, *args, **options):
        if self.name == "a.png" and self.parent.name == "masks":
            raise PermissionError(13, "Permission denied")
        return real(self, *args, **options)

    monkeypatch.setattr(Path, "open", guarded)
    assert "masks/a.png cannot be read (Permission denied)" in refusal(tmp_path)


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    pair(tmp_path)

    def guarded(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(listing.os, "scandir", guarded)
    assert "cannot be read (Permission denied)" in refusal(tmp_path)


@pytest.mark.parametrize("gone", ["images/b.png", "masks/b.png", "images", "."])
def test_a_folder_that_vanishes_while_it_is_read(tmp_path, monkeypatch, gone):
    home = pair(pair(tmp_path / "set"), stem="b")
    real = Path.open

    def vanishing(self, *args, **options):
        found = real(self, *args, **options)
        victim = home / gone
        shutil.rmtree(victim) if victim.is_dir() else victim.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "open", vanishing)
    assert "b.png is not there any more" in refusal(home).replace("a.png", "b.png")


def test_folders_that_hold_nothing_of_use(tmp_path):
    assert "it holds nothing. Understood are: a folder `images`" in refusal(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    save(tmp_path / "a.png", GREY)
    assert "it holds a.png, notes.txt." in refusal(tmp_path)
    assert "Sort the files into" in refusal(tmp_path)
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    assert "images holds no picture (it is empty)" in refusal(tmp_path)
