"""A real server in a process of its own, for the tests that need one."""

from __future__ import annotations

import itertools
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests import warm
from tests.warm import PROJECT, Forked

# Chromium's and the model's start on a busy machine; tests fail on the server's end, not on this.
START_TIMEOUT_S = 120
# Linux alone gives a handle of a process that is no child.
CAN_FORK = hasattr(os, "pidfd_open")
READY = re.compile(r"is ready: (?P<url>https?://127\.0\.0\.1:(?P<port>\d+)) ")

_starts = itertools.count(1)


class Server:
    """A running `launch.py`; `url` answers, `log` is what it printed, `launch` begins another command of it.

    port: any free one unless given. cold: started from nothing, as a person does it.
    """

    launch = (sys.executable, str(PROJECT / "launch.py"))

    def __init__(self, workspace: Path, *options: str, port: int = 0, cold: bool = False) -> None:
        self.workspace = workspace
        self._log_path = workspace.parent / f"{workspace.name}-{next(_starts)}.log"
        self._log_path.touch()
        arguments = ["--workspace", str(workspace.absolute()), "--port", str(port), *options]
        started = time.monotonic()
        forked = CAN_FORK and not cold
        self.process: subprocess.Popen[bytes] | Forked = (
            warm.launch(arguments, self._log_path) if forked else self._start_cold(arguments)
        )
        self.url, self.port = self._answering()
        self.ready_s = time.monotonic() - started

    def _start_cold(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log_path.open("ab") as log:
            return subprocess.Popen([*self.launch, *arguments], cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def _answering(self) -> tuple[str, int]:
        """Its address and port, once it says that it is ready."""
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until:
            ended = self.process.poll() is not None
            said = READY.search(self.log)
            if said and not ended:
                return said["url"], int(said["port"])
            if ended:
                raise AssertionError(f"the server ended:\n{self.log}")
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server was not ready in {START_TIMEOUT_S} s:\n{self.log}")

    def kill(self) -> None:
        """End it as a power cut would: no handler runs."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()


@contextmanager
def serving(workspace: Path, *options: str, cold: bool = False) -> Iterator[Server]:
    server = Server(workspace, *options, cold=cold)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")
