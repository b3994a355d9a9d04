"""Curves of a run: what the picture shows, and what it does with numbers that are missing."""

import math

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from core.annotation.errors import TrainingError
from core.training.curves import column, draw_curves, draw_run, smooth
from core.training.journal import Journal

BLUE = (31, 119, 180)
ORANGE = (255, 127, 14)
TOP_LEFT, TOP_RIGHT, BOTTOM_LEFT = (0, 0, 500, 340), (500, 0, 1000, 340), (0, 380, 500, 700)


def step(number, **values):
    return {"kind": "step", "step": number, "seconds": float(number), "rate": 0.5, "gradient_norm": 1.0, **values}


def falling(count=40):
    return [step(n, loss=20 / (1 + n), masks=10 / (1 + n), dice=5 / (1 + n)) for n in range(1, count)]


def drawn(records, path):
    draw_curves(records, path)
    with Image.open(path) as picture:
        return picture.convert("RGB")


def pixels_of(picture, box, colour):
    return int((np.abs(np.asarray(picture.crop(box)).astype(int) - colour).max(axis=2) < 30).sum())


def test_the_picture_has_the_promised_size_and_a_curve_in_each_panel(tmp_path):
    records = [*falling(), {"kind": "scores", "step": 39, "seconds": 9.0, "ar": 0.4, "r50": 0.6}]
    picture = drawn(records, tmp_path / "curves.png")
    assert picture.size == (1000, 700)
    assert pixels_of(picture, TOP_LEFT, BLUE) > 300
    assert pixels_of(picture, TOP_RIGHT, ORANGE) > 300
    assert pixels_of(picture, BOTTOM_LEFT, ORANGE) > 10


def test_without_scores_their_panel_says_so_and_has_no_curve(tmp_path):
    picture = drawn(falling(), tmp_path / "curves.png")
    assert pixels_of(picture, BOTTOM_LEFT, BLUE) == 0


def test_numbers_that_are_missing_or_not_finite_leave_gaps(tmp_path):
    records = falling()
    whole = drawn(records, tmp_path / "whole.png")
    for number, record in enumerate(records[5:-5]):
        record["loss"] = (math.nan, math.inf, None)[number % 3]
        if number % 2:
            del record["dice"]
    gaps = drawn(records, tmp_path / "gaps.png")
    assert gaps.size == whole.size
    assert pixels_of(gaps, TOP_RIGHT, ORANGE) > 300
    assert column(records, "dice")[6] != column(records, "dice")[6]


def test_a_run_whose_every_loss_is_nan_is_drawn_without_a_loss(tmp_path):
    for record in (records := falling()):
        record["loss"] = math.nan
    nothing = pixels_of(drawn(records, tmp_path / "nan.png"), TOP_LEFT, BLUE)
    assert nothing < pixels_of(drawn(falling(), tmp_path / "whole.png"), TOP_LEFT, BLUE) / 2


def test_one_step_is_enough(tmp_path):
    assert drawn([step(1, loss=3.0)], tmp_path / "curves.png").size == (1000, 700)


@pytest.mark.parametrize("records", [[], [{"kind": "scores", "step": 3, "seconds": 1.0, "ar": 0.5}]])
def test_without_a_step_it_says_so_and_writes_nothing(tmp_path, records):
    with pytest.raises(TrainingError, match="no step yet"):
        draw_curves(records, tmp_path / "curves.png")
    assert list(tmp_path.iterdir()) == []


def test_a_name_with_signs_of_mathematics_is_written_as_it_is(tmp_path):
    records = [step(1, loss=1.0, **{"_$\\frac{$": 2.0}), step(2, loss=1.0, **{"_$\\frac{$": 1.0})]
    assert pixels_of(drawn(records, tmp_path / "curves.png"), TOP_RIGHT, BLUE) > 100


def test_the_same_journal_gives_the_same_picture(tmp_path):
    journal = Journal(tmp_path / "metrics.jsonl")
    for record in falling():
        journal.write("step", {name: value for name, value in record.items() if name != "kind"})
    for name in ("one.png", "two.png"):
        draw_curves(journal.records(), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_a_run_s_journal_is_drawn_beside_it(tmp_path):
    journal = Journal(tmp_path / "metrics.jsonl")
    for record in falling():
        journal.write("step", {name: value for name, value in record.items() if name != "kind"})
    draw_run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]


def test_a_picture_that_cannot_be_drawn_ends_no_training(tmp_path, caplog):
    draw_run(tmp_path)
    assert "no new curves.png" in caplog.text
    Journal(tmp_path / "metrics.jsonl").write("step", {"step": 1, "loss": 1.0})
    (tmp_path / "curves.png").mkdir()
    draw_run(tmp_path)
    assert caplog.text.count("no new curves.png") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["curves.png", "metrics.jsonl"]


@pytest.mark.parametrize("count", [1, 7, 10, 300])
def test_the_running_mean_is_the_exponentially_weighted_mean_of_pandas(count):
    values = np.random.default_rng(count).normal(size=count)
    values[1::4] = np.nan
    alpha = 1 / max(1.0, count / 10)
    expected = pd.Series(values).ewm(alpha=alpha, adjust=True, ignore_na=True).mean()
    np.testing.assert_allclose(smooth(values), expected, rtol=1e-12)
