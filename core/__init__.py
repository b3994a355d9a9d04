"""Labelled images and the model that proposes masks for them.

`from core import load_model, Predictor` works; torch is imported only then.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.inference.predictor import Predictor
    from core.maskformer.checkpoint import load_model

__all__ = ["Predictor", "load_model"]

_HOMES = {"Predictor": "core.inference.predictor", "load_model": "core.maskformer.checkpoint"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
