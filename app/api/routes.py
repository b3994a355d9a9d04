"""The HTTP interface under /api/v1, which the page uses and scripts may."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import FileResponse

from app.api.errors import OtherWorkspace
from app.api.wire import (
    MAX_ID,
    CorrectionBody,
    category_json,
    image_json,
    image_summary_json,
    outcome_json,
    proposing_json,
)
from app.services import Services, services, user_of
from app.workflows.correct import Submission, correct
from app.workflows.propose import shown_proposals
from core.annotation.corrections import undo_and_redo
from storage.categories import load_label_set
from storage.corrections import log_entries
from storage.images import count_images, get_image, list_images, neighbours
from storage.truths import load_truth

router = APIRouter(prefix="/api/v1")

Running = Annotated[Services, Depends(services)]
User = Annotated[str, Depends(user_of)]
ImageId = Annotated[int, Path(ge=0, le=MAX_ID)]

# Without a model there is no measured threshold; show what is more likely right than wrong.
NEUTRAL_THRESHOLD = 0.5
# A photo's address carries its content's hash, so a browser may keep it for good.
PHOTO_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'",
}


@router.get("/workspace")
def read_workspace(running: Running, user: User) -> dict[str, Any]:
    with running.workspace.database.read() as session:
        label_set = load_label_set(session)
        total, done = count_images(session)
    model, trouble = running.model, running.worker.trouble
    return {
        "id": running.workspace.id,
        "name": running.workspace.folder.resolve().name,
        "user": user,
        "categories": [category_json(category) for category in label_set],
        "default_threshold": NEUTRAL_THRESHOLD if model is None else model.threshold,
        "model": None if model is None else {"name": model.name, "sha256": model.sha256, "trouble": trouble},
        "total": total,
        "done": done,
    }


@router.get("/images")
def read_images(
    running: Running,
    offset: Annotated[int, Query(ge=0, le=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
) -> dict[str, Any]:
    with running.workspace.database.read() as session:
        total, done = count_images(session)
        images = list_images(session, offset=offset, limit=limit)
    return {"total": total, "done": done, "images": [image_summary_json(image) for image in images]}


@router.get("/images/{image_id}")
def read_image(image_id: ImageId, running: Running, user: User, ahead: bool = False) -> dict[str, Any]:
    """One image whole. Its proposals are computed first of all, unless it is only looked at `ahead`."""
    with running.workspace.database.read() as session:
        image = get_image(session, image_id)
    proposing = running.worker.state(image_id) if ahead else running.worker.ask(image_id)
    with running.workspace.database.read() as session:
        return image_json(
            image,
            load_truth(session, image_id),
            shown_proposals(session, image_id, None if running.model is None else running.model.sha256),
            load_label_set(session),
            neighbours(session, image_id),
            proposing,
            undo_and_redo(log_entries(session, image_id), user),
        )


@router.get("/images/{image_id}/proposing")
def read_proposing(image_id: ImageId, running: Running) -> dict[str, str]:
    return proposing_json(running.worker.state(image_id))


@router.get("/images/{image_id}/photo")
def read_photo(image_id: ImageId, running: Running) -> FileResponse:
    with running.workspace.database.read() as session:
        image = get_image(session, image_id)
    path = running.workspace.blobs.existing_path(image.display_sha256)
    return FileResponse(path, media_type=image.display_type, headers=PHOTO_HEADERS)


@router.post("/images/{image_id}/corrections")
def post_correction(image_id: ImageId, body: CorrectionBody, running: Running, user: User) -> dict[str, Any]:
    if body.workspace != running.workspace.id:
        raise OtherWorkspace(f"another workspace, {running.workspace.folder.name}, is open here now; reload the page")
    with running.workspace.database.read() as session:
        image = get_image(session, image_id)
    outcome = correct(
        running.workspace,
        Submission(
            image_id=image_id,
            client=body.client,
            seq=body.seq,
            user=user,
            base_revision=body.base_revision,
            request=body.request(image.height, image.width),
            threshold=body.threshold,
            shown_s=body.shown_s,
        ),
    )
    return outcome_json(body.seq, outcome)
