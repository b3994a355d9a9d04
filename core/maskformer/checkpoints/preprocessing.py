"""A Hugging Face folder's preprocessor_config.json, as this project's preprocessing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.files import read_json_object
from core.maskformer.preprocessing import STRIDE_PX, Preprocessing

PREPROCESSOR = "preprocessor_config.json"
# Of ImageNet's photos, RGB in 0..1; every public checkpoint of the family was trained with them.
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# What the published test recipes resize to where the file does not say: COCO's.
SHORT_SIDE_PX = 800
LONG_SIDE_PX = 1333
BYTE_SCALE = 1 / 255


def published_preprocessing() -> Preprocessing:
    """Of checkpoints that say nothing: ImageNet's mean and deviation, COCO's test sizes."""
    return _preprocessing({})


def read_preprocessing(folder: Path) -> Preprocessing:
    """What the folder's preprocessor says, with defaults where it is silent or absent. Raises ModelError.

    Sides become multiples of 4; the divisor, which only pads, has no part in it. A fixed height and width become
    the short and long side, for photos keep their shape here.
    """
    path = folder / PREPROCESSOR
    if not path.exists():
        return published_preprocessing()
    try:
        return _preprocessing(read_json_object(path))
    except (TypeError, OverflowError) as error:
        raise ModelError(f"{path}: {error}; take an intact copy of the model") from error


def _preprocessing(values: dict[str, Any]) -> Preprocessing:
    scale = _number(values, "rescale_factor", BYTE_SCALE) if values.get("do_rescale", True) else 1.0
    mean, std = (
        (_triple(values, "image_mean", IMAGENET_MEAN), _triple(values, "image_std", IMAGENET_STD))
        if values.get("do_normalize", True)
        else ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    )
    short, long = _sides(values)
    red, green, blue = (value / scale for value in mean)
    red_std, green_std, blue_std = (value / scale for value in std)
    return Preprocessing(
        mean=(red, green, blue), std=(red_std, green_std, blue_std), long_side_px=long, short_side_px=short
    )


def _sides(values: dict[str, Any]) -> tuple[int, int]:
    """The short side and the most the long one may have, in pixels."""
    match values.get("size"):
        case None:
            short, long = SHORT_SIDE_PX, LONG_SIDE_PX
        case int(short):
            long = values.get("max_size") or _longest(short)
        case {"shortest_edge": int(short), "longest_edge": int(long)}:
            pass
        case {"shortest_edge": int(short)}:
            long = values.get("max_size") or _longest(short)
        case {"height": int(height), "width": int(width)}:
            short, long = sorted((height, width))
        case size:
            raise ModelError(
                f'{PREPROCESSOR}: size is a number of pixels or {{"shortest_edge": 800, "longest_edge": 1333}}, '
                f"got {size!r:.80}"
            )
    if not isinstance(long, int):
        raise ModelError(f"{PREPROCESSOR}: max_size is a number of pixels, got {long!r:.80}")
    return _multiple(min(short, long)), _multiple(long)


def _longest(short: int) -> int:
    return round(short * LONG_SIDE_PX / SHORT_SIDE_PX)


def _multiple(side: int) -> int:
    return round(side / STRIDE_PX) * STRIDE_PX


def _number(values: dict[str, Any], name: str, default: float) -> float:
    value = values.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise ModelError(f"{PREPROCESSOR}: {name} is a number above 0, got {value!r:.80}")
    return value


def _triple(values: dict[str, Any], name: str, default: tuple[float, float, float]) -> tuple[float, float, float]:
    match values.get(name, default):
        case (float() | int() as red, float() | int() as green, float() | int() as blue):
            return red, green, blue
        case value:
            raise ModelError(f"{PREPROCESSOR}: {name} is three numbers, got {value!r:.80}")
