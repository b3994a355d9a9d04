"""One photo becomes one example: scaled, cropped, flipped, recoloured, with its target on the mask grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.data.images import Labels, Pixels
from core.training.data.prepared import PreparedImage
from core.training.data.sources import Unnamed
from core.training.labels import LabelCodes
from core.training.target import STRIDE, Target

# A mask of fewer cells, or without a cell that is half inside, cannot be drawn at the mask resolution.
LEAST_CELLS = 3.0
LEAST_PEAK = 128


@dataclass(frozen=True)
class AugmentConfig:
    """scale: the root of the photo's area relative to the crop's side, drawn between these.

    flip: the chance of a mirror image.   colour: largest relative change of brightness, contrast and saturation.
    least_visible: a mask of which the crop shows a smaller share is dropped.
    """

    scale: tuple[float, float] = (0.75, 1.7)
    flip: float = 0.5
    colour: float = 0.25
    least_visible: float = 0.15

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1]:
            raise TrainingError(f"scale is a range above 0, smaller first, got {self.scale}")
        if not (0 <= self.flip <= 1 and 0 <= self.colour < 1 and 0 <= self.least_visible <= 1):
            raise TrainingError(f"flip, colour and least_visible lie in 0..1, got {self}")


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
class Example:
    """pixels: uint8 RGB [S, S, 3], the photo at the top left.   height, width: its real part."""

    pixels: Pixels
    height: int
    width: int
    target: Target


def make_example(
    image: PreparedImage,
    *,
    crop_px: int,
    codes: LabelCodes,
    unnamed: Unnamed,
    config: AugmentConfig,
    rng: np.random.Generator,
) -> Example:
    """A random example of `crop_px`² pixels. All chance comes from `rng`."""
    labels = image.readings[rng.integers(len(image.readings))]()
    window = draw_window(image.pixels.shape[0], image.pixels.shape[1], crop_px, config, rng)
    real = recolour(cut_pixels(image.pixels, window), config.colour, rng)
    pixels = np.zeros((crop_px, crop_px, 3), dtype=np.uint8)
    pixels[: window.out_height, : window.out_width] = real
    target = make_target(labels, window, crop_px, codes=codes, unnamed=unnamed, config=config, name=image.name)
    return Example(pixels, window.out_height, window.out_width, target)


def draw_window(height: int, width: int, crop_px: int, config: AugmentConfig, rng: np.random.Generator) -> Window:
    """A random scale (even on a log axis), place and mirroring."""
    low, high = np.log(config.scale)
    scale = float(np.exp(rng.uniform(low, high))) * crop_px / np.sqrt(height * width)
    part_height, part_width = (min(side, max(1, round(crop_px / scale))) for side in (height, width))
    return Window(
        top=int(rng.integers(height - part_height + 1)),
        left=int(rng.integers(width - part_width + 1)),
        height=part_height,
        width=part_width,
        out_height=_on_grid(part_height * scale, crop_px),
        out_width=_on_grid(part_width * scale, crop_px),
        mirrored=bool(rng.random() < config.flip),
    )


def _on_grid(side: float, crop_px: int) -> int:
    return int(np.clip(round(side / STRIDE) * STRIDE, STRIDE, crop_px))


def cut_pixels(pixels: Pixels, window: Window) -> Pixels:
    """The window of a photo at its size in the example."""
    part = pixels[window.top : window.top + window.height, window.left : window.left + window.width]
    shrinks = window.out_height * window.out_width < window.height * window.width
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(part, (window.out_width, window.out_height), interpolation=way)
    return np.asarray(resized[:, ::-1] if window.mirrored else resized, dtype=np.uint8)


def cut_mask(mask: Mask, window: Window) -> npt.NDArray[np.uint8]:
    """The window of a mask on the mask grid: the share of each cell inside, 0 … 255."""
    part = mask.to_array()[window.top : window.top + window.height, window.left : window.left + window.width]
    # Nearest to the example's size, then averaged over whole cells: both have fast paths, one area resize has none.
    fine = cv2.resize(part.view(np.uint8), (window.out_width, window.out_height), interpolation=cv2.INTER_NEAREST_EXACT)
    size = (window.out_width // STRIDE, window.out_height // STRIDE)
    cells = cv2.resize(fine * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cells[:, ::-1] if window.mirrored else cells, dtype=np.uint8)


def recolour(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Random brightness, contrast and saturation, each within ± `strength`."""
    brightness, contrast, saturation = 1 + rng.uniform(-strength, strength, 3)
    if strength == 0:
        return pixels
    mean = float(pixels.mean())
    toned = cv2.addWeighted(pixels, contrast, pixels, 0, mean * (brightness - contrast))
    grey = cv2.cvtColor(cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(toned, saturation, grey, 1 - saturation, 0), dtype=np.uint8)


def make_target(
    labels: Labels,
    window: Window,
    crop_px: int,
    *,
    codes: LabelCodes,
    unnamed: Unnamed,
    config: AugmentConfig,
    name: str,
) -> Target:
    """The window's truth; masks that the window empties, or all but empties, are dropped."""
    side = -(-crop_px // STRIDE)
    rows, columns = window.out_height // STRIDE, window.out_width // STRIDE
    cell_px = window.height * window.width / (rows * columns)
    masks, numbers = [], []
    for labelled in labels.masks:
        cells = cut_mask(labelled.mask, window)
        shown = float(cells.sum()) / 255
        whole = labelled.mask.area / cell_px
        if shown < max(LEAST_CELLS, config.least_visible * whole) or cells.max() < LEAST_PEAK:
            continue
        masks.append(cells)
        numbers.append(codes.code(labelled.category, unnamed))
    stacked = np.zeros((len(masks), side, side), dtype=np.uint8)
    validity = np.zeros((side, side), dtype=bool)
    validity[:rows, :columns] = cut_mask(labels.ignored, window) == 0 if labels.ignored else True
    for place, cells in enumerate(masks):
        stacked[place, :rows, :columns] = cells
    points = np.array([inner_point(cells) for cells in masks], dtype=np.float32).reshape(-1, 2)
    return Target(
        masks=torch.from_numpy(stacked),
        labels=torch.tensor(numbers, dtype=torch.int64),
        points=torch.from_numpy(points),
        validity=torch.from_numpy(validity),
        complete=labels.complete,
        name=name,
        real_size=(rows, columns),
    )


def inner_point(cells: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """The (x, y) of the fullest cell nearest to the centre of mass of [h, w] cells that are not all 0."""
    y, x = np.nonzero(cells >= LEAST_PEAK)
    centre_x, centre_y = x.mean(), y.mean()
    nearest = np.argmin((x - centre_x) ** 2 + (y - centre_y) ** 2)
    return float(x[nearest]) + 0.5, float(y[nearest]) + 0.5
