"""Words as LaTeX understands them."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["in_latex"]

_SIGNS: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"$<$",
    ">": r"$>$",
    "×": r"$\times$",
    "²": r"\textsuperscript{2}",
    "≈": r"$\approx$",
    "–": "--",
    "−": r"$-$",
    "→": r"$\rightarrow$",
    "·": r"$\cdot$",
}
_OTHER: Final = re.compile("[^ -~]|[" + re.escape("".join(_SIGNS)) + "]")


def in_latex(text: str) -> str:
    """A text for LaTeX, in ASCII: every sign that means something there is escaped, what is not known becomes "?".

    Example:
        >>> print(in_latex("enc0_conv1: 570² = 570 × 570"))
        enc0\\_conv1: 570\\textsuperscript{2} = 570 $\\times$ 570
    """
    return _OTHER.sub(lambda found: _SIGNS.get(found[0], "?"), text)
