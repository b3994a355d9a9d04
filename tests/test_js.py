"""The page's modules: `node --test`, with cases made by the Python side so that both sides agree on them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.annotation.labels import distinct_colour
from tests.js_cases import masks, truths, wands

TESTS = Path(__file__).parent / "js"
MAKERS: dict[str, tuple[Callable[[np.random.Generator, int], dict[str, Any]], int]] = {
    "masks": (masks.coding, 60),
    "sets": (masks.sets, 150),
    "regions": (masks.regions, 150),
    "polygons": (masks.polygons, 150),
    "strokes": (masks.strokes, 200),
    "slices": (masks.slices, 300),
    "views": (truths.view, 60),
    "corrections": (truths.correction, 8 * len(truths.CORRECTIONS)),
    "wands": (wands.click, 300),
}


def test_modules_of_the_page(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        reason = "node is not installed; the page's modules are tested with `node --test`"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    fixtures = tmp_path / "fixtures.json"
    fixtures.write_text(json.dumps(_fixtures()))
    # All in one process: starting one for each file costs three times what the tests do.
    everything = tmp_path / "everything.mjs"
    everything.write_text("".join(f"import {json.dumps(str(path))};\n" for path in sorted(TESTS.rglob("*.test.mjs"))))
    run = subprocess.run(
        [node, "--test-reporter=spec", everything],
        env={**os.environ, "MASKWRIGHT_JS_FIXTURES": str(fixtures)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-8000:] + run.stderr[-2000:]


def _fixtures() -> dict[str, Any]:
    cases: dict[str, Any] = {
        name: [make(np.random.default_rng([7, place, index]), index) for index in range(count)]
        for place, (name, (make, count)) in enumerate(MAKERS.items())
    }
    return cases | {"colours": [list(distinct_colour(index)) for index in range(40)]}
