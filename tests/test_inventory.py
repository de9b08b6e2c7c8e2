"""The concept inventory: keys by hand and by demonstration, sheets without keys, and the sums over a class."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from dataclasses import replace
from importlib.resources import files
from math import ceil
from statistics import NormalDist, mean, stdev

import naive
import numpy as np
import pytest
from junk import junk
from support import PROJECT

from unet_explorer import (
    PRESETS,
    Tiling,
    UNetConfig,
    inventory,
    plan,
    read_answers,
    receptive_field,
    save_inventory,
    score,
    trace,
)
from unet_explorer.core.axis import margins
from unet_explorer.learning.scores import confusion, scores
from unet_explorer.lessons import inventory_sheets
from unet_explorer.lessons.facts import Design, FormulaError
from unet_explorer.lessons.inventory import FORMS, LETTERS, holds, judged, parsed

ITEMS = {item.name: item for item in inventory()}
PAPER = Design(*PRESETS["paper"])
KEYS = {
    # By hand, or from the paper's figure.
    "output-side": ("388 × 388 px", "436 × 436 px"),
    "misfit": ("handed 121 px", "handed 125 px"),
    "next-tile": ("588 px", "460 px"),
    "block-and-pooling": ("284 px", "292 px"),
    "crop": ("way down, 88 px", "way down, 88 px"),
    "concatenation": ("256", "128"),
    "labels": ("60 × 60 px in the middle", "100 × 100 px in the middle"),
    "one-level-more": ("8 px", "64 px"),
    "parameters-of-a-step": ("73,856", "18,496"),
    "seams": ("96 px", "112 px"),
    "receptive-field": ("140 × 140 px", "68 × 68 px"),
}


def right(name: str, form: str) -> str:
    return next(each.text for each in ITEMS[name].choices[form] if each.right)


def test_twenty_questions_with_four_options_in_both_forms():
    assert len(inventory()) == len(ITEMS) == 20
    for item in inventory():
        for form in FORMS:
            options = item.choices[form]
            assert [each.right for each in options].count(True) == 1
            assert len({each.text for each in options}) == 4
            wrong = [each.misconception for each in options if not each.right]
            assert len(set(wrong)) == 3
            assert all(each.endswith(".") for each in wrong)
            assert "{" not in item.questions[form] + "".join(each.text for each in options)
        assert item.claims or item.tested
        assert item.concept not in item.questions["before"]


@pytest.mark.parametrize("name", KEYS)
def test_keys_that_are_numbers_are_those_computed_by_hand(name):
    for form, expected in zip(FORMS, KEYS[name], strict=True):
        assert expected in right(name, form)


def test_numbers_of_the_wrong_options_are_the_mistakes_that_they_stand_for():
    before = {each.misconception: each.text for each in ITEMS["block-and-pooling"].choices["before"]}
    assert before["The pooling comes first."] == f"{572 // 2 - 4} px"
    before = {each.misconception: each.text for each in ITEMS["parameters-of-a-step"].choices["before"]}
    assert before["Biases are forgotten."] == f"{9 * 64 * 128:,}"
    before = {each.misconception: each.text for each in ITEMS["output-side"].choices["before"]}
    convolutions = sum(step.op == "conv" for step in plan(PAPER.config))
    assert f"{572 - 2 * convolutions} × {572 - 2 * convolutions} px" in before.values()


def test_every_claim_can_be_false():
    """Each claim of the file is a comparison; turned round, the file is refused."""
    text = files("unet_explorer.lessons").joinpath("inventory.toml").read_text("utf-8")
    assert parsed(text) == inventory()
    with pytest.raises(FormulaError, match="output-side: .* does not hold"):
        parsed(text.replace("output(tile=572) == 388", "output(tile=572) == 389"))
    with pytest.raises(FormulaError, match="two options are the same"):
        parsed(text.replace('["{tile + 1} px"', '["{tile + 2} px"'))
    assert not holds("tile < 572", PAPER)
    for nothing in ("tile", "1 < 2 < 3", "tile ==", "tile in (1, 2)"):
        with pytest.raises(FormulaError, match="compares nothing"):
            holds(nothing, PAPER)


def test_what_is_no_formula_is_demonstrated_by_a_test_of_this_file():
    demonstrated = {item.tested for item in inventory() if item.tested}
    assert {item.name for item in inventory() if not item.claims} <= {i.name for i in inventory() if i.tested}
    for name in demonstrated:
        assert callable(globals()[f"test_{name}"])


def test_prediction_lies_in_the_middle():
    """What the first predicted pixel sees lies as far from one border as what the last sees lies from the other."""
    config = UNetConfig(depth=2)
    for tile in (100, 140):
        out = trace(config, tile).output.height
        centres = [
            sum((box := receptive_field(config, tile, "head", (place, place)))[::2]) / 2 - place
            for place in range(out // 2 - 8, out // 2 + 8)
        ]
        # Over a period the view lies left and right of the pixel; it is over the middle of the tile all the same.
        assert abs(mean(centres) - (tile - out) / 2 - 0.5) < 1
        first = receptive_field(config, tile, "head", (0, 0))
        last = receptive_field(config, tile, "head", (out - 1, out - 1))
        assert first.top == tile - last.bottom
        assert box.height < tile


def test_poolings_lie_on_one_grid():
    """A max-pooling of a shifted signal is the shifted pooling only where the shift is a multiple of its period."""
    signal = np.random.default_rng(0).normal(size=400)

    def pooled(of: np.ndarray) -> np.ndarray:
        for _ in range(3):
            of = of[: len(of) // 2 * 2].reshape(-1, 2).max(1)
        return np.repeat(of, 8)

    def agrees(shift: int) -> bool:
        tile = 188
        one, other = pooled(signal[:tile]), pooled(signal[shift : shift + tile])
        return np.array_equal(one[shift : shift + 48], other[:48])

    options = [int(each.text.split()[0]) for each in ITEMS["seams"].choices["before"]]
    for shift in options:
        if shift < 140:
            assert agrees(shift) == (f"{shift} px" == right("seams", "before"))
    config = UNetConfig(depth=3)
    starts = sorted({tile.start[0] for tile in Tiling(config, (600, 600), 188)})
    assert starts[1] - starts[0] == int(right("seams", "before").split()[0])


def test_padding_lets_zeros_in():
    """A prediction near the border depends on pixels beyond it, which padding invents."""
    padded, open_ = UNetConfig(padding="same"), UNetConfig()
    assert margins(padded).first > 0 == margins(open_).first
    tile = 576
    corner, middle = (receptive_field(padded, tile, "head", (place, place)) for place in (0, tile // 2))
    assert corner.height < middle.height


def test_without_skips_all_goes_through_the_bottom():
    def shallow(config: UNetConfig) -> bool:
        """Whether anything reaches the prediction without a single pooling."""
        reached = {"input"}
        for step in plan(config):
            if step.op != "pool" and reached.intersection(step.inputs):
                reached.add(step.name)
        return "head" in reached

    assert shallow(UNetConfig())
    assert not shallow(UNetConfig(skips=False))


def test_accuracy_of_an_empty_mask():
    truth = np.zeros((10, 10), int)
    truth[:3, :3] = 1
    found = scores(confusion(truth, np.zeros_like(truth), 2))
    assert found.accuracy == 0.91
    assert found.iou[1] == 0


def test_relu_in_front_of_the_loss_hands_nothing_back():
    def loss(logits: np.ndarray, relu: bool) -> float:
        said = np.maximum(logits, 0) if relu else logits
        return float(np.log(np.exp(said).sum()) - said[1])

    def gradient(logits: np.ndarray, relu: bool) -> np.ndarray:
        steps = np.eye(2) * 1e-6
        return np.array([loss(logits + step, relu) - loss(logits - step, relu) for step in steps]) / 2e-6

    negative = np.array([-1.0, -2.0])
    assert np.all(gradient(negative, relu=True) == 0)
    assert np.all(np.abs(gradient(negative, relu=False)) > 0.1)


def test_thirteen_is_what_the_pooling_is_handed():
    with pytest.raises(naive.Misfit) as failed:
        naive.sides(UNetConfig(padding="same", depth=2), 26)
    assert failed.value.args[1] == 13


def test_each_letter_is_right_as_often_and_forms_differ():
    for form in FORMS:
        assert set(Counter(item.key(form) for item in inventory()).values()) == {5}
    assert sum(item.key("before") == item.key("after") for item in inventory()) < 12
    texts = [[each.text for each in item.choices[form]] for form in FORMS for item in inventory()]
    assert sum(one != other for one, other in zip(texts[:20], texts[20:], strict=True)) >= 18


@pytest.mark.parametrize("form", FORMS)
def test_no_question_gives_another_one_s_answer_away(form):
    for item in inventory():
        option = next(each.text for each in item.choices[form] if each.right)
        own = set(re.findall(r"\d{3,}", item.questions[form]))
        others = " ".join(each.questions[form] for each in inventory() if each is not item)
        assert not (set(re.findall(r"\d{3,}", option)) - own) & set(re.findall(r"\d{3,}", others)), item.name


def test_a_page_gets_no_key():
    for item in inventory():
        page = json.dumps(item.for_page("after"))
        assert json.loads(page)["question"] == item.questions["after"]
        assert not any(each.misconception and each.misconception in page for each in item.choices["after"])
        assert "right" not in json.loads(page)
        assert all(set(each) == {"letter", "text"} for each in json.loads(page)["options"])


@pytest.mark.parametrize("kind", [".html", ".md", ".csv"])
def test_a_sheet_does_not_know_its_key(kind, monkeypatch):
    sheets = {form: inventory_sheets.inventory_data(kind, form=form) for form in FORMS}
    blind = []
    for item in inventory():
        choices = {
            form: tuple(each._replace(right=False, misconception="said") for each in item.choices[form])
            for form in FORMS
        }
        blind.append(replace(item, choices=choices, concept="concept", claims=("claim",), tested="test"))
    monkeypatch.setattr(inventory_sheets, "inventory", lambda: tuple(blind))
    assert {form: inventory_sheets.inventory_data(kind, form=form) for form in FORMS} == sheets


def test_the_key_says_what_stands_behind_each_option():
    for form in FORMS:
        key = inventory_sheets.inventory_data(".md", form=form, key=True).decode()
        for number, item in enumerate(inventory(), start=1):
            assert f"## {number}. {item.key(form)}:" in key
        assert key.count("← right") == 20
        assert key.count("← ") == 80
    with pytest.raises(ValueError, match="key=True is not allowed for a table"):
        inventory_sheets.inventory_data(".csv", key=True)


def test_judged():
    item = ITEMS["crop"]
    for place, letter in enumerate(LETTERS):
        for given in (letter, letter.lower(), place):
            assert judged(item, given, "after").right == (letter == item.key("after"))
    for value in junk():
        if type(value) is int and 0 <= value < 4:
            continue
        with pytest.raises(ValueError, match="option=.* is not allowed"):
            judged(item, value)


def test_a_score_counts_what_is_right_and_names_what_is_not():
    letters = [item.key("before") for item in inventory()]
    assert score("".join(letters)).right == 20
    other = next(letter for letter in LETTERS if letter != letters[5])
    reached = score([*letters[:5], other, "-", *letters[7:]])
    assert (reached.right, reached.of) == (18, 20)
    assert reached.misconceptions == {"crop": judged(ITEMS["crop"], other).misconception}
    assert not reached.items["concatenation"]
    assert score({"crop": ITEMS["crop"].key("after")}, "after").right == 1


def filled_in(path, rows: list[tuple[str, str, str]], delimiter: str = ",") -> str:
    """A table of answers: form, group, and letters to be right in the first so many questions."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        table = csv.writer(stream, delimiter=delimiter)
        table.writerow(["form", "group", *ITEMS])
        for form, group, many in rows:
            keys = [item.key(form) for item in inventory()]
            wrong = [next(letter for letter in LETTERS if letter != key) for key in keys]
            table.writerow([form, group, *keys[: int(many)], *wrong[int(many) :]])
    return str(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_class_is_summed_up_as_by_hand(tmp_path, delimiter):
    counts = {
        ("before", "taught"): [4, 8, 6],
        ("after", "taught"): [14, 18, 13],
        ("after", "compared"): [9, 12, 8],
    }
    rows = [(*key, str(many)) for key, every in counts.items() for many in every]
    results = read_answers(filled_in(tmp_path / "answers.csv", rows, delimiter))
    taught, compared = results.groups
    assert (taught.name, compared.name) == ("taught", "compared")
    assert taught.forms["before"].sheets == 3
    assert taught.forms["before"].share == pytest.approx(mean([4, 8, 6]) / 20)
    assert taught.forms["after"].spread == pytest.approx(stdev([14, 18, 13]) / 20)
    assert taught.gain == pytest.approx((15 - 6) / (20 - 6))
    assert compared.gain is None
    pooled = ((stdev([14, 18, 13]) ** 2 + stdev([9, 12, 8]) ** 2) / 2) ** 0.5
    assert results.effect == pytest.approx((15 - mean([9, 12, 8])) / pooled)
    sixth = taught.items[5]
    assert (sixth.before, sixth.after, sixth.gain) == (pytest.approx(2 / 3), 1, 1)
    last = taught.items[-1]
    assert (last.after, last.times) == (0, 3)
    assert last.misconception == judged(ITEMS["relu-head"], "A", "after").misconception
    assert f"| {last.concept} | 0 % | 0 % | 0.00 | {last.misconception} (3) |" in str(results)
    assert "| **all** | 30 % | 75 % | 0.64 | |" in str(results)


def test_the_most_frequent_mistake_is_found(tmp_path):
    key = ITEMS["crop"].key("before")
    one, other, _ = (letter for letter in LETTERS if letter != key)
    path = tmp_path / "answers.csv"
    path.write_text("form,crop\n" + "".join(f"before,{letter}\n" for letter in (one, other, other, key, "")))
    (group,) = read_answers(path).groups
    assert group.items[0].misconception == judged(ITEMS["crop"], other).misconception
    assert (group.items[0].times, group.items[0].before, len(group.items)) == (2, pytest.approx(1 / 4), 1)
    assert read_answers(path).empty == 1


def test_the_table_to_fill_in_has_no_place_for_names(tmp_path):
    head, *rows = save_inventory(tmp_path / "answers.csv", form="after").read_text("utf-8").splitlines()
    assert head.split(",") == ["form", "group", *ITEMS]
    assert set(rows) == {f"after,taught{',' * 20}"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,form,crop\nAda,before,A\n", "column 'name': delete it"),
        ("form,crop\nbefore,E\n", "line 2: 'E' for crop is no option"),
        ("form,crop\nlater,A\n", "line 2: form='later'"),
        ("form,group,crop\nbefore,Ada Lovelace,A\n", "group='ada lovelace' is not allowed"),
        ("form,crop\nbefore,A,B\n", "line 2: there are more cells"),
        ("form,crop,crop\nbefore,A,B\n", "column 'crop' twice"),
        ("form,crop\n", "no row with answers"),
        ("crop\nA\n", "must name the columns: form"),
        ("", "must name the columns: form"),
    ],
)
def test_a_table_that_holds_anything_else_is_refused(tmp_path, text, said):
    path = tmp_path / "answers.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        read_answers(path)


def test_files_that_are_no_tables_are_refused(tmp_path):
    (tmp_path / "latin.csv").write_bytes(b"form,crop\nbefore,\xe4\n")
    (tmp_path / "large.csv").write_bytes(b"form,crop\n" * 300_000)
    for name, said in (("latin.csv", "UTF-8"), ("large.csv", "too large"), ("none.csv", "cannot be read")):
        with pytest.raises(ValueError, match=said):
            read_answers(tmp_path / name)
    with pytest.raises(ValueError, match="cannot be read"):
        read_answers(tmp_path)


def test_the_study_kit_s_numbers_are_those_of_its_formula():
    text = (PROJECT / "unet_explorer/lessons/en/study.md").read_text("utf-8")
    z = NormalDist().inv_cdf
    rows = re.findall(r"^\| (\d\.\d) \| [a-z ]+ \| (\d+) \| (\d+) \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for effect, many, fewer in rows:
        exact = 2 * (z(0.975) + z(0.8)) ** 2 / float(effect) ** 2
        assert int(many) == ceil(exact)
        assert int(fewer) == ceil(exact * (1 - 0.5**2))
    assert f"z(0.975) = {z(0.975):.3f}, z(0.80) = {z(0.8):.3f}" in text
    assert f"that is {1 + 24 * 0.1:.1f}" in text
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    assert set(re.findall(r"\b(save_inventory|read_answers)\b", code)) <= {"save_inventory", "read_answers"}
    compile(code, "study", "exec")
