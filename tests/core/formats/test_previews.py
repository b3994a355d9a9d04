"""Small pictures of photos."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core.annotation.errors import PhotoError
from core.formats.previews import preview_bytes, previews_bytes
from tests.made import photo_bytes


def pixels(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        return np.asarray(image).astype(int)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_all_sizes_of_one_decoding_are_the_photo_in_small(file_format):
    data = photo_bytes(3000, 2000, file_format=file_format)
    made = previews_bytes(data, {256, 1280, 1920}, name="large")
    with Image.open(BytesIO(data)) as photo:
        for side_px, content in made.items():
            small = pixels(content)
            assert small.shape[1] == side_px
            expected = photo.convert("RGB").resize((small.shape[1], small.shape[0]), Image.Resampling.LANCZOS)
            assert np.abs(small - np.asarray(expected, dtype=int)).mean() < 3
            assert np.abs(small - pixels(preview_bytes(data, side_px, name="large"))).mean() < 2


def test_a_picture_keeps_the_shape_and_is_never_enlarged():
    data = photo_bytes(500, 300, file_format="PNG")
    assert pixels(preview_bytes(data, 100, name="a")).shape == (60, 100, 3)
    assert pixels(preview_bytes(data, 5000, name="a")).shape == (300, 500, 3)


def test_a_grey_photo_stays_grey():
    out = BytesIO()
    Image.fromarray(np.arange(200, dtype=np.uint8).repeat(900).reshape(200, 900)).save(out, "JPEG", quality=95)
    small = pixels(preview_bytes(out.getvalue(), 450, name="grey"))
    assert np.ptp(small, axis=2).max() == 0
    assert np.abs(small[:, 0, 0] - np.arange(0.5, 200, 2)).max() <= 2


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"nothing"])
def test_a_damaged_photo_is_named(data):
    with pytest.raises(PhotoError, match="holiday"):
        preview_bytes(data, 256, name="holiday.jpg")


def test_a_truncated_jpeg_is_refused():
    whole = photo_bytes(1600, 1200, file_format="JPEG")
    with pytest.raises(PhotoError, match="damaged"):
        preview_bytes(whole[: len(whole) // 2], 256, name="half.jpg")
