"""`python -m tests.benchmarks`: every figure of the first release, in one run, median and 95th percentile."""

from __future__ import annotations

import os
import platform

import torch

from tests.benchmarks import bench_corrections, bench_page, bench_proposals


def main() -> None:
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, torch {torch.__version__}")
    print(f"{'what':<58}{'median ms':>12}{'p95 ms':>12}")
    for bench in (bench_proposals, bench_corrections, bench_page):
        for name, median_ms, p95_ms in bench.measure():
            print(f"{name:<58}{median_ms:>12.1f}{p95_ms:>12.1f}", flush=True)


main()
