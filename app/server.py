"""The server: the HTTP interface, the page's files and Gradio's pages in one application."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import Depends, FastAPI
from starlette.endpoints import HTTPEndpoint
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.api.documentation import OPENAPI_URL, ROUTERS, VERSION
from app.api.errors import add_error_answers, refuse_unknown
from app.jobs import ProposalWorker
from app.model_choice import FollowPromotions
from app.models import describe_model, workspace_labels
from app.pages.account import AccountPage
from app.pages.login import LoginPages
from app.security.attempts import Attempts
from app.security.certificates import check_certificate
from app.security.gate import Gate
from app.security.guard import ACCOUNT_PATH, API_PREFIX, LOGIN_PATH, Guard
from app.security.hosts import OwnHost
from app.security.known import KnownPersons
from app.security.limits import MAX_FORM_BYTES, MAX_JSON_BYTES, BodyLimit
from app.security.origins import OwnFrame, SameOrigin
from app.security.sessions import Sessions
from app.services import Services
from app.settings import ASSETS, DEFAULT_MODEL, OLD_PASSWORD_VARIABLE, ServerSettings
from app.web_app import web_app_routes
from app.workflows.exporting import settle_exports
from app.workflows.ingest import add_photos, sample_photos
from core.annotation.errors import MaskwrightError
from core.annotation.labels import LabelSet
from storage.categories import had_categories, seed_label_set
from storage.images import list_images
from storage.persons import has_persons, session_secret
from storage.workspace import Workspace

log = logging.getLogger(__name__)


class PageFiles(StaticFiles):
    """The page's modules and styles; a browser asks whether its copy is still the newest."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


class Unanswered(HTTPEndpoint):
    """What no route of the interface answers: the pages at the root would take it for one of their own."""

    async def dispatch(self) -> None:
        matching = (route for router in ROUTERS for route in router.routes if isinstance(route, Route))
        found = [route for route in matching if route.matches(self.scope)[0] is not Match.NONE]
        if not found:
            raise HTTPException(404, f"there is no {self.scope['path']:.80}; GET {OPENAPI_URL} tells what there is")
        verbs = ", ".join(sorted({verb for route in found for verb in route.methods or ()}))
        raise HTTPException(405, f"this address takes {verbs} alone", {"Allow": verbs})


def open_services(settings: ServerSettings) -> Services:
    """Open the workspace (a new one gets the sample photos and the model's label set) and prepare the worker."""
    workspace = Workspace.open(settings.workspace, database=settings.database, blobs=settings.blobs)
    has_users = _check_users(workspace, settings)
    settle_exports(workspace)
    base = settings.model or DEFAULT_MODEL
    _furnish(workspace, describe_model(base, workspace.models_folder).labels)
    choose = None if settings.no_model else FollowPromotions(workspace, settings)
    alone = not (settings.others_come or has_users)
    worker = ProposalWorker(workspace, choose)
    return Services(workspace, worker, base, settings.device, on_this_machine=alone, makes_previews=True)


def _check_users(workspace: Workspace, settings: ServerSettings) -> bool:
    """Whether people have to log in. Raises MaskwrightError where they would have to and nobody could."""
    with workspace.database.read() as session:
        has_users = has_persons(session)
    outdated = OLD_PASSWORD_VARIABLE in os.environ
    add = f"python launch.py user add NAME --workspace {settings.workspace}"
    if not has_users and settings.others_come:
        raise MaskwrightError(
            f"others reach this server, and nobody may log in yet; run `{add}`, then start again"
            + (f" ({OLD_PASSWORD_VARIABLE} is no longer used)" if outdated else "")
        )
    if not has_users and outdated:
        raise MaskwrightError(
            f"{OLD_PASSWORD_VARIABLE} is no longer used: people have names and passwords of their own; run `{add}`, "
            "or unset the variable to let everybody at this machine in"
        )
    if outdated:
        print(f"maskwright: {OLD_PASSWORD_VARIABLE} is no longer used; unset it", file=sys.stderr)
    return has_users


def _furnish(workspace: Workspace, labels: LabelSet) -> None:
    """The label set comes last: a first start that is cut short is done again. Photos of one's own, imported before,
    are not mixed with samples."""
    samples = sample_photos()
    with workspace.database.read() as session:
        if had_categories(session):
            return
        present = list_images(session, limit=len(samples) + 1)
    if {image.file_name for image in present} <= {sample.name for sample in samples}:
        add_photos(workspace, samples)
    with workspace.database.write() as session:
        seed_label_set(session, workspace_labels(labels))


def build_app(services: Services, settings: ServerSettings) -> FastAPI:
    """The application; the worker starts and stops with it."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        services.worker.start()
        if services.makes_previews:
            services.pictures.ahead.start()
        yield
        services.pictures.ahead.stop()
        services.worker.stop()
        services.workspace.close()

    app = FastAPI(
        title="Maskwright",
        version=VERSION,
        lifespan=lifespan,
        openapi_url=OPENAPI_URL,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = services
    add_error_answers(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(refuse_unknown)])
    app.router.routes.append(Route("/api/{rest:path}", Unanswered))
    for folder in ("js", "css"):
        app.mount(f"/ui/{folder}", PageFiles(directory=ASSETS / folder))
    _add_doors(app, services, settings)
    app.router.routes.extend(web_app_routes())
    if not settings.api_only:
        from app.pages import mount_pages

        mount_pages(app, services)
    return app


def _add_doors(app: FastAPI, services: Services, settings: ServerSettings) -> None:
    """What a request passes before it reaches a route; the last one added comes first."""
    workspace = services.workspace
    with workspace.database.write() as session:
        sessions = Sessions(secret=session_secret(session), workspace_id=workspace.id)
    known = KnownPersons(workspace.database)
    gate = Gate(known, Attempts())
    app.router.routes.extend(LoginPages(known, gate, sessions, settings.others_come).routes())
    app.router.routes.extend(AccountPage(known, gate, sessions).routes())
    limits = {API_PREFIX: MAX_JSON_BYTES, LOGIN_PATH: MAX_FORM_BYTES, ACCOUNT_PATH: MAX_FORM_BYTES}
    app.add_middleware(BodyLimit, limits=limits)
    app.add_middleware(Guard, known=known, gate=gate, sessions=sessions, others_come=settings.others_come)
    app.add_middleware(SameOrigin)
    app.add_middleware(OwnFrame)
    if settings.own_hosts:
        app.add_middleware(OwnHost, hosts=settings.own_hosts)


def serve(settings: ServerSettings) -> None:
    """Serve until Ctrl-C; prints the address once it answers. Raises MaskwrightError when the port is taken."""
    prepare_process()
    with make_server(settings) as (server, listener, address):
        threading.Thread(target=_announce, args=(server, address, settings), daemon=True).start()
        server.run(sockets=[listener])


def prepare_process() -> None:
    """Nothing is looked up outside, and what goes wrong is told in lines."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


@contextlib.contextmanager
def make_server(settings: ServerSettings) -> Iterator[tuple[uvicorn.Server, socket.socket, str]]:
    """A server that is ready to run, the socket it will listen on, and its address."""
    if settings.ssl_certfile is not None and settings.ssl_keyfile is not None:
        check_certificate(settings.ssl_certfile, settings.ssl_keyfile)
    with _listen(settings) as listener:
        config = uvicorn.Config(
            build_app(open_services(settings), settings),
            log_level="warning",
            timeout_graceful_shutdown=5,
            ssl_certfile=settings.ssl_certfile,
            ssl_keyfile=settings.ssl_keyfile,
        )
        address = f"{settings.scheme}://{settings.host}:{listener.getsockname()[1]}"
        yield uvicorn.Server(config), listener, address


def _listen(settings: ServerSettings) -> socket.socket:
    # With the protocol named, asyncio switches Nagle's delay off; without, each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise MaskwrightError(
            f"{settings.host}:{settings.port} cannot be used ({error.strerror}): Maskwright may be open there already; "
            "else choose another with --port"
        ) from error
    return listener


def _announce(server: uvicorn.Server, address: str, settings: ServerSettings) -> None:
    ready = threading.Event()
    while not server.started:
        if server.should_exit or ready.wait(0.02):
            return
    print(f"Maskwright is ready: {address}   (workspace {settings.workspace}, Ctrl-C ends)", flush=True)
    if settings.open_browser:
        webbrowser.open(address)
