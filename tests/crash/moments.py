"""When to kill a process, so that most kills hit it at work, however busy the machine is."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Callable

# Of what a process was thought to last: before that Python starts, and nothing can go wrong.
EARLIEST = 0.3
SHORTER, LONGER = 0.9, 1.03


class Moments:
    """Picks moments by chance within what a process lasts, and learns that from each: a machine that was busy when
    it was measured, or is now, moves the moments and changes nothing else.
    """

    def __init__(self, lasts_s: float, seed: int) -> None:
        self.lasts_s = lasts_s
        self._chance = random.Random(seed)

    def kill(self, start: Callable[[], subprocess.Popen[bytes]]) -> bool:
        """Start a process and kill it; whether it was still at work."""
        process = start()
        time.sleep(self._chance.uniform(EARLIEST, 1) * self.lasts_s)
        process.kill()
        hit = process.wait() == -signal.SIGKILL
        self.lasts_s *= LONGER if hit else SHORTER
        return hit
