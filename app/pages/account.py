"""The page of one's own account: who one is, another password, and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from string import Template

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.pages.markup import Markup, text
from app.pages.plain import plain_page, sent_fields, told
from app.security.gate import Gate, TooManyAttempts, WrongPassword
from app.security.guard import ACCOUNT_PATH, address_of, is_encrypted
from app.security.known import KnownPersons
from app.security.passwords import PasswordError
from app.security.sessions import Sessions
from storage.persons import set_password

_ACCOUNT = Template("""<p>You are logged in as <strong>$name</strong>. What you correct is stored under this name.</p>
$told
<form method="post" action="/logout"><button>Log out</button></form>
<details $open>
<summary>Another password</summary>
<form method="post" action="/account">
<p>Whoever is logged in under this name elsewhere, scripts too, has to log in again.</p>
<input type="hidden" name="username" value="$name" autocomplete="username">
<label for="old">Password until now</label>
<input id="old" name="old" type="password" autocomplete="current-password" required>
<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required>
<label for="again">Once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required>
<button>Change the password</button>
</form>
</details>
<p><a href="/">Back to the photos</a></p>""")
_NO_USERS = Markup("""<p>Nobody has to log in: the workspace has no users, and only this machine reaches the server.</p>
<p>This command adds one: <code>python launch.py user add NAME</code></p>
<p><a href="/">Back to the photos</a></p>""")


@dataclass(frozen=True)
class AccountPage:
    """The routes of the account; the guard has let in whoever gets here."""

    known: KnownPersons
    gate: Gate
    sessions: Sessions

    def routes(self) -> list[Route]:
        return [
            Route(ACCOUNT_PATH, self.show, methods=["GET"]),
            Route(ACCOUNT_PATH, self.change_password, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return _page(request)

    async def change_password(self, request: Request) -> Response:
        """Take the new password of whoever knows the old; of all log-ins this browser's alone goes on."""
        user = getattr(request.state, "user", None)
        if user is None:
            return _page(request)
        old, new, again = await sent_fields(request, "old", "new", "again")
        try:
            if new != again:
                raise PasswordError("the two new passwords differ; nothing was changed")
            await self.gate.enter(user, old, address_of(request))
            password_hash = await self.gate.hashed(new)
        except TooManyAttempts as error:
            return _page(request, trouble=str(error), status=429, headers={"Retry-After": str(error.wait_s)})
        except WrongPassword:
            return _page(request, trouble="the password until now is another; nothing was changed", status=403)
        except PasswordError as error:
            return _page(request, trouble=str(error), status=422)
        await self.known.change(lambda session: set_password(session, user, password_hash))
        response = _page(request, done="your password is the new one from now on")
        person = self.known.named(user)
        if person is not None:
            self.sessions.give(response, person, encrypted=is_encrypted(request.scope))
        return response


def _page(
    request: Request,
    *,
    trouble: str = "",
    done: str = "",
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    user = getattr(request.state, "user", None)
    if user is None:
        return plain_page("Account", _NO_USERS)
    said = told("alert", trouble) or told("status", done)
    inner = _ACCOUNT.substitute(name=text(user), told=said, open="open" if trouble else "")
    return plain_page("Account", Markup(inner), status=status, headers=headers)
