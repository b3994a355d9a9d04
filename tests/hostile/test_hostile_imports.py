"""Data sets that mean harm: refused with the reason, nothing read from or written to another place, nothing lost."""

from __future__ import annotations

import hashlib
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli import main
from core.annotation.mask import Mask
from storage.images import list_images
from storage.truths import load_truth
from storage.workspace import Workspace
from tests.app.workflows.importing.made_sets import write_coco, write_photo

FULL = Mask.from_runs(30, 40, [0, 1200]).to_coco()
SQUARE = [[1, 1, 9, 1, 9, 9, 1, 9]]


def coco(folder: Path, photo: str = "good.png", segmentation: object = FULL, **image: object) -> Path:
    """A COCO set with one image and one annotation."""
    folder.mkdir(parents=True, exist_ok=True)
    annotation = {"id": 1, "image_id": 1, "category_id": 1, "iscrowd": 0, "segmentation": segmentation}
    content = {
        "images": [{"id": 1, "file_name": photo, "height": 30, "width": 40, **image}],
        "annotations": [annotation | {"area": 1200, "bbox": [0, 0, 40, 30]}],
        "categories": [{"id": 1, "name": "cat"}],
    }
    (folder / "instances.json").write_text(json.dumps(content))
    return folder / "instances.json"


def panoptic(folder: Path, photo: str = "good.png", png: str = "good.png", **segment: object) -> Path:
    """A COCO panoptic set with one image of one segment of id 7."""
    masks = folder / "panoptic"
    masks.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((30, 40, 3), np.uint8)
    pixels[:, :, 0] = 7
    Image.fromarray(pixels).save(masks / "good.png")
    given = {"id": 7, "category_id": 1, "iscrowd": 0, "area": 1200, "bbox": [0, 0, 40, 30]} | segment
    content = {
        "images": [{"id": 1, "file_name": photo, "height": 30, "width": 40}],
        "annotations": [{"image_id": 1, "file_name": png, "segments_info": [given]}],
        "categories": [{"id": 1, "name": "cat", "isthing": 1}],
    }
    (folder / "panoptic.json").write_text(json.dumps(content))
    return folder / "panoptic.json"


def labelme(folder: Path, photo: str = "good.png", points: object = ((1, 1), (9, 1), (9, 9))) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    shape = {"label": "cat", "points": points, "shape_type": "polygon", "group_id": None, "flags": {}}
    content = {"version": "5.5.0", "flags": {}, "shapes": [shape], "imagePath": photo, "imageData": None}
    (folder / "good.json").write_text(json.dumps(content | {"imageHeight": 30, "imageWidth": 40}))
    return folder


def voc(folder: Path, photo: str = "good") -> Path:
    for name in ("JPEGImages", "SegmentationClass", "ImageSets/Segmentation"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "ImageSets/Segmentation/train.txt").write_text(f"{photo.removesuffix('.png')}\n")
    return folder


def yolo(folder: Path, photo: str = "good.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data.yaml").write_text(json.dumps({"path": ".", "train": "train.txt", "names": ["cat"]}))
    (folder / "train.txt").write_text(f"{photo}\n")
    return folder


def yolo_folder(folder: Path, photo: str = "good.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    place = photo.rpartition("/")[0] or photo
    (folder / "data.yaml").write_text(json.dumps({"path": place, "train": place, "names": ["cat"]}))
    return folder


def huggingface(folder: Path, photo: str = "good.png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "id2label.json").write_text(json.dumps({"1": "cat"}))
    line = {"file_name": photo, "annotation": photo, "segments_info": []}
    (folder / "metadata.jsonl").write_text(json.dumps(line) + "\n")
    return folder


NAMED: dict[str, tuple[str, Callable[[Path, str], Path]]] = {
    "coco": ("coco", coco),
    "panoptic photo": ("coco-panoptic", panoptic),
    "panoptic mask": ("coco-panoptic", lambda folder, name: panoptic(folder, png=name)),
    "labelme": ("labelme", labelme),
    "voc": ("voc", voc),
    "yolo list": ("yolo", yolo),
    "yolo folder": ("yolo", yolo_folder),
    "huggingface": ("huggingface", huggingface),
}
ESCAPES = [
    "../secret/photo.png",
    "{secret}/photo.png",
    "C:\\secret\\photo.png",
    "linked/photo.png",
    "link.png",
    "x" * 5_000 + ".png",
]
MORE_ESCAPES = [
    "images/../../secret/photo.png",
    "..\\secret\\photo.png",
    "//{secret}/photo.png",
    "file://{secret}/photo.png",
    "C:photo.png",
    "\\\\server\\share\\photo.png",
    "~/photo.png",
    "photo.png\0.png",
    "",
    ".",
    "..",
    "/",
]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "workspace" not in path.relative_to(folder).parts[:1]
    }


def run_import(tmp_path: Path, name: str, path: Path) -> int:
    return main(["import", "--workspace", str(tmp_path / "workspace"), "--format", name, str(path)])


def contents(tmp_path: Path) -> list[tuple[str, str, int]]:
    """(file name, hash, segments) of each image."""
    with Workspace.open(tmp_path / "workspace") as workspace, workspace.database.read() as session:
        images = list_images(session, limit=99)
        return [(image.file_name, image.sha256, len(load_truth(session, image.id).segments)) for image in images]


@pytest.mark.parametrize("kind", NAMED)
def test_names_that_lead_out_of_the_set_are_refused(tmp_path, capsys, kind):
    lead_out(tmp_path, capsys, kind, ESCAPES)


@pytest.mark.long
@pytest.mark.parametrize("kind", NAMED)
def test_more_names_that_lead_out_of_the_set_are_refused(tmp_path, capsys, kind):
    lead_out(tmp_path, capsys, kind, MORE_ESCAPES)


def lead_out(tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, escapes: Sequence[str]) -> None:
    secret = write_photo(tmp_path / "secret", "photo.png", seed=99)
    sha256 = hashlib.sha256(secret.read_bytes()).hexdigest()
    name, make = NAMED[kind]
    for number, escape in enumerate(escapes):
        folder = tmp_path / f"set{number}"
        path = make(folder, escape.format(secret=secret.parent))
        for place in (folder, folder / "images", folder / "JPEGImages", folder / "panoptic"):
            if place.is_dir():
                (place / "link.png").symlink_to(secret)
                (place / "linked").symlink_to(secret.parent)
        before = tree(tmp_path)
        status = run_import(tmp_path, name, path)
        printed = capsys.readouterr()
        assert status in (1, 2), f"{escape!r:.80}: {printed.out} {printed.err}"
        assert printed.out + printed.err, escape
        assert tree(tmp_path) == before
    assert sha256 not in [stored for _, stored, _ in contents(tmp_path)]
    assert not list((tmp_path / "workspace" / "blobs").rglob(sha256))


def test_links_out_of_a_folder_of_photos_are_refused(tmp_path, capsys):
    secret = write_photo(tmp_path / "secret", "photo.png", seed=99)
    write_photo(tmp_path / "set", "good.png")
    (tmp_path / "set" / "link.png").symlink_to(secret)
    (tmp_path / "set" / "linked").symlink_to(secret.parent)
    assert run_import(tmp_path, "images", tmp_path / "set") == 1
    assert [name for name, _, _ in contents(tmp_path)] == ["good.png"]
    assert "link.png" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["../escape.png", "/tmp/escape.png", "C:\\escape.png", "a/../../escape.png"])  # noqa: S108
def test_a_zip_that_leads_out_changes_nothing(tmp_path, capsys, name):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.write(coco(tmp_path / "set"), "instances.json")
        info = zipfile.ZipInfo("x")
        info.filename = name
        archive.writestr(info, b"escaped")
    before = tree(tmp_path)
    assert run_import(tmp_path, "coco", tmp_path / "set.zip") == 2
    assert "leads out" in capsys.readouterr().err
    assert tree(tmp_path) == before
    assert contents(tmp_path) == []
    assert not list((tmp_path / "workspace" / "imports").iterdir())


BAD_MASKS = {
    "counts beyond the image": {"size": [30, 40], "counts": [0, 10**15]},
    "counts that do not sum up": {"size": [30, 40], "counts": [10, 20]},
    "negative counts": {"size": [30, 40], "counts": [-1, 1201]},
    "a size of terabytes": {"size": [10**6, 10**6], "counts": [0, 10**12]},
    "a text without an end": {"size": [30, 40], "counts": "ppppppppp"},
    "a text of huge numbers": {"size": [30, 40], "counts": "oooooo0" * 4},
    "no text": {"size": [30, 40], "counts": None},
    "counts of fractions": {"size": [30, 40], "counts": [0.5, 1199.5]},
    "counts of words": {"size": [30, 40], "counts": ["0", "1200"]},
    "a size of words": {"size": ["30", "40"], "counts": [0, 1200]},
    "a polygon of no number": [[float("nan")] * 8],
    "a polygon without an end": [[float("inf"), 1, 2, 3, 4, 5]],
    "a polygon of two points": [[1, 1, 5, 5]],
    "a polygon with half a point": [[1, 1, 9, 1, 9, 9, 1]],
    "a huge polygon": [[number % 40 for number in range(200_000)]],
    "a polygon of words": [["a", "b", "c", "d", "e", "f"]],
    "a deep list": [[[[[[[1, 2, 3, 4, 5, 6]]]]]]],
    "a word": "mask",
    "nothing": None,
}


def test_masks_that_cannot_be_are_named_and_their_photos_wait(tmp_path, capsys):
    images, annotations = [], []
    for number, mask in enumerate([*BAD_MASKS.values(), FULL], start=1):
        write_photo(tmp_path / "set" / "images", f"{number}.png", seed=number)
        images.append({"id": number, "file_name": f"{number}.png", "height": 30, "width": 40})
        given = {"id": number, "image_id": number, "category_id": 1, "iscrowd": 0, "area": 1, "bbox": [0, 0, 1, 1]}
        annotations.append(given | {"segmentation": mask})
    path = coco(tmp_path / "set")
    path.write_text(json.dumps({**json.loads(path.read_text()), "images": images, "annotations": annotations}))
    report = tmp_path / "report.json"
    arguments = ["--workspace", str(tmp_path / "workspace"), "--format", "coco", "--report", str(report)]
    assert main(["import", *arguments, str(path)]) == 1
    named = {problem["item"] for problem in json.loads(report.read_text())["problems"]}
    for number, what in enumerate(BAD_MASKS, start=1):
        assert f"annotation {number}" in named, what
    assert [segments for _, _, segments in contents(tmp_path)] == [0] * len(BAD_MASKS) + [1]


BAD_JSON = [
    "[" * 200_000,
    '{"images": ' + "[" * 200_000,
    '{"images": [' + '{"a":' * 100_000,
    '{"images": [], "annotations": [{"segmentation": ' + "[" * 100_000 + "]" * 100_000 + '}], "categories": []}',
    '{"images": [{"id": 1' + "0" * 10_000 + "}]}",
    "",
    "null",
    "NaN",
    "{}",
    '{"images": {}, "annotations": {}, "categories": {}}',
    "\0" * 100,
    "\ud800",
]


JSON_FORMATS = ["coco", "coco-panoptic", "labelme", "huggingface", "yolo"]


@pytest.mark.parametrize("name", JSON_FORMATS)
def test_json_that_is_deep_or_none_is_refused(tmp_path, capsys, name):
    take_json(tmp_path, capsys, name, BAD_JSON[:3])


@pytest.mark.long
@pytest.mark.parametrize("name", JSON_FORMATS)
def test_more_json_that_says_nothing_is_refused(tmp_path, capsys, name):
    take_json(tmp_path, capsys, name, BAD_JSON[3:])


def take_json(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, texts: Sequence[str]) -> None:
    folder = tmp_path / "set"
    write_photo(folder, "good.png")
    for text in texts:
        for file in ("instances.json", "panoptic.json", "good.json", "metadata.jsonl", "id2label.json", "data.yaml"):
            (folder / file).write_text(text, encoding="utf-8", errors="surrogatepass")
        assert run_import(tmp_path, name, folder) in (1, 2), text[:60]
        printed = capsys.readouterr()
        assert printed.out + printed.err
    assert {segments for _, _, segments in contents(tmp_path)} <= {0}


def test_panoptic_ids_that_do_not_match_their_list_are_named(tmp_path, capsys):
    path = panoptic(tmp_path / "set", id=8)
    write_photo(tmp_path / "set" / "images", "good.png")
    assert run_import(tmp_path, "coco-panoptic", path) in (1, 2)
    printed = capsys.readouterr()
    assert "7" in printed.out + printed.err
    assert "8" in printed.out + printed.err


@pytest.mark.parametrize("kept", [0.3, 0.7])
def test_a_mask_file_that_is_cut_short_is_named(tmp_path, capsys, kept):
    path = panoptic(tmp_path / "set")
    write_photo(tmp_path / "set" / "images", "good.png")
    mask = tmp_path / "set" / "panoptic" / "good.png"
    data = mask.read_bytes()
    mask.write_bytes(data[: int(kept * len(data))])
    assert run_import(tmp_path, "coco-panoptic", path) in (1, 2)
    assert "good.png" in capsys.readouterr().out
    assert [segments for _, _, segments in contents(tmp_path)] in ([0], [])


def test_a_mask_file_whose_header_asks_for_gigabytes_is_refused(tmp_path, capsys):
    path = panoptic(tmp_path / "set")
    write_photo(tmp_path / "set" / "images", "good.png")
    mask = tmp_path / "set" / "panoptic" / "good.png"
    data = bytearray(mask.read_bytes())
    data[16:24] = struct.pack(">2I", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    mask.write_bytes(data)
    assert run_import(tmp_path, "coco-panoptic", path) in (1, 2)
    assert "good.png" in capsys.readouterr().out


def test_category_names_that_cannot_be_are_named(tmp_path, capsys):
    path = coco(tmp_path / "set")
    write_photo(tmp_path / "set" / "images", "good.png")
    content = json.loads(path.read_text())
    for name in ("", " ", "\0", "x" * 500, None, 7, ["a"]):
        content["categories"] = [{"id": 1, "name": name}]
        path.write_text(json.dumps(content))
        assert run_import(tmp_path, "coco", path) in (1, 2), repr(name)
        assert capsys.readouterr()


INSERTED = [b"null", b"-1", b"1e999", b"[[", b'"', b"{}", b"99999999999999999999", b"0"]


def mutated(text: bytes, rng: random.Random) -> bytes:
    data = bytearray(text)
    for _ in range(rng.randint(1, 6)):
        start = rng.randrange(len(data))
        end = min(len(data), start + rng.randint(1, 12))
        kind = rng.randrange(4)
        if kind == 0:
            del data[start:end]
        elif kind == 1:
            data[start:end] = data[start:end] * rng.randint(2, 4)
        elif kind == 2:
            data[start] = rng.randrange(256)
        else:
            data[start:start] = rng.choice(
                [b"null", b"-1", b"1e999", b"[[", b'"', b"{}", b"99999999999999999999", b"0"]
            )
        data = data or bytearray(b"x")
    return bytes(data)


def fuzz(tmp_path: Path, capsys: pytest.CaptureFixture[str], mutants: int) -> None:
    """Whatever a file says, an import ends with a status and a reason, and the workspace stays sound."""
    rng = random.Random(4)
    sets = [("coco", write_coco(tmp_path / "coco", photos=3)), ("coco-panoptic", panoptic(tmp_path / "panoptic"))]
    write_photo(tmp_path / "panoptic" / "images", "good.png", seed=50)
    whole = [path.read_bytes() for _, path in sets]
    for number in range(mutants):
        (name, path), text = sets[number % 2], whole[number % 2]
        path.write_bytes(mutated(text, rng))
        status = run_import(tmp_path, name, path)
        printed = capsys.readouterr()
        assert status in (0, 1, 2)
        assert printed.out + printed.err
    assert len(contents(tmp_path)) <= 4


def test_changed_files_end_with_a_reason(tmp_path, capsys):
    fuzz(tmp_path, capsys, 12)


@pytest.mark.long
def test_two_thousand_changed_files_end_with_a_reason(tmp_path, capsys):
    fuzz(tmp_path, capsys, 2_000)
