"""How far a command is, in a terminal."""

from __future__ import annotations

import sys


class TerminalProgress:
    """A progress bar that appears with the first report; called with (finished, total)."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: object | None = None

    def __call__(self, finished: int, total: int) -> None:
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit=f" {self._unit}", file=sys.stderr)
        bar = self._bar
        assert isinstance(bar, tqdm)
        bar.update(finished - bar.n)
        if finished >= total:
            bar.close()
