"""What imports write: staged as lines of text while nobody waits, then put into the tables in bulk.

All that takes time is in a line already: masks measured, the log's change encoded. `insert_staged` belongs into one
transaction with `add_categories`, so that an import is there whole or not at all.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import JSON, Dialect, Table, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from core.annotation.changes import Change, SegmentChange, change_to_json
from core.annotation.corrections import Operation
from core.annotation.errors import StorageError
from core.annotation.labels import Category
from core.annotation.truth import Progress, Segment, Source
from storage.categories import category_values, stored_colour
from storage.counts import change_counts
from storage.images import NewImage, new_image_values, state_of
from storage.masks import mask_values
from storage.person_counts import count_corrections
from storage.tables import CategoryRow, CorrectionRow, ImageRow, ImageState, SegmentRow
from storage.transactions import to_json

# Views of an image are 32-bit label maps.
MAX_CATEGORY_ID = 2**31 - 1
# As much as one statement takes, and little memory also where masks are noise.
_IMAGES_AT_ONCE = 500
_TEXT_AT_ONCE = 16_777_216
_NO_PROPOSALS = "[]"
_NO_EVIDENCE = "[]"


class _Encoded(TypeDecorator[str]):
    """JSON that is text already: it is stored as it stands."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        return None


@dataclass(frozen=True)
class KnownCategory:
    """A category of the workspace; a removed one keeps its id."""

    category: Category
    in_use: bool


@dataclass(frozen=True)
class KnownImage:
    """What an import asks of a photo that is here already. `labelled`: it has a segment, or people have said
    how far it is: done, skipped, deleted …

    split, source_id: as the image has them, see NewImage.
    """

    sha256: str
    id: int
    revision: int
    last_segment_id: int
    labelled: bool
    split: str
    source_id: int | None


@dataclass(frozen=True)
class StagedImage:
    """An image with the segments that an import brings, from the bottom to the top; None: it brings no truth.

    image: a stored one that gets the truth also gets this split and source_id.
    revision, last_segment_id: the stored image's that the segments' ids were chosen for, 0 for a new one.
    done: whether the segments are all of its truth.
    """

    image: NewImage
    segments: tuple[Segment, ...] | None
    done: bool
    revision: int = 0
    last_segment_id: int = 0


@dataclass
class Inserted:
    """What went into the tables: new images, images that got their truth, its segments; and known images with
    nothing to gain, and those that were labelled, here or meanwhile, and keep what they have."""

    added: int = 0
    labelled: int = 0
    segments: int = 0
    known: int = 0
    kept: int = 0


def load_known_categories(session: Session) -> tuple[KnownCategory, ...]:
    """All categories the workspace ever had, by id."""
    rows = session.execute(
        select(
            CategoryRow.id, CategoryRow.name, CategoryRow.is_thing, CategoryRow.colour, CategoryRow.removed_at
        ).order_by(CategoryRow.id)
    )
    return tuple(
        KnownCategory(Category(number, name, thing, stored_colour(colour)), removed_at is None)
        for number, name, thing, colour, removed_at in rows
    )


def find_known_images(session: Session, sha256s: Sequence[str]) -> dict[str, KnownImage]:
    """Those of the photos that the workspace has, by their files' hashes."""
    has_segment = select(SegmentRow.image_id).where(SegmentRow.image_id == ImageRow.id).exists()
    rows = session.execute(
        select(
            ImageRow.sha256,
            ImageRow.id,
            ImageRow.revision,
            ImageRow.last_segment_id,
            or_(ImageRow.state.not_in((ImageState.NEW, ImageState.IN_WORK)), has_segment),
            ImageRow.split,
            ImageRow.source_id,
        ).where(ImageRow.sha256.in_(sha256s))
    )
    return {values[0]: KnownImage(*values) for values in rows}


def add_categories(session: Session, categories: Sequence[Category]) -> None:
    """Put new categories, ids as they are, at the end of the label set; a removed one comes back with its id.

    Raises StorageError when another name has the id, or another id the name, by now.
    """
    known = load_known_categories(session)
    by_id = {one.category.id: one for one in known}
    in_use = {one.category.name for one in known if one.in_use}
    last = session.scalar(select(func.max(CategoryRow.position)))
    position = -1 if last is None else last
    for category in categories:
        position += 1
        owner = by_id.get(category.id)
        if category.name in in_use or (owner is not None and owner.category.name != category.name):
            raise StorageError(
                f"category {category.id} {category.name!r} clashes with the label set, which changed meanwhile; "
                "import again"
            )
        values = category_values(category, position)
        session.execute(insert(CategoryRow) if owner is None else update(CategoryRow), [values])


def check_categories(session: Session, categories: Iterable[Category]) -> None:
    """Raises StorageError when one of them is no longer in the label set under its id and name."""
    in_use = {(one.category.id, one.category.name) for one in load_known_categories(session) if one.in_use}
    for category in categories:
        if (category.id, category.name) not in in_use:
            raise StorageError(
                f"category {category.id} {category.name!r} was renamed or removed meanwhile; import again"
            )


def staged_line(staged: StagedImage) -> str:
    """The image as one line of text, without its end."""
    if staged.segments is None:
        return to_json([vars(staged.image), None])
    change = Change(
        tuple(SegmentChange(None, segment) for segment in staged.segments),
        progress=(Progress.OPEN, Progress.DONE) if staged.done else None,
    )
    last = max([staged.last_segment_id, *(segment.id for segment in staged.segments)])
    truth = {
        "revision": staged.revision,
        "last_segment_id": staged.last_segment_id,
        "new_last_segment_id": last,
        "done": staged.done,
        "segments": [_segment_values(segment) for segment in staged.segments],
        "change": to_json(change_to_json(change)),
    }
    return to_json([vars(staged.image), truth])


def insert_staged(session: Session, lines: Iterable[str], *, client: str, user: str) -> Inserted:
    """Put staged images into the tables, each truth with a line of the log; see StagedImage for those that are here.

    lines: of `staged_line`, no photo twice but one without truth before its truth; read a few at a time. `client`
    names the import for ever.
    """
    inserted = Inserted()
    seq = 0
    for batch in _batches(lines):
        seq = _insert_batch(session, batch, inserted, client=client, user=user, seq=seq)
    return inserted


_Staged = list[Any]


def _batches(lines: Iterable[str]) -> Iterator[list[_Staged]]:
    """Parts of the lines, none with one photo twice: the second line finds the first one's image."""
    batch: dict[str, _Staged] = {}
    length = 0
    for line in lines:
        staged = json.loads(line)
        sha256 = staged[0]["sha256"]
        if sha256 in batch or len(batch) == _IMAGES_AT_ONCE or length > _TEXT_AT_ONCE:
            yield list(batch.values())
            batch, length = {}, 0
        batch[sha256] = staged
        length += len(line)
    if batch:
        yield list(batch.values())


def _insert_batch(
    session: Session, batch: list[_Staged], inserted: Inserted, *, client: str, user: str, seq: int
) -> int:
    known = find_known_images(session, [image["sha256"] for image, _ in batch])
    ids = _insert_images(session, [item for item in batch if item[0]["sha256"] not in known])
    inserted.added += len(ids)
    log: list[dict[str, Any]] = []
    segments: list[dict[str, Any]] = []
    altered: list[dict[str, Any]] = []
    gained: dict[int, Counter[int | None]] = {}
    now = datetime.now(UTC)
    for image, truth in batch:
        here = known.get(image["sha256"])
        if truth is None:
            inserted.known += here is not None
            continue
        if here is not None:
            if here.labelled or (here.revision, here.last_segment_id) != (truth["revision"], truth["last_segment_id"]):
                inserted.kept += 1
                continue
            altered.append(_altered(here.id, image, truth))
        image_id = ids[image["sha256"]] if here is None else here.id
        log.append(_log_values(image_id, truth, user=user, client=client, seq=seq, created_at=now))
        seq += 1
        segments += [{**values, "image_id": image_id} for values in truth["segments"]]
        gained[image_id] = Counter(values["category_id"] for values in truth["segments"])
    if altered:
        session.execute(update(ImageRow), altered)
    _insert_encoded(session, SegmentRow, segments, "proposals")
    _insert_encoded(session, CorrectionRow, log, "change", "evidence")
    change_counts(session, gained)
    if log:
        count_corrections(session, user, Operation.IMPORT, corrections=len(log), segments=len(segments), at=now)
    inserted.labelled += len(log)
    inserted.segments += len(segments)
    return seq


def _insert_images(session: Session, items: list[_Staged]) -> dict[str, int]:
    """The new images' ids by their files' hashes."""
    if not items:
        return {}
    rows = []
    for image, truth in items:
        new = NewImage(**image)
        if truth is None:
            rows.append(new_image_values(new))
        else:
            last = truth["new_last_segment_id"]
            rows.append(new_image_values(new, revision=1, progress=_progress(truth), last_segment_id=last))
    added = session.execute(insert(ImageRow).returning(ImageRow.sha256, ImageRow.id), rows)
    return dict(added.all())


def _altered(image_id: int, image: dict[str, Any], truth: dict[str, Any]) -> dict[str, Any]:
    revision = truth["revision"] + 1
    return {
        "id": image_id,
        "split": image["split"],
        "source_id": image["source_id"],
        "revision": revision,
        "done": truth["done"],
        "state": state_of(revision, _progress(truth)),
        "last_segment_id": truth["new_last_segment_id"],
    }


def _progress(truth: dict[str, Any]) -> Progress:
    return Progress.DONE if truth["done"] else Progress.OPEN


def _log_values(image_id: int, truth: dict[str, Any], **made: Any) -> dict[str, Any]:
    return {
        "image_id": image_id,
        "revision": truth["revision"] + 1,
        "base_revision": truth["revision"],
        "operation": Operation.IMPORT,
        "target": None,
        "threshold": None,
        "shown_s": None,
        "evidence": _NO_EVIDENCE,
        "change": truth["change"],
        **made,
    }


def _segment_values(segment: Segment) -> dict[str, Any]:
    return {
        "id": segment.id,
        "category_id": segment.category_id,
        "order": segment.order,
        "source": Source.IMPORTED,
        "crowd": segment.crowd,
        "proposals": _NO_PROPOSALS,
        **mask_values(segment.mask),
    }


def _insert_encoded(
    session: Session, row: type[SegmentRow | CorrectionRow], values: list[dict[str, Any]], *encoded: str
) -> None:
    """Rows whose columns `encoded` are JSON texts."""
    if values:
        table = cast(Table, row.__table__)
        texts = {name: bindparam(name, type_=_Encoded()) for name in encoded}
        session.execute(insert(table).values(**{**{name: bindparam(name) for name in values[0]}, **texts}), values)
