"""Which model a server uses: the promoted one, followed as promotions come, or the one it was started with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.models import ModelInfo, describe_model, proposer_loader
from app.settings import DEFAULT_MODEL, ServerSettings
from app.workflows.learning.models import InUse, base_source, find_source, source_in_use
from app.workflows.propose import Proposer
from core.annotation.errors import ModelError
from storage.models import promoted_model
from storage.proposals import newest_proposer
from storage.workspace import Workspace

# Of a model that is not here no measured threshold is known; what is more likely right than wrong is shown.
NEUTRAL_THRESHOLD = 0.5

Promotion = tuple[str, datetime | None] | None


@dataclass(frozen=True)
class ModelChoice:
    """A model to use: what the page is told of it, and a function that loads it, which takes seconds.

    trouble: why it is not the promoted one, "" when it is.
    """

    info: ModelInfo
    load: Callable[[], Proposer]
    trouble: str = ""


class FollowPromotions:
    """Answers which model is to be used now; cheap as long as nothing was promoted since it was asked last.

    A server started with --model keeps that model until something is promoted while it runs, here or by a command.
    Raises ModelError when the model it was started with cannot be used.
    """

    def __init__(self, workspace: Workspace, settings: ServerSettings) -> None:
        self._workspace = workspace
        self._settings = settings
        self._base = settings.model or DEFAULT_MODEL
        self._promotion = self._last_promotion()
        self._choice = self._describe(self._in_use() if settings.model is None else self._asked_for())

    def __call__(self) -> ModelChoice:
        promotion = self._last_promotion()
        if promotion != self._promotion:
            self._choice = self._describe(self._in_use())
            self._promotion = promotion
        return self._choice

    def _in_use(self) -> InUse:
        return source_in_use(self._workspace, self._base)

    def _asked_for(self) -> InUse:
        """The model of --model, and that it is not the promoted one where something else is promoted."""
        source = base_source(self._workspace, self._base)
        if self._promotion is None or self._promotion[0] == source.sha256:
            return InUse(source)
        return InUse(source, f"{source.name} proposes here, with which the server was started, until one is promoted")

    def _last_promotion(self) -> Promotion:
        with self._workspace.database.read() as session:
            promoted = promoted_model(session)
        return None if promoted is None else (promoted.sha256, promoted.promoted_at)

    def _describe(self, in_use: InUse) -> ModelChoice:
        place = in_use.source.place
        described = describe_model(str(place))
        info = ModelInfo(in_use.source.name, described.info.sha256, described.info.threshold)
        load = proposer_loader(place, info, device=self._settings.device, precision=self._settings.precision)
        return ModelChoice(info, load, in_use.trouble)


def stored_threshold(workspace: Workspace, base: str) -> float:
    """For a server without a model: the threshold of the one whose proposals were stored last, read without its
    weights; NEUTRAL_THRESHOLD where none are stored, or that model is neither the workspace's nor the base model."""
    with workspace.database.read() as session:
        sha256 = newest_proposer(session)
    if sha256 is None:
        return NEUTRAL_THRESHOLD
    try:
        source = find_source(workspace, sha256) or base_source(workspace, base)
        described = describe_model(str(source.place)).info
    except ModelError:
        return NEUTRAL_THRESHOLD
    return described.threshold if described.sha256 == sha256 else NEUTRAL_THRESHOLD
