"""The text that goes with a bioimage.io package: what the network was taught, and how it is used rightly."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import unet_explorer
from unet_explorer.core.plan import plan
from unet_explorer.export.description import CITE, class_names, title
from unet_explorer.export.network import Network
from unet_explorer.export.words import facts_in_words, sizes
from unet_explorer.learning.session import TrainingSession
from unet_explorer.whole import printable

__all__ = ["documentation"]

_PREPARED: Final = """\
`rdf.yaml` says so as *zero_mean_unit_variance* over y and x. The network was taught with the same, but for two things.
There, numbers that stand for "no data" and single ones far beyond all others counted as the nearest of the others,
before mean and deviation were taken: mend such images first. And bioimage.io adds 0.000001 to the deviation before it
divides: where all numbers of an image differ by less than about a thousandth, multiply them first.
"""
_AS_THEY_ARE: Final = """\
Nothing in this network says that its images are to be normalized, so `rdf.yaml` names no preprocessing. If it was
taught with prepared images, prepare yours likewise.
"""
_TOUCHING: Final = """\

It is tempting to lay tiles so that their predictions touch. If that distance is no multiple of {step} px, max-pooling
halves both tiles on different grids, and the prediction jumps at the seam. Lay them the next smaller multiple apart,
and let one of two that overlap win. Where a tile reaches beyond the image, mirror the image.
"""
_HALO: Final = """\

Programs that heed the halo of {halo} px in `rdf.yaml` mirror the image where it ends. unet_explorer predicts it as it
is there, so near its border the two differ.
"""
_VALIDATE: Final = """\

To validate it on images of your own, draw what is right by hand for some that it has never seen, and compare pixel by
pixel: the intersection over union of each class tells more than the share of pixels that are right. `test_image.npy`
is an image that was computed, not measured; `test_answer.npy` is what Keras answers to it.
"""


def documentation(network: Network, license_id: str | None, *, named: bool = True) -> str:
    """The text in Markdown.

    Args:
        network: The network.
        license_id: On what terms it may be used; None if that was not said.
        named: Whether its authors are.

    Example:
        >>> from unet_explorer import UNetConfig
        >>> from unet_explorer.export.network import fresh_weights
        >>> config = UNetConfig(depth=1, base_filters=2)
        >>> print(documentation(Network(config, fresh_weights(config), False), "MIT").splitlines()[0])
        # U-Net of depth 1 with 2 filters
    """
    return "".join(_parts(network, license_id, named))


def _parts(network: Network, license_id: str | None, named: bool) -> Iterator[str]:
    config, known = network.config, sizes(network.config)
    facts = facts_in_words(config, network.prepared, probable=True)
    yield f"# {title(network)}\n\nA U-Net of depth {config.depth}, with {config.base_filters} filters in its first "
    yield f"layer and {sum(step.parameters for step in plan(config)):,} parameters, made with unet_explorer "
    yield f"{unet_explorer.__version__}.\n\n{CITE['text']} https://doi.org/{CITE['doi']}\n\n"
    yield f"Classes, in the order of the channels: {', '.join(map(_plain, class_names(network)))}.\n"
    if not named:
        yield "\n**No author was named.** Whoever passes the package on should be: save it again with authors=….\n"
    if not license_id:
        yield "\n**No licence was given:** ask the authors before you use it.\n"
    if network.session:
        yield from _taught(network.session)
    yield f"\n## Images\n\n{facts['image']} {_PREPARED if network.prepared else _AS_THEY_ARE}"
    yield f"\n## Tiles\n\n{facts['tile']} {facts['output']} {facts['tiles']}\n"
    if known.lost:
        yield _TOUCHING.format(step=known.step)
    if known.halo:
        yield _HALO.format(halo=known.halo)
    yield f"\n## Answers\n\n{facts['scores']} `weights.onnx` computes it itself: nothing follows behind it.\n"
    yield "\n## Validation\n"
    yield from _examined(network)
    yield _VALIDATE


def _taught(session: TrainingSession) -> Iterator[str]:
    recipe, data = session.order.recipe, session.dataset
    height, width = session.order.tile
    yield f"\n## What it was taught\n\nData set: {_plain(data.name)}, {len(data)} images"
    yield f", {data.channels} channel{'s' if data.channels > 1 else ''}. "
    if data.licence:
        yield f"Its terms: {_plain(data.licence)}. "
    yield f"Batches of {recipe.batch_size} tiles of {height} × {width} px; loss {recipe.loss}; optimizer "
    yield f"{recipe.optimizer}, learning rate {recipe.learning_rate:g}.\n"


def _examined(network: Network) -> Iterator[str]:
    best = network.session.history.best if network.session else None
    if best is None:
        return
    found = best.scores
    yield f"\nOn images that it did not learn from, after {best.step:,} steps: accuracy {found.accuracy:.3f} (the best "
    yield f"constant answer has {found.constant:.3f}), and the intersection over union of each class:\n\n"
    yield "| class | IoU |\n| --- | --- |\n"
    # Two classes are told apart by one score as well.
    names = class_names(network) if len(found.iou) == network.config.num_classes else ["class 0", "class 1"]
    for name, iou in zip(names, found.iou, strict=False):
        yield f"| {_plain(name)} | {'–' if iou is None else f'{iou:.3f}'} |\n"
    yield "\nThese images also chose which weights were kept, so the figures are a little too good.\n"


def _plain(text: str) -> str:
    """Words that others chose, so that Markdown takes none of their signs for its own."""
    return re.sub(r"([\\`*_{}\[\]<>#+!|~&])", r"\\\1", printable(text))
