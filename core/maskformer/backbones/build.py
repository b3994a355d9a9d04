"""A backbone from its configuration."""

from __future__ import annotations

from core.maskformer.backbones.config import (
    BackboneConfig,
    EfficientNetLiteConfig,
    ResNetConfig,
    SwinConfig,
    ViTConfig,
)
from core.maskformer.backbones.efficientnet_lite import EfficientNetLite
from core.maskformer.backbones.resnet import ResNet
from core.maskformer.backbones.swin import Swin
from core.maskformer.backbones.vit import ViT

# Each has `channels`, those of its four outputs, finest first, and `freezable`, its stem and stages in order.
Backbone = EfficientNetLite | ResNet | Swin | ViT


def build_backbone(config: BackboneConfig) -> Backbone:
    """The backbone of this kind, with weights that its constructor draws."""
    match config:
        case EfficientNetLiteConfig():
            return EfficientNetLite(config)
        case ResNetConfig():
            return ResNet(config)
        case SwinConfig():
            return Swin(config)
        case ViTConfig():
            return ViT(config)
