"""MaskFormer: segmentation as N masks with one label each (Cheng et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.annotation.labels import LabelSet
from core.maskformer.backbones.efficientnet_lite import EfficientNetLite0
from core.maskformer.config import ModelConfig
from core.maskformer.heads import Heads, prior_channels
from core.maskformer.output import MaskFormerOutput, mask_product
from core.maskformer.pixel_decoder import FPNPixelDecoder
from core.maskformer.points import PointQueries
from core.maskformer.positions import RealArea, sine_positions
from core.maskformer.preprocessing import Preprocessing
from core.maskformer.transformer_decoder import MaskedTransformerDecoder

# What the decoder's layers look at; queries start from the last of them.
MEMORY_STRIDES = (32, 16, 8)
MASK_STRIDE = 4


class MaskFormer(nn.Module):
    """Proposes N masks with class scores for each photo.

    label_set: the K categories, in the order of the class logits.   preprocessing: how photos become
    input.   config: the sizes it was built from.   weights_sha256: of the checkpoint it was loaded from; None
    for a model that was built or trained since.
    """

    def __init__(
        self,
        *,
        backbone: EfficientNetLite0,
        pixel_decoder: FPNPixelDecoder,
        query_source: PointQueries,
        transformer_decoder: MaskedTransformerDecoder,
        heads: Heads,
        label_set: LabelSet,
        preprocessing: Preprocessing,
        config: ModelConfig,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pixel_decoder = pixel_decoder
        self.query_source = query_source
        self.transformer_decoder = transformer_decoder
        self.heads = heads
        self.label_set = label_set
        self.preprocessing = preprocessing
        self.config = config
        self.weights_sha256: str | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.backbone.stem.weight.device

    def forward(self, pixels: Tensor, padding_mask: Tensor | None = None) -> MaskFormerOutput:
        """Masks and classes of normalised photos.

        pixels: float [B, 3, H, W], from `preprocessing.normalise`, any size of at least 1×1.
        padding_mask: bool [B, H, W], True at real pixels; padding lies to the right and below, and no
        query starts or looks there. None: all pixels are real.
        """
        if padding_mask is None:
            padding_mask = torch.ones_like(pixels[:, 0], dtype=torch.bool)
        # Convolutions of few channels on large maps run faster channel by channel than map by map.
        pixels = pixels.to(self.backbone.stem.weight.dtype, memory_format=torch.channels_last)
        features = self.pixel_decoder(self.backbone(pixels))
        levels = features.levels[: len(MEMORY_STRIDES)]
        area = RealArea(padding_mask)
        start = self.query_source(levels[-1], area)
        mask_features = torch.cat((features.mask_features.float(), prior_channels(area, MASK_STRIDE)), dim=1)

        def look(states: Tensor, level: int) -> Tensor:
            return self._inside(states, start.points, mask_features, area, MEMORY_STRIDES[level])

        width, dtype = self.config.width, levels[0].dtype
        places = [sine_positions(area.points(stride), width).flatten(1, 2).to(dtype) for stride in MEMORY_STRIDES]
        states = self.transformer_decoder(start.content, start.positions, levels, places, look)
        return self._output(states, start.points, mask_features, start.point_logits)

    def _inside(self, states: Tensor, points: Tensor, mask_features: Tensor, area: RealArea, stride: int) -> Tensor:
        """Where each query may look at a stride: inside its mask so far, or at every real cell when that is empty.

        bool [B, Q, h·w]. Pooled features give exactly the pooled logits.
        """
        valid = area.cells(stride)
        pooled = F.avg_pool2d(mask_features.detach(), stride // MASK_STRIDE, ceil_mode=True)
        # Not under no_grad: autocast has lost the head's later gradients that way (pytorch issue 112583).
        inside = mask_product(self.heads.mask_embeddings(states, points), pooled) > 0
        inside = (inside & valid[:, None]).flatten(2)
        return torch.where(inside.any(2, keepdim=True), inside, valid.flatten(1)[:, None])

    def _output(
        self, states: Sequence[Tensor], points: Tensor, mask_features: Tensor, point_logits: Tensor
    ) -> MaskFormerOutput:
        def of(state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return self.heads.class_logits(state), self.heads.mask_embeddings(state, points), mask_features

        earlier = states[:-1] if self.training else []
        auxiliary = tuple(MaskFormerOutput(*of(state), query_points=points) for state in earlier)
        return MaskFormerOutput(*of(states[-1]), auxiliary, point_logits, points)


def freeze_backbone_stages(model: MaskFormer, count: int) -> None:
    """Stop training the backbone's stem and first `count` of its stages; 0 leaves all of it trainable."""
    stages = list(model.backbone.stages)
    assert 0 <= count <= len(stages), f"the backbone has {len(stages)} stages, got {count}"
    for part in [model.backbone.stem, *stages[:count]] if count else []:
        part.requires_grad_(False)
