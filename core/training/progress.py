"""What a running training tells of itself: when a step is worth a record, how fast it is, what it left out."""

from __future__ import annotations

from collections.abc import Mapping

from core.training.step import StepReport

# A record at least so often, whichever comes first: enough for a live curve, little for a long run's file.
EVERY_STEPS = 20
EVERY_S = 1.0

_COUNTS = ("_passes", "_targets", "_left_out", "_unrecorded_left_out")


class Progress:
    """Counts what happened since the last record, and since the last pass over the data.

    images_a_pass: images in all sets. They are drawn at random: a pass sees as many, not each of them.
    images: learned from in this pass.
    """

    def __init__(self, images_a_pass: int) -> None:
        self.images_a_pass = images_a_pass
        self._passes = self.images = self._targets = self._left_out = 0
        self._recorded_step: int | None = None
        self._unrecorded_left_out = 0
        self._timed_images, self._timed_from_s = 0, 0.0

    def take(self, report: StepReport) -> None:
        """A step was done."""
        self.images += report.images
        self._targets += report.targets
        self._left_out += report.left_out
        self._unrecorded_left_out += report.left_out
        self._timed_images += report.images

    def due(self, step: int, now_s: float) -> bool:
        """Whether a step is to be recorded: the first of a run, then one each EVERY_STEPS or EVERY_S at least."""
        if self._recorded_step is None:
            return True
        return step - self._recorded_step >= EVERY_STEPS or now_s - self._timed_from_s >= EVERY_S

    def record(self, step: int, report: StepReport, now_s: float) -> dict[str, float]:
        """The step's record. Targets left out and the speed are those since the record before."""
        seconds = max(now_s - self._timed_from_s, 1e-9)
        speed = {"left_out": self._unrecorded_left_out, "images_per_s": self._timed_images / seconds}
        self._recorded_step, self._unrecorded_left_out = step, 0
        self.rest(now_s)
        return {**report.numbers(), **speed}

    def rest(self, now_s: float) -> None:
        """What lies between the last step and now is no learning and does not count into the speed."""
        self._timed_images, self._timed_from_s = 0, now_s

    @property
    def passed(self) -> bool:
        """Whether as many images were learned from as there are, since the last pass."""
        return self.images >= self.images_a_pass

    def end_pass(self) -> dict[str, int]:
        """The record of a pass over the data; a new one begins."""
        self._passes += 1
        values = {
            "passes": self._passes,
            "images": self.images,
            "targets": self._targets,
            "left_out": self._left_out,
        }
        self.images = self._targets = self._left_out = 0
        return values

    def state_dict(self) -> dict[str, int]:
        """What a resumed training goes on with."""
        return {name: getattr(self, name) for name in ("images", *_COUNTS)}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Put back what `state_dict` gave."""
        for name, value in state.items():
            setattr(self, name, value)
