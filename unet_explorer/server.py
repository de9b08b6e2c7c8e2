"""A setting of the server that `unet-explorer` starts: what a kernel says reaches the page at once."""

from __future__ import annotations

from typing import Any

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

__all__ = ["PromptConnection"]


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
