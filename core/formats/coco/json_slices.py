"""Large JSON files whose items are read again, one at a time, when they are needed.

A file is parsed through a window that moves along it; of a file of a million items nothing stays in memory but where
each one begins and ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError

# Called with each item and its first and past-the-last byte.
Visit = Callable[[Any, int, int], None]

Rows = npt.NDArray[np.int64]

# An item of a list, and all that stands outside the lists together. Masks of people take kilobytes; parsed, the worst
# item of this size takes a quarter of a gigabyte.
MAX_ITEM_BYTES = 8 * 2**20
WINDOW_BYTES = 2**20
# A word or number that the window cuts off is no error, and one right at its end may go on.
_LONGEST_WORD = 16
# A comma and blanks between two items that are parsed at once.
_WIDEST_GAP = 64

_BLANKS = re.compile(r"[ \t\r\n]*")
_BYTE_ORDER_MARK = "\xef\xbb\xbf"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, eq=False)
class Slices:
    """Items of the JSON file at `path`.   bounds: int64 [N, 2], their first and past-the-last bytes."""

    path: Path
    bounds: npt.NDArray[np.int64]

    def load(self, rows: Sequence[int] | Rows) -> list[Any]:
        """The items of these rows, in their order. Raises FormatError when the file is no longer the same."""
        return list(self.each(rows))

    def each(self, rows: Sequence[int] | Rows) -> Iterator[Any]:
        """As `load`, a few items in memory at a time."""
        numbers = np.asarray(rows, dtype=np.int64)
        try:
            with self.path.open("rb") as file:
                for part in _neighbours(numbers, self.bounds[numbers]):
                    yield from _load(file, part)
        except (OSError, ValueError) as error:
            raise FormatError(f"{self.path} was changed or removed after it was first read: {error}") from error


def _neighbours(rows: Rows, bounds: Rows) -> list[Rows]:
    """The items in order, in parts of those that follow one another in the file, of about WINDOW_BYTES at most."""
    windows = np.cumsum(bounds[:, 1] - bounds[:, 0]) // WINDOW_BYTES
    far = bounds[1:, 0] - bounds[:-1, 1] > _WIDEST_GAP
    return (
        np.split(bounds, np.flatnonzero(far | (np.diff(rows) != 1) | (np.diff(windows) > 0)) + 1) if rows.size else []
    )


def _load(file: BinaryIO, bounds: Rows) -> list[Any]:
    """The items between the first of `bounds` and the last."""
    first, last = int(bounds[0, 0]), int(bounds[-1, 1])
    file.seek(first)
    items: list[Any] = json.loads(f"[{file.read(last - first).decode()}]")
    if len(items) != len(bounds):
        raise ValueError(f"{len(items)} items, not {len(bounds)}")
    return items


def scan(path: Path, visits: Mapping[str, Visit]) -> dict[str, Any]:
    """Visit each item of the lists that `visits` names, of the object that a JSON file holds; return the rest of it.

    Raises FormatError for a file that cannot be read, is no JSON, holds an item over MAX_ITEM_BYTES, or lacks one of
    the lists.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        with path.open("rb") as file:
            window = _Window(file)
            try:
                content, visited = _scan_object(window, visits)
            except json.JSONDecodeError as error:
                what, place = error.msg.removesuffix(" at"), window.first + error.pos
                raise FormatError(f"{name} is no JSON: {what} at byte {place}") from error
            except (UnicodeDecodeError, RecursionError) as error:
                raise FormatError(f"{name} is no JSON: {error}, after byte {window.first}") from error
            except FormatError:
                raise
            except ValueError as error:
                raise FormatError(f"{name} cannot be read: {error}, after byte {window.first}") from error
    except OSError as error:
        raise FormatError(f"{name} cannot be read ({error.strerror}); check that it is there") from error
    missing = [key for key in visits if key not in visited]
    if missing:
        raise FormatError(f"{name} is no COCO file: it lacks a list of {missing[0]!r}")
    return content


class _Window:
    """A part of a file as text, a character for each byte: JSON's own marks are ASCII, which no other character's
    UTF-8 bytes contain.   first: the byte where the text begins.   place: how far it has been read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ended = False
        self.text = ""
        self.first = 0
        self.place = 0

    def mark(self) -> str:
        """The next character that is no blank, without passing it; empty at the file's end."""
        while True:
            blanks = _BLANKS.match(self.text, self.place)
            assert blanks is not None
            self.place = blanks.end()
            if self.place < len(self.text) or self._ended:
                return self.text[self.place : self.place + 1]
            self._move()

    def expect(self, mark: str) -> None:
        """Pass this character. Raises JSONDecodeError when another stands there."""
        if self.mark() != mark:
            raise json.JSONDecodeError(f"expected {mark!r}", "", self.place)
        self.place += 1

    def value(self) -> tuple[Any, int, int]:
        """Pass the value that begins here: the value, its first and past-the-last byte."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.text, self.place)
            except json.JSONDecodeError as error:
                if self._ended or not self._cut_off(error):
                    raise
            else:
                if self._ended or end + _LONGEST_WORD <= len(self.text):
                    return self._passed(value, end)
            self._move()

    def skip(self, mark: str) -> None:
        """Pass this text where it stands here."""
        if self.mark() and self.text.startswith(mark, self.place):
            self.place += len(mark)

    def _passed(self, value: Any, end: int) -> tuple[Any, int, int]:
        start, self.place = self.place, end
        if end - start > MAX_ITEM_BYTES:
            raise ValueError(f"an item of more than {MAX_ITEM_BYTES} bytes")
        if not self.text.isascii() and not (own := self.text[start:end]).isascii():
            value = json.loads(own.encode("latin-1"))
        return value, self.first + start, self.first + end

    def _cut_off(self, error: json.JSONDecodeError) -> bool:
        return error.msg.startswith("Unterminated string") or error.pos + _LONGEST_WORD > len(self.text)

    def _move(self) -> None:
        """Forget what has been read and read on, more each time that an item does not end."""
        rest = self.text[self.place :]
        if len(rest) > MAX_ITEM_BYTES:
            raise ValueError(f"an item of more than {MAX_ITEM_BYTES} bytes")
        more = self._file.read(max(WINDOW_BYTES, len(rest)))
        self.text = rest + more.decode("latin-1")
        self.first += self.place
        self.place = 0
        self._ended = not more


def _scan_object(window: _Window, visits: Mapping[str, Visit]) -> tuple[dict[str, Any], set[str]]:
    """What the object holds besides the lists to visit, and which of these it has."""
    content: dict[str, Any] = {}
    visited: set[str] = set()
    rest_bytes = 0
    window.skip(_BYTE_ORDER_MARK)
    if window.mark() != "{":
        window.value()
        _expect_end(window)
        return content, visited
    window.expect("{")
    while window.mark() != "}":
        name, _, _ = window.value()
        window.expect(":")
        if name in visited:
            raise ValueError(f"two lists of {name!r}")
        if window.mark() == "[" and name in visits:
            _scan_list(window, visits[name])
            visited.add(name)
        else:
            content[name], first, last = window.value()
            rest_bytes += last - first
            if rest_bytes > MAX_ITEM_BYTES:
                raise ValueError(f"more than {MAX_ITEM_BYTES} bytes outside its lists")
        _past_comma(window, "}")
    window.expect("}")
    _expect_end(window)
    return content, visited


def _expect_end(window: _Window) -> None:
    if window.mark():
        raise json.JSONDecodeError("something follows its end", "", window.place)


def _scan_list(window: _Window, visit: Visit) -> None:
    """Visit the items of the list that begins here, and pass it."""
    window.expect("[")
    while window.mark() != "]":
        visit(*window.value())
        _past_comma(window, "]")
    window.expect("]")


def _past_comma(window: _Window, closing: str) -> None:
    """Pass the comma, unless the closing bracket stands here."""
    if window.mark() != closing:
        window.expect(",")
