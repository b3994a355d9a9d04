"""The Labels page: a mount point; the editor itself is the ES modules in assets/js/labels."""

from __future__ import annotations

import gradio as gr

# Constant text: a value in a template would run as JavaScript.
MOUNT_POINT = '<div class="mw-root mw-editor"></div>'
LOAD = "import('/ui/js/labels/editor.mjs').then((editor) => editor.mount(element.querySelector('.mw-root')));"


def build() -> None:
    gr.HTML(html_template=MOUNT_POINT, js_on_load=LOAD, elem_id="labels", padding=False)
