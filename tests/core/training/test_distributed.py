import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.annotation.errors import TrainingError
from core.training.distributed import SharedClock, Team, join_team, own_device
from core.training.journal import Journal
from core.training.run_folder import STATE_NAME
from core.training.state import TrainingState
from tests.core.training import made_sets as made
from tests.core.training import together

ROOT = Path(__file__).parents[3]


def torchrun(count, *arguments):
    """The processes' outcome, as torchrun starts them."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={count}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*command, "-m", "tests.core.training.together", *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def tensors_of(out):
    return TrainingState.read(out / STATE_NAME).tensors


def told(out, rank=0):
    return json.loads((out / f"told-{rank}.json").read_text())


def assert_same_learning(found, expected):
    """The same losses and the same weights. The norm of a gradient of many layers is only nearly the same."""
    for mine, theirs in zip(told(found), told(expected), strict=True):
        assert mine.pop("gradient_norm") == pytest.approx(theirs.pop("gradient_norm"), rel=1e-3)
        assert mine == pytest.approx(theirs, rel=1e-5, abs=1e-5)
    learned = tensors_of(found)
    for name, tensor in tensors_of(expected).items():
        if name.startswith(("model.", "average.")):
            torch.testing.assert_close(learned[name], tensor, rtol=0, atol=1e-5)


@pytest.mark.long
def test_two_processes_learn_what_one_does(tmp_path):
    """Batches of 4 and 5 photos, sampled points, a share without masks; clipped, so that norms must agree too."""
    data = made.coco_set(tmp_path / "data")
    together.learn(data, tmp_path / "one")
    ran = torchrun(2, data, tmp_path / "two")
    assert ran.returncode == 0, ran.stderr
    assert_same_learning(tmp_path / "two", tmp_path / "one")
    assert told(tmp_path / "two", rank=0) == told(tmp_path / "two", rank=1)
    scores = [record for record in Journal(tmp_path / "two" / "metrics.jsonl").records() if record["kind"] == "scores"]
    assert [record["ar"] for record in scores] == [0.0]


@pytest.mark.long
def test_a_batch_in_parts_is_learned_as_a_whole(tmp_path):
    data = made.coco_set(tmp_path / "data")
    together.learn(data, tmp_path / "whole")
    together.learn(data, tmp_path / "parts", together.in_parts(3))
    assert_same_learning(tmp_path / "parts", tmp_path / "whole")


def test_a_batch_too_small_for_its_processes_is_refused(tmp_path):
    data = made.coco_set(tmp_path / "data")
    with pytest.raises(TrainingError, match="batch of 4 cannot be divided into 5 parts on each of 1 processes"):
        together.learn(data, tmp_path / "out", together.in_parts(5))


def test_shares_are_disjoint_and_make_up_the_batch():
    places = [place for rank in range(3) for place in Team(rank, 3).places(8)]
    assert sorted(places) == list(range(8))


def test_a_team_of_one_sums_nothing_and_its_clock_goes_on():
    clock = SharedClock(Team())
    first = clock()
    assert clock.agree([2.0, 3.0]) == [2.0, 3.0]
    assert clock() > first


def test_an_environment_that_makes_no_sense_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "two")
    with (
        pytest.raises(TrainingError, match="WORLD_SIZE is a whole number that torchrun sets, got 'two'"),
        join_team(torch.device("cpu")),
    ):
        pass


def test_the_device_that_was_asked_for_is_kept_where_there_is_one_process():
    assert [own_device(asked) for asked in (None, "cpu", "cuda:1")] == [None, "cpu", "cuda:1"]
