"""Plain pages that work without scripts: their frame, and what their forms send."""

from __future__ import annotations

from http import HTTPStatus
from string import Template
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.pages.markup import Markup, text

# Far more than a form of ours has.
_MOST_FIELDS = 8

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    # With "no-referrer" a form would come without its origin, and be refused as another site's.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title – Maskwright</title>
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/ui/css/login.css">
</head>
<body>
<main>
<h1>Maskwright</h1>
$inner
</main>
</body>
</html>
""")


def plain_page(
    title: str, inner: Markup, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return HTMLResponse(_PAGE.substitute(title=title, inner=inner), status, HEADERS | (headers or {}))


def told(role: str, said: str) -> Markup:
    """A sentence in the page, with the role that screen readers know it by: alert or status; nothing of nothing."""
    return Markup(f'<p role="{role}">{text(said[0].upper() + said[1:])}.</p>' if said else "")


async def sent_fields(request: Request, *names: str) -> list[str]:
    """What was sent in each field, empty where nothing was, or where the whole is no form of ours."""
    body = (await request.body()).decode(errors="replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        fields = {}
    return [fields.get(name, [""])[0] for name in names]
