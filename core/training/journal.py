"""Metrics of a run as JSON lines: one line a record, appended as the run goes."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from core.annotation.files import write_atomically


class Journal:
    """Appends records to a file; each is on the disk when `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append {"kind": kind, **values}, the whole line or nothing of it. Raises OSError when the disk is full."""
        line = json.dumps({"kind": kind, **values}) + "\n"
        with self.path.open("ab", buffering=0) as file:
            before = file.tell()
            try:
                written = file.write(line.encode())
                if written < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            except OSError:
                file.truncate(before)
                raise

    def clear(self) -> None:
        """Forget all: a new run begins where another left no state."""
        self.path.unlink(missing_ok=True)

    def cut_after(self, step: int) -> None:
        """Forget what lies past `step`: a resumed run does those steps again."""
        kept = [record for record in self.records() if record.get("step", 0) <= step]
        if self.path.is_file():
            with write_atomically(self.path) as file:
                file.write("".join(json.dumps(record) + "\n" for record in kept).encode())

    def records(self) -> Iterator[dict[str, Any]]:
        """The records so far, none before the first; a damaged line, or a last one that is being written, is left out.

        They may be read while another process writes.
        """
        if not self.path.is_file():
            return
        for line in self.path.read_bytes().splitlines(keepends=True):
            record = parse_record(line) if line.endswith(b"\n") else None
            if record is not None:
                yield record


def parse_record(line: bytes) -> dict[str, Any] | None:
    """The record of a whole line, None for a damaged one."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    known = isinstance(record, dict) and isinstance(record.get("kind"), str) and isinstance(record.get("step", 0), int)
    return record if known else None
