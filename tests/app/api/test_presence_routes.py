import pytest

from storage.categories import load_label_set
from storage.label_changes import label_set_revision, record_label_change


def told(client, image_id, tab="client-0001", **more):
    answer = client.post("/api/v1/presence", json={"client": tab, "image_id": image_id, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_two_tabs_know_of_each_other_and_of_what_is_new(client, furnished):
    workspace, image = furnished
    assert told(client, image.id)["people"] == [{"user": "local", "image_id": image.id, "you": True}]
    second = told(client, image.id, "client-0002")
    assert [one["you"] for one in second["people"]] == [False, True]
    assert (second["revision"], second["label_set"]) == (0, label_set_of(workspace))
    body = {"workspace": workspace.id, "client": "client-0001", "seq": 1, "base_revision": 0, "operation": "done"}
    client.post(f"/api/v1/images/{image.id}/corrections", json=body).raise_for_status()
    assert told(client, image.id, "client-0002")["revision"] == 1
    assert told(client, None, leaving=True)["people"] == [{"user": "local", "image_id": image.id, "you": False}]


def test_a_changed_label_set_shows(client, furnished):
    workspace, image = furnished
    before = told(client, image.id)["label_set"]
    with workspace.database.write() as session:
        record_label_change(session, user="ann", kind="change", before=load_label_set(session))
    assert told(client, image.id)["label_set"] > before


def test_an_image_that_is_not_there_is_none(client):
    answer = told(client, 999)
    assert answer["revision"] is None
    assert answer["people"] == [{"user": "local", "image_id": None, "you": True}]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"client": "short"},
        {"client": "x" * 65},
        {"client": "client-0001", "image_id": "1; DROP TABLE"},
        {"client": "client-0001", "image_id": -1},
        {"client": "client-0001", "image_id": 2**63},
        {"client": "client-0001", "user": "bea"},
    ],
)
def test_what_does_not_fit_is_refused(client, body):
    assert client.post("/api/v1/presence", json=body).status_code == 422


def label_set_of(workspace):
    with workspace.database.read() as session:
        return label_set_revision(session)
