"""A Hugging Face MaskFormer's config.json, as this project's configuration.

What only a training of theirs reads (loss weights, initial deviations, dropout inside attention, layer drop) is not
taken over; the other settings are either followed or refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import BackboneConfig, ResNetConfig, SwinConfig
from core.maskformer.config import (
    FPNConfig,
    LearnedQueriesConfig,
    MaskClassificationConfig,
    ModelConfig,
    PlainDecoderConfig,
)

MODEL_TYPE = "maskformer"
STAGES = ["stage1", "stage2", "stage3", "stage4"]
# Settings with the one value that is supported, which is also their default there.
OF_THE_MODEL = {"backbone": None, "use_timm_backbone": False}
OF_THE_DECODER = {"model_type": "detr", "activation_function": "relu", "auxiliary_loss": False}
OF_SWIN = {
    "hidden_act": "gelu",
    "use_absolute_embeddings": False,
    "layer_norm_eps": 1e-5,
    "num_channels": 3,
}
OF_RESNET = {
    "hidden_act": "relu",
    "num_channels": 3,
    "downsample_in_first_stage": False,
    "downsample_in_bottleneck": False,
    "out_features": STAGES,
}
# The backbone where config.json names none.
DEFAULT_SWIN = {
    "model_type": "swin",
    "embed_dim": 128,
    "depths": [2, 2, 18, 2],
    "num_heads": [4, 8, 16, 32],
    "window_size": 12,
    "drop_path_rate": 0.3,
}


def model_config(values: Mapping[str, Any]) -> ModelConfig:
    """The parts and sizes that config.json describes; what is left out has transformers' default.

    Raises ModelError for values that cannot be built or that this project has no part for.
    """
    if values.get("model_type") != MODEL_TYPE:
        raise ModelError(f"model_type is {values.get('model_type')!r:.80}; only {MODEL_TYPE!r} is read")
    _accept(values, OF_THE_MODEL, "")
    decoder = _section(values, "decoder_config", {})
    _accept(decoder, OF_THE_DECODER, "decoder_config.")
    return ModelConfig(
        backbone=_backbone(_section(values, "backbone_config", DEFAULT_SWIN)),
        pixel_decoder=FPNConfig(
            width=values.get("fpn_feature_size", 256), mask_dim=values.get("mask_feature_size", 256)
        ),
        head=MaskClassificationConfig(
            queries=LearnedQueriesConfig(queries=decoder.get("num_queries", 100)),
            decoder=PlainDecoderConfig(
                width=decoder.get("d_model", 256),
                layers=decoder.get("decoder_layers", 6),
                heads=decoder.get("decoder_attention_heads", 8),
                feedforward=decoder.get("decoder_ffn_dim", 2048),
                dropout=decoder.get("dropout", 0.1),
            ),
        ),
    )


def _backbone(values: Mapping[str, Any]) -> BackboneConfig:
    match values.get("model_type"):
        case "swin" | "maskformer-swin":
            return _swin(values)
        case "resnet":
            return _resnet(values)
        case other:
            raise ModelError(f"backbone_config.model_type is {other!r:.80}; swin and resnet are read")


def _swin(values: Mapping[str, Any]) -> SwinConfig:
    _accept(values, OF_SWIN, "backbone_config.")
    if values.get("patch_size", 4) not in (4, [4, 4]):
        raise ModelError(f"backbone_config.patch_size is {values['patch_size']!r:.80}; only 4 is supported")
    return SwinConfig(
        embed_dim=values.get("embed_dim", 96),
        depths=_tuple(values.get("depths", [2, 2, 6, 2])),
        heads=_tuple(values.get("num_heads", [3, 6, 12, 24])),
        window=values.get("window_size", 7),
        mlp_ratio=values.get("mlp_ratio", 4.0),
        qkv_bias=values.get("qkv_bias", True),
        drop_path=values.get("drop_path_rate", 0.1),
    )


def _resnet(values: Mapping[str, Any]) -> ResNetConfig:
    _accept(values, OF_RESNET, "backbone_config.")
    layer_type = values.get("layer_type", "bottleneck")
    if layer_type not in ("basic", "bottleneck"):
        raise ModelError(f"backbone_config.layer_type is basic or bottleneck, got {layer_type!r:.80}")
    return ResNetConfig(
        depths=_tuple(values.get("depths", [3, 4, 6, 3])),
        widths=_tuple(values.get("hidden_sizes", [256, 512, 1024, 2048])),
        stem=values.get("embedding_size", 64),
        bottleneck=layer_type == "bottleneck",
    )


def _section(values: Mapping[str, Any], name: str, default: Mapping[str, Any]) -> Mapping[str, Any]:
    section = values.get(name)
    if section is None:
        return default
    if not isinstance(section, dict):
        raise ModelError(f"{name} is an object, got {section!r:.80}")
    return section


def _accept(values: Mapping[str, Any], supported: Mapping[str, Any], place: str) -> None:
    for name, only in supported.items():
        if values.get(name, only) != only:
            raise ModelError(
                f"{place}{name} is {values[name]!r:.80}; only {only!r} is supported. Take a checkpoint trained with it"
            )


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
