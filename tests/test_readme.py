"""What the README tells people to type is what CI runs and what the program offers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import SAMPLES
from core import ModelConfig, Predictor, build_model, load_model
from core.formats.capabilities import CAPABILITIES
from core.formats.photo import read_photo
from core.maskformer.config import PerPixelConfig
from tests.serving import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
TEST_COMMAND = "pip install -r requirements-dev.txt && python -m pytest"


def test_ci_runs_the_readmes_test_command():
    assert f"\n{TEST_COMMAND}\n" in README
    script = (PROJECT / ".ci" / "run").read_text(encoding="utf-8").replace("pip install -q", "pip install")
    assert f"\n{TEST_COMMAND} || exit 1\n" in script
    assert "\npython -m pytest -m long\n" in script


@pytest.mark.parametrize("command", ["", "propose", "import", "export", "train", "evaluate", "backup", "check"])
def test_the_options_in_the_readme_are_the_programs(command):
    rows = [
        line
        for line in README.splitlines()
        if re.match(rf"\| `python launch\.py {command}".rstrip(), line) and _is(line, command)
    ]
    assert rows
    help_text = subprocess.run(
        [sys.executable, "launch.py", *([command] if command else []), "--help"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    for option in re.findall(r"--[a-z-]+", " ".join(rows)):
        assert option in help_text, f"{option} is in the README, but not in --help of {command or 'launch.py'}"


def test_the_readmes_formats_are_those_of_the_table():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (✓?) ?\| (✓?) ?\|", README, re.MULTILINE)
    assert {name: (bool(read), bool(written)) for name, read, written in rows} == {
        name: (held.reads, held.writes) for name, held in CAPABILITIES.items()
    }


def _is(line: str, command: str) -> bool:
    found = re.match(r"\| `python launch\.py ([a-z]*)", line)
    return found is not None and found[1] == command


def test_the_python_in_the_readme_runs():
    image = read_photo(next(SAMPLES.glob("*.webp")), name="sample").pixels
    categories = load_model("maskwright-lite0").label_set
    known = {
        "image": image,
        "masks": [proposal.mask for proposal in Predictor(load_model("maskwright-lite0")).propose(image, limit=2)],
        "per_pixel_model": build_model(ModelConfig(head=PerPixelConfig()), categories),
    }
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(block, known)  # noqa: S102  # the text is our own README
    assert len(known["names"]) == len(known["masks"]) == 2
    assert known["ids"].shape == image.shape[:2]
    assert known["maskformer"].backbone.stem.weight.equal(known["per_pixel_model"].backbone.stem.weight)


def test_the_files_that_the_readme_shows_are_there():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (PROJECT / target).is_file(), f"the README shows {target}, which is not there"


def test_no_path_of_a_machine_stands_in_the_project():
    names = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    texts = [
        PROJECT / name
        for name in names
        if Path(name).suffix in {".py", ".md", ".mjs", ".css", ".toml", ".json", ".txt"}
    ]
    assert texts
    for path in texts:
        if path.stat().st_size < 1_000_000:
            found = re.search(r"(?<![\w.])/(root|home|work)/\w+", path.read_text(encoding="utf-8"))
            assert found is None, f"{path.name} names {found and found[0]}"
