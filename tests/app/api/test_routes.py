import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image

from app.jobs import ProposalWorker
from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from storage.corrections import history
from tests.storage.stored_samples import correct

CLIENT = "client-0001"
PIXEL = Mask.from_runs(90, 120, [0, 1, 90 * 120 - 1]).to_coco()


class Page:
    """Sends corrections as the page does: one after the other, from the revision it knows."""

    def __init__(self, http, image_id):
        self.http, self.image_id, self.seq = http, image_id, 0
        self.workspace = http.get("/api/v1/workspace").json()["id"]
        self.revision = self.shown()["revision"]

    def shown(self):
        return self.http.get(f"/api/v1/images/{self.image_id}").json()

    def send(self, operation, *, expect=200, **fields):
        self.seq += 1
        body = {
            "workspace": self.workspace,
            "client": CLIENT,
            "seq": self.seq,
            "base_revision": self.revision,
            "operation": operation,
            **fields,
        }
        answer = self.http.post(f"/api/v1/images/{self.image_id}/corrections", json=body)
        assert answer.status_code == expect, answer.text
        if expect == 200:
            self.revision = answer.json()["revision"]
        return answer.json()


@pytest.fixture
def page(client, furnished):
    return Page(client, furnished[1].id)


def test_the_workspace_names_its_categories(client):
    answer = client.get("/api/v1/workspace").json()
    assert [category["name"] for category in answer["categories"]] == ["person", "car", "sky", "road"]
    assert (answer["total"], answer["done"], answer["user"], answer["model"]) == (2, 0, "local", None)


def test_an_image_comes_with_proposals_best_first_and_its_neighbours(client, furnished):
    image = furnished[1]
    shown = client.get(f"/api/v1/images/{image.id}").json()
    scores = [proposal["score"] for proposal in shown["proposals"]]
    assert len(scores) == 20
    assert scores == sorted(scores, reverse=True)
    assert shown["next_id"] == image.id + 1
    assert shown["previous_id"] is None
    assert (shown["position"], shown["total"]) == (1, 2)
    assert shown["proposing"]["state"] == "off"
    first = shown["proposals"][0]
    mask = Mask.from_coco({"size": [90, 120], "counts": first["counts"]})
    assert (mask.area, list(mask.bbox)) == (first["area"], first["bbox"])
    region = next(proposal for proposal in shown["proposals"] if proposal["name"] == "region")
    assert region["category_id"] is None


def test_the_photo_has_the_size_that_the_masks_have(client, furnished, tmp_path):
    shown = client.get(f"/api/v1/images/{furnished[1].id}").json()
    answer = client.get(shown["photo_url"])
    assert answer.headers["content-type"] == "image/png"
    (tmp_path / "photo.png").write_bytes(answer.content)
    assert Image.open(tmp_path / "photo.png").size == (shown["width"], shown["height"]) == (120, 90)


def test_accept_relabel_merge_undo_redo_and_reload(page):
    ids = [proposal["id"] for proposal in page.shown()["proposals"]]
    accepted = page.send("accept", proposals=ids[:2])
    assert len(accepted["segments"]) == 2
    assert accepted["decisions"] == {str(ids[0]): "accepted", str(ids[1]): "accepted"}
    segments = [segment["id"] for segment in accepted["segments"]]
    page.send("relabel", segments=segments[:1], category_id=9)
    merged = page.send("merge", segments=segments)
    assert sorted(merged["removed"]) == sorted(segments)
    before = page.shown()
    undone = page.send("undo")
    assert {segment["id"] for segment in undone["segments"]} == set(segments)
    assert undone["can_redo"]
    page.send("redo")
    after = page.shown()
    assert after["segments"] == before["segments"]
    assert after["revision"] == before["revision"] + 2


def test_the_log_keeps_what_stood_before_the_eyes(page, furnished):
    proposal = page.shown()["proposals"][2]
    page.send("reject", proposals=[proposal["id"]], threshold=0.35, shown_s=4.25)
    with furnished[0].database.read() as session:
        (line,) = history(session, page.image_id)
    assert (line.user, line.client, line.seq, line.base_revision) == ("local", CLIENT, 1, 0)
    assert (line.evidence.threshold, line.evidence.shown_s) == (0.35, 4.25)
    (seen,) = line.evidence.proposals
    assert (seen.proposal_id, seen.query, seen.model_sha256) == (proposal["id"], proposal["query"], "ab" * 32)
    assert len(seen.class_scores) == 4
    assert page.shown()["proposals"][2]["counts"] == proposal["counts"], "a rejected proposal keeps its mask"


def test_a_correction_sent_twice_is_done_once(page):
    ids = [proposal["id"] for proposal in page.shown()["proposals"]]
    first = page.send("accept", proposals=ids[:1])
    page.seq -= 1
    page.revision = 0
    again = page.send("accept", proposals=ids[:1])
    assert again == first
    assert len(page.shown()["segments"]) == 1


def test_a_correction_from_an_old_revision_is_refused_with_the_new_one(page):
    ids = [proposal["id"] for proposal in page.shown()["proposals"]]
    page.send("accept", proposals=ids[:1])
    page.revision = 0
    answer = page.send("accept", proposals=ids[1:2], expect=409)
    assert answer["revision"] == 1
    assert len(page.shown()["segments"]) == 1


def test_a_drawn_mask_becomes_a_segment(page):
    array = np.zeros((90, 120), dtype=bool)
    array[10:20, 30:50] = True
    drawn = page.send("draw", mask=Mask.from_array(array).to_coco(), category_id=1)
    assert drawn["segments"][0]["bbox"] == [30, 10, 20, 10]


def test_done_counts(page, client):
    page.send("done", done=True)
    assert client.get("/api/v1/images").json()["done"] == 1
    assert page.shown()["state"] == "done"
    page.send("done", done=False)
    assert page.shown()["state"] == "in_work"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"operation": "accept", "proposals": [999_999]}, "no proposal 999999"),
        ({"operation": "accept"}, "needs a proposal"),
        ({"operation": "draw", "category_id": 55, "mask": PIXEL}, "no category has the id 55"),
        ({"operation": "draw"}, "needs one mask, got 0"),
        ({"operation": "edit", "segments": [1], "mask": PIXEL}, "no segment 1"),
        ({"operation": "slice", "masks": [PIXEL, PIXEL]}, "needs one segment or proposal, got 0"),
        ({"operation": "send_back"}, "needs a comment"),
        ({"operation": "send_back", "comment": " \n "}, "needs a comment"),
        ({"operation": "send_back", "comment": "x" * 2001}, "comment"),
        ({"operation": "send_back", "comment": "a\0b"}, "comment"),
        ({"operation": "merge", "segments": [77, 78]}, "no segment 77"),
        ({"operation": "undo"}, "nothing to undo"),
        ({"operation": "redo"}, "nothing to redo"),
        ({"operation": "explode"}, "operation"),
        ({"operation": "draw", "mask": PIXEL, "masks": [PIXEL]}, "send one of the two"),
        ({"operation": "done", "client": "labels:0001"}, "begins the names that the label set's own steps have"),
        ({"operation": "done", "client": "Labels:0001"}, "begins the names that the label set's own steps have"),
        ({"operation": "accept", "proposals": ["one"]}, "proposals.0"),
        ({"operation": "accept", "proposals": list(range(2001))}, "proposals"),
        ({"operation": "accept", "proposals": [10**23]}, "proposals.0"),
        ({"operation": "accept", "threshold": 2}, "threshold"),
        ({"operation": "accept", "surprise": 1}, "surprise"),
        ({"operation": "draw", "mask": {"size": [4, 4], "counts": "0"}}, "4×4, but its image is 120×90"),
        ({"operation": "draw", "mask": {"size": [90, 120], "counts": "zzz"}}, "mask counts"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason_and_changes_nothing(page, fields, reason):
    answer = page.send(expect=422, **fields)
    assert reason in answer["error"]
    assert page.shown()["revision"] == 0


def test_what_is_not_there_is_not_found(client):
    assert client.get("/api/v1/images/99").status_code == 404
    assert client.get("/api/v1/images/99/photo").status_code == 404
    assert client.get("/api/v1/images/99/proposing").status_code == 404
    assert client.get("/api/v1/images/abc").status_code == 422
    assert client.get(f"/api/v1/images/{10**20}").status_code == 422
    workspace = client.get("/api/v1/workspace").json()["id"]
    body = {"workspace": workspace, "client": CLIENT, "seq": 1, "base_revision": 0, "operation": "done"}
    assert client.post("/api/v1/images/99/corrections", json=body).status_code == 404


def test_an_image_is_read_at_one_moment(page, client, furnished, monkeypatch):
    """Somebody corrects it while the model is asked for it."""
    workspace, image = furnished

    def ask(worker, image_id):
        with workspace.database.write() as session:
            correct(session, image_id, Request(Operation.DONE), user="ben")
        return worker.state(image_id)

    monkeypatch.setattr(ProposalWorker, "ask", ask)
    shown = client.get(f"/api/v1/images/{image.id}").json()
    assert (shown["state"], shown["done"], shown["revision"]) == ("done", True, 1)


def test_a_correction_for_another_workspaces_image_is_refused(page):
    page.workspace = "of another folder"
    answer = page.send("done", expect=412)
    assert "another workspace" in answer["error"]
    assert page.shown()["revision"] == 0


def test_a_photo_that_is_gone_from_the_disk_is_said_to_be(client, furnished):
    workspace, image = furnished
    workspace.blobs.path(image.display_sha256).unlink()
    answer = client.get(f"/api/v1/images/{image.id}/photo")
    assert answer.status_code == 404
    assert "missing" in answer.json()["error"]
    assert client.get(f"/api/v1/images/{image.id}").status_code == 200


def test_no_other_site_may_frame_the_pages(client):
    assert client.get("/api/v1/workspace").headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("verb", "path", "status", "allowed"),
    [
        ("POST", "/api/v1/images", 405, "GET"),
        ("DELETE", "/api/v1/images/1/tags", 405, "GET, PUT"),
        ("GET", "/api/v1/images/1/corrections", 405, "POST"),
        ("GET", "/api/v1/nothing", 404, None),
        ("PUT", "/api/v2/images", 404, None),
    ],
)
@pytest.mark.parametrize("root", ["no pages", "pages"])
def test_what_no_route_answers_is_told_in_the_one_form_of_errors(client, root, verb, path, status, allowed):
    if root == "pages":
        # As Gradio's pages are: an application that takes every address that is left.
        client.app.mount("/", FastAPI())
    answer = client.request(verb, path)
    assert (answer.status_code, answer.headers.get("Allow")) == (status, allowed)
    assert list(answer.json()) == ["error"]
