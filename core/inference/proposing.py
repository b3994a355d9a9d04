"""From a network's output for one photo to its ranked proposals."""

from __future__ import annotations

import torch
from torch import Tensor

from core.annotation.labels import LabelSet
from core.annotation.proposals import ClassScore, Proposal
from core.inference.mask_runs import TOGETHER, upsampled_masks
from core.inference.postprocess.raw import RawImage
from core.inference.ranking import demote_duplicates, mask_scores

# What a person may want to see of a query's names; the log keeps as many.
TOP_CLASSES = 5
# Queries looked at for each proposal that is asked for: copies of better ones are put back.
SPARE = 2


def ranked_proposals(image: RawImage, label_set: LabelSet, *, limit: int | None, threshold: float) -> list[Proposal]:
    """The proposals of one image, best first, without empty masks: at most `limit`, none below `threshold`.

    Only the masks that can be among them are computed. A query's place depends on better-scored queries alone, so
    the first ones are final as soon as their scores, lowered for copies, are above those of all the queries not
    looked at.
    """
    scores = mask_scores(image.class_logits)
    order = scores.argsort(descending=True, stable=True)
    order = order[scores[order] >= threshold]
    count = len(order) if limit is None else SPARE * limit
    while True:
        proposals = _proposals(image, label_set, order[:count].sort().values, limit, threshold)
        if count >= len(order) or (len(proposals) == limit and proposals[-1].score > scores[order[count]]):
            return proposals
        count *= 2


def _proposals(
    image: RawImage, label_set: LabelSet, queries: Tensor, limit: int | None, threshold: float
) -> list[Proposal]:
    """Those of some queries, int64 [n] in rising order, that hold every query with a better score."""
    if len(queries) == 0:
        return []
    logits, rows, columns = image.masks(queries)
    class_logits = image.class_logits[queries]
    scores = demote_duplicates(mask_scores(class_logits), logits > 0)
    names = _class_scores(class_logits, label_set)
    order = scores.argsort(descending=True, stable=True)
    proposals: list[Proposal] = []
    for part in torch.split(order[scores[order] >= threshold], TOGETHER):
        for place, mask in zip(part.tolist(), upsampled_masks(logits[part], rows, columns), strict=True):
            if mask.area:
                proposals.append(Proposal(int(queries[place]), mask, float(scores[place]), names[place]))
            if len(proposals) == limit:
                return proposals
    return proposals


def _class_scores(class_logits: Tensor, label_set: LabelSet) -> list[tuple[ClassScore, ...]]:
    """Each query's best categories, highest first."""
    names = [category.name for category in label_set]
    best = class_logits.softmax(-1)[:, :-1].topk(min(TOP_CLASSES, len(names)))
    return [
        tuple(ClassScore(names[index], score) for index, score in zip(indices, values, strict=True))
        for indices, values in zip(best.indices.tolist(), best.values.tolist(), strict=True)
    ]
