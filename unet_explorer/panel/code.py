"""The call that opens a design, as a person would write it."""

from __future__ import annotations

from dataclasses import fields

from unet_explorer.core.config import PRESETS, UNetConfig
from unet_explorer.data.made.wanted import Made

__all__ = ["as_code"]


def as_code(config: UNetConfig, tile: tuple[int, int], images: Made | None = None) -> str:
    """The call that opens a design, as a person would write it.

    Args:
        config: The network.
        tile: (height, width) in pixels.
        images: The made set that is learnt from, where that is not the usual one.

    Example:
        >>> print(as_code(UNetConfig(depth=3, base_filters=8), (188, 252), Made("shapes", seed=3)))
        from unet_explorer import explore, shapes
        <BLANKLINE>
        explore("classroom", tile=(188, 252), dataset=shapes(seed=3))
        >>> print(as_code(UNetConfig(depth=2), (572, 572)))
        from unet_explorer import UNetConfig, explore
        <BLANKLINE>
        explore(UNetConfig(depth=2), tile=572)
    """
    names, arguments = {"explore"}, []
    preset = next((name for name, each in PRESETS.items() if each.config == config), None)
    if preset is None:
        names.add("UNetConfig")
        usual = UNetConfig()
        chosen = {each.name: getattr(config, each.name) for each in fields(config)}
        said = [f"{name}={_quoted(value)}" for name, value in chosen.items() if value != getattr(usual, name)]
        arguments.append(f"UNetConfig({', '.join(said)})")
    else:
        arguments.append(_quoted(preset))
    if preset is None or tile != (PRESETS[preset].tile,) * 2:
        arguments.append(f"tile={tile[0] if tile[0] == tile[1] else tile}")
    if images is not None:
        names.add(images.name)
        usual_set = Made(images.name)
        how = [] if images.images == usual_set.images else [f"{images.images}"]
        if images.size != usual_set.size:
            how.append(f"size={images.size[0] if images.size[0] == images.size[1] else images.size}")
        if images.seed != usual_set.seed:
            how.append(f"seed={images.seed}")
        arguments.append(f"dataset={images.name}({', '.join(how)})")
    # Constants, classes, functions: the order in which names are sorted everywhere here.
    listed = ", ".join(sorted(names, key=lambda name: (name.islower(), name)))
    return f"from unet_explorer import {listed}\n\nexplore({', '.join(arguments)})"


def _quoted(value: object) -> str:
    # Words of ours: none holds a quotation mark.
    return f'"{value}"' if isinstance(value, str) else repr(value)
