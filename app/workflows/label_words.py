"""The label set's log in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from core.annotation.label_edits import LabelEdit
from core.annotation.labels import Category, LabelSet
from storage.label_changes import LabelChange


def described(change: LabelChange, known: Mapping[int, LabelChange] | None = None) -> str:
    """A step, such as: merged “lorry” into “truck”. `known`: steps by id, for what an undo took back."""
    match change.kind:
        case LabelEdit.ADD | LabelEdit.IMPORT:
            return f"added {_names(_only_in(change.after, change.before))}"
        case LabelEdit.REMOVE:
            return f"removed {_names(_only_in(change.before, change.after))}"
        case LabelEdit.MERGE:
            into = change.after.find(change.target)
            return f"merged {_names(_only_in(change.before, change.after))} into {_names([into] if into else [])}"
        case LabelEdit.REORDER:
            return moved(change.before, change.after)
        case LabelEdit.CHANGE:
            pairs = [(change.before.find(item.id), item) for item in change.after]
            return (
                "; ".join(_altered(was, now) for was, now in pairs if was is not None and was != now) or "saved again"
            )
        case LabelEdit.UNDO:
            target = (known or {}).get(change.target or 0)
            return "took an older change back" if target is None else f"took back: {described(target)}"


def moved(before: LabelSet, after: LabelSet) -> str:
    """What another order does, such as: moved “car” up. Of two neighbours either may be the one that was moved."""
    ids, now = [item.id for item in before], [item.id for item in after]
    apart = [was for was, item in zip(before, after, strict=True) if was.id != item.id]
    if len(apart) == 2 and abs(ids.index(apart[0].id) - ids.index(apart[1].id)) == 1:
        return f"swapped {' and '.join(f'“{category.name}”' for category in apart)}"
    for category in before:
        others = [[one for one in order if one != category.id] for order in (ids, now)]
        if others[0] == others[1] and ids != now:
            return f"moved “{category.name}” {'up' if now.index(category.id) < ids.index(category.id) else 'down'}"
    return "put the labels in another order"


def _altered(was: Category, now: Category) -> str:
    said = []
    if was.name != now.name:
        said.append(f"renamed “{was.name}” to “{now.name}”")
    if was.is_thing != now.is_thing:
        said.append(f"made “{now.name}” {'a thing' if now.is_thing else 'stuff'}")
    if was.colour != now.colour:
        said.append(f"gave “{now.name}” another colour")
    if was.key != now.key:
        said.append(f"gave “{now.name}” the key {now.key}" if now.key else f"took its own key from “{now.name}”")
    return ", ".join(said)


def _only_in(label_set: LabelSet, other: LabelSet) -> Sequence[Category]:
    return [item for item in label_set if other.find(item.id) is None]


def _names(categories: Iterable[Category]) -> str:
    return ", ".join(f"“{category.name}”" for category in categories)
