import socket
import subprocess
import sys

import pytest

from app.cli import main
from tests.app.workflows.learning.corrected import base_model, corrected_workspace
from tests.made import photo_bytes
from tests.serving import PROJECT


def test_help_answers_without_loading_the_model_or_the_pages():
    code = "import sys, app.cli; app.cli.main(['--help'])"
    watched = (
        f"import atexit, sys; atexit.register(lambda: print('torch' in sys.modules, 'gradio' in sys.modules)); {code}"
    )
    done = subprocess.run([sys.executable, "-c", watched], cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert "propose" in done.stdout
    assert done.stdout.splitlines()[-1] == "False False"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--port", "70000"], "70000"),
        (["--host", "0.0.0.0", "--port", "0"], "user add NAME"),  # noqa: S104
        (["export", "--workspace", "no-such-place", "--format", "coco", "out"], "no-such-place is no workspace"),
        (["evaluate", "--data", "no-such-place"], "no-such-place"),
        (["propose"], "--workspace DIR, or IMAGE… --out FILE.json"),
        (["propose", "--workspace", "w", "--out", "x.json"], "--out does not go with --workspace"),
        (["train", "--data", "no-such-place", "--out", "run", "--minutes", "1"], "no-such-place"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, reason, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MASKWRIGHT_PASSWORD", raising=False)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert error.startswith("maskwright: ")
    assert len(error.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check"],
        ["export", "--format", "coco", "out"],
        ["backup", "out"],
        ["propose"],
        ["train"],
        ["user", "list"],
    ],
)
def test_a_workspace_named_before_the_command_is_the_one(arguments, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["--workspace", "no-such-place", *arguments]) == 2
    assert "no-such-place is no workspace" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_photos_go_into_the_workspace_named_before_the_command(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.png").write_bytes(photo_bytes(8, 6))
    assert main(["--workspace", "mine", "import", "--format", "images", "photos"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "photos"]


def test_an_option_of_the_server_before_another_command_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--port", "7000", "check"])
    assert "--port does not go with check" in capsys.readouterr().err


def test_a_model_that_is_not_there_is_named(capsys, tmp_path):
    assert main(["--workspace", str(tmp_path / "w"), "--port", "0", "--model", "no-such-model"]) == 2
    assert "no-such-model" in capsys.readouterr().err


def test_a_folder_with_other_files_is_not_made_a_workspace(capsys, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    assert main(["--workspace", str(tmp_path), "--port", "0", "--no-model"]) == 2
    assert "no workspace" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_taken_port_is_named_with_the_remedy(capsys, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["--workspace", str(tmp_path / "w"), "--port", str(port), "--no-model"]) == 2
    assert f"127.0.0.1:{port} cannot be used" in capsys.readouterr().err
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["train"], "--workspace DIR"),
        (["train", "--data", "a"], "--out DIR"),
        (["train", "--workspace", "w", "--data", "a"], "--data does not go with --workspace"),
        (["train", "--workspace", "w", "--run", "1", "--minutes", "3"], "--minutes does not go with --run"),
        (["train", "--workspace", "w", "--run", "1", "--seed", "0"], "--seed does not go with --run"),
        (["train", "--workspace", "w", "--device", "gpu"], "no device is called 'gpu'"),
        (["train", "--workspace", "w", "--seed", "-1"], "a seed is a whole number from 0"),
        (["train", "--data", "a", "--out", "b", "--low-priority"], "--low-priority does not go with --data"),
        (["train", "--workspace", "no-such-place"], "no-such-place is no workspace"),
        (["train", "--workspace", "no-such-place", "--minutes", "0"], "more than 0"),
    ],
)
def test_options_that_do_not_go_together_are_named(arguments, reason, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.long
def test_a_workspace_trains_compares_and_promotes_in_one_command(capsys, tmp_path):
    workspace, _ = corrected_workspace(tmp_path / "w", done=4)
    workspace.close()
    options = ["--minutes", "0.03", "--start", base_model(tmp_path), "--device", "cpu", "--promote"]
    assert main(["train", "--workspace", str(tmp_path / "w"), *options]) == 0
    said = capsys.readouterr().out
    assert "new person, car, sky, road" in said
    assert "| panoptic quality |" in said
    assert "run-1 is promoted" in said
    assert main(["train", "--workspace", str(tmp_path / "w"), "--run", "1"]) == 2
    assert "has used its time" in capsys.readouterr().err
    assert main(["export", "--workspace", str(tmp_path / "w"), "--format", "coco", "--snapshot", "7", "out"]) == 2
    assert "no snapshot 7: there are 1" in capsys.readouterr().err
