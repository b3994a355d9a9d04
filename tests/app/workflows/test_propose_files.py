import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from app.workflows.propose_files import propose_files
from core.annotation.errors import FormatError, ModelError
from core.maskformer.checkpoint import save_model
from tests.core.maskformer.small_models import small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("models") / "small"
    save_model(small_model(), folder)
    return str(folder)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "é photo.png")
    return tmp_path / "é photo.png"


def test_the_file_holds_what_was_promised(model, photo, tmp_path):
    out = tmp_path / "out.json"
    seen = []
    failures = propose_files(
        [str(photo), str(photo)], model=model, out=out, limit=5, progress=lambda *now: seen.append(now)
    )
    items = json.loads(out.read_text(encoding="utf-8"))
    assert failures == 0
    assert seen == [(1, 2), (2, 2)]
    assert len(items) == 2
    assert items[0] == items[1]
    item = items[0]
    assert (item["file_name"], item["height"], item["width"]) == (str(photo), 48, 64)
    scores = [proposal["score"] for proposal in item["proposals"]]
    assert 1 <= len(scores) <= 5
    assert scores == sorted(scores, reverse=True)
    for proposal in item["proposals"]:
        rle = proposal["segmentation"]
        assert isinstance(rle["counts"], str)
        assert rle["size"] == [48, 64]
        assert coco_mask.area(rle) == proposal["area"] > 0
        assert coco_mask.toBbox(rle).tolist() == proposal["bbox"]
        assert (proposal["category"], proposal["category_id"]) in {("cat", 10), ("grass", 11), (None, None)}


def test_a_region_without_a_better_name_has_no_category(photo, tmp_path):
    network = small_model()
    network.head.classes.bias.data[2] = 50.0
    save_model(network, tmp_path / "regions")
    propose_files([str(photo)], model=str(tmp_path / "regions"), out=tmp_path / "out.json")
    proposals = json.loads((tmp_path / "out.json").read_text())[0]["proposals"]
    assert proposals
    assert {(proposal["category"], proposal["category_id"]) for proposal in proposals} == {(None, None)}


def test_a_broken_image_is_told_and_the_others_go_on(model, photo, tmp_path):
    broken = tmp_path / "broken.jpg"
    broken.write_text("no picture")
    paths = [str(broken), str(photo), str(tmp_path / "absent.png")]
    assert propose_files(paths, model=model, out=tmp_path / "out.json") == 2
    items = json.loads((tmp_path / "out.json").read_text())
    assert [item["file_name"] for item in items] == paths
    assert [set(item) == {"file_name", "error"} for item in items] == [True, False, True]
    assert "broken.jpg" in items[0]["error"]


def test_no_photos_make_an_empty_list(model, tmp_path):
    assert propose_files([], model=model, out=tmp_path / "out.json") == 0
    assert json.loads((tmp_path / "out.json").read_text()) == []


def test_a_target_that_cannot_be_written_is_told_before_any_work(tmp_path):
    for out in (tmp_path, tmp_path / "absent" / "out.json"):
        with pytest.raises(FormatError, match="cannot be written"):
            propose_files(["x.png"], model="no such model", out=out)


def test_an_absent_model_leaves_the_old_file(tmp_path):
    out = tmp_path / "out.json"
    out.write_text("old")
    with pytest.raises(ModelError, match="no model here"):
        propose_files(["x.png"], model=str(tmp_path / "nothing"), out=out)
    assert out.read_text() == "old"


def test_an_interruption_leaves_the_old_file_and_nothing_else(model, photo, tmp_path):
    def stop(finished: int, total: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out.json"
    out.write_text("old")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        propose_files([str(photo)], model=model, out=out, progress=stop)
    assert out.read_text() == "old"
    assert sorted(tmp_path.iterdir()) == before
