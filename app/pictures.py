"""Small pictures of photos for those who ask, however many do."""

from __future__ import annotations

from pathlib import Path

from starlette.concurrency import run_in_threadpool

from app.line import Line
from app.pictures_ahead import PicturesAhead
from app.workflows.previews import SIDES_PX, kept_picture, small_picture
from storage.images import ImageRecord
from storage.workspace import Workspace


class Pictures:
    """Makes one picture of each size at a time: pictures of 50 megapixels are in memory meanwhile, and a list that is
    scrolled through does not keep the open photo waiting. `ahead` makes them before anyone asks, once it is started.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lines: dict[int, Line[Path | bytes]] = {side_px: Line(f"pictures-{side_px}") for side_px in SIDES_PX}
        self.ahead = PicturesAhead(workspace)

    async def picture(self, image: ImageRecord, side_px: int) -> Path | bytes:
        """See `previews.small_picture`."""
        self.ahead.wanted(side_px)
        kept = await run_in_threadpool(kept_picture, self._workspace, image, side_px)
        if kept is not None:
            return kept
        return await self._lines[side_px].result(image.display_sha256, lambda: self._make(image, side_px))

    def _make(self, image: ImageRecord, side_px: int) -> Path | bytes:
        with self.ahead.giving_way(image):
            return small_picture(self._workspace, image, side_px)
