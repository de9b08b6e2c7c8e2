"""What the browser paints of maps and mirrored images, and the figures it reads off them."""

from __future__ import annotations

import numpy as np
import pytest

from unet_explorer.panel.assets import script

MIRRORED = """async ([pixels, height, width, extent]) => {
    const tiles = new TilesPicture(new AbortController().signal);
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
    page.set_content("<!doctype html><body></body>")
    page.add_script_tag(content=script("numbers", "canvas", "maps", "tiles"))
    return page


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (2, 3), (3, 30)])
def test_tiny_images_are_mirrored_as_numpy_does_it(bench, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, "uint8")
    before, after = (40, 37), (45, 60)
    extent = [[-side for side in before], [side + more for side, more in zip(shape, after, strict=True)]]
    count, place, painted = bench.evaluate(MIRRORED, [image.flatten().tolist(), *shape, extent])
    wanted = np.pad(image, list(zip(before, after, strict=True)), "reflect")
    assert (count, place) == (1, [-40, -37, *wanted.shape])
    assert np.array_equal(np.reshape(painted, wanted.shape), wanted)


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
