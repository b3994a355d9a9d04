"""Which queries show what a person rejected, in images of which not everything is known.

Legend: L layers, B images, Q queries, R rejected masks (of one image, or as many as any image has), P cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from core.maskformer.output import Masks
from core.training.target import Target
from core.training.truth import ImageTruth, compared_cells

# From this IoU on a query shows the mask that was rejected; below, it may show something of which nothing was said.
SAME_IOU = 0.7


def rejected_queries(masks: Masks, targets: Sequence[Target], pool: int, *, layers: int) -> Tensor | None:
    """Whether each query's mask (logits above 0) is one that was rejected: bool [L, B, Q], or None if no mask was.

    masks: of all layers' queries, layer by layer. They are compared after averaging over pool×pool cells, where these
    are valid. Completely labelled images have no such query: what no target asks for is no object there anyway.
    """
    if all(target.rejected is None or target.complete for target in targets):
        return None
    compared = compared_cells([_rejected_as_targets(target) for target in targets], masks.size, pool)
    logits = masks.pooled(pool).detach().flatten(2)
    with torch.autocast(logits.device.type, enabled=False):
        shown = (logits > 0).float()
        rejected_BRP = (compared.targets >= 0.5).float()
        # One product for what the masks share, and for what they cover of all that is valid.
        covered = shown @ torch.cat((rejected_BRP, compared.validity[:, None]), dim=1).mT
        shared, whole = covered[..., :-1], covered[..., -1:]
        either = whole + rejected_BRP.sum(-1)[:, None] - shared
    same = (shared >= SAME_IOU * either.clamp(min=1)).any(-1)
    return same.view(len(targets), layers, -1).transpose(0, 1)


def _rejected_as_targets(target: Target) -> ImageTruth:
    masks = target.masks[:0] if target.rejected is None or target.complete else target.rejected
    return ImageTruth.of(replace(target, masks=masks, labels=target.labels.new_zeros(len(masks))))
