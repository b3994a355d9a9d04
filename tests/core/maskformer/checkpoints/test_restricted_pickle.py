import pickle
from collections import OrderedDict

import numpy as np
import pytest

from core.annotation.errors import ModelError
from core.maskformer.checkpoints.restricted_pickle import read_arrays

ARRAYS = {
    "rows": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "big_endian": np.arange(3, dtype=">f4"),
    "half": np.ones(2, np.float16),
    "whole": np.arange(4),
    "truth": np.array([True, False]),
    "none": np.array(3.5),
    "one": np.float64(2.5),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("inner", [dict, OrderedDict])
def test_arrays_come_out_as_they_went_in(protocol, inner):
    content = pickle.dumps({"model": inner(ARRAYS), "iteration": 7, "author": "x", "list": [1, (2, None)]}, protocol)
    found = read_arrays(content)
    assert found.keys() == ARRAYS.keys()
    for name, values in ARRAYS.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values)


@pytest.mark.parametrize("protocol", [0, 2])
def test_files_of_numpy_1_name_its_inner_package_differently(protocol):
    content = pickle.dumps(ARRAYS, protocol)
    older = content.replace(b"numpy._core", b"numpy.core")
    assert older != content
    np.testing.assert_array_equal(read_arrays(older)["rows"], ARRAYS["rows"])


def test_files_of_python_2_hold_their_bytes_as_texts():
    """By hand: protocol 2, a BINSTRING for the array's bytes, the module names of NumPy 1."""
    content = (
        b"\x80\x02}U\x01acnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nU\x02f4K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        b"\x89U\x08\x00\x00\x80?\x00\x00\x00\xc0tbs."
    )
    assert read_arrays(content)["a"].tolist() == pickle.loads(content, encoding="latin-1")["a"].tolist() == [1.0, -2.0]  # noqa: S301


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.array(["text"]), "type 'U4'"),
        (np.array([None]), "type 'O8'"),
        (np.array([1j]), "type 'c16'"),
        (np.zeros(2, [("a", "f4")]), "type 'V4'"),
        (np.ma.array([1.0]), "numpy.ma"),
        ("text", "no array"),
        ({"a": np.zeros(1)}, "no array"),
        (None, "no array"),
        ({1, 2}, "not an intact pickle"),
        ({(1, 2): 3}, "a tuple as key"),
    ],
)
def test_other_values_are_refused(value, said):
    with pytest.raises(ModelError, match=said):
        read_arrays(pickle.dumps({"model": {"a": value}}))


@pytest.mark.parametrize("value", [[1], "text", 5, None, {"model": 5}, {"model": [1]}])
def test_other_shapes_of_file_are_refused(value):
    with pytest.raises(ModelError, match="dict"):
        read_arrays(pickle.dumps(value))


def test_every_cut_of_a_file_is_refused():
    content = pickle.dumps({"model": {"a": np.arange(4.0)}})
    for length in range(len(content)):
        with pytest.raises(ModelError):
            read_arrays(content[:length])
