"""Run lengths with numpy alone: the scripts beside this one run where nothing of the project is installed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def run_lengths(mask: npt.NDArray[np.bool_] | npt.NDArray[np.uint8]) -> list[int]:
    """Of a mask [H, W], column by column, from a run of zeros, which may be empty."""
    flat = np.concatenate(([0], mask.astype(bool).ravel(order="F"))).astype(np.int8)
    edges = np.flatnonzero(np.diff(flat))
    return np.diff(np.concatenate(([0], edges, [mask.size]))).tolist()
