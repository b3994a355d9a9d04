"""Images as judging takes them: decoded one by one, those that cannot be read left out by name where that is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from core.annotation.errors import FormatError, MaskError, PhotoError, TrainingError
from core.training.data.images import LabelledImage, Labels, Pixels, Skipped

Read = TypeVar("Read")

# Told of each image that cannot be read, which is then left out; None: reading it raises.
LeaveOut = Callable[[Skipped], None] | None


def read_images(
    images: Iterable[LabelledImage],
    read: Callable[[LabelledImage], Read],
    leave_out: LeaveOut = None,
) -> Iterator[tuple[LabelledImage, Read]]:
    """Each image with what `read` makes of it. Raises MaskwrightError where `leave_out` is None."""
    for image in images:
        try:
            made = read(image)
        except (FormatError, MaskError, PhotoError, TrainingError) as error:
            if leave_out is None:
                raise
            leave_out(Skipped(f"photo {image.name}", str(error).removeprefix(f"{image.name}: ")))
        else:
            yield image, made


def first_reading(image: LabelledImage) -> tuple[Pixels, Labels]:
    """The decoded photo, and of its label readings the first. Raises MaskwrightError."""
    return image.pixels(), image.readers[0]()


def category_reading(image: LabelledImage) -> tuple[Pixels, Labels]:
    """The decoded photo, and its labels for what asks each pixel's category. Raises MaskwrightError."""
    return image.pixels(), image.category_labels()
