"""Images and masks as people bring them, each once read wrongly: read as they are meant, or refused with the remedy."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from own_images import GREY, SQUARE, save
from PIL import Image

from unet_explorer import UNetConfig, best_tile, cells, estimate_memory, from_folder, from_stack, open_image, trace
from unet_explorer.core.budget import read_limit
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.decoded import DataError
from unet_explorer.data.legend import read_legend
from unet_explorer.data.weights import regions, weight_maps
from unet_explorer.learning.preflight import findings
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.scores import scores

IMAGES = np.stack([GREY] * 2)
TRUTH = np.zeros((2, *GREY.shape), int)
TRUTH[:, 5:12] = 1
TRUTH[:, 12:, 8:20] = 2


# One-hot, and channels first ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["uint8", "bool", "int64", "float32"])
@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_one_hot_labels_are_the_classes_that_they_mean(classes, kind):
    truth = np.minimum(TRUTH, classes - 1)
    data = from_stack(IMAGES, np.eye(classes, dtype=kind)[truth])
    np.testing.assert_array_equal(data.labels, truth)
    assert [len(each) for each in from_stack(list(IMAGES), list(np.eye(classes, dtype=kind)[truth])).labels] == [20, 20]


@pytest.mark.parametrize(
    "wrong", [np.full((2, 20, 30, 2), 0.5), np.ones((2, 20, 30, 4)), np.zeros((2, 20, 30, 2), int)]
)
def test_what_has_channels_but_is_not_one_hot_is_refused(wrong):
    with pytest.raises(DataError, match=r"give the class of each pixel.*argmax"):
        from_stack(IMAGES, wrong)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_first_are_refused_with_the_way_to_turn_them(channels):
    first = np.zeros((2, channels, *GREY.shape), np.uint8)
    with pytest.raises(DataError, match=r"images has shape .*channels come last.*moveaxis"):
        from_stack(first, TRUTH)
    with pytest.raises(DataError, match=r"labels has shape .*channels come last"):
        from_stack(IMAGES, first)
    assert from_stack(np.moveaxis(first, 1, -1), TRUTH, labels_are="classes").channels == channels


# Folders -----------------------------------------------------------------------------------------------------------


def drive(root, manual="1st_manual"):
    for number in (21, 22, 23):
        save(root / "images" / f"{number}_training.png", GREY)
        save(root / manual / f"{number}_manual1.png", SQUARE)
        save(root / "mask" / f"{number}_training_mask.png", np.full_like(GREY, 255))
    return root


def test_drive_is_known_by_its_folders(tmp_path):
    data = from_folder(drive(tmp_path / "training"))
    np.testing.assert_array_equal(data.labels, np.stack([SQUARE > 0] * 3))
    assert any("fields of view" in note for note in data.notes)


def test_two_folders_that_may_both_be_the_masks_are_named_and_neither_is_taken(tmp_path):
    root = drive(tmp_path / "training", "vessels")
    with pytest.raises(DataError, match=r"vessels, mask\. Which are the masks\?.*from_folder\(images, masks\)"):
        from_folder(root)
    data = from_folder(root / "images", root / "vessels")
    np.testing.assert_array_equal(data.labels, np.stack([SQUARE > 0] * 3))
    assert data.titles == ("21_training", "22_training", "23_training")
    # A folder that does not pair is no rival.
    for path in (root / "vessels").iterdir():
        path.rename(path.with_name(f"x{path.name[2:]}"))
    assert from_folder(root).labels.min() == 1


def test_two_folders_of_any_name_anywhere(tmp_path):
    save(tmp_path / "a" / "Training_source" / "one.png", GREY)
    save(tmp_path / "b" / "c" / "Training_target" / "one.png", SQUARE)
    data = from_folder(str(tmp_path / "a" / "Training_source"), tmp_path / "b" / "c" / "Training_target")
    np.testing.assert_array_equal(data.labels[0], SQUARE > 0)
    save(tmp_path / "a" / "Training_source" / "two.png", GREY)
    with pytest.raises(
        DataError, match=r"1 of 2 images in .*Training_source have no mask in .*Training_target: two.png"
    ):
        from_folder(tmp_path / "a" / "Training_source", tmp_path / "b" / "c" / "Training_target")


def test_numbers_pair_only_where_each_occurs_once(tmp_path):
    for name in ("t000", "t001"):
        save(tmp_path / "01" / f"{name}.png", GREY)
        save(tmp_path / "01_SEG" / f"man_seg{name[1:]}.png", SQUARE)
    assert len(from_folder(tmp_path / "01", tmp_path / "01_SEG")) == 2
    save(tmp_path / "01_SEG" / "man_seg001_again.png", SQUARE)
    with pytest.raises(DataError, match="have no mask"):
        from_folder(tmp_path / "01", tmp_path / "01_SEG")


@pytest.mark.parametrize("masks", ["masks", True, 3])
def test_a_second_argument_that_is_no_folder_says_how_grey_is_asked_for(tmp_path, masks):
    save(tmp_path / "images" / "a.png", GREY)
    with pytest.raises(DataError, match="grey=True"):
        from_folder(tmp_path, masks)


# Stacks behind one page --------------------------------------------------------------------------------------------


def imagej(path, planes):
    """As ImageJ writes a large stack: one page, and the other planes behind it."""
    about = f"ImageJ=1.53t\nimages={len(planes)}\nslices={len(planes)}\n"
    tifffile.imwrite(path, planes[0], metadata=None, photometric="minisblack", description=about)
    with tifffile.TiffFile(path) as opened:
        (offset,) = opened.pages[0].dataoffsets
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(planes.tobytes())


def shortened(path, planes):
    tifffile.imwrite(path, planes, truncate=True, photometric="minisblack", metadata={"axes": "ZYX"})


@pytest.mark.parametrize("write", [imagej, shortened])
def test_all_planes_behind_one_page_are_read(tmp_path, write):
    volume = np.random.default_rng(0).integers(0, 255, (6, 20, 30)).astype("uint8")
    labels = (volume > 99).astype("uint8") * 255
    write(tmp_path / "train-volume.tif", volume)
    write(tmp_path / "train-labels.tif", labels)
    data = from_stack(tmp_path / "train-volume.tif", tmp_path / "train-labels.tif")
    np.testing.assert_array_equal(np.rint(data.images[..., 0] * 255), volume)
    np.testing.assert_array_equal(data.labels, labels > 0)
    assert len(from_folder(tmp_path)) == 6
    # Where one image is wanted, the others are not left out unsaid.
    (tmp_path / "pair" / "images").mkdir(parents=True)
    write(tmp_path / "pair" / "images" / "a.tif", volume)
    save(tmp_path / "pair" / "masks" / "a.png", SQUARE)
    with pytest.raises(DataError, match=r"images/a\.tif holds 6 images, and its mask masks/a\.png 1"):
        from_folder(tmp_path / "pair")
    (tmp_path / "pair" / "masks" / "a.png").unlink()
    write(tmp_path / "pair" / "masks" / "a.tif", labels)
    data = from_folder(tmp_path / "pair")
    np.testing.assert_array_equal(data.labels, labels > 0)
    assert data.titles == tuple(f"a, {number}" for number in range(1, 7))
    assert any("several images in a file" in note for note in data.notes)
    np.testing.assert_array_equal(np.rint(data.images[..., 0] * 255), volume)


@pytest.mark.parametrize("behind", [True, False])
@pytest.mark.parametrize("axes", ["CYX", "ZCYX", "CZYX", "TZCYX"])
def test_channels_are_what_the_file_says_are_channels(tmp_path, axes, behind):
    shape = tuple({"C": 2, "Z": 3, "T": 2, "Y": 20, "X": 30}[letter] for letter in axes)
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype("uint8")
    tifffile.imwrite(tmp_path / "a.tif", pixels, truncate=behind, photometric="minisblack", metadata={"axes": axes})
    wanted = np.moveaxis(pixels, axes.index("C"), -1).reshape(-1, 20, 30, 2)
    data = from_stack(tmp_path / "a.tif", np.zeros((len(wanted), 20, 30), int))
    np.testing.assert_array_equal(np.rint(data.images * 255), wanted)


# Weights, and what is kept back ------------------------------------------------------------------------------------


def test_cells_in_black_and_white_have_the_gaps_of_numbered_ones():
    numbered = np.zeros((1, 64, 64), int)
    numbered[0, 20:40, 10:29], numbered[0, 20:40, 31:50] = 300, 301
    images = np.zeros((1, 64, 64), "uint8")
    known, binary = from_stack(images, numbered), from_stack(images, (numbered > 0).astype("uint8") * 255)
    assert known.instances is not None
    assert binary.instances is None
    np.testing.assert_allclose(weight_maps(known)[0], weight_maps(binary)[0], rtol=1e-6)
    assert weight_maps(binary)[0][30, 30] > 5


def test_regions_of_different_classes_are_apart():
    labels = np.array([[1, 1, 2, 2, 0, 1], [0, 0, 0, 2, 0, 1]])
    assert regions(labels).tolist() == [[1, 1, 3, 3, 0, 2], [0, 0, 0, 3, 0, 2]]
    assert not regions(np.zeros((3, 4), int)).any()


def test_it_is_said_what_counts_as_an_object():
    binary = Dataset("x", np.zeros((2, 64, 64, 1), "float32"), np.stack([np.eye(64, dtype=int)] * 2), ("no", "yes"))
    order = Order(UNetConfig(depth=1, base_filters=2), (36, 36), Recipe(loss="weighted"))
    (said,) = [each for each in findings(order, binary) if each.kind == "borders"]
    assert "do not number their objects: the 128 connected regions count as objects" in said.words
    assert not [each for each in findings(order, cells(2, size=64)) if each.kind == "borders"]


def test_images_with_objects_are_kept_back():
    for seed in range(20):
        labels = np.zeros((8, 4, 4), int)
        kept = set(np.random.default_rng(seed).permutation(8)[:2].tolist())
        for place in set(range(8)) - kept:
            labels[place, 1, 1] = 1
        data = Dataset("x", np.arange(128, dtype="float32").reshape(8, 4, 4, 1), labels, ("no", "yes"))
        learnt, examined = data.split(seed=seed)
        assert (len(learnt), len(examined)) == (6, 2)
        assert examined.pixels[:, 1].sum() == 1
        # Still every image is in one part, and in one only.
        every = np.concatenate([np.asarray(part.images)[:, 0, 0, 0] for part in (learnt, examined)])
        assert sorted(every.tolist()) == [16.0 * number for number in range(8)]
    # The only image with an object is learnt from.
    labels[:] = 0
    labels[next(iter(set(range(8)) - kept)), 0, 0] = 1
    learnt, _ = Dataset("x", np.zeros((8, 4, 4, 1), "float32"), labels, ("no", "yes")).split(seed=seed)
    assert learnt.pixels[:, 1].sum() == 1


# Calls as one would guess them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "bytes_"), [("2 GB", 2 * 10**9), ("1.5gb", 15 * 10**8), (" 300 MB ", 3 * 10**8), (2e9, 2 * 10**9)]
)
def test_a_limit_may_be_said_in_words(said, bytes_):
    config = UNetConfig(depth=3, base_filters=8)
    assert read_limit(said) == bytes_
    assert best_tile(config, (512, 512), said) == best_tile(config, (512, 512), bytes_)


@pytest.mark.parametrize("limit", [None, "much", "2 hours", True, -1, 1.5e9 + 0.5, [1]])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match=r"limit=.* is not allowed: give bytes"):
        best_tile(UNetConfig(), (512, 512), limit)


def test_so_few_bytes_are_meant_in_another_unit():
    with pytest.raises(ValueError, match='for 4 GB say "4 GB"'):
        best_tile(UNetConfig(), (512, 512), 4)


def test_other_guesses_get_a_sentence(tmp_path):
    path = save(tmp_path / "a.png", GREY)
    with pytest.raises(DataError, match="images is a list of paths: .*from_folder"):
        from_stack([path], [str(path)])
    with pytest.raises(ValueError, match="training='yes' is not allowed: give True or False"):
        estimate_memory(UNetConfig(), 572, 1, "yes")
    assert trace(UNetConfig(), np.array([572, 588])).output.width == 404
    assert trace(UNetConfig(), np.int64(572)).output.height == 388
    for tile in (np.array([572]), np.array([[572, 572]]), {572, 588}, np.array(572.0)):
        with pytest.raises(ValueError, match="tile="):
            trace(UNetConfig(), tile)


# Colours -----------------------------------------------------------------------------------------------------------

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def indexed(path, colours):
    """A mask with a palette of its own: black, and then these colours, a bar each."""
    places = np.zeros(GREY.shape, "uint8")
    for place in range(len(colours)):
        places[5:15, 2 + 9 * place : 9 + 9 * place] = place + 1
    image = Image.fromarray(places).convert("P")
    image.putpalette([0, 0, 0, *(part for colour in colours for part in colour)])
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)


def test_where_palettes_differ_the_same_colour_is_the_same_class(tmp_path):
    for name, colours in (("a", [RED, GREEN]), ("b", [GREEN])):
        save(tmp_path / "images" / f"{name}.png", GREY)
        indexed(tmp_path / "masks" / f"{name}.png", colours)
    data = from_folder(tmp_path)
    assert data.classes == ("background", "#00ff00", "#ff0000")
    assert (data.labels[0][8, 4], data.labels[0][8, 13], data.labels[1][8, 4]) == (2, 1, 1)


def test_a_palette_that_all_share_counts_by_its_indices(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / "images" / f"{name}.png", GREY)
        indexed(tmp_path / "masks" / f"{name}.png", [RED, GREEN])
    data = from_folder(tmp_path)
    assert data.classes == ("background", "class 1", "class 2")
    assert (data.labels[0][8, 4], data.labels[0][8, 13]) == (1, 2)


@pytest.mark.parametrize(
    "lines",
    [
        ["sky #0000ff", "tree #00ff00", "road #ff0000", "void #000000"],
        ["sky 0 0 255", "tree 0,255,0", "255 0 0 road", "void 0 0 0"],
    ],
)
def test_a_legend_binds_names_to_colours_whatever_occurs(tmp_path, lines):
    for name, colours in (("a", [RED, BLUE]), ("b", [RED])):
        save(tmp_path / "images" / f"{name}.png", GREY)
        indexed(tmp_path / "masks" / f"{name}.png", colours)
    (tmp_path / "classes.txt").write_text("\n".join(lines))
    data = from_folder(tmp_path)
    assert data.classes == ("sky", "tree", "road", "void")
    assert [int(data.labels[0][8, column]) for column in (0, 4, 13)] == [3, 2, 0]
    assert int(data.labels[1][8, 4]) == 2
    # Only some of them are there: the numbers stay the same.
    (tmp_path / "masks" / "a.png").unlink()
    (tmp_path / "images" / "a.png").unlink()
    again = from_folder(tmp_path)
    assert again.classes == data.classes
    np.testing.assert_array_equal(again.labels[0], data.labels[1])


def test_names_without_colours_are_bound_to_none(tmp_path):
    save(tmp_path / "images" / "a.png", GREY)
    save(tmp_path / "masks" / "a.png", np.array([(0, 0, 0), RED], "uint8")[SQUARE // 255])
    (tmp_path / "classes.txt").write_text("nothing\nsky")
    with pytest.raises(DataError, match=r"in colour \(#000000, #ff0000\).*which colour each of nothing, sky has"):
        from_folder(tmp_path)
    (tmp_path / "classes.txt").write_text("nothing #000000\nsky #0000ff")
    with pytest.raises(
        DataError, match=r"hold #ff0000, which classes.txt does not name; it names nothing #000000, sky #0000ff"
    ):
        from_folder(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"), [("a #000000\nb", "but none for b"), ("a #000000\nb 0 0 0", "#000000 to two classes")]
)
def test_a_legend_that_cannot_be_is_refused(tmp_path, text, words):
    save(tmp_path / "images" / "a.png", GREY)
    save(tmp_path / "masks" / "a.png", SQUARE)
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=words):
        from_folder(tmp_path)


def test_a_name_may_end_in_numbers():
    assert read_legend(["class 300 1 2", "mp3 1"]).names == ("class 300 1 2", "mp3 1")


def test_numbers_stay_numbers_beside_a_legend(tmp_path):
    """Some sets have masks in numbers, and the colours of their classes in a file."""
    save(tmp_path / "images" / "a.png", GREY)
    save(tmp_path / "masks" / "a.png", SQUARE // 255 * 2)
    (tmp_path / "classes.txt").write_text("sky #0000ff\ntree #00ff00\nroad #ff0000")
    data = from_folder(tmp_path)
    assert data.classes == ("sky", "tree", "road")
    np.testing.assert_array_equal(data.labels[0], SQUARE // 255 * 2)


# Numbered objects --------------------------------------------------------------------------------------------------


def numbered(count):
    cells = np.zeros((64, 64), "uint16")
    cells.ravel()[: count * 10 : 10] = np.arange(1, count + 1)
    return np.stack([cells] * 2)


@pytest.mark.parametrize("count", [20, 31, 32, 40, 254, 255, 256, 300])
def test_numbered_objects_are_objects_whatever_their_number(count):
    data = from_stack(np.zeros((2, 64, 64), "uint8"), numbered(count))
    assert data.classes == ("background", "foreground")
    np.testing.assert_array_equal(data.instances, numbered(count))


@pytest.mark.parametrize("count", [2, 9])
def test_of_a_few_numbers_it_must_be_said_what_they_are(tmp_path, count):
    images = np.zeros((2, 64, 64), "uint8")
    with pytest.raises(
        DataError, match=rf'holds {count} numbers, each in one piece.*labels="objects" or labels="classes"'
    ):
        from_stack(images, numbered(count))
    assert from_stack(images, numbered(count), labels_are="objects").instances.max() == count
    assert len(from_stack(images, numbered(count), labels_are="classes").classes) == count + 1
    for name in ("a", "b"):
        save(tmp_path / "images" / f"{name}.png", images[0])
        save(tmp_path / "masks" / f"{name}.png", numbered(count)[0].astype("uint8"))
    with pytest.raises(DataError, match="each in one piece"):
        from_folder(tmp_path)
    assert from_folder(tmp_path, labels="objects").instances is not None
    assert from_folder(tmp_path, labels="classes").labels.max() == count
    # Named, they are classes; in a folder of that name, objects.
    (tmp_path / "classes.txt").write_text("\n".join(f"kind {number}" for number in range(count + 1)))
    assert from_folder(tmp_path).labels.max() == count
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "masks").rename(tmp_path / "instances")
    assert from_folder(tmp_path).instances.max() == count


def test_a_number_in_several_pieces_is_a_class():
    several = numbered(3)
    several[1, 60, 60] = 2
    assert from_stack(np.zeros((2, 64, 64), "uint8"), several).classes == (
        "background",
        "class 1",
        "class 2",
        "class 3",
    )
    # Pieces that touch at a corner are one.
    corner = np.zeros((1, 8, 8), int)
    corner[0, 1, 1] = corner[0, 2, 2] = 1
    corner[0, 5, 5] = 2
    with pytest.raises(DataError, match="holds 2 numbers, each in one piece"):
        from_stack(np.zeros((1, 8, 8), "uint8"), corner)


@pytest.mark.parametrize("kind", ["instances", 3, True, ["classes"]])
def test_another_kind_is_refused(tmp_path, kind):
    (tmp_path / "images").mkdir()
    with pytest.raises(DataError, match=r"labels=.* is not allowed: give 'classes', 'objects' or 'onehot'"):
        from_folder(tmp_path, labels=kind)
    with pytest.raises(DataError, match=r"labels_are=.* is not allowed"):
        from_stack(IMAGES, TRUTH, labels_are=kind)


# Sets as they are unpacked -----------------------------------------------------------------------------------------

SETS = {
    "ZeroCostDL4Mic": {"Training_source/a.tif": GREY, "Training_target/a.tif": SQUARE},
    "Cell Tracking Challenge": {"01/t000.tif": GREY, "01_GT/SEG/man_seg000.tif": SQUARE.astype("uint16") // 85},
    "ADE20K": {"images/training/a.png": GREY, "annotations/training/a.png": SQUARE // 255},
    "CamVid": {"train/a.png": GREY, "trainannot/a.png": SQUARE // 255},
    "Carvana": {"train/x_01.jpg": GREY, "train_masks/x_01_mask.gif": SQUARE},
    "one folder": {"a.jpg": GREY, "a.png": SQUARE, "b.jpg": GREY, "b.png": SQUARE},
    "DRIVE, without the field of view": {"images/21_training.tif": GREY, "manual/21_manual1.gif": SQUARE},
}


def unpacked(root, files):
    for name, pixels in files.items():
        save(root / name, pixels)
    return root


@pytest.mark.parametrize("name", SETS)
def test_a_set_is_read_as_its_makers_unpack_it(tmp_path, name):
    for root in (unpacked(tmp_path / "one", SETS[name]), unpacked(tmp_path / "two" / "inside", SETS[name]).parent):
        data = from_folder(root)
        np.testing.assert_array_equal(np.asarray(data.labels[0]), SQUARE > 0)
        assert (data.instances is not None) == (name == "Cell Tracking Challenge")


@pytest.mark.parametrize(
    "more",
    [
        {
            "02/t000.tif": GREY,
            "02_GT/SEG/man_seg000.tif": SQUARE,
            "01/t000.tif": GREY,
            "01_GT/SEG/man_seg000.tif": SQUARE,
        },
        {f"{kind}/{part}/a.png": SQUARE for kind in ("images", "annotations") for part in ("training", "new")},
    ],
)
def test_two_sets_beside_each_other_are_asked_about(tmp_path, more):
    with pytest.raises(DataError, match=r"holds 2 data sets \(.*from_folder\(images, masks\)"):
        from_folder(unpacked(tmp_path, more))


def test_polygons_are_no_masks_but_there_is_a_way(tmp_path):
    save(tmp_path / "a.png", GREY)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(DataError, match=r"\.json files may hold polygons.*labelme.*COCO"):
        from_folder(tmp_path)


def test_photos_with_other_files_beside_them_are_not_paired(tmp_path):
    unpacked(tmp_path, SETS["one folder"])
    save(tmp_path / "c.jpg", GREY)
    with pytest.raises(DataError, match="holds no data set that is understood"):
        from_folder(tmp_path)


# What was learnt from can be predicted by its path -----------------------------------------------------------------


@pytest.mark.tensorflow
@pytest.mark.parametrize("kind", ["alpha", "grey in three channels", "planes apart", "colour for a grey network"])
def test_a_file_that_was_learnt_from_is_predicted_as_it_was_read(tmp_path, kind):
    colour = np.random.default_rng(0).integers(0, 255, (40, 48, 3)).astype("uint8")
    path = tmp_path / "images" / "a.tif"
    path.parent.mkdir()
    if kind == "alpha":
        tifffile.imwrite(path, np.dstack([colour, colour[..., 0]]), photometric="rgb", extrasamples=["unassalpha"])
    elif kind == "planes apart":
        tifffile.imwrite(path, np.moveaxis(colour, -1, 0), photometric="rgb", planarconfig="separate")
    else:
        grey = kind != "colour for a grey network"
        tifffile.imwrite(path, np.dstack([colour[..., 0]] * 3) if grey else colour, photometric="rgb")
    save(tmp_path / "masks" / "a.png", np.zeros((40, 48), "uint8"))
    data = from_folder(tmp_path, grey=kind == "colour for a grey network")
    from unet_explorer import build_model, predict_image

    model = build_model(UNetConfig(depth=1, base_filters=2, in_channels=data.channels))
    wanted = predict_image(model, np.asarray(data.images[0]), normalize=True)
    np.testing.assert_allclose(predict_image(model, path, normalize=True), wanted, atol=1e-4)
    if kind == "colour for a grey network":
        with pytest.raises(ValueError, match=r"makes grey of colours") as refused:
            predict_image(model, colour)
        assert "takes the first" not in str(refused.value)


def test_a_fourth_band_is_alpha_only_where_the_file_says_so(tmp_path):
    bands = np.random.default_rng(0).integers(0, 255, (20, 30, 4)).astype("uint8")
    (tmp_path / "images").mkdir()
    save(tmp_path / "masks" / "a.png", SQUARE)
    for said in ("unassalpha", "assocalpha", "unspecified"):
        tifffile.imwrite(tmp_path / "images" / "a.tif", bands, photometric="rgb", extrasamples=[said])
        if said == "unspecified":
            with pytest.raises(DataError, match=r"images/a\.tif has a fourth band, and does not say that it is alpha"):
                from_folder(tmp_path)
            with pytest.raises(DataError, match="fourth band"):
                open_image(tmp_path / "images" / "a.tif")
        else:
            np.testing.assert_array_equal(np.rint(from_folder(tmp_path).images[0] * 255), bands[..., :3])


def test_an_examination_without_objects_is_told_before_it_starts():
    labels = np.zeros((6, 64, 64), int)
    only = next(place for place in range(6) if place != np.random.default_rng(0).permutation(6)[0])
    labels[only, 8:20, 8:20] = 1
    order = Order(UNetConfig(depth=1, base_filters=2), (36, 36), Recipe())
    data = Dataset("x", np.zeros((6, 64, 64, 1), "float32"), labels, ("no", "yes"))
    (said,) = [each for each in findings(order, data) if each.kind == "examined"]
    assert "kept back to examine the network on holds anything but background" in said.words
    labels[:, 30:40, 30:40] = 1
    data = Dataset("x", np.zeros((6, 64, 64, 1), "float32"), labels, ("no", "yes"))
    assert not [each for each in findings(order, data) if each.kind == "examined"]


def test_accuracy_is_held_against_the_best_constant_answer():
    got = scores([[10, 0], [30, 60]])
    assert (got.constant, got.constant_class) == (0.9, 1)
