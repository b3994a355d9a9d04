from pathlib import Path

import pytest

from app.models import FALLBACK_THRESHOLD, describe_model, open_predictor, proposer_loader, workspace_labels
from app.settings import DEFAULT_MODEL
from core.annotation.errors import ModelError
from core.annotation.proposals import REGION
from core.maskformer.checkpoint import save_model
from tests.core.maskformer.checkpoints.public_models import published, saved
from tests.core.maskformer.small_models import small_model


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A workspace's folder of models with one in it, called "mine"."""
    save_model(small_model(), tmp_path / "models" / "mine", extra={"threshold": 0.25})
    return tmp_path / "models"


def test_a_model_that_comes_with_the_project_is_known_by_its_name():
    model = describe_model(DEFAULT_MODEL)
    assert model.info.name == DEFAULT_MODEL
    assert model.info.threshold == model.training["threshold"]
    assert REGION in {category.name for category in model.labels}
    assert REGION not in {category.name for category in workspace_labels(model.labels)}


def test_a_model_of_the_workspace_is_known_by_its_name(models):
    model = describe_model("mine", models)
    assert (model.info.name, model.info.threshold) == ("mine", 0.25)
    loaded = proposer_loader(models / "mine", model.info, device="cpu", precision="float32")()
    assert loaded.model_sha256 == loaded.predictor.model.weights_sha256 == model.info.sha256
    with pytest.raises(ModelError, match="mine"):
        describe_model("mine")


def test_a_public_checkpoint_is_described_by_what_is_read_of_it(tmp_path):
    folder = saved(tmp_path / "public", published())
    model = describe_model(str(folder))
    predictor = open_predictor(folder, device="cpu", precision="float32")
    assert model.info.sha256 == predictor.model.weights_sha256
    assert model.info.threshold == FALLBACK_THRESHOLD
    assert model.labels == predictor.model.label_set
    assert model.training == {}
