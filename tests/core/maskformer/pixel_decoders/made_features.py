"""Backbone features and real areas for tests of pixel decoders."""

from collections.abc import Sequence

import torch

from core.maskformer.positions import RealArea

CHANNELS = (8, 12, 20, 40)


def made_features(height: int, width: int, *, batch: int = 2, seed: int = 0) -> list[torch.Tensor]:
    """Random features of photos of this size, finest first."""
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(batch, count, -(-height // stride), -(-width // stride), generator=generator)
        for count, stride in zip(CHANNELS, (4, 8, 16, 32), strict=True)
    ]


def made_area(sizes: Sequence[tuple[int, int]], *, padded: tuple[int, int] | None = None) -> RealArea:
    """Photos of these (height, width), each padded to `padded`, or to the largest of them."""
    rows, columns = padded or (max(size[0] for size in sizes), max(size[1] for size in sizes))
    mask = torch.zeros(len(sizes), rows, columns, dtype=torch.bool)
    for place, (height, width) in enumerate(sizes):
        mask[place, :height, :width] = True
    return RealArea(mask)
