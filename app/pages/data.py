"""The Data page: photos in, data sets out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import gradio as gr

from app.services import Services
from app.workflows.export import export_workspace
from app.workflows.ingest import PhotoFile, add_photos, report_lines
from core.annotation.errors import MaskwrightError
from storage.images import count_images

# Both pickers, the report and the export fit one screen of 1280×720.
PICKER_PX = 150
FORMAT_NAMES = {
    "COCO instances": "coco",
    "COCO panoptic": "coco-panoptic",
    "Semantic PNG": "semantic-png",
}


def build(pages: gr.Blocks, services: Services) -> None:
    """Upload on the left, export on the right."""
    counts = gr.Textbox(label="Workspace", interactive=False)
    pages.load(lambda: _counts(services), outputs=counts, api_visibility="private")
    with gr.Row():
        with gr.Column():
            _build_upload(services, counts)
        with gr.Column():
            _build_export(services)


def _counts(services: Services) -> str:
    with services.workspace.database.read() as session:
        total, done = count_images(session)
    return f"{services.workspace.folder.resolve().name}: {total} photos, {done} done"


def _build_upload(services: Services, counts: gr.Textbox) -> None:
    gr.Markdown("## Add photos")
    photos = gr.File(
        label="Photos (PNG, JPEG, WebP, BMP, TIFF, GIF)", file_count="multiple", height=PICKER_PX, elem_id="photos"
    )
    folder = gr.File(label="A folder of photos", file_count="directory", height=PICKER_PX, elem_id="folder")
    report = gr.Textbox(label="What became of them", interactive=False, lines=6, elem_id="upload-report")

    def take_in(paths: Sequence[str] | None, progress: gr.Progress = gr.Progress()) -> tuple[str, None, str]:  # noqa: B008
        files = [PhotoFile(Path(path), Path(path).name) for path in paths or ()]
        done = add_photos(services.workspace, files, progress=lambda n, total: progress((n, total), unit="photos"))
        services.worker.wake()
        return "\n".join(report_lines(done)), None, _counts(services)

    for picker in (photos, folder):
        picker.upload(take_in, picker, [report, picker, counts], api_visibility="private", concurrency_limit=1)


def _build_export(services: Services) -> None:
    gr.Markdown("## Export the truth")
    format_name = gr.Radio(list(FORMAT_NAMES), value="COCO instances", label="Format", elem_id="format")
    state = gr.Radio(
        ["every image with segments", "done images only"], value="every image with segments", label="Images"
    )
    button = gr.Button("Export", variant="primary", elem_id="export")
    archive = gr.File(label="Download", interactive=False, height=PICKER_PX, elem_id="archive")
    report = gr.Textbox(
        label="What was written and what the format cannot hold", interactive=False, lines=6, elem_id="export-report"
    )

    archives = _Archives()

    def write(name: str, which: str, progress: gr.Progress = gr.Progress()) -> tuple[str | None, str]:  # noqa: B008
        folder = archives.fresh() / FORMAT_NAMES[name]
        try:
            done = export_workspace(
                services.workspace,
                FORMAT_NAMES[name],
                folder,
                state="done" if which.startswith("done") else "all",
                progress=lambda n, total: progress((n, total), unit="images"),
            )
            zipped = shutil.make_archive(str(folder.parent / f"maskwright-{folder.name}"), "zip", folder)
        except (MaskwrightError, OSError) as error:
            return None, str(error)
        shutil.rmtree(folder)
        return zipped, done.summary()

    button.click(write, [format_name, state], [archive, report], api_visibility="private", concurrency_limit=1)


class _Archives:
    """Where the newest export lies until the next; Gradio serves a copy of its own. All go when the server ends."""

    def __init__(self) -> None:
        self._newest: tempfile.TemporaryDirectory[str] | None = None

    def fresh(self) -> Path:
        if self._newest is not None:
            self._newest.cleanup()
        self._newest = tempfile.TemporaryDirectory(prefix="maskwright-export-")
        return Path(self._newest.name)
