"""The Data page: photos and data sets in, data sets out, and the workspace in numbers."""

from __future__ import annotations

import gradio as gr

from app.pages import data_export, data_import, data_photos
from app.pages.data_numbers import Numbers
from app.services import Services


def build(pages: gr.Blocks, services: Services) -> None:
    """A tab each for photos, with the numbers beside them, for imports and for exports."""
    numbers = Numbers(services.workspace)
    with gr.Tabs():
        with gr.Tab("Photos", id="photos"), gr.Row():
            with gr.Column():
                changed_by_photos = data_photos.build(services)
            with gr.Column():
                numbers.build()
        with gr.Tab("Import a data set", id="import"):
            changed_by_import = data_import.build(services)
        with gr.Tab("Export", id="export"):
            lists = data_export.build(services)
    pages.load(numbers.show, outputs=numbers.outputs, api_visibility="private", show_progress="hidden")
    pages.load(lists.read, outputs=lists.outputs, api_visibility="private", show_progress="hidden")
    for changed in (*changed_by_photos, changed_by_import):
        changed.then(numbers.show, outputs=numbers.outputs, api_visibility="private", show_progress="hidden")
        changed.then(lists.read, outputs=lists.outputs, api_visibility="private", show_progress="hidden")
