"""Splits by content hash."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from core.annotation.errors import FormatError
from core.annotation.splits import DEFAULT_SHARES, parse_shares, split_of


def test_the_split_of_a_file_never_changes():
    empty = hashlib.sha256(b"").hexdigest()  # e3b0c442… is 0.889 of the way
    assert split_of(empty) == "val"
    assert split_of(empty, {"a": 0.8897, "b": 0.1103}) == "a"
    assert split_of(empty, {"a": 0.8893, "b": 0.1107}) == "b"


def test_the_ends_of_the_range_have_a_split_even_with_shares_that_do_not_quite_add_up():
    thirds = {"a": 0.3333333, "b": 0.3333333, "c": 0.3333333, "empty": 0.0}
    assert split_of("00" * 32, thirds) == "a"
    assert split_of("ff" * 32, thirds) == "c"


def test_splits_have_the_shares_that_were_asked_for():
    files = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(10_000)]
    counts = Counter(split_of(one, parse_shares("train=0.7, val=0.2, test=0.1")) for one in files)
    assert counts["train"] == pytest.approx(7_000, abs=150)
    assert counts["val"] == pytest.approx(2_000, abs=150)
    assert counts["test"] == pytest.approx(1_000, abs=120)


def test_the_default_is_four_fifths_to_train():
    assert dict(DEFAULT_SHARES) == {"train": 0.8, "val": 0.2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no name of a split"),
        ("train=0.8,val", "'val' gives no share"),
        ("train=0.8,val=x", "'val=x' gives no share"),
        ("train=nan,val=1", "gives no share"),
        ("train=1.5,val=-0.5", "gives no share"),
        ("train=0.8,val=0.1", "add up to 0.9"),
        ("train=0.5,train=0.5", "twice"),
        ("train=0.5,Train=0.5", "twice"),
        ("../up=1", "no name of a split"),
        ("train=0.8,,val=0.2", "no name of a split"),
    ],
)
def test_shares_that_cannot_be_used_say_why(text: str, reason: str):
    with pytest.raises(FormatError, match=reason):
        parse_shares(text)
