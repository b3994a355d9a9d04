"""Passwords: what one must be, and its hash (argon2id, RFC 9106)."""

from __future__ import annotations

import functools
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.annotation.errors import MaskwrightError

# Shorter ones are guessed even at the pace that app.security.attempts leaves, and fast from a stolen database.
MIN_PASSWORD_LENGTH = 8
# Long enough for any sentence; hashing time grows with the length.
MAX_PASSWORD_LENGTH = 1024
# The library's parameters, RFC 9106's second choice: each hash takes 64 MiB for some tens of milliseconds. So many
# at once, and more wait: a crowd that logs in takes 128 MiB.
HASHED_AT_ONCE = 2

_HASHER = PasswordHasher()


class PasswordError(MaskwrightError):
    """A password that nobody should have."""


def hash_password(password: str) -> str:
    """The hash to keep, its salt and parameters in it. Raises PasswordError for one too short or long."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise PasswordError(
            f"a password has at least {MIN_PASSWORD_LENGTH} characters, as shorter ones are guessed; "
            f"this one has {len(password)}"
        )
    if len(password) > MAX_PASSWORD_LENGTH:
        raise PasswordError(
            f"a password has at most {MAX_PASSWORD_LENGTH} characters, this one has {len(password)}; take a shorter one"
        )
    return _HASHER.hash(_composed(password))


def fits(password: str, password_hash: str | None) -> bool:
    """Whether it is the password of that hash; None, for nobody's, costs the same time and is never right."""
    if len(password) > MAX_PASSWORD_LENGTH:
        return False
    try:
        right = _HASHER.verify(_nobodys() if password_hash is None else password_hash, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None


def _composed(password: str) -> bytes:
    """One password, whichever way the keyboard composes its letters (RFC 8265)."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


@functools.cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_bytes(16))
