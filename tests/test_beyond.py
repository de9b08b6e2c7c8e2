"""Images larger than memory on a cluster of two processes: the same numbers, whatever ends on the way."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from contextlib import contextmanager, nullcontext

import dask
import dask.array as da
import keras
import numpy as np
import pytest
import tifffile
import zarr
from clusters import TLS, certificates, in_threads, settings_of
from hands import live
from hypothesis import given as tried_on
from hypothesis import strategies as st
from support import PROJECT, configs, everything, examples, exhaustive

from unet_explorer import UNetConfig, open_image, predict_image, tile_for_output
from unet_explorer.__main__ import main as unet_explorer_command
from unet_explorer.cluster import ClusterError, connected
from unet_explorer.commands import predict as commands
from unet_explorer.core.axis import margins
from unet_explorer.data.decoded import DataError
from unet_explorer.predict import beyond, contrast, ngff, ome, submitting
from unet_explorer.predict.onworker import Network, NetworkPlugin
from unet_explorer.predict.progress import told
from unet_explorer.predict.scores import classes_of
from unet_explorer.predict.staged import Staged
from unet_explorer.predict.standard import Standard

pytestmark = pytest.mark.tensorflow

CONFIG = UNetConfig(depth=2, base_filters=3)
TILE = 76
BLOCKS = 16
"""Blocks of the image below."""


@pytest.fixture(scope="module")
def processes():
    """A cluster that loads TensorFlow in two processes."""
    with connected(workers=2) as made:
        yield made


@pytest.fixture(scope="module")
def client(request):
    """Any cluster: two processes with ``--all``, otherwise threads, where TensorFlow is there already."""
    if everything():
        yield request.getfixturevalue("processes")
        return
    with in_threads(2) as made:
        yield made


@pytest.fixture(scope="module")
def model():
    return live(CONFIG, 3)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 999, (31, 41)).repeat(7, 0).repeat(7, 1).astype("uint16")


@pytest.fixture(scope="module")
def wanted(model, image):
    return predict_image(model, image, TILE)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(beyond, "_BLOCK", 72)


class Told:
    """Hears how far it is, and may do something at a block."""

    def __init__(self, at=0, do=lambda: None):
        self.heard, self.at, self.do = [], at, do

    def __call__(self, done, total):
        self.heard.append((done, total))
        if len(self.heard) == self.at:
            self.do()


def interrupt():
    raise KeyboardInterrupt


def names(folder):
    return sorted(each.name for each in folder.iterdir())


# The same numbers


@examples(6)
@tried_on(
    config=configs(
        depth=st.integers(1, 3),
        base_filters=st.integers(1, 3),
        convs_per_block=st.integers(1, 2),
        kernel_size=st.sampled_from([1, 3, 5]),
        in_channels=st.sampled_from([1, 3]),
        num_classes=st.integers(1, 3),
    ),
    data=st.data(),
)
def test_blocks_give_what_one_piece_gives(client, config, data):
    shape = data.draw(st.tuples(st.integers(1, 200), st.integers(1, 200)))
    image = np.random.default_rng(0).normal(size=(*shape, config.in_channels)).astype("float32")
    lost = margins(config)
    tile = tile_for_output(config, lost.period + lost.first + lost.last) + data.draw(st.integers(0, 3)) * lost.period
    model = live(config)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(beyond, "_per_block", lambda _: (data.draw(st.integers(1, 3)),) * 2)
        drawn = beyond._per_block(None)
        patch.setattr(beyond, "_per_block", lambda _: drawn)
        found = predict_image(model, image, tile, client=client)
    # In one piece, which test_predict.py holds against Keras.
    wanted = predict_image(model, image, tile_for_output(config, max(shape)))
    scale = max(1.0, float(np.abs(wanted).max()))
    assert np.abs(found - wanted).max() <= 1e-5 * scale
    ordered = np.sort(wanted, axis=-1)
    clear = ordered[..., -1] - ordered[..., -2] > 2e-5 * scale if config.num_classes > 1 else np.abs(wanted[..., 0]) > 1
    assert (classes_of(found, config) == classes_of(wanted, config))[clear].all()
    keras.utils.clear_session()


SOURCES = ("numpy", "dask", "npy", "tif", "zarr", "png", "opened")
FILES = ("a.tif", "a.png", "a.csv", "a.parquet", "a.zarr", "a.npy", "objects.tif", "planes.tif")


@pytest.mark.parametrize("kind", exhaustive(SOURCES, ("numpy", "dask", "tif", "opened")))
def test_wherever_the_image_comes_from(client, model, image, tmp_path, kind):
    image = image.copy()
    image[5, 7] = 65_535
    bright = (image // 4).clip(0, 255).astype("uint8")
    given = image
    if kind == "dask":
        given = da.from_array(image, chunks=(100, 90))
    elif kind == "npy":
        np.save(given := tmp_path / "a.npy", image)
    elif kind == "tif":
        tifffile.imwrite(given := tmp_path / "a.tif", image, compression="zlib", tile=(64, 64))
    elif kind == "zarr":
        zarr.create_array(given := str(tmp_path / "a.zarr"), data=image, chunks=(64, 64))
    elif kind == "png":
        import PIL.Image

        image = bright
        PIL.Image.fromarray(image).save(given := tmp_path / "a.png")
    elif kind == "opened":
        tifffile.imwrite(tmp_path / "two.tif", np.stack([bright, bright[::-1]]))
        given, image = open_image(tmp_path / "two.tif", plane=1), bright[::-1]
    found = predict_image(model, given, TILE, client=client, normalize=True)
    assert np.abs(found - predict_image(model, image, TILE, normalize=True)).max() <= 1e-5


def test_a_dask_array_does_without_a_client_as_well(model, image, wanted):
    assert np.array_equal(predict_image(model, da.from_array(image, chunks=100), TILE), wanted)
    unknown = da.from_array(image.ravel(), chunks=100)
    unknown = da.stack([unknown[unknown > 5]] * 2)
    with pytest.raises(ValueError, match=r"of unknown size: image\.compute_chunk_sizes\(\)"):
        predict_image(model, unknown, TILE)


@pytest.mark.parametrize("channels", [1, 3])
def test_an_image_is_measured_as_in_one_process(client, channels, monkeypatch):
    monkeypatch.setattr(contrast, "_WIDE", 50)
    monkeypatch.setattr(contrast, "_TOGETHER", 3000)
    values = np.random.default_rng(1).normal(1e4, 3, (130, 170, channels))
    values[:2] = -9999
    values[77, 50, 0] = 1e12
    for image in (values, (values.clip(0, 1e4) * 3).astype("uint16"), np.full((30, 40, channels), 7.5)):
        with warnings.catch_warnings(record=True) as here:
            warnings.simplefilter("always")
            wanted = Standard.of(image)
        with warnings.catch_warnings(record=True) as there:
            warnings.simplefilter("always")
            found = contrast.standard_of(client, image, True)
        assert [str(each.message) for each in there] == [str(each.message) for each in here]
        for ours, theirs in zip(found[:2] + found.limits, wanted[:2] + wanted.limits, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10)
    values[100, 3, 0] = values[100, 160, 0] = np.nan
    values[101, 0, 0] = np.inf
    for prepare in (True, False):
        with pytest.raises(ValueError, match="the first in row 100, column 3: put a number"):
            contrast.standard_of(client, values, prepare)


@tried_on(st.tuples(st.integers(1, 300), st.integers(1, 300)), st.tuples(st.integers(1, 90), st.integers(1, 90)))
def test_parts_cover_an_image_once(shape, chunks):
    seen = np.zeros(shape, int)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contrast, "_WIDE", 64)
        patch.setattr(contrast, "_TOGETHER", 2048)
        for place in contrast.rectangles(shape, chunks):
            seen[place] += 1
            assert all(part.start % chunk == 0 for part, chunk in zip(place[1:], chunks[1:], strict=True))
    assert (seen == 1).all()


# Files


@pytest.mark.parametrize("file", exhaustive(FILES, ("a.tif", "a.csv", "a.zarr", "planes.tif")))
def test_files_are_those_of_one_process(client, model, image, tmp_path, file):
    save = {"objects.tif": "objects", "planes.tif": "probabilities"}.get(file)
    tifffile.imwrite(tmp_path / "image.tif", image, resolution=(20_000, 20_000), resolutionunit=3)
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    predict_image(model, tmp_path / "image.tif", TILE, out=tmp_path / "here" / file, save=save)
    made = predict_image(model, tmp_path / "image.tif", TILE, out=tmp_path / "there" / file, save=save, client=client)
    assert made == tmp_path / "there" / file
    assert names(tmp_path / "there") == [file]
    if file.endswith((".csv", ".parquet")):
        assert made.read_bytes() == (tmp_path / "here" / file).read_bytes()
        return
    read = tifffile.imread if file.endswith("tif") else np.load if file.endswith("npy") else _read
    found, wanted = read(made), read(tmp_path / "here" / file)
    assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
    assert np.abs(found.astype(float) - wanted).max() <= 1e-6
    if file == "a.tif":
        with tifffile.TiffFile(made) as ours, tifffile.TiffFile(tmp_path / "here" / file) as theirs:
            assert ours.pages[0].is_tiled
            for tag in ("ColorMap", "XResolution", "ResolutionUnit", "PhotometricInterpretation"):
                assert np.array_equal(ours.pages[0].tags[tag].value, theirs.pages[0].tags[tag].value)


@pytest.mark.parametrize("save", exhaustive(("mask", "objects", "probabilities"), ("objects", "probabilities")))
def test_an_ome_zarr_is_that_of_one_process_also_after_a_run_was_cut_off(
    client, model, image, tmp_path, save, monkeypatch
):
    """Objects are numbered across blocks, levels are made of levels."""
    monkeypatch.setattr(ngff, "_SMALLEST", 100)
    made, wanted = tmp_path / "there.ome.zarr", tmp_path / "here.ome.zarr"
    predict_image(model, image, TILE, out=wanted, save=save)
    with pytest.raises(KeyboardInterrupt):
        predict_image(model, image, TILE, out=made, save=save, client=client, progress=Told(5, interrupt))
    heard = Told()
    assert predict_image(model, image, TILE, out=made, save=save, client=client, progress=heard) == made
    assert heard.heard[0] == (5, BLOCKS)
    assert names(tmp_path) == [wanted.name, made.name]
    arrays = sorted(each.parent.relative_to(wanted) for each in wanted.rglob("zarr.json"))
    assert arrays == sorted(each.parent.relative_to(made) for each in made.rglob("zarr.json"))
    compared = 0
    for place in arrays:
        found, one = zarr.open(str(made / place), mode="r"), zarr.open(str(wanted / place), mode="r")
        assert {**found.attrs, "unet_explorer": 0} == {**one.attrs, "unet_explorer": 0}
        if isinstance(found, zarr.Array):
            compared += 1
            assert (found.dtype, found.shape) == (one.dtype, one.shape)
            assert np.abs(found[:].astype(float) - one[:]).max() <= 1e-6
    # Sides of 287, 144 and 72 px at most.
    assert compared == 3 * (3 if save == "objects" else 2)
    assert open_image(made / "labels/mask").shape == image.shape


@pytest.mark.parametrize(
    ("file", "save"),
    [("a.tif", "mask"), ("a.ome.zarr", "mask"), ("a.ome.zarr", "objects"), ("a.ome.zarr", "probabilities")],
)
def test_blocks_of_nothing_are_as_good_as_any(client, image, tmp_path, file, save):
    """What is all zeros is a file as well: most of many an image is background."""
    nothing = live(CONFIG, 5)
    nothing.get_layer("head").bias.assign([1000.0, -1000.0])
    made = predict_image(nothing, image, TILE, out=tmp_path / file, save=save, client=client)
    found = tifffile.imread(made) if file == "a.tif" else ome.array_of(made, save)[:]
    classes = (slice(1, None),) if save == "probabilities" else ()
    assert not found[classes].any()
    assert names(tmp_path) == [file]


def _read(path):
    import PIL.Image

    return zarr.open_array(str(path))[:] if path.suffix == ".zarr" else np.asarray(PIL.Image.open(path))


def test_an_array_is_filled_here(client, model, image, wanted, tmp_path):
    out = zarr.create_array(str(tmp_path / "o.zarr"), shape=wanted.shape, dtype="f4", chunks=(50, 50, 2))
    assert predict_image(model, image, TILE, out=out, client=client) is out
    assert np.abs(out[:] - wanted).max() <= 1e-5


def test_the_model_may_be_a_file(client, model, image, wanted, tmp_path):
    model.save(tmp_path / "net.keras")
    assert np.abs(predict_image(str(tmp_path / "net.keras"), image, TILE, client=client) - wanted).max() <= 1e-5
    (tmp_path / "broken.keras").write_bytes(b"PK no more")
    with pytest.raises(ValueError, match=r"broken\.keras cannot be opened as a network \(it is no ZIP archive"):
        predict_image(tmp_path / "broken.keras", image, TILE)
    with pytest.raises(ValueError, match=r"nowhere\.keras' is not there"):
        predict_image("nowhere.keras", image, TILE)


def test_a_network_travels_as_plain_numbers(model):
    packed = pickle.dumps(NetworkPlugin(Network.of(model, CONFIG), "name"))
    assert b"keras" not in packed
    assert b"tensorflow" not in packed


# What ends on the way


@contextmanager
def cut(client, model, image, out, at=5, **more):
    """A run that somebody interrupts."""
    with pytest.raises(KeyboardInterrupt):
        predict_image(model, image, TILE, out=out, client=client, progress=Told(at, interrupt), **more)
    assert names(out.parent) == [f".{out.name}.blocks"]
    yield


@pytest.mark.parametrize("file", ["a.zarr", "a.tif"])
def test_a_run_that_was_cut_off_goes_on_with_what_is_missing(client, model, image, wanted, tmp_path, file):
    out = tmp_path / file
    with cut(client, model, image, out, normalize=True):
        pass
    lines = (tmp_path / f".{file}.blocks" / "blocks.jsonl").read_text().splitlines()
    assert len(lines) == 5
    heard = Told()
    predict_image(model, image, TILE, out=out, client=client, progress=heard, normalize=True)
    assert heard.heard == [(done, BLOCKS) for done in range(5, BLOCKS + 1)]
    assert names(tmp_path) == [file]
    wanted = predict_image(model, image, TILE, normalize=True)
    found = zarr.open_array(str(out))[:] if file == "a.zarr" else tifffile.imread(out)
    assert np.array_equal(found.argmax(-1) if file == "a.zarr" else found, wanted.argmax(-1))


def test_a_block_that_is_not_whole_is_made_anew(client, model, image, wanted, tmp_path):
    out = tmp_path / "a.tif"
    with cut(client, model, image, out):
        staged = tmp_path / ".a.tif.blocks"
        with (staged / "blocks.jsonl").open("a") as lines:
            lines.write('{"block": 15, "by')
        (values,) = staged.glob("values-*")
        first, second, *_ = sorted((values / "c").rglob("*/*"))
        first.write_bytes(first.read_bytes()[:-3])
        second.unlink()
    heard = Told()
    predict_image(model, image, TILE, out=out, client=client, progress=heard)
    assert heard.heard[0] == (3, BLOCKS)
    assert np.array_equal(tifffile.imread(out), wanted.argmax(-1))


def test_another_network_image_or_setting_does_not_go_on_with_it(client, model, image, tmp_path):
    out = tmp_path / "a.tif"
    other = image.copy()
    other[0, 0] += 1
    with cut(client, model, image, out):
        pass
    for given, more, words in (
        ((live(CONFIG, 4), image, TILE), {}, r"half of a\.tif there, of another network: say again=True to begin anew"),
        ((model, other, TILE), {}, "of another image, or one that was changed"),
        ((model, image, 100), {}, r"with other settings \(tile=\[76, 76\], blocks=.* then\)"),
        ((model, image, TILE), {"normalize": True}, r"with other settings \(normalize=False then\)"),
    ):
        with pytest.raises(ValueError, match=words):
            predict_image(*given, out=out, client=client, **more)
    heard = Told()
    predict_image(live(CONFIG, 4), image, TILE, out=out, client=client, again=True, progress=heard)
    assert heard.heard[0] == (1, BLOCKS)
    assert names(tmp_path) == ["a.tif"]
    with pytest.raises(ValueError, match="again=True throws away"):
        predict_image(model, image, TILE, again=True)


def test_one_run_at_a_time_writes_a_file(client, model, image, tmp_path):
    out = tmp_path / "a.tif"
    held = Staged.open(out, {})
    try:
        with pytest.raises(ValueError, match=r"a\.tif is being written by another run at this moment"):
            predict_image(model, image, TILE, out=out, client=client, again=True)
    finally:
        held.close()
    (tmp_path / ".b.tif.blocks").mkdir()
    (tmp_path / ".b.tif.blocks" / "precious").write_text("keep me")
    with pytest.raises(ValueError, match="holds something else: move it away"):
        predict_image(model, image, TILE, out=tmp_path / "b.tif", client=client, again=True)
    assert names(tmp_path / ".b.tif.blocks") == ["lock", "precious"]


def unreadable(block, block_info=None):
    if block_info[0]["chunk-location"] == (1, 1):
        raise KeyError("chunk 1.1")
    return block


def test_a_part_that_cannot_be_read_is_told(client, model, image, tmp_path):
    out = tmp_path / "a.tif"
    broken = da.from_array(image, chunks=40).map_blocks(unreadable, dtype="uint16", meta=image[:0, :0])
    with pytest.raises(DataError, match=r"cannot be read at block \d+ \(rows \d+ to .*KeyError: 'chunk 1\.1'.*goes on"):
        predict_image(model, broken, TILE, out=out, client=client)
    with pytest.raises(DataError, match="cannot be read at a part of the image"):
        predict_image(model, broken, TILE, out=out, client=client, normalize=True, again=True)
    zarr.create_array(str(tmp_path / "i.zarr"), data=image, chunks=(100, 100))
    (tmp_path / "i.zarr" / "c" / "1" / "1").write_bytes(b"no more")
    with pytest.raises(DataError, match=r"i\.zarr.* is damaged or cut off"):
        predict_image(model, tmp_path / "i.zarr", TILE, out=out, client=client, again=True)
    assert not out.exists()


def fill(full):
    """Have the disc of a worker be full, or not."""
    from unet_explorer.predict import writers

    def fails(_):
        raise OSError(28, "No space left on device")

    writers.os = type("Full", (), {"fsync": staticmethod(fails if full else os.fsync)})


def test_a_full_disc_is_told_and_the_next_call_goes_on(client, model, image, wanted, tmp_path, monkeypatch):
    out = tmp_path / "a.tif"
    out.write_bytes(b"what was there before")
    full = Told(4, lambda: client.run(fill, True))
    try:
        with pytest.raises(OSError, match=r"no room left on the disc where block .* make some\. What is done is kept"):
            predict_image(model, image, TILE, out=out, client=client, progress=full)
    finally:
        client.run(fill, False)
    done = len(full.heard)
    assert done >= 4
    assert out.read_bytes() == b"what was there before"
    # There is room for blocks, but not for the file.
    with monkeypatch.context() as patch:
        patch.setattr("unet_explorer.predict.outputs.write_tiled", lambda *_: fills_up())
        heard = Told()
        with pytest.raises(OSError, match=r"no room left on the disc for a\.tif"):
            predict_image(model, image, TILE, out=out, client=client, progress=heard)
    assert heard.heard[0] in ((done, BLOCKS), (done + 1, BLOCKS))
    assert out.read_bytes() == b"what was there before"
    heard = Told()
    predict_image(model, image, TILE, out=out, client=client, progress=heard)
    assert heard.heard == [(BLOCKS, BLOCKS)]
    assert np.array_equal(tifffile.imread(out), wanted.argmax(-1))


def test_a_file_that_is_mapped_has_its_room_before_it_is_written_to(model, image, tmp_path, monkeypatch):
    """Or the system would end the process, with no word of it."""
    monkeypatch.setattr(os, "posix_fallocate", lambda *_: fills_up())
    for file, save in (("a.npy", None), ("a.tif", "probabilities")):
        with pytest.raises(OSError, match="No space left"):
            predict_image(model, image, TILE, out=tmp_path / file, save=save)
    assert names(tmp_path) == []


def fills_up():
    raise OSError(28, "No space left on device")


def test_a_cluster_that_ends_is_told_and_another_one_goes_on(client, model, image, wanted, tmp_path, monkeypatch):
    monkeypatch.setattr(submitting, "_LOOK", 0.2)
    out = tmp_path / "a.tif"
    with in_threads() as short:
        told = Told(4, short.cluster.close)
        with pytest.raises(ClusterError, match=r"scheduler of Dask does not answer any more.*What is done is kept"):
            predict_image(model, image, TILE, out=out, client=short, progress=told)
    heard = Told()
    predict_image(model, image, TILE, out=out, client=client, progress=heard)
    assert heard.heard[0] == (len(told.heard), BLOCKS)
    assert np.array_equal(tifffile.imread(out), wanted.argmax(-1))


def test_a_first_worker_is_waited_for_a_moment(monkeypatch):
    with in_threads(workers=0) as client:
        monkeypatch.setattr("unet_explorer.cluster._STARTING", 0.1)
        with pytest.raises(ClusterError, match="has no worker: start one with `dask worker"), connected(client):
            pass
        monkeypatch.undo()
        client.cluster.scale(1)
        with connected(client) as found:
            assert found is client


# How it is asked


@pytest.mark.parametrize("together", [1, 8])
def test_no_more_tasks_are_made_than_there_is_room_for(client, monkeypatch, together):
    """Those that take no time are put together, but no more of them than was said."""
    monkeypatch.setattr(submitting, "_TOGETHER", together)
    monkeypatch.setattr(submitting, "_SHORT", 10)
    made, came, most = [], [], 0

    def tasks():
        for number in range(150):
            made.append(number)
            yield number, (number,)

    room = submitting._EACH * sum(client.nthreads().values())
    for number, answer in submitting.answers(client, str, tasks()):
        came.append(number)
        assert answer == str(number)
        assert len(made) - len(came) <= room * together
        most = max(most, len(made) - len(came))
    assert sorted(came) == list(range(150))
    assert (most > room) == (together > 1)


def test_a_task_that_fails_is_named_also_among_several(client, monkeypatch):
    monkeypatch.setattr(submitting, "_SHORT", 10)
    came = []
    with pytest.raises(submitting.TaskError) as failed:
        came += submitting.answers(client, chr, ((number, (number - 1000 * (number == 50),)) for number in range(200)))
    assert failed.value.number == 50
    assert isinstance(failed.value.reason, ValueError)


def test_what_does_not_do_is_refused_before_anything_is_written(client, model, image, tmp_path, monkeypatch):
    monkeypatch.setattr("unet_explorer.cluster._PATIENCE", 0.5)
    with pytest.raises(ClusterError, match="No scheduler of Dask answers at 'tcp://127.0.0.1:9'"):
        predict_image(model, image, TILE, client="tcp://127.0.0.1:9")
    with pytest.raises(ValueError, match="client='here' is no address"):
        predict_image(model, image, TILE, client="here")
    with pytest.raises(ValueError, match="client=4 is not allowed"):
        predict_image(model, image, TILE, client=4, out=tmp_path / "a.tif")
    with pytest.raises(ValueError, match="progress='loud' is not allowed"):
        predict_image(model, image, TILE, progress="loud")
    here = whose()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unet_explorer.cluster._versions", lambda: {"keras": whose()})
        with pytest.raises(ClusterError, match="keras.*here it is .*: install the same everywhere"):
            predict_image(model, image, TILE, client=client, out=tmp_path / "a.tif")
        patch.setattr("unet_explorer.cluster._versions", lambda: absent(here))
        with pytest.raises(ClusterError, match=r"worker of Dask cannot load this package \(.*nowhere.*pip install"):
            predict_image(model, image, TILE, client=client, out=tmp_path / "a.tif")
    assert names(tmp_path) == []


def test_a_cluster_behind_certificates(model, image, wanted, tmp_path):
    security = certificates()
    settings, (authority, mine, key) = settings_of(security, tmp_path), TLS.values()
    with in_threads(security=security) as given:
        address = given.scheduler.address
        assert address.startswith("tls://")
        assert np.abs(predict_image(model, image, TILE, client=given) - wanted).max() <= 1e-5
        with dask.config.set(settings):
            assert np.abs(predict_image(model, image, TILE, client=address) - wanted).max() <= 1e-5
        others, plain = settings_of(certificates()), address.replace("tls", "tcp")
        for known, where, words in (
            (dict.fromkeys(settings), address, f"does not know yours: set {authority}, {mine}, {key} in its conf"),
            (settings | {mine: None}, address, f"does not know yours: set {mine} in its configuration to the path"),
            (settings | {key: "lost.pem"}, address, f"{key} is 'lost.pem' in Dask's configuration, and no such file"),
            (settings | {key: others[key]}, address, "do not go together .*MISMATCH"),
            (others, address, "certificates of the scheduler at 'tls://.* and yours do not go together"),
            (settings, plain, "look at the address, which begins with tls:// where certificates are asked for"),
            ({"distributed.comm.require-encryption": True}, plain, "give an address that begins with tls://"),
        ):
            with dask.config.set(known), pytest.raises(ClusterError, match=words):
                predict_image(model, image, TILE, client=where)


def whose():
    """Who asks, a process and a thread."""
    return f"{os.getpid()}-{threading.get_ident()}"


UNGUARDED = """
from unet_explorer.cluster import connected
print("read")
with connected(workers=1):
    pass
"""


def test_a_script_that_lacks_its_main_guard_is_told(tmp_path):
    """Each process reads the script anew, and would start others."""
    (tmp_path / "script.py").write_text(UNGUARDED)
    place = {**os.environ, "PYTHONPATH": str(PROJECT)}
    line = [sys.executable, "script.py"]
    done = subprocess.run(line, cwd=tmp_path, env=place, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "read\nread\n")
    assert done.stderr.count("Traceback") == 1
    assert 'must stand below `if __name__ == "__main__":`, for each' in done.stderr.splitlines()[-1]


def absent(here):
    """What a worker finds that lacks the package."""
    if whose() != here:
        raise ModuleNotFoundError("No module named 'nowhere'")
    return {}


def test_ctrl_c_in_a_terminal_ends_no_worker_with_a_traceback(processes):
    assert set(processes.run(signal.getsignal, signal.SIGINT).values()) == {signal.SIG_IGN}


def test_what_the_readme_shows_of_it_runs(client, model, image, wanted, tmp_path, monkeypatch):
    text = (PROJECT / "README.md").read_text("utf-8")
    code = next(block for block in text.split("```") if "connected(workers" in block).removeprefix("python\n")
    monkeypatch.chdir(tmp_path)
    model.save("net.keras")
    zarr.create_array("huge.zarr", data=image, chunks=(64, 64))
    ome.create(tmp_path / "plate.ome.zarr", image.shape, "mask", CONFIG)
    # The cluster of these tests does for the one it makes.
    monkeypatch.setattr("unet_explorer.cluster.connected", lambda **_: nullcontext(client))
    names = {"model": model, "dask_array": da.from_array(image, chunks=100), "predict_image": predict_image}
    exec(code, names)
    assert np.array_equal(tifffile.imread("mask.tif"), wanted.argmax(-1))
    assert zarr.open_array("probabilities.zarr").shape == wanted.shape
    assert open_image("cells.ome.zarr/labels/objects").shape == image.shape


def command(*words):
    return commands.main([str(word) for word in words])


@pytest.fixture
def asked(model, image, tmp_path):
    """What a command is asked for: two images, one of them damaged, and a network."""
    model.save(tmp_path / "net.keras")
    tifffile.imwrite(tmp_path / "a.tif", image)
    (tmp_path / "b.tif").write_bytes(b"II no more")
    return {"model": tmp_path / "net.keras", "a": tmp_path / "a.tif", "b": tmp_path / "b.tif", "out": tmp_path / "out"}


def test_the_command_predicts_what_is_not_there(client, asked, wanted, capsys):
    rest = ("--model", asked["model"], "--out", asked["out"], "--tile", TILE)
    elsewhere = ("--scheduler", client.scheduler.address)
    assert command(asked["a"], asked["b"], *rest, *elsewhere) == 1
    shown = capsys.readouterr()
    assert "1 predicted, 0 skipped, 1 failed" in shown.out
    assert "b.tif holds no picture that can be read" in shown.err
    assert names(asked["out"]) == [".predictions.jsonl", "a_mask.tif"]
    assert np.array_equal(tifffile.imread(asked["out"] / "a_mask.tif"), wanted.argmax(-1))
    stamp = (asked["out"] / "a_mask.tif").stat().st_mtime_ns
    assert command(asked["a"], *rest) == 0
    assert "a.tif: skipped, a_mask.tif is there" in capsys.readouterr().out
    assert (asked["out"] / "a_mask.tif").stat().st_mtime_ns == stamp
    assert command(asked["a"], *rest, "--again") == 0
    assert (asked["out"] / "a_mask.tif").stat().st_mtime_ns != stamp
    assert command(asked["a"], *rest, *elsewhere, "--save", "probabilities") == 0
    assert command(asked["a"], *rest, "--save", "objects") == 0
    assert names(asked["out"]) == [".predictions.jsonl", "a_mask.tif", "a_objects.csv", "a_probabilities.zarr"]


def test_what_another_network_or_image_has_left_is_not_taken_for_done(asked, model, image, capsys):
    rest, mask = ("--out", asked["out"], "--tile", TILE), asked["out"] / "a_mask.tif"
    mine = (asked["a"], "--model", asked["model"], *rest)
    other = asked["model"].with_name("other.keras")
    live(CONFIG, 4).save(other)
    assert command(*mine) == 0
    made = mask.read_bytes()
    # The same bytes are the same network, whatever its file is called.
    same = asked["model"].rename(asked["model"].with_name("same.keras"))
    assert command(asked["a"], "--model", same, *rest) == 0
    assert "0 predicted, 1 skipped, 0 failed" in capsys.readouterr().out
    same.rename(asked["model"])
    assert command(asked["a"], "--model", other, *rest) == 1
    shown = capsys.readouterr()
    assert "a.tif: a_mask.tif is there, of another network: say --again to replace it, or another --out" in shown.err
    assert "0 predicted, 0 skipped, 1 failed" in shown.out
    tifffile.imwrite(asked["a"], image[::-1])
    assert command(*mine) == 1
    assert "is there, of another image, or one that was changed since: say --again" in capsys.readouterr().err
    assert mask.read_bytes() == made
    assert command(*mine, "--again") == 0
    assert np.array_equal(tifffile.imread(mask), predict_image(model, image[::-1], TILE).argmax(-1))
    assert command(*mine) == 0
    # Of what somebody else has put there nothing is known, nor behind a line that was cut off.
    (asked["out"] / ".predictions.jsonl").write_text('{"result": "a_mask.tif", "mod')
    assert command(*mine) == 1
    assert "is there, and no run of this command has noted what it was made of: say" in capsys.readouterr().err


def test_the_command_says_what_is_wrong(asked, capsys, monkeypatch):
    good = [asked["a"], "--model", asked["model"], "--out", asked["out"]]
    for words, said in (
        ([asked["a"], "--out", asked["out"]], "required: --model"),
        ([*good, "--model", "no.keras"], "is no .keras file that is there"),
        ([*good, "--tile", "0"], "whole number from 1"),
        ([*good, "--workers", "2", "--scheduler", "tcp://a:1"], "not allowed with"),
        ([*good, "--scheduler", "here"], "is no address"),
        ([*good, "--out", asked["a"]], "is no folder"),
        ([asked["out"] / "a.tif", *good], "two images are called a.tif"),
    ):
        with pytest.raises(SystemExit) as stopped:
            command(*words)
        assert stopped.value.code == 2
        assert said in capsys.readouterr().err
    assert not asked["out"].exists()
    assert command(*good, "--tile", 77) == 1
    assert "Tile 77 does not fit" in capsys.readouterr().err
    monkeypatch.setattr("unet_explorer.predict.predict.predict_image", lambda *_, **__: interrupt())
    assert command(*good) == 130
    assert "the same command goes on" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        unet_explorer_command(["predict", "--help"])
    assert stopped.value.code == 0
    assert "tcp://10.0.0.7:8786" in capsys.readouterr().out


def test_a_line_tells_how_long_it_takes(model, image, capsys):
    assert told(1, 4, 3 * 3600 + 125).endswith("25 %, 1 of 4, 3 h 3 min left")
    assert told(1, 4, 59.6).endswith("1 min left")
    assert told(1, 4, 0.2).endswith("1 s left")
    assert told(0, 0, None).endswith("100 %, 0 of 0")
    predict_image(model, image, TILE, progress=True)
    lines = capsys.readouterr().err
    assert lines.startswith("\r")
    assert lines.rstrip(" \n").endswith("100 %, 56 of 56")


KILLED = """
import os, sys, numpy as np
from unet_explorer import predict_image
from unet_explorer.cluster import connected
from unet_explorer.predict import beyond

def told(done, total):
    if done == 4:
        os.killpg(0, 9)

if __name__ == "__main__":
    beyond._BLOCK = 72
    with connected(workers=1) as client:
        predict_image("net.keras", "a.npy", 76, out="a.tif", client=client, progress=told)
"""
"""Ends itself, its scheduler and its worker at once, as a machine does that goes down."""


@pytest.mark.more
@pytest.mark.skipif(not everything(), reason="with --all")
def test_what_was_killed_altogether_goes_on(client, model, image, wanted, tmp_path):
    model.save(tmp_path / "net.keras")
    np.save(tmp_path / "a.npy", image)
    (tmp_path / "killed.py").write_text(KILLED)
    place = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run([sys.executable, "killed.py"], cwd=tmp_path, env=place, start_new_session=True, check=False)
    assert ended.returncode == -9
    assert not (tmp_path / "a.tif").exists()
    heard = Told()
    predict_image(model, tmp_path / "a.npy", TILE, out=tmp_path / "a.tif", client=client, progress=heard)
    assert heard.heard[0] == (4, BLOCKS)
    assert len(heard.heard) == 1 + BLOCKS - 4
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), wanted.argmax(-1))


# Last, for only here processes load TensorFlow: the first of these ends before it does


def deadly(block, block_info=None):
    if block_info[0]["chunk-location"] == (0, 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return block


def test_what_kills_every_worker_is_told_and_what_is_done_is_kept(processes, model, image, tmp_path):
    out, before = tmp_path / "a.tif", processes.cluster.scheduler.allowed_failures
    poisoned = da.from_array(image, chunks=40).map_blocks(deadly, dtype="uint16", meta=image[:0, :0])
    processes.cluster.scheduler.allowed_failures = 0
    try:
        with pytest.raises(ClusterError, match=r"ended one after the other at block .*smaller tile\. What is"):
            predict_image(model, poisoned, TILE, out=out, client=processes)
    finally:
        processes.cluster.scheduler.allowed_failures = before
    assert not out.exists()


def test_a_worker_that_is_killed_is_done_without(processes, model, image, wanted):
    pids = list(processes.run(os.getpid).values())
    told = Told(2, lambda: os.kill(pids[0], signal.SIGKILL))
    found = predict_image(model, image, TILE, client=processes, progress=told)
    assert np.abs(found - wanted).max() <= 1e-5
    assert told.heard[-1] == (BLOCKS, BLOCKS)
