"""What a server puts into a workspace at its first start."""

from __future__ import annotations

from app.cli import main
from app.server import open_services
from app.settings import ServerSettings
from app.workflows.ingest import add_photos, sample_photos
from storage.categories import load_label_set
from storage.images import list_images
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import write_coco, write_photo


def names_and_categories(folder) -> tuple[list[str], list[str]]:
    services = open_services(ServerSettings(workspace=folder, no_model=True))
    with services.workspace.database.read() as session:
        images = [image.file_name for image in list_images(session, limit=99)]
        categories = [category.name for category in load_label_set(session)]
    services.workspace.close()
    return images, categories


SAMPLES = [sample.name for sample in sample_photos()]


def test_a_new_workspace_gets_the_samples_also_after_a_start_that_was_cut_short(tmp_path):
    with Workspace.open(tmp_path / "cut") as workspace:
        add_photos(workspace, sample_photos()[:1])
    for folder in ("new", "cut"):
        images, categories = names_and_categories(tmp_path / folder)
        assert images == SAMPLES
        assert categories


def test_a_workspace_with_an_import_gets_neither_samples_nor_categories(tmp_path):
    main(["import", "--workspace", str(tmp_path / "w"), "--format", "coco", str(write_coco(tmp_path / "set"))])
    assert names_and_categories(tmp_path / "w") == (["photo_00000.png", "photo_00001.png"], ["cat", "dog"])


def test_a_workspace_with_imported_photos_gets_the_models_categories_alone(tmp_path):
    write_photo(tmp_path / "photos", "mine.png")
    main(["import", "--workspace", str(tmp_path / "w"), "--format", "images", str(tmp_path / "photos")])
    images, categories = names_and_categories(tmp_path / "w")
    assert images == ["mine.png"]
    assert categories
