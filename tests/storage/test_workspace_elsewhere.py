"""Workspaces that keep their database or their photos outside their folder."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from core.annotation.errors import StorageError
from storage.images import add_image, count_images
from storage.workspace import Workspace
from tests.storage.postgres import PostgresServer
from tests.storage.stored_samples import new_image


def test_a_workspace_on_a_server_is_a_folder_that_remembers_so(postgres_url: str, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "work", database=postgres_url) as workspace:
        with workspace.database.write() as session:
            add_image(session, new_image())
        assert sorted(path.name for path in workspace.folder.iterdir()) == ["blobs", "models", "runs", "workspace.json"]
        assert "127.0.0.1" not in (workspace.folder / "workspace.json").read_text()
    with Workspace.open(tmp_path / "work", database=postgres_url, create=False) as again:
        assert again.id == workspace.id
        with again.database.read() as session:
            assert count_images(session) == (1, 0)


def test_the_database_is_to_be_named_at_each_opening(postgres_url: str, tmp_path: Path) -> None:
    Workspace.open(tmp_path / "work", database=postgres_url).close()
    with pytest.raises(StorageError, match=r"its database elsewhere \(postgresql\); say where with --database"):
        Workspace.open(tmp_path / "work")
    assert not (tmp_path / "work" / "maskwright.db").exists()
    Workspace.open(tmp_path / "own").close()
    with pytest.raises(StorageError, match="keeps its database in its folder; leave out --database"):
        Workspace.open(tmp_path / "own", database=postgres_url)


def test_another_workspaces_database_is_refused(postgres_url: str, new_postgres_url: str, tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "one", database=postgres_url) as one, one.database.write() as session:
        add_image(session, new_image())
    Workspace.open(tmp_path / "other", database=new_postgres_url).close()
    with pytest.raises(StorageError, match="is another workspace's database than"):
        Workspace.open(tmp_path / "one", database=new_postgres_url)
    with pytest.raises(StorageError, match="holds a workspace whose photos are in another folder"):
        Workspace.open(tmp_path / "third", database=postgres_url)


def test_an_emptied_database_is_not_taken_for_a_new_one(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    Workspace.open(tmp_path / "work", database=postgres_url).close()
    with (
        postgres.database(template="template1") as empty,
        pytest.raises(StorageError, match="holds no workspace; name the database of this one"),
    ):
        Workspace.open(tmp_path / "work", database=empty)


def test_photos_may_be_elsewhere_too_and_two_folders_share_them(postgres_url: str, tmp_path: Path) -> None:
    place = f"memory://{secrets.token_hex(6)}"
    with Workspace.open(tmp_path / "one", database=postgres_url, blobs=place) as one:
        sha256 = one.blobs.put(b"photo")
        with one.database.write() as session:
            add_image(session, new_image())
        assert list((one.folder / "blobs").iterdir()) == []
    with Workspace.open(tmp_path / "two", database=postgres_url, blobs=place) as two:
        assert two.id == one.id
        assert two.blobs.existing_path(sha256).read_bytes() == b"photo"
    with pytest.raises(StorageError, match=r"its blobs elsewhere \(memory\); say where with --blobs"):
        Workspace.open(tmp_path / "one", database=postgres_url)
    with pytest.raises(StorageError, match=r"at memory://…, not at file://…; correct --blobs"):
        Workspace.open(tmp_path / "one", database=postgres_url, blobs=f"file://{tmp_path / 'far'}")


def test_photos_alone_may_be_elsewhere(tmp_path: Path) -> None:
    place = f"memory://{secrets.token_hex(6)}"
    with Workspace.open(tmp_path / "work", blobs=place) as workspace:
        workspace.blobs.put(b"photo")
    with Workspace.open(tmp_path / "work", blobs=place, create=False) as again:
        assert len(list(again.blobs.hashes())) == 1
    with pytest.raises(StorageError, match="its blobs elsewhere"):
        Workspace.open(tmp_path / "work")
    Workspace.open(tmp_path / "own").close()
    with pytest.raises(StorageError, match="keeps its blobs in its folder; leave out --blobs"):
        Workspace.open(tmp_path / "own", blobs=place)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"workspace": "a", "database": "x", "more": 1}', "[" * 9_000])
def test_a_damaged_memory_is_said(tmp_path: Path, content: str) -> None:
    (tmp_path / "workspace.json").write_text(content)
    with pytest.raises(StorageError, match=r"workspace\.json cannot be read"):
        Workspace.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["workspace.json"]
