"""Arrays in folders of Zarr: looked at before they are opened, and each chunk before it is unpacked."""

from __future__ import annotations

import bz2
import contextlib
import json
import math
import struct
import zlib
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from unet_explorer.data.decoded import LARGEST_FILE, DataError, listed, read_bytes
from unet_explorer.data.guard import SLACK, check_padding, check_unpacked, unpacked_length
from unet_explorer.data.multiscales import inside

__all__ = ["needed_zarr", "open_zarr", "writable_zarr", "zarr_package"]

_SAME_SIZE: Final = frozenset({"bytes", "transpose", "crc32c", "delta", "shuffle", "bitround", "endian"})
"""Codecs that leave as many bytes as they find, or a few more."""
_PACKED: Final = frozenset({"gzip", "zlib", "bz2", "lz4", "blosc", "zstd"})
_SHARDED: Final = "sharding_indexed"
_HEADS: Final = (".json", ".zarray", ".zattrs", ".zgroup", ".zmetadata")
_LONGEST_HEAD: Final = 1 << 22
_LARGEST_INDEX: Final = 1 << 26
_BLOCK: Final = 1 << 17
"""Bytes that a block of zstd unpacks to, at most."""
_EARLY: Final = 1 << 24


class _Layout(NamedTuple):
    """How an array lies in its files.

    Attributes:
        chunk: Bytes of a chunk, unpacked; in a shard, of one of those in it.
        codec: What packs it, or nothing.
        several: How many there are in a file; 0 where each has its own.
    """

    chunk: int
    codec: str
    several: int


def zarr_package() -> Any | None:
    """The package ``zarr``, or None where it is not there, or older than 3.

    Example:
        >>> zarr_package().__name__
        'zarr'
    """
    with contextlib.suppress(ImportError):
        import zarr

        # tifffile hands its pieces to Zarr 3 alone.
        if int(zarr.__version__.partition(".")[0]) >= 3:
            return zarr
    return None


def needed_zarr(name: str) -> Any:
    """The package ``zarr`` for a file that is not read without it.

    Args:
        name: What to call the file.

    Raises:
        DataError: If it is not there; it names the command that brings it.
    """
    zarr = zarr_package()
    if zarr is None:
        raise DataError(
            f"{name} is read piece by piece with the package zarr, which is not here, or older than 3: "
            'pip install "zarr>=3", or save it as TIFF without compression.'
        )
    return zarr


def open_zarr(zarr: Any, folder: Path, name: str, root: Path | None = None) -> Any:
    """An array of Zarr whose chunks are looked at before they are unpacked.

    Args:
        zarr: The package.
        folder: Where it is.
        name: What to call it in an error.
        root: The folder of the image that it belongs to, which no link in it may leave; none is looked at otherwise.

    Raises:
        DataError: If it is no array of numbers, or a link in it leads out, or its chunks are larger than itself, or
            packed in a way of which it is not known how large they become.
    """
    for head in ("zarr.json", ".zarray"):
        _check_link(folder / head, root, f"{name}/{head}")
    return zarr.open_array(_store(zarr, folder, name, _layout(folder, name), root), mode="r")


def writable_zarr(zarr: Any, folder: Path | str) -> Any:
    """An array of our own to write into, in which a chunk of zeros becomes a file as well.

    Or it could not be told from one that is missing. Zarr's ``open_array`` takes the same option and forgets it.

    Args:
        zarr: The package.
        folder: Where it is.
    """
    return zarr.open(str(folder), mode="r+", config={"write_empty_chunks": True})


def _check_link(file: Path, root: Path | None, name: str) -> None:
    if root is not None and not inside(file, root):
        raise DataError(f"{name} leads out of the folder of its image. It is not followed.")


def _layout(folder: Path, name: str) -> _Layout:
    found = [each for each in (folder / "zarr.json", folder / ".zarray") if each.exists()]
    head = json.loads(read_bytes(found[0], name, _LONGEST_HEAD)) if found else {}
    if head.get("node_type", "array" if head else "") != "array":
        inside = sorted(each.name for each in folder.iterdir() if each.is_dir())[:50]
        hint = f" Give one of the folders in it, if one is an array: {listed(inside)}." if inside else ""
        raise DataError(f"{name} is no array of Zarr, but a group without an image of its own, or empty.{hint}")
    shape, chunk, said, codecs, inner = _new(head) if "codecs" in head else _old(head)
    kind = np.dtype(said)
    if kind.kind not in "biuf":
        raise DataError(f"{name} holds {kind}, not real numbers: save 8 or 16 bits, or floats.")
    check_padding(shape, chunk, kind.itemsize, name)
    several = 0
    if inner is not None:
        several = math.prod(-(-side // step) for side, step in zip(chunk, inner, strict=True))
        if several * 16 > _LARGEST_INDEX:
            raise DataError(f"{name} has {several:,} chunks in a shard: save it in larger ones.")
        chunk = inner
    size = math.prod(chunk) * kind.itemsize
    if size > LARGEST_FILE:
        raise DataError(f"{name} is stored in chunks of {size / 1e9:.1f} GB: save it in smaller ones.")
    packed = [each for each in codecs if each not in _SAME_SIZE]
    if len(packed) > 1 or not _PACKED.issuperset(packed):
        raise DataError(f"{name} is packed with {listed(packed)}: save it with blosc, zstd or gzip alone.")
    return _Layout(size, packed[0] if packed else "", several)


def _new(head: dict[str, Any]) -> tuple[list[int], list[int], str, list[str], list[int] | None]:
    """Shape, chunk, kind, codecs, and the sides of chunks in shards, of version 3."""
    chunk = head["chunk_grid"]["configuration"]["chunk_shape"]
    codecs = [each if isinstance(each, dict) else {"name": each} for each in head["codecs"]]
    inner = None
    if [each["name"] for each in codecs] == [_SHARDED]:
        settings = codecs[0]["configuration"]
        index = [each["name"] for each in settings["index_codecs"]]
        if index not in (["bytes"], ["bytes", "crc32c"]) or settings.get("index_location", "end") != "end":
            raise ValueError("its shards do not have their list at the end")
        inner, codecs = settings["chunk_shape"], settings["codecs"]
    return head["shape"], chunk, head["data_type"], [each["name"].removeprefix("numcodecs.") for each in codecs], inner


def _old(head: dict[str, Any]) -> tuple[list[int], list[int], str, list[str], None]:
    """The same of version 2."""
    codecs = [each["id"] for each in (*(head.get("filters") or ()), head.get("compressor")) if each]
    return head["shape"], head["chunks"], head["dtype"], codecs, None


def _store(zarr: Any, folder: Path, name: str, layout: _Layout, root: Path | None) -> Any:
    """A store of Zarr that looks at what it hands over."""

    class Guarded(zarr.storage.LocalStore):  # type: ignore[misc]  # Zarr may not be there
        def _look(self, key: str) -> None:
            # A pipe or a device would wait for ever.
            file = folder / key
            if file.exists() and not file.is_file():
                raise DataError(f"{name} holds {key}, which is no plain file. Leave it out.")
            _check_link(file, root, f"{name}/{key}")

        async def get(self, key: str, prototype: Any = None, byte_range: Any = None) -> Any:
            self._look(key)
            found = await super().get(key, prototype, byte_range)
            return _checked(found, key, byte_range)

        def get_sync(self, key: str, **options: Any) -> Any:
            self._look(key)
            return _checked(super().get_sync(key, **options), key, options.get("byte_range"))

    def _checked(found: Any, key: str, part: Any) -> Any:
        # The list of what is in a shard is asked for from the end, and is not packed.
        bare = key.endswith(_HEADS) or isinstance(part, zarr.abc.store.SuffixByteRequest)
        if found is not None and not bare:
            _check(found.to_bytes(), layout, f"{name}/{key}", whole=part is None)
        return found

    return Guarded(folder, read_only=True)


def _check(data: bytes, layout: _Layout, name: str, *, whole: bool) -> None:
    """Refuse a chunk that unpacks to more than its part of the image."""
    parts = [data]
    if layout.several and whole:
        parts = _in_shard(data, layout.several)
    for part in parts:
        check_unpacked(layout.chunk, len(part), name)
        if _unpacked(part, layout.codec, layout.chunk + SLACK) > layout.chunk + SLACK:
            raise DataError(f"{name} unpacks to more bytes than a chunk has pixels: it is damaged. Leave it out.")


def _in_shard(data: bytes, several: int) -> list[bytes]:
    """The chunks in a shard, by its list at the end, be it with a checksum or without."""
    length = 16 * several
    parts = []
    for index in (data[-length - 4 : -4], data[-length:]):
        pairs = struct.iter_unpack("<QQ", index) if len(index) == length else ()
        parts += [data[start : start + count] for start, count in pairs if start + count <= len(data)]
    return parts


def _unpacked(data: bytes, codec: str, most: int) -> int:
    """How many bytes a chunk becomes, or more than `most`."""
    match codec:
        case "gzip" | "zlib":
            return unpacked_length(lambda: zlib.decompressobj(47), data, most)
        case "bz2":
            return unpacked_length(bz2.BZ2Decompressor, data, most)
        case "lz4":
            return int.from_bytes(data[:4], "little")
        case "blosc":
            return int.from_bytes(data[4:8], "little")
        case "zstd":
            return _of_zstd(data)
    return len(data)


def _of_zstd(data: bytes) -> int:
    """At most so many bytes come of frames of zstd: each block says its size, or unpacks to 128 KiB at most."""
    count, place, said = 0, 0, 0
    while data[place : place + 4] == b"\x28\xb5\x2f\xfd":
        flags = data[place + 4]
        single, wide = flags >> 5 & 1, flags >> 6
        sized = (1 if single else 0, 2, 4, 8)[wide]
        at = place + 5 + (not single) + (0, 1, 2, 4)[flags & 3]
        said = max(said, int.from_bytes(data[at : at + sized], "little") + (256 if wide == 1 else 0))
        place, last = at + sized, False
        while not last and place + 3 <= len(data):
            block = int.from_bytes(data[place : place + 3], "little")
            last, form, size = bool(block & 1), block >> 1 & 3, block >> 3
            count += _BLOCK if form == 2 else size
            place += 3 + (1 if form == 1 else size)
        place += 4 * (flags >> 2 & 1)
    # Where no frame says it, a writer may have begun a block early now and then.
    return said or max(0, count - _EARLY)
