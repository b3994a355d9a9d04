"""MaskFormers of transformers with random weights, saved as the Hugging Face hub and detectron2 have them."""

import pickle
import re
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DetrConfig, MaskFormerConfig, MaskFormerForInstanceSegmentation, ResNetConfig, SwinConfig

STAGES = ["stage1", "stage2", "stage3", "stage4"]
SWIN = SwinConfig(embed_dim=24, depths=[1, 2, 1, 1], num_heads=[1, 2, 3, 4], window_size=4, out_features=STAGES)
SWIN_OTHER = SwinConfig(
    embed_dim=16, depths=[2, 1, 3, 1], num_heads=[2, 2, 4, 4], window_size=7, mlp_ratio=2.0, qkv_bias=False,
    out_features=STAGES,
)  # fmt: skip
RESNET = ResNetConfig(embedding_size=16, hidden_sizes=[32, 64, 96, 128], depths=[1, 2, 1, 1], out_features=STAGES)
RESNET_BASIC = ResNetConfig(
    embedding_size=32, hidden_sizes=[32, 48, 64, 96], depths=[2, 1, 1, 1], layer_type="basic", out_features=STAGES
)
# Its last stage has the decoder's width, so that there is no input projection.
RESNET_NO_PROJECTION = ResNetConfig(
    embedding_size=8, hidden_sizes=[16, 32, 48, 64], depths=[1, 1, 1, 1], out_features=STAGES
)
BACKBONES = {
    "swin": SWIN,
    "swin_other": SWIN_OTHER,
    "resnet": RESNET,
    "resnet_basic": RESNET_BASIC,
    "resnet_no_projection": RESNET_NO_PROJECTION,
}


def published(backbone: str = "swin", *, labels: int = 5, heads: int = 8) -> MaskFormerForInstanceSegmentation:
    """A small model in evaluation mode; no weight has a value that would hide an error."""
    torch.manual_seed(0)
    decoder = DetrConfig(d_model=64, decoder_layers=2, decoder_ffn_dim=48, num_queries=7, decoder_attention_heads=heads)
    config = MaskFormerConfig(
        fpn_feature_size=32,
        mask_feature_size=24,
        backbone_config=BACKBONES[backbone],
        decoder_config=decoder,
        num_labels=labels,
    )
    model = MaskFormerForInstanceSegmentation(config).eval()
    for module in model.modules():
        _stir(module)
    return model


def _stir(module: nn.Module) -> None:
    """Norms near 1, running statistics, biases and position tables at random: transformers draws some of them at 0."""
    with torch.no_grad():
        for name, parameter in module.named_parameters(recurse=False):
            if name == "relative_position_bias_table":
                parameter.normal_()
            elif parameter.ndim == 1:
                parameter.normal_(mean=1.0 if name == "weight" else 0.0, std=0.1)
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)


def saved(folder: Path, model: MaskFormerForInstanceSegmentation) -> Path:
    """The model's folder, as `save_pretrained` writes it."""
    model.save_pretrained(folder)
    return folder


RENAMED = (
    (
        r"model\.pixel_level_module\.encoder\.model\.embeddings\.patch_embeddings\.projection",
        "backbone.patch_embed.proj",
    ),
    (r"model\.pixel_level_module\.encoder\.model\.embeddings\.norm", "backbone.patch_embed.norm"),
    (r"model\.pixel_level_module\.encoder\.model\.encoder\.layers", "backbone.layers"),
    (r"model\.pixel_level_module\.encoder\.hidden_states_norms\.(\d)", r"backbone.norm\1"),
    (r"\.layernorm_before", ".norm1"),
    (r"\.layernorm_after", ".norm2"),
    (r"\.attention\.self\.relative", ".attn.relative"),
    (r"\.attention\.output\.dense", ".attn.proj"),
    (r"\.intermediate\.dense", ".mlp.fc1"),
    (r"(blocks\.\d+)\.output\.dense", r"\1.mlp.fc2"),
    (r"model\.pixel_level_module\.encoder\.embedder\.embedder", "backbone.stem.conv1"),
    (
        r"model\.pixel_level_module\.encoder\.encoder\.stages\.(\d)\.layers",
        lambda found: f"backbone.res{int(found[1]) + 2}",
    ),
    (r"\.layer\.(\d)\.", lambda found: f".conv{int(found[1]) + 1}."),
    (r"\.convolution\.", "."),
    (r"\.normalization\.", ".norm."),
    (r"model\.pixel_level_module\.decoder\.fpn\.stem\.0", "sem_seg_head.layer_4"),
    (r"model\.pixel_level_module\.decoder\.fpn\.stem\.1", "sem_seg_head.layer_4.norm"),
    (
        r"model\.pixel_level_module\.decoder\.fpn\.layers\.(\d)\.proj\.0",
        lambda f: f"sem_seg_head.adapter_{3 - int(f[1])}",
    ),
    (
        r"model\.pixel_level_module\.decoder\.fpn\.layers\.(\d)\.proj\.1",
        lambda f: f"sem_seg_head.adapter_{3 - int(f[1])}.norm",
    ),
    (
        r"model\.pixel_level_module\.decoder\.fpn\.layers\.(\d)\.block\.0",
        lambda f: f"sem_seg_head.layer_{3 - int(f[1])}",
    ),
    (
        r"model\.pixel_level_module\.decoder\.fpn\.layers\.(\d)\.block\.1",
        lambda f: f"sem_seg_head.layer_{3 - int(f[1])}.norm",
    ),
    (r"model\.pixel_level_module\.decoder\.mask_projection", "sem_seg_head.mask_features"),
    (r"model\.transformer_module\.queries_embedder", "sem_seg_head.predictor.query_embed"),
    (r"model\.transformer_module\.input_projection", "sem_seg_head.predictor.input_proj"),
    (r"model\.transformer_module\.decoder\.layernorm", "sem_seg_head.predictor.transformer.decoder.norm"),
    (r"model\.transformer_module\.decoder\.layers", "sem_seg_head.predictor.transformer.decoder.layers"),
    (r"\.encoder_attn_layer_norm", ".norm2"),
    (r"\.self_attn_layer_norm", ".norm1"),
    (r"\.final_layer_norm", ".norm3"),
    (r"\.encoder_attn\.", ".multihead_attn."),
    (r"_attn\.o_proj", "_attn.out_proj"),
    (r"(transformer\.decoder\.layers\.\d+)\.mlp\.fc", r"\1.linear"),
    (r"class_predictor", "sem_seg_head.predictor.class_embed"),
    (r"mask_embedder\.(\d)\.0", r"sem_seg_head.predictor.mask_embed.layers.\1"),
)


def detectron2_arrays(model: MaskFormerForInstanceSegmentation, *, newer: bool = True) -> dict[str, np.ndarray]:
    """The weights as detectron2 has them: renamed, and with fused projections.   newer: which release's names."""
    arrays = {}
    for name, value in _fused(model.state_dict()).items():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        if newer:
            name = re.sub(r"sem_seg_head\.(adapter|layer|mask)", r"sem_seg_head.pixel_decoder.\1", name)
        if not name.startswith("model.") and not name.endswith("num_batches_tracked"):
            arrays[name] = value.numpy()
    return arrays


def _fused(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Query, key and value as one projection: Swin's "attn.qkv", PyTorch's "in_proj_weight"."""
    fused = {}
    for name, value in state.items():
        if found := re.fullmatch(r"(.*)\.attention\.self\.(query|key|value)\.(weight|bias)", name):
            parts = [state[f"{found[1]}.attention.self.{part}.{found[3]}"] for part in ("query", "key", "value")]
            fused[f"{found[1]}.attn.qkv.{found[3]}"] = torch.cat(parts)
        elif found := re.fullmatch(r"(.*_attn)\.[qkv]_proj\.(weight|bias)", name):
            fused[f"{found[1]}.in_proj_{found[2]}"] = torch.cat(
                [state[f"{found[1]}.{part}_proj.{found[2]}"] for part in "qkv"]
            )
        else:
            fused[name] = value
    return fused


def saved_pickle(path: Path, arrays: dict[str, np.ndarray], *, protocol: int = 4) -> Path:
    """A detectron2 file."""
    path.write_bytes(pickle.dumps({"model": arrays, "__author__": "someone"}, protocol=protocol))
    return path
