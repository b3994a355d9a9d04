"""A model's three views judged on a data set's images; categories are matched by name (see `truths`).

Files do not say which of two overlapping masks is on top; where a pixel has one category, the smaller one is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from core.annotation.labels import LabelSet
from core.inference import postprocess
from core.inference.predictor import Predictor
from core.training.data.images import LabelledImage, Labels, Pixels
from core.training.metrics.answers import found_categories, found_segments, found_things, ids_by_name
from core.training.metrics.average_precision import MaskAveragePrecision, PrecisionScores
from core.training.metrics.mean_iou import MeanIou, SemanticScores
from core.training.metrics.panoptic_quality import PanopticQuality, PanopticScores
from core.training.metrics.reading import LeaveOut, category_reading, first_reading, read_images
from core.training.metrics.truths import category_map, largest_first, panoptic_labels, segment_map, things

Watch = Callable[[], None]

# What `Predictor.panoptic` takes.
PANOPTIC_THRESHOLD = 0.8


def judge_semantic(
    images: Iterable[LabelledImage],
    predictor: Predictor,
    categories: LabelSet,
    *,
    watch: Watch,
    leave_out: LeaveOut = None,
) -> SemanticScores:
    """Mean IoU of `Predictor.semantic`. `watch` is called after each image; leave_out: see `read_images`."""
    metric = MeanIou(categories)
    for _, (pixels, labels) in read_images(images, category_reading, leave_out):
        found = found_categories(predictor.semantic(pixels), predictor.model.label_set, categories)
        metric.add(found, category_map(largest_first(labels), found.shape, categories))
        watch()
    return metric.scores()


def judge_instance(
    images: Iterable[LabelledImage],
    predictor: Predictor,
    categories: LabelSet,
    *,
    watch: Watch,
    leave_out: LeaveOut = None,
) -> PrecisionScores:
    """Mask AP of `Predictor.instance`. As COCO's, it takes the set to label every thing of its categories."""
    metric = MaskAveragePrecision(categories)
    ids = ids_by_name(predictor.model.label_set, categories)
    for _, (pixels, labels) in read_images(images, first_reading, leave_out):
        truth = things(replace(labels, complete=True), pixels.shape[:2], categories)
        metric.add(found_things(predictor.instance(pixels), ids), truth)
        watch()
    return metric.scores()


def judge_panoptic(
    images: Iterable[LabelledImage],
    predictor: Predictor,
    categories: LabelSet,
    *,
    threshold: float = PANOPTIC_THRESHOLD,
    watch: Watch,
    leave_out: LeaveOut = None,
) -> PanopticScores:
    """Panoptic quality of `Predictor.panoptic`. What partial labels leave open is void; see `panoptic_labels`.

    threshold: the least category probability of a segment; where the paper's, the default, is above all that a model
    says, there are no segments. Raises ModelError when it is none.
    """
    model = predictor.model.label_set
    metric = PanopticQuality(categories)
    ids = ids_by_name(model, categories)
    for _, (pixels, labels) in read_images(images, partial(_panoptic_reading, categories), leave_out):
        size = pixels.shape[0], pixels.shape[1]
        (view,) = postprocess.panoptic(predictor.run_network(pixels), [size], model, threshold=threshold)
        metric.add(found_segments(view, ids), segment_map(largest_first(labels), size, categories))
        watch()
    return metric.scores()


def _panoptic_reading(categories: LabelSet, image: LabelledImage) -> tuple[Pixels, Labels]:
    pixels, labels = first_reading(image)
    return pixels, panoptic_labels(image, labels, categories)


def unknown_names(
    images: Iterable[LabelledImage], model: LabelSet, categories: LabelSet, *, leave_out: LeaveOut = None
) -> dict[str, int]:
    """The judged categories that the model does not know, by name: how many masks of them the images have."""
    counts: Counter[str] = Counter()
    for _, labels in read_images(images, LabelledImage.category_labels, leave_out):
        counts.update(labelled.category for labelled in labels.masks if labelled.category is not None)
    return {name: n for name, n in counts.items() if model.named(name) is None and categories.named(name) is not None}
