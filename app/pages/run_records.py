"""A growing journal, read a piece at a time: a look at an hour's run costs what was added since the last look."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from core.training.journal import parse_record


class RunRecords:
    """Remembers the journal that was read last; for several threads."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._file: tuple[Path, int] | None = None
        self._end_bytes = 0
        self._records: list[dict[str, Any]] = []

    def read(self, path: Path) -> list[dict[str, Any]]:
        """All whole records of the journal so far, none when there is no file yet; a damaged line is left out."""
        if not path.is_file():
            return []
        with self._turn, path.open("rb") as file:
            # A resumed run puts a shorter journal in the place of the one that was read.
            status = path.stat()
            if self._file != (path, status.st_ino) or status.st_size < self._end_bytes:
                self._file, self._end_bytes, self._records = (path, status.st_ino), 0, []
            file.seek(self._end_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._end_bytes += len(line)
                record = parse_record(line)
                if record is not None:
                    self._records.append(record)
            return list(self._records)
