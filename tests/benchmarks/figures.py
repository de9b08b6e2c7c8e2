"""From a changed knob to a right figure, beside plot_model and visualkeras: python tests/benchmarks/figures.py.

For these two, `pip install pydot visualkeras` and Graphviz; what is not there is left out. All start from the same
network with a knob changed, and end with the file on disc. What each file shows is read back from it, not believed.
"""

from __future__ import annotations

import os
import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from measure import Timing, timed

from unet_explorer import UNetConfig, build_model, save_figure, trace

TILE, RUNS = 572, 5
FILTERS = count(8)
SVG = "{http://www.w3.org/2000/svg}"


def changed() -> UNetConfig:
    """The paper's network with another number of filters each time."""
    return UNetConfig(base_filters=next(FILTERS))


def ours(kind: str) -> Callable[[Path], UNetConfig]:
    def save(folder: Path) -> UNetConfig:
        config = changed()
        save_figure(config, TILE, folder / f"ours.{kind}", overwrite=True)
        return config

    return save


def plot_model(kind: str) -> Callable[[Path], UNetConfig]:
    from keras.utils import plot_model

    def save(folder: Path) -> UNetConfig:
        config = changed()
        path = folder / f"keras.{kind}"
        path.unlink(missing_ok=True)
        # Once the file is there, it wants to show an SVG in a notebook, and fails.
        with suppress(ValueError):
            plot_model(build_model(config, TILE), str(path), show_shapes=True, show_layer_names=True)
        if not path.exists():
            raise ImportError("plot_model wrote nothing")
        return config

    return save


def visualkeras(view: str) -> Callable[[Path], UNetConfig]:
    import visualkeras

    def save(folder: Path) -> UNetConfig:
        config = changed()
        getattr(visualkeras, view)(build_model(config, TILE), to_file=str(folder / f"{view}.png"))
        return config

    return save


def shown(path: Path, config: UNetConfig) -> dict[str, str]:
    """What an SVG shows of the network: sizes, skips, and whether both ends of the U are level and its bottom below."""
    root = ET.fromstring(path.read_text("utf-8"))
    texts = " ".join("".join(node.itertext()) for node in root.iter() if node.tag == f"{SVG}text")
    rows = [row for row in trace(config, TILE) if row.step.op not in {"norm", "relu", "dropout", "upsample"}]
    heights = {}
    for group in root.iter(f"{SVG}g"):
        words = group.get("data-step") or " ".join("".join(node.itertext()) for node in group.iter(f"{SVG}text"))
        for name in ("input", "bottleneck_conv1", "head"):
            places = re.findall(r'(?: y=|points=")"?[\d.-]*,?(-?[\d.]+)', ET.tostring(group, encoding="unicode"))
            if re.match(rf"{name}\b", words.split("(")[0].strip()) and places:
                heights.setdefault(name, float(places[0]))
    level = len(heights) == 3 and heights["bottleneck_conv1"] > heights["head"] + 50 > heights["input"]
    crops = [row.crop for row in rows if row.crop]
    sizes = sum(str(row.output.height) in texts for row in rows)
    return {
        "sizes": f"{sizes} of {len(rows)}",
        "crops": f"{sum(f'crop {each}' in texts for each in crops)} of {len(crops)}",
        "U": "yes" if level else "no",
    }


def ways() -> list[tuple[str, Callable[[], Callable[[Path], UNetConfig]]]]:
    mine = [(f"save_figure .{kind}", lambda kind=kind: ours(kind)) for kind in ("svg", "pdf", "png", "tex", "dot")]
    theirs = [(f"Keras plot_model .{kind}", lambda kind=kind: plot_model(kind)) for kind in ("svg", "png")]
    views = [
        (f"visualkeras {view} .png", lambda view=view: visualkeras(view)) for view in ("layered_view", "graph_view")
    ]
    return [*mine, ("building the Keras model alone", lambda: built), *theirs, *views]


def built(_: Path) -> UNetConfig:
    """What the others need first."""
    config = changed()
    build_model(config, TILE)
    return config


def measured(make: Callable[[], Callable[[Path], UNetConfig]], folder: Path) -> tuple[Timing | None, str]:
    try:
        save = make()
        config = save(folder)
        timing = timed(lambda: save(folder), RUNS)
    except Exception as problem:  # noqa: BLE001  # whatever it is, it is told
        return None, f"{type(problem).__name__}: {str(problem)[:60]}"
    del config
    return timing, ""


def main() -> None:
    folder = Path(os.environ.get("FIGURES", tempfile.mkdtemp()))
    build_model(changed(), TILE)  # TensorFlow is loaded before anything is measured
    base = None
    print(f"The paper's network at {TILE} px with another number of filters; files in {folder}\n")
    for name, make in ways():
        timing, problem = measured(make, folder)
        if timing is None:
            print(f"  {name:<34} not here: {problem}")
            continue
        base = base or timing.median
        print(f"  {name:<34} {timing!s:<44} {timing.median / base:6.1f} × the first")
    print()
    for name, make, file in (
        ("save_figure", lambda: ours("svg"), "ours.svg"),
        ("Keras plot_model", lambda: plot_model("svg"), "keras.svg"),
    ):
        try:
            config = make()(folder)
            print(f"  {name:<34} {shown(folder / file, config)}")
        except Exception as problem:  # noqa: BLE001
            print(f"  {name:<34} not here: {problem}")
    print(f"  {'visualkeras graph_view':<34} a picture without words: no sizes, no crops; skips as lines; no U")


if __name__ == "__main__":
    main()
