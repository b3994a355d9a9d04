"""Each kind of damage is found, named and, where that loses nothing, repaired."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.sql import Executable

from core.annotation.changes import Change, DecisionChange
from core.annotation.corrections import Operation, Request
from core.annotation.truth import Decision
from storage import corrections
from storage.categories import seed_label_set
from storage.checking.check import check_workspace
from storage.checking.files import YOUNG_S
from storage.checking.findings import Finding
from storage.corrections import record
from storage.images import NewImage, add_image
from storage.proposals import save_proposals
from storage.tables import (
    CategoryCountRow,
    ImageCategoryRow,
    ImageRow,
    ImageState,
    PersonCountRow,
    ProposalRow,
    SegmentRow,
)
from storage.workspace import Workspace
from tests.storage.new_workspaces import new_workspace
from tests.storage.stored_samples import HEIGHT, LABELS, MODEL, WIDTH, box_mask, correct, proposal_ids, proposals


def silent(_unit: str) -> Callable[[int, int], None]:
    return lambda finished, total: None


def check(workspace: Workspace, *, repair: bool = False) -> list[Finding]:
    return list(check_workspace(workspace, repair=repair, progress=silent))


@pytest.fixture(params=["sqlite", "postgresql"])
def worked_in(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    """Two images with their photos, corrected by several operations."""
    url = str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else None
    with new_workspace(tmp_path / "work", database=url) as workspace:
        for number in range(2):
            photo = workspace.blobs.put(f"photo {number}".encode())
            image = NewImage(photo, photo, "image/png", f"{number}.png", WIDTH, HEIGHT)
            with workspace.database.write() as session:
                seed_label_set(session, LABELS)
                image_id = add_image(session, image)[0].id
                save_proposals(session, image_id, MODEL, "default", proposals(5))
                ids = proposal_ids(session, image_id)
                correct(session, image_id, Request(Operation.ACCEPT, proposals=tuple(ids[:3])))
                correct(session, image_id, Request(Operation.DRAW, mask=box_mask(70), category_id=2))
                correct(session, image_id, Request(Operation.DELETE, segments=(1,)))
                correct(session, image_id, Request(Operation.DONE))
        yield workspace


def damage(workspace: Workspace, *statements: Executable) -> None:
    with workspace.database.write() as session:
        for statement in statements:
            session.execute(statement)


def test_a_whole_workspace_has_no_finding(worked_in: Workspace) -> None:
    assert check(worked_in) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (update(SegmentRow).where(SegmentRow.id == 3).values(area=1), ["mask"] * 2),
        (update(ProposalRow).where(ProposalRow.query == 1).values(bbox_x=99), ["mask"] * 2),
        (update(ImageRow).values(state=ImageState.NEW), ["state"] * 3 + ["counts"]),
        (update(ImageRow).values(state=ImageState.APPROVED), ["state"] * 2 + ["counts"]),
        (update(ImageRow).values(done=False), ["state"]),
        (update(PersonCountRow).values(segments=99), ["counts"]),
        (delete(PersonCountRow), ["counts"]),
        (update(ImageCategoryRow).values(segments=7), ["counts"]),
        (delete(CategoryCountRow), ["counts"]),
        (update(CategoryCountRow).values(images=7), ["counts"]),
    ],
    ids=["area", "box", "state", "approved", "done mark", "people", "no people", "image counts", "no sums", "sums"],
)
def test_what_follows_from_other_rows_is_repaired(
    worked_in: Workspace, statement: Executable, found: list[str]
) -> None:
    damage(worked_in, statement)
    findings = check(worked_in)
    assert [finding.what for finding in findings] == found
    assert not any(finding.repaired for finding in findings)
    assert all("--repair" in str(finding) for finding in findings)
    assert check(worked_in, repair=True)[0].repaired
    assert check(worked_in) == []


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        (update(SegmentRow).values(counts="nonsense\x7f"), "no COCO RLE text"),
        (update(SegmentRow).values(counts="1234"), "must be at least 0 and sum to 192"),
        (update(ImageRow).values(width=WIDTH + 1), "must be at least 0 and sum to 204"),
        (update(SegmentRow).values(crowd=True), "not those that its log makes"),
        (update(ProposalRow).where(ProposalRow.query == 0).values(decision="deferred"), "not those that its log makes"),
        (update(ImageRow).values(revision=3), "is at revision 3, its log has 4 corrections"),
    ],
    ids=["no mask", "short mask", "another size", "segment", "decision", "revision"],
)
def test_what_contradicts_the_log_is_said_and_left_alone(worked_in: Workspace, statement: Executable, why: str) -> None:
    damage(worked_in, statement)
    findings = check(worked_in)
    assert any(why in finding.why for finding in findings), findings
    repaired = [finding for finding in check(worked_in, repair=True) if why in finding.why]
    assert repaired
    assert not any(finding.repaired for finding in repaired)
    assert all("put the workspace's backup in its place" in str(finding) for finding in repaired)


def test_a_segment_of_a_proposal_that_is_not_accepted_is_said(
    worked_in: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an undo made it once: the log agrees with it."""
    monkeypatch.setattr(corrections, "check_proposals_stand", lambda *_: None)
    with worked_in.database.write() as session:
        proposal_id = proposal_ids(session, 1)[4]
        made = correct(session, 1, Request(Operation.ACCEPT, proposals=(proposal_id,)))
        change = Change(decisions=(DecisionChange(proposal_id, Decision.ACCEPTED, Decision.REJECTED),))
        record(
            session,
            image_id=1,
            client="an older page",
            seq=1,
            user="ann",
            base_revision=made.revision,
            operation=Operation.REJECT,
            change=change,
        )
    (finding,) = check(worked_in)
    assert f"it is made of proposal {proposal_id}, which is rejected" in str(finding)
    with worked_in.database.write() as session:
        correct(session, 1, Request(Operation.DELETE, segments=(made.last_segment_id,)))
        correct(session, 1, Request(Operation.ACCEPT, proposals=(proposal_id,)))
    assert check(worked_in) == []


def test_photos_that_are_gone_or_changed_are_named(worked_in: Workspace) -> None:
    first, second = worked_in.blobs.hashes()
    worked_in.blobs.delete(first)
    worked_in.blobs.existing_path(second).write_bytes(b"rotten")
    findings = check(worked_in, repair=True)
    assert sorted(finding.why.partition(":")[0] for finding in findings) == ["damaged", "missing"]
    assert {first, second} == {finding.where.split()[0] for finding in findings}
    assert not any(finding.repaired for finding in findings)


def test_what_a_killed_import_left_is_said_at_once_and_what_nobody_needs_deleted_after_a_day(
    worked_in: Workspace,
) -> None:
    wanted = set(worked_in.blobs.hashes())
    orphan = worked_in.blobs.put(b"its import was killed")
    unpacked = worked_in.imports_folder / "killed" / "unpacked"
    unpacked.mkdir(parents=True)
    draft = worked_in.folder / "models" / ".config.json.1a2b3c.part"
    draft.write_bytes(b"half")
    for repair in (False, True):
        young = check(worked_in, repair=repair)
        assert [(one.what, one.repaired) for one in young] == [("photo", False), ("folder", False)]
        assert all("--repair deletes it once it is a day old" in str(one) for one in young)
    long_ago = time.time() - YOUNG_S - 60
    for path in (worked_in.blobs.existing_path(orphan), unpacked.parent, draft):
        os.utime(path, (long_ago, long_ago))
    found = [(one.what, one.repaired) for one in check(worked_in)]
    assert found == [("photo", False), ("folder", False), ("file", False)]
    assert [one.repaired for one in check(worked_in, repair=True)] == [True, True, True]
    assert not draft.exists()
    assert not unpacked.parent.exists()
    assert set(worked_in.blobs.hashes()) == wanted
    assert check(worked_in) == []


def test_rows_that_refer_to_nothing_are_said(workspace: Workspace) -> None:
    with workspace.database.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.execute(text("INSERT INTO image_tag (image_id, tag) VALUES (404, 'lost')"))
        connection.commit()
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
    (finding,) = check(workspace)
    assert finding.what == "database"
    assert "refers to a row of image that is gone" in finding.why


def test_damaged_pages_are_said(tmp_path: Path) -> None:
    with new_workspace(tmp_path / "work") as workspace:
        with workspace.database.write() as session:
            for number in range(300):
                add_image(session, NewImage(f"{number:064x}", "a" * 64, "image/png", "photo.png" * 20, WIDTH, HEIGHT))
        path = workspace.database.path
    content = bytearray(path.read_bytes())
    # An index' key that is no longer in order is seen by no query that does not use it.
    place = content.rindex(f"{123:064x}".encode())
    content[place : place + 64] = f"{999:064x}".encode()
    path.write_bytes(content)
    with Workspace.open(tmp_path / "work") as workspace:
        found = check(workspace)
    assert "database" in {finding.what for finding in found}
