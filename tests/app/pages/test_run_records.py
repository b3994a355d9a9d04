"""A growing journal read piece by piece gives what `Journal` reads whole."""

from app.pages.run_records import RunRecords
from core.training.journal import Journal


def write(journal, first, last):
    for step in range(first, last):
        journal.write("step", {"step": step, "loss": 1 / (1 + step)})


def test_what_was_added_since_the_last_look_is_there(tmp_path):
    journal, records = Journal(tmp_path / "metrics.jsonl"), RunRecords()
    assert records.read(journal.path) == []
    for first in (0, 3, 3, 40):
        write(journal, first, first + 5)
        assert records.read(journal.path) == list(journal.records())


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path):
    journal, records = Journal(tmp_path / "metrics.jsonl"), RunRecords()
    write(journal, 0, 2)
    with journal.path.open("a") as file:
        file.write('{"kind": "step", "st')
    assert [record["step"] for record in records.read(journal.path)] == [0, 1]
    with journal.path.open("a") as file:
        file.write('ep": 2}\n')
    assert [record["step"] for record in records.read(journal.path)] == [0, 1, 2]


def test_a_journal_that_a_resumed_run_cut_is_read_anew(tmp_path):
    journal, records = Journal(tmp_path / "metrics.jsonl"), RunRecords()
    write(journal, 0, 9)
    records.read(journal.path)
    journal.cut_after(4)
    write(journal, 5, 30)
    assert records.read(journal.path) == list(journal.records())


def test_a_damaged_line_is_skipped_by_both(tmp_path):
    journal, records = Journal(tmp_path / "metrics.jsonl"), RunRecords()
    write(journal, 0, 2)
    with journal.path.open("ab") as file:
        file.write(b'\0\0\0\n[1]\n\xff\n{"step": 9}\n{"kind": "step", "step": "x"}\n')
    write(journal, 2, 3)
    assert [record["step"] for record in records.read(journal.path)] == [0, 1, 2]
    assert records.read(journal.path) == list(journal.records())


def test_another_run_is_another_journal_and_the_caller_keeps_its_own_list(tmp_path):
    one, other, records = Journal(tmp_path / "1.jsonl"), Journal(tmp_path / "2.jsonl"), RunRecords()
    write(one, 0, 4)
    write(other, 10, 12)
    first = records.read(one.path)
    assert [record["step"] for record in records.read(other.path)] == [10, 11]
    assert len(first) == 4
    first.clear()
    assert len(records.read(one.path)) == 4
