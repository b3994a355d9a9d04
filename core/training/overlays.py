"""Photos with masks drawn on them: the truth and what models propose, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from core.annotation.errors import TrainingError
from core.annotation.files import write_atomically
from core.annotation.labels import Colour, LabelSet, distinct_colour
from core.annotation.mask import Mask
from core.annotation.proposals import REGION, Proposal
from core.training.data.images import LabelledMask

Pixels = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

FILL = 0.35
# A thick outline would hide a mask that is narrower.
THIN_BELOW_PX = 40
TEXT_PX = 11
TITLE_PX = 20
GAP_PX = 6
PAPER = (255, 255, 255)
INK = (24, 26, 30)
# A name that covers more than this share of its mask's width would hide what it names.
WIDEST_TEXT = 1.2
# A title longer than its cell ends in this.
CUT = "…"
JPEG_QUALITY = 88


@dataclass(frozen=True)
class DrawnMask:
    """A mask with its colour and what is written on it; nothing where `text` is empty."""

    mask: Mask
    colour: Colour
    text: str


@dataclass(frozen=True, eq=False)
class Sample:
    """A row of the picture: a photo, uint8 RGB [H, W, 3], with its title, and by column what is drawn on it.

    Masks have the photo's size; those that come first lie on top, and their texts are placed first.
    """

    title: str
    pixels: Pixels
    columns: Mapping[str, Sequence[DrawnMask]]


def drawn_truth(masks: Sequence[LabelledMask], label_set: LabelSet) -> tuple[DrawnMask, ...]:
    """The masks of an image's truth, smaller ones on top, named by their categories."""
    drawn = [
        DrawnMask(labelled.mask, _colour(labelled.category, place, label_set), labelled.category or "")
        for place, labelled in enumerate(masks)
    ]
    return tuple(sorted(drawn, key=lambda item: item.mask.area))


def drawn_proposals(
    proposals: Sequence[Proposal], label_set: LabelSet, *, threshold: float, limit: int = 40
) -> tuple[DrawnMask, ...]:
    """The first `limit` proposals, best first, that score `threshold` or more, with name and score."""
    shown = [proposal for proposal in proposals if proposal.score >= threshold][:limit]
    return tuple(
        DrawnMask(
            proposal.mask,
            _colour(proposal.name, proposal.query, label_set),
            f"{'' if proposal.name == REGION else proposal.name} {proposal.score:.2f}".strip(),
        )
        for proposal in shown
    )


def draw_overlays(samples: Sequence[Sample], *, cell_px: int = 320) -> Pixels:
    """One picture, uint8 RGB [H, W, 3]: a row a sample, a column a reading, the columns' names above.

    Photos are fitted into `cell_px` wide and high cells; the same samples give rows of the same height whatever the
    columns, so that pictures of them line up. Raises TrainingError without a sample, and for samples of other columns
    than the first's.
    """
    if not samples:
        raise TrainingError("there is no image to draw; give one or more")
    names = list(samples[0].columns)
    for sample in samples:
        if list(sample.columns) != names:
            raise TrainingError(f"{sample.title} has the columns {list(sample.columns)}, the first image {names}")
    header = np.hstack([_caption(name, cell_px, bold=True) for name in names])
    return np.vstack([header, *(_row(sample, cell_px) for sample in samples)])


def write_picture(pixels: Pixels, path: Path) -> None:
    """Write RGB [H, W, 3] at `path`, whole or not at all; its suffix says whether PNG or JPEG."""
    settings = [] if path.suffix == ".png" else [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    written, coded = cv2.imencode(path.suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)
    assert written
    with write_atomically(path) as file:
        file.write(coded.tobytes())


def _colour(name: str | None, place: int, label_set: LabelSet) -> Colour:
    """The category's own, or the place's where there is none, so that neighbours differ."""
    category = None if name is None or name == REGION else label_set.named(name)
    return distinct_colour(place) if category is None else category.colour


def _row(sample: Sample, cell_px: int) -> Pixels:
    scale = cell_px / max(sample.pixels.shape[:2])
    height, width = (max(1, round(side * scale)) for side in sample.pixels.shape[:2])
    photo = _resized(sample.pixels, height, width)
    cells = [_framed(_drawn(photo, masks), cell_px) for masks in sample.columns.values()]
    row = np.hstack(cells)
    title = np.full((TITLE_PX, row.shape[1], 3), PAPER, dtype=np.uint8)
    title[:, :cell_px] = _caption(sample.title, cell_px, bold=False)
    return np.vstack([title, row])


def _resized(pixels: Pixels, height: int, width: int) -> Pixels:
    shrinks = height < pixels.shape[0]
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return resized.astype(np.uint8, copy=False)


def _framed(pixels: Pixels, cell_px: int) -> Pixels:
    """The photo at the left of a cell, with a gap at its right and below."""
    framed = np.full((pixels.shape[0] + GAP_PX, cell_px + GAP_PX, 3), PAPER, dtype=np.uint8)
    framed[: pixels.shape[0], : pixels.shape[1]] = pixels
    return framed


def _drawn(photo: Pixels, masks: Sequence[DrawnMask]) -> Pixels:
    """Fill and outline from the last mask to the first, then the texts where they hide no other text."""
    pixels = photo.copy()
    height, width = photo.shape[:2]
    for item in reversed(masks):
        inside = cv2.resize(
            item.mask.to_array().astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
        ).astype(np.uint8, copy=False)
        _paint(pixels, inside, item.colour)
    canvas = Image.fromarray(pixels)
    pen = ImageDraw.Draw(canvas)
    taken: list[Box] = []
    for item in masks:
        box = _text_box(item, scale=width / item.mask.width, size=(height, width), taken=taken)
        if box is not None:
            taken.append(box)
            pen.rectangle(box, fill=item.colour)
            pen.text((box[0] + 2, box[1]), item.text, fill=_readable_on(item.colour), font=_font(TEXT_PX, False))
    return np.asarray(canvas)


def _paint(pixels: Pixels, inside: Pixels, colour: Colour) -> None:
    where = inside.astype(bool)
    pixels[where] = ((1 - FILL) * pixels[where] + FILL * np.array(colour)).astype(np.uint8)
    outlines, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    thin = cv2.boundingRect(inside)[2] < THIN_BELOW_PX
    cv2.drawContours(pixels, outlines, -1, colour, 1 if thin else 2, cv2.LINE_8)


def _text_box(item: DrawnMask, *, scale: float, size: tuple[int, int], taken: Sequence[Box]) -> Box | None:
    """(left, top, right, bottom) of an item's text inside the photo, or None where it would hide too much."""
    left, top, mask_width, _ = (round(side * scale) for side in item.mask.bbox)
    width, height = round(_font(TEXT_PX, False).getlength(item.text)) + 4, TEXT_PX + 4
    if not item.text or width > WIDEST_TEXT * mask_width or width > size[1]:
        return None
    left, top = min(left, size[1] - width), min(top, max(0, size[0] - height))
    box = left, top, left + width, top + height
    overlaps = any(box[0] < r and x < box[2] and box[1] < b and y < box[3] for x, y, r, b in taken)
    return None if overlaps else box


def _readable_on(colour: Colour) -> Colour:
    """Dark or white, whichever stands out (luma of ITU-R BT.601)."""
    red, green, blue = colour
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else PAPER


def _caption(text: str, width: int, *, bold: bool) -> Pixels:
    """A line of text, TITLE_PX high and a cell wide, cut where it is too long."""
    font = _font(TEXT_PX + 2 if bold else TEXT_PX, bold)
    shown = text
    while font.getlength(shown) > width - GAP_PX:
        shown = shown.removesuffix(CUT)[:-1] + CUT
    wide = width + GAP_PX if bold else width
    canvas = Image.new("RGB", (wide, TITLE_PX), PAPER)
    ImageDraw.Draw(canvas).text((1, 2), shown, fill=INK, font=font)
    return np.asarray(canvas)


@cache
def _font(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib: names are written in more than English."""
    import matplotlib

    file = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / file, size_px)
