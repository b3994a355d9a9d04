"""Gradio's pages, one module each, mounted beside the HTTP interface."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from fastapi import FastAPI

from app.security.guard import ACCOUNT_PATH
from app.services import Services
from app.settings import ASSETS

if TYPE_CHECKING:
    from gradio import Blocks

# A data set as one zip file; what it holds is checked when it is unpacked, photos when they are read.
MAX_UPLOAD = "20gb"
# Gradio keeps what was uploaded and downloaded in a folder of its own; an hour is enough for both.
CACHE_S = 3600


def build_pages(services: Services) -> Blocks:
    """The Annotate page at /, then /data, /labels and /train."""
    import gradio as gr
    from gradio.components import Navbar

    from app.pages import annotate, data, labels, train

    links = None if services.on_this_machine else [("Account", ACCOUNT_PATH.removeprefix("/"))]
    pages = gr.Blocks(title="Maskwright", fill_width=True, analytics_enabled=False, delete_cache=(CACHE_S, CACHE_S))
    with pages:
        Navbar(links, main_page_name="Annotate")
        annotate.build()
    with pages.route("Data", "/data"):
        Navbar(links, main_page_name="Annotate")
        data.build(pages, services)
    with pages.route("Labels", "/labels"):
        Navbar(links, main_page_name="Annotate")
        labels.build()
    with pages.route("Train", "/train"):
        Navbar(links, main_page_name="Annotate")
        train.build(pages, services)
    return pages


def mount_pages(app: FastAPI, services: Services) -> None:
    """Mount the pages at the root of `app`; they look nothing up outside and share nothing of the disk."""
    import gradio as gr

    with warnings.catch_warnings():
        # Gradio says so of every application with several pages, asked for or not.
        warnings.filterwarnings("ignore", "SSR mode is not supported", UserWarning)
        gr.mount_gradio_app(
            app,
            build_pages(services),
            path="/",
            run_history=False,
            footer_links=[],
            show_error=False,
            max_file_size=MAX_UPLOAD,
            allowed_paths=[],
            favicon_path=str(ASSETS / "icon.svg"),
            ssr_mode=False,
            css_paths=[ASSETS / "css" / "pages.css"],
            theme=gr.themes.Base(
                font=["system-ui", "sans-serif"],
                font_mono=["ui-monospace", "monospace"],
                primary_hue="blue",
                radius_size="sm",
            ).set(
                # White on the theme's own blue has a contrast of 3.7.
                button_primary_background_fill="*primary_600",
                button_primary_background_fill_hover="*primary_700",
                button_primary_background_fill_dark="*primary_600",
                button_primary_background_fill_hover_dark="*primary_700",
            ),
        )
