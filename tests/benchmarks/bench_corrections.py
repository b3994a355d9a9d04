"""One correction until it is committed: in the process, over HTTP as the page sends it, and beside an import."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path

import httpx

from app.workflows.correct import Submission, correct
from core.annotation.corrections import Operation, Request
from storage.images import get_image
from tests.app.workflows.importing.annotator import import_beside_an_annotator
from tests.benchmarks.figures import Figure, figure, timed
from tests.made import make_workspace
from tests.serving import serving

PROPOSALS = 100
SEGMENTS = 50
RUNS = 100
IMPORTS = 5


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "workspace"
        workspace, (image,) = make_workspace(home, size=(1500, 1000), proposals=PROPOSALS)
        seq = itertools.count(1)

        def submission(request: Request) -> Submission:
            with workspace.database.read() as session:
                revision = get_image(session, image.id).revision
            return Submission(image.id, "benchmark", next(seq), "local", revision, request)

        correct(workspace, submission(Request(Operation.ACCEPT, proposals=tuple(range(1, SEGMENTS + 1)))))
        categories = itertools.cycle((1, 3, 7))

        def relabel() -> None:
            request = Request(Operation.RELABEL, segments=(1,), category_id=next(categories))
            correct(workspace, submission(request))

        figures = [figure("correction → commit, in the process", timed(relabel, runs=RUNS))]
        workspace.close()
        with serving(home, "--no-model", "--api-only") as server, httpx.Client() as http:
            url = f"{server.url}/api/v1/images/{image.id}"
            revision = http.get(url).json()["revision"]
            workspace_id = http.get(f"{server.url}/api/v1/workspace").json()["id"]

            def post() -> None:
                nonlocal revision
                body = {
                    "workspace": workspace_id,
                    "client": "benchmark-http",
                    "seq": next(seq),
                    "base_revision": revision,
                    "operation": "relabel",
                    "segments": [1],
                    "category_id": next(categories),
                }
                answer = http.post(f"{url}/corrections", json=body)
                answer.raise_for_status()
                revision = answer.json()["revision"]

            figures.append(figure("correction → commit → answer, over HTTP", timed(post, runs=RUNS)))
        homes = [Path(folder) / str(run) for run in range(IMPORTS)]
        beside = [wait_ms for each in homes for wait_ms in import_beside_an_annotator(each, 50, 100)]
        figures.append(figure("correction → commit, while 5,000 segments are imported", beside))
        return figures
