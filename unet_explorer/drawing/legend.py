"""What arrows, numbers and boxes of the drawing mean, in words."""

from __future__ import annotations

from unet_explorer.core.config import UNetConfig
from unet_explorer.core.plan import Op

__all__ = ["caption", "legend"]


def legend(config: UNetConfig, cropped: bool) -> list[tuple[Op, str]]:
    """What each kind of arrow stands for.

    Args:
        config: The network.
        cropped: Whether any skip loses pixels.

    Example:
        >>> legend(UNetConfig(), True)[-1]
        ('conv1x1', '1×1 convolution')
    """
    k = config.kernel_size
    behind = (", batch norm" if config.batch_norm else "") + ", ReLU"
    up = "2×2 up-convolution" if config.upsampling == "transpose" else "bilinear ×2, 2×2 convolution"
    head = "" if config.head_activation == "linear" else f", {config.head_activation}".replace("relu", "ReLU")
    texts: dict[Op, str] = {
        "conv": f"{k}×{k} convolution{behind}",
        "pool": "2×2 max-pool",
        "upconv": up,
        "crop_concat": "copy and crop" if cropped else "copy",
        "conv1x1": f"1×1 convolution{head}",
    }
    if not config.skips:
        del texts["crop_concat"]
    return list(texts.items())


def caption(config: UNetConfig, cropped: bool, squares: bool = True, frames: bool = True) -> str:
    """What the numbers and boxes mean.

    Args:
        config: The network.
        cropped: Whether any skip loses pixels.
        squares: Whether sizes of squares are written as such.
        frames: Whether the frame of what a crop keeps is drawn.

    Example:
        >>> caption(UNetConfig(skips=False), False, squares=False)
        'Number above a box: channels. Below: height × width in px.'
    """
    size = "size (188² = 188 × 188 px)" if squares else "height × width in px"
    words = f"Number above a box: channels. Below: {size}."
    if config.skips:
        copied = "the copied part, cropped" + (" to the dashed frame" if frames else "")
        words += f" White half: {copied if cropped else 'the copy'}."
    if config.dropout:
        words += f" Dropout ({config.dropout:g}) acts behind the deepest skip and behind the bottleneck."
    return words
