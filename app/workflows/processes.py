"""Which process does a run, what it is told of the workspace, and whether it still lives."""

from __future__ import annotations

import os
import signal

import psutil

from app.settings import BLOBS_VARIABLE, DATABASE_VARIABLE
from storage.addresses import is_sqlite, secret
from storage.runs import ProcessName
from storage.workspace import Workspace

# A process' beginning is reckoned from the machine's, which shifts by this much when the clock is set right.
CLOCK_SHIFT_S = 5.0


def name_process(pid: int | None = None) -> ProcessName:
    """The name of a living process, this one when None."""
    process = psutil.Process(pid)
    return ProcessName(process.pid, f"{process.create_time():.2f}")


def environment_of(workspace: Workspace) -> dict[str, str]:
    """This process' environment, with what another of ours needs to open the same workspace by its folder."""
    url = workspace.database.url
    addresses = {
        DATABASE_VARIABLE: None if is_sqlite(url) else secret(url),
        BLOBS_VARIABLE: workspace.blobs_address,
    }
    others = {name: value for name, value in os.environ.items() if name not in addresses}
    return others | {name: value for name, value in addresses.items() if value is not None}


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
