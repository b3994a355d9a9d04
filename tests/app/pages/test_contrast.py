"""The colours of our own pages, by their style sheet's variables: every text reads on every ground, light and dark."""

from __future__ import annotations

import re
from itertools import product

import pytest

from app.settings import ASSETS

TEXTS = ("text", "muted", "accent", "good", "bad")
GROUNDS = ("panel", "raised", "page")
# WCAG 2.2, 1.4.3 for text and 1.4.11 for what must be seen to work with it.
TEXT_CONTRAST = 4.5
CONTROL_CONTRAST = 3.0


def variables() -> dict[str, tuple[str, str]]:
    """The light and the dark value of each variable."""
    sheet = (ASSETS / "css" / "base.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", sheet)
    return {name: (light, dark) for name, light, dark in pairs}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), [*product(TEXTS, GROUNDS), ("on-accent", "accent")])
def test_text_reads_on_its_ground(theme, text, ground):
    colours = {name: values[theme == "dark"] for name, values in variables().items()}
    assert contrast(colours[text], colours[ground]) >= TEXT_CONTRAST


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", [*GROUNDS, "stage"])
def test_the_ring_of_focus_is_seen(theme, ground):
    colours = {name: values[theme == "dark"] for name, values in variables().items()}
    assert contrast(colours["accent"], colours[ground]) >= CONTROL_CONTRAST
