"""Masks and what is made of them, by pycocotools, scipy, core.formats.polygons, and plain loops over pixels."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from pycocotools import mask as coco
from scipy import ndimage

from core.formats.polygons import fill
from tests.js_cases.pixels import Pixels, blob, case, counts, largest_first, special, speckled
from tests.js_cases.slicing import sliced

ALL_AROUND = np.ones((3, 3), bool)
EDGES = ndimage.generate_binary_structure(2, 1)


def coding(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """A mask and another, in pycocotools' text, and what it says of them."""
    first = special(rng, index)
    pair = [coco.encode(np.asfortranarray(pixels, np.uint8)) for pixels in (first, blob(rng, *first.shape))]
    texts = [rle["counts"].decode() for rle in pair]
    return case(first) | {
        "counts": texts,
        "pixels": first.ravel().astype(int).tolist(),
        "area": int(coco.area(pair[0])),
        "bbox": coco.toBbox(pair[0]).astype(int).tolist(),
        "union": coco.merge(pair)["counts"].decode(),
        "intersection": coco.merge(pair, intersect=True)["counts"].decode(),
    }


def sets(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """Three masks of one size and their algebra."""
    first = special(rng, index)
    others = [blob(rng, *first.shape) for _ in range(2)]
    left, right, top, bottom = np.sort(rng.integers(-3, 44, (2, 2)), axis=1).ravel().tolist()
    inside = np.zeros_like(first)
    inside[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
    return case(
        first,
        others=[counts(pixels) for pixels in others],
        union=counts(first | others[0] | others[1]),
        intersection=counts(first & others[0]),
        difference=counts(first & ~others[0]),
        complement=counts(~first),
        box=[left, top, right - left, bottom - top],
        inBox=counts(first & inside),
    )


def regions(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """The connected parts of a mask and its holes, by scipy.ndimage."""
    pixels = special(rng, index)
    parts = _parts(pixels, ALL_AROUND)
    holes = _holes(pixels)
    most = int(rng.integers(1, 12))
    return case(
        pixels,
        components={"4": list(map(counts, _parts(pixels, EDGES))), "8": list(map(counts, parts))},
        holes=list(map(counts, holes)),
        filled=counts(ndimage.binary_fill_holes(pixels)),
        most=most,
        filledUpTo=counts(np.logical_or.reduce([pixels, *(hole for hole in holes if hole.sum() <= most)])),
        withoutIslands=counts(
            np.logical_or.reduce([pixels & False, *parts[:1], *(part for part in parts[1:] if part.sum() >= most)])
        ),
    )


def _parts(pixels: Pixels, structure: Pixels) -> list[Pixels]:
    labels, count = ndimage.label(pixels, structure)
    return largest_first(labels == label for label in range(1, count + 1))


def _holes(pixels: Pixels) -> list[Pixels]:
    return _parts(ndimage.binary_fill_holes(pixels) & ~pixels, EDGES)


def polygons(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """Rings, at whole places or anywhere, partly outside, and what core.formats.polygons fills."""
    height, width = (int(side) for side in rng.integers(1, 41, 2))
    rings = [rng.uniform(-8, 46, (int(rng.integers(3, 9)), 2)) for _ in range(int(rng.integers(1, 4)))]
    if index % 3 == 0:
        rings = [np.round(ring) for ring in rings]
    elif index % 3 == 1:
        rings = [np.round(ring * 2) / 2 for ring in rings]
    return {
        "height": height,
        "width": width,
        "rings": [ring.ravel().tolist() for ring in rings],
        "counts": fill(rings, height, width).counts,
    }


def strokes(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """A brush's way over a mask, in moves, and what it leaves; every pixel is asked."""
    pixels = special(rng, index)
    moves = [rng.uniform(-6, 46, (int(rng.integers(1, 4)), 2)) for _ in range(int(rng.integers(1, 4)))]
    diameter = float(rng.choice([1, 1.5, 2, 3, 8, 20.5]))
    if index % 2:
        # Ties: centres at exactly half a diameter.
        moves = [np.round(move * 2) / 2 for move in moves]
    covered = swept(np.concatenate(moves), diameter, *pixels.shape)
    return case(
        pixels,
        diameter=diameter,
        moves=[[{"x": x, "y": y} for x, y in move.tolist()] for move in moves],
        stroke=counts(covered),
        painted=counts(pixels | covered),
        erased=counts(pixels & ~covered),
    )


def swept(points: np.ndarray, diameter: float, height: int, width: int) -> Pixels:
    """The pixels whose centres lie at most half a diameter from the way through `points` [N, 2]."""
    if diameter < 2:
        points = np.floor(points) + 0.5
    radius = max(diameter, 1) / 2
    y, x = np.mgrid[:height, :width] + 0.5
    covered = np.zeros((height, width), bool)
    for (ax, ay), (bx, by) in pairwise(np.concatenate([points[:1], points]).tolist()):
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        along = np.zeros_like(x) if square == 0 else np.clip(((x - ax) * dx + (y - ay) * dy) / square, 0, 1)
        left, up = ax + along * dx - x, ay + along * dy - y
        covered |= left * left + up * up <= radius * radius
    return covered


def slices(rng: np.random.Generator, index: int) -> dict[str, Any]:
    """A mask cut along a line, by `tests.js_cases.slicing`."""
    pixels = speckled(rng, special(rng, index + 1))
    height, width = pixels.shape
    points = rng.uniform((-4, -4), (width + 4, height + 4), (int(rng.integers(1, 5)), 2))
    if index % 4 == 0:
        points = points[:1] + np.cumsum(rng.normal(0, 1, (30, 2)), axis=0)
    if index % 3 == 0:
        points = np.concatenate([points, points[:1]])
    return case(
        pixels,
        points=[{"x": x, "y": y} for x, y in points.tolist()],
        parts=[counts(part) for part in sliced(pixels, points)],
    )
