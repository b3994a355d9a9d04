"""Scores as Markdown tables, for the terminal and the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from app.workflows.evaluate import ProposalResult, Result, ViewResult
from core.training.data.sources import summary_of
from core.training.metrics.average_precision import PrecisionScores
from core.training.metrics.mean_iou import SemanticScores
from core.training.metrics.panoptic_quality import PanopticScores, Quality
from core.training.metrics.recall import Scores
from core.training.naming import FEW_NAMES

_Scored = TypeVar("_Scored")

COLUMNS: Mapping[str, Callable[[Scores], str]] = {
    "photos": lambda s: str(s.photos),
    "AR100": lambda s: _share(s.overall.ar),
    "95 %": lambda s: _range(s.ar_interval),
    "R50": lambda s: _share(s.overall.r50),
    "R75": lambda s: _share(s.overall.r75),
    "AR medium": lambda s: _share(s.medium.ar),
    "AR large": lambda s: _share(s.large.ar),
    "R50 large": lambda s: _share(s.large.r50),
    "95 % ": lambda s: _range(s.r50_large_interval),
    "R75 large": lambda s: _share(s.large.r75),
    "IoU": lambda s: _share(s.overall.mean_iou),
    "IoU@10": lambda s: _share(s.few.mean_iou),
    "COCO AR": lambda s: _share(s.coco_ar),
}
SEMANTIC_COLUMNS: Mapping[str, Callable[[SemanticScores], str]] = {
    "photos": lambda s: str(s.images),
    "mIoU": lambda s: _share(s.mean_iou),
    "pixel accuracy": lambda s: _share(s.accuracy),
}
INSTANCE_COLUMNS: Mapping[str, Callable[[PrecisionScores], str]] = {
    "photos": lambda s: str(s.images),
    "masks": lambda s: str(s.masks),
    "AP": lambda s: _share(s.ap),
    "AP50": lambda s: _share(s.ap50),
    "AP75": lambda s: _share(s.ap75),
    "AP small": lambda s: _share(s.small),
    "AP medium": lambda s: _share(s.medium),
    "AP large": lambda s: _share(s.large),
}
QUALITY_COLUMNS: Mapping[str, Callable[[Quality], str]] = {
    "PQ": lambda q: _share(q.pq),
    "SQ": lambda q: _share(q.sq),
    "RQ": lambda q: _share(q.rq),
    "matched": lambda q: str(q.matched),
    "wrong": lambda q: str(q.wrong),
    "missed": lambda q: str(q.missed),
}


def format_table(results: Sequence[Result]) -> str:
    """The scores of sets judged in one way as a Markdown table; "95 %" is the interval of the column before it.

    Below it, for proposals: a line on names for each set with names that the model knows, and one on the scores'
    reliability. For a view: a line on categories that the model does not know. For both: on images left out.
    """
    views = [result for result in results if isinstance(result, ViewResult)]
    proposals = [result for result in results if isinstance(result, ProposalResult)]
    notes = [
        *(note for one in proposals for note in _notes(one)),
        *(_unknown_line(one) for one in views if one.unknown),
        *(f"{one.name}: {summary_of(one.skipped)}" for one in results if one.skipped),
    ]
    return "\n".join([*_markdown(_proposal_rows(proposals)), *_markdown(_view_rows(views)), *notes])


def _proposal_rows(results: Iterable[ProposalResult]) -> list[tuple[str, ...]]:
    rows = [
        (result.name, method, *_cells(COLUMNS, scores))
        for result in results
        for method, scores in result.scores.items()
    ]
    return [("set", "proposals", *COLUMNS), *rows] if rows else []


def _view_rows(results: Iterable[ViewResult]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for result in results:
        heading, lines = _view(result.scores)
        rows += [] if rows else [("set", *heading)]
        rows += [(result.name, *line) for line in lines]
    return rows


def _view(scores: SemanticScores | PrecisionScores | PanopticScores) -> tuple[list[str], list[list[str]]]:
    """The heading and the lines of one set."""
    if isinstance(scores, SemanticScores):
        return list(SEMANTIC_COLUMNS), [_cells(SEMANTIC_COLUMNS, scores)]
    if isinstance(scores, PrecisionScores):
        return list(INSTANCE_COLUMNS), [_cells(INSTANCE_COLUMNS, scores)]
    kinds = {"all": scores.overall, "things": scores.things, "stuff": scores.stuff}
    lines = [[str(scores.images), kind, *_cells(QUALITY_COLUMNS, quality)] for kind, quality in kinds.items()]
    return ["photos", "categories", *QUALITY_COLUMNS], lines


def _cells(columns: Mapping[str, Callable[[_Scored], str]], scores: _Scored) -> list[str]:
    return [column(scores) for column in columns.values()]


def _markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """The first row is the heading; nothing of nothing."""
    if not rows:
        return []
    lines = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    return [f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines]


def _notes(result: ProposalResult) -> list[str]:
    notes = []
    if result.names.masks:
        names = result.names
        notes.append(
            f"{result.name}: of {names.masks} given masks {_share(names.first)} get their true name first, "
            f"{_share(names.among_few)} among the first {FEW_NAMES} "
            f"(always the commonest name: {_share(names.commonest)})"
        )
    counted = sum(result.reliability.counts)
    if counted:
        error = _share(result.reliability.expected_error)
        notes.append(
            f"{result.name}: the scores of {counted} proposals are off by {error} on average (IoU ≥ .5 is right)"
        )
    return notes


def _unknown_line(result: ViewResult) -> str:
    listed = ", ".join(f"{name} ({count})" for name, count in sorted(result.unknown.items(), key=lambda item: -item[1]))
    return (
        f"{result.name}: the model does not know {sum(result.unknown.values())} masks' categories, all missed: {listed}"
    )


def _share(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if value < 1 else f"{value:.3f}"


def _range(interval: tuple[float, float]) -> str:
    return "–".join(_share(value) for value in interval)
