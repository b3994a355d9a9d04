"""HTML for the pages: the one place where text becomes markup."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import NewType

# HTML that is safe to show. Only this module makes it, so a type checker finds text that was not escaped.
Markup = NewType("Markup", str)

# Gradio fills its templates by running them as JavaScript template literals; these characters could end one.
_ACTIVE = str.maketrans({sign: f"&#{ord(sign)};" for sign in "$`\\{}"})


def text(value: str) -> Markup:
    """Anybody's text, shown as it is."""
    return Markup(html.escape(value).translate(_ACTIVE))


def element(tag: str, *inner: Markup, kind: str = "", **attributes: str) -> Markup:
    """An element with what it holds; `kind` is its CSS classes, an underscore in an attribute's name a hyphen."""
    named = {"class": kind, **{name.replace("_", "-"): value for name, value in attributes.items()}}
    shown = "".join(f' {name}="{text(value)}"' for name, value in named.items() if value)
    return Markup(f"<{tag}{shown}>{''.join(inner)}</{tag}>")


def picture(address: str, *, described: str, style: str = "") -> Markup:
    """An image from an address of this server."""
    return Markup(f'<img src="{text(address)}" alt="{text(described)}" style="{text(style)}">')


def join(*parts: Markup) -> Markup:
    """Parts one after another."""
    return Markup("".join(parts))


def lines(values: Sequence[str]) -> Markup:
    """A list of sentences."""
    return element("ul", *(element("li", text(value)) for value in values))


def table(headers: Sequence[str], rows: Sequence[Sequence[Markup]], *, described: str) -> Markup:
    """A table with a row of headers; `described` names it for those who cannot see it."""
    head = element("tr", *(element("th", text(header), scope="col") for header in headers))
    body = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
    return element(
        "div",
        element("table", element("thead", head), element("tbody", *body), aria_label=described),
        kind="mw-table",
    )
