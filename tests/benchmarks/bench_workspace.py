"""A workspace of 100,000 images and 1,000,000 segments: `python -m tests.benchmarks.bench_workspace [--folder DIR]`.

Makes it once (in DIR, kept for the next time), then prints times in milliseconds, and the time and memory of opening
it in a fresh process and of a server that has it open beside one that has next to nothing.
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import psutil

from app.workflows.correct import Submission, correct
from core.annotation.corrections import Operation, Request
from storage.images import get_image
from storage.queue import ImageFilter, count_matching, first_open_image, list_page, neighbours
from storage.statistics import load_statistics
from storage.tables import ImageState
from storage.workspace import DATABASE_NAME, Workspace
from tests.benchmarks.big_workspace import CATEGORIES, make_big_workspace
from tests.benchmarks.figures import Figure, figure, timed
from tests.serving import PROJECT, Server, serving

IMAGES = 100_000
RUNS = 50
PAGES = 1_000
PAGE = 100
REQUESTS = 300
MIB = 2**20

FILTERS = {
    "none": ImageFilter(),
    "state in_work": ImageFilter(state=ImageState.IN_WORK),
    "category, commonest": ImageFilter(category_id=1),
    "category and state, commonest": ImageFilter(category_id=1, state=ImageState.DONE),
    "category and state, rarest": ImageFilter(category_id=CATEGORIES, state=ImageState.DONE),
    "category and state, no such image": ImageFilter(category_id=1, state=ImageState.NEW),
    "category, state and split": ImageFilter(category_id=2, state=ImageState.DONE, split="val"),
    "score 0.85 to 1": ImageFilter(min_score=0.85, max_score=1),
    "score 0.99 to 1 (no image) and state": ImageFilter(min_score=0.99, max_score=1, state=ImageState.NEW),
    "split and state": ImageFilter(split="val", state=ImageState.NEW),
    "text, last image": ImageFilter(text=f"_{IMAGES - 1:06d}"),
    "text and state, no such image": ImageFilter(text="no such name", state=ImageState.DONE),
    "tag": ImageFilter(tag="hard"),
}

OPENING = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from storage.queue import list_page
from storage.statistics import load_statistics
from storage.workspace import Workspace
imported = time.perf_counter()
with Workspace.open(Path(sys.argv[1])) as workspace:
    opened = time.perf_counter()
    with workspace.database.read() as session:
        list_page(session, limit=100)
        load_statistics(session)
    read = time.perf_counter()
assert not {"torch", "gradio"} & set(sys.modules)
import resource
print(imported - started, opened - imported, read - opened, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.bench_workspace")
    parser.add_argument("--folder", type=Path, help="where the workspace is kept; without it a temporary one is made")
    folder = parser.parse_args().folder
    if folder is not None:
        measure(folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(temporary))


def measure(folder: Path) -> None:
    home = folder / f"workspace-{IMAGES}"
    if not (home / "made").exists():
        started = time.monotonic()
        make_big_workspace(home, images=IMAGES)
        (home / "made").touch()
        print(f"made in {time.monotonic() - started:.0f} s, {(home / DATABASE_NAME).stat().st_size / MIB:.0f} MiB")
    print_opening(home)
    with Workspace.open(home, create=False) as workspace:
        print(f"\n{'what':<66}{'median ms':>10}{'p95 ms':>10}")
        for measured in (queue_figures, correction_figures, paging_figures):
            for name, median_ms, p95_ms in measured(workspace):
                print(f"{name:<66}{median_ms:>10.2f}{p95_ms:>10.2f}", flush=True)
    with tempfile.TemporaryDirectory() as beside:
        for options in (["--no-model", "--api-only"], ["--no-model"]):
            print_server(Path(beside) / "small", home, options)


def print_opening(home: Path) -> None:
    """Of fresh processes, after one that warms the disk's cache."""
    rows = []
    for _ in range(6):
        output = subprocess.run(
            [sys.executable, "-c", OPENING, str(home)], cwd=PROJECT, capture_output=True, text=True, check=True
        )
        rows.append([float(number) for number in output.stdout.split()])
    importing, opening, reading, memory = np.median(rows[1:], axis=0)
    print(
        f"a fresh process: imports {importing:.2f} s, opening {opening:.3f} s, first page and statistics "
        f"{reading:.3f} s, {memory:.0f} MiB at most"
    )


def queue_figures(workspace: Workspace) -> list[Figure]:
    numbers = itertools.cycle(np.random.default_rng(0).integers(1, IMAGES, 1_000).tolist())
    with workspace.database.read() as session:

        def took(name: str, action: Callable[[], object]) -> Figure:
            return figure(name, timed(action, runs=RUNS))

        figures = [
            took("next and previous image, position", lambda: neighbours(session, next(numbers))),
            took(
                "  within category and state",
                lambda: neighbours(session, next(numbers), FILTERS["category and state, commonest"]),
            ),
            took("first open image", lambda: first_open_image(session)),
            took("statistics", lambda: load_statistics(session)),
        ]
        for name, wanted in FILTERS.items():
            page = partial(list_page, session, wanted, limit=PAGE)
            figures += [
                took(f"{PAGE} images, {name}", page),
                took("  from the middle", partial(page, after=IMAGES // 2)),
                took("  how many", partial(count_matching, session, wanted)),
            ]
        return figures


def correction_figures(workspace: Workspace) -> list[Figure]:
    seq = itertools.count(time.time_ns() // 1_000_000)
    client = f"benchmark-{time.time_ns()}"
    categories = itertools.cycle((1, 3, 7))
    images = itertools.cycle(range(2, IMAGES, 997))

    def send(image_id: int, request: Request) -> None:
        with workspace.database.read() as session:
            revision = get_image(session, image_id).revision
        correct(workspace, Submission(image_id, client, next(seq), "local", revision, request))

    one, many = 2, (number for number in images if number % 3 != 1)
    relabel = (Request(Operation.RELABEL, segments=(1,), category_id=number) for number in categories)
    done = itertools.cycle((False, True))
    return [
        figure("correction, one image", timed(lambda: send(one, next(relabel)), runs=RUNS)),
        figure("correction, another image each time", timed(lambda: send(next(many), next(relabel)), runs=RUNS)),
        figure("done or not", timed(lambda: send(3, Request(Operation.DONE, done=next(done))), runs=RUNS)),
    ]


def paging_figures(workspace: Workspace) -> list[Figure]:
    """All pages of the list, one after the other."""
    times_ms = []
    after = None
    with workspace.database.read() as session:
        for _ in range(PAGES):
            started = time.perf_counter()
            page = list_page(session, after=after, limit=PAGE)
            times_ms.append((time.perf_counter() - started) * 1000)
            after = page[-1].id
    return [
        figure(f"paging, first 100 of {PAGES} pages of {PAGE}", times_ms[:100]),
        figure("paging, last 100", times_ms[-100:]),
    ]


def print_server(small: Path, home: Path, options: list[str]) -> None:
    """Its start, answers, and how much more memory it takes than one whose workspace has only the sample photos."""
    grown, ready_s = [], []
    for folder in (small, home):
        with serving(folder, *options, cold=True) as server, httpx.Client(timeout=60) as http:
            times_ms = _browse(server, http)
            ready_s.append(server.ready_s)
            grown.append(psutil.Process(server.process.pid).memory_info().rss / MIB)
    print(
        f"\nserver {' '.join(options)}: {grown[0]:.0f} MiB with few images, {grown[1] - grown[0]:+.0f} MiB here, "
        f"answers {ready_s[0]:.2f} and {ready_s[1]:.2f} s after its start"
    )
    for name, values in times_ms.items():
        _, median_ms, p95_ms = figure(name, values)
        print(f"{name:<66}{median_ms:>10.2f}{p95_ms:>10.2f}")


def _browse(server: Server, http: httpx.Client) -> dict[str, list[float]]:
    total = http.get(f"{server.url}/api/v1/statistics").json()["images"]["total"]
    numbers = itertools.cycle(np.random.default_rng(0).integers(1, total + 1, 1_000).tolist())

    def read(address: str) -> None:
        http.get(f"{server.url}/api/v1/{address}").raise_for_status()

    actions: dict[str, Callable[[], None]] = {
        "GET images/{id}": lambda: read(f"images/{next(numbers)}"),
        "GET images?state=done&category_id=1": lambda: read(f"images?state=done&category_id=1&limit={PAGE}"),
        "GET images?after={id}": lambda: read(f"images?after={next(numbers)}&limit={PAGE}"),
        "GET statistics": lambda: read("statistics"),
        "GET workspace": lambda: read("workspace"),
    }
    return {name: timed(action, runs=REQUESTS) for name, action in actions.items()}


if __name__ == "__main__":
    main()
