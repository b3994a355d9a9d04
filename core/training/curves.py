"""A run's curves as one picture: loss, its terms, the learning rate, and the scores on held-back images."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.annotation.errors import TrainingError
from core.annotation.files import write_atomically
from core.training.journal import Journal
from core.training.run_folder import CURVES_NAME, METRICS_NAME

if TYPE_CHECKING:
    from matplotlib.axes import Axes

logger = logging.getLogger(__name__)

Values = npt.NDArray[np.float64]

SIZE_INCHES = (10.0, 7.0)
DOTS_PER_INCH = 100
# matplotlib's cycle has ten colours; past eight, lines and legend cannot be told apart at this size.
MOST_LINES = 8
# Where the legend stands, in shares of its axes: below the numbers of the steps, on no curve.
BELOW = (0.5, -0.16)
# What a step's record holds beside the terms of its loss.
NOT_TERMS = frozenset(
    ("kind", "step", "seconds", "fraction", "remaining_s", "rate", "loss", "gradient_norm", "left_out", "images_per_s")
)
NOT_SCORES = frozenset(("kind", "step", "seconds"))


def draw_curves(records: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Draw a run's journal as a PNG of 1000×700 pixels at `path`, written whole or not at all.

    records: as `Journal.records` gives them. A number that is missing or not finite leaves a gap in its curve; at most
    MOST_LINES terms and scores are drawn, the first ones.
    Raises TrainingError when there is no step yet.
    """
    # matplotlib takes most of a second to import, and only those who draw should wait.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps, scores = _by_kind(records)
    if not steps:
        raise TrainingError("the run has no step yet; its curves can be drawn from the first step on")
    figure = Figure(figsize=SIZE_INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    (loss, terms), (held_back, rate) = figure.subplots(2, 2)
    _draw_loss(loss, steps)
    _draw_smoothed(terms, steps, names_of(steps, NOT_TERMS))
    _draw_scores(held_back, scores, names_of(scores, NOT_SCORES))
    _draw_rate(rate, steps)
    with write_atomically(path) as file:
        figure.savefig(file, format="png")


def draw_run(folder: Path) -> None:
    """Draw the journal in a run's folder beside it; no training ends because its picture cannot be drawn."""
    try:
        draw_curves(Journal(folder / METRICS_NAME).records(), folder / CURVES_NAME)
    except (OSError, TrainingError) as error:
        logger.warning("%s: no new %s (%s)", folder, CURVES_NAME, error)


def column(records: Sequence[Mapping[str, Any]], name: str) -> Values:
    """One number of each record, float64 [R]; NaN where it is missing, none or infinite."""
    values = np.array([_number(record.get(name)) for record in records], dtype=np.float64)
    values[~np.isfinite(values)] = np.nan
    return values


def smooth(values: Values) -> Values:
    """The running mean of values [R] over about a tenth of them, recent ones weighted most; NaN is passed over.

    Each value stands for itself at the start, so the curve begins where the values do (Kingma and Ba 2015, section 3).
    """
    keep = 1 - 1 / max(1.0, values.size / 10)
    total = weight = 0.0
    means = np.full(values.shape, np.nan)
    for place, value in enumerate(values):
        if not np.isnan(value):
            total, weight = keep * total + (1 - keep) * value, keep * weight + (1 - keep)
        if weight:
            means[place] = total / weight
    return means


def names_of(records: Sequence[Mapping[str, Any]], others: frozenset[str]) -> list[str]:
    """The names of the numbers in the records, in the order in which they first come."""
    return list(dict.fromkeys(name for record in records for name in record if name not in others))


def _by_kind(records: Iterable[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    steps, scores = [], []
    for record in records:
        if record["kind"] == "step":
            steps.append(record)
        elif record["kind"] == "scores":
            scores.append(record)
    return steps, scores


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _draw_loss(axes: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    values = column(steps, "loss")
    place = column(steps, "step")
    axes.plot(place, values, color="tab:blue", alpha=0.3, linewidth=1, label="each record")
    axes.plot(place, smooth(values), color="tab:blue", linewidth=2, label="running mean")
    _finish(axes, "Loss")


def _draw_smoothed(axes: Axes, steps: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    place = column(steps, "step")
    for name in names[:MOST_LINES]:
        axes.plot(place, smooth(column(steps, name)), linewidth=1.5, label=_legend(name))
    _finish(axes, _counted("Terms of the loss, running means", names))


def _draw_scores(axes: Axes, scores: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    place = column(scores, "step")
    for name in names[:MOST_LINES]:
        axes.plot(place, column(scores, name), marker="o", markersize=3, linewidth=1.5, label=_legend(name))
    if not scores:
        axes.text(0.5, 0.5, "not judged yet", transform=axes.transAxes, ha="center", va="center", color="gray")
    _finish(axes, _counted("Scores on held-back images", names))


def _draw_rate(axes: Axes, steps: Sequence[Mapping[str, Any]]) -> None:
    axes.plot(column(steps, "step"), column(steps, "rate"), color="tab:gray", linewidth=2)
    axes.set_ylim(bottom=0)
    _finish(axes, "Learning rate, as a share of the highest")


def _legend(name: str) -> str:
    """A name as the legend shows it; matplotlib hides those that begin with an underscore."""
    return name.replace("_", " ").strip()


def _counted(title: str, names: Sequence[str]) -> str:
    return title if len(names) <= MOST_LINES else f"{title}: {MOST_LINES} of {len(names)}"


def _finish(axes: Axes, title: str) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xlabel("step", fontsize=9)
    axes.tick_params(labelsize=9)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlim(left=0)
    if axes.get_legend_handles_labels()[0]:
        legend = axes.legend(fontsize=8, frameon=False, ncols=4, loc="upper center", bbox_to_anchor=BELOW)
        for text in legend.get_texts():
            text.set_parse_math(False)
