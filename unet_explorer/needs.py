"""TensorFlow, where it is not: whether it can be imported here, and what to say if it cannot."""

from __future__ import annotations

import platform
import sys
from importlib.util import find_spec

__all__ = ["no_tensorflow"]


def no_tensorflow() -> str:
    """What to do about it if TensorFlow or Keras is not installed; empty if both are. Nothing is imported.

    Example:
        >>> no_tensorflow()
        ''
    """
    missing = [title for title, name in (("TensorFlow", "tensorflow"), ("Keras", "keras")) if not _is_there(name)]
    if not missing:
        return ""
    here = f"Python {sys.version_info.major}.{sys.version_info.minor} on {platform.system()} {platform.machine()}"
    return (
        f"{' and '.join(missing)} {'are' if missing[1:] else 'is'} not installed, and nothing is built, taught or "
        "predicted without. Install it with `pip install tensorflow`, then try again. It is made for "
        "Python 3.11 to 3.13 on Linux, on Windows (64-bit Intel or AMD) and on macOS (Apple silicon); "
        f"this is {here}."
    )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ImportError:
        return False
    except ValueError:
        # It was put together by hand, as in a test, and has no file.
        return True
