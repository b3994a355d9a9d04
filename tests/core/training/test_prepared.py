from dataclasses import replace

import numpy as np
import pytest

from core.annotation.errors import PhotoError, TrainingError
from core.annotation.mask import Mask
from core.training.data import prepared
from core.training.data.images import LabelledImage, LabelledMask, Labels
from core.training.data.prepared import KEPT_BYTES, PhotoCache, prepare
from tests.core.training import made_sets as made

PHOTO_BYTES = 48 * 64 * 3


def image_at(path, *, seed=0, masks=1):
    """A photo of 64×48 with noisy masks."""
    made.write_photo(path, seed=seed)
    noise = np.random.default_rng(seed).random((masks, 48, 64)) > 0.5
    labels = Labels(tuple(LabelledMask(Mask.from_array(one), None) for one in noise), None, complete=False)
    return LabelledImage(path, (lambda: labels,))


def test_the_cache_gives_the_same_image_until_it_is_full(tmp_path):
    images = [image_at(tmp_path / f"{number}.png", seed=number) for number in range(4)]
    cache = PhotoCache(3 * PHOTO_BYTES)
    first, second, third = (cache.get(image) for image in images[:3])
    assert cache.get(images[0]) is first
    np.testing.assert_array_equal(first.pixels, images[0].pixels())
    cache.get(images[3])
    assert cache.get(images[0]) is first
    assert cache.get(images[2]) is third
    assert cache.get(images[1]) is not second
    assert cache.bytes == 3 * PHOTO_BYTES


def test_decoded_labels_count(tmp_path):
    """Masks of noise take more room than their photos."""
    images = [image_at(tmp_path / f"{number}.png", seed=number, masks=20) for number in range(6)]
    cache = PhotoCache(4 * PHOTO_BYTES)
    kept = []
    for image in images:
        kept.append(cache.get(image))
        kept[-1].readings[0]()
        assert cache.get(image).bytes > 10 * PHOTO_BYTES
        assert cache.bytes == kept[-1].bytes
    assert cache.get(images[-1]) is kept[-1]
    assert cache.get(images[0]) is not kept[0]


def test_what_labels_are_said_to_take_is_about_what_they_take(tmp_path):
    tracemalloc = pytest.importorskip("tracemalloc")
    made.write_photo(tmp_path / "a.png")

    def read():
        noise = np.random.default_rng(0).random((50, 48, 64)) > 0.5
        return Labels(tuple(LabelledMask(Mask.from_array(one), None) for one in noise), None, complete=False)

    image = prepare(LabelledImage(tmp_path / "a.png", (read,)))
    tracemalloc.start()
    for one in image.readings[0]().masks:
        one.mask.to_array()
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / 1.5 < image.bytes - PHOTO_BYTES < 2 * taken


def test_one_image_is_kept_however_large(tmp_path):
    image = image_at(tmp_path / "a.png")
    cache = PhotoCache(1)
    assert cache.get(image) is cache.get(image)


def test_a_photo_that_cannot_be_read_is_not_kept(tmp_path):
    image = image_at(tmp_path / "a.png")
    content = image.path.read_bytes()
    image.path.write_bytes(b"broken")
    cache = PhotoCache(PHOTO_BYTES)
    with pytest.raises(PhotoError):
        cache.get(image)
    image.path.write_bytes(content)
    assert cache.get(image).pixels.shape == (48, 64, 3)


@pytest.mark.parametrize(("workers", "share"), [(None, KEPT_BYTES), (4, KEPT_BYTES // 4)])
def test_workers_share_what_is_kept(monkeypatch, tmp_path, workers, share):
    class Worker:
        num_workers = workers

    monkeypatch.setattr(prepared, "get_worker_info", lambda: Worker() if workers else None)
    assert PhotoCache.of_worker().limit_bytes == share


def test_a_partly_labelled_image_without_a_mask_teaches_nothing(tmp_path):
    image = image_at(tmp_path / "a.png", masks=0)
    with pytest.raises(TrainingError, match=r"a\.png: has no mask and is not completely labelled"):
        prepare(image).readings[0]()
    labels = image.readers[0]()
    complete = prepare(replace(image, readers=(lambda: replace(labels, complete=True),)))
    assert complete.readings[0]().masks == ()


def test_an_images_title_is_its_name_in_messages(tmp_path):
    image = image_at(tmp_path / "0a1b.png")
    assert image.name == f"{tmp_path.name}/0a1b.png"
    titled = replace(image, title="harbour.jpg")
    titled.path.write_bytes(b"broken")
    with pytest.raises(PhotoError, match=r"^harbour\.jpg: "):
        titled.pixels()


@pytest.mark.parametrize("column", range(0, 40, 3))
def test_void_a_pixel_wide_stays_void_in_a_reduced_photo(tmp_path, column):
    side = 4 * prepared.KEPT_SIDE_PX
    made.write_photo(tmp_path / "large.png", height=8, width=side)
    line = Mask.from_array(made.box(8, side, 0, column, 8, column + 1))
    labels = Labels((LabelledMask(Mask.from_array(made.box(8, side, 0, 64, 8, 512)), None),), line, complete=True)
    reduced = prepare(LabelledImage(tmp_path / "large.png", (lambda: labels,))).readings[0]()
    assert reduced.ignored.to_array()[:, column // 4].all()
