"""What the browser paints of maps and mirrored images, and the figures it reads off them."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from modules import load
from PIL import Image

from unet_explorer.learning.map_grid import GRID
from unet_explorer.learning.worker.activations import view

MIRRORED = """async ([pixels, height, width, extent]) => {
    const tiles = new TilesView(new AbortController().signal);
    tiles.showImage({ height, width, channels: 1, pixels: new Uint8Array(pixels), title: "" });
    tiles.showMirrors(...extent);
    const [image] = tiles.mirror.children;
    const painted = new Image();
    painted.src = image.getAttribute("href");
    await painted.decode();
    const canvas = document.createElement("canvas");
    Object.assign(canvas, { width: painted.width, height: painted.height });
    canvas.getContext("2d").drawImage(painted, 0, 0);
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const place = ["y", "x", "height", "width"].map((name) => Number(image.getAttribute(name)));
    return [tiles.mirror.children.length, place, Array.from(data).filter((_, at) => at % 4 === 0)];
}"""


@pytest.fixture
def bench(page):
    return load(page, {"tabs/maps.js": ["MapGrid", "WholeMap"], "tabs/tiles_view.js": ["TilesView"]})


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3), (3, 30)])
def test_tiny_images_are_mirrored_as_numpy_does_it(bench, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    before, after = (40, 37), (45, 60)
    extent = [[-side for side in before], [side + more for side, more in zip(shape, after, strict=True)]]
    count, place, painted = bench.evaluate(MIRRORED, [image.flatten().tolist(), *shape, extent])
    wanted = np.pad(image, list(zip(before, after, strict=True)), "reflect")
    assert (count, place) == (1, [-40, -37, *wanted.shape])
    assert np.array_equal(np.reshape(painted, wanted.shape), wanted)


PAINTED = """([view, common, what]) => {
    const signal = new AbortController().signal;
    const shown = what === "grid" ? new MapGrid(signal, () => {}) : new WholeMap(signal, () => {});
    for (const name of ["thumbs", "whole"]) view[name] = new Uint8Array(view[name]);
    shown.show(view, common, 0);
    return shown.canvas.toDataURL();
}"""


def colour(value, most):
    """By the words on the page: black is 0, orange to white is positive, blue negative."""
    size = abs(value) / most
    red, green, blue = min(1, 2 * size), min(1, 1.15 * size), max(0, 2 * size - 1)
    return [255 * part for part in ((red, green, blue) if value >= 0 else (blue, 0.8 * green, red))]


def painted(bench, view, common, what):
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in view.items()}
    plain |= {name: view[name].flatten().tolist() for name in ("thumbs", "whole")}
    _, _, png = bench.evaluate(PAINTED, [plain, common, what]).partition(",")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA")).astype(int)


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("channels", [1, 5, 60, 300])
def test_every_map_has_its_colours_in_its_cell(bench, channels, common):
    random = np.random.default_rng(channels)
    maps = random.normal(size=(10, 14, channels)).astype("float32") * random.choice([0.01, 1, 30], channels)
    maps[..., -1] = 0
    seen = view(maps, channels // 2)
    seen |= {"step": "enc0_conv1", "rows": 10, "columns": 14, "grid": GRID}
    most = np.abs(maps).max((0, 1))
    most = np.where(common, most.max(), most)
    most[most == 0] = 1
    # What a byte cannot tell apart, in the brightest of three colours; and a rounding.
    near = 255 * 2 * float(np.max((seen["high"] - seen["low"]) / most)) / 255 / 2 + 1.5
    zoom = seen["cell"] // 14
    down, across = 10 * zoom + 2, 14 * zoom + 2
    grid = painted(bench, seen, common, "grid")
    columns = min(channels, 960 // across)
    assert grid.shape[:2] == (-(-channels // columns) * down, columns * across)
    for channel in range(channels):
        top, left = channel // columns * down + 1, channel % columns * across + 1
        cell = grid[top : top + 10 * zoom, left : left + 14 * zoom]
        wanted = [[colour(value, most[channel]) for value in row] for row in maps[..., channel]]
        assert np.abs(cell[zoom // 2 :: zoom, zoom // 2 :: zoom, :3] - wanted).max() <= near
        assert (cell[..., 3] == 255).all()
        assert (cell == np.repeat(np.repeat(cell[::zoom, ::zoom], zoom, 0), zoom, 1)).all()
    assert (grid[0, :, 3] == 0).all(), "or there is no gap"
    assert (grid[:, 0, 3] == 0).all(), "or there is no gap"
    whole = painted(bench, seen, common, "whole")
    wanted = [[colour(value, most[channels // 2]) for value in row] for row in maps[..., channels // 2]]
    assert np.abs(whole[..., :3] - wanted).max() <= near


POINTED = """(view) => {
    const chosen = [];
    const grid = new MapGrid(new AbortController().signal, (channel) => chosen.push(channel));
    document.body.append(grid.node);
    for (const name of ["thumbs", "whole"]) view[name] = new Uint8Array(view[name]);
    grid.show(view, false);
    const { across, down, width, height } = grid.cells;
    for (let y = down / 2; y < height; y += down)
        for (let x = across / 2; x < width; x += across) {
            const { x: clientX, y: clientY } = new DOMPoint(x, y).matrixTransform(grid.svg.getScreenCTM());
            grid.svg.dispatchEvent(new PointerEvent("pointerdown", { clientX, clientY }));
        }
    const places = (width / across) * (height / down);
    for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"])
        grid.svg.dispatchEvent(new KeyboardEvent("keydown", { key }));
    grid.node.remove();
    return [places, grid.cells.columns, chosen];
}"""


def test_where_there_is_no_channel_none_is_chosen(bench):
    channels = 50
    seen = view(np.zeros((10, 14, channels), "float32"), channels - 1)
    seen |= {"step": "enc0_conv1", "rows": 10, "columns": 14, "grid": GRID}
    plain = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in seen.items()}
    plain |= {name: seen[name].flatten().tolist() for name in ("thumbs", "whole")}
    places, columns, chosen = bench.evaluate(POINTED, plain)
    assert places > channels, "the last row is not full"
    # Behind the last one, keys lead back only.
    assert chosen == [*range(channels), channels - 2, channels - 1 - columns]


@pytest.mark.parametrize(
    ("low", "high", "value", "words"),
    [
        (0, 1.5, 0.7534, "0.75"),
        (-1, 1, 1 / 255, "0.00"),  # a true zero, which no byte stands for
        (-1, 1, -0.3412, "−0.34"),
        (0, 3000, 1234.5, "1235"),
        (0, 2e-5, 1.234e-5, "0.0000123"),
        (3, 3, 3, "3.000"),
    ],
)
def test_no_more_figures_than_a_byte_is_good_for(bench, low, high, value, words):
    view = {"low": [0, low], "high": [9, high], "channel": 1}
    assert bench.evaluate("([view, value]) => valueWords(view, value)", [view, value]) == words
