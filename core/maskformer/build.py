"""A MaskFormer from its configuration, with the right first weights."""

from __future__ import annotations

import math

import torch
from torch import nn

from core.annotation.errors import ModelError
from core.annotation.labels import LabelSet
from core.maskformer.backbones.build import build_backbone
from core.maskformer.config import (
    LearnedQueriesConfig,
    MaskClassificationConfig,
    MaskedDecoderConfig,
    ModelConfig,
    PerPixelConfig,
    PerPixelPlusConfig,
    PixelDecoderConfig,
    PlainDecoderConfig,
    PointQueriesConfig,
)
from core.maskformer.heads.boxes import BoxHead
from core.maskformer.heads.mask_classification import MaskClassificationHead
from core.maskformer.heads.mask_classifier import MaskClassifier
from core.maskformer.heads.masks import MaskHead, PointMaskHead
from core.maskformer.heads.per_pixel import PerPixelHead, PerPixelPlusHead
from core.maskformer.heads.prior import SpatialPrior
from core.maskformer.model import Head, MaskFormer
from core.maskformer.pixel_decoders.build import build_pixel_decoder
from core.maskformer.preprocessing import Preprocessing
from core.maskformer.query_sources.learned import LearnedQueries
from core.maskformer.query_sources.points import START_LOGIT, PointQueries
from core.maskformer.transformer_decoders.layers import DecoderLayer
from core.maskformer.transformer_decoders.masked import MaskedTransformerDecoder
from core.maskformer.transformer_decoders.plain import PlainTransformerDecoder


def build_model(config: ModelConfig, label_set: LabelSet, *, preprocessing: Preprocessing | None = None) -> MaskFormer:
    """A model with random weights (seed torch first), in training mode, on the CPU.

    Raises ModelError for an empty label set.
    """
    model = assemble_model(config, label_set, preprocessing=preprocessing or Preprocessing())
    initialise(model)
    return model


def assemble_model(config: ModelConfig, label_set: LabelSet, *, preprocessing: Preprocessing) -> MaskFormer:
    """The parts put together, for weights that come from elsewhere. Raises ModelError for an empty label set."""
    if not len(label_set):
        raise ModelError("a model needs at least one category; give its label set one")
    backbone = build_backbone(config.backbone)
    pixel_decoder = build_pixel_decoder(config.pixel_decoder, backbone.channels)
    return MaskFormer(
        backbone=backbone,
        pixel_decoder=pixel_decoder,
        head=build_head(config, len(label_set), memory_channels=pixel_decoder.memory_channels),
        mask_classifier=(
            MaskClassifier(level_channels=config.pixel_decoder.width, categories=len(label_set))
            if config.mask_classifier
            else None
        ),
        label_set=label_set,
        preprocessing=preprocessing,
        config=config,
    )


def build_head(config: ModelConfig, categories: int, *, memory_channels: int) -> Head:
    """The head of `config` for K categories; `memory_channels` as the pixel decoder says."""
    head = config.head
    pixels = config.pixel_decoder
    match head:
        case PerPixelConfig():
            return PerPixelHead(mask_dim=pixels.mask_dim, categories=categories)
        case PerPixelPlusConfig():
            return PerPixelPlusHead(
                query_source=LearnedQueries(width=head.decoder.width, queries=categories),
                transformer_decoder=_transformer_decoder(head.decoder, pixels, memory_channels),
                masks=MaskHead(width=head.decoder.width, mask_dim=pixels.mask_dim),
                categories=categories,
            )
        case MaskClassificationConfig():
            return _mask_classification(head, pixels, categories, memory_channels)


def _mask_classification(
    head: MaskClassificationConfig, pixels: PixelDecoderConfig, categories: int, memory_channels: int
) -> MaskClassificationHead:
    width = head.decoder.width
    queries, masks = _queries(head.queries, pixels, width)
    return MaskClassificationHead(
        query_source=queries,
        transformer_decoder=_transformer_decoder(head.decoder, pixels, memory_channels),
        masks=masks,
        boxes=BoxHead(width=width) if head.boxes else None,
        width=width,
        categories=categories,
    )


def _queries(
    config: LearnedQueriesConfig | PointQueriesConfig, pixels: PixelDecoderConfig, width: int
) -> tuple[LearnedQueries | PointQueries, MaskHead | PointMaskHead]:
    """The query source and the mask head for such queries: those with a point have a spatial prior."""
    if isinstance(config, LearnedQueriesConfig):
        return LearnedQueries(width=width, queries=config.queries), MaskHead(width=width, mask_dim=pixels.mask_dim)
    points = PointQueries(level_channels=pixels.width, width=width, queries=config.queries, grid_side=config.grid_side)
    return points, PointMaskHead(width=width, mask_dim=pixels.mask_dim)


def _transformer_decoder(
    config: PlainDecoderConfig | MaskedDecoderConfig, pixels: PixelDecoderConfig, memory_channels: int
) -> PlainTransformerDecoder | MaskedTransformerDecoder:
    layers = [
        DecoderLayer(width=config.width, heads=config.heads, feedforward=config.feedforward, dropout=config.dropout)
        for _ in range(config.layers)
    ]
    if isinstance(config, PlainDecoderConfig):
        return PlainTransformerDecoder(layers=layers, memory_channels=memory_channels, width=config.width)
    return MaskedTransformerDecoder(layers=layers, level_channels=pixels.width, width=config.width)


def initialise(model: nn.Module) -> None:
    """Draw the first weights of a model or of a part of it anew."""
    backbone = set(model.backbone.modules()) if isinstance(model, MaskFormer) else set()
    for module in model.modules():
        if isinstance(module, nn.Linear):
            if module in backbone:
                nn.init.trunc_normal_(module.weight, std=0.02)
            else:
                nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d):
            # Fan-in: a depthwise filter's fan-out would count channels it never reaches.
            nn.init.kaiming_normal_(module.weight, mode="fan_in", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for module in model.modules():
        if isinstance(module, LearnedQueries):
            nn.init.normal_(module.positions)
        elif isinstance(module, PointQueries):
            nn.init.normal_(module.slots, std=0.02)
            nn.init.normal_(module.heat_map.get_parameter("2.weight"), std=0.01)
            nn.init.constant_(module.heat_map.get_parameter("2.bias"), START_LOGIT)
        elif isinstance(module, SpatialPrior):
            _start_as_discs(module)


def _start_as_discs(prior: SpatialPrior) -> None:
    """Every query's prior begins as the same disc around its point, of strength 1."""
    nn.init.normal_(prior.shape.weight, std=0.01)
    with torch.no_grad():
        prior.shape.bias.zero_()
        prior.shape.bias[0] = math.log(math.e - 1)
