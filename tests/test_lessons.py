"""Lessons can be read, are right, and give nothing away; and whoever writes one is told what is wrong with it."""

from __future__ import annotations

import inspect
import json
import math
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import Misfit, crops, seen, sides
from support import examples

import unet_explorer.panel
from unet_explorer import PRESETS, UNetConfig, estimate_memory, to_script
from unet_explorer.core.plan import plan
from unet_explorer.data.made import SETS, made_set
from unet_explorer.lessons import guide as guide_module
from unet_explorer.lessons.facts import BACKGROUND, FACTS, Design, FormulaError, evaluate, in_words
from unet_explorer.lessons.guide import teacher_guide
from unet_explorer.lessons.lesson import KINDS, Ask, LessonError, lessons, parsed, read_lesson
from unet_explorer.panel.instrument.explanations import KNOBS
from unet_explorer.panel.tabs.settings import SETTINGS

NAMES = [
    *("what", "contracting", "why-572", "which-fit", "way-up", "scores"),
    *("few-images", "training", "seamless", "receptive", "skips", "keras"),
]
FOLDER = files("unet_explorer.lessons").joinpath("en")
FILES = sorted(file.name for file in FOLDER.iterdir() if file.name.endswith(".toml"))
PAPER, CLASSROOM = (Design(*PRESETS[name]) for name in ("paper", "classroom"))


def asked(name: str) -> list[Ask]:
    return [page.ask for page in lessons()[name].pages if page.ask]


def test_all_lessons_are_there_in_their_order():
    assert list(lessons()) == NAMES


def test_reading_them_loads_neither_numpy_nor_what_learns():
    code = (
        "import sys; from unet_explorer.lessons.guide import teacher_guide; teacher_guide(); "
        "sys.exit(', '.join({'numpy', 'scipy', 'keras', 'matplotlib'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""


# What each lesson must have.


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_tells_asks_and_ends_in_a_task(name):
    lesson = lessons()[name]
    first, *_, last = lesson.pages
    assert not first.ask
    assert last.task
    assert not last.ask
    assert [page.task for page in lesson.pages].count(True) == 1
    assert len(asked(name)) >= 3
    assert 5 <= lesson.minutes <= 8
    for page in lesson.pages:
        assert len(page.text.split()) <= 85, page.text


def test_every_kind_of_question_is_asked_and_no_lesson_asks_one_kind_only():
    kinds = {name: {ask.kind for ask in asked(name)} for name in NAMES}
    assert set().union(*kinds.values()) == set(KINDS)
    assert {name for name, found in kinds.items() if len(found) < 2} <= {"why-572"}


@pytest.mark.parametrize("name", NAMES)
def test_hints_do_not_give_the_answer_away_and_wrong_answers_are_answered(name):
    for ask in asked(name):
        assert len(set(ask.hints)) == 2
        for hint in ask.hints:
            assert ask.why != hint
            if ask.kind in {"number", "tile"}:
                assert in_words(ask.answer) not in re.findall(r"(?<![\w.,])[\d,.]*\d", hint), hint
            if ask.kind == "step":
                assert ask.answer not in hint
        right = ask.answer
        assert ask.judged(right)[0]
        if ask.kind == "choice":
            assert sum(each.right for each in ask.choices) == 1
            assert len({each.text for each in ask.choices}) == len(ask.choices) >= 3
            assert all(ask.judged(number)[1] for number in range(len(ask.choices)) if number != right)
        else:
            assert ask.mistakes
            for mistake in ask.mistakes:
                assert ask.judged(mistake.value) == (False, mistake.says)


def test_steps_that_are_called_a_mistake_are_steps_of_that_network():
    found = 0
    for lesson in lessons().values():
        for page in lesson.pages:
            if page.ask and page.ask.kind == "step":
                steps = {each.name for each in plan(page.design.config)}
                assert {each.value for each in page.ask.mistakes} < steps
                found += 1
    assert found >= 6


# Numbers are computed, not typed.

TYPED = {
    "02-why-572.toml": {"256", "388", "572"},
    "03-which-fit.toml": {"279", "281", "283", "512", "566", "568", "570", "572", "000"},
    "00-what.toml": {"388", "572"},  # the name of another lesson
    "07-training.toml": {"000001"},  # a learning rate, to be typed
}


def texts(value: Any, key: str = "") -> Iterator[str]:
    match value:
        case dict():
            for name, each in value.items():
                yield from texts(each, name)
        case list():
            for each in value:
                yield from texts(each, key)
        case str() if key in {"title", "aim", "text", "question", "hints", "why", "says"}:
            yield value


@pytest.mark.parametrize("file", FILES)
def test_no_number_is_typed_where_it_could_be_computed(file):
    written = list(texts(tomllib.loads(FOLDER.joinpath(file).read_text("utf-8"))))
    assert len(written) > 20
    plain = " ".join(re.sub(r"\{[^{}]+\}", "…", text) for text in written)
    assert set(re.findall(r"\d{3,}", plain)) <= TYPED.get(file, set())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shown_has_no_formula_left(name):
    lesson = lessons()[name]
    for page in lesson.pages:
        shown = [page.text]
        if page.ask:
            ask = page.ask
            shown += [ask.question, ask.why, *ask.hints, *(each.says for each in ask.mistakes)]
            shown += [words for each in ask.choices for words in (each.text, each.says)]
        assert not [text for text in shown if re.search(r"[{}]", text)]


# Answers are right: held against arithmetic step by step, brute force, and live Keras.


def field(config: UNetConfig, tile: int, step: str) -> int:
    first, last = seen(config, tile, step, sides(config, tile)[step] // 2)
    return last - first + 1


def fitting(config: UNetConfig, most: int) -> list[int]:
    found = []
    for tile in range(1, most):
        try:
            sides(config, tile)
        except Misfit:
            continue
        found.append(tile)
    return found


def failing(config: UNetConfig, tile: int) -> str:
    with pytest.raises(Misfit) as caught:
        sides(config, tile)
    return str(caught.value.args[0])


def smallest_for(config: UNetConfig, output: int) -> int:
    return next(tile for tile in fitting(config, 700) if sides(config, tile)["head"] >= output)


def grouped(start: int, poolings: int) -> set[tuple[int, ...]]:
    """Which pixels of an image are summed up in one by a tile that begins at a place: those wholly in the middle."""
    groups = [(pixel,) for pixel in range(start, start + 512)]
    for _ in range(poolings):
        groups = [first + second for first, second in zip(groups[::2], groups[1::2], strict=False)]
    return {group for group in groups if 128 <= group[0] < 384}


@cache
def background(name: str) -> int:
    return round(100 * float((made_set(name).labels == 0).mean()))


def answers() -> dict[str, list[Any]]:
    """The right answers in order; of a choice, words that occur in the right one alone."""
    paper, small = PAPER.config, CLASSROOM.config
    p, s = sides(paper, 572), sides(small, 188)
    fit = fitting(paper, 700)
    crop = dict(zip(["dec3", "dec2", "dec1", "dec0"], crops(paper, 572), strict=True))
    encoder = [step for step in p if step[:3] in {"enc", "bot"}]
    softmax = [math.exp(3) / sum(math.exp(3) for _ in range(4)) for _ in range(4)]
    logits = {"Background": -2.0, "Disc": -5.0, "Square": -1.0, "Triangle": -3.0}
    tile = [[number + 3 * row for number in range(3)] for row in range(3)]
    turned = [tile]
    for _ in range(3):
        turned.append([list(row) for row in zip(*turned[-1][::-1], strict=True)])
    variants = {str(each) for each in turned} | {str([row[::-1] for row in each]) for each in turned}
    truth, marked = set(range(10)), set(range(4, 12))
    return {
        "what": ["segmentation", s["head"] ** 2, "one region", min(s, key=lambda step: (s[step], step))],
        "contracting": [64 * 2 * 2 * 2 * 2, "enc2_conv1", "halved", 3 * 3 * 64],
        "why-572": [p["enc0_conv2"], p["enc1_pool"], p["head"]],
        "which-fit": [failing(paper, 570), fit[1] - fit[0], next(each for each in fit if each > 512)],
        "way-up": [
            *("Nothing", p["dec3_up"], crop["dec3"], 512 + 512),
            f"{max(crop, key=lambda level: crop[level])}_concat",
        ],
        "scores": [8 * 4 + 4, round(100 * softmax[0]), max(logits, key=logits.__getitem__), "Nothing", "cut out"],
        "few-images": ["same angle", len(variants), "upside down", "Without"],
        "training": [
            background("cells"),
            100 * len(truth & marked) // len(truth | marked),
            *("Cross-entropy + Dice", "does not feel", "Background everywhere", "Too large: it shoots up"),
        ],
        "seamless": [
            next(shift for shift in range(1, 99) if grouped(shift, 4) == grouped(0, 4)),
            max(stride for stride in range(1, p["head"] + 1) if stride % 16 == 0),
            "No, none",
            smallest_for(small, 256),
            "Without seams: none",
        ],
        "receptive": [
            field(paper, 572, "enc0_conv2"),
            field(paper, 572, "enc1_conv1"),
            next(step for step in encoder if field(paper, 572, step) >= 30),
            "As much as before",
            "Four times",
        ],
        "skips": [
            seen(small, 188, "bottleneck_conv1", 6)[0] - seen(small, 188, "bottleneck_conv1", 5)[0],
            *(16 // 2, "No skips", "outlines", "Smaller"),
        ],
        "keras": [8 * (9 + 1), "enc1_pool", (88 - 56) // 2, "error about shapes", "at once", 0],
    }


def test_answers_agree_with_arithmetic_step_by_step():
    expected = answers()
    assert list(expected) == NAMES
    for name, wanted in expected.items():
        for ask, right in zip(asked(name), wanted, strict=True):
            if ask.kind == "choice":
                assert [number for number, each in enumerate(ask.choices) if right in each.text] == [ask.answer]
            else:
                assert ask.answer == right, ask.question


def test_claims_behind_choices_hold():
    paper = PAPER.config
    # No tile predicts a multiple of 2^depth, so none may be shifted by all that it predicts.
    assert {sides(paper, tile)["head"] % 16 for tile in fitting(paper, 700)} == {4}
    assert not {2**power for power in range(5, 10)} & set(fitting(paper, 700))
    # A tile twice as large sees as far.
    assert field(paper, 572, "bottleneck_conv2") == field(paper, 972, "bottleneck_conv2") == 140
    spans = [last - first + 1 for first, last in (seen(paper, 572, "head", pixel) for pixel in range(180, 212))]
    assert max(spans) == evaluate("field", PAPER) == 204
    # One level more has four times the weights.
    assert 3.9 < evaluate("parameters(depth=5) / parameters()", PAPER) < 4.1
    # A map of the next level holds about half as many values.
    tops = [sides(paper, 572)[f"enc{level}_conv2"] ** 2 * 2**level for level in range(4)]
    assert all(0.4 < below / above < 0.55 for above, below in pairwise(tops))


@pytest.mark.tensorflow
def test_what_the_lesson_on_keras_says_is_what_keras_does():
    import keras
    from keras import layers

    from unet_explorer import build_model

    parameter, step, crop, error, none, more = asked("keras")
    model = build_model(*PRESETS["classroom"])
    assert parameter.answer == model.get_layer("enc0_conv1").count_params()
    assert model.get_layer(step.answer).input is model.get_layer("enc1_conv2").output
    skip, up = model.get_layer("enc1_conv2").output, model.get_layer("dec1_up").output
    cropped = layers.Cropping2D(int(crop.answer))(skip)
    assert layers.Concatenate()([cropped, up]).shape == model.get_layer("dec1_concat").output.shape
    assert "ValueError" in error.why
    with pytest.raises(ValueError, match="shape"):
        layers.Concatenate()([skip, up])
    assert model.output_shape == (None, 100, 100, 2)
    assert model(keras.ops.zeros((3, 188, 188, 1))).shape[0] == 3, none.why
    assert build_model(CLASSROOM.config, 196).count_params() - model.count_params() == more.answer


def test_made_sets_are_as_the_facts_say():
    assert set(BACKGROUND) == set(SETS)
    for name in SETS:
        assert evaluate(f'background("{name}")', PAPER) == background(name)
        made = inspect.signature(getattr(unet_explorer, name)).parameters["count"].default
        assert evaluate(f'images("{name}")', PAPER) == made


def test_memory_is_the_total_of_the_estimate():
    total = estimate_memory(PAPER.config, 572, 4, True)["total"]
    assert evaluate("memory(4, 1)", PAPER) == round(total / 1e6)


@pytest.mark.parametrize("design", [PAPER, CLASSROOM, CLASSROOM.turned(batch_norm=True, upsampling="bilinear")])
def test_the_line_of_a_step_is_a_line_of_the_source(design):
    source = [line.strip() for line in to_script(design.config, design.tile).splitlines()]
    lines = [evaluate(f'line("{step.name}")', design) for step in plan(design.config)]
    assert len(set(lines)) == len(lines) == evaluate("steps", design)
    places = [source.index(str(line)) for line in lines]
    assert places == sorted(places)


# The panel has what the lessons speak of.


def test_buttons_and_settings_that_are_named_are_on_the_panel():
    folder = Path(unet_explorer.panel.__file__).parent / "static"
    scripts = "\n".join(file.read_text("utf-8") for file in folder.rglob("*.js"))
    labels = {label for label, *_ in KNOBS.values()} | {each["label"] for each in SETTINGS}
    told = " ".join(page.text for lesson in lessons().values() for page in lesson.pages)
    told = " ".join(told.split())
    buttons = set(re.findall(r"(?:[Pp]ress|open) \*\*(.+?)\*\*", told))
    assert {"Start", "Start anyway", "Start again", "Build", "Teach all three", "Predict the image in tiles"} <= buttons
    assert [button for button in buttons if f'"{button}"' not in scripts] == []
    settings = set(re.findall(r"[Ss]et \*([A-Z].+?)\*", told))
    assert {"Filters", "Padding", "Classes", "Steps", "Depth"} <= settings <= labels


# The teacher's guide.


def test_the_guide_tells_every_question_with_its_answer_and_mistakes():
    guide = teacher_guide()
    assert "{" not in guide
    for lesson in lessons().values():
        assert f"### {lesson.title}" in guide
        for ask in asked(lesson.name):
            for words in (ask.question, ask.why, *(each.says for each in (*ask.mistakes, *ask.choices))):
                assert " ".join(words.split()) in guide
            if ask.kind in {"number", "tile"}:
                assert re.search(rf"Answer: (a tile of )?{re.escape(in_words(ask.answer))}\b", guide)


def test_each_hour_of_the_guide_fits_into_an_hour_and_no_lesson_is_left_out():
    guide = teacher_guide()
    rows = [row.split(" | ") for row in guide.splitlines() if row.startswith("| ") and row[2].isdigit()]
    named = [re.search(r"\(\*(.+)\*\)", row[1]).group(1) for row in rows]
    assert sorted(named) == sorted(NAMES)
    assert [int(row[0].strip("| ")) + int(row[2]) <= 55 for row in rows] == [True] * len(rows)


def test_a_guide_that_names_no_lesson_says_so(monkeypatch):
    monkeypatch.setattr(guide_module, "lessons", lambda: {"what": lessons()["what"]})
    with pytest.raises(LessonError, match=r"guide\.md: there is no lesson 'contracting'"):
        teacher_guide()


# A file that is broken says where, and what would help.

SOUND: dict[str, Any] = {
    "title": "T",
    "aim": "A",
    "minutes": 5,
    "preset": "classroom",
    "step": [
        {"text": "A tile of {tile} px.", "design": {"depth": 2, "tile": 92}, "select": "head", "hide": ["sides"]},
        {
            "text": "x",
            "ask": {
                "kind": "number",
                "question": "{depth}?",
                "answer": "output",
                "unit": "px",
                "hints": ["a", "b"],
                "why": "{output}",
                "mistakes": [{"is": "tile", "says": "{tile}"}],
            },
        },
        {
            "text": "x",
            "ask": {
                "kind": "choice",
                "question": "?",
                "choices": [{"text": "a", "right": True}, {"text": "b", "says": "no"}],
                "hints": ["a", "b"],
                "why": "w",
            },
        },
        {"text": "x", "task": True},
    ],
}


def toml(value: Any) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{toml(key)} = {toml(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(toml, value)) + "]"
        case float():
            return repr(value)
        case _:
            return json.dumps(value, ensure_ascii=False)


def written(lesson: dict[str, Any]) -> str:
    return "\n".join(f"{toml(key)} = {toml(value)}" for key, value in lesson.items())


def changed(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    lesson = json.loads(json.dumps(SOUND))
    place = lesson
    for part in path[:-1]:
        place = place[part]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return lesson


def test_the_sound_lesson_is_read():
    lesson = parsed(written(SOUND), "t", "t.toml")
    assert lesson.pages[0].text == "A tile of 92 px."
    assert lesson.pages[1].ask is not None
    assert lesson.pages[1].ask.answer == sides(UNetConfig(depth=2, base_filters=8), 92)["head"]


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("title",), None, "t.toml: title is missing"),
        (("minutes",), "five", "t.toml: minutes = 'five' is of the wrong kind"),
        (("minutes",), True, "t.toml: minutes = True is of the wrong kind"),
        (("colour",), "red", "t.toml: there is no key 'colour'"),
        (("preset",), "papre", "preset = 'papre': give one of paper, article, classroom"),
        (("step",), [], "the last step must be the open task"),
        (("step", 3, "task"), False, "the last step must be the open task"),
        (("step", 0), "text", "t.toml, step 1: 'text' is no table"),
        (("step", 0, "text"), "{tlie}", "t.toml, step 1: 'tlie' is none of the facts"),
        (("step", 0, "text"), "{side('enc9_pool')}", "t.toml, step 1: The formula"),
        (("step", 0, "select"), "enc4_pool", "step 1: select = 'enc4_pool' is no step of this network"),
        (("step", 0, "hide"), ["everything"], "step 1: 'everything' cannot be hidden"),
        (("step", 0, "tab"), "Prune", "step 1: there is no tab 'Prune'"),
        (("step", 0, "design"), {"depth": 9}, "t.toml, step 1: depth=9 is not allowed"),
        (("step", 0, "design"), {"preset": ["paper"]}, "t.toml, step 1: preset = ['paper']"),
        (("step", 0, "design"), {"tile": 1.5}, "step 1: tile = 1.5: give a whole number"),
        (("step", 1, "ask", "kind"), "guess", "step 2, ask: kind = 'guess': give one of number, choice, step, tile"),
        (("step", 1, "ask", "hints"), ["one"], "step 2, ask: give two hints"),
        (("step", 1, "ask", "answer"), None, "step 2, ask: answer is missing"),
        (("step", 1, "ask", "answer"), '"head"', "step 2, ask: answer = 'head' is no number"),
        (("step", 1, "ask", "mistakes", 0, "is"), "output", "the mistake 'output' is"),
        (("step", 1, "ask", "mistakes", 0, "says"), None, "step 2, ask, mistakes: says is missing"),
        (("step", 1, "ask", "choices"), [{"text": "a"}], "choices are what kind = 'choice' needs"),
        (("step", 2, "ask", "choices", 1, "right"), True, "step 3, ask: mark one of the choices"),
        (("step", 2, "ask", "choices", 1, "says"), None, "step 3, ask: say to whoever chooses 'b'"),
        (("step", 2, "ask", "answer"), 0, "step 3, ask: mark one of the choices"),
    ],
)
def test_a_broken_lesson_says_file_and_step(path, value, said):
    with pytest.raises(LessonError) as caught:
        parsed(written(changed(path, value)), "t", "t.toml")
    assert str(caught.value).startswith("t.toml")
    assert said in str(caught.value)


def test_what_is_no_toml_or_no_file_is_a_lesson_error_too(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"title = \xff")
    for path in (tmp_path / "a.toml", tmp_path / "none.toml", tmp_path, "a\0b", 5, None):
        with pytest.raises(LessonError, match="cannot be read"):
            read_lesson(path)
    for text in ("title = ", "x = " + "[" * 5000, "title = 1\ntitle = 2"):
        with pytest.raises(LessonError, match=r"t\.toml is no TOML"):
            parsed(text, "t", "t.toml")
    (tmp_path / "07-mine.toml").write_text(written(SOUND), "utf-8")
    assert read_lesson(tmp_path / "07-mine.toml").name == "mine"


def paths(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if here:
        yield here
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(each, (*here, key))


PIECES = [
    *FACTS,
    *("tile", "depth", "dropout", "skips", "padding", "1", "0", "2.5", "10", '"head"', '"x"', "True", "()", "(", ")"),
    *("+", "-", "*", "/", "//", "%", "**", ",", "=", ".", "[0]", "lambda: 0", "depth=5", "tile=570", "*tile"),
]
FORMULAS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=8).map(" ".join)
ANYTHING = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text() | FORMULAS | FORMULAS.map(lambda each: f"{{{each}}}"),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.sampled_from(["text", "kind", "x", "tile"]), each),
    max_leaves=5,
)


@given(path=st.sampled_from(sorted(paths(SOUND), key=str)), value=st.none() | ANYTHING)
@examples(200)
def test_whatever_a_file_holds_only_a_lesson_error_comes_of_it(path, value):
    try:
        parsed(written(changed(path, value)), "t", "t.toml")
    except LessonError as error:
        assert str(error).startswith("t.toml")


@given(formula=FORMULAS | st.text(max_size=30))
@examples(300)
def test_a_formula_comes_to_a_value_or_to_words(formula):
    try:
        value = evaluate(formula, CLASSROOM)
    except FormulaError as error:
        assert str(error)
    else:
        assert isinstance(value, (int, Fraction, str, bool))
        assert isinstance(in_words(value), str)


@pytest.mark.parametrize(
    "formula",
    [
        *("tile.bit_length()", "().__class__", "side.__globals__", '"x".upper()', "side.__call__('head')"),
        *("__import__('os')", "open('x')", "print(tile)", "eval('1')", "sum([1])", "tile()", "depth()"),
        *("[1]", "(1, 2)", "{1}", "{'a': 1}", "tile[0]", "[x for x in (1, 2)]", "(x for x in (1,))"),
        *("lambda: 1", "1 if tile else 2", "tile < 3", "not tile", "tile and 1", "(x := 5)", "f'{tile}'", "b'x'"),
        *("9 ** 999999999", "9 ** 64 ** 2", "((9 ** 64) ** 64) ** 64", "2 ** (0 - 1)", "2 ** 0.5", "1 << 70"),
        *("'a' * 1000000000", "'%0999999999d' % 5", "'a' + 'b'", "-'a'", "1 / 0", "1 % 0", "10 ** 60"),
        *("side(*tile)", "side(**tile)", "side('head', design=1)", "output(colour=1)", "output(depth=99)", "side()"),
        *("line('nothing')", "background('cats')", "images('cats')", "side('head', tile=570)", "misfit"),
        *("", " ", "1 1", "tile; tile", "import os", "1" * 301, "(" * 250, "\0"),
    ],
)
def test_a_formula_is_no_python(formula):
    with pytest.raises(FormulaError):
        evaluate(formula, PAPER)
