"""An image under /api/v1: all of it, its photo, and corrections; and the workspace it is in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import FileResponse

from app.api.answers import ImageJson, OutcomeJson, ProposingJson, WorkspaceJson
from app.api.errors import ABSENT, ELSEWHERE, FAILED, PICTURE, REFUSED, STALE, OtherPerson, OtherWorkspace
from app.api.queue import ImageId, Ordered, Running, Wanted
from app.api.wire import CorrectionBody, category_json, image_json, outcome_json, proposing_json, version_of
from app.services import user_of
from app.workflows.correct import Submission, correct
from app.workflows.propose import shown_proposals
from core.annotation.undo import undo_and_redo
from storage.categories import load_label_set
from storage.corrections import load_remark, log_entries
from storage.images import count_images, get_image
from storage.label_changes import label_set_revision
from storage.queue import Order, neighbours
from storage.tables import ImageState
from storage.tags import image_tags
from storage.truths import load_truth

router = APIRouter(prefix="/api/v1", tags=["Labelling"])

User = Annotated[str, Depends(user_of)]

# A photo's address carries its content's hash, so a browser may keep it for good, and show it for as long as the
# person is logged in.
PHOTO_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Vary": "Cookie",
    "Content-Security-Policy": "default-src 'none'",
}


@router.get("/workspace", summary="Read the workspace", responses=REFUSED)
def read_workspace(running: Running, user: User) -> WorkspaceJson:
    """Its label set, the model in use, who asks, and how far the work is."""
    with running.workspace.database.read() as session:
        label_set, revision = load_label_set(session), label_set_revision(session)
        total, done = count_images(session)
    model, trouble = running.model, running.worker.trouble
    return {
        "id": running.workspace.id,
        "name": running.workspace.folder.resolve().name,
        "user": user,
        "categories": [category_json(category) for category in label_set],
        "label_set": revision,
        "default_threshold": running.threshold,
        "model": None if model is None else {"name": model.name, "sha256": model.sha256, "trouble": trouble},
        "total": total,
        "done": done,
    }


@router.get("/images/{image_id}", summary="Read an image", responses=ABSENT | REFUSED)
def read_image(
    image_id: ImageId,
    running: Running,
    user: User,
    wanted: Wanted,
    order: Ordered = Order.ADDED,
    ahead: Annotated[bool, Query(description="only look: do not ask the model for it before all others")] = False,
) -> ImageJson:
    """One image whole, with its place among those that pass the filter; it need not pass itself."""
    with running.workspace.database.read() as session:
        get_image(session, image_id)
    proposing = running.worker.state(image_id) if ahead else running.worker.ask(image_id)
    with running.workspace.database.read() as session:
        image = get_image(session, image_id)
        return image_json(
            image,
            load_truth(session, image_id),
            shown_proposals(session, image_id, None if running.model is None else running.model.sha256),
            load_label_set(session),
            neighbours(session, image_id, wanted, order=order),
            proposing,
            undo_and_redo(log_entries(session, image_id), user),
            image_tags(session, image_id),
            load_remark(session, image_id) if image.state is ImageState.SENT_BACK else None,
        )


@router.get("/images/{image_id}/proposing", summary="Ask how far the model is", responses=ABSENT | REFUSED)
def read_proposing(image_id: ImageId, running: Running) -> ProposingJson:
    """Whether the image's proposals are there, to come, or why not."""
    with running.workspace.database.read() as session:
        get_image(session, image_id)
    return proposing_json(running.worker.state(image_id))


@router.get(
    "/images/{image_id}/photo",
    summary="Read an image's photo",
    response_class=FileResponse,
    dependencies=[Depends(version_of)],
    responses=PICTURE | ABSENT | REFUSED,
)
def read_photo(image_id: ImageId, running: Running) -> FileResponse:
    """The photo upright, in eight bits a channel, as masks fit it."""
    with running.workspace.database.read() as session:
        image = get_image(session, image_id)
    path = running.workspace.blobs.existing_path(image.display_sha256)
    return FileResponse(path, media_type=image.display_type, headers=PHOTO_HEADERS)


@router.post(
    "/images/{image_id}/corrections",
    summary="Correct an image",
    responses=ABSENT | STALE | ELSEWHERE | REFUSED | FAILED,
)
def post_correction(image_id: ImageId, body: CorrectionBody, running: Running, user: User) -> OutcomeJson:
    """Save one correction; the answer comes after the commit. Sent again, it is answered again and not done twice."""
    if body.workspace != running.workspace.id:
        raise OtherWorkspace(f"another workspace, {running.workspace.folder.name}, is open here now; reload the page")
    if body.user not in (None, user):
        raise OtherPerson(f"{user} is logged in here now, and this was made by {body.user}; reload the page")
    size = None
    if body.has_masks:
        with running.workspace.database.read() as session:
            image = get_image(session, image_id)
        size = image.height, image.width
    outcome = correct(
        running.workspace,
        Submission(
            image_id=image_id,
            client=body.client,
            seq=body.seq,
            user=user,
            base_revision=body.base_revision,
            request=body.request(size),
            threshold=body.threshold,
            shown_s=body.shown_s,
        ),
    )
    return outcome_json(body.seq, outcome)
