"""What becomes of a data set's categories in a workspace that has its own.

A name meets the same name here, whose id and kind win; a new one keeps its id. What stands twice in the set is
dropped where it is unused; else, and where an id belongs to another name here, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from app.workflows.importing.report import cut
from app.workflows.importing.requests import Becomes, CategoryPlan, Clash
from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.formats.capabilities import Capability
from core.formats.imported import DataSet
from storage.imports import MAX_CATEGORY_ID, KnownCategory


def plan_categories(
    data_set: DataSet,
    known: Sequence[KnownCategory],
    holds: Capability,
    mapping: Mapping[str, str],
    *,
    new_ids: bool = False,
) -> tuple[tuple[CategoryPlan, ...], tuple[Clash, ...]]:
    """(what becomes of each category of the set, in its order; what must be settled first).

    known: the workspace's categories, removed ones too.   mapping, new_ids: see ImportRequest.
    Raises FormatError when a mapping names nothing, or something twice; LabelSetError for a name that cannot be.
    """
    places = _Places(data_set.categories)
    mapped = _resolved(data_set.categories, places, mapping)
    planner = _Planner(data_set, places, mapped, known, holds, free_ids=new_ids or not holds.category_ids)
    planner.drop_what_stands_twice()
    planner.match()
    planner.map()
    return planner.plans(), tuple(planner.clashes)


def _resolved(categories: Sequence[Category], places: _Places, mapping: Mapping[str, str]) -> dict[int, str]:
    """The place of each mapped category, and the name it is mapped to."""
    mapped: dict[int, str] = {}
    for old, new in mapping.items():
        for place in places.of(old):
            if mapped.setdefault(place, new) != new:
                raise FormatError(f"category {categories[place].name!r} is mapped to {mapped[place]!r} and {new!r}")
    return mapped


class _Places:
    """Where in the set a category is that a person names: by #id, its name or its id, the first of these that fits."""

    def __init__(self, categories: Sequence[Category]) -> None:
        self._categories = categories
        self._by_name: dict[str, list[int]] = {}
        self._by_id: dict[str, list[int]] = {}
        for place, category in enumerate(categories):
            self._by_name.setdefault(category.name, []).append(place)
            self._by_id.setdefault(str(category.id), []).append(place)

    def of(self, old: str) -> list[int]:
        """Raises FormatError when it names nothing, or several that only their ids tell apart."""
        if old.startswith("#") and old[1:] in self._by_id:
            return self._by_id[old[1:]]
        by_name = self._by_name.get(old, [])
        ids = {self._categories[place].id for place in by_name}
        if len(ids) > 1:
            raise FormatError(f"several categories of the set are called {old!r}; map their ids {sorted(ids)} instead")
        found = by_name or self._by_id.get(old, [])
        if not found:
            listed = [f"{category.id} {category.name!r}" for category in self._categories]
            names = ", ".join(cut(listed, "categories")) or "none"
            raise FormatError(f"the set has no category {old!r:.120} to map; it has {names}")
        return found

    def option(self, place: int) -> str:
        """What names the category alone."""
        category = self._categories[place]
        name, by_hash = category.name, category.name.startswith("#") and category.name[1:] in self._by_id
        return self.option_by_id(place) if len(self._by_name[name]) > 1 or "=" in name or by_hash else name

    def option_by_id(self, place: int) -> str:
        number = str(self._categories[place].id)
        return f"#{number}" if number in self._by_name else number


class _Planner:
    """The set's categories by their place, `plan` fills up in three steps."""

    def __init__(
        self,
        data_set: DataSet,
        places: _Places,
        mapped: Mapping[int, str],
        known: Sequence[KnownCategory],
        holds: Capability,
        *,
        free_ids: bool,
    ) -> None:
        self._set = data_set.categories
        self._uses: Callable[[int], bool] = cache(data_set.uses)
        self._known = {one.category.name: one for one in sorted(known, key=lambda one: one.in_use)}
        self._owner = {one.category.id: one for one in known}
        self._holds = holds
        self._free_ids = free_ids
        self._places = places
        self._mapped = mapped
        self._free_from = max(self._owner, default=0) + 1
        self._plan: dict[int, CategoryPlan] = {}
        self._targets: dict[str, Category] = {}
        self._target_ids: set[int] = set()
        self.clashes: list[Clash] = []

    def plans(self) -> tuple[CategoryPlan, ...]:
        return tuple(self._plan[place] for place in sorted(self._plan))

    def drop_what_stands_twice(self) -> None:
        self._one_id_twice()
        self._one_name_twice()

    def match(self) -> None:
        """Names that are here already, and new ones with their own ids."""
        unsettled: list[int] = []
        for place in self._open():
            category = self._set[place]
            here = self._known.get(category.name)
            if here is not None:
                self._put(place, self._met(category, here))
            elif (reason := self._taken(category)) is None:
                self._put(place, CategoryPlan(category, Becomes.NEW, category))
            else:
                unsettled.append(place)
                self._settle(place, reason)
        for place in unsettled:
            if place not in self._plan:
                self._put(place, self._given_an_id(self._set[place]))

    def map(self) -> None:
        """What a person mapped, last: it may name what another category of the set becomes."""
        for place, name in self._mapped.items():
            category = self._set[place]
            wanted = replace(category, name=name)
            target = self._targets.get(name)
            if target is not None:
                self._put(place, CategoryPlan(category, Becomes.EXISTING, target, f"becomes {name!r}"))
            elif name in self._known:
                self._put(place, self._met(wanted, self._known[name], of=category))
            else:
                self._put(place, self._given_an_id(wanted, of=category))

    def _one_id_twice(self) -> None:
        first_of: dict[int, int] = {}
        for place in self._open():
            category = self._set[place]
            first = self._set[first_of.setdefault(category.id, place)]
            if first is category:
                continue
            reason = f"has the id of {first.name!r}"
            if first.name != category.name and self._uses(category.id):
                reason = f"{reason}, and segments with that id may be either"
                self._clash(place, self._places.option_by_id(place), first.name, reason)
            else:
                self._drop(place, f"it {reason}, which comes before it")

    def _one_name_twice(self) -> None:
        by_name: dict[str, list[int]] = {}
        for place in self._open():
            by_name.setdefault(self._set[place].name, []).append(place)
        for name, places in by_name.items():
            if len(places) == 1:
                continue
            used = [place for place in places if self._uses(self._set[place].id)]
            kept = (used or places)[0]
            for place in places:
                if place in used[1:]:
                    reason = f"has the name of category {self._set[kept].id}, and segments have either"
                    self._clash(place, self._places.option_by_id(place), name, reason)
                elif place != kept:
                    self._drop(place, f"no segment has it, and category {self._set[kept].id} has its name")

    def _open(self) -> Iterator[int]:
        """Places that are neither planned nor mapped."""
        return (place for place in range(len(self._set)) if place not in self._plan and place not in self._mapped)

    def _met(self, category: Category, here: KnownCategory, of: Category | None = None) -> CategoryPlan:
        """The same name is here, or was: its id counts, and its kind while it is in use."""
        notes = [] if of is None else [f"becomes {category.name!r}"]
        if here.category.id != category.id and self._holds.category_ids and of is None:
            notes.append(f"has the id {here.category.id} here")
        if not here.in_use:
            target = replace(category, id=here.category.id)
            return CategoryPlan(of or category, Becomes.NEW, target, ", ".join([*notes, "was removed and comes back"]))
        if here.category.is_thing != category.is_thing and self._holds.kinds:
            notes.append(f"is {_kind(here.category)} here and {_kind(category)} in the set")
        return CategoryPlan(of or category, Becomes.EXISTING, here.category, ", ".join(notes))

    def _taken(self, category: Category) -> str | None:
        """Why a new category cannot keep its id, None when it can."""
        owner = self._owner.get(category.id)
        if owner is not None:
            return f"has the id of {'' if owner.in_use else 'the removed '}{owner.category.name!r} here"
        if category.id > MAX_CATEGORY_ID:
            return f"has an id over {MAX_CATEGORY_ID}, the highest there is here"
        return None

    def _settle(self, place: int, reason: str) -> None:
        """A new category that cannot keep its id gets one, goes, or must be asked about."""
        category = self._set[place]
        if self._free_ids:
            return
        if not self._uses(category.id):
            self._drop(place, f"no segment has it, and it {reason}")
            return
        self._clash(place, self._places.option(place), category.name, reason)

    def _given_an_id(self, wanted: Category, of: Category | None = None) -> CategoryPlan:
        target = replace(wanted, id=self._free_id())
        what = f"becomes {wanted.name!r} with" if of is not None and of.name != wanted.name else "gets"
        return CategoryPlan(of or wanted, Becomes.NEW, target, f"{what} the id {target.id}, the next free one")

    def _free_id(self) -> int:
        """Above every id that the workspace gave, and none that the set's new categories keep."""
        while self._free_from in self._target_ids:
            self._free_from += 1
        self._free_from += 1
        return self._free_from - 1

    def _put(self, place: int, plan: CategoryPlan) -> None:
        self._plan[place] = plan
        if plan.target is not None:
            self._targets.setdefault(plan.target.name, plan.target)
            self._target_ids.add(plan.target.id)

    def _drop(self, place: int, reason: str) -> None:
        self._put(place, CategoryPlan(self._set[place], Becomes.DROPPED, None, reason))

    def _clash(self, place: int, option: str, suggestion: str, reason: str) -> None:
        category = self._set[place]
        self.clashes.append(Clash(category, option, suggestion, reason))
        self._put(place, CategoryPlan(category, Becomes.DROPPED, None, f"it {reason}"))


def _kind(category: Category) -> str:
    return "a thing" if category.is_thing else "stuff"


def new_categories(plans: Iterable[CategoryPlan]) -> tuple[Category, ...]:
    """The categories that the workspace gets, each once, in the set's order."""
    return tuple({one.target.id: one.target for one in plans if one.becomes is Becomes.NEW and one.target}.values())
