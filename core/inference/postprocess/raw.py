"""A raw output checked, on the CPU, and taken apart into images."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import torch
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.annotation.mask import MAX_PIXELS
from core.inference.axis import Axis
from core.maskformer.output import MaskFormerOutput
from core.maskformer.pixel_decoders.features import MASK_STRIDE

Size = tuple[int, int]

# Below every normal float32 number: a softmax of logits 0 and −100.
NOTHING = 1e-37


@dataclass(frozen=True, eq=False)
class RawImage:
    """One image of a batch: what the network said, and the size that its view shall have.

    class_logits: float32 [Q, K + 1], finite, on the CPU.   size: the image's (height, width).
    output, index: where its masks are.   real: the (height, width) of the network's input that are no padding.
    """

    class_logits: Tensor
    size: Size
    output: MaskFormerOutput
    index: int
    real: Size | None

    def masks(self, queries: Tensor) -> tuple[Tensor, Axis, Axis]:
        """The mask logits of some queries (int64 [n]), finite float32 [n, h, w], with the axes that stretch them.

        Raises ModelError for logits that are not finite, or a grid that does not hold the image's real part.
        """
        logits = self.output.masks.of(self.index, queries)
        if self.real is not None:
            logits = _cropped(logits, self.real)
        if not _finite(logits):
            raise ModelError("mask logits are not finite numbers; take a checkpoint from before its training broke")
        rows, columns = (Axis.of(cells, side) for cells, side in zip(logits.shape[1:], self.size, strict=True))
        return logits, rows, columns


def raw_images(
    output: MaskFormerOutput,
    sizes: Sequence[Size],
    label_set: LabelSet,
    input_sizes: Sequence[Size] | None = None,
) -> Iterator[RawImage]:
    """The images of a batch. Raises ModelError for sizes, labels or logits that do not fit."""
    if not isinstance(output, MaskFormerOutput) or not isinstance(label_set, LabelSet):
        raise ModelError(
            f"give a MaskFormerOutput and a LabelSet, got {type(output).__name__} and {type(label_set).__name__}"
        )
    output = on_cpu(output)
    classes = output.class_logits.float()
    if classes.ndim != 3 or classes.shape[-1] != len(label_set) + 1 or len(label_set) == 0:
        raise ModelError(
            f"class logits {list(classes.shape)} do not fit a label set of {len(label_set)}: they are [B, Q, K + 1], a "
            "column a category and the last one for no object; take the label set that the model was trained with"
        )
    if classes.shape[1] == 0 or 0 in output.masks.size:
        raise ModelError(
            f"an output has at least one query and one cell, got {classes.shape[1]} queries and masks of "
            f"{output.masks.size[0]}×{output.masks.size[1]} cells"
        )
    if not _finite(classes):
        raise ModelError("class logits are not finite numbers; take a checkpoint from before its training broke")
    checked = _checked_sizes("sizes", sizes, len(classes))
    real = [None] * len(classes) if input_sizes is None else _checked_sizes("input_sizes", input_sizes, len(classes))
    for index, (size, part) in enumerate(zip(checked, real, strict=True)):
        yield RawImage(classes[index], size, output, index, part)


def on_cpu(output: MaskFormerOutput) -> MaskFormerOutput:
    """The same class and mask logits on the CPU; from another device, in one copy."""
    if output.class_logits.device.type == "cpu":
        return output
    parts = [output.class_logits.float(), output.mask_logits.float()]
    copied = torch.split(torch.cat([part.flatten() for part in parts]).cpu(), [part.numel() for part in parts])
    class_logits, mask_logits = (flat.view(part.shape) for flat, part in zip(copied, parts, strict=True))
    return MaskFormerOutput(class_logits, mask_logits)


def _checked_sizes(name: str, sizes: Sequence[Size], count: int) -> list[Size]:
    """(height, width) pairs of `count` images, as ints. Raises ModelError."""
    if isinstance(sizes, torch.Tensor | np.ndarray):
        sizes = sizes.tolist()
    if not isinstance(sizes, Sequence) or isinstance(sizes, str):
        raise ModelError(f"{name} is a list with one (height, width) an image, got {sizes!r:.80}")
    if len(sizes) != count:
        raise ModelError(f"{name} holds {len(sizes)} sizes for {count} images; give one (height, width) an image")
    return [_checked_size(name, size) for size in sizes]


def _checked_size(name: str, size: Size) -> Size:
    size = size.tolist() if isinstance(size, torch.Tensor | np.ndarray) else size
    sides = tuple(size) if isinstance(size, Sequence) else (size,)
    if len(sides) != 2 or not all(_is_whole(side) and side >= 1 for side in sides) or math.prod(sides) > MAX_PIXELS:
        raise ModelError(
            f"{name} holds {size!r}; a size is (height, width), each 1 or more, {MAX_PIXELS} pixels at most"
        )
    return int(sides[0]), int(sides[1])


def _is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _cropped(logits: Tensor, real: Size) -> Tensor:
    height, width = (math.ceil(side / MASK_STRIDE) for side in real)
    if height > logits.shape[1] or width > logits.shape[2]:
        raise ModelError(
            f"input_sizes holds {real}, but masks of {logits.shape[1]}×{logits.shape[2]} cells cover an input of "
            f"{logits.shape[1] * MASK_STRIDE}×{logits.shape[2] * MASK_STRIDE}; give sizes inside the padded input"
        )
    return logits[:, :height, :width].contiguous()


def _finite(values: Tensor) -> bool:
    """One pass: NaN and infinity both show in the smallest or largest value."""
    return values.numel() == 0 or all(math.isfinite(value) for value in values.aminmax())


def threshold_logit(name: str, threshold: float) -> float:
    """The logit of a probability in 0..1; no mask reaches that of 1. Raises ModelError."""
    if not isinstance(threshold, Real) or not 0 <= threshold <= 1:
        raise ModelError(f"{name} is a probability from 0 to 1, got {threshold!r:.80}")
    return -math.inf if threshold == 0 else math.inf if threshold == 1 else math.log(threshold / (1 - threshold))
