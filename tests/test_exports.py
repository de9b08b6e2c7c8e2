"""Results as files: read back by other programs' readers, against what is drawn or computed here by hand."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import threading
import tracemalloc

import numpy as np
import pytest
import tifffile
from hands import live
from PIL import Image

from unet_explorer import UNetConfig, from_folder, predict_image
from unet_explorer.data.pixel_size import PixelSize, pixel_size
from unet_explorer.predict import exports, targets
from unet_explorer.predict.objects import measured
from unet_explorer.predict.targets import Scene, Target, writing
from unet_explorer.whole import whole

CONFIG = UNetConfig(depth=2, base_filters=4, num_classes=3)
COLOURS = {0: (0, 0, 0), 1: (0, 158, 115), 2: (230, 159, 0), 3: (86, 180, 233)}
"""Black, then bluish green, orange and sky blue as Okabe and Ito print them."""


@pytest.fixture(scope="module")
def image():
    """Blocks of some brightness each, so that a network without training says several things of them."""
    blocks = np.random.default_rng(3).integers(0, 255, (8, 9)).astype("uint8")
    return blocks.repeat(11, axis=0).repeat(13, axis=1)


@pytest.fixture(scope="module")
def model():
    return live(CONFIG, 3)


@pytest.fixture(scope="module")
def scores(model, image):
    found = predict_image(model, image / 255.0, 76)
    assert len(np.unique(found.argmax(axis=-1))) == 3, "all classes occur, or a mask of one colour would pass"
    return found


def by_hand(scores):
    """The likeliest class, pixel by pixel."""
    height, width, _ = scores.shape
    return [[max(range(3), key=lambda kind: scores[y, x, kind]) for x in range(width)] for y in range(height)]


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["mask.png", "mask.tif", "mask.TIFF"])
def test_a_mask_is_the_likeliest_class_in_the_panels_colours(name, model, image, scores, tmp_path):
    path = predict_image(model, image / 255.0, 76, out=str(tmp_path / name))
    assert path == tmp_path / name
    with Image.open(path) as picture:
        assert picture.mode == "P"
        assert np.asarray(picture).tolist() == by_hand(scores)
        colours = np.asarray(picture.convert("RGB"))
        for y, x in ((0, 0), (40, 50), (87, 116)):
            assert tuple(colours[y, x]) == COLOURS[int(scores[y, x].argmax())]
    assert os.listdir(tmp_path) == [name]


@pytest.mark.tensorflow
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_our_own_folders_read_such_a_mask_as_the_same_classes(ending, model, image, scores, tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    Image.fromarray(image).save(tmp_path / "images" / "a.png")
    predict_image(model, image / 255.0, 76, out=tmp_path / "masks" / f"a{ending}")
    # A second one has no class 2, and means the same by 1 all the same.
    Image.fromarray(image).save(tmp_path / "images" / "b.png")
    exports.write_mask(tmp_path / "masks" / f"b{ending}", (image > 100).astype("uint8"), ending)
    data = from_folder(tmp_path)
    assert data.labels[0].tolist() == by_hand(scores)
    assert np.array_equal(data.labels[1], image > 100)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["p.npy", "p.zarr", "p.tif"])
def test_probabilities_are_the_softmax_of_the_scores(name, model, image, scores, tmp_path):
    more = {"save": "probabilities", "classes": ["nothing", "cell", "edge"]} if name == "p.tif" else {}
    path = predict_image(model, image / 255.0, 76, out=tmp_path / name, **more)
    if name == "p.npy":
        found = np.load(path, mmap_mode="r", allow_pickle=False)
    elif name == "p.zarr":
        import zarr

        found = zarr.open_array(str(path), mode="r")[:]
    else:
        with tifffile.TiffFile(path) as file:
            assert file.series[0].axes == "CYX"
            assert file.is_imagej
            assert file.imagej_metadata["channels"] == 3
            assert list(file.imagej_metadata["Labels"]) == more["classes"]
            found = np.moveaxis(file.asarray(), 0, -1)
    raised = np.exp(scores.astype("float64"))
    assert found.dtype == np.float32
    assert found.shape == (88, 117, 3)
    assert np.abs(np.asarray(found) - raised / raised.sum(axis=-1, keepdims=True)).max() < 1e-6
    assert np.abs(np.asarray(found).sum(axis=-1) - 1).max() < 1e-6
    # Once more over what is there; nothing half-written is left behind.
    assert predict_image(model, image / 255.0, 76, out=path, **more) == path
    assert os.listdir(tmp_path) == [name]


@pytest.mark.tensorflow
@pytest.mark.parametrize("activation", ["linear", "sigmoid"])
def test_of_one_score_it_is_the_probability_of_class_one(activation, image, tmp_path):
    model = live(UNetConfig(depth=2, base_filters=4, num_classes=1, head_activation=activation), 2)
    scores = predict_image(model, image / 255.0, 76)
    found = np.load(predict_image(model, image / 255.0, 76, out=tmp_path / "p.npy"))
    wanted = scores if activation == "sigmoid" else 1 / (1 + np.exp(-scores.astype("float64")))
    assert found.shape == (88, 117, 1)
    assert np.abs(found - wanted).max() < 1e-6
    mask = np.asarray(Image.open(predict_image(model, image / 255.0, 76, out=tmp_path / "m.png")))
    assert np.array_equal(mask == 1, wanted[..., 0] > 0.5)


@pytest.mark.tensorflow
def test_how_large_a_pixel_is_goes_along(model, image, tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", image, resolution=((20_000, 1), (10_000, 1)), resolutionunit="CENTIMETER")
    mask = predict_image(model, tmp_path / "a.tif", 76, out=tmp_path / "mask.tif")
    with tifffile.TiffFile(mask) as file:
        tags = file.pages[0].tags
        assert (tags["XResolution"].value, tags["YResolution"].value) == ((20_000, 1), (10_000, 1))
        assert tags["ResolutionUnit"].value == 3
        assert tags["Compression"].value == 8
    with Image.open(predict_image(model, tmp_path / "a.tif", 76, out=tmp_path / "mask.png")) as picture:
        assert picture.info["dpi"] == pytest.approx((50_800, 25_400))
    # ImageJ's own word for it goes before the tags, and comes back as ImageJ's.
    words = {"unit": "micron", "axes": "YX"}
    tifffile.imwrite(tmp_path / "b.tif", image, imagej=True, metadata=words, resolution=(4, 2))
    planes = predict_image(model, tmp_path / "b.tif", 76, out=tmp_path / "p.tif", save="probabilities")
    with tifffile.TiffFile(planes) as file:
        assert file.imagej_metadata["unit"] == "um"
        assert file.pages[0].tags["XResolution"].value == (4, 1)
        assert file.pages[0].tags["YResolution"].value == (2, 1)
    table = rows_of(predict_image(model, tmp_path / "b.tif", 76, out=tmp_path / "o.csv"))
    assert float(table[0]["area_um2"]) == pytest.approx(int(table[0]["area_px"]) / 8)


def ome(words, **more):
    return lambda path: tifffile.imwrite(path, np.zeros((4, 5), "uint8"), ome=True, metadata=words, **more)


@pytest.mark.parametrize(
    ("write", "wanted"),
    [
        (ome({"axes": "YX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}), (0.5, 0.25, "um")),
        (
            ome(
                {
                    "axes": "YX",
                    "PhysicalSizeX": 250.0,
                    "PhysicalSizeXUnit": "nm",
                    "PhysicalSizeY": 300.0,
                    "PhysicalSizeYUnit": "nm",
                }
            ),
            (300.0, 250.0, "nm"),
        ),
        (lambda path: Image.new("L", (5, 4)).save(path, dpi=(100, 200)), (1 / 200, 1 / 100, "inch")),
        (
            lambda path: tifffile.imwrite(
                path, np.zeros((4, 5), "uint8"), resolution=(2, 4), resolutionunit=3, extratags=[(274, 3, 1, 6, True)]
            ),
            # Stored on its side: what is a row there is seen as a column.
            (1 / 2, 1 / 4, "cm"),
        ),
        (lambda path: tifffile.imwrite(path, np.zeros((4, 5), "uint8")), None),
        (lambda path: tifffile.imwrite(path, np.zeros((4, 5), "uint8"), resolution=(0, 0), resolutionunit=3), None),
        (lambda path: path.write_bytes(b"II*\0 no more"), None),
    ],
    ids=["OME", "OME in nm", "inches", "turned", "not said", "nothing", "damaged"],
)
def test_how_large_a_pixel_is_is_read_where_it_is_said(write, wanted, tmp_path):
    write(tmp_path / "a.tif")
    found = pixel_size(tmp_path / "a.tif")
    assert found is None if wanted is None else found == pytest.approx(wanted)


DRAWN = np.array(
    [
        [1, 1, 0, 0, 0, 2],
        [1, 0, 0, 1, 0, 2],
        [0, 0, 0, 1, 2, 2],
        [0, 1, 0, 0, 0, 0],
    ],
    "uint8",
)
"""Three objects of class 1, and one of class 2; corners do not join, and two classes that touch are two objects."""


def scores_of(labels, classes):
    return np.eye(classes, dtype="float32")[labels] * 5


def test_objects_are_counted_and_measured_by_hand(tmp_path):
    picture = np.arange(24, dtype="uint8").reshape(4, 6)
    image = np.stack([picture, picture * 0], axis=-1)
    target = Target(tmp_path / "o.csv", "objects", ("nothing", "=cell", "edge"))
    with writing([target], Scene(CONFIG, image, PixelSize(0.5, 2.0, "um"))) as sink:
        for rows in (slice(0, 2), slice(2, 4)):
            sink[rows, :] = scores_of(DRAWN, 3)[rows]
    found = rows_of(target.path)
    assert [row["number"] for row in found] == ["1", "2", "3", "4"]
    first = {"class": "1", "class_name": "'=cell", "area_px": "3", "area_um2": "3", "row": "0.333333"}
    first |= {"column": "0.333333", "top": "0", "left": "0", "height": "2", "width": "2"}
    # 0, 1 and 6 are what the image holds there.
    first |= {"mean_1": "2.33333", "mean_2": "0", "number": "1"}
    assert found[0] == first
    last = found[-1]
    assert [last[word] for word in ("class", "area_px", "top", "left", "height", "width")] == [
        "2",
        "4",
        "0",
        "4",
        "3",
        "2",
    ]
    assert (float(last["row"]), float(last["column"])) == (1.25, 4.75)
    assert float(last["mean_1"]) == (5 + 11 + 16 + 17) / 4


def test_objects_as_numbers_are_read_as_objects(tmp_path):
    target = Target.read(tmp_path / "o.tif", None, {"save": "objects"})
    with writing([target], Scene(CONFIG, DRAWN)) as sink:
        sink[0:4, 0:6] = scores_of(DRAWN, 3)
    found = tifffile.imread(target.path)
    assert found.dtype == np.uint16
    assert found.tolist() == [[1, 1, 0, 0, 0, 4], [1, 0, 0, 2, 0, 4], [0, 0, 0, 2, 4, 4], [0, 3, 0, 0, 0, 0]]


def test_a_large_image_is_measured_band_by_band(monkeypatch):
    from unet_explorer.predict import objects

    numbers = np.array([[1, 0], [1, 2], [1, 2]], "int32")
    image = np.array([[1.0, 9], [2, 4], [3, 6]])
    whole_ = measured(numbers, (numbers > 0).astype("uint8"), image)
    monkeypatch.setattr(objects, "_BAND", 2)
    assert measured(numbers, (numbers > 0).astype("uint8"), image) == whole_
    assert [row[-1] for row in whole_.rows] == [2.0, 5.0]


def test_no_object_leaves_a_head(tmp_path):
    with writing([Target(tmp_path / "o.csv", "objects")], Scene(CONFIG, np.zeros((2, 2)))) as sink:
        sink[:, :] = scores_of(np.zeros((2, 2), int), 3)
    assert (tmp_path / "o.csv").read_text().splitlines() == [
        "number,class,area_px,row,column,top,left,height,width,mean"
    ]


class Halfway(Exception):
    pass


@pytest.mark.parametrize("name", ["m.png", "m.tif", "o.csv", "o.parquet", "p.npy", "p.zarr", "p.tif", "m.ome.zarr"])
@pytest.mark.parametrize("where", ["while it is predicted", "while it is written"])
def test_what_is_half_written_never_replaces_what_is_whole(name, where, tmp_path, monkeypatch):
    saving = {"save": "probabilities"} if name.startswith("p") else {}
    target = Target.read(tmp_path / name, None, saving)
    scene = Scene(CONFIG, DRAWN)
    with writing([target], scene) as sink:
        sink[0:4, 0:6] = scores_of(DRAWN, 3)
    before = contents(tmp_path)
    assert before
    if where == "while it is written":
        # All is there, but for the last thing: nothing gets to the disc any more. (What others keep in their threads
        # does.)
        here, write_out = threading.get_ident(), os.fsync
        monkeypatch.setattr(os, "fsync", lambda *a: fails() if threading.get_ident() == here else write_out(*a))
    with pytest.raises(Halfway):
        half_predicted(target, scene, where)
    assert contents(tmp_path) == before


def half_predicted(target, scene, where):
    with writing([target], scene) as sink:
        sink[0:2, 0:6] = 1 - scores_of(DRAWN, 3)[0:2]
        if where == "while it is predicted":
            raise Halfway


def fails(*_):
    raise Halfway


def contents(folder):
    return {str(path.relative_to(folder)): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_a_writer_that_fails_midway_leaves_nothing(tmp_path, monkeypatch):
    def torn(path, *_):
        path.write_bytes(b"half of it")
        raise Halfway

    monkeypatch.setattr(targets, "write_mask", torn)
    with pytest.raises(Halfway), writing([Target(tmp_path / "m.tif", "mask")], Scene(CONFIG, DRAWN)):
        pass
    assert contents(tmp_path) == {}


def test_a_folder_that_cannot_come_leaves_the_old_one(tmp_path, monkeypatch):
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text("old")
    moved = type(tmp_path).rename

    def rename(self, end):
        return fails() if self.suffix == ".half" else moved(self, end)

    monkeypatch.setattr(type(tmp_path), "rename", rename)
    with pytest.raises(Halfway), whole(tmp_path / "a.zarr") as half:
        half.mkdir()
    assert contents(tmp_path) == {"a.zarr": False, os.path.join("a.zarr", "zarr.json"): b"old"}


def test_a_link_is_replaced_not_followed(tmp_path):
    (tmp_path / "precious.txt").write_text("keep me")
    (tmp_path / "m.png").symlink_to(tmp_path / "precious.txt")
    with writing([Target.read(tmp_path / "m.png", None, {})], Scene(CONFIG, DRAWN)) as sink:
        sink[0:4, 0:6] = scores_of(DRAWN, 3)
    assert (tmp_path / "precious.txt").read_text() == "keep me"
    assert not (tmp_path / "m.png").is_symlink()


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("out", "more", "words"),
    [
        ("mask.jpg", {}, r"kinds that can be written: give \.png, \.tif, \.tiff, \.ome\.zarr for mask; \.csv"),
        ("mask", {}, "ends in none of the kinds"),
        ("nowhere/mask.png", {}, "There is no folder .*nowhere to write mask.png to: make it first"),
        ("mask.png", {"save": "objects"}, r"a \.png file holds 'mask'; objects go into \.csv, \.parquet, \.tif"),
        ("a.csv", {"save": "mask"}, r"save='mask' does not go with a\.csv: a \.csv file holds 'objects'"),
        ("a.tif", {"save": "heights"}, "holds 'mask' or 'objects' or 'probabilities'"),
        ("a.csv", {"classes": ["a", "b"]}, "are 2, the network tells 3 apart: name all"),
        ("a.csv", {"classes": "abc"}, "give the names of all classes in order"),
        ("image.tif", {}, "out=image.tif is the image itself, which would be lost"),
        ("folder.png", {}, "folder.png is a folder, and a file is to be written"),
        ("folder.zarr", {}, "is there already, and is no Zarr that could be replaced"),
        ("file.zarr", {}, "is there already, and is no Zarr that could be replaced"),
    ],
)
def test_what_does_not_do_is_refused_before_anything_is_predicted(
    out, more, words, model, image, tmp_path, monkeypatch
):
    tifffile.imwrite(tmp_path / "image.tif", image)
    for name in ("folder.png", "folder.zarr"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept").write_text("mine")
    (tmp_path / "file.zarr").write_text("mine")
    before = contents(tmp_path)
    monkeypatch.setattr("unet_explorer.predict.predict.predicted_tiles", fails)
    with pytest.raises(ValueError, match=words):
        predict_image(model, tmp_path / "image.tif", 76, out=tmp_path / out, **more)
    assert contents(tmp_path) == before


@pytest.mark.tensorflow
def test_words_that_say_nothing_are_refused(model, image, tmp_path):
    with pytest.raises(ValueError, match="save say what is written to a file: give its path as out"):
        predict_image(model, image, 76, save="mask")
    assert predict_image(model, image, 76, save=None, classes=None).shape == (88, 117, 3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sav'"):
        predict_image(model, image, 76, out=tmp_path / "a.png", sav="mask")
    assert os.listdir(tmp_path) == []


def test_without_zarr_it_is_said_before(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "zarr_package", lambda: None)
    with pytest.raises(ValueError, match="pip install"):
        Target.read(tmp_path / "a.zarr", None, {})


def test_classes_of_a_large_image_wait_on_disc(tmp_path, monkeypatch):
    monkeypatch.setattr(targets, "_LARGE", 4)
    with writing([Target(tmp_path / "m.tif", "mask")], Scene(CONFIG, DRAWN)) as sink:
        assert isinstance(sink.labels, np.memmap)
        sink[0:4, 0:6] = scores_of(DRAWN, 3)
    assert np.array_equal(tifffile.imread(tmp_path / "m.tif"), DRAWN)
    assert os.listdir(tmp_path) == ["m.tif"]


@pytest.mark.parametrize(("name", "room"), [("m.tif", 1.6), ("p.npy", 0.6)])
def test_scores_of_the_whole_image_are_never_held(name, room, tmp_path):
    """A byte a pixel for a mask, none for probabilities; the scores themselves would take twelve."""
    image, part = np.zeros((1500, 1500), "uint8"), np.ones((100, 100, 3), "float32")
    with tracing() as peak:
        with writing([Target.read(tmp_path / name, None, {})], Scene(CONFIG, image)) as sink:
            for top in range(0, 1500, 100):
                for left in range(0, 1500, 100):
                    sink[top : top + 100, left : left + 100] = part
        assert peak() < room * image.size


@contextlib.contextmanager
def tracing():
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_more_than_32_bits_can_address_is_bigtiff(tmp_path, monkeypatch):
    monkeypatch.setattr(exports, "_FULL", 10)
    exports.write_mask(tmp_path / "m.tif", DRAWN, ".tif")
    planes = exports.empty_planes(tmp_path / "p.tif", (4, 6, 3), (), PixelSize(1.0, 1.0, "um"))
    planes[...] = scores_of(DRAWN, 3)
    del planes
    for name, axes in (("m.tif", "YX"), ("p.tif", "CYX")):
        with tifffile.TiffFile(tmp_path / name) as file:
            assert file.is_bigtiff
            assert file.series[0].axes == axes
    assert np.array_equal(tifffile.imread(tmp_path / "p.tif").argmax(axis=0), DRAWN)


def test_planes_written_at_once_are_those_filled_part_by_part(tmp_path):
    shares = np.random.default_rng(1).random((5, 7, 2), "float32")
    file = io.BytesIO()
    exports.write_planes(file, shares, ("no", "yes"), PixelSize(0.5, 0.25, "um"))
    filled = exports.empty_planes(tmp_path / "p.tif", shares.shape, ("no", "yes"), PixelSize(0.5, 0.25, "um"))
    filled[...] = shares
    del filled
    for each in (io.BytesIO(file.getvalue()), tmp_path / "p.tif"):
        with tifffile.TiffFile(each) as read:
            assert np.array_equal(read.asarray(), np.moveaxis(shares, -1, 0))
            assert read.imagej_metadata["unit"] == "um"
            assert read.pages[0].tags["XResolution"].value == (4, 1)
