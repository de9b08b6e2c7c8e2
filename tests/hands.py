"""What tests of the tabs need: to wait for a widget, to press its buttons, and a worker that only listens."""

from __future__ import annotations

import threading

from unet_explorer import UNetConfig

SMALL = UNetConfig(depth=2, base_filters=4)
TILE = (76, 76)
LONG = 300  # seconds; nothing waits longer than it must


class Watch:
    """Waits for a widget's traits."""

    def __init__(self, widget):
        self.widget, self.changed = widget, threading.Condition()
        widget.observe(self._wake)

    def _wake(self, _):
        with self.changed:
            self.changed.notify_all()

    def until(self, condition):
        with self.changed:
            assert self.changed.wait_for(condition, LONG), self.widget.problem


class Silent:
    """A worker that does nothing but remember what it was asked."""

    process, warm = None, False

    def __init__(self):
        self.listeners, self.asked = [], []

    def send(self, message):
        self.asked.append(message)

    def warm_up(self):
        pass

    def tell(self, **message):
        for listener in list(self.listeners):
            listener(message)


def pressed(tab, do, **more):
    """What the browser sends when a button is pressed; waits until it was granted or refused."""
    number = tab.wish.get("number", 0) + 1
    tab.set_state({"wish": {"do": do, "number": number, **more}})
    Watch(tab).until(lambda: tab.heard >= number)


def tab_of(kind, instrument, worker, chosen, session=None):
    return kind(instrument, worker, chosen, lambda: session)
