"""OME-Zarr and OME-TIFF in, OME-Zarr out: axes, levels, channels; hostile folders; blocks written one by one."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from unet_explorer import UNetConfig, open_image
from unet_explorer.data.decoded import DataError
from unet_explorer.data.pixel_size import PixelSize, pixel_of, pixel_size
from unet_explorer.data.weights import regions
from unet_explorer.drawing.palette import class_rgb
from unet_explorer.predict import ome
from unet_explorer.predict.across import in_block, joined, numbered
from unet_explorer.predict.exports import write_mask, write_numbers, write_tiled
from unet_explorer.predict.source import read_image

KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
UNITS = {"y": "micrometer", "x": "micrometer"}
NAMES = ("DAPI", "GFP", "two words")


def image(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 60_000, shape).astype("uint16")


def said(axes, levels=("0",), size=0.5):
    """What a group says of its image."""
    datasets = []
    for level, path in enumerate(levels):
        scale = [size * 2.0**level if axis in "yx" else 1.0 for axis in axes]
        datasets.append({"path": path, "coordinateTransformations": [{"type": "scale", "scale": scale}]})
    named = [{"name": axis, "type": KINDS[axis], "unit": UNITS.get(axis)} for axis in axes]
    return {"multiscales": [{"version": "0.4", "axes": named, "datasets": datasets}]}


def group(path, attributes, version="0.5"):
    """The head of a group, written by hand."""
    path.mkdir(parents=True, exist_ok=True)
    if version == "0.4":
        (path / ".zgroup").write_text('{"zarr_format": 2}')
        (path / ".zattrs").write_text(json.dumps(attributes))
        return
    attributes = {"ome": {"version": "0.5", **attributes}}
    (path / "zarr.json").write_text(
        json.dumps({"zarr_format": 3, "node_type": "group", "attributes": attributes}, allow_nan=True)
    )


def written(path, data, axes, version="0.5", more=None):
    """An image of OME-Zarr with two levels, and labels that are none of it."""
    group(path, said(axes, ("0", "deep/1")) | (more or {}), version)
    small = tuple(slice(None, None, 2) if axis in "yx" else slice(None) for axis in axes)
    options = {"chunks": tuple(min(side, 13) for side in data.shape), "zarr_format": 2 if version == "0.4" else 3}
    if version == "0.4":
        options["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
    zarr.create_array(str(path / "0"), data=data, **options)
    zarr.create_array(str(path / "deep" / "1"), data=np.ascontiguousarray(data[small]), **options)
    group(path / "labels", {"labels": ["mask"]}, version)
    return path


def channels(*names):
    return {"omero": {"channels": [{"label": name, "color": "FF0000"} for name in names]}}


AXES = st.tuples(st.sampled_from(["", "t"]), st.sampled_from(["", "c"]), st.sampled_from(["yx", "zyx", "xy", "yxz"]))


@settings(deadline=None, max_examples=15)
@given(
    axes=AXES.map("".join),
    version=st.sampled_from(["0.4", "0.5"]),
    seed=st.integers(0, 9),
    level=st.sampled_from([None, 0, 1]),
    channel=st.sampled_from([None, 2, "GFP", [2], [2, "DAPI"], [0, 1, 2]]),
    data=st.data(),
)
def test_any_axes_and_any_choice(tmp_path_factory, axes, version, seed, level, channel, data):
    sides = {"t": 2, "c": 3, "z": 4, "y": 21, "x": 18}
    values = image([sides[axis] for axis in axes], seed)
    path = written(tmp_path_factory.mktemp("a") / "a.zarr", values, axes, version, channels(*NAMES))
    words = {letter: data.draw(st.integers(0, sides[letter] - 1)) for letter in "tz" if letter in axes}
    if channel is not None and "c" in axes:
        words["channel"] = channel
    if level is not None:
        words["level"] = level
    # The oracle: all axes at the front, in one order.
    wanted = values.transpose([axes.index(letter) for letter in "tczyx" if letter in axes])
    for letter in "tczyx":
        if letter not in axes:
            wanted = np.expand_dims(wanted, "tczyx".index(letter))
    wanted = wanted[words.get("t", 0), :, words.get("z", 0)]
    wanted = wanted[:, ::2, ::2] if level == 1 else wanted
    if "c" not in axes:
        wanted = wanted[0]
    elif channel is None:
        wanted = np.moveaxis(wanted, 0, -1)
    else:
        numbers = [
            NAMES.index(e) if isinstance(e, str) else e for e in (channel if isinstance(channel, list) else [channel])
        ]
        wanted = np.moveaxis(wanted[numbers], 0, -1) if isinstance(channel, list) else wanted[numbers[0]]
    opened = open_image(path, **words)
    assert opened.shape == wanted.shape
    assert opened.dtype == "uint16"
    assert np.array_equal(np.asarray(opened), wanted)
    height, width = wanted.shape[:2]
    parts = st.tuples(*(st.slices(side) for side in (height, width))) | st.tuples(st.integers(-height, height - 1))
    key = data.draw(parts)
    assert np.array_equal(opened[key], wanted[key])
    assert np.array_equal(opened[2:9, -3], wanted[2:9, -3])
    assert np.array_equal(opened[..., -1], wanted[..., -1])
    assert np.array_equal(opened[np.array([0, 3])], wanted[np.array([0, 3])])
    assert opened.pixel == PixelSize(*[0.5 * (2 if level == 1 else 1)] * 2, "um")
    again = open_image(opened.origin[0], **json.loads(json.dumps(opened.origin[1])))
    assert opened.origin[0].is_absolute()
    assert np.array_equal(np.asarray(again), wanted)


def test_nothing_but_the_wanted_chunks_is_read(tmp_path):
    path = written(tmp_path / "a.zarr", image((3, 40, 40)), "cyx")
    for each in (path / "0" / "c").rglob("*"):
        if each.is_file() and each.parts[-3:] != ("0", "0", "1"):
            each.write_bytes(b"damaged")
    # Chunks are 3 × 13 × 13.
    assert open_image(path)[3:9, 14:20].shape == (6, 6, 3)
    with pytest.raises(DataError, match=r"a\.zarr is damaged"):
        _ = open_image(path)[3:9, :]


def test_where_it_is_not_said_it_is_asked_and_what_there_is_is_told(tmp_path):
    values = image((2, 3, 4, 30, 20))
    path = written(tmp_path / "a.ome.zarr", values, "tczyx", more=channels(*NAMES))
    with pytest.raises(DataError) as caught:
        open_image(path)
    text, question = str(caught.value), caught.value.question
    for part in ("8 planes", "z=0 to z=3 and t=0 to t=1", "3 channels (DAPI, GFP, two words)", "plane=0) to plane=7"):
        assert part in text
    assert question.option == "plane"
    assert len(question.pictures) == len(question.choices) == 8
    for number, words in question.choices:
        z, t = (int(part.split()[1]) for part in words.split(", "))
        assert np.array_equal(open_image(path, plane=number), values[t, :, z].transpose(1, 2, 0))
    with pytest.raises(DataError, match=r"z=0 to z=3, as in open_image\(path, z=0, t=1\)\. Each") as caught:
        open_image(path, t=1)
    assert caught.value.question.option == "z"
    assert [number for number, _ in caught.value.question.choices] == [0, 1, 2, 3]
    plane = open_image(path, t=1, z=3)
    assert plane.shape == (30, 20, 3)
    for words, reason in {
        (("z", 4), ("t", 0)): "z=4 is not allowed: a.ome.zarr has z from 0 to 3",
        (("plane", 8),): "holds 8 planes, counted from 0",
        (("plane", 0), ("z", 1)): "counts all planes",
        (("z", 0), ("t", 0), ("channel", 3)): r"has 3 channels \(DAPI, GFP, two words\), channel=0 to channel=2",
        (("z", 0), ("t", 0), ("channel", "dapi")): r"channel='dapi' is not allowed: .*DAPI",
        (("level", 2),): "level=2 is not allowed: a.ome.zarr has level=0 to level=1",
    }.items():
        with pytest.raises(DataError, match=reason):
            open_image(path, **dict(words))
    twice = written(tmp_path / "b.zarr", values[0, :, 0], "cyx", more=channels("one", "one", "two"))
    with pytest.raises(DataError, match="channel='one' is not allowed"):
        open_image(twice, channel="one")
    assert np.array_equal(open_image(twice, channel="two"), values[0, 2, 0])
    flat = written(tmp_path / "c.zarr", values[0, 0], "zyx")
    assert np.array_equal(open_image(flat, planes="channels"), values[0, 0].transpose(1, 2, 0))
    with pytest.raises(DataError, match=r'open_image\(path, planes="channels"\)'):
        open_image(flat)


def test_channels_that_were_measured_are_no_colours(tmp_path):
    """A network for grey is given one that was named, or nothing; a picture in colours is still made grey."""
    values = image((3, 30, 20))
    path = written(tmp_path / "a.zarr", values, "cyx", more=channels(*NAMES))
    tifffile.imwrite(tmp_path / "a.ome.tif", values, metadata={"axes": "CYX"}, photometric="minisblack")
    tifffile.imwrite(tmp_path / "rgb.tif", values.transpose(1, 2, 0), photometric="rgb")
    assert open_image(path, channel=[2, 0]).channels == ("two words", "DAPI")
    for each in (path, tmp_path / "a.ome.tif"):
        with pytest.raises(ValueError, match=r"has 3 channels, the network takes 1: open_image\(path, channel=0\)"):
            read_image(each, UNetConfig())
        assert read_image(each, UNetConfig(in_channels=3)).shape == (30, 20, 3)
        assert read_image(open_image(each, channel=1), UNetConfig()).shape == (30, 20)
    assert read_image(tmp_path / "rgb.tif", UNetConfig()).shape == (30, 20)
    assert pixel_of(open_image(path, level=1)) == PixelSize(1.0, 1.0, "um")
    assert pixel_of(path) == PixelSize(0.5, 0.5, "um")
    assert pixel_of(values) is None


def test_what_else_a_folder_may_be(tmp_path):
    group(tmp_path / "plate.zarr", {"plate": {}})
    group(tmp_path / "many.zarr", {"bioformats2raw.layout": 3})
    for name, reason in (("plate", r"a plate, .*plate\.zarr/A/1/0"), ("many", r"a collection .*many\.zarr/0")):
        with pytest.raises(DataError, match=reason):
            open_image(tmp_path / f"{name}.zarr")
    values = image((20, 30))
    written(tmp_path / "many.zarr" / "0", values, "yx", "0.4")
    assert np.array_equal(open_image(tmp_path / "many.zarr" / "0"), values)
    with pytest.raises(DataError, match="labels of an image, not the image. Give the folder of one: mask"):
        open_image(tmp_path / "many.zarr" / "0" / "labels")
    # An array stays what it was, and knows of no planes.
    zarr.create_array(str(tmp_path / "plain.zarr"), data=values)
    assert np.array_equal(open_image(tmp_path / "plain.zarr", z=0, level=0), values)
    np.save(tmp_path / "a.npy", values)
    for name in ("plain.zarr", "a.npy"):
        for words in ({"z": 1}, {"t": 1}, {"level": 1}, {"channel": "DAPI"}):
            with pytest.raises(DataError, match=r"is not allowed: .* does not say that it has several of that kind"):
                open_image(tmp_path / name, **words)
    for wrong in ([], [None], {"a": 1}, -1, 1.5, True, [[0]]):
        with pytest.raises(ValueError, match="channel=.* is not allowed"):
            open_image(tmp_path / "a.npy", channel=wrong)


def changed(attributes, change):
    change(attributes["multiscales"][0])
    return attributes


HOSTILE = {
    "up": (lambda m: m["datasets"][0].update(path="../b.zarr/0"), "no folder within it"),
    "up inside": (lambda m: m["datasets"][0].update(path="0/../../a.zarr/0"), "no folder within it"),
    "absolute": (lambda m: m["datasets"][0].update(path="{folder}/b.zarr/0"), "no folder within it"),
    "itself": (lambda m: m["datasets"][0].update(path="."), "no folder within it"),
    "empty": (lambda m: m["datasets"][0].update(path=""), "no folder within it"),
    "no text": (lambda m: m["datasets"][0].update(path=7), "no folder within it"),
    "drive": (lambda m: m["datasets"][0].update(path="C:\\b"), "no folder within it"),
    "zero": (lambda m: m["datasets"][0].update(path="0\0"), "no folder within it"),
    "url": (lambda m: m["datasets"][0].update(path="http://localhost/0"), "no folder within it"),
    "circle": (lambda m: m["datasets"].append(m["datasets"][0]), "round in a circle"),
    "circle, hidden": (lambda m: m["datasets"].append({**m["datasets"][0], "path": "0/"}), "no folder within it"),
    "missing": (lambda m: m["datasets"][0].update(path="7"), "7 as level 0, which is no array"),
    "a group": (lambda m: m["datasets"][0].update(path="deep"), "deep as level 0, which is no array"),
    "no levels": (lambda m: m.update(datasets=[]), "has no levels"),
    "very many": (
        lambda m: m.update(datasets=[{**m["datasets"][0], "path": str(n)} for n in range(10_000)]),
        "has more than 64 levels",
    ),
    "levels of nothing": (lambda m: m.update(datasets={"path": "0"}), "what OME-Zarr does not know"),
    "larger copy": (lambda m: m["datasets"].reverse(), "no smaller copy"),
    "too many axes": (lambda m: m["axes"].insert(0, {"name": "t", "type": "time"}), "4 numbers above 0 are meant"),
    "too few axes": (lambda m: m["axes"].pop(0), "do not go together|1 axes|numbers above 0"),
    "no axes": (lambda m: m.pop("axes"), "names no axes: 0.4 and 0.5 are read"),
    "axes of no list": (lambda m: m.update(axes="yx"), "no axes: images have 2 to 5"),
    "axes alike": (lambda m: m.update(axes=[m["axes"][-1]] * 3), "without a name of their own"),
    "two of time": (lambda m: [each.update(type="time") for each in m["axes"]], "an image has two or three"),
    "nan": (lambda m: m["datasets"][0]["coordinateTransformations"][0].update(scale=[1, float("nan"), 1]), "above 0"),
    "infinite": (lambda m: m["datasets"][0]["coordinateTransformations"][0].update(scale=[1, 1e999, 1]), "above 0"),
    "backwards": (lambda m: m["datasets"][0]["coordinateTransformations"][0].update(scale=[1, -1, 1]), "above 0"),
    "of words": (lambda m: m["datasets"][0]["coordinateTransformations"][0].update(scale=["a"] * 3), "above 0"),
    "too long": (lambda m: m["datasets"][0]["coordinateTransformations"][0].update(scale=[1] * 9), "above 0"),
    "steps of nothing": (lambda m: m["datasets"][0].update(coordinateTransformations=[3]), "does not know"),
}


@pytest.mark.parametrize("version", ["0.4", "0.5"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_what_a_group_says_of_itself_is_looked_at(tmp_path, kind, version):
    change, reason = HOSTILE[kind]
    for name in ("a", "b"):
        written(tmp_path / f"{name}.zarr", image((3, 20, 20)), "cyx", version)
    attributes = changed(said("cyx", ("0", "deep/1")), change)
    text = json.dumps(attributes).replace("{folder}", str(tmp_path))
    group(tmp_path / "a.zarr", json.loads(text), version)
    with pytest.raises(DataError, match=reason) as caught:
        open_image(tmp_path / "a.zarr", level=1 if kind == "larger copy" else 0)
    assert "a.zarr" in str(caught.value)
    # Whatever is said, asking for the size of a pixel fails nobody.
    assert pixel_size(tmp_path / "a.zarr") in (None, PixelSize(0.5, 0.5, "um"), PixelSize(1.0, 1.0, "um"))


@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 9, "7", "null", '{"multiscales": 3}', '{"multiscales": []}', ""])
def test_heads_that_are_no_head(tmp_path, text):
    path = written(tmp_path / "a.zarr", image((20, 20)), "yx", "0.4")
    (path / ".zattrs").write_text(text)
    with pytest.raises(DataError, match=r"a\.zarr"):
        open_image(path)
    assert pixel_size(path) is None
    (path / ".zattrs").write_bytes(b" " * (1 << 22) + b" {}")
    with pytest.raises(DataError, match="no more are read"):
        open_image(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes among files")
def test_links_that_lead_out_and_pipes_are_not_followed(tmp_path):
    other = written(tmp_path / "b.zarr", image((20, 20)), "yx")
    path = written(tmp_path / "a.zarr", image((20, 20)), "yx")
    (path / "out").symlink_to(other / "0")
    group(path, said("yx", ("out",)))
    with pytest.raises(DataError, match="'out' as a level: no folder within it"):
        open_image(path)
    group(path, said("yx"))
    chunk = path / "0" / "c" / "0" / "0"
    chunk.unlink()
    chunk.symlink_to(other / "0" / "c" / "0" / "0")
    with pytest.raises(DataError, match="leads out of the folder of its image"):
        _ = open_image(path)[:2, :2]
    chunk.unlink()
    os.mkfifo(chunk)
    with pytest.raises(DataError, match="no plain file"):
        _ = open_image(path)[:2, :2]
    for head in (path / "0" / "zarr.json", path / "zarr.json"):
        head.unlink()
        head.symlink_to(other / head.relative_to(path))
        with pytest.raises(DataError, match="leads out of"):
            open_image(path)
        head.unlink()
        os.mkfifo(head)
        with pytest.raises(DataError):
            open_image(path)
    # Whoever links to the whole folder means it.
    (tmp_path / "link.zarr").symlink_to(other)
    assert np.array_equal(open_image(tmp_path / "link.zarr"), image((20, 20)))


def test_a_chunk_of_a_level_that_is_a_bomb(tmp_path):
    path = written(tmp_path / "a.zarr", image((20, 20)), "yx")
    import numcodecs

    (path / "0" / "c" / "0" / "0").write_bytes(bytes(numcodecs.Zstd().encode(np.zeros(100 << 20, "u1"))))
    opened = open_image(path)
    tracemalloc.start()
    with pytest.raises(DataError, match="unpacks to more bytes than a chunk has pixels"):
        _ = opened[:2, :2]
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"compression": "zlib", "tile": (16, 16)}])
@pytest.mark.parametrize("axes", ["TCZYX", "ZCYX", "CYX", "TZYX"])
def test_ome_tiff_by_the_same_words(tmp_path, axes, options):
    values = image([{"T": 2, "C": 3, "Z": 4, "Y": 40, "X": 33}[axis] for axis in axes])
    path = tmp_path / "a.ome.tif"
    more = {"Channel": {"Name": ["DAPI", "a < b", "c"]}} if "C" in axes else {}
    size = {"PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}
    tifffile.imwrite(path, values, metadata={"axes": axes, **more, **size}, photometric="minisblack", **options)
    words = {letter.lower(): 1 for letter in axes if letter in "TZ"}
    wanted = values[tuple(1 if letter in "TZ" else slice(None) for letter in axes)]
    if words:
        with pytest.raises(DataError, match=r"a\.ome\.tif holds \d planes\. Say which is meant: ") as caught:
            open_image(path)
        assert ("DAPI, a < b, c" in str(caught.value)) == ("C" in axes)
        assert len(caught.value.question.pictures) == len(caught.value.question.choices)
    opened = open_image(path, **words)
    assert type(opened) is not np.ndarray
    assert np.array_equal(opened, np.moveaxis(wanted, 0, -1) if "C" in axes else wanted)
    assert opened.pixel == PixelSize(0.5, 0.25, "um")
    if "C" in axes:
        assert np.array_equal(open_image(path, channel="a < b", **words)[7:30, 20:], wanted[1, 7:30, 20:])
        assert np.array_equal(open_image(path, channel=[2, 0], **words), np.moveaxis(wanted[[2, 0]], 0, -1))
    again = open_image(opened.origin[0], **opened.origin[1])
    assert np.array_equal(again, np.asarray(opened))
    with pytest.raises(DataError, match="t=5 is not allowed"):
        open_image(path, **{**words, "t": 5})


def pyramid_tiff(path, values, **options):
    with tifffile.TiffWriter(path, ome=True) as file:
        for level, each in enumerate((values, values[..., ::2, ::2], values[..., ::4, ::4])):
            more = {"subifds": 2, "metadata": {"axes": "CYX", "PhysicalSizeX": 1, "PhysicalSizeY": 1}}
            more = {"subfiletype": 1} if level else more
            file.write(each, photometric="minisblack", tile=(16, 16), **options, **more)


def test_pages_below_a_page_may_be_chained_as_well_but_not_in_a_circle(tmp_path):
    values = image((2, 80, 64))
    pyramid_tiff(tmp_path / "a.ome.tif", values)
    data = bytearray((tmp_path / "a.ome.tif").read_bytes())
    with tifffile.TiffFile(io.BytesIO(bytes(data))) as file:
        first, last = (each.offset for each in file.pages[0].pages)
        end = last + 2 + 12 * len(file.pages[0].pages[1].tags)
    # The last one leads back to the first.
    data[end : end + 4] = first.to_bytes(4, "little")
    (tmp_path / "b.ome.tif").write_bytes(data)
    assert open_image(tmp_path / "a.ome.tif").shape == (80, 64, 2)
    with pytest.raises(DataError, match="go round in a circle"):
        open_image(tmp_path / "b.ome.tif")


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}])
def test_a_tiff_with_smaller_copies_is_read_at_any_level(tmp_path, options):
    values = image((2, 80, 64))
    pyramid_tiff(tmp_path / "a.ome.tif", values, **options)
    for level, step in ((None, 1), (0, 1), (1, 2), (2, 4)):
        opened = open_image(tmp_path / "a.ome.tif", level=level)
        assert np.array_equal(opened, np.moveaxis(values[:, ::step, ::step], 0, -1))
        assert opened.pixel == PixelSize(step, step, "um")
    with pytest.raises(DataError, match=r"level=3 is not allowed: .* level=0 to level=2 \(2 × 80 × 64, 2 × 40 × 32"):
        open_image(tmp_path / "a.ome.tif", level=3)
    tifffile.imwrite(tmp_path / "flat.tif", values[0])
    assert np.array_equal(open_image(tmp_path / "flat.tif", level=0, z=0, channel=0), values[0])
    with pytest.raises(DataError, match="level=1 is not allowed: flat.tif has one level"):
        open_image(tmp_path / "flat.tif", level=1)


def test_planes_in_other_files_are_missed_not_taken_for_black(tmp_path):
    words = (
        '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="urn:uuid:1">'
        '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="uint16" SizeX="30" SizeY="20" SizeZ="2"'
        ' SizeC="1" SizeT="1"><TiffData IFD="0" FirstZ="0" PlaneCount="1"><UUID FileName="a.ome.tif">urn:uuid:1</UUID>'
        '</TiffData><TiffData IFD="0" FirstZ="1" PlaneCount="1"><UUID FileName="b.ome.tif">urn:uuid:2</UUID>'
        "</TiffData></Pixels></Image></OME>"
    )
    tifffile.imwrite(tmp_path / "a.ome.tif", image((20, 30)), description=words, metadata=None)
    for reason in ("2 planes, more than it has bytes for", "some of its planes are in other files"):
        for words in ({}, {"z": 1}, {"z": 0}):
            with pytest.raises(DataError, match=reason):
                open_image(tmp_path / "a.ome.tif", **words)
        # As large as if they were there.
        with (tmp_path / "a.ome.tif").open("ab") as file:
            file.write(bytes(9999))


# --- out -------------------------------------------------------------------------------------------------------------

CHUNK = (96, 64)
SHAPE = (1033, 130)
"""Odd sides, and three levels."""
PIXEL = PixelSize(0.5, 0.25, "um")


def places(shape=SHAPE, chunk=CHUNK):
    return [
        (slice(top, min(top + chunk[0], shape[0])), slice(left, min(left + chunk[1], shape[1])))
        for top in range(0, shape[0], chunk[0])
        for left in range(0, shape[1], chunk[1])
    ]


def predicted(folder, save, config, classes=()):
    """Scores, written block by block in an order by chance, some of them twice."""
    random = np.random.default_rng(1)
    scores = random.normal(size=(*SHAPE, config.num_classes)).astype("float32")
    ome.create(folder, SHAPE, save, config, CHUNK, classes, PIXEL)
    every = places()
    for number in [*random.permutation(len(every)), 3, 0]:
        labels = ome.put_scores(folder, every[number], scores[every[number]], config)
        assert np.array_equal(labels, scores[every[number]].argmax(-1) if config.num_classes > 1 else labels)
    return scores


def coarse(folder):
    for step in ome.pyramid_steps(folder):
        for arguments in [*reversed(step), step[0]]:
            ome.pyramid(folder, *arguments)


def attributes(folder):
    return json.loads((folder / "zarr.json").read_text())["attributes"]["ome"]


def check_spec(folder, axes):
    """What version 0.5 says that an image must be, read from its files alone."""
    said = attributes(folder)
    (first,) = said["multiscales"]
    assert said["version"] == "0.5"
    assert [axis["name"] for axis in first["axes"]] == axes
    assert all(axis["type"] == ("channel" if axis["name"] == "c" else "space") for axis in first["axes"])
    assert all(axis.get("unit") == "micrometer" for axis in first["axes"] if axis["name"] != "c")
    shapes = []
    for level, each in enumerate(first["datasets"]):
        scale, *rest = each["coordinateTransformations"]
        factor = 2**level
        assert scale == {"type": "scale", "scale": [*[1.0] * (len(axes) - 2), 0.5 * factor, 0.25 * factor]}
        # The middle of the first pixel of a coarser level, in the world.
        middle = [0.5 * (factor - 1) / 2, 0.25 * (factor - 1) / 2]
        assert [step["translation"][-2:] for step in rest] == ([middle] if level else [])
        head = json.loads((folder / each["path"] / "zarr.json").read_text())
        assert head["dimension_names"] == axes
        assert head["zarr_format"] == 3
        shapes.append(head["shape"])
    for one, other in pairwise(shapes):
        assert other[-2:] == [-(-side // 2) for side in one[-2:]]
    assert max(shapes[-1][-2:]) <= 512 < max(shapes[-2][-2:])
    return said, shapes


def test_probabilities_with_their_mask(tmp_path):
    config, classes = UNetConfig(num_classes=3), ("ground", "cell", "wall")
    folder = tmp_path / "a.ome.zarr"
    scores = predicted(folder, "probabilities", config, classes)
    coarse(folder)
    said, shapes = check_spec(folder, ["c", "y", "x"])
    assert [each["label"] for each in said["omero"]["channels"]] == list(classes)
    for each in said["omero"]["channels"]:
        assert len(each["color"]) == 6
        assert {"min", "max", "start", "end"} <= each["window"].keys()
    assert attributes(folder / "labels")["labels"] == ["mask"]
    label, _ = check_spec(folder / "labels" / "mask", ["y", "x"])
    assert label["image-label"]["source"] == {"image": "../../"}
    assert label["image-label"]["version"] == "0.5"
    colours = {each["label-value"]: tuple(each["rgba"][:3]) for each in label["image-label"]["colors"]}
    assert colours == {number: class_rgb(number) for number in range(3)}
    assert len(label["multiscales"][0]["datasets"]) == len(shapes) == 3
    shares = softmax(scores, axis=-1)
    opened = open_image(folder)
    assert np.allclose(opened, shares, atol=1e-6)
    assert opened.pixel == pixel_size(folder) == PIXEL
    assert np.allclose(open_image(folder, channel="wall"), shares[..., 2], atol=1e-6)
    assert np.array_equal(open_image(folder / "labels" / "mask"), scores.argmax(-1))
    # The oracle of a coarser level goes pixel by pixel.
    for level in (1, 2):
        finer, found = np.asarray(open_image(folder, level=level - 1)), open_image(folder, level=level)[:, :]
        mask = np.asarray(open_image(folder / "labels" / "mask", level=level - 1))
        assert np.array_equal(open_image(folder / "labels" / "mask", level=level), mask[::2, ::2])
        for row, column in [(0, 0), (7, 9), (found.shape[0] - 1, 3), (5, found.shape[1] - 1)]:
            part = finer[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
            assert np.allclose(found[row, column], part.mean(axis=(0, 1)), atol=1e-6)
        assert np.allclose(found.sum(-1), 1, atol=1e-5)
    assert np.array_equal(open_image(folder, level=2).shape, (259, 33, 3))


@pytest.mark.parametrize("save", ["mask", "objects"])
def test_a_mask_and_the_numbers_of_its_objects(tmp_path, save):
    folder = tmp_path / "a.ome.zarr"
    scores = predicted(folder, save, UNetConfig(num_classes=1))
    mask = (scores[..., 0] > 0).astype("uint8")
    every = places()
    found = [in_block(mask[place], scores[place], place)[1] for place in every]
    tables = joined(found).tables
    if save == "objects":
        for place, table in zip(every, tables, strict=True):
            read = ome.array_of(folder, "mask")[place]
            ome.put_numbers(folder, place, numbered(read, table))
    coarse(folder)
    said, _ = check_spec(folder, ["y", "x"])
    names = ["mask", "objects"] if save == "objects" else ["mask"]
    assert attributes(folder / "labels")["labels"] == names
    assert said["omero"]["channels"][0]["window"]["max"] == 1
    assert np.array_equal(open_image(folder), mask)
    assert np.array_equal(open_image(folder / "labels" / "mask"), mask)
    assert open_image(folder / "labels" / "mask").dtype == "uint8"
    if save == "objects":
        check_spec(folder / "labels" / "objects", ["y", "x"])
        numbers = open_image(folder / "labels" / "objects")
        assert numbers.dtype == "uint32"
        assert np.array_equal(numbers, regions(mask))
        assert np.array_equal(open_image(folder / "labels" / "objects", level=2), regions(mask)[::4, ::4])
    else:
        with pytest.raises(ValueError, match="'objects' is not in a.ome.zarr: it holds image, mask"):
            ome.put_numbers(folder, every[0], mask[every[0]].astype("uint32"))


def test_no_two_processes_write_to_one_chunk_and_nothing_is_replaced(tmp_path):
    folder, config = tmp_path / "a.zarr", UNetConfig()
    ome.create(folder, (100, 100), "mask", config, (40, 40))
    scores = np.zeros((40, 40, 2), "float32")
    for wrong in ((slice(0, 40), slice(20, 60)), (slice(0, 30), slice(0, 40)), (slice(80, 100), slice(80, 99))):
        sides = tuple(part.stop - part.start for part in wrong)
        with pytest.raises(ValueError, match="no whole chunks"):
            ome.put_scores(folder, wrong, scores[: sides[0], : sides[1]], config)
    ome.put_scores(folder, (slice(80, 100), slice(0, 40)), scores[:20], config)
    assert ome.is_ours(folder)
    with pytest.raises(FileExistsError, match="is there already"):
        ome.create(folder, (100, 100), "mask", config)
    with pytest.raises(ValueError, match="save='labels' is not allowed"):
        ome.create(tmp_path / "b.zarr", (100, 100), "labels", config)
    (tmp_path / "c.zarr").mkdir()
    assert not ome.is_ours(tmp_path / "c.zarr")
    written(tmp_path / "d.zarr", image((20, 20)), "yx")
    assert not ome.is_ours(tmp_path / "d.zarr")
    without = attributes(folder)["multiscales"][0]
    assert "unit" not in without["axes"][0]
    assert pixel_size(folder) is None


@pytest.mark.parametrize("pixel", [None, PIXEL, PixelSize(0.01, 0.02, "inch")])
def test_in_tiles_a_mask_is_what_it_is_in_one_piece(tmp_path, pixel):
    mask = np.random.default_rng(0).integers(0, 200, (75, 101)).astype("uint8")
    asked = []

    class Source:
        shape, dtype = mask.shape, mask.dtype

        def __getitem__(self, key):
            asked.append(key)
            return mask[key]

    wanted = io.BytesIO()
    write_mask(wanted, mask, ".tif", pixel)
    write_tiled(tmp_path / "a.tif", Source(), 16, pixel)
    assert max(rows.stop - rows.start for rows, _ in asked) == 16
    with tifffile.TiffFile(io.BytesIO(wanted.getvalue())) as one, tifffile.TiffFile(tmp_path / "a.tif") as other:
        assert other.is_bigtiff
        assert other.pages[0].tile == (16, 16)
        assert other.pages[0].compression == 8
        assert np.array_equal(one.asarray(), other.asarray())
        assert np.array_equal(one.pages[0].colormap, other.pages[0].colormap)
        for tag in ("XResolution", "YResolution", "ResolutionUnit", "PhotometricInterpretation"):
            assert one.pages[0].tags[tag].value == other.pages[0].tags[tag].value
    assert pixel_size(tmp_path / "a.tif") == pixel_size_of(wanted, tmp_path)


def pixel_size_of(file, folder):
    (folder / "one.tif").write_bytes(file.getvalue())
    return pixel_size(folder / "one.tif")


@pytest.mark.parametrize("most", [None, 900, 70_000])
def test_in_tiles_numbers_of_objects_as_well(tmp_path, most):
    numbers = np.random.default_rng(0).integers(0, most or 900, (75, 101)).astype("uint32")
    array = zarr.create_array(str(tmp_path / "a.zarr"), data=numbers, chunks=(32, 32))
    wanted = io.BytesIO()
    write_numbers(wanted, numbers.astype("int32"))
    write_tiled(tmp_path / "a.tif", array, 32, most=most)
    read = tifffile.imread(tmp_path / "a.tif")
    assert np.array_equal(read, numbers)
    assert read.dtype == ("uint16" if most == 900 else "uint32")
    assert most is None or read.dtype == tifffile.imread(io.BytesIO(wanted.getvalue())).dtype
