"""Where the model's modules are in a Hugging Face MaskFormer."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from core.annotation.errors import ModelError
from core.maskformer.backbones.config import BackboneConfig, ResNetConfig, SwinConfig
from core.maskformer.checkpoints.naming import Origin, each, folded, same, stacked, tensor

ENCODER = "model.pixel_level_module.encoder"
DECODER = "model.pixel_level_module.decoder"
TRANSFORMER = "model.transformer_module"

# Tensors that nothing here reads: of the loss, of counting, what follows from the window's size, and Swin's last norm,
# which stands behind the features.
UNUSED = re.compile(
    r"criterion\.empty_weight"
    rf"|{re.escape(ENCODER)}\.model\.layernorm\.(weight|bias)"
    rf"|{re.escape(ENCODER)}\..*\.(relative_position_index|num_batches_tracked)"
)
# Newer releases call these so in memory, and so do files written without their own saving.
RENAMED = (
    (re.compile(rf"({re.escape(TRANSFORMER)}\.decoder\.layers\.\d+\.\w+)\.o_proj\."), r"\1.out_proj."),
    (re.compile(rf"({re.escape(TRANSFORMER)}\.decoder\.layers\.\d+)\.mlp\.(fc[12])\."), r"\1.\2."),
)

DECODER_LAYER = {
    "self_attention.query": "self_attn.q_proj",
    "self_attention.key": "self_attn.k_proj",
    "self_attention.value": "self_attn.v_proj",
    "self_attention.out": "self_attn.out_proj",
    "cross_attention.query": "encoder_attn.q_proj",
    "cross_attention.key": "encoder_attn.k_proj",
    "cross_attention.value": "encoder_attn.v_proj",
    "cross_attention.out": "encoder_attn.out_proj",
    "self_norm": "self_attn_layer_norm",
    "cross_norm": "encoder_attn_layer_norm",
    "final_norm": "final_layer_norm",
    "expand": "fc1",
    "contract": "fc2",
}
SWIN_BLOCK = {
    "attention_norm": "layernorm_before",
    "attention.out": "attention.output.dense",
    "mlp_norm": "layernorm_after",
    "expand": "intermediate.dense",
    "contract": "output.dense",
}


def on_disk(source: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors that are used, under the names of the published files. Raises ModelError when two become one."""
    named: dict[str, Tensor] = {}
    for name, value in tensors.items():
        for pattern, replacement in RENAMED:
            name = pattern.sub(replacement, name)
        if name in named:
            raise ModelError(f"{source}: {name} is there under an older and a newer name; take an intact copy")
        if not UNUSED.fullmatch(name):
            named[name] = value
    return named


def origins(backbone: BackboneConfig, layers: int) -> dict[str, Origin]:
    """The origin of each module, for `layers` layers of the transformer decoder."""
    return {**_backbone(backbone), **_pixel_decoder(), **_head(layers)}


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
        "backbone.patch_embedding.projection": same(f"{ENCODER}.model.embeddings.patch_embeddings.projection"),
        "backbone.patch_embedding.norm": same(f"{ENCODER}.model.embeddings.norm"),
    }
    for stage, depth in enumerate(config.depths):
        layer = f"{ENCODER}.model.encoder.layers.{stage}"
        found[f"backbone.norms.{stage}"] = same(f"{ENCODER}.hidden_states_norms.{stage}")
        found[f"backbone.stages.{stage}.merge.norm"] = same(f"{layer}.downsample.norm")
        found[f"backbone.stages.{stage}.merge.reduce"] = same(f"{layer}.downsample.reduction")
        for index in range(depth):
            ours, theirs = f"backbone.stages.{stage}.blocks.{index}", f"{layer}.blocks.{index}"
            attention = f"{theirs}.attention.self"
            found[f"{ours}.attention"] = tensor(f"{attention}.relative_position_bias_table")
            found[f"{ours}.attention.qkv"] = stacked(*(f"{attention}.{part}" for part in ("query", "key", "value")))
            found |= each(ours, theirs, SWIN_BLOCK)
    return found


def _resnet(config: ResNetConfig) -> dict[str, Origin]:
    found = {"backbone.stem": _normed(f"{ENCODER}.embedder.embedder")}
    for stage, depth in enumerate(config.depths):
        for index in range(depth):
            ours, theirs = f"backbone.stages.{stage}.{index}", f"{ENCODER}.encoder.stages.{stage}.layers.{index}"
            found[f"{ours}.shortcut"] = _normed(f"{theirs}.shortcut")
            for place in range(3):
                found[f"{ours}.convolutions.{place}"] = _normed(f"{theirs}.layer.{place}")
    return found


def _normed(module: str) -> Origin:
    return folded(f"{module}.convolution", f"{module}.normalization")


def _pixel_decoder() -> dict[str, Origin]:
    parts = {"stem": "fpn.stem"}
    for level in range(3):
        parts[f"laterals.{level}"] = f"fpn.layers.{level}.proj"
        parts[f"blends.{level}"] = f"fpn.layers.{level}.block"
    found = {"pixel_decoder.mask_features": same(f"{DECODER}.mask_projection")}
    for ours, theirs in parts.items():
        found |= each(f"pixel_decoder.{ours}", f"{DECODER}.{theirs}", {"0": "0", "1": "1"})
    return found


def _head(layers: int) -> dict[str, Origin]:
    found = {
        "head.query_source": tensor(f"{TRANSFORMER}.queries_embedder.weight"),
        "head.transformer_decoder.project": same(f"{TRANSFORMER}.input_projection"),
        "head.transformer_decoder.norm": same(f"{TRANSFORMER}.decoder.layernorm"),
        "head.classes": same("class_predictor"),
        **{f"head.masks.mlp.{2 * place}": same(f"mask_embedder.{place}.0") for place in range(3)},
    }
    for layer in range(layers):
        theirs = f"{TRANSFORMER}.decoder.layers.{layer}"
        found |= each(f"head.transformer_decoder.layers.{layer}", theirs, DECODER_LAYER)
    return found
