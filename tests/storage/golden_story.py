"""The stored databases of tests/golden: a small story, told to a workspace of the present schema, and its description.

A released schema gets its database once, with that release's code: `python -m tests.storage.golden_story`
writes tests/golden/schema_NNNN.db and what must be found in it, schema_NNNN.json.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.annotation.changes import Change, change_to_json
from core.annotation.corrections import Operation, Request
from core.annotation.truth import Progress, Segment, Source
from storage.categories import add_category, load_label_set, remove_category, update_category
from storage.corrections import history, load_remark
from storage.evidence import Evidence, proposals_to_json
from storage.images import ImageRecord, add_image, list_images
from storage.imports import StagedImage, insert_staged, staged_line
from storage.label_changes import LabelEdit, list_label_changes, record_label_change
from storage.models import NewModel, add_model, list_models, promoted_model, set_promoted_model
from storage.person_counts import load_person_counts
from storage.persons import add_person, list_persons, remove_person
from storage.proposals import get_proposals, load_proposals, save_proposals
from storage.queue import ImageFilter, list_page
from storage.relabelling import relabel_everywhere
from storage.runs import NewRun, ProcessName, add_run, end_run, list_runs
from storage.snapshots import SnapshotImage, add_snapshot, load_snapshot
from storage.statistics import load_statistics
from storage.tables import ImageState, Part, RunState
from storage.tags import image_tags, set_tags
from storage.truths import load_truth
from storage.workspace import DATABASE_NAME, Workspace
from tests.storage.stored_samples import MODEL, box_mask, correct, filled_image, halves, new_image, proposal_ids

GOLDEN = Path(__file__).parent.parent / "golden"


def tell(session: Session) -> None:
    """Two people correct two images, by every operation; a third waits, a fourth has no proposals."""
    first, second = filled_image(session, "1.jpg", 9), filled_image(session, "2 – ü.png", 4)
    filled_image(session, "3.jpg", 2)
    save_proposals(session, add_image(session, new_image("4.jpg"))[0].id, MODEL, "default", [])
    ids = proposal_ids(session, first)
    evidence = Evidence(0.35, 4.25, tuple(one.evidence() for one in get_proposals(session, first, ids[:3])))
    correct(session, first, Request(Operation.ACCEPT, proposals=tuple(ids[:3])), evidence=evidence)
    correct(session, first, Request(Operation.REJECT, proposals=(ids[3],)))
    correct(session, first, Request(Operation.DEFER, proposals=(ids[4],)))
    correct(session, first, Request(Operation.RELABEL, proposals=(ids[5],), category_id=3), user="ben")
    correct(session, first, Request(Operation.DRAW, mask=box_mask(60)))
    correct(session, first, Request(Operation.MERGE, segments=(1, 2)))
    correct(session, first, Request(Operation.REORDER, segments=(6,), to_top=False), user="ben")
    correct(session, first, Request(Operation.DELETE, segments=(3,)))
    correct(session, first, Request(Operation.UNDO))
    correct(session, first, Request(Operation.REDO))
    correct(session, first, Request(Operation.UNDO))
    correct(session, second, Request(Operation.DRAW, mask=box_mask(70), category_id=2), user="ben")
    correct(session, second, Request(Operation.DONE), user="ben")
    save_proposals(session, first, "b" * 64, "newer", [])
    add_category(session, name="bird", is_thing=True)
    add_category(session, name="sky", is_thing=False, colour=(1, 2, 3))
    remove_category(session, 4)
    _tell_of_learning(session, first, second)
    _tell_of_an_import(session)
    set_tags(session, first, ["hard", "ü"])
    _tell_of_review(session)
    _tell_of_people(session)


def _tell_of_learning(session: Session, first: int, second: int) -> None:
    """A run that failed, and one whose model was promoted."""
    images = [SnapshotImage(first, 9, Part.LEARN), SnapshotImage(second, 2, Part.CHECK)]
    snapshot = add_snapshot(session, images)
    failed, finished = (
        add_run(session, NewRun(snapshot.id, MODEL, "default", {"minutes": 0.5}), process=ProcessName(12, "34.56"))
        for _ in range(2)
    )
    end_run(session, failed.id, RunState.FAILED, "the disk is full – ü")
    end_run(session, finished.id, RunState.FINISHED, "")
    scores = {"pq": 0.25, "named": None}
    made = add_model(session, NewModel("run-2", "c" * 64, MODEL, "default", snapshot.id, finished.id, scores))
    set_promoted_model(session, made.id)


def _tell_of_an_import(session: Session) -> None:
    """A photo of a data set, with an unlabelled segment and a crowd; and one without truth."""
    segments = (
        Segment(7, box_mask(1), 2, 1, Source.IMPORTED, crowd=True),
        Segment(2**24 - 1, box_mask(2), None, 2, Source.IMPORTED),
    )
    images = [
        StagedImage(replace(new_image("set/5 – Straße.jpg"), split="test", source_id=2**40), segments, done=True),
        StagedImage(replace(new_image("6.jpg"), split="val", source_id=0), None, done=False),
    ]
    insert_staged(session, map(staged_line, images), client="an import", user="ann")


def _tell_of_review(session: Session) -> None:
    """What came with schema 0004: masks that are edited and cut, and images that are judged, skipped and deleted."""
    cut, judged, skipped, deleted = (filled_image(session, f"{number}.jpg", 3) for number in range(7, 11))
    first, second, _ = proposal_ids(session, cut)
    whole = box_mask(20)
    parts = tuple(halves(whole))
    correct(session, cut, Request(Operation.EDIT, proposals=(first,), mask=whole))
    correct(session, cut, Request(Operation.SLICE, segments=(1,), masks=parts))
    correct(session, cut, Request(Operation.FILL, segments=(2,), mask=box_mask(33)), user="ben")
    correct(session, cut, Request(Operation.SPLIT, proposals=(second,), masks=tuple(halves(box_mask(1)))))
    correct(session, cut, Request(Operation.DRAW, masks=(box_mask(4), box_mask(5)), category_id=1))
    correct(session, judged, Request(Operation.DRAW, mask=box_mask(6), category_id=5))
    correct(session, judged, Request(Operation.DONE, comment="ready – ü"))
    correct(session, judged, Request(Operation.APPROVE), user="ben")
    correct(session, judged, Request(Operation.SEND_BACK, comment="the ear\nis missing"), user="ben")
    correct(session, skipped, Request(Operation.SKIP))
    correct(session, deleted, Request(Operation.DRAW, mask=box_mask(7), category_id=1))
    for operation in (Operation.DELETE_IMAGE, Operation.REOPEN, Operation.DELETE_IMAGE):
        correct(session, deleted, Request(operation))


def _tell_of_people(session: Session) -> None:
    """Two people, one gone; and a category that became another's."""
    for name in ("Dora", "Bén"):
        add_person(session, name, f"hash of {name}")
    remove_person(session, "Bén")
    before = load_label_set(session)
    update_category(session, replace(before.get(2), key="q"))
    record_label_change(session, user="ann", kind=LabelEdit.CHANGE, before=before)
    before = load_label_set(session)
    images = relabel_everywhere(session, user="ann", client="a merge", from_id=5, to_id=1)
    remove_category(session, 5)
    record_label_change(session, user="ann", kind=LabelEdit.MERGE, before=before, images=images, target=1)


def describe(workspace: Workspace) -> dict[str, Any]:
    """All that the repositories say of a workspace, but for moments in time, as plain JSON values."""
    with workspace.database.read() as session:
        return {
            "workspace": workspace.id,
            "categories": [
                [category.id, category.name, category.is_thing, list(category.colour)]
                for category in load_label_set(session)
            ],
            "images": [
                {
                    "image": [image.id, image.sha256, image.file_name, image.width, image.height, image.state.value],
                    "truth": _truth(session, image.id),
                    "proposals": [
                        [one.id, one.model_sha256, one.query, one.mask.counts, one.score, one.name, one.decision.value]
                        for one in load_proposals(session, image.id)
                    ],
                    "log": _log(session, image.id),
                }
                for image in _images(session)
            ],
            **_learning(session),
            **_finding(session),
            **_people(session),
        }


def _images(session: Session) -> tuple[ImageRecord, ...]:
    deleted = list_page(session, ImageFilter(state=ImageState.DELETED), limit=99)
    return (*list_images(session, limit=99), *deleted)


def _people(session: Session) -> dict[str, Any]:
    """Of persons, what they did, and the label set's log; nothing where nobody has a name, as before schema 0004."""
    persons = list_persons(session)
    if not persons:
        return {}
    return {
        "persons": [[one.id, one.name, one.password_hash, one.sessions] for one in persons],
        "done by": [
            [one.user, {operation.value: number for operation, number in one.corrections.items()}, one.segments_made]
            for one in load_person_counts(session)
        ],
        "label changes": [
            [one.id, one.user, one.kind.value, list(map(list, one.images)), one.target, one.undone]
            for one in list_label_changes(session, limit=99)
        ],
        "keys": [[category.id, category.key] for category in load_label_set(session)],
        "remarks": [
            [image.id, remark.user, remark.text]
            for image in _images(session)
            if (remark := load_remark(session, image.id)) is not None
        ],
    }


def _learning(session: Session) -> dict[str, Any]:
    """Of snapshots, runs and models; nothing where there is none, as before schema 0002."""
    runs = list_runs(session)
    if not runs:
        return {}
    snapshots = [load_snapshot(session, number) for number in sorted({run.snapshot_id for run in runs})]
    promoted = promoted_model(session)
    return {
        "snapshots": [
            [
                [one.id, [category.name for category in one.label_set]],
                [[image.image_id, image.revision, image.part.value] for image in one.images],
            ]
            for one in snapshots
        ],
        "runs": [
            [run.id, run.snapshot_id, run.parent_name, dict(run.request), run.state.value, run.message] for run in runs
        ],
        "models": [
            [one.id, one.name, one.sha256, one.parent_sha256, one.run_id, dict(one.scores)]
            for one in list_models(session)
        ],
        "promoted": None if promoted is None else promoted.name,
    }


def _finding(session: Session) -> dict[str, Any]:
    """Of what images are found by; nothing where no image has a tag, as before schema 0003."""
    statistics = load_statistics(session)
    if not statistics.tags:
        return {}
    return {
        "finding": [
            [image.id, image.split, image.source_id, image.best_score, list(image_tags(session, image.id))]
            for image in list_images(session, limit=99)
        ],
        "tags": [list(one) for one in statistics.tags],
        "counts": [[one.category.id, one.segments, one.images] for one in statistics.categories],
        "unlabelled": list(statistics.unlabelled),
    }


def _truth(session: Session, image_id: int) -> dict[str, Any]:
    truth = load_truth(session, image_id)
    return {
        "revision": truth.revision,
        "done": truth.done,
        "last_segment_id": truth.last_segment_id,
        "decisions": {str(number): decision.value for number, decision in truth.decisions.items()},
        "segments": [
            [one.id, one.mask.counts, one.category_id, one.order, one.source.value, one.crowd, list(one.proposals)]
            for one in truth.segments
        ],
    }


def _log(session: Session, image_id: int) -> list[Any]:
    return [
        {
            "who": [step.revision, step.base_revision, step.user, step.client],
            "what": [step.operation.value, step.target, _change(step.change)],
            "seen": [step.evidence.threshold, step.evidence.shown_s, proposals_to_json(step.evidence.proposals)],
            **({} if step.comment is None else {"comment": step.comment}),
        }
        for step in history(session, image_id)
    ]


def _change(change: Change) -> dict[str, Any]:
    """In the words of the first schemas, where an image was done or not; what it may be besides is told besides."""
    told = change_to_json(change)
    progress = told.pop("progress")
    plain = progress is None or set(progress) <= {"open", "done"}
    told["done"] = None if progress is None else [Progress(each).is_done for each in progress]
    return told if plain else {**told, "progress": progress}


def make_golden() -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Workspace.open(Path(folder)) as workspace:
            with workspace.database.write() as session:
                tell(session)
            found = describe(workspace)
        connection = sqlite3.connect(Path(folder) / DATABASE_NAME)
        (schema,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("VACUUM")
        connection.close()
        (GOLDEN / f"schema_{schema}.db").write_bytes((Path(folder) / DATABASE_NAME).read_bytes())
    (GOLDEN / f"schema_{schema}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    make_golden()
