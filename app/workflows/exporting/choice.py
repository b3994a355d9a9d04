"""Which images an export takes, under which ids, names and splits: settled at one moment, before it writes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from core.annotation.errors import FormatError
from core.annotation.labels import LabelSet
from core.annotation.splits import split_of
from core.annotation.truth import Truth
from core.formats.names import UniqueNames
from storage.categories import load_label_set
from storage.exports import DONE_STATES, WORKED_STATES, ExportRow, export_rows, segment_ids_differ
from storage.images import state_of
from storage.snapshots import Snapshot, load_snapshot
from storage.tables import ImageState
from storage.workspace import Workspace

# What an export can ask for, and the images that it then takes.
STATES = {
    "all": WORKED_STATES,
    "done": DONE_STATES,
    "approved": frozenset({ImageState.APPROVED}),
    "skipped": frozenset({ImageState.SKIPPED}),
}
OWN_IDS = "image ids are the workspace's own: several images have the same id in the data set they came from"


@dataclass(frozen=True)
class Choice:
    """The images of an export. Raises FormatError for a state that there is not.

    state: "all" takes every image that has a segment or is done, but for skipped and deleted ones; "done" those that
    are done or approved, "approved" these alone, "skipped" those that have a segment.   split: only this one.
    categories: names; only images that have a segment of one of them, with all their segments; none takes all.
    shares: splits anew, by the hash of the photos' files; None keeps the splits of the workspace.
    snapshot: only the images of the snapshot with this number, with their truth and label set of that time.
    """

    state: str = "all"
    split: str | None = None
    categories: tuple[str, ...] = ()
    shares: Mapping[str, float] | None = None
    snapshot: int | None = None

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise FormatError(f"images are chosen by the state {', '.join(STATES)}, got {self.state!r}")


@dataclass(frozen=True, slots=True)
class Pick:
    """An image of the export. `image_id` is the one in its files, `id` the workspace's."""

    id: int
    image_id: int
    revision: int
    export_name: str
    split: str


@dataclass(frozen=True)
class Selection:
    """The export's images in order, at the revisions of one moment, with the label set of then.

    `category_ids`: an image needs a segment of one of them; None for any.
    """

    choice: Choice
    label_set: LabelSet
    picks: tuple[Pick, ...]
    category_ids: frozenset[int] | None
    keeps_segment_ids: bool
    snapshot: Snapshot | None
    notes: tuple[str, ...]

    def takes(self, truth: Truth) -> bool:
        """Whether an image of a snapshot, whose truth of then is known only now, is chosen."""
        if state_of(truth.revision, truth.progress) not in STATES[self.choice.state]:
            return False
        if not (truth.done or truth.segments):
            return False
        categories = self.category_ids
        return categories is None or any(segment.category_id in categories for segment in truth.segments)


def select_images(workspace: Workspace, choice: Choice) -> Selection:
    """Settle what an export takes. Raises FormatError for an empty choice and for names that are not known."""
    with workspace.database.read() as session:
        snapshot = None if choice.snapshot is None else load_snapshot(session, choice.snapshot)
        label_set = load_label_set(session) if snapshot is None else snapshot.label_set
        category_ids = _category_ids(choice, label_set)
        rows = _rows(session, choice, snapshot, category_ids)
        chosen = [_Chosen.of(row, name, choice) for row, name in _named(rows) if row.chosen]
        keeps = snapshot is None and segment_ids_differ(
            session,
            states=STATES[choice.state],
            category_ids=category_ids,
            split=choice.split if choice.shares is None else None,
        )
    in_split = [one for one in chosen if choice.split in (None, one.split)]
    if chosen and not in_split:
        raise FormatError(f"no image of that choice is in the split {choice.split!r}: {_counted(chosen)}")
    ids = _image_ids(in_split)
    picks = tuple(
        Pick(one.id, one.id if ids is None else ids[one.id], one.revision, one.name, one.split) for one in in_split
    )
    notes = () if ids is not None else (OWN_IDS,)
    return Selection(choice, label_set, picks, category_ids, keeps, snapshot, notes)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What is kept of a chosen image until all are known: little, since there may be a million."""

    id: int
    source_id: int | None
    revision: int
    name: str
    split: str

    @classmethod
    def of(cls, row: ExportRow, name: str, choice: Choice) -> _Chosen:
        split = row.split if choice.shares is None else split_of(row.sha256, choice.shares)
        return cls(row.id, row.source_id, row.revision, name, sys.intern(split))


def _rows(
    session: Session, choice: Choice, snapshot: Snapshot | None, category_ids: frozenset[int] | None
) -> Iterable[ExportRow]:
    rows = export_rows(session, states=STATES[choice.state], category_ids=category_ids)
    if snapshot is None:
        return rows
    revisions = {image.image_id: image.revision for image in snapshot.images}
    return (replace(row, revision=revisions.get(row.id, 0), chosen=row.id in revisions) for row in rows)


def _named(rows: Iterable[ExportRow]) -> Iterable[tuple[ExportRow, str]]:
    """Each image with its name in exports; images that are left out use up their names, so names never shift."""
    names = UniqueNames()
    return ((row, names.take(row.file_name, row.display_type)) for row in rows)


def _category_ids(choice: Choice, label_set: LabelSet) -> frozenset[int] | None:
    if not choice.categories:
        return None
    found = set()
    for name in choice.categories:
        category = label_set.named(name)
        if category is None:
            known = ", ".join(category.name for category in label_set)
            raise FormatError(f"no category is called {name!r}; the label set has {known:.1000}")
        found.add(category.id)
    return frozenset(found)


def _image_ids(images: Sequence[_Chosen]) -> Mapping[int, int] | None:
    """The id in the files of each image: the one it came with, else its own, or one above all where that is taken.

    None when two images came with the same id.
    """
    given = {image.id: image.source_id for image in images if image.source_id is not None}
    taken = set(given.values())
    if len(taken) < len(given):
        return None
    above = max([*taken, *(image.id for image in images)], default=0)
    own = (image.id for image in images if image.source_id is None)
    return given | {number: above + number if number in taken else number for number in own}


def _counted(chosen: Iterable[_Chosen]) -> str:
    counts = Counter(one.split for one in chosen)
    return "there are " + ", ".join(f"{count} in {split}" for split, count in sorted(counts.items()))
