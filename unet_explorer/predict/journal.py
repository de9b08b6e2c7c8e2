"""What a run over a folder has done so far, so that the next one goes on from there."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from unet_explorer.whole import printable, whole

if TYPE_CHECKING:
    import keras

__all__ = ["Journal", "fingerprint"]

_HEAD, _LINES = "prediction.json", "images.jsonl"
_OWN: Final = (_HEAD, _LINES, "summary.csv")
_HALF: Final = re.compile(r"\.(.+)\.[0-9a-f]{8}\.half")
_FORMAT: Final = 1
_COUNTED: Final = ("height", "width", "objects", "shares")


def fingerprint(
    model: keras.Model, normalize: bool | None, saves: Sequence[str], classes: Sequence[str]
) -> dict[str, Any]:
    """What results depend on: the network with its weights, as a checksum, and what was said of them.

    Tiles and batches are left out: up to rounding, results do not depend on them.

    Args:
        model: The network.
        normalize: As `predict_image` is given it.
        saves: What is written.
        classes: Names of the classes.

    Example:
        >>> from unet_explorer import UNetConfig, build_model
        >>> model = build_model(UNetConfig(depth=1, base_filters=2))
        >>> first = fingerprint(model, None, ["mask"], [])
        >>> model.layers[1].bias.assign([1.0, 2.0]) is None, fingerprint(model, None, ["mask"], []) == first
        (False, False)
    """
    from unet_explorer.model import config_of, is_prepared

    config = json.dumps(config_of(model).to_dict(), sort_keys=True)
    summed = hashlib.sha256(config.encode())
    for weight in model.get_weights():
        summed.update(f"{weight.shape} {weight.dtype.str}".encode())
        summed.update(weight.tobytes())
    prepare = is_prepared(model) if normalize is None else bool(normalize)
    settings = {"normalize": prepare, "save": list(saves), "classes": list(classes)}
    return {"format": _FORMAT, "network": summed.hexdigest(), "settings": settings}


class Journal:
    """A line for each image that was begun, and one for each that is done.

    Lines are only ever added, each to the disc before the next image; one that was cut off counts for nothing.

    Args:
        out: The folder of the results.
        lines: What was noted before.
    """

    def __init__(self, out: Path, lines: Sequence[dict[str, Any]]) -> None:
        self._out = out
        self._done: dict[str, dict[str, Any]] = {}
        self._names: dict[str, str] = {}
        self._ours: set[str] = set()
        for line in lines:
            self._note(line)

    @classmethod
    def open(cls, out: Path, wanted: dict[str, Any], again: bool = False) -> Journal:
        """Go on with what is there, or begin.

        Args:
            out: The folder of the results.
            wanted: What results depend on; see `fingerprint`.
            again: Count nothing as done.

        Raises:
            ValueError: If results of another network or other settings are there, and `again` is not said.
        """
        head = _read_head(out / _HEAD)
        lines = _read_lines(out / _LINES)
        if head is not None and head != wanted and not again:
            kind = "network" if head.get("network") != wanted["network"] else "settings"
            was = "" if kind == "network" else f" ({_words(head)} then, {_words(wanted)} now)"
            raise ValueError(
                f"{printable(out)} holds results of {'another network' if kind == 'network' else 'other settings'}{was}"
                ": give another folder as out, or again=True to make all anew."
            )
        if again or head is None:
            # What was written stays known as ours, or it could not be replaced.
            lines = [{**line, "done": False} for line in lines]
        # Written anew, for what is added behind a line that was cut off would be part of that.
        with whole(out / _LINES) as half:
            half.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        if head != wanted:
            with whole(out / _HEAD) as half:
                half.write_text(json.dumps(wanted, indent=1), "utf-8")
        opened = cls(out, lines)
        opened._sweep()
        return opened

    def names(self, images: Sequence[Path]) -> dict[Path, str]:
        """What the results of each image are called: as before; else as the image, with its ending if need be."""
        found = {image: self._names[image.name] for image in images if image.name in self._names}
        taken = {name.casefold() for name in self._names.values()}
        alike = Counter(image.stem.casefold() for image in images)
        for image in images:
            if image in found:
                continue
            offered = [image.stem] if alike[image.stem.casefold()] == 1 else []
            offered.append(image.name)
            more = (f"{image.name}~{number}" for number in itertools.count(2))
            # On some systems a and A are one file.
            found[image] = next(name for name in itertools.chain(offered, more) if name.casefold() not in taken)
            taken.add(found[image].casefold())
        return found

    def is_done(self, image: Path) -> bool:
        """Whether the results are there and whole, of this image as it is now."""
        line = self._done.get(image.name)
        if line is None or line["source"] != _source(image.stat()):
            return False
        return all(_size(self._out / file) == size for file, size in line["files"].items())

    def is_ours(self, file: str) -> bool:
        """Whether a run has written this file, or was about to."""
        return file in self._ours

    def counted(self, image: Path) -> dict[str, Any]:
        """What was noted of an image that is done."""
        counted: dict[str, Any] = self._done[image.name]["counted"]
        return counted

    def begin(self, image: Path, name: str, files: Sequence[str]) -> None:
        """Note what is about to be written."""
        if not all(map(self.is_ours, files)) or image.name in self._done:
            self._add({"image": image.name, "name": name, "files": dict.fromkeys(files, 0), "done": False})

    def end(self, image: Path, name: str, files: Sequence[str], state: os.stat_result, counted: dict[str, Any]) -> None:
        """Note what was written, and of which image."""
        sizes = {file: _size(self._out / file) for file in files}
        line = {"image": image.name, "name": name, "files": sizes, "source": _source(state), "counted": counted}
        self._add({**line, "done": True})

    def _sweep(self) -> None:
        """Delete what a run that was killed has left half-written."""
        for half in self._out.glob(".*.half"):
            named = _HALF.fullmatch(half.name)
            if named and (named[1] in _OWN or any(file.startswith(named[1]) for file in self._ours)):
                half.unlink(missing_ok=True)

    def _add(self, line: dict[str, Any]) -> None:
        with (self._out / _LINES).open("ab") as stream:
            stream.write(f"{json.dumps(line)}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._note(line)

    def _note(self, line: dict[str, Any]) -> None:
        self._names[line["image"]] = line["name"]
        self._ours.update(line["files"])
        self._done.pop(line["image"], None)
        if line["done"]:
            self._done[line["image"]] = line


def _read_head(path: Path) -> dict[str, Any] | None:
    try:
        head = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return head if isinstance(head, dict) else None


def _read_lines(path: Path) -> list[dict[str, Any]]:
    """The lines that can be understood; whoever has changed the file finds nothing done rather than something wrong."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return []
    lines = []
    for words in text.splitlines():
        try:
            line = json.loads(words)
            plain = all(Path(line[word]).name == line[word] for word in ("image", "name")) and dict(line["files"])
            counted = line["done"] and [line["source"], *(line["counted"][word] for word in _COUNTED)]
        except (ValueError, KeyError, TypeError):
            continue
        if plain and (counted or not line["done"]):
            lines.append(line)
    return lines


def _words(head: dict[str, Any]) -> str:
    settings = head.get("settings")
    some = settings.items() if isinstance(settings, dict) else ()
    return ", ".join(f"{word}={value!r}" for word, value in some)


def _source(state: os.stat_result) -> list[int]:
    return [state.st_size, state.st_mtime_ns]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if not path.is_symlink() else -1
    except OSError:
        return -1
