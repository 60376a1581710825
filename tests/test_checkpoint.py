"""What is saved comes back bit for bit; what is damaged is refused in one line."""

import contextlib
import os
import pickle
import random
import re
import struct
import tempfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from utils.checkpoint import FILE, Checkpoint, begin_run, load_checkpoint, save_checkpoint
from utils.utils import InputError


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Save a state in an empty working directory; give the path of the file."""
    monkeypatch.chdir(tmp_path)
    random.seed(1)
    save_checkpoint(np.array([[1.0, 2.0]]), 5_000, 0.3, 12.5)
    return tmp_path / FILE


def bits(checkpoint):
    """Give all that a checkpoint holds, so that equal means the same bits."""
    x = np.asarray(checkpoint.x)
    numbers = struct.pack("<qd", checkpoint.iteration, checkpoint.step)
    return x.dtype, x.shape, x.tobytes(), numbers, *map(repr, vars(checkpoint).values())


def assert_refused(path, reason="is damaged"):
    message = rf"^{re.escape(str(path))} {reason}\. Delete it to start anew\.$"
    with pytest.raises(InputError, match=message):
        load_checkpoint()


arrays = hnp.arrays(
    st.sampled_from([np.float32, np.float64]), hnp.array_shapes(max_dims=3, min_side=0)
)


@settings(max_examples=50)
@given(
    st.floats() | arrays,
    st.integers(0, 10**9),
    st.floats(),
    st.none() | st.just(0.0) | st.floats(),
    st.integers(0, 3),
)
def test_what_is_saved_comes_back_bit_for_bit(x, iteration, step, smoothed_loss, draws):
    random.seed(iteration)
    for _ in range(draws):
        random.gauss(0, 1)  # after an odd number of draws the state holds the next one
    state = random.getstate()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        save_checkpoint(x, iteration, step, smoothed_loss)
        assert random.getstate() == state
        random.seed(0)
        before = random.getstate()
        loaded = load_checkpoint()
        assert random.getstate() == before  # it is for sgd to set
    scalar = np.float64(x) if isinstance(x, float) else x
    assert bits(loaded) == bits(Checkpoint(scalar, iteration, step, smoothed_loss, state))


def test_the_newest_save_is_loaded_from_any_folder(saved, tmp_path_factory, monkeypatch):
    save_checkpoint(np.zeros(2), 10_000, 0.15, 9.0)
    assert os.listdir(saved.parent) == [FILE]
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert load_checkpoint() is load_checkpoint("no such folder") is None
    for folder in (saved.parent, str(saved.parent)):
        assert load_checkpoint(folder).iteration == 10_000


class Trap:
    """What makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


NAMES = "x iteration step smoothed_loss random_version random_words gauss_next".split()
TRAP = np.array(Trap(), object)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in NAMES for value in (None, TRAP)),
        ("random_words", np.zeros(624, np.uint32)),
        ("random_words", np.full(625, 625)),  # the last word is a position, at most 624
        ("random_words", np.full(625, -1)),
        ("random_words", np.array(5)),
        ("random_version", 7),
        ("gauss_next", np.zeros(2)),
        ("iteration", np.nan),
        ("step", [1.0, 2.0]),
        ("smoothed_loss", "big"),
    ],
    ids=lambda value: str(np.ravel(value)[0]) if value is not TRAP else "pickled",
)
def test_a_value_that_is_missing_wrong_or_pickled_is_refused_and_nothing_run(saved, name, value):
    with np.load(saved) as file:
        arrays = {**file, name: value}
    np.savez(saved, **{name: value for name, value in arrays.items() if value is not None})
    assert_refused(saved)
    assert os.listdir(saved.parent) == [FILE]


def encrypted(content):
    directory = content.index(b"PK\x01\x02")  # what zip files end with
    return content[: directory + 8] + b"\x01" + content[directory + 9 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"PK\x03\x04",
        lambda content: pickle.dumps({"x": 0.0}),
        lambda content: b"\x93NUMPY" + content,
        encrypted,
        *(lambda content, size=size: content[:-size] for size in (1, 99, 4_000)),
    ],
)
def test_what_is_no_whole_zip_file_is_refused(saved, damage):
    saved.write_bytes(damage(saved.read_bytes()))
    assert_refused(saved)


def test_a_folder_of_that_name_is_refused_and_no_run_begun(saved):
    saved.unlink()
    saved.mkdir()
    assert_refused(saved, "cannot be read: .*")
    with pytest.raises(InputError, match=re.escape(f"{saved} cannot be deleted: ")):
        begin_run({})
