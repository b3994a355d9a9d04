"""Snapshots: which images a run saw, at which revisions, and on which side of the split; never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from core.annotation.labels import Category, LabelSet
from storage.categories import load_label_set
from storage.errors import NotFound
from storage.tables import Part, SnapshotImageRow, SnapshotRow


@dataclass(frozen=True)
class SnapshotImage:
    """An image of a snapshot; `storage.corrections.rebuild` gives its truth at `revision`."""

    image_id: int
    revision: int
    part: Part


@dataclass(frozen=True)
class Snapshot:
    """A frozen data set; `label_set` is that of the moment it was taken, `images` go by id."""

    id: int
    created_at: datetime
    label_set: LabelSet
    images: tuple[SnapshotImage, ...]

    def part(self, part: Part) -> tuple[SnapshotImage, ...]:
        """The images of one side of the split."""
        return tuple(image for image in self.images if image.part is part)


def add_snapshot(session: Session, images: Iterable[SnapshotImage]) -> Snapshot:
    """Freeze these images with the present label set; at least one."""
    chosen = tuple(sorted(images, key=lambda image: image.image_id))
    assert chosen, "a snapshot has at least one image"
    label_set = load_label_set(session)
    row = SnapshotRow(created_at=datetime.now(UTC), categories=[_category_values(category) for category in label_set])
    session.add(row)
    session.flush()
    session.execute(insert(SnapshotImageRow), [{"snapshot_id": row.id, **vars(image)} for image in chosen])
    return Snapshot(row.id, row.created_at, label_set, chosen)


def load_snapshot(session: Session, snapshot_id: int) -> Snapshot:
    """The snapshot with this number. Raises NotFound."""
    row = session.get(SnapshotRow, snapshot_id)
    if row is None:
        numbers = session.scalars(select(SnapshotRow.id).order_by(SnapshotRow.id)).all()
        known = f"there are {', '.join(map(str, numbers))}" if numbers else "there is none yet; a run takes one"
        raise NotFound(f"the workspace has no snapshot {snapshot_id}: {known}")
    columns = SnapshotImageRow.image_id, SnapshotImageRow.revision, SnapshotImageRow.part
    rows = session.execute(
        select(*columns).where(SnapshotImageRow.snapshot_id == snapshot_id).order_by(SnapshotImageRow.image_id)
    )
    label_set = LabelSet.of(
        Category(number, name, is_thing, tuple(colour)) for number, name, is_thing, colour in row.categories
    )
    return Snapshot(row.id, row.created_at, label_set, tuple(SnapshotImage(*values) for values in rows))


def _category_values(category: Category) -> list[object]:
    return [category.id, category.name, category.is_thing, list(category.colour)]
