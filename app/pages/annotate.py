"""The Annotate page: a mount point; the canvas itself is the ES modules in assets/js."""

from __future__ import annotations

import gradio as gr

# Constant text: a value in a template would run as JavaScript.
MOUNT_POINT = '<div class="mw-root"></div>'
LOAD = "import('/ui/js/main.mjs').then((canvas) => canvas.mount(element.querySelector('.mw-root')));"


def build() -> None:
    gr.HTML(html_template=MOUNT_POINT, js_on_load=LOAD, elem_id="annotate", padding=False)
