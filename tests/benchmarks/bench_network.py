"""The network beside transformers' with the same weights: Swin-T, 512², masks and classes, on the CPU.

Rounds are interleaved, so that what else the machine does hits all alike. What was tried and kept: oneDNN's linear
layers with the GELU in them, Winograd's convolutions, the last convolution folded into the queries' embeddings, one
zero token for all padding of a map, and attention only over windows cut the same way. Tried and dropped, slower or no
faster here: batched matrix products for the windows in float32, packed weights (5 % for twice
the memory), F(2×2) tiles in bfloat16 (as slow as the convolution, with three times its error).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from core import load_model
from core.maskformer.model import MaskFormer
from tests.benchmarks.figures import Figure, figure, timed

SIDE_PX = 512
CATEGORIES = 133
ROUNDS = 15
WARM_UP = 2
THEIRS, OURS, OURS_BFLOAT16 = "transformers float32", "ours float32", "ours bfloat16"


@torch.inference_mode()
def measure() -> list[Figure]:
    try:
        theirs = _theirs()
    except ImportError as absent:
        print(f"the network is not compared: {absent}")
        return []
    pixels = torch.randn(1, 3, SIDE_PX, SIDE_PX)
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(folder)
        models = {OURS: load_model(folder), OURS_BFLOAT16: load_model(folder, dtype=torch.bfloat16)}

    def run_theirs() -> tuple[Tensor, Tensor]:
        output = theirs(pixels)
        return output.class_queries_logits, output.masks_queries_logits

    runs = {THEIRS: run_theirs} | {name: _runner(model, pixels) for name, model in models.items()}
    expected = run_theirs()
    for name, run in list(runs.items())[1:]:
        for what, result, reference in zip(("class", "mask"), run(), expected, strict=True):
            print(f"{name}: {what} logits differ by {_difference(result, reference)} (largest, RMS; of theirs)")
    times_ms: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(WARM_UP + ROUNDS):
        for name, run in runs.items():
            (elapsed_ms,) = timed(run, runs=1, warm_up=0)
            if number >= WARM_UP:
                times_ms[name].append(elapsed_ms)
    for name in models:
        ratios = np.asarray(times_ms[THEIRS]) / np.asarray(times_ms[name])
        print(f"{name}: {np.median(ratios):.2f} times as fast as {THEIRS} (median of {ROUNDS} rounds)")
    return [figure(f"Swin-T network, {SIDE_PX}², {name}", times) for name, times in times_ms.items()]


def _theirs() -> torch.nn.Module:
    from transformers import MaskFormerConfig, MaskFormerForInstanceSegmentation, SwinConfig

    torch.manual_seed(0)
    swin = SwinConfig(out_features=["stage1", "stage2", "stage3", "stage4"])
    config = MaskFormerConfig(backbone_config=swin, num_labels=CATEGORIES)
    model = MaskFormerForInstanceSegmentation(config).eval()
    for name, parameter in model.named_parameters():
        # As large as trained ones: transformers draws them near 0, where no error would show.
        if parameter.ndim == 1:
            parameter += torch.randn_like(parameter) * 0.1
        elif "encoder" in name:
            parameter *= 2
    return model


def _runner(model: MaskFormer, pixels: Tensor) -> Callable[[], tuple[Tensor, Tensor]]:
    def run() -> tuple[Tensor, Tensor]:
        output = model(pixels)
        return output.class_logits, output.mask_logits

    return run


def _difference(result: Tensor, reference: Tensor) -> str:
    error = result - reference
    return f"{error.abs().max() / reference.abs().max():.1e}, {error.norm() / reference.norm():.1e}"
