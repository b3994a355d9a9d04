"""COCO's compressed text of run lengths: many at once, because a text is so short that calls cost more than work.

Run i > 2 stands as its difference to run i − 2, in groups of five bits, the lowest first; a character is 48 plus the
bits plus 32 where the group goes on. Source: the COCO API's maskApi.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError

Runs = npt.NDArray[np.int64]
# 32 bits, which numpy adds twice as fast, unless a number needs more.
Numbers = npt.NDArray[np.int32] | Runs
# 35 bits are far more than the pixels of any image.
MOST_GROUPS = 7
# So many fit 32 bits. Sums may wrap around there; where every run turns out to be from 0 to an image's pixels none
# has: each is the run two before and at most 2**29 more or less.
_SHORT_GROUPS = 6
# The value of a number's last group, by its character − 48: five bits, of which the highest is the sign.
_LAST_GROUP = ((np.arange(64) & 0x1F ^ 0x10) - 0x10).astype(np.int32)


@dataclass(frozen=True, eq=False)
class RunTable:
    """The run lengths of N masks as pairs: a run of zeros and the run of ones after it, 0 where none is left.

    zeros, ones: int32 or int64 [P].   firsts: int64 [N], each mask's first pair.   counts: int64 [N], its runs.
    shortest: whether each text writes its numbers with the fewest characters.
    """

    zeros: Numbers
    ones: Numbers
    firsts: Runs
    counts: Runs
    shortest: bool

    @property
    def canonical(self) -> bool:
        """Whether every text is the one that `text_from_runs` writes for the pixels of its mask."""
        empty = np.count_nonzero(self.zeros == 0) - np.count_nonzero(self.zeros[self.firsts] == 0)
        empty += np.count_nonzero(self.ones == 0) - np.count_nonzero(self.counts % 2)
        return self.shortest and not empty

    def sum_to(self, pixels: Runs) -> bool:
        """Whether no run is below 0 and each mask's add up to its `pixels` [N]."""
        most = int(pixels.max())
        for runs in (self.zeros, self.ones):
            if runs.min() < 0 or runs.max() > most:
                return False
        return bool((np.add.reduceat(self.zeros + self.ones, self.firsts, dtype=np.int64) == pixels).all())

    def areas(self) -> Runs:
        """The pixels inside each mask, int64 [N]."""
        return np.add.reduceat(self.ones, self.firsts, dtype=np.int64)

    def boxes(self, heights: Runs) -> Runs:
        """The tight (x, y, width, height) of each mask of `heights` [N], int64 [N, 4], zeros for an empty one; of a
        canonical table."""
        stops = _cumsum(self.zeros + self.ones, self.firsts)
        starts = stops - self.ones
        stops -= 1
        # numpy divides by a number faster than by many, or than it takes remainders.
        same = int(heights[0]) if (heights == heights[0]).all() else None
        height = np.repeat(heights, (self.counts + 1) // 2) if same is None else same
        lefts, rights = starts // height, stops // height
        tops, bottoms = starts - lefts * height, stops - rights * height
        live = self.ones > 0
        # A run that reaches the next column covers a bottom and a top edge.
        wraps = np.logical_or.reduceat(live & (lefts != rights), self.firsts)
        if not live.all():
            rights, bottoms, tops = np.where(live, [rights, bottoms, tops], np.array([[-1], [-1], [2**31 - 1]]))
        top = np.where(wraps, 0, np.minimum.reduceat(tops, self.firsts))
        bottom = np.where(wraps, heights - 1, np.maximum.reduceat(bottoms, self.firsts))
        left, right = lefts[self.firsts], np.maximum.reduceat(rights, self.firsts)
        boxes = np.stack([left, top, right - left + 1, bottom - top + 1], axis=1)
        boxes[right < 0] = 0
        return boxes

    def split(self) -> list[Runs]:
        """The run lengths of each mask."""
        runs = np.stack([self.zeros, self.ones], axis=1, dtype=np.int64).ravel()
        return [runs[first : first + count] for first, count in zip(2 * self.firsts, self.counts, strict=True)]


def decode_texts(texts: Sequence[str]) -> RunTable:
    """The run lengths of one or more compressed texts. Raises MaskError when one is not such a text."""
    text = "".join(texts)
    try:
        codes = np.frombuffer(text.encode("ascii"), dtype=np.uint8) - np.uint8(48)
    except UnicodeEncodeError as error:
        raise MaskError(f"mask counts hold a character that RLE text never has: {_shown(texts)}") from error
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    if not lengths.all():
        raise MaskError("mask counts are empty: an H×W mask has at least one run")
    text_ends = np.cumsum(lengths) - 1
    goes_on = codes & 0x20
    if codes.max() > 63 or goes_on[text_ends].any():
        raise MaskError(f"mask counts are no COCO RLE text: {_shown(texts)}")
    ends = np.flatnonzero(goes_on == 0)
    deltas, shortest = _numbers(codes, ends, texts)
    run_ends = np.searchsorted(ends, text_ends) + 1
    counts = np.diff(run_ends, prepend=0)
    return _summed(deltas, counts, shortest)


def _numbers(codes: npt.NDArray[np.uint8], ends: Runs, texts: Sequence[str]) -> tuple[Numbers, bool]:
    """The signed numbers whose last characters stand at `ends`, and whether none takes more of them than needed."""
    more = ends.copy()
    more[1:] -= ends[:-1] + 1
    numbers: Numbers = _LAST_GROUP.take(codes.take(ends))
    longer = np.flatnonzero(more)
    if not longer.size:
        return numbers, True
    most = int(more.max()) + 1
    if most > MOST_GROUPS:
        raise MaskError(f"a run in the mask counts is too long for any image: {_shown(texts)}")
    if most > _SHORT_GROUPS:
        numbers = numbers.astype(np.int64)
    # A last group that only repeats the sign of the one before it says nothing.
    needless = numbers[longer] + (codes[ends[longer] - 1] >> 4 & 1) == 0
    place = 1
    while longer.size:
        numbers[longer] = (numbers[longer] << 5) + (codes[ends[longer] - place] & 0x1F)
        place += 1
        longer = longer[more[longer] >= place]
    return numbers, not bool(needless.any())


def _summed(deltas: Numbers, counts: Runs, shortest: bool) -> RunTable:
    """The runs of differences to the run two before; the first three runs of each mask stand as they are."""
    pairs = (counts + 1) // 2
    firsts = np.cumsum(pairs) - pairs
    padded = np.zeros(2 * int(pairs.sum()), dtype=deltas.dtype)
    start = 0
    for first, count in zip((2 * firsts).tolist(), counts.tolist(), strict=True):
        padded[first : first + count] = deltas[start : start + count]
        start += count
    # The first run of zeros is no part of the sums.
    first_zeros = padded[2 * firsts]
    padded[2 * firsts] = 0
    zeros, ones = _cumsum(padded[0::2], firsts), _cumsum(padded[1::2], firsts)
    zeros[firsts] = first_zeros
    odd = counts % 2 == 1
    ones[(firsts + pairs - 1)[odd]] = 0
    return RunTable(zeros, ones, firsts, counts, shortest)


def _cumsum(values: Numbers, firsts: Runs) -> Numbers:
    """The cumulative sums that begin anew at each of `firsts`."""
    if firsts.size > 1:
        totals = np.add.reduceat(values, firsts, dtype=values.dtype)
        values = values.copy()
        values[firsts[1:]] -= totals[:-1]
    sums = np.empty_like(values)
    np.cumsum(values, out=sums)
    return sums


def runs_from_text(counts: str) -> Runs:
    """Run lengths, int64 [R], of COCO's compressed text. Raises MaskError when it is not such a text."""
    return decode_texts([counts]).split()[0]


def text_from_runs(runs: npt.ArrayLike) -> str:
    """COCO's compressed text of run lengths [R]; the inverse of `runs_from_text`."""
    values = np.asarray(runs, dtype=np.int64)
    rest = values.copy()
    rest[3:] -= values[1:-2]
    live = np.ones(rest.size, dtype=bool)
    columns = []
    while live.any():
        low = rest & 0x1F
        rest >>= 5
        finished = np.where(low & 0x10, rest == -1, rest == 0)
        more = live & ~finished
        columns.append(np.where(live, (low | (more << 5)) + 48, 0))
        live = more
    codes = np.stack(columns, axis=1).astype(np.uint8).ravel()
    text: bytes = codes[codes != 0].tobytes()
    return text.decode("ascii")


def _shown(texts: Sequence[str]) -> str:
    return f"{texts[0][:40]!r}" if len(texts) == 1 else f"one of {len(texts)} masks"
