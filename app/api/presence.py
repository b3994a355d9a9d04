"""Who is where, under /api/v1: each page tells it every few seconds, and learns what is new."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from typing_extensions import TypedDict

from app.api.errors import FAILED, REFUSED
from app.api.queue import Running
from app.api.wire import Id
from app.services import user_of
from storage.label_changes import label_set_revision
from storage.tables import ImageRow

router = APIRouter(prefix="/api/v1", tags=["People"])


class PresenceBody(BaseModel):
    """Where a tab is."""

    model_config = ConfigDict(extra="forbid")

    client: Annotated[str, Field(min_length=8, max_length=64, description="the tab's own name for itself")]
    image_id: Annotated[Id | None, Field(description="the image that it shows")] = None
    leaving: Annotated[bool, Field(description="the tab is being closed")] = False


class PresentJson(TypedDict):
    """Somebody, and where."""

    user: str
    image_id: Annotated[int | None, Field(description="null: on no image")]
    you: Annotated[bool, Field(description="the tab that asks; another tab of the same user is not")]


class PresenceJson(TypedDict):
    """Who is on which image, and whether the asking tab is behind."""

    people: list[PresentJson]
    revision: Annotated[int | None, Field(description="of the image that the tab shows")]
    label_set: Annotated[int, Field(description="grows with each change of the label set")]


@router.post("/presence", summary="Say where you are", responses=REFUSED | FAILED)
def post_presence(body: PresenceBody, running: Running, user: Annotated[str, Depends(user_of)]) -> PresenceJson:
    """Everybody who said so in the last seconds. Whoever says nothing for 15 s has left."""
    with running.workspace.database.read() as session:
        revision = session.scalar(select(ImageRow.revision).where(ImageRow.id == body.image_id))
        label_set = label_set_revision(session)
    if body.leaving:
        running.presence.leave(user, body.client)
    else:
        running.presence.arrive(user, body.client, None if revision is None else body.image_id)
    return {
        "people": [
            {"user": one.user, "image_id": one.image_id, "you": one.you}
            for one in running.presence.people(user, body.client)
        ],
        "revision": revision,
        "label_set": label_set,
    }
