"""The same network in the ways of others: `dask.array.map_overlap`, and the windows of MONAI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from lazily import CHUNK, image
from measure import forget_peak, load, peak

from unet_explorer import PRESETS, UNetConfig, build_model, predict_image, tile_for_output, to_script
from unet_explorer.cluster import connected
from unet_explorer.core.axis import margins

CONFIG = PRESETS["classroom"].config
OVERLAP = 4_000
"""Pixels a side of the image that `map_overlap` predicts as well."""
WINDOWS = 2_000
"""And of that in MONAI's windows: the network in one piece, held against, takes 4 GB for 4,000."""
Row = tuple[str, object, str, bool | None]


class Found(NamedTuple):
    """What a way has come to: scores or classes, seconds, and bytes above the loaded network, of one process."""

    result: np.ndarray
    seconds: float
    most: float


def by_blocks(model, side: int) -> Found:
    """Ours, in two processes."""
    with connected(workers=2) as client:
        # Once before: TensorFlow makes a function of each size of tiles.
        predict_image(model, image(side), client=client)
        before, start = client.run(forget_peak), time.perf_counter()
        scores = predict_image(model, image(side), client=client)
        return Found(scores, time.perf_counter() - start, _most(client, before))


def by_overlap(model, config: UNetConfig, side: int) -> Found:
    """By hand: `map_overlap` in two processes, with as much context as the network sees; classes."""
    lost, held = margins(config), {}
    depth = -(-max(lost.border, lost.first, lost.last) // lost.period) * lost.period if lost.first else lost.border

    def block(part: np.ndarray) -> np.ndarray:
        import keras

        if "model" not in held:
            held["model"] = keras.saving.load_model(network)
        # As one has it do: up to the next size that fits, mirrored; cut to what was asked for.
        height, width = (length - 2 * lost.border for length in part.shape)
        more = [tile_for_output(config, length) - length - 2 * lost.border for length in (height, width)]
        padded = np.pad(part, [(0, each) for each in more], mode="reflect").astype("float32")
        scores = np.asarray(held["model"](padded[None, ..., None], training=False))[0]
        return np.pad(scores.argmax(-1).astype("uint8")[:height, :width], lost.border)

    # A padded network puts its own zeros round the image.
    boundary = "reflect" if config.padding == "valid" else "none"
    whole = image(side).map_overlap(block, depth=depth, boundary=boundary, dtype="uint8", meta=np.empty((0, 0)))
    with tempfile.TemporaryDirectory() as folder, connected(workers=2) as client:
        network = Path(folder, "net.keras")
        model.save(network)
        whole.compute()
        before, start = client.run(forget_peak), time.perf_counter()
        labels = whole.compute()
        return Found(labels, time.perf_counter() - start, _most(client, before))


def _most(client, before: dict[str, int]) -> int:
    return max(value - before[worker] for worker, value in client.run(peak).items())


def overlap(side: int) -> list[Row]:
    """The classroom's network, beside `map_overlap`."""
    side = min(side, OVERLAP)
    model = build_model(CONFIG)
    ours, theirs = by_blocks(model, side), by_overlap(model, CONFIG, side)
    wanted = predict_image(model, np.asarray(image(side)))
    wrong, also = _wrong(ours.result, wanted), _wrong(theirs.result, wanted)
    return [
        (
            f"{side:,} × {side:,} px: predict_image(client=…)",
            f"{ours.seconds:.0f} s, {ours.most / 1e6:.0f} MB, {wrong:,} pixels of another class than in one process",
            "0 pixels",
            wrong == 0,
        ),
        (
            f"  map_overlap, chunks of {CHUNK}",
            f"{theirs.seconds:.0f} s, {theirs.most / 1e6:.0f} MB, {also:,} pixels; {load()}",
            "",
            None,
        ),
    ]


def monai(side: int) -> list[Row]:
    """The classroom's network with padding, for MONAI takes a smaller prediction for a coarser one; in one process each
    but where said, and held against Keras with the image in one piece."""
    missing = [name for name in ("monai", "torch") if find_spec(name) is None]
    if missing:
        return [("MONAI's windows", f"not measured: {' and '.join(missing)} not installed here", "", None)]
    side, config = min(side, WINDOWS), replace(CONFIG, padding="same")
    model, picture = build_model(config), np.asarray(image(min(side, WINDOWS)))
    predict_image(model, picture[:CHUNK, :CHUNK])
    before, start = forget_peak(), time.perf_counter()
    alone = Found(predict_image(model, picture), time.perf_counter() - start, peak() - before)
    wanted = predict_image(model, picture, tile_for_output(config, side))
    rows = [_judged(f"{side:,} × {side:,} px: predict_image", alone, wanted, True)]
    rows.append(_judged("  predict_image(client=…), 2 processes", by_blocks(model, side), wanted, True))
    rows.append(_judged("  map_overlap, 2 processes", by_overlap(model, config, side), wanted))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "unet.py").write_text(to_script(config, tile_for_output(config, side), "torch"), "utf-8")
        np.savez(Path(folder, "weights.npz"), *model.get_weights())
        np.save(Path(folder, "image.npy"), picture)
        for mode, words in (
            ("constant", "MONAI, a quarter of overlap, averaged"),
            ("gaussian", "MONAI, a quarter of overlap, gaussian"),
            ("whole", "PyTorch, the image in one piece"),
        ):
            rows.append(_judged(f"  {words}", _in_pytorch(Path(folder), mode), wanted))
    return [*rows, ("  how busy the machine was", load(), "", None)]


def _in_pytorch(folder: Path, mode: str) -> Found:
    script = Path(__file__).with_name("in_monai.py")
    # It finds what this process finds, in the same order.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(script), str(folder), mode]
    told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    figures = json.loads(told.stdout.splitlines()[-1])
    return Found(np.load(folder / f"{mode}.npy"), figures["seconds"], figures["most"])


def _judged(words: str, found: Found, wanted: np.ndarray, ours: bool = False) -> Row:
    wrong = _wrong(found.result, wanted)
    share = wrong / wanted[..., 0].size
    said = f"{found.seconds:.1f} s, {found.most / 1e6:.0f} MB, {wrong:,} pixels of another class ({share:.3%})"
    if found.result.ndim == wanted.ndim:
        off = np.abs(found.result - wanted).max() / wanted.std()
        said += f", scores off by up to {off:.1e} of their spread"
    return words, said, "0 pixels" if ours else "", wrong == 0 if ours else None


def _wrong(found: np.ndarray, wanted: np.ndarray) -> int:
    labels = found.argmax(-1) if found.ndim == wanted.ndim else found
    return int((labels != wanted.argmax(-1)).sum())
