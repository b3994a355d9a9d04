"""Where an import keeps what it is working on; an import that was killed leaves it, the next one sweeps it away."""

from __future__ import annotations

import platform
import re
import secrets
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.workflows.processes import is_alive, name_process
from storage.errors import translated
from storage.runs import ProcessName
from storage.workspace import Workspace

_DRAFT = re.compile(r"([0-9a-f]{8})-(\d+)-(\d+\.\d+)-[0-9a-f]{12}")


@contextmanager
def draft_folder(workspace: Workspace) -> Iterator[Path]:
    """A new folder in the workspace, gone at the end. Raises StorageError."""
    parent = workspace.imports_folder
    process = name_process()
    folder = parent / f"{_machine()}-{process.pid}-{process.started}-{secrets.token_hex(6)}"
    with translated(parent):
        _sweep(parent)
        folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove the folders of processes of this machine that have ended; another's may be at work."""
    for folder in parent.iterdir() if parent.is_dir() else ():
        made = _DRAFT.fullmatch(folder.name)
        if made and made[1] == _machine() and not is_alive(ProcessName(int(made[2]), made[3])):
            shutil.rmtree(folder, ignore_errors=True)


def _machine() -> str:
    return f"{zlib.crc32(platform.node().encode()):08x}"
