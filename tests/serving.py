"""A real server in a process of its own, for the tests that need one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PROJECT = Path(__file__).resolve().parent.parent
# Chromium's and the model's start on a busy machine; tests fail on the server's end, not on this.
START_TIMEOUT_S = 120


class Server:
    """A running `launch.py`; `url` answers, `log` is what it printed."""

    def __init__(self, workspace: Path, *options: str, port: int | None = None) -> None:
        self.workspace = workspace
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        self._log_path = workspace.parent / f"{workspace.name}-{self.port}.log"
        command = [sys.executable, "launch.py", "--workspace", str(workspace), "--port", str(self.port), *options]
        with self._log_path.open("ab") as log:
            started = time.monotonic()
            self.process = subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=subprocess.STDOUT)
        self._wait()
        self.ready_s = time.monotonic() - started

    @property
    def log(self) -> str:
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    def _wait(self) -> None:
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log}")
            try:
                httpx.get(f"{self.url}/api/v1/workspace", timeout=2)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
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
def serving(workspace: Path, *options: str) -> Iterator[Server]:
    server = Server(workspace, *options)
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")
