"""Errors on the wire: every one is JSON with the reason, and its status says what the client should do."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.api.answers import ErrorJson
from app.line import LineFull
from core.annotation.errors import MaskwrightError, StorageError
from storage.errors import NotFound, StaleRevision
from storage.label_changes import StaleLabelSet

log = logging.getLogger(__name__)

# What the documentation says of a route's answers that are no JSON, and of its errors.
Responses = dict[int | str, dict[str, Any]]
PICTURE: Responses = {
    200: {"description": "The file.", "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}}
}
ABSENT: Responses = {404: {"model": ErrorJson, "description": "There is no such thing."}}
STALE: Responses = {409: {"model": ErrorJson, "description": "The image moved on; its revision is given."}}
ELSEWHERE: Responses = {412: {"model": ErrorJson, "description": "Another workspace or person is here now."}}
REFUSED: Responses = {422: {"model": ErrorJson, "description": "The request does not fit; nothing was changed."}}
BUSY: Responses = {429: {"model": ErrorJson, "description": "Too much is asked for at once; try again in a moment."}}
FAILED: Responses = {
    503: {"model": ErrorJson, "description": "The database could not be reached or written; try again."}
}


class OtherWorkspace(MaskwrightError):  # noqa: N818 — named like StaleRevision, for what happened
    """A correction for the image of a workspace that is not the one served."""


class OtherPerson(MaskwrightError):  # noqa: N818 — named like StaleRevision, for what happened
    """A correction made by somebody who is not the one logged in."""


def refuse_unknown(request: Request) -> None:
    """A misspelt filter would answer with images that nobody asked for. Raises MaskwrightError."""
    if not request.query_params:
        return
    route = request.scope["route"]
    described = request.app.openapi()["paths"][route.path][request.method.lower()]
    known = [one["name"] for one in described.get("parameters", ()) if one["in"] == "query"]
    for name in request.query_params:
        if name not in known:
            choice = f"choose from {', '.join(known)}" if known else "leave it out"
            raise MaskwrightError(f"{name!r:.80} cannot be asked here; {choice}")


def add_error_answers(app: FastAPI) -> None:
    """404 not there, 405 not with this verb (Allow has those), 409 the image or label set moved on (with its revision),
    412 another workspace or person, 422 refused, 429 too much at once, 503 try again.
    """

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["loc"] == ("body",):
            said = f"the body: {first['msg']}; send a JSON object, with Content-Type: application/json"
        else:
            said = f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}"
        return JSONResponse({"error": said}, 422)

    @app.exception_handler(HTTPException)
    async def unanswered(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)

    @app.exception_handler(NotFound)
    async def absent(_: Request, error: NotFound) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 404)

    @app.exception_handler(OtherPerson)
    @app.exception_handler(OtherWorkspace)
    async def elsewhere(_: Request, error: OtherWorkspace | OtherPerson) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 412)

    @app.exception_handler(StaleLabelSet)
    @app.exception_handler(StaleRevision)
    async def stale(_: Request, error: StaleRevision | StaleLabelSet) -> JSONResponse:
        return JSONResponse({"error": str(error), "revision": error.revision}, 409)

    @app.exception_handler(LineFull)
    async def full(_: Request, error: LineFull) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 429, {"Retry-After": "1"})

    @app.exception_handler(StorageError)
    async def not_saved(_: Request, error: StorageError) -> JSONResponse:
        log.error("%s", error)
        return JSONResponse({"error": str(error)}, 503)

    @app.exception_handler(MaskwrightError)
    async def refused(_: Request, error: MaskwrightError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, 422)
