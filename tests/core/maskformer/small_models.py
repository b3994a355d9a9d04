"""Small models and label sets for tests."""

import torch

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.maskformer.build import build_model
from core.maskformer.config import (
    FPNConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    MaskedDecoderConfig,
    ModelConfig,
    PlainDecoderConfig,
    PointQueriesConfig,
)
from core.maskformer.model import MaskFormer

SMALL_FPN = FPNConfig(width=32, mask_dim=8)
SMALL_MASKED = MaskedDecoderConfig(width=32, layers=3, heads=4, feedforward=32)
SMALL_PLAIN = PlainDecoderConfig(width=32, layers=3, heads=4, feedforward=32, dropout=0.0)
# The default model's parts, and the paper's.
SMALL = ModelConfig(
    pixel_decoder=SMALL_FPN,
    head=MaskClassificationConfig(queries=PointQueriesConfig(12, grid_side=2), decoder=SMALL_MASKED),
)
SMALL_PAPER = ModelConfig(
    pixel_decoder=SMALL_FPN, head=MaskClassificationConfig(queries=LearnedQueriesConfig(12), decoder=SMALL_PLAIN)
)


def labels(*names: str) -> LabelSet:
    return LabelSet.of(Category(10 + i, name, i % 2 == 0, distinct_colour(i)) for i, name in enumerate(names))


def small_model(config: ModelConfig = SMALL, *, seed: int = 0) -> MaskFormer:
    torch.manual_seed(seed)
    return build_model(config, labels("cat", "grass", "region"))
