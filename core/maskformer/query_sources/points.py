"""Where queries start: a regular grid, and the peaks of a heat map of mask centres."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.maskformer.pixel_decoders.features import PixelFeatures
from core.maskformer.positions import RealArea, sine_positions
from core.maskformer.query_sources.start import StartingQueries

# The heat map and the features that queries start from.
STRIDE = 8
# A cell holds a mask's centre about once in a hundred: the heat map starts from that rate, so that its
# loss does not begin with a million surprised background cells (Lin et al. 2017, section 4.1).
START_LOGIT = -4.6


class PointQueries(nn.Module):
    """Q queries that each start at a point of the photo, with the feature found there as content."""

    def __init__(self, *, level_channels: int, width: int, queries: int, grid_side: int) -> None:
        super().__init__()
        self.peaks = queries - grid_side**2
        self.heat_map = nn.Sequential(
            nn.Conv2d(level_channels, level_channels // 2, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(level_channels // 2, 1, 1),
        )
        self.slots = nn.Parameter(torch.zeros(queries, width))
        self.place = nn.Linear(width, width)
        self.content = nn.Linear(level_channels, width)
        self.grid_side = grid_side

    def forward(self, features: PixelFeatures, area: RealArea) -> StartingQueries:
        """Looks at the level of stride 8."""
        level = features.levels[-1]
        point_logits = self.heat_map(level)
        peaks = peak_points(point_logits.detach(), area, self.peaks)
        grid = grid_points(self.grid_side).to(peaks.device)
        points = torch.cat((grid.expand(len(level), -1, -1), peaks), dim=1)
        positions = self.slots + self.place(sine_positions(points, self.slots.shape[1]).to(level.dtype))
        content = self.content(sample_at(level, points, area).to(level.dtype))
        return StartingQueries(content, positions, points, point_logits.float())


def grid_points(side: int) -> Tensor:
    """The centres of side × side equal cells, row by row: float32 [side², 2], (x, y) in 0..1."""
    steps = (torch.arange(side) + 0.5) / max(side, 1)
    y, x = torch.meshgrid(steps, steps, indexing="ij")
    return torch.stack((x.flatten(), y.flatten()), dim=-1)


def peak_points(logits: Tensor, area: RealArea, count: int) -> Tensor:
    """The centres of the `count` highest real cells of [B, 1, h, w], local maxima (3×3) first: [B, count, 2] in 0..1.

    A photo with fewer cells than `count` gives its cells several times.
    """
    padding = ~area.cells(STRIDE)[:, None]
    heat = logits.float().masked_fill(padding, -torch.inf)
    is_peak = heat == F.max_pool2d(heat, 3, stride=1, padding=1)
    # Sigmoids lie in 0..1, so one unit puts every peak before every other cell; padding comes last.
    rank = (heat.sigmoid() + is_peak.float()).masked_fill(padding, -1.0).flatten(1)
    order = rank.topk(min(count, rank.shape[1]), dim=1).indices
    order = order[:, torch.arange(count, device=order.device) % order.shape[1]]
    return area.points(STRIDE).clamp(max=1).flatten(1, 2).gather(1, order[..., None].expand(-1, -1, 2))


def sample_at(features: Tensor, points: Tensor, area: RealArea) -> Tensor:
    """Features [B, C, h, w] at stride 8, bilinear, at points [B, Q, 2]: float32 [B, Q, C]."""
    height, width = features.shape[2:]
    cells = points.new_tensor((width, height))
    places = points * area.size_px[:, None] / (STRIDE * cells) * 2 - 1
    sampled = F.grid_sample(features.float(), places[:, :, None], padding_mode="border", align_corners=False)
    return sampled[..., 0].transpose(1, 2)
