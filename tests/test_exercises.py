"""Exercises: every answer against arithmetic by hand and live Keras; sheets from which no answer can be read."""

from __future__ import annotations

import json
import re
from contextlib import closing
from dataclasses import replace
from math import prod

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from junk import junk
from support import configs, examples
from test_imports import HEAVY, WIDGETS, loaded_by

from unet_explorer import Tiling, UNetConfig, estimate_memory, exercises, explore, plan, save_exercises, valid_sizes
from unet_explorer.lessons import sheets
from unet_explorer.lessons.answers import FITS
from unet_explorer.lessons.exercise import KINDS, Exercise
from unet_explorer.lessons.practice import SETS, practice_set
from unet_explorer.lessons.slips import early, field, once, path, walked
from unet_explorer.panel.instrument.pack import offered
from unet_explorer.panel.link import read_link
from unet_explorer.panel.teaching import exercises_for_page, exercises_menu, exercises_names

PAPER = UNetConfig()
SIZE = re.compile(r"(\d+) × (\d+) px")
NAME = re.compile(r"`(\w+)`")
ENDINGS = (".html", ".md", ".ipynb")
# Naive arithmetic at seven levels and 7×7 kernels walks thousands of pixels: no wider than it needs to be.
designs = configs(depth=st.integers(1, 5), convs_per_block=st.integers(1, 3))
tiles = st.integers(1, 1200) | st.tuples(st.integers(1, 1200), st.integers(1, 1200))


def by_hand(asked: Exercise) -> object:
    """The answer, computed from the words of the question and step-by-step arithmetic alone."""
    config, text = asked.config, asked.question
    sizes = [(int(height), int(width)) for height, width in SIZE.findall(text)]
    name = NAME.findall(text)[-1] if NAME.search(text) else ""
    match asked.kind:
        case "shape":
            return naive.sides(config, sizes[0]["Which width" in text])[name]
        case "crop":
            return dict(zip(reversed(range(config.depth)), naive.crops(config, sizes[0][0]), strict=True))[int(name[3])]
        case "fits":
            # Each axis alone; the earlier step of the two, and the height if both fail there.
            failed = [missed for side in sizes[0] if (missed := misfit(config, side))]
            order = [step.name for step in plan(config)]
            first = min(failed, key=lambda each: order.index(each[0]), default=(FITS, 0))
            return first[1] if "Which one" in text else first[0]
        case "parameters":
            return parameters(config, name)
        case "field":
            tile = next(size for size in valid_sizes(config, 1, 10**6)[::8] if size > 4 * int(asked.answer))
            sides = naive.sides(config, tile)
            first, last = naive.seen(config, tile, name, sides[name] // 2)
            return last - first + 1
    return cheapest(config, text, sizes)


def misfit(config: UNetConfig, side: int) -> tuple[str, int] | None:
    try:
        naive.sides(config, side)
    except naive.Misfit as missed:
        return missed.args
    return None


def parameters(config: UNetConfig, name: str) -> int:
    """From the name of a step, and the paper."""
    level = config.depth if name.startswith("bottleneck") else int(name[3]) if name != "head" else 0
    filters, bias = config.base_filters * 2**level, 0 if config.batch_norm else 1
    if name == "head":
        return (filters + 1) * config.num_classes
    if "norm" in name:
        return 4 * filters
    if name.endswith("_up"):
        return (4 * 2 * filters + 1) * filters
    arriving = filters
    if name.endswith("_conv1"):
        if name.startswith("dec"):
            arriving = filters * (2 if config.skips else 1)
        else:
            arriving = filters // 2 if level else config.in_channels
    return (config.kernel_size**2 * arriving + bias) * filters


def cheapest(config: UNetConfig, text: str, sizes: list[tuple[int, int]]) -> tuple[int, int]:
    """The option that computes least, tile by tile."""
    image, *options = sizes
    limit = int(re.search(r"at most ([\d,]+) MB", text)[1].replace(",", "")) * 10**6
    within = [tile for tile in options if estimate_memory(config, tile)["total"] <= limit]
    costs = {tile: sum(prod(each.size) for each in Tiling(config, image, tile)) for tile in within}
    best = min(costs.values())
    assert list(costs.values()).count(best) == 1, "two options are equally good"
    return min(costs, key=costs.get)


@examples(60)
@given(designs, tiles, st.integers(0, 2**32 - 1))
def test_every_answer_is_what_is_computed_by_hand(config, tile, seed):
    for asked in exercises(config, tile, seed, 6):
        assert by_hand(asked) == asked.answer, asked.question


@examples(60)
@given(configs(), tiles, st.integers(0, 2**32 - 1))
def test_a_known_mistake_is_neither_right_nor_another_mistake(config, tile, seed):
    for asked in exercises(config, tile, seed, 7):
        values = [asked.answer, *(slip.value for slip in asked.slips)]
        assert len({json.dumps(value) for value in values}) == len(values)
        assert asked.grade(asked.answer).right
        for slip in asked.slips:
            grade = asked.grade(slip.value)
            assert not grade.right
            assert slip.name in grade.says
            assert slip.says in grade.says


@examples(30)
@given(configs(), st.integers(0, 400))
def test_the_walk_that_mistakes_are_made_with_is_right_where_nothing_is_changed(config, place):
    """So that each mistake differs in the one thing that it is named for."""
    tile = valid_sizes(config).start + place % 9 * valid_sizes(config).step
    sides = naive.sides(config, tile)
    for step in plan(config):
        assert walked(path(config, step.name), tile) == sides[step.name]


def test_mistakes_by_hand():
    way = path(PAPER, "enc1_pool")
    assert walked(once(way), 572) is None  # 572 − 2 = 570, 285, − 2 = 283, which is odd
    assert walked(early(way), 572) == (572 // 2 - 4) // 2 - 4
    assert field(way) == 1 + 2 + 2 + 1 + 2 * 2 + 2 * 2 + 2
    assert field(way, spreads=False) == 1 + 2 + 2 + 1 + 2 + 2 + 1


def named(kind: str, *words: str) -> tuple[Exercise, set[str]]:
    """An exercise on the paper's network that asks so, and the names of its mistakes."""
    for seed in range(300):
        for asked in exercises(PAPER, 572, seed, 6):
            if asked.kind == kind and all(word in asked.question for word in words):
                return asked, {slip.name for slip in asked.slips}
    raise AssertionError(f"no exercise has {words}")


def test_mistakes_are_named_for_what_they_are():
    asked, names = named("shape", "dec0_conv2")
    assert "forgot the crop" in names
    asked, names = named("parameters", "`dec1_conv1`")
    assert "forgot biases" in names
    added = next(slip for slip in asked.slips if slip.name == "added where it concatenates")
    filters = asked.config.base_filters * 2
    assert added.value == 9 * filters * filters + filters
    asked, names = named("crop", "dec0_concat")
    assert {"took both sides together", "forgot the crop"} <= names
    asked, names = named("shape", "enc1_pool")
    assert "halved before subtracting" in names
    asked, names = named("field", "bottleneck_conv")
    assert {"counted one convolution", "forgot that poolings spread"} <= names


@examples(30)
@given(designs, tiles, st.integers(0, 2**31), st.integers(1, 2**31))
def test_the_same_seed_gives_the_same_sheet_and_another_one_another(config, tile, seed, more):
    assert exercises(config, tile, seed, 8) == exercises(config, tile, seed, 8)
    questions = [[asked.question for asked in exercises(config, tile, each, 8)] for each in (seed, seed + more)]
    assert questions[0] != questions[1]


def test_a_sheet_asks_of_every_kind_and_asks_nothing_twice():
    for config in (PAPER, UNetConfig(depth=1, base_filters=1), UNetConfig(padding="same", batch_norm=True)):
        sheet = exercises(config, 188, 5, 18)
        assert {asked.kind for asked in sheet} == set(KINDS)
        assert len({asked.question for asked in sheet}) == 18
    assert "crop" not in {asked.kind for asked in exercises(UNetConfig(skips=False), 188, 5, 18)}


def test_a_tile_that_does_not_fit_is_asked_about():
    found = [asked for seed in range(6) for asked in exercises(PAPER, (570, 572), seed, 6) if asked.kind == "fits"]
    own = [asked for asked in found if asked.tile == (570, 572)]
    assert own
    assert {asked.answer for asked in own} <= {"enc1_pool", 279}
    assert FITS not in {asked.answer for asked in own}


@pytest.mark.parametrize("given", ["284", 284, 284.0, " 284 px", "284px", "284 pixels", "284 × 284", "284²", "+284"])
def test_numbers_may_be_typed_in_many_ways(given):
    asked = replace(exercises(PAPER, 572)[0], answer=284)
    assert asked.grade(given).right


@pytest.mark.parametrize("given", ["31,030,658", "31 030 658", "31\u202f030\u202f658", "31_030_658 parameters"])
def test_large_numbers_may_be_grouped(given):
    assert replace(exercises(PAPER, 572)[0], answer=31_030_658).grade(given).right


@pytest.mark.parametrize("given", ["444 × 700", "444x700 px", (444, 700), [444, 700], "(444, 700)", "444,700"])
def test_tiles_may_be_typed_in_many_ways(given):
    assert replace(exercises(PAPER, 572)[0], answer=(444, 700)).grade(given).right


@pytest.mark.parametrize("given", ["1,5", "142.5", "2,84", "284 × 285", "", "enc0_pool", "1e3", "28４x"])
def test_what_is_no_number_is_refused_in_a_sentence(given):
    grade = replace(exercises(PAPER, 572)[0], answer=284).grade(given)
    assert not grade.right
    assert "number" in grade.says


@pytest.mark.parametrize("answer", [284, "enc0_pool", (444, 700)], ids=str)
def test_junk_is_refused_in_a_sentence(answer):
    asked = replace(exercises(PAPER, 572)[0], answer=answer, slips=())
    for value in junk():
        grade = asked.grade(value)
        assert not grade.right
        assert len(grade.says) > 20
        assert grade.says.endswith(".")
        assert len(grade.says) < 400


def told_by(data: bytes) -> str:
    """All words and numbers of a sheet, without its style."""
    return re.sub(r"<style>.*?</style>", "", data.decode(), flags=re.DOTALL)


@pytest.mark.parametrize("kind", ENDINGS)
def test_a_sheet_does_not_know_its_answers(kind, monkeypatch):
    """Whatever the answers were, and all that is said of them, the file would be the same to the bit."""
    for config, tile in ((PAPER, 570), (UNetConfig(depth=2, padding="same", batch_norm=True), 64)):
        sheet = sheets.exercises_data(config, tile, kind, seed=3, count=12)
        other = {int: 987_654, str: "dec0_up", tuple: (987, 654)}
        blind = [
            replace(asked, answer=other[type(asked.answer)], hints=("x", "y"), why="z", slips=())
            for asked in exercises(config, tile, 3, 12)
        ]
        monkeypatch.setattr(sheets, "exercises", lambda *_, blind=blind: tuple(blind))
        assert sheets.exercises_data(config, tile, kind, seed=3, count=12) == sheet
        monkeypatch.undo()


@pytest.mark.parametrize("kind", ENDINGS)
def test_no_answer_stands_in_a_sheet(kind):
    for seed in range(4):
        made = exercises(PAPER, 570, seed, 12)
        sheet = told_by(sheets.exercises_data(PAPER, 570, kind, seed=seed, count=12))
        key = told_by(sheets.exercises_data(PAPER, 570, kind, seed=seed, count=12, key=True))
        asked = " ".join(each.question for each in made)
        for each in made:
            assert each.why[:40] not in sheet
            assert each.hints[1] not in sheet
            if isinstance(each.answer, int) and each.answer >= 100:
                for said in {str(each.answer), f"{each.answer:,}"}:
                    assert not re.search(rf"(?<!\d){said}(?!\d)", sheet), (said, each.question)
                    assert not re.search(rf"(?<!\d){said}(?!\d)", asked)
                assert re.search(rf"(?<!\d){each.answer:,}(?!\d)|(?<!\d){each.answer}(?!\d)", key)
        assert not re.search(r"(?i)seed|hash|sha|svg|base64", sheet)


def test_a_sheet_for_print_needs_nothing_beside_it(tmp_path):
    sheet = save_exercises(tmp_path / "sheet.html", PAPER, 572).read_text("utf-8")
    assert "size: A4" in sheet
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", sheet)
    key = save_exercises(tmp_path / "key.html", PAPER, 572, key=True).read_text("utf-8")
    assert 'data-step="dec0_concat"' in key
    assert sheet.count("<section>") == key.count("<section>") == 10


def test_a_design_too_wide_for_paper_has_a_key_all_the_same(tmp_path):
    key = save_exercises(tmp_path / "key.html", UNetConfig(depth=7), 4000, key=True).read_text("utf-8")
    assert "<svg" not in key
    assert key.count("<section>") == 10


def cells_of(data: bytes) -> list[dict]:
    return json.loads(data)["cells"]


def test_notebooks_bear_the_marks_of_nbgrader():
    """Its own rules for version 3: an id each, points where it grades, Markdown never graded alone."""
    for key in (False, True):
        cells = cells_of(sheets.exercises_data(PAPER, 570, ".ipynb", count=6, key=key))
        marks = [cell["metadata"]["nbgrader"] for cell in cells]
        assert {each["schema_version"] for each in marks} == {3}
        assert len({each["grade_id"] for each in marks}) == len(marks) == 1 + 3 * 6
        for cell, each in zip(cells, marks, strict=True):
            assert each["cell_type"] == cell["cell_type"]
            assert each["locked"] != each["solution"]
            assert ("points" in each) == each["grade"]
            assert cell["cell_type"] == "code" or not (each["grade"] or each["solution"])
        assert sum(each["solution"] for each in marks) == sum(each["grade"] for each in marks) == 6


def test_the_key_of_a_notebook_runs_and_without_its_solutions_it_is_the_sheet():
    sheet, key = (cells_of(sheets.exercises_data(PAPER, 570, ".ipynb", count=12, key=each)) for each in (False, True))
    held: dict = {}
    for cell in key:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), held)
    assert [held[f"answer_{number}"] for number in range(1, 13)] == [
        asked.answer for asked in exercises(PAPER, 570, 0, 12)
    ]
    for mine, theirs in zip(sheet, key, strict=True):
        assert mine["metadata"] == theirs["metadata"]
        if mine["metadata"]["nbgrader"]["grade"]:
            region = r"\n### BEGIN HIDDEN TESTS.*### END HIDDEN TESTS"
            assert re.sub(region, "", "".join(theirs["source"]), flags=re.DOTALL) == "".join(mine["source"])
        elif mine["cell_type"] == "code":
            # Whatever nbgrader leaves of an answer's cell tells nothing.
            region = r"### BEGIN SOLUTION.*### END SOLUTION"
            left = re.sub(region, "", "".join(theirs["source"]), flags=re.DOTALL)
            assert left.strip() == "".join(mine["source"]).split("\n")[0]


@pytest.mark.tensorflow
def test_answers_are_what_keras_says():
    from unet_explorer import build_model

    for config, tile in (
        (UNetConfig(depth=2, base_filters=2), 60),
        (UNetConfig(depth=1, base_filters=3, batch_norm=True, upsampling="bilinear", padding="same"), 30),
    ):
        seen = 0
        built: dict = {}
        for asked in exercises(config, tile, 1, 18):
            if asked.kind not in {"shape", "parameters"}:
                continue
            if (asked.config, asked.kind == "shape" and asked.tile) not in built:
                given = asked.tile if asked.kind == "shape" else valid_sizes(asked.config).start
                built[asked.config, asked.kind == "shape" and asked.tile] = build_model(asked.config, given)
            layer = built[asked.config, asked.kind == "shape" and asked.tile].get_layer(
                NAME.findall(asked.question)[-1]
            )
            found = layer.output.shape[1 + ("Which width" in asked.question)]
            assert asked.answer == (found if asked.kind == "shape" else layer.count_params())
            seen += 1
        assert seen == 6


def test_what_a_page_asks_is_answered_as_by_hand():
    names, seen = list(exercises_names()), []
    for name in names:
        kind, number = name.split("-")[1], int(name[-1])
        told = exercises_for_page(name)
        assert len(told["pages"]) >= 3
        for page, asked in zip(told["pages"], practice_set(kind, number), strict=True):
            ask, answer = page["ask"], by_hand(asked)
            if ask["kind"] == "choice":
                options = [choice["text"] for choice in ask["choices"]]
                wanted = " × ".join(map(str, answer)) + " px" if isinstance(answer, tuple) else answer
                assert options[ask["answer"]] == wanted
                assert len(set(options)) == len(options) >= 3
                assert ask["choices"][ask["answer"]]["says"] == ""
            else:
                assert ask["answer"] == answer
                assert ask["mistakes"]
                assert answer not in [each["is"] for each in ask["mistakes"]]
            # What is asked of is drawn; and the best tile is not there to be seen.
            design = page["design"]
            assert UNetConfig.from_dict(design["config"]) in offered()
            if kind == "tile":
                assert design["tile"] != list(answer)
            elif kind in {"shape", "crop", "fits"}:
                assert f"tile of {design['tile'][0]} × {design['tile'][1]} px" in ask["question"]
            seen.append((asked.config, ask["question"]))
        # With other numbers, and round again.
        assert told["next"] == f"exercises-{kind}-{number % SETS + 1}"
    assert len(set(seen)) == len(seen)
    assert [each["name"] for each in exercises_menu()] == names[::SETS]
    with pytest.raises(ValueError, match="There are no exercises 'exercises-shape-4'"):
        exercises_for_page("exercises-shape-4")
    # In a notebook they are asked in the same place, and a link leaves them out, since it knows lessons alone.
    with closing(explore("classroom")) as panel:
        panel.request = {"number": 1, "do": "lesson", "name": names[4]}
        assert panel.lesson == exercises_for_page(names[4])
        assert read_link(panel.link).lesson == ""


def test_exercises_and_inventory_load_nothing_heavy(tmp_path):
    code = "from unet_explorer import UNetConfig, exercises, inventory, read_answers, score\n"
    code += "from unet_explorer import save_exercises, save_inventory\n"
    code += f"save_exercises({str(tmp_path / 'key.html')!r}, UNetConfig(), 570, key=True)\n"
    code += f"save_inventory({str(tmp_path / 'key.md')!r}, key=True); score('A' * 20)"
    assert not loaded_by(code).intersection({*HEAVY, *WIDGETS, "nbformat"})
