"""All that is asked of a model at a promotion, from one pass of the network an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from core.annotation.labels import LabelSet
from core.annotation.proposals import Proposal
from core.inference import postprocess
from core.inference.predictor import Predictor
from core.training.data.images import LabelledImage, Labels, Pixels
from core.training.metrics.acceptance import Acceptance
from core.training.metrics.answers import found_segments, found_things, ids_by_name
from core.training.metrics.average_precision import Found, MaskAveragePrecision
from core.training.metrics.calibration import Calibration
from core.training.metrics.panoptic_quality import PanopticQuality
from core.training.metrics.reading import LeaveOut, first_reading, read_images
from core.training.metrics.recall import LIMIT, Coverage, cover, recall
from core.training.metrics.truths import ANY, Size, any_things, judged, panoptic_labels, segment_map, things


@dataclass(frozen=True)
class ModelScores:
    """Shares in 0..1; NaN where the images hold nothing to judge by.

    pq, sq, rq: panoptic quality of the segments from the threshold on.   ap, ap50: mask AP of the things, by name.
    ap_any, ap50_any: AP of the proposals, of one category all.   ar, r50, r75: recall of the first proposals.
    accept_rate, named, covered: see `AcceptanceScores`.   calibration_error: see `Reliability`.
    """

    images: int
    pq: float
    sq: float
    rq: float
    ap: float
    ap50: float
    ap_any: float
    ap50_any: float
    ar: float
    r50: float
    r75: float
    accept_rate: float
    named: float
    covered: float
    calibration_error: float


def judge(
    images: Iterable[LabelledImage],
    predictor: Predictor,
    *,
    categories: LabelSet,
    threshold: float,
    limit: int = LIMIT,
    watch: Callable[[], None] | None = None,
    leave_out: LeaveOut = None,
) -> ModelScores:
    """Scores of a model on labelled images; of several readings of an image, the first counts.

    categories: what the truth is judged by; the model's categories are matched by name (see `truths`).
    threshold: the least score of the proposals that a person is shown, and of panoptic segments.   limit: masks of an
    image that count in all but panoptic quality and acceptance, the best ones.   watch: called after each image.
    leave_out: see `read_images`.
    Raises MaskwrightError for an image that cannot be read where none is left out, or a threshold outside 0..1.
    """
    known = judged(categories)
    judges = _Judges(predictor, known, threshold, limit)
    for image, (pixels, labels, mapped) in read_images(images, partial(_read, known), leave_out):
        judges.add(image.name, pixels, labels, mapped)
        if watch is not None:
            watch()
    return judges.scores()


def _read(categories: LabelSet, image: LabelledImage) -> tuple[Pixels, Labels, Labels]:
    pixels, labels = first_reading(image)
    return pixels, labels, panoptic_labels(image, labels, categories)


class _Judges:
    """The metrics side by side."""

    def __init__(self, predictor: Predictor, categories: LabelSet, threshold: float, limit: int) -> None:
        self._predictor, self._categories = predictor, categories
        self._threshold, self._limit = threshold, limit
        self._panoptic = PanopticQuality(categories)
        self._precision = MaskAveragePrecision(categories, limit=limit)
        self._any_precision = MaskAveragePrecision(LabelSet.of([ANY]), limit=limit)
        self._acceptance = Acceptance(threshold)
        self._calibration = Calibration()
        self._covered: list[Coverage] = []

    def add(self, name: str, pixels: Pixels, labels: Labels, mapped: Labels) -> None:
        size = pixels.shape[0], pixels.shape[1]
        output, model = self._predictor.run_network(pixels), self._predictor.model.label_set
        ids = ids_by_name(model, self._categories)
        (view,) = postprocess.panoptic(output, [size], model, threshold=self._threshold)
        self._panoptic.add(found_segments(view, ids), segment_map(mapped, size, self._categories))
        found = found_things(postprocess.instance(output, [size], model, top=self._limit)[0], ids)
        self._precision.add(found, things(labels, size, self._categories))
        self._add_proposals(name, self._predictor.build_proposals(output, size), labels, size)

    def _add_proposals(self, name: str, proposals: list[Proposal], labels: Labels, size: Size) -> None:
        self._any_precision.add([Found(ANY.id, one.score, one.mask) for one in proposals], any_things(labels, size))
        self._acceptance.add(proposals, labels)
        self._calibration.add(proposals[: self._limit], labels)
        truth, masks = [labelled.mask for labelled in labels.masks], [one.mask for one in proposals]
        self._covered.append(cover(name, truth, masks, limit=self._limit))

    def scores(self) -> ModelScores:
        overall, precision = self._panoptic.scores().overall, self._precision.scores()
        any_precision, accepted = self._any_precision.scores(), self._acceptance.scores()
        recalled = recall(self._covered, limit=self._limit)
        return ModelScores(
            images=len(self._covered),
            pq=overall.pq,
            sq=overall.sq,
            rq=overall.rq,
            ap=precision.ap,
            ap50=precision.ap50,
            ap_any=any_precision.ap,
            ap50_any=any_precision.ap50,
            ar=recalled.ar,
            r50=recalled.r50,
            r75=recalled.r75,
            accept_rate=accepted.rate,
            named=accepted.named,
            covered=accepted.covered,
            calibration_error=self._calibration.reliability().expected_error,
        )
