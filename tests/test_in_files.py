"""Sets too large for the memory: the same as in memory, image by image, tile by tile, and kept by where they are."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest
from own_images import GREY, RAMP, SQUARE, pair, save, save_tiff
from support import second

from unet_explorer import TrainingSession, UNetConfig, cells, from_folder
from unet_explorer.core.trace import trace
from unet_explorer.data import files, fileset
from unet_explorer.data.augment import Augmentation
from unet_explorer.data.dataset import joined, normalize
from unet_explorer.data.decoded import DataError
from unet_explorer.learning.examination import MOST, examples
from unet_explorer.learning.preflight import findings
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.store import Store
from unet_explorer.learning.worker.feed import DRAWN, VISITED, Feed

CONFIG = UNetConfig(depth=2, base_filters=3)
COLOURS = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype("uint8")


@pytest.fixture
def in_files(monkeypatch):
    """Every set counts as large."""
    monkeypatch.setattr(files, "LARGE", 0)


def both(monkeypatch, *args, **options):
    """The same folder read into memory, and left in its files."""
    memory = from_folder(*args, **options)
    with monkeypatch.context() as patch:
        patch.setattr(files, "LARGE", 0)
        left = from_folder(*args, **options)
    assert not memory.in_files
    assert left.in_files
    return memory, left


def several(root):
    for number in range(6):
        noise = np.random.default_rng(number)
        save(root / "images" / f"{number}.png", noise.integers(0, 255, (40 + number, 52), "uint8"))
        save(root / "masks" / f"{number}.png", noise.integers(0, 3, (40 + number, 52), "uint8").repeat(1, 0))
    return root


def as_pairs(root):
    save(root / "images" / "a.jpg", COLOURS)
    save(root / "masks" / "a.png", SQUARE)
    return pair(root, GREY, 255 - SQUARE, "b")


def as_objects(root):
    for name in ("a", "b"):
        save(root / name / "images" / f"{name}.png", GREY)
        for number in range(3):
            save(root / name / "masks" / f"{number}.png", np.roll(SQUARE, 3 * number, 0))
    return root


def as_numbers(root):
    numbered = np.where(RAMP > 2, RAMP.astype("uint16") * 300, 0)
    for name in ("a", "b"):
        save(root / "images" / f"{name}.png", GREY)
        save_tiff(root / "masks" / f"{name}.tif", numbered)
    return root


def as_colours(root):
    palette = np.array([[0, 0, 0], [255, 0, 0], [0, 0, 255], [0, 255, 0], [9, 9, 9]], "uint8")
    return pair(pair(root, mask=palette[RAMP]), mask=palette[RAMP // 2], stem="b")


def as_slices(root):
    save_tiff(
        root / "images" / "a.tif", np.stack([GREY, 255 - GREY]), metadata={"axes": "ZYX"}, photometric="minisblack"
    )
    save_tiff(root / "masks" / "a.tif", np.stack([SQUARE, SQUARE[::-1]]), metadata={"axes": "ZYX"})
    return root


def as_train_and_val(root):
    pair(root / "train")
    pair(root / "val", 255 - GREY, SQUARE[::-1])
    return root


@pytest.mark.parametrize(
    "layout",
    [several, as_pairs, as_objects, as_numbers, as_colours, as_slices, as_train_and_val],
    ids=lambda each: each.__name__,
)
@pytest.mark.parametrize("grey", [False, True])
def test_what_stays_in_files_is_the_same_as_in_memory(tmp_path, monkeypatch, layout, grey):
    memory, left = both(monkeypatch, layout(tmp_path), grey=grey)
    assert (left.titles, left.classes, left.channels, left.size, left.validation, left.name) == (
        *(memory.titles, memory.classes, memory.channels, memory.size, memory.validation, memory.name),
    )
    for wanted, found in zip(memory, left, strict=True):
        np.testing.assert_allclose(found[0], wanted[0], atol=1e-6)
        np.testing.assert_array_equal(found[1], wanted[1])
    np.testing.assert_array_equal(left.pixels, memory.pixels)
    assert (left.instances is None) == (memory.instances is None)
    if memory.instances is not None:
        for wanted, found in zip(memory.instances, left.instances, strict=True):
            np.testing.assert_array_equal(found, wanted)
    if len(memory) > 1:
        assert [part.titles for part in left.split(seed=4)] == [part.titles for part in memory.split(seed=4)]
    np.testing.assert_allclose(left.grey().images[0], memory.grey().images[0], atol=1e-6)
    assert set(memory.notes) <= set(left.notes)
    assert any("stay in their files" in note for note in left.notes)


@pytest.mark.parametrize("layout", [as_pairs, as_objects, as_colours], ids=lambda each: each.__name__)
def test_a_training_keeps_where_they_are_and_no_pixels(tmp_path, monkeypatch, layout):
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path / "state"))
    memory, left = both(monkeypatch, layout(tmp_path / "set"))
    store = Store.new()
    for kept in (
        left.take([1, 0]).grey(),
        joined(left, left),
        joined(left, memory),
    ):
        store.write_dataset(kept)
        again = store.read_dataset()
        assert (again.titles, again.classes, again.notes, again.validation) == (
            *(kept.titles, kept.classes, kept.notes, kept.validation),
        )
        for one, other in zip(kept, again, strict=True):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])
        np.testing.assert_array_equal(again.pixels, kept.pixels)
    store.write_dataset(left)
    assert not any(name.startswith(("image", "label")) for name in store.read_arrays("dataset.npz"))


def test_a_file_that_has_changed_is_not_read_as_if_it_had_not(tmp_path, in_files):
    data = from_folder(as_pairs(tmp_path))
    before = data.images[1].copy()
    save(tmp_path / "images" / "b.png", 255 - GREY)
    os.utime(tmp_path / "images" / "b.png", ns=(1, 1))
    fresh = data.take([1]).grey()
    with pytest.raises(DataError, match=r"images/b\.png or its mask has changed, or is gone"):
        fresh.images[0]
    (tmp_path / "masks" / "a.png").unlink()
    with pytest.raises(DataError, match="Put it back, or read the set again"):
        data.labels[0]
    assert before.shape == (20, 30, 3)


def test_colour_behind_images_that_looked_grey_is_refused_not_dropped(tmp_path, in_files, monkeypatch):
    monkeypatch.setattr(fileset, "_LOOKED_AT", 8)
    for number in range(40):
        save(tmp_path / "images" / f"{number:02}.png", COLOURS if number == 1 else np.dstack([GREY] * 3))
        save(tmp_path / "masks" / f"{number:02}.png", SQUARE)
    data = from_folder(tmp_path)
    assert data.channels == 1
    with pytest.raises(DataError, match=r"images/01\.png has 3 channels, other images of the set 1: .*grey=True"):
        data.images[1]
    assert from_folder(tmp_path, grey=True).images[1].shape == (20, 30, 1)


def test_tiles_from_files_are_tiles_of_the_images(tmp_path, in_files):
    """Without variations each tile is a window of one normalised image; every image has its turn."""
    left = from_folder(several(tmp_path))
    tile = (52, 52)
    output = trace(CONFIG, tile).output
    recipe = Recipe(batch_size=5, augmentation=Augmentation.none())
    feed = Feed(left, CONFIG, tile, recipe)
    normal = [normalize(image)[..., 0] for image in left.images]
    from_ = [0] * len(left)
    for number in range(2 * VISITED * DRAWN // 5):
        batch = feed.batch(number)
        for labels in batch.labels:
            found = [
                place
                for place, truth in enumerate(left.labels)
                if any(
                    np.array_equal(truth[row : row + output.height, column : column + output.width], labels)
                    for row in range(truth.shape[0] - output.height + 1)
                    for column in range(truth.shape[1] - output.width + 1)
                )
            ]
            assert len(found) == 1
            from_[found[0]] += 1
    assert sum(count > 0 for count in from_) >= 5
    centre = batch.tiles[0][22:30, 22:30, 0]
    windows = (np.lib.stride_tricks.sliding_window_view(each, (8, 8)) for each in normal)
    assert any(np.isclose(each, centre, atol=1e-4).all(axis=(2, 3)).any() for each in windows)
    # The same number is the same batch, whatever was asked for before.
    again = Feed(left, CONFIG, tile, recipe).batch(number)
    np.testing.assert_array_equal(again.tiles, batch.tiles)
    assert Feed(left, CONFIG, tile, Recipe(batch_size=2, loss="weighted")).batch(0).weights.shape == (2, *output[:2])


def test_of_a_large_set_a_spread_of_tiles_is_examined(tmp_path):
    data = cells(8, size=64)
    many = data.take([place % 8 for place in range(6000)])
    tile = (188, 188)
    some = examples(many, CONFIG, tile, Recipe())
    assert len(some) == MOST // (188 * 188)
    assert some[0].title == many.titles[0]
    assert some[len(some) - 1].title == many.titles[-1]
    assert len(examples(data, CONFIG, tile, Recipe())) == 8
    assert [each.title for each in some[:3]] == [some[place].title for place in range(3)]


def test_the_look_before_starting_reads_few_of_them(tmp_path, in_files, monkeypatch):
    data = from_folder(several(tmp_path))
    reads = []
    read = type(data.images.items[0][0]).read
    monkeypatch.setattr(
        type(data.images.items[0][0]), "read", lambda self, part, place: reads.append(part) or read(self, part, place)
    )
    found = findings(Order(UNetConfig(depth=2, base_filters=3, num_classes=3), (52, 52), Recipe()), data)
    assert [each.kind for each in found if each.weight == "stop"] == []
    assert reads == []


@pytest.mark.tensorflow
def test_it_learns_from_files_and_is_opened_again(tmp_path, state, worker, monkeypatch):
    made = cells(6, size=96)
    for place in range(6):
        part = "train" if place < 4 else "val"
        save(
            tmp_path / "set" / part / "images" / f"{place}.png",
            np.rint(made.images[place][..., 0] * 255).astype("uint8"),
        )
        save(tmp_path / "set" / part / "masks" / f"{place}.png", (made.labels[place] * 255).astype("uint8"))
    _, data = both(monkeypatch, tmp_path / "set")
    with TrainingSession(UNetConfig(depth=2, base_filters=4), data, 76, worker, steps=4, steps_per_epoch=2) as session:
        session.start(force=True)
        assert session.join(120)
        assert session.state == "finished", session.problem
        assert [each.title for each in session.examples] == ["4", "5"]
        name = session.folder.name
    again = TrainingSession.reopen(name)
    assert again.dataset.in_files
    assert len(again.predictions(2)) == 2
    again.close()


@pytest.mark.tensorflow
@second("a training of its own")
def test_a_file_that_goes_while_it_learns_ends_the_training_in_words(tmp_path, monkeypatch):
    monkeypatch.setenv("UNET_EXPLORER_STATE", str(tmp_path / "state"))
    _, data = both(monkeypatch, several(tmp_path / "set"))
    config = UNetConfig(depth=1, base_filters=2, num_classes=3)
    with TrainingSession(config, data, 36, steps=100_000, steps_per_epoch=5, batch_size=1) as session:
        session.start(force=True)
        learnt = threading.Event()
        session.changed.connect(lambda: learnt.set() if session.history.epochs else None)
        assert learnt.wait(120)
        for path in (tmp_path / "set" / "images").iterdir():
            path.unlink()
        assert session.join(120)
        assert session.state == "failed"
        assert "has changed, or is gone" in session.problem
        assert "Traceback" not in session.problem
