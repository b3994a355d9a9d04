"""What a run begun now would use, and what is too little."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.settings import DEFAULT_MODEL
from app.workflows.learning.choice import JUDGED_FROM, Choice, choose
from app.workflows.learning.models import base_source
from app.workflows.learning.requests import MOST_MINUTES
from app.workflows.learning.seen import seen_in_use
from app.workflows.learning.views import CategoryUse, Readiness
from app.workflows.learning.words import count
from core.annotation.labels import LabelSet
from storage.categories import load_label_set
from storage.images import ImageRecord, labelled_images
from storage.truths import count_segments_by_image
from storage.workspace import Workspace

# Below these a run can begin, but little is to be expected of it.
FEW_IMAGES = 5
FEW_SEGMENTS = 5
UNLABELLED = "unlabelled"
# Names in a warning; the rest is counted.
NAMED = 3
# What a run costs besides learning, on two cores: to begin and to save, and to judge two models on an image.
BEGIN_S = 8.0
JUDGE_S = 0.4

Counts = Sequence[tuple[int, int | None, int]]


def look(workspace: Workspace, *, base: str = DEFAULT_MODEL) -> Readiness:
    """What a run begun now, from the base model or the one in use, would learn from and be judged on.

    Raises ModelError when the base model cannot be used.
    """
    base_sha256 = base_source(workspace, base).sha256
    with workspace.database.read() as session:
        images = labelled_images(session)
        counts = count_segments_by_image(session)
        label_set = load_label_set(session)
        learned = seen_in_use(session, base_sha256)
    choice = choose(images, workspace.blobs, learned=learned)
    uses = tuple(_uses(choice, counts, label_set))
    done = sum(image.done for image in images)
    return Readiness(
        done=done,
        learn=len(choice.learn),
        held_back=len(choice.check),
        categories=uses,
        warnings=tuple(_warnings(choice, uses)),
        problem=_problem(choice, done, uses),
    )


def estimate_s(readiness: Readiness, minutes: float) -> float:
    """Seconds from the start of a run of `minutes` to its comparison, roughly; MOST_MINUTES is the longest."""
    return max(BEGIN_S, 60 * min(minutes, MOST_MINUTES)) + BEGIN_S + JUDGE_S * readiness.held_back


def _uses(choice: Choice, counts: Counts, label_set: LabelSet) -> Iterable[CategoryUse]:
    """Each category of the label set, then the unlabelled segments if there are any."""
    learn = {image.id for image in choice.learn}
    check = {image.id for image in choice.check}
    for number, name in (*((category.id, category.name) for category in label_set), (None, UNLABELLED)):
        own = [(image_id, count) for image_id, category_id, count in counts if category_id == number]
        use = CategoryUse(
            category=name,
            segments=sum(count for image_id, count in own if image_id in learn),
            images=sum(image_id in learn for image_id, _ in own),
            held_back=sum(count for image_id, count in own if image_id in check),
        )
        if number is not None or use.segments or use.held_back:
            yield use


def _problem(choice: Choice, done: int, uses: Sequence[CategoryUse]) -> str | None:
    if not done:
        return "no image is done yet; label one completely on the Annotate page and mark it done"
    if not choice.learn:
        return "the photos of all labelled images are missing from the workspace; put its blobs folder back"
    if not any(use.segments for use in uses):
        return "no image to learn from has a segment; accept or draw some on the Annotate page"
    return None


def _warnings(choice: Choice, uses: Sequence[CategoryUse]) -> Iterable[str]:
    if len(choice.learn) < FEW_IMAGES:
        counted = count(len(choice.learn), "image")
        yield f"only {counted} to learn from; from {FEW_IMAGES} on a model gains more surely"
    if not choice.check:
        yield f"{_why_unjudged(choice)}, so old and new model cannot be compared; finish more images"
    few = [use for use in uses if 0 < use.segments < FEW_SEGMENTS and use.category != UNLABELLED]
    if few:
        named = _named([f"{use.category} ({use.segments})" for use in few])
        yield f"fewer than {FEW_SEGMENTS} segments to learn from: {named}"
    if choice.missing:
        yield f"photos missing from the workspace, left out: {_named_images(choice.missing)}"
    if choice.waiting:
        yield f"in work and kept to judge by once they are done: {_named_images(choice.waiting)}"


def _why_unjudged(choice: Choice) -> str:
    """Why no image judges."""
    if len(choice.seen) >= JUDGED_FROM:
        return "the model in use has learned from every done image"
    return f"images judge from {JUDGED_FROM} done ones on"


def _named_images(images: Sequence[ImageRecord]) -> str:
    return _named([image.file_name for image in images])


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
