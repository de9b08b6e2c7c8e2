"""Step-by-step arithmetic on single sides and pixels, written from the paper and not from the package.

Slow and plain on purpose: it is what the laws are tested against.
"""

from __future__ import annotations

from unet_explorer import UNetConfig


class Misfit(Exception):
    """Carries the step at fault and the side to blame."""


def sides(config: UNetConfig, n: int) -> dict[str, int]:
    """The side of every map, one operation after the other."""
    eaten = config.kernel_size - 1 if config.padding == "valid" else 0
    found = {"input": n}

    def record(name: str, side: int) -> int:
        if side < 1:
            raise Misfit(name, side)
        found[name] = side
        return side

    def block(name: str, side: int) -> int:
        for number in range(1, config.convs_per_block + 1):
            side = record(f"{name}_conv{number}", side - eaten)
            if config.batch_norm:
                found[f"{name}_norm{number}"] = found[f"{name}_relu{number}"] = side
        return side

    skips = []
    for level in range(config.depth):
        n = block(f"enc{level}", n)
        if config.dropout and level == config.depth - 1:
            found[f"enc{level}_dropout"] = n
        skips.append(n)
        if n % 2:
            raise Misfit(f"enc{level}_pool", n)
        n = record(f"enc{level}_pool", n // 2)
    n = block("bottleneck", n)
    if config.dropout:
        found["bottleneck_dropout"] = n
    for level in reversed(range(config.depth)):
        n *= 2
        if config.upsampling == "bilinear":
            found[f"dec{level}_upsample"] = n
        n = record(f"dec{level}_up", n)
        if config.skips:
            assert skips[level] >= n
            assert (skips[level] - n) % 2 == 0
            record(f"dec{level}_concat", n)
        n = block(f"dec{level}", n)
    record("head", n)
    return found


def crops(config: UNetConfig, n: int) -> list[int]:
    """Pixels a side, deepest first."""
    if not config.skips:
        return []
    found = sides(config, n)
    last = f"conv{config.convs_per_block}"
    return [(found[f"enc{level}_{last}"] - found[f"dec{level}_up"]) // 2 for level in reversed(range(config.depth))]


def seen(config: UNetConfig, n: int, step: str, pixel: int) -> tuple[int, int]:
    """First and last pixel of the tile that a pixel depends on, walked back one operation at a time.

    Every map is clipped to its own borders on the way.
    """
    found = sides(config, n)
    names = list(found)
    rim = (config.kernel_size - 1) // 2 if config.padding == "same" else 0
    cut = dict(zip(reversed(range(config.depth)), crops(config, n), strict=config.skips))
    need = {step: (pixel, pixel)}
    for name in reversed(names[1 : names.index(step) + 1]):
        if name not in need:
            continue
        first, last = need.pop(name)
        before = names[names.index(name) - 1]
        if "_concat" in name:
            level = int(name[3])
            skip = [each for each in names if each.startswith(f"enc{level}") and "pool" not in each][-1]
            _widen(need, skip, first + cut[level], last + cut[level], found)
        elif name.endswith("_pool"):
            first, last = 2 * first, 2 * last + 1
        elif name.endswith("_upsample"):
            # Half-pixel centres: output i samples the input at (i + 0.5) / 2 - 0.5, between two pixels.
            first, last = int((first - 0.5) // 2), int((last + 1.5) // 2)
        elif name.endswith("_up"):
            first, last = (first, last + 1) if config.upsampling == "bilinear" else (first // 2, last // 2)
        elif "_conv" in name:
            first, last = first - rim, last - rim + config.kernel_size - 1
        _widen(need, before, first, last, found)
    return need["input"]


def _widen(need: dict[str, tuple[int, int]], name: str, first: int, last: int, found: dict[str, int]) -> None:
    first, last = max(first, 0), min(last, found[name] - 1)
    if name in need:
        first, last = min(first, need[name][0]), max(last, need[name][1])
    need[name] = (first, last)
