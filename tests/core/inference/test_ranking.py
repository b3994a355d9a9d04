import torch
from hypothesis import given
from hypothesis import strategies as st

from core.inference.ranking import DUPLICATE_IOU, demote_duplicates, mask_scores, pairwise_iou


def masks(*spans: tuple[int, int]) -> torch.Tensor:
    """Masks of 1×20 cells, each inside from its first number up to its second."""
    cells = torch.arange(20)
    return torch.stack([((cells >= start) & (cells < stop))[None] for start, stop in spans])


def test_a_score_is_all_but_no_object():
    logits = torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 9.0]])
    torch.testing.assert_close(mask_scores(logits), torch.tensor([2 / 3, logits[1].softmax(0)[:2].sum()]))


def test_a_copy_is_put_back_by_its_overlap_and_the_best_one_is_not():
    scores = demote_duplicates(torch.tensor([0.6, 0.9, 0.5]), masks((0, 9), (0, 10), (12, 20)))
    torch.testing.assert_close(scores, torch.tensor([0.6 * 0.1, 0.9, 0.5]))


def test_an_exact_copy_comes_last_but_stays():
    scores = demote_duplicates(torch.tensor([0.9, 0.9, 0.1]), masks((0, 10), (0, 10), (12, 20)))
    torch.testing.assert_close(scores, torch.tensor([0.9, 0.0, 0.1]))


def test_masks_that_overlap_less_keep_their_scores():
    inside = masks((0, 10), (5, 15), (0, 20))
    assert pairwise_iou(inside).fill_diagonal_(0).max() < DUPLICATE_IOU
    scores = torch.tensor([0.3, 0.2, 0.1])
    assert torch.equal(demote_duplicates(scores, inside), scores)


def test_overlap_of_empty_masks_is_none():
    assert pairwise_iou(masks((0, 0), (0, 0), (0, 5))).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.floats(0, 1, width=32)), min_size=1, max_size=8))
def test_scores_never_rise_and_stay_in_range(items):
    scores = torch.tensor([score for *_, score in items])
    demoted = demote_duplicates(scores, masks(*((start, stop) for start, stop, _ in items)))
    assert (demoted <= scores).all()
    assert (demoted >= 0).all()
