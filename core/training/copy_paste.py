"""Things of one photo pasted into another (Ghiasi et al. 2021, "Simple Copy-Paste")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.training.labels import LabelCodes
from core.training.scene import Bytes, Scene, SceneMask

# Of the scene's area: smaller things teach little, larger ones hide what they are pasted over.
LEAST_SHARE, LARGEST_SHARE = 0.003, 0.4
# A mask of which this share is pasted is pasted with the rest: the tie of a pasted person.
INSIDE_SHARE = 0.9


def paste_things(scene: Scene, donor: Scene, *, codes: LabelCodes, most: int, rng: np.random.Generator) -> Scene:
    """`scene` with up to `most` things of `donor` over it, where they lie; what they hide is gone.

    Only masks known to be things are taken: a region cut out of its photo is none.
    """
    height, width = (min(sides) for sides in zip(scene.size, donor.size, strict=True))
    shown = [_cropped(mask, height, width) for mask in donor.masks]
    wanted = [mask for mask in shown if _can_be_pasted(mask, codes, scene)]
    if not wanted:
        return scene
    count = int(rng.integers(1, min(most, len(wanted)) + 1))
    over = _union([wanted[place] for place in rng.choice(len(wanted), size=count, replace=False)])
    pasted = [mask for mask in shown if codes.is_thing(mask.code) and _lies_in(mask, over)]
    whole = np.zeros(scene.size, dtype=np.uint8)
    whole[:height, :width] = over
    pixels = scene.pixels.copy()
    pixels[:height, :width][over > 0] = donor.pixels[:height, :width][over > 0]
    below, rejected = (
        tuple(replace(mask, inside=mask.inside * (1 - whole)) for mask in masks)
        for masks in (scene.masks, scene.rejected)
    )
    above = tuple(replace(mask, inside=_placed(mask.inside * over, scene.size)) for mask in pasted)
    ignored = _ignored(scene, donor, whole)
    return replace(scene, pixels=pixels, masks=below + above, ignored=ignored, rejected=rejected)


def _ignored(scene: Scene, donor: Scene, whole: Bytes) -> Bytes | None:
    """What is unknown of the scene, but for what is pasted; there what is unknown of the donor."""
    if scene.ignored is None and donor.ignored is None:
        return None
    below = np.zeros(scene.size, dtype=np.uint8) if scene.ignored is None else scene.ignored * (1 - whole)
    if donor.ignored is None:
        return below
    height, width = (min(sides) for sides in zip(scene.size, donor.size, strict=True))
    return np.asarray(np.maximum(below, whole * _placed(donor.ignored[:height, :width], scene.size)), dtype=np.uint8)


def _cropped(mask: SceneMask, height: int, width: int) -> SceneMask:
    return replace(mask, inside=mask.inside[:height, :width])


def _can_be_pasted(mask: SceneMask, codes: LabelCodes, scene: Scene) -> bool:
    share = np.count_nonzero(mask.inside) / (scene.size[0] * scene.size[1])
    return codes.is_thing(mask.code) and bool(LEAST_SHARE <= share <= LARGEST_SHARE)


def _union(masks: Sequence[SceneMask]) -> Bytes:
    return np.asarray(np.maximum.reduce([mask.inside for mask in masks]), dtype=np.uint8)


def _lies_in(mask: SceneMask, over: Bytes) -> bool:
    area = np.count_nonzero(mask.inside)
    return bool(area > 0 and np.count_nonzero(mask.inside & over) >= INSIDE_SHARE * area)


def _placed(inside: Bytes, size: tuple[int, int]) -> Bytes:
    """At the top left of zeros of the given size."""
    canvas = np.zeros(size, dtype=np.uint8)
    canvas[: inside.shape[0], : inside.shape[1]] = inside
    return canvas
