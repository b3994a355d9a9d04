"""The label set of the workspace. Ids are given once: never renumbered, never given again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from core.annotation.errors import LabelSetError
from core.annotation.label_edits import added, changed, reordered
from core.annotation.labels import Category, Colour, LabelSet, distinct_colour
from storage.counts import segments_on_deleted
from storage.tables import CategoryRow, SegmentRow

_IN_USE = CategoryRow.removed_at.is_(None)


def load_label_set(session: Session) -> LabelSet:
    """The categories in their order."""
    rows = session.execute(
        select(CategoryRow.id, CategoryRow.name, CategoryRow.is_thing, CategoryRow.colour, CategoryRow.key)
        .where(_IN_USE)
        .order_by(CategoryRow.position, CategoryRow.id)
    )
    return LabelSet.of(
        Category(number, name, thing, stored_colour(colour), key) for number, name, thing, colour, key in rows
    )


def had_categories(session: Session) -> bool:
    """Whether the workspace has or ever had a category; a new one has not."""
    return bool(session.scalar(select(func.count()).select_from(CategoryRow)))


def seed_label_set(session: Session, label_set: LabelSet) -> bool:
    """Take over `label_set`, ids as they are, when the workspace never had a category; says whether it did."""
    if had_categories(session):
        return False
    rows = [category_values(category, position) for position, category in enumerate(label_set)]
    if rows:
        session.execute(insert(CategoryRow), rows)
    return True


def add_category(
    session: Session, *, name: str, is_thing: bool, colour: Colour | None = None, key: str | None = None
) -> Category:
    """A new category at the end; without a colour it gets a distinct one. Raises LabelSetError on a clash.

    A name that was removed comes back with its old id, so undo finds it again.
    """
    removed_id = session.scalar(
        select(func.max(CategoryRow.id)).where(CategoryRow.name == name, CategoryRow.removed_at.is_not(None))
    )
    last_id = session.scalar(select(func.max(CategoryRow.id))) or 0
    number = last_id + 1 if removed_id is None else removed_id
    category = Category(number, name, is_thing, colour or distinct_colour(number), key)
    added(load_label_set(session), category)
    position = (session.scalar(select(func.max(CategoryRow.position)).where(_IN_USE)) or 0) + 1
    if removed_id is None:
        session.execute(insert(CategoryRow), [category_values(category, position)])
    else:
        session.execute(update(CategoryRow), [category_values(category, position)])
    return category


def update_category(session: Session, category: Category) -> None:
    """Give the category with this id the name, kind, colour and key. Raises LabelSetError: unknown id, or a clash."""
    changed(load_label_set(session), category)
    session.execute(
        update(CategoryRow)
        .where(CategoryRow.id == category.id)
        .values(name=category.name, is_thing=category.is_thing, colour=_hex(category.colour), key=category.key)
    )


def count_segments(session: Session, category_id: int) -> int:
    """How many segments of any image's present truth have the category, deleted images among them."""
    return session.scalar(select(func.count()).where(SegmentRow.category_id == category_id)) or 0


def remove_category(session: Session, category_id: int) -> None:
    """Take a category out of the label set.

    Raises LabelSetError when the id is unknown or segments of any image's present truth have the category.
    Earlier revisions do not count: they keep the id, and undoing to one asks for the category back.
    """
    category = load_label_set(session).get(category_id)
    used = count_segments(session, category_id)
    if used:
        hidden = segments_on_deleted(session).get(category_id, 0)
        where = f", {hidden} of them on deleted images" if hidden else ""
        raise LabelSetError(
            f"{used} segments are labelled {category.name!r}{where}; merge it into another category, or relabel or "
            "delete them first"
        )
    session.execute(update(CategoryRow).where(CategoryRow.id == category_id).values(removed_at=datetime.now(UTC)))


def reorder_categories(session: Session, category_ids: Sequence[int]) -> None:
    """Put the categories in this order, which names each once. Raises LabelSetError when it does not."""
    ordered = reordered(load_label_set(session), category_ids)
    rows = [{"id": category.id, "position": position} for position, category in enumerate(ordered)]
    if rows:
        session.execute(update(CategoryRow), rows)


def write_label_set(session: Session, label_set: LabelSet) -> None:
    """Make the stored set exactly this one, of ids that it ever had: others go, removed ones come back.

    Raises LabelSetError when segments of any image's present truth have a category that goes.
    """
    present = load_label_set(session)
    for category in present:
        if label_set.find(category.id) is None:
            remove_category(session, category.id)
    rows = [category_values(category, position) for position, category in enumerate(label_set)]
    if not rows:
        return
    # Names and keys may change hands: their unique indices hold the categories in use, so none is while they do.
    session.execute(update(CategoryRow).where(_IN_USE).values(removed_at=datetime.now(UTC)))
    session.execute(update(CategoryRow), rows)


def category_values(category: Category, position: int) -> dict[str, object]:
    """The columns of a category in use."""
    return {
        "id": category.id,
        "name": category.name,
        "is_thing": category.is_thing,
        "colour": _hex(category.colour),
        "position": position,
        "removed_at": None,
        "key": category.key,
    }


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def stored_colour(text: str) -> Colour:
    """The colour that stands as #rrggbb."""
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue
