"""The parts a MaskFormer is built from and their sizes; they travel in its checkpoint. No torch here.

Each seam has one config class a part; a config's `kind` names the part in JSON.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import (
    PRESETS,
    BackboneConfig,
    EfficientNetLiteConfig,
    check_count,
    check_counts,
    check_flag,
    check_share,
)

NORM_GROUPS = 32
# Far past any real model; a checkpoint that asks for more would only keep the machine busy.
MAX_LAYERS = 64


def _check_attention(width: object, heads: object, feedforward: object, layers: object, dropout: object) -> None:
    check_count("width", width, least=4)
    check_count("heads", heads)
    check_count("feedforward", feedforward)
    check_count("layers", layers, most=MAX_LAYERS)
    check_share("dropout", dropout)
    assert isinstance(width, int)
    assert isinstance(heads, int)
    if width % heads:
        raise ModelError(f"width {width} does not split into {heads} heads; choose a divisor of the width")
    if width % 4:
        raise ModelError(f"width is a multiple of 4 (sine positions of x and y), got {width}")


def _check_pixel_decoder(width: object, mask_dim: object) -> None:
    check_count("width", width)
    check_count("mask_dim", mask_dim)
    if isinstance(width, int) and width % NORM_GROUPS:
        raise ModelError(f"width is a multiple of {NORM_GROUPS} (GroupNorm's groups), got {width}")


@dataclass(frozen=True)
class FPNConfig:
    """width: channels of the pyramid.   mask_dim: of the per-pixel mask features; likewise below."""

    kind: ClassVar[str] = "fpn"
    width: int = 128
    mask_dim: int = 64

    def __post_init__(self) -> None:
        _check_pixel_decoder(self.width, self.mask_dim)


@dataclass(frozen=True)
class EncoderFPNConfig:
    """An FPN behind a transformer encoder on the coarsest features."""

    kind: ClassVar[str] = "encoder_fpn"
    width: int = 256
    mask_dim: int = 256
    layers: int = 6
    heads: int = 8
    feedforward: int = 2048
    dropout: float = 0.1

    def __post_init__(self) -> None:
        _check_pixel_decoder(self.width, self.mask_dim)
        _check_attention(self.width, self.heads, self.feedforward, self.layers, self.dropout)


@dataclass(frozen=True)
class DeepLabConfig:
    """rates: dilations of ASPP's three 3×3 convolutions, in cells of stride 32."""

    kind: ClassVar[str] = "deeplab"
    width: int = 256
    mask_dim: int = 256
    rates: tuple[int, ...] = (3, 6, 9)

    def __post_init__(self) -> None:
        _check_pixel_decoder(self.width, self.mask_dim)
        check_counts("rates", self.rates, length=3, most=64)


@dataclass(frozen=True)
class FCNConfig:
    """Skips summed from coarse to fine."""

    kind: ClassVar[str] = "fcn"
    width: int = 256
    mask_dim: int = 256

    def __post_init__(self) -> None:
        check_count("width", self.width)
        check_count("mask_dim", self.mask_dim)


@dataclass(frozen=True)
class LearnedQueriesConfig:
    """queries: N, the masks proposed a photo."""

    kind: ClassVar[str] = "learned"
    queries: int = 100

    def __post_init__(self) -> None:
        check_count("queries", self.queries)


@dataclass(frozen=True)
class PointQueriesConfig:
    """grid_side² of the N queries start on a regular grid, the others at the peaks of a heat map of mask centres."""

    kind: ClassVar[str] = "points"
    queries: int = 100
    grid_side: int = 6

    def __post_init__(self) -> None:
        check_count("queries", self.queries)
        check_count("grid_side", self.grid_side, least=0)
        if self.grid_side**2 > self.queries:
            raise ModelError(
                f"a grid of {self.grid_side}² points needs at least {self.grid_side**2} queries, got {self.queries}"
            )


@dataclass(frozen=True)
class PlainDecoderConfig:
    """MaskFormer's transformer decoder; the sizes of the paper."""

    kind: ClassVar[str] = "plain"
    width: int = 256
    layers: int = 6
    heads: int = 8
    feedforward: int = 2048
    dropout: float = 0.1

    def __post_init__(self) -> None:
        _check_attention(self.width, self.heads, self.feedforward, self.layers, self.dropout)


@dataclass(frozen=True)
class MaskedDecoderConfig:
    """Masked attention to three levels in turn (Cheng et al. 2022)."""

    kind: ClassVar[str] = "masked"
    width: int = 128
    layers: int = 3
    heads: int = 8
    feedforward: int = 512
    dropout: float = 0.0

    def __post_init__(self) -> None:
        _check_attention(self.width, self.heads, self.feedforward, self.layers, self.dropout)


@dataclass(frozen=True)
class MaskClassificationConfig:
    """N masks with a class each.   boxes: whether each query also tells its box."""

    kind: ClassVar[str] = "mask_classification"
    queries: LearnedQueriesConfig | PointQueriesConfig = PointQueriesConfig()
    decoder: PlainDecoderConfig | MaskedDecoderConfig = MaskedDecoderConfig()
    boxes: bool = False

    def __post_init__(self) -> None:
        check_flag("boxes", self.boxes)


@dataclass(frozen=True)
class PerPixelConfig:
    """Per-pixel classification (the paper's baseline): a class for each pixel."""

    kind: ClassVar[str] = "per_pixel"


@dataclass(frozen=True)
class PerPixelPlusConfig:
    """The paper's stronger baseline: a query for each category, whose mask logits are the class logits."""

    kind: ClassVar[str] = "per_pixel_plus"
    decoder: PlainDecoderConfig | MaskedDecoderConfig = PlainDecoderConfig()


PixelDecoderConfig = FPNConfig | EncoderFPNConfig | DeepLabConfig | FCNConfig
HeadConfig = MaskClassificationConfig | PerPixelConfig | PerPixelPlusConfig


@dataclass(frozen=True)
class ModelConfig:
    """A backbone, a pixel decoder and a head. Every combination can be built.

    mask_classifier: whether the model has a part that names any given mask.
    """

    backbone: BackboneConfig = field(default_factory=EfficientNetLiteConfig)
    pixel_decoder: PixelDecoderConfig = FPNConfig()
    head: HeadConfig = field(default_factory=MaskClassificationConfig)
    mask_classifier: bool = False

    def __post_init__(self) -> None:
        check_flag("mask_classifier", self.mask_classifier)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for a checkpoint's config.json."""
        values = _to_plain(self)
        assert isinstance(values, dict)
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """The config `to_dict` wrote; what is left out takes its default, a backbone may be a preset's name.

        Raises ModelError and names what is unknown or impossible.
        """
        config: ModelConfig = _from_plain(cls, values, "the model's configuration")
        return config


def _to_plain(value: Any) -> Any:
    if not dataclasses.is_dataclass(value):
        return list(value) if isinstance(value, tuple) else value
    kind = {"kind": value.kind} if hasattr(value, "kind") else {}
    return kind | {item.name: _to_plain(getattr(value, item.name)) for item in dataclasses.fields(value)}


def _from_plain(hint: Any, value: Any, place: str) -> Any:
    """A value of the type `hint` from JSON's values."""
    choices = [kind for kind in typing.get_args(hint) or (hint,) if dataclasses.is_dataclass(kind)]
    if not choices:
        return tuple(value) if isinstance(value, list) else value
    if isinstance(value, str) and EfficientNetLiteConfig in choices:
        return _preset(value)
    if not isinstance(value, Mapping):
        raise ModelError(f"{place} is a set of names and values, got {value!r:.80}")
    chosen = _chosen(choices, value, place)
    hints = typing.get_type_hints(chosen)
    names = {item.name for item in dataclasses.fields(chosen)}
    unknown = sorted(set(value) - names - {"kind"})
    if unknown:
        raise ModelError(f"{place} has unknown {unknown}; known are {sorted(names)}")
    parts = {name: _from_plain(hints[name], part, name) for name, part in value.items() if name != "kind"}
    return chosen(**parts)


def _chosen(choices: list[Any], value: Mapping[str, Any], place: str) -> Any:
    if len(choices) == 1 and "kind" not in value:
        return choices[0]
    kinds = {choice.kind: choice for choice in choices if hasattr(choice, "kind")}
    if value.get("kind") not in kinds:
        raise ModelError(f"{place} has a kind, one of {', '.join(kinds)}; got {value.get('kind')!r:.80}")
    return kinds[value["kind"]]


def _preset(name: str) -> BackboneConfig:
    if name not in PRESETS:
        raise ModelError(f"no backbone is called {name!r}; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
