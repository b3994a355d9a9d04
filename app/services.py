"""What the routes and pages of one running server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from app.jobs import ProposalWorker
from app.security import LOCAL_USER
from storage.workspace import Workspace


@dataclass(frozen=True)
class ModelInfo:
    """The model in use: its name, the hash of its weights, and the threshold the page starts with."""

    name: str
    sha256: str
    threshold: float


@dataclass(frozen=True)
class Services:
    """The open workspace, the proposal worker, and the model (None with --no-model)."""

    workspace: Workspace
    worker: ProposalWorker
    model: ModelInfo | None


def services(request: Request) -> Services:
    """The server's services, for a route."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def user_of(request: Request) -> str:
    """Who sends the request: the name given with the password, or the one local user."""
    user = getattr(request.state, "user", LOCAL_USER)
    assert isinstance(user, str)
    return user
