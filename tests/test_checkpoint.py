"""What is saved comes back bit for bit; what is damaged is refused in one line."""

import contextlib
import gc
import os
import pickle
import random
import re
import struct
import tempfile
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from utils.checkpoint import FILE, Checkpoint, begin_run, load_checkpoint, save_checkpoint
from utils.utils import InputError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Make an empty folder the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def saved(here):
    """Save a state, and return the path of the file."""
    random.seed(1)
    save_checkpoint(np.array([[1.0, 2.0]]), 5_000, 0.3, 12.5)
    return here / FILE


def bits(checkpoint):
    """Return all that a checkpoint holds, so that equal means the same bits."""
    x = np.asarray(checkpoint.x)
    numbers = struct.pack("<qd", checkpoint.iteration, checkpoint.step)
    loss, (version, words, gauss_next) = checkpoint.smoothed_loss, checkpoint.random_state
    return x.dtype, x.shape, x.tobytes(), numbers, loss, version, words, gauss_next


def assert_refused(path, reason="is damaged"):
    """Expect InputError on loading: one line that names the file and says what to do."""
    message = rf"^{re.escape(str(path))} {reason}\. Delete it to start anew\.$"
    with pytest.raises(InputError, match=message):
        load_checkpoint()


# Round trips


@given(
    st.one_of(
        st.floats(),
        hnp.arrays(
            st.sampled_from([np.float32, np.float64]),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0),
        ),
    ),
    st.integers(0, 10**9),
    st.floats(allow_nan=False),
    st.one_of(st.none(), st.floats(allow_nan=False)),
    st.integers(0, 3),
)
def test_what_is_saved_comes_back_bit_for_bit(x, iteration, step, smoothed_loss, draws):
    random.seed(iteration)
    for _ in range(draws):
        random.gauss(0, 1)  # after an odd number of draws the state holds the next one
    state = random.getstate()
    assert (state[2] is None) == (draws % 2 == 0)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        save_checkpoint(x, iteration, step, smoothed_loss)
        assert random.getstate() == state
        random.seed(0)
        before = random.getstate()
        loaded = load_checkpoint()
        assert random.getstate() == before  # it is for sgd to set
    assert bits(loaded) == bits(Checkpoint(x, iteration, step, smoothed_loss, state))
    assert type(loaded.iteration) is int
    assert type(loaded.step) is float


def test_random_goes_on_where_it_was(here):
    random.seed(2)
    random.gauss(0, 1)
    save_checkpoint(0.0, 1, 0.1, None)
    expected = [random.gauss(0, 1), random.random(), random.randint(0, 10**9)]
    random.setstate(load_checkpoint().random_state)
    assert [random.gauss(0, 1), random.random(), random.randint(0, 10**9)] == expected


def test_a_scalar_comes_back_as_a_scalar(here):
    save_checkpoint(0.5, 1, 0.1, None)
    x = load_checkpoint().x
    assert isinstance(x, float)
    assert x == 0.5


@pytest.mark.parametrize("smoothed_loss", [None, 0.0, 1e-300])
def test_a_smoothed_loss_of_zero_is_not_none(here, smoothed_loss):
    save_checkpoint(0.5, 1, 0.1, smoothed_loss)
    assert load_checkpoint().smoothed_loss == smoothed_loss


def test_x_can_be_written_to(saved):
    x = load_checkpoint().x
    x += 1
    np.testing.assert_array_equal(x, [[2, 3]])


def test_the_newest_save_is_loaded(saved):
    save_checkpoint(np.zeros(2), 10_000, 0.15, 9.0)
    assert load_checkpoint().iteration == 10_000
    assert os.listdir(saved.parent) == [FILE]


def test_nothing_saved_is_none(here):
    assert load_checkpoint() is None
    assert load_checkpoint(here / "no such folder") is None


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_the_folder_can_be_named(saved, kind, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert load_checkpoint() is None
    assert load_checkpoint(kind(saved.parent)).iteration == 5_000


# Damage


def change(path, **changes):
    """Write a file again with other arrays; None leaves one out."""
    with np.load(path) as file:
        arrays = {**file, **changes}
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})


def test_a_file_written_again_unchanged_is_accepted(saved):
    before = bits(load_checkpoint())
    change(saved)
    assert bits(load_checkpoint()) == before


NAMES = "x iteration step smoothed_loss random_version random_words gauss_next".split()


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_array_is_refused(saved, name):
    change(saved, **{name: None})
    assert_refused(saved)


@pytest.mark.parametrize("name", NAMES)
def test_a_pickled_object_is_refused_and_not_run(saved, name):
    class Trap:
        def __reduce__(self):
            return os.mkdir, ("trapped",)

    change(saved, **{name: np.array(Trap(), object)})
    assert_refused(saved)
    assert os.listdir(saved.parent) == [FILE]


@pytest.mark.parametrize(
    "changes",
    [
        {"random_words": np.zeros(625, np.uint32)[:-1]},
        {"random_words": np.full(625, 625)},  # the last word is a position, at most 624
        {"random_words": np.full(625, -1)},
        {"random_words": np.zeros(625)},
        {"random_words": np.array(5)},
        {"random_version": 7},
        {"random_version": "three"},
        {"gauss_next": np.zeros(2)},
        {"gauss_next": "none"},
        {"iteration": np.nan},
        {"iteration": np.inf},
        {"iteration": [1, 2]},
        {"step": [1.0, 2.0]},
        {"step": "small"},
        {"smoothed_loss": "big"},
    ],
    ids=lambda changes: " ".join(f"{name} {np.ravel(v)[0]}" for name, v in changes.items()),
)
def test_wrong_values_are_refused(saved, changes):
    change(saved, **changes)
    assert_refused(saved)


@pytest.mark.parametrize(
    "content",
    [b"", b"PK", b"PK\x03\x04", random.Random(3).randbytes(4_000), pickle.dumps({"x": 0.0})],
    ids=["empty", "two bytes", "four bytes", "random", "pickle"],
)
def test_what_is_no_zip_file_is_refused(saved, content):
    saved.write_bytes(content)
    assert_refused(saved)


def test_a_refused_file_is_closed_again(saved):
    saved.write_bytes(saved.read_bytes()[:-10])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert_refused(saved)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []


def test_a_lone_array_is_refused(saved):
    with saved.open("wb") as file:
        np.save(file, np.zeros(3))
    assert_refused(saved)


def test_a_truncated_file_is_refused_wherever_it_ends(saved):
    content = saved.read_bytes()
    for size in range(0, len(content), 99):
        saved.write_bytes(content[:size])
        assert_refused(saved)


def test_a_flipped_bit_is_refused_or_does_no_harm(saved):
    expected, content = bits(load_checkpoint()), saved.read_bytes()
    directory = content.index(b"PK\x01\x02")  # what zip files end with
    positions = [*range(0, directory, 50), *range(directory, len(content), 2)]
    messages = []
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 1 << position // 2 % 8
        saved.write_bytes(damaged)
        try:
            loaded = load_checkpoint()
        except InputError as error:
            messages.append(str(error))
        else:
            assert bits(loaded) == expected
    assert len(messages) > len(positions) / 2
    assert all(len(message.splitlines()) == 1 for message in messages)


def test_an_encrypted_file_is_refused(saved):
    content = saved.read_bytes()
    directory = content.index(b"PK\x01\x02")
    saved.write_bytes(content[: directory + 8] + b"\x01" + content[directory + 9 :])
    assert_refused(saved)


def test_a_folder_of_that_name_is_refused_and_no_run_begun(here):
    (here / FILE).mkdir()
    assert_refused(here / FILE, "cannot be read: .*")
    with pytest.raises(InputError, match=re.escape(f"{here / FILE} cannot be deleted: ")):
        begin_run({})


# Trouble on the disk


@pytest.mark.parametrize("trouble", ["full", "no rename"])
def test_a_failed_save_leaves_the_old_one_and_no_rest(saved, monkeypatch, trouble):
    def fail(*args):
        raise OSError(28, "No space left on device")

    expected = bits(load_checkpoint())
    with monkeypatch.context() as patch:
        if trouble == "full":
            patch.setattr("pathlib.Path.write_bytes", fail)
        else:
            patch.setattr(os, "replace", fail)
        with pytest.raises(InputError, match="No space left") as error:
            save_checkpoint(np.zeros(5), 10_000, 0.1, 1.0)
    assert str(saved) in str(error.value)
    assert bits(load_checkpoint()) == expected
    assert os.listdir(saved.parent) == [FILE]


# Whether it fits


@pytest.mark.parametrize("x0", [np.ones((1, 2)), [[1.0, 2.0]]])
@pytest.mark.parametrize("iterations", [5_000, 5_001])
def test_a_run_of_the_same_shape_and_as_many_iterations_fits(saved, x0, iterations):
    load_checkpoint().check_fits(x0, iterations)


@pytest.mark.parametrize(
    ("x0", "iterations", "words"),
    [
        (np.ones((2, 1)), 5_000, ["(1, 2)", "(2, 1)"]),
        (np.ones(2), 5_000, ["(1, 2)", "(2,)"]),
        (0.0, 5_000, ["(1, 2)", "()"]),
        (np.ones((1, 2)), 4_999, ["5000", "4999"]),
    ],
)
def test_another_shape_or_fewer_iterations_do_not_fit(saved, x0, iterations, words):
    with pytest.raises(InputError) as error:
        load_checkpoint().check_fits(x0, iterations)
    for word in [FILE, *words]:
        assert word in str(error.value)


def test_a_saved_scalar_fits_a_scalar_only(here):
    save_checkpoint(2.0, 5_000, 0.1, None)
    load_checkpoint().check_fits(0.0, 5_000)
    with pytest.raises(InputError, match="shape"):
        load_checkpoint().check_fits(np.zeros(1), 5_000)


def test_a_loss_that_is_no_number_is_not_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_checkpoint(1.0, 5, 0.1, float("nan"))
    assert np.isnan(load_checkpoint().smoothed_loss)
