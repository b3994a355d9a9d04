import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.inference.postprocess import panoptic
from core.maskformer.output import MaskFormerOutput
from tests.core.inference.plain_views import KINDS, label_set, raw_outputs
from tests.core.inference.plain_views import panoptic as plain_panoptic


def view(class_logits, mask_logits, size, labels, **options):
    (found,) = panoptic(MaskFormerOutput(class_logits[None], mask_logits[None]), [size], labels, **options)
    return found


def check_consistent(found, size):
    """The segments say what the map shows."""
    assert found.ids.dtype == np.int32
    assert found.ids.shape == tuple(size)
    assert [segment.id for segment in found.segments] == list(range(1, len(found.segments) + 1))
    assert set(np.unique(found.ids)) - {0} == {segment.id for segment in found.segments}
    for segment in found.segments:
        rows, columns = np.nonzero(found.ids == segment.id)
        assert segment.area == len(rows)
        x, y, width, height = segment.bbox
        assert (x, y, x + width - 1, y + height - 1) == (columns.min(), rows.min(), columns.max(), rows.max())
    stuff = [segment.category_id for segment in found.segments if not segment.is_thing]
    assert len(stuff) == len(set(stuff))


def both(raw, options):
    class_logits, mask_logits, size = raw
    classes = class_logits.shape[1] - 1
    labels = label_set(classes // 2, classes - classes // 2)
    found = view(class_logits, mask_logits, size, labels, **options)
    check_consistent(found, size)
    plain = plain_panoptic(
        class_logits,
        mask_logits,
        size,
        labels,
        threshold=options["threshold"],
        overlap=options["overlap_threshold"],
        inside_only=options["inside_only"],
    )
    return found, plain


options = st.fixed_dictionaries(
    {
        "threshold": st.sampled_from([0.0, 0.4, 0.8]),
        "overlap_threshold": st.sampled_from([0.0, 0.3, 0.8]),
        "inside_only": st.booleans(),
    }
)


@settings(max_examples=400, deadline=None)
@given(raw_outputs(), options)
def test_every_pixel_and_segment_is_the_plain_definitions(raw, options):
    found, plain = both(raw, options)
    assume(not plain.unsure.any())
    assert np.array_equal(found.ids, plain.ids)
    assert {s.id: (s.category_id, pytest.approx(s.score)) for s in found.segments} == plain.segments


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.__name__ in {"noise", "smooth"}])
@pytest.mark.parametrize("inside_only", [True, False])
def test_many_queries_at_a_larger_size(kind, inside_only):
    random = torch.Generator().manual_seed(2)
    class_logits = 9 * torch.randn(40, 51, generator=random)
    options = {"threshold": 0.5, "overlap_threshold": 0.05, "inside_only": inside_only}
    found, plain = both((class_logits, kind(random, (40, 33, 41)), (203, 311)), options)
    assert plain.unsure.mean() < 0.05
    assert np.array_equal(found.ids[~plain.unsure], plain.ids[~plain.unsure])
    assert len(found.segments) > 5


def test_of_equal_queries_the_first_one_wins_everywhere():
    class_logits = torch.tensor([[9.0, 0.0], [9.0, 0.0]])
    mask_logits = torch.full((2, 3, 3), 40.0)
    found = view(class_logits, mask_logits, (20, 20), label_set(1, 0))
    assert (found.ids == 1).all()
    assert len(found.segments) == 1


def test_stuff_of_one_category_is_one_segment_with_the_best_score():
    class_logits = torch.tensor([[0.0, 6.0, 0.0], [0.0, 9.0, 0.0]])
    mask_logits = torch.tensor([[[9.0, -9.0]], [[-9.0, 9.0]]])
    found = view(class_logits, mask_logits, (1, 10), label_set(1, 1))
    (segment,) = found.segments
    assert (found.ids == 1).all()
    assert segment.score == pytest.approx(class_logits[1].softmax(0)[1].item())
    assert (segment.area, segment.bbox, segment.is_thing) == (10, (0, 0, 10, 1), False)


def test_a_query_behind_others_leaves_void_where_it_was_dropped():
    class_logits = torch.tensor([[9.0, 0.0, -9.0], [7.0, 0.0, -9.0]])
    front = torch.tensor([9.0, 9.0, 9.0, -9.0])
    behind = torch.tensor([2.0, 2.0, 2.0, 2.0])
    found = view(class_logits, torch.stack((front, behind))[:, None], (1, 40), label_set(2, 0))
    assert [segment.category_id for segment in found.segments] == [7]
    assert found.ids[0, 0] == 1
    assert found.ids[0, -1] == 0


def test_the_mask_threshold_moves_both_the_map_and_the_overlap_test():
    class_logits = torch.tensor([[9.0, 0.0]])
    ramp = torch.linspace(-3, 3, 13)[None, None]
    strict, loose = (view(class_logits, ramp, (1, 130), label_set(1, 0), mask_threshold=t) for t in (0.9, 0.1))
    assert strict.segments[0].area < loose.segments[0].area
    for found, threshold in ((strict, 0.9), (loose, 0.1)):
        wide = torch.nn.functional.interpolate(ramp[None], size=(1, 130), mode="bilinear")[0, 0]
        assert np.array_equal(found.ids == 1, (wide.sigmoid() >= threshold).numpy())


def test_padding_is_cut_off_before_the_masks_are_stretched():
    class_logits = 9 * torch.randn(6, 4)
    mask_logits = 5 * torch.randn(6, 5, 7)
    padded = torch.full((6, 8, 8), 50.0)
    padded[..., :5, :7] = mask_logits
    alone = view(class_logits, mask_logits, (40, 56), label_set(3, 0))
    together = view(class_logits, padded, (40, 56), label_set(3, 0), input_sizes=[(20, 28)])
    assert np.array_equal(alone.ids, together.ids)
    assert alone.segments == together.segments
