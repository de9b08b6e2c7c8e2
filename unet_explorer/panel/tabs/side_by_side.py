"""What two networks have learnt, side by side: that of the pinned design, A, and that of the knobs, B."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import traitlets
from numpy.typing import NDArray

from unet_explorer.data.dataset import Dataset
from unet_explorer.data.keeping import arrays_of
from unet_explorer.learning.examination import Example
from unet_explorer.learning.history import History
from unet_explorer.learning.kept import Kept, examples_of, history_of, predictions_of
from unet_explorer.learning.scores import confusion, scores
from unet_explorer.learning.store import Store
from unet_explorer.panel.instrument.widget import Instrument
from unet_explorer.panel.tabs.paint import label_bytes, picture
from unet_explorer.panel.tabs.trainings import Trainings, curves_of

__all__ = ["Seen", "SideBySide", "chosen_pair", "common_part", "held_against"]

_NOT_TAUGHT: Final = {
    (False, False): "Neither A nor B has been taught yet.",
    (False, True): "A has not been taught yet: swap A and B, and start.",
    (True, False): "B has not been taught yet: start, and watch both here.",
}
_UNREADABLE: Final = "What one of them has learnt cannot be read any more."
_NO_MASKS: Final = "The masks of one of them cannot be read any more."
_OTHER_EXAMPLES: Final = (
    "A and B were examined on different images (their seeds differ), so their masks cannot be compared."
)


class Seen(NamedTuple):
    """What is compared of one example: the part of the image that both networks have predicted.

    Attributes:
        example: That of A; its picture and truth are cut to this part.
        masks: The classes of its pixels, as A and as B say.
    """

    example: Example
    masks: tuple[NDArray[np.uint8], NDArray[np.uint8]]


class SideBySide(Trainings):
    """A tab that holds the training of the pinned design, A, against that of the knobs, B.

    Attributes:
        pair: What both have learnt: ``words`` that say why something is missing, ``curves`` of A and B, ``best`` IoU of
            each and at which of its ``epochs``; and of the masks what `held_against` says. Empty if nothing is pinned.
    """

    pair = traitlets.Dict().tag(sync=True)

    _instrument: Instrument
    # Name of the training that was shown when its design was pinned.
    _pinned_name = ""
    # Only for comparing: what was held against each other last.
    _paired: tuple[Any, ...] = ()
    # Images of trainings that are not shown, by name, and whether two have the same.
    _sets: dict[str, Dataset | None] | None = None
    _alike: tuple[tuple[str, ...], bool] = (), False

    def _watch_pinned(self) -> None:
        self._instrument.observe(self._follow_pinned, "pinned")
        self._follow_pinned()

    def _watch_pinned_no_more(self) -> None:
        self._instrument.unobserve(self._follow_pinned, "pinned")

    def _follow_pinned(self, _: Any = None) -> None:
        pinned, session = self._instrument.pinned, self.session
        mine = bool(pinned) and session is not None and session.order.config.to_dict() == pinned["config"]
        self._pinned_name = session.name if mine and session is not None else ""
        self._due.set()

    def _show_pair(self) -> None:
        """Compare anew, where another design is pinned or shown, or one of both trainings has come further."""
        pinned, instrument = self._instrument.pinned, self._instrument
        if not pinned:
            self._paired, self.pair = (), {}
            return
        shown = {"config": instrument.config, "tile": instrument.tile}
        names = self._pinned_name, self.session.name if self.session else ""
        both = chosen_pair(pinned, shown, self._kept, *names)
        paired = tuple((each.name, each.title, each.step) if each else () for each in both)
        if paired != self._paired or not self.pair:
            try:
                made = self._compared(*both)
            # Damaged files raise whatever there is; tried again once something has changed.
            except Exception:  # noqa: BLE001
                made = {"words": _UNREADABLE, "curves": [], "best": [None, None]}
            with self.hold_sync():
                self._paired, self.pair = paired, made

    def _compared(self, a: Kept | None, b: Kept | None) -> dict[str, Any]:
        if a is None or b is None:
            best = [each.iou if each else None for each in (a, b)]
            return {"words": _NOT_TAUGHT[a is not None, b is not None], "curves": [], "best": best}
        histories = [history_of(Store.named(each.name)) for each in (a, b)]
        made: dict[str, Any] = {"words": "", "curves": [], "best": [a.iou, b.iou]}
        if any(history is None or history.best is None for history in histories):
            return made | {"words": _UNREADABLE}
        known = [history for history in histories if history is not None]
        made["curves"] = [curves_of(each, history) for each, history in zip((a, b), known, strict=True)]
        made["epochs"] = [history.best.number for history in known if history.best is not None]
        if not self._learnt_alike(a, b):
            words = "A and B learnt from different images: neither scores nor masks can be compared."
            return made | {"words": words, "best": [None, None]}
        seen = self._seen((a, b), known)
        return made | (seen if isinstance(seen, dict) else {"words": seen})

    def _seen(self, both: tuple[Kept, Kept], histories: Sequence[History]) -> dict[str, Any] | str:
        """The masks at the best epoch of each; or why they cannot be compared."""
        examined, predicted = [], []
        for each, history in zip(both, histories, strict=True):
            dataset = self._images_of(each.name)
            masks = predictions_of(Store.named(each.name), history.best.number) if history.best else None
            if dataset is None or masks is None:
                return _NO_MASKS
            asked = examples_of(each.order, dataset)
            count = min(len(masks), len(asked))
            examined.append([(asked.sizes[place], asked[place]) for place in range(count)])
            predicted.append(masks[:count])
        if [size for size, _ in examined[0]] != [size for size, _ in examined[1]] or not examined[0]:
            return _OTHER_EXAMPLES
        found = [
            common_part(size, (one, other), (mask, rival))
            for (size, one), (_, other), mask, rival in zip(*examined, *predicted, strict=True)
        ]
        seen = [each for each in found if each is not None]
        if len(seen) < len(found):
            return _OTHER_EXAMPLES
        classes = max(2, *(each.order.config.num_classes for each in both))
        return held_against(seen, classes)

    def _learnt_alike(self, a: Kept, b: Kept) -> bool:
        names = a.name, b.name
        if self._alike[0] != names:
            one, other = (self._images_of(name) for name in names)
            self._alike = names, one is not None and other is not None and _same_images(one, other)
        return self._alike[1]

    def _images_of(self, name: str) -> Dataset | None:
        session = self.session
        if session is not None and session.name == name:
            return session.dataset
        known = self._sets or {}
        if name not in known:
            # Two are compared; more are not held.
            known = {**dict(list(known.items())[-1:]), name: Store.named(name).read_dataset()}
            self._sets = known
        return known[name]

    def _let_go(self) -> None:
        super()._let_go()
        self._sets, self._alike = None, ((), False)


def chosen_pair(
    pinned: dict[str, Any], shown: dict[str, Any], kept: Sequence[Kept], of_pinned: str, of_shown: str
) -> tuple[Kept | None, Kept | None]:
    """Which trainings belong to A and to B; two different ones, or None for a design that was not taught.

    Of several of the same design that one counts which was open; then one with the same tile, then the latest.

    Args:
        pinned: The design A, with ``config`` and ``tile``.
        shown: The design B.
        kept: All trainings, the latest first.
        of_pinned: Name of the one that was shown when A was pinned; or empty.
        of_shown: Name of the one that is shown now; or empty.
    """
    same = pinned["config"] == shown["config"]
    others = [each for each in kept if not same or each.name != of_shown or each.name == of_pinned]
    a = _taught(pinned, others, of_pinned)
    b = _taught(shown, [each for each in kept if a is None or each.name != a.name], of_shown)
    return a, b


def _taught(design: dict[str, Any], kept: Sequence[Kept], preferred: str) -> Kept | None:
    found = [each for each in kept if each.order.config.to_dict() == design["config"]]
    rank = {each.name: (each.name == preferred, list(each.order.tile) == design["tile"]) for each in found}
    # Of equals, `max` takes the first.
    return max(found, key=lambda each: rank[each.name], default=None)


def _same_images(one: Dataset, other: Dataset) -> bool:
    if one is other:
        return True
    if (one.titles, one.sizes, one.validation) != (other.titles, other.sizes, other.validation):
        return False
    (mine, files), (its, others) = arrays_of(one), arrays_of(other)
    return files == others and mine.keys() == its.keys() and all(np.array_equal(mine[name], its[name]) for name in mine)


def common_part(
    size: tuple[int, ...], both: tuple[Example, Example], masks: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> Seen | None:
    """The part of an image that both have predicted; None if they are of different images.

    Args:
        size: (height, width) of the whole image.
        both: The example of A and that of B, each the centre of the image.
        masks: What A and B say of theirs.
    """
    shapes = [each.truth.shape for each in both]
    starts = [[(whole - part) // 2 for whole, part in zip(size, shape, strict=True)] for shape in shapes]
    first = [max(each) for each in zip(*starts, strict=True)]
    kept = [min(each) for each in zip(*shapes, strict=True)]
    parts = [
        tuple(slice(at - begin, at - begin + side) for at, begin, side in zip(first, start, kept, strict=True))
        for start in starts
    ]
    one, other = (each.picture[part] for each, part in zip(both, parts, strict=True))
    if both[0].title != both[1].title or not np.array_equal(one, other):
        return None
    cut = tuple(mask[part] for mask, part in zip(masks, parts, strict=True))
    return Seen(both[0]._replace(picture=one, truth=both[0].truth[parts[0]]), (cut[0], cut[1]))


def held_against(seen: Sequence[Seen], classes: int) -> dict[str, Any]:
    """The pictures as the page paints them, and how far their masks agree with the truth and with each other.

    Args:
        seen: The examples, each with both masks.
        classes: How many there are, the background included.

    Returns:
        ``pictures``; ``differ``, the share of pixels with another class, and ``right``, in which share of these A and B
        are; ``iou`` of A and of B against the truth; and ``between``, that of both masks; None where no class but the
        background occurs.
    """
    total = sum(each.masks[0].size for each in seen)
    tables = [sum(confusion(each.example.truth, each.masks[at], classes) for each in seen) for at in range(2)]
    # Of each example where they differ.
    apart = [each.masks[0] != each.masks[1] for each in seen]
    other = int(sum(each.sum() for each in apart))
    right = [
        int(sum((each.masks[at] == each.example.truth)[where].sum() for each, where in zip(seen, apart, strict=True)))
        for at in range(2)
    ]
    between = sum(confusion(each.masks[0], each.masks[1], classes) for each in seen)
    pictures = []
    for example, (a, b) in seen:
        known = {"truth": label_bytes(example.truth), "unknown": bool((example.truth < 0).any())}
        pictures.append(picture(example.picture, example.title, **known, masks=[label_bytes(a), label_bytes(b)]))
    return {
        "pictures": pictures,
        "differ": other / total,
        "right": [each / max(1, other) for each in right],
        "iou": [scores(table).mean_iou for table in tables],
        "between": scores(between).mean_iou,
    }
