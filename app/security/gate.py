"""A name and a password become a person."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import TypeGuard

from anyio.to_thread import run_sync

from app.security.attempts import MOST_KEPT, Attempts, place_of
from app.security.known import KnownPersons
from app.security.passwords import HASHED_AT_ONCE, fits, hash_password
from core.annotation.errors import MaskwrightError
from storage.persons import Person, searched_name

WRONG = "the name or the password is wrong"
# A name is shorter, however its letters are written.
_LONGEST_KEPT = 256

# A name and a place.
_Asked = tuple[str, str]


class WrongPassword(MaskwrightError):  # noqa: N818 — named for what happened
    """Nobody has that name and password; which of both is wrong is not told."""


class TooManyAttempts(MaskwrightError):  # noqa: N818 — as above
    """It was not looked at: too many attempts failed. Try again after `wait_s` seconds."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts failed; try again in {wait_s} s")
        self.wait_s = wait_s


class Gate:
    """Looks at passwords, a few at a time, and remembers for scripts which were right, and which was wrong just before:
    one that sends an old password again and again guesses nothing, and holds up nobody."""

    def __init__(self, known: KnownPersons, attempts: Attempts) -> None:
        self._known = known
        self._attempts = attempts
        # Looked at inside, so that attempts sent all at once are counted one after the other.
        self._hashing = asyncio.Semaphore(HASHED_AT_ONCE)
        self._key = secrets.token_bytes(32)
        self._right: dict[int, bytes] = {}
        self._wrong: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def enter(self, name: str, password: str, address: str) -> Person:
        """The person of that name and password. Raises WrongPassword and TooManyAttempts."""
        person = self._known.named(name)
        asked = (searched_name(name)[:_LONGEST_KEPT], place_of(address))
        mark = self._mark(person, password)
        if self._was_right(person, asked, mark):
            return person
        async with self._hashing:
            if self._was_right(person, asked, mark):
                return person
            right = await run_sync(fits, password, None if person is None else person.password_hash)
            if person is None or not right:
                self._keep_wrong(asked, mark)
                raise WrongPassword(WRONG)
        self._attempts.came_in(*asked)
        self._right[person.id] = mark
        return person

    async def hashed(self, password: str) -> str:
        """What to keep of a new password. Raises PasswordError."""
        async with self._hashing:
            return await run_sync(hash_password, password)

    def _was_right(self, person: Person | None, asked: _Asked, mark: bytes) -> TypeGuard[Person]:
        """Whether it need not be looked at. Raises WrongPassword where it was wrong just before, and TooManyAttempts;
        that comes before the right one, which a guesser would find without a wait otherwise."""
        if hmac.compare_digest(self._wrong.get(asked, b""), mark):
            raise WrongPassword(WRONG)
        wait_s = self._attempts.wait_s(*asked)
        if wait_s:
            raise TooManyAttempts(wait_s)
        return person is not None and hmac.compare_digest(self._right.get(person.id, b""), mark)

    def _keep_wrong(self, asked: _Asked, mark: bytes) -> None:
        self._attempts.failed(*asked)
        self._wrong.pop(asked, None)
        self._wrong[asked] = mark
        if len(self._wrong) > MOST_KEPT:
            self._wrong.popitem(last=False)

    def _mark(self, person: Person | None, password: str) -> bytes:
        """No more use than the hash to whoever finds it, and worth nothing once the password is another."""
        text = f"{person.password_hash if person else ''}\0{password}".encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, text, hashlib.sha256)
