"""Lines that follow edges: intelligent scissors (Mortensen and Barrett 1995), as OpenCV has them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from core.annotation.errors import MaskError

Photo = npt.NDArray[np.uint8]
Corner = tuple[int, int]

# How far a map reaches from its start, in photo pixels; the least that holds the other end is taken.
REACHES_PX = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384)
# A map's side at most: farther reaches are looked at smaller, so that a map costs some 20 ms whatever it spans.
SIDE_PX = 288
# A path may swing out of the way between its ends, by a part of their distance.
ROOM = 1.25
# OpenCV's own example: what counts as an edge, and the slope beyond which all are alike.
CANNY = (32, 100)
STEEPEST = 200
# A line may leave the path by this many of the map's pixels: stairs become straight.
STRAIGHTEN_PX = 0.75


@dataclass(frozen=True, eq=False)
class EdgeMap:
    """All cheapest paths along edges from one place of a photo.

    start: (x, y), where four pixels of the photo meet, as corners of polygons do.   box: (left, top, right, bottom) of
    what was looked at, in photo pixels.   size: (height, width) of the map.
    """

    start: Corner
    box: tuple[int, int, int, int]
    size: tuple[int, int]
    scissors: cv2.segmentation.IntelligentScissorsMB

    @property
    def size_bytes(self) -> int:
        """About what it holds: edges, slopes and directions of each pixel, and the way back."""
        return 32 * self.size[0] * self.size[1]

    def path_to(self, end: Corner) -> list[Corner]:
        """The line's corners from its start to `end`, a place within reach; both are among them."""
        contour = self.scissors.getContour(_pixel_at(end, self.box, self.size))
        bends = cv2.approxPolyDP(contour.reshape(-1, 1, 2), STRAIGHTEN_PX, closed=False).reshape(-1, 2)
        left, top, right, bottom = self.box
        scale = (right - left) / self.size[1], (bottom - top) / self.size[0]
        places = np.rint((bends[1:-1] + 0.5) * scale + np.array((left, top))).astype(int)
        line = [self.start, *((x, y) for x, y in places.tolist()), end]
        return [here for here, before in zip(line, [None, *line[:-1]], strict=True) if here != before]


def reach_between(start: Corner, end: Corner) -> int:
    """The least of REACHES_PX whose map, made at `start`, holds good paths to `end`."""
    far = max(abs(end[0] - start[0]), abs(end[1] - start[1])) * ROOM
    return next((reach for reach in REACHES_PX if reach >= far), REACHES_PX[-1])


def edge_map(image: Photo, start: Corner, reach: int) -> EdgeMap:
    """Look for edges in the square of `reach` pixels around a place of an RGB photo, uint8 [H, W, 3].

    Raises MaskError for a place outside the photo.
    """
    height, width = image.shape[:2]
    check_corner(start, (height, width))
    x, y = start
    box = max(0, x - reach), max(0, y - reach), min(width, x + reach), min(height, y + reach)
    part = np.ascontiguousarray(image[box[1] : box[3], box[0] : box[2]])
    scale = min(1.0, SIDE_PX / max(part.shape[:2]))
    if scale < 1:
        small = max(1, math.ceil(part.shape[1] * scale)), max(1, math.ceil(part.shape[0] * scale))
        part = np.asarray(cv2.resize(part, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    scissors = cv2.segmentation.IntelligentScissorsMB()
    scissors.setEdgeFeatureCannyParameters(*CANNY)
    scissors.setGradientMagnitudeMaxLimit(STEEPEST)
    scissors.applyImage(part)
    size = part.shape[0], part.shape[1]
    scissors.buildMap(_pixel_at(start, box, size))
    return EdgeMap(start, box, size, scissors)


def check_corner(corner: Corner, size: tuple[int, int]) -> None:
    """Raise MaskError unless (x, y) lies on a photo of this (height, width), its border included."""
    if not (0 <= corner[0] <= size[1] and 0 <= corner[1] <= size[0]):
        raise MaskError(f"the point {corner} lies outside the photo of {size[1]}×{size[0]}; give one on it")


def _pixel_at(corner: Corner, box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int]:
    """The map's pixel (x, y) below and right of a place, or the last one at the far borders."""
    left, top, right, bottom = box
    x = (corner[0] - left) * size[1] // (right - left)
    y = (corner[1] - top) * size[0] // (bottom - top)
    return min(max(x, 0), size[1] - 1), min(max(y, 0), size[0] - 1)
