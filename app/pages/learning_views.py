"""What the Train page shows, as markup: pure functions of what learning tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image

from app.pages.charts import Line, line_chart, thinned
from app.pages.markup import Markup, element, join, lines, picture, table, text
from app.workflows.learning import BASE_MODEL_ID, CategoryUse, Comparison, ModelView, Readiness, RunState, RunView
from app.workflows.learning.views import AFTER_FILE, BEFORE_FILE
from core.training.curves import NOT_SCORES, NOT_TERMS, column, names_of, smooth

# A run's journal, record by record.
Records = Sequence[Mapping[str, Any]]

# What the scores of a comparison are called, as core.training.metrics defines them.
MEASURES = {
    "pq": "Panoptic quality (PQ)",
    "ap50": "AP50 of things, by category",
    "ap50_any": "AP50 of proposals, of any category",
    "ar": "Recall of 100 proposals (AR)",
    "r50": "Recall at IoU .5",
    "accept_rate": "Accept rate of shown proposals",
    "named": "Accepted with the right category",
    "covered": "Segments that a proposal serves",
}
SHORT_MEASURES = {"pq": "PQ", "ap50": "AP50", "ar": "AR", "r50": "R50", "accept_rate": "Accept rate"}
# Scores are shown to three places; a smaller difference is none.
LEAST_CHANGE = 0.0005
# Below so many held-back images one photo more or less decides, so the page says so.
FEW_HELD_BACK = 10
STATES = {
    RunState.STARTING: "starting",
    RunState.RUNNING: "running",
    RunState.FINISHED: "finished",
    RunState.STOPPED: "stopped",
    RunState.FAILED: "failed",
}


def show_readiness(readiness: Readiness) -> Markup:
    """How many images a run begun now would use, and what is too little."""
    facts = f"{readiness.done} done · {readiness.learn} to learn from · {readiness.held_back} held back to judge by"
    return join(
        element("p", element("b", text("Images: ")), text(facts)),
        *([show_message(readiness.problem, bad=True)] if readiness.problem else []),
        *([element("div", lines(readiness.warnings), kind="mw-warnings")] if readiness.warnings else []),
    )


def show_categories(categories: Sequence[CategoryUse]) -> Markup:
    """The segments that a run begun now would use, by category; those without any are counted."""
    used = [use for use in categories if use.segments or use.held_back]
    rows = [
        (text(use.category), *(text(str(count)) for count in (use.segments, use.images, use.held_back))) for use in used
    ]
    unused = len(categories) - len(used)
    return join(
        *([table(("Category", "Segments", "On images", "Held back"), rows, described="Categories")] if rows else []),
        *([element("p", text(f"Categories without a segment: {unused}"), kind="mw-quiet")] if unused else []),
    )


def show_message(message: str, *, bad: bool = False) -> Markup:
    """A sentence; a bad one stands out. Nothing for none."""
    return element("p", text(message), kind="mw-bad" if bad else "mw-said", role="status") if message else Markup("")


def show_run(run: RunView | None, records: Records, now: datetime) -> Markup:
    """The run that goes on, or the newest: how far it is, and at its end the comparison."""
    if run is None:
        return element("p", text("No run yet. Mark a few corrected images as done, then press Start."), kind="mw-quiet")
    problems = [str(record.get("message", "")) for record in records if record["kind"] == "problem"]
    return join(
        element("h3", text(f"Run {run.id}: {STATES[run.state]}"), kind=f"mw-state mw-{run.state.value}"),
        element("p", text(_origin(run)), kind="mw-quiet"),
        _progress(run, _steps(records), now) if run.active else _ending(run),
        *(show_message(problem, bad=True) for problem in problems[-1:]),
    )


def show_curves(records: Records) -> Markup:
    """Loss and its terms over the steps, and the scores from the second judging on."""
    steps = _steps(records)
    scores = [record for record in records if record["kind"] == "scores"]
    places, loss = column(steps, "step"), column(steps, "loss")
    terms = [
        Line(name, places, smooth(column(steps, name)), number)
        for number, name in enumerate(names_of(steps, NOT_TERMS))
    ]
    judged = [
        Line(name, column(scores, "step"), column(scores, name), number)
        for number, name in enumerate(names_of(scores, NOT_SCORES))
    ]
    return element(
        "div",
        line_chart("Loss", [Line("each record", places, loss, faint=True), Line("running mean", places, smooth(loss))]),
        line_chart("Its terms", terms),
        line_chart("Scores on held-back images", judged) if len(scores) > 1 else Markup(""),
        kind="mw-charts",
    )


def show_comparison(comparison: Comparison) -> Markup:
    """Old and new model side by side, with a mark for better and worse, and a sentence that sums up."""
    if comparison.images == 0:
        return element("p", text("No image was held back, so the two models cannot be compared. Look at the pictures."))
    changes = {name: _change(comparison.before[name], comparison.after[name]) for name in comparison.before}
    rows = [
        (
            text(MEASURES.get(name, name)),
            _score(comparison.before[name]),
            _score(comparison.after[name]),
            _mark(change),
        )
        for name, change in changes.items()
    ]
    headers = ("Measure", f"Before: {comparison.before_name}", "After", "")
    return join(
        element("p", element("b", text(_verdict(comparison.images, list(changes.values())))), kind="mw-verdict"),
        element("p", text(_thresholds(comparison)), kind="mw-quiet"),
        table(headers, rows, described="Old and new model"),
    )


def show_pictures(run: RunView) -> Markup:
    """Proposals before and after on a few images, as far as the run has drawn them, in one row of the same height."""
    shown = []
    for name in (BEFORE_FILE, AFTER_FILE):
        path = run.folder / name
        width = _width(path)
        if width is not None:
            address = f"/api/v1/runs/{run.id}/pictures/{name}?v={path.stat().st_mtime_ns}"
            described = f"Proposals {name.removesuffix('.jpg')} run {run.id}"
            shown.append(picture(address, described=described, style=f"flex: {width} 1 0"))
    return element("div", *shown, kind="mw-pictures") if shown else Markup("")


def show_models(models: Sequence[ModelView], trouble: str = "", proposing_sha256: str | None = None) -> Markup:
    """The models that can be used, the newest first, with where they come from.

    trouble: why the promoted one does not propose, "" when it does.   proposing_sha256: of the one that does instead.
    """
    rows = [
        (
            _use(model, proposing_sha256),
            text(model.name),
            text("came with the program" if model.created_at is None else _moment(model.created_at)),
            text(model.parent or "–"),
            text("–" if model.snapshot_id is None else str(model.snapshot_id)),
            *(_score(model.scores.get(name)) for name in SHORT_MEASURES),
        )
        for model in models
    ]
    headers = ("", "Model", "Made", "From", "Snapshot", *SHORT_MEASURES.values())
    return join(show_message(trouble, bad=True), table(headers, rows, described="Models"))


def show_runs(runs: Sequence[RunView]) -> Markup:
    """All runs, the newest first."""
    if not runs:
        return element("p", text("No run yet."), kind="mw-quiet")
    rows = [
        (
            text(str(run.id)),
            element("span", text(STATES[run.state]), kind=f"mw-state mw-{run.state.value}"),
            text(_moment(run.started_at)),
            text("–" if run.ended_at is None else duration((run.ended_at - run.started_at).total_seconds())),
            text(run.parent_model),
            text(str(run.snapshot_id)),
            text(run.message),
        )
        for run in runs
    ]
    headers = ("Run", "State", "Began", "Took", "From", "Snapshot", "What happened")
    return table(headers, rows, described="Runs")


def name_choice(model: ModelView) -> str:
    """A model's line in the list to choose from."""
    origin = "the base model" if model.id == BASE_MODEL_ID else f"from snapshot {model.snapshot_id}"
    return f"{model.name} ({origin}{', in use' if model.promoted else ''})"


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes / 60:.1f} h"


def _steps(records: Records) -> Records:
    return thinned([record for record in records if record["kind"] == "step" and "step" in record])


def _origin(run: RunView) -> str:
    begun = "continued from" if run.continued else "from"
    return f"{duration(60 * run.minutes)} of training, {begun} {run.parent_model}, on snapshot {run.snapshot_id}"


def _progress(run: RunView, steps: Records, now: datetime) -> Markup:
    if not steps:
        waited = duration((now - run.started_at).total_seconds())
        return join(_bar(0.0), show_message(f"{run.message or 'starting'}, for {waited}"))
    fraction = min(1.0, float(steps[-1].get("fraction", 0.0)))
    told = [f"{fraction:.0%}", f"step {steps[-1]['step']}"]
    loss = smooth(column(steps, "loss"))
    told.append(f"loss {loss[-1]:.3g}")
    if "images_per_s" in steps[-1]:
        told.append(f"{steps[-1]['images_per_s']:.1f} images/s")
    remaining = steps[-1].get("remaining_s") or 0.0
    told.append(f"{duration(remaining)} left" if remaining >= 1 else run.message)
    return join(_bar(fraction), show_message(" · ".join(told)))


def _bar(fraction: float) -> Markup:
    share = f"{100 * fraction:.0f}"
    return element(
        "div",
        element("div", kind="mw-bar-filled", style=f"width: {share}%"),
        kind="mw-progress",
        role="progressbar",
        aria_label="Progress of the run",
        aria_valuenow=share,
    )


def _ending(run: RunView) -> Markup:
    return join(
        show_message(run.message, bad=run.state is RunState.FAILED),
        *([show_comparison(run.comparison)] if run.comparison is not None else []),
    )


def _thresholds(comparison: Comparison) -> str:
    before, after = f"{comparison.before_threshold:.2f}", f"{comparison.after_threshold:.2f}"
    return f"Proposals are shown from a score of {before} before and {after} after."


def _width(path: Path) -> int | None:
    """Of a picture in pixels; None where there is none, or a damaged one."""
    try:
        with Image.open(path) as opened:
            return opened.width
    except OSError:
        return None


def _use(model: ModelView, proposing_sha256: str | None) -> Markup:
    if proposing_sha256 in (None, model.sha256) and (model.promoted or proposing_sha256 is not None):
        return element("b", text("● in use"))
    return text("promoted" if model.promoted else "")


def _change(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _mark(change: float | None) -> Markup:
    if change is None:
        return text("–")
    if abs(change) < LEAST_CHANGE:
        return element("span", text("= same"), kind="mw-quiet")
    better = change > 0
    told = f"▲ +{change:.3f} better" if better else f"▼ −{-change:.3f} worse"
    return element("span", text(told), kind="mw-better" if better else "mw-worse")


def _verdict(images: int, changes: Sequence[float | None]) -> str:
    known = [change for change in changes if change is not None]
    better = sum(change >= LEAST_CHANGE for change in known)
    worse = sum(change <= -LEAST_CHANGE for change in known)
    word = "As good as before" if better == worse else "Better" if better > worse else "Worse"
    counted = f"{better} of {len(known)} measures better, {worse} worse"
    doubt = " With so few images, small differences mean little." if images < FEW_HELD_BACK else ""
    return f"{word} on {images} held-back image{'' if images == 1 else 's'}: {counted}.{doubt}"


def _score(value: float | None) -> Markup:
    return text("–" if value is None else f"{value:.3f}")


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
