"""Before Start: what would go wrong, in words, with what would mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from unet_explorer.core.budget import fitting_design
from unet_explorer.core.config import PRESETS, UNetConfig
from unet_explorer.core.cost import estimate_memory
from unet_explorer.core.tiles import nearest_sizes, tile_for_output
from unet_explorer.core.trace import trace
from unet_explorer.data.dataset import Dataset
from unet_explorer.data.weights import regions
from unet_explorer.learning.finding import Finding, TrainingError
from unet_explorer.learning.recipe import Order
from unet_explorer.needs import no_tensorflow

__all__ = ["ENOUGH", "FEW", "RARE", "TrainingError", "findings", "macs_per_step", "stops"]

FEW: Final = 16
"""An output of fewer pixels a side teaches next to nothing a step."""
ENOUGH: Final = 64
"""Pixels a side that an output should have."""
RARE: Final = 0.01
"""A smaller share of the pixels is left out by most losses (tests/benchmarks/learning.py)."""
LOSSES: Final = {"cross-entropy": "cross-entropy", "dice": "the Dice loss"}
"""Those that do not learn what is rare, in words."""
_LOOKED_AT: Final = 8
"""Images in files whose objects are counted."""
LONG: Final = 900.0
"""Seconds that nobody waits for in front of a class."""


def macs_per_step(order: Order) -> int:
    """Multiply-adds of one step of learning: those of predicting a batch, and twice as many for its gradients."""
    return 3 * order.recipe.batch_size * trace(order.config, order.tile).macs


def findings(order: Order, dataset: Dataset, available: int | None = None, speed: float | None = None) -> list[Finding]:
    """Look before leaping.

    Args:
        order: The network, the tile, and how it is to be taught.
        dataset: What it is to learn from.
        available: Bytes of memory that may be used; None if that is not known.
        speed: Multiply-adds a second that the machine manages; None if nobody is waiting.

    Returns:
        What was found, the gravest first.

    Example:
        >>> from unet_explorer import PRESETS, cells
        >>> from unet_explorer.learning.recipe import Recipe
        >>> order = Order(PRESETS["article"].config, (572, 572), Recipe())
        >>> [each.kind for each in findings(order, cells(4, size=64))]
        ['channels', 'head', 'small']
    """
    if not dataset.pixels.any():
        return [Finding("unknown", "stop", "Of no pixel of any mask the class is known: look at what is ignored.")]
    findings_ = [
        *_software(),
        *_images(order, dataset),
        *_labels(order.config, dataset),
        *_head(order.config),
        *_sizes(order, dataset),
        *_borders(order, dataset),
        *_rare(order, dataset),
        *_examined(order, dataset),
        *(_memory(order, available) if available is not None else ()),
        *(_time(order, speed) if speed is not None else ()),
    ]
    return sorted(findings_, key=lambda each: ("stop", "doubt", "note").index(each.weight))


def stops(order: Order, dataset: Dataset) -> list[Finding]:
    """What makes it impossible to learn, without a look at what would be a waste: quick, for hundreds of designs.

    Args:
        order: The network, the tile, and how it is to be taught.
        dataset: What it is to learn from.

    Example:
        >>> from unet_explorer import PRESETS, cells
        >>> from unet_explorer.learning.recipe import Recipe
        >>> [each.kind for each in stops(Order(PRESETS["article"].config, (572, 572), Recipe()), cells(4, size=64))]
        ['channels']
    """
    if not dataset.pixels.any():
        return findings(order, dataset)
    found = [*_images(order, dataset), *_labels(order.config, dataset)]
    return [each for each in found if each.weight == "stop"]


def _software() -> Iterable[Finding]:
    if missing := no_tensorflow():
        yield Finding("tensorflow", "stop", missing)


def _images(order: Order, dataset: Dataset) -> Iterable[Finding]:
    takes, has = order.config.in_channels, dataset.channels
    if len(dataset) < 2:
        message = "There is one image only: at least two are needed, one to learn from and one to be examined on."
        yield Finding("images", "stop", message, "Add another, or cut it in two.")
    if takes != has:
        message = f"The images have {_count(has, 'channel')}, but the network takes {takes}."
        fix = f"Set the image channels to {has}."
        yield Finding("channels", "stop", message, fix, {"config": {"in_channels": has}})


def _labels(config: UNetConfig, dataset: Dataset) -> Iterable[Finding]:
    present = np.flatnonzero(dataset.pixels.sum(axis=0))
    told_apart = max(2, config.num_classes)
    if present[-1] >= told_apart:
        wanted = int(present[-1]) + 1
        message = (
            f"The labels go up to {present[-1]}, but the network tells only {told_apart} classes apart "
            f"(0 to {told_apart - 1})."
        )
        yield Finding("classes", "stop", message, f"Set the classes to {wanted}.", {"config": {"num_classes": wanted}})
    elif config.num_classes > max(2, len(dataset.classes)):
        count = len(dataset.classes)
        message = (
            f"The network tells {config.num_classes} classes apart, but the images have {count}: the others would be "
            "learnt as classes that never occur."
        )
        yield Finding("phantom", "doubt", message, f"Set the classes to {count}.", {"config": {"num_classes": count}})
    elif config.num_classes == 1 and config.head_activation == "softmax":
        message = "A softmax over one class is always 1, so there is nothing to learn."
        yield Finding("head", "stop", message, "Set the classes to 2.", {"config": {"num_classes": 2}})
    if len(present) == 1:
        one = int(present[0])
        name = dataset.classes[one] if one < len(dataset.classes) else str(one)
        message = (
            f"Every pixel of every mask is {'0' if one == 0 else f'class {one}'} ({name}): one answer is right for "
            "every image, so the loss falls and nothing is learnt."
        )
        fix = "Look at your masks: are they the right files, and are objects marked by values above 0?"
        yield Finding("one-class", "doubt", message, fix)
    else:
        yield from _absent(dataset)


def _absent(dataset: Dataset) -> Iterable[Finding]:
    """Masks that hold nothing, and classes that no mask holds."""
    empty = int(np.count_nonzero(dataset.pixels[:, 1:].sum(axis=1) == 0))
    if empty:
        yield Finding("empty", "note", f"{empty} of {len(dataset)} masks hold background alone.")
    pixels = dataset.pixels.sum(axis=0)
    absent = [name for number, name in enumerate(dataset.classes) if number < len(pixels) and not pixels[number]]
    if absent:
        from_one = " Do the masks count from 1?" if not pixels[0] else ""
        yield Finding("absent", "note", f"No pixel of any mask is {' or '.join(absent[:5])}.{from_one}")


def _head(config: UNetConfig) -> Iterable[Finding]:
    if config.head_activation == "relu":
        message = (
            "The head ends in a ReLU: it cuts off all negative scores before the loss sees them, and where a score is "
            "cut off, no gradient comes back. With some random starting weights, training never gets going."
        )
        fix = "Set the head to linear: the loss turns scores into probabilities by itself."
        yield Finding("head", "doubt", message, fix, {"config": {"head_activation": "linear"}})


def _sizes(order: Order, dataset: Dataset) -> Iterable[Finding]:
    config, tile = order.config, order.tile
    output = trace(config, tile).output
    heights, widths = zip(*dataset.sizes, strict=True)
    smallest = int(min(heights)), int(min(widths))
    if min(output.height, output.width) < FEW:
        side = tile_for_output(config, ENOUGH)
        message = (
            f"The output is only {output.height} × {output.width} px: {tile[0]} × {tile[1]} px are computed for each "
            f"tile, and only {output.height * output.width:,} of them are learnt from."
        )
        change = {"tile": [side, side]}
        yield Finding("output", "doubt", message, f"Take a tile of {side}, or a smaller depth.", change)
    elif output.height > smallest[0] or output.width > smallest[1]:
        better = _tile_within(config, smallest)
        message = (
            f"The smallest image ({smallest[0]} × {smallest[1]} px) is smaller than the output "
            f"({output.height} × {output.width} px): most of what is learnt would be the same pixels mirrored."
        )
        if better:
            fix, change = f"Take a tile of {better[0]} × {better[1]}.", {"tile": list(better)}
            yield Finding("small", "doubt", message, fix, change)
        else:
            yield Finding("small", "doubt", message, "Take a smaller depth, or larger images.")
    elif tile[0] > smallest[0] or tile[1] > smallest[1]:
        message = (
            f"The smallest image ({smallest[0]} × {smallest[1]} px) is smaller than the tile "
            f"({tile[0]} × {tile[1]} px): "
            "the tile is filled up with the mirrored image, as in the U-Net paper."
        )
        yield Finding("mirrored", "note", message)


def _borders(order: Order, dataset: Dataset) -> Iterable[Finding]:
    if order.recipe.loss == "weighted" and dataset.instances is None:
        some = dataset.take(range(min(len(dataset), _LOOKED_AT))) if dataset.in_files else dataset
        count = sum(int(regions(np.asarray(each)).max()) for each in some.labels)
        where = "" if len(some) == len(dataset) else f" of the first {len(some)} images alone"
        words = (
            f"The masks do not number their objects: the {count:,} connected regions{where} count as objects, and the "
            "gaps between them are weighed. Objects that touch are one."
        )
        yield Finding("borders", "note", words)


def _rare(order: Order, dataset: Dataset) -> Iterable[Finding]:
    """Classes that it pays never to say."""
    if order.recipe.loss not in LOSSES:
        return
    pixels = dataset.pixels.sum(axis=0)
    rarest = min(np.flatnonzero(pixels).tolist(), key=lambda label: int(pixels[label]))
    share = pixels[rarest] / pixels.sum()
    if share < RARE:
        name = f"“{dataset.classes[rarest]}”" if rarest < len(dataset.classes) else f"class {rarest}"
        words = (
            f"{100 * share:.2g} % of the pixels are {name}: whoever never says so is right at {100 * (1 - share):.4g} "
            f"% of them, and {LOSSES[order.recipe.loss]} easily settles for that."
        )
        fix = "Take cross-entropy + Dice: each class counts as much as any other, and each pixel is heard."
        yield Finding("rare", "doubt", words, fix, {"recipe": {"loss": "combined"}})


def _examined(order: Order, dataset: Dataset) -> Iterable[Finding]:
    if len(dataset) < 2:
        return
    if twins := _twins(dataset):
        words = (
            f"{twins} of the {dataset.validation} images for validation seem to be among those that are learnt from: "
            "same name, size and pixels of each class. What has been seen is no examination."
        )
        yield Finding("twins", "doubt", words, "Take them out of one of both.")
    kept_back = dataset.split(seed=order.recipe.seed)[1]
    if not kept_back.pixels[:, 1:].any() and dataset.pixels[:, 1:].any():
        words = (
            "None of the images that are kept back to examine the network on holds anything but background: its IoU "
            "would tell nothing of the objects."
        )
        yield Finding("examined", "doubt", words, "Add images that hold objects; one at least must be kept back.")


def _twins(dataset: Dataset) -> int:
    """How many images for validation look like one that is learnt from."""
    pixels, sizes = dataset.pixels, dataset.sizes
    seen = [(title, size, row.tobytes()) for title, size, row in zip(dataset.titles, sizes, pixels, strict=True)]
    first = len(dataset) - dataset.validation
    return len(set(seen[:first]) & set(seen[first:]))


def _tile_within(config: UNetConfig, size: tuple[int, int]) -> tuple[int, int] | None:
    """The largest tile whose output lies within an image, if that output is worth learning from."""
    tile = []
    for side in size:
        above = tile_for_output(config, side)
        output = trace(config, above).output.height
        fitting = above if output == side else nearest_sizes(config, above - 1)[0]
        if fitting is None or trace(config, fitting).output.height < min(FEW, side):
            return None
        tile.append(fitting)
    return tile[0], tile[1]


def _memory(order: Order, available: int) -> Iterable[Finding]:
    needed = estimate_memory(order.config, order.tile, order.recipe.batch_size, training=True)["total"]
    if needed <= available:
        return
    message = f"Training needs about {_bytes(needed)} of memory; {_bytes(available)} are free."
    fitting = fitting_design(order.config, order.tile, order.recipe.batch_size, available)
    if fitting is None:
        yield Finding("memory", "doubt", message, "No smaller design fits either: close what else is open.")
        return
    config, tile, batch = fitting
    changed = {name: value for name, value in config.to_dict().items() if order.config.to_dict()[name] != value}
    parts = (
        [f"{batch} tiles per batch" if batch > 1 else "one tile per batch"] if batch != order.recipe.batch_size else []
    )
    parts += [f"a tile of {tile[0]} × {tile[1]}"] if tile != order.tile else []
    names = {"base_filters": "{} filters", "depth": "depth {}"}
    parts += [names.get(name, name + " {}").format(value) for name, value in changed.items()]
    change = {"config": changed, "tile": list(tile), "batch_size": batch}
    yield Finding("memory", "doubt", message, f"This would fit: {', '.join(parts)}.", change)


def _time(order: Order, speed: float) -> Iterable[Finding]:
    seconds = macs_per_step(order) * order.recipe.steps / speed
    if seconds <= LONG:
        return
    long = f"{seconds / 3600:.1f} hours" if seconds >= 5400 else f"{seconds / 60:.0f} minutes"
    message = f"On this machine {order.recipe.steps:,} steps of this design would take about {long}."
    small, usual = PRESETS["classroom"]
    change = {"depth": small.depth, "base_filters": small.base_filters}
    config = replace(order.config, depth=small.depth, base_filters=small.base_filters)
    # Another padding or kernel has other sizes.
    tile = next(side for side in reversed(nearest_sizes(config, usual)) if side is not None)
    if macs_per_step(Order(config, (tile, tile), order.recipe)) < macs_per_step(order):
        fix = f"Take the classroom design: depth {small.depth}, {small.base_filters} filters, a tile of {tile}."
        yield Finding("slow", "doubt", message, fix, {"config": change, "tile": [tile, tile]})
    else:
        yield Finding("slow", "doubt", message, "Take fewer steps.")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _bytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
