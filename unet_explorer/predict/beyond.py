"""An image that is larger than the memory, predicted block by block by the workers of a cluster."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from unet_explorer.cluster import ClusterError, connected
from unet_explorer.core.blocks import Block, Blocks
from unet_explorer.core.config import UNetConfig
from unet_explorer.core.tiling import Tiling
from unet_explorer.data.decoded import DataError
from unet_explorer.predict.asked import Progress
from unet_explorer.predict.parts import carrier, identity
from unet_explorer.predict.standard import Standard
from unet_explorer.predict.submitting import TaskError, answers
from unet_explorer.predict.targets import OME, Scene, Target
from unet_explorer.whole import printable

if TYPE_CHECKING:
    import keras
    from distributed import Client

    from unet_explorer.predict.onworker import Job
    from unet_explorer.predict.outputs import Output
    from unet_explorer.predict.staged import Staged

__all__ = ["Whole", "predict_blocks"]

_BLOCK: Final = 1024
"""Pixels a side of a block, about, where tiles are smaller."""
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)


class Whole(NamedTuple):
    """What is predicted, and how.

    Attributes:
        model: The live network.
        config: Its design.
        given: The image as it was given, which may be a path.
        image: What parts can be asked for.
        tiling: Tiles over all of it: how large they are.
        batch: Tiles that are computed at once.
        prepare: Whether its numbers are normalized.
    """

    model: keras.Model
    config: UNetConfig
    given: Any
    image: Any
    tiling: Tiling
    batch: int
    prepare: bool


def predict_blocks(
    whole: Whole,
    client: Client | str,
    out: Any,
    target: Target | None,
    scene: Scene,
    *,
    again: bool = False,
    progress: Progress | None = None,
) -> Any:
    """Predict an image on a cluster; see `predict_image`.

    Args:
        whole: What is predicted.
        client: Of Dask, or the address of a scheduler.
        out: Takes ``out[rows, columns] = scores``; used where there is no target.
        target: The file that is asked for, or None.
        scene: What is known of it before the first block.
        again: Throw away what a run that was cut off has left.
        progress: Called with blocks done and blocks in all.

    Returns:
        ``out``, or the path of the file.

    Raises:
        ClusterError: If the cluster does not do, or comes to an end.
        ValueError: If the image cannot be read, or half-done work is of something else.
        OSError: If there is no room.
    """
    blocks = Blocks(whole.config, whole.image.shape, whole.tiling.tile, per_block=_per_block(whole.tiling))
    with ExitStack() as stack:
        found = stack.enter_context(connected(client))
        from unet_explorer.predict.onworker import Job, Network
        from unet_explorer.predict.outputs import output_for

        network = Network.of(whole.model, whole.config)
        stack.enter_context(_told(blocks, target))
        staged = stack.enter_context(_staged(whole, target, network.checksum, blocks, again)) if target else None
        if staged is not None:
            _check_shared(found, staged.folder)
        standard = _standard(found, whole, staged)
        output = output_for(target, out, scene, staged, blocks)
        with _sent(found, network):
            shape, per_block = tuple(map(int, whole.image.shape)), _per_block(whole.tiling)
            job = Job(
                whole.config, network.checksum, shape, blocks.tile, per_block, whole.batch, standard, output.writer
            )
            _predict(found, whole.image, job, blocks, output, progress)
        return output.finish(lambda function, tasks: _worked(found, function, tasks))


def _worked(client: Any, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> None:
    """Have the workers call a function with each of some lists of arguments."""
    try:
        with closing(answers(client, function, enumerate(tasks))) as coming:
            for _ in coming:
                pass
    except TaskError as error:
        raise _in_words(error, "a part of the result", "") from None


def _per_block(tiling: Tiling) -> tuple[int, int]:
    """So many tiles that a block is of a fair size: a task is to last longer than to ask for it."""
    down, across = (max(1, _BLOCK // max(1, axis.stride)) if axis.count > 1 else 1 for axis in tiling.axes)
    return down, across


def _predict(client: Any, image: Any, job: Job, blocks: Blocks, output: Output, progress: Progress | None) -> None:
    from unet_explorer.predict.onworker import predicted_block

    done, total, sent = len(output.done), len(blocks), carrier(image, client)
    if progress and done:
        progress(done, total)
    missing = (number for number in range(total) if number not in output.done)
    tasks = ((number, (job, number, sent(blocks[number].read))) for number in missing)
    # Closed here, so that what waits is cancelled before anything else ends.
    with closing(answers(client, predicted_block, tasks)) as coming:
        for number, answer in coming:
            output.take(blocks[number], answer)
            done += 1
            if progress:
                progress(done, total)


def _standard(client: Any, whole: Whole, staged: Staged | None) -> Standard:
    """How numbers are given to the network: as an earlier run has noted, or found now."""
    from unet_explorer.predict.contrast import standard_of

    noted = staged.standard if staged else None
    if noted is not None:
        return noted
    try:
        found = standard_of(client, whole.image, whole.prepare)
    except TaskError as error:
        raise _in_words(error, "a part of the image", "") from None
    if staged is not None:
        staged.standard = found
    return found


@contextmanager
def _staged(whole: Whole, target: Target, checksum: str, blocks: Blocks, again: bool) -> Iterator[Staged]:
    """The folder of half-done work, while this run has it."""
    from unet_explorer.data.zarr_files import zarr_package
    from unet_explorer.predict.staged import Staged

    if zarr_package() is None:
        raise ValueError('Blocks wait in a Zarr, and that package is missing: pip install "unet_explorer[cluster]"')
    wanted = {
        "network": checksum,
        "image": identity(whole.image, whole.given),
        "settings": {
            "normalize": whole.prepare,
            "save": _kind(target),
            "tile": list(blocks.tile),
            "blocks": list(blocks.side),
        },
    }
    staged = Staged.open(target.path, wanted, again)
    try:
        yield staged
    finally:
        staged.close()


def _kind(target: Target) -> str:
    """What lies in the folder of half-done work; files that come of the same may take each other's place."""
    if target.ending == OME or target.save == "objects":
        return f"{target.save} in OME-Zarr"
    return "probabilities" if target.save == "probabilities" else "labels"


@contextmanager
def _sent(client: Any, network: Any) -> Iterator[None]:
    """Have each worker hold the network, also those that come later."""
    from unet_explorer.predict.onworker import NetworkPlugin

    name = f"unet_explorer-{network.checksum[:16]}-{secrets.token_hex(6)}"
    client.register_plugin(NetworkPlugin(network, name))
    try:
        yield
    finally:
        # Whoever has gone has forgotten it already.
        with contextlib.suppress(Exception):
            client.unregister_worker_plugin(name)


def _check_shared(client: Any, folder: Path) -> None:
    """Refuse workers that do not see the folder that they are to write to.

    Raises:
        ClusterError: If there is one.
    """
    place = str(folder.resolve())
    for worker, sees in client.run(os.path.isdir, place).items():
        if not sees:
            raise ClusterError(
                f"The worker {worker} does not see the folder {printable(folder.parent)}: give out=… a place that all "
                "of them share, or an array."
            )


@contextmanager
def _told(blocks: Blocks, target: Target | None) -> Iterator[None]:
    """Have whatever ends a run say so in a sentence, and what becomes of what is done."""
    kept = " What is done is kept: the same call goes on from there." if target else ""
    try:
        yield
    except TaskError as error:
        block = blocks[error.number]
        raise _in_words(error, _where(block), kept) from None
    except ClusterError as error:
        raise ClusterError(f"{error}{kept}") from None
    except OSError as error:
        if error.errno in _FULL:
            raise _no_room(error, target, kept) from None
        raise


def _where(block: Block) -> str:
    rows, columns = block.write
    return f"block {block.number} (rows {rows.start} to {rows.stop - 1}, columns {columns.start} to {columns.stop - 1})"


def _no_room(error: OSError, target: Target | None, kept: str) -> OSError:
    name = printable(target.path.name) if target else "the result"
    return OSError(error.errno, f"There is no room left on the disc for {name}: make some.{kept}")


def _in_words(error: TaskError, where: str, kept: str) -> Exception:
    """What has ended a task, in a sentence."""
    reason = error.reason
    kind, words = type(reason).__name__, str(reason).strip().split("\n")[0][:300].rstrip(".")
    if isinstance(reason, (DataError, ClusterError)):
        return type(reason)(f"{reason}{kept}")
    if isinstance(reason, OSError) and reason.errno in _FULL:
        return OSError(reason.errno, f"There is no room left on the disc where {where} is written: make some.{kept}")
    if isinstance(reason, OSError):
        said = f"{where[0].upper()}{where[1:]} cannot be written or read ({words}).{kept}"
        return OSError(said) if reason.errno is None else OSError(reason.errno, said)
    if kind == "KilledWorker":
        return ClusterError(
            f"Several workers of Dask have ended one after the other at {where}: it may take more memory than they "
            f"have. Give a smaller tile.{kept}"
        )
    if isinstance(reason, MemoryError):
        return ClusterError(f"A worker of Dask had no memory left at {where}: give a smaller tile.{kept}")
    if isinstance(reason, RuntimeError):
        return ClusterError(f"A worker of Dask has failed at {where} ({printable(words)}).{kept}")
    return DataError(f"The image cannot be read at {where} ({kind}: {printable(words)}).{kept}")
