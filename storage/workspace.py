"""A workspace: one folder with everything a person's work consists of."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import TracebackType

from sqlalchemy import select

from core.annotation.errors import StorageError
from storage.blobs import BlobStore
from storage.engine import Database
from storage.errors import translated
from storage.schema import upgrade
from storage.tables import SettingRow

DATABASE_NAME = "maskwright.db"
_WORKSPACE_ID = "workspace_id"


class Workspace:
    """An open workspace; build one with `open`. Several processes may have the same one open."""

    def __init__(self, folder: Path, database: Database, workspace_id: str) -> None:
        self.folder = folder
        self.database = database
        self.id = workspace_id
        self.blobs = BlobStore(folder / "blobs")
        self.models_folder = folder / "models"
        self.runs_folder = folder / "runs"

    @classmethod
    def open(cls, folder: Path, *, create: bool = True) -> Workspace:
        """Open the workspace in `folder`, with its schema brought up to date; `create` makes a new one when
        the folder is absent or empty. Raises StorageError for any other folder, changing nothing.
        """
        path = folder / DATABASE_NAME
        with translated(folder):
            _check_folder(folder, create)
            folder.mkdir(parents=True, exist_ok=True)
            # The database comes first: its presence is what makes a folder a workspace.
            upgrade(path)
            database = Database(path)
            workspace = cls(folder, database, _load_id(database))
            for part in (workspace.blobs.folder, workspace.models_folder, workspace.runs_folder):
                part.mkdir(exist_ok=True)
        return workspace

    def close(self) -> None:
        self.database.close()

    def __enter__(self) -> Workspace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _check_folder(folder: Path, create: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise StorageError(f"{folder} is a file; name a folder for the workspace")
    # One look at the names: between two, another process may be making the workspace.
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if DATABASE_NAME in names:
        return
    if not create:
        raise StorageError(f"{folder} is no workspace: it has no {DATABASE_NAME}; name the folder of one")
    if any(not name.startswith(DATABASE_NAME) for name in names):
        raise StorageError(f"{folder} has other files and is no workspace; name an empty or a new folder")


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
