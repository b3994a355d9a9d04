"""What the routes and pages of one running server share."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from app.assistant import Assistant
from app.jobs import ProposalWorker
from app.model_choice import stored_threshold
from app.models import ModelInfo
from app.pictures import Pictures
from app.presence import Presence
from app.settings import DEFAULT_MODEL
from storage.persons import LOCAL_USER
from storage.workspace import Workspace


@dataclass(frozen=True)
class Services:
    """The open workspace, the proposal worker, the name of the model that runs begin from, and the device that runs
    use as proposals do; None chooses the best. `on_this_machine`: whoever uses the pages sits at this machine, so that
    they may name its folders. `makes_previews`: small pictures are made before anyone asks.
    """

    workspace: Workspace
    worker: ProposalWorker
    base_model: str = DEFAULT_MODEL
    device: str | None = None
    on_this_machine: bool = False
    makes_previews: bool = False
    presence: Presence = field(default_factory=Presence)
    assistant: Assistant = field(init=False)
    pictures: Pictures = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "assistant", Assistant(self.workspace, self.worker))
        object.__setattr__(self, "pictures", Pictures(self.workspace))

    @property
    def model(self) -> ModelInfo | None:
        """The model in use; None with --no-model."""
        return self.worker.model

    @property
    def threshold(self) -> float:
        """The score from which proposals are shown at first: the model's, or that of the one that made those stored."""
        return stored_threshold(self.workspace, self.base_model) if self.model is None else self.model.threshold


def services(request: Request) -> Services:
    """The server's services, for a route."""
    found = request.app.state.services
    assert isinstance(found, Services)
    return found


def user_of(request: Request) -> str:
    """Who sends the request: the name they logged in with, or the one local user."""
    user = getattr(request.state, "user", LOCAL_USER)
    assert isinstance(user, str)
    return user
