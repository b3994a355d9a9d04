"""Binary masks as COCO run-length encoding (RLE).

A mask is a height, a width and run lengths over the pixels in column-major order, starting with a
run of zeros (which may be empty). `Mask` keeps them in COCO's compressed text, so a mask is small,
hashable, and goes to JSON, the database and pycocotools as it is.
Source of the text format: the COCO API's maskApi (deltas to the run two before, five bits a character).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError

# A 250-megapixel image is far past what the page opens; more is a hostile header.
MAX_PIXELS = 250_000_000

Runs = npt.NDArray[np.int64]
Box = tuple[int, int, int, int]


def runs_from_text(counts: str) -> Runs:
    """Run lengths, int64 [R], of COCO's compressed text. Raises MaskError when it is not such a text."""
    try:
        codes = np.frombuffer(counts.encode("ascii"), dtype=np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError as error:
        raise MaskError(f"mask counts hold a character that RLE text never has: {counts[:40]!r}") from error
    if codes.size == 0:
        raise MaskError("mask counts are empty: an H×W mask has at least one run")
    if codes.min() < 0 or codes.max() > 63 or codes[-1] & 0x20:
        raise MaskError(f"mask counts are no COCO RLE text: {counts[:40]!r}")
    last = (codes & 0x20) == 0
    group = np.concatenate(([0], np.cumsum(last)[:-1]))
    starts = np.flatnonzero(np.concatenate(([True], last[:-1])))
    place = np.arange(codes.size) - starts[group]
    if place.max() > 6:
        raise MaskError(f"a run in the mask counts is too long for any image: {counts[:40]!r}")
    deltas = np.zeros(starts.size, dtype=np.int64)
    np.add.at(deltas, group, (codes & 0x1F) << (5 * place))
    ends = np.flatnonzero(last)
    negative = (codes[ends] & 0x10) != 0
    deltas[negative] -= np.int64(1) << (5 * (place[ends[negative]] + 1))
    # The first three runs stand as they are; run i > 2 is a difference to run i − 2.
    runs = deltas.copy()
    runs[1::2] = np.cumsum(deltas[1::2])
    if runs.size > 2:
        runs[2::2] = np.cumsum(deltas[2::2])
    return runs


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


def _canonical(runs: Runs) -> Runs:
    """The same mask with no empty run but a first one, and no empty run at the end."""
    if runs.size > 1 and not runs[1:].all():
        value = np.arange(runs.size) % 2
        kept = runs > 0
        runs, value = runs[kept], value[kept]
        if runs.size == 0:
            return np.zeros(1, dtype=np.int64)
        starts = np.flatnonzero(np.concatenate(([True], value[1:] != value[:-1])))
        merged = np.add.reduceat(runs, starts)
        runs = np.concatenate(([0], merged)) if value[0] else merged
    return runs


@dataclass(frozen=True)
class Mask:
    """A binary mask of `height` × `width` pixels; `counts` is COCO's compressed RLE text, canonical.

    Build one with `from_array`, `from_runs` or `from_coco`, which check their input; the plain
    constructor trusts it. Equal masks compare and hash equal.
    """

    height: int
    width: int
    counts: str

    @classmethod
    def from_array(cls, array: npt.NDArray[np.bool_] | npt.NDArray[np.uint8]) -> Mask:
        """Encode a [H, W] array; every non-zero pixel is inside. Raises MaskError on another shape."""
        if array.ndim != 2 or array.size == 0:
            raise MaskError(f"a mask is a non-empty [H, W] array, got shape {array.shape}")
        flat = np.asarray(array, dtype=bool).ravel(order="F")
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        bounds = np.concatenate(([0], edges, [flat.size]))
        runs = np.diff(bounds)
        if flat[0]:
            runs = np.concatenate(([0], runs))
        return cls(array.shape[0], array.shape[1], text_from_runs(runs))

    @classmethod
    def from_runs(cls, height: int, width: int, runs: npt.ArrayLike) -> Mask:
        """Check run lengths [R] (column-major, zeros first) against H·W before anything is allocated."""
        _check_size(height, width)
        values = np.asarray(runs)
        if values.ndim != 1 or values.size == 0 or not np.issubdtype(values.dtype, np.integer):
            raise MaskError(f"run lengths are a non-empty list of whole numbers, got {runs!r:.60}")
        values = values.astype(np.int64)
        if values.min() < 0 or values.max() > height * width or int(values.sum()) != height * width:
            raise MaskError(
                f"run lengths of a {width}×{height} mask must be at least 0 and sum to {height * width}, "
                f"got {values.size} runs from {values.min()} to {values.max()} summing to {values.sum()}"
            )
        return cls(height, width, text_from_runs(_canonical(values)))

    @classmethod
    def from_coco(cls, rle: object, *, size: tuple[int, int] | None = None) -> Mask:
        """Read a COCO RLE dict, compressed or not; `size` is the (H, W) it must have. Raises MaskError."""
        if not isinstance(rle, dict) or "size" not in rle or "counts" not in rle:
            raise MaskError(f"a COCO RLE has 'size' and 'counts', got {rle!r:.60}")
        shape, counts = rle["size"], rle["counts"]
        if not (
            isinstance(shape, list | tuple)
            and len(shape) == 2
            and all(isinstance(side, int) and not isinstance(side, bool) for side in shape)
        ):
            raise MaskError(f"a COCO RLE's size is [height, width], got {shape!r:.60}")
        if size is not None and tuple(shape) != size:
            raise MaskError(f"the mask is {shape[1]}×{shape[0]}, but its image is {size[1]}×{size[0]}")
        if isinstance(counts, bytes):
            counts = counts.decode("ascii", errors="replace")
        runs = runs_from_text(counts) if isinstance(counts, str) else counts
        try:
            return cls.from_runs(shape[0], shape[1], runs)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, MaskError):
                raise
            raise MaskError(f"mask counts are no list of whole numbers: {counts!r:.60}") from error

    @classmethod
    def empty(cls, height: int, width: int) -> Mask:
        """A mask without a pixel."""
        return cls.from_runs(height, width, [height * width])

    @classmethod
    def union(cls, masks: Sequence[Mask]) -> Mask:
        """The pixels in any of the masks, which share one size. Raises MaskError when they do not."""
        if not masks:
            raise MaskError("a union needs at least one mask")
        merged = masks[0].to_array()
        for mask in masks[1:]:
            if mask.shape != masks[0].shape:
                raise MaskError(f"masks of different images cannot merge: {masks[0].shape} and {mask.shape}")
            merged |= mask.to_array()
        return cls.from_array(merged)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width)."""
        return self.height, self.width

    @cached_property
    def runs(self) -> Runs:
        """Run lengths, int64 [R], column-major, zeros first."""
        return runs_from_text(self.counts)

    @cached_property
    def area(self) -> int:
        """Pixels inside."""
        return int(self.runs[1::2].sum())

    @cached_property
    def bbox(self) -> Box:
        """The tight box (x, y, width, height) in pixels; (0, 0, 0, 0) for an empty mask."""
        ends = np.cumsum(self.runs)
        starts, stops = ends[:-1:2], ends[1::2]
        if stops.size == 0:
            return 0, 0, 0, 0
        left, right = int(starts[0]) // self.height, int(stops[-1] - 1) // self.height
        first_row, last_row = starts % self.height, (stops - 1) % self.height
        # A run that reaches the next column covers a bottom and a top edge.
        wraps = starts // self.height != (stops - 1) // self.height
        if wraps.any():
            top, bottom = 0, self.height - 1
        else:
            top, bottom = int(first_row.min()), int(last_row.max())
        return left, top, right - left + 1, bottom - top + 1

    def to_array(self) -> npt.NDArray[np.bool_]:
        """Decode to bool [H, W] (column-major memory)."""
        runs = self.runs
        flat = np.repeat(np.arange(runs.size) % 2 == 1, runs)
        return flat.reshape((self.height, self.width), order="F")

    def to_coco(self) -> dict[str, object]:
        """The COCO RLE dict {"size": [H, W], "counts": str}."""
        return {"size": [self.height, self.width], "counts": self.counts}


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise MaskError(f"a mask has 1 to {MAX_PIXELS} pixels, got {width}×{height}")
