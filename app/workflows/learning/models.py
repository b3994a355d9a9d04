"""The models of a workspace, and which one is in use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from app.models import describe_model
from app.settings import DEFAULT_MODEL
from app.workflows.learning.views import BASE_MODEL_ID, ModelView
from core.annotation.errors import ModelError
from core.maskformer.manifest import WEIGHTS_NAME, named_source, read_checkpoint
from storage.models import ModelRecord, find_model, get_model, list_models, promoted_model, set_promoted_model
from storage.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """A model that can be loaded: its name, the hash of its weights, and what `load_model` takes for it."""

    name: str
    sha256: str
    place: str | Path


def models(workspace: Workspace, *, base: str = DEFAULT_MODEL) -> tuple[ModelView, ...]:
    """All models that can be promoted, the newest first, the base model last; exactly one is promoted."""
    with workspace.database.read() as session:
        records = list_models(session)
        promoted = promoted_model(session)
    own = tuple(_view(record, promoted) for record in records)
    return (*own, _base_view(workspace, base, promoted=promoted is None))


def promote(workspace: Workspace, model_id: int, *, base: str = DEFAULT_MODEL) -> ModelView:
    """Make the model the one in use; BASE_MODEL_ID goes back to the base model. A running server follows within
    seconds. Raises NotFound, and ModelError when the model's files are damaged: then the one in use stays."""
    if model_id == BASE_MODEL_ID:
        view = _base_view(workspace, base, promoted=True)
        with workspace.database.write() as session:
            set_promoted_model(session, None)
        return view
    with workspace.database.read() as session:
        record = get_model(session, model_id)
    check_files(workspace, record)
    with workspace.database.write() as session:
        set_promoted_model(session, model_id)
    return _view(record, record)


def check_files(workspace: Workspace, record: ModelRecord) -> None:
    """Raises ModelError unless the model's files are the ones that were recorded."""
    folder = workspace.models_folder / record.name
    if read_checkpoint(folder) is None:
        raise ModelError(f"the files of {record.name} are missing from {folder}; put them back from a backup")
    try:
        with (folder / WEIGHTS_NAME).open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{folder / WEIGHTS_NAME} cannot be read ({error.strerror}); put it back") from error
    if not sha256 == describe_model(str(folder)).info.sha256 == record.sha256:
        raise ModelError(f"{folder} is damaged: its weights no longer have their hash; put it back from a backup")


def base_source(workspace: Workspace, base: str) -> Source:
    """The base model: a name among the workspace's models or the project's, a folder, file or hub id.

    Raises ModelError.
    """
    place = named_source(base, workspace.models_folder)
    info = describe_model(str(place)).info
    return Source(info.name, info.sha256, place)


def find_source(workspace: Workspace, sha256: str) -> Source | None:
    """The workspace's model with this hash, or None."""
    with workspace.database.read() as session:
        record = find_model(session, sha256)
    return None if record is None else _source(workspace, record)


def promoted_source(workspace: Workspace) -> Source | None:
    """The promoted model, None when the base model is in use. Raises ModelError when its files are damaged."""
    with workspace.database.read() as session:
        promoted = promoted_model(session)
    if promoted is None:
        return None
    check_files(workspace, promoted)
    return _source(workspace, promoted)


@dataclass(frozen=True)
class InUse:
    """The model that proposes; `trouble` says why it is not the promoted one, "" when it is."""

    source: Source
    trouble: str = ""


def source_in_use(workspace: Workspace, base: str) -> InUse:
    """The promoted model, or the base model where there is none or its files are damaged."""
    try:
        promoted = promoted_source(workspace)
    except ModelError as error:
        return InUse(base_source(workspace, base), str(error))
    return InUse(base_source(workspace, base) if promoted is None else promoted)


def _source(workspace: Workspace, record: ModelRecord) -> Source:
    return Source(record.name, record.sha256, workspace.models_folder / record.name)


def _view(record: ModelRecord, promoted: ModelRecord | None) -> ModelView:
    return ModelView(
        id=record.id,
        name=record.name,
        sha256=record.sha256,
        parent=record.parent_name,
        snapshot_id=record.snapshot_id,
        run_id=record.run_id,
        scores=record.scores,
        created_at=record.created_at,
        promoted=promoted is not None and promoted.id == record.id,
    )


def _base_view(workspace: Workspace, base: str, *, promoted: bool) -> ModelView:
    source = base_source(workspace, base)
    return ModelView(BASE_MODEL_ID, source.name, source.sha256, None, None, None, {}, None, promoted)
