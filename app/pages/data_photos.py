"""Add photos: files or a folder from the browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import gradio as gr
from gradio.events import Dependency

from app.pages.page_jobs import shown_on
from app.services import Services
from app.workflows.ingest import PhotoFile, add_photos, report_lines

# Both pickers and the report fit one screen of 1280×720.
PICKER_PX = 140


def build(services: Services) -> list[Dependency]:
    """The pickers and their report; returns the events after which the workspace has more photos."""
    gr.Markdown("## Add photos")
    photos = gr.File(
        label="Photos (PNG, JPEG, WebP, BMP, TIFF, GIF)", file_count="multiple", height=PICKER_PX, elem_id="photos"
    )
    folder = gr.File(label="A folder of photos", file_count="directory", height=PICKER_PX, elem_id="folder")
    report = gr.Textbox(label="What became of them", interactive=False, lines=6, elem_id="upload-report")

    def take_in(paths: Sequence[str] | None, progress: gr.Progress = gr.Progress()) -> tuple[str, None]:  # noqa: B008
        files = [PhotoFile(Path(path), Path(path).name) for path in paths or ()]
        done = add_photos(services.workspace, files, progress=shown_on(progress, "photos"))
        services.worker.wake()
        return "\n".join(report_lines(done)), None

    return [
        picker.upload(take_in, picker, [report, picker], api_visibility="private", concurrency_limit=1)
        for picker in (photos, folder)
    ]
