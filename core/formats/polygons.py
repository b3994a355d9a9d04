"""Masks as polygons and back, along pixel corners: pixel (row, column) is the square from (column, row) to
(column + 1, row + 1), and a polygon holds the pixels whose centres it holds.

Both ways work on run lengths, so they take the time of an outline, not of an image. A ring is an array [N, 2] of
(x, y) without its first point again at the end.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.annotation.errors import FormatError
from core.annotation.mask import Mask

# Far past what a person draws or a program traces; each costs the page and every reader time.
MAX_VERTICES = 20_000
# Beyond this no coordinate is a place in or near an image, and arithmetic loses the pixel.
MAX_COORDINATE_PX = 1_000_000
# What an outline of that many vertices crosses in a 20-megapixel image, each line once; about two seconds.
MAX_CROSSINGS = 20_000_000

CornerRing = npt.NDArray[np.int64]
Ring = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Polygon:
    """One part of a mask: its outline, clockwise on the screen, and its holes, the other way round; corners, int64."""

    outer: CornerRing
    holes: tuple[CornerRing, ...] = ()

    @property
    def rings(self) -> tuple[CornerRing, ...]:
        return (self.outer, *self.holes)


def polygons(mask: Mask) -> tuple[Polygon, ...]:
    """The parts of a mask from top to bottom, pixels that touch at a corner apart; `fill` gives the mask exactly."""
    if mask.area == 0:
        return ()
    spans = _Spans.of(mask)
    edges = _Edges.of(spans, mask)
    return _as_polygons(edges, _cycles(edges, mask.height))


def fill(rings: Iterable[npt.ArrayLike], height: int, width: int) -> Mask:
    """The pixels whose centres lie inside an odd number of the rings, clipped to the image.

    Rings are [N, 2] of whole or real (x, y), checked by `as_ring`; a point on the boundary belongs to what lies right
    of and below it. Raises FormatError when the rings run to and fro over the image more often than an outline does.
    """
    starts, ends = _sides(rings)
    first = np.clip(np.ceil(starts[:, 0] - 0.5), 0, width).astype(np.int64)
    last = np.clip(np.ceil(ends[:, 0] - 0.5), 0, width).astype(np.int64)
    crossed = last - first
    if crossed.sum() > MAX_CROSSINGS:
        raise FormatError(f"the outline crosses the image's columns {crossed.sum()} times; simplify it")
    side = np.repeat(np.arange(len(crossed)), crossed)
    column = first[side] + _places(crossed)
    run, rise = (ends - starts)[side].T
    y = starts[side, 1] + (column + 0.5 - starts[side, 0]) * (rise / run)
    row = np.clip(np.ceil(y - 0.5), 0, height).astype(np.int64)
    # A toggle below a column's last row is one at the top of the next column, as run lengths want it.
    places, times = np.unique(column * height + row, return_counts=True)
    return Mask.from_runs(height, width, np.diff(places[times % 2 == 1], prepend=0, append=height * width))


def as_ring(points: object, *, what: str = "polygon") -> Ring:
    """Points as another program gives them, [N, 2] numbers, as a ring of at least three.

    Raises FormatError, starting with `what`, for another shape, NaN, or more than MAX_VERTICES or MAX_COORDINATE_PX.
    """
    try:
        ring = np.array(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{what} is no list of points (x, y): {reprlib.repr(points)}") from error
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
        raise FormatError(f"{what} needs at least three points (x, y), got {reprlib.repr(points)}")
    if len(ring) > MAX_VERTICES:
        raise FormatError(f"{what} has {len(ring)} points, more than {MAX_VERTICES}; simplify it")
    if not (np.abs(ring) <= MAX_COORDINATE_PX).all():
        worst = ring[~(np.abs(ring) <= MAX_COORDINATE_PX)][0]
        raise FormatError(f"{what} has the coordinate {worst:g}, which is no place in an image")
    return ring


def inset(ring: CornerRing, by_px: float) -> Ring:
    """A ring of `polygons` with each side moved into the mask.

    By less than half a pixel no pixel centre changes sides. By a quarter, programs that cut coordinates to whole
    numbers and paint the outline too (cv2.fillPoly) paint the mask's own pixels, where corners would add a row and a
    column.
    """
    ahead = np.sign(np.roll(ring, -1, axis=0) - ring)
    inward = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1)
    moved: Ring = ring + by_px * (inward + np.roll(inward, 1, axis=0))
    return moved


def bridged(rings: Sequence[Ring]) -> Ring:
    """All rings as one outline, joined by cuts there and back along the shortest lines between their vertices.

    `fill` of it gives what `fill` of the rings gives, as the two sides of a cut cancel out.
    """
    if len(rings) == 1:
        return rings[0]
    vertices = np.concatenate(rings)
    lengths = [len(ring) for ring in rings]
    ring_of = np.repeat(np.arange(len(rings)), lengths)
    bounds = [0, *np.cumsum(lengths).tolist()]
    return vertices[_walk(_shortest_cuts(vertices, ring_of), bounds, ring_of.tolist())]


@dataclass(frozen=True)
class _Spans:
    """The mask's vertical spans, column by column from top to bottom: rows `top` to `bottom` (excluded) of `column`."""

    column: Integers
    top: Integers
    bottom: Integers

    @classmethod
    def of(cls, mask: Mask) -> _Spans:
        bounds = np.cumsum(mask.runs)
        starts, stops = bounds[:-1:2], bounds[1::2]
        first, last = starts // mask.height, (stops - 1) // mask.height
        pieces = last - first + 1
        run = np.repeat(np.arange(len(starts)), pieces)
        column = first[run] + _places(pieces)
        top = np.where(column == first[run], starts[run] % mask.height, 0)
        bottom = np.where(column == last[run], (stops[run] - 1) % mask.height + 1, mask.height)
        return cls(column, top, bottom)


@dataclass(frozen=True)
class _Edges:
    """The outlines' horizontal sides: first all with the mask below, by row and column, then all with it above.

    From `left` to `right` (excluded) at `row`; `is_top` has the mask below.   upper: of a side with the mask above, the
    side that bounds the same span from above, at its leftmost column; -1 for the others.
    """

    row: Integers
    left: Integers
    right: Integers
    is_top: npt.NDArray[np.bool_]
    upper: Integers

    @classmethod
    def of(cls, spans: _Spans, mask: Mask) -> _Edges:
        tops, top_of = _joined(spans.top, spans.column, mask.width)
        bottoms, _ = _joined(spans.bottom, spans.column, mask.width)
        first = np.concatenate([tops[:, 0], bottoms[:, 0]])
        last = np.concatenate([tops[:, 1], bottoms[:, 1]])
        is_top = np.arange(len(first)) < len(tops)
        return cls(
            row=np.where(is_top, spans.top[first], spans.bottom[first]),
            left=spans.column[first],
            right=spans.column[last] + 1,
            is_top=is_top,
            upper=np.where(is_top, -1, top_of[first]),
        )


def _joined(row: Integers, column: Integers, width: int) -> tuple[Integers, Integers]:
    """Unit sides [S] joined to long ones: ([E, 2] of the first and last unit side, the long side of each [S])."""
    key = row * (width + 1) + column
    order = np.argsort(key, kind="stable")
    breaks = np.flatnonzero(np.diff(key[order]) != 1)
    first, last = np.concatenate(([0], breaks + 1)), np.concatenate((breaks, [len(order) - 1]))
    of = np.empty(len(order), dtype=np.int64)
    of[order] = np.repeat(np.arange(len(first)), last - first + 1)
    return np.stack([order[first], order[last]], axis=1), of


def _cycles(edges: _Edges, height: int) -> list[Integers]:
    """The horizontal sides of each ring in the order of its walk, with the mask on the right hand."""
    count = len(edges.row)
    arrival = np.where(edges.is_top, edges.right, edges.left)
    departure = np.where(edges.is_top, edges.left, edges.right)
    row = np.tile(edges.row, 2)
    # Down a grid line each vertical side ends where the next one starts; where two meet at a corner, the pixel above
    # comes first, so that it is not joined to the one that it only touches.
    key = (np.concatenate([arrival, departure]) * (height + 1) + row) * 2 + np.tile(edges.is_top, 2)
    ends = np.argsort(key).reshape(-1, 2)
    ends.sort(axis=1)
    following = np.empty(count, dtype=np.int64)
    following[ends[:, 0]] = ends[:, 1] - count
    return _follow(following.tolist())


def _follow(following: list[int]) -> list[Integers]:
    seen = bytearray(len(following))
    cycles = []
    for first in range(len(following)):
        if seen[first]:
            continue
        cycle = []
        at = first
        while not seen[at]:
            seen[at] = 1
            cycle.append(at)
            at = following[at]
        cycles.append(np.array(cycle, dtype=np.int64))
    return cycles


def _as_polygons(edges: _Edges, cycles: list[Integers]) -> tuple[Polygon, ...]:
    owner = np.empty(len(edges.row), dtype=np.int64)
    for number, cycle in enumerate(cycles):
        owner[cycle] = number
    areas = np.where(edges.is_top, -1, 1) * edges.row * (edges.right - edges.left)
    outers: dict[int, list[int]] = {number: [] for number, cycle in enumerate(cycles) if areas[cycle].sum() > 0}
    part_of = {number: number for number in outers}
    # What bounds a hole's first span from above is its outline or a hole further left or up, so that one comes first.
    for _, _, number, above in sorted(_first_below(edges, cycle, number) for number, cycle in enumerate(cycles)):
        if number not in outers:
            part_of[number] = part_of[int(owner[above])]
            outers[part_of[number]].append(number)
    return tuple(
        Polygon(_corners(edges, cycles[number]), tuple(_corners(edges, cycles[hole]) for hole in sorted(holes)))
        for number, holes in outers.items()
    )


def _first_below(edges: _Edges, cycle: Integers, number: int) -> tuple[int, int, int, int]:
    """Of a ring the leftmost, then topmost side with the mask above: (left, row, `number`, its upper side)."""
    sides = cycle[~edges.is_top[cycle]]
    side = sides[np.lexsort((edges.row[sides], edges.left[sides]))[0]]
    return int(edges.left[side]), int(edges.row[side]), number, int(edges.upper[side])


def _corners(edges: _Edges, cycle: Integers) -> CornerRing:
    """[2·E, 2] corners of a ring; two for each horizontal side."""
    top, row = edges.is_top[cycle], edges.row[cycle]
    left, right = edges.left[cycle], edges.right[cycle]
    x = np.stack([np.where(top, left, right), np.where(top, right, left)], axis=1)
    return np.stack([x.ravel(), np.repeat(row, 2)], axis=1)


def _places(counts: Integers) -> Integers:
    """0 … count − 1 for each count, one after another."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _sides(rings: Iterable[npt.ArrayLike]) -> tuple[Ring, Ring]:
    """The rings' sides that are not upright, each from left to right, so that there and back are the same numbers."""
    closed = [np.asarray(ring, dtype=np.float64).reshape(-1, 2) for ring in rings]
    here = np.concatenate([np.empty((0, 2)), *closed])
    there = np.concatenate([np.empty((0, 2)), *(np.roll(ring, -1, axis=0) for ring in closed)])
    slanted = here[:, 0] != there[:, 0]
    here, there = here[slanted], there[slanted]
    forwards = (here[:, 0] < there[:, 0])[:, None]
    return np.where(forwards, here, there), np.where(forwards, there, here)


def _shortest_cuts(vertices: Ring, ring_of: Integers) -> list[tuple[int, int]]:
    """The shortest tree of lines between vertices that joins all rings, as pairs of vertices.

    The shortest line between two sets of points is a side of their Delaunay triangulation.
    """
    # Imported here, as it takes a tenth of a second that only outlines with holes or parts are worth.
    from scipy.spatial import Delaunay

    places, same = np.unique(vertices, axis=0, return_inverse=True)
    first = np.full(len(places), len(vertices))
    np.minimum.at(first, same, np.arange(len(vertices)))
    triangles = first[Delaunay(places).simplices]
    # Vertices at one place are joined by a line without length.
    ends = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    ends = np.concatenate([ends, np.stack([first[same], np.arange(len(vertices))], axis=1)])
    ends = np.unique(np.sort(ends[ring_of[ends[:, 0]] != ring_of[ends[:, 1]]], axis=1), axis=0)
    lengths = ((vertices[ends[:, 0]] - vertices[ends[:, 1]]) ** 2).sum(axis=1)
    return _tree(ends[np.argsort(lengths, kind="stable")].tolist(), ring_of.tolist())


def _tree(lines: list[list[int]], ring_of: list[int]) -> list[tuple[int, int]]:
    """Kruskal: each line, in order, that joins what is not joined yet."""
    joined = list(range(ring_of[-1] + 1))

    def root(ring: int) -> int:
        while joined[ring] != ring:
            joined[ring] = joined[joined[ring]]
            ring = joined[ring]
        return ring

    cuts = []
    for here, there in lines:
        one, other = root(ring_of[here]), root(ring_of[there])
        if one != other:
            joined[one] = other
            cuts.append((here, there))
    return cuts


def _walk(cuts: list[tuple[int, int]], bounds: list[int], ring_of: list[int]) -> list[int]:
    """The vertices of all rings in one walk: at a cut over to the other ring, once around it, and back."""
    leaving: dict[int, list[int]] = {}
    for here, there in cuts:
        leaving.setdefault(here, []).append(there)
        leaving.setdefault(there, []).append(here)
    entered = {ring_of[0]}
    # Vertices still to visit, the last one next; at one that is passed no cut is taken again.
    stack = [(at, False) for at in reversed(range(bounds[0], bounds[1]))]
    walk = []
    while stack:
        at, passed = stack.pop()
        walk.append(at)
        over = [] if passed else [there for there in leaving.get(at, []) if ring_of[there] not in entered]
        entered.update(ring_of[there] for there in over)
        for there in reversed(over):
            start, stop = bounds[ring_of[there]], bounds[ring_of[there] + 1]
            around = [*range(there, stop), *range(start, there)]
            stack += [(at, True), (there, True), *((vertex, False) for vertex in reversed(around))]
    return walk
