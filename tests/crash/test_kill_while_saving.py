"""kill -9 of the real server, between and during corrections: what it called saved is there afterwards."""

from __future__ import annotations

import random
import threading
import time

import httpx
import pytest

from app.settings import DATABASE_VARIABLE
from core.annotation.truth import Decision
from storage.corrections import history, rebuild
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.made import make_workspace
from tests.serving import Server

KILLS = 20


class Annotator(threading.Thread):
    """Accepts, relabels and deletes as fast as the server answers, and keeps what it was told is saved."""

    def __init__(self, url: str, image_id: int, client: str) -> None:
        super().__init__(daemon=True)
        self.url = f"{url}/api/v1/images/{image_id}"
        self.client = client
        self.saved: dict[tuple[str, int], int] = {}
        self.sent = 0
        self.at_work = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=5) as http:
            try:
                self._work(http)
            except httpx.TransportError:
                return

    def _work(self, http: httpx.Client) -> None:
        shown = http.get(self.url).json()
        workspace = http.get(self.url.rpartition("/images/")[0] + "/workspace").json()["id"]
        revision = shown["revision"]
        undecided = [proposal["id"] for proposal in shown["proposals"] if proposal["decision"] == "undecided"]
        segments = [segment["id"] for segment in shown["segments"]]
        for seq in range(10_000):
            if undecided:
                body = {
                    "operation": "relabel",
                    "proposals": [undecided.pop()],
                    "category_id": random.choice([1, 3, None]),
                }
            else:
                body = {
                    "operation": "relabel",
                    "segments": [random.choice(segments)],
                    "category_id": random.choice([7, 9]),
                }
            self.sent += 1
            answer = http.post(
                f"{self.url}/corrections",
                json={
                    "workspace": workspace,
                    "client": self.client,
                    "seq": seq,
                    "base_revision": revision,
                    "shown_s": 1.5,
                    **body,
                },
            )
            if answer.status_code == 422:
                continue
            answer.raise_for_status()
            revision = answer.json()["revision"]
            segments += [segment["id"] for segment in answer.json()["segments"] if segment["id"] not in segments]
            self.saved[(self.client, seq)] = revision
            self.at_work.set()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_twenty_kills_lose_nothing_that_was_called_saved(tmp_path, kind, request, monkeypatch):
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    if url is not None:
        monkeypatch.setenv(DATABASE_VARIABLE, url)
    workspace, (image,) = make_workspace(tmp_path / "workspace", proposals=60, database=url)
    workspace.close()
    saved: dict[tuple[str, int], int] = {}
    sent = 0
    random.seed(5)
    for kill in range(KILLS):
        server = Server(tmp_path / "workspace", "--no-model", "--api-only", cold=True)
        annotator = Annotator(server.url, image.id, f"client-{kill:04d}")
        annotator.start()
        assert annotator.at_work.wait(timeout=60)
        time.sleep(random.uniform(0.05, 0.4))
        server.kill()
        annotator.join(timeout=20)
        assert not annotator.is_alive()
        saved |= annotator.saved
        sent += annotator.sent
        with Workspace.open(tmp_path / "workspace", database=url) as reopened, reopened.database.read() as session:
            log = history(session, image.id)
            kept = {(line.client, line.seq): line.revision for line in log}
            assert saved.items() <= kept.items()
            truth = load_truth(session, image.id)
            assert truth == rebuild(session, image.id, len(log))
    assert len(saved) > KILLS
    assert sent > len(saved), "no kill hit a correction on its way"
    assert set(truth.decisions.values()) <= {Decision.ACCEPTED}
