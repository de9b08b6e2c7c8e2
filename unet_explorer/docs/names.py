"""Where a name in a docstring leads, and what of a class is no business of its reader."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

__all__ = ["connect"]

_FOREIGN: Final = sys.stdlib_module_names | {"keras", "np", "numpy", "pandas"}
"""Packages whose names are told as they are: their own pages are elsewhere, and nothing here needs a network."""
_PLAIN: Final = {
    *("ArrayLike", "Choices", "Client", "GivenDesign", "How", "NDArray", "Path", "PathLike", "Predicting", "Progress"),
    *("RunState", "Saving"),
}
"""Types that signatures name without their module, and that no page tells."""
_CALLED_BACK: Final = ("on_",)
"""How the methods begin that others call to tell an object something; nobody else does."""


def connect(app: Sphinx) -> None:
    """Let Sphinx ask this module.

    Args:
        app: Sphinx, before it builds.
    """
    app.connect("missing-reference", _found)
    app.connect("autodoc-skip-member", _skipped)


def _found(app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement) -> nodes.Element | None:
    """What a short name means: the one documented thing that ends in it. None makes Sphinx doubt it."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    annotated = node.get("reftype") == "class" and (target in _PLAIN or target.startswith("unet_explorer."))
    if annotated or ("." in target and target.partition(".")[0] in _FOREIGN):
        return shown
    python = env.domains.python_domain
    ending = [name for name, each in python.objects.items() if f".{name}".endswith(f".{target}") and not each.aliased]
    if len(ending) != 1:
        return None
    where = node.get("refdoc", "")
    return python.resolve_xref(env, where, app.builder, "obj", ending[0], node, shown)


def _skipped(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out what is called back, and the fields of tuples that their class tells already."""
    told = (getattr(thing, "__doc__", "") or "").startswith("Alias for field number")
    return True if told or name.startswith(_CALLED_BACK) else None
