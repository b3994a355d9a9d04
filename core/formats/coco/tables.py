"""What COCO's formats share: how their entries name categories and images."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import Any, TypeGuard

from core.annotation.errors import FormatError
from core.annotation.labels import Category, Colour, distinct_colour

Entry = Mapping[str, Any]

# Category maps are int32.
LARGEST_ID = 2**31 - 1
# Line breaks, tabs and blanks of a fixed width, which no name of a category here has.
_BREAKS = re.compile(r"[^\S ]+")


def entry_of(value: object) -> Entry:
    """An item of a COCO list; one that is no object has no fields."""
    return value if isinstance(value, dict) else {}


def category_of(entry: Entry, place: int) -> Category:
    """A category: a thing unless it has an `isthing` other than 1 or true; its `color`, or the `place`-th of ours.

    Raises FormatError or LabelSetError for an id or name that cannot be used.
    """
    number, name = entry.get("id"), entry.get("name")
    if not is_whole(number) or number > LARGEST_ID:
        raise FormatError(f"id {shown(number)}")
    if not isinstance(name, str):
        raise FormatError(f"name {shown(name)}")
    return Category(int(number), _BREAKS.sub(" ", name).strip(), entry.get("isthing", 1) == 1, _colour(entry, place))


def _colour(entry: Entry, place: int) -> Colour:
    colour = entry.get("color")
    if isinstance(colour, list) and len(colour) == 3 and all(is_whole(part) and 0 <= part <= 255 for part in colour):
        return int(colour[0]), int(colour[1]), int(colour[2])
    return distinct_colour(place)


def image_fault(entry: Entry) -> str | None:
    """Why an image's entry cannot be used; None when it can."""
    missing = {"id", "file_name", "height", "width"} - set(entry)
    if missing:
        return f"has no {', '.join(sorted(missing))} in the file"
    if not is_image_id(entry["id"]):
        return f"has the id {shown(entry['id'])}, which is neither a number nor a text"
    sides = entry["height"], entry["width"]
    if not all(is_whole(side) and side > 0 for side in sides):
        return f"has the impossible size {shown(sides[1])}×{shown(sides[0])} in the file"
    return None


def is_image_id(value: object) -> bool:
    """Whether a file may name an image so: a whole number or a text."""
    return isinstance(value, str) or is_whole(value)


def is_whole(value: object) -> TypeGuard[int | float]:
    """Whether a JSON value is a whole number; some programs write 3.0 for 3, which Python compares and hashes alike."""
    return type(value) is int or (type(value) is float and value.is_integer())


def shown(value: object) -> str:
    """A value of the file for a message: short, however long or deep it is."""
    return f"{_SHORT.repr(value):.60}"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60
_SHORT.maxlevel = 2
