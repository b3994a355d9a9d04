"""Categories and label sets: what a segment can be called."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from core.annotation.errors import LabelSetError

Colour = tuple[int, int, int]

# Longer names break every list they stand in; peers' formats hold far less.
MAX_NAME_LENGTH = 120

# As the page spells what is pressed: modifiers in this order, then a character or a named key.
_KEY = re.compile(r"(Ctrl\+)?(Alt\+)?(Shift\+)?([^\s\x00-\x20\x7f]|F\d{1,2}|Home|End|Insert)")
MAX_KEY_LENGTH = 16


def distinct_colour(index: int) -> Colour:
    """The RGB colour of the index-th item of an endless list; neighbours differ in hue and lightness."""
    hue = (0.58 + index * 0.61803398875) % 1.0
    lightness = (0.55, 0.42, 0.66)[index % 3]
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, 0.72)
    return round(red * 255), round(green * 255), round(blue * 255)


@dataclass(frozen=True)
class Category:
    """What a segment may be: `id` is kept as read and never renumbered; stuff has is_thing False.

    key: what is pressed to give it, such as "7" or "Alt+C"; None: a digit that is left, by its place.
    """

    id: int
    name: str
    is_thing: bool
    colour: Colour
    key: str | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name != self.name.strip() or len(self.name) > MAX_NAME_LENGTH:
            raise LabelSetError(
                f"a category name has 1 to {MAX_NAME_LENGTH} characters and no blank at its ends, got {self.name!r}"
            )
        if any(not character.isprintable() for character in self.name):
            raise LabelSetError(f"a category name holds printable characters only, got {self.name!r}")
        if self.id < 0:
            raise LabelSetError(f"a category id is 0 or more, got {self.id} for {self.name!r}")
        if len(self.colour) != 3 or not all(0 <= part <= 255 for part in self.colour):
            raise LabelSetError(f"a colour is three numbers from 0 to 255, got {self.colour} for {self.name!r}")
        if self.key is not None and (len(self.key) > MAX_KEY_LENGTH or not _KEY.fullmatch(self.key)):
            raise LabelSetError(
                f"a key is a character or F1 to F12, after Ctrl+, Alt+ or Shift+, "
                f"got {self.key!r:.40} for {self.name!r}"
            )


@dataclass(frozen=True)
class LabelSet:
    """An ordered set of categories with unique ids, names and keys. Raises LabelSetError on a clash."""

    categories: tuple[Category, ...]

    def __post_init__(self) -> None:
        for field in ("id", "name", "key"):
            seen: set[object] = set()
            for category in self.categories:
                value = getattr(category, field)
                if value is None:
                    continue
                if value in seen:
                    remedy = "give one of them another key" if field == "key" else "rename or remove one of them"
                    raise LabelSetError(f"two categories have the {field} {value!r}; {remedy}")
                seen.add(value)

    @classmethod
    def of(cls, categories: Iterable[Category]) -> LabelSet:
        return cls(tuple(categories))

    @cached_property
    def _by_id(self) -> dict[int, Category]:
        return {category.id: category for category in self.categories}

    @cached_property
    def _by_name(self) -> dict[str, Category]:
        return {category.name: category for category in self.categories}

    def __iter__(self) -> Iterator[Category]:
        return iter(self.categories)

    def __len__(self) -> int:
        return len(self.categories)

    def find(self, category_id: int | None) -> Category | None:
        """The category with this id, or None (also for None, an unlabelled segment)."""
        return None if category_id is None else self._by_id.get(category_id)

    def get(self, category_id: int) -> Category:
        """The category with this id. Raises LabelSetError when there is none."""
        category = self._by_id.get(category_id)
        if category is None:
            raise LabelSetError(f"no category has the id {category_id}; the ids are {sorted(self._by_id)}")
        return category

    def named(self, name: str) -> Category | None:
        """The category with this name, or None."""
        return self._by_name.get(name)

    def next_id(self) -> int:
        """The id a new category gets: one above the highest, from 1."""
        return max(self._by_id, default=0) + 1
