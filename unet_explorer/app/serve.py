"""The server of the page without cells: Voilà, on this machine only and behind a token, with nothing left behind.

Voilà and not Jupyter's own server with Voilà in it, for a kernel that is reached through it takes the messages of
widgets alone: whoever opens the page can turn knobs and teach networks, and cannot run code of their own.
"""

from __future__ import annotations

import html
import ipaddress
import os
import secrets
import shutil
import socket
import webbrowser
from pathlib import Path
from typing import Any, Final

from tornado.web import HTTPError
from voila.app import Voila
from voila.shutdown_kernel_handler import VoilaShutdownKernelHandler
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from unet_explorer.server import line_settings, private_folder

__all__ = ["App", "serve"]

_HERE: Final = Path(__file__).resolve().parent
_OFTEN: Final = 10
"""At most so many seconds pass until it is seen that a kernel has been alone for long enough."""
_SORRY: Final = "Reload the page. If that does not help, tell whoever runs this server: its log says more."


class ShutdownHandler(VoilaShutdownKernelHandler):  # type: ignore[misc]
    """Ends the kernel of a page that is being closed.

    The page's last message cannot carry the secret that Voilà asks for where a page was opened with a token, since it
    was never given one; so every kernel, and its worker, would outlive its page. The number of the kernel, which nobody
    else knows, is secret enough, together with the login and an origin of our own.
    """

    def check_xsrf_cookie(self) -> None:
        """Ask for the origin alone; called by Jupyter Server."""
        if not self.check_origin():
            raise HTTPError(403)


class LineHandler(VoilaKernelWebsocketHandler):  # type: ignore[misc]
    """The line between a page and its kernel.

    Voilà takes every binary message for one of the newer protocol. Of an older one it would read a number of parts that
    is none, and the server would do nothing else any more, for anybody.
    """

    def write_message(self, message: Any, binary: bool = False) -> Any:
        """Send a message to the page; called by Jupyter Server."""
        if isinstance(message, bytes) and not self.selected_subprotocol:
            return super(VoilaKernelWebsocketHandler, self).write_message(message, binary)
        return super().write_message(message, binary)


class App(Voila):  # type: ignore[misc]
    """Voilà with our template, which fetches nothing from elsewhere, and without configuration found lying about."""

    def setup_template_dirs(self) -> None:
        """Look for the page here first; called by Voilà."""
        super().setup_template_dirs()
        self.template_paths.insert(0, str(_HERE / "template"))

    def init_handlers(self) -> list[Any]:
        """What answers which address; called by Voilà."""
        ours = {VoilaShutdownKernelHandler: ShutdownHandler, VoilaKernelWebsocketHandler: LineHandler}
        return [(path, ours.get(handler, handler), *more) for path, handler, *more in super().init_handlers()]

    def init_settings(self) -> Any:
        """What answers are made with; called by Voilà."""
        settings = super().init_settings()
        # A page of elsewhere whose name leads here, too, is sent away.
        return settings | {"allow_remote_access": not _is_here(self.ip), "local_hostnames": ["localhost"]}

    @property
    def address(self) -> str:
        """Where the page is, with its token."""
        host = socket.gethostname() if self.ip in {"0.0.0.0", "::"} else self.ip  # noqa: S104  # only if asked for
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/?token={self.token}"

    def launch_browser(self) -> None:
        """Open the page; called by Voilà, as soon as it listens."""
        # By way of a file of our own: what a browser is called with, every user of the machine can read.
        way = Path(self.connection_dir) / "open.html"
        way.write_text(f'<meta http-equiv="refresh" content="0;url={html.escape(self.address)}">', "utf-8")
        webbrowser.open(way.as_uri())

    def listen(self) -> None:
        """Say where it is, and serve until it is stopped; called by Voilà."""
        listening, app = super().listen, self.app

        def told(port: int, address: str) -> Any:
            server = type(app).listen(app, port, address)
            self.port = port
            print(f"The instrument is at {self.address}", flush=True)
            return server

        app.listen = told
        listening()


def serve(*, ip: str = "127.0.0.1", port: int | None = None, browser: bool = True, grace: int = 120) -> None:
    """Serve the instrument to whoever knows the address with its token; returns when it is stopped.

    Every page has a kernel of its own. It ends, and its worker with it, when the page is closed, or when nothing has
    been heard of the page for long.

    Args:
        ip: The address to listen on. On any but this machine's own, what is sent can be read on its way.
        port: The port; the first free one from 8866 on, if left out.
        browser: Whether to open the page.
        grace: Seconds that the kernel of a page that is cut off waits for it to come back.
    """
    chosen = os.environ.get("JUPYTER_TOKEN")
    settings = {
        "Voila.ip": ip,
        # Never on a command line, which every user of the machine could read.
        "Voila.token": chosen or secrets.token_hex(24),
        "Voila.open_browser": str(browser),
        "Voila.kernel_websocket_connection_class": "unet_explorer.server.PromptConnection",
        # Whoever asks a token of Voilà means this provider, which no configuration of Jupyter's can change.
        "Voila.identity_provider_class": "voila.voila_identity_provider.VoilaIdentityProvider",
        "VoilaConfiguration.template": "lab",
        "VoilaConfiguration.show_tracebacks": "False",
        "VoilaExecutor.cell_error_instruction": _SORRY,
        "MappingKernelManager.cull_idle_timeout": str(grace),
        "MappingKernelManager.cull_interval": str(min(_OFTEN, grace)),
        "MappingKernelManager.cull_connected": "False",
        # What is cut off and busy has nobody to be busy for.
        "MappingKernelManager.cull_busy": "True",
        "Voila.log_level": "WARN",
    }
    if port is not None:
        settings |= {"Voila.port": str(port), "Voila.port_retries": "0"}
    sockets = private_folder()
    settings |= line_settings(sockets)
    # Voilà would run a ``voila.py`` that lies in the folder where it is started.
    app = App(config_file_paths=[])
    try:
        app.initialize([str(_HERE / "explore.ipynb"), *(f"--{name}={value}" for name, value in settings.items())])
        app.start()
    finally:
        if sockets is not None:
            shutil.rmtree(sockets, ignore_errors=True)


def _is_here(ip: str) -> bool:
    try:
        return ipaddress.ip_address(ip).is_loopback
    except ValueError:
        return ip == "localhost"
