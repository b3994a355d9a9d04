"""Waiting for what another thread or process does."""

from __future__ import annotations

import time
from collections.abc import Callable

TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.01


def wait_for(condition: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
    """Until the condition holds; fails when it takes longer."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(LOOK_EVERY_S)
