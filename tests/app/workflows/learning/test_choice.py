import hashlib
import random
from datetime import UTC, datetime

import pytest

from app.workflows.learning.choice import JUDGED_FROM, choose
from core.training.data.sources import part_of
from storage.blobs import BlobStore
from storage.images import ImageRecord
from storage.tables import ImageState

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def blobs(tmp_path):
    return BlobStore(tmp_path)


def photo(blobs, number, *, done=True):
    sha256 = blobs.put(f"photo {number}".encode())
    return ImageRecord(
        number,
        sha256,
        sha256,
        "image/png",
        f"{number}.png",
        8,
        8,
        1,
        ImageState.DONE if done else ImageState.IN_WORK,
        MOMENT,
        "",
    )


def of_part(blobs, part, count, *, done=True):
    """Photos whose hashes fall on that side of every split."""
    numbers = (number for number in range(10_000) if side(number) == part)
    return [photo(blobs, next(numbers), done=done) for _ in range(count)]


def side(number):
    return part_of(hashlib.sha256(f"photo {number}".encode()).hexdigest())


def test_done_images_are_divided_as_every_data_set_is(blobs):
    images = [photo(blobs, number) for number in range(200)]
    chosen = choose(images, blobs)
    assert {image.id for image in chosen.check} == {number for number in range(200) if side(number) == "check"}
    assert {image.id for image in chosen.learn} == {number for number in range(200) if side(number) == "train"}


def test_more_images_never_move_one_to_the_other_side(blobs):
    images = [photo(blobs, number) for number in range(120)]
    few, many = choose(images[:60], blobs), choose(images, blobs)
    assert {image.id for image in few.check} <= {image.id for image in many.check}
    assert {image.id for image in few.learn} <= {image.id for image in many.learn}


def test_one_image_judges_when_no_hash_does(blobs):
    images = of_part(blobs, "train", JUDGED_FROM)
    chosen = choose(images, blobs)
    assert chosen.check == (min(images, key=lambda image: image.sha256),)
    assert choose(images[1:], blobs).check == ()


def test_at_most_half_of_the_images_judge(blobs):
    images = of_part(blobs, "check", 5)
    random.Random(0).shuffle(images)
    chosen = choose(images, blobs)
    assert [image.sha256 for image in chosen.check] == sorted(image.sha256 for image in images)[:2]
    assert len(chosen.learn) == 3


def test_at_most_so_many_judge_and_the_rest_is_learned_from(blobs, monkeypatch):
    monkeypatch.setattr("app.workflows.learning.choice.MOST_JUDGED", 3)
    images = of_part(blobs, "check", 10)
    in_work = of_part(blobs, "check", 11, done=False)[10]
    chosen = choose([*images, in_work], blobs)
    assert [image.sha256 for image in chosen.check] == sorted(image.sha256 for image in images)[:3]
    assert {*chosen.learn} == {*images, in_work} - {*chosen.check}
    assert chosen.waiting == ()


def test_with_few_images_all_are_learned_from(blobs):
    images = of_part(blobs, "check", JUDGED_FROM - 1)
    chosen = choose(images, blobs)
    assert (len(chosen.learn), chosen.check) == (JUDGED_FROM - 1, ())


def test_an_image_in_work_never_judges_and_is_kept_for_judging_later(blobs):
    done = of_part(blobs, "train", 6)
    in_work = of_part(blobs, "check", 2, done=False)
    chosen = choose([*done, *in_work], blobs)
    assert set(chosen.waiting) == set(in_work)
    assert not set(in_work) & {*chosen.learn, *chosen.check}
    learned = of_part(blobs, "train", 7, done=False)[6]
    assert learned in choose([*done, learned], blobs).learn


def test_what_the_model_to_go_on_with_has_learned_from_does_not_judge_it(blobs):
    images = [*of_part(blobs, "train", 6), *of_part(blobs, "check", 2)]
    seen = images[-1]
    chosen = choose(images, blobs, learned={seen.id})
    assert seen in chosen.learn
    assert chosen.check == (images[-2],)
    assert choose(images, blobs, learned={image.id for image in images}).check == ()


def test_an_image_whose_photo_is_gone_is_named_and_left_out(blobs):
    images = [photo(blobs, number) for number in range(8)]
    blobs.path(images[3].sha256).unlink()
    chosen = choose(images, blobs)
    assert chosen.missing == (images[3],)
    assert images[3] not in {*chosen.learn, *chosen.check}
