"""A folder takes another's place whole, and what a killed process began is ended."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import core.annotation.swap
from core.annotation.swap import STALE_S, drafted, exchange, put_in_place, settle

OLD, DRAFT = ".out.0123456789ab.old", ".out.0123456789ab.draft"


def folder(path: Path, content: str) -> Path:
    path.mkdir()
    (path / "file").write_text(content)
    return path


def held(path: Path) -> dict[str, str]:
    return {one.name: (one / "file").read_text() for one in path.iterdir()}


@pytest.fixture(params=["exchange", "aside"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where folders are exchanged, and where they cannot be."""
    if request.param == "aside":
        monkeypatch.setattr(core.annotation.swap, "exchange", lambda one, other: False)
    return request.param


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="no system call exchanges folders here")
def test_two_folders_are_exchanged_in_one_step(tmp_path: Path) -> None:
    assert exchange(folder(tmp_path / "a", "1"), folder(tmp_path / "b", "2"))
    assert held(tmp_path) == {"a": "2", "b": "1"}
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "a", tmp_path / "missing")


@pytest.mark.parametrize("there", [None, "empty", "full"])
def test_a_draft_takes_its_place(way: str, there: str | None, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    if there:
        out.mkdir(parents=True)
    if there == "full":
        (out / "other").write_text("old")
    with drafted(out) as draft:
        (draft / "file").write_text("new")
        put_in_place(draft, out)
    assert held(tmp_path / "deep") == {"out": "new"}
    assert [path.name for path in out.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["n" * 250, "ü" * 120])
def test_a_name_as_long_as_may_be_has_drafts_too_and_none_of_anothers(name: str, tmp_path: Path) -> None:
    out, other = tmp_path / name, tmp_path / f"{name}m"
    with drafted(out) as draft:
        (draft / "file").write_text("new")
        assert settle(other)
        assert not settle(out)
        put_in_place(draft, out)
    assert held(tmp_path) == {name: "new"}


def test_an_error_in_a_draft_names_the_place_it_was_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="out") as caught, drafted(tmp_path / "out") as draft:
        (draft / "missing" / "file").open("x")
    assert caught.value.filename == str(tmp_path / "out")


def test_a_draft_that_fails_is_gone_and_the_old_one_stays(way: str, tmp_path: Path) -> None:
    out = folder(tmp_path / "out", "old")
    with pytest.raises(RuntimeError), drafted(out):
        raise RuntimeError
    assert held(tmp_path) == {"out": "old"}


def test_a_second_rename_that_fails_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.annotation.swap, "exchange", lambda one, other: False)
    rename = Path.rename

    def fails(path: Path, target: Path) -> Path:
        if path.suffix == ".draft":
            raise OSError(errno.EIO, "the disk failed")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    out = folder(tmp_path / "out", "old")
    with pytest.raises(OSError, match="disk failed"), drafted(out) as draft:
        put_in_place(draft, out)
    assert held(tmp_path) == {"out": "old"}


@pytest.mark.parametrize(
    ("left", "becomes"),
    [
        ([OLD, DRAFT], {"out": DRAFT}),
        ([OLD], {"out": OLD}),
        ([OLD, "out"], {"out": "out"}),
        ([DRAFT, "out"], {"out": "out"}),
        ([DRAFT], {}),
        (
            [".out.x.0123456789ab.old", ".out.0123.draft"],
            {name: name for name in (".out.x.0123456789ab.old", ".out.0123.draft")},
        ),
    ],
)
def test_what_a_kill_cut_is_ended(left: list[str], becomes: dict[str, str], tmp_path: Path) -> None:
    for name in left:
        folder(tmp_path / name, name)
    settle(tmp_path / "out")
    assert held(tmp_path) == becomes


HOLDS = """
import sys
from pathlib import Path
from core.annotation.swap import drafted

with drafted(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="folders have no locks here")
def test_a_draft_in_use_is_kept_and_goes_when_its_process_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(out)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert not settle(out)
        assert len(list(tmp_path.iterdir())) == 1
        child.kill()
    assert settle(out)
    assert list(tmp_path.iterdir()) == []


def test_where_folders_have_no_locks_their_age_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.annotation.swap, "_lock", lambda handle: False)
    old, fresh = folder(tmp_path / DRAFT, "old"), folder(tmp_path / DRAFT.replace("0", "f"), "fresh")
    os.utime(old, (0, time.time() - STALE_S - 60))
    assert not settle(tmp_path / "out")
    assert list(tmp_path.iterdir()) == [fresh]
