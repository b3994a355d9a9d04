"""A server whose workspace has users, and those."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.jobs import ProposalWorker
from app.security import known
from app.server import build_app
from app.services import Services
from app.settings import ServerSettings
from storage.persons import add_person
from storage.workspace import Workspace

PASSWORDS = {"ann": "correct horse", "Bea Müller": "battery staple"}
ADDRESS = "http://127.0.0.1:7860"


@pytest.fixture(scope="session")
def hashes() -> dict[str, str]:
    """Cheaper than the real ones, as a hash itself says what it costs."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    return {name: hasher.hash(password) for name, password in PASSWORDS.items()}


@pytest.fixture
def peopled(furnished, hashes, monkeypatch) -> Workspace:
    """The furnished workspace with two users; the guard notices each change of them at once."""
    monkeypatch.setattr(known, "FRESH_S", 0.0)
    workspace, _ = furnished
    with workspace.database.write() as session:
        for name, password_hash in hashes.items():
            add_person(session, name, password_hash)
    return workspace


@pytest.fixture
def guarded(peopled) -> Iterator[TestClient]:
    """The HTTP interface over that workspace, with nobody logged in; redirects are not followed."""
    with TestClient(app_over(peopled), base_url=ADDRESS, follow_redirects=False) as http:
        yield http


def app_over(workspace: Workspace, **settings: object) -> FastAPI:
    services = Services(workspace, ProposalWorker(workspace, None))
    return build_app(services, ServerSettings(api_only=True, no_model=True, **settings))


def log_in(http: TestClient, name: str = "ann", *, password: str | None = None, wanted: str = "/") -> object:
    form = {"name": name, "password": password or PASSWORDS.get(name, "none at all"), "next": wanted}
    return http.post("/login", data=form, headers={"Origin": str(http.base_url).rstrip("/")})
