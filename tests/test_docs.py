"""The documentation as a site: built by one command without a doubt, complete, and whole without a network."""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest

import unet_explorer
from unet_explorer.docs import site as building
from unet_explorer.docs.gallery import write_gallery
from unet_explorer.docs.lessons import lesson_page
from unet_explorer.docs.site import SiteError, build_site
from unet_explorer.lessons.lesson import lessons
from unet_explorer.panel.glossary import GLOSSARY

FETCHED = {"audio", "embed", "iframe", "img", "input", "link", "object", "script", "source", "track", "video"}
"""Elements that make a browser fetch what they name; a link that is followed does not."""


class Read(HTMLParser):
    """What a page is made of."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.ids, self.links, self.fetched = set(), [], []
        self.open, self.folded = "", ""
        self._depth = 0
        self.source = file.read_text("utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids |= {given[each] for each in ("id", "name") if given.get(each)}
        self._depth += tag == "details"
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag in FETCHED:
            self.fetched += [given[each] for each in ("src", "href", "data", "poster") if given.get(each)]
            self.fetched += [each.split()[0] for each in (given.get("srcset") or "").split(",") if each.strip()]

    def handle_endtag(self, tag):
        self._depth -= tag == "details"

    def handle_data(self, data):
        if self._depth:
            self.folded += data
        else:
            self.open += data


def fetched_by_style(text):
    """What a style sheet fetches, but pictures that it holds itself."""
    named = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
    return [each for each in named if not each.startswith(("data:", "#"))]


@pytest.fixture(scope="module")
def folder(site):
    return site.parent


@pytest.fixture(scope="module")
def pages(folder):
    return {file.relative_to(folder).as_posix(): Read(file) for file in folder.rglob("*.html")}


def test_every_public_name_has_an_entry_with_words(pages):
    entries = {}
    for page, read in pages.items():
        if page.startswith("api/"):
            found = re.findall(r'<dt[^>]* id="(unet_explorer\.\w+)">.*?</dt>\s*<dd>(.*?)</dd>', read.source, re.DOTALL)
            entries |= dict(found)
    named = {f"unet_explorer.{name}" for name in unet_explorer.__all__}
    assert named - entries.keys() == set()
    assert [name for name in named if not re.search(r"<p>[^<].{10}", entries[name])] == []


def test_public_names_link_to_each_other(pages):
    assert "#unet_explorer.UNetConfig" in pages["api/network.html"].links
    assert "network.html#unet_explorer.UNetConfig" in pages["api/panel.html"].links
    assert "#unet_explorer.TrainingSession.resume" in pages["api/learning.html"].links
    assert "#unet_explorer.learning.recipe.Recipe" in pages["api/learning.html"].links


def test_every_link_within_the_site_leads_somewhere(pages, folder):
    lost = []
    for page, read in pages.items():
        for link in read.links + read.fetched:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (folder / page).parent / unquote(parts.path) if parts.path else folder / page
            name = target.resolve().relative_to(folder.resolve()).as_posix()
            known = pages[name].ids if name in pages else set()
            if not target.is_file() or (parts.fragment and name in pages and unquote(parts.fragment) not in known):
                lost.append((page, link))
    assert lost == []


def test_nothing_is_fetched_from_elsewhere(pages, folder):
    asked = [each for read in pages.values() for each in read.fetched]
    for read in pages.values():
        for style in re.findall(r"<style[^>]*>(.*?)</style>|style=\"([^\"]*)\"", read.source, re.DOTALL):
            asked += fetched_by_style("".join(style))
    for sheet in folder.rglob("*.css"):
        asked += fetched_by_style(sheet.read_text("utf-8"))
    assert asked
    assert [each for each in asked if urlsplit(each).scheme not in {"", "data"} or urlsplit(each).netloc] == []
    for drawn in folder.rglob("*.svg"):
        assert not re.search(r"(?:href|src)=\"(?!#)", drawn.read_text("utf-8")), drawn


def test_lessons_keep_answers_folded_and_say_what_the_pages_are_for(pages):
    assert lessons()
    for name, lesson in lessons().items():
        read = pages[f"lessons/{name}.html"]
        assert "These pages are for practice" in read.open
        # A page quotes differently, but its words are the same.
        shown, folded = (re.sub(r"\W+", " ", text) for text in (read.open, read.folded))
        for ask in (page.ask for page in lesson.pages if page.ask):
            words = re.sub(r"\W+", " ", max(re.split(r"[*`\n]", ask.why), key=len)).strip()
            assert words in folded
            assert words not in shown
        assert len(re.findall("<summary>", read.source)) == 3 * sum(bool(page.ask) for page in lesson.pages)


def test_what_is_there_already_is_not_written_a_second_time(pages, project):
    assert {"README.html", "ARCHITECTURE.html", "CONTRIBUTING.html", "CHANGELOG.html"} <= pages.keys()
    for term in GLOSSARY:
        assert re.sub(r"\W+", "", term.meaning) in re.sub(r"\W+", "", pages["glossary.html"].open)
    assert "ARCHITECTURE.html" in pages["README.html"].links
    assert not list((project / "unet_explorer" / "docs").rglob("README*"))


def test_a_choice_shows_what_can_be_chosen_and_which_one_is_right():
    from unet_explorer.lessons.lesson import parsed

    text = """
title = "A"
aim = "B."
minutes = 1
[[step]]
text = "Look."
[step.ask]
kind = "choice"
question = "Which?"
hints = ["one", "two"]
why = "Because."
choices = [{ text = "left", says = "No." }, { text = "right one", right = true }]
[[step]]
text = "Go on."
task = true
"""
    page = lesson_page(parsed(text, "a", "a.toml"))
    before, answer = page.split("<summary>Answer</summary>")
    assert "- left\n- right one" in before
    assert "**right one**\n\nBecause." in answer
    assert "- left – No." in answer


def test_pictures_of_the_panel_are_shown_if_there_are_some(tmp_path):
    shot = tmp_path / "inside-phone-dark.png"
    shot.write_bytes(b"a picture")
    (tmp_path / "sources" / "pictures").mkdir(parents=True)
    write_gallery(tmp_path / "sources", [shot])
    assert (tmp_path / "sources" / "pictures" / shot.name).read_bytes() == b"a picture"
    text = (tmp_path / "sources" / "gallery.md").read_text("utf-8")
    assert "![The panel: Inside, on a phone, dark](pictures/inside-phone-dark.png)" in text


@pytest.mark.filterwarnings("ignore:.* is deprecated:PendingDeprecationWarning")
@pytest.mark.parametrize("text", ["[lost](nowhere.md)", "```{eval-rst}\n`no_such_name`\n```"])
def test_a_doubt_is_an_error(tmp_path, project, text):
    pytest.importorskip("furo", reason="the extra docs is not installed")
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "conf.py").write_bytes((project / "unet_explorer" / "docs" / "pages" / "conf.py").read_bytes())
    (sources / "index.md").write_text(f"# A page\n\n{text}\n", "utf-8")
    with pytest.raises(SiteError, match=r"in doubt:\nindex.md:\d: WARNING"):
        building._run(sources, tmp_path / "out", tmp_path / "read")


def test_only_a_site_that_nobody_added_to_is_replaced(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "_check_tools", lambda: None)
    monkeypatch.setattr(building, "_write_sources", lambda *_: None)
    monkeypatch.setattr(building, "_run", lambda sources, out, scratch: (out / "index.html").write_text("<pre>"))
    first = build_site(tmp_path / "made")
    assert first.read_text("utf-8") == '<pre tabindex="0">'
    with pytest.raises(FileExistsError, match="made is there already"):
        build_site(tmp_path / "made")
    build_site(tmp_path / "made", overwrite=True)
    (tmp_path / "made" / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="it is left alone"):
        build_site(tmp_path / "made", overwrite=True)
    assert (tmp_path / "made" / "mine.txt").read_text() == "mine"
    with pytest.raises(ValueError, match=r"screenshots='none' is no folder"):
        build_site(tmp_path / "other", screenshots="none")
    assert not (tmp_path / "other").exists()


def test_what_is_missing_is_named_with_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "myst_parser", None)
    monkeypatch.setitem(sys.modules, "furo", SimpleNamespace())
    with pytest.raises(SiteError, match=r'myst_parser .*pip install "unet_explorer\[docs\]"'):
        build_site(tmp_path / "made")
    monkeypatch.setattr(building, "_PROJECT", tmp_path)
    with pytest.raises(SiteError, match="in a checkout"):
        build_site(tmp_path / "made")


def test_the_command_says_in_a_line_what_is_wrong(tmp_path):
    command = [sys.executable, "-m", "unet_explorer.docs", str(tmp_path / "no" / "made")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("unet_explorer.docs: There is no folder ")
    assert done.stderr.count("\n") == 1
