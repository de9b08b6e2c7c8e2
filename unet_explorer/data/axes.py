"""Planes of an image with more than two axes: which are meant, and how they are read as (height, width, channels)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import Whole, read_value, shown
from unet_explorer.data.decoded import DataError, DecodedImage, Planes, Question, listed, thumbnail

__all__ = ["ChosenPlanes", "Said", "choose", "names_of", "preview"]

_MOST_SHOWN: Final = 24
_MOST: Final = 2**31
_MOST_CHANNELS: Final = 1000
_PREVIEW: Final = 512
"""Pixels a side of what is shown of a plane where it must be asked for."""


class Said(NamedTuple):
    """What whoever opens an image has said of it; see `open_image`. None is what was not said."""

    planes: Planes | None = None
    plane: int | None = None
    level: int | None = None
    channel: Any = None
    z: int | None = None
    t: int | None = None

    @classmethod
    def of(cls, planes: Planes | None, **said: Any) -> Said:
        """Check what was said.

        Raises:
            ValueError: If one is not allowed.

        Example:
            >>> Said.of(None, z=np.int8(2), channel=(0, "DAPI")).words
            {'channel': (0, 'DAPI'), 'z': 2}
        """
        channel = said.pop("channel", None)
        numbers = {
            word: None if value is None else read_value(word, value, Whole(0, _MOST)) for word, value in said.items()
        }
        return cls(planes, channel=None if channel is None else _read_channel(channel), **numbers)

    @property
    def words(self) -> dict[str, Any]:
        """The same as arguments of `open_image`, in plain Python."""
        return {word: value for word, value in self._asdict().items() if value is not None}

    @property
    def by_axis(self) -> bool:
        """Whether anything was said that only a file with named axes can answer."""
        return any(value is not None for value in (self.level, self.channel, self.z, self.t))

    def check_plain(self, name: str) -> None:
        """Refuse what a file without such axes cannot answer.

        Raises:
            DataError: If that was said.
        """
        for word, value in self.words.items():
            if word in ("level", "z", "t", "channel") and value not in (0, [0], (0,)):
                raise DataError(
                    f"{word}={shown(value)} is not allowed: {name} does not say that it has several of that kind, as "
                    f"OME-Zarr and OME-TIFF do. Leave it out."
                )


def _read_channel(channel: Any) -> Any:
    several = isinstance(channel, (list, tuple))
    # What is too long is not gone through.
    parts = list(channel[: _MOST_CHANNELS + 1]) if several else [channel]
    found = [str(each) if isinstance(each, str) else _number(each) for each in parts]
    if not found or None in found or len(found) > _MOST_CHANNELS:
        raise ValueError(
            f"channel={shown(channel)} is not allowed: give the number of a channel, counted from 0, its name, or a "
            "list of these."
        )
    return (tuple(found) if isinstance(channel, tuple) else found) if several else found[0]


def _number(value: object) -> int | None:
    try:
        return int(Whole(0, _MOST).read(value))
    except ValueError:
        return None


class ChosenPlanes:
    """Some planes of an array with named axes, read as an image when parts of it are asked for.

    Args:
        held: Has ``shape`` and ``dtype``, and gives an array for whole numbers and slices.
        letters: A letter for each of its axes, y and x among them.
        fixed: Which place is meant along each axis that is none of the image's.
        channels: Which channels there are, in this order; None where the image has no such axis.

    Example:
        >>> held = np.arange(24).reshape(2, 3, 4)
        >>> ChosenPlanes(held, "cyx", {}, [1, 0])[0, 1:3].tolist(), ChosenPlanes(held, "zyx", {"z": 1}, None).shape
        ([[13, 1], [14, 2]], (3, 4))
    """

    def __init__(self, held: Any, letters: str, fixed: dict[str, int], channels: list[int] | None) -> None:
        self._held, self._letters, self._fixed, self._channels = held, letters, fixed, channels
        sides = dict(zip(letters, held.shape, strict=True))
        more = () if channels is None else (len(channels),)
        self.shape: tuple[int, ...] = (int(sides["y"]), int(sides["x"]), *more)
        self.dtype = np.dtype(held.dtype)
        self.size = math.prod(self.shape)

    def _whole(self) -> Any:
        """All of it, for what only NumPy understands."""
        return self[...]

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if not all(each is Ellipsis or isinstance(each, (int, np.integer, slice)) for each in parts):
            return self._whole()[key]
        rest = [slice(None)] * (len(self.shape) - sum(each is not Ellipsis for each in parts))
        place = next((number for number, each in enumerate(parts) if each is Ellipsis), len(parts))
        every = [*parts[:place], *rest, *parts[place + 1 :]]
        if any(isinstance(each, slice) and (each.step or 1) < 0 for each in every):
            return self._whole()[key]
        wanted = [_slice(each, side) for each, side in zip(every, self.shape, strict=True)]
        pixels = self._read(wanted[0], wanted[1], wanted[2] if self._channels is not None else None)
        return pixels[tuple(slice(None) if isinstance(each, slice) else 0 for each in every)]

    def _read(self, rows: slice, columns: slice, channels: slice | None) -> NDArray[Any]:
        if channels is None:
            return self._part(rows, columns, None)
        assert self._channels is not None
        some = self._channels[channels]
        if some and some == list(range(some[0], some[0] + len(some))):
            return self._part(rows, columns, slice(some[0], some[0] + len(some)))
        # Those that were not asked for are not unpacked.
        every = [self._part(rows, columns, slice(each, each + 1)) for each in some]
        if every:
            return np.concatenate(every, axis=-1)
        return self._part(rows, columns, slice(0, 1))[..., :0]

    def _part(self, rows: slice, columns: slice, channels: slice | None) -> NDArray[Any]:
        """(rows, columns), or with channels behind."""
        along = {"y": rows, "x": columns} | ({} if channels is None else {"c": channels})
        key = tuple(along.get(letter, self._fixed.get(letter, 0)) for letter in self._letters)
        there = "".join(letter for letter in self._letters if letter in along)
        part: NDArray[Any] = np.asarray(self._held[key])
        return part.transpose([there.index(letter) for letter in along])


def _slice(key: Any, side: int) -> slice:
    """What is read of a side: forwards, and within it."""
    if not isinstance(key, slice):
        number = range(side)[int(key)]
        return slice(number, number + 1)
    start, stop, step = key.indices(side)
    return slice(start, max(start, stop), step)


def preview(held: Any, letters: str, place: dict[str, int]) -> NDArray[Any]:
    """The middle of a plane, in its first channel.

    Args:
        held: Gives parts of itself.
        letters: What each of its axes is.
        place: Along t and z.
    """
    sides = dict(zip(letters, held.shape, strict=True))
    fixed = {letter: min(number, sides[letter] - 1) for letter, number in place.items() if letter in sides}
    image = ChosenPlanes(held, letters, fixed, None)
    rows, columns = (slice(max(0, (side - _PREVIEW) // 2), (side + _PREVIEW) // 2) for side in image.shape)
    middle: NDArray[Any] = np.nan_to_num(image[rows, columns])
    return middle


def choose(
    shape: Sequence[int],
    letters: str,
    said: Said,
    name: str,
    labels: Sequence[str] = (),
    read: Callable[[dict[str, int]], NDArray[Any]] | None = None,
) -> tuple[str, dict[str, int], list[int] | None]:
    """Which planes are meant by what was said.

    Args:
        shape: Of the array.
        letters: What each of its axes is: t, c, z, y, x; anything else must have a length of 1.
        said: What was said.
        name: What to call the file in an error.
        labels: What channels are called, as far as it is known.
        read: Reads a small picture of a plane, told its place along z and t, to be shown where it must be asked.

    Returns:
        The letters as they are meant, and what `ChosenPlanes` takes: the place along each other axis, and channels.

    Raises:
        DataError: If it is not said which plane is meant, or there is no such; it says what there is.

    Example:
        >>> choose((5, 3, 9, 9), "zcyx", Said(z=4, channel="red"), "a.zarr", ("red", "green", "blue"))
        ('zcyx', {'z': 4, 'c': 0}, None)
    """
    sides = dict(zip(letters, map(int, shape), strict=True))
    others = [letter for letter in letters if letter not in "tczyx" and sides[letter] > 1]
    if others:
        raise DataError(f"{name} has an axis that is neither time, channel, z, y nor x. Save the part that is meant.")
    deep = [letter for letter in "tz" if sides.get(letter, 1) > 1]
    if said == Said(planes="channels", level=said.level) and sides.get("c", 1) == 1 and len(deep) == 1:
        # Whoever says so of a file without channels means the one axis that it has.
        letters = letters.replace("c", "?").replace(deep[0], "c")
        return letters, {}, list(range(sides[deep[0]]))
    fixed = _planes(sides, deep, said, name, labels, read)
    channels = _channels(sides.get("c", 1), said, name, labels)
    if isinstance(channels, int):
        return letters, fixed | ({"c": channels} if "c" in sides else {}), None
    return letters, fixed, channels


def _planes(
    sides: dict[str, int],
    deep: list[str],
    said: Said,
    name: str,
    labels: Sequence[str],
    read: Callable[[dict[str, int]], NDArray[Any]] | None,
) -> dict[str, int]:
    """The place along z and t."""
    given = {letter: value for letter, value in (("t", said.t), ("z", said.z)) if value is not None}
    for letter, value in given.items():
        if value >= sides.get(letter, 1):
            there = f"{letter} from 0 to {sides[letter] - 1}" if letter in deep else f"one place along {letter}"
            raise DataError(f"{letter}={value} is not allowed: {name} has {there}.")
    count = math.prod(sides[letter] for letter in deep)
    if said.plane is not None:
        if given:
            raise DataError(f"plane={said.plane} counts all planes of {name}: leave it out, or z= and t=.")
        if said.plane >= count:
            raise DataError(f"plane={said.plane} is not allowed: {name} holds {count} planes, counted from 0.")
        if not given:
            return _places(said.plane, sides, deep)
    if any(letter not in given for letter in deep):
        raise _which(sides, given, name, labels, read)
    return {letter: given.get(letter, 0) for letter in ("t", "z") if letter in sides}


def _places(plane: int, sides: dict[str, int], deep: Sequence[str]) -> dict[str, int]:
    """The place along t and z of a plane, of all counted with z the faster."""
    found = np.unravel_index(plane, [sides[letter] for letter in deep]) if deep else ()
    places = dict(zip(deep, map(int, found), strict=True))
    return {letter: places.get(letter, 0) for letter in ("t", "z") if letter in sides}


def _channels(count: int, said: Said, name: str, labels: Sequence[str]) -> int | list[int]:
    """One channel, without an axis of its own, or several."""
    if said.channel is None:
        return list(range(count)) if count > 1 else 0
    several = isinstance(said.channel, (list, tuple))
    found = []
    for each in said.channel if several else [said.channel]:
        named = [number for number, label in enumerate(labels[:count]) if label == each]
        # Two of one name are told apart by their numbers alone.
        number = each if isinstance(each, int) else named[0] if len(named) == 1 else count
        if number >= count:
            raise DataError(f"channel={shown(each)} is not allowed: {name} has {_channels_in_words(count, labels)}.")
        found.append(number)
    return found if several else found[0]


def names_of(channels: list[int] | None, labels: Sequence[str]) -> tuple[str, ...] | None:
    """What the channels of an image are called: nothing where it is not known, None where there is no such axis.

    Example:
        >>> names_of([2, 0], ("DAPI",))
        ('', 'DAPI')
    """
    return None if channels is None else tuple(labels[each] if each < len(labels) else "" for each in channels)


def _channels_in_words(count: int, labels: Sequence[str]) -> str:
    if count == 1:
        return "one channel, channel=0"
    named = f" ({listed(labels[:count], 8)})" if any(labels[:count]) else ""
    return f"{count} channels{named}, channel=0 to channel={count - 1}"


def _which(
    sides: dict[str, int],
    given: dict[str, int],
    name: str,
    labels: Sequence[str],
    read: Callable[[dict[str, int]], NDArray[Any]] | None,
) -> DataError:
    """Ask which of several planes is meant, say what there is, and show some."""
    deep = [letter for letter in "tz" if sides.get(letter, 1) > 1]
    missing = [letter for letter in deep if letter not in given]
    count = math.prod(sides[letter] for letter in missing)
    spans = " and ".join(f"{letter}=0 to {letter}={sides[letter] - 1}" for letter in reversed(missing))
    call = ", ".join(f"{letter}={given.get(letter, 0)}" for letter in reversed(deep))
    words = f"{name} holds {math.prod(sides[letter] for letter in deep)} planes. Say which is meant: {spans}, as in "
    words += f"open_image(path, {call})"
    words += f"; or, all of them counted, open_image(path, plane=0) to plane={count - 1}." if missing == deep else "."
    channels = sides.get("c", 1)
    if channels > 1:
        words += f" Each has {_channels_in_words(channels, labels)}."
    elif len(deep) == 1:
        words += ' If they are channels of one image: open_image(path, planes="channels").'
    choices, pictures = [], []
    for number in range(0, count, -(-count // _MOST_SHOWN)):
        place = _places(number, sides, missing) | given
        choices.append((number, ", ".join(f"{letter} {place[letter]}" for letter in reversed(missing))))
        if read is not None:
            pictures.append(thumbnail(DecodedImage(read(place), None)))
    option = "plane" if missing == deep else missing[0]
    return DataError(words, Question(option, tuple(choices), tuple(pictures)))
