"""Judge a model's proposals on the held-back images of data sets, beside a plain grid of masks."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.models import open_predictor
from core.annotation.files import write_atomically
from core.annotation.mask import Mask
from core.annotation.proposals import REGION
from core.inference.predictor import Predictor
from core.training.baselines import grid_masks
from core.training.config import read_config
from core.training.data.images import Pixels
from core.training.data.sources import DataSet, SourceConfig, read_data_set
from core.training.evaluation import Propose, Scores, cover_images, summarise
from core.training.naming import FEW_NAMES, NameScores, judge_names

GRID = "grid of masks"
MODEL = "model"


@dataclass(frozen=True)
class SetScores:
    """One set's scores: of the proposals, the model's and the grid's; of the names that given masks get."""

    name: str
    scores: Mapping[str, Scores]
    names: NameScores


def evaluate(
    *,
    model: str | Path,
    data: tuple[Path, ...],
    config: Path | None = None,
    out: Path | None = None,
    device: str | None = None,
    precision: str = "auto",
    quiet: bool = False,
) -> list[SetScores]:
    """Scores on the held-back images of each set, through the same proposals that a person gets.

    model: a name, folder, file or hub id.   config: the training configuration, for what it says of the sets.
    out: also write the scores there as JSON.
    Raises MaskwrightError for a model or set that cannot be read.
    """
    predictor = open_predictor(model, device=device, precision=precision)
    sources = read_config(config, None).sources
    sets = [read_data_set(folder, sources.get(folder.name, SourceConfig())) for folder in data]
    methods: dict[str, Propose] = {MODEL: lambda pixels: propose_masks(predictor, pixels), GRID: grid_masks}
    results = [
        SetScores(data_set.name, _judge_proposals(data_set, methods, quiet), _judge_names(data_set, predictor, quiet))
        for data_set in sets
    ]
    if out is not None:
        with write_atomically(out) as file:
            file.write(json.dumps([_plain(result) for result in results], indent=1).encode() + b"\n")
    return results


def propose_masks(predictor: Predictor, pixels: Pixels) -> list[Mask]:
    """A photo's masks in the order in which a person sees them."""
    return [proposal.mask for proposal in predictor.propose(pixels)]


def _judge_proposals(data_set: DataSet, methods: Mapping[str, Propose], quiet: bool) -> dict[str, Scores]:
    images = data_set.part("check")
    scores = {}
    for name, propose in methods.items():
        with tqdm(total=len(images), desc=f"{data_set.name}, {name}", unit="photo", disable=quiet) as bar:
            covered = cover_images(images, propose, watch=bar.update)
        scores[name] = summarise(covered)
    return scores


def _judge_names(data_set: DataSet, predictor: Predictor, quiet: bool) -> NameScores:
    """Of the categories that the model knows besides "region"."""
    images = data_set.part("check")
    known = [category.name for category in predictor.model.label_set if category.name != REGION]
    with tqdm(total=len(images), desc=f"{data_set.name}, names", unit="photo", disable=quiet) as bar:
        return judge_names(images, predictor.classify, known, watch=bar.update)


def _plain(result: SetScores) -> dict[str, Any]:
    """For JSON, which has no NaN: a score of no masks is null."""
    values: dict[str, Any] = dataclasses.asdict(result)
    cleaned: dict[str, Any] = json.loads(json.dumps(values), parse_constant=lambda _: None)
    return cleaned


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


def format_table(results: list[SetScores]) -> str:
    """The scores as a Markdown table, one line a set and method; "95 %" is the interval of the column before it.

    Below it a line on names for each set with names that the model knows.
    """
    lines = [("set", "proposals", *COLUMNS), ("---",) * (len(COLUMNS) + 2)]
    for result in results:
        for method, scores in result.scores.items():
            lines.append((result.name, method, *(column(scores) for column in COLUMNS.values())))
    table = "\n".join(f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines)
    return "\n".join([table, *(_names_line(result) for result in results if result.names.masks)])


def _names_line(result: SetScores) -> str:
    names = result.names
    return (
        f"{result.name}: of {names.masks} given masks {_share(names.first)} get their true name first, "
        f"{_share(names.among_few)} among the first {FEW_NAMES} (always the commonest name: {_share(names.commonest)})"
    )


def _share(value: float) -> str:
    return f"{value:.3f}".replace("0.", ".", 1) if value < 1 else f"{value:.3f}"


def _range(interval: tuple[float, float]) -> str:
    return "–".join(_share(value) for value in interval)
