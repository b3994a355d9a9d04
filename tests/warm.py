"""Servers that are up seconds sooner: forked from a process that has imported what they need.

`python -m tests.warm` is that process. A line of JSON on its input, {"arguments", "environment", "log"}, begins
`launch.py` with those arguments; the answer is a line with the new process' id. It ends with its input.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
# None of them starts a thread, which a fork would leave behind.
NEEDED = (
    "torch",
    "cv2",
    "gradio",
    "app.server",
    "app.models",
    "app.pages.annotate",
    "app.pages.data",
    "app.pages.labels",
    "app.pages.train",
)


class Forked:
    """A process that is no child of this one; what a server's tests need of subprocess.Popen."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)
        self._ended = False

    def poll(self) -> str | None:
        """None while it runs; with which status it ended is not known here."""
        return "ended" if self._ended or self._ends_within(0) else None

    def wait(self, timeout: float | None = None) -> None:
        if not (self._ended or self._ends_within(timeout)):
            raise subprocess.TimeoutExpired("launch.py", timeout or 0)

    def _ends_within(self, timeout: float | None) -> bool:
        self._ended = bool(select.select([self._handle], [], [], timeout)[0])
        if self._ended:
            os.close(self._handle)
        return self._ended

    def send_signal(self, number: int) -> None:
        signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        if self.poll() is None:
            self.send_signal(signal.SIGKILL)


def launch(arguments: Sequence[str], log: Path) -> Forked:
    """Begin `launch.py` with this process' environment; what it prints is appended to `log`."""
    forking = _forking()
    assert forking.stdin is not None
    assert forking.stdout is not None
    asked = {"arguments": list(arguments), "environment": dict(os.environ), "log": str(log)}
    forking.stdin.write(f"{json.dumps(asked)}\n")
    forking.stdin.flush()
    return Forked(int(forking.stdout.readline()))


@functools.cache
def _forking() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.warm"]
    return subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def main() -> None:
    from app.server import prepare_process

    prepare_process()
    for name in NEEDED:
        importlib.import_module(name)
    for line in sys.stdin:
        _forget_the_ended()
        child = os.fork()
        if child == 0:
            return _become(**json.loads(line))
        print(child, flush=True)
    return None


def _forget_the_ended() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(*, arguments: Sequence[str], environment: Mapping[str, str], log: str) -> None:
    """Be what a shell would have started."""
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    printed = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(printed, 1)
    os.dup2(printed, 2)
    sys.argv = [str(PROJECT / "launch.py"), *arguments]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
