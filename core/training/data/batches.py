"""Batches drawn from several sets; the batch of a step is a pure function of the seed and the step.

That makes the order of the data resumable with nothing but a step number, for any count of workers.
"""

from __future__ import annotations

import atexit
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, cached_property

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from core.annotation.errors import MaskwrightError, TrainingError
from core.training.augment import AugmentConfig, Example, draw_scene, example_of
from core.training.copy_paste import paste_things
from core.training.data.images import LabelledImage, Skipped
from core.training.data.prepared import PhotoCache
from core.training.data.sources import Unnamed
from core.training.labels import LabelCodes
from core.training.scene import Scene
from core.training.target import Batch

# So many photos in a row that cannot be used are no accident: the folder is gone, or a disk.
MOST_DRAWS = 20


class Mixture:
    """Images of several sets, each set with a share of the draws. Raises TrainingError when a set has no image."""

    def __init__(self, sets: Sequence[tuple[Sequence[LabelledImage], float, Unnamed]]) -> None:
        if not sets or not all(images for images, _, _ in sets):
            raise TrainingError("every data set needs at least one image to learn from; leave out the empty ones")
        self.sets = [(tuple(images), unnamed) for images, _, unnamed in sets]
        weights = np.array([weight for _, weight, _ in sets])
        self.shares = weights / weights.sum()

    @property
    def size(self) -> int:
        """How many images all sets have."""
        return sum(len(images) for images, _ in self.sets)

    def draw(self, rng: np.random.Generator) -> tuple[LabelledImage, Unnamed]:
        """A random image, and what its unnamed masks are."""
        images, unnamed = self.sets[rng.choice(len(self.sets), p=self.shares)]
        return images[rng.integers(len(images))], unnamed


# (step, crop side in pixels, the places of the step's batch that are made here)
BatchKey = tuple[int, int, range]


class StepBatches(Dataset[Batch]):
    """The batch of a key; `__getitem__` uses no state but caches.

    skipped: photos drawn so far that could not be used, by item; filled where `iterate_batches` hands batches over.
    """

    def __init__(self, mixture: Mixture, *, codes: LabelCodes, augment: AugmentConfig, seed: int) -> None:
        self.mixture = mixture
        self.codes = codes
        self.augment = augment
        self.seed = seed
        self.skipped: dict[str, Skipped] = {}

    @cached_property
    def _photos(self) -> PhotoCache:
        """Made where it is first used: a worker has its own, and what travels to it is small."""
        return PhotoCache.of_worker()

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_photos"}

    def __getitem__(self, key: BatchKey) -> Batch:
        step, crop_px, places = key
        skipped: list[Skipped] = []
        batch = collate([self._example_at(step, place, crop_px, skipped) for place in places])
        return replace(batch, skipped=tuple(skipped))

    def _example_at(self, step: int, place: int, crop_px: int, skipped: list[Skipped]) -> Example:
        """The example, and the seed by which the points of its mask loss are drawn."""
        example = self._example(step, place, crop_px, skipped)
        (points_seed,) = np.random.SeedSequence([self.seed, step, place], spawn_key=(1,)).generate_state(1)
        return replace(example, target=replace(example.target, points_seed=int(points_seed)))

    def _example(self, step: int, place: int, crop_px: int, skipped: list[Skipped]) -> Example:
        rng = np.random.default_rng([self.seed, step, place])
        scene = self._scene(crop_px, rng, skipped)
        if self.augment.copy_paste > 0 and rng.random() < self.augment.copy_paste:
            donor = self._scene(crop_px, rng, skipped)
            scene = paste_things(scene, donor, codes=self.codes, most=self.augment.pasted, rng=rng)
        return example_of(scene, crop_px, self.augment)

    def _scene(self, crop_px: int, rng: np.random.Generator, skipped: list[Skipped]) -> Scene:
        """A random photo's scene; the next draw takes the place of one that cannot be used."""
        for _ in range(MOST_DRAWS):
            image, unnamed = self.mixture.draw(rng)
            try:
                return draw_scene(
                    self._photos.get(image),
                    crop_px=crop_px,
                    codes=self.codes,
                    unnamed=unnamed,
                    config=self.augment,
                    rng=rng,
                )
            except MaskwrightError as error:
                skipped.append(Skipped(f"photo {image.name}", str(error).removeprefix(f"{image.name}: ")))
        last = f"{skipped[-1].item}: {skipped[-1].reason}"
        raise TrainingError(f"{MOST_DRAWS} photos drawn one after another cannot be used; check the data sets ({last})")


def collate(examples: Sequence[Example]) -> Batch:
    """Examples of one size as a batch."""
    pixels = torch.from_numpy(np.stack([example.pixels for example in examples]))
    padding_mask = torch.zeros(pixels.shape[:3], dtype=torch.bool)
    for place, example in enumerate(examples):
        padding_mask[place, : example.height, : example.width] = True
    return Batch(pixels, padding_mask, tuple(example.target for example in examples))


def iterate_batches(batches: StepBatches, keys: Iterator[BatchKey], *, workers: int) -> Iterator[Batch]:
    """The batches of the keys in their order, made ahead in `workers` processes (0: here)."""
    if workers:
        _end_workers_at_exit()
    loader = DataLoader(
        _Attempts(batches),
        sampler=_Keys(keys),
        batch_size=None,
        num_workers=workers,
        # A forked worker inherits locks of torch's and OpenCV's thread pools that nobody there will ever release.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_calm,
        # Without one of its own it draws from torch's random state, which a resumed run must find untouched.
        generator=torch.Generator(),
    )
    return _noting(batches, iter(loader))


@cache
def _end_workers_at_exit() -> None:
    """See `_end_workers`; once a process."""
    atexit.register(_end_workers)


def _end_workers() -> None:
    """End workers whose batches somebody still holds.

    multiprocessing would ask them by SIGTERM, which they ignore, and wait for them for ever.
    """
    for child in multiprocessing.active_children():
        if child.daemon:
            child.kill()


class _Attempts(Dataset[Batch | MaskwrightError]):
    """What goes wrong in a worker comes back as a value: raised there, its traceback would become the message."""

    def __init__(self, batches: StepBatches) -> None:
        self._batches = batches

    def __getitem__(self, key: BatchKey) -> Batch | MaskwrightError:
        try:
            return self._batches[key]
        except MaskwrightError as error:
            return error


def _noting(batches: StepBatches, made: Iterator[Batch | MaskwrightError]) -> Iterator[Batch]:
    for batch in made:
        if isinstance(batch, MaskwrightError):
            raise batch
        batches.skipped.update((one.item, one) for one in batch.skipped)
        yield batch


class _Keys(Sampler[BatchKey]):
    def __init__(self, keys: Iterator[BatchKey]) -> None:
        self._keys = keys

    def __iter__(self) -> Iterator[BatchKey]:
        return self._keys


def _calm(_: int) -> None:
    """A worker uses one thread, for the network needs the others, and leaves signals to the process that saves."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
