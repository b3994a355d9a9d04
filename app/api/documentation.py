"""The interface's description: OpenAPI for programs, docs/api.md for people.

`python -m app.api.documentation` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from app.api import assist, label_set, learning, pictures, presence, queue, review, routes
from app.settings import PROJECT

VERSION = "1"
OPENAPI_URL = "/api/v1/openapi.json"
# The first route that fits an address answers: `images/first` stands before `images/{image_id}`.
ROUTERS = (
    queue.router,
    review.router,
    routes.router,
    pictures.router,
    learning.router,
    presence.router,
    assist.router,
    label_set.router,
)
PAGE = PROJECT / "docs" / "api.md"

_OPENING = f"""# The interface for programs

The page works through these addresses, and so may any program. They are at the server's own address, by default
`http://127.0.0.1:7860`. Where the workspace has users, each request names one: a program by
HTTP's basic authentication, sent without being asked for (`curl -u NAME`), with a person's name and password. That
name goes into the log of corrections. The version, {VERSION}, stands in every address; what is added later
leaves what is here as it is. `GET {OPENAPI_URL}` is the same description in OpenAPI's form; this page
is made of it by `python -m app.api.documentation`.

Answers are JSON. An error is `{{"error": "what is wrong, and what to do"}}`, with a status given below or one of these:
400 for a host that is not served, 401 without a user's name and password, 403 from a page of another site, 404 for no
address of the interface, 405 where the address takes another verb, 413 for more than the server takes, 422 for a
parameter that is not listed, 429 after too many wrong passwords (`Retry-After` says how many seconds to wait), 503
where the database cannot be read.
"""

# Past it a limit says what a database holds and nothing to a reader.
_TOLD_LIMIT = 2**31


def openapi() -> dict[str, Any]:
    """The description of all routes under /api/v1, without a server."""
    app = FastAPI(title="Maskwright", version=VERSION)
    for router in ROUTERS:
        app.include_router(router)
    return app.openapi()


def markdown(description: Mapping[str, Any]) -> str:
    """The OpenAPI description as a page."""
    schemas = description["components"]["schemas"]
    routes_ = [
        (verb.upper(), path, route) for path, verbs in description["paths"].items() for verb, route in verbs.items()
    ]
    parts = [_OPENING]
    for group in dict.fromkeys(route["tags"][0] for _, _, route in routes_):
        parts.append(f"## {group}\n")
        parts += [_route(*item) for item in routes_ if item[2]["tags"][0] == group]
    parts.append("## What is sent and answered\n")
    parts += [_schema(name, schema) for name, schema in sorted(schemas.items()) if _is_ours(name)]
    return "\n".join(parts)


def _is_ours(name: str) -> bool:
    """FastAPI lists its own error's form, which `app.api.errors` replaces."""
    return name not in ("HTTPValidationError", "ValidationError")


def _route(verb: str, path: str, route: Mapping[str, Any]) -> str:
    lines = [f"### {route['summary']}", "", f"`{verb} {path}`", "", route["description"], ""]
    parameters = route.get("parameters", [])
    if parameters:
        lines += ["| parameter | in | type | meaning |", "| --- | --- | --- | --- |"]
        lines += [_parameter(parameter) for parameter in parameters]
        lines.append("")
    if "requestBody" in route:
        lines += [f"Sent: {_content(route['requestBody'])}.", ""]
    lines += ["| status | answer |", "| --- | --- |", *_answers(route["responses"]), ""]
    return "\n".join(lines)


def _parameter(parameter: Mapping[str, Any]) -> str:
    schema = parameter["schema"]
    # Leaving it out is what null stands for; an address has no null.
    kind = _kind(schema).removesuffix(" or null")
    if "default" in schema:
        kind += f" = {str(schema['default']).lower()}"
    name = f"**{parameter['name']}**" if parameter["required"] else parameter["name"]
    return f"| {name} | {parameter['in']} | {_cell(kind)} | {_cell(parameter.get('description', ''))} |"


def _answers(responses: Mapping[str, Any]) -> Iterator[str]:
    for status, response in sorted(responses.items()):
        said = _content(response) if status == "200" else response["description"]
        yield f"| {status} | {_cell(said)} |"


def _content(holder: Mapping[str, Any]) -> str:
    content = holder.get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return _kind(schema) if schema else "the file"


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    lines = [f"### {name}", "", schema.get("description", "").strip(), ""]
    if "enum" in schema:
        return "\n".join([*lines, ", ".join(f"`{value}`" for value in schema["enum"]), ""])
    lines += ["| field | type | meaning |", "| --- | --- | --- |"]
    required = schema.get("required", [])
    for field, its in schema["properties"].items():
        shown = f"**{field}**" if field in required else field
        lines.append(f"| {shown} | {_cell(_kind(its))} | {_cell(its.get('description', ''))} |")
    return "\n".join([*lines, ""])


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(one) for one in schema["anyOf"])
    if "allOf" in schema:
        return _kind(schema["allOf"][0])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", "any"))
    if "prefixItems" in schema:
        return f"[{', '.join(_kind(one) for one in schema['prefixItems'])}]"
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_kind(schema['additionalProperties'])}"
    return kind + _limits(schema)


def _limits(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    if "maxLength" in schema:
        shortest = schema.get("minLength", 0)
        return f" of {shortest} to {schema['maxLength']}" if shortest else f" of at most {schema['maxLength']}"
    if least is not None and most is not None and most < _TOLD_LIMIT:
        return f" {least:g} to {most:g}"
    return "" if least is None else f" from {least:g}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(markdown(openapi()), encoding="utf-8")
