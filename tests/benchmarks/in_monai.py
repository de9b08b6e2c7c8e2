"""MONAI's windows over an image, with a network in PyTorch: python tests/benchmarks/in_monai.py FOLDER MODE

FOLDER holds ``unet.py``, which `to_script` has written for PyTorch, its ``weights.npz`` in the order of Keras, and
``image.npy``. MODE is how MONAI blends what windows say, ``constant`` or ``gaussian``, or ``whole`` for the image in
one piece. Scores go into ``MODE.npy``; seconds, and bytes above the loaded network, are told as JSON. It is a process
of its own, as TensorFlow and PyTorch would take each other's processors.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from measure import forget_peak, peak
from monai.inferers import sliding_window_inference

WINDOW, TOGETHER, OVERLAP = 256, 4, 0.25
"""Pixels a side, windows at once, and the share of a window that the next one has as well: MONAI's own default."""


def main(folder: Path, mode: str) -> None:
    held: dict[str, object] = {"__name__": "taken_away"}
    exec((folder / "unet.py").read_text("utf-8"), held)
    network = held["UNet"]().eval()
    with np.load(folder / "weights.npz") as weights:
        held["load_keras_weights"](network, [weights[f"arr_{number}"] for number in range(len(weights))])
    image = torch.as_tensor(np.load(folder / "image.npy").astype("float32"))[None, None]
    with torch.no_grad():
        network(image[..., :WINDOW, :WINDOW])
        before, start = forget_peak(), time.perf_counter()
        if mode == "whole":
            scores = network(image)
        else:
            scores = sliding_window_inference(image, WINDOW, TOGETHER, network, overlap=OVERLAP, mode=mode)
        seconds, most = time.perf_counter() - start, peak() - before
    np.save(folder / f"{mode}.npy", scores[0].numpy().transpose(1, 2, 0))
    print(json.dumps({"seconds": seconds, "most": most}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
