"""The certificate and its key, for HTTPS."""

from __future__ import annotations

import ssl
from pathlib import Path

from core.annotation.errors import MaskwrightError


def check_certificate(certfile: Path, keyfile: Path) -> None:
    """Raises MaskwrightError, naming the file, for what no server can use."""
    for option, path in (("--ssl-certfile", certfile), ("--ssl-keyfile", keyfile)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise MaskwrightError(f"{option} {path} cannot be read ({error.strerror}); name a file in PEM") from error
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certfile, keyfile, password=_refuse_to_ask)
    except (ssl.SSLError, MaskwrightError) as error:
        raise MaskwrightError(_explain(error, certfile, keyfile)) from error


class _LockedKeyError(MaskwrightError):
    pass


def _refuse_to_ask() -> str:
    raise _LockedKeyError


def _explain(error: Exception, certfile: Path, keyfile: Path) -> str:
    if isinstance(error, _LockedKeyError):
        return f"--ssl-keyfile {keyfile} is locked with a password; name a key without one (openssl pkey -in … -out …)"
    if isinstance(error, ssl.SSLError) and error.reason == "KEY_VALUES_MISMATCH":
        return (
            f"--ssl-keyfile {keyfile} is not the key of the certificate {certfile}; name the two that belong together"
        )
    return f"--ssl-certfile {certfile} and --ssl-keyfile {keyfile} are no certificate and key in PEM ({error})"
