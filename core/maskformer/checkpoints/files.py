"""Reading files of unknown origin: only regular files, up to a size, and JSON objects."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from core.annotation.errors import ModelError

# Swin-L's weights are 0.85 GB; a file beyond this would only fill the memory.
MAX_WEIGHTS_BYTES = 4 << 30
# ADE20K-full's names and their index make 60 kB; an index of shards has a line a tensor.
MAX_JSON_BYTES = 16 << 20


def read_bytes(path: Path, *, most: int = MAX_WEIGHTS_BYTES) -> bytes:
    """The content of a regular file of at most `most` bytes. Raises ModelError."""
    try:
        status = path.stat()
        # A pipe or a device could keep a reader for ever.
        if not stat.S_ISREG(status.st_mode):
            raise ModelError(f"{path}: not a regular file; put an intact copy there")
        if status.st_size > most:
            raise ModelError(f"{path}: {status.st_size} bytes, at most {most} are read; is it a checkpoint?")
        with path.open("rb") as file:
            return file.read(most)
    except (OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: cannot be read ({error}); take an intact copy of the model") from error


def read_json_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises ModelError for anything else."""
    try:
        values = json.loads(read_bytes(path, most=MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{path}: not valid JSON ({error!s:.120}); take an intact copy of the model") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: holds {type(values).__name__}, not a JSON object; take an intact copy of the model")
    return values
