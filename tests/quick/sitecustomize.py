"""Refuses what the quick tests do without. Python imports this by its name in every process that they start."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec

REFUSED = {"keras": "TensorFlow", "tensorflow": "TensorFlow", "playwright": "a browser"}


class Refusal:
    """Finds what must not be imported, and refuses to load it. Whether it is there may be asked."""

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self) if name in REFUSED else None

    def create_module(self, spec):
        self.refuse(spec.name, REFUSED[spec.name])

    def exec_module(self, module):
        pass

    def refuse(self, name, needed):
        raise ImportError(f"{name} was imported, but quick tests need neither a browser nor TensorFlow")


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, Refusal())
