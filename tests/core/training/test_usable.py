import numpy as np
import pytest
from PIL import Image

from core.annotation.errors import PhotoError, TrainingError
from core.formats.photo import photo_size, read_photo
from core.training.data.images import Candidate, LabelledImage
from core.training.data.usable import png_size, usable


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "tif", "gif"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photos_size_is_that_of_its_pixels(tmp_path, suffix, orientation):
    path = tmp_path / f"a.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.zeros((20, 30, 3), dtype=np.uint8)).save(path, exif=exif.tobytes())
    assert photo_size(path, name="a") == read_photo(path, name="a").pixels.shape[:2]


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_a_file_that_is_no_photo_has_no_size(tmp_path, content):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(PhotoError, match=r"^mine\.png: "):
        photo_size(path, name="mine.png")


def test_the_size_of_a_label_file_is_in_its_first_bytes(tmp_path):
    path = tmp_path / "a.png"
    Image.new("I;16", (300, 20)).save(path)
    assert png_size(path) == (20, 300)
    path.write_bytes(path.read_bytes()[:24])
    assert png_size(path) == (20, 300)
    path.write_bytes(path.read_bytes()[:23])
    with pytest.raises(TrainingError, match="cannot be read"):
        png_size(path)


def test_a_turned_photo_is_compared_as_it_is_seen(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif.tobytes())
    image = LabelledImage(tmp_path / "a.jpg", ())
    assert usable([Candidate(image, size=(30, 20))]) == ((image,), ())
    images, skipped = usable([Candidate(image, size=(20, 30))])
    assert images == ()
    assert [(one.item, one.reason) for one in skipped] == [
        (f"photo {tmp_path.name}/a.jpg", "is 20×30, but 30×20 in the set's JSON")
    ]
