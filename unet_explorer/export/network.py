"""What is exported: a design and its weights as plain arrays, wherever they come from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unet_explorer.core.config import UNetConfig, shown
from unet_explorer.core.plan import Step, plan
from unet_explorer.learning.finding import TrainingError
from unet_explorer.learning.session import TrainingSession
from unet_explorer.model import config_of, is_prepared

if TYPE_CHECKING:
    import keras

__all__ = ["Network", "Weights", "by_step", "fresh_weights", "read_network", "shapes"]

Weights = dict[str, tuple[NDArray[np.float32], ...]]
"""For each step that learns, its arrays in the order and layout of Keras."""


class Network(NamedTuple):
    """A network to be saved.

    Attributes:
        config: Its design.
        weights: Its numbers.
        prepared: Whether it was taught with images of mean 0 and standard deviation 1.
        model: The live network, where it was given; whoever has it has loaded Keras.
        session: The training, where that was given.
    """

    config: UNetConfig
    weights: Weights
    prepared: bool
    model: keras.Model | None = None
    session: TrainingSession | None = None

    @property
    def flat(self) -> list[NDArray[np.float32]]:
        """All arrays in the order of Keras's ``get_weights``."""
        return [array for arrays in self.weights.values() for array in arrays]


def shapes(step: Step) -> tuple[tuple[int, ...], ...]:
    """The shapes of the arrays that a step has learnt, as Keras lays them out.

    Example:
        >>> [shapes(step) for step in plan(UNetConfig(depth=1)) if step.name in ("enc0_conv1", "enc0_pool", "dec0_up")]
        [((3, 3, 1, 64), (64,)), (), ((2, 2, 64, 128), (64,))]
    """
    bias = ((step.channels,),) if step.bias else ()
    match step.op:
        case "conv" | "conv1x1":
            return ((step.kernel, step.kernel, step.in_channels, step.channels), *bias)
        case "upconv":
            return ((step.kernel, step.kernel, step.channels, step.in_channels), *bias)
        case "norm":
            # What it multiplies by and adds, and the mean and variance that it has tracked.
            return ((step.channels,),) * 4
        case _:
            return ()


def by_step(config: UNetConfig, arrays: Iterable[NDArray[Any]]) -> Weights:
    """All arrays of a network, in the order of Keras, handed out to the steps of its plan.

    Raises:
        ValueError: If they are not those of this network.

    Example:
        >>> by_step(UNetConfig(depth=1), [np.zeros(3)])
        Traceback (most recent call last):
        ...
        ValueError: These weights are not those of this network: enc0_conv1 wants (3, 3, 1, 64), not (3,).
    """
    left, found = iter(arrays), {}
    for step in plan(config):
        wanted = shapes(step)
        got = tuple(np.asarray(array, np.float32) for _, array in zip(wanted, left, strict=False))
        for number, shape in enumerate(wanted):
            given = got[number].shape if number < len(got) else None
            if given != shape:
                raise ValueError(
                    f"These weights are not those of this network: {step.name} wants {shape}, not {given or 'nothing'}."
                )
        if wanted:
            found[step.name] = got
    if next(left, None) is not None:
        raise ValueError("These weights are not those of this network: there are more than it has.")
    return found


def fresh_weights(config: UNetConfig, seed: int = 0) -> Weights:
    """Random weights, for a network that has learnt nothing: what tests and examples try.

    Example:
        >>> list(fresh_weights(UNetConfig(depth=1, convs_per_block=1)))
        ['enc0_conv1', 'bottleneck_conv1', 'dec0_up', 'dec0_conv1', 'head']
    """
    random = np.random.default_rng(seed)
    every = (shape for step in plan(config) for shape in shapes(step))
    # Positive, as a variance must be.
    return by_step(config, (random.uniform(0.01, 0.2, shape) for shape in every))


def read_network(session_or_model: object) -> Network:
    """The network that is meant, with its weights.

    Args:
        session_or_model: A `TrainingSession`, of which the best weights count; or a live U-Net.

    Raises:
        TrainingError: If the training has saved nothing yet, or that is damaged.
        ValueError: If it is anything else.

    Example:
        >>> read_network("cells")
        Traceback (most recent call last):
        ...
        ValueError: session_or_model='cells' is neither a training nor a network: give a TrainingSession, or what \
build_model or TrainingSession.model gives.
    """
    given: Any = session_or_model
    if isinstance(given, TrainingSession):
        config = given.order.config
        arrays = given.weights()
        try:
            return Network(config, by_step(config, arrays), True, session=given)
        except ValueError as error:
            raise TrainingError(f"What this training has saved is damaged. {error}") from None
    if isinstance(given, type) or not hasattr(given, "get_layer"):
        raise ValueError(
            f"session_or_model={shown(given)} is neither a training nor a network: give a TrainingSession, or what "
            "build_model or TrainingSession.model gives."
        )
    config = config_of(given)
    learnt = (step.name for step in plan(config) if shapes(step))
    arrays_of_layers = (array for name in learnt for array in given.get_layer(name).get_weights())
    return Network(config, by_step(config, arrays_of_layers), is_prepared(given), model=given)
