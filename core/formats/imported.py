"""What every import reads: a data set's categories, its images one by one, and what of it cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.annotation.labels import Category
from core.annotation.mask import Mask


@dataclass(frozen=True)
class Problem:
    """Something of a data set that does not go in, or not as it stands there.

    file: its name inside the data set.   item: which part of it, such as "annotation 17"; empty for the whole file.
    reason: ends a sentence on it, with the bad value.   taken: it goes in nevertheless, and what becomes of it is said.
    """

    file: str
    item: str
    reason: str
    taken: bool = False

    def __str__(self) -> str:
        return f"{self.file}: {self.item} {self.reason}" if self.item else f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class ReadSegment:
    """A segment as the data set has it. `category_id` is of the data set's own categories, None is unlabelled.

    id: the number it has in the data set, where it has one; 0 for a name that is no number.
    """

    mask: Mask
    category_id: int | None
    crowd: bool = False
    id: int | None = None


@dataclass(frozen=True)
class ReadImage:
    """An image as the data set has it.

    file_name: the user's own name for it, only ever shown.   photo: its file, inside the data set or the folder of
    photos.   segments: from the bottom to the top, all of one size, the one that `size` says.
    size: (height, width) of the masks, None where the data set says none.
    labelled: whether its segments are its truth; False for a photo that nobody has labelled.
    id: the number it has in the data set.   split: the part it belongs to there, "" for none.
    problems: what of it cannot be used; the rest of it can.
    """

    file_name: str
    photo: Path
    segments: tuple[ReadSegment, ...] = ()
    size: tuple[int, int] | None = None
    labelled: bool = True
    id: int | None = None
    split: str = ""
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class DataSet:
    """A data set that was opened and checked as a whole; its images are read one at a time.

    categories: as they stand there, also one name or one id twice; what a name or id may be is checked already.
    images: a new pass over (image or problem) in a fixed order, of `count` items; holds the masks of
    few images at a time. A Problem stands for an image of which nothing can be used.
    uses: whether a segment has this category; may read the whole set. Of one id twice the first counts.
    problems: what concerns no single image.
    """

    categories: tuple[Category, ...]
    count: int
    images: Callable[[], Iterator[ReadImage | Problem]]
    uses: Callable[[int], bool]
    problems: tuple[Problem, ...] = ()


# Opens the data set at a path: its folder or its main file; the photos may lie in a folder of their own. Raises
# FormatError when there is no data set of the format, saying what was looked for and where.
Reader = Callable[[Path, Path | None], DataSet]
