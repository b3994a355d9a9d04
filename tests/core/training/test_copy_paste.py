import numpy as np
import pytest

from core.training.augment import AugmentConfig
from core.training.copy_paste import paste_things
from core.training.data.batches import Mixture, StepBatches
from core.training.data.sources import SourceConfig, read_data_set
from core.training.labels import LabelCodes
from core.training.scene import Scene, SceneMask, target_of
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import box, coco_set

CODES = LabelCodes(label_set("cat", "grass", "region"))
CAT, GRASS = 0, 1


def scene_of(colour, *masks, size=(64, 64), ignored=None, complete=False):
    pixels = np.full((*size, 3), colour, dtype=np.uint8)
    made = tuple(SceneMask(inside.astype(np.uint8), code, float(inside.sum())) for inside, code in masks)
    return Scene(pixels, made, None if ignored is None else ignored.astype(np.uint8), complete, "x")


def paste(scene, donor, seed=0, most=4):
    return paste_things(scene, donor, codes=CODES, most=most, rng=np.random.default_rng(seed))


def test_a_pasted_thing_brings_its_pixels_and_hides_what_lies_below():
    below, thing = box(64, 64, 0, 0, 64, 32), box(64, 64, 16, 16, 48, 48)
    pasted = paste(scene_of(50, (below, GRASS)), scene_of(200, (thing, CAT)))
    np.testing.assert_array_equal(pasted.pixels[..., 0] == 200, thing)
    np.testing.assert_array_equal(pasted.masks[0].inside, below & ~thing)
    np.testing.assert_array_equal(pasted.masks[1].inside, thing)
    assert [mask.code for mask in pasted.masks] == [GRASS, CAT]


def test_stuff_is_never_pasted():
    scene = scene_of(50)
    assert paste(scene, scene_of(200, (box(64, 64, 16, 16, 48, 48), GRASS))) is scene


@pytest.mark.parametrize("side", [3, 60])
def test_specks_and_what_would_hide_nearly_all_are_not_pasted(side):
    scene = scene_of(50)
    assert paste(scene, scene_of(200, (box(64, 64, 0, 0, side, side), CAT))) is scene


def test_a_thing_inside_a_pasted_one_comes_along_and_one_beside_it_does_not():
    whole, part, beside = box(64, 64, 8, 8, 40, 40), box(64, 64, 10, 10, 12, 12), box(64, 64, 50, 50, 52, 52)
    pasted = paste(scene_of(50), scene_of(200, (whole, CAT), (part, CAT), (beside, CAT)))
    assert [int(mask.inside.sum()) for mask in pasted.masks] == [whole.sum(), part.sum()]


def test_a_pasted_thing_is_known_where_the_photo_below_was_ignored():
    thing, ignored = box(64, 64, 16, 16, 48, 48), box(64, 64, 0, 0, 64, 40)
    pasted = paste(scene_of(50, ignored=ignored), scene_of(200, (thing, CAT)))
    np.testing.assert_array_equal(pasted.ignored, ignored & ~thing)


@pytest.mark.parametrize("below", [None, box(64, 64, 0, 0, 64, 4)])
def test_what_is_unknown_of_a_pasted_thing_stays_unknown(below):
    thing, unknown = box(64, 64, 16, 16, 48, 48), box(64, 64, 40, 40, 60, 60)
    pasted = paste(scene_of(50, ignored=below), scene_of(200, (thing, CAT), ignored=unknown))
    expected = (thing & unknown) if below is None else (thing & unknown) | below
    np.testing.assert_array_equal(pasted.ignored, expected)


def test_a_mask_that_is_hidden_but_for_a_sliver_leaves_the_target():
    below, thing = box(64, 64, 20, 20, 44, 46), box(64, 64, 16, 16, 48, 44)
    pasted = paste(scene_of(50, (below, CAT)), scene_of(200, (thing, CAT)))
    target = target_of(pasted, 64, least_visible=0.15)
    assert target.masks.shape[0] == 1
    assert target.masks[0].sum() / 255 == thing.sum() / 16


@pytest.mark.parametrize("sizes", [((64, 64), (32, 48)), ((32, 48), (64, 64)), ((64, 32), (32, 64))])
def test_scenes_of_different_sizes_share_their_common_part(sizes):
    first, second = sizes
    thing = box(*second, 8, 8, 24, 24)
    pasted = paste(scene_of(50, size=first), scene_of(200, (thing, CAT), size=second))
    assert pasted.size == first
    assert pasted.masks[0].inside.shape == first
    assert (pasted.pixels[..., 0] == 200).sum() == thing.sum() == pasted.masks[0].inside.sum()


def test_the_donor_is_left_as_it_was():
    below, thing = box(64, 64, 0, 0, 64, 32), box(64, 64, 16, 16, 48, 48)
    scene, donor = scene_of(50, (below, GRASS)), scene_of(200, (thing, CAT))
    paste(scene, donor)
    assert (scene.pixels == 50).all()
    np.testing.assert_array_equal(scene.masks[0].inside, below)
    np.testing.assert_array_equal(donor.masks[0].inside, thing)


def test_batches_paste_as_often_as_asked_and_the_same_things_for_the_same_step(tmp_path):
    images = read_data_set(coco_set(tmp_path), SourceConfig()).images
    batches = [
        StepBatches(Mixture([(images, 1.0, "thing")]), codes=CODES, augment=AugmentConfig(copy_paste=chance), seed=3)
        for chance in (0.0, 1.0, 1.0)
    ]
    plain, pasted, again = ([one[(step, 64, range(4))] for step in range(4)] for one in batches)
    assert all((a.pixels == b.pixels).all() for a, b in zip(pasted, again, strict=True))
    assert any((a.pixels != b.pixels).any() for a, b in zip(plain, pasted, strict=True))
    masks = [sum(len(target.labels) for batch in some for target in batch.targets) for some in (plain, pasted)]
    assert masks[1] > masks[0]
