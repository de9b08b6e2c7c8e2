"""What learning reaches and costs: python tests/benchmarks/learning.py [iou] [proposed] [rare] [speed] [start].

All parts, or those named; `proposed=FOLDER` takes the nuclei from there. The slider is measured while a network learns
in browser.py.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from measure import Timing, table

from unet_explorer import PRESETS, Dataset, TrainingSession, UNetConfig, cells, from_folder, shapes
from unet_explorer.learning.history import History
from unet_explorer.learning.process import Worker
from unet_explorer.learning.proposals import propose, proposed
from unet_explorer.learning.recipe import Order, Recipe
from unet_explorer.learning.worker.feed import Feed, Prefetcher
from unet_explorer.learning.worker.main import NICE

CLASSROOM = PRESETS["classroom"]
NUCLEI = Path(__file__).resolve().parents[3] / "shared" / "data" / "nuclei" / "stage1_train"
BLOCK, BLOCKS = 40, 30
ENDLESS = {"steps": 100_000, "steps_per_epoch": 100_000}
Row = tuple[str, object, str, bool | None]


def learnt(dataset: Dataset, config: UNetConfig, tile: int, worker: Worker, **recipe: object) -> History:
    with TrainingSession(config, dataset, tile, worker, **recipe) as session:
        session.start()
        session.join()
        assert session.state == "finished", session.problem
        return session.history


def reached(history: History) -> str:
    best = history.best
    seconds = history.seconds + sum(epoch.seconds for epoch in history.epochs)
    return f"IoU {best.iou:.3f} at step {best.step}, last {history.epochs[-1].iou:.3f}, {seconds:.0f} s"


def iou(worker: Worker) -> list[Row]:
    """The classroom's network on made cells, for five seeds of images and of everything else."""
    rows: list[Row] = []
    for seed in range(5):
        history = learnt(cells(seed=seed), CLASSROOM.config, CLASSROOM.tile, worker, steps=300, seed=seed)
        rows.append(
            (f"classroom on cells, seed {seed}", reached(history), "≥ 0.90 in 300 steps", history.best.iou >= 0.9)
        )
    return rows


def proposed_for(dataset: Dataset, least: float, worker: Worker) -> list[Row]:
    """The classroom's network as the panel proposes to teach it, for three seeds."""
    config = replace(CLASSROOM.config, num_classes=len(dataset.classes))
    recipe, rows = proposed(Recipe(), propose(dataset, config)), []
    for seed in range(3):
        history = learnt(dataset, config, CLASSROOM.tile, worker, **{**recipe.to_dict(), "seed": seed})
        name = f"as proposed on {dataset.name}, seed {seed}: {recipe.loss}, {recipe.steps} steps"
        rows.append((name, reached(history), f"≥ {least:.2f}", history.best.iou >= least))
    return rows


def as_proposed(worker: Worker, folder: Path = NUCLEI) -> list[Row]:
    """Real images and made ones, a fifth of them held out."""
    rows = proposed_for(shapes(), 0.75, worker)
    if not folder.is_dir():
        return [*rows, ("as proposed on nuclei", f"skipped: the images are not in {folder}", "", None)]
    return [*rows, *proposed_for(from_folder(folder, grey=True), 0.8, worker)]


def spots(share: float) -> Dataset:
    """Bright discs of 12 px, this share of the pixels, among bars that are as bright."""
    random, side = np.random.default_rng(0), 256
    rows, columns = np.mgrid[:side, :side]
    images, labels = [], []
    for _ in range(16):
        light = 0.4 + 0.06 * random.normal(size=(side, side))
        for _ in range(8):
            (y, x), angle = random.uniform(0, side, 2), random.uniform(0, np.pi)
            down, across = rows - y, columns - x
            along = down * np.cos(angle) + across * np.sin(angle)
            light[(abs(along) < 20) & (abs(across * np.cos(angle) - down * np.sin(angle)) < 1.5)] += 0.3
        label = np.zeros((side, side), np.uint8)
        for _ in range(max(1, round(share * side**2 / 113))):
            y, x = random.uniform(6, side - 6, 2)
            label[np.hypot(rows - y, columns - x) < 6] = 1
        images.append((light + 0.3 * label)[..., None].astype("float32"))
        labels.append(label)
    return Dataset("spots", np.stack(images), np.stack(labels), ("background", "spot"))


def rare(worker: Worker) -> list[Row]:
    """What each loss makes of a class with few pixels; what is found before Start speaks up below 1 %."""
    rows: list[Row] = []
    for share in (0.0015, 0.01, 0.03):
        for loss in ("cross-entropy", "dice", "combined", "weighted"):
            with TrainingSession(
                CLASSROOM.config, spots(share), CLASSROOM.tile, worker, steps=800, loss=loss
            ) as session:
                session.start(force=True)
                session.join()
                best = session.history.best
            fine = best.iou > 0.6 if loss == "combined" else None
            rows.append((f"{loss}, {share:.2%} of the pixels", reached(session.history), "combined: > 0.60", fine))
    return rows


def bare() -> None:
    """Keras's own loop, fed by the same pipeline, as nice as the worker: a block of steps for each line of input."""
    import keras

    from unet_explorer.learning.worker.learner import Learner
    from unet_explorer.learning.worker.objective import loss_of, optimizer_of

    os.nice(NICE)
    recipe, dataset, tile = Recipe(**ENDLESS), cells(), (CLASSROOM.tile, CLASSROOM.tile)
    learner = Learner(Order(CLASSROOM.config, tile, recipe), dataset)
    learner.model.compile(optimizer_of(recipe), loss_of(CLASSROOM.config, recipe))
    ahead = Prefetcher(Feed(dataset.split(seed=recipe.seed)[0], CLASSROOM.config, tile, recipe), 0)

    class Stream(keras.utils.PyDataset):
        def __len__(self) -> int:
            return recipe.steps

        def __getitem__(self, _: int) -> tuple[object, object]:
            batch = ahead.take()
            return batch.tiles, batch.labels

    stamps: list[tuple[int, float]] = []

    def told(step: int) -> None:
        if step and not step % BLOCK:
            print(_rate(stamps), flush=True)
            stamps.clear()
            sys.stdin.readline() or os._exit(0)

    clock = keras.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: told(batch),
        on_train_batch_end=lambda batch, logs: stamps.append((batch, time.perf_counter())),
    )
    learner.model.fit(Stream(), epochs=1, verbose=0, shuffle=False, callbacks=[clock])


def _rate(stamps: list[tuple[int, float]]) -> float:
    """Steps a second by the clock on the wall."""
    (first, begin), (last, end) = stamps[0], stamps[-1]
    return (last - first) / (end - begin)


def block(session: TrainingSession, worker: Worker) -> float:
    """Steps a second of so many steps of a session, as its messages arrive."""
    stamps: list[tuple[int, float]] = []
    done = threading.Event()

    def listen(message: dict[str, object]) -> None:
        if message["event"] == "progress":
            stamps.append((message["step"], time.perf_counter()))
            if stamps[-1][0] - stamps[0][0] >= BLOCK:
                done.set()

    worker.events.connect(listen)
    session.resume()
    done.wait()
    worker.events.disconnect(listen)
    session.pause()
    while session.state != "paused":
        time.sleep(0.01)
    return _rate(stamps)


def speed(worker: Worker) -> list[Row]:
    """The panel's steps against `model.fit`, block by block in turn, so that both meet the same machine."""
    command = [sys.executable, __file__, "--bare"]
    fits, ours = [], []
    with (
        TrainingSession(CLASSROOM.config, cells(), CLASSROOM.tile, worker, **ENDLESS) as session,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
    ):
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdout.readline()
        session.start(paused=True)
        block(session, worker)
        for _ in range(BLOCKS):
            other.stdin.write("\n")
            other.stdin.flush()
            fits.append(float(other.stdout.readline()))
            ours.append(block(session, worker))
        other.stdin.close()
        waited = session.history.waited / session.history.seconds
    ratios = [mine / fit for mine, fit in zip(ours, fits, strict=True)]
    ratio, quarters = statistics.median(ratios), statistics.quantiles(ratios)
    feed = Feed(cells().split()[0], CLASSROOM.config, (CLASSROOM.tile, CLASSROOM.tile), Recipe())
    batches = [_timed(lambda number=number: feed.batch(number)) for number in range(40)]
    step = 1 / statistics.median(ours)
    spread = f"half of {BLOCKS} pairs of {BLOCK} steps: {quarters[0]:.3f}–{quarters[2]:.3f}"
    return [
        ("steps/s in a session", f"{statistics.median(ours):.1f}", "", None),
        ("steps/s of model.fit, same batches", f"{statistics.median(fits):.1f}", "", None),
        ("session against fit", f"{ratio:.3f} ({spread})", "≥ 0.97", ratio >= 0.97),
        ("time the network waits for batches", f"{waited:.1%}", "never starved: ≤ 1 %", waited <= 0.01),
        ("a batch with all variations, alone", Timing.of(batches), f"less than a step ({step * 1e3:.0f} ms)", None),
    ]


def _timed(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


def start(worker: Worker) -> list[Row]:
    """From Start to the first point, with the worker warm, each time with another network."""
    seconds = []
    for filters in (8, 6, 10, 7, 9, 5, 11):
        there = threading.Event()
        config = UNetConfig(depth=3, base_filters=filters)
        with TrainingSession(config, cells(), CLASSROOM.tile, worker, steps=5) as session:
            session.changed.connect(lambda s=session, e=there: e.set() if s.history.losses else None)
            begin = time.perf_counter()
            session.start()
            there.wait()
            seconds.append(time.perf_counter() - begin)
            session.join()
    timing = Timing.of(seconds)
    return [("Start → first point, worker warm", timing, "≤ 2 s", timing.p95 <= 2)]


PARTS = {"iou": iou, "proposed": as_proposed, "rare": rare, "speed": speed, "start": start}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory() as place:
        os.environ["UNET_EXPLORER_STATE"] = place
        worker = Worker()
        worker.warm_up()
        worker.wait()
        rows = []
        for part, _, folder in (each.partition("=") for each in chosen):
            rows += PARTS[part](worker, *([Path(folder)] if folder else []))
        worker.close()
    table(rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["--bare"]:
        bare()
    else:
        main()
