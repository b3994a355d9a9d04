"""Points at which masks are compared instead of at every cell (Kirillov et al. 2020; Cheng et al. 2022, section 3.3).

Each image's points are drawn by the seed of its target and nothing else: they are the same whatever else is in the
batch, however the batch is divided, and after a training is resumed.

Legend: B images, M pairs, N candidates, P points. Points are (x, y) as fractions 0..1 of the padded grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from core.annotation.errors import TrainingError
from core.maskformer.output import sampled
from core.training.truth import ImageTruth

# Keeps rounding from carrying a point past a centre.
MARGIN_CELLS = 1e-3


@dataclass(frozen=True)
class PointSampling:
    """count: points a mask.   oversample: candidates for each of them.

    uncertain: the share of the points that are the candidates of the least certain logits; the others lie anywhere.
    """

    count: int
    oversample: float = 3.0
    uncertain: float = 0.75

    def __post_init__(self) -> None:
        if not isinstance(self.count, int) or self.count < 1:
            raise TrainingError(f"a mask is compared at a whole number of points from 1, got {self.count}")
        if not (self.oversample >= 1 and 0 <= self.uncertain <= 1):
            raise TrainingError(f"oversample is 1 or more and the uncertain share lies in 0..1, got {self}")

    def even(self, truths: Sequence[ImageTruth]) -> Tensor:
        """Points anywhere in each photo, for all of its masks: [B, P, 2]."""
        drawn = [torch.rand(self.count, 2, **_chance(truth, 0)) for truth in truths]
        return torch.stack([_placed(points, truth) for points, truth in zip(drawn, truths, strict=True)])

    @torch.no_grad()
    def uncertain_points(self, logits_Mhw: Tensor, truths: Sequence[ImageTruth], counts: Sequence[int]) -> Tensor:
        """Points of each pair, [M, P, 2], most of them where its mask is least certain; invalid ones come last.

        logits: of the pairs, image by image.   counts: pairs of each image.
        """
        parts = zip(torch.split(logits_Mhw, list(counts)), truths, strict=True)
        return torch.cat([self._of_image(logits, truth) for logits, truth in parts])

    def _of_image(self, logits_Mhw: Tensor, truth: ImageTruth) -> Tensor:
        pairs, chosen = len(logits_Mhw), round(self.uncertain * self.count)
        chance = _chance(truth, 1)
        candidates_MN2 = _placed(torch.rand(pairs, round(self.oversample * self.count), 2, **chance), truth)
        doubt_MN = -sampled(logits_Mhw[:, None], candidates_MN2)[:, 0].abs()
        invalid = sampled((1 - truth.validity)[None, None], candidates_MN2.flatten(0, 1)[None]).view_as(doubt_MN) > 0
        best = doubt_MN.masked_fill_(invalid, -torch.inf).topk(chosen, dim=1, sorted=False).indices
        uncertain = candidates_MN2.gather(1, best[..., None].expand(-1, -1, 2))
        return torch.cat((uncertain, _placed(torch.rand(pairs, self.count - chosen, 2, **chance), truth)), dim=1)


def _chance(truth: ImageTruth, purpose: int) -> dict[str, Any]:
    """A generator of the image's own, and the device it draws on."""
    device = truth.validity.device
    return {"generator": torch.Generator(device).manual_seed(2 * truth.points_seed + purpose), "device": device}


def _placed(fractions: Tensor, truth: ImageTruth) -> Tensor:
    """Fractions of the real photo as fractions of the padded grid, none past the outermost centres of its cells.

    Beyond them a sample would take in the padding.
    """
    (real_height, real_width), (height, width) = truth.real_size, truth.size
    x, y = fractions.unbind(-1)
    x = (x * (real_width / width)).clamp(0.5 / width, (real_width - 0.5 - MARGIN_CELLS) / width)
    y = (y * (real_height / height)).clamp(0.5 / height, (real_height - 0.5 - MARGIN_CELLS) / height)
    return torch.stack((x, y), dim=-1)
