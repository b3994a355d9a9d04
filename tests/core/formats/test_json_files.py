from __future__ import annotations

from pathlib import Path

import pytest

from core.annotation.errors import FormatError
from core.formats.json_files import load_json


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 100_000, "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"a": NaN}', "NaN is no number of JSON"),
        (b"[-Infinity]", "-Infinity is no number of JSON"),
        (b'{"a": 1', "is no JSON"),
        (b"", "is no JSON"),
        (b'"\xff"', "no UTF-8 text at byte 1"),
        (b"9" * 5_000, "is no JSON"),
        (b" " * 2_000_001, "is over 1.90735 MiB"),
    ],
)
def test_a_bad_file_is_refused_by_name(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=reason) as refused:
        load_json(path, 2_000_000)
    assert str(refused.value).startswith("set.json: ")


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path: Path) -> None:
    (tmp_path / "set.json").write_bytes(b'\xef\xbb\xbf{\r\n"a": [1]\r\n}')
    assert load_json(tmp_path / "set.json") == {"a": [1]}


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"set\.json: cannot be read: No such file"):
        load_json(tmp_path / "set.json")
