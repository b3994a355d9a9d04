import cv2
import numpy as np
import pytest

from core.annotation.errors import MaskError
from core.annotation.mask import Mask
from core.inference.cut_out import cut_out, refined
from tests.made import disc


def photo_with_disc(side=240, radius=70, scale=1):
    """A textured orange disc on textured green."""
    rng = np.random.default_rng(0)
    photo = rng.normal((60, 120, 60), 12, (side, side, 3))
    inside = disc(side, side, side / 2, side / 2, radius)
    photo[inside] = rng.normal((220, 140, 40), 12, (int(inside.sum()), 3))
    pixels = photo.clip(0, 255).astype(np.uint8)
    truth = inside.astype(np.uint8)
    return (
        cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC),
        cv2.resize(truth, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR) > 0,
    )


def iou(mask, truth):
    pixels = mask.to_array()
    return (pixels & truth).sum() / (pixels | truth).sum()


@pytest.mark.parametrize("scale", [1, 6])
def test_a_rough_mask_finds_the_things_border(scale):
    photo, truth = photo_with_disc(scale=scale)
    side = truth.shape[0]
    rough = Mask.from_array(disc(side, side, side * 0.52, side * 0.49, side * 0.27))
    assert iou(rough, truth) < 0.9
    assert iou(refined(photo, rough), truth) > 0.96


def test_only_a_band_along_the_border_changes():
    photo, _ = photo_with_disc()
    rough = disc(240, 240, 130, 110, 60)
    after = refined(photo, Mask.from_array(rough)).to_array()
    inner, outer = disc(240, 240, 130, 110, 45), disc(240, 240, 130, 110, 75)
    assert after[inner].all()
    assert not after[~outer].any()
    assert (after != rough).any()


def test_the_same_photo_and_mask_give_the_same_answer():
    photo, _ = photo_with_disc()
    rough = Mask.from_array(disc(240, 240, 126, 118, 66))
    first = refined(photo, rough)
    cut_out(photo, (30, 30, 180, 180))
    assert refined(photo, rough) == first


def test_grabcut_sees_a_small_picture_however_large_the_photo(monkeypatch):
    """Its time grows with the third power of a side, and a round takes as long as the one before."""
    seen = []
    grab = cv2.grabCut
    monkeypatch.setattr(cv2, "grabCut", lambda picture, *rest: seen.append((picture, rest[4])) or grab(picture, *rest))
    photo, _ = photo_with_disc(scale=3)
    refined(photo, Mask.from_array(disc(720, 720, 370, 350, 190)))
    cut_out(photo, (120, 135, 495, 465))
    assert len(seen) == 4
    for picture, rounds in seen:
        assert max(picture.shape) <= 256
        assert rounds == 1


def test_rounds_one_by_one_give_what_they_give_together(monkeypatch):
    photo, _ = photo_with_disc()
    mask, box = Mask.from_array(disc(240, 240, 126, 118, 66)), (30, 30, 180, 180)
    one_by_one = refined(photo, mask), cut_out(photo, box)
    grab = cv2.grabCut

    def together(*given):
        return grab(*given[:5], 2, given[6]) if given[6] == cv2.GC_INIT_WITH_MASK else None

    monkeypatch.setattr(cv2, "grabCut", together)
    assert (refined(photo, mask), cut_out(photo, box)) == one_by_one


def test_a_cut_ends_before_the_round_in_which_it_is_given_up():
    rounds = []

    def give_up():
        rounds.append(1)
        if len(rounds) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        cut_out(photo_with_disc()[0], (30, 30, 180, 180), give_up)


@pytest.mark.parametrize("shape", ["line", "pixel", "corner", "photo_wide"])
def test_odd_masks_stay_masks(shape):
    photo, _ = photo_with_disc(side=90, radius=20)
    pixels = np.zeros((90, 90), bool)
    match shape:
        case "line":
            pixels[40, 5:80] = True
        case "pixel":
            pixels[0, 0] = True
        case "corner":
            pixels[80:, 80:] = True
        case "photo_wide":
            pixels[:50] = True
    after = refined(photo, Mask.from_array(pixels))
    assert after.shape == (90, 90)
    assert after.area > 0


def test_a_box_becomes_the_thing_in_it():
    photo, truth = photo_with_disc()
    found = cut_out(photo, (40, 45, 165, 155))
    assert iou(found, truth) > 0.96


@pytest.mark.parametrize("box", [(0, 0, 0, 5), (-1, 0, 5, 5), (200, 200, 60, 10)])
def test_a_box_beside_the_photo_is_named(box):
    with pytest.raises(MaskError, match="does not lie in the photo of 240×240"):
        cut_out(photo_with_disc()[0], box)


def test_what_cannot_be_told_apart_is_said():
    photo, _ = photo_with_disc()
    with pytest.raises(MaskError, match="whole photo"):
        cut_out(photo, (0, 0, 240, 240))
    with pytest.raises(MaskError, match="empty"):
        refined(photo, Mask.empty(240, 240))
    with pytest.raises(MaskError, match="all there is"):
        refined(photo, Mask.from_array(np.ones((240, 240), bool)))
