import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotation.errors import ModelError
from core.annotation.mask import Mask
from core.inference.postprocess import instance
from core.maskformer.heads.per_pixel import per_pixel_output
from core.maskformer.output import MaskFormerOutput
from tests.core.inference.plain_views import KINDS, dense, label_set, raw_outputs


def view(class_logits, mask_logits, size, labels, **options):
    (found,) = instance(MaskFormerOutput(class_logits[None], mask_logits[None]), [size], labels, **options)
    return found


def plain(class_logits, mask_logits, size, labels, *, top, mask_threshold):
    """{(query, category id): (mask, score)} by interpolating everything."""
    cut = float(np.log(mask_threshold / (1 - mask_threshold)))
    inside = dense(mask_logits - cut, *size) > 0
    probabilities = dense(mask_logits, *size).double().sigmoid()
    means = (probabilities * inside).sum((1, 2)) / inside.sum((1, 2)).clamp(min=1)
    chances = class_logits.softmax(-1)[:, :-1]
    best = chances.flatten().topk(min(top, chances.numel()))
    found = {}
    for chance, index in zip(best.values.tolist(), best.indices.tolist(), strict=True):
        query, place = divmod(index, len(labels))
        category = labels.categories[place]
        # A probability that float32 cannot hold in full is none: a per-pixel query is no other category.
        if category.is_thing and chance > 1e-37 and inside[query].any():
            mask = Mask.from_array(inside[query].numpy())
            found[query, category.id] = mask, pytest.approx(chance * float(means[query]), abs=1e-4)
    return found


def check(raw, top, mask_threshold):
    class_logits, mask_logits, size = raw
    classes = class_logits.shape[1] - 1
    labels = label_set(classes - classes // 3, classes // 3)
    found = view(class_logits, mask_logits, size, labels, top=top, mask_threshold=mask_threshold)
    expected = plain(class_logits, mask_logits, size, labels, top=top, mask_threshold=mask_threshold)
    assert {(item.query, item.category_id): (item.mask, item.score) for item in found} == expected
    scores = [item.score for item in found]
    assert scores == sorted(scores, reverse=True)
    return found


@settings(max_examples=300, deadline=None)
@given(raw_outputs(), st.sampled_from([3, 100]), st.sampled_from([0.2, 0.5, 0.9]))
def test_every_mask_and_score_is_the_plain_definitions(raw, top, mask_threshold):
    check(raw, top, mask_threshold)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(203, 311), (20, 30)])
def test_many_queries_at_a_larger_size(kind, size):
    random = torch.Generator().manual_seed(3)
    class_logits = 2 * torch.randn(40, 51, generator=random)
    found = check((class_logits, kind(random, (40, 33, 41)), size), 100, 0.5)
    assert len(found) > 10


def test_scores_below_the_threshold_are_left_out():
    class_logits, mask_logits = torch.randn(9, 5), 4 * torch.randn(9, 6, 6)
    everything = view(class_logits, mask_logits, (30, 30), label_set(4, 0))
    count = len(everything) // 2
    between = (everything[count - 1].score + everything[count].score) / 2
    kept = view(class_logits, mask_logits, (30, 30), label_set(4, 0), threshold=between)
    assert [(item.query, item.category_id) for item in kept] == [
        (item.query, item.category_id) for item in everything[:count]
    ]


def test_nothing_but_stuff_is_no_instance():
    assert view(torch.randn(9, 5), torch.randn(9, 6, 6), (30, 30), label_set(0, 4)) == ()


def test_padding_is_cut_off_before_the_masks_are_stretched():
    class_logits, mask_logits = torch.randn(6, 4), torch.randn(6, 5, 7)
    padded = torch.full((6, 8, 8), 50.0)
    padded[..., :5, :7] = mask_logits
    alone = view(class_logits, mask_logits, (40, 56), label_set(3, 0))
    assert alone == view(class_logits, padded, (40, 56), label_set(3, 0), input_sizes=[(20, 28)])


@pytest.mark.parametrize("options", [{"top": 0}, {"threshold": 1.5}, {"mask_threshold": -0.1}])
def test_senseless_options_are_refused(options):
    ((name, value),) = options.items()
    with pytest.raises(ModelError, match=f"{name} .*{value}"):
        view(torch.randn(2, 5), torch.randn(2, 6, 6), (30, 30), label_set(4, 0), **options)


def test_a_per_pixel_models_things_are_its_categories_once_each():
    logits = torch.randn(1, 5, 9, 12, generator=torch.Generator().manual_seed(0))
    (found,) = instance(per_pixel_output(logits), [(60, 80)], label_set(3, 2))
    assert sorted(item.query for item in found) == [0, 1, 2]
    assert all(item.category_id == label_set(3, 2).categories[item.query].id for item in found)
