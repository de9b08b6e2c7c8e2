"""What all tabs do alike."""

from __future__ import annotations

import threading

from hands import LONG

from unet_explorer.panel.tabs.background_tab import BackgroundTab


def test_what_two_threads_change_at_once_all_reaches_the_page(monkeypatch):
    tab = BackgroundTab()
    sent, entered, sending_ended = [], threading.Event(), threading.Event()

    def other():
        with tab.hold_sync():
            tab.problem = "of the other thread"
            entered.set()
            assert sending_ended.wait(LONG)

    second = threading.Thread(target=other)

    def send(message, buffers=None):
        sent.append(message["state"])
        if not second.ident:
            # While the first thread sends, the second changes something, or waits until it may.
            second.start()
            entered.wait(0.3)

    # Before 6.18 a kernel's line says so where there is no kernel, and nothing is sent.
    monkeypatch.setattr(type(tab.comm), "kernel", object(), raising=False)
    monkeypatch.setattr(tab, "_send", send)
    with tab.hold_sync():
        tab.received = {"upload": 1}
    sending_ended.set()
    second.join(LONG)
    assert sent == [{"received": {"upload": 1}}, {"problem": "of the other thread"}]
    tab.close()
