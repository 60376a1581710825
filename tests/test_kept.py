"""Workers where no process can fork: each serves many tests, and is replaced if it must be."""

import os
import random
import time
from pathlib import Path

import numpy as np
import pytest
from boxes import IN_PROC, children, descriptors, is_there, loaded, sandbox

import grader
from sandbox.objects import TableDataset
from sandbox.session import WorkerError
from sandbox.workers import KeptWorkers

SOURCE = """
    import os, random, subprocess, sys, time
    import numpy as np
    state = []

    def echo(*args):
        return list(args)

    def draw():
        return random.random(), np.random.rand()

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

    def sleep(seconds):
        time.sleep(seconds)

    def leave():
        return subprocess.Popen(["sleep", "20"]).pid

    def die(how):
        print("größe", flush=True)
        os._exit(how) if how >= 0 else os.kill(os.getpid(), -how)
        time.sleep(20)

    def show(text):
        print(text)
"""


ENDS = [(3, "exit code 3")]
if os.name == "posix":
    ENDS += [(-11, "killed by SIGSEGV"), (-9, "killed, or out of memory")]


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE, KeptWorkers) as box:
        yield box


def test_calls(box, monkeypatch):
    monkeypatch.setenv("CANARY", "canary")
    with loaded(box) as submission:
        random.seed(1)
        draws = submission.draw()
        random.seed(submission._session.seed)
        assert draws[0] == random.random()
        data = TableDataset([0], [["a", "b"]])
        array, own, given, other = submission.echo(np.ones((2, 3)), submission.draw, data, None)
        assert array.tolist() == np.ones((2, 3)).tolist()
        assert (own, other) == (submission.draw, None)
        assert given is data
        state, files, _ = submission.keep()
        environment, arguments, path, modules, typed, folder = submission.look()
        for name in ("grader", "grading.cases", "sandbox.session", "boxes"):
            assert submission.imports(name) == "ModuleNotFoundError"
        assert submission.imports("scipy.linalg") is None
    assert (state, files, typed, arguments) == ([1], ["file"], "", ["submission"])
    assert environment["HOME"] == folder
    assert "canary" not in str([environment, path, modules]).lower()
    assert str(Path(grader.__file__).parent) not in path
    assert not {"grader", "graderUtil", "sandbox.session"} & set(modules)
    assert os.listdir(box.folder) == []


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="without groups of processes")
def test_one_that_takes_too_long_dies_with_its_group(box):
    began = time.monotonic()
    with loaded(box, 0.3) as submission:
        started = submission.leave()
        with pytest.raises(WorkerError, match=r"took longer than 0\.3 seconds"):
            submission.sleep(20)
    assert time.monotonic() - began < 5
    time.sleep(0.05)
    assert not is_there(started)


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


def test_a_healthy_worker_serves_the_next_test_and_a_second_one_the_solution(box):
    numbers = []
    for _ in range(2):
        with loaded(box) as submission, loaded(box) as other:
            numbers.append({submission.keep()[2], other.keep()[2]})
    assert numbers[0] == numbers[1]
    assert len(numbers[0]) == 2


@IN_PROC
def test_nothing_is_left_of_any():
    before, processes = descriptors(), children(os.getpid())
    with sandbox(SOURCE, KeptWorkers) as box:
        for _ in range(3):
            with loaded(box) as submission, loaded(box) as other:
                assert submission.keep()[:2] == other.keep()[:2] == [[1], ["file"]]
                numbers = submission.keep()[2], other.keep()[2]
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
