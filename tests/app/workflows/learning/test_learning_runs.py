"""Real runs, on small photos with a small model."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from app.models import describe_model
from app.workflows.exporting import SNAPSHOT_FILE, Choice, export_workspace
from app.workflows.learning import (
    BASE_MODEL_ID,
    COMPARED,
    Comparison,
    RunState,
    find_run,
    models,
    outcome,
    prepare_run,
    promote,
    resume_run,
    runs,
    stop_run,
)
from app.workflows.learning.carry_out import carry_out
from app.workflows.learning.comparison_file import write_comparison
from app.workflows.learning.models import source_in_use
from app.workflows.learning.requests import RunRequest
from app.workflows.learning.threshold import GRID
from app.workflows.learning.views import COMPARING
from app.workflows.processes import name_process
from core.annotation.corrections import Operation, Request
from core.annotation.errors import ModelError, StorageError, TrainingError
from core.maskformer.checkpoint import load_model
from core.maskformer.manifest import read_checkpoint
from core.training.journal import Journal
from core.training.loop import Training
from core.training.run_folder import METRICS_NAME, STATE_NAME
from storage.models import add_model
from storage.runs import get_run, say_of_run, take_up_run
from storage.snapshots import load_snapshot
from storage.tables import Part
from storage.truths import load_truth
from tests.app.workflows.learning.corrected import add_made_model, base_model, corrected_workspace, do

# A step or two of the small model, on a busy machine.
SHORT = 0.03


def request(base, **changes):
    return RunRequest(**{"minutes": SHORT, "base": base, "device": "cpu"} | changes)


def stop(*_):
    """Ask this process to stop, as the page does."""
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workspace whose run has finished, with one correction made since; the run; the base model."""
    folder = tmp_path_factory.mktemp("finished")
    base = base_model(folder)
    workspace, images = corrected_workspace(folder / "workspace", done=6, in_work=1)
    run_id = prepare_run(workspace, request(base))
    do(workspace, images[0].id, Request(Operation.DELETE, segments=(1,)))
    run = carry_out(workspace, run_id)
    assert run.state is RunState.FINISHED, run.message
    yield workspace, run, base
    workspace.close()


@pytest.fixture
def ready(tmp_path):
    """A workspace with something to learn from, and the base model."""
    workspace, images = corrected_workspace(tmp_path / "workspace", done=4)
    yield workspace, images, base_model(tmp_path)
    workspace.close()


def test_a_run_makes_a_model_that_knows_where_it_comes_from(finished):
    workspace, run, base = finished
    assert (run.state, run.comparison.images) == (RunState.FINISHED, 1)
    made, began = models(workspace, base=base)
    assert (made.id, made.name, made.run_id, made.snapshot_id) == (run.model_id, "run-1", run.id, run.snapshot_id)
    assert (made.parent, made.promoted, began.id, began.promoted) == ("base", False, BASE_MODEL_ID, True)
    noted = read_checkpoint(workspace.models_folder / made.name).training
    assert noted["parent"] == {"name": "base", "weights_sha256": began.sha256}
    assert (noted["run"], noted["snapshot"], noted["scores"]) == (run.id, run.snapshot_id, dict(made.scores))
    assert noted["categories"] == {
        "kept": ["region"],
        "new": ["person", "car", "sky", "road"],
        "dropped": ["cat", "grass"],
    }
    assert noted["config"]["seed"] == 0
    model = load_model(workspace.models_folder / made.name)
    assert model.weights_sha256 == made.sha256
    assert [category.name for category in model.label_set] == ["person", "car", "sky", "road", "region"]


def test_a_run_leaves_its_records_and_pictures(finished):
    _, run, _ = finished
    assert tuple(run.comparison.after) == tuple(run.comparison.before) == COMPARED
    assert (run.comparison.before_name, run.parent_model) == ("base", "base")
    records = list(Journal(run.folder / METRICS_NAME).records())
    assert {record["kind"] for record in records} >= {"step", "scores"}
    for name in ("curves.png", "before.jpg", "after.jpg", STATE_NAME):
        assert (run.folder / name).stat().st_size > 0
    assert json.loads((run.folder / "run.json").read_text())["snapshot"] == run.snapshot_id


def test_a_run_learns_from_the_truth_at_its_beginning(finished, tmp_path):
    """Its snapshot can be exported after the truth has moved on."""
    workspace, run, _ = finished
    export_workspace(workspace, "coco", tmp_path / "out", choice=Choice(snapshot=run.snapshot_id))
    told = json.loads((tmp_path / "out" / SNAPSHOT_FILE).read_text())
    with workspace.database.read() as session:
        snapshot = load_snapshot(session, run.snapshot_id)
        now = load_truth(session, snapshot.images[0].image_id)
    assert told["snapshot"] == run.snapshot_id
    assert [(one["image_id"], one["revision"], one["part"]) for one in told["images"]] == [
        (one.image_id, one.revision, one.part.value) for one in snapshot.images
    ]
    written = json.loads((tmp_path / "out" / "instances.json").read_text())
    of_first = [entry for entry in written["annotations"] if entry["image_id"] == snapshot.images[0].image_id]
    assert (len(of_first), len(now.segments)) == (2, 1)


def test_promoting_changes_the_model_in_use_and_nothing_else(finished):
    workspace, run, base = finished
    with workspace.database.read() as session:
        truths = [load_truth(session, number) for number in range(1, 8)]
    assert promote(workspace, run.model_id, base=base).promoted
    assert source_in_use(workspace, base).source.name == "run-1"
    assert [model.promoted for model in models(workspace, base=base)] == [True, False]
    assert promote(workspace, BASE_MODEL_ID, base=base).promoted
    assert source_in_use(workspace, base).source.name == "base"
    with workspace.database.read() as session:
        assert [load_truth(session, number) for number in range(1, 8)] == truths


def test_a_model_with_damaged_files_is_not_promoted_and_one_in_use_gives_way(ready):
    workspace, _, base = ready
    good = add_made_model(workspace, "run-1", seed=1)
    bad = add_made_model(workspace, "run-2", seed=2)
    promote(workspace, good.id, base=base)
    weights = workspace.models_folder / "run-2" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"\0" * 8)
    with pytest.raises(ModelError, match="run-2 is damaged"):
        promote(workspace, bad.id, base=base)
    assert source_in_use(workspace, base).source.name == "run-1"
    (workspace.models_folder / "run-1" / "model.safetensors").unlink()
    in_use = source_in_use(workspace, base)
    assert in_use.source.name == "base"
    assert "run-1" in in_use.trouble


def test_a_continued_run_begins_from_the_promoted_model_and_is_judged_by_images_new_to_it(ready):
    workspace, images, base = ready
    parent = add_made_model(workspace, "run-1", seed=1)
    assert find_run(workspace, prepare_run(workspace, request(base))).parent_model == "base"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    with workspace.database.write() as session:
        take_up_run(session, 2, RunState.STARTING, name_process(dead.pid))
    dead.wait()
    promote(workspace, parent.id, base=base)
    run = find_run(workspace, prepare_run(workspace, request(base, continued=True)))
    assert (run.parent_model, run.continued) == ("run-1", True)
    with workspace.database.read() as session:
        snapshot = load_snapshot(session, run.snapshot_id)
    assert {one.image_id for one in snapshot.part(Part.LEARN)} == {image.id for image in images}
    assert snapshot.part(Part.CHECK) == ()


def test_a_run_from_the_base_is_not_judged_by_what_the_promoted_model_learned_from(ready):
    """Else the old model would be compared on photos that it knows."""
    workspace, images, base = ready
    promote(workspace, add_made_model(workspace, "run-1", seed=1).id, base=base)
    run = find_run(workspace, prepare_run(workspace, request(base)))
    with workspace.database.read() as session:
        snapshot = load_snapshot(session, run.snapshot_id)
    assert (run.parent_model, snapshot.part(Part.CHECK)) == ("base", ())
    assert len(snapshot.part(Part.LEARN)) == len(images)


def test_a_model_promoted_during_the_run_is_not_compared_on_what_it_learned_from(ready):
    workspace, _, base = ready
    other = add_made_model(workspace, "run-1", seed=1)
    run_id = prepare_run(workspace, request(base))
    with workspace.database.read() as session:
        assert load_snapshot(session, find_run(workspace, run_id).snapshot_id).part(Part.CHECK)

    def promote_and_stop(*_):
        promote(workspace, other.id, base=base)
        stop()

    run = carry_out(workspace, run_id, watch=promote_and_stop)
    assert (run.comparison.before_name, run.comparison.images) == ("run-1", 0)
    assert "no image was left to compare it with" in run.message
    assert run.comparison.before_sha256 == other.sha256


def test_one_run_at_a_time(ready):
    workspace, _, base = ready
    first = prepare_run(workspace, request(base))
    with pytest.raises(TrainingError, match=f"run {first} is going on"):
        prepare_run(workspace, request(base))
    assert [run.id for run in runs(workspace)] == [first]


def test_without_a_done_image_no_run_begins(tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "workspace", done=0, in_work=1)
    with workspace, pytest.raises(TrainingError, match="mark it done"):
        prepare_run(workspace, request(base_model(tmp_path)))
    with workspace:
        assert runs(workspace) == ()


@pytest.mark.parametrize(
    "odd", [{"seed": -1}, {"seed": 2**63}, {"device": "gpu"}, {"device": "cuda:x"}, {"device": ""}]
)
def test_an_impossible_seed_or_device_is_refused_before_a_run_is_recorded(odd):
    with pytest.raises(TrainingError, match=r"seed is|no device"):
        RunRequest(**odd)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), 1e9])
def test_an_impossible_time_is_refused(minutes):
    with pytest.raises(TrainingError, match="minutes"):
        RunRequest(minutes=minutes)


def test_a_run_whose_process_died_is_found_and_the_next_one_begins(ready):
    workspace, _, base = ready
    run_id = prepare_run(workspace, request(base))
    give_to_a_dead_process(workspace, run_id)
    (run,) = runs(workspace)
    assert run.state is RunState.FAILED
    assert "ended without a word" in run.message
    assert "nothing was saved: resumed, it begins again" in run.message
    assert prepare_run(workspace, request(base)) != run_id


@pytest.mark.long
def test_a_run_stopped_before_anything_was_saved_begins_again_when_resumed_as_it_says(ready):
    workspace, _, base = ready
    run_id = prepare_run(workspace, request(base))
    give_to_a_dead_process(workspace, run_id)
    stop_run(workspace, run_id)
    stopped = find_run(workspace, run_id)
    assert (stopped.state, stopped.message) == (
        RunState.STOPPED,
        "stopped; nothing was saved: resumed, it begins again",
    )
    assert carry_out(workspace, run_id).state is RunState.FINISHED


def give_to_a_dead_process(workspace, run_id):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    with workspace.database.write() as session:
        take_up_run(session, run_id, RunState.RUNNING, name_process(dead.pid))
    dead.wait()


@pytest.mark.long
def test_sigterm_saves_and_the_stopped_run_has_a_model_and_goes_on(ready):
    workspace, _, base = ready
    run_id = prepare_run(workspace, request(base, minutes=0.1))
    stopped = carry_out(workspace, run_id, watch=stop)
    assert stopped.state is RunState.STOPPED
    assert "stopped early" in stopped.message
    assert models(workspace, base=base)[0].id == stopped.model_id
    left_by_a_kill, of_somebody_else = (workspace.models_folder / name for name in (".run-1.ab.draft", "run-1-2"))
    left_by_a_kill.mkdir()
    of_somebody_else.mkdir()
    steps = []
    run = carry_out(workspace, run_id, watch=lambda step, *_: steps.append(step))
    assert (run.state, steps[0]) == (RunState.FINISHED, 2)
    assert [model.name for model in models(workspace, base=base)] == ["run-1-3", "run-1", "base"]
    assert not left_by_a_kill.exists()
    assert of_somebody_else.exists()
    assert run.model_id == models(workspace, base=base)[0].id
    with pytest.raises(TrainingError, match="used its time"):
        carry_out(workspace, run_id)


def test_a_second_signal_while_the_end_is_saved_costs_nothing(ready, monkeypatch):
    workspace, _, base = ready
    save = Training._save_at_the_end

    def signalled(training):
        os.kill(os.getpid(), signal.SIGTERM)
        save(training)

    monkeypatch.setattr(Training, "_save_at_the_end", signalled)
    run_id = prepare_run(workspace, request(base, minutes=5))
    run = carry_out(workspace, run_id, watch=stop)
    assert (run.state, run.model_id) == (RunState.STOPPED, models(workspace, base=base)[0].id)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_the_model_is_registered_leaves_it_whole(ready, monkeypatch, number):
    workspace, _, base = ready

    def signalled(session, model):
        made = add_model(session, model)
        os.kill(os.getpid(), number)
        return made

    monkeypatch.setattr(outcome, "add_model", signalled)
    run = carry_out(workspace, prepare_run(workspace, request(base, minutes=5)), watch=stop)
    assert "stopped early" in run.message
    assert promote(workspace, run.model_id, base=base).name == "run-1"


def test_a_model_that_is_recorded_keeps_its_files_whatever_comes_after(ready, monkeypatch):
    workspace, _, base = ready

    @contextmanager
    def failing_after_the_commit():
        with write() as session:
            yield session
        if list(workspace.models_folder.glob("run-*")):
            raise StorageError("the disk is gone")

    write = workspace.database.write
    run_id = prepare_run(workspace, request(base, minutes=5))
    monkeypatch.setattr(
        outcome, "sync_folder", lambda _: monkeypatch.setattr(workspace.database, "write", failing_after_the_commit)
    )
    with pytest.raises(StorageError, match="the disk is gone"):
        carry_out(workspace, run_id, watch=stop)
    monkeypatch.undo()
    made = models(workspace, base=base)[0]
    assert promote(workspace, made.id, base=base).name == "run-1"


def test_one_stop_is_one_signal_and_a_run_that_is_compared_gets_none(ready, tmp_path):
    workspace, _, base = ready
    told = tmp_path / "told"
    counting = (
        "import pathlib, signal, sys, time; told = pathlib.Path(sys.argv[1])\n"
        "signal.signal(signal.SIGTERM, lambda *_: told.open('a').write('x'))\n"
        "told.touch(); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", counting, str(told)])
    while not told.exists():
        time.sleep(0.01)
    run_id = prepare_run(workspace, request(base))
    with workspace.database.write() as session:
        take_up_run(session, run_id, RunState.RUNNING, name_process(process.pid))
        say_of_run(session, run_id, COMPARING)
    assert not find_run(workspace, run_id).stoppable
    stop_run(workspace, run_id)
    with workspace.database.write() as session:
        say_of_run(session, run_id, "learning")
    assert find_run(workspace, run_id).stoppable
    for _ in range(2):
        stop_run(workspace, run_id)
        time.sleep(0.2)
    assert not find_run(workspace, run_id).stoppable
    process.kill()
    process.wait()
    assert told.read_text() == "x"
    assert find_run(workspace, run_id).state is RunState.STOPPED
    with pytest.raises(TrainingError, match="has ended already"):
        stop_run(workspace, run_id)


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[]", b"{}", b'{"images": 1, "before_name": "x", "before": {}, "after": {}, "more": 1}'],
)
def test_a_damaged_comparison_is_none_and_the_runs_are_still_listed(ready, content):
    workspace, _, base = ready
    run_id = prepare_run(workspace, request(base))
    folder = find_run(workspace, run_id).folder
    (folder / "comparison.json").write_bytes(content)
    assert runs(workspace)[0].comparison is None
    scores = dict.fromkeys(COMPARED, 0.5)
    whole = Comparison(2, "base", scores, {**scores, "ap50": None}, "ab", 0.1, 0.3)
    write_comparison(whole, folder)
    assert runs(workspace)[0].comparison == whole
    for odd in ({"before": {}}, {"after": {"pq": 1}}, {"images": "2"}, {"after_threshold": None}):
        (folder / "comparison.json").write_text(json.dumps(dataclasses.asdict(whole) | odd))
        assert runs(workspace)[0].comparison is None


def test_a_run_whose_folder_was_deleted_begins_again_when_resumed(ready):
    workspace, _, base = ready
    run_id = prepare_run(workspace, request(base, minutes=5))
    give_to_a_dead_process(workspace, run_id)
    folder = find_run(workspace, run_id).folder
    shutil.rmtree(folder)
    resume_run(workspace, run_id)
    assert folder.is_dir()
    stop_run(workspace, run_id)
    until = time.monotonic() + 60
    while find_run(workspace, run_id).active:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_model_has_a_threshold_of_its_own(finished):
    workspace, run, _ = finished
    info = describe_model(str(workspace.models_folder / "run-1")).info
    assert info.threshold == run.comparison.after_threshold
    assert info.threshold in GRID.round(2)
    assert run.comparison.before_threshold == 0.2


def test_a_photo_that_is_gone_and_a_state_that_is_damaged_fail_the_run_in_words(ready):
    workspace, images, base = ready
    run_id = prepare_run(workspace, request(base))
    blob = workspace.blobs.path(images[0].sha256)
    content = blob.read_bytes()
    blob.unlink()
    gone = carry_out(workspace, run_id)
    assert gone.state is RunState.FAILED
    assert "discs-0.png: the photo" in gone.message
    blob.write_bytes(content)
    (gone.folder / STATE_NAME).write_bytes(b"\x10\0\0\0")
    damaged = carry_out(workspace, run_id)
    assert damaged.state is RunState.FAILED
    assert f"{STATE_NAME} is damaged" in damaged.message
    assert list(workspace.models_folder.iterdir()) == []
    with workspace.database.read() as session:
        assert get_run(session, run_id).ended_at is not None
