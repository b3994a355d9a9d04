"""A workspace: one folder with everything a person's work consists of, or with what says that a part is elsewhere."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import TracebackType

from sqlalchemy import select

from core.annotation.errors import StorageError
from storage.addresses import is_sqlite, postgresql_url, sqlite_url
from storage.blob_places import Blobs, open_blobs, protocol_of
from storage.elsewhere import FILE_NAME, Elsewhere, check_given, read_elsewhere, write_elsewhere
from storage.engine import Database
from storage.errors import translated
from storage.schema import upgrade
from storage.tables import ImageRow, SettingRow

DATABASE_NAME = "maskwright.db"
_WORKSPACE_ID = "workspace_id"


class Workspace:
    """An open workspace; build one with `open`. Several processes may have the same one open.

    blobs_address: where the blobs are when they are not in the folder.
    """

    def __init__(
        self, folder: Path, database: Database, workspace_id: str, blobs: Blobs, *, blobs_address: str | None = None
    ) -> None:
        self.folder = folder
        self.database = database
        self.id = workspace_id
        self.blobs = blobs
        self.blobs_address = blobs_address
        self.models_folder = folder / "models"
        self.runs_folder = folder / "runs"
        self.imports_folder = folder / "imports"

    @classmethod
    def open(
        cls, folder: Path, *, database: str | None = None, blobs: str | None = None, create: bool = True
    ) -> Workspace:
        """Open the workspace in `folder`, with its schema brought up to date; `create` makes a new one when
        the folder is absent or empty. Raises StorageError for any other folder, changing nothing.

        database: postgresql+psycopg://…; None is SQLite in the folder.   blobs: an address that fsspec knows; None is
        the folder. The folder remembers that there are such, so each opening names them again.
        """
        url = sqlite_url(folder / DATABASE_NAME) if database is None else postgresql_url(database)
        with translated(folder):
            known = _check_folder(folder, create=create, database=database is not None, blobs=blobs is not None)
            store = open_blobs(folder / "blobs", blobs)
            folder.mkdir(parents=True, exist_ok=True)
            # SQLite's file comes first: its presence is what makes a folder a workspace.
            upgrade(url, create=known is None or is_sqlite(url))
            opened = Database(url)
            try:
                workspace = cls(folder, opened, _load_id(opened), store, blobs_address=blobs)
                if database is not None or blobs is not None:
                    _remember(workspace, known)
                for part in (folder / "blobs", workspace.models_folder, workspace.runs_folder):
                    part.mkdir(exist_ok=True)
            except BaseException:
                opened.close()
                raise
        return workspace

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_folder(folder: Path, *, create: bool, database: bool, blobs: bool) -> Elsewhere | None:
    """What the workspace in the folder keeps elsewhere; None for one that is to be made, or keeps all in its folder."""
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file; name a folder for the workspace")
    # One look at the names: between two, another process may be making the workspace.
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if FILE_NAME in names:
        known = read_elsewhere(folder)
        check_given(folder, known, database=database, blobs=blobs)
        return known
    if DATABASE_NAME in names:
        check_given(folder, None, database=database, blobs=blobs and not _being_made(names))
        return None
    if not create:
        raise StorageError(f"{folder} is no workspace: it has no {DATABASE_NAME}; name the folder of one")
    if any(not name.startswith((DATABASE_NAME, f".{FILE_NAME}.")) for name in names):
        raise StorageError(f"{folder} has other files and is no workspace; name an empty or a new folder")
    return None


def _being_made(names: set[str]) -> bool:
    """Whether the folder's making is going on, or was cut short before the last step."""
    return "runs" not in names


def _remember(workspace: Workspace, known: Elsewhere | None) -> None:
    on_server = not is_sqlite(workspace.database.url)
    kind = "postgresql" if on_server else None
    present = Elsewhere(workspace.id, kind, workspace.blobs_address and protocol_of(workspace.blobs_address))
    known = known or read_elsewhere(workspace.folder)
    if known is None:
        if on_server and workspace.blobs_address is None:
            _refuse_lost_photos(workspace)
        write_elsewhere(workspace.folder, present)
    elif known.workspace != present.workspace:
        raise StorageError(
            f"{workspace.database.name} is another workspace's database than {workspace.folder}'s; "
            "name the database of this one, or put its backup there"
        )
    elif known != present:
        raise StorageError(
            f"{workspace.folder} has its blobs at {known.blobs}://…, not at {present.blobs}://…; correct --blobs"
        )


def _refuse_lost_photos(workspace: Workspace) -> None:
    with workspace.database.read() as session:
        if session.scalar(select(ImageRow.id).limit(1)) is not None:
            raise StorageError(
                f"{workspace.database.name} holds a workspace whose photos are in another folder; name that folder, "
                "or an empty database"
            )


def _load_id(database: Database) -> str:
    """The workspace's id, given at its first opening."""
    query = select(SettingRow.value).where(SettingRow.name == _WORKSPACE_ID)
    with database.read() as session:
        known = session.scalar(query)
    if known is not None:
        return known
    with database.write() as session:
        known = session.scalar(query)
        if known is None:
            known = str(uuid.uuid4())
            session.add(SettingRow(name=_WORKSPACE_ID, value=known))
        return known
