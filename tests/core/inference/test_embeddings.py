import dataclasses

import numpy as np
import pytest
import torch

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.inference.classify import classify
from core.inference.embeddings import see
from core.inference.predictor import Predictor
from core.maskformer.config import PerPixelConfig
from tests.core.inference.test_classify import made_model, masks_of, photo
from tests.core.maskformer.small_models import SMALL

HEADS = {"queries": {}, "classifier": {"mask_classifier": True}, "per_pixel": {"head": PerPixelConfig()}}


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("size", [(97, 141), (300, 40), (1, 1)])
def test_every_cell_has_an_embedding_of_length_one(changes, size):
    model = made_model(**changes)
    seen = see(model, photo(*size))
    height, width = model.preprocessing.input_size(*size)
    assert seen.embeddings.dtype == np.float16
    assert seen.embeddings.shape[1:] == (height // 4, width // 4)
    lengths = np.linalg.norm(seen.embeddings.astype(np.float32), axis=0)
    # A photo of one cell has no feature beside its mean.
    expected = 1 if height * width > 16 else 0.5**0.5
    assert lengths == pytest.approx(np.full(lengths.shape, expected), abs=5e-3)


@pytest.mark.parametrize("changes", HEADS.values(), ids=HEADS)
def test_masks_are_named_as_by_the_model_itself(changes):
    model, image = made_model(**changes), photo(97, 141)
    masks = masks_of(97, 141)
    kept = see(model, image).classify(masks)
    for answer, expected in zip(kept, classify(model, image, masks), strict=True):
        scores = {one.name: one.score for one in expected}
        for one in answer:
            assert one.score == pytest.approx(scores[one.name], abs=2e-2)


def test_what_is_kept_is_small_and_counted():
    seen = see(made_model(mask_classifier=True), photo(97, 141))
    assert seen.embeddings.nbytes < seen.size_bytes < 4 * seen.embeddings.nbytes


def test_wrong_photos_and_masks_are_refused():
    model = made_model()
    with pytest.raises(ModelError, match="uint8"):
        see(model, np.zeros((4, 4), np.uint8))
    seen = see(model, photo(20, 30))
    for mask, said in ((Mask.empty(20, 30), "empty"), (Mask.from_array(np.ones((3, 3), bool)), "3×3")):
        with pytest.raises(ModelError, match=said):
            seen.classify([mask])


def test_a_predictor_sees_in_full_precision_whatever_it_proposes_in():
    model, image = made_model(), photo(60, 80)
    rough = Predictor(model, precision="bfloat16").see(image)
    assert np.array_equal(rough.embeddings, see(model, image).embeddings)


def test_pixels_at_the_photos_border_are_like_those_beside_them():
    torch.manual_seed(0)
    model = made_model()
    assert dataclasses.asdict(model.config) == dataclasses.asdict(SMALL)
    embeddings = see(model, photo(96, 96)).embeddings
    assert np.array_equal(embeddings[:, 0], embeddings[:, 2])
    assert np.array_equal(embeddings[:, :, -1], embeddings[:, :, -3])
