"""The plan as PyTorch source: the twin of the Keras file, with a function that takes that one's weights over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, assert_never

from unet_explorer.core.plan import Step
from unet_explorer.core.script_parts import blocks, preamble, variables
from unet_explorer.core.trace import Row, Shape, Trace

__all__ = ["torch_source"]

_WORDS: Final = """\
A shape is height × width × channels; a tensor is (batch, channels, height, width). Weights start
as in section 3 of the paper (He normal), or come from Keras: see load_keras_weights."""
_HEAD: Final = '''
import torch
from torch import nn
{functional}

class UNet(nn.Module):
    """From {given} to {predicted}."""

    def __init__(self):
        super().__init__()
'''
_FORWARD: Final = """
        self.apply(initialize)

    def forward(self, inputs):
"""
_FOOT: Final = '''\
        return scores


def initialize(layer):
    """He normal: standard deviation sqrt(2 / N), N the numbers that arrive; biases start at 0."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        # Keras cuts the ends off, at 2.3 standard deviations.
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def load_keras_weights(module, weights):
    """Take over what the same network has learnt in Keras: weights is its model.get_weights().

    Both list them layer by layer, in the same order. Their sides stand in another order: the
    kernel of a convolution is (height, width, in, out) in Keras and (out, in, height, width)
    here; that of a transposed one (height, width, out, in) there and (in, out, height, width)
    here. A normalisation has gamma, beta, mean and variance, here called weight, bias,
    running_mean and running_var. Call module.eval() before you predict.
    """
    wanted = []
    for layer in module.children():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            wanted += [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
        elif isinstance(layer, nn.BatchNorm2d):
            wanted += [layer.weight, layer.bias, layer.running_mean, layer.running_var]
    given = [torch.as_tensor(each) for each in weights]
    given = [each.permute(3, 2, 0, 1) if each.ndim == 4 else each for each in given]
    if [each.shape for each in given] != [each.shape for each in wanted]:
        raise ValueError("These are the weights of another network: give those of the same design.")
    with torch.no_grad():
        for mine, theirs in zip(wanted, given):
            mine.copy_(theirs)


if __name__ == "__main__":
    model = UNet()
    print(model)
    print(f"{sum(each.numel() for each in model.parameters()):,} parameters")
'''
_EPSILON, _MOMENTUM = 0.001, 0.01
"""Of a normalisation as Keras has it: its momentum, 0.99, is what stays; PyTorch's is what is new."""


def torch_source(traced: Trace) -> str:
    """The network as the text of a file that builds it in PyTorch; see `to_script`.

    Args:
        traced: The network and its tile.

    Example:
        >>> from unet_explorer.core.config import UNetConfig
        >>> from unet_explorer.core.trace import trace
        >>> text = torch_source(trace(UNetConfig(), 572))
        >>> print(*[line.strip() for line in text.splitlines() if "dec0_up" in line], sep="\\n")
        self.dec0_up = nn.ConvTranspose2d(128, 64, 2, stride=2)
        x = self.dec0_up(x)
    """
    names = variables(traced)
    made, computed = [], []
    for comment, rows in blocks(traced):
        layers = [f"        self.{row.step.name} = {_layer(row.step)}\n" for row in rows if _layer(row.step)]
        made.append("".join([f"        # {comment.partition(':')[0]}\n", *layers]))
        lines = [f"        {line}\n" for row in rows for line in _lines(row, names)]
        computed.append("".join([f"        # {comment}\n", *lines]))
    trainable = sum(row.step.trainable for row in traced)
    text = [preamble(traced, "PyTorch", trainable, _WORDS), _head(traced), *made]
    return "".join([*text, _FORWARD, "\n".join(computed), _FOOT])


def _head(traced: Trace) -> str:
    padded = any(_rim(row.step) for row in traced)
    functional = "from torch.nn import functional as F\n" if padded else ""
    given, predicted = (_tensor(shape) for shape in (traced.rows[0].inputs[0], traced.output))
    return _HEAD.format(functional=functional, given=given, predicted=predicted)


def _tensor(shape: Shape) -> str:
    return f"(batch, {shape.channels}, {shape.height}, {shape.width})"


def _layer(step: Step) -> str:
    """What makes the layer; nothing where the step has none."""
    arguments: tuple[object, ...]
    match step.op:
        case "conv" | "conv1x1":
            made, arguments = "Conv2d", (step.in_channels, step.channels, step.kernel, *_settings(step))
        case "pool":
            made, arguments = "MaxPool2d", (2,)
        case "upconv":
            made, arguments = "ConvTranspose2d", (step.in_channels, step.channels, step.kernel, "stride=2")
        case "upsample":
            made, arguments = "Upsample", ("scale_factor=2", 'mode="bilinear"')
        case "crop_concat":
            return ""
        case "norm":
            made, arguments = "BatchNorm2d", (step.channels, f"eps={_EPSILON}", f"momentum={_MOMENTUM}")
        case "relu":
            made, arguments = "ReLU", ()
        case "dropout":
            made, arguments = "Dropout", (step.rate,)
        case _:
            assert_never(step.op)
    return f"nn.{made}({', '.join(map(str, arguments))})"


def _settings(step: Step) -> Iterator[str]:
    """How a convolution is made; what PyTorch takes for granted is left out."""
    if step.padding == "same" and not _rim(step):
        yield f'padding="{step.padding}"'
    if not step.bias:
        yield "bias=False"


def _rim(step: Step) -> tuple[int, int] | None:
    """Zeros before and behind on each axis, where a padded kernel has an even side and these differ; else None."""
    lost = step.kernel - 1
    uneven = step.op == "conv" and step.padding == "same" and lost % 2
    return (lost // 2, lost - lost // 2) if uneven else None


def _lines(row: Row, names: dict[str, str]) -> Iterator[str]:
    step = row.step
    inputs = [names[name] for name in step.inputs]
    if row.crop:
        inside = f"{row.crop}:-{row.crop}"
        yield f"skip = {inputs[0]}[:, :, {inside}, {inside}]"
        inputs[0] = "skip"
    if step.op == "crop_concat":
        yield f"{names[step.name]} = torch.cat([{', '.join(inputs)}], dim=1)  # {step.name}"
        return
    if rim := _rim(step):
        yield f"# As Keras pads a kernel of {step.kernel} × {step.kernel}: zeros below and on the right."
        inputs = [f"F.pad({inputs[0]}, {rim * 2})"]
    yield f"{names[step.name]} = {_activated(step, f'self.{step.name}({inputs[0]})')}"


def _activated(step: Step, result: str) -> str:
    # What is an activation itself has a layer.
    if step.activation == "linear" or step.op == "relu":
        return result
    share = ", dim=1" if step.activation == "softmax" else ""
    return f"torch.{step.activation}({result}{share})"
