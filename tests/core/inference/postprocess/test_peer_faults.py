"""Faults of a widespread implementation, on input where it has them and this project must be right."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from core.inference import postprocess
from core.maskformer.output import MaskFormerOutput
from tests.core.inference.plain_views import label_set

transformers = pytest.importorskip("transformers.models.maskformer.image_processing_pil_maskformer")
LABELS = label_set(1, 1)
PERSON, SKY = range(2)


def output(categories, logits, margin=9.0):
    """Queries sure of their categories, with masks of one row."""
    class_logits = torch.zeros(1, len(categories), 3)
    class_logits[0, torch.arange(len(categories)), torch.tensor(categories)] = margin
    return MaskFormerOutput(class_logits, torch.tensor(logits)[None, :, None])


def theirs(name, result, size, **options):
    processor = transformers.MaskFormerImageProcessorPil()
    raw = SimpleNamespace(class_queries_logits=result.class_logits, masks_queries_logits=result.mask_logits)
    return getattr(processor, f"post_process_{name}_segmentation")(raw, target_sizes=[size], **options)[0]


def test_after_a_merged_stuff_category_two_people_keep_ids_of_their_own():
    strips = (18 * torch.eye(4) - 9).tolist()
    result = output([SKY, PERSON, SKY, PERSON], strips)
    ((ids, segments),) = postprocess.panoptic(result, [(1, 4)], LABELS)
    people = [segment.id for segment in segments if segment.is_thing]
    assert len(people) == len(set(people)) == 2
    assert ids[0, 1] != ids[0, 3]
    assert ids[0, 0] == ids[0, 2]
    peer = theirs("panoptic", result, (1, 4), threshold=0.8, label_ids_to_fuse={SKY})["segmentation"]
    assert peer[0, 1] == peer[0, 3]


def test_the_overlap_test_takes_the_masks_own_probability_not_the_weighted_one():
    result = output([PERSON], [[1.0, 1.0]], margin=1.1)
    score = result.class_logits.softmax(-1)[0, 0, PERSON].item()
    assert score == pytest.approx(0.6, abs=0.01)
    assert torch.sigmoid(torch.tensor(1.0)) * score < 0.5
    ((ids, segments),) = postprocess.panoptic(result, [(1, 2)], LABELS, threshold=0.5)
    assert ids.tolist() == [[1, 1]]
    assert len(segments) == 1
    assert not theirs("panoptic", result, (1, 2), threshold=0.5, label_ids_to_fuse={SKY})["segments_info"]


@pytest.mark.parametrize("margin", [9.0, 0.0])
def test_void_is_an_int32_zero_also_where_nothing_is_found(margin):
    result = output([PERSON], [[9.0, -9.0]], margin=margin)
    ((ids, segments),) = postprocess.panoptic(result, [(1, 2)], LABELS)
    assert ids.dtype == np.int32
    assert ids.tolist() == [[1 if segments else 0, 0]]
    assert bool(segments) == (margin > 0)
    peer = theirs("panoptic", result, (1, 2), threshold=0.8, label_ids_to_fuse={SKY})["segmentation"]
    assert (peer.dtype == torch.int32) == bool(segments)


def test_the_instance_views_mask_threshold_changes_the_masks():
    result = output([PERSON], [[-2.0, -1.0, 1.0, 2.0]])
    areas = []
    for threshold in (0.2, 0.5, 0.8):
        ((first, *_),) = postprocess.instance(result, [(1, 4)], LABELS, mask_threshold=threshold)
        areas.append(first.mask.area)
    assert areas == [3, 2, 1]
    peers = [theirs("instance", result, (1, 4), mask_threshold=threshold) for threshold in (0.2, 0.8)]
    assert torch.equal(peers[0]["segmentation"], peers[1]["segmentation"])
