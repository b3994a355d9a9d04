"""A rejected proposal: a negative for its mask only, and only in images of which not everything is known."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.maskformer.output import GivenMasks, MaskFormerOutput
from core.training.augment import AugmentConfig
from core.training.copy_paste import paste_things
from core.training.criterion import Criterion, LossConfig
from core.training.data.images import LabelledImage, LabelledMask, Labels
from core.training.data.prepared import PreparedImage, prepare
from core.training.labels import LabelCodes
from core.training.rejected_masks import SAME_IOU, rejected_queries
from core.training.scene import Scene, SceneMask, Window, cut_scene, target_of
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training.made_sets import box, disc_batch, made_target, make_example, write_photo

CODES = LabelCodes(label_set("cat", "grass", "region"))
CAT, NOTHING = 0, CODES.no_object
CONFIG = LossConfig(classes=1.0, no_object=0.1, no_object_partial=0.02, matching_pool=1)
GRID = (16, 16)
LEFT, RIGHT, TOP = box(*GRID, 0, 0, 16, 6), box(*GRID, 0, 10, 16, 16), box(*GRID, 0, 6, 5, 10)
# A query for each: what the truth asks for, what was rejected, what nobody spoke of, and nothing at all.
SHOWN = np.stack([LEFT, RIGHT, TOP, np.zeros(GRID, dtype=bool)])


def in_work(*rejected, masks=(LEFT,), **changes):
    target = made_target(np.array(masks).reshape(-1, *GRID), [CAT] * len(masks))
    drawn = torch.from_numpy(np.stack(rejected).astype(np.uint8) * 255) if rejected else None
    return dataclasses.replace(target, rejected=drawn, **changes)


def showing(*shown, layers=1):
    """An output whose queries show these masks, alike in all layers and of no opinion on their categories."""
    logits = torch.from_numpy(np.stack(shown)).float()[None] * 12 - 6
    parts = [MaskFormerOutput(torch.zeros(1, len(shown), 4, requires_grad=True), logits) for _ in range(layers)]
    return MaskFormerOutput(parts[-1].class_logits, parts[-1].mask_logits, parts[:-1])


def pulls(output, target, config=CONFIG):
    """What a step adds to each query's logit of "no object", in a unit in which unpaired ones get their weight."""
    terms = Criterion(config, CODES.table)(output, (target,)).terms
    (gradient,) = torch.autograd.grad(terms["classes"], output.class_logits)
    raised = -gradient[0, :, NOTHING]
    return (raised / -raised[0] / 3).tolist()


def test_a_query_that_shows_a_rejected_mask_learns_as_in_a_complete_image_and_others_do_not():
    assert pulls(showing(*SHOWN), in_work(RIGHT)) == pytest.approx([-1 / 3, 0.1, 0.02, 0.02])
    assert pulls(showing(*SHOWN), in_work()) == pytest.approx([-1 / 3, 0.02, 0.02, 0.02])


def test_a_query_with_a_segment_to_show_learns_it_whatever_was_rejected():
    assert pulls(showing(*SHOWN), in_work(LEFT, RIGHT)) == pytest.approx([-1 / 3, 0.1, 0.02, 0.02])


def test_what_a_rejected_mask_adds_is_its_own_and_dilutes_nothing():
    output = showing(*SHOWN, layers=3)
    plain, told = (Criterion(CONFIG, CODES.table)(output, (target,)).terms for target in (in_work(), in_work(RIGHT)))
    added = 3 * (0.1 - 0.02) * np.log(4) / (1 + 3 * 0.02)
    assert float((told["classes"] - plain["classes"]).detach()) == pytest.approx(added, rel=1e-5)
    assert all(torch.equal(told[name], plain[name]) for name in plain if name != "classes")


def test_a_complete_image_learns_the_same_bits_with_and_without():
    output = showing(*SHOWN)
    losses = [
        Criterion(CONFIG, CODES.table)(output, (in_work(*rejected, complete=True),)).terms["classes"]
        for rejected in ((), (RIGHT,))
    ]
    assert torch.equal(*losses)
    assert rejected_queries(output.masks, [in_work(RIGHT, complete=True)], 1, layers=1) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3]))
def test_queries_are_those_of_the_iou_over_valid_cells(seed, pool):
    """Against the definition, image by image, mask by mask."""
    rng = np.random.default_rng(seed)
    side = 12
    base = rng.random((2, side, side)) < 0.5
    noise = [rng.random((2, count, side, side)) < rng.uniform(0, 0.35) for count in (3, 2)]
    # Blocks of pool×pool cells are alike, so that averaging changes nothing.
    shown, rejected = (np.kron(base[:, None] ^ part, np.ones((1, 1, pool, pool), dtype=bool)) for part in noise)
    validity = np.kron(rng.random((2, side, side)) < 0.8, np.ones((1, pool, pool), dtype=bool))
    targets = [
        dataclasses.replace(
            made_target(np.zeros((0, *valid.shape), dtype=bool), [], validity=valid),
            rejected=torch.from_numpy(own.astype(np.uint8) * 255),
        )
        for own, valid in zip(rejected, validity, strict=True)
    ]
    logits = torch.from_numpy(shown).float() * 2 - 1
    found = rejected_queries(GivenMasks(logits), targets, pool, layers=3)
    for image in range(2):
        for query in range(3):
            either = [(shown[image, query] | own) & validity[image] for own in rejected[image]]
            both = [(shown[image, query] & own) & validity[image] for own in rejected[image]]
            ious = [part.sum() / max(1, whole.sum()) for part, whole in zip(both, either, strict=True)]
            # Three layers of a query each.
            assert bool(found[query, image, 0]) == (max(ious) >= SAME_IOU - 1e-6)


@pytest.mark.parametrize(("first_column", "weight"), [(6, 0.02), (8, 0.1), (11, 0.1), (12, 0.02)])
def test_a_mask_with_less_than_seven_tenths_in_common_is_not_meant(first_column, weight):
    """The rejected one begins at column 10."""
    assert pulls(showing(LEFT, box(*GRID, 0, first_column, 16, 16)), in_work(RIGHT)) == pytest.approx([-1 / 3, weight])


def test_autocast_counts_every_cell():
    """1,397 of 2,000 cells; bfloat16 would make them 1,400."""
    shown = torch.arange(2000).view(1, 1, 40, 50) < 1397
    everything = made_target(np.zeros((0, 40, 50), dtype=bool), [])
    target = dataclasses.replace(everything, rejected=torch.full((1, 40, 50), 255, dtype=torch.uint8))
    with torch.autocast("cpu", torch.bfloat16):
        assert not rejected_queries(GivenMasks(shown.float() - 0.5), [target], 1, layers=1).any()


def test_an_image_is_told_nothing_by_what_was_rejected_in_another():
    masks = GivenMasks(torch.from_numpy(np.stack([SHOWN] * 3)).float() - 0.5)
    found = rejected_queries(masks, [in_work(RIGHT), in_work(), in_work(RIGHT, complete=True)], 2, layers=1)
    assert found[0].tolist() == [[False, True, False, False], [False] * 4, [False] * 4]


def test_a_batch_in_parts_learns_what_the_whole_batch_does():
    targets = in_work(RIGHT, TOP), in_work(), in_work(LEFT, masks=())
    criterion = Criterion(CONFIG, CODES.table)
    outputs = [showing(*SHOWN, layers=2) for _ in targets]
    joined = [
        MaskFormerOutput(
            torch.cat([layer.class_logits for layer in layers]), torch.cat([layer.mask_logits for layer in layers])
        )
        for layers in zip(*([output, *output.auxiliary] for output in outputs), strict=True)
    ]
    whole = criterion.count(targets, len(SHOWN))
    together = criterion(MaskFormerOutput(joined[0].class_logits, joined[0].mask_logits, joined[1:]), targets).total
    parts = [criterion(output, (target,), whole).total for output, target in zip(outputs, targets, strict=True)]
    torch.testing.assert_close(together, torch.stack(parts).sum())


def test_fixed_queries_of_a_category_that_an_unlabelled_segment_may_have_stay_undecided():
    target = made_target(np.stack([LEFT, TOP]), [0, CODES.anything])
    told = dataclasses.replace(target, rejected=torch.from_numpy(RIGHT[None].astype(np.uint8) * 255))
    config = dataclasses.replace(CONFIG, matching="fixed")
    assert pulls(showing(LEFT, RIGHT, RIGHT), told, config) == pytest.approx([-1 / 3, 0, 0])


WHOLE = Window(top=0, left=0, height=64, width=64, out_height=64, out_width=64, mirrored=False)


def labels_with(*rejected, complete=False):
    return Labels((), None, complete, tuple(Mask.from_array(mask) for mask in rejected))


def scene_with(*rejected, window=WHOLE):
    pixels = np.zeros((window.out_height, window.out_width, 3), dtype=np.uint8)
    return cut_scene(labels_with(*rejected), window, pixels, codes=CODES, unnamed="any", name="x")


def rejected_in(scene):
    return target_of(scene, 64, least_visible=0.15).rejected


@pytest.mark.parametrize("mirrored", [False, True])
def test_it_is_scaled_and_mirrored_with_its_photo(mirrored):
    photo, inside = np.zeros((64, 64, 3), dtype=np.uint8), box(64, 64, 10, 4, 30, 28)
    photo[inside] = 255
    labels = Labels((LabelledMask(Mask.from_array(inside), "cat"),), None, False, (Mask.from_array(inside),))
    example = make_example(
        PreparedImage("x", photo, (lambda: labels,)),
        crop_px=96,
        codes=CODES,
        unnamed="any",
        config=AugmentConfig(scale=(0.9, 0.9), flip=float(mirrored), colour=0.0),
        rng=np.random.default_rng(0),
    )
    assert torch.equal(example.target.rejected, example.target.masks)
    assert example.target.masks.shape == (1, 24, 24)
    columns = np.flatnonzero(example.target.rejected[0].numpy().any(0))
    assert (columns.min() > 10) == mirrored


@pytest.mark.parametrize(("hidden_px", "kept"), [(0, True), (4, True), (16, False), (64, False)])
def test_what_a_crop_leaves_of_it_is_another_mask(hidden_px, kept):
    """It is 40 pixels wide: of two things in one mask, the one that is left was never rejected."""
    window = dataclasses.replace(WHOLE, left=hidden_px)
    found = rejected_in(scene_with(box(64, 128, 8, 0, 56, 40), window=window))
    assert (found is not None) == kept


@pytest.mark.parametrize(
    ("over", "left_px"), [((0, 0, 64, 8), 40 * 48), ((0, 0, 64, 16), None), ((0, 0, 50, 30), None)]
)
def test_what_is_pasted_over_it_clips_it_or_it_goes(over, left_px):
    """It is a square of 48 pixels; what is pasted is as high at the least."""
    thing = box(64, 64, *over)
    donor = Scene(
        np.full((64, 64, 3), 9, dtype=np.uint8),
        (SceneMask(thing.astype(np.uint8), CAT, float(thing.sum())),),
        None,
        complete=False,
        name="donor",
        rejected=scene_with(box(64, 64, 50, 50, 64, 64)).rejected,
    )
    scene = scene_with(box(64, 64, 0, 0, 48, 48))
    pasted = paste_things(scene, donor, codes=CODES, most=1, rng=np.random.default_rng(0))
    found = rejected_in(pasted)
    assert (None if found is None else int(found.sum() / 255 * 16)) == left_px
    assert [mask.inside.sum() for mask in scene.rejected] == [48 * 48]


def test_a_mask_that_no_cell_shows_is_none():
    assert rejected_in(scene_with(box(64, 64, 5, 5, 7, 7), np.zeros((64, 64), dtype=bool))) is None


def test_it_takes_its_photos_size(tmp_path):
    write_photo(tmp_path / "a.png", height=400, width=1024)
    image = prepare(LabelledImage(tmp_path / "a.png", (lambda: labels_with(box(400, 1024, 0, 0, 400, 512)),)))
    (mask,) = image.readings[0]().rejected
    np.testing.assert_array_equal(mask.to_array(), box(200, 512, 0, 0, 200, 256))
    assert image.bytes > image.pixels.nbytes


def test_one_of_another_size_than_its_photo_is_refused(tmp_path):
    write_photo(tmp_path / "a.png")
    image = prepare(LabelledImage(tmp_path / "a.png", (lambda: labels_with(np.ones((4, 5), dtype=bool)),)))
    with pytest.raises(TrainingError, match="is 64×48, but a mask of it is 5×4"):
        image.readings[0]()


def test_each_image_of_a_moved_batch_keeps_its_own():
    one = disc_batch()
    (target,) = one.targets
    told = dataclasses.replace(target, rejected=target.masks[[1, 0, 0]])
    targets = (target, told, dataclasses.replace(target, rejected=target.masks[:1]))
    batch = dataclasses.replace(one, targets=targets).to(torch.device("cpu"))
    assert batch.targets[0].rejected is None
    assert torch.equal(batch.targets[1].rejected, target.masks[[1, 0, 0]])
    assert torch.equal(batch.targets[2].rejected, target.masks[:1])
    elsewhere = torch.device("meta")
    moved = [*dataclasses.replace(one, targets=targets).to(elsewhere).targets[1:], told.to(elsewhere)]
    assert [target.rejected.device.type for target in moved] == ["meta"] * 3
