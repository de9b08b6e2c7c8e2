"""Images on their way from the browser: taken piece by piece, checked, read, and deleted."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unet_explorer.data.decoded import SUFFIXES
from unet_explorer.data.made import SETS
from unet_explorer.panel import sources
from unet_explorer.panel.sources import ACCEPTED, Upload, load


def png(label=None):
    stream = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32), np.uint8)
    if label is not None:
        pixels = np.where(np.arange(32) < 16, 0, label).astype(np.uint8)[None].repeat(24, 0)
    Image.fromarray(pixels).save(stream, "png")
    return stream.getvalue()


def files():
    return {
        f"mine/{part}/{name}.png": png(label) for part, label in (("images", None), ("masks", 255)) for name in "ab"
    }


def send(upload, parts, size=700, number=1):
    """As the browser does: each file in pieces."""
    for name, data in parts.items():
        for at in range(0, max(1, len(data)), size):
            upload.add({"upload": number, "name": name, "at": at, "data": memoryview(data[at : at + size])})


@pytest.fixture
def places(monkeypatch, tmp_path):
    """Where uploads go meanwhile."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def upload(places):
    made = Upload()
    yield made
    made.close()
    assert not list(places.iterdir()), "nothing is left behind"


def test_the_made_sets_are_offered():
    for name in SETS:
        assert load({"kind": "made", "name": name}).name == name


def test_a_folder_is_read_where_the_notebook_runs(tmp_path):
    for name, data in files().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    assert len(load({"kind": "path", "path": f'  "{tmp_path}"  '})) == 2, "as it is pasted"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"kind": "path", "path": "  "}, "Type the path of a folder"),
        ({"kind": "path", "path": "/no/such <b>place</b>"}, "There is no folder /no/such <b>place</b>"),
        ({"kind": "path", "path": "a\0b"}, "cannot be read|no folder"),
        ({"kind": "made", "name": "cats"}, "is not known: choose a made set"),
        ({}, "is not known"),
    ],
)
def test_what_is_no_source_is_refused_in_words(source, words):
    with pytest.raises(ValueError, match=words):
        load(source)


def test_a_folder_arrives_in_pieces(upload):
    send(upload, files())
    dataset = upload.dataset()
    assert (len(dataset), dataset.size, dataset.name) == (2, (24, 32), "mine")
    with pytest.raises(ValueError, match="Nothing has arrived"):
        upload.dataset()


def test_a_zip_arrives_in_pieces(upload):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, data in files().items():
            packed.writestr(name, data)
    send(upload, {"mine.zip": stream.getvalue()})
    assert len(upload.dataset()) == 2


def test_what_cannot_be_read_is_told_and_deleted(upload):
    send(upload, {"broken.zip": b"PK\x03\x04 no zip"})
    with pytest.raises(ValueError, match=r"broken\.zip"):
        upload.dataset()


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "a\\x.png", "c:x.png", "", "x\0.png"])
def test_no_name_leads_out_of_the_folder(upload, places, name):
    with pytest.raises(ValueError, match="is not a file name that can be kept here"):
        send(upload, {name: b"1"})
    assert not [each for each in places.rglob("*") if each.is_file()]


def test_a_new_upload_takes_the_place_of_the_one_before(upload, places):
    send(upload, {"mine/images/old.png": png()}, number=1)
    send(upload, files(), number=2)
    assert len(list(places.iterdir())) == 1
    assert upload.dataset().titles == ("a", "b")


def test_too_much_is_refused(upload, monkeypatch):
    monkeypatch.setattr(sources, "_LARGEST", 1000)
    with pytest.raises(ValueError, match="more than 1 GB: put the images where the notebook runs"):
        send(upload, {"x.png": bytes(2000)})
    upload.close()
    monkeypatch.setattr(sources, "_MOST", 3)
    with pytest.raises(ValueError, match="more than 3 files"):
        send(upload, {f"{number}.png": b"1" for number in range(5)}, number=2)


def test_a_piece_that_is_missing_is_noticed(upload):
    upload.add({"upload": 1, "name": "x.png", "at": 0, "data": b"12345"})
    with pytest.raises(ValueError, match=r"A piece of 'x\.png' is missing"):
        upload.add({"upload": 1, "name": "x.png", "at": 9, "data": b"678"})


def test_a_name_that_is_a_folder_already_is_told(upload):
    upload.add({"upload": 1, "name": "a/b.png", "at": 0, "data": b"1"})
    with pytest.raises(ValueError, match="'a' cannot be kept here"):
        upload.add({"upload": 1, "name": "a", "at": 0, "data": b"1"})


def test_names_of_other_tongues_are_kept(upload):
    named = {name.replace("/a.", "/клетка é.").replace("/b.", "/細胞."): data for name, data in files().items()}
    send(upload, named)
    assert set(upload.dataset().titles) == {"клетка é", "細胞"}
    assert isinstance(Path("клетка é"), Path)


def test_what_the_browser_may_send_is_what_is_read():
    assert set(ACCEPTED["images"]) == SUFFIXES
    for ending in ACCEPTED["images"]:
        upload = Upload()
        stream = io.BytesIO()
        pixels = np.arange(768, dtype="uint8").reshape(24, 32)
        if ending == ".npy":
            np.save(stream, pixels)
        else:
            Image.fromarray(pixels).save(stream, Image.registered_extensions()[ending])
        sent = {f"images/a{ending}": stream.getvalue(), "masks/a.png": png(1), ACCEPTED["classes"]: b"paper\nink\n"}
        for name, data in {**sent, f"images/b{ending}": stream.getvalue(), "masks/b.png": png(1)}.items():
            upload.add({"upload": 1, "name": name, "at": 0, "data": data})
        data = upload.dataset()
        assert (data.size, data.classes) == ((24, 32), ("paper", "ink")), ending


KILLED = """
import os, tempfile
from unet_explorer.panel.sources import Upload
upload = Upload()
upload.add({"upload": 1, "name": "a.png", "at": 0, "data": b"1"})
print(upload._folder, flush=True)
if input() == "end":
    os._exit(1)
"""


def test_what_a_killed_kernel_left_is_swept_and_what_a_living_one_holds_is_not(places, upload):
    """A process is killed in the middle of an upload; another one still runs."""
    environment = {**os.environ, "TMPDIR": str(places), "TEMP": str(places), "TMP": str(places)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    both = [subprocess.Popen([sys.executable, "-c", KILLED], **pipes) for _ in range(2)]
    dead, alive = (Path(each.stdout.readline().strip()) for each in both)
    both[0].kill()
    both[0].communicate()
    # Those of older releases bear no owner; they go by their age.
    for name, age in (("unet_explorer-a_1b", 90_000), ("unet_explorer_fresh", 60), ("unet_explorer_mine.txt", 90_000)):
        (places / name).mkdir()
        os.utime(places / name, (time.time() - age,) * 2)
    send(upload, files())
    left = {each.name for each in places.iterdir()} - {upload._folder.name}
    assert not dead.exists()
    assert left == {alive.name, "unet_explorer_fresh", "unet_explorer_mine.txt"}
    both[1].communicate("end")
    upload.close()
    send(upload, files(), number=2)
    assert not alive.exists()
    for name in ("unet_explorer_fresh", "unet_explorer_mine.txt"):
        (places / name).rmdir()
