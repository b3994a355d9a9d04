"""Large JSON files whose items are read again, one at a time, when they are needed.

Of a file of a million items nothing stays in memory but where each one begins and ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from core.annotation.errors import TrainingError

# Called with each item and its first and past-the-last byte.
Visit = Callable[[Any, int, int], None]

Rows = npt.NDArray[np.int64]

_BLANKS = re.compile(r"[ \t\r\n]*")
_BYTE_ORDER_MARK = "\xef\xbb\xbf"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, eq=False)
class Slices:
    """Items of the JSON file at `path`.   bounds: int64 [N, 2], their first and past-the-last bytes."""

    path: Path
    bounds: npt.NDArray[np.int64]

    def load(self, rows: Sequence[int] | Rows) -> list[Any]:
        """The items of these rows, in their order. Raises TrainingError when the file is no longer the same."""
        try:
            with self.path.open("rb") as file:
                return [_load(file, int(first), int(last)) for first, last in self.bounds[rows]]
        except (OSError, ValueError) as error:
            raise TrainingError(f"{self.path} was changed or removed after it was first read: {error}") from error


def _load(file: BinaryIO, first: int, last: int) -> Any:
    file.seek(first)
    return json.loads(file.read(last - first))


def scan(path: Path, key: str, visit: Visit) -> dict[str, Any]:
    """Visit each item of the list `key` of the object that a JSON file holds; return the object without that list.

    Strings of a visited item that are not ASCII are garbled: what needs them loads the item from its bytes.
    Raises TrainingError for a file that cannot be read, is no JSON, or holds no such list of an object.
    """
    name = f"{path.parent.name}/{path.name}"
    try:
        # A character for each byte: JSON's own marks are ASCII, which no other character's UTF-8 bytes contain.
        text = path.read_bytes().decode("latin-1")
        content = _scan_object(text, key, visit)
    except OSError as error:
        raise TrainingError(f"{name} cannot be read ({error.strerror}); check that it is there") from error
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{name} is no JSON: {error}") from error
    if content is None:
        raise TrainingError(f"{name} is no COCO file: it lacks a list of {key!r}")
    return content


def _scan_object(text: str, key: str, visit: Visit) -> dict[str, Any] | None:
    """The object without the list `key`; None when the text is no object or has no such list."""
    content: dict[str, Any] = {}
    visited = False
    place = _after_blanks(text, len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0)
    if text[place : place + 1] != "{":
        _DECODER.raw_decode(text, place)
        return None
    place = _after_blanks(text, place + 1)
    while text[place : place + 1] != "}":
        name, place = _loaded(text, place)
        place = _after_blanks(text, _expect(text, _after_blanks(text, place), ":"))
        if name == key and text[place : place + 1] == "[":
            place = _scan_list(text, place, visit)
            visited = True
        else:
            content[name], place = _loaded(text, place)
        place = _past_comma(text, place, "}")
    return content if visited else None


def _loaded(text: str, place: int) -> tuple[Any, int]:
    """The value at `place`, its characters restored, and the place past its end."""
    _, end = _DECODER.raw_decode(text, place)
    return json.loads(text[place:end].encode("latin-1")), end


def _scan_list(text: str, place: int, visit: Visit) -> int:
    """Visit the items of the list that begins at `place`; the place past its end."""
    place = _after_blanks(text, place + 1)
    while text[place : place + 1] != "]":
        item, end = _DECODER.raw_decode(text, place)
        visit(item, place, end)
        place = _past_comma(text, end, "]")
    return place + 1


def _past_comma(text: str, place: int, closing: str) -> int:
    """Where the next item begins, or the closing bracket stands."""
    place = _after_blanks(text, place)
    return place if text[place : place + 1] == closing else _after_blanks(text, _expect(text, place, ","))


def _expect(text: str, place: int, mark: str) -> int:
    if text[place : place + 1] != mark:
        raise json.JSONDecodeError(f"expected {mark!r}", "", place)
    return place + 1


def _after_blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    assert blanks is not None
    return blanks.end()
