"""Data sets in the layouts of other programs: they come back equal, and nothing of anybody's is lost."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import examples

from unet_explorer import Dataset, cells, from_folder, from_stack, membranes, save_dataset, shapes
from unet_explorer.export.layouts import dataset_bytes
from unet_explorer.export.stored import bits_of, names_of

KINDS = {"uint8": 255, "uint16": 65535, "float32": None}


def random_set(seed, kind, channels, sizes, classes, unknown):
    """Images whose numbers come from such files, of any sizes."""
    dice = np.random.default_rng(seed)
    images, labels = [], []
    for height, width in sizes:
        top = KINDS[kind]
        pixels = (
            dice.random((height, width, channels))
            if top is None
            else dice.integers(0, top + 1, (height, width, channels))
        )
        # Both ends occur, so that reading has nothing to stretch, and each kind of file is the smallest that will do.
        pixels[0, 0], pixels[0, 1] = 0, top or 1
        images.append(pixels.astype(kind) / np.float32(top or 1))
        labels.append(dice.integers(-1 if unknown else 0, classes, (height, width)))
    labels[0][0, :classes] = np.arange(classes)
    names = ("background", *(f"kind {number}" for number in range(1, classes)))
    return Dataset("random", tuple(images), tuple(labels), names)


SETS = st.builds(
    random_set,
    st.integers(0, 2**32),
    st.sampled_from(list(KINDS)),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(8, 14), st.integers(8, 14)), min_size=1, max_size=3),
    st.integers(2, 5),
    st.booleans(),
)


def read_nnunet(folder):
    """What nnU-Net's documentation says that the folder means: images channels last, labels, the meaning of labels."""
    told = json.loads((folder / "dataset.json").read_text())
    ending, count = told["file_ending"], len(told["channel_names"])
    cases = sorted(each.name.removesuffix(ending) for each in (folder / "labelsTr").iterdir())
    assert len(cases) == told["numTraining"]
    read = Image.open if ending == ".png" else tifffile.imread
    images, labels = [], []
    for case in cases:
        files = sorted((folder / "imagesTr").glob(f"{case}_[0-9][0-9][0-9][0-9]{ending}"))
        assert [each.name[-len(ending) - 4 : -len(ending)] for each in files] == [f"{n:04}" for n in range(len(files))]
        planes = [np.asarray(read(each)) for each in files]
        assert all(each.ndim == 2 for each in planes) or (len(planes) == 1 and planes[0].shape[-1] == 3)
        images.append(np.dstack(planes))
        assert images[-1].shape[-1] == count
        labels.append(np.asarray(read(folder / "labelsTr" / f"{case}{ending}")))
    assert len(list((folder / "imagesTr").iterdir())) == sum(
        1 if count == 3 and ending == ".png" else count for _ in cases
    )
    numbers = list(told["labels"].values())
    assert numbers == list(range(len(numbers))), "consecutive from 0"
    assert told["labels"]["background"] == 0
    return images, labels, told["labels"]


@examples(40)
@given(dataset=SETS)
def test_a_set_for_nnunet_comes_back_equal(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("set") / "Dataset007_Random"
    save_dataset(dataset, folder)
    images, labels, meaning = read_nnunet(folder)
    back = from_stack(images, labels, labels_are="classes", ignore=meaning.get("ignore"), classes=dataset.classes)
    assert_equal(back, dataset)
    assert ("ignore" in meaning) == any((each < 0).any() for each in dataset.labels)
    if dataset.channels == 1:
        # One file an image: the folders can be read as they are.
        how = {"labels": "classes", "ignore": meaning.get("ignore"), "classes": dataset.classes}
        assert_equal(from_folder(folder / "imagesTr", folder / "labelsTr", **how), dataset)


def assert_equal(back, dataset):
    assert len(back) == len(dataset)
    for (image, labels), (other, truth) in zip(back, dataset, strict=True):
        np.testing.assert_array_equal(image, other)
        np.testing.assert_array_equal(labels, truth)


@pytest.mark.parametrize("made", [cells, membranes, shapes])
def test_made_sets_come_back_equal(tmp_path, made):
    data = made(3, size=(64, 80))
    save_dataset(data, tmp_path / "Dataset001_Made")
    root = tmp_path / "Dataset001_Made"
    back = from_folder(root / "imagesTr", root / "labelsTr", labels="classes", classes=data.classes)
    assert_equal(back, data)
    save_dataset(data, tmp_path / "cellpose", "cellpose")
    for part, half in zip(("train", "test"), data.split(), strict=True):
        read = from_folder(tmp_path / "cellpose" / part, tmp_path / "cellpose" / part, labels="objects")
        for place, (image, _) in enumerate(half):
            np.testing.assert_array_equal(read.images[place], image)
            np.testing.assert_array_equal(read.instances[place], half.instances[place])


@examples(20)
@given(dataset=SETS)
def test_cellpose_is_given_each_region_where_nobody_knows_objects(tmp_path_factory, dataset):
    folder = tmp_path_factory.mktemp("set") / "set"
    if any((each < 0).any() for each in dataset.labels):
        with pytest.raises(ValueError, match=r"are unknown \(-1\), and Cellpose cannot leave pixels out"):
            save_dataset(dataset, folder, "cellpose")
        assert not list(folder.parent.iterdir()), "nothing is left"
        return
    saved = save_dataset(dataset, folder, layout="cellpose")
    assert "each connected region of a class counts as one object" in saved.notes[0]
    parts = dataset.split() if len(dataset) > 1 else (dataset,)
    for part, half in zip(("train", "test"), parts, strict=False):
        files = sorted((folder / part).glob("*_masks.tif"))
        assert len(files) == len(half)
        back = from_folder(folder / part, folder / part, labels="objects")
        for image, (other, _) in zip(back.images, half, strict=True):
            np.testing.assert_array_equal(image, other)
        for file, (image, labels) in zip(files, half, strict=True):
            held = tifffile.imread(str(file).replace("_masks.tif", ".tif"))
            channels = image.shape[-1]
            held = held[..., None] if channels == 1 else held if channels == 3 else np.moveaxis(held, 0, -1)
            top = KINDS[held.dtype.name]
            np.testing.assert_array_equal(held / np.float32(top or 1), image)
            objects = tifffile.imread(file)
            assert objects.dtype == np.uint16
            np.testing.assert_array_equal(objects > 0, labels > 0)
            # Neighbours of one class are one object; one object is of one class.
            for one, other, same in (
                (objects[1:], objects[:-1], labels[1:] == labels[:-1]),
                (objects[:, 1:], objects[:, :-1], labels[:, 1:] == labels[:, :-1]),
            ):
                np.testing.assert_array_equal(one[same], other[same])
            for number in np.unique(objects[objects > 0]):
                assert len(np.unique(labels[objects == number])) == 1


def test_a_set_that_stays_in_its_files(tmp_path, monkeypatch):
    for part in ("images", "masks"):
        (tmp_path / part).mkdir()
    dice = np.random.default_rng(0)
    for name in ("b", "a"):
        Image.fromarray(dice.integers(0, 256, (12, 14, 3), "uint8")).save(tmp_path / "images" / f"{name}.png")
        Image.fromarray(dice.choice(np.array([0, 1, 255], "uint8"), (12, 14))).save(tmp_path / "masks" / f"{name}.png")
    monkeypatch.setattr("unet_explorer.data.files.LARGE", 1)
    data = from_folder(tmp_path, ignore=255)
    assert data.in_files
    save_dataset(data, tmp_path / "Dataset002_Photos")
    images, labels, meaning = read_nnunet(tmp_path / "Dataset002_Photos")
    assert meaning == {"background": 0, "foreground": 1, "ignore": 2}
    for place, (image, truth) in enumerate(data):
        np.testing.assert_array_equal(images[place] / np.float32(255), image)
        np.testing.assert_array_equal(labels[place], np.where(truth < 0, 2, truth))


@pytest.mark.parametrize(("shift", "bits"), [(0, "uint8"), (np.float32(2**-23), "float32")])
def test_bits_are_spared_only_where_nothing_is_lost(shift, bits):
    grey = np.arange(256, dtype="float32").reshape(1, 16, 16, 1) / np.float32(255) * (1 - shift)
    data = Dataset("ramp", grey.astype("float32"), np.zeros((1, 16, 16), int), ("a", "b"))
    assert bits_of(data) == bits


def test_its_own_validation_set_is_told(tmp_path):
    data = replace(cells(5, size=64), validation=2, titles=("z", "a/b", "../x", "m", "n masks"))
    save_dataset(data, tmp_path / "Dataset003_Split", name="Mine")
    (split,) = json.loads((tmp_path / "Dataset003_Split" / "splits_final.json").read_text())
    assert split == {"train": ["0001_z", "0002_a_b", "0003_x"], "val": ["0004_m", "0005_n"]}
    assert json.loads((tmp_path / "Dataset003_Split" / "dataset.json").read_text())["name"] == "Mine"
    save_dataset(data, tmp_path / "split", "cellpose")
    assert len(list((tmp_path / "split" / "test").iterdir())) == 2 * 2


def test_a_zip_holds_the_same_files(tmp_path):
    data = cells(2, size=64)
    content, notes = dataset_bytes(data, "Dataset006_Zip")
    assert (content, notes) == dataset_bytes(data, "Dataset006_Zip"), "the same set, the same file"
    saved = save_dataset(data, tmp_path / "Dataset006_Zip")
    assert notes == saved.notes
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    files = [each for each in saved.path.rglob("*") if each.is_file()]
    assert held == {each.relative_to(tmp_path).as_posix(): each.read_bytes() for each in files}
    for name in ("../Dataset006_Zip", "", "..", "a/Dataset006_Zip", "a\\b", 7):
        with pytest.raises(ValueError, match="(folder|path)="):
            dataset_bytes(data, name)


def test_names_that_nnunet_keeps_for_itself(tmp_path):
    labels = np.arange(4).reshape(1, 2, 2) - 1
    data = Dataset("odd", np.zeros((1, 2, 2, 1), "float32"), labels, ("sky", "ignore", "background"))
    saved = save_dataset(data, tmp_path / "Dataset004_Odd")
    told = json.loads((tmp_path / "Dataset004_Odd" / "dataset.json").read_text())["labels"]
    assert told == {"background": 0, "class 1 ignore": 1, "class 2 background": 2, "ignore": 3}
    assert saved.notes[1].endswith("ignore is class 1 ignore, background is class 2 background.")


def test_nothing_of_others_is_replaced(tmp_path):
    data, folder = cells(2, size=64), tmp_path / "set"
    save_dataset(data, folder, "cellpose")
    with pytest.raises(FileExistsError, match="set is there already"):
        save_dataset(data, folder, "cellpose")
    save_dataset(cells(3, size=64), folder, "cellpose", overwrite=True)
    assert len(list((folder / "train").iterdir())) == 4
    (folder / "train" / "models").mkdir()
    (folder / "train" / "models" / "learnt").write_text("weeks")
    with pytest.raises(FileExistsError, match="holds train/models/learnt, which save_dataset did not write"):
        save_dataset(data, folder, "cellpose", overwrite=True)
    assert (folder / "train" / "models" / "learnt").read_text() == "weeks"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years")
    with pytest.raises(FileExistsError, match=r"holds thesis\.txt, which save_dataset did not write"):
        save_dataset(data, tmp_path / "mine", "cellpose", overwrite=True)


def test_a_folder_is_whole_or_not_there(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dumps", full)
    with pytest.raises(OSError, match="No space left"):
        save_dataset(cells(2, size=64), tmp_path / "Dataset005_Half")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["cells", "Dataset1_Cells", "Dataset0010_Cells", "Dataset001_", "Dataset001_a b"])
def test_nnunet_finds_a_set_by_its_number(tmp_path, path):
    with pytest.raises(ValueError, match="such as Dataset101_Cells"):
        save_dataset(cells(2, size=64), tmp_path / path)


@examples(100)
@given(st.lists(st.text(), max_size=30))
def test_names_are_plain_different_and_in_order(titles):
    names = names_of(titles)
    assert len({each.lower() for each in names}) == len(titles)
    assert names == sorted(names)
    for name in names:
        assert name.isascii()
        assert Path(name).name == name
        # Cellpose leaves out images that end so.
        assert not name.endswith(("_cp_output", "_flows", "_flows_0", "_flows_1", "_flows_2", "_cellprob", "_masks"))
