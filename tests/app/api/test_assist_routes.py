import asyncio
import base64
import re
import threading
from pathlib import Path

import numpy as np
import pytest
from starlette.testclient import TestClient

from app.assistant import Assistant
from app.jobs import ProposalWorker
from app.line import Line
from app.model_choice import ModelChoice
from app.models import describe_model, proposer_loader, workspace_labels
from app.server import build_app
from app.services import Services
from app.settings import DEFAULT_MODEL, ServerSettings
from app.workflows.ingest import add_photos, sample_photos
from core.annotation.mask import Mask
from core.inference.predictor import Predictor
from core.maskformer.manifest import named_source
from storage.categories import seed_label_set
from tests.made import disc
from tests.storage.new_workspaces import new_workspace
from tests.waiting import wait_for


@pytest.fixture
def ask(client, furnished):
    """Asks for help at the first photo, 120×90, without a model."""

    def post(what, *, expect=200, image_id=furnished[1].id, **body):
        answer = client.post(f"/api/v1/images/{image_id}/assist/{what}", json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    return post


def wire(pixels):
    return Mask.from_array(pixels).to_coco()


def test_without_a_model_the_wand_goes_by_colours_and_says_so(ask):
    assert ask("warm") == {"by_model": False}
    found = ask("wand", x=119, y=89)
    assert (found["width"], found["height"], found["by_model"]) == (120, 90, False)
    distances = np.frombuffer(base64.b64decode(found["distances"]), np.uint8).reshape(90, 120)
    assert distances[89, 119] == 0
    assert distances.max() > 150
    assert 0 <= found["tolerance"] <= 255


def test_a_line_has_the_ends_that_were_asked_for(ask):
    corners = ask("path", start=[0, 0], end=[120, 90])["corners"]
    assert (corners[0], corners[-1]) == ([0, 0], [120, 90])


def test_a_mask_comes_back_refined(ask):
    found = ask("cut", mask=wire(disc(90, 120, 45, 60, 20)))
    assert Mask.from_coco(found, size=(90, 120)).area > 0


@pytest.mark.parametrize("what", ["cut", "labels"])
def test_masks_are_read_beside_the_event_loop(ask, monkeypatch, what):
    read = Mask.from_coco
    threads = []

    def told(*args, **kwargs):
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        threads.append(threading.current_thread())
        return read(*args, **kwargs)

    monkeypatch.setattr(Mask, "from_coco", told)
    ask(what, expect=200 if what == "cut" else 422, mask=wire(disc(90, 120, 45, 60, 20)))
    assert len(threads) == 1


@pytest.mark.parametrize("longest", [0])
def test_too_many_cuts_at_once_are_told_to_come_again(client, furnished, longest):
    client.app.state.services.assistant._cutting = Line("full", longest=longest)
    answer = client.post(f"/api/v1/images/{furnished[1].id}/assist/cut", json={"box": [10, 10, 50, 50]})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"
    assert "try again in a moment" in answer.json()["error"]


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("wand", {"x": 120, "y": 0}, "outside the photo of 120×90"),
        ("wand", {"x": -1, "y": 0}, "outside the photo"),
        ("wand", {"x": 1.5, "y": 0}, "^x: "),
        ("wand", {"x": 2**40, "y": 0}, "^x: "),
        ("wand", {"x": 1, "y": 1, "z": 1}, "^z: "),
        ("path", {"start": [0, 0], "end": [121, 0]}, r"\(121, 0\) lies outside"),
        ("path", {"start": [0, 0]}, "^end: "),
        ("cut", {}, "either a mask to refine or a box"),
        ("cut", {"mask": wire(np.ones((90, 120), bool)), "box": [0, 0, 5, 5]}, "either a mask"),
        ("cut", {"mask": wire(np.ones((90, 120), bool))}, "no border to refine"),
        ("cut", {"mask": wire(np.zeros((90, 120), bool))}, "empty"),
        ("cut", {"mask": wire(np.ones((9, 12), bool))}, "12×9, but its image is 120×90"),
        ("cut", {"mask": {"size": [90, 120], "counts": "\x00"}}, "counts"),
        ("cut", {"box": [0, 0, 120, 90]}, "whole photo"),
        ("cut", {"box": [100, 80, 50, 50]}, "does not lie in the photo"),
        ("labels", {"mask": wire(disc(90, 120, 45, 60, 20))}, "--no-model"),
    ],
)
def test_what_cannot_be_helped_with_is_named(ask, what, body, said):
    error = ask(what, expect=422, **body)["error"]
    assert re.search(said, error), error


def test_an_image_that_is_not_there_is_a_404_and_one_without_its_file_says_so(ask, furnished):
    workspace, image = furnished
    assert "9999" in ask("wand", expect=404, image_id=9999, x=0, y=0)["error"]
    Path(workspace.blobs.existing_path(image.sha256)).unlink()
    for what, body in (("warm", {}), ("wand", {"x": 0, "y": 0}), ("path", {"start": [0, 0], "end": [9, 9]})):
        assert "is missing; put it back" in ask(what, expect=404, **body)["error"]


@pytest.fixture(scope="module")
def helped(tmp_path_factory):
    """A client, and the first sample photo's image, with the default model."""
    described = describe_model(DEFAULT_MODEL)
    load = proposer_loader(named_source(DEFAULT_MODEL), described.info, device="cpu", precision="float32")
    with new_workspace(tmp_path_factory.mktemp("helped") / "workspace") as workspace:
        with workspace.database.write() as session:
            seed_label_set(session, workspace_labels(described.labels))
        image = add_photos(workspace, sample_photos()[:1]).added[0]
        services = Services(workspace, ProposalWorker(workspace, lambda: ModelChoice(described.info, load)))
        with TestClient(build_app(services, ServerSettings(api_only=True)), base_url="http://127.0.0.1:7860") as http:
            yield http, image


def test_the_first_click_needs_no_second_look_at_what_was_proposed_for(helped, monkeypatch):
    http, image = helped
    http.get(f"/api/v1/images/{image.id}")
    wait_for(lambda: http.get(f"/api/v1/images/{image.id}/proposing").json()["state"] == "ready")

    def refuse(*_):
        raise AssertionError("the network is asked a second time")

    monkeypatch.setattr(Predictor, "see", refuse)
    assert http.post(f"/api/v1/images/{image.id}/assist/wand", json={"x": 192, "y": 213}).json()["by_model"]


def test_the_model_finds_the_bus_under_a_click_and_names_it(helped):
    http, image = helped
    assert image.file_name == "bus-on-a-street.webp"
    place = f"/api/v1/images/{image.id}/assist"
    assert http.post(f"{place}/warm", json={}).json() == {"by_model": True}
    found = http.post(f"{place}/wand", json={"x": 192, "y": 213}).json()
    assert found["by_model"]
    assert max(found["width"], found["height"]) == 448
    bus = np.zeros((image.height, image.width), bool)
    bus[150:280, 150:370] = True
    named = http.post(f"{place}/labels", json={"mask": wire(bus)}).json()["labels"]
    assert named[0]["name"] == "bus"
    assert [one["score"] for one in named] == sorted((one["score"] for one in named), reverse=True)
    assert len(named) == 10
    cut = http.post(f"{place}/cut", json={"box": [145, 140, 230, 150]}).json()
    inside = Mask.from_coco(cut, size=bus.shape).to_array()
    assert (inside & bus).sum() / (inside | bus).sum() > 0.7
    assert "region" not in {one["name"] for one in named}


def test_a_cut_that_was_given_up_does_not_keep_the_next_one_waiting(furnished, monkeypatch):
    workspace, image = furnished
    begun = threading.Event()

    def rounds(photo, box, go_on):
        begun.set()
        while box[0] == 1:
            go_on()
        return Mask.empty(90, 120)

    monkeypatch.setattr("app.assistant.cut_out", rounds)

    async def story():
        assistant = Assistant(workspace, ProposalWorker(workspace, None))
        given_up = asyncio.ensure_future(assistant.cut_out(image, (1, 1, 50, 50)))
        while not begun.is_set():
            await asyncio.sleep(0.001)
        given_up.cancel()
        return await assistant.cut_out(image, (2, 2, 50, 50))

    assert asyncio.run(story()).area == 0
