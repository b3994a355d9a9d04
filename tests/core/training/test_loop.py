import contextlib
import dataclasses
import json
import multiprocessing
import os
import resource
import signal

import pytest
import torch

from core.annotation.errors import TrainingError
from core.maskformer.checkpoint import load_model
from core.maskformer.config import PointQueriesConfig
from core.training.augment import AugmentConfig
from core.training.config import TrainingConfig
from core.training.criterion import Criterion, LossConfig
from core.training.data.batches import Mixture, StepBatches
from core.training.data.sources import SourceConfig, read_data_set
from core.training.journal import Journal
from core.training.labels import LabelCodes
from core.training.loop import Training
from core.training.optimisation import OptimiserConfig, build_optimiser
from core.training.run_folder import STATE_NAME
from core.training.schedule import Budget, StageConfig
from core.training.state import TrainingState
from core.training.step import forward_losses, train_step
from tests.core.maskformer.small_models import SMALL, small_model
from tests.core.training import made_sets as made

CONFIG = TrainingConfig(
    stages=(StageConfig(crop_px=64, batch=2, warm_up=2), StageConfig(crop_px=96, batch=1, warm_up=0)),
    precision="float32",
    workers=0,
)


def training(folder, out, *, steps=6, evaluate=None, config=CONFIG, model=None):
    data = folder / "data"
    if not data.is_dir():
        made.coco_set(data)
    model = model or small_model()
    images = read_data_set(data, SourceConfig()).images
    batches = StepBatches(
        Mixture([(images, 1.0, "thing")]),
        codes=LabelCodes(model.label_set),
        augment=AugmentConfig(),
        seed=config.seed,
    )
    return Training(
        model=model,
        batches=batches,
        config=config,
        budget=Budget(steps=steps),
        out=out,
        evaluate=evaluate,
        lineage={"data": {"data": 6}},
    )


def silent(step, fraction, report):
    pass


@pytest.mark.parametrize("cut", [2, 3, 5])
def test_a_stopped_training_goes_on_to_the_same_bit(tmp_path, cut):
    """The cuts lie before, at, and after the change of stage."""
    whole = training(tmp_path, tmp_path / "whole")
    whole.run(silent)
    first = training(tmp_path, tmp_path / "cut")

    def stop_at(step, fraction, report):
        if step == cut:
            os.kill(os.getpid(), signal.SIGTERM)

    assert first.run(stop_at).interrupted
    torch.manual_seed(99)
    second = training(tmp_path, tmp_path / "cut")
    second.load_state(TrainingState.read(tmp_path / "cut" / STATE_NAME))
    assert second.step == cut
    assert not second.run(silent).interrupted
    expected, found = (TrainingState.read(tmp_path / run / STATE_NAME).tensors for run in ("whole", "cut"))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)


IN_PARTS = dataclasses.replace(
    CONFIG,
    loss=LossConfig(mask_points=30),
    optimiser=OptimiserConfig(accumulate=2),
    stages=(StageConfig(crop_px=64, batch=2, warm_up=2), StageConfig(crop_px=96, batch=3, warm_up=0)),
)


@pytest.mark.enable_socket  # workers hand tensors over through Unix sockets
@pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.long)])
def test_in_parts_and_with_sampled_points_it_goes_on_to_the_same_bit(tmp_path, workers):
    config = dataclasses.replace(IN_PARTS, workers=workers)
    training(tmp_path, tmp_path / "whole", steps=4, config=config).run(silent)
    first = training(tmp_path, tmp_path / "cut", steps=4, config=config)
    assert first.run(lambda step, *_: first._stop() if step == 2 else None).interrupted
    second = training(tmp_path, tmp_path / "cut", steps=4, config=config)
    second.load_state(TrainingState.read(tmp_path / "cut" / STATE_NAME))
    second.run(silent)
    expected, found = (TrainingState.read(tmp_path / run / STATE_NAME).tensors for run in ("whole", "cut"))
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_the_journal_tells_how_far_it_is_how_fast_and_what_was_left_out(tmp_path):
    run = training(tmp_path, tmp_path / "out", steps=4, config=dataclasses.replace(CONFIG, stages=CONFIG.stages[:1]))
    reports = []
    run.run(lambda step, fraction, report: reports.append(report))
    records = list(Journal(tmp_path / "out" / "metrics.jsonl").records())
    first = next(record for record in records if record["kind"] == "step")
    shown = ["kind", "step", "seconds", "fraction", "remaining_s", "rate", "loss", "classes", "masks", "dice", "points"]
    assert list(first) == [*shown, "gradient_norm", "left_out", "images_per_s"]
    assert (first["step"], first["fraction"]) == (1, 0.25)
    assert first["remaining_s"] == pytest.approx(3 * first["seconds"], rel=0.2)
    assert first["images_per_s"] > 0
    passes = [record for record in records if record["kind"] == "pass"]
    assert [(record["step"], record["images"]) for record in passes] == [(3, 6), (4, 2)]
    assert sum(record["targets"] for record in passes) == sum(report.targets for report in reports) > 0


def test_targets_without_a_query_are_counted_and_the_training_goes_on(tmp_path):
    data = tmp_path / "data"
    made.coco_set(data)
    few = dataclasses.replace(SMALL, head=dataclasses.replace(SMALL.head, queries=PointQueriesConfig(1, grid_side=1)))
    run = training(tmp_path, tmp_path / "out", steps=3, model=small_model(few))
    reports = []
    assert run.run(lambda step, fraction, report: reports.append(report)).steps == 3
    (whole,) = (record for record in Journal(tmp_path / "out" / "metrics.jsonl").records() if record["kind"] == "pass")
    assert whole["left_out"] == sum(report.left_out for report in reports) > 0


@contextlib.contextmanager
def files_at_most(size):
    """As a full disk does, a limit on the size of files stops a write half-way."""
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_full_disk_costs_the_checkpoint_and_neither_the_training_nor_what_was_there(tmp_path, caplog):
    out, config = tmp_path / "out", dataclasses.replace(CONFIG, save_minutes=0.0, evaluate_minutes=0.0)
    training(tmp_path, out, steps=2, config=config, evaluate=lambda model: {"ar": 0.1}).run(silent)
    before = contents(out)
    run = training(tmp_path, out, steps=4, config=config, evaluate=lambda model: {"ar": 0.2})
    run.load_state(TrainingState.read(out / STATE_NAME))
    done = []
    with files_at_most(100_000), pytest.raises(TrainingError, match=r"the training's end cannot be saved .*make room"):
        run.run(lambda step, *_: done.append(step))
    assert done == [3, 4]
    after = contents(out)
    assert {name: content for name, content in after.items() if name.name != "metrics.jsonl"} == {
        name: content for name, content in before.items() if name.name != "metrics.jsonl"
    }
    assert "state.safetensors cannot be saved" in caplog.text
    problems = [record for record in Journal(out / "metrics.jsonl").records() if record["kind"] == "problem"]
    assert {record["message"].split()[0] for record in problems} == {"best", "state.safetensors"}
    assert run.best == (0.1, 1)


def test_a_state_of_which_a_bit_was_changed_is_refused(tmp_path):
    TrainingState({"weights": torch.arange(1000.0)}, {"step": 3}).write(tmp_path / STATE_NAME)
    content = bytearray((tmp_path / STATE_NAME).read_bytes())
    content[-1000] ^= 1
    (tmp_path / STATE_NAME).write_bytes(content)
    with pytest.raises(TrainingError, match=r"is damaged .*its content was changed"):
        TrainingState.read(tmp_path / STATE_NAME)


def test_float16_is_refused_where_it_cannot_work(tmp_path):
    with pytest.raises(TrainingError, match="float16 needs a CUDA device: on cpu"):
        training(tmp_path, tmp_path / "out", config=dataclasses.replace(CONFIG, precision="float16"))


def test_ctrl_c_saves_and_the_handlers_are_put_back(tmp_path):
    before = signal.getsignal(signal.SIGINT)
    outcome = training(tmp_path, tmp_path / "out").run(lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert (outcome.steps, outcome.interrupted) == (1, True)
    assert signal.getsignal(signal.SIGINT) is before
    load_model(tmp_path / "out" / "last")


@pytest.mark.enable_socket  # workers hand tensors over through Unix sockets
def test_a_signal_to_the_whole_process_group_saves_too(tmp_path):
    """`timeout` and service managers signal the workers as well."""

    def stop(step, fraction, report):
        for process in [*(worker.pid for worker in multiprocessing.active_children()), os.getpid()]:
            os.kill(process, signal.SIGTERM)

    outcome = training(tmp_path, tmp_path / "out", config=dataclasses.replace(CONFIG, workers=1)).run(stop)
    assert (outcome.steps, outcome.interrupted) == (1, True)
    assert TrainingState.read(tmp_path / "out" / STATE_NAME).notes["step"] == 1


def test_the_best_model_is_kept_with_its_scores(tmp_path):
    scores = iter([0.3, 0.5, 0.4])
    config = dataclasses.replace(CONFIG, evaluate_minutes=0.0)
    run = training(tmp_path, tmp_path / "out", steps=2, evaluate=lambda model: {"ar": next(scores)}, config=config)
    outcome = run.run(silent)
    assert (outcome.best_score, outcome.best_step) == (0.5, 2)
    kept = json.loads((tmp_path / "out" / "best" / "config.json").read_text())["training"]
    assert (kept["step"], kept["scores"]) == (2, {"ar": 0.5})
    assert TrainingConfig.from_dict(kept["config"]) == config
    records = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert [record["ar"] for record in records if record["kind"] == "scores"] == [0.3, 0.5, 0.4]
    assert [record["step"] for record in records if record["kind"] == "step"] == [1]


def test_another_configuration_or_model_cannot_resume(tmp_path):
    training(tmp_path, tmp_path / "out", steps=1).run(silent)
    state = TrainingState.read(tmp_path / "out" / STATE_NAME)
    other = dataclasses.replace(CONFIG, optimiser=OptimiserConfig(rate=1e-3))
    with pytest.raises(TrainingError, match="another configuration"):
        training(tmp_path, tmp_path / "out", config=other).load_state(state)
    missing = {name: tensor for name, tensor in state.tensors.items() if not name.startswith("model.head")}
    with pytest.raises(TrainingError, match="another model"):
        training(tmp_path, tmp_path / "out").load_state(TrainingState(missing, state.notes))


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"{}"])
def test_a_damaged_state_is_refused(tmp_path, content):
    (tmp_path / STATE_NAME).write_bytes(content)
    with pytest.raises(TrainingError, match="is damaged"):
        TrainingState.read(tmp_path / STATE_NAME)


def test_an_absent_state_is_refused(tmp_path):
    with pytest.raises(TrainingError, match="without --resume"):
        TrainingState.read(tmp_path / STATE_NAME)


def test_a_state_cut_short_is_refused(tmp_path):
    training(tmp_path, tmp_path / "out", steps=1).run(silent)
    path = tmp_path / "out" / STATE_NAME
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(TrainingError, match="is damaged"):
        TrainingState.read(path)


def test_a_loss_that_is_not_finite_stops_before_the_update_and_names_the_images():
    model = small_model()
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    optimiser = build_optimiser(model, OptimiserConfig())
    with torch.no_grad():
        model.head.classes.weight[0, 0] = float("nan")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(TrainingError, match="made is not finite"):
        train_step(model, criterion, optimiser, made.disc_batch(), precision="float32", clip=1.0)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0, equal_nan=True)


def test_a_gradient_that_is_not_finite_stops_before_the_update_and_names_the_images():
    model = small_model()
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    optimiser = build_optimiser(model, OptimiserConfig())
    model.head.classes.bias.register_hook(lambda gradient: gradient * float("inf"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(TrainingError, match="gradient is inf on the images made; nothing was changed"):
        train_step(model, criterion, optimiser, made.disc_batch(), precision="float32", clip=1.0)
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_one_photo_is_learned_by_heart():
    model = small_model()
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    optimiser = build_optimiser(model, OptimiserConfig(rate=3e-3, backbone_rate=1e-3))
    batch = made.disc_batch()
    first = train_step(model, criterion, optimiser, batch, precision="float32", clip=3.0)
    for _ in range(39):
        last = train_step(model, criterion, optimiser, batch, precision="float32", clip=3.0)
    assert last.loss < first.loss / 2
    with torch.no_grad():
        found = model.eval()((batch.pixels / 128.0 - 127 / 128).permute(0, 3, 1, 2), batch.padding_mask)
    inside = found.mask_logits[0] > 0
    truth = batch.targets[0].masks > 127
    for true in truth:
        shared, joint = (inside & true).flatten(1).sum(1), (inside | true).flatten(1).sum(1)
        assert (shared / joint).max() > 0.7


def test_bfloat16_gives_nearly_the_same_loss():
    model = small_model()
    criterion = Criterion(LossConfig(), LabelCodes(model.label_set).table)
    losses = [
        float(forward_losses(model, criterion, made.disc_batch(), precision).total.detach())
        for precision in ("float32", "bfloat16")
    ]
    assert losses[1] == pytest.approx(losses[0], rel=0.03)


def test_what_was_learned_is_on_the_disk_before_the_last_judging(tmp_path):
    def fail(model):
        raise TrainingError("cannot judge")

    out = tmp_path / "out"
    with pytest.raises(TrainingError, match="cannot judge"):
        training(tmp_path, out, steps=2, evaluate=fail).run(silent)
    assert TrainingState.read(out / STATE_NAME).notes["step"] == 2
    assert load_model(out / "last").label_set == small_model().label_set
