"""Of what each result in a folder was made, so that one of something else is never taken for done."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

from unet_explorer.predict.parts import state_of

__all__ = ["Noted"]

_FILE: Final = ".predictions.jsonl"


class Noted:
    """A line for each result of a folder: the network's file by its checksum, the image by its size and time.

    Lines are only ever added; the last one of a result counts, and one that was cut off counts for nothing.

    Args:
        out: The folder of the results, which need not be there yet.
        model: The file of the network.
    """

    def __init__(self, out: Path, model: Path) -> None:
        self._file = out / _FILE
        with model.open("rb") as stream:
            self._network = hashlib.file_digest(stream, "sha256").hexdigest()
        self._lines = _read(self._file)

    def differs(self, image: Path, result: Path) -> str:
        """Why a result that is there cannot count as that of an image, in words; empty if it can.

        Args:
            image: What would be predicted.
            result: What is there.
        """
        line = self._lines.get(result.name)
        if line is None:
            return "and no run of this command has noted what it was made of"
        if line.get("network") != self._network:
            return "of another network"
        if line.get("image") != self._of(image):
            return "of another image, or one that was changed since"
        return ""

    def note(self, image: Path, result: Path) -> None:
        """Note that a result is there, whole.

        Raises:
            OSError: If there is no room.
        """
        line = {"result": result.name, "network": self._network, "image": self._of(image)}
        with self._file.open("ab") as stream:
            # Behind a line that was cut off it would be part of that.
            stream.write(f"\n{json.dumps(line)}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._lines[result.name] = line

    @staticmethod
    def _of(image: Path) -> list[int] | None:
        state = state_of(image)
        return None if state is None else list(state)


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        text = file.read_text("utf-8", errors="replace")
    except OSError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for words in text.splitlines():
        try:
            line = json.loads(words)
            found[str(line["result"])] = dict(line)
        except (ValueError, KeyError, TypeError):
            continue
    return found
