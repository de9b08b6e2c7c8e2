"""What the fuzz suite makes and hands over: each kind of hostile file, and who reads it.

A kind is a function of a seeded generator of chance and an empty folder; it yields what is to be called. Whatever is
called gives a result or raises an error of the package. Another kind is another function in `KINDS`.
"""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from junk import junk
from PIL import Image

Calls = Iterator[Callable[[], Any]]

ODD = (0, 1, 2, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 257, 1000, 2**15, 2**16 - 1, 2**16, 2**20, 10**6)
HUGE = (2**31 - 1, 2**31, 2**32 - 1, 60_000, 10**9)
GREY = (np.arange(40 * 52).reshape(40, 52) % 251).astype(np.uint8)
MASK = np.where((np.arange(52) > 20)[None] & (np.arange(40) > 9)[:, None], 255, 0).astype(np.uint8)
STACK = np.stack([GREY, GREY[::-1], GREY // 2])
TAGS = (254, 256, 257, 258, 259, 262, 277, 278, 317, 322, 323, 330, 338, 34665)
LARGEST_WHOLE = 1 << 26


def mutated(data: bytes, dice: random.Random, most: int = 400) -> bytes:
    """Bytes that were changed here and there, mostly at their beginning or end; some are cut off or doubled."""
    changed = bytearray(data)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3, 8))):
        if not changed:
            break
        reach = dice.choice((min(most, len(changed)), len(changed)))
        place = dice.randrange(reach) if dice.random() < 0.8 else len(changed) - 1 - dice.randrange(reach)
        match dice.randrange(6):
            case 0:
                changed[place] ^= 1 << dice.randrange(8)
            case 1:
                changed[place] = dice.randrange(256)
            case 2:
                changed[place : place + 4] = struct.pack(dice.choice("<>") + "I", dice.choice(ODD + HUGE))
            case 3:
                changed[place : place + 2] = struct.pack(dice.choice("<>") + "H", dice.choice(ODD) % 2**16)
            case 4:
                del changed[place : place + dice.choice((1, 2, 4, 100, 10**9))]
            case 5:
                changed[place:place] = changed[place : place + dice.choice((1, 4, 12, 100))]
    return bytes(changed)


def _read_pixels(path: Path, **options: Any) -> None:
    """As a notebook does: some parts, then all of what is small."""
    from unet_explorer import open_image

    image = open_image(path, **options)
    _ = np.asarray(image[:8, :8]), np.asarray(image[-3:, -3:])
    if image.nbytes < LARGEST_WHOLE:
        np.asarray(image[...])


def _shown(path: Path) -> None:
    from unet_explorer.panel.tabs.chosen_image import ChosenImage

    ChosenImage().open(str(path))


def _read_everywhere(folder: Path, name: str, data: bytes, other: bytes) -> Calls:
    from unet_explorer import from_folder, from_stack

    for part, content in (("images", data), ("masks", other)):
        (folder / part).mkdir(exist_ok=True)
        (folder / part / name).write_bytes(content)
    path = folder / "images" / name
    yield partial(_read_pixels, path)
    yield partial(_read_pixels, path, plane=1)
    yield partial(_read_pixels, path, planes="channels")
    yield partial(_read_pixels, path, z=0, channel=0, level=1)
    yield partial(_shown, path)
    yield partial(from_stack, path, np.zeros((3, 40, 52), int))
    yield partial(from_folder, folder)
    yield partial(from_folder, folder / "masks", folder / "images", planes="images")


def _saved(pixels: np.ndarray, kind: str, mode: str = "", **options: Any) -> bytes:
    file = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(file, kind, **options)
    return file.getvalue()


@cache
def _pictures() -> tuple[bytes, ...]:
    modes = {"PNG": ("L", "P", "RGB", "RGBA", "1", "LA"), "GIF": ("P",), "BMP": ("L", "RGB", "1"), "JPEG": ("L", "RGB")}
    found = [_saved(GREY, kind, mode) for kind, several in modes.items() for mode in several]
    found += [_saved(GREY, "WEBP", "RGB", lossless=each) for each in (True, False)]
    return (*found, _saved(GREY.astype("u2") * 99, "PNG"), _saved(GREY, "JPEG", "RGB", progressive=True))


def picture(dice: random.Random, folder: Path) -> Calls:
    """PNG, GIF, BMP, JPEG and WebP."""
    data = dice.choice(_pictures())
    if data[1:4] == b"PNG" and dice.random() < 0.4:
        head = struct.pack(">IIBBBBB", dice.choice(ODD + HUGE), dice.choice(ODD + HUGE), *data[24:29])
        data = data[:16] + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + data[33:]
    yield from _read_everywhere(folder, "a.png", mutated(data, dice), _saved(MASK, "PNG"))


def _tiff_of(pixels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, pixels, **options)
    return file.getvalue()


@cache
def _tiffs() -> tuple[bytes, ...]:
    plain: dict[str, Any] = {"photometric": "minisblack"}
    found = [_tiff_of(GREY, **options) for options in ({}, {"bigtiff": True}, {"byteorder": ">"}, {"tile": (16, 16)})]
    found += [_tiff_of(GREY.astype(kind), compression="zlib", predictor=kind != "f4") for kind in ("u1", "u2", "f4")]
    found += [_tiff_of(GREY, compression="zlib", **options) for options in ({"tile": (16, 32)}, {"rowsperstrip": 7})]
    found += [_tiff_of(np.dstack([GREY] * 3), photometric="rgb", planarconfig=each) for each in (1, 2)]
    found += [_tiff_of(STACK, **plain, **options) for options in ({}, {"truncate": True}, {"imagej": True})]
    found += [
        _tiff_of(STACK, **plain, ome=True),
        _tiff_of(STACK, **plain, metadata={"axes": "ZYX"}, compression="zlib"),
    ]
    found += [_saved(GREY, "TIFF", mode, compression=each) for mode in ("L", "P") for each in ("tiff_lzw", "packbits")]
    file = io.BytesIO()
    with tifffile.TiffWriter(file) as writer:
        writer.write(GREY, subifds=2, compression="zlib")
        writer.write(GREY[::2, ::2], subfiletype=1)
        writer.write(GREY[::4, ::4], subfiletype=1)
    return (*found, file.getvalue(), _saved(GREY > 99, "TIFF", "1", compression="group4"))


@cache
def _places(data: bytes) -> tuple[list[int], list[int]]:
    """Where entries of pages begin, and where it stands where the next page is; of classic TIFF alone."""
    entries, following = [], [4]
    order = "<" if data[:2] == b"II" else ">"
    while data[2:3] != b"+" and (page := struct.unpack_from(order + "I", data, following[-1])[0]):
        count = struct.unpack_from(order + "H", data, page)[0]
        entries += [page + 2 + 12 * number for number in range(count)]
        following.append(page + 2 + 12 * count)
    return entries, following


def tiff(dice: random.Random, folder: Path) -> Calls:
    """TIFF: also entries that say what is not so, pages that lead anywhere, and strips that unpack to anything."""
    data = bytearray(dice.choice(_tiffs()))
    entries, following = _places(bytes(data))
    order = "<" if data[:2] == b"II" else ">"
    for _ in range(dice.choice((0, 1, 1, 2, 4)) if entries else 0):
        place = dice.choice(entries)
        match dice.randrange(5):
            case 0:
                struct.pack_into(order + "H", data, place, dice.choice(TAGS))
            case 1:
                struct.pack_into(order + "H", data, place + 2, dice.randrange(20))
            case 2:
                struct.pack_into(order + "I", data, place + 4, dice.choice(ODD + HUGE))
            case 3:
                struct.pack_into(order + "I", data, place + 8, dice.choice(ODD + HUGE + (8, dice.randrange(len(data)))))
            case 4:
                target = struct.unpack_from(order + "I", data, dice.choice(following))[0] or dice.randrange(len(data))
                struct.pack_into(order + "I", data, dice.choice(following), target)
    if dice.random() < 0.05:
        for place in entries:
            # Where the pixels are, and how many bytes they take.
            values = dict.fromkeys((273, 324), len(data)) | dict.fromkeys((279, 325), len(_bomb()))
            if (code := struct.unpack_from(order + "H", data, place)[0]) in values:
                struct.pack_into(order + "HII", data, place + 2, 4, 1, values[code])
        data += _bomb()
    content = bytes(data) if dice.random() < 0.5 else mutated(bytes(data), dice)
    yield from _read_everywhere(folder, "a.tif", content, _saved(MASK, "TIFF"))


def npy(dice: random.Random, folder: Path) -> Calls:
    """Arrays as NumPy saves them, with heads that say anything; and archives of them under that name."""
    file = io.BytesIO()
    pixels = dice.choice((GREY, STACK, GREY.astype("f8"), GREY > 9, GREY.astype("U3"), np.array([{}])))
    (np.savez if dice.random() < 0.1 else np.save)(file, pixels)
    data = file.getvalue()
    if dice.random() < 0.5:
        shape = tuple(dice.choice((*ODD, *HUGE, -1, 10**30)) for _ in range(dice.randrange(5)))
        kind = dice.choice(("|u1", "<f8", "<U1000000", "|V0", "|O", "<u2", "<f2", "<c16"))
        head = f"{{'descr': '{kind}', 'fortran_order': {dice.random() < 0.3}, 'shape': {shape}, }}\n".encode()
        data = b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + bytes(dice.choice((0, 100, 10_000)))
    yield from _read_everywhere(folder, "a.npy", mutated(data, dice), data)


def _anything(dice: random.Random, value: Any) -> Any:
    """Plain values with one of them replaced."""
    if isinstance(value, dict) and value and dice.random() < 0.9:
        key = dice.choice(sorted(value))
        return {**value, key: _anything(dice, value[key])} if dice.random() < 0.9 else {**value, "x" + key: value[key]}
    if isinstance(value, list) and value and dice.random() < 0.7:
        place = dice.randrange(len(value))
        return [*value[:place], _anything(dice, value[place]), *value[place + dice.randrange(2) :]]
    return dice.choice((*ODD, *HUGE, -1, 1.5, None, True, "", "u1", "gzip", "../x", [], {}, [10**9, 10**9], [1], 1e308))


@cache
def _arrays() -> tuple[tuple[tuple[str, bytes], ...], ...]:
    """Files of arrays of Zarr: of both versions, packed in several ways, in shards."""
    import tempfile

    import numcodecs
    import zarr
    from zarr.codecs import BloscCodec, GzipCodec, ZstdCodec

    new = [{"compressors": each} for each in (None, GzipCodec(), ZstdCodec(), BloscCodec())]
    new += [{"compressors": each, "shards": (32, 32)} for each in (None, GzipCodec(), ZstdCodec())]
    packers = (None, numcodecs.Zlib(), numcodecs.BZ2(), numcodecs.LZ4(), numcodecs.Blosc(), numcodecs.Zstd())
    old = [{"compressors": each, "zarr_format": 2} for each in packers]
    found = []
    for options in (*new, *old):
        with tempfile.TemporaryDirectory() as place:
            zarr.create_array(f"{place}/a.zarr", data=GREY, chunks=(16, 16), **options)
            root = Path(place, "a.zarr")
            every = sorted(each for each in root.rglob("*") if each.is_file())
            found.append(tuple((each.relative_to(root).as_posix(), each.read_bytes()) for each in every))
    return tuple(found)


@cache
def _bomb() -> bytes:
    """64 MiB of nothing."""
    return zlib.compress(bytes(1 << 26), 9)


def zarr(dice: random.Random, folder: Path) -> Calls:
    """Arrays of Zarr: what they say of themselves, and chunks."""
    root = folder / "a.zarr"
    for name, data in dice.choice(_arrays()):
        content = data
        if name.endswith((".json", ".zarray", ".zattrs")):
            if dice.random() < 0.5:
                content = json.dumps(_anything(dice, json.loads(data))).encode()
            content = mutated(content, dice) if dice.random() < 0.2 else content
        elif dice.random() < 0.5:
            content = _bomb() if dice.random() < 0.1 else mutated(data, dice, 20)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    yield partial(_read_pixels, root)
    yield partial(_shown, root)


@cache
def _groups() -> tuple[tuple[tuple[str, bytes], ...], ...]:
    """Files of images of OME-Zarr: of both versions, with channels, depth, and two levels."""
    import tempfile

    import zarr

    found = []
    for version in (2, 3):
        with tempfile.TemporaryDirectory() as place:
            scales = [{"type": "scale", "scale": [1, 1, 0.5, 0.5]}, {"type": "translation", "translation": [0] * 4}]
            datasets = [{"path": path, "coordinateTransformations": scales} for path in ("0", "s/1")]
            axes = [{"name": "c", "type": "channel"}]
            axes += [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
            many = [{"version": "0.4", "axes": axes, "datasets": datasets, "coordinateTransformations": scales[:1]}]
            said = {"multiscales": many, "omero": {"channels": [{"label": "a"}, {"label": "b"}]}}
            attributes = said if version == 2 else {"ome": {"version": "0.5", **said}}
            root = Path(place, "a.zarr")
            zarr.open_group(str(root), mode="w", zarr_format=version, attributes=attributes)
            for path, step in (("0", 1), ("s/1", 2)):
                data = np.stack([STACK, STACK])[..., ::step, ::step]
                zarr.create_array(f"{root}/{path}", data=data, chunks=(1, 2, 16, 16), zarr_format=version)
            every = sorted(each for each in root.rglob("*") if each.is_file())
            found.append(tuple((each.relative_to(root).as_posix(), each.read_bytes()) for each in every))
    return tuple(found)


def ome(dice: random.Random, folder: Path) -> Calls:
    """Images of OME-Zarr: what groups and their levels say of themselves."""
    from unet_explorer.data.pixel_size import pixel_size

    root = folder / "a.zarr"
    for name, data in dice.choice(_groups()):
        content = data
        if name.endswith((".json", ".zarray", ".zattrs", ".zgroup")):
            for _ in range(dice.choice((0, 1, 1, 4)) if "/" not in name else dice.choice((0, 0, 0, 1))):
                content = json.dumps(_anything(dice, json.loads(content))).encode()
            content = mutated(content, dice) if dice.random() < 0.1 else content
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    yield partial(_read_pixels, root)
    yield partial(_read_pixels, root, z=1)
    yield partial(_read_pixels, root, z=2, channel=["b", 0], level=1)
    yield partial(_read_pixels, root, plane=1, channel=1)
    yield partial(_read_pixels, root, planes="channels")
    yield partial(_shown, root)
    yield partial(pixel_size, root)


def zips(dice: random.Random, folder: Path) -> Calls:
    """A set in a zip: hostile names, and damage."""
    from unet_explorer import from_folder

    names = ("../x.png", "/x.png", "images/\0.png", "images/" + "a" * 300 + ".png", "C:x.png", "images", "é/ß.png", "")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", dice.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for number in range(2):
            archive.writestr(f"set/images/{number}.png", mutated(dice.choice(_pictures()), dice))
            archive.writestr(f"set/masks/{number}.png", _saved(MASK, "PNG"))
        if dice.random() < 0.2:
            archive.writestr(zipfile.ZipInfo(dice.choice(names)), b"x" * dice.choice((0, 10, 10**6)))
        if dice.random() < 0.3:
            archive.writestr("set/classes.txt", mutated(b"empty\nfull #ff0000\n", dice))
    path = folder / "a.zip"
    path.write_bytes(mutated(file.getvalue(), dice, 60) if dice.random() < 0.7 else file.getvalue())
    yield partial(from_folder, path)


def state(dice: random.Random, folder: Path) -> Calls:
    """What a training has left on disc."""
    import os

    from unet_explorer import UNetConfig, cells
    from unet_explorer.learning.kept import kept_trainings
    from unet_explorer.learning.recipe import Order, Recipe
    from unet_explorer.learning.store import Store

    os.environ["UNET_EXPLORER_STATE"] = str(folder)
    store = Store.new()
    store.write("order.json", Order(UNetConfig(depth=2, base_filters=4), (76, 76), Recipe()).to_dict())
    store.write("state.json", {"state": "stopped"})
    store.write("history.json", {"losses": [1.0, 0.5], "epochs": [{"step": 2, "iou": 0.5}]})
    store.write_dataset(cells(2, size=64))
    for file in sorted(store.folder.iterdir()):
        content = file.read_bytes()
        if file.suffix == ".json" and dice.random() < 0.3:
            content = json.dumps(_anything(dice, json.loads(content))).encode()
        file.write_bytes(mutated(content, dice, 200) if dice.random() < 0.4 else content)
    for name in ("order.json", "state.json", "owner.json", "history.json", "dataset.json"):
        yield partial(store.read, name)
    yield partial(store.read_arrays, "dataset.npz")
    yield store.read_dataset
    yield kept_trainings


def message(dice: random.Random, folder: Path) -> Calls:
    """What goes between notebook and worker."""
    from unet_explorer.learning.messages import read_message, write_message

    stream = io.BytesIO()
    sent = {"request": "maps", "number": 7, "image": GREY, "more": [STACK, {"losses": np.zeros((0, 3), "f4")}]}
    write_message(stream, sent)
    data = stream.getvalue()
    if dice.random() < 0.5:
        head = json.loads(data[8 : 8 + struct.unpack("!Q", data[:8])[0]])
        if dice.random() < 0.5:
            head["message"] = json.dumps(_anything(dice, json.loads(head["message"])))
        text = json.dumps(_anything(dice, head)).encode()
        data = struct.pack("!Q", len(text)) + text + GREY.tobytes() + STACK.tobytes()
    yield partial(read_message, io.BytesIO(mutated(data, dice)))


def config(dice: random.Random, folder: Path) -> Calls:
    """Networks and tiles."""
    from dataclasses import fields

    from unet_explorer import UNetConfig, best_tile, nearest_sizes, trace

    values = list(junk())
    chosen = {each.name: dice.choice(values) for each in fields(UNetConfig) if dice.random() < 0.2}
    yield partial(UNetConfig, **chosen)
    network = UNetConfig(depth=dice.randrange(1, 6), base_filters=dice.randrange(1, 40))
    for ask in (trace, nearest_sizes):
        yield partial(ask, network, dice.choice((*values, *ODD, (dice.choice(ODD), dice.choice(ODD)))))
    yield partial(
        best_tile, network, (dice.choice(ODD), dice.choice(values)), dice.choice(("2 GB", dice.choice(values)))
    )


KINDS: dict[str, Callable[[random.Random, Path], Calls]] = {
    "config": config,
    "picture": picture,
    "tiff": tiff,
    "npy": npy,
    "zarr": zarr,
    "ome": ome,
    "zip": zips,
    "state": state,
    "message": message,
}


def emptied(folder: Path) -> Path:
    """A folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
