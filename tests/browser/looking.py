"""What the tests of the tabs Tile and Inside have in common."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from tabs import open_panel_with, open_tab

from unet_explorer import UNetConfig

DEEP = "UNetConfig(depth=3, base_filters=4), 124, cells(8, size=96)"
"""36 px are predicted, and 36 mod 8 is 4: laid naively, tiles are off the grid."""
CONFIG, TILE = UNetConfig(depth=3, base_filters=4), 124


def open_tile(lab, page, state):
    panel, notebook = open_panel_with(lab, page, state, DEEP)
    tab = open_tab(page, "Tile")
    expect(tab.role("tiles")).to_have_attribute("data-tile", re.compile(r"\d+"))
    return panel, notebook, tab


def open_inside(lab, page, state):
    panel, notebook = open_panel_with(lab, page, state, DEEP)
    tab = open_tab(page, "Inside")
    expect(tab.root).to_have_attribute("data-step", "enc0_conv1")
    return panel, notebook, tab


def point(tab, role, across, down):
    """At a share of a picture's width and height."""
    box = tab.role(role).first.bounding_box()
    tab.page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])


def frame(tab, role):
    return tuple(float(tab.role(role).get_attribute(name)) for name in ("y", "x", "height", "width"))
