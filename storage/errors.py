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


class DamagedBlob(StorageError):  # noqa: N818 — as above
    """A blob whose bytes no longer have the hash that names them."""


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
_LOCKED = "another program kept it locked for too long; close that program or try again"

# By the start of SQLite's error names: extended codes add a suffix.
_SQLITE_REMEDIES = {
    "SQLITE_FULL": _DISK_FULL,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_READONLY": _NOT_WRITABLE,
    "SQLITE_PERM": _NOT_WRITABLE,
    "SQLITE_CANTOPEN": "it cannot be opened; check that its folder exists, may be written and has space left",
    "SQLITE_CORRUPT": "it is damaged; put a backup copy in its place",
    "SQLITE_NOTADB": "it is no SQLite database; put a backup copy in its place or choose another folder",
    "SQLITE_IOERR": "the disk failed; check the disk and its free space, then repeat the last step",
}
_TOO_MANY = "the server has no free connection; close other programs that use it, or raise its max_connections"
_NO_ENTRY = "the server refused the user or the password; check both in the database's address"
_NO_DATABASE = "the server has no such database; make it with createdb, or correct the name in the address"
_NO_SERVER = "no server answers there; start it, or correct host and port in the database's address"
# By the start of PostgreSQL's SQLSTATE (appendix A of its manual): two digits are a class of errors.
_POSTGRESQL_REMEDIES = {
    "53100": "the server's disk is full; free some space there, then repeat the last step",
    "53200": "the server is out of memory; try again, or give it more",
    "53300": _TOO_MANY,
    "55P03": _LOCKED,
    "40P01": _LOCKED,
    "57014": "the server ended the request (its statement_timeout?); try again",
    "25006": "it may not be written; connect to a server that takes writes",
    "42501": "it may not be written; let the database's owner give this user its rights",
    "42P01": "a table of it is missing; put a backup in its place",
    "28": _NO_ENTRY,
    "3D000": _NO_DATABASE,
    "XX": "it is damaged; put a backup in its place",
    "58": "the server's disk failed; check it, then repeat the last step",
}
# While it connects, the driver gives words alone; of one that is off, the system's.
_CONNECTING_REMEDIES = {
    "authentication failed": _NO_ENTRY,
    "no password supplied": _NO_ENTRY,
    "too many": _TOO_MANY,
    "connection slots": _TOO_MANY,
    "does not exist": _NO_DATABASE,
    "refused": _NO_SERVER,
    "timeout expired": _NO_SERVER,
    "resolve host": _NO_SERVER,
    "starting up": "the server is starting; try again in a moment",
}
_SYSTEM_REMEDIES = {
    errno.ENOSPC: _DISK_FULL,
    errno.EDQUOT: _DISK_FULL,
    errno.EACCES: _NOT_WRITABLE,
    errno.EPERM: _NOT_WRITABLE,
    errno.EROFS: _NOT_WRITABLE,
}


@contextmanager
def translated(place: Path | str) -> Iterator[None]:
    """Raise the block's SQLAlchemyError or OSError as a StorageError about `place`, with the remedy.

    `place` is a file, or a database's name without its password (`storage.addresses.shown`).
    """
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StorageError(
                f"{place} stopped answering, so it is not known whether the last step was saved; look, then repeat it"
            ) from error
        raise StorageError(f"{place} was not changed: {remedy_of(error.orig)}") from error
    except SQLAlchemyError as error:
        raise StorageError(f"{place} was not changed: {error}") from error
    except OSError as error:
        remedy = _SYSTEM_REMEDIES.get(error.errno or 0, error.strerror or str(error))
        raise StorageError(f"{error.filename or place} was not changed: {remedy}") from error


def remedy_of(error: BaseException | None) -> str:
    """What to do about an error of sqlite3 or psycopg; their own words where there is nothing to add."""
    name: str = getattr(error, "sqlite_errorname", "")
    state: str = getattr(error, "sqlstate", None) or ""
    for known, remedies in ((name, _SQLITE_REMEDIES), (state, _POSTGRESQL_REMEDIES)):
        for start, remedy in remedies.items():
            if known.startswith(start):
                return remedy
    said = str(error)
    if not state:
        for words, remedy in _CONNECTING_REMEDIES.items():
            if words in said and "connection" in said:
                return remedy
    # A server's own words come with their context, line by line.
    return said.splitlines()[0] if said else type(error).__name__
