"""Medians and 95th percentiles of repeated timings."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

Figure = tuple[str, float, float]


def figure(name: str, times_ms: Sequence[float]) -> Figure:
    """(name, median, 95th percentile), in milliseconds."""
    return name, float(np.median(times_ms)), float(np.percentile(times_ms, 95))


def timed(action: Callable[[], object], *, runs: int, warm_up: int = 1) -> list[float]:
    """Milliseconds of each of `runs` calls, after `warm_up` calls that do not count."""
    times_ms = []
    for number in range(warm_up + runs):
        started = time.perf_counter()
        action()
        if number >= warm_up:
            times_ms.append((time.perf_counter() - started) * 1000)
    return times_ms
