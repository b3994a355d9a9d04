"""Which floating-point precision a model runs in."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from core.inference.ranking import demote_duplicates, mask_scores, pairwise_iou
from core.maskformer.output import MaskFormerOutput
from core.maskformer.pixel_decoders.features import MASK_STRIDE

PRECISIONS = ("auto", "float32", "bfloat16")
# Bfloat16 is taken when each of so many best masks overlaps with its float32 self by this much.
COMPARED_MASKS = 20
LEAST_IOU = 0.98


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device computes bfloat16 itself, not by way of float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def proposals_agree(exact: MaskFormerOutput, rough: MaskFormerOutput) -> bool | None:
    """Whether the best masks of two outputs for one photo agree; None when the first one has no masks to compare.

    Each of the COMPARED_MASKS best masks of `exact` needs one in `rough` with an IoU of LEAST_IOU, at the size of
    the network's input: on the masks' own grid one cell is a large share of a small mask.
    """
    logits, other_logits = exact.mask_logits[0], rough.mask_logits[0]
    scores = demote_duplicates(mask_scores(exact.class_logits[0]), logits > 0)
    order = scores.argsort(descending=True, stable=True)
    best = order[(logits > 0).flatten(1).any(1)[order]][:COMPARED_MASKS]
    if len(best) == 0:
        return None
    nearest = pairwise_iou(torch.cat((logits[best], other_logits)) > 0)[: len(best), len(best) :].argmax(1)
    first, second = (_inside(part) for part in (logits[best], other_logits[nearest]))
    shared, either = ((join(first, second)).flatten(1).sum(1) for join in (torch.logical_and, torch.logical_or))
    return bool((shared >= LEAST_IOU * either).all())


def _inside(logits: Tensor) -> Tensor:
    """Logits [n, h, w] → the masks at the network's input size, bool."""
    return F.interpolate(logits[None], scale_factor=MASK_STRIDE, mode="bilinear", align_corners=False)[0] > 0
