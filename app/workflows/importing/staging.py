"""Reads a data set's photos and masks and writes them where nobody waits: blobs, and lines for one transaction."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TextIO

from app.workflows.importing.requests import ImportStopped
from app.workflows.importing.segments import truth_of
from app.workflows.ingest import store_photo
from core.annotation.errors import FormatError, PhotoError
from core.annotation.splits import check_split_name, split_of
from core.formats.imported import Problem, ReadImage
from core.formats.photo import photo_size, read_bytes, read_photo
from storage.images import NewImage
from storage.imports import KnownImage, StagedImage, find_known_images, staged_line
from storage.workspace import Workspace

# Two decode while two wait for the disk; more threads hold more photos in memory.
_THREADS = 4
_READ_AHEAD = 2 * _THREADS
# Photos up to these sizes are read side by side in half a gigabyte; larger ones take turns.
_LARGE_PX = 12_000_000
_LARGE_BYTES = 16_777_216
# Beyond what any database's integer holds, an image's id is not kept.
_MAX_SOURCE_ID = 2**63
# Their reasons take some 100 megabytes; a set with more is not what it was taken for.
_MAX_PROBLEMS = 200_000


@dataclass(frozen=True)
class StagedPhoto:
    """A photo that was read. `image` and `orientation` (EXIF) are of its picture; None: it is here already, with its
    truth, and was not decoded."""

    sha256: str
    known: KnownImage | None
    image: NewImage | None = None
    orientation: int = 1


@dataclass
class Staged:
    """What became of the set's items before the tables are written."""

    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    kept: int = 0
    known: int = 0
    repeated: int = 0
    in_work: int = 0
    doubtful: int = 0
    other_splits: int = 0

    def trouble(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if len(self.problems) < _MAX_PROBLEMS:
                self.problems.append(Problem(_text(problem.file), _text(problem.item), _text(problem.reason)))
            else:
                self.more_problems += 1


class Stager:
    """Stages the images of one set, in its order. targets: the workspace's id of each of the set's categories."""

    def __init__(self, workspace: Workspace, targets: Mapping[int, int], spool: TextIO) -> None:
        self._workspace = workspace
        self._targets = targets
        self._spool = spool
        self._seen: set[bytes] = set()
        self._large = threading.RLock()
        self.staged = Staged()

    def stage(
        self,
        images: Iterator[ReadImage | Problem],
        *,
        total: int,
        progress: Callable[[int, int], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Read all of them. Raises ImportStopped, StorageError, and FormatError when the set cannot be read on."""
        finished = 0
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="import") as pool:
            for read, photo in _read_ahead(pool, images, self._read_photo):
                if cancelled():
                    raise ImportStopped("the import was stopped; the workspace is as it was")
                self._take(read, photo)
                finished += 1
                progress(finished, total)

    def _read_photo(self, read: ReadImage | Problem) -> StagedPhoto | Problem:
        if isinstance(read, Problem):
            return read
        name = read.file_name
        try:
            with self._turn(read.photo.stat().st_size > _LARGE_BYTES):
                original = read_bytes(read.photo, name=name)
                found = self._find(hashlib.sha256(original).hexdigest())
                if found.known is not None and (found.known.labelled or not read.labelled):
                    return found
                height, width = photo_size(original, name=name)
                with self._turn(height * width > _LARGE_PX):
                    return self._decoded(original, found, name)
        except OSError as error:
            return Problem(name, "", f"cannot be read ({error.strerror}); check that the file is there")
        except PhotoError as error:
            return Problem(name, "", str(error).removeprefix(f"{name}: "))

    def _turn(self, large: bool) -> AbstractContextManager[object]:
        """One large photo at a time."""
        return self._large if large else nullcontext()

    def _find(self, sha256: str) -> StagedPhoto:
        with self._workspace.database.read() as session:
            return StagedPhoto(sha256, find_known_images(session, [sha256]).get(sha256))

    def _decoded(self, original: bytes, found: StagedPhoto, name: str) -> StagedPhoto:
        photo = read_photo(original, name=name)
        image = store_photo(self._workspace.blobs, original, photo, name=_text(name))
        return replace(found, image=image, orientation=photo.orientation)

    def _take(self, read: ReadImage | Problem, photo: StagedPhoto | Problem) -> None:
        if isinstance(read, Problem) or isinstance(photo, Problem):
            self.staged.trouble([photo] if isinstance(photo, Problem) else [])
            return
        self.staged.trouble(read.problems)
        if self._repeats(read, photo):
            return
        if photo.image is None:
            self.staged.kept += read.labelled
            self.staged.known += not read.labelled
            return
        self._spool.write(staged_line(self._staged_image(read, photo, photo.image)) + "\n")

    def _repeats(self, read: ReadImage, photo: StagedPhoto) -> bool:
        digest = bytes.fromhex(photo.sha256)
        if digest not in self._seen:
            self._seen.add(digest)
            return False
        self.staged.repeated += 1
        if read.labelled:
            reason = "the same photo stands in the set before; its segments there count"
            self.staged.trouble([Problem(read.file_name, "", reason)])
        return True

    def _staged_image(self, read: ReadImage, photo: StagedPhoto, stored: NewImage) -> StagedImage:
        image = replace(stored, split=self._split(read, photo.sha256), source_id=self._source_id(read))
        known = photo.known
        revision, last_id = (known.revision, known.last_segment_id) if known else (0, 0)
        if not read.labelled:
            return StagedImage(image, None, done=False)
        truth = truth_of(read, (image.height, image.width), photo.orientation, last_id, self._targets)
        self.staged.trouble(truth.problems)
        self.staged.doubtful += truth.doubtful
        done = not (read.problems or truth.problems)
        self.staged.in_work += not done
        segments = truth.segments if truth.segments or done else None
        return StagedImage(image, segments, done=done, revision=revision, last_segment_id=last_id)

    def _split(self, read: ReadImage, sha256: str) -> str:
        if not read.split:
            return split_of(sha256)
        try:
            return check_split_name(read.split)
        except FormatError:
            self.staged.other_splits += 1
            return split_of(sha256)

    def _source_id(self, read: ReadImage) -> int | None:
        if read.id is None or -_MAX_SOURCE_ID <= read.id < _MAX_SOURCE_ID:
            return read.id
        self.staged.trouble([Problem(read.file_name, f"id {read.id}", "does not fit 64 bits; it is not kept")])
        return None


_Read = ReadImage | Problem


def _read_ahead(
    pool: ThreadPoolExecutor, images: Iterator[_Read], read_photo: Callable[[_Read], StagedPhoto | Problem]
) -> Iterator[tuple[_Read, StagedPhoto | Problem]]:
    """Each item with its photo, in order; a few photos are read meanwhile."""
    waiting: deque[tuple[_Read, Future[StagedPhoto | Problem]]] = deque()
    try:
        for read in images:
            waiting.append((read, pool.submit(read_photo, read)))
            if len(waiting) > _READ_AHEAD:
                item, photo = waiting.popleft()
                yield item, photo.result()
        while waiting:
            item, photo = waiting.popleft()
            yield item, photo.result()
    finally:
        for _, photo in waiting:
            photo.cancel()


def _text(text: str) -> str:
    """The text without what no database, terminal or page takes: names of files need not be Unicode."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")
