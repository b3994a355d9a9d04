"""Tags: words that people put on images, to find them again."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from core.annotation.errors import MaskwrightError
from storage.errors import NotFound
from storage.images import DELETED_IDS
from storage.tables import ImageRow, ImageTagRow

# More on one image are a sign of a script gone wrong, and no page could show them.
MAX_TAGS = 50
MAX_TAG_LENGTH = 64


class TagError(MaskwrightError):
    """A tag that an image cannot have."""


def image_tags(session: Session, image_id: int) -> tuple[str, ...]:
    """The image's tags, sorted."""
    return tuple(sorted(session.scalars(select(ImageTagRow.tag).where(ImageTagRow.image_id == image_id))))


def set_tags(session: Session, image_id: int, tags: Collection[str]) -> tuple[str, ...]:
    """Give the image these tags instead of those it has, and return them, sorted and each once.

    Neither white space around a tag counts nor how Unicode writes its letters. Raises TagError for one that is empty,
    too long or has unprintable characters, and for too many; NotFound for the image.
    """
    wanted = sorted({_checked(tag) for tag in tags})
    if len(wanted) > MAX_TAGS:
        raise TagError(f"an image has at most {MAX_TAGS} tags, these would be {len(wanted)}; leave some out")
    if session.scalar(select(ImageRow.id).where(ImageRow.id == image_id)) is None:
        raise NotFound(f"the workspace has no image {image_id}; choose one of its list")
    session.execute(delete(ImageTagRow).where(ImageTagRow.image_id == image_id))
    if wanted:
        session.execute(insert(ImageTagRow), [{"image_id": image_id, "tag": tag} for tag in wanted])
    return tuple(wanted)


def count_tags(session: Session) -> tuple[tuple[str, int], ...]:
    """(tag, images) of every tag in use, sorted; deleted images are not counted."""
    counted = select(ImageTagRow.tag, func.count()).where(ImageTagRow.image_id.not_in(DELETED_IDS))
    rows = session.execute(counted.group_by(ImageTagRow.tag))
    return tuple(sorted(rows))


def plain_tag(tag: str) -> str:
    """The tag as it is kept and looked for."""
    return unicodedata.normalize("NFC", tag).strip()


def _checked(tag: str) -> str:
    word = plain_tag(tag)
    if not word or len(word) > MAX_TAG_LENGTH or not word.isprintable():
        raise TagError(f"a tag is 1 to {MAX_TAG_LENGTH} printable characters, got {tag!r:.100}; choose another")
    return word
