import json
import math
from pathlib import Path

import numpy as np
import pytest

from app.cli import main
from app.workflows.evaluate import BASELINES, GRID, MODEL, EvaluationRequest, evaluate
from app.workflows.score_tables import format_table
from core.annotation.errors import TrainingError
from core.inference.predictor import Predictor
from core.maskformer.checkpoint import load_model, save_model
from core.training.data.sources import SourceConfig, read_data_set
from tests.core.maskformer.small_models import small_model
from tests.core.training import made_sets as made
from tests.core.training.metrics.sure_model import image_of, sure_model, write_blurred_photo


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    save_model(small_model(), folder)
    return folder


@pytest.fixture
def sets(tmp_path) -> dict[str, Path]:
    return {
        "coco": made.coco_set(tmp_path / "coco", photos=12),
        "salient": made.salient_set(tmp_path / "salient"),
        "stuff": made.named_semantic_set(tmp_path / "stuff"),
    }


def test_each_task_gives_a_table_and_json(model, sets, tmp_path, capsys):
    photos = len(read_data_set(sets["coco"], SourceConfig()).part("check"))
    assert 0 < photos < 12
    headings = {"proposals": "AR100", "semantic": "mIoU", "instance": "AP50", "panoptic": "PQ"}
    for task, heading in headings.items():
        out = tmp_path / f"{task}.json"
        arguments = ["--model", str(model), "--data", str(sets["coco"]), "--task", task, "--out", str(out)]
        assert main(["evaluate", *arguments]) == 0
        table = capsys.readouterr().out.splitlines()
        assert f" {heading} " in table[0]
        (stored,) = json.loads(out.read_text())
        assert stored["name"] == "coco"
        images = stored["scores"][MODEL]["photos"] if task == "proposals" else stored["scores"]["images"]
        assert images == photos


def test_truth_that_the_model_does_not_know_is_missed_and_said(model, sets):
    """The model knows cats and no gizmos; each of the twelve photos has one of both."""
    request = EvaluationRequest(model=model, data=(sets["coco"],), task="instance", part="all")
    (result,) = evaluate(request, quiet=True)
    assert result.unknown == {"gizmo": 12}
    assert result.scores.masks == 24
    assert result.scores.by_category["gizmo"] == 0
    assert "12 masks" in format_table([result]).splitlines()[-1]
    assert "gizmo (12)" in format_table([result])


def test_a_part_is_one_side_of_the_split_or_all(model, sets):
    def photos(part):
        request = EvaluationRequest(model=model, data=(sets["coco"],), task="semantic", part=part)
        return evaluate(request, quiet=True)[0].scores.images

    assert photos("check") + photos("train") == photos("all") == 12


@pytest.mark.parametrize(
    ("name", "task", "words"),
    [
        ("salient", "semantic", "names no categories.*--task proposals"),
        ("salient", "instance", "names no categories"),
        ("salient", "panoptic", "names no categories"),
        ("stuff", "instance", "stuff only.*--task semantic"),
    ],
)
def test_a_set_without_what_the_task_needs_is_refused_before_the_model_is_read(sets, name, task, words):
    with pytest.raises(TrainingError, match=words):
        evaluate(EvaluationRequest(model="no such model", data=(sets[name],), task=task), quiet=True)


def test_baselines_stand_beside_the_model_and_belong_to_proposals(model, sets):
    pytest.importorskip("skimage", reason="needs the development requirement scikit-image")
    request = EvaluationRequest(model=model, data=(sets["salient"],), part="all", baselines=True)
    (result,) = evaluate(request, quiet=True)
    assert list(result.scores) == [MODEL, GRID, *BASELINES]
    assert len(format_table([result]).splitlines()) == 2 + 4 + (sum(result.reliability.counts) > 0)
    with pytest.raises(TrainingError, match="leave --baselines out"):
        EvaluationRequest(model=model, data=(), task="semantic", baselines=True)


def test_a_set_without_an_image_of_the_part_is_refused_with_advice(sets):
    images = read_data_set(sets["salient"], SourceConfig())
    empty = "check" if not images.part("check") else "train"
    with pytest.raises(TrainingError, match=r"salient has no image .* among its 1; give --part all"):
        evaluate(EvaluationRequest("no such model", (sets["salient"],), part=empty), quiet=True)


def test_a_set_without_a_mask_to_find_has_empty_scores_which_json_calls_null(model, sets, tmp_path):
    made.write_ids(sets["salient"] / "masks" / "a.png", made.box(20, 30, 5, 5, 6, 6).astype(np.uint8) * 255)
    out = tmp_path / "scores.json"
    (result,) = evaluate(EvaluationRequest(model, (sets["salient"],), part="all", out=out), quiet=True)
    assert math.isnan(result.scores[MODEL].overall.ar)
    assert json.loads(out.read_text())[0]["scores"][MODEL]["overall"]["ar"] is None


@pytest.fixture(scope="module")
def own(tmp_path_factory) -> tuple[Path, Path]:
    """A model, and a semantic set of one photo labelled by it."""
    model, folder = (tmp_path_factory.mktemp("own") / name for name in ("model", "set"))
    photo = write_blurred_photo(folder / "images" / "a.png")
    save_model(sure_model(photo), model)
    predictor = Predictor(load_model(model), precision="float32")
    view = predictor.semantic(image_of(photo).pixels())
    made.write_ids(folder / "labels" / "a.png", (view + 1).astype(np.uint8))
    (folder / "labels.txt").write_text("null\ncat\ngrass\nregion\n")
    return model, folder


def test_a_semantic_set_labelled_by_the_model_itself_is_met_whole(own):
    model, folder = own
    (result,) = evaluate(EvaluationRequest(model, (folder,), "semantic", "all", precision="float32"), quiet=True)
    assert set(result.scores.by_category) == {"cat", "grass"}
    assert (result.scores.mean_iou, result.scores.accuracy, dict(result.unknown)) == (1, 1, {})


def test_a_threshold_is_a_probability_and_belongs_to_the_panoptic_view(own):
    model, folder = own
    with pytest.raises(TrainingError, match="is for --task panoptic"):
        EvaluationRequest(model, (folder,), "instance", threshold=0.5)
    with pytest.raises(TrainingError, match="from 0 to 1, got 80"):
        EvaluationRequest(model, (folder,), "panoptic", threshold=80)

    def segments(threshold):
        request = EvaluationRequest(model, (folder,), "panoptic", "all", threshold=threshold)
        scores = evaluate(request, quiet=True)[0].scores.overall
        return scores.matched + scores.wrong

    assert segments(1.0) == 0 < segments(None)


def damage(photo: Path) -> None:
    """Its header stays: it is only decoding that fails."""
    content = photo.read_bytes()
    photo.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("task", ["proposals", "semantic", "instance", "panoptic"])
def test_a_damaged_photo_is_left_out_by_name_and_the_others_are_judged(model, sets, task):
    damage(sets["coco"] / "images" / "3.png")
    request = EvaluationRequest(model=model, data=(sets["coco"],), task=task, part="all")
    (result,) = evaluate(request, quiet=True)
    assert [one.item for one in result.skipped] == ["photo images/3.png"]
    assert (result.scores[MODEL].photos if task == "proposals" else result.scores.images) == 11
    assert "coco: 1 skipped" in format_table([result])
    assert "images/3.png" in format_table([result])


@pytest.mark.parametrize("out", ["missing/scores.json", "coco", "coco/instances.json/scores.json", "n" * 300])
def test_scores_with_nowhere_to_go_are_refused_before_any_work(sets, tmp_path, out):
    with pytest.raises(TrainingError, match="cannot be written"):
        evaluate(EvaluationRequest("no such model", (sets["coco"],), out=tmp_path / out), quiet=True)
