"""Blobs keep the same promises wherever they are."""

from __future__ import annotations

import hashlib
import secrets
import time
from pathlib import Path

import fsspec
import pytest

from core.annotation.errors import StorageError
from storage.blob_places import Blobs, RemoteBlobs, open_blobs
from storage.blobs import BlobStore
from storage.errors import DamagedBlob, NotFound
from storage.workspace import Workspace

CONTENT = b"the bytes of a photo"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(params=["folder", "file", "memory"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    return {
        "folder": None,
        "file": f"file://{tmp_path / 'far'}",
        "memory": f"memory://{secrets.token_hex(6)}/far",
    }[request.param]


@pytest.fixture
def blobs(address: str | None, tmp_path: Path) -> Blobs:
    return open_blobs(tmp_path / "blobs", address)


def files_in_memory(store: RemoteBlobs) -> list[str]:
    return [str(path) for path in fsspec.filesystem("memory").find(store.name.partition("://")[2])]


def test_a_blob_reads_back_and_is_kept_once(blobs: Blobs) -> None:
    assert not blobs.exists(SHA256)
    assert blobs.changed_at(SHA256) is None
    assert blobs.put(CONTENT) == blobs.put(CONTENT) == SHA256
    assert blobs.exists(SHA256)
    assert blobs.read(SHA256) == CONTENT == blobs.existing_path(SHA256).read_bytes()
    assert list(blobs.hashes()) == [SHA256]
    assert abs((blobs.changed_at(SHA256) or 0) - time.time()) < 300


def test_blobs_are_listed_in_order_and_deleted(blobs: Blobs) -> None:
    assert list(blobs.hashes()) == []
    names = sorted(blobs.put(str(number).encode()) for number in range(40))
    assert list(blobs.hashes()) == names
    blobs.existing_path(names[0])
    for name in (names[0], names[0]):
        blobs.delete(name)
    assert list(blobs.hashes()) == names[1:]
    with pytest.raises(NotFound):
        blobs.existing_path(names[0])


@pytest.mark.parametrize("name", ["", "..", "../" * 20 + "etc/passwd", SHA256.upper(), SHA256 + "\n"])
def test_only_a_hash_becomes_a_place(blobs: Blobs, name: str) -> None:
    for call in (blobs.read, blobs.exists, blobs.existing_path, blobs.delete, blobs.changed_at):
        with pytest.raises(StorageError, match="64 hex digits"):
            call(name)


def test_a_blob_that_is_not_there_is_not_found(blobs: Blobs) -> None:
    with pytest.raises(NotFound, match="missing"):
        blobs.read(SHA256)


@pytest.fixture
def remote(tmp_path: Path) -> RemoteBlobs:
    return RemoteBlobs(f"memory://{secrets.token_hex(6)}", BlobStore(tmp_path / "copies"))


def test_a_changed_remote_blob_is_found_out_and_written_again(remote: RemoteBlobs) -> None:
    remote.put(CONTENT)
    (place,) = files_in_memory(remote)
    fsspec.filesystem("memory").pipe_file(place, CONTENT[:-1])
    with pytest.raises(DamagedBlob, match="put it back from a backup"):
        remote.read(SHA256)
    remote.put(CONTENT)
    assert remote.read(SHA256) == CONTENT


@pytest.mark.parametrize("step", ["pipe_file", "mv"])
def test_an_upload_that_fails_leaves_nothing(remote: RemoteBlobs, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError("the line is dead")

    with monkeypatch.context() as patched:
        patched.setattr(type(fsspec.filesystem("memory")), step, fail)
        with pytest.raises(StorageError, match="the line is dead"):
            remote.put(CONTENT)
    assert files_in_memory(remote) == []
    assert remote.read(remote.put(CONTENT)) == CONTENT


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("photos", "--blobs is an address such as s3://bucket/folder"),
        ("://photos", "--blobs is an address"),
        ("nosuchplace://photos", "cannot be used for blobs: .*nosuchplace"),
        ("ftp://ann:secret@host/photos", "leave the user and the password out"),
    ],
)
def test_an_address_that_will_not_do_is_refused(tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(StorageError, match=said) as refused:
        Workspace.open(tmp_path / "workspace", blobs=address)
    assert "secret" not in str(refused.value)
    assert not (tmp_path / "workspace").exists()
