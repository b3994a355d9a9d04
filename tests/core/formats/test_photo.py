"""Photos come out as anybody's viewer shows them; what the page shows of them is the same."""

from __future__ import annotations

import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.annotation.errors import PhotoError
from core.formats.photo import display_bytes, read_bytes, read_photo


def colours(height: int = 30, width: int = 50) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)


def encoded(array: np.ndarray, file_format: str, **options: object) -> bytes:
    out = BytesIO()
    Image.fromarray(array).save(out, file_format, **options)
    return out.getvalue()


def test_a_png_comes_out_as_it_went_in() -> None:
    photo = read_photo(encoded(colours(), "PNG"), name="a.png")
    assert np.array_equal(photo.pixels, colours())
    assert (photo.height, photo.width, photo.file_format) == (30, 50, "PNG")
    assert (photo.note, photo.as_stored, photo.lossy) == ("", True, False)
    assert photo.pixels.flags.writeable
    assert photo.pixels.flags.c_contiguous


def test_a_file_and_its_bytes_give_the_same(tmp_path: Path) -> None:
    path = tmp_path / "really-a.png.txt"
    path.write_bytes(encoded(colours(), "JPEG"))
    from_file, from_bytes = read_photo(path, name="x"), read_photo(path.read_bytes(), name="x")
    assert from_file.file_format == "JPEG"
    assert np.array_equal(from_file.pixels, from_bytes.pixels)
    assert read_bytes(path, name="x") == path.read_bytes()


@pytest.mark.parametrize("what", ["missing", "folder"])
def test_what_is_no_file_is_refused_by_name(what: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(PhotoError, match=r"^my photo: .+; "):
        read_photo(tmp_path / what, name="my photo")


def test_limits_are_the_callers(tmp_path: Path) -> None:
    data = encoded(colours(), "PNG")
    with pytest.raises(PhotoError, match=r"50×30 .* more than 0\.0014; scale it down"):
        read_photo(data, name="a.png", max_pixels=1400)
    with pytest.raises(PhotoError, match="more than 100 bytes"):
        read_photo(data, name="a.png", max_bytes=100)
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(PhotoError, match="more than 100 bytes"):
        read_photo(tmp_path / "a.png", name="a.png", max_bytes=100)


def test_a_raised_limit_goes_past_pillows_own(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(PhotoError, match="damaged"):
        read_photo(_png_head(20_000, 15_000), name="a.png", max_pixels=400_000_000)
    assert not recwarn.list


def _png_head(width: int, height: int) -> bytes:
    small = bytearray(encoded(colours(), "PNG"))
    small[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    small[29:33] = zlib.crc32(small[12:29]).to_bytes(4, "big")
    return bytes(small)


def test_adobes_inverted_cmyk_has_the_right_colours() -> None:
    """Pillow writes CMYK JPEGs as Adobe does, inverted and marked so."""
    red = np.zeros((16, 16, 4), dtype=np.uint8)
    red[..., 1:3] = 255
    out = BytesIO()
    Image.fromarray(red, "CMYK").save(out, "JPEG", quality=95)
    assert b"Adobe" in out.getvalue()
    photo = read_photo(out.getvalue(), name="a.jpg")
    assert np.abs(photo.pixels.astype(int) - [255, 0, 0]).max() <= 3
    assert (photo.note, photo.as_stored) == ("CMYK converted", False)


def test_16_bits_are_scaled_not_clipped() -> None:
    values = np.linspace(0, 65_535, 600).astype(np.uint16).reshape(20, 30)
    photo = read_photo(encoded(values, "PNG"), name="deep.png")
    assert np.array_equal(photo.pixels[..., 0], np.rint(values / 257))
    assert photo.note == "16 bits scaled to 8"
    assert not photo.as_stored


def test_floats_are_stretched_and_nan_is_black() -> None:
    values = np.linspace(-2.0, 6.0, 600, dtype=np.float32).reshape(20, 30)
    values[0, 5] = np.nan
    photo = read_photo(encoded(values, "TIFF"), name="depth.tif")
    assert (photo.pixels[0, 0, 0], photo.pixels[-1, -1, 0], photo.pixels[0, 5, 0]) == (0, 255, 0)
    assert photo.note == "values stretched to 8 bits"


def test_an_even_float_picture_is_black() -> None:
    assert read_photo(encoded(np.full((4, 4), 7.5, np.float32), "TIFF"), name="even.tif").pixels.max() == 0


def test_transparency_is_put_on_white() -> None:
    array = np.dstack([colours(), np.full((30, 50), 255, np.uint8)])
    opaque = read_photo(encoded(array, "PNG"), name="a.png")
    assert np.array_equal(opaque.pixels, colours())
    assert opaque.note == ""
    array[:10, :, 3] = 0
    photo = read_photo(encoded(array, "PNG"), name="a.png")
    assert (photo.pixels[:10] == 255).all()
    assert np.array_equal(photo.pixels[10:], colours()[10:])
    assert photo.note == "transparency put on white"


def test_an_animation_gives_its_first_frame_and_says_so() -> None:
    frames = [Image.fromarray(np.full((8, 8, 3), value, np.uint8)) for value in (10, 200)]
    out = BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    photo = read_photo(out.getvalue(), name="a.gif")
    assert np.abs(photo.pixels.astype(int) - 10).max() <= 1
    assert photo.note == "first frame of several"


def test_a_profile_and_text_are_left_alone() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = read_photo(encoded(colours(), "PNG", icc_profile=profile), name="a.png")
    assert np.array_equal(photo.pixels, colours())


@pytest.mark.parametrize(
    ("file_format", "options", "media_type"),
    [
        ("TIFF", {}, "image/png"),
        ("GIF", {}, "image/png"),
        ("WEBP", {"lossless": True}, "image/png"),
        ("WEBP", {"quality": 80}, "image/jpeg"),
        ("JPEG", {"quality": 80}, "image/jpeg"),
    ],
)
def test_what_the_page_shows(file_format: str, options: dict[str, object], media_type: str) -> None:
    smooth = np.linspace(0, 255, 48 * 64 * 3).astype(np.uint8).reshape(48, 64, 3)
    photo = read_photo(encoded(smooth, file_format, **options), name="a")
    content, kind = display_bytes(photo)
    assert kind == media_type
    again = read_photo(content, name="shown")
    assert again.as_stored
    difference = np.abs(again.pixels.astype(int) - photo.pixels).max()
    assert difference == 0 if kind == "image/png" else difference <= 12
    assert display_bytes(photo) == (content, kind)
