from __future__ import annotations

from pathlib import Path

import pytest

from core.annotation.errors import FormatError
from tests.core.formats.label_map_sets import opened, problems_of, whole, write_tree


def test_every_visible_file_below_is_an_image_nobody_labelled(tmp_path: Path) -> None:
    files = ["b.jpg", "a/c.png", "a/.hidden.png", ".git/d.png", "notes.txt"]
    write_tree(tmp_path, dict.fromkeys(files, b"x"))
    images = whole(opened("images", tmp_path))
    assert [image.file_name for image in images] == ["a/c.png", "b.jpg", "notes.txt"]
    assert not any(image.labelled for image in images)


def test_one_photo_is_a_set_too(tmp_path: Path) -> None:
    write_tree(tmp_path, {"b.jpg": b"x", "c.jpg": b"x"})
    (image,) = whole(opened("images", tmp_path / "b.jpg"))
    assert (image.file_name, image.photo) == ("b.jpg", tmp_path / "b.jpg")


def test_a_link_out_of_the_folder_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret.png": b"x", "set/a.jpg": b"x"})
    (tmp_path / "set" / "b.png").symlink_to(tmp_path / "secret.png")
    data_set = opened("images", tmp_path / "set")
    assert problems_of(data_set) == [
        "b.png: the name 'b.png' leads out of its folder through a link; put the file there itself"
    ]
    assert data_set.count == 2


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="neither a photo nor a folder with files"):
        opened("images", tmp_path)
    with pytest.raises(FormatError, match="one folder"):
        opened("images", tmp_path, tmp_path)
