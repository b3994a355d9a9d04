"""Work that many may ask for at once, done one by one away from the threads that answer requests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.annotation.errors import MaskwrightError

Made = TypeVar("Made")


class LineFull(MaskwrightError):  # noqa: N818 — named like StaleRevision, for what happened
    """Too much waits already."""


class GivenUp(Exception):  # noqa: N818 — named like LineFull
    """Nobody waits any more for work that is under way."""


@dataclass
class _Asked(Generic[Made]):
    future: Future[Made]
    waiting: int = 0


class Line(Generic[Made]):
    """Work in one thread, in the order it was asked for; what is asked for twice is done once for both.

    Whoever waits does so on the event loop, and work that nobody waits for any more is not begun; work that asks
    `go_on` now and then ends there.
    longest: how much may be asked for at once, if that has a limit.
    """

    def __init__(self, name: str, *, longest: int | None = None) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._longest = longest
        self._asked: dict[Hashable, _Asked[Made]] = {}

    async def result(self, key: Hashable, work: Callable[[], Made]) -> Made:
        """What `work` returns or raises. Raises LineFull; give up by cancelling."""
        while True:
            asked = self._asked.get(key) or self._begin(key, work)
            asked.waiting += 1
            try:
                return await asyncio.shield(asyncio.wrap_future(asked.future))
            except GivenUp:
                # Asked for again in the moment when nobody wanted it.
                continue
            finally:
                asked.waiting -= 1
                if not asked.waiting:
                    asked.future.cancel()

    def go_on(self, key: Hashable) -> None:
        """For work under way: raises GivenUp, which it lets through, when nobody waits for it any more."""
        if not self._is_wanted(key):
            raise GivenUp

    def _is_wanted(self, key: Hashable) -> bool:
        asked = self._asked.get(key)
        return asked is None or asked.waiting > 0

    def _begin(self, key: Hashable, work: Callable[[], Made]) -> _Asked[Made]:
        if self._longest is not None and len(self._asked) >= self._longest:
            raise LineFull(f"{len(self._asked)} others wait for this kind of help; try again in a moment")
        asked = self._asked[key] = _Asked(self._thread.submit(work))
        asked.future.add_done_callback(lambda _: self._asked.pop(key))
        return asked
