"""What several tests need: waiting for widgets and trainings, buttons, a worker that only listens, a live network."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext

import numpy as np

from unet_explorer import UNetConfig
from unet_explorer.learning.signals import Signal
from unet_explorer.learning.waiting import Bell

SMALL = UNetConfig(depth=2, base_filters=4)
TILE = (76, 76)
LONG = 300  # seconds; nothing waits longer than it must


class Watch:
    """Waits for a widget's traits, as its page sees them: what is changed at once is looked at when all of it is."""

    def __init__(self, widget):
        self.widget, self._bell = widget, Bell()
        self._held = getattr(widget, "_lock", nullcontext())
        widget.observe(lambda _: self._bell.ring())

    def until(self, condition):
        def true():
            with self._held:
                return condition()

        assert self._bell.wait_for(true, LONG), self.widget.problem


@contextmanager
def listening(worker, last):
    """All that a worker tells meanwhile, up to what is the last: a tab may hear that before it is noted here."""
    told, bell = [], Bell()
    worker.events.connect(listen := lambda message: (told.append(message), bell.ring()))
    try:
        yield told
        assert bell.wait_for(lambda: any(last(message) for message in told), LONG)
    finally:
        worker.events.disconnect(listen)


class Silent:
    """A worker that does nothing but remember what it was asked."""

    process, warm = None, False

    def __init__(self):
        self.events, self.asked, self.open = Signal(), [], {}

    def send(self, request):
        self.asked.append(request)

    def warm_up(self):
        pass

    def tell(self, **event):
        self.events.emit(event)


def pressed(tab, do, **more):
    """What the browser sends when a button is pressed; waits until it was granted or refused."""
    number = tab.request.get("number", 0) + 1
    tab.set_state({"request": {"do": do, "number": number, **more}})
    Watch(tab).until(lambda: tab.handled >= number)


def tab_of(kind, instrument, worker, chosen, session=None):
    return kind(instrument, worker, chosen, lambda: session)


def until(session, condition):
    """Wait until something holds of a session; its state changes wake us."""
    bell = Bell()
    session.changed.connect(bell.ring)
    try:
        assert bell.wait_for(condition, LONG), (session.state, session.problem)
    finally:
        session.changed.disconnect(bell.ring)


def finished(session):
    assert session.join(LONG)
    assert session.state == "finished", session.problem
    return session


def live(config, seed=0):
    """A network with weights that leave no part of it silent."""
    import keras

    from unet_explorer import build_model

    keras.utils.set_random_seed(seed)
    model = build_model(config)
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "bias" in weight.path or "beta" in weight.path or "moving_mean" in weight.path:
            weight.assign(random.normal(0, 0.1, weight.shape))
    return model
