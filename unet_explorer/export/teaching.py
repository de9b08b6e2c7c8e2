"""How a network is taught, as source that stands alone: the cells of a notebook with data, loss and looking."""

from __future__ import annotations

from collections.abc import Sequence
from string import Template
from typing import Final, NamedTuple

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.trace import Trace
from unet_explorer.data.weights import BORDER, SPREAD
from unet_explorer.drawing.palette import class_rgb
from unet_explorer.learning.recipe import MOMENTUM, Recipe

__all__ = ["Taught", "compiling", "data", "feeding", "fitting", "loss_words", "own_data", "predicting", "showing"]

_IMAGES: Final = 12


class Taught(NamedTuple):
    """What is taught, and with what.

    Attributes:
        traced: The network and its tile.
        recipe: How.
        made: The name of a made set.
        classes: Names of the classes.
    """

    traced: Trace
    recipe: Recipe
    made: str
    classes: Sequence[str]

    @property
    def config(self) -> UNetConfig:
        """The network."""
        return self.traced.config

    @property
    def told_apart(self) -> int:
        """How many classes it tells apart: with one score a pixel there are two."""
        return max(2, self.config.num_classes)

    @property
    def logits(self) -> bool:
        """Whether its scores are no shares yet: so with a linear head, and with a ReLU, which is its mistake."""
        return self.config.head_activation not in {"softmax", "sigmoid"}

    @property
    def separately(self) -> bool:
        """Whether each score is judged by itself, as yes or no."""
        return self.config.num_classes == 1 or self.config.head_activation == "sigmoid"


_OWN: Final = Template("""\
images = labels = None
classes = $classes""")
_DATA: Final = Template("""\
if images is None:
    try:
        from unet_explorer import $made

        made = $made($count, size=($height, $width))
        images, labels, classes = made.images, made.labels, made.classes
    except ImportError:
        # Without that package: bright discs in noise.
        dice = np.random.default_rng(0)
        rows, columns = np.mgrid[:$height, :$width]
        labels = np.zeros(($count, $height, $width), "int32")
        for each in labels:
            for row, column, radius in dice.uniform((0, 0, 5), ($height, $width, $radius), (8, 3)):
                each[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = 1
        images = (labels[..., None] + dice.normal(0, 0.5, (*labels.shape, 1))).astype("float32")
$repeated
# The network tells $told_apart classes apart: what is beyond counts as the last.
labels = [np.minimum(np.asarray(each, "int32"), $last) for each in labels]
kept_back = max(1, len(images) // 5)  # the last ones: nothing is learnt from them
print(f"{len(images) - kept_back} images to learn from, {kept_back} to look at afterwards")""")
_REPEATED: Final = Template("""\
    # These are grey, and the network wants $channels channels.
    images = np.repeat(images, $channels, axis=-1)
""")
_FEEDING: Final = Template('''\
TILE, OUTPUT = ($tile), ($output)
BORDER = ($border)  # by so much a tile exceeds its prediction on each side


def prepared(image):
    """Mean 0 and standard deviation 1 in each channel, and mirrored beyond the border."""
    image = np.asarray(image, "float32")
    image = (image - image.mean((0, 1))) / np.maximum(image.std((0, 1)), 1e-6)
    return np.pad(image, [(BORDER[0],) * 2, (BORDER[1],) * 2, (0, 0)], mode="reflect")
$weights

def batches(images, labels, seed=$seed):
    """Tiles from anywhere, and what the network should say of them, for ever."""
    assert all(np.all(np.shape(each) >= np.array(OUTPUT)) for each in labels), f"images are at least {OUTPUT}"
    dice = np.random.default_rng(seed)
    given = [prepared(each) for each in images]
$weighed    while True:
        batch = []
        for number in dice.integers(len(images), size=$batch):
            row, column = (dice.integers(side - part + 1) for side, part in zip(labels[number].shape, OUTPUT))
            window = np.s_[row : row + OUTPUT[0], column : column + OUTPUT[1]]
            tile = given[number][row : row + TILE[0], column : column + TILE[1]]
            parts = $parts
$flipped            batch.append(parts)
        yield tuple(np.stack(each) for each in zip(*batch))''')
_FLIPPED: Final = """\
            if dice.random() < 0.5:
                parts = [each[:, ::-1] for each in parts]
"""
_WEIGHTS: Final = Template('''

def weights_of(truth, pixels):
    """What each pixel counts: rare classes more, and the gaps between objects (equation 2 of the paper)."""
    counted = np.where(pixels > 0, pixels.sum() / (np.count_nonzero(pixels) * np.maximum(pixels, 1)), 0.0)
    objects, weights = [], counted[np.maximum(truth, 0)]
    for number in range(1, $told_apart):
        regions, count = ndimage.label(truth == number)
        objects += [regions == region for region in range(1, count + 1)]
    if len(objects) > 1:
        far = np.stack([ndimage.distance_transform_edt(~each).astype("float32") for each in objects])
        nearest, second = np.partition(far, 1, axis=0)[:2]
        gaps = $border * np.exp(-((nearest + second) ** 2) / (2 * $spread**2))
        weights = weights + np.where(truth > 0, 0, gaps)
    return np.where(truth < 0, 0, weights).astype("float32")
''')
_WEIGHED: Final = Template("""\
    pixels = sum(np.bincount(each[each >= 0], minlength=$told_apart) for each in labels)
    weights = [weights_of(each, pixels) for each in labels]
""")


def own_data(taught: Taught) -> str:
    """The cell in which a colleague's own arrays go."""
    names = [*taught.classes[: taught.told_apart]]
    names += [f"class {number}" for number in range(len(names), taught.told_apart)]
    return _OWN.substitute(classes=repr(tuple(map(str, names))))


def data(taught: Taught) -> str:
    """The cell that makes a set where nobody gave one."""
    height, width = (min(4096, max(64, side)) for side in taught.traced.tile)
    channels = taught.config.in_channels
    return _DATA.substitute(
        made=taught.made,
        count=_IMAGES,
        height=height,
        width=width,
        radius=max(8, min(height, width) // 8),
        repeated=_REPEATED.substitute(channels=channels) if channels > 1 else "",
        told_apart=taught.told_apart,
        last=taught.told_apart - 1,
    )


def feeding(taught: Taught) -> str:
    """The cell that cuts tiles out of images."""
    traced, recipe = taught.traced, taught.recipe
    output = traced.output.height, traced.output.width
    border = [(whole - part) // 2 for whole, part in zip(traced.tile, output, strict=True)]
    weighted = recipe.loss == "weighted"
    weights = _WEIGHTS.substitute(told_apart=taught.told_apart, border=BORDER, spread=SPREAD) if weighted else ""
    return _FEEDING.substitute(
        tile="{}, {}".format(*traced.tile),
        output="{}, {}".format(*output),
        border="{}, {}".format(*border),
        seed=recipe.seed,
        batch=recipe.batch_size,
        weights=weights,
        weighed=_WEIGHED.substitute(told_apart=taught.told_apart) if weighted else "",
        parts="[tile, labels[number][window]" + (", weights[number][window]]" if weighted else "]"),
        flipped=_FLIPPED if recipe.augmentation.flips else "",
    )


_LOSS: Final = Template('''\
def loss(truth, scores):
    """$words"""
    known = keras.ops.cast(truth >= 0, scores.dtype)  # where the label is -1, nothing is known
    labels = keras.ops.maximum(keras.ops.cast(truth, "int32"), 0)
$lines

model.compile(optimizer=$optimizer, loss=loss)''')
_ONE: Final = "wanted = keras.ops.cast(keras.ops.expand_dims(labels, -1) > 0, scores.dtype)"
_HOT: Final = "wanted = keras.ops.one_hot(labels, $count, dtype=scores.dtype)"


def loss_words(taught: Taught) -> str:
    """What the loss of the recipe is, in a sentence."""
    return {
        "cross-entropy": "Cross-entropy of every pixel.",
        "weighted": "Cross-entropy of every pixel; how much each counts is given with the batch.",
        "dice": "One minus Dice of each class, over all pixels of the batch.",
        "combined": "Cross-entropy plus one minus Dice.",
    }[taught.recipe.loss]


def compiling(taught: Taught) -> str:
    """The cell with the loss and the optimizer of the recipe."""
    recipe, lines = taught.recipe, []
    entropy, dice = recipe.loss != "dice", recipe.loss in {"dice", "combined"}
    if taught.separately or dice:
        one = taught.config.num_classes == 1
        lines.append(_ONE if one else Template(_HOT).substitute(count=taught.config.num_classes))
    if entropy:
        kind, given = ("binary", "wanted") if taught.separately else ("sparse_categorical", "labels")
        judged = f"known * keras.losses.{kind}_crossentropy({given}, scores, from_logits={taught.logits})"
        lines.append(f"entropy = {judged}")
    if dice:
        seen = "keras.ops.expand_dims(known, -1)"
        shares = f"keras.ops.{'sigmoid' if taught.separately else 'softmax'}(scores)" if taught.logits else "scores"
        lines.append(f"seen, shares = {seen}, {shares}")
        lines.append("dice = keras.losses.dice(wanted * seen, shares * seen, axis=(0, 1, 2))")
    lines.append(_result(entropy, dice))
    rate = recipe.learning_rate
    adam, sgd = f"keras.optimizers.Adam({rate})", f"keras.optimizers.SGD({rate}, momentum={MOMENTUM})"
    return _LOSS.substitute(
        words=loss_words(taught),
        lines="".join(f"    {line}\n" for line in lines),
        optimizer=sgd if recipe.optimizer == "sgd" else adam,
    )


def _result(entropy: bool, dice: bool) -> str:
    if entropy and dice:
        return "return keras.ops.mean(entropy) + keras.ops.mean(dice)"
    return "return dice" if dice else "return entropy"


_FITTING: Final = Template("""\
history = model.fit(
    batches(images[:-kept_back], labels[:-kept_back]),
    steps_per_epoch=$steps,
    epochs=$epochs,
    shuffle=False,  # they come from anywhere already
    verbose=2,
)""")
_PREDICTING: Final = Template("""\
row, column = ((side - part) // 2 for side, part in zip(labels[-1].shape, OUTPUT))
window = np.s_[row : row + OUTPUT[0], column : column + OUTPUT[1]]
given = prepared(images[-1])[row : row + TILE[0], column : column + TILE[1]]
truth = labels[-1][window]
scores = model.predict(given[None], verbose=0)[0]
predicted = $predicted

for number in range(1, $told_apart):
    known = truth >= 0
    shared = np.sum((predicted == number) & (truth == number))
    either = np.sum(known & ((predicted == number) | (truth == number)))
    name = classes[number] if number < len(classes) else f"class {number}"
    print(f"IoU of {name}: {shared / either:.2f}" if either else f"There is no {name}, and none was predicted.")""")
_SHOWING: Final = Template("""\
colours = np.array($colours, "uint8")
colours = colours[np.arange(256) % len(colours)]  # 0 is the background
shown = np.asarray(images[-1])[window]
shown = shown if shown.shape[-1] == 3 else shown.mean(-1)

figure, axes = plt.subplots(1, 4, figsize=(14, 3.6), layout="constrained")
axes[0].plot(history.epoch, history.history["loss"])
axes[0].set(title="learning", xlabel="epoch", ylabel="loss")
axes[1].imshow((shown - shown.min()) / max(float(np.ptp(shown)), 1e-6), cmap="gray")
axes[1].set(title="image")
for axis, mask, title in zip(axes[2:], (truth, predicted), ("truth", "predicted")):
    axis.imshow(colours[np.maximum(mask, 0)])
    axis.set(title=title)
for axis in axes[1:]:
    axis.set_axis_off()
plt.show()""")


def fitting(taught: Taught) -> str:
    """The cell that teaches."""
    recipe = taught.recipe
    return _FITTING.substitute(steps=min(recipe.steps, recipe.steps_per_epoch), epochs=recipe.epochs)


def predicting(taught: Taught) -> str:
    """The cell that predicts a part of an image that was kept back, and says how good that is."""
    middle = "0.0" if taught.logits else "0.5"
    likeliest = "scores.argmax(-1)" if taught.config.num_classes > 1 else f"(scores[..., 0] > {middle}).astype(int)"
    return _PREDICTING.substitute(predicted=likeliest, told_apart=taught.told_apart)


def showing(taught: Taught) -> str:
    """The cell that draws the loss, the image, the truth and the prediction."""
    return _SHOWING.substitute(colours=[list(class_rgb(number)) for number in range(min(8, taught.told_apart))])
