"""The mask terms of one image's pairs, of all layers at once.

Legend: L layers, M pairs of all layers, P cells of the truth's grid.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.maskformer.output import MaskFormerOutput
from core.training.assignment import Matches
from core.training.masks import PixelLoss, dice_loss, mask_iou, pixel_loss
from core.training.truth import ImageTruth, at_size


def paired_logits(layers: Sequence[MaskFormerOutput], image: int, matches: Sequence[Matches]) -> Tensor | None:
    """Mask logits [M, h, w] of the pairs of each layer, layer by layer; None when there is no pair."""
    pairs = zip(layers, matches, strict=True)
    found = [layer.masks.of(image, match.queries) for layer, match in pairs if len(match.queries)]
    return torch.cat(found) if found else None


def mask_terms(
    logits_Mhw: Tensor | None, truth: ImageTruth, matches: Sequence[Matches], kind: PixelLoss
) -> list[Tensor]:
    """Pixel loss, dice loss and IoU of each pair, float32 [3, pairs], of each layer; the IoU has no gradient.

    Cells of a target that is left out are neither inside nor outside the masks that do not hold them.
    """
    if logits_Mhw is None:
        return [truth.coverage.new_zeros(3, 0)] * len(matches)
    logits_MP = at_size(logits_Mhw, truth.size).flatten(1)
    targets_MP = truth.coverage.flatten(1)[torch.cat([match.targets for match in matches])]
    known = _known(truth, matches, targets_MP)
    terms = torch.stack(
        (
            pixel_loss(logits_MP, targets_MP, known, kind),
            dice_loss(logits_MP, targets_MP, known),
            mask_iou(logits_MP, targets_MP, known),
        )
    )
    return list(torch.split(terms, [len(match.queries) for match in matches], dim=1))


def _known(truth: ImageTruth, matches: Sequence[Matches], targets_MP: Tensor) -> Tensor:
    """How much of each cell may be learned from: [P], or [M, P] when targets are left out."""
    valid = truth.validity.flatten()
    if not any(len(match.left_out) for match in matches):
        return valid
    coverage = truth.coverage.flatten(1)
    open_cells = [coverage[match.left_out].amax(0) if len(match.left_out) else 0 * valid for match in matches]
    rows = [(valid * (1 - open_P)).expand(len(m.queries), -1) for m, open_P in zip(matches, open_cells, strict=True)]
    return torch.maximum(torch.cat(rows), targets_MP)
