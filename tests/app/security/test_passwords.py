import pytest

from app.security.passwords import (
    MAX_PASSWORD_LENGTH,
    MIN_PASSWORD_LENGTH,
    PasswordError,
    fits,
    hash_password,
)


def test_a_hash_fits_its_password_alone():
    kept = hash_password("Grüße aus Köln")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert "Köln" not in kept
    assert fits("Grüße aus Köln", kept)
    assert fits("Gru\u0308ße aus Ko\u0308ln", kept), "the same letters, composed by another keyboard"
    for wrong in ("", "grüße aus köln", "Grüße aus Köln ", "x" * (MAX_PASSWORD_LENGTH + 1), "\ud800"):
        assert not fits(wrong, kept)
    assert hash_password("Grüße aus Köln") != kept, "two people with one password have different hashes"


def test_nobodys_password_is_never_right():
    assert not fits("anything at all", None)


def test_a_damaged_hash_fits_nothing():
    for kept in ("", "x", "$argon2id$v=19$m=65536,t=3,p=4$", "!"):
        assert not fits("correct horse", kept)


@pytest.mark.parametrize("password", ["", "x" * (MIN_PASSWORD_LENGTH - 1), "x" * (MAX_PASSWORD_LENGTH + 1)])
def test_too_short_and_too_long_are_refused_with_the_reason(password):
    with pytest.raises(PasswordError, match=f"this one has {len(password)}"):
        hash_password(password)
