"""The words of the field: complete, short, found where they stand, and the same in the README."""

from __future__ import annotations

import itertools

from unet_explorer.panel.glossary import GLOSSARY, as_markdown, entries
from unet_explorer.panel.instrument.explanations import KNOBS


def test_the_readme_prints_what_the_panel_says(project):
    assert as_markdown() in (project / "README.md").read_text("utf-8")


def test_each_term_is_told_in_one_or_two_sentences_and_found_by_one_word_only():
    for term in GLOSSARY:
        assert 1 <= term.meaning.count(". ") + 1 <= 3, term.name
        assert term.meaning.endswith("."), term.name
        assert len(term.meaning) < 260, term.name
    names = [term.name.lower() for term in GLOSSARY]
    assert names == sorted(names)
    words = list(itertools.chain.from_iterable(entry["words"] for entry in entries()))
    assert len(words) == len(set(words))


def test_what_stands_at_a_knob_is_explained():
    words = set(itertools.chain.from_iterable(entry["words"] for entry in entries()))
    assert {label.lower() for label, _, _ in KNOBS.values()} <= words
    asked = {"tile", "fits", "level", "skip", "crop", "class", "logits", "loss", "epoch", "iou", "dice", "mac", "head"}
    more = {"receptive field", "semantic segmentation", "feature map", "deconvolution", "dropout", "batch norm"}
    assert asked | more <= words
