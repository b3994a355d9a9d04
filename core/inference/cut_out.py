"""A thing cut out of its surroundings by colour: GrabCut (Rother et al. 2004), as OpenCV has it."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError
from core.annotation.mask import Box, Mask

Photo = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint8]
Inside = npt.NDArray[np.bool_]

# GrabCut's time grows with the third power of its picture's side: at 256 and two rounds a cut takes 0.05 to 0.7 s of a
# 2020s core on noise, chequers and plain colour (at 480 and three: up to 19 s).
SIDE_PX = 256
ROUNDS = 2
# What is looked at around a mask's box: enough to learn the colours of what surrounds it.
MARGIN_SHARE, MARGIN_PX = 0.25, 16
# A border may move by a part of the mask's width (that of a square of its area), in the picture that GrabCut sees.
BAND_SHARE, BAND_PX = 0.08, (3, 24)
# In a box, parts smaller than this share of the largest one are specks.
SPECK_SHARE = 0.05
# GrabCut begins with random clusters.
SEED = 0


def undisturbed() -> None:
    """Of a cut that nobody gives up."""


def refined(image: Photo, mask: Mask, go_on: Callable[[], None] = undisturbed) -> Mask:
    """The mask with its border where the colours part; only a band along its border may change.

    image: RGB, uint8 [H, W, 3].   mask: of its size, not empty. The same photo and mask always give the same answer.
    go_on: called before each round; what it raises ends the work.
    Raises MaskError when there is nothing around the mask to part it from.
    """
    if not mask.area:
        raise MaskError("an empty mask has no border to refine; draw something first")
    box = _with_margin(mask.bbox, mask.shape)
    rows, columns = _slices(box)
    before = mask.to_array()[rows, columns]
    picture = _small(image[rows, columns])
    small = _resized(before.astype(np.uint8) * 255, picture.shape[:2]) >= 128
    core, reach = _band(small)
    if reach.all() and small.all():
        raise MaskError("the mask covers all there is around it, so there is no border to refine")
    labels = np.select([core, small, reach], [cv2.GC_FGD, cv2.GC_PR_FGD, cv2.GC_PR_BGD], cv2.GC_BGD).astype(np.uint8)
    found = _hanging_on(_grab(picture, labels, go_on), core)
    after = _enlarged(found, before.shape)
    movable = _enlarged_nearest(reach & ~core, before.shape)
    return _placed(np.where(movable, after, before), box, mask.shape)


def cut_out(image: Photo, box: Box, go_on: Callable[[], None] = undisturbed) -> Mask:
    """What stands out in a box (x, y, width, height in pixels) against what lies around it.

    image: RGB, uint8 [H, W, 3].   go_on: as of `refined`. Raises MaskError for a box outside the photo, one with
    nothing around it, and when nothing stands out.
    """
    height, width = image.shape[:2]
    x, y, across, down = box
    if across < 1 or down < 1 or x < 0 or y < 0 or x + across > width or y + down > height:
        raise MaskError(f"the box {box} does not lie in the photo of {width}×{height}; give x, y, width, height in it")
    around = _with_margin(box, (height, width))
    if around == box:
        raise MaskError("the box holds the whole photo: leave something around it to tell the thing from")
    rows, columns = _slices(around)
    inside = np.zeros((around[3], around[2]), np.uint8)
    inside[y - around[1] : y - around[1] + down, x - around[0] : x - around[0] + across] = 255
    picture = _small(image[rows, columns])
    possible = _resized(inside, picture.shape[:2]) >= 128
    labels = np.where(possible, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    found = _without_specks(_grab(picture, labels, go_on))
    after = _enlarged(found, inside.shape) & (inside > 0)
    if not after.any():
        raise MaskError("nothing stands out in the box; draw it closely around one thing")
    return _placed(after, around, (height, width))


def _grab(picture: Photo, labels: Pixels, go_on: Callable[[], None]) -> Inside:
    """Round by round what all ROUNDS at once give: a round cannot be stopped, and takes up to 0.3 s."""
    cv2.setRNGSeed(SEED)
    inner, outer = np.zeros((1, 65)), np.zeros((1, 65))
    if np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD)).any():
        for mode in (cv2.GC_INIT_WITH_MASK, *[cv2.GC_EVAL] * (ROUNDS - 1)):
            go_on()
            cv2.grabCut(picture, labels, (0, 0, 1, 1), outer, inner, 1, mode)
    return np.isin(labels, (cv2.GC_FGD, cv2.GC_PR_FGD))


def _band(small: Inside) -> tuple[Inside, Inside]:
    """What stays inside for certain, and what can come to be inside: bool [h, w] each."""
    width = int(np.clip(round(BAND_SHARE * float(np.sqrt(small.sum()))), *BAND_PX))
    padded = np.pad(small.astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    # A thin mask would have no core: half of its depth stays.
    core = depth > min(width, float(depth.max()) / 2)
    beyond = cv2.distanceTransform((~small).astype(np.uint8), cv2.DIST_L2, 5) if not small.all() else depth * 0
    return core & small, beyond <= width


def _hanging_on(found: Inside, core: Inside) -> Inside:
    """The parts that touch the core: no new islands."""
    _, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=4)
    return np.isin(labels, np.unique(labels[core & found])) & found


def _without_specks(found: Inside) -> Inside:
    """The large parts."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not len(areas):
        return found
    kept = 1 + np.flatnonzero(areas >= SPECK_SHARE * areas.max())
    return np.isin(labels, kept)


def _with_margin(box: Box, size: tuple[int, int]) -> Box:
    x, y, width, height = box
    margin = max(MARGIN_PX, round(MARGIN_SHARE * max(width, height)))
    left, top = max(0, x - margin), max(0, y - margin)
    right, bottom = min(size[1], x + width + margin), min(size[0], y + height + margin)
    return left, top, right - left, bottom - top


def _slices(box: Box) -> tuple[slice, slice]:
    """The rows and columns of a box."""
    return slice(box[1], box[1] + box[3]), slice(box[0], box[0] + box[2])


def _small(part: Photo) -> Photo:
    scale = min(1.0, SIDE_PX / max(part.shape[:2]))
    size = max(1, round(part.shape[0] * scale)), max(1, round(part.shape[1] * scale))
    return _resized(part, size)


def _resized(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    if pixels.shape[:2] == size:
        return np.ascontiguousarray(pixels)
    shrunk = cv2.resize(np.ascontiguousarray(pixels), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def _enlarged(inside: Inside, size: tuple[int, ...]) -> Inside:
    """At another size, its border smooth."""
    smooth = cv2.resize(inside.astype(np.float32), (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth >= 0.5)


def _enlarged_nearest(inside: Inside, size: tuple[int, ...]) -> Inside:
    enlarged = cv2.resize(inside.astype(np.uint8), (size[1], size[0]), interpolation=cv2.INTER_NEAREST)
    return np.asarray(enlarged > 0)


def _placed(inside: Inside, box: Box, size: tuple[int, int]) -> Mask:
    """The photo-sized mask with these pixels in the box and none outside."""
    whole = np.zeros(size, bool, order="F")
    whole[_slices(box)] = inside
    return Mask.from_array(whole)
