import dataclasses

from core.training.progress import Progress
from core.training.step import StepReport

REPORT = StepReport(loss=1.5, terms={"masks": 1.5}, gradient_norm=2.0, left_out=1, targets=5, images=4)


def due_steps(progress, times):
    """Which of the steps that end at these times are recorded."""
    found = []
    for step, now_s in enumerate(times, start=1):
        progress.take(REPORT)
        if progress.due(step, now_s):
            found.append((step, progress.record(step, REPORT, now_s)))
    return found


def test_the_first_step_is_recorded_then_one_in_twenty_or_one_a_second():
    fast = [step for step, _ in due_steps(Progress(1000), [0.01 * n for n in range(1, 50)])]
    slow = [step for step, _ in due_steps(Progress(1000), [0.6 * n for n in range(1, 8)])]
    assert fast == [1, 21, 41]
    assert slow == [1, 3, 5, 7]


def test_a_record_counts_what_happened_since_the_one_before():
    (_, first), (_, second) = due_steps(Progress(1000), [0.5, 1.0, 1.4, 2.5])
    assert first == {"loss": 1.5, "masks": 1.5, "gradient_norm": 2.0, "left_out": 1, "images_per_s": 8.0}
    assert (second["left_out"], second["images_per_s"]) == (3, 6.0)


def test_a_pause_is_no_slow_learning():
    progress = Progress(1000)
    due_steps(progress, [0.5])
    progress.rest(100.0)
    progress.take(REPORT)
    assert progress.record(2, REPORT, 102.0)["images_per_s"] == 2.0


def test_a_pass_ends_when_as_many_images_were_seen_as_there_are_and_goes_on_after_a_resume():
    progress = Progress(8)
    progress.take(REPORT)
    assert not progress.passed
    resumed = Progress(8)
    resumed.load_state_dict(progress.state_dict())
    resumed.take(dataclasses.replace(REPORT, left_out=3))
    assert resumed.passed
    assert resumed.end_pass() == {"passes": 1, "images": 8, "targets": 10, "left_out": 4}
    assert not resumed.passed
