"""From what a user gives as a model to the checkpoint it stands for."""

from __future__ import annotations

from pathlib import Path

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.detectron2 import ENDING, read_detectron2
from core.maskformer.checkpoints.foreign import ForeignCheckpoint
from core.maskformer.checkpoints.hub import fetch_from_hub, is_hub_id
from core.maskformer.checkpoints.huggingface import read_huggingface
from core.maskformer.manifest import CONFIG_NAME, exists

KINDS = (
    "a model of this project, by name or folder (config.json, model.safetensors); a folder in the Hugging Face layout "
    '(config.json with model_type "maskformer", and model.safetensors or pytorch_model.bin); a detectron2 file (.pkl); '
    "or the id of a model on the Hugging Face hub (owner/name)"
)


def read_foreign(source: str | Path) -> ForeignCheckpoint:
    """The MaskFormer that `source` stands for: a Hugging Face folder, a detectron2 .pkl file or a hub id.

    What exists on disk is not taken for a hub id. Raises ModelError for anything else, listing what it can be, and
    for a checkpoint that cannot be read exactly.
    """
    path = Path(source)
    if exists(path):
        if (path / CONFIG_NAME).exists():
            return read_huggingface(path)
        if path.suffix.lower() == ENDING:
            return read_detectron2(path)
        raise ModelError(f"{source}: no model here; give {KINDS}")
    if is_hub_id(str(source)):
        return read_huggingface(fetch_from_hub(str(source)))
    raise ModelError(f"{source!s:.300}: no model here; give {KINDS}")
