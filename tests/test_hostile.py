"""Files that were made to do harm: pages in a circle, bombs, pipes, and what fails only when it is read."""

from __future__ import annotations

import gzip
import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from own_images import GREY, pair, png
from PIL import Image

from unet_explorer import from_folder, from_stack, open_image
from unet_explorer.data import guard, tiff_pages
from unet_explorer.data.decoded import DataError
from unet_explorer.data.pixel_size import pixel_size
from unet_explorer.panel.tabs.chosen_image import ChosenImage

MOST = 64 << 20
"""Bytes that reading a small hostile file may take."""


def tiff(pixels=GREY, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return bytearray(file.getvalue())


def changed(data, **values):
    """A TIFF whose first page says something else; the values by the names of their tags."""
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        for name, value in values.items():
            tag = file.pages[0].tags[name]
            struct.pack_into({3: "<H", 4: "<I"}[int(tag.dtype)], data, tag.valueoffset, value)
    return data


def refusals(folder: Path, name: str, content: bytes) -> list[str]:
    """What each reader says of a file; every one must refuse it, and take little memory."""
    pair(folder)
    for part in ("images", "masks"):
        (folder / part / "a.png").unlink()
        (folder / part / name).write_bytes(content)
    path = folder / "images" / name
    reads = [
        lambda: np.asarray(open_image(path)[:4, :4]),
        lambda: open_image(path, planes="channels"),
        lambda: ChosenImage().open(str(path)),
        lambda: from_folder(folder),
        lambda: from_stack(path, np.zeros((1, 20, 30), int)),
    ]
    said = []
    for read in reads:
        tracemalloc.start()
        try:
            with pytest.raises(DataError) as caught:
                read()
            assert tracemalloc.get_traced_memory()[1] < MOST
        finally:
            tracemalloc.stop()
        said.append(str(caught.value))
        assert name in said[-1]
    return said


def ring(order, large, pages):
    """Pages of one entry each, every one followed by the next, and the last by the first."""
    head, size = (struct.Struct(order + "QHHQQQ"), "Q") if large else (struct.Struct(order + "HHHIII"), "I")
    start = 16 if large else 8
    places = [start + number * head.size for number in range(pages)]
    first = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if large else 42)
    first += struct.pack(order + "HH", 8, 0) if large else b""
    body = b"".join(head.pack(1, 256, 4, 1, 4, place) for place in [*places[1:], places[0]])
    return first + struct.pack(order + size, places[0]) + body + bytes(100)


@pytest.mark.parametrize("pages", [1, 2, 5])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
def test_pages_that_go_round_in_a_circle(tmp_path, order, large, pages):
    for said in refusals(tmp_path, "a.tif", ring(order, large, pages)):
        assert "go round in a circle" in said
    assert pixel_size(tmp_path / "images" / "a.tif") is None


def test_pages_below_pages_that_lead_back(tmp_path):
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(GREY, subifds=1)
        writer.write(GREY[::2, ::2], subfiletype=1)
    data = bytearray(file.getvalue())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as opened:
        tag = opened.pages[0].tags["SubIFDs"]
        struct.pack_into("<I", data, tag.valueoffset, opened.pages[0].offset)
    for said in refusals(tmp_path, "a.tif", bytes(data)):
        assert "go round in a circle" in said


def test_more_pages_or_values_than_there_can_be(tmp_path, monkeypatch):
    data = tiff()
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        entry = file.pages[0].tags["StripOffsets"].offset
    struct.pack_into("<I", data, entry + 4, 2**30)
    for said in refusals(tmp_path / "values", "a.tif", bytes(data)):
        assert "1,073,741,824 values, more than the file holds" in said
    monkeypatch.setattr(tiff_pages, "MOST_PAGES", 3)
    for said in refusals(tmp_path / "pages", "a.tif", bytes(tiff(np.stack([GREY] * 4), photometric="minisblack"))):
        assert "more than 3 pages" in said


OME = """
import os, sys, numpy as np, tifffile
from unet_explorer import open_image, from_folder
from unet_explorer.data.pixel_size import pixel_size
for read in (open_image, pixel_size, lambda path: from_folder(os.path.dirname(os.path.dirname(path)))):
    try:
        print(read(sys.argv[1]))
    except ValueError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among files")
@pytest.mark.parametrize("named", ["pipe.tif", "{folder}/pipe.tif"])
def test_files_that_ome_names_are_never_opened(tmp_path, named):
    """One is a pipe: whoever opens it waits for ever."""
    pair(tmp_path)
    (tmp_path / "images" / "a.png").unlink()
    folder = tmp_path / "images"
    os.mkfifo(folder / "pipe.tif")
    words = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint8" SizeX="30" SizeY="20" SizeZ="2"'
        ' SizeC="1" SizeT="1"><TiffData IFD="0" FirstZ="0" PlaneCount="1"><UUID>urn:uuid:1</UUID></TiffData>'
        f'<TiffData IFD="0" FirstZ="1" PlaneCount="1"><UUID FileName="{named.format(folder=folder)}">urn:uuid:2</UUID>'
        "</TiffData></Pixels></Image></OME>"
    )
    path = folder / "a.ome.tif"
    tifffile.imwrite(path, GREY, description=words, metadata=None)
    # Where it hangs, it is ended; a slow machine needs a few seconds.
    ended = subprocess.run([sys.executable, "-c", OME, str(path)], timeout=120, check=False)
    assert ended.returncode == 0


def test_tiles_and_strips_that_are_far_larger_than_the_image(tmp_path):
    for number, options in enumerate(({}, {"compression": "zlib"})):
        data = changed(tiff(tile=(16, 16), **options), TileWidth=65520, TileLength=65520)
        for said in refusals(tmp_path / str(number), "a.tif", bytes(data)):
            assert "in pieces of 1 × 65520 × 65520" in said


@pytest.mark.parametrize("options", [{}, {"tile": (16, 16)}, {"predictor": True}])
def test_a_strip_that_unpacks_to_more_than_its_page(tmp_path, options):
    data = tiff(compression="zlib", **options)
    bomb = zlib.compress(bytes(200 << 20))
    word = "Tile" if "tile" in options else "Strip"
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        tags = file.pages[0].tags
        for name, value in ((f"{word}Offsets", len(data)), (f"{word}ByteCounts", len(bomb))):
            tag = tags[name]
            # The first value; the kind is made one that is wide enough.
            assert tag.count == 1 or tag.dtype == 4 or value < 2**16 or name.endswith("Counts")
            if tag.count == 1:
                struct.pack_into("<H", data, tag.offset + 2, 4)
                struct.pack_into("<I", data, tag.offset + 8, value)
            else:
                struct.pack_into({3: "<H", 4: "<I"}[int(tag.dtype)], data, tag.valueoffset, min(value, 65535))
    for said in refusals(tmp_path, "a.tif", bytes(data) + bomb):
        assert "unpacks to more bytes than it has pixels" in said or "damaged" in said


def test_what_is_far_larger_than_its_file_is_not_unpacked(tmp_path):
    assert guard.HARMLESS < 13_000**2
    for said in refusals(tmp_path / "png", "a.png", png(13_000, 13_000, zlib.compress(bytes(10_000)))):
        assert "unpack to 169,000,000" in said or "at most 67,108,864 are read" in said
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }\n"
    said = refusals(tmp_path / "npy", "a.npy", b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(99))
    assert all("is cut off: it says that it has shape (100000, 100000)" in each for each in said)


def test_a_jpeg_of_hundreds_of_scans(tmp_path):
    file = io.BytesIO()
    Image.fromarray(GREY).save(file, "JPEG", progressive=True)
    scan = file.getvalue()[file.getvalue().rindex(b"\xff\xda") : -2]
    for said in refusals(tmp_path, "a.jpg", file.getvalue()[:-2] + 300 * scan + b"\xff\xd9"):
        assert "more than 100 scans" in said


def packers():
    import numcodecs
    from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

    old = [numcodecs.Zlib(), numcodecs.GZip(), numcodecs.Zstd(), numcodecs.Blosc(), numcodecs.LZ4(), numcodecs.BZ2()]
    yield from ((f"old {each.codec_id}", each, {"zarr_format": 2, "compressors": each}) for each in old)
    new = [(GzipCodec(), old[1]), (ZstdCodec(), old[2]), (BloscCodec(), old[3])]
    yield from ((f"new {packer.codec_id}", packer, {"compressors": each}) for each, packer in new)


@pytest.mark.parametrize(("packer", "options"), [pytest.param(*rest, id=name) for name, *rest in packers()])
def test_a_chunk_that_unpacks_to_more_than_its_part_of_the_image(tmp_path, packer, options):
    array = zarr.create_array(str(tmp_path / "a.zarr"), data=GREY, chunks=GREY.shape, **options)
    assert np.array_equal(open_image(tmp_path / "a.zarr"), array[:])
    (chunk,) = [each for each in (tmp_path / "a.zarr").rglob("*") if each.name in ("0.0", "0") and each.is_file()]
    chunk.write_bytes(bytes(packer.encode(np.zeros(100 << 20, "u1"))))
    opened = open_image(tmp_path / "a.zarr")
    tracemalloc.start()
    with pytest.raises(DataError, match=r"a\.zarr/.* unpacks to more bytes than a chunk has pixels"):
        _ = opened[:2, :2]
    assert tracemalloc.get_traced_memory()[1] < MOST
    tracemalloc.stop()


def test_chunks_in_a_shard_are_looked_at_as_well(tmp_path):
    from numcodecs import checksum32 as crc32c
    from zarr.codecs import GzipCodec

    path = tmp_path / "a.zarr"
    options = {"chunks": (16, 16), "shards": (64, 64), "compressors": GzipCodec()}
    zarr.create_array(str(path), data=np.ones((64, 64), "u1"), **options)
    assert open_image(path)[3:50, 7].all()
    shard = path / "c" / "0" / "0"
    bomb = gzip.compress(bytes(100 << 20))
    index = b"".join(struct.pack("<QQ", 0, len(bomb)) for _ in range(16))
    shard.write_bytes(bomb + index + bytes(crc32c.CRC32C().encode(index))[-4:])
    for part in (np.s_[:4, :4], np.s_[:, :]):
        with pytest.raises(DataError, match="unpacks to more bytes than a chunk has pixels"):
            _ = open_image(path)[part]


def test_what_an_array_of_zarr_says_of_itself_is_looked_at(tmp_path):
    wide = {"shape": (100, 100), "chunks": (2**15, 2**15), "dtype": "u1"}
    zarr.create_array(str(tmp_path / "wide.zarr"), **wide)
    with pytest.raises(DataError, match="100 × 100 pixels in pieces of 32768 × 32768"):
        open_image(tmp_path / "wide.zarr")
    zarr.open_group(str(tmp_path / "group.zarr"), mode="w").create_array("inside", shape=(4, 4), dtype="u1")
    with pytest.raises(DataError, match="no array of Zarr, but a group.*inside"):
        open_image(tmp_path / "group.zarr")


def test_damage_is_told_in_words_when_it_is_read(tmp_path):
    image = np.random.default_rng(0).integers(0, 255, (90, 100), "uint8")
    data = tiff(image, compression="zlib", tile=(32, 32))
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        place = file.pages[0].dataoffsets[-1]
    data[place : place + 20] = b"x" * 20
    (tmp_path / "a.tif").write_bytes(data)
    opened = open_image(tmp_path / "a.tif")
    assert np.array_equal(opened[:9, :9], image[:9, :9])
    zarr.create_array(str(tmp_path / "b.zarr"), data=image, chunks=(50, 50))
    (tmp_path / "b.zarr" / "c" / "1" / "1").write_bytes(b"damaged")
    for image_, name in ((opened, "a.tif"), (open_image(tmp_path / "b.zarr"), "b.zarr")):
        for read in (lambda image=image_: image[80:, 90:], lambda image=image_: np.asarray(image)):
            with pytest.raises(DataError, match=f"{name} is damaged or cut off .*Save it again, or leave it out"):
                read()
        with pytest.raises(IndexError):
            _ = image_[1000, 0]


def test_a_mapped_file_that_becomes_shorter_ends_nobody(tmp_path):
    """The system would end the whole process."""
    np.save(tmp_path / "a.npy", np.zeros((500, 500)))
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((500, 500)))
    for name in ("a.npy", "b.tif"):
        opened = open_image(tmp_path / name)
        os.truncate(tmp_path / name, 4000)
        with pytest.raises(DataError, match=f"{name} has become shorter since it was opened"):
            _ = opened[400:, 400:]
        with pytest.raises(DataError, match="is cut off"):
            open_image(tmp_path / name)


def test_an_archive_of_arrays_is_told_apart_from_an_array(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, one=GREY)
    with pytest.raises(DataError, match=r"a\.npy is an \.npz with several arrays: save the one that is meant"):
        open_image(tmp_path / "a.npy")


@pytest.mark.parametrize(("path", "reason"), [("~nosuchuser/a.tif", "no user"), ("x" * 5000 + ".tif", "too long")])
def test_paths_that_nobody_can_follow_say_why(path, reason):
    for read in (open_image, from_folder, lambda path: from_stack(path, path)):
        with pytest.raises(DataError, match=reason):
            read(path)
