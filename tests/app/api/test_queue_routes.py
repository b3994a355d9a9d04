import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from storage.images import NewImage, add_image
from storage.tables import UNLABELLED
from tests.made import disc
from tests.storage.stored_samples import correct


@pytest.fixture
def filled(furnished):
    """Twelve images, the first two those of `furnished`; the third and sixth have segments, two are done."""
    workspace, _ = furnished
    with workspace.database.write() as session:
        for number in range(3, 13):
            sha256 = f"{number:064x}"
            split = "val" if number > 9 else "train"
            add_image(session, NewImage(sha256, sha256, "image/png", f"set/Größe {number}.png", 20, 10, split=split))
        mask = Mask.from_array(disc(10, 20, 5, 5, 3))
        correct(session, 3, Request(Operation.DRAW, mask=mask, category_id=3))
        correct(session, 3, Request(Operation.DONE))
        correct(session, 6, Request(Operation.DRAW, mask=mask, category_id=3))
        correct(session, 6, Request(Operation.DRAW, mask=mask))
        correct(session, 1, Request(Operation.DONE))
    return workspace


def ids(client, query):
    answer = client.get(f"/api/v1/images?{query}")
    assert answer.status_code == 200, answer.text
    return [image["id"] for image in answer.json()["images"]]


def test_images_are_listed_by_filter(client, filled):
    assert ids(client, "state=done") == [1, 3]
    assert ids(client, "state=in_work") == [6]
    assert ids(client, "category_id=3") == [3, 6]
    assert ids(client, f"category_id={UNLABELLED}") == [6]
    assert ids(client, "category_id=3&state=done") == [3]
    assert ids(client, "split=val") == [10, 11, 12]
    assert ids(client, "text=nowhere") == []
    assert ids(client, "text=GRÖSSE%201") == [10, 11, 12]
    assert ids(client, "min_score=0.5") == [1, 2]
    assert ids(client, "max_score=0.5") == []
    assert client.put("/api/v1/images/4/tags", json={"tags": ["hard"]}).status_code == 200
    assert ids(client, "tag=hard") == [4]
    assert client.get("/api/v1/images?state=done").json()["matching"] == 2


def test_pages_go_on_after_the_last_one(client, filled):
    found, after = [], ""
    while True:
        page = client.get(f"/api/v1/images?limit=5{after}").json()
        found += [image["id"] for image in page["images"]]
        assert (page["total"], page["done"], page["matching"]) == (12, 2, 12)
        if page["next_after"] is None:
            break
        after = f"&after={page['next_after']}"
    assert found == list(range(1, 13))
    for query in ("limit=12", "limit=5&after=7", "limit=2&offset=10", "limit=2&state=done"):
        assert client.get(f"/api/v1/images?{query}").json()["next_after"] is None, query
    assert client.get("/api/v1/images?limit=2&offset=9").json()["next_after"] == 11
    assert ids(client, "offset=10") == [11, 12]
    assert client.get("/api/v1/images?after=9223372036854775807").json()["images"] == []


@pytest.mark.parametrize("limit", [1, 4, 5, 40])
def test_a_page_stands_around_an_image_and_grows_both_ways(client, filled, limit):
    for middle in range(1, 13):
        page = client.get(f"/api/v1/images?around={middle}&limit={limit}").json()
        found = [image["id"] for image in page["images"]]
        assert middle in found
        assert len(found) <= limit
        while page["next_before"] is not None:
            page = client.get(f"/api/v1/images?before={page['next_before']}&limit={limit}").json()
            found = [image["id"] for image in page["images"]] + found
        page = client.get(f"/api/v1/images?after={found[-1]}&limit=40").json()
        found += [image["id"] for image in page["images"]]
        assert found == list(range(1, 13))
    assert ids(client, "around=2&split=val") == [10, 11, 12]


@pytest.mark.parametrize("order", ["added", "name"])
def test_no_page_stands_around_an_image_that_there_is_not(client, order):
    answer = client.get(f"/api/v1/images?around=999999&order={order}")
    assert (answer.status_code, answer.json()["error"][:30]) == (404, "the workspace has no image 999")


@pytest.mark.parametrize(
    "query",
    [
        "state=finished",
        "State=done",
        "state=done&page=2",
        "category_id=-2",
        "min_score=2",
        "min_score=nan",
        "limit=0",
        "text=%00",
        "tag=%00",
        f"text={'x' * 201}",
        "after=-1",
        "offset=3&after=3",
        "offset=3&state=done",
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(client, query):
    answer = client.get(f"/api/v1/images?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_work_goes_on_at_the_first_open_image(client, filled):
    assert client.get("/api/v1/images/first").json() == {"open_id": 2, "first_id": 1}
    assert client.get("/api/v1/images/first?state=done").json() == {"open_id": None, "first_id": 1}
    assert client.get("/api/v1/images/first?category_id=3").json() == {"open_id": 6, "first_id": 3}
    assert client.get("/api/v1/images/first?tag=none").json() == {"open_id": None, "first_id": None}


def test_neighbours_keep_to_the_filter(client, filled):
    shown = client.get("/api/v1/images/6?category_id=3").json()
    assert (shown["previous_id"], shown["next_id"], shown["position"], shown["total"]) == (3, None, 2, 2)
    shown = client.get("/api/v1/images/5?ahead=true").json()
    assert (shown["previous_id"], shown["next_id"], shown["position"], shown["total"]) == (4, 6, 5, 12)


def test_tags_are_set_whole_and_come_with_the_image(client, filled):
    assert client.get("/api/v1/images/2/tags").json() == {"tags": []}
    answer = client.put("/api/v1/images/2/tags", json={"tags": ["  zwei ", "<b>", "zwei"]})
    assert answer.json() == {"tags": ["<b>", "zwei"]}
    assert client.get("/api/v1/images/2").json()["tags"] == ["<b>", "zwei"]
    assert client.put("/api/v1/images/2/tags", json={"tags": ["x" * 65]}).status_code == 422
    assert client.get("/api/v1/images/2/tags").json() == {"tags": ["<b>", "zwei"]}
    for answer in (client.get("/api/v1/images/99/tags"), client.put("/api/v1/images/99/tags", json={"tags": []})):
        assert (answer.status_code, answer.json()["error"][:24]) == (404, "the workspace has no ima")


def test_a_body_that_is_not_sent_as_json_is_told_how(client):
    answer = client.put("/api/v1/images/2/tags", content=b'{"tags": []}')
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("the body: ")
    assert "Content-Type: application/json" in answer.json()["error"]


def test_what_is_no_question_is_named_with_those_that_are(client):
    said = client.get("/api/v1/images/first?State=done").json()["error"]
    assert "'State' cannot be asked here" in said
    assert "state, category_id" in said
    assert client.get("/api/v1/statistics?state=done").json() == {"error": "'state' cannot be asked here; leave it out"}


def test_statistics_count_images_and_segments(client, filled):
    client.put("/api/v1/images/2/tags", json={"tags": ["hard"]})
    found = client.get("/api/v1/statistics").json()
    others = {"approved": 0, "sent_back": 0, "skipped": 0, "deleted": 0}
    assert found["images"] == {"total": 12, "new": 9, "in_work": 1, "done": 2, **others}
    assert found["splits"]["val"] == {"total": 3, "new": 3, "in_work": 0, "done": 0, **others}
    assert found["segments"] == 3
    assert found["categories"][1] == {"id": 3, "name": "car", "is_thing": True, "segments": 2, "images": 2}
    assert [one["name"] for one in found["categories"]] == ["person", "car", "sky", "road"]
    assert found["unlabelled"] == {"segments": 1, "images": 1}
    assert found["tags"] == {"hard": 1}
