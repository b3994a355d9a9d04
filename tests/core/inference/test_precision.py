import pytest
import torch

from core.inference.precision import COMPARED_MASKS, proposals_agree
from core.maskformer.output import MaskFormerOutput


def output(mask_logits, class_logits=None):
    if class_logits is None:
        class_logits = torch.linspace(9, 5, len(mask_logits))[:, None] * torch.tensor([1.0, 0.0])
    return MaskFormerOutput(class_logits[None], mask_logits[None])


def squares(count=4, side=40):
    """Masks of a square each, one beside the other."""
    logits = torch.full((count, side, side * count), -5.0)
    for number in range(count):
        logits[number, 8:32, number * side + 8 : number * side + 32] = 5.0
    return logits


def test_equal_outputs_agree():
    assert proposals_agree(output(squares()), output(squares())) is True


def test_one_mask_that_is_elsewhere_is_no_agreement():
    rough = squares()
    rough[2] = rough[2].roll(1, 1)
    assert proposals_agree(output(squares()), output(rough)) is False


def test_a_shift_by_a_small_part_of_a_cell_agrees():
    rough = squares() + 0.1
    assert proposals_agree(output(squares()), output(rough)) is True


def test_the_order_of_queries_does_not_matter():
    assert proposals_agree(output(squares()), output(squares().flip(0))) is True


def test_only_the_best_masks_are_compared():
    exact = squares(COMPARED_MASKS + 1, 16)
    exact[:, 4:12] = 5.0 * exact[:, 8:9].sign()
    for number, expected in ((COMPARED_MASKS - 1, False), (COMPARED_MASKS, True)):
        rough = exact.clone()
        rough[number] = -5.0
        assert proposals_agree(output(exact), output(rough)) is expected


@pytest.mark.parametrize("rough", [squares(), -torch.ones(4, 40, 160)])
def test_an_output_without_masks_says_nothing(rough):
    assert proposals_agree(output(-torch.ones(4, 40, 160)), output(rough)) is None
