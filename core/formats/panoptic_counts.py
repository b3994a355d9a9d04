"""What the panoptic view, and each format that holds it, leaves out of a truth."""

from __future__ import annotations

from core.annotation.labels import LabelSet
from core.annotation.views import PANOPTIC_VOID, Panoptic, labelled
from core.formats.exported import ExportImage, Loss, Tally, count_covered, count_unlabelled


def count_panoptic(tally: Tally, image: ExportImage, panoptic: Panoptic, label_set: LabelSet) -> None:
    """Count an image that was written as this panoptic view of it."""
    shared = {(part.category_id, part.crowd): part.id for part in panoptic.segments if part.crowd or not part.is_thing}
    own = {part.id for part in panoptic.segments}
    value_of = {}
    for segment, category in labelled(image.truth, label_set):
        if category.is_thing and not segment.crowd:
            number = segment.id if segment.id in own else None
        else:
            number = shared.get((category.id, segment.crowd))
        if number is not None:
            value_of[segment.id] = number
    hidden, covered = count_covered(image.truth, label_set, panoptic.ids, value_of)
    unlabelled = count_unlabelled(image.truth, label_set)
    tally.images += 1
    tally.segments += len(panoptic.segments)
    tally.unlabelled += unlabelled
    tally.hidden += hidden
    tally.covered += covered
    tally.add("merged", len(image.truth.segments) - unlabelled - hidden - len(panoptic.segments))
    tally.add("void", int((panoptic.ids == PANOPTIC_VOID).sum()))


def panoptic_losses(tally: Tally) -> list[Loss]:
    """What was counted, in words."""
    count = tally.counts.get
    return [
        Loss("unlabelled", tally.unlabelled, "unlabelled segment", "left out until labelled"),
        Loss("hidden", tally.hidden, "segment", "left out: wholly covered by others"),
        Loss("covered", tally.covered, "segment", "without the part that others cover"),
        Loss("merged", count("merged", 0), "stuff or crowd segment", "merged with another of the same category"),
        Loss("void", count("void", 0), "pixel", "left void: no segment is there, or an unlabelled one on top"),
    ]
