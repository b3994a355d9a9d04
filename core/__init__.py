"""Labelled images and the model that proposes masks for them.

`from core import load_model, Predictor` works; torch is imported only then.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.inference import postprocess
    from core.inference.predictor import Predictor
    from core.maskformer.build import build_model
    from core.maskformer.checkpoint import load_model, save_model
    from core.maskformer.config import ModelConfig
    from core.maskformer.convert import convert_to_maskformer
    from core.maskformer.model import MaskFormer
    from core.maskformer.output import MaskFormerOutput

__all__ = [
    "MaskFormer",
    "MaskFormerOutput",
    "ModelConfig",
    "Predictor",
    "build_model",
    "convert_to_maskformer",
    "load_model",
    "postprocess",
    "save_model",
]

_HOMES = {
    "MaskFormer": "core.maskformer.model",
    "MaskFormerOutput": "core.maskformer.output",
    "ModelConfig": "core.maskformer.config",
    "Predictor": "core.inference.predictor",
    "build_model": "core.maskformer.build",
    "convert_to_maskformer": "core.maskformer.convert",
    "load_model": "core.maskformer.checkpoint",
    "save_model": "core.maskformer.checkpoint",
}


def __getattr__(name: str) -> Any:
    if name == "postprocess":
        return importlib.import_module("core.inference.postprocess")
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
