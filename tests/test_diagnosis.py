"""What is copied for a report of a defect: enough to find it, and nothing of whom it happened to."""

from __future__ import annotations

import getpass
import os
import platform
import socket
from importlib.metadata import version
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unet_explorer import explore, from_stack
from unet_explorer.panel.diagnosis import diagnosis, without_names

USER, HOST = "wilhelmine", "lab-42.hospital.example"


@pytest.fixture
def somebody(monkeypatch, tmp_path):
    """A user and a machine with names."""
    home = tmp_path / USER
    monkeypatch.setattr(getpass, "getuser", lambda: USER)
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    monkeypatch.setattr(platform, "node", lambda: HOST)
    monkeypatch.setattr(Path, "home", lambda: home)
    return home


def test_it_says_what_is_installed_the_design_and_what_went_wrong(somebody):
    panel = explore("paper", tile=512)
    panel.tab("Build")
    (build,) = panel._open_tabs.tabs["Build"]
    build.problem = f"The file {somebody}/tumour/a b.png of {USER.title()} on lab-42 ('Anna.tif') is too large (5 GB)."
    text = panel.diagnosis
    for name in ("numpy", "ipykernel", "anywidget"):
        assert f"{name} {version(name)}" in text
    assert platform.python_version() in text
    assert explore(panel.link).tile == (512, 512)
    assert panel.link in text
    assert "is too large (5 GB)." in text
    for secret in (USER, "lab-42", "hospital", "Anna", "tumour", str(somebody), os.sep + "tmp", str(Path.cwd())):
        assert secret.lower() not in text.lower(), text
    panel.close()


def test_names_of_images_and_classes_are_not_in_it(images):
    own = from_stack(images.images, images.labels)
    object.__setattr__(own, "name", "Erika 2026")
    panel = explore("classroom", dataset=own)
    panel.problem = f"Of Erika 2026 the image {own.titles[0]} is no {own.classes[-1]}: nothing can be read."
    assert panel.diagnosis.splitlines()[-1] == "Panel: Of … the image … is no …: nothing can be read."
    panel.close()


@given(st.lists(st.text("abcXYZ-_. 09äß", min_size=1).filter(str.strip), min_size=1, max_size=4))
def test_no_path_survives(parts):
    for before, separator in (("/", "/"), ("C:\\", "\\"), ("~/", "/")):
        path = before + separator.join(part.replace(" ", "") or "x" for part in parts)
        for words in (f"Cannot read {path}.", f"It is ({path}), it says", f"[Errno 13] denied: '{path} x'"):
            left = without_names(words)
            assert separator not in left
            assert all(part not in left for part in parts if len(part) > 2 and part not in words.replace(path, ""))


def test_what_is_long_is_cut():
    assert len(diagnosis("unet1", {"Train": "word " * 9999})) < 2000
