"""Names made from user text stay in their folder and open on every system."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.formats.names import MAX_NAME_BYTES, UniqueNames, safe_name


@pytest.mark.parametrize(
    ("given_name", "media_type", "safe"),
    [
        ("IMG_0001.JPG", "image/jpeg", "IMG_0001.JPG"),
        ("photo.jpeg", "image/jpeg", "photo.jpeg"),
        ("scan.tif", "image/png", "scan.png"),
        ("no extension", "image/webp", "no extension.webp"),
        ("a.b.c.png", "image/png", "a.b.c.png"),
        ("猫の写真.png", "image/png", "猫の写真.png"),
        ("folder/sub/cat.png", "image/png", "cat.png"),
        ("..\\..\\cat.png", "image/png", "cat.png"),
        ("../../etc/passwd", "image/png", "passwd.png"),
        ("..", "image/png", "image.png"),
        (".png", "image/png", "image.png"),
        ("", "image/jpeg", "image.jpg"),
        ("nul.png", "image/png", "_nul.png"),
        ("COM1.tar.jpg", "image/jpeg", "_COM1.tar.jpg"),
        ("console.png", "image/png", "console.png"),
        ("-rf.png", "image/png", "rf.png"),
        ("a\0b\nc\x1b[31m.png", "image/png", "abc[31m.png"),
        ("evil\u202egnp.exe", "image/png", "evilgnp.png"),
        ("C:\\x.png", "image/png", "x.png"),
        ("x.png:stream", "image/png", "x.png"),
        ('<img src=x onerror="alert(1)">.png', "image/png", "_img src=x onerror=_alert(1)__.png"),
        ("trailing. . .png", "image/png", "trailing.png"),
    ],
)
def test_a_name(given_name: str, media_type: str, safe: str) -> None:
    assert safe_name(given_name, media_type) == safe


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["image/jpeg", "image/png", "image/webp"]), st.integers(1, 10**6))
def test_any_text_gives_a_safe_name(text: str, media_type: str, number: int) -> None:
    name = safe_name(text, media_type, number=number)
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert not set(name) & set('/\\<>:"|?*\0')
    assert not any(unicodedata.category(character).startswith("C") for character in name)
    assert name[0] not in ".- "
    assert name.rpartition(".")[0].strip()


@given(
    st.lists(
        st.sampled_from(["a.jpg", "A.JPG", "a.png", "a-2.jpg", "b/a.jpg", "é.jpg", "e\u0301.jpg", "x" * 400]),
        max_size=12,
    )
)
def test_names_differ_by_more_than_case_and_extension(texts: list[str]) -> None:
    names = UniqueNames()
    stems = [names.take(text, "image/jpeg").rpartition(".")[0].casefold() for text in texts]
    assert len(set(stems)) == len(stems)


def test_equal_names_are_numbered() -> None:
    names = UniqueNames()
    assert [names.take("image.jpg", "image/jpeg") for _ in range(3)] == ["image.jpg", "image-2.jpg", "image-3.jpg"]
