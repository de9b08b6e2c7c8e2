"""`unet-explorer predict`: images through a network, from a terminal, in this process or on a cluster."""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.whole import printable

if TYPE_CHECKING:
    from distributed import Client

    from unet_explorer.commands.noted import Noted

__all__ = ["main"]

_ENDINGS: Final = {"mask": "mask.tif", "probabilities": "probabilities.zarr", "objects": "objects.csv"}
"""What a result is called behind the name of its image."""
_DONE, _FAILED, _STOPPED = 0, 1, 130

_EXAMPLES: Final = """\
examples:
  unet-explorer predict a.tif b.tif --model net.keras --out masks
  unet-explorer predict slide.zarr --model net.keras --out masks --save objects --workers 4
  unet-explorer predict *.tif --model net.keras --out masks --scheduler tcp://10.0.0.7:8786

Of NAME.tif comes NAME_mask.tif, NAME_probabilities.zarr or NAME_objects.csv. What is there already of the same network
and the same image is skipped; what is there of others is left alone, and counts as failed. DIR/.predictions.jsonl notes
which is which: the network by the bytes of its file, the image by size and time, a Zarr by those of what describes it.
With --workers or --scheduler, an image that was cut off goes on where it was.

A scheduler at tls://… wants certificates. In the environment, the paths of yours are
DASK_DISTRIBUTED__COMM__TLS__CA_FILE, DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and
DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY.

It ends with 0 if all was predicted, 1 if some of it failed, 2 if it was asked in a wrong way, 130 after Ctrl + C.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Predict some images.

    Args:
        argv: The words behind the command's name.

    Returns:
        What the command ends with: 0, 1 or 130.

    Raises:
        SystemExit: With 2, if it was asked in a wrong way.
    """
    options = _options(argv)
    # TensorFlow's notes would stand between the lines.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        return _predict(options)
    except KeyboardInterrupt:
        print("\nStopped. What is done stays; the same command goes on from there.", file=sys.stderr)
        return _STOPPED


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="unet-explorer predict",
        description="Predict images of any size with a trained U-Net.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="TIFF, PNG, .npy, or a folder .zarr")
    parser.add_argument("--model", required=True, type=_model, help="a .keras file that save_model has written")
    parser.add_argument(
        "--out", required=True, type=Path, metavar="DIR", help="the folder for results; made if need be"
    )
    parser.add_argument("--save", choices=tuple(_ENDINGS), default="mask", help="what is saved (default: mask)")
    parser.add_argument("--tile", type=_whole, metavar="N", help="input side in pixels (default: the least wasteful)")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="compute on the cluster of Dask whose scheduler is there")
    where.add_argument("--workers", type=_whole, metavar="N", help="compute in N processes of this machine")
    parser.add_argument("--again", action="store_true", help="replace results that are there, and half-done ones")
    options = parser.parse_args(argv)
    if options.out.exists() and not options.out.is_dir():
        parser.error(f"--out {printable(options.out)} is no folder")
    if options.scheduler and "://" not in options.scheduler:
        parser.error(f"--scheduler {options.scheduler!r} is no address: give one such as tcp://127.0.0.1:8786")
    return options


def _model(text: str) -> Path:
    path = Path(text).expanduser()
    if path.suffix.lower() != ".keras" or not path.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no .keras file that is there: look at the path")
    return path


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed: give a whole number from 1")
    return int(text)


def _predict(options: argparse.Namespace) -> int:
    from unet_explorer.cluster import ClusterError
    from unet_explorer.commands.noted import Noted

    targets = _targets(options)
    left = {image: target for image, target in targets.items() if options.again or not target.exists()}
    try:
        noted = Noted(options.out, options.model)
        refused = _refused(targets, left, noted)
        failed = _all(left, noted, options) if left else 0
    except (ValueError, ImportError, OSError, ClusterError) as error:
        print(f"unet-explorer predict: {error}", file=sys.stderr)
        return _FAILED
    skipped = len(targets) - len(left) - refused
    print(f"{len(left) - failed} predicted, {skipped} skipped, {failed + refused} failed")
    return _FAILED if failed or refused else _DONE


def _all(left: dict[Path, Path], noted: Noted, options: argparse.Namespace) -> int:
    """Predict what is left; how many images failed."""
    # Before any process is started.
    from unet_explorer.model import opened_model

    model, failed = opened_model(options.model), 0
    options.out.mkdir(parents=True, exist_ok=True)
    with _cluster(options) as client:
        for image, target in left.items():
            if _one(model, image, target, options, client):
                noted.note(image, target)
            else:
                failed += 1
    return failed


def _refused(targets: dict[Path, Path], left: dict[Path, Path], noted: Noted) -> int:
    """Tell of each result that is there already; how many of them are of something else."""
    refused = 0
    for image, target in targets.items():
        if image in left:
            continue
        name, result = printable(image.name), printable(target.name)
        if differs := noted.differs(image, target):
            refused += 1
            words = f"{name}: {result} is there, {differs}: say --again to replace it, or another --out."
            print(words, file=sys.stderr)
        else:
            print(f"{name}: skipped, {result} is there")
    return refused


def _targets(options: argparse.Namespace) -> dict[Path, Path]:
    """For each image where its result goes; those that are called alike but for the ending keep it."""
    images = list(dict.fromkeys(options.images))
    alike = Counter(image.stem.casefold() for image in images)
    ending = _ENDINGS[options.save]
    named = {image: image.stem if alike[image.stem.casefold()] == 1 else image.name for image in images}
    taken = Counter(name.casefold() for name in named.values())
    twice = [image for image, name in named.items() if taken[name.casefold()] > 1]
    if twice:
        print(
            f"unet-explorer predict: two images are called {printable(twice[0].name)}: give each a folder of its own.",
            file=sys.stderr,
        )
        raise SystemExit(2)
    return {image: options.out / f"{name}_{ending}" for image, name in named.items()}


@contextmanager
def _cluster(options: argparse.Namespace) -> Iterator[Client | None]:
    if not options.scheduler and not options.workers:
        yield None
        return
    from unet_explorer.cluster import connected

    with connected(options.scheduler, workers=options.workers) as client:
        yield client


def _one(model: Any, image: Path, target: Path, options: argparse.Namespace, client: Client | None) -> bool:
    """Predict one image; whether that went well."""
    from unet_explorer.cluster import ClusterError
    from unet_explorer.predict.predict import predict_image

    name = printable(image.name)
    print(f"{name} → {printable(target.name)}", flush=True)
    try:
        predict_image(
            model,
            image,
            options.tile,
            out=target,
            save=options.save,
            progress=True,
            client=client,
            again=options.again and client is not None,
        )
    except (ValueError, OSError, ClusterError, MemoryError) as error:
        print(f"\n{name}: {error or type(error).__name__}", file=sys.stderr)
        return False
    return True
