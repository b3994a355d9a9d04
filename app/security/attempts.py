"""Slowing down who tries passwords: the memory of one server process."""

from __future__ import annotations

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

# Of one person from one address: slips of the fingers cost nothing.
FREE_HERE = 5
# From one address for all names, and for one name from all addresses: a team may share an address, as behind a proxy.
FREE_ELSEWHERE = 20
LONGEST_HERE_S = 300.0
# Others' attempts on a name hold up its owner at a new place too: never longer than this.
LONGEST_FOR_NAME_S = 30.0
# One failure is forgiven in each such time without another, so that the slips of a day do not add up; a guesser, who
# waits as long at last, gains nothing.
FORGIVEN_AFTER_S = LONGEST_HERE_S
# Some hundred bytes each: a flood of names and addresses takes a few megabytes and pushes out the oldest.
MOST_KEPT = 10_000
# What one household or office has of IPv6.
_IPV6_PREFIX = 64


@dataclass
class _Failures:
    number: int
    last_s: float


class _Counter:
    """Failures by key: `free` cost nothing, each more doubles the wait, from 1 s up to `longest_s`."""

    def __init__(self, *, free: int, longest_s: float) -> None:
        self._free = free
        self._longest_s = longest_s
        # More would not lengthen the wait, but take longer to be forgiven.
        self._most = free + math.ceil(math.log2(longest_s))
        self._failures: OrderedDict[Hashable, _Failures] = OrderedDict()

    def wait_s(self, key: Hashable, now_s: float) -> float:
        known = self._failures.get(key)
        if known is None or known.number < self._free:
            return 0.0
        pause_s = min(2.0 ** (known.number - self._free), self._longest_s)
        return max(0.0, known.last_s + pause_s - now_s)

    def failed(self, key: Hashable, now_s: float) -> None:
        self._failures[key] = _Failures(min(self.forget(key, now_s) + 1, self._most), now_s)
        if len(self._failures) > MOST_KEPT:
            self._failures.popitem(last=False)

    def forget(self, key: Hashable, now_s: float) -> int:
        """How many there were, less those forgiven since."""
        known = self._failures.pop(key, None)
        return 0 if known is None else max(0, known.number - int((now_s - known.last_s) / FORGIVEN_AFTER_S))

    def forgive(self, key: Hashable, number: int) -> None:
        if key in self._failures:
            self._failures[key].number -= number


class Attempts:
    """Failed log-ins by person and place, by place, and by person.

    Where somebody came in lately, their own failures there alone hold them up: neither what others try at that place
    nor on that name elsewhere. Attempts during a wait do not count, so that a wait ends. Names are `searched_name`s.
    Not for several threads.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._here = _Counter(free=FREE_HERE, longest_s=LONGEST_HERE_S)
        self._of_place = _Counter(free=FREE_ELSEWHERE, longest_s=LONGEST_HERE_S)
        self._of_name = _Counter(free=FREE_ELSEWHERE, longest_s=LONGEST_FOR_NAME_S)
        self._trusted: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, name: str, address: str) -> int:
        """Whole seconds until the next attempt is looked at; 0: now."""
        now_s = self._clock()
        place = place_of(address)
        wait_s = self._here.wait_s((name, place), now_s)
        if (name, place) not in self._trusted:
            wait_s = max(wait_s, self._of_place.wait_s(place, now_s), self._of_name.wait_s(name, now_s))
        return math.ceil(wait_s)

    def failed(self, name: str, address: str) -> None:
        now_s = self._clock()
        place = place_of(address)
        self._here.failed((name, place), now_s)
        self._of_place.failed(place, now_s)
        self._of_name.failed(name, now_s)

    def came_in(self, name: str, address: str) -> None:
        """Forget the failures of this person here, and trust the place: they were slips, and count for nobody."""
        place = place_of(address)
        slips = self._here.forget((name, place), self._clock())
        self._of_place.forgive(place, slips)
        self._of_name.forgive(name, slips)
        self._trusted.pop((name, place), None)
        self._trusted[name, place] = None
        if len(self._trusted) > MOST_KEPT:
            self._trusted.popitem(last=False)


def place_of(address: str) -> str:
    """What counts as one place: an IPv4 address, or all that one household has of IPv6."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    return str(mapped or ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False).network_address)
