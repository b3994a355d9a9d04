"""MaskFormer: segmentation as N masks with one label each (Cheng et al. 2021)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.backbones.build import Backbone
from core.maskformer.config import ModelConfig
from core.maskformer.heads.mask_classification import MaskClassificationHead
from core.maskformer.heads.mask_classifier import MaskClassifier
from core.maskformer.heads.per_pixel import PerPixelHead, PerPixelPlusHead
from core.maskformer.output import MaskFormerOutput
from core.maskformer.pixel_decoders.build import PixelDecoder
from core.maskformer.pixel_decoders.features import PixelFeatures
from core.maskformer.positions import RealArea
from core.maskformer.preprocessing import Preprocessing

Head = MaskClassificationHead | PerPixelHead | PerPixelPlusHead


class MaskFormer(nn.Module):
    """Proposes N masks with class scores for each photo.

    label_set: the K categories, in the order of the class logits.   preprocessing: how photos become
    input.   config: what it was built from.   mask_classifier: names any given mask; None in models without.
    weights_sha256: of the checkpoint it was loaded from; None for a model that was built or trained since.
    """

    def __init__(
        self,
        *,
        backbone: Backbone,
        pixel_decoder: PixelDecoder,
        head: Head,
        mask_classifier: MaskClassifier | None,
        label_set: LabelSet,
        preprocessing: Preprocessing,
        config: ModelConfig,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pixel_decoder = pixel_decoder
        self.head = head
        self.mask_classifier = mask_classifier
        self.label_set = label_set
        self.preprocessing = preprocessing
        self.config = config
        self.weights_sha256: str | None = None

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, pixels: Tensor, padding_mask: Tensor | None = None) -> MaskFormerOutput:
        """Masks and classes of normalised photos.

        pixels: float [B, 3, H, W], from `preprocessing.normalise`, any size of at least 1×1.
        padding_mask: bool [B, H, W], True at real pixels; padding lies to the right and below, and no
        query starts or looks there. None: all pixels are real.
        Raises ModelError for other shapes and types, and for pixels that are not finite.
        """
        _check_input(pixels, padding_mask)
        area = RealArea.of(pixels, padding_mask)
        output: MaskFormerOutput = self.head(self.pixel_features(pixels, area), area)
        return output

    def pixel_features(self, pixels: Tensor, area: RealArea) -> PixelFeatures:
        """What the head sees of normalised pixels [B, 3, H, W]."""
        # Convolutions of few channels on large maps run faster channel by channel than map by map.
        pixels = pixels.to(next(self.parameters()).dtype, memory_format=torch.channels_last)
        features: PixelFeatures = self.pixel_decoder(self.backbone(pixels), area)
        return features


def freeze_backbone_stages(model: MaskFormer, count: int) -> None:
    """Stop training the backbone's stem and first `count` of its stages; 0 freezes nothing.

    Raises ModelError when it has fewer stages.
    """
    stages = len(model.backbone.freezable) - 1
    if not isinstance(count, int) or not 0 <= count <= stages:
        raise ModelError(f"this backbone has {stages} stages that can be frozen, got {count!r:.80}")
    for part in model.backbone.freezable[: count + 1] if count else ():
        part.requires_grad_(False)


def _check_input(pixels: Tensor, padding_mask: Tensor | None) -> None:
    if not isinstance(pixels, Tensor) or not isinstance(padding_mask, Tensor | None):
        raise ModelError(
            f"pixels and padding mask are tensors, got {type(pixels).__name__} and {type(padding_mask).__name__}"
        )
    if pixels.ndim != 4 or pixels.shape[1] != 3 or 0 in pixels.shape or not pixels.is_floating_point():
        raise ModelError(
            "pixels are normalised photos, float [B, 3, H, W] with at least one pixel (see preprocessing.normalise), "
            f"got {str(pixels.dtype).removeprefix('torch.')} {list(pixels.shape)}"
        )
    if not pixels.isfinite().all():
        raise ModelError("pixels hold NaN or infinity; normalise a photo of whole numbers from 0 to 255")
    if padding_mask is not None and (padding_mask.dtype != torch.bool or padding_mask.shape != pixels[:, 0].shape):
        raise ModelError(
            f"the padding mask is bool {list(pixels[:, 0].shape)}, True at real pixels, got "
            f"{str(padding_mask.dtype).removeprefix('torch.')} {list(padding_mask.shape)}"
        )
    if padding_mask is not None and not padding_mask.flatten(1).any(1).all():
        raise ModelError("the padding mask has a photo without a real pixel; leave that photo out of the batch")
