"""Where a model runs."""

from __future__ import annotations

import torch

from core.annotation.errors import ModelError


def choose_device(name: str | torch.device | None = None) -> torch.device:
    """The named device, or by itself the best: CUDA, else Apple MPS, else CPU.

    Raises ModelError when the name is unknown or this machine has no such device.
    """
    if name is None:
        return torch.device(next(kind for kind, count in _present().items() if count))
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError) as error:
        raise ModelError(f"no device is called {name!r:.80}; choose cpu, cuda, cuda:1 … or mps") from error
    present = _present()
    if device.type not in present:
        raise ModelError(f"the device {name!r} is not supported; choose cpu, cuda, cuda:1 … or mps")
    if (device.index or 0) >= present[device.type]:
        here = ", ".join(kind for kind, count in present.items() if count)
        raise ModelError(f"this machine has no device {name!r}; it has: {here}")
    return device


def _present() -> dict[str, int]:
    """Kinds of device, best first, and how many of each there are."""
    return {
        "cuda": torch.cuda.device_count() if torch.cuda.is_available() else 0,
        "mps": int(torch.backends.mps.is_available()),
        "cpu": 1,
    }
