"""The Labels page: the workspace's label set, extended and edited."""

from __future__ import annotations

import re

import gradio as gr

from app.services import Services
from core.annotation.errors import LabelSetError, MaskwrightError
from core.annotation.labels import Category, Colour, LabelSet, distinct_colour
from storage.categories import add_category, load_label_set, remove_category, reorder_categories, update_category

NEW = "a new category"
KINDS = {"thing (counted one by one)": True, "stuff (merged, like sky or road)": False}
DIGITS = "1234567890"

Choice = tuple[str, int]


def build(pages: gr.Blocks, services: Services) -> None:
    """A table of the categories, and a form that adds, changes, moves or removes one; both are read at each opening."""
    gr.Markdown("## Label set\nThe first ten categories have the keys 1 to 9 and 0 on the Annotate page.")
    with gr.Row():
        table = gr.Dataframe(
            headers=["Key", "Id", "Name", "Kind", "Colour"],
            datatype="str",
            interactive=False,
            max_height=560,
            show_search="search",
            elem_id="categories",
        )
        with gr.Column():
            _build_form(pages, services, table)


def _build_form(pages: gr.Blocks, services: Services, table: gr.Dataframe) -> None:
    which = gr.Dropdown(choices=[(NEW, -1)], value=-1, label="Change", elem_id="which")
    name = gr.Textbox(label="Name", elem_id="name", max_length=120)
    kind = gr.Radio(list(KINDS), value=next(iter(KINDS)), label="Kind", elem_id="kind")
    colour = gr.ColorPicker(label="Colour", value=_hex(distinct_colour(0)), elem_id="colour")
    with gr.Row():
        save = gr.Button("Save", variant="primary", elem_id="save")
        up = gr.Button("Move up", elem_id="up")
        down = gr.Button("Move down", elem_id="down")
        remove = gr.Button("Remove", variant="stop", elem_id="remove")
    told = gr.Textbox(label="Result", interactive=False, elem_id="told")

    def show(number: int) -> tuple[str, str, str]:
        label_set = _load(services)
        category = label_set.find(number)
        if category is None:
            return "", next(iter(KINDS)), _hex(distinct_colour(len(label_set)))
        return category.name, _kind_name(category), _hex(category.colour)

    def refreshed(told_text: str, number: int) -> tuple[object, list[list[str]], str]:
        label_set = _load(services)
        return gr.Dropdown(choices=_choices(label_set), value=number), _rows(label_set), told_text

    def on_save(number: int, new_name: str, kind_name: str, picked: str) -> tuple[object, list[list[str]], str]:
        try:
            with services.workspace.database.write() as session:
                clean, is_thing, shade = new_name.strip(), KINDS[kind_name], _colour(picked)
                if number < 0:
                    number = add_category(session, name=clean, is_thing=is_thing, colour=shade).id
                else:
                    update_category(session, Category(number, clean, is_thing, shade))
        except MaskwrightError as error:
            return refreshed(str(error), number)
        return refreshed("saved", number)

    def on_move(number: int, step: int) -> tuple[object, list[list[str]], str]:
        if number < 0:
            return refreshed("choose a category first", number)
        try:
            with services.workspace.database.write() as session:
                label_set = load_label_set(session)
                ids = [category.id for category in label_set]
                place = ids.index(label_set.get(number).id)
                ids.insert(max(0, place + step), ids.pop(place))
                reorder_categories(session, ids)
        except MaskwrightError as error:
            return refreshed(str(error), -1)
        return refreshed("moved", number)

    def on_remove(number: int) -> tuple[object, list[list[str]], str]:
        if number < 0:
            return refreshed("choose a category first", number)
        try:
            with services.workspace.database.write() as session:
                remove_category(session, number)
        except MaskwrightError as error:
            return refreshed(str(error), number)
        return refreshed("removed", -1)

    outputs = [which, table, told]
    pages.load(lambda: refreshed("", -1), outputs=outputs, api_visibility="private")
    which.change(show, which, [name, kind, colour], api_visibility="private", queue=False)
    save.click(on_save, [which, name, kind, colour], outputs, api_visibility="private")
    up.click(lambda number: on_move(number, -1), which, outputs, api_visibility="private")
    down.click(lambda number: on_move(number, 1), which, outputs, api_visibility="private")
    remove.click(on_remove, which, outputs, api_visibility="private")


def _load(services: Services) -> LabelSet:
    with services.workspace.database.read() as session:
        return load_label_set(session)


def _choices(label_set: LabelSet) -> list[Choice]:
    return [(NEW, -1), *((category.name, category.id) for category in label_set)]


def _rows(label_set: LabelSet) -> list[list[str]]:
    keys = [*DIGITS, *([""] * len(label_set))]
    return [
        [key, str(category.id), category.name, "thing" if category.is_thing else "stuff", _hex(category.colour)]
        for key, category in zip(keys, label_set, strict=False)
    ]


def _kind_name(category: Category) -> str:
    return next(name for name, is_thing in KINDS.items() if is_thing is category.is_thing)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _colour(text: str) -> Colour:
    """Read what Gradio's colour picker sends: #rrggbb or rgba(r, g, b, a)."""
    if match := re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", text or ""):
        red, green, blue = (int(part, 16) for part in match.groups())
        return red, green, blue
    if match := re.fullmatch(r"rgba?\(\s*([\d.]+)\s*,\s*([\d.]+)\s*,\s*([\d.]+)\s*(?:,\s*[\d.]+\s*)?\)", text or ""):
        red, green, blue = (min(255, round(float(part))) for part in match.groups())
        return red, green, blue
    raise LabelSetError(f"a colour looks like #3366cc, got {text!r}")
