"""JSON files through a moving window: the same values wherever it cuts, and a limit on all that could fill memory."""

import json
import tracemalloc

import numpy as np
import pytest

from core.annotation.errors import FormatError
from core.formats.coco import json_slices
from core.formats.coco.json_slices import MAX_ITEM_BYTES, Slices, scan


def items_of(path):
    items, bounds = [], []

    def visit(item, first, last):
        items.append(item)
        bounds.append((first, last))

    rest = scan(path, {"annotations": visit})
    return items, np.array(bounds, dtype=np.int64).reshape(-1, 2), rest


@pytest.mark.parametrize("window", [1, 7])
@pytest.mark.parametrize("indent", [None, 2])
def test_it_does_not_matter_where_the_window_cuts(tmp_path, monkeypatch, window, indent):
    monkeypatch.setattr(json_slices, "WINDOW_BYTES", window)
    values = [
        -0.5e-7,
        123456,
        1e22,
        True,
        None,
        'ü\\"日本 😀',
        "\u2028",
        [],
        {},
        {"a": [1, {"b": "]},{"}]},
        -17,
    ]
    whole = {"first": 12.25, "annotations": values, "naïve": {"é": values}, "last": "x"}
    for ascii_only in (True, False):
        path = tmp_path / "some.json"
        path.write_bytes(json.dumps(whole, ensure_ascii=ascii_only, indent=indent).encode())
        items, bounds, rest = items_of(path)
        assert (items, rest) == (values, {name: value for name, value in whole.items() if name != "annotations"})
        assert Slices(path, bounds).load(range(len(values))) == values
        assert Slices(path, bounds).load([9, 3, 4, 5, 0]) == [values[row] for row in (9, 3, 4, 5, 0)]


HOSTILE = {
    "deep": (b'{"annotations":' + b"[" * 100_000, "is no JSON"),
    "deep outside": (b'{"x":' + b'{"a":' * 100_000, "is no JSON"),
    "deep and whole": (b'{"annotations":[' + b"[" * 5_000 + b"]" * 5_000 + b"]}", "is no JSON"),
    "large item": (b'{"annotations":["' + b"x" * (3 * MAX_ITEM_BYTES) + b'"]}', "more than 8388608 bytes"),
    "large list outside": (b'{"x":["' + b"x" * MAX_ITEM_BYTES + b'"],"annotations":[]}', "more than 8388608"),
    "much outside": (b'{"x":"' + b"x" * 5_000_000 + b'","y":"' + b"y" * 5_000_000 + b'"}', "more than 8388608 bytes"),
    "long number": (b'{"annotations":[' + b"9" * 5_000 + b"]}", "cannot be read"),
    "two lists": (b'{"annotations":[],"annotations":[]}', "two lists of 'annotations'"),
    "no UTF-8": (b'{"annotations":["\xff"]}', "is no JSON"),
    "a list": (b'[{"annotations":[]}]', "it lacks a list of 'annotations'"),
    "an object": (b'{"annotations":{}}', "it lacks a list of 'annotations'"),
    "nothing": (b"", "is no JSON"),
}


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE)
def test_what_cannot_be_read_is_refused_with_the_reason(tmp_path, content, reason):
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"some\.json .*{reason}"):
        items_of(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FormatError, match=r"absent\.json cannot be read \(No such file"):
        items_of(tmp_path / "absent.json")


def test_memory_does_not_grow_with_the_file(tmp_path):
    peaks = []
    for count in (6_000, 24_000):
        path = tmp_path / f"{count}.json"
        path.write_text(json.dumps({"annotations": [{"a": "x" * 400, "b": [1.5]}] * count}))
        tracemalloc.start()
        scan(path, {"annotations": lambda *_: None})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] < 2**23


@pytest.mark.parametrize("end", ["x", "{}", "]", "\0", "\n\n,"])
@pytest.mark.parametrize("start", ['{"annotations": []}', "[]"])
def test_what_follows_the_end_is_refused(tmp_path, start, end):
    path = tmp_path / "some.json"
    path.write_text(start + " \r\n\t" + end)
    with pytest.raises(FormatError, match=r"is no JSON: something follows its end at byte \d+$"):
        scan(path, {"annotations": print})


def test_a_place_is_told_once(tmp_path):
    path = tmp_path / "some.json"
    path.write_bytes(b'{"annotations": ["\x01"]}')
    with pytest.raises(FormatError, match=r"Invalid control character at byte 18$"):
        scan(path, {"annotations": print})
