"""Small JSON files of other programs, read whole: capped in bytes, every fault a FormatError that names the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

from core.annotation.errors import FormatError

# A file that is read whole takes about ten times its bytes of memory.
MAX_JSON_BYTES = 64 * 2**20


def read_capped(path: Path, max_bytes: int) -> bytes:
    """The file's bytes. Raises FormatError when it cannot be read or has more than `max_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise FormatError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    if len(content) > max_bytes:
        raise FormatError(f"{path.name}: is over {max_bytes / 2**20:g} MiB, far more than such a file needs")
    return content


def read_text(path: Path, max_bytes: int) -> str:
    """The file's text, UTF-8 with or without a byte order mark. Raises FormatError."""
    try:
        return read_capped(path, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name}: is no UTF-8 text at byte {error.start}; save it as UTF-8") from error


def load_json(path: Path, max_bytes: int = MAX_JSON_BYTES) -> object:
    """The value of a JSON file. Raises FormatError: not there, too large, nested too deep, no JSON, NaN or Infinity."""
    return parse_json(read_text(path, max_bytes), path.name)


def parse_json(text: str, name: str) -> object:
    """The value of a JSON text. Raises FormatError that starts with `name`."""
    try:
        value: object = json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise FormatError(f"{name}: is nested too deep for a data set") from error
    except ValueError as error:
        raise FormatError(f"{name}: is no JSON: {error}") from error
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number of JSON")
