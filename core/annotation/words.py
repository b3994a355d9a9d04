"""Numbers in sentences for people."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """Such as 1 image, 1,200 images."""
    return f"{number:,} {named(number, one, many)}"


def named(number: int, one: str, many: str = "") -> str:
    """The word for so many: image, images."""
    return one if number == 1 else many or f"{one}s"
