"""The words of the field, each in two sentences: for the panel, where they stand, and for the README."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["GLOSSARY", "Term", "as_markdown", "entries"]


class Term(NamedTuple):
    """A word, what it means, and how else the panel calls it."""

    name: str
    meaning: str
    also: tuple[str, ...] = ()


GLOSSARY: Final = (
    Term(
        "accuracy",
        "The share of all pixels that are given the right class. It misleads where one class covers almost "
        "everything: saying “background” everywhere may be 91 % right and find nothing.",
    ),
    Term(
        "argmax",
        "For every pixel, the class with the highest score. It turns the scores of the last layer into a mask.",
    ),
    Term(
        "batch",
        "The tiles that one step of learning looks at together. More of them make steadier steps, and take more "
        "memory.",
        ("tiles per batch",),
    ),
    Term(
        "batch normalisation",
        "Shifts and scales the values between a convolution and its ReLU, so that they stay in one range. It often "
        "makes learning faster, and costs two more numbers per channel to learn.",
        ("batch norm",),
    ),
    Term(
        "border",
        "Pixels at the edge of a tile that get no prediction: each convolution without padding removes the "
        "outermost pixels. The deeper the network, the wider the border.",
        ("border lost",),
    ),
    Term(
        "bottleneck",
        "The lowest level of the U, between both paths. Its maps are smallest and have most channels.",
    ),
    Term(
        "channels",
        "How many values a map has at every pixel. An image has 1 if it is grey and 3 in colour; inside the network "
        "every channel is what one filter has found.",
        (
            "image channels",
            "channels",
        ),
    ),
    Term(
        "classes",
        "What a pixel may be, such as background or cell. The network gives every pixel a score for each of them.",
        ("class",),
    ),
    Term(
        "contracting path",
        "The left arm of the U: convolutions and poolings in turn. Going down it learns what is there, and loses "
        "where.",
        ("contracting path ↓",),
    ),
    Term(
        "convolution",
        "A small window, the kernel, slides over the map; at every place its weights are multiplied with what lies "
        "under it, and summed. Without padding the map gets smaller, since the window must stay inside.",
        (
            "3×3 convolution",
            "convs per block",
            "1×1 convolution",
            "kernel",
        ),
    ),
    Term(
        "crop",
        "What is cut off every side of a skip before it joins the way up. The map from the left arm is larger, "
        "since fewer convolutions have made it smaller.",
        (
            "copy and crop",
            "crop per side",
            "the skip keeps",
        ),
    ),
    Term(
        "deconvolution",
        "Another name for the up-convolution, and a misleading one: nothing is undone. It is a transposed "
        "convolution, which spreads every pixel over several.",
    ),
    Term(
        "depth",
        "How often the map is halved on the way down, and doubled on the way up. Every level looks twice as far.",
    ),
    Term(
        "Dice",
        "Twice the pixels that truth and prediction share, divided by the pixels of both together; 1 is perfect. As "
        "a loss it cares for small things as much as for large ones.",
    ),
    Term(
        "dropout",
        "While learning, a share of the values is set to zero by chance. So the network cannot rely on a single one "
        "of them; when predicting, nothing is dropped.",
    ),
    Term(
        "epoch",
        "Here a fixed number of steps, not one pass over all images; then the network is tried on validation "
        "images. The weights of the best epoch are kept.",
        ("steps per epoch",),
    ),
    Term(
        "expanding path",
        "The right arm of the U: up-convolutions, each joined by a skip. Going up it learns where things are.",
        ("expanding path ↑",),
    ),
    Term(
        "feature map",
        "What one filter has found, at every pixel: bright where its pattern occurs. A layer makes one per channel.",
        ("map",),
    ),
    Term(
        "filters",
        "How many different patterns a layer looks for; each makes one channel. Here it is those of the first "
        "convolution, and every level down has twice as many.",
    ),
    Term(
        "fits",
        "A tile fits if every pooling gets an even side and something is left at the bottom. Then every map "
        "has whole sides, and skips meet what comes up.",
        ("snap to fitting sizes",),
    ),
    Term(
        "head",
        "The last layer: a 1×1 convolution that turns the channels of each pixel into a score for each class. "
        "Linear means that the scores are left as they are, which is what the loss wants.",
    ),
    Term(
        "IoU",
        "Intersection over union: the pixels that truth and prediction share, divided by those in either of them. 1 "
        "is perfect, and a mask that finds nothing gets 0.",
        ("mean IoU",),
    ),
    Term(
        "learning rate",
        "How far the weights are changed at every step. With too small a rate nothing is learnt in time, with too "
        "large a one training breaks down.",
    ),
    Term(
        "level",
        "A row of the U: all maps that were halved equally often. Level 0 is the top.",
    ),
    Term(
        "logits",
        "The scores of the classes before a softmax turns them into probabilities. The loss takes them as they are.",
    ),
    Term(
        "loss",
        "One number for how wrong the network is on a batch. Learning changes the weights so that it falls.",
    ),
    Term(
        "MAC",
        "One multiplication and one addition, the unit of work of a network. Multiply-adds tell how long a tile takes.",
        (
            "multiply-adds (mac) per tile",
            "multiply-adds",
        ),
    ),
    Term(
        "mask",
        "An image with a class for every pixel. The network is taught with masks, and predicts one.",
        (
            "its mask",
            "truth",
            "prediction",
        ),
    ),
    Term(
        "max-pooling",
        "Of every 2×2 pixels only the largest value is kept, so the map is halved. An odd side would leave a row "
        "without a partner, so it cannot be halved.",
        (
            "2×2 max-pool",
            "2×2 max-pooling",
        ),
    ),
    Term(
        "optimizer",
        "The rule by which the weights are changed once it is known in which direction the loss falls. Adam adapts "
        "the step of every weight; momentum keeps going where it went before.",
    ),
    Term(
        "padding",
        "Zeros round a map, so that a convolution leaves its size as it is. Without it the map shrinks, but every "
        "value is made of real pixels alone.",
    ),
    Term(
        "parameters",
        "The numbers that are learnt: the weights of all kernels, and a bias per channel. They do not depend on the "
        "tile.",
    ),
    Term(
        "receptive field",
        "The part of the tile that one pixel of a map depends on. What lies outside cannot change it.",
        (
            "receptive field of a pixel",
            "sees",
        ),
    ),
    Term(
        "ReLU",
        "Sets negative values to zero and leaves the others. Without it many layers could do no more than one.",
    ),
    Term(
        "semantic segmentation",
        "Naming what every single pixel belongs to. It answers what and where at once, where a classifier answers "
        "only what.",
    ),
    Term(
        "skip",
        "A copy of a map from the left arm that joins the right arm on the same level. It brings back where things "
        "are, which the poolings have lost.",
        (
            "skips",
            "copy",
        ),
    ),
    Term(
        "softmax",
        "Turns the scores of a pixel into probabilities, which add up to 1. The highest score gets the largest.",
    ),
    Term(
        "step",
        "One change of all weights, learnt from one batch. A few hundred are enough for the small sets here.",
        ("steps",),
    ),
    Term(
        "tile",
        "The piece of an image that the network is given at once. An image larger than it is covered by many.",
    ),
    Term(
        "up-convolution",
        "Doubles a map: every pixel is spread over 2×2 new ones, with weights that are learnt. Its proper name is "
        "transposed convolution with stride 2.",
        (
            "2×2 up-convolution",
            "up-sampling",
        ),
    ),
)
"""In the order of the alphabet."""


def entries() -> list[dict[str, object]]:
    """The glossary for the page: each term with the words by which it is found, in small letters."""
    return [
        {"name": term.name, "meaning": term.meaning, "words": sorted({term.name.lower(), *map(str.lower, term.also)})}
        for term in GLOSSARY
    ]


def as_markdown() -> str:
    """The glossary as the README prints it.

    Example:
        >>> as_markdown().splitlines()[0][:13]
        '- **accuracy*'
    """
    return "\n".join(f"- **{term.name}**: {term.meaning}" for term in GLOSSARY)
