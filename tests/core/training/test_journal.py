import errno
import resource
import signal

import pytest

from core.training.journal import Journal


def test_records_come_back_in_order_and_before_the_first_there_is_none(tmp_path):
    journal = Journal(tmp_path / "metrics.jsonl")
    assert list(journal.records()) == []
    journal.write("step", {"step": 1, "loss": 2.5})
    journal.write("scores", {"step": 1, "ar": None})
    assert list(journal.records()) == [
        {"kind": "step", "step": 1, "loss": 2.5},
        {"kind": "scores", "step": 1, "ar": None},
    ]


@pytest.mark.parametrize("cut", range(1, 20))
def test_a_line_that_is_being_written_is_left_out(tmp_path, cut):
    journal = Journal(tmp_path / "metrics.jsonl")
    journal.write("step", {"step": 1})
    whole = journal.path.read_bytes()
    journal.path.write_bytes(whole + whole[:cut])
    assert [record["step"] for record in journal.records()] == [1]


def test_what_lies_past_a_step_is_forgotten_with_a_line_cut_short(tmp_path):
    journal = Journal(tmp_path / "metrics.jsonl")
    for step in (1, 2, 3):
        journal.write("step", {"step": step})
    with journal.path.open("a") as file:
        file.write('{"kind": "st')
    journal.cut_after(2)
    journal.write("step", {"step": 3, "again": True})
    assert [(record["step"], record.get("again")) for record in journal.records()] == [(1, None), (2, None), (3, True)]


def test_a_full_disk_leaves_whole_lines(tmp_path):
    """A limit on the file's size stands for the disk: part of the last line fits."""
    journal = Journal(tmp_path / "metrics.jsonl")
    journal.write("step", {"step": 1})
    size = journal.path.stat().st_size
    before, ignored = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 7, before[1]))
        with pytest.raises(OSError) as raised:
            journal.write("step", {"step": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert raised.value.errno in (errno.ENOSPC, errno.EFBIG)
    journal.write("step", {"step": 3})
    assert [record["step"] for record in journal.records()] == [1, 3]
