"""Refuses what the quick tests do without. Python imports this by its name in every process that they start."""

from __future__ import annotations

import sys

REFUSED = {"keras": "TensorFlow", "tensorflow": "TensorFlow", "playwright": "a browser"}


class Refusal:
    """Finds what must not be imported, and refuses it."""

    def find_spec(self, name, path=None, target=None):
        if name in REFUSED:
            self.refuse(name, REFUSED[name])

    def refuse(self, name, needed):
        raise ImportError(f"{name} was imported, but quick tests need neither a browser nor TensorFlow")


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Refusal())
