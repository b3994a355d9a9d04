"""A disk of a few bytes, to fill up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


def small_disk(parent: Path, size_bytes: int) -> Iterator[Path]:
    """A folder in `parent` on a disk of its own, for a fixture to yield from."""
    folder = parent / "disk"
    folder.mkdir()
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path, *, leaving_bytes: int) -> Path:
    """A file that takes all room but this; returns it."""
    ballast = disk / "ballast"
    status = os.statvfs(disk)
    ballast.write_bytes(b"\0" * (status.f_bavail * status.f_frsize - leaving_bytes))
    return ballast
