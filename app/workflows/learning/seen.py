"""Which images a model has learned from: they judge neither it nor what goes on from it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from storage.models import find_model, promoted_model
from storage.snapshots import load_snapshot
from storage.tables import Part


def seen_by(session: Session, models: Iterable[str]) -> set[int]:
    """Ids of the images that these models, by the hashes of their weights, and those they went on from learned from.

    What a model that no run of the workspace made has seen is not known.
    """
    seen: set[int] = set()
    for sha256 in models:
        model = find_model(session, sha256)
        while model is not None:
            seen |= {image.image_id for image in load_snapshot(session, model.snapshot_id).part(Part.LEARN)}
            model = find_model(session, model.parent_sha256)
    return seen


def seen_in_use(session: Session, base_sha256: str) -> set[int]:
    """Those that the promoted model or the base model has learned from: a run begins from one of the two, and its
    model is compared with one of the two."""
    promoted = promoted_model(session)
    return seen_by(session, [base_sha256] if promoted is None else [base_sha256, promoted.sha256])
