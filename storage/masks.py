"""A mask as columns."""

from __future__ import annotations

from core.annotation.mask import Mask


def mask_values(mask: Mask) -> dict[str, object]:
    """The columns of a mask; its height and width are the image's."""
    x, y, width, height = mask.bbox
    return {
        "area": mask.area,
        "bbox_x": x,
        "bbox_y": y,
        "bbox_width": width,
        "bbox_height": height,
        "counts": mask.counts,
    }
