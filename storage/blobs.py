"""Files named by their SHA-256: nothing a user typed becomes a path, and the same bytes are kept once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from core.annotation.errors import StorageError
from core.annotation.files import sync_folder, write_atomically
from storage.errors import DamagedBlob, NotFound, translated

PUT_BACK = "put it back from a backup or add the file again"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_name(sha256: str) -> str:
    """The name itself. Raises StorageError when it is not 64 hex digits, in lower case."""
    if not _SHA256.fullmatch(sha256):
        raise StorageError(f"a blob is named by 64 hex digits, got {sha256!r:.80}")
    return sha256


class BlobStore:
    """Blobs under `folder`, as ab/abcdef… by the hash's first two digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the blob is or would be. Raises StorageError when `sha256` is not 64 hex digits, in lower case."""
        return self.folder / check_name(sha256)[:2] / sha256

    @property
    def name(self) -> str:
        """How messages name the place."""
        return str(self.folder)

    def exists(self, sha256: str) -> bool:
        """Whether there is such a blob; its bytes are not looked at."""
        return self.path(sha256).is_file()

    def existing_path(self, sha256: str) -> Path:
        """Where the blob is. Raises NotFound when there is none."""
        path = self.path(sha256)
        if not path.is_file():
            raise NotFound(f"{path.name} is missing from the workspace's blobs; {PUT_BACK}")
        return path

    def put(self, content: bytes) -> str:
        """Store the bytes, whole or not at all, and return their SHA-256 in hex. Raises StorageError."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        with translated(path):
            if path.exists():
                # Those who delete what no image has look at the age: an image may be about to name it.
                os.utime(path)
            else:
                self._make_folder(path.parent)
                with write_atomically(path) as file:
                    file.write(content)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The blob's bytes. Raises NotFound when there is none, DamagedBlob when they no longer have the hash."""
        path = self.path(sha256)
        with translated(path):
            try:
                content = path.read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"{path} is missing; {PUT_BACK}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedBlob(f"{path} is damaged: its bytes no longer have its hash; put it back from a backup")
        return content

    def changed_at(self, sha256: str) -> float | None:
        """When the blob was last put, in seconds since 1970; None when there is none."""
        try:
            return self.path(sha256).stat().st_mtime
        except FileNotFoundError:
            return None

    def delete(self, sha256: str) -> None:
        """Remove the blob; nothing when there is none. Raises StorageError."""
        path = self.path(sha256)
        with translated(path):
            path.unlink(missing_ok=True)

    def hashes(self) -> Iterator[str]:
        """The names of all blobs, in order. Raises StorageError."""
        with translated(self.folder):
            for folder in sorted(path for path in self.folder.glob("[0-9a-f][0-9a-f]") if path.is_dir()):
                yield from sorted(path.name for path in folder.iterdir() if _SHA256.fullmatch(path.name))

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
