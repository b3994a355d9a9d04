"""Export: chosen images pass one by one, each with its truth, to the format's writer; their photos go beside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from app.workflows.exporting.appearing import appears_whole, settle_exports
from app.workflows.exporting.choice import Choice, Pick, Selection, select_images
from app.workflows.exporting.report import (
    REPORT_FILE,
    SNAPSHOT_FILE,
    ExportReport,
    Renamed,
    label_losses,
    snapshot_json,
    split_names,
)
from core.annotation.errors import FormatError
from core.annotation.words import counted
from core.formats.exported import ExportImage, FormatReport, Loss, write_file
from core.formats.registry import FORMATS, Format, writer_of
from storage.errors import translated
from storage.exports import ExportedImage, load_for_export
from storage.workspace import Workspace

Progress = Callable[[int, int], None]

# Enough that queries cost little beside the masks, few enough that the masks of the fullest images fit.
_IMAGES_AT_ONCE = 16


def export_workspace(
    workspace: Workspace,
    format: str,
    out: Path,
    *,
    choice: Choice = Choice(),  # noqa: B008 — frozen
    photos: bool = True,
    replace: bool = False,
    progress: Progress = lambda finished, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> ExportReport:
    """Write the truth of the chosen images, as it is at this moment, into the folder `out`, which is new or empty.

    `format` is one of core.formats.capabilities.WRITTEN_FORMATS. `photos` copies the photos, as upright as their
    masks, where the format has them. `replace` puts the export in the place of an earlier one, in one step.
    `progress` is told (finished, total) images. The same state gives the same bytes.
    Raises FormatError or StorageError and leaves `out` as it was, also when `cancelled` comes true.
    """
    writer = writer_of(format)
    with translated(out):
        settle_exports(workspace)
        selection = select_images(workspace, choice)
        place = out.resolve()
        with appears_whole(workspace, place, replace=replace) as draft:
            passing = _Passing(workspace, selection, FORMATS[format], draft, photos, progress, cancelled)
            written = writer(passing.images(), selection.label_set, draft)
            return passing.finish(written)


class _Passing:
    """The images of an export on their way to the writer; each one's photo is written as it passes."""

    def __init__(
        self,
        workspace: Workspace,
        selection: Selection,
        format: Format,
        draft: Path,
        photos: bool,
        progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._workspace = workspace
        self._selection = selection
        self._format = format
        self._draft = draft
        self._photos = photos
        self._progress = progress
        self._cancelled = cancelled
        self._written: list[Pick] = []
        self._renamed: list[Renamed] = []
        self._in_work = 0
        self._converted = 0
        self._beside: dict[str, None] = {}

    def images(self) -> Iterator[ExportImage]:
        """The images in order, each with its truth."""
        picks = self._selection.picks
        finished = 0
        for start in range(0, len(picks), _IMAGES_AT_ONCE):
            some = picks[start : start + _IMAGES_AT_ONCE]
            with self._workspace.database.read() as session:
                loaded = load_for_export(session, {pick.id: pick.revision for pick in some})
            for pick in some:
                if self._cancelled():
                    raise FormatError("the export was stopped; nothing was written")
                stored = loaded.pop(pick.id)
                if self._selection.takes(stored.truth):
                    yield self._pass(pick, stored)
                finished += 1
                self._progress(finished, len(picks))

    def _pass(self, pick: Pick, stored: ExportedImage) -> ExportImage:
        image = ExportImage(
            stored.file_name,
            pick.export_name,
            pick.image_id,
            stored.truth.height,
            stored.truth.width,
            stored.truth,
            pick.split,
            self._selection.keeps_segment_ids,
        )
        self._written.append(pick)
        self._in_work += not stored.truth.done
        if pick.export_name != stored.file_name:
            self._renamed.append(Renamed(pick.image_id, stored.file_name, pick.export_name))
        if self._photos:
            self._write_photo(stored, self._format.photo_place(image))
        return image

    def _write_photo(self, stored: ExportedImage, place: str) -> None:
        target = self._draft / place
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, self._workspace.blobs.read(stored.display_sha256))
        self._converted += not stored.as_added
        self._beside[f"{place.partition('/')[0]}/"] = None

    def finish(self, written: FormatReport) -> ExportReport:
        """Write the reports into the draft. Raises FormatError when no image was there to write."""
        if not self._written:
            raise FormatError(f"nothing to export: {_missing(self._selection.choice)}")
        snapshot = self._selection.snapshot
        files = [*written.files, *(folder for folder in self._beside if folder not in written.files)]
        if snapshot is not None:
            write_file(self._draft / SNAPSHOT_FILE, snapshot_json(snapshot, self._written))
            files.append(SNAPSHOT_FILE)
        report = ExportReport(
            format=self._format.name,
            images=written.images,
            segments=written.segments,
            unlabelled_left_out=written.unlabelled_left_out,
            hidden_left_out=written.hidden_left_out,
            losses=(*written.losses, *self._other_losses()),
            notes=(*self._selection.notes, *self._notes()),
            splits=split_names(self._written),
            renamed=tuple(self._renamed),
            files=(*files, REPORT_FILE),
            choice=self._selection.choice,
        )
        write_file(self._draft / REPORT_FILE, report.to_json())
        return report

    def _other_losses(self) -> Iterator[Loss]:
        yield from label_losses(self._format.holds, self._selection.label_set)
        if not self._format.holds.splits:
            yield Loss("splits", len(self._written), "image", f"without the split, which is in {REPORT_FILE} alone")
        if self._in_work and not self._format.holds.void:
            yield Loss("in-work", self._in_work, "image", "not done, which a reader of the files cannot tell")

    def _notes(self) -> Iterator[str]:
        if self._renamed:
            yield f"{counted(len(self._renamed), 'photo')} renamed in the export, as {REPORT_FILE} lists"
        if self._converted:
            yield f"{counted(self._converted, 'photo')} written as shown on the page, not as the file was"


def _missing(choice: Choice) -> str:
    """Why a choice takes no image."""
    image = "image" if choice.state == "all" else f"{choice.state} image"
    if choice.categories:
        return f"no {image} has a segment of {' or '.join(map(repr, choice.categories))}"
    if choice.state != "all":
        return f"no chosen image is {choice.state}; mark some {choice.state} first"
    return "no chosen image has a segment; accept some proposals first"
