import numpy as np
from PIL import Image

from app.workflows.ingest import PhotoFile, add_photos, photo_files, report_lines, stored_photo
from storage.images import list_images
from tests.made import photo_bytes
from tests.storage.new_workspaces import new_workspace


def test_good_photos_go_in_bad_ones_are_named_and_stop_nothing(tmp_path):
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    (folder / "a.png").write_bytes(photo_bytes(20, 10))
    (folder / "b.jpg").write_text("no photo at all")
    (folder / "c.png").write_bytes(b"")
    (folder / "inner" / "d.jpg").write_bytes(photo_bytes(30, 20, file_format="JPEG"))
    (folder / ".hidden.png").write_bytes(photo_bytes(5, 5))
    files = photo_files(folder)
    assert [file.name for file in files] == ["a.png", "b.jpg", "c.png", "inner/d.jpg"]
    seen = []
    with new_workspace(tmp_path / "workspace") as workspace:
        report = add_photos(
            workspace, [*files, PhotoFile(tmp_path / "gone.png", "gone.png")], progress=lambda *n: seen.append(n)
        )
        assert [record.file_name for record in report.added] == ["a.png", "inner/d.jpg"]
        assert [refused.name for refused in report.refused] == ["b.jpg", "c.png", "gone.png"]
        assert all(refused.reason.startswith(f"{refused.name}: ") for refused in report.refused)
        assert next(iter(report_lines(report))) == "2 added, 0 already there, 3 refused"
        assert seen == [(n, 5) for n in range(1, 6)]
        with workspace.database.read() as session:
            assert len(list_images(session, offset=0, limit=10)) == 2


def test_the_same_photo_twice_is_one_image(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(photo_bytes(20, 10))
    with new_workspace(tmp_path / "workspace") as workspace:
        add_photos(workspace, [PhotoFile(path, "a.png")])
        report = add_photos(workspace, [PhotoFile(path, "the same.png")])
        assert (len(report.added), len(report.known)) == (0, 1)


def test_the_second_of_two_equal_photos_is_named_with_the_first(tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(photo_bytes(20, 10))
    files = [PhotoFile(tmp_path / name, name) for name in ("a.png", "b.png")]
    with new_workspace(tmp_path / "workspace") as workspace:
        lines = list(report_lines(add_photos(workspace, files)))
        assert lines == [
            "1 added, 1 already there, 0 refused",
            "b.png: the same picture as a.png; the two are one image",
        ]
        assert list(report_lines(add_photos(workspace, files[1:]))) == ["0 added, 1 already there, 0 refused"]


def test_the_thumbnail_in_a_raw_photo_is_not_taken_for_the_photo(tmp_path):
    path = tmp_path / "IMG_1.DNG"
    path.write_bytes(photo_bytes(20, 10, file_format="TIFF"))
    with new_workspace(tmp_path / "workspace") as workspace:
        (refused,) = add_photos(workspace, [PhotoFile(path, path.name)]).refused
        assert refused.reason.startswith("IMG_1.DNG: a camera's raw photo, which is not read; export it as JPEG")


def test_a_turned_photo_is_shown_upright_as_the_model_sees_it(tmp_path):
    path = tmp_path / "turned.jpg"
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path, exif=exif, quality=100, subsampling=0)
    with new_workspace(tmp_path / "workspace") as workspace:
        (record,) = add_photos(workspace, [PhotoFile(path, path.name)]).added
        assert (record.width, record.height) == (20, 40)
        assert "upright" in record.note
        pixels = stored_photo(workspace, record).pixels
        with Image.open(workspace.blobs.path(record.display_sha256)) as shown:
            assert shown.size == (20, 40)
            assert shown.getexif().get(0x0112, 1) == 1
            assert np.abs(np.asarray(shown.convert("RGB")).astype(int) - pixels).max() < 40
        assert pixels[5, 10, 1] < 60
        assert pixels[35, 10, 1] > 200
