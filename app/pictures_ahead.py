"""Small pictures made before anyone asks, so that a photo opens at once the first time too."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.workflows.previews import PREVIEW_EDGES_PX, THUMBNAIL_PX, make_pictures
from core.annotation.errors import MaskwrightError, PhotoError
from storage.errors import DamagedBlob, NotFound
from storage.images import ImageRecord
from storage.queue import list_page
from storage.workspace import Workspace

log = logging.getLogger(__name__)

# How long it waits before it looks for new photos.
IDLE_S = 2.0
# And after what is likely to go wrong with the next photo too.
TROUBLE_S = 60.0
# Rows in memory at once.
_IMAGES_AT_ONCE = 100
# Beside threads that compute, a tenth of a core.
_NICENESS = 10


class PicturesAhead:
    """Goes through all photos in a thread of low priority, one at a time, and on to those that come.

    Thumbnails are made, and pictures for the screens that have asked since the start; for the usual one from the start
    on. What there is to do is told by the files that are missing, so that a start goes on where the last run ended.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._sides_px = frozenset({THUMBNAIL_PX, PREVIEW_EDGES_PX[1]})
        self._changed = threading.Condition()
        self._making: str | None = None
        self._waiting = 0
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="pictures-ahead", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish the photo in hand and end; waits at most ten seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def waiting(self) -> int:
        """How many pictures people wait for."""
        return self._waiting

    def wanted(self, side_px: int) -> None:
        """A screen asks for this size: from now on it is made of every photo."""
        if side_px in self._sides_px:
            return
        with self._changed:
            self._sides_px |= {side_px}
            self._changed.notify_all()

    @contextmanager
    def giving_way(self, image: ImageRecord) -> Iterator[None]:
        """While somebody waits for a picture of this photo, no other is begun; one of it in the making comes first."""
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._making != image.display_sha256)
        try:
            yield
        finally:
            with self._changed:
                self._waiting -= 1
                self._changed.notify_all()

    def _work(self) -> None:
        _lower_priority()
        while not self._stopping:
            self._walk(self._sides_px)

    def _walk(self, sides_px: frozenset[int]) -> None:
        """Through all photos, and on to those that come, until other sizes are asked for."""
        last = None
        while not self._stopping and sides_px == self._sides_px:
            images = self._after(last)
            for image in images:
                if not self._begin(image, sides_px):
                    return
                last = image.id
                if not self._make(image, sides_px):
                    self._rest(TROUBLE_S)
            if not images:
                self._rest(IDLE_S)

    def _after(self, last: int | None) -> Sequence[ImageRecord]:
        try:
            with self._workspace.database.read() as session:
                return list_page(session, after=last, limit=_IMAGES_AT_ONCE)
        except MaskwrightError as error:
            # A database that is locked or out of reach may be back at the next look.
            log.warning("no photos to make previews of: %s", error)
            return ()

    def _begin(self, image: ImageRecord, sides_px: frozenset[int]) -> bool:
        """Whether to make this one, once nobody waits for another."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._waiting == 0)
            goes_on = not self._stopping and sides_px == self._sides_px
            self._making = image.display_sha256 if goes_on else None
        return goes_on

    def _make(self, image: ImageRecord, sides_px: frozenset[int]) -> bool:
        """Whether the next photo is worth a try; whoever opens this one is told what is wrong with it."""
        try:
            make_pictures(self._workspace, image, sides_px)
        except (PhotoError, NotFound, DamagedBlob) as error:
            log.warning("no preview was made ahead: %s", error)
        except Exception as error:
            log.warning("no previews are made ahead for a while: %s", error)
            return False
        finally:
            with self._changed:
                self._making = None
                self._changed.notify_all()
        return True

    def _rest(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, seconds)


def _lower_priority() -> None:
    """Linux alone gives a thread a priority of its own."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
