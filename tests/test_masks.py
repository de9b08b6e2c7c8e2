"""What the numbers and colours in masks mean."""

from __future__ import annotations

import numpy as np
import pytest
from own_images import GREY, RAMP, SQUARE, pair, png, refusal, save, save_tiff
from PIL import Image
from support import SHARED

from unet_explorer.data.files import from_folder

NUCLEI = SHARED / "data" / "nuclei" / "stage1_train"


@pytest.mark.parametrize(
    "mask", [SQUARE, SQUARE > 0, SQUARE // 255, SQUARE.astype(np.uint16) * 257, np.dstack([SQUARE] * 3)]
)
def test_two_values_are_background_and_foreground(tmp_path, mask):
    pair(tmp_path, mask=np.zeros_like(mask), stem="empty")
    data = from_folder(pair(tmp_path, mask=mask))
    np.testing.assert_array_equal(data.labels, [SQUARE > 0, SQUARE * 0])
    assert data.classes == ("background", "foreground")


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "f4"])
def test_small_numbers_are_classes(tmp_path, dtype):
    pair(tmp_path)
    (tmp_path / "masks" / "a.png").unlink()
    save_tiff(tmp_path / "masks" / "a.tif", RAMP.astype(dtype))
    data = from_folder(tmp_path)
    np.testing.assert_array_equal(data.labels[0], RAMP)
    assert data.classes == ("background", "class 1", "class 2", "class 3", "class 4")


def test_a_palette_counts_by_its_indices(tmp_path):
    pair(tmp_path)
    mask = Image.fromarray(RAMP).convert("P")
    mask.putpalette([value for index in range(256) for value in (255 - index, 7, 7)])
    mask.save(tmp_path / "masks" / "a.png")
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], RAMP)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_few_bits_are_numbers_too(tmp_path, bits):
    """Pillow spreads the greys of a PNG of 2 or 4 bits over 0 to 255: as classes they are 0 to 3 and 0 to 15."""
    numbers = np.arange(8 * 6).reshape(6, 8) % min(2**bits, 30)
    pair(tmp_path, np.zeros((6, 8), np.uint8))
    rows = b"".join(
        b"\0" + int("".join(f"{value:0{bits}b}" for value in row), 2).to_bytes(bits, "big") for row in numbers.tolist()
    )
    (tmp_path / "masks" / "a.png").write_bytes(png(8, 6, rows, bits))
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], numbers)


@pytest.mark.parametrize(("bits", "brightest"), [(2, 3), (4, 1)])
def test_the_brightest_of_few_bits_is_a_class_unless_it_must_be_white(tmp_path, bits, brightest):
    """In 2 bits, 3 is as likely the last of four classes as it is white; in 4 bits, 15 is white."""
    top = 2**bits - 1
    numbers = np.arange(8 * 6).reshape(6, 8) % 2 * top
    pair(tmp_path, np.zeros((6, 8), np.uint8))
    rows = b"".join(
        b"\0" + int("".join(f"{value:0{bits}b}" for value in row), 2).to_bytes(bits, "big") for row in numbers.tolist()
    )
    (tmp_path / "masks" / "a.png").write_bytes(png(8, 6, rows, bits))
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], numbers // top * brightest)


def test_each_colour_is_a_class_and_black_comes_first(tmp_path):
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 255]], np.uint8)
    pair(tmp_path, mask=palette[RAMP])
    data = from_folder(pair(tmp_path, mask=SQUARE, stem="b"))
    assert data.classes == ("background", "#0000ff", "#00ff00", "#ff0000", "#ffffff")
    np.testing.assert_array_equal(data.labels[0], np.array([0, 3, 1, 2, 4])[RAMP])
    np.testing.assert_array_equal(data.labels[1], SQUARE // 255 * 4)


def test_without_black_the_most_frequent_colour_is_the_background(tmp_path):
    colours = np.array([[9, 0, 0], [0, 9, 0]], np.uint8)
    data = from_folder(pair(tmp_path, mask=colours[SQUARE // 255]))
    np.testing.assert_array_equal(data.labels[0], SQUARE // 255)
    assert data.classes == ("background", "#000900")


def test_clear_pixels_of_a_mask_are_background(tmp_path):
    white = np.full_like(SQUARE, 255)
    data = from_folder(pair(tmp_path, mask=np.dstack([white, white, white, SQUARE])))
    np.testing.assert_array_equal(data.labels[0], SQUARE > 0)
    pair(tmp_path, mask=np.dstack([white, white, white, GREY]))
    assert "masks/a.png has half-clear pixels" in refusal(tmp_path)


def test_numbers_above_255_are_objects(tmp_path):
    cells = (GREY.astype(np.uint16) % 7) * 300
    data = from_folder(pair(tmp_path, mask=cells))
    np.testing.assert_array_equal(data.instances[0], cells)
    np.testing.assert_array_equal(data.labels[0], cells > 0)
    assert data.classes == ("background", "foreground")


@pytest.mark.parametrize("mask", [RAMP, GREY, SQUARE, SQUARE // 255])
def test_a_folder_of_instances_holds_objects(tmp_path, mask):
    (pair(tmp_path, mask=mask) / "masks").rename(tmp_path / "Instances")
    data = from_folder(tmp_path)
    np.testing.assert_array_equal(data.instances[0], mask)
    np.testing.assert_array_equal(data.labels[0], mask > 0)


def test_soft_edges_are_cut_at_half_of_white_and_it_is_said(tmp_path):
    soft = SQUARE.copy()
    soft[4, 8:20], soft[12, 8:20] = 128, 127
    data = from_folder(pair(tmp_path, mask=soft))
    np.testing.assert_array_equal(data.labels[0], soft >= 127.5)
    assert any("soft edges: 4.0 % of the mask pixels" in note and "128 of 255" in note for note in data.notes), (
        data.notes
    )
    assert not from_folder(pair(tmp_path / "sharp")).notes


@pytest.mark.parametrize("between", [15, 128, 250])
def test_a_third_brightness_that_covers_an_area_is_no_edge(tmp_path, between):
    three = SQUARE.copy()
    three[14:20, 0:8] = between
    text = refusal(pair(tmp_path, mask=three))
    assert f"masks/a.png holds values between 0 and 255 ({between}): its edges may be soft" in text
    assert "threshold=0.5" in text
    assert "ignore=255" in text
    np.testing.assert_array_equal(from_folder(tmp_path, threshold=0.5).labels[0], three > 127)
    np.testing.assert_array_equal(from_folder(tmp_path, threshold=251).labels[0], three == 255)
    if between < 32:
        learnt = np.where(three == 255, -1, three.astype(int))
        np.testing.assert_array_equal(from_folder(tmp_path, ignore=255).labels[0], learnt)


def test_many_numbers_are_asked_about(tmp_path):
    many = GREY % 121
    text = refusal(pair(tmp_path, mask=many))
    assert "numbers up to 120 (masks/a.png)" in text
    assert "`instances`" in text
    assert "classes.txt" in text
    (tmp_path / "classes.txt").write_text("\n".join(f"kind {number}" for number in range(121)))
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], many)


def test_many_colours_are_refused(tmp_path):
    assert "more than 32 colours" in refusal(pair(tmp_path, mask=np.dstack([GREY, GREY, 255 - GREY])))


BLOBS = np.zeros((64, 96), np.uint8)
BLOBS[10:30, 12:40] = BLOBS[40:60, 50:90] = 255


@pytest.mark.parametrize("ending", ["jpg", "tif", "webp", "rgb"])
@pytest.mark.parametrize("quality", [60, 75, 95])
def test_a_jpeg_of_two_brightnesses_is_a_mask_of_two_classes(tmp_path, ending, quality):
    """As in Kvasir-SEG, whose makers give masks as JPEG."""
    pair(tmp_path, np.zeros_like(BLOBS))
    (tmp_path / "masks" / "a.png").unlink()
    if ending == "tif":
        save(tmp_path / "masks" / "a.tif", BLOBS, compression="jpeg")
    elif ending == "rgb":
        save(tmp_path / "masks" / "a.jpg", np.dstack([BLOBS] * 3), quality=quality)
    else:
        save(tmp_path / "masks" / f"a.{ending}", BLOBS, quality=quality)
    pair(tmp_path, np.zeros_like(BLOBS), np.zeros_like(BLOBS), "b")
    data = from_folder(tmp_path)
    assert np.mean(data.labels[0] != (BLOBS > 0)) < 0.005
    assert not data.labels[1].any()
    assert any(note.startswith("JPEG made up values") for note in data.notes)


def test_a_jpeg_of_more_than_two_brightnesses_is_none(tmp_path):
    three = BLOBS.copy()
    three[35:60, 5:35] = 120
    for name, mask in (("three", three), ("numbers", BLOBS // 255 * 2)):
        root = pair(tmp_path / name, np.zeros_like(BLOBS))
        (root / "masks" / "a.png").unlink()
        save(root / "masks" / "a.jpg", mask)
        text = refusal(root)
        assert "masks/a.jpg is a JPEG" in text
        assert "threshold=0.5" in text
    assert np.mean(from_folder(tmp_path / "three", threshold=180).labels[0] != (BLOBS > 0)) < 0.005
    root = pair(tmp_path / "colours", np.zeros_like(BLOBS))
    (root / "masks" / "a.png").unlink()
    save(root / "masks" / "a.jpg", np.dstack([BLOBS, 0 * BLOBS, BLOBS]))
    assert "masks/a.jpg is a JPEG in colour" in refusal(root)


def test_a_mask_of_another_size(tmp_path):
    text = refusal(pair(tmp_path, mask=SQUARE[:-1]))
    assert "masks/a.png is 19 × 30 pixels, but its image images/a.png is 20 × 30" in text


def test_a_gif_counts_by_its_colours(tmp_path):
    """Programs that write GIFs sort the palette as they like."""
    pair(tmp_path)
    (tmp_path / "masks" / "a.png").unlink()
    mask = Image.fromarray(1 - SQUARE // 255).convert("P")
    mask.putpalette([255, 255, 255, 0, 0, 0])
    mask.save(tmp_path / "masks" / "a.gif", optimize=False)
    np.testing.assert_array_equal(from_folder(tmp_path).labels[0], SQUARE > 0)


def test_black_is_the_background_however_rare(tmp_path):
    colours = np.array([[255, 0, 0], [0, 0, 0]], np.uint8)
    data = from_folder(pair(tmp_path, mask=colours[SQUARE // 255]))
    np.testing.assert_array_equal(data.labels[0], SQUARE == 0)
    assert data.classes == ("background", "#ff0000")
