import hashlib

import pytest
import torch

from core import load_model
from core.annotation.errors import ModelError
from core.maskformer.checkpoint import save_model
from tests.core.maskformer.checkpoints.agreement import difference
from tests.core.maskformer.checkpoints.public_models import detectron2_arrays, published, saved, saved_pickle
from tests.core.maskformer.small_models import small_model


@pytest.fixture(scope="module")
def theirs():
    return published()


def test_load_model_takes_folders_of_both_kinds_and_detectron2_files(theirs, tmp_path):
    folder = saved(tmp_path / "published", theirs)
    pickle = saved_pickle(tmp_path / "published.pkl", detectron2_arrays(theirs))
    save_model(load_model(folder), tmp_path / "ours")
    weights = (folder / "model.safetensors", pickle, tmp_path / "ours" / "model.safetensors")
    for source, file in zip((folder, str(pickle), tmp_path / "ours"), weights, strict=True):
        model = load_model(source)
        assert not model.training
        assert model.weights_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
        assert all(parameter.requires_grad for parameter in model.parameters())
        assert difference(model, theirs, size=(61, 96)) < 1e-4


def test_a_loaded_model_is_on_the_asked_device_in_the_asked_type(theirs, tmp_path):
    model = load_model(saved(tmp_path, theirs), device="cpu", dtype=torch.bfloat16)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    assert model(torch.randn(1, 3, 64, 64)).mask_logits.isfinite().all()


def test_loading_leaves_the_random_state_alone(theirs, tmp_path):
    folder = saved(tmp_path, theirs)
    before = torch.get_rng_state()
    load_model(folder)
    assert torch.equal(before, torch.get_rng_state())


def test_a_folder_of_this_project_stays_one_whatever_else_its_config_says(tmp_path):
    save_model(small_model(), tmp_path)
    path = tmp_path / "config.json"
    path.write_text(path.read_text().replace("{", '{"model_type": "maskformer", ', 1))
    assert load_model(tmp_path).label_set == small_model().label_set


@pytest.mark.parametrize(
    "source",
    ["", "nothing-here", "../x", "../../etc/passwd", "a/b/c", "/no/such/folder", "owner/..", "o--w/name", "a" * 5000,
     "a\0b", "owner/name\n", "hf://owner/name", "owner\\name", "~/model", "owner/name@main"],
)  # fmt: skip
def test_a_source_that_is_no_model_lists_what_it_can_be(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"no model here; give .*detectron2 file.*owner/name"):
        load_model(source)


@pytest.mark.parametrize("name", ["model.onnx", "model.safetensors", "model.pth", "config.json"])
def test_a_file_of_another_kind_lists_what_it_can_be(name, tmp_path):
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(ModelError, match="no model here; give"):
        load_model(tmp_path / name)
