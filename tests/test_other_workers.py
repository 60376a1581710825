"""Workers that are not forked: kept ones, which serve many tests, and ``--debug``'s, a thread."""

import math
import os
import random
import sys
import time

import numpy as np
import pytest
from boxes import IN_PROC, children, descriptors, is_there, loaded, sandbox

import grader
from graderUtil import GradedTestCase, run_tests
from grading.course import Course
from sandbox.confine import Confinement
from sandbox.objects import TableDataset
from sandbox.session import MissingError, WorkerError
from sandbox.workers import KeptWorkers, ThreadWorkers
from utils.commands import SOURCE

CODE = """
    import os, random, subprocess, sys, time
    state = []

    def echo(*args):
        return list(args)

    def change(x):
        x += 1
        return x

    def fail():
        return [] [1]

    def leave():
        raise SystemExit(3)

    def draw():
        return random.random()

    def keep():
        open("file", "w").close()
        state.append(1)
        return [state, os.listdir("."), os.getpid()]

    def look():
        return [dict(os.environ), sys.argv, sys.path, sorted(sys.modules), sys.stdin.read(), os.getcwd()]

    def imports(name):
        try:
            __import__(name)
        except ImportError as error:
            return type(error).__name__

    def hang():
        time.sleep(20)

    def start():
        return subprocess.Popen(["sleep", "20"]).pid

    def die(how):
        print("größe", flush=True)
        os._exit(how) if how >= 0 else os.kill(os.getpid(), -how)
        time.sleep(20)

    def show(text):
        print(text)
"""


def check_calls(submission):
    """Check what comes and goes."""
    data, x = TableDataset([0], [["a", "b"]]), np.zeros(2)
    zeros, found, function, nothing = submission.echo(x, data, submission.echo, None)
    assert zeros.tolist() == [0, 0]
    assert (found, function, nothing) == (data, submission.echo, None)
    assert submission.change(x).tolist() == [1, 1]
    assert x.tolist() == [0, 0]  # what it was given is a copy
    assert submission._session.changed == [0]
    random.seed(1)
    number = submission.draw()
    random.seed(submission._session.seed)
    assert number == random.random()
    with pytest.raises(MissingError):
        submission.skipgram()
    with pytest.raises(WorkerError) as info:
        submission.fail()
    place = ("/upload/word2vec.py", 13, "fail")
    assert (info.value.kind, info.value.frames) == ("IndexError", (place,))
    with pytest.raises(WorkerError) as info:
        submission.leave()
    assert (info.value.kind, str(info.value)) == ("SystemExit", "3")


# Kept workers, where no process can fork


@pytest.fixture(scope="module")
def box():
    with sandbox(CODE, KeptWorkers) as box:
        yield box


def test_calls_and_what_there_is_to_see(box, monkeypatch):
    monkeypatch.setenv("CANARY", "canary")
    with loaded(box) as submission:
        check_calls(submission)
        state, files, _ = submission.keep()
        environment, arguments, path, modules, typed, folder = submission.look()
        for name in ("grader", "grading.cases", "sandbox.session", "boxes"):
            assert submission.imports(name) == "ModuleNotFoundError"
        assert submission.imports("scipy.linalg") is None
    assert (state, files, typed, arguments) == ([1], ["file"], "", ["submission"])
    assert environment["HOME"] == folder
    assert "canary" not in str([environment, path, modules]).lower()
    assert str(SOURCE) not in path
    assert not {"grader", "graderUtil", "sandbox.session"} & set(modules)
    assert os.listdir(box.folder) == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="without groups of processes")
def test_one_that_takes_too_long_dies_with_its_group(box):
    began = time.monotonic()
    with loaded(box, 0.3) as submission:
        started = submission.start()
        with pytest.raises(WorkerError, match=r"took longer than 0\.3 seconds"):
            submission.hang()
    assert time.monotonic() - began < 5
    time.sleep(0.05)
    assert not is_there(started)


ENDS = [(3, "exit code 3")]
if os.name == "posix":
    ENDS += [(-11, "killed by SIGSEGV"), (-9, "killed, or out of memory")]


@pytest.mark.parametrize(("how", "words"), ENDS)
def test_a_worker_that_ends_is_replaced(box, how, words):
    with loaded(box) as submission:
        first = submission.keep()[2]
        with pytest.raises(WorkerError, match=words):
            submission.die(how)
        assert submission._session.close() == "größe\n"
    with loaded(box) as submission:
        assert submission.keep()[2] != first
    assert not is_there(first)


@IN_PROC
def test_a_healthy_worker_serves_the_next_test_and_nothing_is_left_of_any():
    before, processes, numbers = descriptors(), children(os.getpid()), set()
    with sandbox(CODE, KeptWorkers) as box:
        for _ in range(3):
            with loaded(box) as submission, loaded(box) as solution:
                assert submission.keep()[:2] == solution.keep()[:2] == [[1], ["file"]]
                numbers |= {submission.keep()[2], solution.keep()[2]}
    assert len(numbers) == 2
    assert not any(map(is_there, numbers))
    assert children(os.getpid()) == processes
    assert descriptors() == before


def test_what_is_printed_is_that_of_its_test(box):
    for text in ("one", "größe", "x" * 20_000, "", "one\r\ntwo\r"):  # as on Windows
        with loaded(box) as submission:
            submission.show(text)
            printed, text = submission._session.close(), text.replace("\r", "")
        assert printed.rstrip("\n")[:4] == text[:4]
        assert printed.rstrip("\n")[-4:] == text[-4:]


# In the grader's own process, for a debugger; test_grader_ways has the rest


@pytest.fixture
def own_process():
    """Let the submission of this repository, which other tests import, be out of the way."""
    ours = {name: sys.modules[name] for name in [*sys.modules] if name.startswith("submission")}
    for name in ours:
        del sys.modules[name]
    yield
    assert not [name for name in sys.modules if name.startswith("submission")]
    sys.modules.update(ours)


@pytest.mark.usefixtures("own_process")
def test_every_session_in_the_own_process_is_fresh():
    finders = list(sys.meta_path)
    with sandbox(CODE, ThreadWorkers) as box:
        for _ in range(2):
            with loaded(box, math.inf) as submission:
                check_calls(submission)
                assert sys.modules["submission.word2vec"].state == []
                sys.modules["submission.word2vec"].state.append(1)
            assert sys.meta_path == finders
            assert "submission.word2vec" not in sys.modules
    raises = pytest.raises(WorkerError)
    with sandbox("1 / 0", ThreadWorkers) as box, raises as info, loaded(box):
        pass
    place = ("/upload/word2vec.py", 1, "<module>")
    assert (info.value.kind, info.value.frames) == ("ZeroDivisionError", (place,))


@pytest.mark.usefixtures("own_process")
def test_all_graded_tests_run_in_the_own_process(monkeypatch):
    course = Course().open(SOURCE, Confinement(), math.inf, ThreadWorkers)
    monkeypatch.setattr(GradedTestCase, "course", course)
    tests = [test for test in grader.all_tests().values() if test.module]
    report = run_tests(tests)
    assert [outcome.failure for outcome in report.outcomes] == [None] * len(tests)
