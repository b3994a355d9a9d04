import json

import pytest
from starlette.testclient import TestClient

from app.model_choice import NEUTRAL_THRESHOLD, FollowPromotions, stored_threshold
from app.models import describe_model
from app.server import build_app, open_services
from app.settings import DEFAULT_MODEL, ServerSettings
from app.workflows.learning import BASE_MODEL_ID, promote
from core.annotation.errors import ModelError
from storage.images import list_images
from storage.models import set_promoted_model
from storage.proposals import save_proposals
from tests.app.workflows.learning.corrected import add_made_model, base_model, corrected_workspace
from tests.waiting import wait_for


@pytest.fixture
def made(tmp_path):
    """A workspace with two models of its own, and the folder of a third, the base model."""
    workspace, _ = corrected_workspace(tmp_path / "workspace", done=2)
    yield workspace, [add_made_model(workspace, f"run-{seed}", seed=seed) for seed in (1, 2)], base_model(tmp_path)
    workspace.close()


def test_without_a_promotion_the_default_model_is_used(made):
    workspace, _, _ = made
    choose = FollowPromotions(workspace, ServerSettings())
    assert (choose().info.name, choose().trouble) == (DEFAULT_MODEL, "")


def test_promotions_are_followed_there_and_back(made):
    workspace, (first, second), _ = made
    promote(workspace, first.id)
    choose = FollowPromotions(workspace, ServerSettings(device="cpu", precision="float32"))
    assert (choose().info.name, choose().info.threshold) == ("run-1", 0.3)
    assert choose() is choose()
    promote(workspace, second.id)
    assert choose().info.sha256 == second.sha256
    proposer = choose().load()
    assert (proposer.model_name, proposer.model_sha256) == ("run-2", second.sha256)
    promote(workspace, BASE_MODEL_ID)
    assert choose().info.name == DEFAULT_MODEL


def test_a_model_given_at_the_start_is_used_until_something_is_promoted(made):
    workspace, (first, second), base = made
    promote(workspace, first.id)
    choose = FollowPromotions(workspace, ServerSettings(model=base))
    assert choose().info.name == "base"
    promote(workspace, second.id)
    assert choose().info.name == "run-2"
    promote(workspace, BASE_MODEL_ID)
    assert choose().info.name == "base"
    by_name = FollowPromotions(workspace, ServerSettings(model="run-1"))
    assert by_name().info.sha256 == first.sha256
    promote(workspace, first.id)
    assert by_name().info.sha256 == first.sha256


def test_a_model_given_at_the_start_says_that_it_is_not_the_promoted_one(made):
    workspace, (first, _), base = made
    assert FollowPromotions(workspace, ServerSettings(model=base))().trouble == ""
    promote(workspace, first.id)
    choose = FollowPromotions(workspace, ServerSettings(model=base))
    assert "base proposes here" in choose().trouble
    promote(workspace, BASE_MODEL_ID)
    assert (choose().info.name, choose().trouble) == ("base", "")
    promote(workspace, first.id)
    assert FollowPromotions(workspace, ServerSettings(model="run-1"))().trouble == ""


@pytest.mark.parametrize("threshold", ["high", None, float("nan"), 2])
def test_a_model_with_a_strange_threshold_is_not_promoted_and_gives_way_to_the_base(made, threshold):
    workspace, (first, second), _ = made
    promote(workspace, first.id)
    for name in ("run-1", "run-2"):
        path = workspace.models_folder / name / "config.json"
        values = json.loads(path.read_text())
        values["training"]["threshold"] = threshold
        path.write_text(json.dumps(values))
    with pytest.raises(ModelError, match="threshold is a score"):
        promote(workspace, second.id)
    choice = FollowPromotions(workspace, ServerSettings())()
    assert choice.info.name == DEFAULT_MODEL
    assert "threshold is a score" in choice.trouble


def test_a_promoted_model_whose_files_are_lost_gives_way_to_the_base_and_says_so(made):
    workspace, (first, _), _ = made
    promote(workspace, first.id)
    (workspace.models_folder / "run-1" / "config.json").unlink()
    choice = FollowPromotions(workspace, ServerSettings())()
    assert choice.info.name == DEFAULT_MODEL
    assert "the files of run-1 are missing" in choice.trouble


def test_a_model_that_is_not_there_stops_the_start(made):
    workspace, _, _ = made
    with pytest.raises(ModelError, match="no-such-model"):
        FollowPromotions(workspace, ServerSettings(model="no-such-model"))


def test_a_server_knows_the_promoted_model_at_once(made):
    workspace, (first, _), base = made
    with workspace.database.write() as session:
        set_promoted_model(session, first.id)
    services = open_services(ServerSettings(workspace=workspace.folder))
    assert services.model.name == "run-1"
    assert (services.base_model, services.device) == (DEFAULT_MODEL, None)
    services.workspace.close()
    services = open_services(ServerSettings(workspace=workspace.folder, model=base, device="cpu"))
    assert (services.model.name, services.base_model, services.device) == ("base", base, "cpu")
    services.workspace.close()


def test_the_page_is_told_which_model_is_in_use_and_what_is_wrong_with_the_promoted_one(made):
    workspace, (first, second), base = made
    promote(workspace, first.id)
    settings = ServerSettings(workspace=workspace.folder, model=base, device="cpu", precision="float32", api_only=True)
    services = open_services(settings)
    with TestClient(build_app(services, settings), base_url="http://127.0.0.1:7860") as http:

        def told():
            return http.get("/api/v1/workspace").json()

        start = told()["model"]
        assert (start["name"], start["sha256"]) == ("base", services.model.sha256)
        assert start["trouble"].startswith("base proposes here, with which the server was started")
        promote(workspace, second.id)
        services.worker.wake()
        wait_for(lambda: told()["model"]["name"] == "run-2")
        assert told()["default_threshold"] == 0.3
        (workspace.models_folder / "run-1" / "config.json").write_text("{")
        with workspace.database.write() as session:
            set_promoted_model(session, first.id)
        services.worker.wake()
        wait_for(lambda: "run-1" in told()["model"]["trouble"])
        assert told()["model"]["name"] == "base"


def test_a_server_without_a_model_begins_with_the_threshold_of_the_stored_proposals(made):
    workspace, (first, _), base = made
    assert stored_threshold(workspace, base) == NEUTRAL_THRESHOLD
    with workspace.database.read() as session:
        image = list_images(session, limit=1)[0].id
    for model, threshold in (("ab" * 32, NEUTRAL_THRESHOLD), (first.sha256, 0.3)):
        with workspace.database.write() as session:
            save_proposals(session, image, model, "one", [])
        assert stored_threshold(workspace, base) == threshold
    (workspace.models_folder / first.name / "config.json").write_text("{")
    assert stored_threshold(workspace, base) == NEUTRAL_THRESHOLD


def test_the_page_of_a_server_without_a_model_is_told_the_base_models_threshold(made):
    workspace, _, _ = made
    with workspace.database.write() as session:
        image = list_images(session, limit=1)[0]
        save_proposals(session, image.id, describe_model(DEFAULT_MODEL).info.sha256, DEFAULT_MODEL, [])
    settings = ServerSettings(workspace=workspace.folder, no_model=True, api_only=True)
    with TestClient(build_app(open_services(settings), settings), base_url="http://127.0.0.1:7860") as http:
        told = http.get("/api/v1/workspace").json()
    assert (told["model"], told["default_threshold"]) == (None, describe_model(DEFAULT_MODEL).info.threshold)
