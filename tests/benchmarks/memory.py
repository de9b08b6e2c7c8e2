"""Estimated memory against the measured peaks of processes that predict and train: python tests/benchmarks/memory.py.

Each figure comes from a process of its own, on Linux. To none of these designs but the first two was the estimate
fitted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from unet_explorer import PRESETS, UNetConfig, estimate_memory, trace

ALLOWED = 0.2
"""By how much an estimate may be wrong, as a share of what was measured."""

Design = tuple[UNetConfig, tuple[int, int], int]

DESIGNS: list[Design] = [
    (PRESETS["classroom"].config, (188, 188), 4),
    (PRESETS["paper"].config, (572, 572), 1),
    (PRESETS["paper"].config, (572, 572), 2),
    (UNetConfig(depth=3, base_filters=8), (284, 284), 8),
    (UNetConfig(depth=2, base_filters=8), (204, 204), 2),
    (UNetConfig(depth=4, base_filters=48), (444, 444), 1),
    (UNetConfig(depth=5, base_filters=32, padding="same"), (320, 320), 2),
    (UNetConfig(depth=6, base_filters=16, padding="same", batch_norm=True), (256, 256), 2),
    (UNetConfig(depth=3, base_filters=24, padding="same", upsampling="bilinear", batch_norm=True), (192, 192), 6),
    (UNetConfig(depth=2, base_filters=32, upsampling="bilinear", dropout=0.3), (348, 220), 3),
    (UNetConfig(depth=2, base_filters=32, kernel_size=5, in_channels=3), (220, 220), 2),
    (UNetConfig(depth=3, base_filters=16, kernel_size=7, padding="same"), (128, 128), 4),
    (UNetConfig(depth=4, base_filters=24, in_channels=3, num_classes=5), (572, 316), 2),
    (UNetConfig(depth=1, base_filters=64), (412, 412), 1),
    (UNetConfig(depth=3, base_filters=32, convs_per_block=1), (398, 398), 4),
    (UNetConfig(depth=5, base_filters=8, dropout=0.5), (636, 636), 2),
    (UNetConfig(depth=3, base_filters=32, skips=False), (332, 332), 2),
    (UNetConfig(depth=4, base_filters=48, skips=False, padding="same"), (256, 256), 2),
]


def work(config: UNetConfig, tile: tuple[int, int], batch_size: int, training: bool) -> None:
    """Predict three times, or learn four steps with a prediction after every second."""
    import keras
    import numpy as np
    import scipy.ndimage  # noqa: F401  # whoever teaches a network deforms images with it

    from unet_explorer import build_model

    model = build_model(config, tile)
    random = np.random.default_rng(0)
    tiles = random.random((batch_size, *tile, config.in_channels), np.float32)
    if not training:
        for _ in range(3):
            model.predict_on_batch(tiles)
        return
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    output = trace(config, tile).output
    labels = random.integers(0, config.num_classes, (batch_size, output.height, output.width), np.uint8)
    for step in range(4):
        model.train_on_batch(tiles, labels)
        if step % 2:
            model.predict_on_batch(tiles)


def high_water() -> int:
    """Bytes that this process has held at most."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


def measured_peak(config: UNetConfig, tile: tuple[int, int], batch_size: int, training: bool) -> int:
    """The peak of a process that does nothing else."""
    asked = json.dumps([config.to_dict(), tile, batch_size, training])
    quiet = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, __file__, asked], stdout=subprocess.PIPE, text=True, check=True, env=quiet)
    return int(done.stdout.split()[-1])


def described(config: UNetConfig) -> str:
    """What sets it apart from the paper's."""
    paper = UNetConfig().to_dict()
    return " ".join(f"{knob}={value}" for knob, value in config.to_dict().items() if value != paper[knob]) or "paper"


def main() -> None:
    asked = [(*design, training) for design in DESIGNS for training in (False, True)]
    estimates = [estimate_memory(*design)["total"] for design in asked]
    print("  estimated    measured    error", flush=True)
    rows = []
    for (config, tile, batch_size, training), estimated in zip(asked, estimates, strict=True):
        measured = measured_peak(config, tile, batch_size, training)
        error = estimated / measured - 1
        purpose = "train" if training else "predict"
        mark = "✓" if abs(error) <= ALLOWED else "✗"
        row = f"{mark} {estimated / 1e6:6.0f} MB {measured / 1e6:8.0f} MB  {error:+7.1%}  {purpose:<7}  "
        row += f"{described(config)}, {tile[0]} × {tile[1]}, batch {batch_size}"
        print(row, flush=True)
        rows.append((abs(error), row))
    reached = sum(error <= ALLOWED for error, _ in rows)
    print(f"\n{reached} of {len(rows)} within ±{ALLOWED:.0%}. The worst first:")
    for _, row in sorted(rows, reverse=True)[:5]:
        print(row)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        knobs, tile, batch_size, training = json.loads(sys.argv[1])
        work(UNetConfig.from_dict(knobs), tuple(tile), batch_size, training)
        print(high_water())
    else:
        main()
