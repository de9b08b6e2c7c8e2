"""`unet-explorer`: opens the notebooks in JupyterLab, or serves a page without cells, behind a token either way."""

from __future__ import annotations

import argparse
import hashlib
import ipaddress
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from unet_explorer import __version__

__all__ = ["main", "notebook_folder"]

FIRST: Final = "explore.ipynb"
COMMANDS: Final = ("page", "predict", "sweep")
"""Subcommands: modules of `unet_explorer.commands`, each with a ``main`` that takes what follows its name."""
_PACKAGE: Final = Path(__file__).resolve().parent
_RECORD: Final = ".shipped.json"


def main(argv: Sequence[str] | None = None) -> None:
    """Start JupyterLab with the first notebook open, or serve the page without cells; or run a subcommand."""
    words = sys.argv[1:] if argv is None else list(argv)
    if words and words[0] in COMMANDS:
        sys.exit(import_module(f"unet_explorer.commands.{words[0]}").main(words[1:]))
    options = _options(words)
    if options.design:
        # Kernels have the environment of the server that starts them.
        from unet_explorer.panel.link import ASKED

        os.environ[ASKED] = options.design
    if options.app:
        _serve_app(options)
        return
    try:
        folder = notebook_folder(options.folder)
    except OSError as error:
        sys.exit(
            f"unet-explorer: cannot put the notebooks into {error.filename}: {error.strerror}.\n"
            "Name another folder: unet-explorer --folder ~/somewhere-you-may-write"
        )
    print(f"Notebooks: {folder}", flush=True)
    _serve(folder, options.port, browser=options.browser)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="unet-explorer",
        description="Explore the U-Net by hand: opens a notebook in JupyterLab, on this machine only.",
        epilog=f"Without a panel: unet-explorer {' | '.join(COMMANDS)}; each tells more with --help.",
    )
    parser.add_argument("--version", action="version", version=f"unet_explorer {__version__}")
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", help="do not open a browser, only print the address"
    )
    parser.add_argument("--port", type=_port, help="the port to listen on (default: the first free one from 8888 on)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where to put the notebooks (default: where they are in a source checkout, else ~/unet-explorer); "
        "a notebook that you have edited is never overwritten",
    )
    parser.add_argument(
        "--design",
        type=_design,
        help="what explore() opens with: the link of a panel (Save ▾, Copy link), or paper, article or classroom",
    )
    app = parser.add_argument_group("a page without cells, such as for a class (needs the extra: unet_explorer[app])")
    app.add_argument("--app", action="store_true", help="serve the panel alone; every page has a kernel of its own")
    app.add_argument(
        "--ip",
        type=_address,
        help="the address to listen on (default: 127.0.0.1, this machine alone); on any other, all in the network "
        "who know the token can use this computer's processors and memory, and what is sent is not encrypted",
    )
    app.add_argument(
        "--grace",
        type=_seconds,
        help="seconds after which the kernel of a page that was cut off is ended (default: 120)",
    )
    options = parser.parse_args(argv)
    if not options.app and (options.ip is not None or options.grace is not None):
        parser.error("--ip and --grace go with --app: JupyterLab, which runs any code, stays on this machine")
    if options.app and options.folder is not None:
        parser.error("--folder goes without --app: the page has no notebooks")
    return options


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address("127.0.0.1" if text == "localhost" else text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no address of a network card: give numbers, such as 127.0.0.1 (this machine alone) or "
            "0.0.0.0 (all its networks)"
        ) from None


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: give a whole number from 1 to 86400")
    return int(text)


def _design(text: str) -> str:
    """A design as it was given, once it is clear that it can be opened."""
    from unet_explorer.core.config import PRESETS
    from unet_explorer.panel.link import is_link, read_link

    if text in PRESETS:
        return text
    if not is_link(text):
        names = ", ".join(PRESETS)
        raise argparse.ArgumentTypeError(f"{text!r} is no design: give the link of a panel, or one of {names}")
    try:
        read_link(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a whole number from 1 to 65535")
    return int(text)


def notebook_folder(wanted: Path | None = None) -> Path:
    """The folder to open. In a source checkout that is its own; an installed package copies its notebooks first.

    A copy that was not touched since is brought up to date; one that was edited stays as it is.

    Args:
        wanted: Where the notebooks shall be.

    Raises:
        OSError: If the folder cannot be written.
    """
    source = _shipped()
    if wanted is None and source.parent != _PACKAGE:
        return source
    folder = (wanted or Path.home() / "unet-explorer").expanduser().resolve()
    if folder != source:
        folder.mkdir(parents=True, exist_ok=True)
        _copy(source, folder)
    return folder


def _shipped() -> Path:
    """The notebooks as they come: of an installed package, or of a source checkout."""
    installed = _PACKAGE / "notebooks"
    return installed if installed.is_dir() else _PACKAGE.parent / "notebooks"


def _copy(source: Path, folder: Path) -> None:
    record = folder / _RECORD
    try:
        known = json.loads(record.read_text("utf-8"))
    except (OSError, ValueError):
        known = {}
    if not isinstance(known, dict):
        known = {}
    for notebook in sorted(source.glob("*.ipynb")):
        target = folder / notebook.name
        if target.exists() and _words(target) == _words(notebook):
            # Nothing to bring up to date: what came of running it stays.
            known[notebook.name] = _words(notebook)
            continue
        if target.exists() and not {_digest(target), _words(target)} & {known.get(notebook.name), _words(notebook)}:
            print(f"Kept as you left it: {target}", flush=True)
            continue
        _replace(target, notebook.read_bytes())
        known[notebook.name] = _words(notebook)
    _replace(record, json.dumps(known, indent=1).encode())


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _words(file: Path) -> str:
    """A digest of what is written in a notebook, whatever came of running it; of a file that is none, of all of it."""
    try:
        cells = [[cell["cell_type"], "".join(cell["source"])] for cell in json.loads(file.read_bytes())["cells"]]
    except (ValueError, LookupError, TypeError):
        return _digest(file)
    return hashlib.sha256(json.dumps(cells).encode()).hexdigest()


def _replace(target: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as half:
        half.write(content)
    try:
        shutil.copymode(target, half.name) if target.exists() else Path(half.name).chmod(0o644)
        Path(half.name).replace(target)
    except OSError:
        Path(half.name).unlink(missing_ok=True)
        raise


def _serve_app(options: argparse.Namespace) -> None:
    try:
        from unet_explorer.app.serve import serve
    except ModuleNotFoundError as error:
        if error.name != "voila":
            raise
        sys.exit('unet-explorer: Voilà is missing, which serves it. Install it with: pip install "unet_explorer[app]"')
    ip = options.ip or "127.0.0.1"
    if not ipaddress.ip_address(ip).is_loopback:
        print(
            f"Listening on {ip}: whoever knows the address with its token can use this computer's processors and "
            "memory (code of their own they cannot run). What is sent is not encrypted: mind the network.",
            flush=True,
        )
    serve(ip=ip, port=options.port, browser=options.browser, grace=options.grace or 120)


def _serve(folder: Path, port: int | None, *, browser: bool) -> None:
    try:
        from jupyterlab.labapp import LabApp
    except ModuleNotFoundError:
        sys.exit("unet-explorer: JupyterLab is missing. Install it with: pip install jupyterlab")
    from unet_explorer.server import line_settings, private_folder

    # ``labconfig`` beside this file keeps JupyterLab from asking a class whether it wants news.
    paths = [os.environ.get("JUPYTER_CONFIG_PATH", ""), str(_PACKAGE)]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    # Set here and not on a command line, which every user of the machine could read. Whatever a user's own
    # configuration says, the server listens on this machine only and asks for the token.
    chosen = os.environ.get("JUPYTER_TOKEN")
    token = chosen or secrets.token_hex(24)
    settings = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.allow_remote_access": "False",
        "ServerApp.allow_root": "True",
        "ServerApp.open_browser": str(browser),
        "ServerApp.root_dir": str(folder),
        "ServerApp.default_url": f"/lab/tree/{FIRST}",
        "ServerApp.identity_provider_class": "jupyter_server.auth.identity.IdentityProvider",
        "IdentityProvider.token": token,
        "ServerApp.kernel_websocket_connection_class": "unet_explorer.server.PromptConnection",
        "LabApp.default_url": f"/lab/tree/{FIRST}",
        "LabApp.open_browser": str(browser),
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.news_url": "None",
    }
    if port is not None:
        settings |= {"ServerApp.port": str(port), "ServerApp.port_retries": "0"}
    sockets = private_folder()
    settings |= line_settings(sockets)
    try:
        server = LabApp.initialize_server(argv=[f"--{name}={value}" for name, value in settings.items()])
        # Jupyter prints the whole address only with a token that nobody knows yet.
        server.identity_provider.token_generated = not chosen
        _run_first_cell(server, folder / FIRST)
        server.start()
    finally:
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)


def _run_first_cell(server: Any, notebook: Path) -> None:
    """Let the page run the first code cell of the notebook, once, if it is the one that was shipped.

    What may run is decided here, by the path and a number of this start, and never by what stands in a notebook. See
    ``labextension/``.
    """
    try:
        cells = json.loads(notebook.read_text("utf-8"))["cells"]
        source = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    except (OSError, ValueError, LookupError, TypeError, StopIteration):
        return
    if _words(notebook) != _words(_shipped() / FIRST):
        return
    # What came of it is saved, so that the page may be loaded again; but not in a checkout, where it would be a change.
    start = {
        "path": FIRST,
        "number": secrets.token_hex(12),
        "source": source,
        "save": notebook.parent.resolve() != _shipped().resolve(),
    }
    server.web_app.settings.setdefault("page_config_data", {})["unetExplorerStart"] = start


if __name__ == "__main__":
    main()
