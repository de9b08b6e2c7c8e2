"""What Sphinx is told. It reads this file; nobody imports it."""

from __future__ import annotations

from unet_explorer import __version__
from unet_explorer.docs.names import connect as setup  # noqa: F401  # Sphinx calls it
from unet_explorer.drawing.palette import PAGE, mixed

project = html_title = "unet_explorer"
author = "The authors of unet_explorer"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.githubpages", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
myst_enable_extensions = ["deflist"]

# A name in single backticks is one of Python, and it must be known; see names.py.
default_role = "py:obj"
nitpicky = True
autodoc_typehints_format = "short"
autodoc_type_aliases = {each: each for each in ("ArrayLike", "Image", "Labels", "NDArray", "Tile")}
# They take long to load, and are not asked anything here.
autodoc_mock_imports = ["keras", "tensorflow"]
python_use_unqualified_type_names = True
toc_object_entries = False

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
pygments_style, pygments_dark_style = "a11y-high-contrast-light", "a11y-high-contrast-dark"
_BRAND = ("color-brand-primary", "color-brand-content")
html_theme_options = {
    "light_css_variables": dict.fromkeys(_BRAND, PAGE["edge"]),
    "dark_css_variables": dict.fromkeys(_BRAND, mixed(PAGE["edge"], 0.4)),
}
