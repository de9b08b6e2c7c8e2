"""Images larger than memory on Dask: python tests/benchmarks/blocks.py [objects] [memory] [workers] …

All parts, or those named; ``--side 20000`` says how large the image is. It is made lazily, chunk by chunk, so that
nothing of it lies anywhere. What a worker holds is read from the system, above what it holds once the network has
predicted one block. Objects are held against dask-image and patchworks, masks against `map_overlap` and MONAI, where
these are installed.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import dask.array as da
import numpy as np
import zarr
from lazily import CHUNK, image
from measure import forget_peak, load, peak, table
from neighbours import CONFIG, Row, monai, overlap
from scipy import ndimage

from unet_explorer import build_model, predict_image
from unet_explorer.cluster import connected
from unet_explorer.predict import submitting
from unet_explorer.predict.across import in_block, joined, numbered
from unet_explorer.predict.submitting import answers

LIMIT = 1e9
"""Bytes that a worker may hold above the loaded network."""
TASKS = 10_000
OBJECTS = 4_000
"""Pixels a side of the mask whose objects are numbered."""


def predicted(model, side: int, workers: int) -> tuple[float, int]:
    """Seconds for the mask of an image, and the most that a worker held above the loaded network."""
    folder = Path(tempfile.mkdtemp(prefix="blocks"))
    try:
        with connected(workers=workers) as client:
            # Loads TensorFlow and the network, everywhere: more blocks than one worker takes at once.
            predict_image(model, image(3 * CHUNK), client=client)
            before = client.run(forget_peak)
            start = time.perf_counter()
            predict_image(model, image(side), out=folder / "mask.tif", client=client, progress=True)
            seconds = time.perf_counter() - start
            most = max(held - before[worker] for worker, held in client.run(peak).items())
        return seconds, most
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def memory(side: int) -> list[Row]:
    begun = load()
    seconds, most = predicted(build_model(CONFIG), side, 2)
    rate = side * side / seconds / 1e6
    return [
        (
            f"{side:,} × {side:,} px, 2 workers: the most a worker held above the network",
            f"{most / 1e6:.0f} MB",
            "≤ 1000 MB",
            most <= LIMIT,
        ),
        (f"  in {seconds:.0f} s", f"{rate:.2f} M pixels/s; {begun} before, {load()} after", "", None),
    ]


def workers(side: int) -> list[Row]:
    model, begun = build_model(CONFIG), load()
    one, _ = predicted(model, side, 1)
    two, _ = predicted(model, side, 2)
    return [
        (
            f"{side:,} × {side:,} px: 2 processes against 1",
            f"{one / two:.2f} × ({one:.0f} s, {two:.0f} s)",
            "≥ 1.7 × where processors are free",
            one / two >= 1.7,
        ),
        ("  one thread each", f"{begun} before, {load()} after", "", None),
    ]


def scheduler(_: int) -> list[Row]:
    """Blocks of no work through the very loop that others go through: several in a task, and each in one of its own."""
    rows: list[Row] = []
    with connected(workers=2) as client:
        for together, count in ((submitting._TOGETHER, TASKS), (1, TASKS // 10)):
            submitting._TOGETHER = together
            list(answers(client, abs, ((number, (number,)) for number in range(200))))
            begun, start = load(), time.perf_counter()
            done = sum(1 for _ in answers(client, abs, ((number, (number,)) for number in range(count))))
            each = (time.perf_counter() - start) / done * 1e3
            words = f"up to {together} in a task" if together > 1 else "each a task"
            asked, reached = ("≤ 1 ms", each <= 1) if together > 1 else ("", None)
            rows.append((f"{done:,} blocks of no work, {words}", f"{each:.2f} ms each; {begun}", asked, reached))
    return rows


def objects(side: int) -> list[Row]:
    """Objects numbered across blocks: ours, and two others where they are installed, against SciPy on the whole."""
    side = min(side, OBJECTS)
    mask = (ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(side, side)), 3) > 0).astype("uint8")
    wanted, _ = ndimage.label(mask)
    rows: list[Row] = []
    for name, number in (("ours", our_objects), ("dask-image", dask_image_objects), ("patchworks", patchworks_objects)):
        with tempfile.TemporaryDirectory() as folder:
            place = f"{folder}/mask.zarr"
            zarr.create_array(place, data=mask, chunks=(CHUNK, CHUNK))
            start = time.perf_counter()
            try:
                found = number(place)
            except ImportError:
                rows.append((f"  {name}", "not installed", "", None))
                continue
            seconds = time.perf_counter() - start
        same = is_same_partition(found, wanted)
        judged = "those of one piece" if same else "not those of one piece"
        words = f"{seconds:.1f} s, {int(found.max()):,} objects, {judged}; {load()}"
        rows.append((f"  {name}", words, "the same" if name == "ours" else "", same if name == "ours" else None))
    return [(f"objects across blocks, {side:,} × {side:,} px", f"{int(wanted.max()):,} by SciPy", "", None), *rows]


def our_objects(place: str) -> np.ndarray:
    mask = zarr.open_array(place, mode="r")
    steps = [slice(start, min(start + CHUNK, mask.shape[0])) for start in range(0, mask.shape[0], CHUNK)]
    places = list(itertools.product(steps, steps))
    blocks = []
    for each in places:
        part = mask[each]
        blocks.append(in_block(part, part, each)[1])
    found = np.zeros(mask.shape, np.uint32)
    for each, known in zip(places, joined(blocks).tables, strict=True):
        found[each] = numbered(mask[each], known)
    return found


def dask_image_objects(place: str) -> np.ndarray:
    from dask_image.ndmeasure import label

    return np.asarray(label(da.from_zarr(place))[0])


def patchworks_objects(place: str) -> np.ndarray:
    from patchworks import tile_process

    def own(tile: np.ndarray) -> np.ndarray:
        return ndimage.label(tile)[0].astype("int32")

    return np.asarray(
        tile_process(da.from_zarr(place), own, tile_shape=(CHUNK, CHUNK), write_to=f"{place}.labels.zarr")
    )


def is_same_partition(found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two pictures tell the same objects apart, whatever their numbers."""
    pairs = np.unique(np.stack([found.ravel(), wanted.ravel()]).astype(np.int64), axis=1)
    return all(len(np.unique(side)) == pairs.shape[1] for side in pairs)


PARTS = {
    "objects": objects,
    "memory": memory,
    "workers": workers,
    "scheduler": scheduler,
    "overlap": overlap,
    "monai": monai,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; left out, all")
    parser.add_argument("--side", type=int, default=20_000, help="pixels a side of the image")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}")
    table([row for part in options.parts or list(PARTS) for row in PARTS[part](options.side)])


if __name__ == "__main__":
    main()
