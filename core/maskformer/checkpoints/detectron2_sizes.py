"""The sizes of a detectron2 MaskFormer, told by the shapes of its tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import BackboneConfig, ResNetConfig, SwinConfig
from core.maskformer.checkpoints.detectron2_names import DECODER, ENCODER, HEAD, PIXELS
from core.maskformer.checkpoints.shapes import Shape
from core.maskformer.config import (
    EncoderFPNConfig,
    FPNConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    ModelConfig,
    PixelDecoderConfig,
    PlainDecoderConfig,
)

# Not to be seen in any shape: DETR's heads, and the drop path of the published Swin recipes.
HEADS = 8
DROP_PATH = 0.3


def model_config(shapes: Mapping[str, Shape]) -> ModelConfig:
    """The parts and sizes of a model with tensors of these shapes. Raises ModelError naming a tensor that it misses."""
    layers = _count(shapes, DECODER + ".layers.{}.linear1.weight")
    return ModelConfig(
        backbone=_backbone(shapes),
        pixel_decoder=_pixel_decoder(shapes),
        head=MaskClassificationConfig(
            queries=LearnedQueriesConfig(queries=_side(shapes, f"{HEAD}.query_embed.weight", 0)),
            decoder=PlainDecoderConfig(
                width=_side(shapes, f"{HEAD}.query_embed.weight", 1),
                layers=layers,
                heads=HEADS,
                feedforward=_side(shapes, f"{DECODER}.layers.0.linear1.weight", 0),
            ),
        ),
    )


def categories(shapes: Mapping[str, Shape]) -> int:
    """K. Raises ModelError when the class head is missing."""
    return _side(shapes, f"{HEAD}.class_embed.weight", 0) - 1


def _backbone(shapes: Mapping[str, Shape]) -> BackboneConfig:
    if "backbone.patch_embed.proj.weight" in shapes:
        return _swin(shapes)
    if "backbone.stem.conv1.weight" in shapes:
        return _resnet(shapes)
    raise ModelError("holds neither backbone.patch_embed.proj.weight (Swin) nor backbone.stem.conv1.weight (ResNet)")


def _swin(shapes: Mapping[str, Shape]) -> SwinConfig:
    first = "backbone.layers.0.blocks.0"
    table = "backbone.layers.{}.blocks.0.attn.relative_position_bias_table"
    width = _side(shapes, "backbone.patch_embed.proj.weight", 0)
    return SwinConfig(
        embed_dim=width,
        depths=tuple(_count(shapes, f"backbone.layers.{stage}.blocks.{{}}.norm1.weight") for stage in range(4)),
        heads=tuple(_side(shapes, table.format(stage), 1) for stage in range(4)),
        window=(math.isqrt(_side(shapes, table.format(0), 0)) + 1) // 2,
        mlp_ratio=_side(shapes, f"{first}.mlp.fc1.weight", 0) / max(width, 1),
        qkv_bias=f"{first}.attn.qkv.bias" in shapes,
        drop_path=DROP_PATH,
    )


def _resnet(shapes: Mapping[str, Shape]) -> ResNetConfig:
    if "backbone.stem.conv2.weight" in shapes:
        raise ModelError(
            "its ResNet begins with three small convolutions (R50c, R101c); take a checkpoint whose backbone is a "
            "plain ResNet or Swin"
        )
    bottleneck = "backbone.res2.0.conv3.weight" in shapes
    last = "conv3" if bottleneck else "conv2"
    return ResNetConfig(
        depths=tuple(_count(shapes, f"backbone.res{stage}.{{}}.conv1.weight") for stage in range(2, 6)),
        widths=tuple(_side(shapes, f"backbone.res{stage}.0.{last}.weight", 0) for stage in range(2, 6)),
        stem=_side(shapes, "backbone.stem.conv1.weight", 0),
        bottleneck=bottleneck,
    )


def _pixel_decoder(shapes: Mapping[str, Shape]) -> PixelDecoderConfig:
    width, mask_dim = (_side(shapes, f"{PIXELS}.{part}.weight", 0) for part in ("layer_4", "mask_features"))
    if f"{PIXELS}.input_proj.weight" not in shapes:
        return FPNConfig(width=width, mask_dim=mask_dim)
    return EncoderFPNConfig(
        width=width,
        mask_dim=mask_dim,
        layers=_count(shapes, ENCODER + ".layers.{}.linear1.weight"),
        heads=HEADS,
        feedforward=_side(shapes, f"{ENCODER}.layers.0.linear1.weight", 0),
    )


def _side(shapes: Mapping[str, Shape], name: str, axis: int) -> int:
    shape = shapes.get(name)
    if shape is None:
        raise ModelError(f"lacks {name}, so it is no MaskFormer of detectron2's layout")
    if len(shape) <= axis:
        raise ModelError(f"{name} is {list(shape)}; a MaskFormer's has more sides")
    return shape[axis]


def _count(shapes: Mapping[str, Shape], name: str) -> int:
    """How many of the names with {} = 0, 1, … are there in a row."""
    count = 0
    while name.format(count) in shapes:
        count += 1
    return count
