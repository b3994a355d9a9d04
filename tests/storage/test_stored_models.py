from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.engine import Database
from storage.errors import NotFound
from storage.models import (
    NewModel,
    add_model,
    find_model,
    get_model,
    list_models,
    promoted_model,
    set_promoted_model,
)
from storage.runs import NewRun, ProcessName, add_run
from storage.snapshots import SnapshotImage, add_snapshot
from storage.tables import Part
from tests.storage.stored_samples import filled_image


def new_model(session: Session, name: str, sha256: str) -> NewModel:
    snapshot = add_snapshot(session, [SnapshotImage(filled_image(session, name), 0, Part.LEARN)])
    run = add_run(session, NewRun(snapshot.id, "a" * 64, "default", {}), process=ProcessName(1, "1.0"))
    return NewModel(name, sha256, "a" * 64, "default", snapshot.id, run.id, {"pq": 0.5, "named": None})


def test_a_model_reads_back_as_it_was_given(database: Database) -> None:
    with database.write() as session:
        given = new_model(session, "run-1", "b" * 64)
        added = add_model(session, given)
    with database.read() as session:
        assert get_model(session, added.id) == find_model(session, "b" * 64) == added
        assert {name: getattr(added, name) for name in vars(given)} == vars(given)
        assert find_model(session, "c" * 64) is None
        with pytest.raises(NotFound, match="no model 9"):
            get_model(session, 9)


def test_the_same_weights_are_one_model(database: Database) -> None:
    with database.write() as session:
        first = add_model(session, new_model(session, "run-1", "b" * 64))
        assert add_model(session, new_model(session, "run-2", "b" * 64)) == first
        assert list_models(session) == (first,)


def test_one_model_is_promoted_at_a_time_and_any_can_come_back(database: Database) -> None:
    with database.write() as session:
        first = add_model(session, new_model(session, "run-1", "b" * 64))
        second = add_model(session, new_model(session, "run-2", "c" * 64))
        assert promoted_model(session) is None
    moments = []
    for model in (first, second, first):
        with database.write() as session:
            set_promoted_model(session, model.id)
        with database.read() as session:
            promoted = promoted_model(session)
            assert promoted is not None
            assert promoted.id == model.id
            moments.append(promoted.promoted_at)
    assert moments == sorted(moments, key=lambda moment: (moment is None, moment))
    with database.write() as session:
        set_promoted_model(session, None)
        assert promoted_model(session) is None
        with pytest.raises(NotFound, match="no model 9"):
            set_promoted_model(session, 9)
        assert [model.id for model in list_models(session)] == [second.id, first.id]
