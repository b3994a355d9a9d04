"""Metrics of a run as JSON lines: one line a record, appended as the run goes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


class Journal:
    """Appends records to a file; each is on the disk when `write` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, kind: str, values: Mapping[str, Any]) -> None:
        """Append {"kind": kind, **values}."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **values}) + "\n")

    def cut_after(self, step: int) -> None:
        """Forget what lies past `step`: a resumed run does those steps again."""
        if self.path.is_file():
            kept = [record for record in self.records() if record.get("step", 0) <= step]
            self.path.write_text("".join(json.dumps(record) + "\n" for record in kept), encoding="utf-8")

    def records(self) -> Iterator[dict[str, Any]]:
        """The records so far; a last line cut short by a crash is left out."""
        for line in self.path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                yield json.loads(line)
