"""From bytes to pixels: every kind of file, and every kind of damage."""

from __future__ import annotations

import io
import random
import struct
import warnings
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from own_images import GREY, SQUARE, pair, png, refusal, save, save_tiff
from PIL import Image, ImageOps
from support import SHARED, examples

from unet_explorer.data import decoded
from unet_explorer.data.files import from_folder
from unet_explorer.data.lazy import open_image
from unet_explorer.data.stacks import from_stack

NUCLEI = SHARED / "data" / "nuclei" / "stage1_train"


def test_bits_say_what_is_white(tmp_path):
    wide = GREY.astype(np.uint16) * 100
    for folder, image in (("8", GREY), ("16", wide), ("1", GREY > 99)):
        data = from_folder(pair(tmp_path / folder, image))
        top = {"8": 255, "16": 65535, "1": 1}[folder]
        np.testing.assert_allclose(data.images[0][..., 0], image / np.float32(top), rtol=1e-6)
        assert data.images[0].dtype == np.float32


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "I;16"])
@examples(5)
@given(seed=st.integers(0, 99), compression=st.sampled_from([None, "tiff_lzw", "tiff_adobe_deflate", "packbits"]))
def test_colours_come_back_as_pillow_shows_them(tmp_path_factory, mode, suffix, seed, compression):
    """Whatever the mode of a file without loss: the image is what Pillow converts it to."""
    colours = np.random.default_rng(seed).integers(0, 256, (9, 7, 3), np.uint8)
    image = Image.fromarray(colours)
    image = Image.fromarray(colours[..., 0].astype(np.uint16) * 257) if mode == "I;16" else image.convert(mode)
    folder = tmp_path_factory.mktemp("modes")
    (folder / "images").mkdir()
    path = folder / "images" / f"a.{suffix}"
    try:
        image.save(path, **({"compression": compression} if suffix == "tif" and compression else {}))
    except (OSError, ValueError, KeyError):
        return  # that format has no such mode
    save(folder / "masks" / "a.png", np.zeros((9, 7), np.uint8))
    try:
        data = from_folder(folder)
    except decoded.DataError as error:
        assert mode == "CMYK"
        assert "channels" in str(error) or "save it" in str(error)
        return
    with Image.open(path) as file:
        wanted = np.asarray(file) // 257 if "I" in file.mode else np.asarray(file.convert("RGB"))
    if wanted.ndim == 2 or (wanted == wanted[..., :1]).all():
        wanted = wanted.reshape(9, 7, -1)[..., :1]
    np.testing.assert_array_equal(np.rint(data.images[0] * 255), wanted)


@examples(40)
@given(
    dtype=st.sampled_from(["u1", "<u2", ">u2", "<f4", ">f4", "f8", "f2", "i2", "i4", "u4"]),
    order=st.sampled_from("<>"),
    compression=st.sampled_from([None, "zlib"]),
    colour=st.booleans(),
    planar=st.sampled_from(["contig", "separate"]),
    tile=st.sampled_from([None, (16, 16)]),
)
def test_tiffs_of_every_number_come_back(tmp_path_factory, dtype, order, compression, colour, planar, tile):
    folder = tmp_path_factory.mktemp("tiffs")
    numbers = np.random.default_rng(1).integers(0, 100, (20, 30, 3) if colour else (20, 30)).astype(dtype)
    stored = np.moveaxis(numbers, -1, 0) if colour and planar == "separate" else numbers
    options = {"photometric": "rgb", "planarconfig": planar} if colour else {"photometric": "minisblack"}
    save_tiff(folder / "images" / "a.tif", stored, byteorder=order, compression=compression, tile=tile, **options)
    save(folder / "masks" / "a.png", SQUARE)
    top = {"u1": 255, "u2": 65535}.get(dtype.lstrip("<>"))
    low, high = (0, top) if top else (numbers.min(), numbers.max())
    wanted = (numbers.astype(float) - low) / (float(high) - low)
    np.testing.assert_allclose(from_folder(folder).images[0].squeeze(), wanted, atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_read_as_every_viewer_shows_it(tmp_path, suffix, compression, orientation):
    """Masks are drawn on what is seen, not on what is stored."""
    exif = Image.Exif()
    exif[274] = orientation
    options = {"compression": compression} if suffix == "tif" else {"quality": 100} if suffix == "jpg" else {}
    path = save(tmp_path / "images" / f"a.{suffix}", GREY, exif=exif, **options)
    # Pillow turns some TIFFs by itself, while they are loaded, and some not at all.
    shown = save(tmp_path / "shown.png", GREY, exif=exif) if suffix == "tif" else path
    with Image.open(shown) as stored:
        seen = np.asarray(ImageOps.exif_transpose(stored))
    assert (seen.shape == GREY.T.shape) == (orientation > 4)
    save(tmp_path / "masks" / "a.png", (seen > 0).astype("uint8") * 255)
    read = np.rint(from_folder(tmp_path).images[0][..., 0] * 255)
    np.testing.assert_array_equal(read, seen)
    # A mask of the sides as they are stored does not match.
    if orientation > 4:
        save(tmp_path / "masks" / "a.png", SQUARE)
        assert "One of them lies on its side" in refusal(tmp_path)


@pytest.mark.parametrize("bits", [1, 8, 16])
@pytest.mark.parametrize("compression", [None, "group4", "tiff_lzw", "tiff_adobe_deflate"])
def test_white_is_white_where_a_tiff_says_that_0_is(tmp_path, bits, compression):
    if (compression == "group4") != (bits == 1) and compression == "group4":
        pytest.skip("faxes have one bit")
    pixels = {1: SQUARE > 0, 8: GREY, 16: GREY.astype("uint16") * 257}[bits]
    path = tmp_path / "images" / "a.tif"
    path.parent.mkdir()
    if bits == 16:
        stored = 65535 - pixels
        zlib_or_none = {None: None, "tiff_lzw": None, "tiff_adobe_deflate": "zlib"}[compression]
        tifffile.imwrite(path, stored, photometric="miniswhite", compression=zlib_or_none)
    else:
        Image.fromarray(pixels).save(path, compression=compression or "raw", tiffinfo={262: 0})
    with tifffile.TiffFile(path) as file:
        assert file.pages[0].photometric == 0
    wanted = pixels / np.float32({1: 1, 8: 255, 16: 65535}[bits])
    save(tmp_path / "masks" / "a.png", SQUARE)
    np.testing.assert_allclose(from_folder(tmp_path).images[0][..., 0], wanted, atol=1e-6)
    opened = np.asarray(open_image(path)[:, :])
    np.testing.assert_allclose(opened / opened.max(), wanted / wanted.max(), atol=1e-6)


def test_what_a_file_holds_decides_not_its_name(tmp_path):
    save(tmp_path / "images" / "a.png", GREY).rename(tmp_path / "images" / "a.tif")
    save(tmp_path / "masks" / "a.tif", SQUARE).rename(tmp_path / "masks" / "a.jpg")
    data = from_folder(tmp_path)
    np.testing.assert_array_equal(np.rint(data.images[0][..., 0] * 255), GREY)
    np.testing.assert_array_equal(data.labels[0], SQUARE > 0)


@pytest.mark.parametrize(
    "content", [b"hello, this is text", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*\0\0\0\x08\0\0", b"\0"]
)
def test_a_file_that_is_no_picture(tmp_path, content):
    pair(tmp_path)
    for part in ("images", "masks"):
        before = (tmp_path / part / "a.png").read_bytes()
        (tmp_path / part / "a.png").write_bytes(content)
        assert f"{part}/a.png " in refusal(tmp_path)
        (tmp_path / part / "a.png").write_bytes(before)


def test_the_allowed_formats_are_listed(tmp_path):
    pair(tmp_path)
    (tmp_path / "images" / "a.png").write_text("hello")
    assert "Allowed are PNG, TIFF, BMP, GIF, WebP, JPEG, or .npy" in refusal(tmp_path)
    (tmp_path / "images" / "a.png").rename(tmp_path / "images" / "a.heic")
    text = refusal(tmp_path)
    assert "images holds no picture (.heic)" in text
    assert "Allowed are PNG" in text


def test_an_empty_file(tmp_path):
    pair(tmp_path)
    (tmp_path / "images" / "a.png").write_bytes(b"")
    assert "images/a.png is empty" in refusal(tmp_path)


def test_a_file_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded.read_bytes, "__defaults__", (50,))
    assert "images/a.png has more than 50 bytes" in refusal(pair(tmp_path))


def test_a_bomb_in_a_png_is_refused_by_its_header(tmp_path):
    pair(tmp_path)
    for width, height in ((8193, 8193), (10**5, 10**5), (2**31 - 1, 2**31 - 1)):
        (tmp_path / "images" / "a.png").write_bytes(png(width, height, b"\0" * 100))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            text = refusal(tmp_path)
        assert "too many pixels" in text or "at most 67,108,864 are read" in text
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        (tmp_path / "images" / "a.png").write_bytes(png(10_000, 10_000, b"\0" * 100))
        assert "images/a.png is 10,000 × 10,000 pixels" in refusal(tmp_path)
    assert heard == [], "said once, in our words"
    for width, height in ((0, 5), (5, 0), (0, 0)):
        with pytest.raises(decoded.DataError, match="needs at least one pixel"):
            decoded.Budget().take(height, width, "a.png")
        (tmp_path / "images" / "a.png").write_bytes(png(width, height, b"\0" * 100))
        assert "images/a.png " in refusal(tmp_path)


def test_a_bomb_in_a_tiff_is_refused_by_its_header(tmp_path):
    pair(tmp_path)
    whole = bytearray(save_tiff(tmp_path / "a.tif", GREY).read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for tag in ("ImageWidth", "ImageLength"):
            found = file.pages[0].tags[tag]
            form = {3: "<H", 4: "<I"}[found.dtype]
            struct.pack_into(form, whole, found.valueoffset, 60_000)
    (tmp_path / "images" / "a.png").write_bytes(whole)
    assert "images/a.png is 60,000 × 60,000 pixels" in refusal(tmp_path)


def test_a_strip_that_unpacks_to_more_than_its_page_is_refused(tmp_path):
    pair(tmp_path)
    save_tiff(tmp_path / "a.tif", GREY, compression="zlib")
    whole = bytearray((tmp_path / "a.tif").read_bytes())
    bomb = zlib.compress(bytes(50 * 2**20))
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        for tag, value in (("StripOffsets", len(whole)), ("StripByteCounts", len(bomb))):
            found = file.pages[0].tags[tag]
            struct.pack_into({3: "<H", 4: "<I"}[found.dtype], whole, found.valueoffset, value)
    (tmp_path / "images" / "a.png").write_bytes(bytes(whole) + bomb)
    assert "unpacks to more bytes than it has pixels" in refusal(tmp_path)


def test_all_images_together_have_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(decoded, "LARGEST_SET", 3 * 600 * 4)
    for name in "abc":
        pair(tmp_path, stem=name)
    assert len(from_folder(tmp_path)) == 3
    pair(tmp_path, np.dstack([GREY, GREY, 255 - GREY]), stem="b")
    assert "With images/b.png the images take" in refusal(tmp_path)
    assert "limit=" in refusal(tmp_path)
    pair(tmp_path, stem="b")
    pair(tmp_path, stem="d")
    assert "With images/d.png the images take" in refusal(tmp_path)
    with pytest.raises(ValueError, match="the images take"):
        from_stack(np.zeros((4, 20, 30)), np.zeros((4, 20, 30), int))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_no_numbers(tmp_path, bad):
    pair(tmp_path)
    pixels = GREY.astype("f4")
    pixels[3, 4] = bad
    (tmp_path / "images" / "a.png").unlink()
    save_tiff(tmp_path / "images" / "a.tif", pixels)
    assert "images/a.tif holds numbers that are infinite or NaN" in refusal(tmp_path)
    (tmp_path / "images" / "a.tif").unlink()
    pair(tmp_path)
    (tmp_path / "masks" / "a.png").unlink()
    save_tiff(tmp_path / "masks" / "a.tif", pixels)
    assert "masks/a.tif holds numbers that are not whole" in refusal(tmp_path)


def test_a_stack_among_images_is_refused(tmp_path):
    pair(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    save_tiff(tmp_path / "images" / "a.tif", np.zeros((5, 20, 30), np.uint8), photometric="minisblack")
    assert "images/a.tif holds 5 planes (5 pages), and does not say what they are" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("pixels", "words"),
    [(np.zeros((20, 30, 6), "u1"), "6 bands, and does not say"), (np.zeros((20, 30), "c8"), "complex64")],
)
def test_tiffs_of_other_kinds(tmp_path, pixels, words):
    pair(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    save_tiff(tmp_path / "images" / "a.tif", pixels, photometric="minisblack", planarconfig="contig")
    assert words in refusal(tmp_path)


KINDS = {
    "png": lambda file: Image.fromarray(GREY).save(file, "PNG"),
    "palette": lambda file: Image.fromarray(np.dstack([GREY] * 3)).convert("P").save(file, "PNG"),
    "jpeg": lambda file: Image.fromarray(GREY).save(file, "JPEG"),
    "bmp": lambda file: Image.fromarray(GREY).save(file, "BMP"),
    "gif": lambda file: Image.fromarray(GREY).save(file, "GIF"),
    "tiff": lambda file: tifffile.imwrite(file, GREY.astype("u2")),
    "tiff zlib": lambda file: tifffile.imwrite(file, GREY, compression="zlib", tile=(16, 16)),
    "tiff lzw": lambda file: Image.fromarray(GREY).save(file, "TIFF", compression="tiff_lzw"),
    "tiff stack": lambda file: tifffile.imwrite(file, np.stack([GREY] * 5), photometric="minisblack"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_cut_off_or_changed_files_are_read_or_refused_in_words(tmp_path, kind):
    """Whatever bytes: a data set or a sentence, without a warning."""
    file = io.BytesIO()
    KINDS[kind](file)
    whole, dice = file.getvalue(), random.Random(0)
    pair(tmp_path)
    for _ in range(40):
        data = bytearray(whole[: dice.randrange(1, len(whole) + 1)] if dice.random() < 0.5 else whole)
        for _ in range(dice.randrange(4)):
            data[dice.randrange(min(len(data), 400))] = dice.randrange(256)
        for place in ("images", "masks"):
            (tmp_path / place / "a.png").write_bytes(data)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    found = from_folder(tmp_path)
                    assert found.images[0].shape[:2] == found.labels[0].shape
                except ValueError as error:
                    assert type(error) is decoded.DataError, repr(error)
            pair(tmp_path)
        path = tmp_path / "stack.tif"
        path.write_bytes(data)
        try:
            from_stack(path, np.zeros((5, 20, 30), int))
        except ValueError as error:
            assert type(error) is decoded.DataError, repr(error)
