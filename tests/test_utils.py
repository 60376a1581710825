"""The small helpers: their properties, and files that are written whole or not at all."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from utils.utils import (
    InputError,
    dump,
    load,
    normalize_rows,
    softmax,
    to_json,
    write_files,
)


def frozen(array):
    """Return a copy that raises if it is written to."""
    array = np.array(array, float)
    array.setflags(write=False)
    return array


def arrays(low, high, dims=(1, 2)):
    """Draw vectors or matrices that raise if they are written to."""
    shapes = hnp.array_shapes(min_dims=dims[0], max_dims=dims[1], max_side=6)
    return hnp.arrays(float, shapes, elements=st.floats(low, high)).map(frozen)


# softmax


@given(arrays(-1000, 1000))
def test_softmax_is_scipys(scores):
    result = softmax(scores)
    assert result.shape == scores.shape
    np.testing.assert_allclose(result, special.softmax(scores, axis=-1), rtol=1e-13, atol=1e-300)


@given(arrays(-1000, 1000))
def test_softmax_rows_are_probabilities(scores):
    result = softmax(scores)
    assert np.all(result >= 0)
    np.testing.assert_allclose(result.sum(axis=-1), 1, rtol=1e-14)


@given(arrays(-50, 50), st.floats(-1000, 1000))
def test_softmax_does_not_change_if_all_scores_grow_alike(scores, shift):
    np.testing.assert_allclose(softmax(scores + shift), softmax(scores), rtol=1e-11)


@given(arrays(-1000, 1000, dims=(2, 2)))
def test_softmax_takes_each_row_by_itself(scores):
    np.testing.assert_allclose(softmax(scores), [softmax(row) for row in scores], rtol=1e-14)


def test_softmax_of_huge_scores():
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        result = softmax(frozen([[1e300, 0, -1e300], [-1e300, -1e300, -1e301], [1e3, 1e3, 1e3]]))
    np.testing.assert_allclose(result, [[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])


def test_softmax_known_case():
    np.testing.assert_allclose(softmax(np.log([1, 2, 5])), [0.125, 0.25, 0.625])


def test_softmax_takes_whole_numbers():
    np.testing.assert_allclose(softmax(np.array([0, 0])), [0.5, 0.5])


# normalize_rows


@given(arrays(-1e100, 1e100, dims=(2, 2)))
def test_normalize_rows_gives_unit_rows_of_the_same_direction(x):
    x = np.where(abs(x) < 1e-100, 0, x)
    result = normalize_rows(frozen(x))
    assert result.shape == x.shape
    for row, unit in zip(x, result, strict=True):
        length = np.sqrt(np.sum(row**2))
        np.testing.assert_allclose(np.sqrt(np.sum(unit**2)), 1 if row.any() else 0, rtol=1e-14)
        np.testing.assert_allclose(unit * length, row, rtol=1e-14)


def test_normalize_rows_known_case_with_a_zero_row():
    x = frozen([[3, 4], [0, 0], [-5, 0]])
    np.testing.assert_allclose(normalize_rows(x), [[0.6, 0.8], [0, 0], [-1, 0]], rtol=1e-15)


def test_normalize_rows_leaves_its_argument_alone():
    x = np.array([[3.0, 4.0]])
    normalize_rows(x)
    np.testing.assert_array_equal(x, [[3, 4]])


# Files written whole


def contents(folder):
    """Return name -> bytes of all files in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_write_files_makes_and_replaces_files_of_text_and_of_bytes(tmp_path):
    (tmp_path / "old").write_text("something much longer")
    write_files({tmp_path / "old": "tea\n☕", str(tmp_path / "new"): b"\xff\r\n"})
    assert contents(tmp_path) == {"old": "tea\n☕".encode(), "new": b"\xff\r\n"}


def test_write_files_takes_names_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_files({"a": "1", Path("b.txt"): "2"})
    assert contents(tmp_path) == {"a": b"1", "b.txt": b"2"}


def test_write_files_replaces_none_before_all_are_on_the_disk(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("old")
    replace, seen = os.replace, []

    def watched(source, target):
        seen.append((contents(tmp_path), Path(target).name))
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_files({tmp_path / "a": "new", tmp_path / "b": "new too"})
    complete = {"a": b"old", "a.tmp": b"new", "b.tmp": b"new too"}
    assert seen[0] == (complete, "a")
    assert [name for _, name in seen] == ["a", "b"]


def full_disk(monkeypatch, works=0):
    """Let writing stop in the middle of a file, after some that it works for."""
    write_bytes, turns = Path.write_bytes, iter(range(1000))

    def write(path, data):
        if next(turns) < works:
            return write_bytes(path, data)
        write_bytes(path, data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write)


def no_replace(monkeypatch, works=0):
    """Let renaming fail, after some that it works for."""
    replace, turns = os.replace, iter(range(1000))

    def move(source, target):
        if next(turns) < works:
            return replace(source, target)
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "replace", move)


@pytest.mark.parametrize(("trouble", "works"), [(full_disk, 0), (full_disk, 1), (no_replace, 0)])
@pytest.mark.parametrize("before", [{}, {"a": b"old a", "b": b"old b"}])
def test_trouble_leaves_the_old_files_and_nothing_else(
    tmp_path, monkeypatch, trouble, works, before
):
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    with monkeypatch.context() as patch:
        trouble(patch, works)
        with pytest.raises(InputError) as error:
            write_files({tmp_path / "a": "new a", tmp_path / "b": "new b"})
    assert contents(tmp_path) == before
    assert str(tmp_path / "ab"[works]) in str(error.value)
    assert error.value.__cause__.strerror in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_trouble_between_the_renames_leaves_every_file_whole(tmp_path, monkeypatch):
    (tmp_path / "b").write_text("old b")
    with monkeypatch.context() as patch:
        no_replace(patch, works=1)
        with pytest.raises(InputError, match="b cannot be written"):
            write_files({tmp_path / "a": "new a", tmp_path / "b": "new b"})
    assert contents(tmp_path) == {"a": b"new a", "b": b"old b"}


def test_an_interruption_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def interrupted(*args):
        raise KeyboardInterrupt

    (tmp_path / "a").write_text("old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_files({tmp_path / "a": "new"})
    assert contents(tmp_path) == {"a": b"old"}


def test_a_missing_folder_is_named(tmp_path):
    path = tmp_path / "no such folder" / "file"
    with pytest.raises(InputError) as error:
        write_files({path: "text"})
    assert f"{path} cannot be written: No such file or directory." in str(error.value)


def test_a_relative_path_is_told_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        write_files({"nowhere/file": "text"})
    assert str(tmp_path / "nowhere" / "file") in str(error.value)


def test_who_has_a_file_open_on_windows_is_told_to_close_it(tmp_path, monkeypatch):
    def refused(*args):
        raise PermissionError(errno.EACCES, "Access is denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refused)
        with pytest.raises(InputError) as error:
            write_files({tmp_path / "a": "text"})
    assert "Access is denied. Close what has it open" in str(error.value)
    assert os.listdir(tmp_path) == []


def test_a_folder_is_not_replaced(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="folder cannot be written"):
        write_files({tmp_path / "folder": "text"})
    assert os.listdir(tmp_path) == ["folder"]


# JSON

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@given(json_values)
def test_what_is_dumped_is_loaded_to_the_last_digit(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value.json"
    dump(value, path)
    assert repr(load(path)) == repr(value)
    assert repr(load(str(path))) == repr(value)
    assert path.read_text(encoding="utf-8") == to_json(value)


def test_json_is_one_line_in_utf8(tmp_path):
    dump({"naïve ☕": [0.1, -2]}, tmp_path / "x.json")
    assert (tmp_path / "x.json").read_bytes() == '{"naïve ☕": [0.1, -2]}\n'.encode()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_the_old_file_kept(tmp_path, number):
    (tmp_path / "x.json").write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump({"x": [number]}, tmp_path / "x.json")
    assert contents(tmp_path) == {"x.json": b"old"}


def test_loading_what_is_not_there_names_the_file(tmp_path):
    with pytest.raises(InputError) as error:
        load(tmp_path / "none.json")
    assert (
        str(error.value) == f"{tmp_path / 'none.json'} cannot be read: No such file or directory."
    )


def test_loading_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[1, 2", b"{'a': 1}", b"[1] [2]", b'"\xff"'])
def test_loading_what_is_no_json_names_the_file(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError) as error:
        load(tmp_path / "x.json")
    assert str(error.value).startswith(f"{tmp_path / 'x.json'} is not valid JSON: ")
    assert len(str(error.value).splitlines()) == 1
