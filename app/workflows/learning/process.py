"""Which process does a run, and whether it still lives."""

from __future__ import annotations

import os
import signal

import psutil

from storage.runs import ProcessName

# A process' beginning is reckoned from the machine's, which shifts by this much when the clock is set right.
CLOCK_SHIFT_S = 5.0


def name_process(pid: int | None = None) -> ProcessName:
    """The name of a living process, this one when None."""
    process = psutil.Process(pid)
    return ProcessName(process.pid, f"{process.create_time():.2f}")


def is_alive(name: ProcessName) -> bool:
    """Whether this very process still works: not ended, no zombie, and no later one with its number."""
    try:
        process = psutil.Process(name.pid)
        began_s: float = process.create_time()
        ended = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    return not ended and abs(began_s - float(name.started)) < CLOCK_SHIFT_S


def ask_to_stop(name: ProcessName) -> None:
    """Send SIGTERM, which saves, to this very process; nothing when it has ended, or is this one."""
    if name.pid != os.getpid() and is_alive(name):
        os.kill(name.pid, signal.SIGTERM)
