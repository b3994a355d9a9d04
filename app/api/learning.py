"""Pictures of runs, for the Train page."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from fastapi.responses import FileResponse

from app.api.errors import ABSENT, PICTURE, REFUSED
from app.api.routes import PHOTO_HEADERS
from app.api.wire import MAX_ID, version_of
from app.services import Services, services
from app.workflows.learning import find_run
from storage.errors import NotFound

router = APIRouter(prefix="/api/v1", tags=["Runs"])

# The address of a picture carries its moment, so a browser may keep it.
PICTURE_HEADERS = PHOTO_HEADERS | {"Cache-Control": "private, max-age=86400"}


@router.get(
    "/runs/{run_id}/pictures/{name}",
    summary="Read a picture of a run",
    response_class=FileResponse,
    dependencies=[Depends(version_of)],
    responses=PICTURE | ABSENT | REFUSED,
)
def read_picture(
    run_id: Annotated[int, Path(ge=1, le=MAX_ID)],
    name: Literal["before.jpg", "after.jpg", "curves.png"],
    running: Annotated[Services, Depends(services)],
) -> FileResponse:
    """A picture in the run's folder; a run draws them as it goes."""
    path = find_run(running.workspace, run_id).folder / name
    if not path.is_file():
        raise NotFound(f"run {run_id} has no {name} yet; it draws it as it goes")
    return FileResponse(path, headers=PICTURE_HEADERS)
