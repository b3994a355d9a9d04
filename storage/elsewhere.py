"""What a workspace keeps outside its folder, and the file in the folder that remembers it, never with a password."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core.annotation.errors import StorageError
from core.annotation.files import write_atomically

FILE_NAME = "workspace.json"
# The file is a few words; more is none of ours.
_MAX_BYTES = 10_000


@dataclass(frozen=True)
class Elsewhere:
    """database: "postgresql" or None for SQLite in the folder.   blobs: the protocol of their address, such as "s3",
    or None for the folder's.   workspace: its id, so that another's database is not taken for its own.
    """

    workspace: str
    database: str | None = None
    blobs: str | None = None


def read_elsewhere(folder: Path) -> Elsewhere | None:
    """What the folder's file says, None where there is none. Raises StorageError for one that cannot be read."""
    path = folder / FILE_NAME
    try:
        with path.open("rb") as file:
            return Elsewhere(**json.loads(file.read(_MAX_BYTES)))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise StorageError(f"{path} cannot be read ({error}); put it back from a backup") from error


def write_elsewhere(folder: Path, elsewhere: Elsewhere) -> None:
    """Remember it, whole or not at all."""
    with write_atomically(folder / FILE_NAME) as file:
        file.write(json.dumps(asdict(elsewhere), indent=1).encode() + b"\n")


def check_given(folder: Path, remembered: Elsewhere | None, *, database: bool, blobs: bool) -> None:
    """Raises StorageError where a workspace is opened with an address too few or too many.

    database, blobs: whether an address is given; `remembered` None is a workspace that keeps all in its folder.
    """
    for what, kind, given, option in (
        ("database", remembered and remembered.database, database, "--database URL (or MASKWRIGHT_DATABASE)"),
        ("blobs", remembered and remembered.blobs, blobs, "--blobs ADDRESS (or MASKWRIGHT_BLOBS)"),
    ):
        if kind and not given:
            raise StorageError(f"{folder} keeps its {what} elsewhere ({kind}); say where with {option}")
        if given and not kind:
            raise StorageError(f"{folder} keeps its {what} in its folder; leave out {option}")
