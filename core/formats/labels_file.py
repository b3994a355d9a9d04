"""labels.json: the categories of an export beside its label maps, with ids, kinds and colours, as they come back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.annotation.errors import FormatError, LabelSetError
from core.annotation.labels import Category, LabelSet
from core.formats.json_files import load_json

LABELS_FILE = "labels.json"


def labels_json(label_set: LabelSet, key: str, numbers: Sequence[int], more: Mapping[str, int] | None = None) -> bytes:
    """The file's bytes; `numbers` are what the maps call the categories, each under `key`; `more` stands beside."""
    labels = [
        {
            "colour": list(category.colour),
            "id": category.id,
            key: number,
            "is_thing": category.is_thing,
            "name": category.name,
        }
        for category, number in zip(label_set, numbers, strict=True)
    ]
    content = {"labels": [dict(sorted(label.items())) for label in labels], **(more or {})}
    return json.dumps(content, ensure_ascii=False, indent=1).encode() + b"\n"


def read_labels(path: Path, key: str) -> tuple[dict[int, Category], Mapping[str, object]]:
    """The categories by what the maps call them, in the file's order, and all that the file says.

    Raises FormatError when it is none of these files or calls two categories the same.
    """
    content = load_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("labels"), list):
        raise FormatError(f"{path.name}: has no list of labels; take an intact copy")
    categories: dict[int, Category] = {}
    for place, label in enumerate(content["labels"]):
        try:
            number = _whole(label[key])
            if number in categories:
                raise ValueError(f"{key} {number} stands there twice")
            categories[number] = _category(label)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"{error} is missing" if isinstance(error, KeyError) else error
            raise FormatError(
                f"{path.name}: label {place + 1} cannot be read: {reason}; take an intact copy"
            ) from error
    return categories, content


def _category(label: Mapping[str, object]) -> Category:
    name, is_thing, colour = label["name"], label["is_thing"], label["colour"]
    if not isinstance(name, str) or not isinstance(is_thing, bool) or not isinstance(colour, list) or len(colour) != 3:
        raise LabelSetError("a name is text, is_thing true or false, a colour three numbers")
    red, green, blue = map(_whole, colour)
    return Category(_whole(label["id"]), name, is_thing, (red, green, blue))


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r:.40} is no whole number")
    return value
