"""The command: where the notebooks go, and what happens to those a user has edited."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile

import pytest

from unet_explorer import __main__ as command
from unet_explorer import server


def test_a_checkout_opens_its_own_notebooks(project):
    assert command.notebook_folder() == project / "notebooks"


def test_copies_are_made_once_updated_while_untouched_and_kept_once_edited(tmp_path, project, capsys):
    folder = tmp_path / "mine"
    assert command.notebook_folder(folder) == folder
    copy = folder / "explore.ipynb"
    assert copy.read_bytes() == (project / "notebooks" / "explore.ipynb").read_bytes()
    # An older version that nobody touched is brought up to date ...
    older = b'{"an older": "version"}'
    copy.write_bytes(older)
    record = folder / ".shipped.json"
    known = json.loads(record.read_text())
    known["explore.ipynb"] = command._digest(copy)
    record.write_text(json.dumps(known))
    command.notebook_folder(folder)
    assert copy.read_bytes() != older
    # ... an edited one never is, nor one that was there before.
    copy.write_text('{"edited": true}')
    command.notebook_folder(folder)
    assert copy.read_text() == '{"edited": true}'
    assert f"Kept as you left it: {copy}" in capsys.readouterr().out
    for broken in ("", "[1]", "not json"):
        record.write_text(broken)
        command.notebook_folder(folder)
        assert copy.read_text() == '{"edited": true}'
    assert not list(folder.glob(".*.ipynb.*"))


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit, match="cannot put the notebooks into .*\n.*--folder"):
        command.main(["--folder", str(tmp_path / "file"), "--no-browser"])


@pytest.mark.parametrize("port", ["0", "65536", "-1", "x", "8888.0", "٨٨٨٨"])
def test_a_port_that_is_none(port, capsys):
    with pytest.raises(SystemExit) as stopped:
        command.main(["--port", port])
    assert stopped.value.code == 2
    assert "give a whole number from 1 to 65535" in capsys.readouterr().err


@pytest.fixture(scope="session")
def wheel(project, tmp_path_factory):
    """The wheel, built from a clean copy so that nothing lying about gets in."""
    source = tmp_path_factory.mktemp("source") / "project"
    shutil.copytree(project, source, ignore=shutil.ignore_patterns(".git", ".*cache", "__pycache__", "dist", ".venv"))
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(target), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    (made,) = target.glob("*.whl")
    return made


def test_the_wheel_holds_all_it_needs(wheel, project):
    names = set(zipfile.ZipFile(wheel).namelist())
    parts = [part.relative_to(project) for part in (project / "unet_explorer").rglob("*") if part.is_file()]
    # The documentation is built in a checkout alone.
    left_out = {"__pycache__", "docs"}
    assert {part.as_posix() for part in parts if not left_out.intersection(part.parts)} <= names
    assert "unet_explorer/labconfig/page_config.json" in names
    assert "unet_explorer/notebooks/explore.ipynb" in names
    assert "unet_explorer/py.typed" in names
    assert not [name for name in names if name.startswith(("tests", "docs", "unet_explorer/docs"))]


def test_the_wheel_holds_no_notebook_folder_that_is_never_copied(wheel):
    """What lies beside the notebooks would be carried about, and reach nobody."""
    beside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("unet_explorer/notebooks/")}
    assert beside
    assert all(name.endswith(".ipynb") for name in beside)


def test_an_installed_wheel_copies_its_notebooks(wheel, tmp_path):
    site, home = tmp_path / "site", tmp_path / "home"
    home.mkdir()
    zipfile.ZipFile(wheel).extractall(site)
    code = "from unet_explorer.__main__ import notebook_folder; print(notebook_folder())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(site), "HOME": str(home), "USERPROFILE": str(home)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(home / "unet-explorer")
    assert (home / "unet-explorer" / "explore.ipynb").is_file()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere kernels have ports")
def test_the_sockets_of_kernels_lie_in_a_folder_of_the_owners_with_a_path_that_is_short_enough(tmp_path, monkeypatch):
    short = server.private_folder()
    assert short.stat().st_mode & 0o777 == 0o700
    short.rmdir()
    # A folder for passing files may be anywhere; a socket's path has its limit.
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    other = server.private_folder()
    assert len(str(other)) < len(str(long))
    assert not list(long.iterdir())
    settings = server.line_settings(other)
    kernels = [server.PrivateKernelManager(transport="ipc", sockets=str(other)) for _ in range(2)]
    assert settings["PrivateKernelManager.sockets"] == str(other)
    assert len({kernel.ip for kernel in kernels}) == 2
    for kernel in kernels:
        assert kernel.ip.startswith(f"{other}/")
        assert len(f"{kernel.ip}-99999") <= 107
    other.rmdir()


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_windows_and_macos_have_ports(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    assert server.private_folder() is None
    assert server.line_settings(None) == {}


def test_the_command_writes_a_page(tmp_path, capsys):
    out = tmp_path / "unet.html"
    with pytest.raises(SystemExit) as ended:
        command.main(["page", str(out), "--design", "unet1-t188-d3-f8-11hrn49"])
    assert ended.value.code == 0
    assert out.read_text("utf-8").startswith("<!doctype html>")
    assert "MB, nothing is fetched" in capsys.readouterr().out
    # What is there is not replaced unasked, and what cannot be read is told.
    for words, code, said in (
        ([str(out)], 1, "is there already: give another name, or --overwrite to replace it."),
        ([str(tmp_path / "v.html"), "--model", str(out)], 1, "--model unet.html is no .keras file: give one that save"),
        ([str(tmp_path / "u.pdf")], 1, "give a name that ends in .html"),
        ([str(tmp_path / "v.html"), "--model", str(tmp_path / "no.keras")], 1, "is not there"),
        ([str(tmp_path / "v.html"), "--design", "unet1-t188-d3"], 2, "mistyped"),
    ):
        with pytest.raises(SystemExit) as ended:
            command.main(["page", *words])
        assert ended.value.code == code
        assert said in capsys.readouterr().err
    assert not (tmp_path / "v.html").exists()
