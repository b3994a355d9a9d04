"""Label maps, made and read by Pillow on the other side, and what is no label map."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from core.annotation.errors import FormatError
from core.formats.label_maps import label_map_png, masks_of, read_label_map, read_numbers_or_colours, read_rgb_ids

IDS = np.random.default_rng(0).integers(0, 200, (9, 7))


@pytest.mark.parametrize("mode", ["P", "1", "L", "I;16"])
def test_ids_are_what_the_file_holds(mode: str, tmp_path: Path) -> None:
    ids = IDS % 2 if mode == "1" else IDS
    if mode == "P":
        picture = Image.fromarray(ids.astype(np.uint8), "L").convert("P")
        picture.putdata(ids.ravel().tolist())
        picture.putpalette(np.random.default_rng(1).integers(0, 256, 768).tolist())
    elif mode == "1":
        picture = Image.fromarray(ids.astype(bool))
    else:
        picture = Image.fromarray(ids.astype(np.uint8 if mode == "L" else np.uint16))
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), ids)
    np.testing.assert_array_equal(read_numbers_or_colours(tmp_path / "a.png")[0], ids)


def test_colours_are_ids_of_three_bytes(tmp_path: Path) -> None:
    ids = np.random.default_rng(0).integers(0, 1 << 24, (5, 8))
    Image.fromarray(np.stack([ids & 255, ids >> 8 & 255, ids >> 16], axis=2).astype(np.uint8)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_rgb_ids(tmp_path / "a.png"), ids)
    read, are_colours = read_numbers_or_colours(tmp_path / "a.png")
    assert are_colours
    np.testing.assert_array_equal(read, ids)


def test_colours_and_greys_are_not_taken_for_each_other(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "colour.png")
    Image.new("L", (4, 4)).save(tmp_path / "grey.png")
    Image.new("LA", (4, 4)).save(tmp_path / "alpha.png")
    with pytest.raises(FormatError, match=r"colour\.png has the colours RGB; a label file has one channel"):
        read_label_map(tmp_path / "colour.png")
    with pytest.raises(FormatError, match=r"grey\.png has the colours L; a panoptic label file has RGB"):
        read_rgb_ids(tmp_path / "grey.png")
    for read in (read_label_map, read_numbers_or_colours):
        with pytest.raises(FormatError, match=r"alpha\.png has the colours LA"):
            read(tmp_path / "alpha.png")


def test_a_cut_or_foreign_file_is_refused_by_name(tmp_path: Path) -> None:
    content = label_map_png(IDS, 8)
    path = tmp_path / "map.png"
    for length in (0, 1, 8, 20, 33, 40, len(content) - 30):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError, match=rf"^{tmp_path.name}/map\.png is missing or no intact PNG"):
            read_label_map(path)
    Image.new("L", (4, 4)).save(path, "JPEG")
    with pytest.raises(FormatError, match=r"map\.png is missing or no intact PNG \(it is JPEG\)"):
        read_label_map(path)
    with pytest.raises(FormatError, match=r"gone\.png is missing"):
        read_label_map(tmp_path / "gone.png")


def test_a_header_of_a_huge_size_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    content = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "huge.png").write_bytes(content + label_map_png(IDS, 8)[33:])
    with pytest.raises(FormatError, match="100000×100000, more than 51000000 pixels"):
        read_label_map(tmp_path / "huge.png")


@pytest.mark.parametrize(("bits", "mode"), [(8, "L"), (16, "I;16")])
def test_what_is_written_is_what_pillow_reads(bits: int, mode: str, tmp_path: Path) -> None:
    ids = IDS.astype(np.int32) + (60_000 if bits == 16 else 0)
    (tmp_path / "a.png").write_bytes(label_map_png(ids, bits))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == mode
        np.testing.assert_array_equal(np.asarray(picture), ids)
    assert label_map_png(ids, bits) == label_map_png(np.asfortranarray(ids.astype(np.int64)), bits)


def test_a_palette_changes_colours_not_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(label_map_png(IDS, 8, [(value, 255 - value, 7) for value in range(256)]))
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.asarray(picture), IDS)
        assert picture.convert("RGB").getpixel((0, 0)) == (IDS[0, 0], 255 - IDS[0, 0], 7)


@settings(deadline=None, max_examples=50)
@given(
    ids=arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 4)),
    without=st.sets(st.integers(0, 5)),
)
def test_the_masks_of_a_map_are_where_its_numbers_are(ids: np.ndarray, without: set[int]) -> None:
    masks = masks_of(ids, without=tuple(without))
    assert list(masks) == sorted(set(ids.ravel().tolist()) - without)
    for number, mask in masks.items():
        np.testing.assert_array_equal(mask.to_array(), ids == number)


def test_more_ids_than_an_image_has_segments_are_refused() -> None:
    ids = np.arange(2_002, dtype=np.int32).reshape(2, -1)
    assert len(masks_of(ids, without=(0, 1))) == 2_000
    with pytest.raises(FormatError, match="2001 different ids, more than the 2000"):
        masks_of(ids, without=(0,))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("colours", [0, 3])
def test_values_of_few_bits_are_not_stretched(bits: int, colours: int, tmp_path: Path) -> None:
    ids = np.arange(2**bits, dtype=np.uint8).reshape(2, -1)
    rows = (np.packbits(np.unpackbits(row[:, None], axis=1)[:, -bits:].ravel()).tobytes() for row in ids)
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", ids.shape[1], 2, bits, colours, 0, 0, 0),
        b"PLTE": bytes(3 * 2**bits),
        b"IDAT": zlib.compress(b"".join(b"\0" + row for row in rows)),
        b"IEND": b"",
    }
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks.items()
        if kind != b"PLTE" or colours == 3
    ]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    np.testing.assert_array_equal(read_label_map(tmp_path / "a.png"), ids)
