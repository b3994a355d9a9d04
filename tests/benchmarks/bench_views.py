"""From a network's output to the three views, beside transformers: `python -m tests.benchmarks.bench_views`.

1500×2000 pixels, 100 queries, 133 categories, 12 and 60 of the queries confident; the grids are those of Swin-T at
640 and 800 pixels. Each view is asked for in turn, here and there; the peak memory is of a process of its own.

Tried, and not kept:
- Bounds of Σ p·σ from the smallest and largest σ of a gap's corners: right, but linear in the logits' differences; at
  the usual smoothness a band of several pixels on each side of a boundary stays open. The error of a bilinear mean is
  quadratic in them.
- The sharper bound of |σ″| between two probabilities (largest at both peaks of σ″): 10 % fewer pixels to be summed,
  paid for with eight more passes over the grid.
- Errors of all 133 categories: most never come near the best one. They share one row, with the largest p of any.
- Halving gaps, and halves of gaps, before their pixels: every level costs what the pixels do that it saves. Strips are
  the exception, because their ends are on the way to the pixels anyway.
- Summing all 100 queries wherever the bilinear means leave a pixel open: the six that matter most to its rivals decide
  nine in ten of them. Interpolating a pixel's queries by gathers and products took ten times as long as embedding_bag.
- Gauss rules of 3×3 places for the mean inside a mask: 1e-7 instead of 1e-6 for twice the time.
- scipy's find_objects for boxes (13 ms), torch's argmax over a short first dimension (30 ms where max takes 1), and
  sums of bool without a dtype (42 ms where int32 takes 3).
"""

from __future__ import annotations

import functools
import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace

from transformers.models.maskformer.image_processing_pil_maskformer import MaskFormerImageProcessorPil

from core.inference import postprocess
from tests.benchmarks.made_outputs import CATEGORIES, THINGS, label_set, made_output
from tests.benchmarks.memory import peak_growth

SIZE = (1500, 2000)
GRIDS = ((160, 214), (200, 267))
CONFIDENT = (12, 60)
VIEWS = ("semantic", "instance", "panoptic")
RUNS = 5
# Ours is asked so often for each time that theirs is, so that both see the same moments of the machine.
TURNS = 3


@dataclass(frozen=True)
class Row:
    """One view of one output: seconds and peak memory, here and there."""

    view: str
    confident: int
    grid: tuple[int, int]
    ours_s: float
    theirs_s: float
    ours_bytes: int
    theirs_bytes: int


def main() -> None:
    heads = ("confident", "grid", "ours ms", "theirs", "×", "ours MB", "theirs", "share")
    print(f"{'view':<10}" + "".join(f"{head:>11}" for head in heads))
    for grid in GRIDS:
        for confident in CONFIDENT:
            for row in measure(confident, grid):
                print(f"{row.view:<10}" + "".join(f"{cell:>11}" for cell in _cells(row)), flush=True)


def _cells(row: Row) -> tuple[str, ...]:
    times = f"{row.ours_s * 1000:.1f}", f"{row.theirs_s * 1000:.0f}", f"{row.theirs_s / row.ours_s:.1f}"
    peaks = f"{row.ours_bytes / 1e6:.0f}", f"{row.theirs_bytes / 1e6:.0f}", f"{row.ours_bytes / row.theirs_bytes:.0%}"
    return str(row.confident), "×".join(map(str, row.grid)), *times, *peaks


def measure(confident: int, grid: tuple[int, int], *, runs: int = RUNS) -> list[Row]:
    rows = []
    for view in VIEWS:
        ours, theirs = (task(view, confident, grid, peer=peer) for peer in (False, True))
        times: tuple[list[float], list[float]] = [], []
        for _ in range(runs):
            times[0].extend(_seconds(ours) for _ in range(TURNS))
            times[1].append(_seconds(theirs))
        peaks = [peak_bytes(view, confident, grid, peer=peer) for peer in (False, True)]
        rows.append(Row(view, confident, grid, *map(statistics.median, times), *peaks))
    return rows


def task(view: str, confident: int, grid: tuple[int, int], *, peer: bool) -> Callable[[], object]:
    """A call that makes the view of a made output."""
    output = made_output(confident, grid)
    if not peer:
        return functools.partial(getattr(postprocess, view), output, [SIZE], label_set())
    raw = SimpleNamespace(class_queries_logits=output.class_logits, masks_queries_logits=output.mask_logits)
    options = {"threshold": 0.8, "label_ids_to_fuse": set(range(THINGS, CATEGORIES))} if view == "panoptic" else {}
    make = getattr(MaskFormerImageProcessorPil(), f"post_process_{view}_segmentation")
    return functools.partial(make, raw, target_sizes=[SIZE], **options)


def peak_bytes(view: str, confident: int, grid: tuple[int, int], *, peer: bool) -> int:
    """How far one call raises the peak memory of a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_growth, (view, confident, grid, peer))


def _growth(view: str, confident: int, grid: tuple[int, int], peer: bool) -> int:
    make = task(view, confident, grid, peer=peer)
    return peak_growth(make)


def _seconds(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
