"""A submission in the grader's own process, as ``--debug`` runs it."""

import math
import random
import subprocess
import sys

import numpy as np
import pytest
from boxes import loaded, sandbox

import grader
import program
from graderUtil import CourseTestRunner, GradedTestCase
from grading.course import open_course
from sandbox.confine import Confinement
from sandbox.objects import TableDataset
from sandbox.session import MissingError, SubmissionError
from sandbox.workers import ThreadWorkers

SOURCE = """
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
    with sandbox(SOURCE, ThreadWorkers) as box, loaded(box, math.inf) as submission:
        yield submission


def test_values_and_functions(submission):
    data, thing = TableDataset([0], []), np.ones(2)
    found, _ = submission.echo(thing, data, submission.echo, a=1)
    assert found[0].tolist() == [1, 1]
    assert found[0] is not thing
    assert found[1] is data
    assert submission.call(submission.echo, 1) == [[1], {}]


def test_functions_that_it_lacks(submission):
    with pytest.raises(MissingError):
        submission.skipgram()
    with pytest.raises(SubmissionError, match="the submission has no function skipgram"):
        submission.call(submission.skipgram)


def test_arguments_are_copies_and_changes_are_seen(submission):
    x = np.zeros(2)
    assert submission.change(x).tolist() == [1, 1]
    assert x.tolist() == [0, 0]
    assert submission._session.changed == [0]
    words = ["a"]
    submission.echo(words)
    assert submission._session.changed == []


def test_random_numbers_are_those_of_the_seed(submission):
    random.seed(1)
    state = random.getstate()
    first = submission.draw()
    after = random.random()
    random.setstate(state)
    assert submission.draw() == first
    random.setstate(state)
    random.getrandbits(32)  # the seed
    assert random.random() == after
    random.seed(submission._session.seed)
    assert first[0] == random.random()
    assert submission._session.next_random == random.getrandbits(32)


def test_errors(submission):
    with pytest.raises(SubmissionError) as info:
        submission.fail()
    assert (info.value.kind, info.value.frames) == (
        "IndexError",
        (("/upload/word2vec.py", 21, "fail"),),
    )
    with pytest.raises(SubmissionError) as info:
        submission.leave()
    assert (info.value.kind, str(info.value)) == ("SystemExit", "3")


def test_an_import_that_fails():
    with (
        sandbox("1 / 0", ThreadWorkers) as box,
        pytest.raises(SubmissionError) as info,
        loaded(box),
    ):
        pass
    assert (info.value.kind, info.value.frames) == (
        "ZeroDivisionError",
        (("/upload/word2vec.py", 1, "<module>"),),
    )


def test_every_session_is_fresh():
    finders = list(sys.meta_path)
    with sandbox(SOURCE, ThreadWorkers) as box:
        for _ in range(2):
            with loaded(box) as submission:
                submission.echo()
                assert sys.modules["submission.word2vec"].state == [1]
                assert submission._session.close() == submission._session.close() == ""
            assert sys.meta_path == finders
            assert "submission.word2vec" not in sys.modules


def test_all_graded_tests_run_like_this(monkeypatch):
    course = open_course(program.SOURCE, None, Confinement(), math.inf, ThreadWorkers)
    monkeypatch.setattr(GradedTestCase, "course", course)
    tests = [test for test in grader.all_tests().values() if test.module]
    lines = []
    report = CourseTestRunner(lines.append).run(tests)
    assert not report.failures, "\n".join(lines)
    assert len(report.outcomes) == len(tests)


def test_the_command_line(tmp_path):
    (tmp_path / "submission").mkdir()
    for name in ("word2vec.py", "sgd.py"):
        text = (program.SOURCE / "submission" / name).read_text(encoding="utf-8")
        (tmp_path / "submission" / name).write_text(
            text.replace("def sigmoid(x):\n", "def sigmoid(x):\n    breakpoint()\n")
        )
    done = subprocess.run(
        [sys.executable, program.SOURCE / "grader.py", "--debug", "2a-2-basic", "--submission", tmp_path / "submission"],
        input="p x.shape\nc\n", capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "(Pdb) (5,)" in done.stdout
