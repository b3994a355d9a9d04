"""BSDS partitions: PNGs beside the photos, and MATLAB files as SciPy writes them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from core.annotation.errors import FormatError
from core.formats.bsds import matlab
from core.formats.bsds.partitions import nearest_to_others
from core.formats.bsds.read import read_bsds
from core.formats.imported import ReadImage
from tests.core.formats.label_map_sets import SHARED, opened, png, problems_of, whole, write_tree

HALVES = np.repeat([[1, 1, 1, 2, 2, 2]], 4, axis=0)
NEARLY = np.repeat([[1, 1, 2, 2, 2, 2]], 4, axis=0)
ALL = np.ones((4, 6), int)
LEAST_BOMB_BYTES = 1_000_000


def save_mat(path: Path, partitions: list[np.ndarray], *, compressed: bool = True, dtype: type = np.uint16) -> None:
    cells = np.empty((1, len(partitions)), object)
    for place, one in enumerate(partitions):
        cells[0, place] = {"Segmentation": one.astype(dtype), "Boundaries": np.zeros(one.shape, bool)}
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"groundTruth": cells}, do_compression=compressed)


def regions(image: object) -> np.ndarray:
    assert isinstance(image, ReadImage)
    assert image.size is not None
    assert all(one.category_id is None and not one.crowd for one in image.segments)
    canvas = np.zeros(image.size, int)
    for one in image.segments:
        canvas[one.mask.to_array()] += one.id
    return canvas


def test_the_partition_nearest_to_the_others_is_the_truth(tmp_path: Path) -> None:
    files = {f"train/a_{k}.png": png(one) for k, one in enumerate([ALL, NEARLY, HALVES])}
    data_set = opened(
        "bsds", write_tree(tmp_path, {**files, "train/a.jpg": b"", "test/b.jpg": b"", "test/b_10.png": png(ALL)})
    )
    assert data_set.categories == ()
    assert not data_set.uses(1)
    b, a = whole(data_set)
    assert (a.file_name, a.split, b.split) == ("a.jpg", "train", "test")
    np.testing.assert_array_equal(regions(a), NEARLY)
    np.testing.assert_array_equal(regions(b), ALL)


def test_covering_by_hand() -> None:
    """HALVES and NEARLY cover each other by (3·2/3 + 3·3/4 + 2·2/3 + 4·3/4)/6 = 1.4306, ALL and either by 1 + 1/2 …;
    so a second ALL makes ALL the nearest."""
    maps = [one.astype(np.int32) for one in (HALVES, NEARLY, ALL)]
    assert nearest_to_others(maps) == 1
    assert nearest_to_others([*maps, maps[2]]) == 2
    assert nearest_to_others([maps[0], maps[0]]) == 0
    assert nearest_to_others(maps[:1]) == 0


@pytest.mark.parametrize("compressed", [True, False])
def test_matlab_files_as_bsds500_comes(compressed: bool, tmp_path: Path) -> None:
    save_mat(tmp_path / "groundTruth/val/a.mat", [ALL, NEARLY, HALVES], compressed=compressed)
    write_tree(tmp_path, {"images/val/a.jpg": b"", "images/val/b.jpg": b"", "images/val/Thumbs.db": b""})
    a, b = whole(opened("bsds", tmp_path))
    assert (a.split, a.labelled, b.labelled) == ("val", True, False)
    np.testing.assert_array_equal(regions(a), NEARLY)


def test_a_photo_whose_name_ends_in_a_number_is_no_partition(tmp_path: Path) -> None:
    (image,) = whole(opened("bsds", write_tree(tmp_path, {"a_3.png": png(ALL), "a_3_0.png": png(HALVES)})))
    assert (image.file_name, image.split) == ("a_3.png", "")
    np.testing.assert_array_equal(regions(image), HALVES)


def test_bad_items_are_problems_and_the_rest_goes_in(tmp_path: Path) -> None:
    good = png(ALL)
    files = {
        "a_0.png": good,
        "b_0.png": good,
        "b_1.png": good[:45],
        "c_0.png": good,
        "c_1.png": png(ALL[:2]),
        "d_0.png": good,
    }
    write_tree(tmp_path, {**files, **{f"{name}.jpg": b"" for name in "abc"}})
    problems = problems_of(opened("bsds", tmp_path))
    assert len(problems) == 3
    assert f"b_0.png: {tmp_path.name}/b_1.png is missing or no intact PNG" in problems[0]
    assert problems[1:] == [
        "c_0.png: has partitions of several sizes: 6×2, 6×4; take intact copies",
        f"d_0.png: no photo 'd' is in {tmp_path.name}/, {tmp_path.name}/",
    ]


def hostile_mats(folder: Path) -> dict[str, str]:
    """MATLAB files that are none, and why."""
    save_mat(folder / "good.mat", [ALL])
    good = (folder / "good.mat").read_bytes()
    bomb = zlib.compress(b"\0" * (LEAST_BOMB_BYTES + 1), 9)
    (folder / "bomb.mat").write_bytes(good[:128] + struct.pack("<II", 15, len(bomb)) + bomb)
    (folder / "cut.mat").write_bytes(good[: len(good) // 2])
    (folder / "text.mat").write_bytes(b"hello")
    (folder / "hdf.mat").write_bytes(b"MATLAB 7.3".ljust(124) + b"\0\2IM" + b"\x89HDF")
    savemat(folder / "other.mat", {"x": 1})
    savemat(folder / "shallow.mat", {"groundTruth": 1})
    save_mat(folder / "float.mat", [ALL], dtype=np.float64)
    save_mat(folder / "large.mat", [ALL * 70_000], dtype=np.uint32)
    whole_numbers = "holds no maps of numbers up to 65535"
    no_mat = "is no intact MATLAB file, version 5, with groundTruth"
    return {
        "bomb": "unpacks to more than 1000000 bytes",
        "cut": no_mat,
        "float": "a matrix holds no whole numbers",
        "hdf": no_mat,
        "large": whole_numbers,
        "other": no_mat,
        "shallow": no_mat,
        "text": no_mat,
    }


def test_matlab_files_that_are_none_are_problems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matlab, "MAX_UNPACKED_BYTES", LEAST_BOMB_BYTES)
    folder = tmp_path / "groundTruth"
    folder.mkdir()
    reasons = hostile_mats(folder)
    write_tree(tmp_path, {f"images/{path.stem}.jpg": b"" for path in folder.iterdir()})
    problems = problems_of(opened("bsds", tmp_path))
    assert [problem.partition(".mat: ")[0] for problem in problems] == sorted(reasons)
    for problem in problems:
        assert reasons[problem.partition(".mat: ")[0]] in problem


def test_what_is_no_set_is_told_why(tmp_path: Path) -> None:
    with pytest.raises(
        FormatError, match=r"has neither NAME_0\.png beside its photos, there or in PART/, nor groundTruth"
    ):
        read_bsds(write_tree(tmp_path, {"a.jpg": b""}), None)


@pytest.mark.skipif(not (SHARED / "bsds500").is_dir(), reason="needs ../shared/data, which is not here")
def test_each_truth_of_bsds500_is_one_of_its_partitions() -> None:
    data_set = opened("bsds", SHARED / "bsds500")
    assert data_set.count == 300
    for image, _ in zip(data_set.images(), range(5), strict=False):
        files = sorted(image.photo.parent.glob(f"{image.photo.stem}_*.png"))
        drawn = regions(image)
        assert sum(np.array_equal(np.asarray(Image.open(path)), drawn) for path in files) == 1
