"""What a server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.annotation.errors import MaskwrightError

PROJECT = Path(__file__).resolve().parent.parent
ASSETS = PROJECT / "assets"
SAMPLES = ASSETS / "samples"
DEFAULT_MODEL = "maskwright-lite0"
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
# In place of the options, so that a password stands in no list of processes.
DATABASE_VARIABLE = "MASKWRIGHT_DATABASE"
BLOBS_VARIABLE = "MASKWRIGHT_BLOBS"


@dataclass(frozen=True)
class ServerSettings:
    """Options of `launch.py` without a command. Raises MaskwrightError for what cannot be served.

    model: the base model; None is DEFAULT_MODEL, or the promoted model where there is one.
    database, blobs: where `Workspace.open` finds them; None is in the workspace's folder.
    """

    workspace: Path = Path("workspace")
    database: str | None = field(default=None, repr=False)
    blobs: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    open_browser: bool = False
    model: str | None = None
    device: str | None = None
    precision: str = "auto"
    no_model: bool = False
    api_only: bool = False
    password: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise MaskwrightError(f"--port is a number from 0 (any free one) to 65535, got {self.port}")
        if self.host not in LOOPBACK and not self.password:
            raise MaskwrightError(
                f"--host {self.host} lets other machines in, so a password is needed: "
                "set the environment variable MASKWRIGHT_PASSWORD and start again"
            )

    @property
    def on_this_machine(self) -> bool:
        """Whether only people at this machine reach the server; with a password others may, through a proxy."""
        return self.host in LOOPBACK and not self.password
