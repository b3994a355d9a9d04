"""Line charts as SVG: small enough to send every second, in the colours of the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from app.pages.markup import Markup, element, join, text

Values = npt.NDArray[np.float64]
Item = TypeVar("Item")

WIDTH, HEIGHT = 420, 150
LEFT, RIGHT, TOP, BOTTOM = 40, 6, 8, 18
# A chart is not much wider in pixels; more points change nothing that can be seen.
MOST_POINTS = 120
# As many line colours as pages.css has.
COLOURS = 6


def thinned(records: Sequence[Item]) -> Sequence[Item]:
    """At most MOST_POINTS of the records, evenly, the newest among them."""
    every = max(1, -(-len(records) // MOST_POINTS))
    return records[::-1][::every][::-1]


@dataclass(frozen=True, eq=False)
class Line:
    """A curve through (places, values), float64 [P] each, NaN where there is no value.

    colour: which of the page's line colours.   faint: drawn behind the others.
    """

    name: str
    places: Values
    values: Values
    colour: int = 0
    faint: bool = False


def line_chart(title: str, curves: Sequence[Line]) -> Markup:
    """A titled chart with a legend; empty where no curve has a finite value."""
    shown = [curve for curve in curves if np.isfinite(curve.values).any()]
    if not shown:
        return Markup("")
    first = min(float(np.nanmin(curve.places)) for curve in shown)
    last = max(float(np.nanmax(curve.places)) for curve in shown)
    low = min(float(np.nanmin(curve.values)) for curve in shown)
    high = max(float(np.nanmax(curve.values)) for curve in shown)
    frame = _Frame(first, last if last > first else first + 1.0, low, high if high > low else low + 1.0)
    drawing = element(
        "svg",
        _axes(frame),
        *(_path(curve, frame) for curve in shown),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_label=title,
    )
    heading = element("div", element("b", text(title)), _legend(shown), kind="mw-chart-title")
    return element("div", heading, drawing, kind="mw-chart")


@dataclass(frozen=True)
class _Frame:
    """What the chart's edges stand for: places from `first` to `last`, values from `low` to `high`."""

    first: float
    last: float
    low: float
    high: float

    def across(self, place: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (place - self.first) / (self.last - self.first)

    def down(self, value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - value) / (self.high - self.low)


def _axes(frame: _Frame) -> Markup:
    marks = []
    for value in np.linspace(frame.low, frame.high, 3):
        down = frame.down(value)
        marks.append(element("path", kind="mw-grid", d=f"M{LEFT} {down:.1f}H{WIDTH - RIGHT}"))
        marks.append(element("text", text(f"{value:.3g}"), x=f"{LEFT - 5}", y=f"{down + 3:.1f}", text_anchor="end"))
    foot = f"{HEIGHT - 4}"
    marks.append(element("text", text(f"step {frame.first:.0f}"), x=f"{LEFT}", y=foot))
    marks.append(element("text", text(f"{frame.last:.0f}"), x=f"{WIDTH - RIGHT}", y=foot, text_anchor="end"))
    return join(*marks)


def _path(curve: Line, frame: _Frame) -> Markup:
    points, pen = [], "M"
    for place, value in zip(curve.places, curve.values, strict=True):
        if not np.isfinite(value) or not np.isfinite(place):
            pen = "M"
            continue
        # "h0" makes a lone point a dot.
        points.append(f"{pen}{frame.across(place):.1f} {frame.down(value):.1f}{'h0' if pen == 'M' else ''}")
        pen = "L"
    faint = " mw-faint" if curve.faint else ""
    return element("path", kind=f"mw-line mw-line-{curve.colour % COLOURS}{faint}", d="".join(points))


def _legend(curves: Sequence[Line]) -> Markup:
    named = [curve for curve in curves if not curve.faint]
    if len(named) < 2:
        return Markup("")
    return join(
        *(
            element(
                "span",
                element("i", kind=f"mw-swatch-line mw-line-{curve.colour % COLOURS}"),
                text(curve.name),
                kind="mw-chart-name",
            )
            for curve in named
        )
    )
