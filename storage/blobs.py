"""Files named by their SHA-256: nothing a user typed becomes a path, and the same bytes are kept once."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from core.annotation.errors import StorageError
from core.annotation.files import sync_folder, write_atomically
from storage.errors import NotFound, translated

_PUT_BACK = "put it back from a backup or add the file again"
_SHA256 = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """Blobs under `folder`, as ab/abcdef… by the hash's first two digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where the blob is or would be. Raises StorageError when `sha256` is not 64 hex digits, in lower case."""
        if not _SHA256.fullmatch(sha256):
            raise StorageError(f"a blob is named by 64 hex digits, got {sha256!r:.80}")
        return self.folder / sha256[:2] / sha256

    def existing_path(self, sha256: str) -> Path:
        """Where the blob is. Raises NotFound when there is none."""
        path = self.path(sha256)
        if not path.is_file():
            raise NotFound(f"{path.name} is missing from the workspace's blobs; {_PUT_BACK}")
        return path

    def put(self, content: bytes) -> str:
        """Store the bytes, whole or not at all, and return their SHA-256 in hex. Raises StorageError."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.path(sha256)
        with translated(path):
            if not path.exists():
                self._make_folder(path.parent)
                with write_atomically(path) as file:
                    file.write(content)
        return sha256

    def read(self, sha256: str) -> bytes:
        """The blob's bytes. Raises NotFound when there is none, StorageError when they no longer have the hash."""
        path = self.path(sha256)
        with translated(path):
            try:
                content = path.read_bytes()
            except FileNotFoundError as error:
                raise NotFound(f"{path} is missing; {_PUT_BACK}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StorageError(f"{path} is damaged: its bytes no longer have its hash; put it back from a backup")
        return content

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            sync_folder(folder.parent)
