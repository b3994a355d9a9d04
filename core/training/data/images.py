"""What a data set gives to training: image files with masks that may be incomplete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from core.annotation.labels import Category
from core.annotation.mask import Mask
from core.formats.label_maps import shown
from core.formats.photo import read_photo

Pixels = npt.NDArray[np.uint8]
PHOTO_SUFFIXES = (".webp", ".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class LabelledMask:
    """A mask of an image's truth; `category` is its name, or None when the set does not name it."""

    mask: Mask
    category: str | None


@dataclass(frozen=True)
class Labels:
    """All that is known of one image.

    ignored: pixels of which nothing is known and nothing may be learned (crowds, void); None when there are none.
    complete: True when every pixel outside the masks is known to belong to none.
    rejected: masks that a person said are none, where `complete` does not say it: it is said of these masks alone, not
        of their pixels.
    """

    masks: tuple[LabelledMask, ...]
    ignored: Mask | None
    complete: bool
    rejected: tuple[Mask, ...] = ()


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An image file and one or more readings of its labels (BSDS500 has one an annotator).

    The readers are called when the labels are needed and are cheap to hold; what they raise is a MaskwrightError.
    title: what messages call the image, for files whose own names say nothing; empty: its folder and file name.
    whole: reads the labels with one whole mask a category, for semantic sets, whose `readers` give connected parts
        and leave specks out; None: the first reader leaves nothing out.
    """

    path: Path
    readers: tuple[Callable[[], Labels], ...]
    title: str = ""
    whole: Callable[[], Labels] | None = None

    @property
    def name(self) -> str:
        """Enough for a person to find the image."""
        return self.title or shown(self.path)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, hexadecimal."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def category_labels(self) -> Labels:
        """The labels for what asks each pixel's category alone: no speck is left out. Raises as the readers do."""
        return (self.whole or self.readers[0])()

    def pixels(self) -> Pixels:
        """The decoded photo, uint8 RGB [H, W, 3]. Raises PhotoError."""
        return read_photo(self.path, name=self.name).pixels


@dataclass(frozen=True)
class Skipped:
    """Something of a data set that is not used: an image, a segment, a category. The reason ends a sentence on it."""

    item: str
    reason: str


@dataclass(frozen=True, eq=False)
class Candidate:
    """An image before its files were looked at.

    labels: its label files, one channel of ids each, as large as the photo.
    size: (height, width) that the set says the photo has; None: it does not say.
    """

    image: LabelledImage
    labels: tuple[Path, ...] = ()
    size: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class Content:
    """What a format's reader found in a folder, before photos and label files were looked at."""

    categories: tuple[Category, ...]
    candidates: tuple[Candidate, ...]
    skipped: tuple[Skipped, ...] = ()


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES and path.is_file())


def masks_of_ids(ids: npt.NDArray[np.int32], wanted: Sequence[int]) -> list[Mask]:
    """One mask for each wanted id."""
    return [Mask.from_array(ids == value) for value in wanted]
