"""Help while drawing, from the model and from the photo's own edges and colours."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from app.jobs import NO_MODEL, ProposalWorker
from app.line import Line
from app.shelf import Shelf
from app.workflows.ingest import stored_photo
from app.workflows.propose import Look, Proposer
from core.annotation.errors import MaskError, ModelError
from core.annotation.mask import Box, Mask
from core.annotation.proposals import ClassScore
from core.inference.cut_out import cut_out, refined
from core.inference.edge_paths import Corner, EdgeMap, check_corner, edge_map, reach_between
from core.inference.wand import DistanceMap, Floats, distances_to, photo_colours
from storage.images import ImageRecord
from storage.workspace import Workspace

if TYPE_CHECKING:
    from core.inference.embeddings import SeenPhoto

Pixels = npt.NDArray[np.uint8]
Made = TypeVar("Made")

# Decoded photos: three of 24 megapixels, or the ten last ones of 8.
PHOTO_BYTES = 256 * 2**20
# What models saw in photos: some 4 MB each with the default model.
SEEN_BYTES = 256 * 2**20
# Colours, 1.6 MB a photo, and edges, 3 MB a line's start.
COLOUR_BYTES = 64 * 2**20
EDGE_BYTES = 32 * 2**20
# Half of the machine's processors, so that corrections find one free.
THREADS = max(1, (os.cpu_count() or 1) // 2)
# Cutting out goes one by one, at most a second each: who comes later than this would wait longer than they like to.
CUTS = 8


@dataclass(frozen=True)
class Wand:
    """What a click gives: distances to that pixel, and whether a model's embeddings or colours alone made them."""

    distances: DistanceMap
    by_model: bool


class Assistant:
    """Answers about single photos. Nothing here touches the database or waits in a request's thread.

    Photos are decoded and looked at in threads of its own, the model is asked in the worker's; what takes time is kept
    for the photos asked about last, and what the model saw when it proposed. Whoever gives up cancels: what nobody
    else waits for is not begun then, and a cut under way ends.
    """

    def __init__(self, workspace: Workspace, worker: ProposalWorker) -> None:
        self._workspace = workspace
        self._worker = worker
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="assistant")
        self._decoding: Line[Pixels] = Line("decoding")
        self._cutting: Line[Mask] = Line("cutting", longest=CUTS)
        self._photos: Shelf[Pixels] = Shelf(PHOTO_BYTES, lambda photo: photo.nbytes)
        self._colours: Shelf[Floats] = Shelf(COLOUR_BYTES, lambda colours: colours.nbytes)
        self._seen: Shelf[SeenPhoto] = Shelf(SEEN_BYTES, lambda seen: seen.size_bytes)
        self._edges: Shelf[EdgeMap] = Shelf(EDGE_BYTES, lambda edges: edges.size_bytes)
        worker.keep = self._keep

    def _keep(self, look: Look, was_asked_for: bool) -> None:
        """What proposing found out; of photos that nobody looks at, only what the network saw."""
        key = look.model_sha256, look.image.sha256
        if look.seen is not None:
            self._seen.put(key, look.seen, asked_for=was_asked_for)
        if was_asked_for:
            self._photos.put(look.image.sha256, look.pixels)
            self._colours.get(look.image.sha256, lambda: self._threads.submit(photo_colours, look.pixels))

    async def warm(self, image: ImageRecord) -> bool:
        """Make ready what a click needs, after what others wait for; answers whether a model will help.

        Raises PhotoError, StorageError.
        """
        _, seen = await asyncio.gather(self._colours_of(image), self._seen_or_none(image, later=True))
        return seen is not None

    async def wand(self, image: ImageRecord, pixel: tuple[int, int]) -> Wand:
        """Distances to a pixel (x, y). Raises MaskError when it lies outside the photo."""
        x, y = pixel
        if not (0 <= x < image.width and 0 <= y < image.height):
            size = f"{image.width}×{image.height}"
            raise MaskError(f"the pixel ({x}, {y}) lies outside the photo of {size}; click inside it")
        colours, seen = await asyncio.gather(self._colours_of(image), self._seen_or_none(image))
        place = (x + 0.5) / image.width, (y + 0.5) / image.height
        embeddings = None if seen is None else seen.embeddings
        found = await asyncio.wrap_future(self._threads.submit(distances_to, colours, embeddings, place))
        return Wand(found, seen is not None)

    async def edge_path(self, image: ImageRecord, start: Corner, end: Corner) -> list[Corner]:
        """A line along edges, start and end included. Raises MaskError for a place outside the photo."""
        for corner in (start, end):
            check_corner(corner, (image.height, image.width))
        reach = reach_between(start, end)
        key = image.sha256, start, reach
        edges = self._edges.find(key)
        if edges is None:
            photo = await self._photo(image)
            edges = self._edges.get(key, lambda: self._threads.submit(edge_map, photo, start, reach))
        found = await _result(edges)
        return await asyncio.wrap_future(self._threads.submit(found.path_to, end))

    async def refined(self, image: ImageRecord, mask: Mask) -> Mask:
        """See `cut_out.refined`. Raises LineFull."""
        photo = await self._photo(image)
        return await self._cut((image.sha256, mask), lambda go_on: refined(photo, mask, go_on))

    async def cut_out(self, image: ImageRecord, box: Box) -> Mask:
        """See `cut_out.cut_out`. Raises LineFull."""
        photo = await self._photo(image)
        return await self._cut((image.sha256, box), lambda go_on: cut_out(photo, box, go_on))

    async def _cut(self, key: Hashable, cut: Callable[[Callable[[], None]], Mask]) -> Mask:
        return await self._cutting.result(key, lambda: cut(lambda: self._cutting.go_on(key)))

    async def label_scores(self, image: ImageRecord, mask: Mask) -> tuple[ClassScore, ...]:
        """What the model in use calls a mask, best first. Raises ModelError for an empty mask and without a model."""
        seen = await self._seen_of(image)
        (scores,) = await asyncio.wrap_future(self._threads.submit(seen.classify, [mask]))
        return scores

    async def _photo(self, image: ImageRecord) -> Pixels:
        found = self._photos.find(image.sha256)
        if found is not None:
            return await _result(found)
        return await self._decoding.result(image.sha256, lambda: self._decoded(image))

    def _decoded(self, image: ImageRecord) -> Pixels:
        photo = stored_photo(self._workspace, image).pixels
        self._photos.put(image.sha256, photo)
        return photo

    async def _colours_of(self, image: ImageRecord) -> Floats:
        found = self._colours.find(image.sha256)
        if found is None:
            photo = await self._photo(image)
            found = self._colours.get(image.sha256, lambda: self._threads.submit(photo_colours, photo))
        return await _result(found)

    async def _seen_of(self, image: ImageRecord, *, later: bool = False) -> SeenPhoto:
        """What the model in use sees. Raises ModelError when there is none or it cannot be loaded.

        later: see `ProposalWorker.ask_model`.
        """
        model = self._worker.model
        if model is None:
            raise ModelError(NO_MODEL)
        key = model.sha256, image.sha256
        found = self._seen.find(key)
        if found is None:
            photo = await self._photo(image)

            def see(proposer: Proposer) -> SeenPhoto:
                # Proposing may have looked at it meanwhile.
                kept = self._seen.find(key)
                return kept.result() if kept is not None and kept.done() else proposer.see(photo)

            found = self._seen.get(key, lambda: self._worker.ask_model(see, later=later))
        if not later:
            self._worker.hurry(found)
        return await _result(found)

    async def _seen_or_none(self, image: ImageRecord, *, later: bool = False) -> SeenPhoto | None:
        try:
            return await self._seen_of(image, later=later)
        except ModelError:
            return None


async def _result(made: Future[Made]) -> Made:
    """Wait without ending the work when the one who waits goes away: others may wait for it too."""
    return await asyncio.shield(asyncio.wrap_future(made))
