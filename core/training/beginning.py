"""A model as a training begins."""

from __future__ import annotations

import dataclasses

from core.maskformer.model import MaskFormer, freeze_backbone_stages
from core.training.config import TrainingConfig


def make_ready(model: MaskFormer, config: TrainingConfig) -> None:
    """Freeze what the configuration freezes, and set the size at which the model is to look at photos."""
    model.preprocessing = dataclasses.replace(model.preprocessing, long_side_px=config.input_px, short_side_px=None)
    freeze_backbone_stages(model, config.frozen_stages)
    for name, parameter in model.named_parameters():
        if config.trained_parts and not name.startswith(config.trained_parts):
            parameter.requires_grad_(False)
