"""Long work that a page's button began and its Cancel button ends."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from storage.persons import LOCAL_USER

# More often than this an eye does not see, and each report costs a message to the browser.
REPORT_S = 0.2


def switched(buttons: Sequence[Component], *, on: bool) -> str:
    """The JavaScript of an event without a function that switches its outputs, `buttons`, before anyone can answer."""
    update = f"{{ __type__: 'update', interactive: {'true' if on else 'false'} }}"
    return f"() => [{', '.join([update] * len(buttons))}]"


class Jobs:
    """What may be cancelled, by a token that only the tab that began it knows."""

    def __init__(self) -> None:
        self._stops: dict[str, threading.Event] = {}

    def begin(self) -> str:
        """A new job's token, for the tab to keep."""
        token = secrets.token_hex(8)
        self._stops[token] = threading.Event()
        return token

    def cancel(self, token: str) -> None:
        """Ask the job to end; one that has ended already is left alone."""
        if token in self._stops:
            self._stops[token].set()

    def cancelled(self, token: str) -> Callable[[], bool]:
        """Whether the job was asked to end."""
        return self._stops.setdefault(token, threading.Event()).is_set

    def end(self, token: str) -> None:
        self._stops.pop(token, None)


class JobButtons:
    """Buttons that begin one kind of job, of which a tab has one at a time, and the button that cancels it.

    `token` is a hidden box that keeps the running job's. Of all tabs' jobs of a `kind` one works at a time. `off`:
    buttons that go off with a job's begin and that its answer switches on again.
    """

    def __init__(
        self,
        jobs: Jobs,
        *,
        kind: str,
        starts: Sequence[gr.Button],
        cancel: gr.Button,
        token: gr.Textbox,
        off: Sequence[gr.Button] = (),
    ) -> None:
        self._jobs = jobs
        self._kind = kind
        self._off = list(off)
        self._buttons = [*starts, cancel]
        self._token = token
        cancel.click(jobs.cancel, token, api_visibility="private", queue=False)

    def connect(
        self, button: gr.Button, work: Callable[..., Any], given: Sequence[Component], shown: Sequence[Component]
    ) -> Dependency:
        """Let the button do `work(token, *given)`, whose answer is `shown`; returns the event after it."""
        # A second click finds the buttons off already; they come on again where the server does not answer.
        *starts, _ = self._buttons
        button.click(None, outputs=starts, js=switched(starts, on=False), api_visibility="private")
        begun = button.click(
            self._begin, outputs=[self._token, *self._buttons, *self._off], api_visibility="private", queue=False
        )
        begun.failure(None, outputs=starts, js=switched(starts, on=True), api_visibility="private")
        worked = begun.then(
            work,
            [self._token, *given],
            list(shown),
            api_visibility="private",
            concurrency_limit=1,
            concurrency_id=self._kind,
        )
        ended: Dependency = worked.then(
            lambda: self._states(working=False), outputs=self._buttons, api_visibility="private", queue=False
        )
        return ended

    def _begin(self) -> list[Any]:
        off = [gr.update(interactive=False) for _ in self._off]
        return [self._jobs.begin(), *self._states(working=True), *off]

    def _states(self, *, working: bool) -> list[Any]:
        *starts, _ = self._buttons
        return [*(gr.update(interactive=not working) for _ in starts), gr.update(interactive=working)]


def shown_on(progress: gr.Progress, unit: str) -> Callable[[int, int], None]:
    """Reports (finished, total) to a page's progress bar, a few times a second."""
    shown_s = 0.0

    def report(finished: int, total: int) -> None:
        nonlocal shown_s
        now_s = time.monotonic()
        if finished == total or now_s - shown_s > REPORT_S:
            shown_s = now_s
            progress((finished, total), unit=unit)

    return report


def user_name(request: gr.Request) -> str:
    """Who uses the page: the name they logged in with, or the one local user."""
    return str(getattr(request.state, "user", LOCAL_USER))
