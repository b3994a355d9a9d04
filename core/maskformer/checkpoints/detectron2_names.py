"""Where the model's modules are in a detectron2 MaskFormer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import BackboneConfig, ResNetConfig, SwinConfig
from core.maskformer.checkpoints.naming import Origin, each, folded, same, tensor, third
from core.maskformer.checkpoints.restricted_pickle import Values
from core.maskformer.config import EncoderFPNConfig, PixelDecoderConfig

PIXELS = "sem_seg_head.pixel_decoder"
ENCODER = f"{PIXELS}.transformer.encoder"
HEAD = "sem_seg_head.predictor"
DECODER = f"{HEAD}.transformer.decoder"

# Tensors that nothing here reads: of the loss, of counting, and what follows from the window's size.
UNUSED = re.compile(r"criterion\.empty_weight|backbone\..*\.(relative_position_index|num_batches_tracked)")
# The first release had the pixel decoder's parts directly in the head.
OLD_PIXELS = re.compile(r"sem_seg_head\.(?!predictor\.|pixel_decoder\.)")

ATTENTION = {"query": 0, "key": 1, "value": 2}
SWIN_BLOCK = {
    "attention_norm": "norm1",
    "attention.qkv": "attn.qkv",
    "attention.out": "attn.proj",
    "mlp_norm": "norm2",
    "expand": "mlp.fc1",
    "contract": "mlp.fc2",
}
DECODER_LAYER = {
    "expand": "linear1",
    "contract": "linear2",
    "self_norm": "norm1",
    "cross_norm": "norm2",
    "final_norm": "norm3",
}
ENCODER_LAYER = {"expand": "linear1", "contract": "linear2", "self_norm": "norm1", "final_norm": "norm2"}


def newer_names(arrays: Mapping[str, Values]) -> dict[str, Values]:
    """The arrays that are used, under the newer releases' names. Raises ModelError when two become one."""
    named: dict[str, Values] = {}
    for name, values in arrays.items():
        newer = f"{PIXELS}.{name[start.end() :]}" if (start := OLD_PIXELS.match(name)) else name
        if newer in named:
            raise ModelError(f"holds {newer:.200} under an older and a newer name; take an intact copy")
        if not UNUSED.fullmatch(newer):
            named[newer] = values
    return named


def origins(backbone: BackboneConfig, pixel_decoder: PixelDecoderConfig, layers: int) -> dict[str, Origin]:
    """The origin of each module, for `layers` layers of the transformer decoder."""
    return {**_backbone(backbone), **_pixel_decoder(pixel_decoder), **_head(layers)}


def _backbone(config: BackboneConfig) -> dict[str, Origin]:
    match config:
        case SwinConfig():
            return _swin(config)
        case ResNetConfig():
            return _resnet(config)
        case _:
            raise AssertionError("configs of this layout have one of these backbones")


def _swin(config: SwinConfig) -> dict[str, Origin]:
    found = {
        "backbone.patch_embedding.projection": same("backbone.patch_embed.proj"),
        "backbone.patch_embedding.norm": same("backbone.patch_embed.norm"),
    }
    for stage, depth in enumerate(config.depths):
        layer = f"backbone.layers.{stage}"
        found[f"backbone.norms.{stage}"] = same(f"backbone.norm{stage}")
        found[f"backbone.stages.{stage}.merge.norm"] = same(f"{layer}.downsample.norm")
        found[f"backbone.stages.{stage}.merge.reduce"] = same(f"{layer}.downsample.reduction")
        for index in range(depth):
            ours, theirs = f"backbone.stages.{stage}.blocks.{index}", f"{layer}.blocks.{index}"
            found[f"{ours}.attention"] = tensor(f"{theirs}.attn.relative_position_bias_table")
            found |= each(ours, theirs, SWIN_BLOCK)
    return found


def _resnet(config: ResNetConfig) -> dict[str, Origin]:
    found = {"backbone.stem": _normed("backbone.stem.conv1")}
    for stage, depth in enumerate(config.depths):
        for index in range(depth):
            ours, theirs = f"backbone.stages.{stage}.{index}", f"backbone.res{stage + 2}.{index}"
            found[f"{ours}.shortcut"] = _normed(f"{theirs}.shortcut")
            for place in range(3):
                found[f"{ours}.convolutions.{place}"] = _normed(f"{theirs}.conv{place + 1}")
    return found


def _normed(convolution: str) -> Origin:
    return folded(convolution, f"{convolution}.norm")


def _pixel_decoder(config: PixelDecoderConfig) -> dict[str, Origin]:
    parts = {"stem": "layer_4"}
    for level in range(3):
        parts[f"laterals.{level}"] = f"adapter_{3 - level}"
        parts[f"blends.{level}"] = f"layer_{3 - level}"
    found = {"pixel_decoder.mask_features": same(f"{PIXELS}.mask_features")}
    for ours, theirs in parts.items():
        found[f"pixel_decoder.{ours}.0"] = same(f"{PIXELS}.{theirs}")
        found[f"pixel_decoder.{ours}.1"] = same(f"{PIXELS}.{theirs}.norm")
    return found | (_encoder(config.layers) if isinstance(config, EncoderFPNConfig) else {})


def _encoder(layers: int) -> dict[str, Origin]:
    found = {"pixel_decoder.project": same(f"{PIXELS}.input_proj")}
    for layer in range(layers):
        ours, theirs = f"pixel_decoder.encoder.layers.{layer}", f"{ENCODER}.layers.{layer}"
        found |= _attention(f"{ours}.self_attention", f"{theirs}.self_attn")
        found |= each(ours, theirs, ENCODER_LAYER)
    return found


def _head(layers: int) -> dict[str, Origin]:
    found = {
        "head.query_source": tensor(f"{HEAD}.query_embed.weight"),
        "head.transformer_decoder.project": same(f"{HEAD}.input_proj"),
        "head.transformer_decoder.norm": same(f"{DECODER}.norm"),
        "head.classes": same(f"{HEAD}.class_embed"),
        **{f"head.masks.mlp.{2 * place}": same(f"{HEAD}.mask_embed.layers.{place}") for place in range(3)},
    }
    for layer in range(layers):
        ours, theirs = f"head.transformer_decoder.layers.{layer}", f"{DECODER}.layers.{layer}"
        found |= _attention(f"{ours}.self_attention", f"{theirs}.self_attn")
        found |= _attention(f"{ours}.cross_attention", f"{theirs}.multihead_attn")
        found |= each(ours, theirs, DECODER_LAYER)
    return found


def _attention(ours: str, theirs: str) -> dict[str, Origin]:
    parts = {f"{ours}.{part}": third(f"{theirs}.in_proj_", index) for part, index in ATTENTION.items()}
    return parts | {f"{ours}.out": same(f"{theirs}.out_proj")}
