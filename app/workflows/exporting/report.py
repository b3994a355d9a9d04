"""What an export says of itself: on the terminal, on the page, and in a file beside the data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.workflows.exporting.choice import Choice, Pick
from core.annotation.labels import LabelSet
from core.annotation.words import counted
from core.formats.capabilities import Capability
from core.formats.exported import Loss
from storage.snapshots import Snapshot

REPORT_FILE = "export-report.json"
SNAPSHOT_FILE = "snapshot.json"


@dataclass(frozen=True)
class Renamed:
    """A photo whose name in the export is not its user's name for it."""

    image_id: int
    file_name: str
    export_name: str


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote, and what is not in it. `segments` are those in the files; `losses` say what was left out
    and what the format does not hold, `notes` what else a person should know. `splits` has each split's file names.
    `files` are relative to OUT, folders with a / at the end."""

    format: str
    images: int
    segments: int
    unlabelled_left_out: int
    hidden_left_out: int
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]
    splits: Mapping[str, tuple[str, ...]]
    renamed: tuple[Renamed, ...]
    files: tuple[str, ...]
    choice: Choice

    def lines(self) -> Iterator[str]:
        """The report in words."""
        yield (
            f"{counted(self.images, 'image')} with {counted(self.segments, 'segment')} as {self.format}: "
            f"{', '.join(self.files)}"
        )
        yield "splits: " + ", ".join(f"{name} {len(names)}" for name, names in self.splits.items())
        yield from map(str, self.losses)
        yield from self.notes

    def summary(self) -> str:
        """The report in words, a line each."""
        return "\n".join(self.lines())

    def to_json(self) -> bytes:
        """The report for programs; the same bytes for the same export, wherever and whenever it is made."""
        value = vars(self) | {
            "choice": vars(self.choice) | {"shares": dict(self.choice.shares) if self.choice.shares else None},
            "losses": [{"kind": loss.kind, "count": loss.count, "what": loss.what} for loss in self.losses],
            "renamed": [vars(one) for one in self.renamed],
        }
        return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode() + b"\n"


def label_losses(held: Capability, label_set: LabelSet) -> Iterator[Loss]:
    """What a format does not hold of the label set itself."""
    stuff = sum(not category.is_thing for category in label_set)
    if not held.category_ids:
        yield Loss(
            "category-ids", len(label_set), "category", "without the id: the format has names alone", "categories"
        )
    if not held.kinds and stuff:
        yield Loss("kinds", stuff, "stuff category", "no longer told from things", "stuff categories")
    if not held.colours:
        yield Loss("colours", len(label_set), "category", "without the colour", "categories")


def split_names(picks: Iterable[Pick]) -> dict[str, tuple[str, ...]]:
    """The file names of each split, train first as people do."""
    found: dict[str, list[str]] = {}
    for pick in picks:
        found.setdefault(pick.split, []).append(pick.export_name)
    return {split: tuple(found[split]) for split in sorted(found, key=lambda name: (name != "train", name))}


def snapshot_json(snapshot: Snapshot, written: Iterable[Pick]) -> bytes:
    """Which images a run learned from and which it was checked on."""
    names = {pick.id: pick for pick in written}
    images = [
        {
            "image_id": names[one.image_id].image_id,
            "export_name": names[one.image_id].export_name,
            "revision": one.revision,
            "part": one.part.value,
        }
        for one in snapshot.images
        if one.image_id in names
    ]
    value = {"snapshot": snapshot.id, "created_at": snapshot.created_at.isoformat(), "images": images}
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
