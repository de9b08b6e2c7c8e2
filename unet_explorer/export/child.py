"""A process of its own for what needs Keras, so that the notebook's need not load it: ``python -m`` this module.

The one that asks writes a folder with ``job.json`` and ``arrays.npz``, names it as the argument, and waits. Whatever
goes wrong here is written to ``answer.json`` there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig
from unet_explorer.export.network import Network
from unet_explorer.needs import no_tensorflow

__all__ = ["ask"]

Job = Literal["keras", "saved_model", "predict"]
_JOB: Final = "job.json"
_ARRAYS: Final = "arrays.npz"
_ANSWER: Final = "answer.json"
_LAST_WORDS: Final = 300


def ask(job: Job, network: Network, place: Path, tiles: NDArray[np.float32] | None = None) -> None:
    """Have Keras do something with a network elsewhere, and wait for it; some seconds.

    Args:
        job: Write it as a ``.keras`` file or as a SavedModel, or ``"predict"``: what it answers to tiles, as ``.npy``.
        network: The network.
        place: Where the result is written.
        tiles: (batch, height, width, channels), as the network is given them, where it is to predict.

    Raises:
        ImportError: If TensorFlow is not installed.
        OSError: If there is no room, or the process ended before it was done.
    """
    if missing := no_tensorflow():
        raise ImportError(missing)
    with tempfile.TemporaryDirectory(prefix="unet_explorer-") as name:
        folder = Path(name)
        words = {"job": job, "config": network.config.to_dict(), "prepared": network.prepared, "place": str(place)}
        # Escaped, so that names which no text can hold pass unharmed.
        (folder / _JOB).write_text(json.dumps(words), "ascii")
        arrays: dict[str, Any] = {f"weight{number}": array for number, array in enumerate(network.flat)}
        if tiles is not None:
            arrays["tiles"] = tiles
        np.savez(folder / _ARRAYS, **arrays)
        done = _run(folder)
        answer = folder / _ANSWER
        problem = json.loads(answer.read_text("ascii"))["problem"] if answer.is_file() else _why(done)
    if problem:
        raise OSError(f"The network could not be saved. {problem}")


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    # It must find this very package, and nothing that happens to lie in the notebook's folder.
    home = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")]))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "KERAS_BACKEND": "tensorflow", "PYTHONPATH": paths}
    return subprocess.run(  # noqa: S603  # this very Python, and this module
        [sys.executable, "-P", "-m", __name__, str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **quiet, "PYTHONIOENCODING": "utf-8"},
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def _why(done: subprocess.CompletedProcess[str]) -> str:
    """Why the process ended before it could say so itself."""
    if done.returncode < 0:
        try:
            name = signal.Signals(-done.returncode).name
        except ValueError:
            name = f"signal {-done.returncode}"
        return f"The process that writes it was ended by the system ({name}), mostly because memory ran out."
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return f"The process that writes it ended with code {done.returncode}: {''.join(lines[-1:])[:_LAST_WORDS]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the folder says that is named; 0 if it was done."""
    (name,) = sys.argv[1:] if arguments is None else arguments
    folder = Path(name)
    problem = ""
    try:
        _do(json.loads((folder / _JOB).read_text("ascii")), folder / _ARRAYS)
    except MemoryError:
        problem = "There is not enough memory for it."
    # Keras and TensorFlow raise whatever there is; it is told, and nothing else is done here.
    except Exception as error:  # noqa: BLE001
        said = str(error).strip().splitlines()
        problem = (said[0] if said else type(error).__name__)[:_LAST_WORDS]
    (folder / _ANSWER).write_text(json.dumps({"problem": problem}), "ascii")
    return 1 if problem else 0


def _do(words: dict[str, Any], arrays: Path) -> None:
    # Here, for the one that asks imports this module too.
    from unet_explorer.export.keras_files import network_of, predicted, write_keras, write_saved_model

    config, prepared, place = UNetConfig.from_dict(words["config"]), words["prepared"], Path(words["place"])
    with np.load(arrays, allow_pickle=False) as kept:
        weights = [kept[f"weight{number}"] for number in range(sum(name.startswith("weight") for name in kept))]
        tiles = kept.get("tiles")
    network = network_of(config, weights, prepared)
    match words["job"]:
        case "keras":
            write_keras(network, place)
        case "saved_model":
            write_saved_model(network, config, place, prepared=prepared)
        case "predict":
            assert tiles is not None
            with place.open("wb") as stream:
                np.save(stream, predicted(network, tiles))


if __name__ == "__main__":
    sys.exit(main())
