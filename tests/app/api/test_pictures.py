"""Thumbnails and previews of photos."""

import asyncio
import shutil
import threading
from io import BytesIO

import numpy as np
import pytest
from httpx import ASGITransport, AsyncClient
from PIL import Image

from app.pictures import Pictures
from app.workflows import previews
from app.workflows.ingest import PhotoFile, add_photos
from app.workflows.previews import small_picture
from core.formats.photo import read_photo
from core.formats.previews import preview_bytes
from storage.workspace import Workspace
from tests.made import photo_bytes

DATABASES = ("sqlite",)
LARGE = (3000, 2000)
# Requests are answered in 40 threads.
MORE_THAN_THREADS = 45


@pytest.fixture(params=["JPEG", "PNG", "WEBP"])
def large(furnished, tmp_path, request):
    """A photo of 3000×2000 in the served workspace."""
    workspace, _ = furnished
    path = tmp_path / f"large.{request.param.lower()}"
    path.write_bytes(photo_bytes(*LARGE, file_format=request.param))
    return add_photos(workspace, [PhotoFile(path, path.name)]).added[0]


@pytest.mark.parametrize(
    ("picture", "longest"),
    [("thumbnail", 256), ("preview", 1280), ("preview&edge=1920", 1920), ("preview&edge=2560", 2560)],
)
def test_a_small_picture_is_the_photo_in_small(client, large, picture, longest):
    name, _, query = picture.partition("&")
    url = client.get(f"/api/v1/images/{large.id}").json()[f"{name}_url"]
    answer = client.get(f"{url}&{query}" if query else url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    small = Image.open(BytesIO(answer.content))
    assert max(small.size) == longest
    assert small.width / small.height == pytest.approx(1.5, rel=0.01)
    photo = Image.fromarray(read_photo(client.get(f"/api/v1/images/{large.id}/photo").content, name="photo").pixels)
    expected = photo.resize(small.size, Image.Resampling.LANCZOS)
    difference = np.abs(np.asarray(small, dtype=int) - np.asarray(expected, dtype=int))
    assert difference.mean() < 3


def test_a_list_names_the_thumbnails(client):
    for image in client.get("/api/v1/images").json()["images"]:
        assert client.get(image["thumbnail_url"]).status_code == 200


def test_a_small_photo_comes_as_it_is(client, furnished):
    _, image = furnished
    photo = client.get(f"/api/v1/images/{image.id}/photo")
    for url in (f"/api/v1/images/{image.id}/thumbnail", f"/api/v1/images/{image.id}/preview?edge=2560"):
        answer = client.get(url)
        assert answer.content == photo.content
        assert answer.headers["content-type"] == photo.headers["content-type"]


def test_previews_may_be_deleted_at_any_time(client, furnished, large):
    workspace, _ = furnished
    url = f"/api/v1/images/{large.id}/preview"
    first = client.get(url).content
    shutil.rmtree(workspace.folder / "previews")
    assert client.get(url).content == first
    assert list((workspace.folder / "previews").rglob("*.part")) == []


def test_a_preview_is_answered_where_none_can_be_kept(client, furnished, large):
    workspace, _ = furnished
    (workspace.folder / "previews").write_text("a file in the folder's place takes no folder")
    answer = client.get(f"/api/v1/images/{large.id}/preview")
    assert answer.status_code == 200
    assert max(Image.open(BytesIO(answer.content)).size) == 1280


def test_many_who_ask_at_once_make_one_preview(furnished, large, monkeypatch):
    workspace, _ = furnished
    made = []

    def counted(data, side_px, *, name):
        made.append(name)
        return preview_bytes(data, side_px, name=name)

    monkeypatch.setattr(previews, "preview_bytes", counted)

    async def eight():
        pictures = Pictures(workspace)
        return await asyncio.gather(*(pictures.picture(large, 1280) for _ in range(8)))

    found = asyncio.run(eight())
    assert len(made) == 1
    assert len({path.read_bytes() for path in found}) == 1


def test_pictures_in_the_making_hold_up_no_other_request(client, large, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()

    def slow(data, side_px, *, name):
        begun.set()
        go_on.wait()
        return preview_bytes(data, side_px, name=name)

    monkeypatch.setattr(previews, "preview_bytes", slow)
    place = f"/api/v1/images/{large.id}"

    async def story():
        async with AsyncClient(transport=ASGITransport(client.app), base_url=str(client.base_url)) as http:
            waiting = [asyncio.ensure_future(http.get(f"{place}/preview")) for _ in range(MORE_THAN_THREADS)]
            try:
                await asyncio.to_thread(begun.wait)
                assert (await asyncio.wait_for(http.get(place), 30)).status_code == 200
            finally:
                go_on.set()
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}

    asyncio.run(story())


def test_photos_kept_elsewhere_have_previews_too(tmp_path):
    path = tmp_path / "large.jpg"
    path.write_bytes(photo_bytes(*LARGE, file_format="JPEG"))
    with Workspace.open(tmp_path / "workspace", blobs="memory://previews") as workspace:
        image = add_photos(workspace, [PhotoFile(path, path.name)]).added[0]
        assert max(Image.open(small_picture(workspace, image, 256)).size) == 256


@pytest.mark.parametrize("edge", ["0", "1", "99999", "-1280", "x"])
def test_other_sizes_are_refused(client, furnished, edge):
    _, image = furnished
    answer = client.get(f"/api/v1/images/{image.id}/preview?edge={edge}")
    assert answer.status_code == 422
    assert "edge" in answer.json()["error"]


def test_the_preview_of_an_unknown_image_is_not_there(client):
    assert client.get("/api/v1/images/999/thumbnail").status_code == 404
