"""A submission in the grader's own process, as ``--debug`` runs it; test_grader_ways has the rest."""

import math
import sys

import numpy as np
import pytest
from boxes import loaded, sandbox

import grader
from graderUtil import GradedTestCase, run_tests
from grading.course import Course
from sandbox.confine import Confinement
from sandbox.objects import TableDataset
from sandbox.session import MissingError, WorkerError
from sandbox.workers import ThreadWorkers
from utils.commands import SOURCE

CODE = """
    state = []

    def echo(*args):
        state.append(1)
        return args

    def change(x):
        x += 1
        return x

    def fail():
        return [] [1]

    def leave():
        raise SystemExit(3)
"""


@pytest.fixture(autouse=True)
def own_modules():
    """Let the submission of this repository, which other tests import, be out of the way."""
    ours = {name: sys.modules[name] for name in [*sys.modules] if name.startswith("submission")}
    for name in ours:
        del sys.modules[name]
    yield
    assert not [name for name in sys.modules if name.startswith("submission")]
    sys.modules.update(ours)


def test_values_changes_and_errors_and_every_session_is_fresh():
    finders, data, x = list(sys.meta_path), TableDataset([0], []), np.zeros(2)
    with sandbox(CODE, ThreadWorkers) as box:
        for _ in range(2):
            with loaded(box, math.inf) as submission:
                zeros, found, function = submission.echo(x, data, submission.echo)
                assert zeros.tolist() == [0, 0]
                assert (found, function) == (data, submission.echo)
                assert submission.change(x).tolist() == [1, 1]
                assert x.tolist() == [0, 0]  # what it was given is a copy
                assert submission._session.changed == [0]
                with pytest.raises(MissingError):
                    submission.skipgram()
                with pytest.raises(WorkerError) as info:
                    submission.fail()
                place = ("/upload/word2vec.py", 13, "fail")
                assert (info.value.kind, info.value.frames) == ("IndexError", (place,))
                with pytest.raises(WorkerError) as info:
                    submission.leave()
                assert (info.value.kind, str(info.value)) == ("SystemExit", "3")
                assert sys.modules["submission.word2vec"].state == [1]
            assert sys.meta_path == finders
            assert "submission.word2vec" not in sys.modules


def test_an_import_that_fails():
    raises = pytest.raises(WorkerError)
    with sandbox("1 / 0", ThreadWorkers) as box, raises as info, loaded(box):
        pass
    place = ("/upload/word2vec.py", 1, "<module>")
    assert (info.value.kind, info.value.frames) == ("ZeroDivisionError", (place,))


def test_all_graded_tests_run_like_this(monkeypatch):
    course = Course().open(SOURCE, Confinement(), math.inf, ThreadWorkers)
    monkeypatch.setattr(GradedTestCase, "course", course)
    tests = [test for test in grader.all_tests().values() if test.module]
    report = run_tests(tests)
    assert [outcome.failure for outcome in report.outcomes] == [None] * len(tests)
