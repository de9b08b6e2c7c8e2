"""The files of a data set: which are images, and which mask belongs to each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

from unet_explorer.data.decoded import FORMATS, DataError, listed
from unet_explorer.data.listing import inside, left_out, pictures, visible
from unet_explorer.data.pairs import NUMBERED_WORDS, pair

__all__ = ["Layout", "paired"]


class Layout(NamedTuple):
    """The files of a data set.

    Attributes:
        kind: ``"pairs"``: one mask an image; ``"numbered"``: the same, each number an object; ``"objects"``: one mask
            an object; ``"stack"``: one file of images, one of labels.
        folder: Where they lie.
        images: One file an image.
        masks: For each image its masks; one but for ``"objects"``.
        validation: How many images, the last ones, the set itself keeps to examine a network on.
        classes: Names of the classes, where the set is known by its folders.
        ignore: The number that such a set gives to pixels of which nothing is known.
        notes: What was left out, and why.
    """

    kind: Literal["pairs", "numbered", "objects", "stack"]
    folder: Path
    images: list[Path]
    masks: list[list[Path]]
    validation: int = 0
    classes: tuple[str, ...] = ()
    ignore: int | None = None
    notes: tuple[str, ...] = ()

    def first(self, limit: int | None) -> Layout:
        """At most so many images to learn from, and as many to be examined on."""
        if limit is None:
            return self
        learnt = len(self.images) - self.validation
        places = [*range(min(limit, learnt)), *range(learnt, learnt + min(limit, self.validation))]
        return self._replace(
            images=[self.images[place] for place in places],
            masks=[self.masks[place] for place in places],
            validation=min(limit, self.validation),
        )


def paired(folder: Path, image_folder: Path, mask_folder: Path, root: Path) -> Layout:
    """The data set of a folder of images and one of masks.

    Args:
        folder: Where it lies.
        image_folder: The folder of the images.
        mask_folder: That of the masks.
        root: What links must not lead out of.

    Raises:
        DataError: If there is no image, or one has no mask.
    """
    images, masks = pictures(image_folder, root), pictures(mask_folder, root)
    if not images:
        held = sorted({path.suffix.lower() or path.name for path in visible(image_folder, root)})
        raise DataError(
            f"{inside(image_folder, root)} holds no picture ({listed(held) or 'it is empty'})."
            f"{left_out([image_folder], root)} Allowed are {FORMATS}."
        )
    pairs = pair(images, masks)
    if len(images) == 1 and not pairs and (len(masks) > 1 or folder.name == images[0].stem):
        return Layout("objects", folder, images, [masks])
    lonely = [image.name for image in images if image not in pairs]
    if lonely:
        raise DataError(
            f"{len(lonely):,} of {len(images):,} images in {inside(image_folder, root)} have no mask in "
            f"{inside(mask_folder, root)}: {listed(lonely)}.{left_out([image_folder, mask_folder], root)} A mask is "
            "called like its image, or the same with _mask, _label, _gt or _seg; add it, or take the image out."
        )
    kind: Literal["pairs", "numbered"] = "numbered" if mask_folder.name.lower() in NUMBERED_WORDS else "pairs"
    used = set(pairs.values())
    over = [mask.name for mask in masks if mask not in used]
    notes = (f"{len(over):,} masks without an image were left out: {listed(over)}.",) if over else ()
    return Layout(kind, folder, images, [[pairs[image]] for image in images], notes=notes)
