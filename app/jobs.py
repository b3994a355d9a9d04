"""The proposal worker: one thread, a queue, the image that somebody looks at first."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.model_choice import ModelChoice
from app.models import ModelInfo
from app.workflows.propose import Proposer, propose_for_image
from core.annotation.errors import MaskwrightError
from storage.proposals import images_to_propose, needs_proposals
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# How long an idle worker waits before it looks for new images that nobody has opened yet, and for a promotion.
IDLE_S = 2.0


class ProposingState(StrEnum):
    """Where an image's proposals stand."""

    READY = "ready"
    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"
    OFF = "off"


@dataclass(frozen=True)
class Proposing:
    """The state, with the reason when it failed or is off."""

    state: ProposingState
    message: str = ""


class ProposalWorker:
    """Computes proposals in one thread, so the page stays responsive.

    `choose` says which model is to be used and is asked again before each image and while there is nothing to do; a
    model is loaded in the thread, since that takes seconds, and one that cannot be loaded leaves the one in use as it
    is. Without `choose` nothing is computed. Images that were asked for come first, the latest ask before all; the rest
    of the workspace follows when nothing is asked.
    """

    def __init__(self, workspace: Workspace, choose: Callable[[], ModelChoice] | None) -> None:
        self._workspace = workspace
        self._choose = choose
        first = None if choose is None else choose()
        self._model = None if first is None else first.info
        self._proposer: Proposer | None = None
        self._refused: str | None = None
        self._trouble = "" if first is None else first.trouble
        self._asked: deque[int] = deque()
        self._running: int | None = None
        self._failed: dict[int, str] = {}
        self._broken: str | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="proposals", daemon=True)

    @property
    def model(self) -> ModelInfo | None:
        """The model in use, or the first one on its way; None when nothing is computed."""
        return self._model

    @property
    def trouble(self) -> str:
        """Why the promoted model is not the one in use, "" when it is."""
        return self._trouble

    def start(self) -> None:
        if self._choose is not None:
            self._thread.start()

    def stop(self) -> None:
        """Finish the image in hand and end; waits at most ten seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def ask(self, image_id: int) -> Proposing:
        """Put this image first, unless its proposals are there, under way, or failed; returns where they stand."""
        proposing = self.state(image_id)
        if proposing.state is not ProposingState.WAITING:
            return proposing
        with self._changed:
            if image_id in self._asked:
                self._asked.remove(image_id)
            self._asked.appendleft(image_id)
            self._changed.notify_all()
        return proposing

    def wake(self) -> None:
        """Look for a promoted model and for images without proposals now; what failed is tried again."""
        with self._changed:
            self._failed.clear()
            self._refused = None
            self._changed.notify_all()

    def state(self, image_id: int) -> Proposing:
        """Where this image's proposals stand."""
        if self._model is None:
            return Proposing(ProposingState.OFF, "the server was started with --no-model")
        with self._workspace.database.read() as session:
            if not needs_proposals(session, image_id, self._model.sha256):
                return Proposing(ProposingState.READY)
        with self._changed:
            if self._broken is not None:
                return Proposing(ProposingState.FAILED, self._broken)
            if image_id in self._failed:
                return Proposing(ProposingState.FAILED, self._failed[image_id])
            running = self._running == image_id
        return Proposing(ProposingState.RUNNING if running else ProposingState.WAITING)

    def _work(self) -> None:
        while not self._stopping:
            self._follow()
            image_id = self._next()
            if image_id is not None and self._proposer is not None:
                self._propose(self._proposer, image_id)

    def _follow(self) -> None:
        """Use the chosen model from now on; one that cannot be loaded is not tried again until `wake`."""
        assert self._choose is not None
        try:
            choice = self._choose()
        except MaskwrightError as error:
            # A database that is locked or out of reach may be back at the next look.
            log.warning("the model in use stays: %s", error)
            return
        except Exception as error:  # nothing about a promotion may end the worker; the page shows the reason
            log.exception("the model in use stays")
            self._trouble = f"the promoted model cannot be used: {type(error).__name__}: {error}"
            return
        if choice.info.sha256 == self._refused:
            return
        if self._proposer is None or choice.info.sha256 != self._proposer.model_sha256:
            self._load(choice)
        else:
            self._trouble = choice.trouble

    def _load(self, choice: ModelChoice) -> None:
        try:
            proposer = choice.load()
        except Exception as error:  # whatever a model's libraries raise, the page must say it and go on
            log.exception("%s cannot be loaded", choice.info.name)
            with self._changed:
                self._refused = choice.info.sha256
                if self._proposer is None:
                    self._broken = f"the model cannot be loaded: {error}"
                else:
                    self._trouble = f"{choice.info.name} cannot be loaded, {self._proposer.model_name} stays: {error}"
            return
        with self._changed:
            self._proposer, self._model, self._trouble = proposer, choice.info, choice.trouble
            self._refused = self._broken = None
            self._failed.clear()

    def _next(self) -> int | None:
        """The image to work on; None, after a while of waiting, when there is none, and when the worker is to end."""
        with self._changed:
            if self._proposer is None:
                self._wait()
                return None
            if self._asked and not self._stopping:
                self._running = self._asked.popleft()
                return self._running
        waiting = self._first_waiting(self._proposer)
        with self._changed:
            if waiting is None or self._asked or self._stopping:
                self._wait()
                return None
            self._running = waiting
            return waiting

    def _wait(self) -> None:
        """Until something changes, for IDLE_S at most; not at all when there is something to do."""
        if not (self._stopping or (self._asked and self._proposer is not None)):
            self._changed.wait(IDLE_S)

    def _first_waiting(self, proposer: Proposer) -> int | None:
        try:
            with self._workspace.database.read() as session:
                waiting = images_to_propose(session, proposer.model_sha256, limit=len(self._failed) + 1)
        except MaskwrightError as error:
            # A database that is locked or out of reach may be back at the next look.
            log.warning("no images to propose for: %s", error)
            return None
        return next((image_id for image_id in waiting if image_id not in self._failed), None)

    def _propose(self, proposer: Proposer, image_id: int) -> None:
        try:
            propose_for_image(self._workspace, proposer, image_id)
        except Exception as error:  # one bad image must not end the worker; the page shows the reason
            reason = str(error) if isinstance(error, MaskwrightError) else f"{type(error).__name__}: {error}"
            log.exception("no proposals for image %d", image_id)
            with self._changed:
                self._failed[image_id] = reason
        finally:
            with self._changed:
                self._running = None
