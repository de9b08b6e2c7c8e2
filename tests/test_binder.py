"""What Binder builds a seat from, as far as it can be looked at here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib

import pytest
from traitlets.utils.importstring import import_item

from unet_explorer.learning.places import PLACES
from unet_explorer.learning.process import IDLE_MINUTES


def test_it_installs_the_repository_with_an_extra_that_there_is(project):
    *_, line = (project / ".binder" / "requirements.txt").read_text().split()
    assert line == ".[app]"
    told = tomllib.loads((project / "pyproject.toml").read_text())["project"]
    assert "app" in told["optional-dependencies"]
    version = (project / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in told["classifiers"]


@pytest.mark.skipif(shutil.which("bash") is None, reason="Binder has it")
def test_its_scripts_do_what_they_say(project, tmp_path):
    code = (project / ".binder" / "postBuild").read_text().partition("<<'PY'\n")[2].partition("\nPY\n")[0]
    # Not into the environment of whoever tests.
    subprocess.run([sys.executable, "-c", f"import sys; sys.prefix = {str(tmp_path)!r}\n{code}"], check=True)
    settings = json.loads((tmp_path / "etc/jupyter/jupyter_server_config.json").read_text())
    assert import_item(settings["ServerApp"]["kernel_websocket_connection_class"]).__name__ == "PromptConnection"
    for name in ("postBuild", "start"):
        script = project / ".binder" / name
        assert os.access(script, os.X_OK)
        subprocess.run(["bash", "-n", script], check=True)
    show = ["bash", project / ".binder" / "start", sys.executable, "-c", "import os; print(dict(os.environ))"]
    printed = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    assert f"'{PLACES}': '1'" in printed
    assert f"'{IDLE_MINUTES}': '2'" in printed
