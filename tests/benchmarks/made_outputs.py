"""Raw outputs like those of a trained network, without one."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.maskformer.output import MaskFormerOutput

QUERIES = 100
CATEGORIES = 133
THINGS = 80


def label_set() -> LabelSet:
    return LabelSet.of(Category(i, f"c{i}", i < THINGS, distinct_colour(i)) for i in range(CATEGORIES))


def made_output(confident: int, grid: tuple[int, int], *, seed: int = 0) -> MaskFormerOutput:
    """Some confident queries share the photo out among them; the others look alike, softer, and say "no object"."""
    random = torch.Generator().manual_seed(seed)
    coarse = 3 * torch.randn(1, QUERIES, 12, 16, generator=random)
    fields = F.interpolate(coarse, size=grid, mode="bicubic", align_corners=False)[0]
    best, second = fields[:confident].topk(2, 0).values
    rivals = torch.where(fields[:confident] == best, second, best)
    masks = torch.cat((3 * (fields[:confident] - rivals), fields[confident:] - 3))
    classes = torch.randn(QUERIES, CATEGORIES + 1, generator=random)
    classes[:, -1] += 9
    named = torch.arange(confident)
    classes[named, torch.randint(CATEGORIES, (confident,), generator=random)] += 18
    return MaskFormerOutput(classes[None], masks[None])
