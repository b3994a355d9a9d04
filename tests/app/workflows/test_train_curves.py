"""The train command leaves its curves beside the journal, whether its set has images to judge by or none."""

import json

import pytest
from PIL import Image

from app.workflows.train import TrainRequest, train
from core.training.journal import Journal
from tests.core.maskformer.small_models import SMALL
from tests.core.training import made_sets as made


@pytest.mark.parametrize(("photos", "judged"), [(12, True), (1, False)])
def test_curves_lie_in_the_folder_of_the_training(tmp_path, photos, judged):
    stages = [{"crop_px": 64, "batch": 2, "warm_up": 1}]
    recipe = tmp_path / "recipe.json"
    recipe.write_text(json.dumps({"model": SMALL.to_dict(), "stages": stages, "input_px": 64, "workers": 0}))
    data = made.coco_set(tmp_path / "set", photos=photos)
    train(TrainRequest(data=(data,), out=tmp_path / "out", config=recipe, steps=2), quiet=True)
    kinds = [record["kind"] for record in Journal(tmp_path / "out" / "metrics.jsonl").records()]
    assert ("scores" in kinds) is judged
    with Image.open(tmp_path / "out" / "curves.png") as picture:
        assert picture.size == (1000, 700)
