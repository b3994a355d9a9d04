"""The whole line in a real browser, on the sample photos with the default model: propose, correct, view, export."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pycocotools.coco import COCO
from torchmetrics.detection import PanopticQuality

from core.annotation.views import panoptic_view, semantic_view
from storage.categories import load_label_set
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.e2e.annotate import AnnotatePage
from tests.e2e.gradio_pages import open_page
from tests.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The default model on a workspace's first start."""
    with serving(tmp_path_factory.mktemp("session") / "workspace", cold=True) as running:
        yield running


@pytest.fixture
def annotate(server, page):
    return AnnotatePage(page, server.url)


def stored(server, image_id):
    with Workspace.open(server.workspace, create=False) as workspace, workspace.database.read() as session:
        return load_truth(session, image_id), load_label_set(session)


def test_a_session_from_the_first_photo_to_the_exported_files(server, annotate, page, tmp_path):
    annotate.open()
    proposals = annotate.shown_proposals()
    assert len(proposals) >= 3, "the first sample photo shows too few proposals at the default threshold"

    annotate.click_mask(proposals[0])
    assert annotate.state("selection") == [f"p{proposals[0]['id']}"]
    annotate.press("a")
    assert [s["proposals"] for s in annotate.image()["segments"]] == [[proposals[0]["id"]]]

    (segment,) = annotate.image()["segments"]
    page.keyboard.press("Escape")
    annotate.click_mask(segment)
    assert annotate.state("selection") == [f"s{segment['id']}"]
    annotate.press("2")
    assert annotate.image()["segments"][0]["category_id"] == 2
    annotate.click_mask(annotate.image()["segments"][0])
    page.keyboard.press("/")
    page.keyboard.type("elephant")
    annotate.press("Enter")
    page.wait_for_function("() => document.querySelector('.mw-root').maskwright.state().saving.pending === 0")
    assert annotate.image()["segments"][0]["category_id"] == 22

    page.keyboard.press("Escape")
    first, second = annotate.shown_proposals()[:2]
    annotate.click_mask(first)
    annotate.click_mask(second, shift=True)
    assert set(annotate.state("selection")) == {f"p{first['id']}", f"p{second['id']}"}
    union = annotate.array(first) | annotate.array(second)
    annotate.press("j")
    merged = annotate.image()["segments"][-1]
    assert merged["source"] == "merged"
    assert np.array_equal(annotate.array(merged), union)

    annotate.press("Control+z")
    assert len(annotate.image()["segments"]) == 1
    assert {p["decision"] for p in annotate.image()["proposals"] if p["id"] in (first["id"], second["id"])} == {
        "undecided"
    }
    annotate.press("Control+Shift+z")
    merged = annotate.image()["segments"][-1]
    page.keyboard.press("Escape")
    annotate.click_mask(merged)
    annotate.press("1")
    rejected = annotate.shown_proposals()[0]
    page.keyboard.press("Escape")
    annotate.click_mask(rejected)
    annotate.press("x")
    decisions = {p["id"]: p["decision"] for p in annotate.image()["proposals"]}
    assert decisions[rejected["id"]] == "rejected"

    image_id = annotate.state("image.id")
    for name in ("Semantic", "Instance", "Panoptic"):
        page.get_by_role("group", name="View").get_by_text(name, exact=True).click()
        assert annotate.state("view") == name.lower()
    page.locator(".mw-root").focus()
    page.keyboard.press("v")
    assert annotate.state("view") == "semantic"
    truth, label_set = stored(server, image_id)
    panoptic = panoptic_view(truth, label_set)
    assert np.array_equal(annotate.view_map("semantic"), semantic_view(truth, label_set))
    assert np.array_equal(annotate.view_map("panoptic"), panoptic.ids)
    assert set(np.unique(annotate.view_map("instance"))) == {0} | {s.id for s in truth.segments}

    before = annotate.image()
    page.reload()
    annotate.page.wait_for_function("() => document.querySelector('.mw-root')?.maskwright?.state().photo")
    assert annotate.image() == before
    assert annotate.state("image.id") == image_id

    shown = {view: annotate.view_map(view) for view in ("semantic", "panoptic")}
    check_coco(download(page, server, "COCO instances", tmp_path), truth)
    check_panoptic(download(page, server, "COCO panoptic", tmp_path), panoptic, shown["panoptic"], label_set)
    check_semantic(download(page, server, "Semantic PNG", tmp_path), shown["semantic"], label_set)


def download(page, server, format_name, folder) -> Path:
    """Export on the Data page, download the archive, unpack it."""
    open_page(page, f"{server.url}/data", "Export")
    page.locator("#format input").click()
    page.get_by_role("option", name=format_name, exact=True).click()
    page.get_by_role("button", name="Make a zip").click()
    with page.expect_download() as waiting:
        page.locator("#archive a[download], #archive a[href*='file=']").first.click()
    archive = folder / f"{format_name}.zip"
    waiting.value.save_as(archive)
    unpacked = folder / format_name
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(unpacked)
    return unpacked


def one(folder: Path, pattern: str) -> Path:
    (found,) = folder.rglob(pattern)
    return found


def check_coco(folder, truth):
    coco = COCO(str(one(folder, "instances*.json")))
    annotations = coco.loadAnns(coco.getAnnIds())
    assert len(annotations) == len(truth.segments) == 2
    for annotation, segment in zip(annotations, truth.segments, strict=True):
        assert annotation["category_id"] == segment.category_id
        assert np.array_equal(coco.annToMask(annotation).astype(bool), segment.mask.to_array())
    (image,) = coco.loadImgs(coco.getImgIds())
    with Image.open(one(folder, Path(image["file_name"]).name)) as photo:
        assert photo.size == (image["width"], image["height"]) == (truth.width, truth.height)


def check_panoptic(folder, panoptic, shown, label_set):
    described = json.loads(one(folder, "panoptic*.json").read_text())
    (annotation,) = described["annotations"]
    with Image.open(one(folder, annotation["file_name"])) as png:
        rgb = np.asarray(png).astype(np.int64)
    ids = rgb[..., 0] + 256 * rgb[..., 1] + 256 * 256 * rgb[..., 2]
    assert np.array_equal(ids, shown)
    category_of = {part["id"]: part["category_id"] for part in annotation["segments_info"]}
    assert set(category_of) == set(np.unique(ids)) - {0}
    void = max(category.id for category in label_set) + 1

    def pairs(id_map, categories):
        classes = np.vectorize(lambda number: categories.get(number, void))(id_map)
        return torch.from_numpy(np.stack((classes, id_map), axis=-1)[None])

    quality = PanopticQuality(
        things={category.id for category in label_set if category.is_thing},
        stuffs={category.id for category in label_set if not category.is_thing} | {void},
        allow_unknown_preds_category=True,
        return_per_class=True,
    )
    truth_categories = {segment.id: segment.category_id for segment in panoptic.segments}
    quality.update(pairs(ids, category_of), pairs(panoptic.ids.astype(np.int64), truth_categories))
    order = sorted(category.id for category in label_set if category.is_thing)
    scores = dict(zip(order, quality.compute().flatten()[: len(order)].tolist(), strict=False))
    assert {scores[number] for number in truth_categories.values()} == {1.0}


def check_semantic(folder, shown, label_set):
    png = next(path for path in folder.rglob("*.png") if "labels" in path.parts or "masks" in path.parts)
    with Image.open(png) as image:
        indices = np.asarray(image)
    ids = np.array([category.id for category in label_set])
    expected = np.full(shown.shape, 255)
    for index, number in enumerate(ids):
        expected[shown == number] = index
    assert np.array_equal(indices, expected)
