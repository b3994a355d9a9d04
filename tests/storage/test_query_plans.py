"""What the lists and numbers of a workspace read, as SQLite says: ranges of indices, never whole tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from storage.corrections import history_page, load_remark
from storage.images import count_images, labelled_images
from storage.person_counts import load_person_counts
from storage.proposals import images_to_propose, needs_proposals
from storage.queue import ImageFilter, Order, count_matching, first_open_image, list_page, neighbours
from storage.statistics import load_statistics
from storage.tables import ImageState
from storage.tags import image_tags
from storage.truths import count_segments_by_image, load_truth
from storage.workspace import Workspace
from tests.storage.stored_samples import MODEL, filled_image

BIG = ("image", "segment", "proposal", "image_category", "correction")

FILTERS = {
    "none": ImageFilter(),
    "state": ImageFilter(state=ImageState.NEW),
    "category": ImageFilter(category_id=1),
    "category and state": ImageFilter(category_id=1, state=ImageState.NEW),
    "category, split and text": ImageFilter(category_id=1, split="val", text="x"),
    "score": ImageFilter(min_score=0.5, max_score=0.6),
    "score and state": ImageFilter(min_score=0.5, state=ImageState.NEW),
    "split": ImageFilter(split="val"),
    "text": ImageFilter(text="x"),
    "text, state and split": ImageFilter(text="x", state=ImageState.NEW, split="val"),
    "tag": ImageFilter(tag="x"),
    "tag, category and state": ImageFilter(tag="x", category_id=1, state=ImageState.NEW),
}


def plans(workspace: Workspace, action: Callable[[Session], object]) -> list[str]:
    """How SQLite does each query of the action."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, values))

    engine = workspace.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        with workspace.database.read() as session:
            action(session)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert asked
    with engine.connect() as connection:
        return [
            row[3]
            for statement, values in asked
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def reads_whole_rows(step: str) -> bool:
    """Whether the step goes through a big table itself, and not through an index that holds all that is asked."""
    scanned = re.match(r"SCAN (\w+)(.*)", step)
    return scanned is not None and scanned[1] in BIG and "COVERING INDEX" not in scanned[2]


@pytest.fixture
def filled(tmp_path: Path) -> Workspace:
    workspace = Workspace.open(tmp_path / "filled")
    with workspace.database.write() as session:
        filled_image(session)
    return workspace


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_reads_indices_alone(filled: Workspace, name: str, order: Order) -> None:
    wanted = FILTERS[name]
    with filled:
        for action in (
            lambda session: list_page(session, wanted, order=order, after=1, limit=100),
            lambda session: count_matching(session, wanted),
            lambda session: neighbours(session, 1, wanted, order=order),
            lambda session: first_open_image(session, wanted, order=order),
        ):
            steps = plans(filled, action)
            assert [step for step in steps if reads_whole_rows(step)] == []
            assert not any(re.search(r"\b(segment|proposal)\b", step) for step in steps), steps


@pytest.mark.parametrize("wanted", [ImageFilter(), ImageFilter(category_id=1, state=ImageState.NEW)])
def test_a_page_is_not_sorted(filled: Workspace, wanted: ImageFilter) -> None:
    with filled:
        steps = plans(filled, lambda session: list_page(session, wanted, after=5, limit=100))
    assert not any("TEMP B-TREE" in step for step in steps), steps


@pytest.mark.parametrize(
    "action",
    [
        load_statistics,
        load_person_counts,
        count_images,
        lambda session: load_remark(session, 1),
        lambda session: history_page(session, 1, limit=9),
        lambda session: load_truth(session, 1),
        lambda session: image_tags(session, 1),
        lambda session: needs_proposals(session, 1, MODEL),
        lambda session: images_to_propose(session, MODEL, 3),
    ],
    ids=["statistics", "people", "counts", "remark", "history", "truth", "tags", "needs proposals", "to propose"],
)
def test_what_pages_ask_reads_no_whole_table(filled: Workspace, action: Callable[[Session], object]) -> None:
    with filled:
        steps = plans(filled, action)
    assert [step for step in steps if reads_whole_rows(step)] == []


def test_what_there_is_to_learn_from_is_found_without_reading_segments(filled: Workspace) -> None:
    with filled:
        steps = [*plans(filled, labelled_images), *plans(filled, count_segments_by_image)]
    of_segments = [step for step in steps if re.search(r"\bsegment\b", step)]
    assert len(of_segments) == 1
    assert "ix_segment_crowd" in of_segments[0], "crowds alone, which are few"
