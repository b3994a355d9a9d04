import numpy as np
import pytest

from core.annotation.mask import Mask
from core.annotation.proposals import REGION, ClassScore, Proposal

MASK = Mask.from_array(np.ones((2, 2), dtype=bool))


@pytest.mark.parametrize(
    ("scores", "name"),
    [((0.9, 0.05), "dog"), ((0.09, 0.005), "dog"), ((0.45, 0.4), REGION), ((0.045, 0.04), REGION), ((0.3,), "dog")],
)
def test_a_name_that_shares_its_scores_with_others_is_none(scores, name):
    named = tuple(ClassScore(text, score) for text, score in zip(("dog", "cat"), scores, strict=False))
    assert Proposal(0, MASK, 0.8, named).name == name


def test_a_sure_region_is_a_region():
    assert Proposal(0, MASK, 0.8, (ClassScore(REGION, 0.9), ClassScore("dog", 0.01))).name == REGION
