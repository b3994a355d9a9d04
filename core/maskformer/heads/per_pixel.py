"""Per-pixel classification in MaskFormer's form: K masks, the k-th for category k (Cheng et al. 2021, section 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from core.annotation.errors import ModelError
from core.maskformer.heads.masks import MaskHead
from core.maskformer.output import MaskFormerOutput, MaskProduct
from core.maskformer.pixel_decoders.features import PixelFeatures
from core.maskformer.positions import RealArea
from core.maskformer.query_sources.learned import LearnedQueries
from core.maskformer.transformer_decoders.masked import MaskedTransformerDecoder
from core.maskformer.transformer_decoders.plain import PlainTransformerDecoder

# Finite, so that no loss or product meets inf − inf or 0 · inf; as a probability it is below 1e-43.
NEVER = -100.0


class PerPixelHead(nn.Module):
    """The baseline: a 1×1 convolution of the mask features, one channel a category."""

    def __init__(self, *, mask_dim: int, categories: int) -> None:
        """Raises ModelError for less than two categories."""
        super().__init__()
        _check_categories(categories)
        self.classify = nn.Conv2d(mask_dim, categories, 1)

    def forward(self, features: PixelFeatures, area: RealArea) -> MaskFormerOutput:
        """K masks; see `per_pixel_output`."""
        embeddings = self.classify.weight.flatten(1).expand(len(features.memory), -1, -1)
        logits = MaskProduct(embeddings, features.mask_features).logits()
        assert self.classify.bias is not None
        return per_pixel_output(logits + self.classify.bias.float()[:, None, None])


class PerPixelPlusHead(nn.Module):
    """The baseline with a transformer: query k's mask holds the logits of category k, and there is no class head.

    On a plain ViT this is Segmenter with its mask transformer (Strudel et al. 2021).
    """

    def __init__(
        self,
        *,
        query_source: LearnedQueries,
        transformer_decoder: PlainTransformerDecoder | MaskedTransformerDecoder,
        masks: MaskHead,
        categories: int,
    ) -> None:
        """`query_source` gives `categories` queries. Raises ModelError for less than two."""
        super().__init__()
        _check_categories(categories)
        self.query_source = query_source
        self.transformer_decoder = transformer_decoder
        self.masks = masks

    def forward(self, features: PixelFeatures, area: RealArea) -> MaskFormerOutput:
        """K masks, with those of the earlier layers while training; see `per_pixel_output`."""

        def look(_states: Tensor, stride: int) -> Tensor:
            # One category's logits alone do not say where it wins: its query looks at the whole photo.
            return area.cells(stride).flatten(1)[:, None]

        start = self.query_source(features, area)
        states = self.transformer_decoder(start, features, area, look)
        earlier = states[:-1] if self.training else []
        output = self._output(states[-1], features)
        output.auxiliary = [self._output(state, features) for state in earlier]
        return output

    def _output(self, states: Tensor, features: PixelFeatures) -> MaskFormerOutput:
        return per_pixel_output(MaskProduct(self.masks(states, None), features.mask_features).logits())


def per_pixel_output(logits_BKhw: Tensor) -> MaskFormerOutput:
    """Per-pixel class logits [B, K, h, w], K ≥ 2, as the output of K queries, the k-th certain of category k.

    The mask logits are the class logits less the mean of the pixel's two highest: a softmax over the categories
    does not see that, and each pixel is above 0 in its winner's mask alone.
    """
    batch, categories = logits_BKhw.shape[:2]
    middle = logits_BKhw.detach().topk(2, dim=1).values.mean(1, keepdim=True)
    certain = torch.full((categories, categories + 1), NEVER, device=logits_BKhw.device).fill_diagonal_(0.0)
    return MaskFormerOutput(certain.expand(batch, -1, -1), logits_BKhw - middle)


def _check_categories(count: int) -> None:
    if count < 2:
        raise ModelError(
            f"a per-pixel head tells categories apart and needs at least two, got {count}; "
            "add one for the background, or choose mask classification"
        )
