"""Images larger than memory on Dask: python tests/benchmarks/blocks.py [objects] [memory] [workers] …

All parts, or those named; ``--side 20000`` says how large the image is. It is made lazily, chunk by chunk, so that
nothing of it lies anywhere. What a worker holds is read from the system, above what it holds once the network has
predicted one block. Objects are held against dask-image and patchworks where these are installed.
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
from measure import table
from scipy import ndimage

from unet_explorer import PRESETS, build_model, predict_image, tile_for_output
from unet_explorer.cluster import connected
from unet_explorer.core.axis import margins
from unet_explorer.predict import submitting
from unet_explorer.predict.across import in_block, joined, numbered
from unet_explorer.predict.submitting import answers

CONFIG = PRESETS["classroom"].config
CHUNK = 1000
LIMIT = 1e9
"""Bytes that a worker may hold above the loaded network."""
TASKS = 10_000
OVERLAP = 4_000
"""Pixels a side of the image that `map_overlap` predicts as well."""
OBJECTS = 4_000
"""And of the mask whose objects are numbered."""
Row = tuple[str, object, str, bool | None]


def pixels(block_info=None):
    """A chunk of a picture that is nowhere: waves, and some noise that follows from the place."""
    (rows, columns) = block_info[None]["array-location"]
    row, column = np.ogrid[slice(*rows), slice(*columns)]
    noise = np.random.default_rng(rows[0] * 1_000_003 + columns[0]).integers(0, 40, (row.size, column.size))
    return (100 + 60 * np.sin(row / 23) * np.cos(column / 31) + noise).astype("uint8")


def image(side: int):
    parts = (CHUNK,) * (side // CHUNK) + ((side % CHUNK,) if side % CHUNK else ())
    return da.map_blocks(pixels, dtype="uint8", chunks=(parts, parts), meta=np.empty((0, 0), "uint8"))


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def forget_peak() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return resident()


def peak() -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


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


def load() -> str:
    return f"load {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors"


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


def overlap(side: int) -> list[Row]:
    """The same network by hand: `dask.array.map_overlap`, with as much context as the network sees."""
    import keras

    side = min(side, OVERLAP)
    folder = Path(tempfile.mkdtemp(prefix="overlap"))
    network, border = folder / "net.keras", margins(CONFIG).border
    model = build_model(CONFIG)
    model.save(network)
    held: dict[str, keras.Model] = {}

    def block(part: np.ndarray) -> np.ndarray:
        if "model" not in held:
            held["model"] = keras.saving.load_model(network)
        # As one has it do: up to the next size that fits, mirrored; cut to what was asked for.
        height, width = part.shape
        more = [tile_for_output(CONFIG, length - 2 * border) - length for length in (height, width)]
        padded = np.pad(part, [(0, each) for each in more], mode="reflect").astype("float32")
        scores = np.asarray(held["model"](padded[None, ..., None], training=False))[0]
        labels = scores.argmax(-1).astype("uint8")[: height - 2 * border, : width - 2 * border]
        return np.pad(labels, border)

    def run():
        whole = image(side).map_overlap(block, depth=border, boundary="reflect", dtype="uint8", meta=np.empty((0, 0)))
        return whole.compute()

    try:
        with connected(workers=2) as client:
            # Once before, for both: TensorFlow makes a function of each size of tiles.
            predict_image(model, image(side), client=client)
            before, start = client.run(forget_peak), time.perf_counter()
            ours = predict_image(model, image(side), client=client).argmax(-1)
            seconds = time.perf_counter() - start
            most = max(value - before[worker] for worker, value in client.run(peak).items())
        with connected(workers=2) as client:
            run()
            before, start = client.run(forget_peak), time.perf_counter()
            theirs = run()
            seconds_overlap = time.perf_counter() - start
            most_overlap = max(value - before[worker] for worker, value in client.run(peak).items())
        wanted = predict_image(model, np.asarray(image(side))).argmax(-1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    wrong, wrong_overlap = int((ours != wanted).sum()), int((theirs != wanted).sum())
    return [
        (
            f"{side:,} × {side:,} px: predict_image(client=…)",
            f"{seconds:.0f} s, {most / 1e6:.0f} MB, {wrong:,} pixels of another class than in one process",
            "0 pixels",
            wrong == 0,
        ),
        (
            f"  map_overlap, depth {border}, chunks of {CHUNK}",
            f"{seconds_overlap:.0f} s, {most_overlap / 1e6:.0f} MB, {wrong_overlap:,} pixels; {load()}",
            "",
            None,
        ),
    ]


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


PARTS = {"objects": objects, "memory": memory, "workers": workers, "scheduler": scheduler, "overlap": overlap}


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
