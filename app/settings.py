"""What a server is started with."""

from __future__ import annotations

import re
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
# Earlier releases had one password for all.
OLD_PASSWORD_VARIABLE = "MASKWRIGHT_PASSWORD"  # noqa: S105 — a variable's name

_HOST_NAME = re.compile(r"[\w.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")


@dataclass(frozen=True)
class ServerSettings:
    """Options of `launch.py` without a command. Raises MaskwrightError for what cannot be served.

    model: the base model; None is DEFAULT_MODEL, or the promoted model where there is one.
    database, blobs: where `Workspace.open` finds them; None is in the workspace's folder.
    allowed_hosts: names under which people reach the server besides its own address, as through a proxy.
    ssl_certfile, ssl_keyfile: both for HTTPS, or neither.   desktop: in a window of its own, on this machine.
    """

    workspace: Path = Path("workspace")
    database: str | None = field(default=None, repr=False)
    blobs: str | None = None
    host: str = "127.0.0.1"
    port: int = 7860
    allowed_hosts: tuple[str, ...] = ()
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    open_browser: bool = False
    desktop: bool = False
    model: str | None = None
    device: str | None = None
    precision: str = "auto"
    no_model: bool = False
    api_only: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise MaskwrightError(f"--port is a number from 0 (any free one) to 65535, got {self.port}")
        for name in self.allowed_hosts:
            if not _HOST_NAME.fullmatch(name):
                raise MaskwrightError(
                    f"--allowed-host is a host's name without https:// and port, such as labels.example, got {name!r}"
                )
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            given, missing = ("cert", "key") if self.ssl_certfile else ("key", "cert")
            raise MaskwrightError(f"--ssl-{given}file needs --ssl-{missing}file beside it")
        if self.desktop:
            self._check_window()

    def _check_window(self) -> None:
        strange = {
            "--host": self.host not in LOOPBACK,
            "--allowed-host": self.allowed_hosts,
            "--ssl-certfile": self.ssl_certfile,
            "--open": self.open_browser,
            "--api-only": self.api_only,
        }
        for option, given in strange.items():
            if given:
                raise MaskwrightError(f"{option} does not go with --desktop, a window on this machine; leave it out")

    @property
    def others_come(self) -> bool:
        """Whether people at other machines may reach the server, directly or through a proxy."""
        return self.host not in LOOPBACK or not LOOPBACK.issuperset(self.allowed_hosts)

    @property
    def own_hosts(self) -> frozenset[str]:
        """The names that requests may ask for; none: any, as where the address says nothing of the names it has."""
        if self.host not in LOOPBACK and not self.allowed_hosts:
            return frozenset()
        return LOOPBACK | {self.host, *self.allowed_hosts}

    @property
    def scheme(self) -> str:
        return "http" if self.ssl_certfile is None else "https"
