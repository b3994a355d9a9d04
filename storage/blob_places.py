"""Where blobs are kept: the workspace's folder, or any address that fsspec knows with a copy of what was used."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from core.annotation.errors import StorageError
from storage.blobs import PUT_BACK, BlobStore, check_name
from storage.errors import DamagedBlob, NotFound

# Listed one by one, so that the names of a 256th of the blobs are in memory at a time.
_FOLDERS = tuple(f"{number:02x}" for number in range(256))


class Blobs(Protocol):
    """Files named by the SHA-256 of their bytes (64 hex digits, lower case); every method raises StorageError."""

    @property
    def name(self) -> str:
        """How messages name the place."""

    def put(self, content: bytes) -> str:
        """Store the bytes, whole or not at all, and return their SHA-256."""

    def read(self, sha256: str) -> bytes:
        """The blob's bytes. Raises NotFound when there is none, DamagedBlob when they no longer have the hash."""

    def exists(self, sha256: str) -> bool:
        """Whether there is such a blob; its bytes are not looked at."""

    def existing_path(self, sha256: str) -> Path:
        """A file of this machine with the blob's bytes, to read. Raises NotFound."""

    def changed_at(self, sha256: str) -> float | None:
        """When the blob was last put, in seconds since 1970; None when there is none or the place does not say."""

    def delete(self, sha256: str) -> None:
        """Remove the blob; nothing when there is none."""

    def hashes(self) -> Iterator[str]:
        """The names of all blobs, in order."""


def open_blobs(folder: Path, address: str | None) -> Blobs:
    """The blobs at `address`, with `folder` for copies; in `folder` itself when None. Raises StorageError."""
    if address is None:
        return BlobStore(folder)
    protocol = protocol_of(address)
    if protocol in ("file", "local"):
        return BlobStore(Path(address.partition("://")[2]))
    return RemoteBlobs(address, BlobStore(folder))


def protocol_of(address: str) -> str:
    """The address' first word, such as s3. Raises StorageError for what is no address, or has a password."""
    protocol, mark, rest = address.partition("://")
    if not mark or not protocol.replace("+", "").isalnum():
        raise StorageError(f"--blobs is an address such as s3://bucket/folder or file:///folder, got {address!r:.80}")
    if "@" in rest.split("/", 1)[0]:
        raise StorageError(
            f"leave the user and the password out of the blobs' {protocol} address; "
            "fsspec reads them from its configuration or the environment"
        )
    return protocol


class RemoteBlobs:
    """Blobs at an fsspec address, as ab/abcdef…; a file asked for by path is copied into `copies` and stays there."""

    def __init__(self, address: str, copies: BlobStore) -> None:
        self._system, self._root = _open_system(address)
        self._copies = copies
        self.name = address

    def put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        place = self._place(sha256)
        with _reported(place):
            # A copy that an older upload left short has another size and is written again.
            if self._size(place) != len(content):
                self._upload(place, content)
        return sha256

    def read(self, sha256: str) -> bytes:
        place = self._place(sha256)
        with _reported(place):
            try:
                content: bytes = self._system.cat_file(place)
            except FileNotFoundError as error:
                raise NotFound(f"{place} is missing; {PUT_BACK}") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise DamagedBlob(f"{place} is damaged: its bytes no longer have its hash; put it back from a backup")
        return content

    def exists(self, sha256: str) -> bool:
        place = self._place(sha256)
        with _reported(place):
            return bool(self._system.isfile(place))

    def existing_path(self, sha256: str) -> Path:
        if not self._copies.exists(sha256):
            self._copies.put(self.read(sha256))
        return self._copies.existing_path(sha256)

    def changed_at(self, sha256: str) -> float | None:
        place = self._place(sha256)
        with _reported(place):
            try:
                moment: datetime = self._system.modified(place)
            except (FileNotFoundError, NotImplementedError):
                return None
        return moment.timestamp()

    def delete(self, sha256: str) -> None:
        place = self._place(sha256)
        with _reported(place):
            if self._system.isfile(place):
                self._system.rm_file(place)
        self._copies.delete(sha256)

    def hashes(self) -> Iterator[str]:
        for start in _FOLDERS:
            with _reported(self._root):
                # Another program's writes are not to be hidden by an earlier listing.
                self._system.invalidate_cache()
                there = self._system.isdir(f"{self._root}/{start}")
                names = self._system.ls(f"{self._root}/{start}", detail=False) if there else []
            yield from sorted(name for name in (path.rpartition("/")[2] for path in names) if _is_blob(name, start))

    def _place(self, sha256: str) -> str:
        return f"{self._root}/{check_name(sha256)[:2]}/{sha256}"

    def _size(self, place: str) -> int | None:
        try:
            size = self._system.info(place)["size"]
        except FileNotFoundError:
            return None
        return None if size is None else int(size)

    def _upload(self, place: str, content: bytes) -> None:
        """Beside its place first: where writing is not one step, half a blob never bears its name."""
        draft = f"{place}.{secrets.token_hex(6)}.part"
        self._system.makedirs(place.rpartition("/")[0], exist_ok=True)
        try:
            self._system.pipe_file(draft, content)
            self._system.mv(draft, place)
        except BaseException:
            if self._system.exists(draft):
                self._system.rm_file(draft)
            raise


def _is_blob(name: str, start: str) -> bool:
    return len(name) == 64 and name.startswith(start)


def _open_system(address: str) -> tuple[Any, str]:
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise StorageError(f"{address} cannot be used for blobs: {error}") from error
    return system, root.rstrip("/")


@contextmanager
def _reported(place: str) -> Iterator[None]:
    """Raise whatever a remote file system raises as a StorageError about `place`: each has errors of its own."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        raise StorageError(f"{place} was not changed: {error or type(error).__name__}") from error
