"""Damaged and malicious COCO files: read as far as they go, or refused with a FormatError; never anything else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from core.annotation.errors import FormatError
from core.annotation.labels import Category
from core.formats.coco.read import read_coco
from core.formats.coco_panoptic.read import read_coco_panoptic
from core.formats.imported import Problem, Reader
from tests.benchmarks.memory import peak_growth
from tests.core.formats import test_coco_panoptic_reading as panoptic
from tests.core.formats import test_coco_reading as instances

MOST_BYTES = 2**30
TOKENS = [
    b"[" * 3_000,
    b"{" * 500,
    b'"',
    b"\\",
    b"\xff\xfe",
    b"null",
    b"-1",
    b"1e999",
    b"NaN",
    b"9" * 40,
    b",",
    b"]}",
    b"\0",
]
VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    2**31,
    2**63,
    10**30,
    float("nan"),
    float("inf"),
    "",
    "../../../etc/passwd",
    "C:\\x",
    "a\0b",
    "\ud800",
    "x" * 5_000,
    [],
    {},
    [[]],
    [{}],
    [[[1, 2], [3, 4]]],
    [[1e9, 0, 0, 1e9, -1e9, -1e9]],
    [[0.1] * 50_000],
    {"size": [2**31, 2**31], "counts": [2**62]},
    {"size": [48, 64], "counts": "~~~~~~~~~~0"},
    {"size": [48, 64], "counts": "oooooo0oooooo0oooooo0"},
    {"size": 5, "counts": {}},
]


def mutant_bytes(content: bytes, chance: random.Random) -> bytes:
    spoilt = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(spoilt) + 1)
        stop = min(len(spoilt), start + chance.choice([0, 1, 1, 3, 200]))
        spoilt[start:stop] = chance.choice([bytes([chance.randrange(256)]), chance.choice(TOKENS), b""])
        if chance.random() < 0.05:
            del spoilt[chance.randrange(len(spoilt) + 1) :]
    return bytes(spoilt)


def mutant_values(content: bytes, chance: random.Random) -> bytes:
    value = json.loads(content)
    for _ in range(chance.randint(1, 3)):
        parent = value
        while True:
            keys: list[Any] = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not keys:
                break
            key = chance.choice(keys)
            inner = parent[key]
            if not isinstance(inner, dict | list) or not inner or chance.random() < 0.2:
                parent[key] = deepcopy(chance.choice(VALUES))
                break
            parent = inner
    return json.dumps(value).encode()


def read_all(reader: Reader, place: Path) -> None:
    """All that an import asks of a data set."""
    try:
        data_set = reader(place, None)
        assert all(isinstance(one, Category) for one in data_set.categories)
        data_set.uses(0)
        for one in data_set.images():
            if isinstance(one, Problem):
                assert str(one)
                continue
            assert one.photo.is_file()
            assert one.file_name.encode()
            assert one.photo.resolve().is_relative_to(place)
            for segment in one.segments:
                assert segment.mask.shape == one.size
                assert segment.mask.area > 0
            assert all(len(str(problem)) < 2_000 for problem in one.problems)
    except FormatError as error:
        assert len(str(error)) < 2_000  # noqa: PT017


def attack(reader: Reader, place: Path, target: Path, count: int) -> None:
    sound = target.read_bytes()
    chance = random.Random(5)
    for _ in range(count):
        mutate: Callable[[bytes, random.Random], bytes] = mutant_bytes
        if target.suffix == ".json" and chance.random() < 0.6:
            mutate = mutant_values
        target.write_bytes(mutate(sound, chance))
        read_all(reader, place)
    target.write_bytes(sound)


@pytest.mark.parametrize("count", [100, pytest.param(3_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("what", ["instances", "panoptic JSON", "panoptic PNG"])
def test_mutants_are_read_or_refused(tmp_path: Path, what: str, count: int) -> None:
    if what == "instances":
        place, reader = instances.made(tmp_path), read_coco
        target = place / "instances.json"
        content = json.loads(target.read_bytes())
        content["annotations"][1]["segmentation"] = {"size": [48, 64], "counts": [100, 3, 45, 3, 48 * 64 - 151]}
        content["annotations"][2]["segmentation"] = {"size": [48, 64], "counts": "T35^1OhR3"}
        target.write_text(json.dumps(content))
    else:
        place, reader = panoptic.made(tmp_path), read_coco_panoptic
        target = place / ("panoptic.json" if what == "panoptic JSON" else "panoptic/a.png")
    assert peak_growth(lambda: attack(reader, place, target, count)) < MOST_BYTES


@pytest.mark.long
def test_the_worst_of_each_kind_stays_small(tmp_path: Path) -> None:
    """Many items that are each as large as one may be."""
    size = [instances.HEIGHT, instances.WIDTH]
    worst: list[Any] = [
        [[1.5] * 1_900_000],
        {"size": size, "counts": [1] * 3_500_000},
        {"size": size, "counts": "1" * 8_000_000},
        {"size": size, "counts": "oooooo0" * 1_100_000},
        [[]] * 2_000_000,
    ]
    for segmentation in worst:
        annotations = [{"id": number, "image_id": 7, "category_id": 0, "segmentation": 0} for number in range(3)]
        for annotation in annotations:
            annotation["segmentation"] = segmentation
        place = instances.made(tmp_path, annotations=annotations)
        assert peak_growth(lambda place=place: read_all(read_coco, place)) < MOST_BYTES
