"""Old model and new, judged on the held-back images and drawn side by side."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.workflows.learning.views import AFTER_FILE, BEFORE_FILE, COMPARED, Comparison
from core.annotation.labels import LabelSet
from core.inference.predictor import Predictor
from core.training.data.images import LabelledImage
from core.training.metrics.judge import judge
from core.training.overlays import DrawnMask, Sample, draw_overlays, drawn_proposals, drawn_truth, write_picture

# Photos in the pictures: as many as fit a screen below each other.
DRAWN = 4
TRUTH = "labels"


@dataclass(frozen=True, eq=False)
class Contender:
    """A model to judge, with the score from which it shows proposals to a person; `sha256` is its weights'."""

    name: str
    sha256: str
    predictor: Predictor
    threshold: float


def compare(before: Contender, after: Contender, images: Sequence[LabelledImage], label_set: LabelSet) -> Comparison:
    """Scores of both models on the images, each on all of them; none without an image."""
    old, new = (_scores(contender, images, label_set) if images else {} for contender in (before, after))
    return Comparison(
        images=len(images),
        before_name=before.name,
        before=old,
        after=new,
        before_sha256=before.sha256,
        before_threshold=before.threshold,
        after_threshold=after.threshold,
    )


def draw_comparison(
    before: Contender, after: Contender, images: Sequence[LabelledImage], label_set: LabelSet, folder: Path
) -> None:
    """Pictures of the first images: the labels beside what the old model proposes, and what the new one does."""
    samples = [_sample(image, (before, after), label_set) for image in images[:DRAWN]]
    for name, columns in ((BEFORE_FILE, (TRUTH, before.name)), (AFTER_FILE, (after.name,))):
        rows = [
            dataclasses.replace(sample, columns={column: sample.columns[column] for column in columns})
            for sample in samples
        ]
        write_picture(draw_overlays(rows), folder / name)


def _scores(contender: Contender, images: Sequence[LabelledImage], label_set: LabelSet) -> Mapping[str, float | None]:
    found = judge(images, contender.predictor, categories=label_set, threshold=contender.threshold)
    values = {name: float(getattr(found, name)) for name in COMPARED}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _sample(image: LabelledImage, contenders: Sequence[Contender], label_set: LabelSet) -> Sample:
    pixels = image.pixels()
    columns: dict[str, tuple[DrawnMask, ...]] = {TRUTH: drawn_truth(image.readers[0]().masks, label_set)}
    for one in contenders:
        proposals = one.predictor.propose(pixels)
        columns[one.name] = drawn_proposals(proposals, label_set, threshold=one.threshold)
    return Sample(image.name, pixels, columns)
