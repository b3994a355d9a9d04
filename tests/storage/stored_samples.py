"""Small rows for storage's tests, and one way to correct an image as the page does."""

from __future__ import annotations

import hashlib
import itertools

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.annotation.corrections import Offer, Operation, Request, plan
from core.annotation.errors import CorrectionError
from core.annotation.labels import Category, LabelSet
from core.annotation.mask import Mask
from core.annotation.proposals import ClassScore, Proposal
from core.annotation.truth import Truth
from core.annotation.undo import undo_and_redo
from storage.categories import seed_label_set
from storage.corrections import change_at, log_entries, record
from storage.evidence import NO_EVIDENCE, Evidence
from storage.images import NewImage, add_image
from storage.proposals import get_proposals, load_proposals, save_proposals
from storage.tables import UNLABELLED, CategoryCountRow, ImageCategoryRow, ImageRow, ImageState, SegmentRow
from storage.truths import load_truth

HEIGHT, WIDTH = 12, 16
MODEL = "a" * 64
LABELS = LabelSet(
    (
        Category(1, "dog", True, (200, 30, 30)),
        Category(2, "grass", False, (30, 200, 30)),
        Category(3, "cat", True, (30, 30, 200)),
    )
)

_seqs = itertools.count(1)


def box_mask(index: int) -> Mask:
    """A box of its own for each index from 0 to 99."""
    array = np.zeros((HEIGHT, WIDTH), dtype=bool)
    top, left = index % 10, index // 10
    array[top : top + 2, left : left + 3 + index % 3] = True
    return Mask.from_array(array)


def halves(mask: Mask) -> list[Mask]:
    """The mask, which is wider than a pixel, in a left and a right part; the right one is no larger."""
    array = mask.to_array()
    columns = np.flatnonzero(array.any(axis=0))
    left = array.copy()
    left[:, columns[(columns.size + 1) // 2] :] = False
    return [Mask.from_array(left), Mask.from_array(array & ~left)]


def new_image(name: str = "photo.jpg") -> NewImage:
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return NewImage(sha256, sha256[::-1], "image/jpeg", name, WIDTH, HEIGHT)


def proposals(count: int) -> list[Proposal]:
    """`count` proposals, the first the best; every third is "region"."""
    names = ("dog", "grass", "region")
    return [
        Proposal(
            query=index,
            mask=box_mask(index),
            score=1 - index / 100,
            class_scores=(ClassScore(names[index % 3], 0.75), ClassScore("cat", 0.125)),
        )
        for index in range(count)
    ]


def filled_image(session: Session, name: str = "photo.jpg", count: int = 6) -> int:
    """The id of a new image with proposals, in a workspace with LABELS."""
    seed_label_set(session, LABELS)
    image, _ = add_image(session, new_image(name))
    save_proposals(session, image.id, MODEL, "default", proposals(count))
    return image.id


def proposal_ids(session: Session, image_id: int) -> list[int]:
    return sorted(proposal.id for proposal in load_proposals(session, image_id))


def correct(
    session: Session,
    image_id: int,
    request: Request,
    *,
    user: str = "ann",
    client: str = "page",
    evidence: Evidence = NO_EVIDENCE,
) -> Truth:
    """Plan and record one request at the image's present revision. Raises CorrectionError."""
    truth = load_truth(session, image_id)
    target = None
    if request.operation in (Operation.UNDO, Operation.REDO):
        undoable, redoable = undo_and_redo(log_entries(session, image_id), user)
        target = undoable if request.operation is Operation.UNDO else redoable
        if target is None:
            raise CorrectionError(f"nothing to {request.operation}")
        change = change_at(session, image_id, target)
        change = change.inverse() if request.operation is Operation.UNDO else change
    else:
        offers = {
            stored.id: Offer(stored.id, stored.mask, category.id if (category := LABELS.named(stored.name)) else None)
            for stored in get_proposals(session, image_id, request.proposals)
        }
        change = plan(truth, request, offers)
    return record(
        session,
        image_id=image_id,
        client=client,
        seq=next(_seqs),
        user=user,
        base_revision=truth.revision,
        operation=request.operation,
        target=target,
        change=change,
        evidence=evidence,
        comment=request.comment,
    )


Counts = tuple[list[tuple[int, int, ImageState, int]], list[tuple[int, int, int]]]


def stored_counts(session: Session) -> Counts:
    """(image, category, state, segments) and (category, segments, images), as storage.counts keeps them."""
    one, total = ImageCategoryRow, CategoryCountRow
    by_image = session.execute(select(one.image_id, one.category_id, one.state, one.segments))
    by_category = session.execute(
        select(total.category_id, total.segments, total.images).where((total.segments != 0) | (total.images != 0))
    )
    return sorted(map(tuple, by_image)), sorted(map(tuple, by_category))


def recounted(session: Session) -> Counts:
    """The same, from the segments."""
    row = SegmentRow
    by_image = [
        (image_id, UNLABELLED if category_id is None else category_id, state, segments)
        for image_id, category_id, state, segments in session.execute(
            select(row.image_id, row.category_id, ImageRow.state, func.count())
            .join(ImageRow, ImageRow.id == row.image_id)
            .group_by(row.image_id, row.category_id, ImageRow.state)
        )
    ]
    there = [one for one in by_image if one[2] is not ImageState.DELETED]
    categories = sorted({category_id for _, category_id, _, _ in there})
    each = {number: [one[3] for one in there if one[1] == number] for number in categories}
    return sorted(by_image), [(number, sum(found), len(found)) for number, found in each.items()]
