"""A window of a photo with its masks at the window's resolution, and the target it makes on the mask grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from core.annotation.mask import Mask
from core.training.data.images import Labels, Pixels
from core.training.data.sources import Unnamed
from core.training.labels import LabelCodes
from core.training.target import STRIDE, Target

Bytes = npt.NDArray[np.uint8]

# A mask of fewer cells, or without a cell that is half inside, cannot be drawn at the mask resolution.
LEAST_CELLS = 3.0
LEAST_PEAK = 128
# What is left of a rejected mask when less of it is shown is another mask, of which nothing was said.
LEAST_REJECTED = 0.8


@dataclass(frozen=True)
class Window:
    """A part of a photo (top, left, height, width in its pixels) and its size (multiples of STRIDE) in the example."""

    top: int
    left: int
    height: int
    width: int
    out_height: int
    out_width: int
    mirrored: bool


@dataclass(frozen=True, eq=False)
class SceneMask:
    """inside: uint8 [h, w], 0 or 1.   code: of `LabelCodes`.

    whole_px: its area at this scale if nothing of it were cut off or hidden.
    """

    inside: Bytes
    code: int
    whole_px: float


@dataclass(frozen=True, eq=False)
class Scene:
    """pixels: uint8 RGB [h, w, 3], h and w multiples of STRIDE.   ignored: uint8 [h, w], 0 or 1; None: nothing is.

    complete, name: see `Target`.   rejected: see `Labels`; their code is that of no object.
    """

    pixels: Pixels
    masks: tuple[SceneMask, ...]
    ignored: Bytes | None
    complete: bool
    name: str
    rejected: tuple[SceneMask, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """h, w."""
        return self.pixels.shape[0], self.pixels.shape[1]


def cut_scene(
    labels: Labels, window: Window, pixels: Pixels, *, codes: LabelCodes, unnamed: Unnamed, name: str
) -> Scene:
    """The window's masks beside its pixels; masks that lie outside are left out."""
    masks = _cut_all(((one.mask, codes.code(one.category, unnamed)) for one in labels.masks), window)
    ignored = cut_touched(labels.ignored, window) if labels.ignored else None
    rejected = _cut_all(((mask, codes.no_object) for mask in labels.rejected), window)
    return Scene(pixels, masks, ignored, labels.complete, name, rejected)


def _cut_all(coded: Iterable[tuple[Mask, int]], window: Window) -> tuple[SceneMask, ...]:
    scale = window.out_height * window.out_width / (window.height * window.width)
    cut = (SceneMask(cut_mask(mask, window), code, mask.area * scale) for mask, code in coded if _meets(mask, window))
    return tuple(mask for mask in cut if mask.inside.any())


def _meets(mask: Mask, window: Window) -> bool:
    """Whether the mask's box and the window have a pixel in common."""
    x, y, width, height = mask.bbox
    beside = x >= window.left + window.width or x + width <= window.left
    return not (beside or y >= window.top + window.height or y + height <= window.top)


def cut_mask(mask: Mask, window: Window) -> Bytes:
    """The window of a mask at its size in the example (nearest): uint8 [h, w], 0 or 1."""
    size = (window.out_height, window.out_width)
    return _turned(cv2.resize(_part(mask, window), size, interpolation=cv2.INTER_NEAREST_EXACT), window)


def cut_touched(mask: Mask, window: Window) -> Bytes:
    """As `cut_mask`, but a pixel is inside when any of its area is: thin void is not sampled away."""
    part = _part(mask, window).astype(np.float32)
    inside = cv2.resize(part, (window.out_height, window.out_width), interpolation=cv2.INTER_AREA)
    return _turned((inside > 0).astype(np.uint8), window)


def _part(mask: Mask, window: Window) -> Bytes:
    """The window's pixels, uint8 [w, h]: masks decode column by column, and so they need no reordering in memory."""
    whole = mask.to_array().T.view(np.uint8)
    return whole[window.left : window.left + window.width, window.top : window.top + window.height]


def _turned(inside: npt.NDArray[np.generic], window: Window) -> Bytes:
    """[w, h] → [h, w], mirrored where the window is."""
    return np.asarray(inside[::-1] if window.mirrored else inside, dtype=np.uint8).T


def to_cells(inside: Bytes) -> Bytes:
    """The share of each cell of STRIDE² pixels inside, 0 … 255."""
    size = (inside.shape[0] // STRIDE, inside.shape[1] // STRIDE)
    cells = cv2.resize(inside.T * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cells, dtype=np.uint8).T


def target_of(scene: Scene, crop_px: int, *, least_visible: float) -> Target:
    """The scene's truth on the grid of a crop_px² example; masks that are empty here, or all but, are dropped."""
    side = -(-crop_px // STRIDE)
    rows, columns = (length // STRIDE for length in scene.size)
    kept = _drawn(scene.masks, least_visible)
    rejected = _drawn(scene.rejected, max(least_visible, LEAST_REJECTED))
    validity = np.zeros((side, side), dtype=bool)
    validity[:rows, :columns] = True if scene.ignored is None else to_cells(scene.ignored) == 0
    points = np.array([inner_point(cells) for _, cells in kept], dtype=np.float32).reshape(-1, 2)
    return Target(
        masks=_stacked(kept, side),
        labels=torch.tensor([code for code, _ in kept], dtype=torch.int64),
        points=torch.from_numpy(points),
        validity=torch.from_numpy(validity),
        complete=scene.complete,
        name=scene.name,
        real_size=(rows, columns),
        rejected=_stacked(rejected, side) if rejected else None,
    )


def _drawn(masks: Sequence[SceneMask], least_visible: float) -> list[tuple[int, Bytes]]:
    """Code and cells of the masks that can be seen."""
    drawn = [(mask, to_cells(mask.inside)) for mask in masks]
    return [(mask.code, cells) for mask, cells in drawn if _is_visible(mask, cells, least_visible)]


def _stacked(drawn: Sequence[tuple[int, Bytes]], side: int) -> Tensor:
    """The cells at the top left of zeros: uint8 [n, side, side]."""
    stacked = np.zeros((len(drawn), side, side), dtype=np.uint8)
    for place, (_, cells) in enumerate(drawn):
        stacked[place, : cells.shape[0], : cells.shape[1]] = cells
    return torch.from_numpy(stacked)


def _is_visible(mask: SceneMask, cells: Bytes, least_visible: float) -> bool:
    shown = float(cells.sum()) / 255
    return shown >= max(LEAST_CELLS, least_visible * mask.whole_px / STRIDE**2) and bool(cells.max() >= LEAST_PEAK)


def inner_point(cells: Bytes) -> tuple[float, float]:
    """The (x, y) of the fullest cell nearest to the centre of mass of [h, w] cells that are not all 0."""
    y, x = np.nonzero(cells >= LEAST_PEAK)
    centre_x, centre_y = x.mean(), y.mean()
    nearest = np.argmin((x - centre_x) ** 2 + (y - centre_y) ** 2)
    return float(x[nearest]) + 0.5, float(y[nearest]) + 0.5
