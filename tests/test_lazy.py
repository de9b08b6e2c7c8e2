"""Images that are read part by part: files in and out, and what is no image."""

from __future__ import annotations

import gc
import warnings

import numpy as np
import pytest
import tifffile
import zarr
from hands import live

from unet_explorer import UNetConfig, open_image, predict_image
from unet_explorer.data.decoded import DataError

CONFIG = UNetConfig(depth=2, base_filters=3)


@pytest.mark.tensorflow
def test_files_in_and_out(tmp_path):
    """Memory maps, Zarr, and TIFF plain and compressed: in parts, and into one."""
    model = live(CONFIG)
    image = np.random.default_rng(7).integers(0, 60_000, (130, 150)).astype("uint16")
    wanted = predict_image(model, image, 76, normalize=True)
    np.save(tmp_path / "a.npy", image)
    tifffile.imwrite(tmp_path / "plain.tif", image)
    tifffile.imwrite(tmp_path / "packed.tiff", image, compression="zlib", tile=(64, 64))
    tifffile.imwrite(tmp_path / "strips.tif", image, compression="zlib", rowsperstrip=7)
    zarr.create_array(str(tmp_path / "a.zarr"), data=image, chunks=(50, 50))
    outs = {
        "a.npy": np.lib.format.open_memmap(tmp_path / "out.npy", "w+", np.float32, wanted.shape),
        "plain.tif": tifffile.memmap(
            tmp_path / "out.tif", shape=wanted.shape, dtype="float32", photometric="minisblack"
        ),
        "packed.tiff": zarr.create_array(str(tmp_path / "o.zarr"), shape=wanted.shape, dtype="f4", chunks=(40, 40, 2)),
        "strips.tif": None,
        "a.zarr": None,
    }
    for name, out in outs.items():
        opened = open_image(tmp_path / name)
        assert type(opened) is not np.ndarray, name
        found = predict_image(model, opened, 76, normalize=True, out=out)
        assert out is None or found is out
        assert np.array_equal(np.asarray(found[:]), wanted), name
        assert np.array_equal(predict_image(model, tmp_path / name, 76, normalize=True), wanted), name
    outs["plain.tif"].flush()
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), wanted)


def test_files_that_are_no_image_say_so(tmp_path):
    for name, content in (("a.tif", b"II*\0 no"), ("b.npy", b"no"), ("c.png", b"no"), ("d.png", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            open_image(tmp_path / name)
    tifffile.imwrite(tmp_path / "stack.tif", np.zeros((5, 40, 40), "uint8"), photometric="minisblack")
    np.save(tmp_path / "objects.npy", np.array([object()]), allow_pickle=True)
    with pytest.raises(DataError, match=r"objects\.npy holds Python objects"):
        open_image(tmp_path / "objects.npy")


@pytest.mark.parametrize("axes", ["ZYX", "QYX", "CYX"])
@pytest.mark.parametrize("options", [{}, {"truncate": True}, {"compression": "zlib"}])
def test_of_several_planes_it_must_be_said_which_is_meant(tmp_path, axes, options):
    planes = np.random.default_rng(0).integers(0, 255, (5, 40, 30), "uint8")
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, planes, photometric="minisblack", metadata={"axes": axes}, **options)
    together = np.moveaxis(planes, 0, -1)
    assert np.array_equal(open_image(path, planes="channels"), together)
    if axes == "CYX":
        assert np.array_equal(open_image(path), together)
        return
    with pytest.raises(
        DataError, match=r"stack\.tif holds 5 planes\. Say which is meant: .*plane=0\) to plane=4"
    ) as caught:
        open_image(path)
    assert len(caught.value.question.pictures) == len(caught.value.question.choices) == 5
    assert np.array_equal(open_image(path, plane=3)[4:9, 2:], planes[3, 4:9, 2:])
    with pytest.raises(DataError, match="plane=5 is not allowed"):
        open_image(path, plane=5)


def test_of_an_array_with_a_side_too_many_as_well(tmp_path):
    planes = np.random.default_rng(0).integers(0, 255, (5, 40, 30), "uint8")
    np.save(tmp_path / "a.npy", planes)
    with pytest.raises(DataError, match=r"a\.npy holds 5 planes"):
        open_image(tmp_path / "a.npy")
    assert np.array_equal(open_image(tmp_path / "a.npy", plane=2), planes[2])
    assert open_image(tmp_path / "a.npy", planes="channels").shape == (40, 30, 5)


def test_what_cannot_be_read_in_place_is_read_as_elsewhere(tmp_path):
    """Palettes, inks and what is packed otherwise: the same pixels as from a PNG, or as Pillow sees them."""
    from PIL import Image

    colours = Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), "uint8"))
    indexed = colours.convert("P", palette=Image.Palette.ADAPTIVE)
    indexed.save(tmp_path / "p.tif")
    assert np.array_equal(open_image(tmp_path / "p.tif"), np.asarray(indexed.convert("RGB")))
    grey = Image.fromarray(np.arange(600, dtype="uint8").reshape(20, 30))
    grey.save(tmp_path / "lzw.tif", compression="tiff_lzw")
    assert np.array_equal(open_image(tmp_path / "lzw.tif"), np.asarray(grey))
    colours.convert("CMYK").save(tmp_path / "inks.tif")
    try:
        assert open_image(tmp_path / "inks.tif").shape == (20, 30, 3)
    except DataError as error:
        assert "inks.tif" in str(error)


@pytest.mark.tensorflow
def test_a_grey_picture_saved_in_three_channels_suits_both_kinds_of_network(tmp_path):
    from PIL import Image

    grey = np.random.default_rng(0).integers(0, 255, (40, 50), "uint8")
    Image.fromarray(grey).save(tmp_path / "one.png")
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "three.png")
    single, triple = live(CONFIG), live(UNetConfig(depth=2, base_filters=3, in_channels=3))
    for model, image in ((single, grey), (triple, np.dstack([grey] * 3))):
        wanted = predict_image(model, image, 76)
        for name in ("one.png", "three.png"):
            assert np.array_equal(predict_image(model, tmp_path / name, 76), wanted)


def test_nothing_stays_open_once_an_image_is_thrown_away(tmp_path):
    tifffile.imwrite(tmp_path / "packed.tif", np.zeros((100, 100), "uint8"), compression="zlib", tile=(64, 64))
    opened = open_image(tmp_path / "packed.tif")
    assert opened[70, 70] == 0
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        del opened
        gc.collect()
    assert [str(each.message) for each in told] == []


@pytest.mark.parametrize("version", ["2.18.7", "0.4.0"])
def test_a_zarr_that_is_too_old_is_no_zarr(tmp_path, monkeypatch, version):
    values = np.arange(10_000, dtype="uint16").reshape(100, 100)
    tifffile.imwrite(tmp_path / "packed.tif", values, compression="zlib", tile=(64, 64))
    (tmp_path / "a.zarr").mkdir()
    monkeypatch.setattr(zarr, "__version__", version)
    assert np.array_equal(open_image(tmp_path / "packed.tif"), values)
    with pytest.raises(DataError, match='or older than 3: pip install "zarr>=3"'):
        open_image(tmp_path / "a.zarr")
