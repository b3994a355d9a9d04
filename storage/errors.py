"""What can go wrong in a workspace, and how the database's and the system's errors become ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.annotation.errors import StorageError


class NotFound(StorageError):  # noqa: N818 — the name callers read best
    """A row or blob that the workspace does not have."""


class StaleRevision(StorageError):  # noqa: N818 — as above
    """A correction made from an older revision of the image than the stored one, `revision`; nothing was saved."""

    def __init__(self, *, image_id: int, base_revision: int, revision: int) -> None:
        super().__init__(
            f"image {image_id} is at revision {revision} and the correction was made at {base_revision}; "
            "load the image again and repeat the correction"
        )
        self.revision = revision


_DISK_FULL = "the disk is full; free some space, then repeat the last step"
_NOT_WRITABLE = "it may not be written; check the rights of the file and its folder"

# By the start of SQLite's error names: extended codes add a suffix.
_SQLITE_REMEDIES = {
    "SQLITE_FULL": _DISK_FULL,
    "SQLITE_BUSY": "another program kept it locked for too long; close that program or try again",
    "SQLITE_LOCKED": "another program kept it locked for too long; close that program or try again",
    "SQLITE_READONLY": _NOT_WRITABLE,
    "SQLITE_PERM": _NOT_WRITABLE,
    "SQLITE_CANTOPEN": "it cannot be opened; check that its folder exists, may be written and has space left",
    "SQLITE_CORRUPT": "it is damaged; put a backup copy in its place",
    "SQLITE_NOTADB": "it is no SQLite database; put a backup copy in its place or choose another folder",
    "SQLITE_IOERR": "the disk failed; check the disk and its free space, then repeat the last step",
}
_SYSTEM_REMEDIES = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EACCES: _NOT_WRITABLE,
    errno.EPERM: _NOT_WRITABLE,
    errno.EROFS: _NOT_WRITABLE,
}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise the block's SQLAlchemyError or OSError as a StorageError about `path`, with the remedy."""
    try:
        yield
    except DBAPIError as error:
        raise StorageError(f"{path} was not changed: {_database_remedy(error)}") from error
    except SQLAlchemyError as error:
        raise StorageError(f"{path} was not changed: {error}") from error
    except OSError as error:
        remedy = _SYSTEM_REMEDIES.get(error.errno or 0, str(error))
        raise StorageError(f"{error.filename or path} was not changed: {remedy}") from error


def _database_remedy(error: DBAPIError) -> str:
    name: str = getattr(error.orig, "sqlite_errorname", "")
    for start, remedy in _SQLITE_REMEDIES.items():
        if name.startswith(start):
            return remedy
    return str(error.orig)
