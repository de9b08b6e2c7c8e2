"""Refuses what the quick tests do without. Python imports this by its name in every process that they start."""

from __future__ import annotations

import sys
from importlib.machinery import PathFinder

REFUSED = {"keras": "TensorFlow", "tensorflow": "TensorFlow", "playwright": "a browser"}


class Refusal:
    """Finds what must not be imported, for one may ask whether it is there, and refuses to load it."""

    def find_spec(self, name, path=None, target=None):
        spec = PathFinder.find_spec(name, path) if name in REFUSED else None
        if spec is not None:
            spec.loader = self
        return spec

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        self.refuse(module.__name__, REFUSED[module.__name__])

    def refuse(self, name, needed):
        raise ImportError(f"{name} was imported, but quick tests need neither a browser nor TensorFlow")


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Refusal())
