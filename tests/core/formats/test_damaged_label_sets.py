"""Sets of label maps with damage of chance: refused or reported, never another error."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.annotation.errors import FormatError
from core.annotation.labels import Category, LabelSet
from tests.core.formats.label_map_sets import export, opened, problems_of, write_tree
from tests.core.formats.made_truths import boxes_truth, export_images
from tests.core.formats.test_bsds import ALL, HALVES, save_mat

LABELS = LabelSet.of([Category(7, "person", True, (200, 10, 10)), Category(9, "Himmel ü", False, (100, 150, 255))])
TRUTH = boxes_truth(12, 14, (1, 7, (0, 0, 5, 5)), (2, 9, (3, 3, 9, 9)), (3, None, (0, 8, 3, 12)))


def made(format: str, folder: Path) -> list[Path]:
    """A set in this format; its files but for the photos."""
    if format == "bsds":
        save_mat(folder / "groundTruth/val/a.mat", [ALL, HALVES])
        save_mat(folder / "groundTruth/val/b.mat", [ALL, HALVES], compressed=False)
        write_tree(folder, {"images/val/a.jpg": b"", "images/val/b.jpg": b""})
    else:
        export(format, export_images([TRUTH, TRUTH]), LABELS, folder)
    return sorted(path for path in folder.rglob("*") if path.suffix in {".png", ".json", ".txt", ".mat"})


def damaged(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        place, kind = chance.randrange(len(changed) + 1), chance.random()
        if kind < 0.6:
            changed[place : place + 1] = chance.choice([b"\0", b"\xff", chance.randbytes(1)])
        elif kind < 0.75:
            del changed[place : place + chance.randrange(1, 20)]
        elif kind < 0.9:
            changed[place:place] = chance.randbytes(chance.randrange(1, 9))
        else:
            del changed[place:]
    return bytes(changed)


@pytest.mark.parametrize("format", ["semantic-png", "ade20k", "cityscapes", "voc", "bsds"])
@pytest.mark.parametrize("times", [15, pytest.param(1_000, marks=pytest.mark.long)])
def test_damage_is_refused_or_reported(format: str, times: int, tmp_path: Path) -> None:
    files, chance = made(format, tmp_path), random.Random(times)
    assert problems_of(opened(format, tmp_path)) == []
    told = 0
    for _ in range(times):
        path = chance.choice(files)
        intact = path.read_bytes()
        path.write_bytes(damaged(intact, chance))
        try:
            told += bool(problems_of(opened(format, tmp_path)))
        except FormatError:
            told += 1
        path.write_bytes(intact)
    assert told > times // 4
