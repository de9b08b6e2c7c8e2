"""The made sets: what they promise, each promise checked by plainer means than those that made them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from support import examples, second

import unet_explorer
from unet_explorer import Dataset, cells, membranes, shapes
from unet_explorer.data import made as made_sets
from unet_explorer.data.made.canvas import bent_grid, smooth_noise, whole_objects
from unet_explorer.data.sheet import contact_sheet
from unet_explorer.drawing.palette import CLASSES, rgb

SETS = {name: getattr(unet_explorer, name) for name in made_sets.SETS}
every_set = pytest.mark.parametrize("make", SETS.values(), ids=SETS)
SQUARE = ndimage.generate_binary_structure(2, 2)


@pytest.fixture(scope="module")
def made() -> dict[str, Dataset]:
    return {name: make(8, 256, seed=1) for name, make in SETS.items()}


def neighbours(parts: np.ndarray) -> set[tuple[int, int]]:
    """Pairs of different numbers that lie side by side."""
    across = np.stack([parts[:, :-1].ravel(), parts[:, 1:].ravel()])
    down = np.stack([parts[:-1].ravel(), parts[1:].ravel()])
    return {(int(a), int(b)) for a, b in np.sort(np.hstack([across, down]), axis=0).T if a != b}


def iou(found: np.ndarray, true: np.ndarray) -> float:
    return float((found & true).sum() / (found | true).sum())


def best_threshold(image: np.ndarray, true: np.ndarray, *, dark: bool) -> float:
    """What the best grey value of all makes of it."""
    grey = -image if dark else image
    return max(iou(grey > value, true) for value in np.quantile(grey, np.linspace(0.01, 0.99, 99)))


@every_set
def test_every_array_is_what_a_dataset_asks_for(make):
    data = make(3, (48, 80), 5)
    assert data.images.shape == (3, 48, 80, 1)
    assert data.images.dtype == np.float32
    assert data.labels.shape == data.instances.shape == (3, 48, 80)
    assert data.labels.dtype == np.uint8
    assert data.instances.dtype == np.int32
    assert data.images.min() >= 0
    assert data.images.max() <= 1
    assert np.isfinite(data.images).all()
    assert data.name == next(name for name, each in SETS.items() if each is make)
    assert "CC0" in data.licence
    assert data.size == (48, 80)


def test_classes_are_named_in_the_order_of_their_labels():
    assert cells(1, 32).classes == ("background", "cell")
    assert membranes(1, 32).classes == ("inside", "membrane")
    assert shapes(1, 32).classes == ("background", "disc", "square", "triangle")


@pytest.mark.parametrize("seed", [68, 383])
def test_a_small_image_that_sees_but_the_end_of_a_wall_or_a_knot_shows_both(seed):
    for labels in membranes(3, size=16, seed=seed).labels:
        assert np.unique(labels).tolist() == [0, 1]


@every_set
@given(
    height=st.integers(16, 90),
    width=st.integers(16, 90),
    seed=st.integers(0, 2**32 - 1),
)
@examples(25)
def test_whatever_the_size_and_the_seed(make, height, width, seed):
    data = make(3, (height, width), seed)
    assert data.size == (height, width)
    assert 0 <= data.images.min() < data.images.max() <= 1
    # Every image shows a class besides 0, and 0; the set shows all.
    for labels in data.labels:
        assert len(np.unique(labels)) > 1
        assert 0 in labels
    assert set(np.unique(data.labels)) == set(range(len(data.classes)))
    for labels, instances in zip(data.labels, data.instances, strict=True):
        objects = labels == 0 if make is membranes else labels > 0
        assert ((instances > 0) == objects).all()
        numbers = range(1, 1 + instances.max())
        assert set(np.unique(instances[instances > 0])) == set(numbers)
        assert all(ndimage.label(instances == number)[1] == 1 for number in numbers)


@every_set
def test_the_seed_decides_everything(make):
    first, again, other = make(2, 64, 3), make(2, 64, 3), make(2, 64, 4)
    for part in ("images", "labels", "instances"):
        assert (getattr(first, part) == getattr(again, part)).all()
        assert (getattr(first, part) != getattr(other, part)).any()
    assert (first.images[0] != first.images[1]).any()


@every_set
def test_sets_of_neighbouring_seeds_share_no_image(make):
    first, other = make(3, 64, 3), make(3, 64, 4)
    assert not any((one == another).all() for one in first.images for another in other.images)


@every_set
@given(few=st.integers(1, 4), many=st.integers(4, 7), seed=st.integers(0, 1000))
@examples(6)
def test_an_image_is_the_same_however_many_are_asked_for(make, few, many, seed):
    short, long = make(few, 32, seed), make(many, 32, seed)
    for part in ("images", "labels", "instances"):
        assert (getattr(short, part) == getattr(long, part)[:few]).all()


@every_set
def test_numpy_numbers_serve_as_well(make):
    plain, numpy = make(2, (32, 40), 1), make(np.int64(2), (np.int32(32), np.uint16(40)), np.uint32(1))
    assert (plain.images == numpy.images).all()


@pytest.mark.parametrize("name", SETS)
def test_every_object_is_in_one_piece(made, name):
    for instances in made[name].instances:
        for number in range(1, instances.max() + 1):
            assert ndimage.label(instances == number)[1] == 1


@pytest.mark.parametrize("name", SETS)
def test_objects_are_as_large_in_small_images_as_in_large_ones(made, name):
    """Of those that no border cuts, the median area differs by less than half."""

    def area(data: Dataset) -> float:
        areas = []
        for instances in data.instances:
            rim = set(np.concatenate([instances[0], instances[-1], instances[:, 0], instances[:, -1]]))
            sizes = np.bincount(instances.ravel())
            areas += [sizes[number] for number in range(1, len(sizes)) if number not in rim]
        return float(np.median(areas))

    small = SETS[name](60, 96, seed=2)
    assert small.instances.max() < made[name].instances.max() / 2
    assert 0.67 < area(small) / area(made[name]) < 1.5


def test_some_cells_touch_and_some_keep_a_gap(made):
    touching = kept_apart = 0
    for instances in made["cells"].instances:
        touching += len([pair for pair in neighbours(instances) if 0 not in pair])
        # Two cells within reach of a gap pixel, which do not touch: seen by spreading each by 2 px.
        spread = np.zeros_like(instances)
        for number in range(1, instances.max() + 1):
            grown = ndimage.binary_dilation(instances == number, SQUARE)
            kept_apart += ((spread > 0) & grown & (instances == 0)).sum() > 8
            spread[grown] = number
    assert touching >= 8 * 3
    assert kept_apart >= 8 * 3


def test_cells_are_of_many_sizes_and_some_are_long(made):
    radii, stretch = [], []
    for instances in made["cells"].instances:
        for number in range(1, instances.max() + 1):
            rows, columns = np.nonzero(instances == number)
            if rows.min() and columns.min() and rows.max() < 255 and columns.max() < 255:
                radii.append(np.sqrt(len(rows) / np.pi))
                axes = np.linalg.eigvalsh(np.cov(np.stack([rows, columns])))
                stretch.append(np.sqrt(axes[1] / axes[0]))
    assert np.quantile(radii, 0.1) > 7
    assert np.quantile(radii, 0.9) < 24
    assert np.quantile(radii, 0.9) > 1.4 * np.quantile(radii, 0.1)
    assert np.median(stretch) < 1.6 < np.quantile(stretch, 0.9)


def test_the_outline_of_a_cell_is_where_it_is_seen(made):
    """Light falls most steeply within a pixel and a half of the label's edge."""
    for image, labels in made["cells"]:
        slope = ndimage.gaussian_gradient_magnitude(image[..., 0], 1)
        inside, outside = ndimage.distance_transform_edt(labels), ndimage.distance_transform_edt(labels == 0)
        rim = inside + outside
        at_edge = slope[rim <= 1.5].mean()
        assert at_edge > 1.5 * slope[(rim > 3) & (rim < 6)].mean()
        assert abs(slope[inside == 1].mean() - slope[outside == 1].mean()) < 0.5 * at_edge


def test_no_threshold_finds_all_cells(made):
    scores = [best_threshold(image[..., 0], labels > 0, dark=False) for image, labels in made["cells"]]
    assert np.mean(scores) < 0.94
    assert min(scores) < 0.88
    # One value for all images does worse, and inverting them does not help.
    images, labels = made["cells"].images[..., 0], made["cells"].labels > 0
    assert best_threshold(images, labels, dark=False) < 0.9
    assert best_threshold(images, labels, dark=True) < 0.5


def test_light_on_cells_is_uneven(made):
    """The background of a quarter of an image is clearly brighter than that of another."""
    ratios = []
    for image, labels in made["cells"]:
        quarters = [
            np.median(image[rows, columns, 0][labels[rows, columns] == 0])
            for rows in (slice(0, 128), slice(128, 256))
            for columns in (slice(0, 128), slice(128, 256))
        ]
        ratios.append(max(quarters) / min(quarters))
    assert np.median(ratios) > 1.25


def test_membranes_close(made):
    """The pieces into which walls cut an image are its instances: found by flooding from every region."""
    for labels, instances in zip(made["membranes"].labels, made["membranes"].instances, strict=True):
        pieces, many = ndimage.label(labels == 0)
        assert many == instances.max() > 30
        assert len({(int(a), int(b)) for a, b in zip(pieces.ravel(), instances.ravel(), strict=True)}) == many + 1
        assert all(0 in pair for pair in neighbours(instances))


def test_membranes_are_thin_dark_and_of_varying_thickness(made):
    thickness = []
    for image, labels in made["membranes"]:
        assert 0.15 < labels.mean() < 0.4
        assert image[labels == 1].mean() < 0.75 * image[labels == 0].mean()
        depth = ndimage.distance_transform_edt(labels)
        crest = (depth == ndimage.maximum_filter(depth, 3)) & (labels == 1)
        thickness += (2 * depth[crest]).tolist()
    assert 2 <= np.quantile(thickness, 0.1) <= 4
    assert 5 <= np.quantile(thickness, 0.9) <= 10


def test_darkness_alone_does_not_find_membranes(made):
    scores = [best_threshold(image[..., 0], labels == 1, dark=True) for image, labels in made["membranes"]]
    # Averaging the grain away first helps, but not enough: organelles are as dark.
    smooth = [
        best_threshold(ndimage.gaussian_filter(image[..., 0], 1), labels == 1, dark=True)
        for image, labels in made["membranes"]
    ]
    assert max(scores) < 0.75
    assert max(smooth) < 0.8


def test_dark_bodies_inside_are_no_membranes(made):
    """In every image, patches deep inside regions are darker than the typical wall is at its palest."""
    for image, labels in made["membranes"]:
        calm = ndimage.gaussian_filter(image[..., 0], 1.5)
        deep = ndimage.distance_transform_edt(labels == 0) > 4
        wall = np.quantile(calm[ndimage.distance_transform_edt(labels) >= 2], 0.75)
        assert (calm[deep] < wall).mean() > 0.03


def test_a_shape_has_one_class(made):
    for labels, instances in zip(made["shapes"].labels, made["shapes"].instances, strict=True):
        for number in range(1, instances.max() + 1):
            assert len(set(labels[instances == number].tolist())) == 1
        assert all(0 in pair for pair in neighbours(instances))


def test_shapes_are_what_they_are_called(made):
    """By the share of the smallest circle around its centre that a shape fills: a law of geometry each."""
    filled = {1: 1.0, 2: 2 / np.pi, 3: np.sqrt(27) / (4 * np.pi)}
    seen = dict.fromkeys(filled, 0)
    for labels, instances in zip(made["shapes"].labels, made["shapes"].instances, strict=True):
        for number in range(1, instances.max() + 1):
            rows, columns = np.nonzero(instances == number)
            if not (rows.min() and columns.min() and rows.max() < 255 and columns.max() < 255):
                continue
            kind = int(labels[rows[0], columns[0]])
            reach = np.hypot(rows - rows.mean(), columns - columns.mean()).max() + 0.3
            assert len(rows) / (np.pi * reach**2) == pytest.approx(filled[kind], abs=0.11)
            seen[kind] += 1
    assert min(seen.values()) >= 8


@second("many images")
def test_brightness_does_not_tell_one_shape_from_another():
    """No class is brighter or larger than another by more than a third of what varies within a class."""
    data = shapes(40, 256, seed=7)
    grey, area = {1: [], 2: [], 3: []}, {1: [], 2: [], 3: []}
    contrast = []
    for image, labels, instances in zip(data.images, data.labels, data.instances, strict=True):
        for number in range(1, instances.max() + 1):
            here = instances == number
            kind = int(labels[here][0])
            grey[kind].append(image[here].mean())
            area[kind].append(here.sum())
            around = ndimage.binary_dilation(here, iterations=5) & ~ndimage.binary_dilation(here, iterations=2)
            contrast.append(image[here].mean() - image[around].mean())
    for measured in (grey, area):
        means = [np.mean(some) for some in measured.values()]
        assert max(means) - min(means) < np.mean([np.std(some) for some in measured.values()]) / 3
    # Brighter and darker than what is around them, both often; hardly ever neither.
    assert 0.4 < np.mean(np.array(contrast) > 0) < 0.6
    assert np.mean(np.abs(contrast) > 0.08) > 0.95


@every_set
@pytest.mark.parametrize(
    "size", [15, 4097, 0, -64, 64.0, "64", None, True, (64,), (64, 64, 1), (64, 8), (64, None), [64, 2.5], {}]
)
def test_sizes_that_are_not_allowed(make, size):
    with pytest.raises(ValueError, match=r"^size=.* is not allowed: give one whole number from 16 to 4,096, such as"):
        make(1, size)


@every_set
@pytest.mark.parametrize("count", [0, -1, 1.5, "3", None, True, 10_001])
def test_counts_that_are_not_allowed(make, count):
    with pytest.raises(ValueError, match=r"^count=.* is not allowed: give a whole number from 1 to 10,000\.$"):
        make(count, 64)


@every_set
@pytest.mark.parametrize("seed", [-1, 1.5, "3", None, True, 2**32])
def test_seeds_that_are_not_allowed(make, seed):
    with pytest.raises(ValueError, match=r"^seed=.* is not allowed: give a whole number from 0 to 4,294,967,295\.$"):
        make(1, 64, seed)


@pytest.mark.parametrize("spacing", [2, 7.5, 40])
def test_noise_is_as_strong_everywhere(spacing):
    """Mean 0, deviation 1, at each pixel over many draws: on the lattice and between its points alike."""
    random = np.random.default_rng(0)
    draws = np.stack([smooth_noise(random, (17, 23), spacing) for _ in range(1500)])
    assert np.abs(draws.mean(axis=0)).max() < 0.15
    assert np.abs(draws.std(axis=0) - 1).max() < 0.12


def test_noise_is_smooth():
    noise = smooth_noise(np.random.default_rng(0), (100, 120), 20)
    assert np.abs(np.diff(noise, axis=0)).max() < 0.3
    assert np.abs(np.diff(noise, axis=1)).max() < 0.3


def test_a_grid_without_bends_is_straight():
    rows, columns = bent_grid(np.random.default_rng(0), (5, 7))
    assert (np.stack([rows, columns]) == np.mgrid[:5, :7]).all()


@given(st.integers(0, 2**32 - 1))
@examples(20)
def test_whole_objects_keeps_the_largest_piece_of_each(seed):
    owner = np.random.default_rng(seed).integers(0, 4, (9, 11))
    kept = whole_objects(owner, smallest=3)
    expected = 0
    for name in (1, 2, 3):
        pieces, many = ndimage.label(owner == name)
        largest = max((int((pieces == piece).sum()) for piece in range(1, many + 1)), default=0)
        if largest >= 3:
            expected += 1
            assert (kept == expected).sum() == largest
            assert ((kept == expected) <= (owner == name)).all()
            assert ndimage.label(kept == expected)[1] == 1
    assert kept.max() == expected


def test_a_sheet_shows_each_set_in_two_rows():
    one, two = cells(3, 64), shapes(2, (40, 50))
    sheet = contact_sheet([one, two], columns=3)
    assert sheet.mode == "RGB"
    alone = [contact_sheet(data, columns=3) for data in (one, two)]
    assert sheet.height == sum(each.height for each in alone)
    assert sheet.width == max(each.width for each in alone)
    assert (np.asarray(sheet)[: alone[0].height, : alone[0].width] == np.asarray(alone[0])).all()
    assert (np.asarray(sheet)[alone[0].height :, : alone[1].width] == np.asarray(alone[1])).all()


def test_a_sheet_colours_each_class_and_leaves_the_background():
    labels = np.zeros((1, 40, 40), np.uint8)
    labels[0, 5:15, 5:15], labels[0, 20:35, 20:35] = 1, 2
    grey = np.linspace(0.2, 0.8, 1600, dtype=np.float32).reshape(1, 40, 40, 1)
    sheet = np.asarray(contact_sheet(Dataset("two", grey, labels, ("none", "one", "other"))))
    above, below = sheet[-92:-52, 6:46], sheet[-46:-6, 6:46]
    assert (above[..., 0] == above[..., 1]).all()
    assert (below[5, 5:15] == rgb(CLASSES[0])).all()
    assert (below[34, 20:35] == rgb(CLASSES[1])).all()
    assert (below[25, 25] != rgb(CLASSES[1])).any()
    assert (below[0] == above[0]).all()
    assert (below[:, -1] == above[:, -1]).all()


def test_a_sheet_outlines_cells_that_touch():
    labels = np.ones((1, 20, 20), np.uint8)
    instances = np.ones((1, 20, 20), np.int32)
    instances[0, :, 10:] = 2
    data = Dataset("touching", np.zeros((1, 20, 20, 1), np.float32), labels, ("none", "cell"), instances)
    below = np.asarray(contact_sheet(data))[-26:-6, 6:26]
    assert (below[:, 9:11] == rgb(CLASSES[0])).all()
    assert (below[:, :9] != rgb(CLASSES[0])).any(axis=-1).all()


def test_a_sheet_shows_colour_many_channels_and_many_sizes():
    random = np.random.default_rng(0)
    for channels in (1, 2, 3, 5):
        images = tuple(random.random((side, 300, channels), dtype=np.float32) for side in (20, 500))
        labels = tuple(np.full(image.shape[:2], 9) for image in images)
        sheet = contact_sheet(Dataset("odd", images, labels, tuple("abcdefghij")))
        assert sheet.width >= 2 * 256
        assert sheet.height < 2 * 256 + 60


@pytest.mark.parametrize(("datasets", "columns"), [([], 4), (None, 0), (None, 1.5), (None, True)])
def test_a_sheet_of_nothing_is_refused(datasets, columns):
    some = [cells(1, 32)] if datasets is None else datasets
    with pytest.raises(ValueError, match="shows nothing: give at least one data set"):
        contact_sheet(some, columns)
