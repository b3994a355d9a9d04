"""The workspace in numbers: images per state and split, segments per category."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import gradio as gr

from app.pages.markup import Markup, element, join, table, text
from core.annotation.words import counted
from storage.person_counts import PersonCount, load_person_counts
from storage.statistics import Statistics, load_statistics
from storage.tables import ImageState
from storage.workspace import Workspace

STATE_NAMES = {
    ImageState.NEW: "new",
    ImageState.IN_WORK: "in work",
    ImageState.SENT_BACK: "sent back",
    ImageState.DONE: "done",
    ImageState.APPROVED: "approved",
    ImageState.SKIPPED: "skipped",
    ImageState.DELETED: "deleted",
}
# Shown at all times; a workspace without review need not look at empty columns.
ALWAYS_SHOWN = (ImageState.NEW, ImageState.IN_WORK, ImageState.DONE)


class Numbers:
    """The part of a page that shows them; `show` reads them anew for `outputs`."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.outputs: list[gr.HTML] = []

    def build(self) -> None:
        gr.Markdown("## The workspace in numbers")
        self.outputs.append(gr.HTML(elem_id="numbers", padding=False))

    def show(self) -> Markup:
        with self._workspace.database.read() as session:
            found = load_statistics(session)
            people = load_person_counts(session)
        name = self._workspace.folder.resolve().name
        used = sum(1 for one in found.categories if one.segments)
        counts = (
            counted(found.images, "image"),
            counted(found.segments, "segment"),
            counted(used, "category", "categories") + " in use",
        )
        return join(
            element("p", text(f"{name}: {', '.join(counts)}")),
            _images(found),
            _categories(found),
            _people(people),
        )


def _images(found: Statistics) -> Markup:
    rows = [(split, by_state) for split, by_state in found.by_split.items()]
    if len(rows) > 1:
        rows.append(("all", found.by_state))
    states = [state for state in STATE_NAMES if state in ALWAYS_SHOWN or found.by_state[state]]
    return table(
        ["Split", *(STATE_NAMES[state].capitalize() for state in states)],
        [[text(split), *(text(f"{by_state[state]:,}") for state in states)] for split, by_state in rows],
        described="Images by split and state",
    )


def _categories(found: Statistics) -> Markup:
    def rows() -> Iterator[list[Markup]]:
        segments, images = found.unlabelled
        if segments:
            yield [text("unlabelled"), text(f"{segments:,}"), text(f"{images:,}")]
        used = [one for one in found.categories if one.segments]
        for one in sorted(used, key=lambda one: -one.segments):
            yield [text(one.category.name), text(f"{one.segments:,}"), text(f"{one.images:,}")]

    shown = list(rows())
    return table(["Category", "Segments", "Images"], shown, described="Segments by category") if shown else join()


def _people(people: Sequence[PersonCount]) -> Markup:
    """What each person did; one who works alone is not told apart from nobody."""
    if len(people) < 2:
        return join()
    rows = [
        [
            text(one.user),
            text(f"{sum(one.corrections.values()):,}"),
            text(f"{one.segments_made:,}"),
            text(f"{one.images_done:,}"),
            text(f"{one.last_at:%Y-%m-%d %H:%M} UTC"),
        ]
        for one in people
    ]
    headers = ["Person", "Corrections", "Segments made", "Images done", "Last"]
    return table(headers, rows, described="Work by person")
