"""A MaskFormer from its configuration, with the right first weights."""

from __future__ import annotations

import math

import torch
from torch import nn

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.backbones.efficientnet_lite import EfficientNetLite0
from core.maskformer.config import ModelConfig
from core.maskformer.heads import Heads, SpatialPrior
from core.maskformer.model import MEMORY_STRIDES, MaskFormer
from core.maskformer.pixel_decoder import FPNPixelDecoder
from core.maskformer.points import START_LOGIT, PointQueries
from core.maskformer.preprocessing import Preprocessing
from core.maskformer.transformer_decoder import DecoderLayer, MaskedTransformerDecoder

BACKBONES = {"efficientnet_lite0": EfficientNetLite0}


def build_model(config: ModelConfig, label_set: LabelSet, *, preprocessing: Preprocessing | None = None) -> MaskFormer:
    """A model with random weights (seed torch first), in training mode, on the CPU.

    Raises ModelError for an empty label set.
    """
    model = assemble_model(config, label_set, preprocessing=preprocessing or Preprocessing())
    _initialise(model)
    return model


def assemble_model(config: ModelConfig, label_set: LabelSet, *, preprocessing: Preprocessing) -> MaskFormer:
    """The parts put together, for weights that come from elsewhere. Raises ModelError for an empty label set."""
    if not len(label_set):
        raise ModelError("a model needs at least one category; give its label set one")
    backbone = BACKBONES[config.backbone]()
    layers = [
        DecoderLayer(width=config.width, heads=config.heads, feedforward=config.feedforward, dropout=config.dropout)
        for _ in range(config.decoder_layers)
    ]
    return MaskFormer(
        backbone=backbone,
        pixel_decoder=FPNPixelDecoder(in_channels=backbone.channels, width=config.width, mask_dim=config.mask_dim),
        query_source=PointQueries(width=config.width, queries=config.queries, grid_side=config.grid_side),
        transformer_decoder=MaskedTransformerDecoder(layers=layers, width=config.width, levels=len(MEMORY_STRIDES)),
        heads=Heads(width=config.width, mask_dim=config.mask_dim, categories=len(label_set)),
        label_set=label_set,
        preprocessing=preprocessing,
        config=config,
    )


def _initialise(model: MaskFormer) -> None:
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            # Fan-in: a depthwise filter's fan-out would count channels it never reaches.
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    nn.init.normal_(model.query_source.slots, std=0.02)
    nn.init.normal_(model.query_source.heat_map.get_parameter("2.weight"), std=0.01)
    nn.init.constant_(model.query_source.heat_map.get_parameter("2.bias"), START_LOGIT)
    _start_as_discs(model.heads.prior)


def _start_as_discs(prior: SpatialPrior) -> None:
    """Every query's prior begins as the same disc around its point, of strength 1."""
    nn.init.normal_(prior.shape.weight, std=0.01)
    with torch.no_grad():
        prior.shape.bias.zero_()
        prior.shape.bias[0] = math.log(math.e - 1)
