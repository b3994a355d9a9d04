"""Environments of their own for readers that cannot live beside the project's packages.

`python -m tests.readers.environments` makes all of them in the user's cache, or in the folder $MASKWRIGHT_READERS; it
takes about two minutes and two gigabytes, once. Tests use what is there, make it themselves where CI is set, and else
skip. datumaro pins an older OpenCV. ultralytics (AGPL) and labelme (GPL) have licences that nothing of the project may
come under, so nothing of it asks for them. ultralytics reads labels with torch, and of torchvision it only wants to
know the version; labelme reads its files without a window, but with Qt.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

# A gigabyte of wheels on a slow line; without a limit a dead index would hold the tests for ever.
INSTALL_TIMEOUT_S = 900


@dataclass(frozen=True)
class Environment:
    """requirements: installed with all that they ask for.   alone: installed without.   proof: a module that imports
    where all is well."""

    name: str
    requirements: tuple[str, ...]
    proof: str
    alone: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """Where it is or will be; another recipe or Python has another folder."""
        recipe = repr((self.requirements, self.alone, sys.version_info[:3]))
        return readers_folder() / f"{self.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:12]}"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"


ENVIRONMENTS: Mapping[str, Environment] = {
    one.name: one
    for one in (
        Environment("datumaro", ("datumaro==1.13.12", "opencv-python-headless<5"), "datumaro"),
        Environment(
            "labelme",
            ("imgviz>=2", "loguru", "numpy", "onnxruntime", "pillow", "pyqt5>=5.15", "tifffile"),
            "labelme.utils",
            alone=("labelme==6.3.1",),
        ),
        Environment(
            "ultralytics",
            (
                "torch==2.13.0",
                "numpy",
                "opencv-python-headless",
                "pillow",
                "pyyaml",
                "requests",
                "psutil",
                "matplotlib",
                "polars",
            ),
            "ultralytics.data.dataset",
            alone=("ultralytics==8.4.190", "torchvision==0.28.0"),
        ),
    )
}


class NotInstalledError(Exception):
    """The environment could not be made; the message has the last words of what failed."""


def readers_folder() -> Path:
    """The folder of all environments, outside the repository."""
    chosen = os.environ.get("MASKWRIGHT_READERS")
    if chosen:
        return Path(chosen).expanduser().absolute()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "maskwright" / "readers"


def make(name: str) -> Path:
    """The interpreter of an environment, which is made first where it is not there. Raises NotInstalledError."""
    environment = ENVIRONMENTS[name]
    if environment.python.exists():
        return environment.python
    draft = environment.folder.with_name(f".{environment.folder.name}.{secrets.token_hex(6)}.draft")
    try:
        draft.parent.mkdir(parents=True, exist_ok=True)
        venv.create(draft, symlinks=True)
        _install(draft, environment.requirements)
        if environment.alone:
            _install(draft, ("--no-deps", *environment.alone))
        # ultralytics leaves its settings where this says.
        _try([draft / "bin" / "python", "-c", f"import {environment.proof}"], YOLO_CONFIG_DIR=str(draft))
        _put_in_place(draft, environment)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return environment.python


def reader_python(name: str) -> Path:
    """The interpreter of an environment for a test, which is skipped where there is none."""
    environment = ENVIRONMENTS[name]
    if not environment.python.exists() and not os.environ.get("CI"):
        pytest.skip(f"{name} has no environment yet; python -m tests.readers.environments makes it")
    try:
        return make(name)
    except NotInstalledError as error:
        pytest.skip(f"{name} cannot be installed here: {error}")


def _install(folder: Path, what: tuple[str, ...]) -> None:
    _try([sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--quiet", *what])


def _try(command: Sequence[str | Path], **settings: str) -> None:
    environ = {**os.environ, **settings}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S, env=environ)
    except subprocess.CalledProcessError as error:
        raise NotInstalledError(error.stderr.strip().rpartition("\n")[2]) from error
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"it took more than {INSTALL_TIMEOUT_S} seconds") from error


def _put_in_place(draft: Path, environment: Environment) -> None:
    try:
        draft.rename(environment.folder)
    except OSError:
        # Another process was faster.
        if not environment.python.exists():
            raise


if __name__ == "__main__":
    for each in ENVIRONMENTS:
        print(f"{each}: {make(each)}")
