"""One blurred photo and a model that is sure of its answers on it, for every module of this folder."""

from pathlib import Path

import pytest

from core.inference.predictor import Predictor
from tests.core.training.metrics.sure_model import sure_model, write_blurred_photo


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    return write_blurred_photo(tmp_path_factory.mktemp("photos") / "a.png")


@pytest.fixture(scope="module")
def predictor(photo) -> Predictor:
    return Predictor(sure_model(photo), precision="float32")
