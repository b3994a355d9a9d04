"""One photo becomes one example: scaled, cropped, flipped, recoloured, with its target on the mask grid."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from core.annotation.errors import TrainingError
from core.training.data.images import Pixels
from core.training.data.prepared import PreparedImage
from core.training.data.sources import Unnamed
from core.training.labels import LabelCodes
from core.training.scene import Scene, Window, cut_scene, target_of
from core.training.target import STRIDE, Target


@dataclass(frozen=True)
class AugmentConfig:
    """scale: the root of the photo's area relative to the crop's side, drawn between these.

    flip: the chance of a mirror image.   colour: largest relative change of brightness, contrast and saturation.
    least_visible: a mask of which the crop shows a smaller share is dropped.
    copy_paste: the chance that things of another photo are pasted in, `pasted` of them at most.
    """

    scale: tuple[float, float] = (0.75, 1.7)
    flip: float = 0.5
    colour: float = 0.25
    least_visible: float = 0.15
    copy_paste: float = 0.0
    pasted: int = 4

    def __post_init__(self) -> None:
        if not 0 < self.scale[0] <= self.scale[1]:
            raise TrainingError(f"scale is a range above 0, smaller first, got {self.scale}")
        shares = (self.flip, self.colour, self.least_visible, self.copy_paste)
        if not (all(0 <= share <= 1 for share in shares) and self.colour < 1):
            raise TrainingError(f"flip, colour, least_visible and copy_paste lie in 0..1, got {self}")
        if self.pasted < 1:
            raise TrainingError(f"pasted is a number of things from 1, got {self.pasted}; copy_paste 0 pastes none")


@dataclass(frozen=True, eq=False)
class Example:
    """pixels: uint8 RGB [S, S, 3], the photo at the top left.   height, width: its real part."""

    pixels: Pixels
    height: int
    width: int
    target: Target


def draw_scene(
    image: PreparedImage,
    *,
    crop_px: int,
    codes: LabelCodes,
    unnamed: Unnamed,
    config: AugmentConfig,
    rng: np.random.Generator,
) -> Scene:
    """A random window of a photo, by one of its readings, recoloured."""
    labels = image.readings[rng.integers(len(image.readings))]()
    window = draw_window(image.pixels.shape[0], image.pixels.shape[1], crop_px, config, rng)
    pixels = recolour(cut_pixels(image.pixels, window), config.colour, rng)
    return cut_scene(labels, window, pixels, codes=codes, unnamed=unnamed, name=image.name)


def example_of(scene: Scene, crop_px: int, config: AugmentConfig) -> Example:
    """The scene as the network sees it, padded to crop_px², with its target."""
    height, width = scene.size
    pixels = np.zeros((crop_px, crop_px, 3), dtype=np.uint8)
    pixels[:height, :width] = scene.pixels
    return Example(pixels, height, width, target_of(scene, crop_px, least_visible=config.least_visible))


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


def recolour(pixels: Pixels, strength: float, rng: np.random.Generator) -> Pixels:
    """Random brightness, contrast and saturation, each within ± `strength`."""
    brightness, contrast, saturation = 1 + rng.uniform(-strength, strength, 3)
    if strength == 0:
        return pixels
    mean = float(pixels.mean())
    toned = cv2.addWeighted(pixels, contrast, pixels, 0, mean * (brightness - contrast))
    grey = cv2.cvtColor(cv2.cvtColor(toned, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(toned, saturation, grey, 1 - saturation, 0), dtype=np.uint8)
