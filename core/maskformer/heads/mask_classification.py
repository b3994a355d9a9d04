"""Mask classification: N queries, each with a mask and one label (Cheng et al. 2021, section 3.2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.maskformer.heads.boxes import BoxHead
from core.maskformer.heads.masks import MaskHead, PointMaskHead
from core.maskformer.output import MaskFeatures, MaskFormerOutput, MaskProduct, average_pooled, mask_product
from core.maskformer.pixel_decoders.features import MASK_STRIDE, PixelFeatures
from core.maskformer.positions import RealArea
from core.maskformer.query_sources.learned import LearnedQueries
from core.maskformer.query_sources.points import PointQueries
from core.maskformer.transformer_decoders.masked import MaskedTransformerDecoder
from core.maskformer.transformer_decoders.plain import PlainTransformerDecoder


class MaskClassificationHead(nn.Module):
    """Queries → states → class logits and masks, the same two heads for every layer (deep supervision)."""

    def __init__(
        self,
        *,
        query_source: LearnedQueries | PointQueries,
        transformer_decoder: PlainTransformerDecoder | MaskedTransformerDecoder,
        masks: MaskHead | PointMaskHead,
        boxes: BoxHead | None,
        width: int,
        categories: int,
    ) -> None:
        super().__init__()
        self.query_source = query_source
        self.transformer_decoder = transformer_decoder
        self.classes = nn.Linear(width, categories + 1)
        self.masks = masks
        self.boxes = boxes

    def forward(self, features: PixelFeatures, area: RealArea) -> MaskFormerOutput:
        """The output of the last layer, with those of the earlier ones while training."""
        start = self.query_source(features, area)
        mask_features = self.masks.features(features.mask_features, area)

        def look(states: Tensor, stride: int) -> Tensor:
            return _inside(self.masks(states, start.points), mask_features, area, stride)

        states = self.transformer_decoder(start, features, area, look)
        earlier = states[:-1] if self.training else []
        auxiliary = [self._output(state, start.points, mask_features) for state in earlier]
        output = self._output(states[-1], start.points, mask_features)
        output.auxiliary, output.point_logits = auxiliary, start.point_logits
        return output

    def _output(self, states: Tensor, points: Tensor | None, mask_features: MaskFeatures) -> MaskFormerOutput:
        masks = MaskProduct(self.masks(states, points), mask_features)
        boxes = None if self.boxes is None else self.boxes(states)
        return MaskFormerOutput(self.classes(states).float(), masks, boxes=boxes, query_points=points)


def _inside(embeddings: Tensor, mask_features: MaskFeatures, area: RealArea, stride: int) -> Tensor:
    """Where each query may look at a stride: inside its mask so far, or at every real cell when that is empty.

    bool [B, Q, h·w]. Pooled features give exactly the pooled logits.
    """
    valid = area.cells(stride)
    # Not under no_grad: autocast has lost the head's later gradients that way (pytorch issue 112583).
    inside = mask_product(embeddings, average_pooled(mask_features.full.detach(), stride // MASK_STRIDE)) > 0
    inside = (inside & valid[:, None]).flatten(2)
    return torch.where(inside.any(2, keepdim=True), inside, valid.flatten(1)[:, None])
