"""What a data set gives to training: image files with masks that may be incomplete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.formats.photo import read_photo

Pixels = npt.NDArray[np.uint8]
PHOTO_SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")


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
    """

    masks: tuple[LabelledMask, ...]
    ignored: Mask | None
    complete: bool


@dataclass(frozen=True, eq=False)
class LabelledImage:
    """An image file and one or more readings of its labels (BSDS500 has one an annotator).

    The readers are called when the labels are needed and are cheap to hold.
    """

    path: Path
    readers: tuple[Callable[[], Labels], ...]

    @property
    def name(self) -> str:
        """Folder and file name: enough for a person to find the image."""
        return f"{self.path.parent.name}/{self.path.name}"

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, hexadecimal."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def pixels(self) -> Pixels:
        """The decoded photo, uint8 RGB [H, W, 3]. Raises PhotoError."""
        return read_photo(self.path, name=self.name).pixels


def read_ids(path: Path) -> npt.NDArray[np.int32]:
    """A PNG of whole numbers, 8 or 16 bit, as int32 [H, W]. Raises TrainingError when it is none."""
    ids = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if ids is None:
        raise TrainingError(f"{path.parent.name}/{path.name} is missing or no PNG; put the label file there")
    if ids.ndim != 2:
        raise TrainingError(f"{path.parent.name}/{path.name} has {ids.shape[2]} channels; a label file has one, of ids")
    return ids.astype(np.int32)


def photos_in(folder: Path) -> list[Path]:
    """The photos of a folder by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in PHOTO_SUFFIXES)


def masks_of_ids(ids: npt.NDArray[np.int32], wanted: Sequence[int]) -> list[Mask]:
    """One mask for each wanted id."""
    return [Mask.from_array(ids == value) for value in wanted]
