"""Sets as people bring them: what once was read otherwise than it was meant, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from own_images import GREY, SQUARE, pair, refusal, save, save_tiff
from PIL import Image

from unet_explorer import from_folder, from_stack
from unet_explorer.data.decoded import DataError
from unet_explorer.data.legend import read_legend

CLASSES = np.zeros((20, 30), np.uint8)
CLASSES[2:8, 2:8] = CLASSES[12:18, 20:28] = 1
CLASSES[3:9, 12:20] = CLASSES[14:19, 3:9] = 2
COLOURS = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]], np.uint8)
LEGEND = "bg #000000\na #ff0000\nb #00ff00"


def masked(root, write, image=GREY):
    """A set of one image whose mask is written by a function of its path without an ending."""
    save(root / "images" / "a.png", image)
    (root / "masks").mkdir()
    write(root / "masks" / "a")
    return root


def tiff(pixels, **options):
    return lambda path: tifffile.imwrite(path.with_suffix(".tif"), pixels, **options)


def palette(indices, colours):
    def write(path):
        image = Image.fromarray(indices.astype("uint8"))
        image.putpalette([int(part) for colour in colours for part in colour])
        image.save(path.with_suffix(".png"))

    return write


# Names, and their colours ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "bg 000000\na ff0000\nb 00ff00",
        "#000000 bg\n#ff0000 a\n#00ff00 b",
        "bg (0, 0, 0)\na (255, 0, 0)\nb (0, 255, 0)",
        "# label:color_rgb:parts:actions\nbg:0,0,0::\na:255,0,0::\nb:0,255,0::",
        "name,r,g,b\nbg,0,0,0\na,255,0,0\nb,0,255,0",
        "# mine\nbg=0,0,0\na=255,0,0\nb=0,255,0",
        "0 0 0 bg\n255 0 0 a\n0 255 0 b",
    ],
)
def test_a_legend_is_read_in_all_its_writings(text):
    assert read_legend(text.splitlines()) == (("bg", "a", "b"), (0, 0xFF0000, 0x00FF00))


@pytest.mark.parametrize("text", ["# mine\nbg\na\nb", "2: b\n0: bg\n1: a", "__ignore__\nbg\na\nb", "0 bg\n1 a\n2 b"])
def test_a_line_that_is_no_class_moves_no_name(tmp_path, text):
    root = pair(tmp_path, mask=CLASSES)
    (root / "classes.txt").write_text(text)
    assert from_folder(root).classes == ("bg", "a", "b")


def test_names_that_cannot_be_right_are_refused(tmp_path):
    root = pair(tmp_path, mask=CLASSES)
    for text, words in (("1 a\n2 b\n3 c", "and 0 has no name"), ("a\na\nb", "calls two classes a")):
        (root / "classes.txt").write_text(text)
        assert words in refusal(root)
    save(root / "masks" / "a.png", SQUARE)
    (root / "classes.txt").write_text("bg\na\nb")
    assert "what is 255? If nobody knows the class there, say ignore=255" in refusal(root)
    (root / "classes.txt").write_text("bg\na")
    assert from_folder(root).classes == ("bg", "a")
    save(root / "masks" / "a.png", np.where(SQUARE > 0, 255, CLASSES).astype("uint8"))
    assert "ignore=255" in refusal(root)
    save(root / "masks" / "a.png", COLOURS[CLASSES][..., ::-1] // 2)
    (root / "classes.txt").write_text("bg #000000\na #7f0000\nb #007f00")
    assert "Read as BGR they all have names" in refusal(root)


@pytest.mark.parametrize(
    "name", ["classes.txt", "class_names.txt", "labelmap.txt", "label_colors.txt", "class_dict.csv"]
)
@pytest.mark.parametrize("place", [".", "set", "set/images", "set/masks"])
def test_names_are_found_beside_in_and_above_the_folders(tmp_path, name, place):
    pair(tmp_path / "set", mask=COLOURS[CLASSES])
    (tmp_path / place / name).write_text(LEGEND)
    assert from_folder(tmp_path).classes == ("bg", "a", "b")


def test_two_lists_of_names_that_differ_are_refused(tmp_path):
    root = pair(tmp_path, mask=CLASSES)
    for place, text in (("masks", "bg\na\nb"), ("images", "x\ny\nz")):
        (root / place / "classes.txt").write_text(text)
    assert "name the classes, each in its way" in refusal(root)


@pytest.mark.parametrize("extra", ["class_names.txt", "labelmap.txt"])
def test_folders_as_in_pascal_voc_with_classes_of_their_own(tmp_path, extra):
    save(tmp_path / "JPEGImages" / "a.jpg", np.dstack([GREY] * 3))
    save(tmp_path / "SegmentationClass" / "a.png", COLOURS[CLASSES])
    (tmp_path / extra).write_text(LEGEND)
    data = from_folder(tmp_path)
    assert data.classes == ("bg", "a", "b")
    np.testing.assert_array_equal(data.labels[0], CLASSES)


# What masks mean ---------------------------------------------------------------------------------------------------


def test_an_image_in_the_place_of_a_mask_is_no_crowd_of_objects(tmp_path):
    noise = np.random.default_rng(0).integers(0, 25_000, (20, 30)).astype("uint16")
    root = masked(tmp_path, tiff(noise))
    assert "looks like an image, not like a mask" in refusal(root)
    assert from_folder(root, labels="objects").instances is not None
    soft = SQUARE.astype("uint16") * 257
    soft[4, 8:20], soft[12, 8:20] = 30_000, 40_000
    np.testing.assert_array_equal(from_folder(masked(tmp_path / "soft", tiff(soft))).labels[0], soft >= 32768)


def test_a_stray_pixel_makes_no_classes_of_many_objects(tmp_path):
    cells = np.pad(np.kron(np.arange(20).reshape(4, 5), np.ones((9, 9), int)), ((0, 12), (0, 3))).astype("uint16")
    spoilt = cells.copy()
    spoilt[47, 47] = 1
    for name, mask in (("a", cells), ("b", cells), ("c", spoilt)):
        save(tmp_path / "images" / f"{name}.png", np.zeros((48, 48), np.uint8))
        save_tiff(tmp_path / "masks" / f"{name}.tif", mask)
    assert "each in one piece, but for 1 that lie in several" in refusal(tmp_path)
    assert from_folder(tmp_path, labels="objects").instances[0].max() == 19


@pytest.mark.parametrize("kind", ["uint8", "float32", "int32", "uint16"])
def test_a_share_of_white_means_the_same_in_any_kind_of_number(tmp_path, kind):
    mask = np.array([0, 60, 255])[CLASSES].astype(kind)
    root = masked(tmp_path, tiff(mask))
    np.testing.assert_array_equal(from_folder(root, threshold=0.5).labels[0], CLASSES == 2)
    np.testing.assert_array_equal(from_folder(root, threshold=50).labels[0], CLASSES > 0)
    (root / "masks" / "a.tif").unlink()
    tiff(np.array([0, 60, 999])[CLASSES].astype("int32"))(root / "masks" / "a")
    assert "do not say which number is white" in refusal(root, threshold=0.5)


def test_probabilities_become_a_mask_where_a_threshold_is_said(tmp_path):
    root = masked(tmp_path, tiff(np.where(SQUARE > 0, 0.7, 0.2).astype("float32")))
    assert "threshold=0.5" in refusal(root)
    np.testing.assert_array_equal(from_folder(root, threshold=0.5).labels[0], SQUARE > 0)
    assert not from_folder(root, threshold=0.8).labels[0].any()


def test_probabilities_mean_the_same_in_every_file_of_a_set(tmp_path):
    """Also in one that happens to hold 0 and 1 alone; and a file beyond 1 is not taken for what it is not."""
    root = masked(tmp_path, tiff(np.where(SQUARE > 0, 0.7, 0.2).astype("float32")))
    save(root / "images" / "b.png", GREY)
    save_tiff(root / "masks" / "b.tif", (SQUARE > 0).astype("float32"))
    np.testing.assert_array_equal(from_folder(root, threshold=0.5).labels, np.stack([SQUARE > 0] * 2))
    save_tiff(root / "masks" / "b.tif", np.where(SQUARE > 0, 200.5, 0.4).astype("float32"))
    assert "masks/b.tif goes up to 200.5, and threshold=0.5 is a share" in refusal(root, threshold=0.5)


def test_a_threshold_leaves_nothing_else_that_was_said_unheeded(tmp_path):
    root = pair(tmp_path, mask=np.where(CLASSES == 2, 255, CLASSES * 90).astype("uint8"))
    labels = from_folder(root, threshold=80, ignore=255).labels[0]
    np.testing.assert_array_equal(labels, np.where(CLASSES == 2, -1, CLASSES.astype(int)))
    for kind in ("objects", "onehot"):
        assert f"labels='{kind}' was said as well" in refusal(root, threshold=0.5, labels=kind)


@pytest.mark.parametrize("said", [{"ignore": 7}, {"threshold": 0.5}, {"labels": "classes"}])
def test_what_cannot_be_heeded_is_refused(tmp_path, said):
    save(tmp_path / "a" / "images" / "a.png", GREY)
    for number in (1, 2):
        save(tmp_path / "a" / "masks" / f"{number}.png", np.roll(SQUARE, 4 * number, 0))
    assert "a mask for each object, of which nothing need be said" in refusal(tmp_path, **said)
    assert from_folder(tmp_path, labels="objects").instances[0].max() == 2


def test_channels_of_0_and_1_are_one_hot_and_no_colours(tmp_path):
    hot = np.eye(3, dtype="uint8")[CLASSES]
    wholes = [
        tiff(np.moveaxis(hot, -1, 0).copy(), imagej=True, metadata={"axes": "CYX"}),
        lambda path: np.save(path.with_suffix(".npy"), hot),
        lambda path: save(path.with_suffix(".png"), hot),
    ]
    for number, write in enumerate(wholes):
        data = from_folder(masked(tmp_path / str(number), write))
        np.testing.assert_array_equal(data.labels[0], CLASSES)
        assert data.classes == ("background", "class 1", "class 2")
    hot[..., 0] = 0
    with pytest.raises(DataError, match="three channels of 0 and 1, and not one 1 at each pixel"):
        from_stack(np.stack([GREY] * 2), np.stack([hot] * 2))


def test_numbers_in_red_are_numbers(tmp_path):
    """As in BBBC039, whose masks number the objects in the first of four channels."""
    red = np.dstack([CLASSES, 0 * CLASSES, 0 * CLASSES, 0 * CLASSES + 255])
    data = from_folder(pair(tmp_path / "few", mask=red))
    np.testing.assert_array_equal(data.labels[0], CLASSES)
    assert data.classes[1] == "class 1"
    bright = np.dstack([CLASSES * 100, 0 * CLASSES, 0 * CLASSES])
    assert from_folder(pair(tmp_path / "bright", mask=bright)).classes[1] == "#640000"
    many = np.kron(np.arange(1, 41).reshape(5, 8), np.ones((4, 3), int)).astype("uint8") * 3
    data = from_folder(
        masked(
            tmp_path / "many",
            lambda path: save(path.with_suffix(".png"), np.dstack([many, many * 0, many * 0])),
            np.zeros((20, 24), np.uint8),
        )
    )
    assert data.instances[0].max() == 120


def test_alpha_that_hides_all_says_nothing(tmp_path):
    for number, mask in enumerate((np.dstack([SQUARE] * 3 + [SQUARE * 0]), np.dstack([SQUARE, SQUARE * 0]))):
        save(tmp_path / str(number) / "images" / "a.png", GREY)
        save(tmp_path / str(number) / "masks" / "a.png", mask)
        np.testing.assert_array_equal(from_folder(tmp_path / str(number)).labels[0], SQUARE > 0)
    drawn = np.dstack([SQUARE * 0] * 3 + [SQUARE])
    assert "has clear pixels, and all others are black" in refusal(pair(tmp_path / "drawn", mask=drawn))


@pytest.mark.parametrize("mask", [SQUARE, (SQUARE > 0).astype("uint16") * 300])
def test_in_masks_of_imagej_the_stored_numbers_count(tmp_path, mask):
    imagej = {"photometric": "miniswhite", "metadata": None}
    root = masked(tmp_path, tiff(mask, description="ImageJ=1.53t\n", **imagej))
    np.testing.assert_array_equal(from_folder(root).labels[0], SQUARE > 0)
    # Other programs mean what they say, and of an image it is what is seen.
    other = masked(tmp_path / "other", tiff(SQUARE, **imagej))
    np.testing.assert_array_equal(from_folder(other).labels[0], SQUARE == 0)


def test_a_palette_of_black_and_white_means_its_colours(tmp_path):
    root = masked(tmp_path, palette(SQUARE == 0, [(255, 255, 255), (0, 0, 0)]))
    np.testing.assert_array_equal(from_folder(root).labels[0], SQUARE > 0)
    pair(root, mask=SQUARE, stem="b")
    np.testing.assert_array_equal(from_folder(root).labels[1], SQUARE > 0)


def test_palettes_are_the_same_where_they_are_used(tmp_path):
    root = masked(tmp_path, palette(CLASSES, COLOURS))
    pair(root, stem="b")
    palette(CLASSES > 1, COLOURS[:2])(root / "masks" / "b")
    (root / "classes.txt").write_text("bg\na\nb")
    np.testing.assert_array_equal(from_folder(root).labels[1], CLASSES > 1)


# Which files belong together ---------------------------------------------------------------------------------------


def test_masks_of_other_images_are_no_objects_of_this_one(tmp_path):
    save(tmp_path / "images" / "a.png", GREY)
    for name in "bc":
        save(tmp_path / "masks" / f"{name}.png", SQUARE)
    assert "1 of 1 images in images have no mask in masks: a.png" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        *((".tif", "_mask.tif"), (".tif", "_masks.tif"), (".png", "_cp_masks.png"), ("_img.png", "_masks.png")),
        *((".png", "_mask.png"), (".jpg", "_mask.png"), (".bmp", "_anno.bmp"), (".jpg", "_1stHO.png")),
    ],
)
def test_images_and_masks_in_one_folder(tmp_path, image, mask):
    for name in ("p1", "p2"):
        save(tmp_path / f"{name}{image}", GREY)
        save(tmp_path / f"{name}{mask}", SQUARE)
    data = from_folder(tmp_path)
    np.testing.assert_array_equal(data.labels, np.stack([SQUARE > 0] * 2))
    assert from_folder(tmp_path, tmp_path).titles == data.titles
    (tmp_path / f"p2{mask}").unlink()
    with pytest.raises(DataError, match="do not pair"):
        from_folder(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        *(
            (".png", "_cp_masks.png"),
            (".jpg", ".jpg.png"),
            (".png", "_L.png"),
            (".jpg", "_1stHO.png"),
            ("_0000.png", ".png"),
        ),
        *(
            (".png", "_manual1.png"),
            (".png", "_anno.png"),
            (".png", "_Simple Segmentation.png"),
            ("_raw.png", "_label.png"),
        ),
    ],
)
def test_what_stands_behind_a_name(tmp_path, image, mask):
    for name in "ab":
        save(tmp_path / "images" / f"{name}{image}", GREY)
        save(tmp_path / "masks" / f"{name}{mask}", SQUARE)
    assert len(from_folder(tmp_path)) == 2


def test_pairs_by_number_heed_what_the_numbers_count_and_are_told(tmp_path):
    for one, other in ((1, 2), (2, 1)):
        save(tmp_path / "images" / f"patient{one}_slice{other}.png", GREY)
        save(tmp_path / "masks" / f"slice{other}_patient{one}.png", SQUARE if one == 1 else 0 * SQUARE)
    data = from_folder(tmp_path)
    assert [bool(labels.any()) for labels in data.labels] == [True, False]
    assert any("by the numbers in their names" in note for note in data.notes)


def test_of_the_cell_tracking_challenge_a_few_frames_have_masks(tmp_path):
    for number in range(5):
        save(tmp_path / "01" / f"t{number:03}.tif", GREY)
    for truth in ("GT", "ST"):
        save_tiff(tmp_path / f"01_{truth}" / "SEG" / "man_seg002.tif", CLASSES.astype("uint16") * (1 + (truth == "ST")))
    data = from_folder(tmp_path)
    assert data.titles == ("t002",)
    assert data.instances[0].max() == 2
    assert "4 of 5 images have no mask and were left out." in data.notes
    assert len(from_folder(tmp_path / "01", tmp_path / "01_ST" / "SEG")) == 1


def test_what_lies_beside_and_is_not_read_is_told(tmp_path):
    root = pair(tmp_path / "images and more")
    (root / "images" / "b.czi").write_text("x")
    save(root / "images" / "more" / "c.png", GREY)
    assert any("what is no picture was left out: b.czi, more" in note for note in from_folder(root).notes)
    for part, name in (("train", "images"), ("train", "masks"), ("test", "images")):
        save(tmp_path / "split" / name / part / "a.png", SQUARE)
    assert "test has no masks and was left out." in from_folder(tmp_path / "split").notes


@pytest.mark.parametrize("kind", [".json", ".xml", ".txt", ".nii.gz", ".mat", ".pgm"])
def test_a_folder_of_masks_without_a_picture_says_what_is_wanted(tmp_path, kind):
    save(tmp_path / "images" / "a.png", GREY)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / f"a{kind}").write_text("x")
    text = refusal(tmp_path)
    assert f"masks holds no picture ({kind})" in text
    assert "export them" in text
    save(tmp_path / "masks" / "trimaps" / "a.png", SQUARE)
    assert "its folders trimaps do: which are the masks?" in refusal(tmp_path)


def test_two_folders_of_unknown_names_are_told_of(tmp_path):
    for folder in ("imagesTr", "labelsTr"):
        save(tmp_path / folder / "a.png", SQUARE)
    assert "from_folder(images, masks), such as from_folder('imagesTr', 'labelsTr')" in refusal(tmp_path)


def test_an_array_whose_last_side_may_count_the_images_is_told_of():
    square = np.zeros((24, 24, 10), "uint8")
    assert "If it is the last side that counts them" in from_stack(square, square).notes[0]
    assert not from_stack(square[:, :20], square[:, :20]).notes
