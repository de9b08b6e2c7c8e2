"""What the scores of a network say: the likeliest class of every pixel, and how likely each is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

from unet_explorer.core.config import UNetConfig

__all__ = ["classes_of", "probabilities"]


def classes_of(scores: NDArray[np.floating[Any]], config: UNetConfig) -> NDArray[np.uint8]:
    """The likeliest class of every pixel.

    With one score a pixel there are two classes, told apart where the head's own function has its middle.

    Args:
        scores: (…, classes), as the network gives them.
        config: The network.

    Example:
        >>> classes_of(np.array([[-1.0], [2.0]]), UNetConfig(num_classes=1)).tolist()
        [0, 1]
    """
    if config.num_classes > 1:
        likeliest: NDArray[np.uint8] = np.argmax(scores, axis=-1).astype(np.uint8)
        return likeliest
    middle = 0.5 if config.head_activation in {"sigmoid", "softmax"} else 0.0
    return (scores[..., 0] > middle).astype(np.uint8)


def probabilities(scores: NDArray[np.float32], config: UNetConfig) -> NDArray[np.float32]:
    """Of every class at every pixel, whatever the head.

    With one score a pixel it is the probability of class 1.

    Args:
        scores: (…, classes), as the network gives them.
        config: The network.

    Example:
        >>> probabilities(np.zeros((1, 2), "float32"), UNetConfig()).tolist()
        [[0.5, 0.5]]
    """
    likely: Any = scores
    if config.head_activation not in {"softmax", "sigmoid"}:
        likely = softmax(scores, axis=-1) if config.num_classes > 1 else expit(scores)
    shares: NDArray[np.float32] = likely
    return shares
