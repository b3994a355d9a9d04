"""The weights in a Hugging Face folder: one file or several, safetensors or PyTorch's own format."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import zipfile
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.files import read_bytes, read_json_object

SAFETENSORS = "model.safetensors"
PYTORCH = "pytorch_model.bin"
INDEX_ENDING = ".index.json"
# In the order in which they are looked for.
WEIGHTS_NAMES = (SAFETENSORS, SAFETENSORS + INDEX_ENDING, PYTORCH, PYTORCH + INDEX_ENDING)
# A shard lies beside its index and is called as the programs that write them call it.
SHARD_NAME = re.compile(r"(model|pytorch_model)-\d{5}-of-\d{5}\.(safetensors|bin)", re.ASCII)


def read_weights(folder: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a folder by name, on the CPU, and the SHA-256 of the bytes they were read from.

    Several files are hashed one after the other, in the order of their names. No pickle is loaded unrestricted.
    Raises ModelError when there are none, a file is broken, or two files hold the same tensor.
    """
    digest = hashlib.sha256()
    tensors: dict[str, Tensor] = {}
    for path in weight_files(folder):
        content = read_bytes(path)
        digest.update(content)
        part = _from_safetensors(path, content) if path.suffix == ".safetensors" else _from_pytorch(path, content)
        if twice := sorted(tensors.keys() & part.keys()):
            raise ModelError(f"{path}: holds {twice[0]:.200} a second time; take an intact copy of the model")
        tensors |= part
    return tensors, digest.hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The files that hold the folder's weights, in order; an index's may be missing. Raises ModelError for none."""
    for name in WEIGHTS_NAMES:
        path = folder / name
        if path.exists():
            shards = _shard_names(path) if name.endswith(INDEX_ENDING) else [name]
            return [folder / shard for shard in shards]
    raise ModelError(f"{folder}: no weights here; put {SAFETENSORS} or {PYTORCH} beside config.json")


def _shard_names(index: Path) -> list[str]:
    """The files, in order, over which the weights are spread. Raises ModelError."""
    places = read_json_object(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise ModelError(f'{index}: names no files under "weight_map"; take an intact copy of the model')
    for name in places.values():
        if not isinstance(name, str) or not SHARD_NAME.fullmatch(name):
            raise ModelError(
                f"{index}: {name!r:.120} is no name of a weights file; they are like {SAFETENSORS[:5]}-00001-of-00002"
                ".safetensors and lie beside the index"
            )
    return sorted(set(places.values()))


def _from_safetensors(path: Path, content: bytes) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(content)
    # The library passes on what its types and torch's raise for a header that lies.
    except (SafetensorError, ValueError, RuntimeError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: not an intact safetensors file ({error!s:.120}); take an intact copy") from error


def _from_pytorch(path: Path, content: bytes) -> dict[str, Tensor]:
    _check_archive(path, content)
    try:
        values = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    # All that a broken archive makes torch raise; weights_only keeps it from running anything.
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError,
            AssertionError, pickle.UnpicklingError) as error:  # fmt: skip
        raise ModelError(f"{path}: cannot be read as PyTorch weights ({error!s:.300}); take an intact copy") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path}: holds {type(values).__name__}, not tensors by name; take an intact copy")
    for name, tensor in values.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor) or tensor.layout != torch.strided:
            raise ModelError(f"{path}: {name!r:.120} is no tensor with a name; save the state dict alone")
    _check_room(path, values, len(content))
    return values


def _check_room(path: Path, tensors: dict[str, Tensor], most: int) -> None:
    """Raise ModelError for tensors that repeat or share their numbers: on their own they would take more room."""
    sizes = {name: tensor.numel() * tensor.element_size() for name, tensor in tensors.items()}
    if sum(sizes.values()) > most:
        largest = max(sizes, key=sizes.__getitem__)
        raise ModelError(f"{path}: its tensors, {largest:.200} first, take more room than the file; save it again")


def _check_archive(path: Path, content: bytes) -> None:
    """Raise ModelError for what torch would unpack to more than the file holds, or reserve before it reads."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise ModelError(
            f"{path}: not a file as PyTorch 1.6 and later write it ({error}); save it again, as {SAFETENSORS}"
        ) from error
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise ModelError(f"{path}: is compressed, which PyTorch never does; take an intact copy")
    if sum(entry.file_size for entry in entries) > len(content):
        raise ModelError(f"{path}: its parts lie over each other; take an intact copy")
