"""Real sets through each format and back: import, export, import again; what comes back is the truth, reduced."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.formats.capabilities import CAPABILITIES
from tests.round_trips.limits import BOTH_WAYS, beyond, refused
from tests.round_trips.real_sets import REAL_SETS, real_set
from tests.round_trips.trips import expected, read_back, same_segments, written

# Two images through every format take a second; the other sets are for the long run.
FAST_SETS = ("coco-panoptic-sample",)


def cases() -> list:
    return [
        pytest.param(name, one, id=f"{name}, {one}", marks=() if one in FAST_SETS else (pytest.mark.long,))
        for name in BOTH_WAYS
        for one in REAL_SETS
    ]


@pytest.mark.parametrize(("name", "set_name"), cases())
def test_a_real_set_comes_back(name: str, set_name: str, tmp_path: Path) -> None:
    real = real_set(set_name, tmp_path)
    holds = CAPABILITIES[name]
    if beyond(name, real):
        refused(name, real, tmp_path / "out")
        return
    written(name, real, tmp_path / "out")
    back = read_back(name, tmp_path / "out")
    assert back.problems == ()
    wanted = expected(real, holds)
    assert set(back.images) == set(wanted)
    for stem, segments in wanted.items():
        same_segments(back.held(stem, holds), segments, holds)
