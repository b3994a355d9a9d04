"""The people of the workspace and the log-ins that ended, as the guard knows them: read anew when a second has
passed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from anyio.to_thread import run_sync
from sqlalchemy.orm import Session

from storage.engine import Database
from storage.log_outs import logged_out
from storage.persons import Person, list_persons, searched_name

# Somebody added, removed or logged out is known so soon; most requests come in between and cost no query.
FRESH_S = 1.0


class KnownPersons:
    """Everybody who may log in, by id and by name, and which log-ins have ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._reading = asyncio.Lock()
        self._read_s = -FRESH_S
        self._by_id: dict[int, Person] = {}
        self._by_name: dict[str, Person] = {}
        self._logged_out: frozenset[str] = frozenset()

    async def refresh(self) -> None:
        """Read them again where that was a while ago. Raises StorageError."""
        if self._is_fresh():
            return
        async with self._reading:
            if not self._is_fresh():
                await self._read()

    async def change(self, apply: Callable[[Session], object]) -> None:
        """Write something of them, known here at once. Raises StorageError and what `apply` raises."""
        await run_sync(self._write, apply)
        async with self._reading:
            await self._read()

    def __bool__(self) -> bool:
        return bool(self._by_id)

    def with_id(self, person_id: int) -> Person | None:
        return self._by_id.get(person_id)

    def named(self, name: str) -> Person | None:
        return self._by_name.get(searched_name(name))

    def has_logged_out(self, login_id: str) -> bool:
        return login_id in self._logged_out

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._read_s < FRESH_S

    async def _read(self) -> None:
        now_s = time.monotonic()
        persons, self._logged_out = await run_sync(self._load)
        self._by_id = {person.id: person for person in persons}
        self._by_name = {person.search_name: person for person in persons}
        self._read_s = now_s

    def _load(self) -> tuple[tuple[Person, ...], frozenset[str]]:
        with self._database.read() as session:
            return list_persons(session), logged_out(session)

    def _write(self, apply: Callable[[Session], object]) -> None:
        with self._database.write() as session:
            apply(session)
