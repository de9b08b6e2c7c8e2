"""The arithmetic against building the same network in Keras, in one run: python tests/benchmarks/core.py."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measure import Timing, table, timed

from unet_explorer import UNetConfig, trace, valid_sizes
from unet_explorer.core.laws import laws
from unet_explorer.core.plan import _steps
from unet_explorer.core.receptive import sights
from unet_explorer.core.tiles import sides
from unet_explorer.panel.instrument.facts import describe

CONFIG = UNetConfig()
HEAVY = ("tensorflow", "keras", "numpy", "matplotlib", "ipywidgets")


def cold(work):
    """As if the network had never been asked for: nothing kept from before."""
    for kept in (_steps, laws, sights):
        kept.cache_clear()
    return work()


def import_time() -> tuple[Timing, list[str]]:
    code = (
        "import time; t = time.perf_counter(); import unet_explorer; t = time.perf_counter() - t\n"
        "import sys; print(t, *sys.modules)"
    )
    seconds, loaded = [], set()
    for _ in range(20):
        first, *modules = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.split()
        seconds.append(float(first))
        loaded |= {name.split(".")[0] for name in modules}
    return Timing.of(seconds), sorted(loaded.intersection(HEAVY))


def main() -> None:
    one_pass = timed(lambda: laws.__wrapped__(CONFIG))
    with_plan = timed(lambda: cold(lambda: laws(CONFIG)))
    one_tile = timed(lambda: sides(CONFIG, 572))
    full = timed(lambda: trace(CONFIG, 572))
    first = timed(lambda: cold(lambda: trace(CONFIG, 572)))
    sizes = timed(lambda: valid_sizes(CONFIG))
    told = timed(lambda: cold(lambda: describe.__wrapped__(CONFIG)), 100)
    imported, heavy = import_time()

    import keras

    from unet_explorer import build_model

    def build():
        keras.utils.clear_session(free_memory=False)
        build_model(CONFIG, 572)

    keras_build = timed(build, 7)
    ratio = keras_build.median / full.median
    ratios = [keras_build.median / full.p95, keras_build.p95 / full.median]
    table(
        [
            ("laws of all steps, one pass over the plan", one_pass, "≤ 100 µs", one_pass.median <= 100e-6),
            ("laws of all steps, plan included", with_plan, "", None),
            ("evaluating one tile", one_tile, "≤ 20 µs", one_tile.median <= 20e-6),
            ("full trace", full, "≤ 300 µs", full.median <= 300e-6),
            ("full trace of a network never seen before", first, "", None),
            ("valid sizes", sizes, "", None),
            ("all the browser is told, never seen before", told, "", None),
            ("the same network in Keras", keras_build, "", None),
            (
                "Keras against the full trace",
                f"{ratio:,.0f}× ({ratios[0]:,.0f}–{ratios[1]:,.0f})",
                "≥ 1000×",
                ratio >= 1000,
            ),
            ("import unet_explorer", imported, "≤ 60 ms", imported.median <= 60e-3),
            ("heavy packages it loads", ", ".join(heavy) or "none", "none", not heavy),
            ("(interpreter start for comparison)", _interpreter(), "", None),
        ]
    )


def _interpreter() -> str:
    seconds = [timed(lambda: subprocess.run([sys.executable, "-c", ""], check=True), 1).median for _ in range(10)]
    return f"{median(seconds) * 1e3:.0f} ms"


if __name__ == "__main__":
    main()
