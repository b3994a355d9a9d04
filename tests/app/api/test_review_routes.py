"""Review through the interface: states, remarks, history, who did what, and undo beside other people."""

import pytest

from core.annotation.corrections import Operation, Request
from core.annotation.mask import Mask
from storage.images import NewImage, add_image
from storage.relabelling import relabel_everywhere, unrelabel
from storage.tags import set_tags
from tests.app.api.test_routes import PIXEL, Page
from tests.storage.stored_samples import correct, halves

WHOLE = Mask.from_runs(90, 120, [0, 90 * 120])
TOP, BOTTOM = (Mask.from_runs(90, 120, runs) for runs in ([0, *[30, 60] * 120], [30, *[60, 30] * 119, 60]))


@pytest.fixture
def page(client, furnished):
    return Page(client, furnished[1].id)


def by_ben(workspace, page, request):
    with workspace.database.write() as session:
        page.revision = correct(session, page.image_id, request, user="ben").revision


def listed(client, query=""):
    found = client.get(f"/api/v1/images?{query}").json()
    assert found["matching"] == len(found["images"])
    return [image["id"] for image in found["images"]]


def test_a_mask_is_edited_cut_and_filled(page):
    made = page.send("draw", masks=[WHOLE.to_coco(), PIXEL], category_id=1)
    assert [segment["id"] for segment in made["segments"]] == [1, 2]
    cut = page.send("slice", segments=[1], masks=[TOP.to_coco(), BOTTOM.to_coco()])
    assert [(one["id"], one["area"]) for one in cut["segments"]] == [(1, BOTTOM.area), (3, TOP.area)]
    page.send("edit", segments=[3], mask=PIXEL)
    filled = page.send("fill", segments=[3], mask=TOP.to_coco())
    assert filled["segments"][0]["counts"] == TOP.counts
    refused = page.send("split", segments=[1], masks=[TOP.to_coco(), PIXEL], expect=422)
    assert "share 1 pixels" in refused["error"]
    for _ in range(4):
        page.send("undo")
    assert page.shown()["segments"] == []
    assert [made["segments"][0]["crowd"], page.send("draw", mask=PIXEL, crowd=True)["segments"][0]["crowd"]] == [
        False,
        True,
    ]


def test_an_image_is_approved_sent_back_with_a_remark_and_reopened(page, client):
    assert page.send("done")["state"] == "done"
    assert page.send("approve")["state"] == "approved"
    assert page.shown()["done"]
    back = page.send("send_back", comment=" the ear\nis missing ")
    assert (back["state"], back["remark"]["text"], back["remark"]["user"]) == (
        "sent_back",
        "the ear\nis missing",
        "local",
    )
    shown = page.shown()
    assert (shown["state"], shown["remark"], shown["done"]) == ("sent_back", back["remark"], False)
    assert client.get("/api/v1/images/first").json()["open_id"] == page.image_id
    again = page.send("send_back", comment="and the tail")
    assert again["remark"]["text"] == "and the tail"
    assert page.send("undo")["remark"] == back["remark"], "the newest that stands"
    assert page.send("reopen")["remark"] is None
    assert (page.shown()["state"], page.shown()["remark"]) == ("in_work", None)


def test_a_deleted_image_is_nowhere_until_it_is_asked_for(page, client, furnished):
    workspace, image = furnished
    with workspace.database.write() as session:
        set_tags(session, image.id, ["hard"])
    page.send("draw", mask=PIXEL, category_id=1)
    page.send("done")
    assert page.send("delete_image")["state"] == "deleted"
    other = image.id + 1
    for query in ("", "order=name", "limit=1", "text=.png", "split=train&order=name", "min_score=0"):
        assert image.id not in [one["id"] for one in client.get(f"/api/v1/images?{query}").json()["images"]]
    for query in ("category_id=1", "category_id=1&order=name", "tag=hard", "tag=hard&order=name", "state=done"):
        assert listed(client, query) == []
    for query in ("", "&order=name", "&category_id=1", "&tag=hard"):
        assert listed(client, f"state=deleted{query}") == [image.id]
    assert client.get("/api/v1/images/first").json() == {"open_id": other, "first_id": other}
    shown = client.get(f"/api/v1/images/{other}").json()
    assert (shown["previous_id"], shown["position"], shown["total"]) == (None, 1, 1)
    assert client.get("/api/v1/workspace").json()["total"] == 1
    numbers = client.get("/api/v1/statistics").json()
    assert (numbers["images"]["total"], numbers["images"]["deleted"]) == (1, 1)
    assert (numbers["segments"], numbers["categories"][0]["images"], numbers["tags"]) == (0, 0, {})
    assert "reopen it first" in page.send("done", expect=422)["error"]
    assert page.send("undo")["state"] == "done"
    assert client.get("/api/v1/statistics").json()["segments"] == 1
    assert listed(client) == [image.id, other]


def test_the_list_goes_by_name(client, furnished):
    workspace, image = furnished
    names = ["b.png", "Ä.png", "a.png", "B2.png", "a.png"]
    with workspace.database.write() as session:
        for number, name in enumerate(names, start=100):
            add_image(session, NewImage(f"{number:064x}", f"{number:064x}", "image/png", name, 9, 9))
    everything = client.get("/api/v1/images?order=name").json()["images"]
    ids = [one["id"] for one in everything]
    assert sorted(ids) == list(range(image.id, image.id + 7))
    only = [one["file_name"] for one in everything if one["file_name"] in names]
    assert only[:2] == ["a.png", "a.png"]
    assert only.index("b.png") < only.index("B2.png")
    walked, after = [], ""
    while after is not None:
        part = client.get(f"/api/v1/images?order=name&limit=2{after}").json()
        walked += [one["id"] for one in part["images"]]
        after = None if part["next_after"] is None else f"&after={part['next_after']}"
    assert walked == ids
    for place, number in enumerate(ids):
        shown = client.get(f"/api/v1/images/{number}?order=name&ahead=true").json()
        beside = ([None, *ids, None][place], [*ids, None][place + 1])
        assert (shown["previous_id"], shown["next_id"], shown["position"]) == (*beside, place + 1)
    assert client.get("/api/v1/images/first?order=name").json() == {"open_id": ids[0], "first_id": ids[0]}
    assert client.get("/api/v1/images?order=name&offset=1").status_code == 422
    assert client.get("/api/v1/images?order=name&after=9999").status_code == 404


def test_the_history_tells_who_did_what_from_which_proposal(page, client, furnished):
    proposal = page.shown()["proposals"][0]
    page.send("accept", proposals=[proposal["id"]])
    by_ben(furnished[0], page, Request(Operation.RELABEL, segments=(1,), category_id=3))
    page.send("draw", mask=PIXEL, comment="a speck")
    page.send("undo")
    found = client.get(f"/api/v1/images/{page.image_id}/history").json()
    assert [(one["revision"], one["user"], one["operation"], one["undone"]) for one in found] == [
        (4, "local", "undo", False),
        (3, "local", "draw", True),
        (2, "ben", "relabel", False),
        (1, "local", "accept", False),
    ]
    accept, relabel, draw, undo = found[3], found[2], found[1], found[0]
    assert accept["proposals"] == [proposal["id"]]
    assert accept["decisions"] == {str(proposal["id"]): "accepted"}
    stands = {"category_id": proposal["category_id"], "area": proposal["area"], "bbox": proposal["bbox"]}
    assert accept["segments"] == [{"id": 1, "was": None, "is": stands}]
    assert relabel["segments"] == [{"id": 1, "was": stands, "is": {**stands, "category_id": 3}}]
    assert (draw["comment"], draw["segments"][0]["is"]["area"], undo["target"]) == ("a speck", 1, 3)
    assert undo["segments"] == [{"id": 2, "was": draw["segments"][0]["is"], "is": None}]
    of_one = client.get(f"/api/v1/images/{page.image_id}/history?segment_id=2").json()
    assert [one["revision"] for one in of_one] == [4, 3]
    part = client.get(f"/api/v1/images/{page.image_id}/history?before=4&limit=2").json()
    assert [one["revision"] for one in part] == [3, 2]
    assert client.get("/api/v1/images/99/history").status_code == 404


def test_people_are_counted_by_what_they_did(page, client, furnished):
    page.send("draw", masks=[PIXEL, TOP.to_coco()])
    page.send("done")
    by_ben(furnished[0], page, Request(Operation.DRAW, mask=WHOLE))
    by_ben(furnished[0], page, Request(Operation.UNDO))
    ben, local = client.get("/api/v1/statistics/people").json()
    assert (ben["user"], ben["corrections"], ben["segments_made"], ben["images_done"]) == (
        "ben",
        {"draw": 1, "undo": 1},
        0,
        0,
    )
    assert (local["user"], local["corrections"], local["segments_made"], local["images_done"]) == (
        "local",
        {"draw": 1, "done": 1},
        2,
        1,
    )
    assert ben["last_at"] > local["last_at"]


def test_undo_names_whose_later_step_stands_in_its_way(page, furnished):
    page.send("draw", mask=TOP.to_coco(), category_id=1)
    by_ben(furnished[0], page, Request(Operation.RELABEL, segments=(1,), category_id=3))
    refused = page.send("undo", expect=422)
    assert refused["error"] == "segment 1 was relabelled by ben since; ask ben or change it by hand"
    page.send("delete_image")
    by_ben(furnished[0], page, Request(Operation.REOPEN))
    assert "the image was reopened by ben since" in page.send("undo", expect=422)["error"]


def test_undo_takes_back_what_was_done_before_a_merge_of_categories(page, furnished):
    workspace, image = furnished
    page.send("draw", masks=[TOP.to_coco(), BOTTOM.to_coco()], category_id=1)
    page.send("draw", mask=PIXEL, category_id=3)
    with workspace.database.write() as session:
        merged = relabel_everywhere(session, user="local", client="m1", from_id=1, to_id=3)
    assert merged == ((image.id, 3),)
    page.revision = 3
    assert [one["category_id"] for one in page.shown()["segments"]] == [3, 3, 3]
    page.send("undo")
    assert [one["id"] for one in page.shown()["segments"]] == [1, 2], "the drawing goes, not the merge"
    refused = page.send("undo", expect=422)
    assert refused["error"] == "segment 1 was relabelled by you since; change it by hand"
    page.send("relabel", segments=[2], category_id=7)
    with workspace.database.write() as session:
        back = unrelabel(session, user="local", client="m2", images=merged)
    assert back == (((image.id, 6),), 1)
    assert [(one["id"], one["category_id"]) for one in page.shown()["segments"]] == [(1, 1), (2, 7)]


def test_an_undo_that_would_bring_back_a_part_of_a_rejected_proposal_is_refused_with_who_did_it(page, furnished):
    proposal = page.shown()["proposals"][0]
    whole = Mask.from_coco({"size": [90, 120], "counts": proposal["counts"]})
    parts = [part.to_coco() for part in halves(whole)]
    page.send("slice", proposals=[proposal["id"]], masks=parts)
    page.send("delete", segments=[1])
    by_ben(furnished[0], page, Request(Operation.DELETE, segments=(2,)))
    refused = page.send("undo", expect=422)
    assert f"proposal {proposal['id']} was deleted by ben since" in refused["error"]
    assert page.shown()["segments"] == []
    page.send("accept", proposals=[proposal["id"]])
    assert len(page.shown()["segments"]) == 1
