"""A design as one short text: what comes back is what was sent, and nothing is guessed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest
from hands import Watch
from hypothesis import given, settings
from hypothesis import strategies as st
from support import configs, everything, examples

from unet_explorer import PRESETS, UNetConfig, __main__, cells, explore, plan, shapes
from unet_explorer.core.config import allowed
from unet_explorer.core.tiles import LARGEST
from unet_explorer.core.tokens import WORDS
from unet_explorer.data.augment import Augmentation
from unet_explorer.data.made import SETS
from unet_explorer.data.made.wanted import Made
from unet_explorer.learning.recipe import Recipe
from unet_explorer.lessons.lesson import HIDDEN, lessons
from unet_explorer.panel.code import as_code
from unet_explorer.panel.link import ASKED, LOCKED, LONGEST, Link, link_in, read_link, write_link
from unet_explorer.panel.rooms import TABS


def taught(recipe):
    return {name: value for name, value in recipe.to_dict().items() if name != "batch_size"}


WRITTEN = {
    "unet1-t188-d3-f8-out4-n4-shapes-i7-r1-s1500-combined-v15-atdec1_concat-train-1tgykdn": Link(
        UNetConfig(depth=3, base_filters=8, num_classes=4),
        (188, 188),
        Made("shapes", 24, (256, 256), 7),
        taught(Recipe(steps=1500, loss="combined", augmentation=Augmentation(elastic=False))),
        4,
        "dec1_concat",
        "Train",
    ),
    # Written by the first release that had links: whatever becomes of the defaults, they open what they did then.
    "unet1-t188-d3-f8-11hrn49": Link(UNetConfig(depth=3, base_filters=8), (188, 188)),
    "unet1-t572x444-134zkwb": Link(UNetConfig(), (572, 444)),
}
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz-_"


def recipes():
    rates = st.floats(min_value=0, max_value=1e6, exclude_min=True, allow_nan=False)
    return st.builds(
        Recipe,
        steps=st.integers(1, 1_000_000),
        steps_per_epoch=st.integers(1, 100_000),
        learning_rate=st.sampled_from([0.0015, 0.003, 1.0]) | rates,
        optimizer=st.sampled_from(["adam", "sgd"]),
        loss=st.sampled_from(["cross-entropy", "weighted", "dice", "combined"]),
        patience=st.integers(0, 100_000),
        seed=st.integers(0, 2**31 - 1),
        augmentation=st.builds(Augmentation, **{each.name: st.booleans() for each in fields(Augmentation)}),
    )


@st.composite
def links(draw):
    # Every knob at any value: long kernels at depth 7, and shares with all their figures.
    config = draw(configs())
    config = UNetConfig.from_dict({**config.to_dict(), "dropout": draw(st.floats(0, 1, exclude_max=True))})
    side = st.integers(1, LARGEST)
    # Few enough that a link may bring them.
    made = st.builds(
        Made,
        st.sampled_from(["cells", "membranes", "shapes"]),
        st.integers(1, 100),
        st.tuples(st.integers(16, 1000), st.integers(16, 1000)),
        st.integers(0, 2**32 - 1),
    )
    return Link(
        config,
        (draw(side), draw(side)),
        draw(st.none() | made),
        draw(st.none() | recipes().map(taught)),
        draw(st.integers(1, 1024)),
        draw(st.sampled_from(["", "input", "argmax", *(step.name for step in plan(config))])),
        draw(st.sampled_from(["Design", "Build", "Train", "Tile", "Inside", "Sweep"])),
        draw(st.sampled_from(["", *lessons()])),
        tuple(each for each in LOCKED if draw(st.booleans())),
        tuple(each for each in HIDDEN if draw(st.booleans())),
    )


@(examples(10_000) if everything() else settings(max_examples=300))
@given(links())
def test_any_scene_survives_the_way_there_and_back(link):
    text = write_link(link)
    assert read_link(text) == link
    assert len(text) <= LONGEST
    assert set(text) <= set(SIGNS)


def test_the_longest_link_is_short_enough():
    share, most = 1.2345678901234567e-300, 2**32 - 1
    config = UNetConfig(
        depth=7, base_filters=255, convs_per_block=3, kernel_size=7, padding="same", in_channels=255, num_classes=255,
        upsampling="bilinear", batch_norm=True, dropout=share, head_activation="softmax", skips=False,
    )  # fmt: skip
    recipe = Recipe(
        steps=999_999, steps_per_epoch=99_999, learning_rate=share, optimizer="sgd", loss="combined",
        patience=99_999, seed=2**31 - 2, augmentation=Augmentation(shifts=False, inverted=True),
    )  # fmt: skip
    made = Made("membranes", 10_000, (101, 100), most)
    link = Link(
        config,
        (LARGEST - 1, LARGEST),
        made,
        taught(recipe),
        1023,
        "bottleneck_conv3",
        "Inside",
        max(lessons(), key=len),
        LOCKED,
        HIDDEN,
    )
    assert len(write_link(link)) <= LONGEST
    assert read_link(write_link(link)) == link


@given(links(), st.data())
def test_what_was_cut_off_or_mistyped_is_refused(link, data):
    text = write_link(link)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from([sign for sign in SIGNS if sign != text[at]]))
    wrong = [text[:at] + other + text[at + 1 :], text[:at] + text[at + 1 :], text[:at]]
    if at and text[at] != text[at - 1]:
        wrong.append(text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :])
    for each in wrong:
        with pytest.raises(ValueError, match="cut off or mistyped|is no link"):
            read_link(each)


@pytest.mark.parametrize("text", WRITTEN)
def test_links_of_former_releases_open_what_they_did(text):
    assert read_link(text) == WRITTEN[text]


def test_a_link_may_be_pasted_as_it_comes():
    text = write_link(Link(UNetConfig(), (572, 572)))
    for pasted in (f"  {text}\n", text.upper(), f"http://localhost:8866/voila/?theme=dark&design={text}"):
        assert read_link(pasted).tile == (572, 572)
    assert link_in("http://[") == "http://["


def signed(*tokens, version=1):
    """A link that nobody's panel wrote, with a checksum that agrees."""
    import zlib

    body = "-".join([f"unet{version}", *tokens])
    number, figures = zlib.crc32(body.encode()), ""
    for _ in range(7):
        number, figure = divmod(number, 32)
        figures = "0123456789abcdefghjkmnpqrstvwxyz"[figure] + figures
    return f"{body}-{figures}"


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ((), "it says no tile"),
        (("t188", "d9"), "depth=9 is not allowed"),
        (("t188", "d3", "d4"), "'d4', which this release does not know"),
        (("t188", "zz4"), "Update unet_explorer"),
        (("t0",), "tile="),
        (("t188x188x188",), "tile="),
        (("t1e5",), "tile="),
        (("t188", "mirror"), "'mirror', which this release does not know"),
        (
            (
                "t188",
                "drop1",
            ),
            "dropout=1 is not allowed",
        ),
        (("t188", "skip2"), "skips=2 is not allowed"),
        (("t188", "n0"), "batch_size=0"),
        (("t188", "onnothing"), "There is no lesson 'nothing'"),
        (("t188", "lock99999999"), "99999999, which this release"),
        (("t188", "same", "valid"), "'valid', which this release does not know"),
        (("t188", "cells", "m10000", "px4096"), "a link may bring 1 GB"),
        (("t188", "cells", "px8"), "size="),
        (("t188", "r1", "lr0"), "learning_rate=0"),
        (("t188", "r1", "hinge"), "'hinge', which this"),
        (("t188", "r1", "v64"), "it says 64, which this release does not know"),
        (("t188", "r1", "v1x1"), "it says .1, 1."),
        (("t188", "atdec9_up"), "There is no step 'dec9_up'"),
        (("t188", "secret"), "'secret', which this"),
        (("t188", "t" * 400), "cut off or mistyped"),
        (("t" + "9" * 280,), "tile="),
    ],
)
def test_what_a_link_says_is_checked_as_if_it_were_typed(tokens, words):
    with pytest.raises(ValueError, match="(?s)The link .*" + words.replace("(", r"\(")):
        read_link(signed(*tokens))


def test_whatever_can_be_chosen_in_words_has_one():
    chosen = {knob: allowed(knob).values for knob in ("padding", "upsampling", "head_activation")}
    recipe = {
        each.name: each.metadata["allowed"].values for each in fields(Recipe) if each.name in {"optimizer", "loss"}
    }
    for values in (*chosen.values(), *recipe.values(), SETS, [title.lower() for title in ("Design", *TABS)]):
        assert set(values) in [set(words) for words in WORDS.values()]
    every = [word for words in WORDS.values() for word in words]
    assert len(set(every)) == len(every)


def test_a_later_version_says_what_to_do():
    with pytest.raises(ValueError, match="is of version 2; this release reads version 1: update"):
        read_link(signed("t188", version=2))


def test_the_same_scene_opens_again(state):
    panel = explore(UNetConfig(depth=2, base_filters=4), 76, cells(6, size=96, seed=5))
    panel.instrument.selected, panel.instrument.batch_size = "dec0_concat", 3
    try:
        train = panel.tab("Train")
        train.recipe = {**train.recipe, "steps": 7, "loss": "dice"}
        panel.opened = "Train"
        link = panel.link
    finally:
        panel.close()
    held = read_link(link)
    assert held.images == Made("cells", 6, (96, 96), 5)
    other = explore(link)
    try:
        assert (other.config, other.tile) == (panel.config, panel.tile)
        assert (other.opened, other.instrument.selected, other.instrument.batch_size) == ("Train", "dec0_concat", 3)
        assert other.link == link
        again = other.tab("Train")
        Watch(again).until(lambda: again.dataset is not None and not again.data["loading"])
        # The images are here, and what they would propose has not taken the place of what the link says.
        assert len(again.dataset) == 6
        assert (again.recipe["steps"], again.recipe["loss"]) == (7, "dice")
        assert other.link == link
    finally:
        other.close()
    # Whoever says a tile or images beside the link means these.
    larger = explore(link, 92)
    larger.close()
    assert larger.tile == (92, 92)
    assert "-shapes" in explore(write_link(Link(held.config, held.tile)), None, shapes(2, size=64)).link


def test_own_images_are_not_in_a_link(images):
    import dataclasses

    assert "-cells" in explore("classroom", None, cells(2, size=64)).link
    assert "-cells" not in explore("classroom", None, dataclasses.replace(cells(2, size=64), name="cells")).link
    assert "-cells" not in explore("classroom", None, cells(3, size=64).take([1, 0])).link


@given(configs(), st.integers(1, 999), st.integers(1, 999))
@settings(max_examples=30)
def test_the_code_opens_the_same_design(config, height, width):
    names = {}
    code = as_code(config, (height, width), Made("shapes", 1, (16, 20), 3))
    exec(code.replace("\n\nexplore(", "\n\npanel = explore("), names)  # what the panel itself wrote
    panel = names["panel"]
    assert (panel.config, panel.tile) == (config, (height, width))
    assert panel._open_tabs.dataset.made == Made("shapes", 1, (16, 20), 3)
    panel.close()


def test_code_is_what_a_person_would_write():
    for name, (config, tile) in PRESETS.items():
        assert as_code(config, (tile, tile)).endswith(f'\n\nexplore("{name}")')


def test_the_surroundings_say_what_is_opened(monkeypatch):
    link = write_link(Link(UNetConfig(depth=2), (508, 508)))
    monkeypatch.setenv(ASKED, link)
    assert explore().tile == (508, 508)
    assert explore("classroom").tile == (188, 188)
    # An address counts in a page without cells, and nowhere else.
    monkeypatch.setenv("QUERY_STRING", "design=paper")
    assert explore().tile == (508, 508)
    monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5.13")
    assert explore().tile == (572, 572)


def test_the_command_line_takes_a_design_or_says_what_is_wrong(capsys):
    link = write_link(Link(UNetConfig(depth=2), (508, 508)))
    assert __main__._options(["--design", link]).design == link
    for bad, words in ((link[:-1], "was cut off or mistyped"), ("papper", "is no design: give the link of a panel")):
        with pytest.raises(SystemExit):
            __main__._options(["--design", bad])
        assert words in capsys.readouterr().err


def test_a_link_opens_without_numpy():
    link = write_link(Link(UNetConfig(depth=2), (508, 508), Made("shapes")))
    code = f"import sys, unet_explorer; unet_explorer.explore({link!r}).link; print('numpy' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
