"""The panel without a browser: what is accepted, refused, kept and cleaned up."""

from __future__ import annotations

import base64
import json
import re
import threading

import pytest
import traitlets
from hypothesis import given
from ipywidgets.widgets import widget as widgets
from support import configs, examples

from unet_explorer import PRESETS, Explorer, UNetConfig, estimate_memory, explore, plan, trace, valid_sizes
from unet_explorer.drawing.svg import standalone
from unet_explorer.panel import cells as panel_cells
from unet_explorer.panel.instrument.facts import describe, knobs, presets


@pytest.fixture
def panel():
    made = explore("paper")
    yield made
    made.close()


def test_what_explore_opens():
    assert explore("paper").config == UNetConfig()
    assert explore("paper").tile == (572, 572)
    # Unless it is told otherwise, a design that learns while people watch.
    assert (explore().config, explore().tile[0]) == PRESETS["classroom"]
    assert explore("classroom").tile == (188, 188)
    assert explore(UNetConfig(depth=5)).tile[0] in valid_sizes(UNetConfig(depth=5))
    assert explore("paper", (512, 600)).tile == (512, 600)
    assert not explore("paper", (512, 600)).instrument.linked
    assert isinstance(explore(), Explorer)
    for bad in ("papper", 4, {"depth": 3}, []):
        with pytest.raises(ValueError, match="design=.* is not known: give a UNetConfig, the name of a preset"):
            explore(bad)
    with pytest.raises(ValueError, match="tile='x' is not allowed"):
        explore("paper", "x")


def test_code_may_change_what_is_shown(panel):
    panel.config = UNetConfig(depth=2)
    assert panel.instrument.network["config"]["depth"] == 2
    panel.tile = 100, 60
    assert panel.tile == (100, 60)
    for bad in (0, "572", None, (1, 2, 3)):
        with pytest.raises(ValueError, match="tile="):
            panel.tile = bad
    for bad in ({"depth": 9}, None, "classroom"):
        with pytest.raises(ValueError, match="config=.* is not a network: give a UNetConfig"):
            panel.config = bad
    assert panel.config.depth == 2


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"config": {"depth": 99}}, "Depth: 99 is not allowed. Give a whole number from 1 to 7."),
        ({"config": {"depth": "<img src=x onerror=alert(1)>"}}, "Depth: '<img src=x onerror=alert(1)>' is not allowed"),
        ({"config": {"depth": None}}, "Depth: None is not allowed"),
        ({"config": "x"}, "A design is a dict"),
        ({"tile": [0, 5]}, "tile=[0, 5] is not allowed"),
        ({"tile": "572"}, "tile='572' is not allowed"),
        ({"tile": [572.5, 572]}, "is not allowed"),
        ({"batch_size": 0}, "Tiles per batch: 0 is not allowed. Give a whole number from 1 to 4,096."),
    ],
)
def test_what_the_browser_sends_is_checked_and_the_last_good_state_kept(panel, sent, words):
    before = panel.instrument.get_state()
    told = []
    panel.instrument.send_state = lambda key=None: told.append(key)
    # The browser takes back what was said before, and is told anew even if it is the same.
    panel.instrument.set_state({**sent, "problem": ""})
    after = panel.instrument.get_state()
    assert after.pop("problem").startswith(words) or words in panel.instrument.problem
    before.pop("problem")
    assert after == before
    # The browser shows what it sent; it must be told what is true.
    assert [*sent, "problem"] in told
    panel.instrument.set_state({"tile": [508, 508], "problem": ""})
    assert panel.instrument.problem == ""


def test_a_good_value_beside_a_bad_one_is_taken(panel):
    panel.instrument.set_state({"config": {"depth": 99}, "tile": [188, 188]})
    assert panel.tile == (188, 188)
    assert panel.config == UNetConfig()
    assert panel.instrument.problem.startswith("Depth: 99")


def test_a_step_that_is_gone_is_no_longer_selected(panel):
    panel.instrument.selected = "enc3_conv1"
    panel.config = UNetConfig(depth=4, padding="same")
    assert panel.instrument.selected == "enc3_conv1"
    panel.config = UNetConfig(depth=3)
    assert panel.instrument.selected == ""
    panel.instrument.set_state({"selected": "<script>"})
    assert panel.instrument.selected == ""


def test_who_looks_at_it_without_a_kernel_sees_the_picture_and_reads_what_to_do(panel):
    panel.tile = 570
    data, metadata = panel._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == panel.model_id
    assert data["image/svg+xml"] == standalone(UNetConfig(), (570, 570))
    words = "U-Net of depth 4 with 64 filters, tile 570 × 570. Run this cell to open the panel."
    assert data["text/plain"] == words
    # What is left where a viewer takes scripts away: the same picture.
    left = re.sub("<script>.*</script>", "", data["text/html"], flags=re.DOTALL)
    inside = base64.b64decode(re.search('src="data:image/svg[+]xml;base64,([^"]+)"', left)[1]).decode()
    assert (inside, f'alt="{words}"' in left) == (data["image/svg+xml"], True)
    assert len(data["text/html"]) < 320_000
    assert metadata["unet_explorer"] == {"saved": True}


def test_a_cell_that_is_run_again_takes_the_place_of_its_panel(monkeypatch):
    running = ["", ""]
    monkeypatch.setattr(panel_cells, "_cell_and_run", lambda: tuple(running))
    monkeypatch.setattr(panel_cells, "_OPENED", {})
    script = explore()
    running[:] = "cell", "first run"
    first, beside = explore(), explore()
    running[:] = "another cell", "some run"
    elsewhere = explore()
    assert all(each.comm is not None for each in (script, first, beside, elsewhere))
    running[:] = "cell", "second run"
    second = explore()
    assert first.comm is beside.comm is None
    assert all(each.comm is not None for each in (script, elsewhere, second))
    for each in (script, elsewhere, second):
        each.close()


def test_closing_leaves_nothing_behind():
    before = set(widgets._instances)
    made = explore()
    assert len(set(widgets._instances) - before) >= 4
    made.close()
    assert set(widgets._instances) == before


def test_messages_on_many_threads_end_in_one_consistent_state(panel):
    """JupyterLab serves widget messages on subshell threads, while cells may change the panel too."""

    def drag(depths):
        for depth in depths:
            panel.instrument.set_state({"config": {"depth": depth}, "tile": [100 + depth, 100]})

    threads = [threading.Thread(target=drag, args=([1, 2, 3, 4, 5] * 6,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for depth in (6, 7) * 6:
        panel.config = UNetConfig(depth=depth)
    for thread in threads:
        thread.join()
    assert panel.instrument.network["config"] == panel.instrument.config
    assert panel.instrument.problem == ""


@examples(25)
@given(configs())
def test_what_the_browser_is_told_is_plain_json(config):
    tile = (valid_sizes(config, 1, 10**6)[0],) * 2
    told = describe(config)
    assert json.loads(json.dumps(told)) == told
    rows = trace(config, tile)
    assert [step["name"] for step in told["steps"]] == ["input", *(step.name for step in plan(config))]
    assert sum(step.get("parameters", 0) for step in told["steps"]) == rows.parameters
    for purpose, training in (("predict", False), ("train", True)):
        memory, parts = told["memory"][purpose], estimate_memory(config, tile, training=training)
        assert memory["fixed"] + memory["spread"] * parts["maps"] == parts["total"]
    for step in told["steps"][1:]:
        assert all(step["explanation"][part] for part in ("title", "formula", "reason", "parameters"))


def test_every_knob_is_offered_with_its_bounds():
    told = {knob["name"]: knob for knob in knobs()}
    assert set(told) == set(UNetConfig.__dataclass_fields__)
    assert told["dropout"]["below"] == 1
    assert told["depth"]["allowed"] == "a whole number from 1 to 7"
    assert (told["depth"]["low"], told["depth"]["high"]) == (1, 7)
    assert [value for value, _ in told["kernel_size"]["values"]] == [1, 3, 5, 7]
    assert [preset["name"] for preset in presets()] == list(PRESETS)


def test_traits_refuse_what_the_public_names_refuse(panel):
    with pytest.raises(ValueError, match="depth=9"):
        panel.instrument.config = {"depth": 9}
    with pytest.raises(traitlets.TraitError):
        panel.instrument.linked = "yes"
    assert panel.config == UNetConfig()


def test_what_tabs_show_follows_the_selection_and_has_one_owner():
    panel = explore("classroom")
    instrument = panel.instrument
    assert (instrument.selected, instrument.shown) == ("", "enc0_conv1")
    instrument.selected = "enc2_pool"
    assert instrument.shown == "enc2_pool"
    instrument.selected = ""
    assert instrument.shown == "enc2_pool", "what was selected last stays in sight"
    panel.config = UNetConfig(depth=1)
    assert instrument.shown == "enc0_conv1", "this network has no such step"
    instrument.selected = "input"
    assert instrument.shown == "input"
    panel.close()
