"""What learning reaches, and what it costs: python tests/benchmarks/learning.py [iou] [nuclei] [speed] [start].

All parts, or those named. The slider is measured while a network learns in browser.py.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measure import Timing, table

from unet_explorer import PRESETS, Dataset, TrainingSession, UNetConfig, cells, from_folder
from unet_explorer.learning.history import History
from unet_explorer.learning.process import Worker
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


def nuclei(worker: Worker) -> list[Row]:
    """Real images, a fifth of them held out."""
    if not NUCLEI.is_dir():
        return [("classroom on nuclei", "skipped: the images are not here", "", None)]
    images = from_folder(NUCLEI, grey=True)
    rows: list[Row] = []
    for seed in range(3):
        history = learnt(images, CLASSROOM.config, CLASSROOM.tile, worker, steps=600, seed=seed)
        rows.append(
            (f"classroom on nuclei, seed {seed}", reached(history), "≥ 0.72 in 600 steps", history.best.iou >= 0.72)
        )
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


PARTS = {"iou": iou, "nuclei": nuclei, "speed": speed, "start": start}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    with tempfile.TemporaryDirectory() as place:
        os.environ["UNET_EXPLORER_STATE"] = place
        worker = Worker()
        worker.warm_up()
        worker.wait()
        rows = [row for part in chosen for row in PARTS[part](worker)]
        worker.close()
    table(rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["--bare"]:
        bare()
    else:
        main()
