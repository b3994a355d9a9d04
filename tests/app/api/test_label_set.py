import pytest

from core.annotation.corrections import Operation
from storage.corrections import history

CLIENT = "client-0001"


class Labels:
    """Changes the label set as its editor does, from the revision it knows."""

    def __init__(self, http):
        self.http = http

    def read(self):
        return self.http.get("/api/v1/label-set").json()

    def change(self, kind, *, expect=200, **fields):
        known = self.read()
        body = {"workspace": known["workspace"], "base": known["revision"], "kind": kind, **fields}
        answer = self.http.post("/api/v1/label-set/changes", json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    def names(self):
        return [category["name"] for category in self.read()["categories"]]


@pytest.fixture
def labels(client):
    return Labels(client)


def accept(client, image_id, number):
    """Accepts the first proposals of an image."""
    image = client.get(f"/api/v1/images/{image_id}").json()
    body = {
        "workspace": client.get("/api/v1/workspace").json()["id"],
        "client": CLIENT,
        "seq": image_id,
        "base_revision": image["revision"],
        "operation": "accept",
        "proposals": [proposal["id"] for proposal in image["proposals"][:number]],
    }
    assert client.post(f"/api/v1/images/{image_id}/corrections", json=body).status_code == 200


def of_category(client, category_id):
    images = [client.get(f"/api/v1/images/{number}").json() for number in (1, 2)]
    return sum(segment["category_id"] == category_id for image in images for segment in image["segments"])


def test_the_label_set_is_read_with_what_it_is_used_for(client, labels):
    accept(client, 1, 4)
    read = labels.read()
    person, car, sky, _ = read["categories"]
    assert person == {
        "id": 1,
        "name": "person",
        "is_thing": True,
        "colour": [200, 40, 40],
        "key": None,
        "segments": 1,
        "images": 1,
        "segments_on_deleted": 0,
    }
    assert (car["segments"], sky["segments"]) == (1, 1)
    assert (read["revision"], read["changes"], read["undoable"]) == (0, [], None)


def test_a_change_is_saved_with_who_made_it_and_the_workspace_follows(client, labels):
    made = labels.change("add", name="  zebra ", key="Z")
    labels.change("change", id=1, name="human", is_thing=False, colour=[1, 2, 3], key="1")
    workspace = client.get("/api/v1/workspace").json()
    assert workspace["label_set"] == 2
    by_id = {category["id"]: category for category in workspace["categories"]}
    assert by_id[made["id"]]["name"] == "zebra"
    assert by_id[made["id"]]["key"] == "Z"
    assert by_id[1] == {"id": 1, "name": "human", "is_thing": False, "colour": [1, 2, 3], "key": "1"}
    newest = labels.read()["changes"][0]
    assert (newest["user"], newest["undone"]) == ("local", False)
    assert newest["told"].startswith("renamed “person” to “human”")


def test_a_merge_is_one_logged_correction_an_image_and_its_undo_gives_the_segments_back(client, labels, furnished):
    for image_id in (1, 2):
        accept(client, image_id, 8)
    people = of_category(client, 1)
    answer = labels.change("merge", id=1, into_id=3)
    assert answer["told"] == f"“person” became “car”: {people} segments in 2 images."
    assert (of_category(client, 1), of_category(client, 3)) == (0, 2 * people)
    assert labels.names() == ["car", "sky", "road"]
    with furnished[0].database.read() as session:
        assert [step.operation for step in history(session, 1)] == [Operation.ACCEPT, Operation.RELABEL]
    image = client.get("/api/v1/images/1").json()
    segment = next(item for item in image["segments"] if item["category_id"] == 3)
    body = {
        "workspace": client.get("/api/v1/workspace").json()["id"],
        "client": CLIENT,
        "seq": 77,
        "base_revision": image["revision"],
        "operation": "delete",
        "segments": [item["id"] for item in image["segments"] if item["category_id"] == 3 and item != segment],
    }
    assert client.post("/api/v1/images/1/corrections", json=body).status_code == 200
    undone = labels.change("undo")["told"]
    assert undone.startswith("Undone: merged “person” into “car”.")
    assert labels.names() == ["person", "car", "sky", "road"]
    assert "stayed as" in undone
    assert of_category(client, 1) < people


def test_a_change_of_an_older_label_set_is_refused_with_the_newer_revision(client, labels):
    labels.change("add", name="zebra")
    known = labels.read()
    body = {"workspace": known["workspace"], "base": 0, "kind": "add", "name": "lion"}
    answer = client.post("/api/v1/label-set/changes", json=body)
    assert (answer.status_code, answer.json()["revision"]) == (409, 1)
    body = {**body, "base": 1, "workspace": "another"}
    assert client.post("/api/v1/label-set/changes", json=body).status_code == 412
    assert labels.names()[-1] == "zebra"


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "fly"},
        {"kind": "import"},
        {"kind": "add"},
        {"kind": "add", "name": "x", "colour": [0, 0, 256]},
        {"kind": "add", "name": "x", "colour": [0, 0]},
        {"kind": "add", "name": "x", "key": "much too long for a key"},
        {"kind": "add", "name": "x" * 121},
        {"kind": "add", "name": "a\x00b"},
        {"kind": "remove", "id": 2**63},
        {"kind": "remove", "id": 77},
        {"kind": "merge", "id": 1, "into_id": 1},
        {"kind": "reorder", "order": [1, 1, 3, 7, 9]},
        {"kind": "undo", "more": 1},
    ],
)
def test_what_does_not_fit_is_refused(labels, fields):
    kind = fields.pop("kind")
    before = labels.read()
    assert labels.change(kind, expect=422, **fields)["error"]
    assert labels.read() == before


def test_a_category_with_segments_is_not_removed(client, labels):
    accept(client, 1, 1)
    assert "1 segments are labelled 'person'" in labels.change("remove", id=1, expect=422)["error"]


def test_segments_on_deleted_images_are_counted_apart(client, labels):
    accept(client, 1, 1)
    image = client.get("/api/v1/images/1").json()
    body = {
        "workspace": client.get("/api/v1/workspace").json()["id"],
        "client": CLIENT,
        "seq": 77,
        "base_revision": image["revision"],
        "operation": "delete_image",
    }
    assert client.post("/api/v1/images/1/corrections", json=body).status_code == 200
    person = labels.read()["categories"][0]
    assert (person["segments"], person["images"], person["segments_on_deleted"]) == (0, 0, 1)
    assert "1 of them on deleted images" in labels.change("remove", id=1, expect=422)["error"]
    told = labels.change("merge", id=1, into_id=3)["told"]
    assert told == "“person” became “car”: 0 segments in 0 images, and 1 segment on deleted images."
    assert labels.read()["categories"][0]["segments_on_deleted"] == 1
