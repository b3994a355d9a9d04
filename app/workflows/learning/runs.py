"""Runs: begun in a process of their own, watched from any other, stopped, gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from sqlalchemy.orm import Session

from app.settings import DEFAULT_MODEL, PROJECT
from app.workflows.learning.choice import choose
from app.workflows.learning.comparison_file import read_comparison
from app.workflows.learning.models import base_source, promoted_source
from app.workflows.learning.readiness import look
from app.workflows.learning.requests import DEFAULT_MINUTES, RunRequest
from app.workflows.learning.seen import seen_in_use
from app.workflows.learning.views import LOG_FILE, NOT_TO_STOP, REQUEST_FILE, STOP_ASKED, RunView
from app.workflows.processes import ask_to_stop, environment_of, is_alive, name_process
from core.annotation.errors import TrainingError
from core.annotation.files import write_atomically
from core.training.run_folder import STATE_NAME
from storage.errors import translated
from storage.images import labelled_images
from storage.models import list_models
from storage.runs import (
    NewRun,
    RunRecord,
    active_runs,
    add_run,
    end_run,
    get_run,
    list_runs,
    say_of_run,
    take_up_run,
)
from storage.snapshots import add_snapshot
from storage.tables import RunState
from storage.workspace import Workspace

# Of a process that ended without a word, what it said last.
LAST_WORDS = 300


def runs(workspace: Workspace) -> tuple[RunView, ...]:
    """All runs, the newest first."""
    _bury_dead(workspace)
    with workspace.database.read() as session:
        records = list_runs(session)
        made = {model.run_id: model.id for model in reversed(list_models(session))}
    return tuple(_view(workspace, record, made.get(record.id)) for record in records)


def newest_run(workspace: Workspace) -> RunView | None:
    """The newest alone, for looks that come often: the files of the others are not read. None before the first."""
    with workspace.database.read() as session:
        records = list_runs(session)
    return find_run(workspace, records[0].id) if records else None


def find_run(workspace: Workspace, run_id: int) -> RunView:
    """One run. Raises NotFound."""
    _bury_dead(workspace)
    with workspace.database.read() as session:
        record = get_run(session, run_id)
        made = next((model.id for model in list_models(session) if model.run_id == run_id), None)
    return _view(workspace, record, made)


def start_run(
    workspace: Workspace,
    *,
    minutes: float = DEFAULT_MINUTES,
    continued: bool = False,
    base: str = DEFAULT_MODEL,
    device: str | None = None,
) -> int:
    """Take a snapshot and begin a run in a process of its own; its id. Raises TrainingError with the reason when
    nothing can be learned or another run goes on, ModelError when the model to begin from cannot be used."""
    request = RunRequest(minutes=minutes, continued=continued, base=base, device=device)
    run_id = prepare_run(workspace, request)
    _launch(workspace, run_id)
    return run_id


def prepare_run(workspace: Workspace, request: RunRequest) -> int:
    """Take a snapshot and record a run, which this process is to do or to launch. Raises as `start_run` does."""
    problem = look(workspace, base=request.base).problem
    if problem is not None:
        raise TrainingError(f"there is nothing to learn from: {problem}")
    _bury_dead(workspace)
    base = base_source(workspace, request.base)
    parent = (promoted_source(workspace) if request.continued else None) or base
    with workspace.database.write() as session:
        _refuse_second(session)
        learned = seen_in_use(session, base.sha256)
        chosen = choose(labelled_images(session), workspace.blobs, learned=learned)
        snapshot = add_snapshot(session, chosen.snapshot_images())
        new = NewRun(snapshot.id, parent.sha256, parent.name, request.to_json())
        record = add_run(session, new, process=name_process())
    _write_request(workspace, record)
    return record.id


def stop_run(workspace: Workspace, run_id: int) -> None:
    """Ask the run to stop: it saves, is judged, and may be promoted or resumed. One ask is enough: a further one does
    nothing, nor does one while the run is judged. Raises TrainingError for an ended run."""
    with workspace.database.write() as session:
        record = get_run(session, run_id)
        if not record.active or record.process is None:
            raise TrainingError(f"run {run_id} has ended already; there is nothing to stop")
        if record.message in NOT_TO_STOP:
            return
        say_of_run(session, run_id, STOP_ASKED)
    ask_to_stop(record.process)


def resume_run(workspace: Workspace, run_id: int) -> None:
    """Go on with a stopped or failed run where it was saved, in a process of its own. Raises TrainingError with the
    reason when it cannot."""
    _bury_dead(workspace)
    with workspace.database.write() as session:
        _refuse_second(session)
        _refuse_finished(get_run(session, run_id))
        take_up_run(session, run_id, RunState.STARTING, name_process())
    _launch(workspace, run_id)


def take_up(workspace: Workspace, run_id: int) -> RunRecord:
    """Say that this process does the run from now on. Raises TrainingError when it, or another, is going on elsewhere,
    or has finished."""
    _bury_dead(workspace)
    with workspace.database.write() as session:
        record = get_run(session, run_id)
        if record.state is not RunState.STARTING:
            _refuse_second(session)
        _refuse_finished(record)
        take_up_run(session, run_id, RunState.RUNNING, name_process())
        return get_run(session, run_id)


def run_folder(workspace: Workspace, run_id: int) -> Path:
    return workspace.runs_folder / str(run_id)


def _refuse_second(session: Session) -> None:
    for other in active_runs(session):
        raise TrainingError(f"run {other.id} is going on; stop it or wait for its end, then start another")


def _refuse_finished(record: RunRecord) -> None:
    if record.state is RunState.FINISHED:
        raise TrainingError(f"run {record.id} has used its time; start another, continued from its model")


def _write_request(workspace: Workspace, record: RunRecord) -> None:
    folder = run_folder(workspace, record.id)
    parent = {"name": record.parent_name, "sha256": record.parent_sha256}
    values = {"run": record.id, "snapshot": record.snapshot_id, "parent": parent, "request": dict(record.request)}
    try:
        with translated(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with write_atomically(folder / REQUEST_FILE) as file:
                file.write(json.dumps(values, indent=1, ensure_ascii=False).encode() + b"\n")
    except Exception as error:
        _fail(workspace, record.id, str(error))
        raise


def _launch(workspace: Workspace, run_id: int) -> None:
    """A session of its own keeps Ctrl-C for the server from ending the run; so a server's restart harms none."""
    command = [sys.executable, str(PROJECT / "launch.py"), "train"]
    command += ["--workspace", str(workspace.folder.resolve()), "--run", str(run_id), "--low-priority"]
    folder = run_folder(workspace, run_id)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG_FILE).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 — our own command
                command,
                cwd=PROJECT,
                env=environment_of(workspace),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    except OSError as error:
        _fail(workspace, run_id, f"the run's process could not be started: {error.strerror or error}")
        raise TrainingError(f"run {run_id} could not be started: {error.strerror or error}; try again") from error
    # Named before anything waits for it, so that even one that has ended at once has a name to be found dead by.
    name = name_process(process.pid)
    threading.Thread(target=process.wait, name=f"run {run_id}", daemon=True).start()
    with workspace.database.write() as session:
        if get_run(session, run_id).state is RunState.STARTING:
            take_up_run(session, run_id, RunState.STARTING, name)


def _bury_dead(workspace: Workspace) -> None:
    """Mark runs failed whose process is gone without having said how it ended."""
    with workspace.database.read() as session:
        active = active_runs(session)
    for record in active:
        if record.process is None or not is_alive(record.process):
            _fail_if_unchanged(workspace, record)


def _fail_if_unchanged(workspace: Workspace, record: RunRecord) -> None:
    folder = run_folder(workspace, record.id)
    saved = (folder / STATE_NAME).is_file()
    remedy = "resume it from the last save" if saved else "nothing was saved: resumed, it begins again"
    state, message = RunState.STOPPED, f"stopped; {remedy}"
    if record.message != STOP_ASKED:
        said = _last_words(folder / LOG_FILE)
        state, message = (
            RunState.FAILED,
            f"its process ended without a word (killed, or out of memory?); {remedy}{said}",
        )
    with workspace.database.write() as session:
        now = get_run(session, record.id)
        if now.active and now.process == record.process:
            end_run(session, record.id, state, message)


def _last_words(log: Path) -> str:
    said = log.read_text(encoding="utf-8", errors="replace").strip() if log.is_file() else ""
    return f". Its last words: {said[-LAST_WORDS:]}" if said else ""


def _fail(workspace: Workspace, run_id: int, message: str) -> None:
    with workspace.database.write() as session:
        end_run(session, run_id, RunState.FAILED, message)


def _view(workspace: Workspace, record: RunRecord, model_id: int | None) -> RunView:
    folder = run_folder(workspace, record.id)
    return RunView(
        id=record.id,
        state=record.state,
        snapshot_id=record.snapshot_id,
        parent_model=record.parent_name,
        parent_sha256=record.parent_sha256,
        continued=record.request["continued"],
        minutes=record.request["minutes"],
        started_at=record.started_at,
        ended_at=record.ended_at,
        message=record.message,
        folder=folder,
        model_id=model_id,
        comparison=read_comparison(folder),
    )
