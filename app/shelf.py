"""Things that are costly to make, kept as long as there is room."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """The things last asked for, each made once however many ask; the one asked for longest ago goes first.

    limit_bytes: what is kept in all; the newest thing is kept whatever its size.   size_bytes: that of a thing.
    """

    def __init__(self, limit_bytes: int, size_bytes: Callable[[Thing], int]) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = size_bytes
        self._things: OrderedDict[Hashable, Future[Thing]] = OrderedDict()
        # To begin one thing may end another that is on its way.
        self._lock = threading.RLock()

    def get(self, key: Hashable, make: Callable[[], Future[Thing]]) -> Future[Thing]:
        """The thing, which may be on its way; `make` begins to make it. One that failed is made anew next time."""
        with self._lock:
            found = self._things.get(key)
            if found is not None:
                self._things.move_to_end(key)
                return found
            made = self._things[key] = make()
        made.add_done_callback(lambda done: self._tidy(key, done))
        return made

    def put(self, key: Hashable, thing: Thing, *, asked_for: bool = True) -> None:
        """Keep a thing that was made elsewhere; whoever waits for another one of this key gets that. One that nobody
        asked for is the first to go.
        """
        made: Future[Thing] = Future()
        made.set_result(thing)
        with self._lock:
            is_new = key not in self._things
            self._things[key] = made
            if is_new or asked_for:
                self._things.move_to_end(key, last=asked_for)
        self._tidy(key, made)

    def find(self, key: Hashable) -> Future[Thing] | None:
        """The thing if it is there or on its way; this is asking for it too."""
        with self._lock:
            found = self._things.get(key)
            if found is not None:
                self._things.move_to_end(key)
            return found

    def _tidy(self, key: Hashable, done: Future[Thing]) -> None:
        with self._lock:
            if (done.cancelled() or done.exception() is not None) and self._things.get(key) is done:
                del self._things[key]
            kept = 0
            for other in [*reversed(self._things)]:
                thing = self._things[other]
                if not thing.done() or thing.cancelled() or thing.exception() is not None:
                    continue
                size = self._size_bytes(thing.result())
                if kept and kept + size > self._limit_bytes:
                    del self._things[other]
                else:
                    kept += size
