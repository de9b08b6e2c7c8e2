"""Own images in the panel, without a browser: what is understood, what is asked, and what the answers do."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
from hands import Watch, pressed
from own_images import GREY, RAMP, SQUARE, pair, save, save_tiff

from unet_explorer import Dataset, from_folder
from unet_explorer.data.decoded import PLANES
from unet_explorer.panel.sources import Upload, sample_zip
from unet_explorer.panel.tabs.own_images import understood
from unet_explorer.panel.tabs.tile import TileTab
from unet_explorer.panel.tabs.train import TrainTab

PLANES_3 = np.random.default_rng(0).integers(0, 255, (3, 20, 30)).astype("uint8")


@pytest.fixture
def train(instrument, worker):
    made = TrainTab(instrument, worker)
    Watch(made).until(lambda: made.data.get("name") and not made.data["loading"])
    yield made
    made.close()


def choose(tab, **source):
    again = tab.source.get("again", 0) + 1
    tab.set_state({"source": {"kind": "path", "again": again, **source}})


def packed(root):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path in root.rglob("*"):
            archive.write(path, path.relative_to(root.parent))
    return file.getvalue()


def sent(tab, name, data):
    tab.set_state({"chunk": {"upload": 5, "chunk": 0, "name": name, "at": 0, "data": memoryview(data), "last": True}})


def volumes(root):
    for name in "ab":
        save_tiff(root / "images" / f"{name}.tif", PLANES_3, photometric="minisblack")
        save(root / "masks" / f"{name}.png", SQUARE)
    return root


@pytest.mark.parametrize("way", ["path", "upload"])
def test_what_the_files_do_not_say_is_asked_and_the_answer_is_heeded(train, tmp_path, way):
    watch, root = Watch(train), volumes(tmp_path / "planes")
    if way == "path":
        choose(train, path=f' "{root}" ')
    else:
        sent(train, "planes.zip", packed(root))
    watch.until(lambda: train.question)
    assert train.question["option"] == "planes"
    assert train.question["choices"] == [list(choice) for choice in PLANES.items()]
    assert [(each["height"], each["width"], each["title"]) for each in train.question["pictures"]] == [
        (20, 30, f"Plane {number}") for number in (1, 2, 3)
    ]
    assert "does not say what they are" in train.problem
    assert train.data["name"] == "cells"
    pressed(train, "answer", option="planes", value="channels")
    watch.until(lambda: train.data["name"] == "planes")
    assert (train.data["channels"], train.problem, train.question) == (3, "", {})
    np.testing.assert_array_equal(np.rint(train.dataset.images[0] * 255), np.moveaxis(PLANES_3, 0, -1))
    if way == "upload":
        assert train._upload._folder is None


def test_an_answer_may_raise_the_next_question_and_both_are_heeded(train, tmp_path):
    watch, root = Watch(train), volumes(tmp_path / "both")
    numbered = np.zeros_like(SQUARE)
    numbered[2:5, 2:5], numbered[8:12, 8:12] = 1, 2
    for name in "ab":
        save(root / "masks" / f"{name}.png", numbered)
    choose(train, path=str(root))
    watch.until(lambda: train.question)
    pressed(train, "answer", option="planes", value="channels")
    watch.until(lambda: train.question.get("option") == "labels")
    pressed(train, "answer", option="labels", value="objects")
    watch.until(lambda: train.data["name"] == "both")
    assert train.data["objects"]
    assert train.data["channels"] == 3
    # What is no option of the reader is not passed on.
    pressed(train, "answer", option="limit", value=1)
    watch.until(lambda: not train.data["loading"])
    assert len(train.dataset) == 2


def test_a_threshold_is_offered_with_a_look_at_what_it_does(train, tmp_path):
    watch = Watch(train)
    three = np.where(SQUARE > 0, 255, 0).astype("uint8")
    three[14:20, :8] = 90
    choose(train, path=str(pair(tmp_path / "soft", mask=three)))
    watch.until(lambda: train.question)
    assert train.question["option"] == "threshold"
    before, after = (np.frombuffer(each["pixels"], np.uint8).reshape(20, 30) for each in train.question["pictures"])
    np.testing.assert_array_equal(before, three)
    np.testing.assert_array_equal(after, SQUARE)
    pressed(train, "answer", option="threshold", value=0.5)
    watch.until(lambda: train.data["name"] == "soft")
    np.testing.assert_array_equal(train.dataset.labels[0], SQUARE > 0)


def test_two_folders_anywhere(train, tmp_path):
    watch = Watch(train)
    save(tmp_path / "photos" / "one.png", np.dstack([GREY, GREY, 255 - GREY]))
    save(tmp_path / "x" / "drawn" / "one.png", SQUARE)
    choose(train, path=str(tmp_path / "photos"), masks=str(tmp_path / "x" / "drawn"), options={"grey": True})
    watch.until(lambda: train.data["name"] == tmp_path.name)
    assert (train.data["count"], train.data["channels"]) == (1, 1)
    choose(train, path=str(tmp_path / "photos"), masks=str(tmp_path / "nowhere"))
    watch.until(lambda: train.problem)
    assert f"masks: there is no folder {tmp_path / 'nowhere'}" in train.problem
    assert train.question == {}


def test_classes_are_called_as_one_likes_and_nothing_is_read_again(train, tmp_path):
    watch = Watch(train)
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255], [0, 255, 0], [255, 255, 255]], np.uint8)
    choose(train, path=str(pair(tmp_path / "set", mask=palette[RAMP])))
    watch.until(lambda: train.data["name"] == "set")
    assert [each["colour"] for each in train.data["classes"]] == ["#000000", "#0000ff", "#00ff00", "#ff0000", "#ffffff"]
    images = train.dataset.images
    pressed(train, "name_classes", names=["paper", " sky  blue ", "grass", "roof", "cloud"])
    watch.until(lambda: train.dataset.classes[0] == "paper")
    assert train.dataset.classes[1] == "sky blue"
    assert train.dataset.images is images
    for wrong in (["a"], ["a", "b", "c", "d", "d"], ["a", "b", "", "d", "e"], "abcde", None):
        pressed(train, "name_classes", names=wrong)
        watch.until(lambda: train.problem)
        assert train.dataset.classes[0] == "paper"


def test_what_is_understood_is_what_is_there():
    labels = np.array([[[0, 0, 1, 2], [0, -1, -1, 2]], [[0, 0, 0, 0], [0, 0, 0, 0]]])
    data = Dataset(
        "mine",
        (np.zeros((2, 4, 2), "float32"),) * 2,
        labels,
        ("none", "one", "two", "three"),
        notes=("a note",),
        validation=1,
        colours=("#000000", "#111111", "#222222", "#333333"),
    )
    said = understood(data)
    assert [each["share"] for each in said["classes"]] == [11 / 14, 1 / 14, 2 / 14, 0]
    assert (said["count"], said["validation"], said["channels"], said["smallest"]) == (2, 1, 2, [2, 4])
    assert said["unknown"] == pytest.approx(2 / 16)
    assert said["notes"] == ["a note"]
    many = Dataset("many", np.zeros((1, 2, 2, 1), "float32"), np.zeros((1, 2, 2), int), tuple(map(str, range(256))))
    assert (len(understood(many)["classes"]), understood(many)["more"]) == (40, 216)


def test_the_sample_is_read_as_people_s_own_sets_are(train, tmp_path):
    received = []
    train.observe(lambda change: received.append(change["new"]), "sample")
    pressed(train, "sample")
    Watch(train).until(lambda: len(received) == 2)
    assert received[0]["name"] == "sample.zip"
    assert train.sample == {}
    (tmp_path / "sample.zip").write_bytes(received[0]["content"])
    data = from_folder(tmp_path / "sample.zip")
    assert (len(data), data.size, data.classes) == (6, (128, 128), ("background", "cell"))
    assert received[0]["content"] == sample_zip()
    with zipfile.ZipFile(tmp_path / "sample.zip") as packed:
        assert {entry.date_time[0] for entry in packed.infolist()} == {1980}


def test_of_an_image_with_several_planes_it_is_asked_which(instrument, worker, tmp_path):
    from unet_explorer.panel.tabs.chosen_image import ChosenImage

    tab = TileTab(instrument, worker, ChosenImage(), lambda: None)
    watch = Watch(tab)
    try:
        save_tiff(tmp_path / "a.tif", PLANES_3, photometric="minisblack")
        pressed(tab, "open", path=str(tmp_path / "a.tif"))
        watch.until(lambda: tab.question)
        assert [value for value, _ in tab.question["choices"]] == [0, 1, 2]
        pressed(tab, "answer", option="plane", value=1)
        watch.until(lambda: tab.title == "a.tif")
        np.testing.assert_array_equal(np.rint(tab._chosen.image[..., 0] * 255), PLANES_3[1])
        sent(tab, "b.tif", (tmp_path / "a.tif").read_bytes())
        watch.until(lambda: tab.question)
        pressed(tab, "answer", option="plane", value=2)
        watch.until(lambda: tab.title == "b.tif")
        np.testing.assert_array_equal(np.rint(tab._chosen.image[..., 0] * 255), PLANES_3[2])
    finally:
        tab.close()


def test_an_upload_that_waits_for_an_answer_is_gone_with_the_panel(tmp_path):
    upload = Upload()
    upload.add({"upload": 1, "name": "planes.zip", "at": 0, "data": packed(volumes(tmp_path / "planes"))})
    with pytest.raises(ValueError, match="does not say"):
        upload.dataset()
    folder = upload._folder
    assert folder.is_dir()
    assert upload.dataset(planes="channels").channels == 3
    assert not folder.exists()
    upload.close()
