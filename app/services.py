"""What the routes and pages of one running server share."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from app.jobs import ProposalWorker
from app.models import ModelInfo
from app.security import LOCAL_USER
from app.settings import DEFAULT_MODEL
from storage.workspace import Workspace


@dataclass(frozen=True)
class Services:
    """The open workspace, the proposal worker, the name of the model that runs begin from, and the device that runs
    use as proposals do; None chooses the best. `on_this_machine`: whoever uses the pages sits at this machine, so that
    they may name its folders.
    """

    workspace: Workspace
    worker: ProposalWorker
    base_model: str = DEFAULT_MODEL
    device: str | None = None
    on_this_machine: bool = False

    @property
    def model(self) -> ModelInfo | None:
        """The model in use; None with --no-model."""
        return self.worker.model


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
