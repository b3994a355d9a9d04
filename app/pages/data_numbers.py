"""The workspace in numbers: images per state and split, segments per category."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from app.pages.markup import Markup, element, join, table, text
from core.annotation.words import counted
from storage.statistics import Statistics, load_statistics
from storage.tables import ImageState
from storage.workspace import Workspace

STATE_NAMES = {ImageState.NEW: "new", ImageState.IN_WORK: "in work", ImageState.DONE: "done"}


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
        )


def _images(found: Statistics) -> Markup:
    rows = [(split, by_state) for split, by_state in found.by_split.items()]
    if len(rows) > 1:
        rows.append(("all", found.by_state))
    return table(
        ["Split", *(name.capitalize() for name in STATE_NAMES.values())],
        [[text(split), *(text(f"{by_state[state]:,}") for state in STATE_NAMES)] for split, by_state in rows],
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
