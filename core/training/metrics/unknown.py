"""Which predicted masks the truth says something about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_masks

from core.annotation.mask import Mask
from core.training.data.images import Labels
from core.training.metrics.truths import unknown_part

# A mask with more than this share of its pixels where truth is unknown is neither right nor wrong: COCO's rule for
# void and crowds in panoptic quality.
UNKNOWN_ABOVE = 0.5


def is_known(masks: Sequence[Mask], labels: Labels) -> npt.NDArray[np.bool_]:
    """Of each mask, bool [M], whether at least half of it is known: not ignored, nor outside partial labels' masks."""
    void = unknown_part(labels, masks[0].shape) if masks else None
    if void is None:
        return np.ones(len(masks), dtype=bool)
    # pycocotools' IoU with a crowd is the share of the mask inside it.
    shares = coco_masks.iou([mask.to_coco() for mask in masks], [void.to_coco()], [1])
    return np.asarray(shares)[:, 0] <= UNKNOWN_ABOVE
