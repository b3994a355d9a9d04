"""The models that runs made, and which of them is promoted: the one that proposes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from storage.errors import NotFound
from storage.tables import ModelRow, SettingRow

# Its value is the hash of the promoted model; without the row the base model proposes.
_PROMOTED = "promoted_model"


@dataclass(frozen=True)
class NewModel:
    """A model to record, whose files are in place. `name` is its folder's; a score with nothing to judge is None."""

    name: str
    sha256: str
    parent_sha256: str
    parent_name: str
    snapshot_id: int
    run_id: int
    scores: Mapping[str, float | None]


@dataclass(frozen=True)
class ModelRecord(NewModel):
    """A stored model, and when it was last promoted."""

    id: int
    created_at: datetime
    promoted_at: datetime | None


def add_model(session: Session, model: NewModel) -> ModelRecord:
    """Record a model. One with the same weights is known already and stands: that one is returned."""
    known = find_model(session, model.sha256)
    if known is not None:
        return known
    row = ModelRow(**{**vars(model), "scores": dict(model.scores)}, created_at=datetime.now(UTC), promoted_at=None)
    session.add(row)
    session.flush()
    return _record(row)


def get_model(session: Session, model_id: int) -> ModelRecord:
    """The model with this number. Raises NotFound."""
    return _record(_row(session, model_id))


def find_model(session: Session, sha256: str) -> ModelRecord | None:
    """The model of the workspace whose weights have this hash, or None."""
    row = session.scalar(select(ModelRow).where(ModelRow.sha256 == sha256))
    return None if row is None else _record(row)


def list_models(session: Session) -> tuple[ModelRecord, ...]:
    """All models, the newest first."""
    return tuple(map(_record, session.scalars(select(ModelRow).order_by(ModelRow.id.desc()))))


def promoted_model(session: Session) -> ModelRecord | None:
    """The model that proposes, None for the base model."""
    sha256 = session.scalar(select(SettingRow.value).where(SettingRow.name == _PROMOTED))
    return None if sha256 is None else find_model(session, sha256)


def set_promoted_model(session: Session, model_id: int | None) -> None:
    """Promote the model with this number, or go back to the base model. Raises NotFound."""
    if model_id is None:
        session.execute(delete(SettingRow).where(SettingRow.name == _PROMOTED))
        return
    model = _row(session, model_id)
    model.promoted_at = datetime.now(UTC)
    session.merge(SettingRow(name=_PROMOTED, value=model.sha256))


def _row(session: Session, model_id: int) -> ModelRow:
    row = session.get(ModelRow, model_id)
    if row is None:
        raise NotFound(f"the workspace has no model {model_id}; choose one of its list")
    return row


def _record(row: ModelRow) -> ModelRecord:
    return ModelRecord(
        id=row.id,
        name=row.name,
        sha256=row.sha256,
        parent_sha256=row.parent_sha256,
        parent_name=row.parent_name,
        snapshot_id=row.snapshot_id,
        run_id=row.run_id,
        scores=row.scores,
        created_at=row.created_at,
        promoted_at=row.promoted_at,
    )
