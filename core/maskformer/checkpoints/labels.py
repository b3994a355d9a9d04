"""The label sets of public checkpoints: which categories are things, and names where a file has none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from core.annotation.errors import ModelError
from core.annotation.labels import MAX_NAME_LENGTH, Category, LabelSet, distinct_colour

KNOWN_LABELS = Path(__file__).with_name("known_labels.json")
# Files spell some names differently ("windowpane", "window"); another set has almost none of them in its place.
SHARE_OF_NAMES = 0.7
# LVIS has 1,203 and ADE20K-full 847; a checkpoint that asks for more would only keep the machine busy.
MAX_CATEGORIES = 16_384


def label_set_of(names: Mapping[int, str]) -> LabelSet:
    """The label set of category names by id; the categories are in the order of their ids.

    Categories of COCO panoptic, ADE20K-150, Cityscapes and Mapillary Vistas are things or stuff as there; those of
    other sets are all things. Names lose blanks at their ends and what no name holds; one that is empty becomes
    "category 7" with its id, and one that came before gets a number: "screen", "screen (2)".
    """
    ordered = [names[key] for key in sorted(names)]
    things = _known_things(ordered) or [True] * len(ordered)
    return LabelSet.of(
        Category(key, name, is_thing, distinct_colour(place))
        for place, (key, name, is_thing) in enumerate(
            zip(sorted(names), _usable(sorted(names), ordered), things, strict=True)
        )
    )


def label_set_for(count: int) -> LabelSet:
    """The label set of a checkpoint that tells only how many categories it has.

    133, 150, 65 and 19 are those of COCO panoptic, ADE20K-150, Mapillary Vistas and Cityscapes, in their usual
    order; other counts get the names "category 0" and so on. Raises ModelError below 1 and beyond 16,384.
    """
    _check_count(count)
    for known in _known_sets().values():
        if len(known) == count:
            return label_set_of({place: name for place, (name, _) in enumerate(known)})
    return label_set_of({place: f"category {place}" for place in range(count)})


def names_from_config(id2label: object) -> dict[int, str]:
    """The names by id of a Hugging Face config's `id2label`. Raises ModelError unless the ids are 0 to K − 1."""
    if not isinstance(id2label, dict) or not id2label:
        raise ModelError(f"id2label gives each category's id a name, got {id2label!r:.80}")
    _check_count(len(id2label))
    try:
        names = {int(key): name for key, name in id2label.items()}
    except ValueError as error:
        raise ModelError(f"id2label's ids are whole numbers, got {list(id2label)[:3]!r:.80}") from error
    if len(names) != len(id2label) or sorted(names) != list(range(len(names))):
        raise ModelError(f"id2label's ids are 0 to {len(id2label) - 1}, got {sorted(names)[:3]} … {max(names)}")
    for key, name in names.items():
        if not isinstance(name, str):
            raise ModelError(f"id2label's names are texts, got {name!r:.80} for {key}")
    return names


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_CATEGORIES:
        raise ModelError(f"a model has from 1 to {MAX_CATEGORIES} categories, got {count}")


@cache
def _known_sets() -> dict[str, list[tuple[str, bool]]]:
    sets = json.loads(KNOWN_LABELS.read_text(encoding="utf-8"))
    return {title: [(name, is_thing) for name, is_thing in categories] for title, categories in sets.items()}


def _known_things(names: Sequence[str]) -> list[bool] | None:
    """Which are things, when they are, by far most of them, the names of a known set in its order."""
    for known in _known_sets().values():
        if len(known) == len(names):
            agreeing = sum(_first_synonym(a) == _first_synonym(b) for a, (b, _) in zip(names, known, strict=True))
            if agreeing >= SHARE_OF_NAMES * len(names):
                return [is_thing for _, is_thing in known]
    return None


def _first_synonym(name: str) -> str:
    return name.split(",")[0].split(";")[0].strip().lower()


def _usable(ids: Iterable[int], names: Iterable[str]) -> list[str]:
    """Names as categories have them, no two the same."""
    taken: set[str] = set()
    usable = []
    for key, name in zip(ids, names, strict=True):
        printable = "".join(character if character.isprintable() else " " for character in name)
        base = printable[:MAX_NAME_LENGTH].strip() or f"category {key}"
        usable.append(_unused(base, taken))
        taken.add(usable[-1])
    return usable


def _unused(name: str, taken: set[str]) -> str:
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        ending = f" ({count})"
        candidate = name[: MAX_NAME_LENGTH - len(ending)].rstrip() + ending
    return candidate
