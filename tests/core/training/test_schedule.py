import pytest

from core.annotation.errors import TrainingError
from core.training.schedule import Budget, Clock, Schedule, StageConfig


def test_the_rate_rises_stays_and_falls_to_nothing():
    stage = StageConfig(rate=0.5, warm_up=9, flat=0.3)
    assert [stage.rate_at(0.0, step) for step in (0, 4, 9)] == pytest.approx([0.05, 0.25, 0.5])
    assert stage.rate_at(0.3, 100) == pytest.approx(0.5)
    assert stage.rate_at(0.65, 100) == pytest.approx(0.25)
    assert stage.rate_at(1.0, 100) == pytest.approx(0.0)


def test_stages_follow_one_another_by_their_shares():
    schedule = Schedule((StageConfig(share=3.0), StageConfig(share=1.0)))
    assert schedule.at(0.0) == (0, 0.0)
    assert schedule.at(0.375) == (0, 0.5)
    assert schedule.at(0.75) == (1, 0.0)
    assert schedule.at(1.0) == (1, 1.0)
    assert schedule.at(2.0) == (1, 1.0)


def test_a_clock_counts_steps_or_minutes_and_goes_on_where_it_was():
    now = [100.0]
    assert Clock(Budget(steps=50)).fraction(25) == 0.5
    clock = Clock(Budget(minutes=2.0), spent_s=30.0, now=lambda: now[0])
    now[0] += 30
    assert clock.fraction(0) == 0.5
    assert clock.spent_s == 60


@pytest.mark.parametrize("values", [{}, {"steps": 5, "minutes": 1.0}, {"steps": 0}, {"minutes": -1.0}])
def test_a_budget_is_steps_or_minutes(values):
    with pytest.raises(TrainingError, match="either steps or minutes"):
        Budget(**values)


@pytest.mark.parametrize("values", [{"share": 0.0}, {"crop_px": 250}, {"crop_px": 0}, {"batch": 0}, {"flat": 1.0}])
def test_an_impossible_stage_is_refused(values):
    with pytest.raises(TrainingError):
        StageConfig(**values)
