"""Ctrl-C and SIGTERM during a run."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, Self


class Interrupts:
    """While the block runs, SIGTERM does what Ctrl-C does: it raises KeyboardInterrupt, until `hold` is called.

    Signals reach Python's main thread only; in another one nothing changes.
    """

    def __init__(self) -> None:
        self._held = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._came) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def hold(self) -> None:
        """From now on the block is not interrupted: it is about to end, which is all that a signal asks for."""
        self._held = True

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _came(self, _signal: int, _frame: FrameType | None) -> None:
        if not self._held:
            raise KeyboardInterrupt
