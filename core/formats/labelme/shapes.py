"""The shapes of LabelMe as masks: masks, polygons, rectangles and circles. Lines and points have no pixels."""

from __future__ import annotations

import binascii
import math
import reprlib
from base64 import b64decode
from collections.abc import Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL.PngImagePlugin import PngImageFile

from core.annotation.errors import FormatError
from core.annotation.mask import Mask
from core.formats.containers import read_container
from core.formats.polygons import MAX_COORDINATE_PX, Ring, as_ring, fill

# LabelMe 5.6 draws rectangles that are turned as four corners.
_POLYGONS = ("polygon", "oriented_rectangle")


def shape_mask(shape: Mapping[str, object], height: int, width: int) -> Mask:
    """The pixels of a shape in an image of this size. Raises FormatError for one that has none or is damaged."""
    kind = shape.get("shape_type") or "polygon"
    if kind == "mask":
        mask = _pasted(shape, height, width)
    elif kind in _POLYGONS:
        mask = fill([as_ring(shape.get("points"))], height, width)
    elif kind == "rectangle":
        mask = _rectangle(shape.get("points"), height, width)
    elif kind == "circle":
        mask = _circle(_two_points(shape, "circle"), height, width)
    else:
        raise FormatError(f"is a {reprlib.repr(kind)}, which has no pixels; draw an outline")
    if mask.area == 0:
        raise FormatError("holds no pixel's centre, so nothing of it would be seen")
    return mask


def _rectangle(points: object, height: int, width: int) -> Mask:
    if isinstance(points, list) and len(points) == 4:
        return fill([as_ring(points, what="rectangle")], height, width)
    (x0, y0), (x1, y1) = _two_points({"points": points}, "rectangle").tolist()
    return fill([np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])], height, width)


def _circle(points: Ring, height: int, width: int) -> Mask:
    """The first point is the centre, the second lies on the circle."""
    (x, y), radius = points[0], float(np.hypot(*(points[1] - points[0])))
    left, right = max(0, math.floor(x - radius)), min(width, math.ceil(x + radius))
    top, bottom = max(0, math.floor(y - radius)), min(height, math.ceil(y + radius))
    if left >= right or top >= bottom:
        return Mask.empty(height, width)
    across = np.arange(left, right) + 0.5 - x
    down = np.arange(top, bottom) + 0.5 - y
    return _placed(across**2 + (down**2)[:, None] <= radius**2, left, top, (height, width))


def _pasted(shape: Mapping[str, object], height: int, width: int) -> Mask:
    (x0, y0), (x1, y1) = _two_points(shape, "mask").tolist()
    left, top, right, bottom = int(x0), int(y0), int(x1) + 1, int(y1) + 1
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise FormatError(f"lies at {left}, {top} to {right}, {bottom}, which is not inside its image {width}×{height}")
    return _placed(_decoded(shape.get("mask"), bottom - top, right - left), left, top, (height, width))


def _placed(part: npt.NDArray[np.bool_], left: int, top: int, size: tuple[int, int]) -> Mask:
    """The mask of an image of `size` (height, width) that is `part` at that place; costs the part's columns only."""
    height, width = size
    columns = np.zeros((height, part.shape[1]), dtype=bool)
    columns[top : top + part.shape[0]] = part
    runs = Mask.from_array(columns).runs
    before, after = left * height, (width - left - part.shape[1]) * height
    # Runs of zeros and ones take turns, so an empty one stands between two of a kind.
    return Mask.from_runs(height, width, [before, 0, *runs, *([0] * (len(runs) % 2)), after])


def _decoded(text: object, height: int, width: int) -> npt.NDArray[np.bool_]:
    """The pixels of a mask's PNG, whose size is checked before it is decoded."""
    if not isinstance(text, str):
        raise FormatError(f"has no PNG in base64 under mask, but {reprlib.repr(text)}")
    try:
        container = read_container(b64decode(text, validate=True))
        if container.file_format != "PNG":
            raise ValueError(f"it is {container.file_format}")
        with PngImageFile(BytesIO(container.picture)) as image:
            size, pixels = image.size, np.asarray(image) if image.size == (width, height) else None
    except binascii.Error as error:
        raise FormatError(f"has a mask that is no base64: {error}") from error
    except Exception as error:  # Pillow's decoders raise whatever a damaged file leads them into.
        raise FormatError(f"has a mask that is no intact PNG: {error}") from error
    if pixels is None or pixels.ndim != 2:
        raise FormatError(f"has a mask of {size[0]}×{size[1]}; its points say {width}×{height}, with one channel")
    inside: npt.NDArray[np.bool_] = pixels != 0
    return inside


def _two_points(shape: Mapping[str, object], what: str) -> Ring:
    try:
        points = np.array(shape.get("points"), dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.empty(0)
    if points.shape != (2, 2) or not (np.abs(points) <= MAX_COORDINATE_PX).all():
        raise FormatError(f"{what} has two points (x, y) in the image, got {reprlib.repr(shape.get('points'))}")
    return points
