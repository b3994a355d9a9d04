"""A correction is its maker's: whoever is logged in by the time it arrives does not send it in their own name."""

from __future__ import annotations


def test_a_correction_that_somebody_else_made_is_refused_and_nothing_is_changed(client, furnished):
    image = furnished[1]
    body = {
        "workspace": client.get("/api/v1/workspace").json()["id"],
        "client": "client-0001",
        "seq": 1,
        "base_revision": 0,
        "operation": "done",
    }
    address = f"/api/v1/images/{image.id}"
    refused = client.post(f"{address}/corrections", json={**body, "user": "ann"})
    assert refused.status_code == 412
    assert "made by ann" in refused.json()["error"]
    assert client.get(address).json()["revision"] == 0
    assert client.post(f"{address}/corrections", json={**body, "user": "local"}).status_code == 200
