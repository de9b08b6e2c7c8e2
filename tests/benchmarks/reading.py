"""Own images in files: how long it takes to open a large set and to draw batches, and what it takes of memory.

    python tests/benchmarks/reading.py [images]

The set is made for it, 5,000 photos of 1918 × 1280 px in colour (as Carvana has them), hard links to eight different
ones. Times are given as multiples of what Pillow alone takes for the same, measured in the same run.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
from measure import table
from PIL import Image

from unet_explorer import PRESETS, from_folder
from unet_explorer.learning.recipe import Recipe
from unet_explorer.learning.worker.feed import Feed

HEIGHT, WIDTH = 1280, 1918
ORIGINALS = 8
LARGEST = 1_000_000_000
"""Bytes that reading may take."""
BATCHES = 16


def clock(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Peak:
    """The most memory that this process takes while it is watched, in bytes."""

    def __init__(self) -> None:
        self.most, self._over = 0, threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def _look(self) -> None:
        me = psutil.Process()
        while not self._over.wait(0.01):
            self.most = max(self.most, me.memory_info().rss)

    def __enter__(self) -> Peak:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()


def made(root: Path, count: int) -> None:
    """Photos as a camera makes them, smooth with some noise, and masks of a few large objects."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    for number in range(count):
        image, mask = root / "images" / f"{number:05}.jpg", root / "masks" / f"{number:05}.png"
        if number >= ORIGINALS:
            os.link(root / "images" / f"{number % ORIGINALS:05}.jpg", image)
            os.link(root / "masks" / f"{number % ORIGINALS:05}.png", mask)
            continue
        waves = np.add.outer(np.sin(np.arange(HEIGHT) / 90 + number), np.cos(np.arange(WIDTH) / 70))
        pixels = 120 + 50 * waves[..., None] * [1, 0.8, 0.5] + rng.normal(0, 4, (HEIGHT, WIDTH, 3))
        Image.fromarray(pixels.clip(0, 255).astype("uint8")).save(image, quality=90)
        Image.fromarray(((waves > 0.8) * 255).astype("uint8")).save(mask)


def main(count: int) -> int:
    with tempfile.TemporaryDirectory(prefix="unet_reading_") as folder:
        root = Path(folder) / "set"
        made(root, count)
        photos = sorted((root / "images").iterdir())[:ORIGINALS]
        masks = sorted((root / "masks").iterdir())[:ORIGINALS]
        noise = [clock(lambda: [np.asarray(Image.open(path)) for path in photos]) / ORIGINALS for _ in range(5)]
        alone = min(noise)
        mask_alone = min(clock(lambda: [np.asarray(Image.open(path)) for path in masks]) / ORIGINALS for _ in range(5))
        with Peak() as opening:
            start = time.perf_counter()
            data = from_folder(root)
            opened = time.perf_counter() - start
        network, tile = PRESETS["classroom"]
        with Peak() as learning:
            feed = Feed(data.split()[0], network, (tile, tile), Recipe())
            drawn = clock(lambda: [feed.batch(number) for number in range(BATCHES)]) / BATCHES
    rows = [
        ("noise of the machine", f"{max(noise) / alone:.2f}", "slowest of 5 over fastest", None),
        (
            "open, a mask",
            f"{opened / count / mask_alone:.2f}",
            f"× Pillow's {1000 * mask_alone:.1f} ms; {opened:.0f} s in all",
            None,
        ),
        ("open, peak", f"{opening.most / 1e6:.0f}", f"MB, {count:,} images", opening.most < LARGEST),
        (
            "a batch of 8 tiles",
            f"{drawn / alone:.1f}",
            f"× Pillow's {1000 * alone:.1f} ms an image; {1000 * drawn:.0f} ms",
            None,
        ),
        ("batches, peak", f"{learning.most / 1e6:.0f}", "MB", learning.most < LARGEST),
    ]
    table(rows)
    return 0 if all(row[3] is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
