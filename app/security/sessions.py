"""What a browser keeps of a log-in: a signed cookie."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.security.known import KnownPersons
from storage.log_outs import note_log_out
from storage.persons import Person

# A month without a visit, and one has to log in again; each day of use begins the month anew.
LIFETIME = timedelta(days=30)
RENEWED_AFTER = timedelta(days=1)
_SALT = "maskwright.session"
_LOGIN_ID_BYTES = 16


@dataclass(frozen=True)
class LoggedIn:
    """Whose cookie it is, of which log-in, and whether it is old enough for a new one."""

    person: Person
    login_id: str
    ageing: bool


class Sessions:
    """Makes and reads the cookie, which names a person, the count of their sessions and the log-in that it came from;
    it is worth nothing once that count, the password or the person is another, or that log-in has ended."""

    def __init__(self, *, secret: str, workspace_id: str) -> None:
        # Browsers do not tell ports apart: servers of several workspaces on one machine share their cookies.
        self.cookie = f"maskwright-{workspace_id[:8]}"
        signing = {"digest_method": hashlib.sha256}
        self._serializer = URLSafeTimedSerializer(secret, salt=f"{_SALT}.{workspace_id}", signer_kwargs=signing)

    def read(self, connection: HTTPConnection, known: KnownPersons) -> LoggedIn | None:
        """Whose request it is; None without a cookie that is signed, young and of a person still there."""
        try:
            payload, made_at = self._serializer.loads(
                connection.cookies.get(self.cookie, ""), max_age=int(LIFETIME.total_seconds()), return_timestamp=True
            )
        except BadData:
            return None
        match payload:
            case [int(person_id), int(sessions), str(login_id)]:
                person = known.with_id(person_id)
            case _:
                return None
        if person is None or person.sessions != sessions or known.has_logged_out(login_id):
            return None
        ageing = time.time() - made_at.timestamp() > RENEWED_AFTER.total_seconds()
        return LoggedIn(person, login_id, ageing=ageing)

    async def end(self, connection: HTTPConnection, known: KnownPersons) -> None:
        """End the log-in that the request's cookie came from: the cookie, wherever it was kept, is worth nothing."""
        logged_in = self.read(connection, known)
        if logged_in is not None:
            # The day more: a request under way may yet renew it.
            until = datetime.now(UTC) + LIFETIME + RENEWED_AFTER
            await known.change(lambda session: note_log_out(session, logged_in.login_id, until=until))

    def give(self, response: Response, person: Person, *, encrypted: bool, login_id: str | None = None) -> None:
        """Set the cookie, of a new log-in or of the one named. Lax, not Strict: a link to an image, sent to somebody,
        opens without another log-in; what changes something is refused from other sites by `SameOrigin` besides."""
        response.set_cookie(
            self.cookie,
            self._serializer.dumps([person.id, person.sessions, login_id or secrets.token_urlsafe(_LOGIN_ID_BYTES)]),
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=encrypted,
            httponly=True,
            samesite="lax",
        )

    def take(self, response: Response, *, encrypted: bool) -> None:
        """Let the browser forget the cookie."""
        response.delete_cookie(self.cookie, path="/", secure=encrypted, httponly=True, samesite="lax")
