"""Small pictures that are there before anyone asks."""

import asyncio
import shutil
import threading
import time
from collections import namedtuple
from contextlib import contextmanager

import pytest

from app import pictures_ahead
from app.pictures import Pictures
from app.pictures_ahead import PicturesAhead
from app.workflows import previews
from app.workflows.ingest import PhotoFile, add_photos
from app.workflows.previews import kept_picture
from tests.made import photo_bytes
from tests.storage.new_workspaces import new_workspace
from tests.waiting import TIMEOUT_S, wait_for


@pytest.fixture(autouse=True)
def short_rests(monkeypatch):
    monkeypatch.setattr(pictures_ahead, "IDLE_S", 0.05)
    monkeypatch.setattr(pictures_ahead, "TROUBLE_S", 0.05)


@pytest.fixture
def workspace(tmp_path):
    with new_workspace(tmp_path / "workspace") as opened:
        yield opened


@pytest.fixture
def add(workspace, tmp_path):
    """Adds one photo more, each of another width."""
    sizes = iter(range(2000, 2100))

    def added():
        path = tmp_path / f"{next(sizes)}.jpg"
        path.write_bytes(photo_bytes(int(path.stem), 1000, file_format="JPEG"))
        return add_photos(workspace, [PhotoFile(path, path.name)]).added[0]

    return added


@contextmanager
def started(ahead):
    ahead.start()
    try:
        yield ahead
    finally:
        ahead.stop()


def test_every_photo_gets_its_pictures_and_so_do_those_that_come(workspace, add):
    images = [add(), add()]
    with started(PicturesAhead(workspace)):
        images.append(add())
        wait_for(lambda: all(kept_picture(workspace, image, side) for image in images for side in (256, 1920)))
    assert not any(kept_picture(workspace, image, 1280) for image in images)


def test_a_size_that_a_screen_asked_for_is_made_of_every_photo(workspace, add):
    images = [add(), add()]
    pictures = Pictures(workspace)
    with started(pictures.ahead):
        wait_for(lambda: kept_picture(workspace, images[1], 1920))
        asyncio.run(pictures.picture(images[0], 1280))
        wait_for(lambda: kept_picture(workspace, images[1], 1280))


def test_the_next_start_goes_on_with_what_is_missing(workspace, add, monkeypatch):
    images = [add(), add(), add()]
    made = []
    whole = pictures_ahead.make_pictures

    def counted(workspace, image, sides_px):
        whole(workspace, image, sides_px)
        made.append(image.id)

    monkeypatch.setattr(pictures_ahead, "make_pictures", counted)
    with started(PicturesAhead(workspace)):
        wait_for(lambda: len(made) == 3)
    first = kept_picture(workspace, images[0], 1920)
    written_ns = first.stat().st_mtime_ns
    kept_picture(workspace, images[1], 1920).unlink()
    with started(PicturesAhead(workspace)):
        wait_for(lambda: len(made) == 6)
    assert kept_picture(workspace, images[1], 1920)
    assert first.stat().st_mtime_ns == written_ns


def test_a_picture_in_the_making_is_waited_for_and_made_once(workspace, add, monkeypatch):
    image = add()
    begun, go_on, made = threading.Event(), threading.Event(), []
    whole = previews.previews_bytes

    def slow(data, sides_px, *, name):
        begun.set()
        go_on.wait(TIMEOUT_S)
        made.append(name)
        return whole(data, sides_px, name=name)

    monkeypatch.setattr(previews, "previews_bytes", slow)
    monkeypatch.setattr(previews, "preview_bytes", lambda *_, name: made.append(name))

    async def asked_meanwhile(pictures):
        asking = asyncio.ensure_future(pictures.picture(image, 1920))
        await asyncio.to_thread(wait_for, lambda: pictures.ahead.waiting == 1)
        assert not asking.done()
        go_on.set()
        return await asking

    pictures = Pictures(workspace)
    with started(pictures.ahead):
        assert begun.wait(TIMEOUT_S)
        assert asyncio.run(asked_meanwhile(pictures)).is_file()
    assert made == [image.file_name]


def test_nothing_is_begun_while_somebody_waits(workspace, add):
    image = add()
    ahead = PicturesAhead(workspace)
    with ahead.giving_way(image):
        ahead.start()
        time.sleep(0.3)
        assert kept_picture(workspace, image, 256) is None
    wait_for(lambda: kept_picture(workspace, image, 256))
    ahead.stop()


def test_a_damaged_photo_keeps_no_other_from_its_pictures(workspace, add):
    damaged, lost, sound = add(), add(), add()
    workspace.blobs.path(damaged.display_sha256).write_bytes(b"not what it was")
    workspace.blobs.path(lost.display_sha256).unlink()
    with started(PicturesAhead(workspace)):
        wait_for(lambda: kept_picture(workspace, sound, 256))


def test_the_last_gigabyte_is_left_to_work(workspace, add, monkeypatch, caplog):
    image = add()
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**8, 10**8))
    with started(PicturesAhead(workspace)):
        wait_for(lambda: "hardly any room" in caplog.text)
    assert kept_picture(workspace, image, 256) is None
