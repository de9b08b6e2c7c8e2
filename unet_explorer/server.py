"""Settings of the server that `unet-explorer` starts: what a kernel says reaches the page at once, and nobody else."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import zmq
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from traitlets import Unicode, default

__all__ = ["PrivateKernelManager", "PromptConnection", "line_settings", "private_folder"]

_LONGEST: Final = 107
"""Bytes that the path of a socket may have (Linux, unix(7): 108 with the zero behind it)."""
_NAME: Final = "/0123456789abcdef-99999"
"""As long as the name of a socket can become: that of a kernel, and the number of a line to it."""


class PromptConnection(ZMQChannelsWebsocketConnection):  # type: ignore[misc]
    """A kernel's connection to a page that never holds back a small message.

    By default TCP keeps a small message until the one before it is acknowledged, and the page's machine
    acknowledges up to 40 ms late (Nagle's algorithm and delayed acknowledgement, RFC 1122, section 4.2.3). A knob
    that is dragged would stutter.
    """

    def connect(self) -> Any:
        """Open the connection; called by Jupyter Server."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


class PrivateKernelManager(ServerKernelManager):  # type: ignore[misc]
    """A kernel that is spoken with through files of one's own, not through ports of the machine.

    What comes out of a kernel is signed, but not locked: whoever may connect to its output port, any user of the
    machine, can read along without a key. A socket that is a file in a folder of mode 0700 is its owner's alone.
    """

    sockets = Unicode("", help="The folder of the sockets; see `private_folder`.").tag(config=True)

    @default("ip")
    def _own_socket(self) -> str:
        """How the paths of this kernel's sockets begin; called by Jupyter."""
        if self.transport != "ipc" or not self.sockets:
            return str(super()._ip_default())
        return str(Path(self.sockets) / secrets.token_hex(8))


def private_folder() -> Path | None:
    """A new folder for sockets that nobody but its owner can enter; None where kernels need ports.

    That is so on Windows, whose Jupyter knows no other way, on macOS, and where no path is short enough.
    """
    if not sys.platform.startswith("linux") or not zmq.has("ipc"):
        return None
    # A home may lie on another machine, where no socket can be; a runtime folder goes when its user logs out.
    for place in dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp")):  # noqa: S108  # a folder of our own in it
        try:
            folder = Path(tempfile.mkdtemp(prefix="unet-", dir=place))
        except OSError:
            continue
        if len(os.fsencode(f"{folder}{_NAME}")) <= _LONGEST:
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def line_settings(folder: Path | None) -> dict[str, str]:
    """The settings by which a server speaks with its kernels through sockets in a folder; none without a folder.

    Example:
        >>> line_settings(None)
        {}
    """
    if folder is None:
        return {}
    return {
        "MultiKernelManager.kernel_manager_class": "unet_explorer.server.PrivateKernelManager",
        "KernelManager.transport": "ipc",
        "PrivateKernelManager.sockets": str(folder),
    }
