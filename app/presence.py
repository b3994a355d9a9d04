"""Who is on which image right now: the memory of one server process, kept up by the pages' polling."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# A page asks every 4 s, a hidden one every 10 s: one lost request does not make it vanish.
KEPT_S = 15.0
# Far more tabs than people have; past it something is wrong, and the memory stays small.
MOST_TABS_OF_ONE = 50
MOST_TABS = 1_000


@dataclass(frozen=True)
class Present:
    """Somebody's tab. image_id: the image it shows, None for none.   you: whether it is the asking tab."""

    user: str
    image_id: int | None
    you: bool


@dataclass(frozen=True)
class _Tab:
    image_id: int | None
    until_s: float


class Presence:
    """The tabs that said where they are not long ago. A tab is named by its user and its own name for itself, so that
    nobody speaks for another."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tabs: dict[tuple[str, str], _Tab] = {}

    def arrive(self, user: str, client: str, image_id: int | None) -> None:
        """Note that the user's tab `client` shows the image. The oldest gives way where there are too many."""
        with self._lock:
            self._forget_gone()
            self._tabs.pop((user, client), None)
            self._make_room(user)
            self._tabs[user, client] = _Tab(image_id, self._clock() + KEPT_S)

    def leave(self, user: str, client: str) -> None:
        """Note that the tab is closed."""
        with self._lock:
            self._tabs.pop((user, client), None)

    def people(self, user: str, client: str) -> tuple[Present, ...]:
        """Everybody, each once an image, by name; the asking tab apart from the user's others."""
        with self._lock:
            self._forget_gone()
            seen = {
                Present(name, tab.image_id, you=(name, other) == (user, client))
                for (name, other), tab in self._tabs.items()
            }
        return tuple(sorted(seen, key=lambda one: (one.user, one.image_id or 0, one.you)))

    def _forget_gone(self) -> None:
        now_s = self._clock()
        self._tabs = {key: tab for key, tab in self._tabs.items() if tab.until_s > now_s}

    def _make_room(self, user: str) -> None:
        own = [key for key in self._tabs if key[0] == user]
        if len(own) >= MOST_TABS_OF_ONE:
            del self._tabs[own[0]]
        elif len(self._tabs) >= MOST_TABS:
            del self._tabs[next(iter(self._tabs))]
