"""Every pixel mode, in every EXIF orientation, in every format that holds it, comes out upright and right."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from core.formats.photo import read_photo
from tests.hostile import made_images as made

MODES = {
    "PNG": ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"],
    "TIFF": ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "I;16", "I;16B", "I", "F"],
    "WEBP": ["RGB", "RGBA"],
    "JPEG": ["L", "RGB", "CMYK"],
}


def picture(mode: str) -> Image.Image:
    """The pattern in this mode, half transparent where the mode can."""
    base = Image.fromarray(made.pattern())
    grey = made.pattern()[..., 0]
    if mode == "I;16":
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "I;16B":
        return Image.fromarray(grey.astype(">u2") * np.array(257, ">u2"))
    if mode in {"I", "F"}:
        return Image.fromarray(grey.astype({"I": np.int32, "F": np.float32}[mode]) * 1000 - 500)
    image = base.quantize(32).convert("PA") if mode == "PA" else base.convert(mode)
    if mode in {"LA", "PA", "RGBA"}:
        alpha = np.full((made.HEIGHT, made.WIDTH), 255, np.uint8)
        alpha[:, :7] = 0
        image.putalpha(Image.fromarray(alpha))
    return image


def right_pixels(image: Image.Image) -> np.ndarray:
    """What a viewer shows, worked out with numpy from the mode's definition."""
    mode = image.mode
    if mode.startswith("I;16"):
        grey = made.pattern()[..., 0]
    elif mode in {"I", "F"}:
        values = made.pattern()[..., 0].astype(float)
        grey = np.rint((values - values.min()) / np.ptp(values) * 255).astype(np.uint8)
    elif mode == "1":
        grey = np.asarray(image).astype(np.uint8) * 255
    elif mode == "L":
        grey = np.asarray(image)
    elif mode == "LA":
        grey = np.where(np.asarray(image)[..., 1] == 0, 255, np.asarray(image)[..., 0])
    elif mode == "CMYK":
        inks = np.asarray(image).astype(float) / 255
        return np.rint(255 * (1 - inks[..., :3]) * (1 - inks[..., 3:])).astype(np.uint8)
    elif mode in {"P", "PA"}:
        palette = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
        if mode == "P":
            return palette[np.asarray(image)]
        index, alpha = np.moveaxis(np.asarray(image), 2, 0)
        return np.where(alpha[..., None] == 0, 255, palette[index])
    elif mode == "RGBA":
        return np.where(np.asarray(image)[..., 3:] == 0, 255, np.asarray(image)[..., :3])
    else:
        return np.asarray(image)
    return np.repeat(grey[..., None], 3, axis=2)


def upright(stored: np.ndarray, orientation: int) -> np.ndarray:
    """By CIPA DC-008: where the stored 0th row and 0th column lie in the scene."""
    row_from_bottom, column_from_right, swapped = {
        1: (False, False, False),
        2: (False, True, False),
        3: (True, True, False),
        4: (True, False, False),
        5: (False, False, True),
        6: (False, True, True),
        7: (True, True, True),
        8: (True, False, True),
    }[orientation]
    scene = stored.transpose(1, 0, 2) if swapped else stored
    return scene[:: -1 if row_from_bottom else 1, :: -1 if column_from_right else 1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("file_format", "mode"), [(form, mode) for form, modes in MODES.items() for mode in modes])
def test_upright_and_right(file_format: str, mode: str, orientation: int) -> None:
    image = picture(mode)
    options: dict[str, object] = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}.get(
        file_format, {}
    )
    photo = read_photo(made.encode(image, file_format, orientation=orientation, **options), name="x")
    expected = upright(right_pixels(image), orientation)
    assert photo.pixels.shape == expected.shape
    assert np.abs(photo.pixels.astype(int) - expected).max() <= (8 if file_format == "JPEG" else 1)
    assert (f"turned upright (EXIF {orientation})" in photo.note) == (orientation != 1)
    assert photo.as_stored == (orientation == 1 and file_format != "TIFF" and mode in {"L", "RGB"})


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "GIF"])
def test_a_moving_picture_gives_its_first_frame(file_format: str) -> None:
    photo = read_photo(made.animation(file_format), name="moving")
    # GIF has 256 colours, which this pattern's 240 pixels fit into.
    assert np.array_equal(photo.pixels, made.pattern())
    assert photo.note == "first frame of several"
    assert not photo.as_stored


@pytest.mark.parametrize("value", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_turns_nothing(value: int) -> None:
    photo = read_photo(made.photo_file("PNG", orientation=value), name="x")
    assert np.array_equal(photo.pixels, made.pattern())
    assert photo.as_stored
