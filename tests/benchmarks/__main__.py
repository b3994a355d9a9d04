"""`python -m tests.benchmarks`: times in one run, median and 95th percentile.

With names (network, proposals, assist, corrections, page) those alone. The views, a GPU, a training step, learning from
twenty images and a large workspace have tables of their own: `python -m tests.benchmarks.bench_views`, `…bench_gpu`,
`…bench_training`, `…bench_adaptation`, `…bench_workspace`.
"""

from __future__ import annotations

import os
import platform
import sys

import torch

from tests.benchmarks import bench_assist, bench_corrections, bench_network, bench_page, bench_proposals

BENCHES = {
    "network": bench_network,
    "proposals": bench_proposals,
    "assist": bench_assist,
    "corrections": bench_corrections,
    "page": bench_page,
}


def main() -> None:
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}")
    print(f"{'what':<58}{'median ms':>12}{'p95 ms':>12}")
    for chosen in sys.argv[1:] or BENCHES:
        for name, median_ms, p95_ms in BENCHES[chosen].measure():
            print(f"{name:<58}{median_ms:>12.1f}{p95_ms:>12.1f}", flush=True)


main()
