"""The spatial prior: a mask starts as an ellipse around its query's point."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.positions import RealArea

# Half axes of the spatial prior's ellipse as fractions of the photo's sides: at the start, and how many
# times smaller or larger they can become (a stride-4 cell at 320 px is 0.0125; twice the photo is flat).
START_RADIUS = 0.2
RADIUS_RANGE = 8.0
# How far an ellipse's centre can leave its query's point, as a fraction of the photo's sides.
CENTRE_RANGE = 0.25


def prior_channels(area: RealArea, stride: int) -> Tensor:
    """The channels 1, x, y, x², y² that make a quadratic of a mask logit: float32 [B, 5, h, w] at a stride.

    x and y run from −½ to ½ over the photo: centred, so that the terms cancel least.
    """
    x, y = (area.points(stride) - 0.5).unbind(-1)
    return torch.stack((torch.ones_like(x), x, y, x * x, y * y), dim=1)


class SpatialPrior(nn.Module):
    """An ellipse around each query's point: strength · (1 − (Δx/a)² − (Δy/b)²) on the mask logit.

    Strength, half axes and a small shift of the centre come from the query's state. It is linear in
    `prior_channels`, so a mask stays one product of embedding and features.
    """

    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.shape = nn.Linear(width, 5)

    def forward(self, states: Tensor, points: Tensor) -> Tensor:
        """States [B, Q, width], points [B, Q, 2] in 0..1 → float32 coefficients [B, Q, 5]."""
        with torch.autocast(states.device.type, enabled=False):
            shape = F.linear(states.float(), self.shape.weight.float(), self.shape.bias.float())
            strength = F.softplus(shape[..., :1])
            curve = strength / (START_RADIUS * RADIUS_RANGE ** shape[..., 1:3].tanh()) ** 2
            centre = points - 0.5 + CENTRE_RANGE * shape[..., 3:].tanh()
            constant = strength - (curve * centre * centre).sum(-1, keepdim=True)
            return torch.cat((constant, 2 * curve * centre, -curve), dim=-1)
