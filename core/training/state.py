"""An interrupted training on disk: one safetensors file that goes on exactly where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from core.annotation.errors import TrainingError
from core.annotation.files import write_atomically

NOTES_KEY = "notes"
DIGEST_KEY = "sha256"


@dataclass(frozen=True, eq=False)
class TrainingState:
    """tensors: weights, their average, the optimiser's moments, torch's random state.   notes: plain JSON values."""

    tensors: Mapping[str, Tensor]
    notes: Mapping[str, Any]

    def write(self, path: Path) -> None:
        """Write the whole file or none of it."""
        notes = json.dumps(self.notes)
        metadata = {NOTES_KEY: notes, DIGEST_KEY: _digest(self.tensors, notes)}
        content = safetensors.torch.save(dict(self.tensors), metadata)
        with write_atomically(path) as file:
            file.write(content)

    @classmethod
    def read(cls, path: Path) -> TrainingState:
        """Raises TrainingError when there is no such file or it is not what was written."""
        if not path.is_file():
            raise TrainingError(f"{path} is not there, so nothing can be resumed; start without --resume")
        try:
            with safetensors.safe_open(str(path), "pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no mapping
            state = cls(tensors, json.loads(metadata[NOTES_KEY]))
            if _digest(tensors, metadata[NOTES_KEY]) != metadata[DIGEST_KEY]:
                raise ValueError("its content was changed after it was written")
        except (safetensors.SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"{path} is damaged ({error}); start the training anew") from error
        return state


def _digest(tensors: Mapping[str, Tensor], notes: str) -> str:
    """SHA-256 of names, values and notes, hexadecimal."""
    found = hashlib.sha256(notes.encode())
    for name in sorted(tensors):
        found.update(name.encode())
        found.update(tensors[name].contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()


def model_tensors(prefix: str, model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's tensors, on the CPU, under `prefix`."""
    return {f"{prefix}.{name}": tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def load_model_tensors(prefix: str, model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `model_tensors` took. Raises TrainingError when it does not fit."""
    mine = {name.removeprefix(f"{prefix}."): value for name, value in tensors.items() if name.startswith(f"{prefix}.")}
    try:
        model.load_state_dict(mine)
    except RuntimeError as error:
        raise TrainingError(f"the stored training is of another model, so it cannot go on: {error}") from error


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments of each parameter, by its place in the groups."""
    return {
        f"optimiser.{place}.{name}": value.detach().cpu().clone()
        for place, parameter in enumerate(_parameters(optimiser))
        for name, value in optimiser.state[parameter].items()
    }


def load_optimiser_tensors(optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put back what `optimiser_tensors` took."""
    parameters = _parameters(optimiser)
    for name, value in tensors.items():
        if name.startswith("optimiser."):
            _, place, key = name.split(".")
            parameter = parameters[int(place)]
            # AdamW keeps its step counts on the CPU whatever the device.
            optimiser.state[parameter][key] = (
                value.clone() if value.ndim == 0 else value.to(parameter.device, copy=True)
            )


def _parameters(optimiser: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]
