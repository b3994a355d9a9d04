"""How many segments of each category an image has, and all images together: kept with the truth, read at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from storage.tables import UNLABELLED, CategoryCountRow, ImageCategoryRow, ImageRow, ImageState

# Far below what either database takes as parameters of one statement, and few round trips.
_IMAGES_AT_ONCE = 1_000

_IMAGE = cast(Table, ImageRow.__table__)
_COUNT = cast(Table, ImageCategoryRow.__table__)
_SUM = cast(Table, CategoryCountRow.__table__)

# Built once: a correction waits for building a statement longer than for the database.
_ITS_COUNT = (_COUNT.c.image_id == bindparam("image"), _COUNT.c.category_id == bindparam("category"))
_LOAD = (
    select(_IMAGE.c.id, _IMAGE.c.state, _COUNT.c.category_id, _COUNT.c.segments, _COUNT.c.state)
    .join_from(_IMAGE, _COUNT, _COUNT.c.image_id == _IMAGE.c.id, isouter=True)
    .where(_IMAGE.c.id.in_(bindparam("images", expanding=True)))
)
_ON_DELETED = (
    select(_COUNT.c.category_id, func.sum(_COUNT.c.segments))
    .join_from(_COUNT, _IMAGE, _IMAGE.c.id == _COUNT.c.image_id)
    .where(_IMAGE.c.state == ImageState.DELETED)
    .group_by(_COUNT.c.category_id)
)
_FOLLOW = update(_COUNT).where(_COUNT.c.image_id == bindparam("image")).values(state=bindparam("now"))
_ADD = insert(_COUNT)
_ALTER = update(_COUNT).where(*_ITS_COUNT).values(segments=bindparam("number"))
_REMOVE = delete(_COUNT).where(*_ITS_COUNT)


def _adding(insert_: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    added = {name: _SUM.c[name] + insert_.excluded[name] for name in ("segments", "images")}
    return insert_.on_conflict_do_update(index_elements=[_SUM.c.category_id], set_=added)


_ADD_SUMS = {"sqlite": _adding(sqlite.insert(_SUM)), "postgresql": _adding(postgresql.insert(_SUM))}


@dataclass
class _Counts:
    """What is stored of some images: their states, segments by (image, category), images whose counts have
    another state than they, and those whose counts are a deleted image's."""

    states: dict[int, ImageState] = field(default_factory=dict)
    segments: dict[tuple[int, int], int] = field(default_factory=dict)
    behind: set[int] = field(default_factory=set)
    were_deleted: set[int] = field(default_factory=set)

    def summed_before(self, key: tuple[int, int]) -> int:
        """What the sums hold of it."""
        return 0 if key[0] in self.were_deleted else self.segments.get(key, 0)

    def summed_now(self, key: tuple[int, int], segments: int) -> int:
        """What the sums are to hold of it, where it has so many segments."""
        return 0 if self.states[key[0]] is ImageState.DELETED else segments


def change_counts(session: Session, changes: Mapping[int, Mapping[int | None, int]]) -> None:
    """Say that images gained (+n) or lost (−n) segments of categories, None for unlabelled: image id → category id → n.

    Called in the transaction that writes the segments, after the images' rows have their new state: the counts of
    the images that are named take it over, so that a change of state alone names its image with no category. The sums
    leave deleted images out.
    """
    sums: dict[int, Counter[str]] = {}
    for image_ids in _slices(sorted(changes)):
        stored = _load(session, image_ids)
        wanted = _wanted(changes, image_ids, stored)
        _write(session, wanted, stored)
        _sum_up(wanted, stored, sums)
    _add_sums(session, sums)


def segments_on_deleted(session: Session) -> dict[int, int]:
    """The segments of deleted images by category, UNLABELLED among them, that the sums leave out."""
    return {category_id: int(segments) for category_id, segments in session.execute(_ON_DELETED)}


def _sum_up(wanted: Mapping[tuple[int, int], int], stored: _Counts, sums: dict[int, Counter[str]]) -> None:
    """Add to `sums`, by category, what they gain and lose."""
    following = {key: segments for key, segments in stored.segments.items() if key[0] in stored.behind}
    for key, segments in {**following, **wanted}.items():
        before, now = stored.summed_before(key), stored.summed_now(key, segments)
        if now != before:
            change = sums.setdefault(key[1], Counter())
            change["segments"] += now - before
            change["images"] += (now > 0) - (before > 0)


def _slices(image_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (image_ids[start : start + _IMAGES_AT_ONCE] for start in range(0, len(image_ids), _IMAGES_AT_ONCE))


def _load(session: Session, image_ids: Sequence[int]) -> _Counts:
    stored = _Counts()
    for image_id, state, category_id, segments, counted_as in session.execute(_LOAD, {"images": image_ids}):
        stored.states[image_id] = state
        if category_id is not None:
            stored.segments[image_id, category_id] = segments
            if counted_as is not state:
                stored.behind.add(image_id)
            if counted_as is ImageState.DELETED:
                stored.were_deleted.add(image_id)
    return stored


def _wanted(
    changes: Mapping[int, Mapping[int | None, int]], image_ids: Sequence[int], stored: _Counts
) -> dict[tuple[int, int], int]:
    """The new numbers of segments, of what changes, by (image, category)."""
    wanted = {}
    for image_id in image_ids:
        for category_id, change in changes[image_id].items():
            key = (image_id, UNLABELLED if category_id is None else category_id)
            segments = stored.segments.get(key, 0) + change
            assert segments >= 0, f"{key} would have {segments} segments"
            if change:
                wanted[key] = segments
    return wanted


def _write(session: Session, wanted: Mapping[tuple[int, int], int], stored: _Counts) -> None:
    following = [{"image": image_id, "now": stored.states[image_id]} for image_id in sorted(stored.behind)]
    added, altered, removed = [], [], []
    for (image_id, category_id), segments in wanted.items():
        place = {"image": image_id, "category": category_id}
        if (image_id, category_id) not in stored.segments:
            row = {"image_id": image_id, "category_id": category_id, "segments": segments}
            added.append({**row, "state": stored.states[image_id]})
        elif segments:
            altered.append({**place, "number": segments})
        else:
            removed.append(place)
    for statement, rows in ((_FOLLOW, following), (_ADD, added), (_ALTER, altered), (_REMOVE, removed)):
        if rows:
            session.execute(statement, rows)


def _add_sums(session: Session, sums: Mapping[int, Mapping[str, int]]) -> None:
    """In the order of the ids, so that two writers never wait for each other."""
    rows = [{"category_id": category_id, **change} for category_id, change in sorted(sums.items())]
    if rows:
        session.execute(_ADD_SUMS[session.get_bind().dialect.name], rows)
