"""The proposal worker: one thread, a queue, the image that somebody looks at first."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from app.workflows.propose import Proposer, propose_for_image
from core.annotation.errors import MaskwrightError
from storage.proposals import has_proposals, images_to_propose
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# How long an idle worker waits before it looks for new images that nobody has opened yet.
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

    `load` builds the proposer of the model with the hash `model_sha256`; it runs in the thread, since it takes
    seconds. Without the two nothing is computed. Images that were asked for come
    first, the latest ask before all; the rest of the workspace follows when nothing is asked.
    """

    def __init__(self, workspace: Workspace, model_sha256: str | None, load: Callable[[], Proposer] | None) -> None:
        self._workspace = workspace
        self._model_sha256 = model_sha256
        self._load = load
        self._asked: deque[int] = deque()
        self._running: int | None = None
        self._failed: dict[int, str] = {}
        self._broken: str | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="proposals", daemon=True)

    def start(self) -> None:
        if self._load is not None:
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
        """Look for images without proposals now (photos were added); those that failed are tried again."""
        with self._changed:
            self._failed.clear()
            self._changed.notify_all()

    def state(self, image_id: int) -> Proposing:
        """Where this image's proposals stand."""
        if self._load is None or self._model_sha256 is None:
            return Proposing(ProposingState.OFF, "the server was started with --no-model")
        with self._workspace.database.read() as session:
            if has_proposals(session, image_id, self._model_sha256):
                return Proposing(ProposingState.READY)
        with self._changed:
            if self._broken is not None:
                return Proposing(ProposingState.FAILED, self._broken)
            if image_id in self._failed:
                return Proposing(ProposingState.FAILED, self._failed[image_id])
            running = self._running == image_id
        return Proposing(ProposingState.RUNNING if running else ProposingState.WAITING)

    def _work(self) -> None:
        assert self._load is not None
        try:
            proposer = self._load()
        except Exception as error:  # whatever a model's libraries raise, the page must say it and go on
            log.exception("the model cannot be loaded")
            with self._changed:
                self._broken = f"the model cannot be loaded: {error}"
            return
        while (image_id := self._next(proposer)) is not None:
            self._propose(proposer, image_id)

    def _next(self, proposer: Proposer) -> int | None:
        """The image to work on, waiting for one; None when the worker is to end."""
        while True:
            with self._changed:
                if self._stopping:
                    return None
                if self._asked:
                    self._running = self._asked.popleft()
                    return self._running
            waiting = self._first_waiting(proposer)
            with self._changed:
                if self._stopping:
                    return None
                if self._asked:
                    continue
                if waiting is not None:
                    self._running = waiting
                    return waiting
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
