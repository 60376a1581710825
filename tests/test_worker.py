"""The worker: calls, seeds, what was changed, errors as they are told."""

import copy
import random

import numpy as np
import pytest
from boxes import loaded, sandbox

from sandbox.objects import LinearLoss, Postprocessing, Quadratic, TableDataset
from sandbox.session import MissingError, WorkerError

SOURCE = """
import functools, random, sys, time
from concurrent.futures import ThreadPoolExecutor
import numpy as np
def run(code, x=None):
    return eval(code, globals() | {"x": x})

def echo(*args, **kwargs):
    return [*args, kwargs] if kwargs else list(args)

def call(f, *args, **kwargs):
    return f(*args, **kwargs)

def throw(error): raise error
def inner(x): return [] [x]
def deep(n): return deep(n + 1)
def nested(n): return functools.reduce(lambda inner, _: [inner], range(n), [])
Odd = type("Odd", (Exception,), {"__str__": None})
Named = type("N" * 1000, (BaseException,), {})
Own = type("Own", (dict,), {"items": lambda self: 1 / 0})
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
    with pytest.raises(WorkerError) as info:
        function(*args)
    return info.value


def test_arguments_and_results(submission):
    array = np.arange(4.0).reshape(2, 2)
    number, text, found, others = submission.echo(1, "é", array, a=[1.5, None], b=(True,))
    assert [number, text, found.tolist()] == [1, "é", array.tolist()]
    assert others == {"a": [1.5, None], "b": [True]}
    values = [1.0, 1, np.ones(1), None, {}, b"", TableDataset([1], [])]
    kinds = submission.run("[type(value).__name__ for value in x]", values)
    assert kinds == ["float", "int", "ndarray", "NoneType", "dict", "bytes", "TableDataset"]


def test_a_call_has_a_seed(submission):
    draw = "[random.random(), np.random.rand()]"
    random.seed(7)
    found = submission.run(draw)
    random.seed(submission._session.seed)
    np.random.seed(submission._session.seed)
    assert found == [random.random(), np.random.rand()]
    assert submission._session.next_random == random.getrandbits(32)
    random.seed(7)
    assert submission.run(draw) == found != submission.run(draw)


@pytest.mark.parametrize(
    ("code", "value", "is_changed"),
    [
        ("x", [np.ones(2)], False), ("x", {"a": np.ones(2)}, False), ("x.fill(np.nan)", np.array([np.nan]), False),
        ("x.fill(np.nan)", np.ones(2), True), ("setattr(x, 'shape', (1, 2))", np.ones(2), True),
        ("x.append(1)", [np.ones(1)], True), ("x.insert(0, x.pop())", [np.ones(2), np.ones(2)], True),
        ("x.update(a=np.ones(2))", {"a": np.zeros(2)}, True), ("x.clear()", {"a": 1}, True),
    ],
)  # fmt: skip
def test_changed_arguments_are_named(submission, code, value, is_changed):
    submission.run(code, value)
    assert submission._session.changed == [1] * is_changed
    submission.run(code, x=value)
    assert submission._session.changed == ["x"] * is_changed


def test_functions_of_its_own(submission):
    code = "[x[0] is echo, x[1] is echo, x[0] in {echo}, x[0].__name__]"
    assert submission.run(code, [submission.echo] * 2) == [True, True, True, "echo"]
    assert submission.call(submission.echo, 1, a=2) == [1, {"a": 2}]
    assert submission.sigmoid(0) == copy.copy(submission).sigmoid(0) == 1
    assert submission.echo == submission.echo != submission.run
    for name in ("__len__", "__array__", "_private"):
        assert not hasattr(submission, name)


@pytest.mark.parametrize("name", ["skipgram", "number", "np"])
def test_there_is_no_such_function(submission, name):
    missing = getattr(submission, name)  # whether there is one shows when it is called
    with pytest.raises(MissingError, match=f"has no function {name}"):
        missing()
    error = error_of(submission.call, missing, 1)
    assert (error.kind, str(error)) == ("AttributeError", f"the submission has no function {name}")


def test_what_is_handed_over_comes_back_as_itself_but_no_function_of_the_test_is(submission):
    for thing in TableDataset([0], [["a", "b"]]), submission.echo, submission.run:
        assert submission.echo(thing)[0] is thing
    with pytest.raises(TypeError, match="a function cannot be handed to a submission"):
        submission.echo(error_of)


def test_neutral_objects_are_built_there_and_tell_their_calls(submission):
    f, x = Quadratic(np.array([1.0, 2.0]), np.array([0.5, 0.5])), np.array([3.0, 4.0])
    loss, grad = submission.run("[x[0](x[1]), x[0](x[1])][1]", [f, x])
    assert np.array(f.record).tolist() == [[3, 4], [3, 4]]
    assert (loss, grad.tolist()) == (f(x)[0], f(x)[1].tolist())
    assert submission.call(Postprocessing(2.0, absolute=True), -1.0) == 2
    assert f.record == []  # of the last call
    data = TableDataset([1], [])
    linear = LinearLoss(np.ones(2), np.ones(3), np.ones((2, 3)), data)
    found = submission.call(linear, np.ones(3), 1, np.ones((2, 3)), data)
    assert (found[0], found[1].tolist(), found[2].shape) == (9.0, [1, 1, 1], (2, 3))
    assert linear.record == [1]
    error = error_of(submission.call, linear, np.ones(3), 1, np.ones((2, 3)), TableDataset([1], []))
    assert (error.kind, "must be given the dataset" in str(error)) == ("TypeError", True)


def test_errors_are_told_with_their_lines(submission):
    error = error_of(submission.call, submission.inner, 3)
    assert (error.kind, str(error)) == ("IndexError", "list index out of range")
    assert {file for file, _, _ in error.frames} == {"/upload/word2vec.py"}
    assert [name for _, _, name in error.frames] == ["call", "inner"]
    assert SOURCE.split("\n")[error.frames[1][1] - 1] == "def inner(x): return [] [x]"
    error = error_of(submission.run, "compile('x = 1\\ndef f(:\\n', __file__, 'exec')")
    assert (error.kind, str(error)) == ("SyntaxError", "invalid syntax")
    assert error.frames[-1] == ("/upload/word2vec.py", 2, "")
    assert 900 < len(error_of(submission.deep, 0).frames) <= 1000


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        ("throw(Odd())", "Odd", "(its text cannot be shown)"), ("throw(KeyError('a'))", "KeyError", "'a'"),
        ("throw(OSError('x' * 10**6))", "OSError", "x" * 4000), ("throw(OSError('\\n----- END \x1b[1m'))", "OSError", "\n----- END \x1b[1m"),
        ("throw(SystemExit(3))", "SystemExit", "3"), ("throw(KeyboardInterrupt())", "KeyboardInterrupt", ""),
        ("throw(StopIteration(1))", "StopIteration", "1"), ("throw(Named())", "N" * 100, ""),
        ("Own(a=1)", "ZeroDivisionError", "division by zero"), ("['x' * 2**20]", "WireError", "the submission gave a message of 1,04"),
        ("{(1, 2): 3}", "WireError", "the submission gave keys must be "), ("10**5000", "WireError", "the submission gave "),
        ("[x := [], x.append(x)]", "WireError", "the submission gave Circular"), ("nested(10**4)", "WireError", "the submission gave maximum recursion"),
        ("[np.ones(2**21)] * 2", "WireError", "the submission gave a message of 33,5"), ("bytes(2**24 + 1)", "WireError", "the submission gave a message of 16,7"),
    ],
)  # fmt: skip
def test_errors_and_what_cannot_be_sent(submission, code, kind, text):
    error = error_of(submission.run, code)
    found = str(error)[: len(text)] if kind == "WireError" else str(error)
    assert (error.kind, found) == (kind, text)
    assert submission.echo(1) == [1]


def test_output_comes_in_order(submission):
    for text in ("größe", "two"):
        submission.run("[print(x, file=sys.stderr), print(x), print(x, end='.')]", text)
    assert submission._session.close() == "größe\ngröße\ngröße.two\ntwo\ntwo."


def test_a_probe_tells_what_is_open(box, tmp_path):
    file, folder, missing = (str(tmp_path / name) for name in ("file", "folder", "missing"))
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with box.session(5) as session:
        assert session.probe([file, missing], [folder, missing]) == [file, folder]
    assert list((tmp_path / "folder").iterdir()) == []
    code = "import os, resource\nresource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))"
    for paths in ([file], []), ([], [folder]):  # on a busy machine it tells nothing
        with box.session(5) as session:
            session.load({"word2vec.py": ("", code.encode(), "")}, "word2vec")
            with pytest.raises(WorkerError, match="Too many open files"):
                session.probe(*paths)
