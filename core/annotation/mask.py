"""Binary masks as COCO run-length encoding (RLE).

A mask is a height, a width and run lengths over the pixels in column-major order, starting with a
run of zeros (which may be empty). `Mask` keeps them in COCO's compressed text, so a mask is small,
hashable, and goes to JSON, the database and pycocotools as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError
from core.annotation.run_lengths import Runs, RunTable, decode_texts, runs_from_text, text_from_runs

# A 250-megapixel image is far past what the page opens; more is a hostile header.
MAX_PIXELS = 250_000_000

Box = tuple[int, int, int, int]


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
    def from_texts(cls, sizes: Sequence[tuple[int, int]], texts: Sequence[str]) -> list[Mask]:
        """Masks of `sizes` (height, width) from COCO's compressed texts, with their areas and boxes, many times faster
        together than one by one.

        Raises MaskError when one is no such mask; `from_coco` of each tells which.
        """
        for height, width in set(sizes):
            _check_size(height, width)
        if not texts:
            return []
        table = decode_texts(texts)
        if not table.sum_to(np.prod(sizes, axis=1, dtype=np.int64)) or not table.canonical:
            return [cls.from_runs(*size, runs) for size, runs in zip(sizes, table.split(), strict=True)]
        masks = [cls(*size, text) for size, text in zip(sizes, texts, strict=True)]
        _keep_measures(masks, table)
        return masks

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
        try:
            if isinstance(counts, str):
                return cls.from_texts([(shape[0], shape[1])], [counts])[0]
            return cls.from_runs(shape[0], shape[1], counts)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, MaskError):
                raise
            raise MaskError(f"mask counts are no list of whole numbers: {counts!r:.60}") from error

    @classmethod
    def measured(cls, height: int, width: int, counts: str, *, area: int, bbox: Box) -> Mask:
        """A mask that was stored with its area and box; all are trusted."""
        mask = cls(height, width, counts)
        # Where `cached_property` looks first.
        vars(mask).update(area=area, bbox=bbox)
        return mask

    @classmethod
    def empty(cls, height: int, width: int) -> Mask:
        """A mask without a pixel."""
        return cls.from_runs(height, width, [height * width])

    @classmethod
    def union(cls, masks: Sequence[Mask]) -> Mask:
        """The pixels in any of the masks, which share one size. Raises MaskError when they do not."""
        if not masks:
            raise MaskError("a union needs at least one mask")
        for mask in masks[1:]:
            if mask.shape != masks[0].shape:
                raise MaskError(f"masks of different images cannot merge: {masks[0].shape} and {mask.shape}")
        return cls.from_runs(*masks[0].shape, _united([mask.runs for mask in masks]))

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


def _united(each: Sequence[Runs]) -> Runs:
    """The run lengths of a union, from bounds alone: a pixel is inside where more runs have begun than ended."""
    ends = [np.cumsum(runs) for runs in each]
    starts, stops = np.concatenate([end[:-1:2] for end in ends]), np.concatenate([end[1::2] for end in ends])
    bounds = np.concatenate((starts, stops))
    steps = np.repeat((1, -1), (starts.size, stops.size))
    # Starts come before stops of the same place, so that runs that touch are one.
    order = np.lexsort((-steps, bounds))
    depth = np.cumsum(steps[order])
    outer = (depth == 0) | ((depth == 1) & (steps[order] == 1))
    return np.diff(np.concatenate(([0], bounds[order][outer], [ends[0][-1]])))


def measure(masks: Sequence[Mask]) -> None:
    """Work out the areas and boxes of masks, which keep them, many times faster than one by one."""
    unknown = [mask for mask in masks if "area" not in vars(mask) or "bbox" not in vars(mask)]
    if unknown:
        _keep_measures(unknown, decode_texts([mask.counts for mask in unknown]))


def _keep_measures(masks: Sequence[Mask], table: RunTable) -> None:
    heights = np.fromiter((mask.height for mask in masks), dtype=np.int64, count=len(masks))
    for mask, area, box in zip(masks, table.areas().tolist(), table.boxes(heights).tolist(), strict=True):
        # Where `cached_property` looks first.
        vars(mask).update(area=area, bbox=tuple(box))


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise MaskError(f"a mask has 1 to {MAX_PIXELS} pixels, got {width}×{height}")
