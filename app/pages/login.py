"""Logging in and out."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from string import Template

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.pages.markup import Markup, text
from app.pages.plain import HEADERS, plain_page, sent_fields, told
from app.security.gate import Gate, TooManyAttempts, WrongPassword
from app.security.guard import COOKIE_CHALLENGE, LOGIN_PATH, address_of, is_encrypted
from app.security.known import KnownPersons
from app.security.sessions import Sessions

LOGOUT_PATH = "/logout"

# The address of a page of ours is far shorter.
_LONGEST_NEXT = 2_000

# Without scripts nothing but the browser's cache was kept.
_FORM = Template("""<script type="module" src="/ui/js/forget.mjs"></script>
<form method="post" action="/login">
$trouble
<input type="hidden" name="next" value="$next">
<label for="name">Name</label>
<input id="name" name="name" value="$name" autocomplete="username" autocapitalize="none" spellcheck="false" required
 $name_focus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required $password_focus>
<button>Log in</button>
</form>""")
_NOBODY = Markup("""<p role="alert">Nobody may log in: the workspace has no users.</p>
<p>This command, run where the server is, adds one: <code>python launch.py user add NAME</code>
(with its --workspace). Then load this page again.</p>""")


@dataclass(frozen=True)
class LoginPages:
    """The routes of logging in and out. others_come: without users nobody is let in."""

    known: KnownPersons
    gate: Gate
    sessions: Sessions
    others_come: bool

    def routes(self) -> list[Route]:
        return [
            Route(LOGIN_PATH, self.ask, methods=["GET"]),
            Route(LOGIN_PATH, self.log_in, methods=["POST"]),
            Route(LOGOUT_PATH, self.log_out, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """The form; whoever need not fill it in goes on. However the log-in ended, a browser that shows the form has
        kept no photo then."""
        wanted = local_path(request.query_params.get("next", ""))
        await self.known.refresh()
        if not self.known and self.others_come:
            return plain_page("Log in", _NOBODY, status=HTTPStatus.FORBIDDEN)
        if not self.known or self.sessions.read(request, self.known):
            return RedirectResponse(wanted, 303, HEADERS)
        return _form(wanted, headers={"Clear-Site-Data": '"cache"'})

    async def log_in(self, request: Request) -> Response:
        """Let somebody in, or say that it was wrong."""
        name, password, wanted = await sent_fields(request, "name", "password", "next")
        wanted = local_path(wanted)
        await self.known.refresh()
        try:
            person = await self.gate.enter(name, password, address_of(request))
        except TooManyAttempts as error:
            return _form(wanted, name=name, trouble=error, status=429, headers={"Retry-After": str(error.wait_s)})
        except WrongPassword as error:
            return _form(wanted, name=name, trouble=error, status=401, headers=COOKIE_CHALLENGE)
        response = RedirectResponse(wanted, 303, HEADERS)
        self.sessions.give(response, person, encrypted=is_encrypted(request.scope))
        return response

    async def log_out(self, request: Request) -> Response:
        """End the log-in; the browser forgets the cookie, and on the page it comes to the photos that it has kept."""
        await self.sessions.end(request, self.known)
        response = RedirectResponse(LOGIN_PATH, 303, HEADERS)
        self.sessions.take(response, encrypted=is_encrypted(request.scope))
        return response


def local_path(wanted: str) -> str:
    """The address to go on to: a page of ours, else the first. Two slashes would begin a host's name; browsers read a
    backslash as a slash, and leave control characters out."""
    is_address = wanted.startswith("/") and not wanted.startswith("//") and len(wanted) <= _LONGEST_NEXT
    if not is_address or "\\" in wanted or not wanted.isprintable():
        return "/"
    return "/" if wanted.partition("?")[0] in (LOGIN_PATH, LOGOUT_PATH) else wanted


def _form(
    wanted: str,
    *,
    name: str = "",
    trouble: Exception | None = None,
    status: int = HTTPStatus.OK,
    headers: dict[str, str] | None = None,
) -> Response:
    said = told("alert", str(trouble or ""))
    focus = (
        {"name_focus": "", "password_focus": "autofocus"} if name else {"name_focus": "autofocus", "password_focus": ""}
    )
    inner = _FORM.substitute(next=text(wanted), name=text(name[:_LONGEST_NEXT]), trouble=said, **focus)
    return plain_page("Log in", Markup(inner), status=status, headers=headers)
