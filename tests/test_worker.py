"""The worker: calls, seeds, what was changed, errors as they are told."""

import random

import numpy as np
import pytest
from boxes import loaded, sandbox

from sandbox.objects import LinearLoss, Quadratic, TableDataset
from sandbox.session import MissingError, SubmissionError
from sandbox.worker import Worker, same

SOURCE = """
import random, sys, threading
import numpy as np

def echo(*args, **kwargs):
    return [*args, kwargs] if kwargs else list(args)

def kind(x):
    return type(x).__name__

def draw():
    return random.random(), np.random.rand()

def change(a, b=None, **others):
    for x in (a, b, *others.values()):
        if isinstance(x, np.ndarray):
            x += 1
        elif isinstance(x, list):
            x.append(1)
        elif isinstance(x, dict):
            x["new"] = 1

def call(f, *args, **kwargs):
    return f(*args, **kwargs)

def is_echo(f, g=None):
    return [f is echo, f == echo, g is f, f in {echo}, f.__name__]

def hand(f, thing):
    return f(thing)

def inner(x):
    return [] [x]

def outer(x):
    try:
        return inner(x)
    finally:
        pass

def deep(n):
    return deep(n + 1)

class Odd(Exception):
    def __str__(self):
        raise ValueError

class Long(Exception):
    pass

def fail(name):
    raise {"odd": Odd(), "long": Long("x" * 10**6), "exit": SystemExit(3), "interrupt": KeyboardInterrupt(), "key": KeyError("a"),
           "many": Long("\\n----- END \\x1b[1m"), "stop": StopIteration(1), "named": type("N" * 1000, (BaseException,), {})()}[name]

def parse(text):
    return compile(text, __file__, "exec")

def from_thread(f):
    found = []
    def run():
        try:
            f(1.0)
        except RuntimeError as error:
            found.append(str(error))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found

class Endless(list):
    def __iter__(self):
        raise ValueError("no list")

def odd_list():
    return Endless()

def large():
    return [0.5] * 10**6

def output(text):
    print(text)
    print(text, file=sys.stderr)

sigmoid = lambda x: 1
number = 5
"""


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE) as box:
        yield box


@pytest.fixture
def submission(box):
    with loaded(box) as submission:
        yield submission


def error_of(function, *args):
    with pytest.raises(SubmissionError) as info:
        function(*args)
    return info.value


# Values


def test_arguments_and_results(submission):
    array = np.arange(4.0).reshape(2, 2)
    found = submission.echo(1, "é", array, a=[1.5, None], b=(True,))
    assert found[:2] == [1, "é"]
    assert found[2].tolist() == array.tolist()
    assert found[3] == {"a": [1.5, None], "b": (True,)}


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.0, "float"),
        (1, "int"),
        (np.ones(1), "ndarray"),
        ((), "tuple"),
        (None, "NoneType"),
        ({}, "dict"),
        (b"", "bytes"),
    ],
)
def test_arguments_keep_their_kind(submission, value, kind):
    assert submission.kind(value) == kind


def test_there_is_no_such_function(submission):
    for name in ("skipgram", "number", "np"):
        with pytest.raises(MissingError, match=f"has no function {name}"):
            getattr(submission, name)()
    assert submission.sigmoid(0) == 1


# Random numbers


def test_a_call_has_a_seed(submission):
    random.seed(7)
    found = submission.draw()
    seed, following = submission._session.seed, submission._session.next
    random.seed(seed)
    np.random.seed(seed)
    assert found == (random.random(), np.random.rand())
    assert following == random.getrandbits(32)


def test_the_same_state_gives_the_same_draws(submission):
    draws = []
    for state in (7, 7, 8):
        random.seed(state)
        draws.append(submission.draw())
    assert draws[0] == draws[1] != draws[2]


# What it changed


@pytest.mark.parametrize(
    "value", [np.zeros(2), [], [np.zeros(1)], {}, {"a": np.zeros(1)}], ids=repr
)
def test_changed_arguments_are_named(submission, value):
    submission.change(1, 2.0)
    assert submission._session.changed == []
    submission.change(0, value)
    assert submission._session.changed == [1]
    submission.change(value, value, c=value)
    assert submission._session.changed == [0, 1, "c"]
    submission.echo(value, value)
    assert submission._session.changed == []


def test_what_is_the_same():
    nan = np.array([1.0, np.nan])
    assert same(nan, nan.copy())
    assert same(1.0, 1.0)
    assert not same(nan, nan + 1)
    assert not same(np.zeros(2), np.zeros((1, 2)))
    assert not same([1], [1, 2])
    assert not same({"a": 1}, {"a": 2})


# Functions


def test_a_function_of_its_own_is_the_very_one(submission):
    assert submission.is_echo(submission.echo) == [True, True, False, True, "echo"]
    assert submission.is_echo(submission.echo, submission.echo)[2]
    assert submission.call(submission.echo, 1, a=2) == [1, {"a": 2}]


def test_a_function_that_it_lacks_fails_when_called(submission):
    error = error_of(submission.call, submission.skipgram, 1)
    assert (error.kind, str(error)) == ("AttributeError", "the submission has no function skipgram")


def test_functions_of_the_test_are_called(submission):
    calls = []

    def f(*args, **kwargs):
        calls.append((args, kwargs))
        return np.array([len(calls)]), "ok"

    for _ in range(3):
        number, text = submission.call(f, 2.5, [1], key=(None,))
        assert (number.tolist(), text) == ([len(calls)], "ok")
    assert calls == [((2.5, [1]), {"key": (None,)})] * 3


def test_arguments_of_callbacks_are_copies(submission):
    handed = []
    submission.hand(handed.append, np.zeros(2))
    handed[0] += 1
    assert type(handed[0]) is np.ndarray


def test_what_was_handed_over_comes_back_as_itself(submission):
    data, own = TableDataset([0], [["a", "b"]]), submission.echo
    handed = []
    for thing in (data, own, handed.append):
        submission.hand(handed.append, thing)
    assert handed[0] is data
    assert handed[1] == own
    assert handed[2] == handed.append
    assert submission.echo(data)[0] is data


def test_a_callback_belongs_to_the_main_thread(submission):
    calls = []
    assert submission.from_thread(calls.append) == [
        "the grader's functions can be called from the main thread only"
    ]
    assert calls == []
    assert submission.call(lambda: 5) == 5


def test_neutral_objects_are_built_there(submission):
    a, b, x = np.array([1.0, 2.0]), np.array([0.5, 0.5]), np.array([3.0, 4.0])
    loss, grad = submission.call(Quadratic(a, b), x)
    assert (loss, grad.tolist()) == (Quadratic(a, b)(x)[0], Quadratic(a, b)(x)[1].tolist())
    assert submission.call(Quadratic(2.0, 0.0), 3.0) == (9.0, 6.0)
    linear = LinearLoss(np.ones(2), np.ones(3), np.ones((2, 3)))
    found = submission.call(linear, np.ones(3), 1, np.ones((2, 3)), None)
    assert (found[0], found[1].tolist(), found[2].shape) == (9.0, [1, 1, 1], (2, 3))
    assert submission.kind(TableDataset([1], [])) == "TableDataset"


# Errors


def test_an_error_is_told_with_its_lines(submission):
    error = error_of(submission.outer, 3)
    assert (error.kind, str(error)) == ("IndexError", "list index out of range")
    lines = SOURCE.split("\n")
    assert [frame[2] for frame in error.frames] == ["outer", "inner"]
    assert {frame[0] for frame in error.frames} == {"/upload/word2vec.py"}
    assert "inner(x)" in lines[error.frames[0][1] - 1]
    assert "[] [x]" in lines[error.frames[1][1] - 1]


def test_an_error_within_a_callback_of_its_own(submission):
    error = error_of(submission.call, submission.inner, 3)
    assert [frame[2] for frame in error.frames] == ["call", "inner"]


def test_deep_recursion_shows_few_lines(submission):
    error = error_of(submission.deep, 0)
    assert error.kind == "RecursionError"
    assert len(error.frames) == 40


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("odd", "Odd", "(its text cannot be shown)"),
        ("long", "Long", "x" * 4000),
        ("exit", "SystemExit", "3"),
        ("interrupt", "KeyboardInterrupt", ""),
        ("key", "KeyError", "'a'"),
        ("many", "Long", "\n----- END \x1b[1m"),
        ("stop", "StopIteration", "1"),
        ("named", "N" * 100, ""),
    ],
)
def test_exceptions_of_all_kinds(submission, name, kind, text):
    error = error_of(submission.fail, name)
    assert (error.kind, str(error)) == (kind, text)
    assert submission.echo(1) == [1]


def test_a_syntax_error_shows_its_line(submission):
    error = error_of(submission.parse, "x = 1\ndef f(:\n")
    assert (error.kind, str(error)) == ("SyntaxError", "invalid syntax")
    assert error.frames[-1] == ("/upload/word2vec.py", 2, "")


def test_what_cannot_be_sent_is_an_error(submission):
    error = error_of(submission.odd_list)
    assert (error.kind, str(error)) == ("ValueError", "no list")
    error = error_of(submission.large)
    assert error.kind == "WireError"
    assert str(error).startswith("the submission gave a message of ")
    assert submission.echo(1) == [1]


def test_output_comes_in_order(box):
    with loaded(box) as submission:
        for text in ("größe \ud800"[:5], "two"):
            submission.output(text)
        assert submission._session.close() == "größe\ngröße\ntwo\ntwo\n"


def test_a_probe_tells_what_is_open(tmp_path):
    readable, folder = tmp_path / "file", tmp_path / "folder"
    readable.write_text("")
    folder.mkdir()
    missing = str(tmp_path / "missing")
    found = Worker().probe([str(readable), missing], [str(folder), missing])
    assert found == {"probe": [str(readable), str(folder)]}
    assert list(folder.iterdir()) == []
