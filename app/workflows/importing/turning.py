"""Masks made on a photo as its file stores it, turned upright as the photo is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from core.annotation.mask import Mask

_Array = npt.NDArray[np.bool_]

# By EXIF orientation, those that change height and width; the same turns as core.formats.photo does.
_QUARTER_TURNS: dict[int, Callable[[_Array], _Array]] = {
    5: lambda array: array.T,
    6: lambda array: np.rot90(array, -1),
    7: lambda array: array[::-1, ::-1].T,
    8: lambda array: np.rot90(array),
}


def fits_turned(shape: tuple[int, int], photo: tuple[int, int], orientation: int) -> bool:
    """Whether masks of this shape are the photo's, whose shape is upright, before its quarter turn."""
    return orientation in _QUARTER_TURNS and shape == photo[::-1]


def turned(mask: Mask, orientation: int) -> Mask:
    """The mask as it lies on the upright photo; the orientation is a quarter turn."""
    return Mask.from_array(_QUARTER_TURNS[orientation](mask.to_array()))
