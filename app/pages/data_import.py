"""Import a data set: look into it, settle what clashes, take it in."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from app.pages.data_plans import Plans, gathered, open_plan
from app.pages.data_words import folder_here, format_choices, import_shown, plan_shown
from app.pages.markup import Markup, element, text
from app.pages.page_jobs import JobButtons, Jobs, shown_on, switched, user_name
from app.services import Services
from app.workflows.importing import Clash, ImportPlan, ImportReport, ImportRequest, import_data, replan
from core.annotation.errors import FormatError, MaskwrightError
from core.formats.capabilities import READ_FORMATS
from storage.categories import load_label_set

# Shown at once; with more, those that are settled make room for the next.
CLASHES_SHOWN = 8
PICKER_PX = 120
REPORT_PX = 90
OFF = gr.update(interactive=False)
HIDDEN = gr.update(visible="hidden")
NO_CLASH = gr.update(visible="hidden", value=None)
NO_FILE = gr.update(value=None, visible="hidden")


def build(services: Services) -> Dependency:
    """What to import on the left, what becomes of it on the right; returns the event after an import."""
    return _Import(services).build()


class _Import:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._workspace = services.workspace
        self._jobs = Jobs()
        self._plans = Plans()
        self._reports = _Reports()

    def build(self) -> Dependency:
        with gr.Row():
            with gr.Column(scale=2, min_width=380):
                self._build_request()
            with gr.Column(scale=3, min_width=480):
                self._build_plan()
        return self._connect()

    def _build_request(self) -> None:
        gr.Markdown("## Import a data set")
        self._format = gr.Dropdown(
            format_choices(READ_FORMATS), value=READ_FORMATS[0], label="Format", elem_id="import-format"
        )
        self._files = gr.File(
            label="A zip of it, or its files", file_count="multiple", height=PICKER_PX, elem_id="import-files"
        )
        self._places: list[gr.Textbox] = []
        if self._services.on_this_machine:
            with gr.Row():
                self._places = [
                    gr.Textbox(label="Or its place on this machine", placeholder="/data/set", elem_id="import-path"),
                    gr.Textbox(label="Its photos, if elsewhere", elem_id="import-images"),
                ]
        with gr.Row():
            self._look = gr.Button("Look into it", elem_id="import-look", min_width=80)
            self._take = gr.Button("Import", variant="primary", interactive=False, elem_id="import-take", min_width=80)
            self._cancel = gr.Button("Cancel", variant="stop", interactive=False, elem_id="import-cancel", min_width=80)

    def _build_plan(self) -> None:
        gr.Markdown("## What becomes of it")
        self._report = gr.HTML(elem_id="import-report", padding=False)
        self._file = gr.File(label="The whole report", visible="hidden", height=REPORT_PX, elem_id="import-report-file")
        self._all = gr.Button("Take every suggestion", visible="hidden", elem_id="import-suggested")
        self._clashes = [
            gr.Dropdown(
                [],
                label="clash",
                allow_custom_value=True,
                visible="hidden",
                elem_id=f"clash-{number}",
            )
            for number in range(CLASHES_SHOWN)
        ]
        self._plan = gr.HTML(elem_id="import-plan", padding=False, min_height=100)
        self._key = gr.Textbox(visible="hidden")
        self._token = gr.Textbox(visible="hidden")

    def _connect(self) -> Dependency:
        planned = [self._key, self._plan, self._take, self._all, *self._clashes]
        said = [self._report, self._file]
        given = [self._key, self._format, self._files, *self._places]
        self._look.click(
            self._on_look,
            given,
            [*planned, *said],
            api_visibility="private",
            concurrency_limit=1,
            concurrency_id="import",
        )
        self._all.click(self._on_all, self._key, [*planned, *said], api_visibility="private")
        asked = [self._format.change, self._files.change, *(place.change for place in self._places)]
        for changed in asked:
            # What was looked into is no longer what is asked for. The server's answer could come after the next plan.
            changed(None, outputs=self._take, js=switched([self._take], on=False), api_visibility="private")
        job = JobButtons(
            self._jobs, kind="import", starts=[self._look], cancel=self._cancel, token=self._token, off=[self._take]
        )
        return job.connect(self._take, self._on_take, [self._key, *self._clashes], [*planned, *said])

    def _on_look(
        self, key: str, name: str, files: Sequence[str] | None, place: str = "", images: str = ""
    ) -> list[Any]:
        self._plans.drop(key)

        def request(folder: Path) -> ImportRequest:
            photos = folder_here(images) if images.strip() else None
            return ImportRequest(name, _place(files or (), place, folder), photos)

        try:
            plan = open_plan(self._workspace, request)
        except MaskwrightError as error:
            return [*self._shown("", None), _failed(error), NO_FILE]
        return [*self._shown(self._plans.keep(plan), plan), None, NO_FILE]

    def _on_take(
        self,
        token: str,
        key: str,
        request: gr.Request,
        progress: gr.Progress = gr.Progress(),  # noqa: B008
        *settled: str | None,
    ) -> list[Any]:
        try:
            plan = self._plans.take(key)
        except MaskwrightError as error:
            return [*self._shown("", None), _failed(error), NO_FILE]
        try:
            plan = self._settled(plan, settled, user_name(request))
            if plan.clashes:
                return [*self._put_back(key, plan), _said("Some categories still clash: choose again."), NO_FILE]
            report = import_data(
                self._workspace,
                plan,
                progress=shown_on(progress, "images"),
                cancelled=self._jobs.cancelled(token),
            )
        except MaskwrightError as error:
            return [*self._put_back(key, plan), _failed(error), NO_FILE]
        finally:
            self._jobs.end(token)
        plan.close()
        self._services.worker.wake()
        return [*self._shown("", None), import_shown(report), self._reports.write(report)]

    def _on_all(self, key: str) -> list[Any]:
        try:
            plan = self._plans.take(key)
        except MaskwrightError as error:
            return [*self._shown("", None), _failed(error), NO_FILE]
        mapping = {clash.option: clash.suggestion for clash in plan.clashes}
        plan = replan(self._workspace, plan, {**plan.request.mapping, **mapping})
        return [*self._put_back(key, plan), None, NO_FILE]

    def _settled(self, plan: ImportPlan, settled: Sequence[str | None], user: str) -> ImportPlan:
        """The plan with what was chosen for the clashes that were shown."""
        chosen = zip(plan.clashes[:CLASHES_SHOWN], settled, strict=False)
        mapping = {clash.option: (name or "").strip() or clash.suggestion for clash, name in chosen}
        plan = replace(plan, request=replace(plan.request, user=user))
        return replan(self._workspace, plan, {**plan.request.mapping, **mapping}) if mapping else plan

    def _put_back(self, key: str, plan: ImportPlan) -> list[Any]:
        self._plans.put_back(key, plan)
        return self._shown(key, plan)

    def _shown(self, key: str, plan: ImportPlan | None) -> list[Any]:
        """The plan as the page has it: its key, its words, the Import button and the clashes."""
        if plan is None:
            return [key, None, OFF, HIDDEN, *([NO_CLASH] * CLASHES_SHOWN)]
        with self._workspace.database.read() as session:
            names = [category.name for category in load_label_set(session)]
        clashes = [_asked(clash, names) for clash in plan.clashes[:CLASHES_SHOWN]]
        clashes += [NO_CLASH] * (CLASHES_SHOWN - len(clashes))
        suggested = gr.update(visible=True if len(plan.clashes) > 1 else "hidden")
        return [key, plan_shown(plan), gr.update(interactive=True), suggested, *clashes]


def _failed(error: MaskwrightError) -> Markup:
    return element("p", text(str(error)), kind="mw-bad")


def _said(sentence: str) -> Markup:
    return element("p", text(sentence))


def _place(files: Sequence[str], place: str, folder: Path) -> Path:
    if files:
        return gathered(files, folder)
    if place.strip():
        return folder_here(place)
    raise FormatError("choose a zip of the data set or its files first")


def _asked(clash: Clash, names: Sequence[str]) -> dict[str, Any]:
    label = f"Category {clash.category.id} {clash.category.name!r} {clash.reason}. It becomes"
    return gr.update(label=label, choices=list(names), value=clash.suggestion, visible=True)


class _Reports:
    """The newest import's whole report as a file; Gradio serves a copy of its own."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="maskwright-import-")

    def write(self, report: ImportReport) -> dict[str, Any]:
        path = Path(self._folder.name) / "import-report.json"
        report.write(path)
        return gr.update(value=str(path), visible=True)
