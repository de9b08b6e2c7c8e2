"""All images of a folder: what is written, what is skipped, and what is never touched."""

from __future__ import annotations

import csv
import json
import os

import numpy as np
import pytest
import tifffile
from hands import live
from PIL import Image

from unet_explorer import UNetConfig, predict_folder, predict_image
from unet_explorer.predict import folder as module

pytestmark = pytest.mark.tensorflow

CONFIG = UNetConfig(depth=2, base_filters=4)


@pytest.fixture(scope="module")
def model():
    return live(CONFIG, 3)


@pytest.fixture
def images(tmp_path):
    """Three images in grey: two PNG of other sizes, and an array."""
    made = tmp_path / "images"
    made.mkdir()
    for number, name in enumerate(("a.png", "b.png", "c.npy")):
        pixels = (
            np.random.default_rng(number).integers(0, 255, (4, 5 + number)).astype("uint8").repeat(12, 0).repeat(9, 1)
        )
        np.save(made / name, pixels) if name.endswith("npy") else Image.fromarray(pixels).save(made / name)
    return made


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(paths):
    return sorted(path.name for path in paths)


def stamps(folder):
    """Each file, and when it was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir() if path.suffix != ".jsonl"}


def test_each_image_gets_its_files_and_a_row(model, images, out):
    told = []
    done = predict_folder(
        model,
        images,
        out,
        save=("objects", "mask"),
        classes=["nothing", "cell"],
        tile=76,
        progress=lambda *each: told.append(each),
    )
    assert (names(done.written), done.skipped, done.failed) == (["a.png", "b.png", "c.npy"], (), {})
    assert told == [(1, 3), (2, 3), (3, 3)]
    rows = rows_of(out / "summary.csv")
    assert [row["image"] for row in rows] == ["a.png", "b.png", "c.npy"]
    for image, row in zip(done.written, rows, strict=True):
        pixels = np.load(image) if image.suffix == ".npy" else np.asarray(Image.open(image))
        wanted = predict_image(model, pixels, 76).argmax(axis=-1)
        assert 0 < wanted.mean() < 1
        mask = np.asarray(Image.open(out / f"{image.stem}_mask.tif"))
        assert np.array_equal(mask, wanted)
        assert (int(row["height"]), int(row["width"])) == wanted.shape
        assert float(row["share_cell"]) == pytest.approx(wanted.mean(), rel=1e-5)
        assert float(row["share_nothing"]) == pytest.approx(1 - wanted.mean(), rel=1e-5)
        table = rows_of(out / f"{image.stem}_objects.csv")
        assert int(row["objects"]) == len(table)
        assert sum(int(each["area_px"]) for each in table) == wanted.sum()


class CutOff(BaseException):
    """As if somebody pressed Ctrl+C."""


def test_a_run_that_was_cut_off_goes_on(model, images, out):
    def cut(done, _):
        if done == 2:
            raise CutOff

    with pytest.raises(CutOff):
        predict_folder(model, images, out, progress=cut)
    assert len(rows_of(out / "summary.csv")) == 2
    before = stamps(out)
    # What was being written when the process was killed.
    with (out / "images.jsonl").open("a") as lines:
        lines.write('{"image": "c.npy", "na')
    (out / ".a_mask.tif.0123abcd.half").write_text("half")
    (out / ".mine.0123abcd.half").write_text("not ours")
    done = predict_folder(model, images, out)
    assert (names(done.skipped), names(done.written)) == (["a.png", "b.png"], ["c.npy"])
    assert before.items() - stamps(out).items() == {("summary.csv", before["summary.csv"])}
    assert len(rows_of(out / "summary.csv")) == 3
    assert sorted(path.name for path in out.glob(".*")) == [".mine.0123abcd.half"]
    last = predict_folder(model, images, out)
    assert (names(last.skipped), last.written) == (["a.png", "b.png", "c.npy"], ())


def test_what_was_changed_or_is_not_whole_is_made_anew(model, images, out):
    predict_folder(model, images, out)
    os.utime(images / "a.png", ns=(1, 1))
    (out / "b_mask.tif").write_bytes((out / "b_mask.tif").read_bytes()[:50])
    (out / "c_mask.tif").unlink()
    Image.fromarray(np.zeros((30, 30), "uint8")).save(images / "d.png")
    done = predict_folder(model, images, out)
    assert (names(done.written), done.skipped) == (["a.png", "b.png", "c.npy", "d.png"], ())
    assert np.asarray(Image.open(out / "b_mask.tif")).shape == (48, 54)


def test_another_network_or_other_settings_are_refused_or_make_all_anew(model, images, out):
    predict_folder(model, images, out)
    before = stamps(out)
    other = live(CONFIG, 4)
    for again_model, more, words in (
        (other, {}, r"out holds results of another network: give another folder as out, or again=True to make"),
        (model, {"normalize": True}, r"other settings \(normalize=False, .* then, normalize=True, .* now\)"),
        (model, {"save": "objects"}, "other settings"),
    ):
        with pytest.raises(ValueError, match=words):
            predict_folder(again_model, images, out, **more)
    assert stamps(out) == before
    # Results do not depend on the tile.
    assert len(predict_folder(model, images, out, tile=76, batch_size=1).skipped) == 3
    done = predict_folder(other, images, out, again=True)
    assert len(done.written) == 3
    wanted = predict_image(other, np.asarray(Image.open(images / "a.png"))).argmax(axis=-1)
    assert np.array_equal(np.asarray(Image.open(out / "a_mask.tif")), wanted)
    assert len(predict_folder(other, images, out).skipped) == 3


def test_one_weight_is_enough_to_tell_networks_apart(model, images, out):
    changed = live(CONFIG, 3)
    predict_folder(changed, images, out)
    bias = changed.get_layer("head").bias
    bias.assign_add([0.0, 1e-6])
    with pytest.raises(ValueError, match="another network"):
        predict_folder(changed, images, out)


def test_names_that_differ_by_their_ending_alone_stay_apart(model, images, out):
    for number, name in enumerate(("a.tif", "A.bmp", "a.png.tif")):
        Image.fromarray(np.full((20, 20 + number), 9, "uint8")).save(images / name)
    done = predict_folder(model, images, out)
    assert len(done.written) == 6
    masks = {path.name: Image.open(path).size[0] for path in out.glob("*_mask.tif")}
    assert sorted(masks.values()) == [20, 21, 22, 45, 54, 63]
    assert masks["a.tif_mask.tif"] == 20
    assert masks["b_mask.tif"] == 54
    assert len({name.casefold() for name in masks}) == 6
    # One more of a kind renames none that was there.
    Image.fromarray(np.full((20, 33), 9, "uint8")).save(images / "b.tif")
    done = predict_folder(model, images, out)
    assert (len(done.skipped), names(done.written)) == (6, ["b.tif"])
    assert Image.open(out / "b.tif_mask.tif").size == (33, 20)


def test_what_cannot_be_read_is_listed_and_the_rest_is_done(model, images, out, tmp_path):
    (images / "broken.png").write_bytes(b"\x89PNG no more")
    tifffile.imwrite(
        images / "four.tif", np.zeros((30, 30, 4), "uint8"), photometric="rgb", extrasamples=["unspecified"]
    )
    np.save(images / "nan.npy", np.array([[np.nan, 1.0]]))
    (images / "notes.txt").write_text("no image")
    (images / "sub").mkdir()
    Image.fromarray(np.zeros((30, 30), "uint8")).save(images / "sub" / "deep.png")
    Image.fromarray(np.zeros((30, 30), "uint8")).save(tmp_path / "elsewhere.png")
    (images / "link.png").symlink_to(tmp_path / "elsewhere.png")
    done = predict_folder(model, images, out)
    assert names(done.written) == ["a.png", "b.png", "c.npy"]
    assert names(done.failed) == ["broken.png", "four.tif", "link.png", "nan.npy"]
    words = {path.name: words for path, words in done.failed.items()}
    assert "broken.png" in words["broken.png"]
    assert "four.tif has a fourth band" in words["four.tif"]
    assert "copy the file" in words["link.png"]
    assert "NaN or infinite" in words["nan.npy"]
    assert not [path for path in out.iterdir() if path.name.startswith(("nan", "broken", ".", "link", "deep"))]
    # They are tried again.
    np.save(images / "nan.npy", np.zeros((20, 20)))
    assert names(predict_folder(model, images, out).written) == ["nan.npy"]


def test_a_full_disc_ends_the_run(model, images, out, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "writing", full)
    with pytest.raises(OSError, match="No space left"):
        predict_folder(model, images, out)


def test_what_no_run_has_written_is_never_replaced(model, images, out, tmp_path):
    out.mkdir()
    (out / "a_mask.tif").write_text("drawn by hand")
    (tmp_path / "precious.txt").write_text("keep me")
    (out / "b_mask.tif").symlink_to(tmp_path / "precious.txt")
    (out / "c_mask.tif").symlink_to(tmp_path / "not there")
    done = predict_folder(model, images, out)
    assert names(done.failed) == ["a.png", "b.png", "c.npy"]
    assert "a_mask.tif is there already, and no run has written it" in done.failed[images / "a.png"]
    assert (out / "a_mask.tif").read_text() == "drawn by hand"
    assert (tmp_path / "precious.txt").read_text() == "keep me"
    assert not (tmp_path / "not there").exists()
    assert predict_folder(model, images, out, again=True).written == ()
    # A result that was made a link since is ours, and the link is replaced, not followed.
    (out / "a_mask.tif").unlink()
    assert names(predict_folder(model, images, out).written) == ["a.png"]
    (out / "a_mask.tif").unlink()
    (out / "a_mask.tif").symlink_to(tmp_path / "precious.txt")
    assert names(predict_folder(model, images, out).written) == ["a.png"]
    assert (tmp_path / "precious.txt").read_text() == "keep me"


def test_results_in_a_folder_among_the_images_are_no_images(model, images):
    for _ in range(2):
        predict_folder(model, images, images / "predicted")
    assert names((images / "predicted").glob("*.tif")) == ["a_mask.tif", "b_mask.tif", "c_mask.tif"]


def test_notes_that_somebody_has_changed_lead_nowhere(model, images, out):
    predict_folder(model, images, out)
    lines = [json.loads(line) for line in (out / "images.jsonl").read_text().splitlines()]
    evil = [{**line, "name": "../../evil"} for line in lines] + [{"image": 3}, [], {**lines[-1], "counted": 3}]
    (out / "images.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in evil) + "no JSON\n")
    done = predict_folder(model, images, out)
    # None of it is believed, so none of the files is ours.
    assert names(done.failed) == ["a.png", "b.png", "c.npy"]
    assert not list(images.parent.parent.glob("evil*"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"folder": "nowhere"}, "There is no folder"),
        ({"folder": "empty"}, r"empty holds no image: files ending in \.bmp, .*\.tiff.* are read"),
        ({"out": "images"}, r"out is the folder of the images itself: give another one, such as images/predicted"),
        ({"out": "images/a.png"}, "is no folder: give the path of one"),
        ({"save": "heights"}, "save='heights': give one or several of 'mask', 'objects', 'probabilities'"),
        ({"save": ()}, "give one or several of"),
        ({"classes": ["a"]}, "are 1, the network tells 2 apart"),
        ({"tile": 77}, "Tile 77 does not fit"),
        ({"batch_size": 0}, "batch_size=0 is not allowed"),
        ({"normalize": "no"}, "normalize='no' is not allowed"),
    ],
)
def test_what_does_not_do_is_refused_in_words(more, words, model, images, tmp_path):
    (tmp_path / "empty").mkdir()
    paths = {"folder": "images", "out": "out"} | {key: more[key] for key in ("folder", "out") if key in more}
    rest = {key: more[key] for key in more.keys() - paths.keys()}
    with pytest.raises(ValueError, match=words):
        predict_folder(model, *(tmp_path / paths[key] for key in ("folder", "out")), **rest)
    assert not (tmp_path / "out").exists()
    with pytest.raises(TypeError, match="unexpected keyword argument 'tiles'"):
        predict_folder(model, images, tmp_path / "out", tiles=76)
