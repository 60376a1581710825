"""A submission in the grader's own process, as ``--debug`` runs it."""

import math
import random
import subprocess
import sys

import numpy as np
import pytest
from boxes import loaded, sandbox
from test_grader import GRADER, copy_of_reference

import grader
from graderUtil import CourseTestRunner, GradedTestCase
from grading.course import open_course
from sandbox.confine import Confinement
from sandbox.objects import TableDataset
from sandbox.session import MissingError, WorkerError
from sandbox.workers import ThreadWorkers
from utils.commands import SOURCE

CODE = """
    import random
    import numpy as np
    state = []

    def echo(*args, **kwargs):
        state.append(1)
        return [args, kwargs]

    def draw():
        return random.random(), np.random.rand()

    def change(x):
        x += 1
        return x

    def call(f, *args):
        return f(*args)

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


@pytest.fixture
def submission():
    with sandbox(CODE, ThreadWorkers) as box, loaded(box, math.inf) as submission:
        yield submission


def test_values_functions_and_changes(submission):
    data, x = TableDataset([0], []), np.zeros(2)
    found, _ = submission.echo(x, data, submission.echo, a=1)
    assert found[0].tolist() == [0, 0]
    assert found[1] is data
    assert submission.call(submission.echo, 1) == [[1], {}]
    assert submission.change(x).tolist() == [1, 1]
    assert x.tolist() == [0, 0]  # what it was given is a copy
    assert submission._session.changed == [0]


def test_random_numbers_are_those_of_the_seed(submission):
    random.seed(1)
    first = submission.draw()
    after = random.random()
    random.seed(1)
    assert submission.draw() == first
    random.seed(1)
    random.getrandbits(32)  # the seed
    assert random.random() == after
    random.seed(submission._session.seed)
    assert first[0] == random.random()
    assert submission._session.next_random == random.getrandbits(32)


def test_errors(submission):
    with pytest.raises(MissingError):
        submission.skipgram()
    with pytest.raises(WorkerError) as info:
        submission.fail()
    place = ("/upload/word2vec.py", 21, "fail")
    assert (info.value.kind, info.value.frames) == ("IndexError", (place,))
    with pytest.raises(WorkerError) as info:
        submission.leave()
    assert (info.value.kind, str(info.value)) == ("SystemExit", "3")


def test_an_import_that_fails():
    raises = pytest.raises(WorkerError)
    with sandbox("1 / 0", ThreadWorkers) as box, raises as info, loaded(box):
        pass
    place = ("/upload/word2vec.py", 1, "<module>")
    assert (info.value.kind, info.value.frames) == ("ZeroDivisionError", (place,))


def test_every_session_is_fresh():
    finders = list(sys.meta_path)
    with sandbox(CODE, ThreadWorkers) as box:
        for _ in range(2):
            with loaded(box) as submission:
                submission.echo()
                assert sys.modules["submission.word2vec"].state == [1]
            assert sys.meta_path == finders
            assert "submission.word2vec" not in sys.modules


def test_all_graded_tests_run_like_this(monkeypatch):
    course = open_course(SOURCE, None, Confinement(), math.inf, ThreadWorkers)
    monkeypatch.setattr(GradedTestCase, "course", course)
    tests = [test for test in grader.all_tests().values() if test.module]
    report = CourseTestRunner(lambda text: None).run(tests)
    assert [outcome.failure for outcome in report.outcomes] == [None] * len(tests)


def test_a_breakpoint_on_the_command_line(tmp_path):
    file = copy_of_reference(tmp_path) / "submission" / "word2vec.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("def sigmoid(x):\n", "def sigmoid(x):\n    breakpoint()\n"))
    command = [sys.executable, GRADER, "--debug", "2a-2", "--submission", tmp_path]
    done = subprocess.run(command, input="p x.shape\nc\n", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "(Pdb) (5,)" in done.stdout
