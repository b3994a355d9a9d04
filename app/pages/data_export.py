"""Export: the chosen images' truth in a format, as a zip to download or into a folder of this machine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from app.pages.data_words import folder_here, format_choices, held_by
from app.pages.markup import Markup, element, join, lines, text
from app.pages.page_jobs import JobButtons, Jobs, shown_on
from app.services import Services
from app.workflows.exporting import Choice, ExportReport, export_workspace, export_zip
from core.annotation.errors import MaskwrightError
from core.annotation.splits import parse_shares
from core.formats.capabilities import WRITTEN_FORMATS
from storage.categories import load_label_set
from storage.statistics import load_statistics
from storage.workspace import Workspace

STATES = {"every image with truth": "all", "done images only": "done", "approved images only": "approved"}
EVERY_SPLIT = "every split"
ARCHIVE_PX = 90


@dataclass(frozen=True)
class Lists:
    """The choices that follow the workspace; `read` reads them anew for `outputs`."""

    workspace: Workspace
    outputs: list[gr.Dropdown]

    def read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        with self.workspace.database.read() as session:
            splits = list(load_statistics(session).by_split)
            names = [category.name for category in load_label_set(session)]
        return gr.update(choices=[EVERY_SPLIT, *splits]), gr.update(choices=names)


def build(services: Services) -> Lists:
    """The choice on the left, the report and the file on the right."""
    return _Export(services).build()


class _Export:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs = Jobs()
        self._archives = _Archives()

    def build(self) -> Lists:
        with gr.Row():
            with gr.Column():
                self._build_choice()
            with gr.Column():
                self._build_result()
        self._connect()
        return Lists(self._services.workspace, [self._split, self._categories])

    def _build_choice(self) -> None:
        gr.Markdown("## Export the truth")
        self._format = gr.Dropdown(
            format_choices(WRITTEN_FORMATS), value=WRITTEN_FORMATS[0], label="Format", elem_id="format"
        )
        self._held = gr.HTML(held_by(WRITTEN_FORMATS[0]), elem_id="held", padding=False)
        with gr.Row():
            self._state = gr.Radio(list(STATES), value=next(iter(STATES)), label="Images", elem_id="export-state")
            self._split = gr.Dropdown(
                [EVERY_SPLIT], value=EVERY_SPLIT, label="Split", allow_custom_value=True, elem_id="export-split"
            )
        self._categories = gr.Dropdown(
            [], multiselect=True, label="Only images with a segment of", elem_id="export-categories"
        )
        with gr.Row():
            self._shares = gr.Textbox(
                label="Split anew", placeholder="as recorded, or train=0.8,val=0.2", elem_id="export-shares"
            )
            self._photos = gr.Checkbox(value=True, label="with the photos", elem_id="export-photos")

    def _build_result(self) -> None:
        gr.Markdown("## Write it")
        with gr.Row():
            self._zip = gr.Button("Make a zip", variant="primary", elem_id="export")
            self._cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="export-cancel")
        if self._services.on_this_machine:
            self._build_folder()
        self._report = gr.HTML(elem_id="export-report", padding=False, min_height=100)
        self._archive = gr.File(label="Download", interactive=False, height=ARCHIVE_PX, elem_id="archive")
        self._token = gr.Textbox(visible="hidden")

    def _build_folder(self) -> None:
        with gr.Row(equal_height=True):
            self._folder = gr.Textbox(
                label="Or a folder on this machine", placeholder="/data/exports/first", elem_id="export-folder", scale=3
            )
            with gr.Column(scale=2, min_width=180):
                self._replace = gr.Checkbox(label="replace the export there", elem_id="export-replace")
                self._write = gr.Button("Write into the folder", elem_id="export-write")

    def _connect(self) -> None:
        self._format.change(held_by, self._format, self._held, api_visibility="private", show_progress="hidden")
        settings = [self._format, self._state, self._split, self._categories, self._shares, self._photos]
        result = [self._report, self._archive]
        starts = [self._zip]
        if self._services.on_this_machine:
            starts.append(self._write)
        job = JobButtons(self._jobs, kind="export", starts=starts, cancel=self._cancel, token=self._token)
        job.connect(self._zip, self._to_zip, settings, result)
        if self._services.on_this_machine:
            job.connect(self._write, self._to_folder, [*settings, self._folder, self._replace], result)

    def _to_zip(
        self,
        token: str,
        name: str,
        state: str,
        split: str | None,
        categories: Sequence[str],
        shares: str,
        photos: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Markup, str | None]:
        target = self._archives.fresh() / f"maskwright-{name}.zip"

        def write() -> ExportReport:
            return export_zip(
                self._services.workspace,
                name,
                target,
                choice=choice_of(state, split, categories, shares),
                photos=photos,
                progress=shown_on(progress, "images"),
                cancelled=self._jobs.cancelled(token),
            )

        shown = self._report_of(token, write)
        return shown, str(target) if target.exists() else None

    def _to_folder(
        self,
        token: str,
        name: str,
        state: str,
        split: str | None,
        categories: Sequence[str],
        shares: str,
        photos: bool,
        folder: str,
        replace: bool,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
    ) -> tuple[Markup, None]:
        def write() -> ExportReport:
            return export_workspace(
                self._services.workspace,
                name,
                folder_here(folder),
                choice=choice_of(state, split, categories, shares),
                photos=photos,
                replace=replace,
                progress=shown_on(progress, "images"),
                cancelled=self._jobs.cancelled(token),
            )

        return self._report_of(token, write), None

    def _report_of(self, token: str, write: Callable[[], ExportReport]) -> Markup:
        try:
            report = write()
        except MaskwrightError as error:
            return element("p", text(str(error)), kind="mw-bad")
        finally:
            self._jobs.end(token)
        return _shown(report)


def choice_of(state: str, split: str | None, categories: Sequence[str], shares: str) -> Choice:
    """The choice that the page's fields make; an empty box is one without a wish."""
    return Choice(
        state=STATES[state],
        split=None if split in (None, "", EVERY_SPLIT) else split,
        categories=tuple(categories),
        shares=parse_shares(shares) if shares.strip() else None,
    )


def _shown(report: ExportReport) -> Markup:
    head, *rest = report.lines()
    return join(element("p", text(head)), lines(rest))


class _Archives:
    """Where the newest export lies until the next; Gradio serves a copy of its own. All go when the server ends."""

    def __init__(self) -> None:
        self._newest: tempfile.TemporaryDirectory[str] | None = None

    def fresh(self) -> Path:
        if self._newest is not None:
            self._newest.cleanup()
        self._newest = tempfile.TemporaryDirectory(prefix="maskwright-export-")
        return Path(self._newest.name)
