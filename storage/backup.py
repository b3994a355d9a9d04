"""A backup: another folder that is a workspace itself, made while a server goes on writing to the first.

The database is copied first, at one moment; the photos that it names are there already, and never change.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from core.annotation.errors import StorageError
from core.annotation.files import sync_folder
from core.annotation.swap import drafted, put_in_place, settle
from storage.addresses import is_sqlite, postgresql_url, sqlite_url
from storage.blobs import BlobStore
from storage.copying import Progress, copy_rows
from storage.elsewhere import Elsewhere, write_elsewhere
from storage.engine import Database
from storage.errors import DamagedBlob, NotFound, remedy_of, translated
from storage.images import count_stored_images
from storage.persons import SECRET_NAME
from storage.schema import upgrade
from storage.tables import ImageRow
from storage.transactions import BUSY_TIMEOUT_MS
from storage.workspace import DATABASE_NAME, Workspace

# What a step of some milliseconds copies: between two, writers have their turn.
_PAGES_AT_ONCE = 1_000
_BREAK_S = 0.005
# A writer makes a copy in steps begin again; after so many times it is done in one, while writers wait.
_MOST_BEGINNINGS = 3
_IMAGES_AT_ONCE = 1_000


@dataclass(frozen=True)
class Backup:
    """What a backup holds. troubles: the photos that are missing or damaged, each with the reason; it lacks those."""

    images: int
    troubles: tuple[str, ...]


def back_up(
    workspace: Workspace, out: Path, *, database: str | None = None, progress: Callable[[str], Progress]
) -> Backup:
    """Copy the workspace to the folder `out`, which is new or empty and appears whole or not at all.

    The copy keeps its database in SQLite and its blobs in the folder, whatever the workspace does; `database` puts
    its rows into that empty PostgreSQL database, to move there. progress: from a stage's unit (pages, rows, images,
    files) to what is called with (finished, total). Raises StorageError.
    """
    url = None if database is None else postgresql_url(database)
    out = out.resolve()
    _check_out(workspace, out)
    with translated(out), drafted(out) as draft:
        _copy_database(workspace.database, draft / DATABASE_NAME, progress)
        copy = Database(draft / DATABASE_NAME)
        with closing(copy):
            made = _copy_blobs(workspace, copy, BlobStore(draft / "blobs"), progress("images"))
            _copy_files(workspace, draft, progress("files"))
            if url is not None:
                _move_to_server(copy, Database(url), progress("rows"))
        if url is not None:
            _keep_on_server(draft, workspace.id)
        put_in_place(draft, out)
    return made


def _check_out(workspace: Workspace, out: Path) -> None:
    home = workspace.folder.resolve()
    if out == home or home in out.parents:
        raise StorageError(f"{out} is in the workspace itself; name a folder elsewhere, best on another disk")
    with translated(out):
        settle(out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise StorageError(f"{out} is there already; name a new or an empty folder for the backup")


def _copy_database(source: Database, path: Path, progress: Callable[[str], Progress]) -> None:
    if is_sqlite(source.url):
        _copy_pages(source.path, path, progress("pages"))
    else:
        upgrade(sqlite_url(path))
        with closing(Database(path)) as target:
            copy_rows(source, target, progress=progress("rows"))
    _forget_secret(path)
    _flush(path)


def _forget_secret(path: Path) -> None:
    """Whoever has a backup could sign sessions for the workspace that it is of; the copy makes a secret of its own."""
    with _opened(path) as copy, copy:
        copy.execute("PRAGMA secure_delete = ON")
        copy.execute("DELETE FROM setting WHERE name = ?", (SECRET_NAME,))


class _BegunAgain(Exception):  # noqa: N818 — no error: it ends a copy that writers keep making begin again
    pass


def _copy_pages(source: Path, target: Path, progress: Progress) -> None:
    """SQLite's own copy of a database in use."""
    least, beginnings = None, 0

    def watch(_status: int, remaining: int, total: int) -> None:
        nonlocal least, beginnings
        beginnings += least is not None and remaining > least
        least = remaining
        if beginnings >= _MOST_BEGINNINGS:
            raise _BegunAgain
        progress(total - remaining, total)
        # Python's own pause is for a locked database; without this one writers hardly find a gap.
        time.sleep(_BREAK_S)

    try:
        with _opened(source) as reading, _opened(target) as written:
            try:
                reading.backup(written, pages=_PAGES_AT_ONCE, progress=watch)
            except _BegunAgain:
                reading.backup(written)
    except sqlite3.Error as error:
        raise StorageError(f"{source} was not copied: {remedy_of(error)}") from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000)) as connection:
        yield connection


def _copy_blobs(workspace: Workspace, copy: Database, target: BlobStore, progress: Progress) -> Backup:
    """Every photo that the copied rows name, its hash checked on the way."""
    images, troubles = 0, []
    target.folder.mkdir()
    named = select(ImageRow.sha256, ImageRow.display_sha256, ImageRow.file_name).order_by(ImageRow.id)
    with copy.read() as session:
        total = count_stored_images(session)
        for sha256, display_sha256, file_name in session.execute(named.execution_options(yield_per=_IMAGES_AT_ONCE)):
            for wanted in dict.fromkeys((sha256, display_sha256)):
                try:
                    target.put(workspace.blobs.read(wanted))
                except (NotFound, DamagedBlob) as error:
                    troubles.append(f"{file_name}: {error}")
            images += 1
            progress(images, total)
    return Backup(images, tuple(troubles))


def _copy_files(workspace: Workspace, draft: Path, progress: Progress) -> None:
    """Models and runs; a run may be going on, so that what is a draft or gone at its turn is left out."""
    places = [(folder, draft / folder.name) for folder in (workspace.models_folder, workspace.runs_folder)]
    files = [
        (path, target / path.relative_to(folder))
        for folder, target in places
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and path.suffix != ".part"
    ]
    for _, target in places:
        target.mkdir()
    for number, (path, target) in enumerate(files, start=1):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, target)
        except FileNotFoundError:
            continue
        _flush(target)
        progress(number, len(files))


def _move_to_server(copy: Database, server: Database, progress: Progress) -> None:
    with closing(server):
        upgrade(server.url)
        copy_rows(copy, server, progress=progress)


def _keep_on_server(draft: Path, workspace_id: str) -> None:
    for path in draft.glob(f"{DATABASE_NAME}*"):
        path.unlink()
    write_elsewhere(draft, Elsewhere(workspace_id, "postgresql"))


def _flush(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    sync_folder(path.parent)
