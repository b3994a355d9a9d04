"""The network on a GPU beside transformers' on the same weights: `python -m tests.benchmarks.bench_gpu`.

Swin-T, 512² and 1024², bfloat16: latency of one photo, photos a second in batches, and the share of what the device
reaches on one large matrix product. transformers' runs eager and compiled. Without a GPU it says so and ends.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode
from transformers import MaskFormerConfig, MaskFormerForInstanceSegmentation, SwinConfig

from core import load_model

SIDES_PX = (512, 1024)
BATCH = 8
RUNS = 20
WARM_UP = 5
# Large enough that a current GPU reaches its best rate.
PRODUCT_SIDE = 8192
CATEGORIES = 133

Network = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Row:
    """One network at one size."""

    name: str
    side_px: int
    latency_ms: float
    photos_s: float
    share_of_peak: float


def main() -> None:
    """Print the table, or why there is none."""
    if not torch.cuda.is_available():
        print("skipped: this machine has no CUDA device")
        return
    device = torch.device("cuda")
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, bfloat16")
    print(f"{'network':<28}{'side':>6}{'ms, one':>10}{'photos/s':>10}{'of peak':>9}")
    for row in measure(device):
        print(f"{row.name:<28}{row.side_px:>6}{row.latency_ms:>10.2f}{row.photos_s:>10.1f}{row.share_of_peak:>9.1%}")


def measure(
    device: torch.device, *, sides_px: tuple[int, ...] = SIDES_PX, batch: int = BATCH, runs: int = RUNS
) -> list[Row]:
    """All rows; the networks take turns, so that a slow moment of the machine meets all of them."""
    networks = _networks(device)
    peak = _peak_flops(device)
    rows = []
    for side in sides_px:
        one, many = (torch.randn(count, 3, side, side, device=device) for count in (1, batch))
        flops = _flops(networks["Maskwright"], one)
        latency = _medians_s(networks, one, runs)
        throughput = _medians_s(networks, many, runs)
        rows += [
            Row(name, side, latency[name] * 1000, batch / throughput[name], batch * flops / throughput[name] / peak)
            for name in networks
        ]
    return rows


def _networks(device: torch.device) -> dict[str, Network]:
    config = MaskFormerConfig(
        backbone_config=SwinConfig(out_features=["stage1", "stage2", "stage3", "stage4"]), num_labels=CATEGORIES
    )
    torch.manual_seed(0)
    theirs = MaskFormerForInstanceSegmentation(config).eval()
    with tempfile.TemporaryDirectory() as folder:
        theirs.save_pretrained(Path(folder))
        ours = load_model(folder, device=device, dtype=torch.bfloat16)
    theirs = theirs.to(device, torch.bfloat16)
    compiled = torch.compile(theirs)

    def run_ours(pixels: Tensor) -> tuple[Tensor, Tensor]:
        output = ours(pixels)
        return output.class_logits, output.mask_logits

    def run_theirs(network: Callable[..., object]) -> Network:
        def run(pixels: Tensor) -> tuple[Tensor, Tensor]:
            output = network(pixels.bfloat16())
            return output.class_queries_logits, output.masks_queries_logits  # type: ignore[attr-defined]

        return run

    return {
        "Maskwright": run_ours,
        "transformers": run_theirs(theirs),
        "transformers, compiled": run_theirs(compiled),
    }


def _medians_s(networks: dict[str, Network], pixels: Tensor, runs: int) -> dict[str, float]:
    """Median seconds of each network's pass over the batch."""
    times: dict[str, list[float]] = {name: [] for name in networks}
    for number in range(WARM_UP + runs):
        for name, network in networks.items():
            seconds = _seconds(network, pixels)
            if number >= WARM_UP:
                times[name].append(seconds)
    return {name: sorted(values)[len(values) // 2] for name, values in times.items()}


@torch.inference_mode()
def _seconds(network: Network, pixels: Tensor) -> float:
    _wait(pixels.device)
    started = time.perf_counter()
    network(pixels)
    _wait(pixels.device)
    return time.perf_counter() - started


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def _flops(network: Network, pixels: Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        network(pixels)
    return counter.get_total_flops()


def _peak_flops(device: torch.device) -> float:
    """Floating-point operations a second of one large bfloat16 product: what can really be had."""
    side = PRODUCT_SIDE if device.type == "cuda" else PRODUCT_SIDE // 16
    left, right = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    product: dict[str, Network] = {"": lambda pixels: (pixels @ right, right)}
    return 2 * side**3 / _medians_s(product, left, RUNS)[""]


if __name__ == "__main__":
    main()
