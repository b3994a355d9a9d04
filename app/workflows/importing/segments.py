"""A data set's segments as an image's truth: the photo's size, the workspace's categories, ids that are free."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.workflows.importing.turning import fits_turned, turned
from core.annotation.mask import Mask, measure
from core.annotation.truth import MAX_SEGMENTS, Segment, Source
from core.formats.imported import Problem, ReadImage, ReadSegment

# Ids from here on do not fit the three colours of a panoptic PNG.
_SEGMENT_IDS = 2**24


@dataclass(frozen=True)
class ReadTruth:
    """What of a read image becomes truth.

    doubtful: the masks fit the photo before and after its EXIF turn.   renumbered: segments that lost their number.
    """

    segments: tuple[Segment, ...] = ()
    problems: tuple[Problem, ...] = ()
    doubtful: bool = False
    renumbered: int = 0


def truth_of(
    read: ReadImage, shape: tuple[int, int], orientation: int, last_id: int, targets: Mapping[int, int]
) -> ReadTruth:
    """The image's segments from the bottom to the top.

    shape: (height, width) of the upright photo.   orientation: its file's EXIF one.   last_id: the highest id that
    its segments ever had.   targets: the workspace's id of each of the set's categories.
    """
    size = read.segments[0].mask.shape if read.segments else read.size
    turns = size is not None and size != shape and fits_turned(size, shape, orientation)
    if size is not None and size != shape and not turns:
        reason = f"its masks are {_sized(size)} and its photo is {_sized(shape)}; give them the photo they were made on"
        return ReadTruth(problems=(Problem(read.file_name, "", reason),))
    measure([segment.mask for segment in read.segments])
    problems: list[Problem] = []
    usable = list(_usable(read, problems))
    numbers = _numbers([segment.id for segment in usable], last_id)
    segments = tuple(
        Segment(
            id=number,
            mask=_upright(segment.mask, orientation if turns else 1),
            category_id=None if segment.category_id is None else targets[segment.category_id],
            order=order,
            source=Source.IMPORTED,
            crowd=segment.crowd,
        )
        for order, (number, segment) in enumerate(zip(numbers, usable, strict=True), start=1)
    )
    return ReadTruth(
        segments,
        tuple(problems),
        doubtful=bool(segments) and not turns and _may_be_turned(shape, orientation),
        renumbered=sum(one.id not in (None, number) for one, number in zip(usable, numbers, strict=True)),
    )


def _usable(read: ReadImage, problems: list[Problem]) -> Iterator[ReadSegment]:
    if len(read.segments) > MAX_SEGMENTS:
        reason = f"has {len(read.segments)} segments; those above the lowest {MAX_SEGMENTS} are too many"
        problems.append(Problem(read.file_name, "", reason))
    for place, segment in enumerate(read.segments[:MAX_SEGMENTS], start=1):
        if segment.mask.area:
            yield segment
        else:
            problems.append(Problem(read.file_name, f"segment {segment.id or place}", "has no pixel"))


def _numbers(read_ids: Sequence[int | None], last_id: int) -> list[int]:
    """The ids as read where they are free and stand there once, else the lowest free ones."""
    count = Counter(read_ids)
    kept = {number for number in count if number is not None and last_id < number < _SEGMENT_IDS and count[number] == 1}
    numbers, following = [], last_id
    for number in read_ids:
        if number is None or number not in kept:
            following += 1
            while following in kept:
                following += 1
            number = following
        numbers.append(number)
    return numbers


def _upright(mask: Mask, orientation: int) -> Mask:
    return mask if orientation == 1 else turned(mask, orientation)


def _may_be_turned(shape: tuple[int, int], orientation: int) -> bool:
    return orientation != 1 and (shape[0] == shape[1] or not fits_turned(shape[::-1], shape, orientation))


def _sized(shape: tuple[int, int]) -> str:
    return f"{shape[1]}×{shape[0]}"
