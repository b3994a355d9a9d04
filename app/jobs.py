"""The proposal worker: one thread, a queue, the image that somebody looks at first."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from app.model_choice import ModelChoice
from app.models import ModelInfo
from app.workflows.propose import Look, Proposer, propose_for_image
from core.annotation.errors import MaskwrightError, ModelError
from storage.proposals import images_to_propose, needs_proposals
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# How long an idle worker waits before it looks for new images that nobody has opened yet, and for a promotion.
IDLE_S = 2.0
NO_MODEL = "the server was started with --no-model; start it without to ask a model"

# Photos that are looked at in good time: those that people have before them now, not all they leafed through.
LATER = 4
OTHERS_FIRST = "other photos were opened meanwhile; ask again"
STOPPING = "the server is stopping; ask again when it is back"

Answer = TypeVar("Answer")


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
    is. Without `choose` nothing is computed. Questions come first, then images that were asked for, the latest ask
    before all, then questions for later; the rest of the workspace follows when nothing is asked.

    keep: told of each look at a photo, and whether somebody had asked for its image.
    """

    keep: Callable[[Look, bool], None] | None = None

    def __init__(self, workspace: Workspace, choose: Callable[[], ModelChoice] | None) -> None:
        self._workspace = workspace
        self._choose = choose
        first = None if choose is None else choose()
        self._model = None if first is None else first.info
        self._proposer: Proposer | None = None
        self._refused: str | None = None
        self._trouble = "" if first is None else first.trouble
        self._asked: deque[int] = deque()
        self._questions: deque[tuple[Callable[[Proposer], Any], Future[Any]]] = deque()
        self._later: dict[Future[Any], Callable[[Proposer], Any]] = {}
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
        self._refuse_questions(STOPPING)

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

    def ask_model(self, question: Callable[[Proposer], Answer], *, later: bool = False) -> Future[Answer]:
        """Call `question` with the model, before any image that waits: here alone it may be used, in one thread.

        later: after the images that were asked for, the last such question first; `hurry` makes it an ordinary one.
        The answer fails with ModelError when there is no model, when more than LATER others were asked for later, and
        with what `question` raises.
        """
        answer: Future[Answer] = Future()
        if self._model is None:
            answer.set_exception(ModelError(NO_MODEL))
            return answer
        with self._changed:
            if later:
                self._later[answer] = question
            else:
                self._questions.append((question, answer))
            given_up = next(iter(self._later)) if len(self._later) > LATER else None
            if given_up is not None:
                del self._later[given_up]
            self._changed.notify_all()
        if given_up is not None:
            _refuse(given_up, OTHERS_FIRST)
        if self._stopping:
            self._refuse_questions(STOPPING)
        return answer

    def hurry(self, answer: Future[Any]) -> None:
        """Somebody waits for an answer that was asked for later."""
        with self._changed:
            question = self._later.pop(answer, None)
            if question is not None:
                self._questions.append((question, answer))
                self._changed.notify_all()

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
            self._answer_questions()
            found = self._next()
            if found is not None and self._proposer is not None:
                self._propose(self._proposer, *found)

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

    def _answer_questions(self) -> None:
        if self._proposer is None:
            if self._broken is not None:
                self._refuse_questions(self._broken)
            return
        while self._questions and not self._stopping:
            question, answer = self._questions.popleft()
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(question(self._proposer))
            except Exception as error:  # whoever asked is told; the worker goes on
                answer.set_exception(error)

    def _refuse_questions(self, reason: str) -> None:
        while self._questions:
            _refuse(self._questions.popleft()[1], reason)
        while self._later:
            _refuse(self._later.popitem()[0], reason)

    def _next(self) -> tuple[int, bool] | None:
        """The image to work on, and whether it was asked for; None, after a while of waiting, when there is none, when
        there is a question, and when the worker is to end."""
        with self._changed:
            if self._proposer is None or self._questions:
                self._wait()
                return None
            if self._asked and not self._stopping:
                self._running = self._asked.popleft()
                return self._running, True
            if self._later:
                answer, question = self._later.popitem()
                self._questions.append((question, answer))
                return None
        waiting = self._first_waiting(self._proposer)
        with self._changed:
            if waiting is None or self._to_do() or self._stopping:
                self._wait()
                return None
            self._running = waiting
            return waiting, False

    def _wait(self) -> None:
        """Until something changes, for IDLE_S at most; not at all when there is something to do."""
        if not (self._stopping or (self._to_do() and self._proposer is not None)):
            self._changed.wait(IDLE_S)

    def _to_do(self) -> bool:
        return bool(self._asked or self._questions or self._later)

    def _first_waiting(self, proposer: Proposer) -> int | None:
        try:
            with self._workspace.database.read() as session:
                waiting = images_to_propose(session, proposer.model_sha256, limit=len(self._failed) + 1)
        except MaskwrightError as error:
            # A database that is locked or out of reach may be back at the next look.
            log.warning("no images to propose for: %s", error)
            return None
        return next((image_id for image_id in waiting if image_id not in self._failed), None)

    def _propose(self, proposer: Proposer, image_id: int, was_asked_for: bool) -> None:
        tell = self.keep
        keep = None if tell is None else lambda look: tell(look, was_asked_for)
        try:
            propose_for_image(self._workspace, proposer, image_id, keep=keep)
        except Exception as error:  # one bad image must not end the worker; the page shows the reason
            reason = str(error) if isinstance(error, MaskwrightError) else f"{type(error).__name__}: {error}"
            log.exception("no proposals for image %d", image_id)
            with self._changed:
                self._failed[image_id] = reason
        finally:
            with self._changed:
                self._running = None


def _refuse(answer: Future[Any], reason: str) -> None:
    if answer.set_running_or_notify_cancel():
        answer.set_exception(ModelError(reason))
