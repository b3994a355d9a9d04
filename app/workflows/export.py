"""Export: the truth of a workspace's images, and the photos, as one folder that appears whole or not at all."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.annotation.errors import FormatError
from core.annotation.files import sync_folder
from core.annotation.labels import LabelSet
from core.formats.coco import write_coco_instances
from core.formats.coco_panoptic import write_coco_panoptic
from core.formats.exported import ExportImage, Writer, write_file
from core.formats.names import UniqueNames
from core.formats.semantic_png import write_semantic_png
from storage.categories import load_label_set
from storage.corrections import rebuild
from storage.errors import translated
from storage.images import ImageRecord, list_images
from storage.snapshots import Snapshot, load_snapshot
from storage.truths import load_truth
from storage.workspace import Workspace

Progress = Callable[[int, int], None]

WRITERS: dict[str, Writer] = {
    "coco": write_coco_instances,
    "coco-panoptic": write_coco_panoptic,
    "semantic-png": write_semantic_png,
}
REPORT_FILE = "export-report.json"
SNAPSHOT_FILE = "snapshot.json"
IMAGES_FOLDER = "images"
# What a killed export leaves beside OUT is swept away by a later one; none takes a day.
STALE_DRAFT_S = 86_400
_PAGE = 500


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote, and what is not in it. `segments` are those in the files; `notes` say in words what
    was left out and what the format does not hold; `files` are relative to OUT, folders with a / at the end."""

    format: str
    images: int
    segments: int
    unlabelled_left_out: int
    hidden_left_out: int
    notes: tuple[str, ...]
    files: tuple[str, ...]

    def summary(self) -> str:
        """The report in words, a line each."""
        head = f"{self.images} images with {self.segments} segments as {self.format}: {', '.join(self.files)}"
        return "\n".join([head, *self.notes])


@dataclass(frozen=True)
class _Named:
    record: ImageRecord
    export_name: str


def export_workspace(
    workspace: Workspace,
    format: str,
    out: Path,
    *,
    images: bool = True,
    replace: bool = False,
    state: str = "all",
    snapshot: int | None = None,
    progress: Progress = lambda finished, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write the truth of the workspace into the folder `out`, which must be new or empty.

    `format` is a key of WRITERS. `state` "all" takes every image that has a segment or is done, "done" those that
    are done. `snapshot` takes the images of the snapshot with this number, their truth and the label set as they were
    then, and says in SNAPSHOT_FILE which images a run learned from. `images` copies the photos, as upright as their
    masks, into images/. `replace` puts the export in the place of an earlier one. `progress` is told (finished, total).
    Raises FormatError or StorageError and leaves `out` as it was, also when `cancelled` comes true.
    """
    if format not in WRITERS:
        raise FormatError(f"no export format is called {format!r}; the formats are {', '.join(WRITERS)}")
    if state not in ("all", "done"):
        raise FormatError(f"images are chosen by the state all or done, got {state!r}")
    with workspace.database.read() as session:
        frozen = None if snapshot is None else load_snapshot(session, snapshot)
        label_set = load_label_set(session) if frozen is None else frozen.label_set
    chosen = _Chosen(workspace, state, frozen, images, progress, cancelled)
    with translated(out), _appears_whole(out.resolve(), replace) as draft:
        return _write(chosen, WRITERS[format], format, label_set, draft)


class _Chosen:
    """The images of an export, one by one; each one's photo is written as it passes."""

    def __init__(
        self,
        workspace: Workspace,
        state: str,
        frozen: Snapshot | None,
        photos: bool,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._workspace = workspace
        self._state = state
        self.frozen = frozen
        self._revisions = {} if frozen is None else {image.image_id: image.revision for image in frozen.images}
        self._photos = photos
        self._progress = progress
        self._cancelled = cancelled
        self.written: list[_Named] = []

    def pass_through(self, draft: Path) -> Iterator[ExportImage]:
        """The images in order, each with its truth of the moment when its turn comes."""
        everything = _all_named(self._workspace)
        if self._photos:
            (draft / IMAGES_FOLDER).mkdir()
        for finished, named in enumerate(everything, start=1):
            if self._cancelled():
                raise FormatError("the export was stopped; nothing was written")
            image = self._load(named)
            if image is not None:
                if self._photos:
                    content = self._workspace.blobs.read(named.record.display_sha256)
                    write_file(draft / IMAGES_FOLDER / named.export_name, content)
                self.written.append(named)
                yield image
            self._progress(finished, len(everything))

    def _load(self, named: _Named) -> ExportImage | None:
        record = named.record
        if self.frozen is not None and record.id not in self._revisions:
            return None
        with self._workspace.database.read() as session:
            if self.frozen is None:
                truth = load_truth(session, record.id)
            else:
                truth = rebuild(session, record.id, self._revisions[record.id])
        if not truth.done and (self._state == "done" or not truth.segments):
            return None
        return ExportImage(record.file_name, named.export_name, record.id, record.height, record.width, truth)


def _all_named(workspace: Workspace) -> Sequence[_Named]:
    """Every image with its name in exports; images that are left out use up their names, so names never shift."""
    names = UniqueNames()
    found: list[_Named] = []
    with workspace.database.read() as session:
        while page := list_images(session, offset=len(found), limit=_PAGE):
            found += [_Named(record, names.take(record.file_name, record.display_type)) for record in page]
    return found


def _write(chosen: _Chosen, writer: Writer, format: str, label_set: LabelSet, draft: Path) -> ExportReport:
    report = writer(chosen.pass_through(draft), label_set, draft)
    if not chosen.written:
        raise FormatError("nothing to export: no image of that state has a segment; accept some proposals first")
    folders = [path for path in draft.iterdir() if path.is_dir()]
    for folder in folders:
        sync_folder(folder)
    renamed = [named for named in chosen.written if named.export_name != named.record.file_name]
    converted = sum(named.record.display_sha256 != named.record.sha256 for named in chosen.written)
    notes = list(report.notes)
    if renamed:
        notes.append(f"{len(renamed)} photos have another name in the export: {REPORT_FILE} lists them")
    if converted:
        notes.append(f"{converted} photos are written as the page shows them, not as their files were")
    beside = [f"{IMAGES_FOLDER}/"] if (draft / IMAGES_FOLDER) in folders else []
    if chosen.frozen is not None:
        write_file(draft / SNAPSHOT_FILE, _snapshot_json(chosen.frozen, chosen.written))
        beside.append(SNAPSHOT_FILE)
    done = ExportReport(
        format=format,
        images=report.images,
        segments=report.segments,
        unlabelled_left_out=report.unlabelled_left_out,
        hidden_left_out=report.hidden_left_out,
        notes=tuple(notes),
        files=(*report.files, *beside, REPORT_FILE),
    )
    write_file(draft / REPORT_FILE, _report_json(done, renamed))
    sync_folder(draft)
    return done


def _report_json(report: ExportReport, renamed: Sequence[_Named]) -> bytes:
    value = {
        **vars(report),
        "renamed": [
            {"image_id": named.record.id, "file_name": named.record.file_name, "export_name": named.export_name}
            for named in renamed
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def _snapshot_json(snapshot: Snapshot, written: Sequence[_Named]) -> bytes:
    names = {named.record.id: named.export_name for named in written}
    images = [
        {"image_id": one.image_id, "export_name": names[one.image_id], "revision": one.revision, "part": one.part.value}
        for one in snapshot.images
        if one.image_id in names
    ]
    value = {"snapshot": snapshot.id, "created_at": snapshot.created_at.isoformat(), "images": images}
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


@contextmanager
def _appears_whole(out: Path, replace: bool) -> Iterator[Path]:
    """A draft folder beside `out` that takes its name when the block ends well and is gone when it does not."""
    _check_free(out, replace)
    out.parent.mkdir(parents=True, exist_ok=True)
    _sweep(out)
    draft = out.with_name(f".{out.name}.{secrets.token_hex(6)}.draft")
    draft.mkdir()
    try:
        yield draft
        _put_in_place(draft, out, replace)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _check_free(out: Path, replace: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise FormatError(f"{out} is a file; name a new folder for the export")
    if not any(out.iterdir()):
        return
    if not replace:
        raise FormatError(f"{out} is not empty; name a new folder, or replace the export that it holds")
    if not (out / REPORT_FILE).is_file():
        raise FormatError(f"{out} holds no earlier export ({REPORT_FILE} is missing) and is kept; name a new folder")


def _sweep(out: Path) -> None:
    for left in out.parent.iterdir():
        if not (left.name.startswith(f".{out.name}.") and left.name.endswith(".draft")):
            continue
        # Another export may be sweeping or finishing it at this moment.
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > STALE_DRAFT_S:
                shutil.rmtree(left, ignore_errors=True)


def _put_in_place(draft: Path, out: Path, replace: bool) -> None:
    """Rename the draft to `out`; what was there is moved aside first, and back when that fails."""
    _check_free(out, replace)
    aside = out.with_name(f".{out.name}.{secrets.token_hex(6)}.old")
    existed = out.exists()
    if existed:
        out.rename(aside)
    try:
        draft.rename(out)
    except OSError:
        if existed:
            aside.rename(out)
        raise
    sync_folder(out.parent)
    shutil.rmtree(aside, ignore_errors=True)
