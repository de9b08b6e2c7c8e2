"""How modules become one text: what the linker joins, and what it refuses."""

from __future__ import annotations

import functools
import itertools
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest
from hands import LONG
from watchfiles import watch

from unet_explorer.drawing.look import page_style
from unet_explorer.panel import assets
from unet_explorer.panel.assets import link, read

ENTRIES = [
    "stage/stage.js",
    *(f"tabs/{name}.js" for name in ("ablation", "build", "inside", "sweep", "tile", "train")),
]


def linked(**modules: str) -> str:
    """Modules by their names, `a` first; a line each."""
    return link("a.js", {f"{name}.js": text for name, text in modules.items()}.__getitem__)


def test_what_is_imported_comes_first_and_once():
    """A diamond: a needs b and c, and both need d."""
    text = linked(
        a='import { b } from "./b.js";\nimport { c } from "./c.js";\nexport default b + c;\n',
        b='import { d } from "./d.js";\nexport const b = d + 1;\n',
        c='import { d, e } from "./d.js";\nexport const c = d + e;\n',
        d="export const d = 1;\nexport const e = 2;\n",
    )
    assert text.splitlines() == [
        "const d = 1;",
        "const e = 2;",
        "const b = d + 1;",
        "const c = d + e;",
        "export default b + c;",
    ]


def test_paths_are_those_of_the_importing_module():
    modules = {
        "tabs/a.js": 'import { b } from "./b.js";\nimport { c } from "../lib/c.js";\nb(c);\n',
        "tabs/b.js": 'import { c } from "../lib/c.js";\nexport function b() {\n  return c;\n}\n',
        "lib/c.js": "export async function c() {}\n",
    }
    text = link("tabs/a.js", modules.__getitem__)
    assert text == "async function c() {}\nfunction b() {\n  return c;\n}\nb(c);"


def test_names_over_several_lines_and_all_kinds_of_declarations():
    text = linked(
        a='import {\n  A,\n  b,\n  c$,\n} from "./b.js";\nA(b, c$);\n',
        b="export class A {}\nexport let b;\nexport function* c$() {}\n",
    )
    assert text.endswith("A(b, c$);")
    assert "export" not in text


def test_comments_may_speak_of_imports():
    text = '/** @import { Network } from "./types.js" */\n/**\n * export this\n */\nconst a = 1;\n'
    assert linked(a=text) == text.rstrip("\n")


@pytest.mark.parametrize(
    ("modules", "words"),
    [
        (
            {
                "a": 'import { b } from "./b.js";\n',
                "b": 'import { c } from "./c.js";\nexport const b = 1;\n',
                "c": 'import { b } from "./b.js";\nexport const c = 1;\n',
            },
            "a.js → b.js → c.js → b.js: these modules import each other in a circle.",
        ),
        ({"a": 'import { a } from "./a.js";\nexport const a = 1;\n'}, "a.js → a.js: these modules"),
        (
            {"a": 'import { b } from "./b.js";\nconst one = 1;\n', "b": "function one() {}\nexport const b = 1;\n"},
            "a.js and b.js both declare 'one': rename one of them.",
        ),
        (
            {"a": 'import { b, no, nor } from "./b.js";\n', "b": "export const b = 1;\n"},
            "b.js does not export no, nor.",
        ),
        ({"a": 'import { hidden } from "./b.js";\n', "b": "const hidden = 1;\n"}, "b.js does not export hidden."),
        ({"a": 'import { b } from "./b.js";\n', "b": "export default 1;\n"}, "b.js: this linker does not understand"),
        ({"a": 'import {} from "./b.js";\n', "b": "export default 1;\n"}, "b.js: this linker does not understand"),
        *(
            ({"a": f"{line}\n", "b": "export const b = 1;\n"}, f"a.js: this linker does not understand {line!r}.")
            for line in (
                'import b from "./b.js";',
                'import * as b from "./b.js";',
                'import "./b.js";',
                "import { b } from './b.js';",
                'import { b } from "./b.js"',
                'import { b } from "package";',
                'import("./b.js").then(console.log);',
                'export * from "./b.js";',
                'export { b } from "./b.js";',
                "const { b } = window;",
                "let [b] = window;",
            )
        ),
        (
            {"a": 'import { b as c } from "./b.js";\n', "b": "export const b = 1;\n"},
            "a.js: b.js does not export b as c.",
        ),
    ],
)
def test_what_is_not_understood_is_refused(modules, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        linked(**modules)


def test_a_module_that_is_not_there_is_no_silent_hole():
    with pytest.raises(KeyError):
        linked(a='import { b } from "./b.js";\n')


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_widget_is_one_module_without_imports(entry, tmp_path):
    text = link(entry, read)
    starts = [line.split("(")[0].split(" ")[0] for line in text.splitlines()]
    assert starts.count("export") == 1
    assert "import" not in starts
    node = shutil.which("node")
    if node:
        # It parses, with every name declared once.
        (tmp_path / "linked.mjs").write_text(text, "utf-8")
        done = subprocess.run([node, "--check", tmp_path / "linked.mjs"], capture_output=True, text=True)
        assert not done.returncode, done.stderr


def test_all_entries_are_known_here():
    static = files("unet_explorer.panel") / "static"
    scripts = [path for path in Path(str(static)).rglob("*.js") if "\nexport default" in path.read_text("utf-8")]
    assert sorted(path.relative_to(str(static)).as_posix() for path in scripts) == sorted(ENTRIES)


def test_types_are_for_the_type_checker_alone():
    for entry in ENTRIES:
        asked: list[str] = []

        def note(path: str, asked: list[str] = asked) -> str:
            asked.append(path)
            return read(path)

        link(entry, note)
        assert not [path for path in asked if path.endswith("types.js")]


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of all modules and sheets that may be changed, watched as while developing."""
    copy = tmp_path / "static"
    shutil.copytree(str(files("unet_explorer.panel") / "static"), copy)
    monkeypatch.setattr(assets, "_STATIC", copy)
    monkeypatch.setattr(assets, "_LIVE", [])
    monkeypatch.setenv("ANYWIDGET_HMR", "1")
    return copy


def until(file: Path, words: str, change) -> None:
    """Wait for words in a file. A change that was made before anybody watched is not seen, so it is made again."""
    for number in itertools.count():
        change(number)
        for _ in watch(file.parent, step=20, debounce=50, rust_timeout=500, yield_on_timeout=True):
            if words in file.read_text("utf-8"):
                return
            break
        assert number < 2 * LONG, f"{file.name} does not follow its sources"


def append(file: Path, words: str, number: int, sign: str = "// {}") -> None:
    file.write_text(f"{file.read_text('utf-8')}\n{sign.format(f'{words} {number}')}\n", "utf-8")


def test_while_developing_a_widget_follows_its_sources(sources, capsys):
    script, style = assets.script("tabs/build.js"), assets.style("lib/base.css", "tabs/tabs.css")
    assert isinstance(script, Path)
    assert isinstance(style, Path)
    assert script.read_text("utf-8") == link("tabs/build.js", read)
    # One that it imports, not the entry itself.
    until(script, "changed here", functools.partial(append, sources / "lib/page.js", "changed here"))
    assert "changed here" not in style.read_text("utf-8")
    until(style, "/* bold", functools.partial(append, sources / "lib/base.css", "bold", sign="/* {} */"))
    # What cannot be joined is said, and the widget stays as it was until it can be joined again.
    module = sources / "lib/page.js"
    whole, before = module.read_text("utf-8"), script.read_text("utf-8")
    module.write_text('import what from "here";\n', "utf-8")
    until(style, "/* later", functools.partial(append, sources / "lib/base.css", "later", sign="/* {} */"))
    assert script.read_text("utf-8") == before
    assert "build.js is not updated: lib/page.js: this linker does not understand" in capsys.readouterr().out
    module.write_text(whole, "utf-8")
    until(script, "mended", functools.partial(append, module, "mended"))


def test_otherwise_a_widget_is_text(monkeypatch):
    monkeypatch.delenv("ANYWIDGET_HMR", raising=False)
    assert assets.script("tabs/build.js") == link("tabs/build.js", read)
    sheets = (page_style(), read("lib/base.css"), read("tabs/tabs.css"))
    assert assets.style("lib/base.css", "tabs/tabs.css") == "\n".join(sheets)
