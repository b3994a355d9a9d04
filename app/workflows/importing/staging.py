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
    """What became of the set's items before the tables are written.

    written: lines of the spool.   doubtful: the images whose masks fit their photo before and after its EXIF turn.
    without_masks: the photos, by their hashes, whose masks are of another size.   new_blobs: hashes of what
    was put and when, None while it is under way.
    """

    problems: list[Problem] = field(default_factory=list)
    more_problems: int = 0
    written: int = 0
    kept: int = 0
    known: int = 0
    repeated: int = 0
    in_work: int = 0
    renumbered: int = 0
    other_splits: int = 0
    kept_splits: int = 0
    doubtful: list[str] = field(default_factory=list)
    without_masks: set[bytes] = field(default_factory=set)
    new_blobs: dict[bytes, float | None] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether the set has troubles and not one image of it can be used."""
        return bool(self.problems) and not (self.written or self.known or self.kept)

    def trouble(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if len(self.problems) < _MAX_PROBLEMS:
                file, item, reason = map(_text, (problem.file, problem.item, problem.reason))
                self.problems.append(replace(problem, file=file, item=item, reason=reason))
            else:
                self.more_problems += 1


class Stager:
    """Stages the images of one set, in its order, and tells `staged` of them.

    targets: the workspace's id of each of the set's categories.
    """

    def __init__(self, workspace: Workspace, targets: Mapping[int, int], spool: TextIO, staged: Staged) -> None:
        self._workspace = workspace
        self._targets = targets
        self._spool = spool
        # The photos so far, and whether each has its truth; and the names of the first files of them.
        self._seen: dict[bytes, bool] = {}
        self._names: dict[bytes, str] = {}
        self._large = threading.RLock()
        self.staged = staged

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
        blobs = self._workspace.blobs
        put = [found.sha256] if self._is_ours(found.sha256) else []
        self.staged.new_blobs |= {bytes.fromhex(sha256): None for sha256 in put}
        image = store_photo(blobs, original, photo, name=_text(name))
        put += [image.display_sha256] if put else []
        self.staged.new_blobs |= {bytes.fromhex(sha256): blobs.changed_at(sha256) for sha256 in put}
        return replace(found, image=image, orientation=photo.orientation)

    def _is_ours(self, sha256: str) -> bool:
        """Whether this import puts the blob, or put it before."""
        return bytes.fromhex(sha256) in self.staged.new_blobs or not self._workspace.blobs.exists(sha256)

    def _take(self, read: ReadImage | Problem, photo: StagedPhoto | Problem) -> None:
        if isinstance(read, Problem) or isinstance(photo, Problem):
            self.staged.trouble([photo] if isinstance(photo, Problem) else [])
            return
        self.staged.trouble(read.problems)
        if self._repeats(read, photo):
            return
        digest = bytes.fromhex(photo.sha256)
        self._names.setdefault(digest, read.file_name)
        if photo.image is None:
            self._seen[digest] = read.labelled
            self.staged.kept += read.labelled
            self.staged.known += not read.labelled
            self.staged.kept_splits += bool(read.split and photo.known and read.split != photo.known.split)
            return
        image = self._staged_image(read, photo, photo.image)
        self._seen[digest] = image.segments is not None
        self._spool.write(staged_line(image) + "\n")
        self.staged.written += 1

    def _repeats(self, read: ReadImage, photo: StagedPhoto) -> bool:
        """Whether the photo stood there before, and this one brings nothing that it lacks."""
        digest = bytes.fromhex(photo.sha256)
        has_truth = self._seen.get(digest)
        if has_truth is None:
            return False
        first = self._names[digest]
        self.staged.repeated += 1
        if read.labelled and not has_truth:
            self.staged.known -= photo.known is not None
            return False
        if read.labelled and photo.image is not None:
            reason = f"the same photo stands in the set before, as {first}; its segments there count"
            self.staged.trouble([Problem(read.file_name, "", reason)])
        else:
            reason = f"the same picture as {first}; the two are one image"
            self.staged.trouble([Problem(read.file_name, "", reason, taken=True)])
        return True

    def _staged_image(self, read: ReadImage, photo: StagedPhoto, stored: NewImage) -> StagedImage:
        known = photo.known
        image = replace(stored, split=self._split(read, photo), source_id=self._source_id(read, known))
        revision, last_id = (known.revision, known.last_segment_id) if known else (0, 0)
        if not read.labelled:
            return StagedImage(image, None, done=False)
        truth = truth_of(read, (image.height, image.width), photo.orientation, last_id, self._targets)
        self.staged.trouble(truth.problems)
        self.staged.doubtful += [_text(read.file_name)] * truth.doubtful
        self.staged.renumbered += truth.renumbered
        done = all(problem.taken for problem in (*read.problems, *truth.problems))
        segments = truth.segments if truth.segments or done else None
        self._count_undone(bytes.fromhex(photo.sha256), done=done, has_truth=segments is not None)
        return StagedImage(image, segments, done=done, revision=revision, last_segment_id=last_id)

    def _count_undone(self, digest: bytes, *, done: bool, has_truth: bool) -> None:
        self.staged.in_work += has_truth and not done
        if has_truth:
            self.staged.without_masks.discard(digest)
        else:
            self.staged.without_masks.add(digest)

    def _split(self, read: ReadImage, photo: StagedPhoto) -> str:
        """The set's split, else the one the photo has here, else the one of its content."""
        own = photo.known.split if photo.known else split_of(photo.sha256)
        if not read.split:
            return own
        try:
            return check_split_name(read.split)
        except FormatError:
            self.staged.other_splits += 1
            return own

    def _source_id(self, read: ReadImage, known: KnownImage | None) -> int | None:
        own = known.source_id if known else None
        if read.id is None:
            return own
        if -_MAX_SOURCE_ID <= read.id < _MAX_SOURCE_ID:
            return read.id
        reason = "does not fit 64 bits; it is not kept"
        self.staged.trouble([Problem(read.file_name, f"id {read.id}", reason, taken=True)])
        return own


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
