"""The sizes of backbones, without torch, so that a model's config.json is read at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.annotation.errors import ModelError

# Far past any real model; a checkpoint that asks for more would only keep the machine busy.
MAX_CHANNELS = 16_384
MAX_DEPTH = 256


def check_count(name: str, value: object, *, least: int = 1, most: int = MAX_CHANNELS) -> None:
    """Raise ModelError unless `value` is a whole number from `least` to `most`."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ModelError(f"{name} is a whole number from {least} to {most}, got {value!r}")


def check_counts(name: str, values: object, *, length: int = 4, most: int = MAX_CHANNELS) -> None:
    """Raise ModelError unless `values` are `length` whole numbers from 1 to `most`."""
    if not isinstance(values, tuple) or len(values) != length:
        raise ModelError(f"{name} has {length} numbers, got {values!r:.80}")
    for value in values:
        check_count(name, value, most=most)


def check_share(name: str, value: object) -> None:
    """Raise ModelError unless `value` is a number from 0 to below 1."""
    if not isinstance(value, float | int) or isinstance(value, bool) or not 0 <= value < 1:
        raise ModelError(f"{name} is a number from 0 to below 1, got {value!r}")


def check_flag(name: str, value: object) -> None:
    """Raise ModelError unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ModelError(f"{name} is true or false, got {value!r}")


@dataclass(frozen=True)
class EfficientNetLiteConfig:
    """variant: 0, 1 or 2."""

    kind: ClassVar[str] = "efficientnet_lite"
    variant: int = 0

    def __post_init__(self) -> None:
        check_count("variant", self.variant, least=0, most=2)


@dataclass(frozen=True)
class ResNetConfig:
    """He et al. 2016; batch norms folded into the convolutions.

    depths: blocks a stage.   widths: channels out of each stage.   stem: channels of the first convolution.
    bottleneck: three convolutions a block (ResNet-50 on), else two.
    """

    kind: ClassVar[str] = "resnet"
    depths: tuple[int, ...] = (3, 4, 6, 3)
    widths: tuple[int, ...] = (256, 512, 1024, 2048)
    stem: int = 64
    bottleneck: bool = True

    def __post_init__(self) -> None:
        check_counts("depths", self.depths, most=MAX_DEPTH)
        check_counts("widths", self.widths)
        check_count("stem", self.stem)
        if not isinstance(self.bottleneck, bool):
            raise ModelError(f"bottleneck is true or false, got {self.bottleneck!r}")
        if self.bottleneck and any(width % 4 for width in self.widths):
            raise ModelError(f"bottlenecks need widths that are multiples of 4, got {self.widths}")


@dataclass(frozen=True)
class SwinConfig:
    """Liu et al. 2021.

    embed_dim: channels at stride 4, doubled from stage to stage.   depths: blocks a stage.   heads: a stage.
    window: side of the attention windows, in tokens.   mlp_ratio: hidden over outer channels.
    drop_path: the last block's chance to be skipped in training; it rises linearly from 0.
    """

    kind: ClassVar[str] = "swin"
    embed_dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = 7
    mlp_ratio: float = 4.0
    qkv_bias: bool = True
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        check_count("embed_dim", self.embed_dim, most=MAX_CHANNELS // 8)
        check_counts("depths", self.depths, most=MAX_DEPTH)
        check_counts("heads", self.heads)
        check_count("window", self.window, most=64)
        check_share("drop_path", self.drop_path)
        for stage, heads in enumerate(self.heads):
            if (self.embed_dim << stage) % heads:
                raise ModelError(f"{self.embed_dim << stage} channels do not split into {heads} heads")
        if not isinstance(self.mlp_ratio, float | int) or not 0 < self.mlp_ratio <= 16:
            raise ModelError(f"mlp_ratio is a number above 0, at most 16, got {self.mlp_ratio!r}")


@dataclass(frozen=True)
class ViTConfig:
    """Dosovitskiy et al. 2021, with a simple feature pyramid (Li et al. 2022).

    Patches are 16×16 pixels.   image_px: the side that the learned positions are for; others are interpolated.
    """

    kind: ClassVar[str] = "vit"
    width: int = 384
    depth: int = 12
    heads: int = 6
    image_px: int = 512
    mlp_ratio: float = 4.0
    drop_path: float = 0.0

    def __post_init__(self) -> None:
        check_count("width", self.width)
        check_count("depth", self.depth, most=MAX_DEPTH)
        check_count("heads", self.heads)
        check_count("image_px", self.image_px, least=16, most=4096)
        if self.image_px % 16:
            raise ModelError(f"image_px is a multiple of 16 (the patch's side), got {self.image_px}")
        check_share("drop_path", self.drop_path)
        if self.width % 4:
            raise ModelError(f"width is a multiple of 4 (the finest feature has a quarter of it), got {self.width}")
        if self.width % self.heads:
            raise ModelError(f"{self.width} channels do not split into {self.heads} heads")


BackboneConfig = EfficientNetLiteConfig | ResNetConfig | SwinConfig | ViTConfig

# Official sizes.
PRESETS: dict[str, BackboneConfig] = {
    "efficientnet_lite0": EfficientNetLiteConfig(0),
    "efficientnet_lite1": EfficientNetLiteConfig(1),
    "efficientnet_lite2": EfficientNetLiteConfig(2),
    "resnet50": ResNetConfig(),
    "resnet101": ResNetConfig(depths=(3, 4, 23, 3)),
    "swin_tiny": SwinConfig(drop_path=0.3),
    "swin_small": SwinConfig(depths=(2, 2, 18, 2), drop_path=0.3),
    "swin_base": SwinConfig(128, (2, 2, 18, 2), (4, 8, 16, 32), window=12, drop_path=0.3),
    "swin_large": SwinConfig(192, (2, 2, 18, 2), (6, 12, 24, 48), window=12, drop_path=0.3),
    "vit_tiny": ViTConfig(192, 12, 3),
    "vit_small": ViTConfig(384, 12, 6),
    "vit_base": ViTConfig(768, 12, 12),
}
