"""Batches drawn from several sets; the batch of a step is a pure function of the seed and the step.

That makes the order of the data resumable with nothing but a step number, for any count of workers.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from core.annotation.errors import TrainingError
from core.training.augment import AugmentConfig, Example, make_example
from core.training.data.images import LabelledImage
from core.training.data.prepared import PreparedImage, prepare
from core.training.data.sources import Unnamed
from core.training.labels import LabelCodes
from core.training.target import Batch

# What a worker keeps decoded: past this many photos the least recently used is decoded anew (about 2 GB).
KEPT_PHOTOS = 4000


class Mixture:
    """Images of several sets, each set with a share of the draws. Raises TrainingError when a set has no image."""

    def __init__(self, sets: Sequence[tuple[Sequence[LabelledImage], float, Unnamed]]) -> None:
        if not sets or not all(images for images, _, _ in sets):
            raise TrainingError("every data set needs at least one image to learn from; leave out the empty ones")
        self.sets = [(tuple(images), unnamed) for images, _, unnamed in sets]
        weights = np.array([weight for _, weight, _ in sets])
        self.shares = weights / weights.sum()

    def draw(self, rng: np.random.Generator) -> tuple[LabelledImage, Unnamed]:
        """A random image, and what its unnamed masks are."""
        images, unnamed = self.sets[rng.choice(len(self.sets), p=self.shares)]
        return images[rng.integers(len(images))], unnamed


# (step, crop side in pixels, photos in the batch)
BatchKey = tuple[int, int, int]


class StepBatches(Dataset[Batch]):
    """The batch of a key; `__getitem__` uses no state but caches."""

    def __init__(self, mixture: Mixture, *, codes: LabelCodes, augment: AugmentConfig, seed: int) -> None:
        self.mixture = mixture
        self.codes = codes
        self.augment = augment
        self.seed = seed

    @cached_property
    def _prepare(self) -> Callable[[LabelledImage], PreparedImage]:
        """Made where it is first used: a worker has its own, and what travels to it is small."""
        return lru_cache(maxsize=KEPT_PHOTOS)(prepare)

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name != "_prepare"}

    def __getitem__(self, key: BatchKey) -> Batch:
        step, crop_px, size = key
        return collate([self._example(step, place, crop_px) for place in range(size)])

    def _example(self, step: int, place: int, crop_px: int) -> Example:
        rng = np.random.default_rng([self.seed, step, place])
        image, unnamed = self.mixture.draw(rng)
        return make_example(
            self._prepare(image), crop_px=crop_px, codes=self.codes, unnamed=unnamed, config=self.augment, rng=rng
        )


def collate(examples: Sequence[Example]) -> Batch:
    """Examples of one size as a batch."""
    pixels = torch.from_numpy(np.stack([example.pixels for example in examples]))
    padding_mask = torch.zeros(pixels.shape[:3], dtype=torch.bool)
    for place, example in enumerate(examples):
        padding_mask[place, : example.height, : example.width] = True
    return Batch(pixels, padding_mask, tuple(example.target for example in examples))


def iterate_batches(batches: StepBatches, keys: Iterator[BatchKey], *, workers: int) -> Iterator[Batch]:
    """The batches of the keys in their order, made ahead in `workers` processes (0: here)."""
    loader = DataLoader(
        batches,
        sampler=_Keys(keys),
        batch_size=None,
        num_workers=workers,
        # A forked worker inherits locks of torch's and OpenCV's thread pools that nobody there will ever release.
        multiprocessing_context="spawn" if workers else None,
        worker_init_fn=_calm,
        # Without one of its own it draws from torch's random state, which a resumed run must find untouched.
        generator=torch.Generator(),
    )
    return iter(loader)


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
