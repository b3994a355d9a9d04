"""The Train page: what there is to learn from, a run as it goes, old against new, and the models.

All that it shows is read from the database and the run's folder: a reload, another tab or a new server show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import gradio as gr

from app.pages import learning_views as views
from app.pages.markup import Markup
from app.pages.run_records import RunRecords
from app.services import Services
from app.workflows import learning
from core.annotation.errors import MaskwrightError, ModelError
from core.training.run_folder import METRICS_NAME

# A run's progress is read so often while one goes on; then nobody waits for the bar, and the server has idle time.
LIVE_S = 1.5
# While none goes on, this tab looks so often whether another tab or a command has begun one.
IDLE_S = 10.0
BEGINNINGS = {
    "the base model, with all corrections: nothing is forgotten": False,
    "the model in use, which goes on learning": True,
}

Updates = dict[gr.components.Component, Any]


def build(pages: gr.Blocks, services: Services) -> None:
    """What to learn from and the start at the left, the run at the right, models and earlier runs below."""
    page = _TrainPage(services)
    _listen(pages.load, page.refresh, (), page.shown)
    _listen(pages.load, page.estimated, (page.minutes,), (page.estimate,))


class _TrainPage:
    """The page's parts and what its buttons do; every look reads anew how things stand."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.workspace = services.workspace
        self.records = RunRecords()
        with gr.Row(elem_id="learning"):
            with gr.Column(scale=2, min_width=340):
                self._build_beginning()
            with gr.Column(scale=3, min_width=480):
                self._build_run()
        self.pictures = gr.HTML(elem_id="pictures", padding=False)
        self._build_models()
        self.told = gr.HTML(elem_id="told", padding=False)
        self.live = gr.Timer(LIVE_S, active=False)
        self.idle = gr.Timer(IDLE_S, active=False)
        # Which run the buttons are about: in another tab a newer one may have ended since.
        self.run_id = gr.Number(visible="hidden", precision=0)
        # How runs and models stood when this tab showed them last.
        self.seen = gr.Textbox(visible="hidden")
        self.readiness = [self.used, self.categories, self.start]
        self.progress = [self.run, self.curves, self.pictures]
        self.buttons = [self.stop, self.resume, self.promote, self.keep, self.run_id]
        self.lists = [self.models, self.chosen, self.runs]
        self.shown = [*self.readiness, *self.progress, *self.buttons, *self.lists, self.told, self.live, self.idle]
        self.shown += [self.seen, self.estimate]
        self._connect()

    def _build_beginning(self) -> None:
        gr.Markdown("## Learn from the corrections")
        self.used = gr.HTML(elem_id="used", padding=False)
        self.minutes = gr.Number(
            learning.DEFAULT_MINUTES,
            label="Minutes to train",
            info="Half a minute suits about twenty images; more images take more.",
            step=0.5,
            elem_id="minutes",
        )
        self.begin = gr.Radio(list(BEGINNINGS), value=next(iter(BEGINNINGS)), label="Begin with", elem_id="begin")
        self.estimate = gr.HTML(elem_id="estimate", padding=False)
        with gr.Row():
            self.start = gr.Button("Start", variant="primary", elem_id="start", min_width=80)
            self.stop = gr.Button("Stop", variant="stop", interactive=False, elem_id="stop", min_width=80)
            self.resume = gr.Button("Resume", visible="hidden", elem_id="resume", min_width=80)
        self.categories = gr.HTML(elem_id="categories-used", padding=False)

    def _build_run(self) -> None:
        gr.Markdown("## The run")
        self.run = gr.HTML(elem_id="run", padding=False)
        with gr.Row():
            self.promote = gr.Button("Promote the new model", variant="primary", visible="hidden", elem_id="promote")
            self.keep = gr.Button("Keep the old model", visible="hidden", elem_id="keep")
        self.curves = gr.HTML(elem_id="curves", padding=False)

    def _build_models(self) -> None:
        gr.Markdown("## Models")
        self.models = gr.HTML(elem_id="models", padding=False)
        with gr.Row(equal_height=True):
            self.chosen = gr.Dropdown(label="Bring back a model", choices=[], scale=3, elem_id="chosen")
            self.use = gr.Button("Use this model", scale=1, elem_id="use")
        gr.Markdown("## Runs")
        self.runs = gr.HTML(elem_id="runs", padding=False)

    def _connect(self) -> None:
        for event, does, given in (
            (self.start.click, self.on_start, (self.minutes, self.begin)),
            (self.stop.click, self.on_stop, (self.run_id,)),
            (self.resume.click, self.on_resume, (self.run_id,)),
            (self.promote.click, self.on_promote, (self.run_id,)),
            (self.keep.click, self.on_keep, (self.run_id,)),
            (self.use.click, self.on_use, (self.chosen,)),
            (self.live.tick, self.on_live, (self.seen,)),
            (self.idle.tick, self.on_idle, (self.minutes, self.seen)),
        ):
            _listen(event, does, given, self.shown)
        _listen(self.minutes.change, self.estimated, (self.minutes,), (self.estimate,))

    def refresh(self, said: Markup | None = None) -> Updates:
        """Everything anew, but for the settings of the next run."""
        try:
            return self._everything(said)
        except MaskwrightError as error:
            return self._trouble(error)

    def on_start(self, minutes: float | None, beginning: str) -> Updates:
        def start() -> str:
            run_id = learning.start_run(
                self.workspace,
                minutes=minutes or 0.0,
                continued=BEGINNINGS[beginning],
                base=self.services.base_model,
                device=self.services.device,
            )
            return f"Run {run_id} has begun. You can go on labelling, and close this page."

        return self._after(start)

    def on_stop(self, run_id: int) -> Updates:
        def stop() -> str:
            learning.stop_run(self.workspace, run_id)
            return f"Run {run_id} was asked to stop; it saves what it has learned first."

        return self._after(stop)

    def on_resume(self, run_id: int) -> Updates:
        def resume() -> str:
            learning.resume_run(self.workspace, run_id)
            return f"Run {run_id} goes on."

        return self._after(resume)

    def on_promote(self, run_id: int) -> Updates:
        return self._after(lambda: self._promote(learning.find_run(self.workspace, run_id).model_id))

    def on_keep(self, run_id: int) -> Updates:
        """The model in use stays; when it is the run's, the one before it comes back."""

        def keep() -> str:
            run, models = learning.find_run(self.workspace, run_id), self._models()
            in_use = _in_use(models)
            if in_use.id != run.model_id:
                return f"{in_use.name} stays in use; the new model is kept in the list."
            wanted = run.parent_sha256 if run.comparison is None else run.comparison.before_sha256
            before = [model for model in models if model.sha256 == wanted]
            if not before:
                raise ModelError("the model before it is no longer here; choose one from the list")
            return self._promote(before[0].id)

        return self._after(keep)

    def on_use(self, model_id: int) -> Updates:
        return self._after(lambda: self._promote(model_id))

    def on_live(self, seen: str) -> Updates:
        """The run's progress alone as long as it goes on, with the lists when they changed; everything when it has
        ended."""
        try:
            newest = learning.newest_run(self.workspace)
            if newest is None or not newest.active:
                return self._everything(None)
            stop = gr.Button(interactive=newest.stoppable)
            updates = {**self._show_progress(newest), self.stop: stop, self.run_id: newest.id}
            models = self._models()
            if self._standing(newest, models) == seen:
                return updates
            return {**updates, **self._show_lists(learning.runs(self.workspace), models)}
        except MaskwrightError as error:
            return self._trouble(error)

    def on_idle(self, minutes: float | None, seen: str) -> Updates:
        """What there is to learn from, which changes as people go on; everything when a run has begun or ended, or a
        model was promoted, elsewhere."""
        try:
            newest, models = learning.newest_run(self.workspace), self._models()
            if self._standing(newest, models) != seen:
                return {**self._everything(None), self.estimate: self.estimated(minutes)}
            return {**self._show_readiness(can=True), self.estimate: self.estimated(minutes)}
        except MaskwrightError as error:
            return self._trouble(error)

    def estimated(self, minutes: float | None) -> Markup:
        """How long until the comparison; nothing while no run can begin, or of no such time."""
        if not minutes or not 0 < minutes <= learning.MOST_MINUTES:
            return Markup("")
        try:
            readiness = self._look()
        except MaskwrightError:
            return Markup("")
        if readiness.problem is not None:
            return Markup("")
        seconds = learning.estimate_s(readiness, minutes)
        return views.show_message(f"About {views.duration(seconds)} until old and new can be compared.")

    def _everything(self, said: Markup | None) -> Updates:
        runs, models = learning.runs(self.workspace), self._models()
        newest = runs[0] if runs else None
        active = newest is not None and newest.active
        return {
            **self._show_readiness(can=not active),
            **self._show_progress(newest),
            **self._show_buttons(newest, _in_use(models)),
            **self._show_lists(runs, models),
            self.told: said or "",
            self.live: gr.Timer(active=active),
            self.idle: gr.Timer(active=not active),
        }

    def _show_readiness(self, *, can: bool) -> Updates:
        readiness = self._look()
        return {
            self.used: views.show_readiness(readiness),
            self.categories: views.show_categories(readiness.categories),
            self.start: gr.Button(interactive=can and readiness.problem is None),
        }

    def _show_progress(self, run: learning.RunView | None) -> Updates:
        records = [] if run is None else self.records.read(run.folder / METRICS_NAME)
        return {
            self.run: views.show_run(run, records, datetime.now(UTC)),
            self.curves: views.show_curves(records),
            self.pictures: "" if run is None else views.show_pictures(run),
        }

    def _show_buttons(self, run: learning.RunView | None, in_use: learning.ModelView) -> Updates:
        active = run is not None and run.active
        early = run is not None and run.state in (learning.RunState.STOPPED, learning.RunState.FAILED)
        made = None if run is None or active else run.model_id
        used = made == in_use.id
        return {
            self.stop: gr.Button(interactive=run is not None and run.stoppable),
            self.resume: gr.Button(visible=_shown(early)),
            self.promote: gr.Button(visible=_shown(made is not None), interactive=not used),
            self.keep: gr.Button(
                "Go back to the old model" if used else "Keep the old model", visible=_shown(made is not None)
            ),
            self.run_id: None if run is None else run.id,
        }

    def _show_lists(self, runs: Sequence[learning.RunView], models: Sequence[learning.ModelView]) -> Updates:
        in_use = _in_use(models).id
        return {
            self.models: views.show_models(models, *self._proposing()),
            self.chosen: gr.Dropdown(choices=[(views.name_choice(model), model.id) for model in models], value=in_use),
            self.runs: views.show_runs(runs),
            self.seen: self._standing(runs[0] if runs else None, models),
        }

    def _after(self, act: Callable[[], str]) -> Updates:
        """What became of a button, and everything anew: another tab may have been first."""
        try:
            said = views.show_message(act())
        except MaskwrightError as error:
            said = views.show_message(str(error), bad=True)
        return self.refresh(said)

    def _trouble(self, error: MaskwrightError) -> Updates:
        return {self.told: views.show_message(str(error), bad=True)}

    def _promote(self, model_id: int | None) -> str:
        if model_id is None:
            raise ModelError("this run made no model; choose one from the list")
        model = learning.promote(self.workspace, model_id, base=self.services.base_model)
        self.services.worker.wake()
        return f"{model.name} is in use; images that are not done show its proposals when you open them next."

    def _look(self) -> learning.Readiness:
        return learning.look(self.workspace, base=self.services.base_model)

    def _proposing(self) -> tuple[str, str | None]:
        """Why the promoted model does not propose here, and the hash of the one that does; "" and None when it does."""
        worker = self.services.worker
        return worker.trouble, worker.model.sha256 if worker.trouble and worker.model else None

    def _standing(self, newest: learning.RunView | None, models: Sequence[learning.ModelView]) -> str:
        """Changes when a run begins or ends, a model is made or promoted, or another one proposes."""
        run = None if newest is None else (newest.id, newest.state.value, str(newest.ended_at))
        return repr((run, len(models), _in_use(models).sha256, self._proposing()))

    def _models(self) -> tuple[learning.ModelView, ...]:
        return learning.models(self.workspace, base=self.services.base_model)


def _listen(
    event: Callable[..., Any],
    does: Callable[..., Any],
    given: Sequence[gr.components.Component],
    shown: Sequence[gr.components.Component],
) -> None:
    """Answer at once, without Gradio's queue and without dimming what may change."""
    event(does, list(given), list(shown), api_visibility="private", show_progress="hidden", queue=False)


def _in_use(models: Sequence[learning.ModelView]) -> learning.ModelView:
    return next(model for model in models if model.promoted)


def _shown(here: bool) -> Literal[True, "hidden"]:
    # "hidden" keeps the button's node and its listeners; False would destroy them.
    return True if here else "hidden"
