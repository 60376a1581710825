"""The small helpers: their properties, and files that are written whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest
from conftest import frozen
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from utils.utils import InputError, dump, load, normalize_rows, softmax, to_json, write_files


def arrays(low, high, dims=(1, 2)):
    """Draw vectors or matrices that raise if they are written to."""
    shapes = hnp.array_shapes(min_dims=dims[0], max_dims=dims[1], max_side=6)
    return hnp.arrays(float, shapes, elements=st.floats(low, high)).map(frozen)


@given(arrays(-1000, 1000))
def test_softmax_is_scipys_by_rows(scores):
    result = softmax(scores)
    assert result.shape == scores.shape
    np.testing.assert_allclose(result, special.softmax(scores, axis=-1), rtol=1e-13, atol=1e-300)


def test_softmax_of_huge_and_of_whole_numbers():
    result = softmax(frozen([[1e300, 0, -1e300], [-1e300, -1e300, -1e301], [1e3, 1e3, 1e3]]))
    np.testing.assert_allclose(result, [[1, 0, 0], [0.5, 0.5, 0], [1 / 3, 1 / 3, 1 / 3]])
    np.testing.assert_allclose(softmax(np.array([0, 0])), [0.5, 0.5])


@given(arrays(-1e100, 1e100, dims=(2, 2)))
def test_normalize_rows_gives_unit_rows_of_the_same_direction(x):
    x = np.where(abs(x) < 1e-100, 0, x)
    for row, unit in zip(x, normalize_rows(frozen(x)), strict=True):
        length = np.sqrt(np.sum(row**2))
        np.testing.assert_allclose(np.sqrt(np.sum(unit**2)), 1 if row.any() else 0, rtol=1e-14)
        np.testing.assert_allclose(unit * length, row, rtol=1e-14)


def contents(folder):
    """Give name -> bytes of all files in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_write_files_makes_and_replaces_files_of_text_and_of_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").write_text("something much longer")
    write_files({tmp_path / "old": "tea\n☕", "new": b"\xff\r\n", Path("b.txt"): "2"})
    assert contents(tmp_path) == {"old": "tea\n☕".encode(), "new": b"\xff\r\n", "b.txt": b"2"}


FULL = OSError(28, "No space left on device")
IN_USE = PermissionError(13, "Access is denied")
OLD = {"a": b"old a", "b": b"old b"}


@pytest.mark.parametrize("before", [{}, OLD])
@pytest.mark.parametrize(
    ("owner", "name", "works", "error", "told"),
    [
        (Path, "write_bytes", 0, FULL, "a cannot be written: No space left on device. Make room"),
        (Path, "write_bytes", 1, FULL, "b cannot be written: No space left on device. Make room"),
        (os, "replace", 0, IN_USE, "a cannot be written: Access is denied. Close what has it open"),
        (os, "replace", 1, FULL, "b cannot be written: No space left on device. Make room"),
        (os, "replace", 0, KeyboardInterrupt(), None),
    ],
)
def test_trouble_leaves_whole_files_and_nothing_else(
    tmp_path, monkeypatch, before, owner, name, works, error, told
):
    function, calls = getattr(owner, name), []

    def fails_after_some(path, argument):
        calls.append(path)
        if len(calls) > works:
            raise error
        return function(path, argument)

    write_files({tmp_path / name: content for name, content in before.items()})
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fails_after_some)
        with pytest.raises((InputError, KeyboardInterrupt)) as caught:
            write_files({tmp_path / "a": "new a", tmp_path / "b": "new b"})
    is_replaced = {"a": b"new a"} if (name, works) == ("replace", 1) else {}
    assert contents(tmp_path) == before | is_replaced
    assert told is None or f"{tmp_path / told}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("path", "why"), [("no folder/file", "No such file or directory"), ("folder", "Is a directory")]
)
def test_what_cannot_be_written_is_told_with_its_whole_path(tmp_path, monkeypatch, path, why):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as error:
        write_files({path: "text"})
    assert f"{tmp_path / path} cannot be written: {why}." in str(error.value)
    assert os.listdir(tmp_path) == ["folder"]


def test_json_is_one_line_in_utf8_and_is_read_back_at_full_precision(tmp_path):
    file, value = tmp_path / "x.json", {"naïve ☕": [0.1, -2, 1 / 3, 5e-324, None, True, "\n"]}
    dump(value, file)
    assert repr(load(file)) == repr(load(str(file))) == repr(value)
    text = '{"naïve ☕": [0.1, -2, 0.3333333333333333, 5e-324, null, true, "\\n"]}\n'
    assert file.read_bytes() == to_json(value).encode() == text.encode()


@pytest.mark.parametrize("number", [float("nan"), -float("inf")])
def test_a_number_that_is_not_finite_is_refused_and_the_old_file_kept(tmp_path, number):
    (tmp_path / "x.json").write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump({"x": [number]}, tmp_path / "x.json")
    assert contents(tmp_path) == {"x.json": b"old"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "is not valid JSON: "),
        (b"[1, 2", "is not valid JSON: "),
        (b"[1] [2]", "is not valid JSON: "),
        (b'"\xff"', "is not valid JSON: "),
    ],
)
def test_loading_what_is_not_json_names_the_file(tmp_path, content, told):
    if content is not None:
        (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(InputError) as error:
        load(tmp_path / "x.json")
    assert str(error.value).startswith(f"{tmp_path / 'x.json'} {told}")
    assert "\n" not in str(error.value)
