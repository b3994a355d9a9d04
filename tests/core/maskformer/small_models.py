"""Small models and label sets for tests."""

import torch

from core.annotation.labels import Category, LabelSet, distinct_colour
from core.maskformer.build import build_model
from core.maskformer.config import ModelConfig
from core.maskformer.model import MaskFormer

SMALL = ModelConfig(width=32, mask_dim=8, queries=12, grid_side=2, decoder_layers=3, heads=4, feedforward=32)


def labels(*names: str) -> LabelSet:
    return LabelSet.of(Category(10 + i, name, i % 2 == 0, distinct_colour(i)) for i, name in enumerate(names))


def small_model(config: ModelConfig = SMALL, *, seed: int = 0) -> MaskFormer:
    torch.manual_seed(seed)
    return build_model(config, labels("cat", "grass", "region"))
