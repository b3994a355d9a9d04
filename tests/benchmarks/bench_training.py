"""Training: `python -m tests.benchmarks.bench_training`, with names (swin, resnet, lite0) those alone.

The step of Swin-T and ResNet-50 beside transformers' MaskFormer from the same weights: two photos of 512², eight masks
each, deep supervision, the paper's losses, AdamW. transformers' own auxiliary losses take in the state before the first
layer and leave the shared norm out (and do not run without hidden states): here they are those of the paper, on its
heads and with its loss. Its batch norms stay as loaded, for ours are folded. Rounds are interleaved; the peak memory is
that of a process of its own. Then the default recipe's photos a second, and the share of a step that waits for data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from core import load_model
from core.annotation.mask import Mask
from core.maskformer.build import build_model
from core.training.augment import AugmentConfig
from core.training.config import Precision, TrainingConfig
from core.training.criterion import Criterion, LossConfig
from core.training.data.batches import Mixture, StepBatches, iterate_batches
from core.training.data.sources import SourceConfig, read_data_set
from core.training.labels import LabelCodes
from core.training.optimisation import OptimiserConfig, build_optimiser
from core.training.step import Learner, normalise
from core.training.target import Batch, Target
from tests.benchmarks.memory import peak_growth
from tests.core.maskformer.small_models import labels

SIDE_PX, PHOTOS, MASKS, CATEGORIES = 512, 2, 8, 133
PAPER = LossConfig(classes=1.0, masks=20.0, dice=1.0, mask_loss="focal", no_object_partial=0.1, matching_pool=1)
POINTS = 12_544
ROUNDS, WARM_UP = 5, 1
THEIRS, FULL, SAMPLED = "transformers", "ours, every pixel", f"ours, {POINTS:,} points"
# The recipes' own precision; the network alone, for losses are always float32.
BFLOAT16 = f"{SAMPLED}, bfloat16"
CLIP, RATE = 0.01, 1e-4

LITE_SIDE_PX, LITE_PHOTOS, LITE_STEPS = 256, 24, 20

Step = Callable[[], float]


@dataclass(frozen=True, eq=False)
class Case:
    """The same photos and masks for everyone."""

    batch: Batch
    masks: list[Tensor]
    labels: list[Tensor]


def made_case() -> Case:
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.integers(0, 256, (PHOTOS, SIDE_PX, SIDE_PX, 3), dtype=np.uint8))
    targets = tuple(_target(rng) for _ in range(PHOTOS))
    batch = Batch(pixels, torch.ones(PHOTOS, SIDE_PX, SIDE_PX, dtype=torch.bool), targets)
    return Case(batch, [target.coverage() for target in targets], [target.labels for target in targets])


def _target(rng: np.random.Generator) -> Target:
    masks = np.zeros((MASKS, SIDE_PX, SIDE_PX), dtype=np.uint8)
    for mask in masks:
        (top, left), (height, width) = rng.integers(0, SIDE_PX * 3 // 4, 2), rng.integers(40, SIDE_PX // 4, 2)
        mask[top : top + height, left : left + width] = 255
    return Target(
        masks=torch.from_numpy(masks),
        labels=torch.from_numpy(rng.integers(0, CATEGORIES, MASKS)),
        points=torch.zeros(MASKS, 2),
        validity=torch.ones(SIDE_PX, SIDE_PX, dtype=torch.bool),
        complete=True,
        name="made",
    )


def made_peer(backbone: str) -> nn.Module:
    """transformers' model with random weights, dropout off."""
    from transformers import MaskFormerConfig, MaskFormerForInstanceSegmentation, ResNetConfig, SwinConfig

    stages = ["stage1", "stage2", "stage3", "stage4"]
    parts = {"swin": SwinConfig(out_features=stages, drop_path_rate=0.0), "resnet": ResNetConfig(out_features=stages)}
    config = MaskFormerConfig(backbone_config=parts[backbone], num_labels=CATEGORIES, use_auxiliary_loss=True)
    config.decoder_config.dropout = 0.0
    torch.manual_seed(0)
    return MaskFormerForInstanceSegmentation(config).train()


def peers_loss(model: nn.Module, pixels: Tensor, case: Case) -> Tensor:
    """The paper's loss of every layer, from transformers' own parts."""
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eval()
    found = model.model(pixel_values=pixels, output_hidden_states=True)  # type: ignore[operator]
    *earlier, _ = found.transformer_decoder_hidden_states[1:]
    norm = model.model.transformer_module.decoder.layernorm  # type: ignore[union-attr]
    states = torch.stack([*(norm(state) for state in earlier), found.transformer_decoder_last_hidden_state])  # type: ignore[operator]
    classes, embeddings = model.class_predictor(states), model.mask_embedder(states)  # type: ignore[operator]
    masks = torch.einsum("lbqc,bchw->lbqhw", embeddings, found.pixel_decoder_last_hidden_state)
    auxiliary = [
        {"masks_queries_logits": mask, "class_queries_logits": scores}
        for mask, scores in zip(masks[:-1], classes[:-1], strict=True)
    ]
    terms = model.get_loss_dict(masks[-1], classes[-1], case.masks, case.labels, auxiliary)  # type: ignore[operator]
    total: Tensor = sum(terms.values())
    return total


def peers_step(backbone: str, case: Case) -> Step:
    model = made_peer(backbone)
    model.train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    ours = _loaded(model)
    pixels = normalise(case.batch.pixels, ours)
    del ours

    def step() -> float:
        optimiser.zero_grad(set_to_none=True)
        loss = peers_loss(model, pixels, case)
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        return float(loss.detach())

    return step


def our_step(backbone: str, case: Case, points: int, precision: Precision) -> Step:
    model = _loaded(made_peer(backbone)).train()
    config = OptimiserConfig(rate=RATE, backbone_rate=RATE, clip=CLIP)
    criterion = Criterion(replace(PAPER, mask_points=points), LabelCodes(model.label_set).table)
    optimiser = build_optimiser(model, config)
    learner = Learner(model=model, criterion=criterion, optimiser=optimiser, precision=precision, clip=CLIP)
    return lambda: learner.learn(case.batch, learner.count(case.batch)).loss


def _loaded(peer: nn.Module):  # type: ignore[no-untyped-def]
    with tempfile.TemporaryDirectory() as folder:
        peer.save_pretrained(folder)  # type: ignore[operator]
        return load_model(folder)


def made_step(name: str, backbone: str) -> Step:
    case = made_case()
    if name == THEIRS:
        return peers_step(backbone, case)
    return our_step(backbone, case, 0 if name == FULL else POINTS, "bfloat16" if name == BFLOAT16 else "float32")


def compare(backbone: str) -> None:
    """Print the losses, the medians, and the ratios."""
    steps = {name: made_step(name, backbone) for name in (THEIRS, FULL, SAMPLED, BFLOAT16)}
    first = {name: step() for name, step in steps.items()}
    print(f"{backbone}: first loss {', '.join(f'{name} {loss:.6g}' for name, loss in first.items())}")
    print(f"{backbone}: {FULL} differs by {abs(first[FULL] / first[THEIRS] - 1):.1e} of it")
    times_s: dict[str, list[float]] = {name: [] for name in steps}
    for number in range(WARM_UP + ROUNDS):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            if number >= WARM_UP:
                times_s[name].append(time.perf_counter() - started)
    del steps, step
    for name, seconds in times_s.items():
        ratio = np.median(np.asarray(times_s[THEIRS]) / np.asarray(seconds))
        peak = int(_alone("--peak", backbone, name))
        print(f"{backbone:<8}{name:<32}{np.median(seconds):>8.2f} s{ratio:>8.2f}×{peak / 2**20:>9.0f} MiB", flush=True)


def _alone(*arguments: str) -> str:
    """The last line that this script prints in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_training", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]


def lite0() -> None:
    """Photos a second of the default model and recipe at 256², and the share of a step that waits for its batch."""
    with tempfile.TemporaryDirectory() as folder:
        images = read_data_set(_made_set(Path(folder)), SourceConfig()).images
        config = TrainingConfig()
        torch.manual_seed(0)
        model = build_model(config.model, labels("thing", "region")).train()
        model.backbone.requires_grad_(False)
        batches = StepBatches(
            Mixture([(images, 1.0, "thing")]), codes=LabelCodes(model.label_set), augment=AugmentConfig(), seed=0
        )
        criterion = Criterion(config.loss, LabelCodes(model.label_set).table)
        learner = Learner(
            model=model,
            criterion=criterion,
            optimiser=build_optimiser(model, config.optimiser),
            precision=config.precision,
            clip=config.optimiser.clip,
        )
        size = config.stages[0].batch
        keys = ((step, LITE_SIDE_PX, range(size)) for step in range(WARM_UP + LITE_STEPS))
        waited, learned, before = 0.0, 0.0, time.perf_counter()
        for number, batch in enumerate(iterate_batches(batches, keys, workers=config.workers)):
            ready = time.perf_counter()
            learner.learn(batch, learner.count(batch))
            after = time.perf_counter()
            if number >= WARM_UP:
                waited, learned = waited + ready - before, learned + after - ready
            before = after
    print(f"lite0   {LITE_STEPS * size / (waited + learned):.1f} photos/s, {waited / (waited + learned):.1%} waiting")


def _made_set(folder: Path) -> Path:
    """COCO-sized photos with ten masks each."""
    rng = np.random.default_rng(0)
    entries = []
    (folder / "images").mkdir()
    for number in range(LITE_PHOTOS):
        noise = rng.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / "images" / f"{number}.jpg"), cv2.resize(noise, (640, 480)))
        for _ in range(10):
            inside = np.zeros((480, 640), dtype=np.uint8)
            centre, axes = rng.integers((40, 40), (600, 440)), rng.integers(15, 120, 2)
            cv2.ellipse(inside, centre.tolist(), axes.tolist(), 0.0, 0.0, 360.0, 1, -1)
            rle = Mask.from_array(inside.astype(bool)).to_coco()
            entries.append(
                {"image_id": number, "id": len(entries) + 1, "category_id": 1, "iscrowd": 0} | {"segmentation": rle}
            )
    photos = [{"id": n, "file_name": f"{n}.jpg", "height": 480, "width": 640} for n in range(LITE_PHOTOS)]
    content = {"images": photos, "annotations": entries, "categories": [{"id": 1, "name": "thing"}]}
    (folder / "instances.json").write_text(json.dumps(content))
    return folder


def main() -> None:
    if sys.argv[1:2] == ["--peak"]:
        backbone, name = sys.argv[2:]
        # The first step: nothing was freed before that it could fill. Gradients and moments count for everyone.
        print(peak_growth(made_step(name, backbone)))
        return
    for chosen in sys.argv[1:] or ("swin", "resnet", "lite0"):
        if chosen == "lite0":
            lite0()
        else:
            compare(chosen)


if __name__ == "__main__":
    main()
