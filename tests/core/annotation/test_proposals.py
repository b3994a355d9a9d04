import numpy as np
import pytest

from core.annotation.mask import Mask
from core.annotation.proposals import NAMED_FROM, REGION, ClassScore, Proposal

MASK = Mask.from_array(np.ones((2, 2), dtype=bool))


@pytest.mark.parametrize(
    ("score", "name"), [(0.9, "dog"), (NAMED_FROM, "dog"), (np.nextafter(NAMED_FROM, 0), REGION), (0.1, REGION)]
)
def test_an_unsure_name_is_none(score, name):
    assert Proposal(0, MASK, 0.8, (ClassScore("dog", score), ClassScore("cat", 0.05))).name == name


def test_a_sure_region_is_a_region():
    assert Proposal(0, MASK, 0.8, (ClassScore(REGION, 0.9),)).name == REGION
