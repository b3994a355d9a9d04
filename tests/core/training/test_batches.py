import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from core.annotation.errors import TrainingError
from core.annotation.mask import Mask
from core.training.augment import AugmentConfig
from core.training.data.batches import Mixture, StepBatches, iterate_batches
from core.training.data.images import LabelledImage, LabelledMask, Labels
from core.training.data.prepared import KEPT_SIDE_PX, prepare, resize_mask
from core.training.data.sources import SourceConfig, read_data_set
from core.training.labels import LabelCodes
from tests.core.maskformer.small_models import labels as label_set
from tests.core.training import made_sets as made

KEYS = [(0, 64, range(2)), (1, 64, range(2)), (2, 96, range(1)), (3, 96, range(3))]


def batches_of(folder, seed=3):
    images = read_data_set(made.coco_set(folder), SourceConfig()).images
    return StepBatches(
        Mixture([(images, 1.0, "thing")]),
        codes=LabelCodes(label_set("cat", "region")),
        augment=AugmentConfig(),
        seed=seed,
    )


def same(first, second):
    return torch.equal(first.pixels, second.pixels) and all(
        torch.equal(a.masks, b.masks) and torch.equal(a.validity, b.validity) and torch.equal(a.labels, b.labels)
        for a, b in zip(first.targets, second.targets, strict=True)
    )


@pytest.mark.long
@pytest.mark.enable_socket  # workers hand tensors over through Unix sockets
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_steps_batch_does_not_depend_on_workers_or_on_where_the_run_began(tmp_path, workers):
    expected = [batches_of(tmp_path)[key] for key in KEYS]
    whole = list(iterate_batches(batches_of(tmp_path), iter(KEYS), workers=workers))
    resumed = list(iterate_batches(batches_of(tmp_path), iter(KEYS[2:]), workers=workers))
    assert all(map(same, whole, expected))
    assert all(map(same, resumed, expected[2:]))


@pytest.mark.long
@pytest.mark.enable_socket  # as above
def test_workers_start_in_a_process_whose_thread_pools_are_at_work(tmp_path):
    """Forked workers hung for ever in a process that had trained before."""
    weights = torch.randn(256, 256, requires_grad=True)
    for _ in range(2):
        (weights @ weights).sum().backward()
        assert len(list(iterate_batches(batches_of(tmp_path), iter(KEYS), workers=1))) == len(KEYS)


def test_another_seed_gives_other_batches(tmp_path):
    assert not same(batches_of(tmp_path, seed=3)[KEYS[0]], batches_of(tmp_path, seed=4)[KEYS[0]])


def broken_later(folder):
    """Batches of a set in which one photo breaks, and another's labels, after they were first looked at."""
    batches = batches_of(folder)
    images = batches.mixture.sets[0][0]
    images[1].path.write_bytes(b"no picture")
    labels = Labels((LabelledMask(Mask.empty(9, 9), None),), None, complete=False)
    return with_reader(batches, images[2], partial(Labels, labels.masks, None, complete=False))


def with_reader(batches, image, reader):
    """The same with other labels of an image."""
    images = tuple(replace(one, readers=(reader,)) if one is image else one for one in batches.mixture.sets[0][0])
    batches.mixture = Mixture([(images, 1.0, "thing")])
    return batches


@pytest.mark.long
@pytest.mark.enable_socket  # as above
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_the_next_draw_takes_the_place_of_an_image_that_cannot_be_used(tmp_path, workers):
    keys = [(step, 64, range(3)) for step in range(8)]
    expected = [broken_later(tmp_path)[key] for key in keys]
    batches = broken_later(tmp_path)
    made_batches = list(iterate_batches(batches, iter(keys), workers=workers))
    assert all(map(same, made_batches, expected))
    assert not {"images/1.png", "images/2.png"} & {name for batch in made_batches for name in batch.names}
    assert sorted(batches.skipped) == ["photo images/1.png", "photo images/2.png"]
    assert batches.skipped["photo images/1.png"].reason.startswith("not a PNG")
    assert batches.skipped["photo images/2.png"].reason == "is 64×48, but a mask of it is 9×9"


def test_a_set_that_is_gone_stops_the_training_with_a_photo_named(tmp_path):
    batches = batches_of(tmp_path)
    shutil.rmtree(tmp_path / "images")
    with pytest.raises(TrainingError, match=r"20 photos drawn .* cannot be used.*images/\d\.png: cannot be read"):
        batches[KEYS[0]]


def test_sizes_follow_the_key(tmp_path):
    batch = batches_of(tmp_path)[3, 96, range(3)]
    assert batch.pixels.shape == (3, 96, 96, 3)
    assert batch.padding_mask.shape == (3, 96, 96)
    assert [target.validity.shape for target in batch.targets] == [(24, 24)] * 3
    assert not batch.pixels[~batch.padding_mask].any()


def test_sets_are_drawn_by_their_weights():
    rare, often = (object(),), (object(), object())
    mixture = Mixture([(rare, 1.0, "thing"), (often, 3.0, "region")])
    rng = np.random.default_rng(0)
    drawn = [mixture.draw(rng)[1] for _ in range(2000)]
    assert 430 < drawn.count("thing") < 570


def test_a_set_without_a_training_image_is_refused():
    with pytest.raises(TrainingError, match="at least one image"):
        Mixture([((), 1.0, "thing")])


def test_large_photos_are_kept_smaller_with_masks_of_the_same_size(tmp_path):
    made.write_photo(tmp_path / "a.png", height=300, width=1024)
    inside = made.box(300, 1024, 100, 200, 200, 600)
    labels = Labels((LabelledMask(Mask.from_array(inside), None),), Mask.from_array(~inside), False)
    kept = prepare(LabelledImage(tmp_path / "a.png", (lambda: labels,)))
    assert kept.pixels.shape == (150, KEPT_SIDE_PX, 3)
    resized = kept.readings[0]()
    np.testing.assert_array_equal(resized.masks[0].mask.to_array(), made.box(150, 512, 50, 100, 100, 300))
    np.testing.assert_array_equal(resized.ignored.to_array(), ~resized.masks[0].mask.to_array())


def test_a_mask_of_another_size_than_its_photo_is_refused_with_the_name(tmp_path):
    made.write_photo(tmp_path / "a.png", height=20, width=30)
    labels = Labels((LabelledMask(Mask.empty(30, 20), None),), None, False)
    kept = prepare(LabelledImage(tmp_path / "a.png", (lambda: labels,)))
    with pytest.raises(TrainingError, match=r"a\.png: is 30×20, but a mask of it is 20×30"):
        kept.readings[0]()


def test_resizing_a_mask_to_its_own_size_changes_nothing():
    mask = Mask.from_array(made.box(20, 30, 3, 4, 15, 22))
    assert resize_mask(mask, (20, 30)) == mask


@pytest.mark.enable_socket  # as above
@pytest.mark.parametrize("workers", [0, 1])
def test_data_that_fails_says_so_in_a_sentence_whichever_process_makes_it(tmp_path, workers):
    batches = batches_of(tmp_path)
    shutil.rmtree(tmp_path / "images")
    with pytest.raises(TrainingError, match="photos drawn one after another cannot be used") as caught:
        list(iterate_batches(batches, iter(KEYS), workers=workers))
    assert "Traceback" not in str(caught.value)


@pytest.mark.long
@pytest.mark.enable_socket  # workers hand tensors over through Unix sockets
def test_a_process_ends_though_batches_of_its_workers_are_still_held(tmp_path):
    made.coco_set(tmp_path / "set")
    script = tmp_path / "hold.py"
    script.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from core.training.data.batches import iterate_batches\n"
        "from tests.core.training.test_batches import KEYS, batches_of\n"
        "if __name__ == '__main__':\n"
        "    sys.held = iterate_batches(batches_of(Path(sys.argv[1])), iter(KEYS * 9), workers=1)\n"
        "    next(sys.held)\n"
    )
    root = Path(__file__).parents[3]
    environment = os.environ | {"PYTHONPATH": str(root)}
    ran = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "again")], cwd=root, env=environment, timeout=120, check=False
    )
    assert ran.returncode == 0
