from itertools import pairwise

import cv2
import numpy as np
import pytest

from core.annotation.errors import MaskError
from core.formats.polygons import fill
from core.inference.edge_paths import REACHES_PX, SIDE_PX, edge_map, reach_between
from tests.made import disc


def bright_disc(side=300, radius=90):
    photo = np.full((side, side, 3), 60, np.uint8)
    photo[disc(side, side, side / 2, side / 2, radius)] = 200
    return cv2.GaussianBlur(photo, (0, 0), 1)


def line_between(photo, start, end):
    return edge_map(photo, start, reach_between(start, end)).path_to(end)


def test_four_lines_around_a_disc_enclose_it():
    side, radius = 300, 90
    photo = bright_disc(side, radius)
    middle = side // 2
    clicks = [
        (middle, middle - radius),
        (middle + radius, middle),
        (middle, middle + radius),
        (middle - radius, middle),
    ]
    corners = []
    for start, end in zip(clicks, [*clicks[1:], clicks[0]], strict=True):
        corners += line_between(photo, start, end)[:-1]
    found = fill([np.array(corners)], side, side).to_array()
    truth = disc(side, side, middle, middle, radius)
    assert (found & truth).sum() / (found | truth).sum() > 0.96
    assert len(corners) < 120


def test_far_ends_are_looked_at_small_and_stay_on_the_edge():
    photo = cv2.resize(bright_disc(), None, fx=12, fy=12, interpolation=cv2.INTER_CUBIC)
    line = np.array(line_between(photo, (1800, 720), (2880, 1800)))
    assert abs(np.hypot(line[:, 0] - 1800, line[:, 1] - 1800) - 1080).max() < 30
    edges = edge_map(photo, (1800, 720), 2048)
    assert max(edges.size) <= SIDE_PX
    assert edges.size_bytes < 2**22


def test_a_line_keeps_its_ends_and_the_photo():
    photo = np.random.default_rng(0).integers(0, 256, (37, 53, 3), dtype=np.uint8)
    for start in ((0, 0), (53, 37), (53, 0), (20, 11)):
        for end in ((53, 37), (0, 37), (1, 1), (21, 12)):
            line = line_between(photo, start, end)
            assert (line[0], line[-1]) == (start, end) or start == end
            assert all(0 <= x <= 53 and 0 <= y <= 37 for x, y in line)
            assert all(here != after for here, after in pairwise(line))


def test_a_line_to_where_it_began_is_one_place():
    assert line_between(bright_disc(), (10, 10), (10, 10)) == [(10, 10)]


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (2, 2)])
def test_thin_photos_have_lines_too(size):
    photo = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert line_between(photo, (0, 0), (size[1], size[0]))[-1] == (size[1], size[0])


def test_the_reach_holds_both_ends_of_the_largest_photo():
    assert reach_between((0, 0), (10, 4)) == REACHES_PX[0]
    assert reach_between((0, 0), (0, 12_000)) >= 12_000


def test_a_place_beside_the_photo_is_named():
    with pytest.raises(MaskError, match=r"\(301, 0\) lies outside the photo of 300×300"):
        edge_map(bright_disc(), (301, 0), 64)
