import pytest
import torch

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


def rates(**values):
    stage = StageConfig(warm_up=0, **values)
    return [stage.rate_at(fraction, 1000) for fraction in (0.0, 0.25, 0.5, 0.95, 1.0)]


def test_every_fall_is_its_formula():
    assert rates(fall="constant", flat=0.0) == [1.0] * 5
    assert rates(fall="poly", flat=0.0, power=0.9) == pytest.approx([(1 - t) ** 0.9 for t in (0, 0.25, 0.5, 0.95, 1)])
    assert rates(fall="poly", flat=0.5, power=2.0) == pytest.approx([1, 1, 1, 0.01, 0])
    steps = rates(fall="step", flat=0.0, step_at=(0.5, 0.9), step_factor=0.1)
    assert steps == pytest.approx([1.0, 1.0, 0.1, 0.01, 0.01])


def test_the_poly_fall_is_torchs():
    weight = torch.nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.PolynomialLR(optimiser, total_iters=50, power=0.9)
    stage = StageConfig(warm_up=0, fall="poly", flat=0.0)
    for step in range(50):
        assert stage.rate_at(step / 50, 1000) == pytest.approx(theirs.get_last_lr()[0])
        optimiser.step()
        theirs.step()


@pytest.mark.parametrize(
    "values", [{"fall": "line"}, {"power": 0.0}, {"step_factor": 0.0}, {"step_at": (1.5,)}, {"step_factor": 2.0}]
)
def test_an_impossible_fall_is_refused(values):
    with pytest.raises(TrainingError):
        StageConfig(**values)


def test_what_remains_goes_as_fast_as_what_is_done():
    now = [0.0]
    clock = Clock(Budget(steps=10), now=lambda: now[0])
    assert clock.remaining_s(0) is None
    now[0] = 8.0
    assert clock.remaining_s(4) == pytest.approx(12.0)
    assert Clock(Budget(minutes=1.0), spent_s=45.0, now=lambda: 0.0).remaining_s(7) == pytest.approx(15.0)
    assert clock.remaining_s(12) == 0.0
