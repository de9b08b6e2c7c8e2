"""What a step does, in few words: for the graph of layers and for tables."""

from __future__ import annotations

from unet_explorer.core.plan import Step

__all__ = ["operation", "shape_text"]


def operation(step: Step, crop: int) -> str:
    """What a step does.

    Args:
        step: The step.
        crop: Pixels a side that it cuts off its skip, if it has one.

    Example:
        >>> from unet_explorer import UNetConfig, plan
        >>> [operation(step, 0) for step in plan(UNetConfig())[:3]]
        ['conv 3×3, ReLU', 'conv 3×3, ReLU', 'max-pool 2×2']
    """
    then = {"linear": "", "relu": ", ReLU"}.get(step.activation, f", {step.activation}")
    return {
        "conv": f"conv {step.kernel}×{step.kernel}{then}",
        "norm": "batch norm",
        "relu": "ReLU",
        "dropout": f"dropout {step.rate:.3g}",
        "pool": "max-pool 2×2",
        "upconv": f"up-conv {step.kernel}×{step.kernel}",
        "upsample": "bilinear ×2",
        "crop_concat": "crop, concat" if crop else "concat",
        "conv1x1": f"conv {step.kernel}×{step.kernel}{then}",
    }[step.op]


def shape_text(shape: tuple[int, ...]) -> str:
    """Sides and channels in one word.

    Example:
        >>> shape_text((570, 570, 64))
        '570×570×64'
    """
    return "×".join(map(str, shape))
