from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from core.annotation.errors import StorageError
from storage.blobs import BlobStore
from storage.errors import NotFound

CONTENT = b"the bytes of a photo"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def files(store: BlobStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_a_blob_is_named_by_its_hash_and_reads_back(blobs: BlobStore) -> None:
    assert blobs.put(CONTENT) == SHA256
    assert blobs.path(SHA256) == blobs.folder / SHA256[:2] / SHA256
    assert blobs.read(SHA256) == CONTENT == blobs.path(SHA256).read_bytes()
    assert blobs.read(blobs.put(b"")) == b""


def test_the_same_bytes_are_kept_once(blobs: BlobStore) -> None:
    blobs.put(CONTENT)
    before = blobs.path(SHA256).stat()
    assert blobs.put(CONTENT) == SHA256
    assert blobs.path(SHA256).stat().st_ino == before.st_ino
    assert len(files(blobs)) == 1


def test_bytes_that_are_put_again_are_young_again(blobs: BlobStore) -> None:
    """An old photo without an image may be deleted; not one that somebody is adding at this moment."""
    blobs.put(CONTENT)
    os.utime(blobs.path(SHA256), (1.0, 1.0))
    blobs.put(CONTENT)
    assert time.time() - (blobs.changed_at(SHA256) or 0) < 60


def test_a_changed_blob_is_found_out(blobs: BlobStore) -> None:
    blobs.put(CONTENT)
    blobs.path(SHA256).write_bytes(CONTENT[:-1])
    with pytest.raises(StorageError, match="damaged"):
        blobs.read(SHA256)


def test_a_blob_that_is_not_there_is_not_found(blobs: BlobStore) -> None:
    with pytest.raises(NotFound, match="missing"):
        blobs.read(SHA256)


@pytest.mark.parametrize(
    "name",
    ["", "..", "../" * 20 + "etc/passwd", SHA256[:-1], SHA256 + "0", SHA256.upper(), SHA256[:-1] + "/", SHA256 + "\n"],
)
def test_only_a_hash_becomes_a_path(blobs: BlobStore, name: str) -> None:
    with pytest.raises(StorageError, match="64 hex digits"):
        blobs.path(name)
    with pytest.raises(StorageError, match="64 hex digits"):
        blobs.read(name)


def test_a_write_that_fails_leaves_nothing(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fail)
        with pytest.raises(StorageError, match="the disk is full"):
            blobs.put(CONTENT)
    assert files(blobs) == []
    assert blobs.read(blobs.put(CONTENT)) == CONTENT
