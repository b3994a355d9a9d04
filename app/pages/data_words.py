"""What the Data page says of formats and folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.pages.markup import Markup, element, join, lines, table, text
from app.workflows.importing import Becomes, CategoryPlan, ImportPlan, ImportReport
from core.annotation.errors import FormatError
from core.annotation.words import counted
from core.formats.capabilities import CAPABILITIES, Apart, Capability

# The rest of a long list stands in the report of the import.
PROBLEMS_SHOWN = 20
_APART = {
    Apart.ALL: "every segment",
    Apart.THINGS: "things one by one, stuff merged",
    Apart.NONE: "categories without single segments",
}


def format_choices(names: Iterable[str]) -> list[tuple[str, str]]:
    """(title, name) of each format."""
    return [(CAPABILITIES[name].title, name) for name in names]


def held_by(name: str) -> Markup:
    """What a format holds and what it does not, in a sentence each."""
    held = CAPABILITIES[name]
    able = [_APART[held.apart], *(what for what, has in _abilities(held) if has)]
    missing = [what for what, has in _abilities(held) if not has]
    said = f"Holds {', '.join(able)}." + (f" Does not hold {', '.join(missing)}." if missing else "")
    return element("p", text(said), kind="mw-quiet")


def plan_shown(plan: ImportPlan) -> Markup:
    """What an import would make of a data set."""
    said = f"{counted(plan.data_set.count, 'image')}, {counted(len(plan.categories), 'category', 'categories')}."
    if plan.clashes:
        said += (
            f" {counted(len(plan.clashes), 'category clashes', 'categories clash')} with what is here: choose above."
        )
    open_ones = {clash.category for clash in plan.clashes}
    rows = [
        [
            text(str(one.category.id)),
            text(one.category.name),
            text("thing" if one.category.is_thing else "stuff"),
            text("not settled" if one.category in open_ones else _becomes(one)),
            text(one.note),
        ]
        for one in plan.categories
    ]
    return join(
        element("p", text(said)),
        lines([str(problem) for problem in plan.data_set.problems[:PROBLEMS_SHOWN]]),
        table(["Id", "Name", "Kind", "Becomes", ""], rows, described="The categories of the data set"),
    )


def import_shown(report: ImportReport) -> Markup:
    """What an import did."""
    head, *rest = report.lines()
    return join(element("p", text(head)), lines(rest))


def folder_here(path: str | None) -> Path:
    """A place on this machine that somebody typed. Raises FormatError when it is not told from its root."""
    place = Path((path or "").strip()).expanduser()
    if not place.is_absolute():
        raise FormatError(f"{str(path or '')!r:.200} is no whole path; write it from the root, such as /data/set")
    return place


def _becomes(one: CategoryPlan) -> str:
    if one.target is None:
        return "nothing"
    return f"{one.target.id} {one.target.name}" + (" (new)" if one.becomes is Becomes.NEW else "")


def _abilities(held: Capability) -> list[tuple[str, bool]]:
    return [
        ("overlaps", held.overlaps),
        ("holes", held.holes),
        ("several parts", held.parts),
        ("exact pixels", held.exact),
        ("crowds", held.crowd),
        ("void", held.void),
        ("unlabelled segments", held.unlabelled),
        ("thing or stuff", held.kinds),
        ("splits", held.splits),
    ]
