"""Charts as SVG: points where the values are, gaps where there are none, and a size that stays small."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from app.pages.charts import HEIGHT, MOST_POINTS, WIDTH, Line, line_chart, thinned


def parsed(chart):
    return ElementTree.fromstring(chart)  # noqa: S314 — our own markup


def paths(chart):
    """The curves' points: one list of (x, y) for each piece of each curve."""
    drawn = [path.get("d") for path in parsed(chart).iter("path") if "mw-line" in path.get("class")]
    return [
        [tuple(map(float, point)) for point in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", piece)]
        for path in drawn
        for piece in re.findall(r"M[^M]*", path)
    ]


def line(values, **options):
    return Line("loss", np.arange(1.0, len(values) + 1), np.array(values, dtype=float), **options)


def test_higher_values_stand_higher_and_later_ones_further_right():
    ((first, second, third),) = paths(line_chart("Loss", [line([1, 3, 2])]))
    assert first[0] < second[0] < third[0]
    assert second[1] < third[1] < first[1]
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in (first, second, third))


def test_a_missing_value_parts_the_curve():
    pieces = paths(line_chart("Loss", [line([1, 2, np.nan, 4, 3])]))
    assert [len(piece) for piece in pieces] == [2, 2]


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_without_a_value_there_is_no_chart(values):
    assert line_chart("Loss", [line(values)]) == ""


@pytest.mark.parametrize("values", [[5.0], [2.0, 2.0, 2.0], [0.0], [1e30, -1e30]])
def test_one_value_equal_values_and_huge_ones_fit_the_frame(values):
    for piece in paths(line_chart("Loss", [line(values)])):
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in piece)


@pytest.mark.parametrize("count", [0, 1, MOST_POINTS, MOST_POINTS + 1, 10_007])
def test_a_long_run_is_thinned_evenly_and_keeps_its_newest_point(count):
    records = list(range(count))
    kept = thinned(records)
    assert len(kept) <= MOST_POINTS
    assert list(kept[-1:]) == records[-1:]
    assert len(kept) > min(count, MOST_POINTS) / 2 or count == 0
    assert len(set(np.diff(kept))) <= 1


def test_the_legend_names_curves_as_they_are_and_leaves_faint_ones_out():
    chart = line_chart(
        "Terms <&>", [line([1, 2]), Line("<b>", np.arange(2.0), np.arange(2.0), 1), line([1], faint=True)]
    )
    spans = [span for span in parsed(chart).iter("span") if span.get("class") == "mw-chart-name"]
    assert ["".join(span.itertext()) for span in spans] == ["loss", "<b>"]
