"""What the fields of the Data page choose for an export."""

from __future__ import annotations

import pytest

from app.pages.data_export import EVERY_SPLIT, STATES, choice_of
from app.workflows.exporting import Choice


@pytest.mark.parametrize("empty", ["", None, EVERY_SPLIT])
def test_an_empty_split_box_is_every_split(empty: str | None) -> None:
    assert choice_of(next(iter(STATES)), empty, [], " ") == Choice()
