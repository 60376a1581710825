"""Faults: the test that meets one fails with a reason, all others are graded, in bounded time."""

import os
import shutil
import sys
import time

import pytest
from boxes import children, descriptors

import grader
from graderUtil import CourseTestRunner, GradedTestCase
from grading.course import open_course
from grading.outcomes import Status
from sandbox.confine import Confinement
from sandbox.workers import ForkedWorkers, KeptWorkers
from utils.commands import SOURCE

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits as Linux has them"
)
TESTS = "2a-1-basic", "2a-2-basic", "3a-0-basic"  # the second is that of sigmoid
TOP = """
import atexit, ctypes, os, signal, stat, struct, sys, threading, time

def wire():
    return next(n for n in range(3, 64) if is_socket(n))

def is_socket(number):
    try:
        return stat.S_ISSOCK(os.fstat(number).st_mode)
    except OSError:
        return False

def say(data):
    while data:
        data = data[os.write(wire(), data):]
"""
FRAME = "struct.pack('>II', 60, 0) + b'[' * 20"

GONE = "the submission did not answer: its process is gone: killed, or out of memory or time"
CRASHES = {
    "kills itself": ("os.kill(os.getpid(), signal.SIGKILL)", GONE),
    "a segmentation fault": ("ctypes.string_at(0)", "its process was killed by SIGSEGV"),
    "an abort": ("os.abort()", "its process was killed by SIGABRT"),
    "a signal without a name": ("os.kill(os.getpid(), 40)", "its process was killed by signal 40"),
    "exit": ("os._exit(0)", "the submission did not answer: its process ended with exit code 0"),
    "an exception that is an exit": ("sys.exit(4)", "4"),
    "one large array": ("np.ones(10**9)", "Unable to allocate"),
    "memory in small pieces": (
        "held = []\n    while True: held.append(bytearray(10**6))",
        "the submission used more than 640 MB of memory in all",
    ),
    "recursion": ("return sigmoid(x)", "maximum recursion depth exceeded"),
    "recursion beyond the stack": (
        "sys.setrecursionlimit(10**9)\n    deep = lambda n: sorted([n], key=deep)\n    deep(1)",
        "killed by SIGSEGV | maximum recursion depth exceeded",  # as the version of Python has it
    ),
    "garbage": ("say(os.urandom(10**5))", "the submission sent "),
    "a part of an answer": (f"say({FRAME})\n    os._exit(0)", "its process ended with exit code 0"),
    "an answer of 4 GB": (
        "say(b'\\xff' * 8)\n    time.sleep(60)",
        "a message of 8,589,934,590 bytes, which is too large",
    ),
    "a closed wire": ("os.close(wire())\n    time.sleep(60)", GONE),
    "all is closed": ("os.closerange(0, 64)\n    time.sleep(60)", GONE),
}
HANGS = {
    "a loop": "while True: pass",
    "a sleep": "time.sleep(60)",
    "a long call of C": "7 ** 10**8",
    "a stop": "os.kill(os.getpid(), signal.SIGSTOP)",
    "a part of an answer, then silence": f"say({FRAME})\n    time.sleep(60)",
    "prints without end": "while True: print('x' * 1000)",
    "a child that holds all open": "os.fork() or time.sleep(60)\n    os._exit(0)",
}  # fmt: skip
SPAWNED = ("a segmentation fault", "a part of an answer", "garbage")


def quick(table, *names):
    """Give the rows of a table, all but those named as slow."""
    return [pytest.param(row, marks=() if row in names else pytest.mark.slow) for row in table]


class Kept:
    """Workers that more than one sandbox has, from one nursery."""

    def __init__(self):
        self.workers = ForkedWorkers()
        self.start, self.end = self.workers.start, self.workers.end

    def close(self):
        """Keep it."""


@pytest.fixture(scope="module")
def kept():
    kept = Kept()
    yield kept
    kept.workers.close()
    assert children(os.getpid()) == set()


@pytest.fixture
def grade(tmp_path, monkeypatch, kept):
    """Grade the reference with other code in it; give outcomes by test."""

    def grade(sigmoid="", top="", seconds=10, workers=lambda preload: kept, tests=TESTS):
        folder = tmp_path / "submission"
        shutil.copytree(SOURCE / "submission", folder)
        with (folder / "word2vec.py").open("a") as file:
            file.write(TOP + top)
            file.write(f"\ndef sigmoid(x):\n    {sigmoid}\n" if sigmoid else "")
        monkeypatch.setattr(GradedTestCase, "course", None)
        GradedTestCase.course = course = open_course(folder, None, Confinement(), seconds, workers)
        try:
            chosen = [test for name, test in grader.all_tests().items() if name in tests]
            report = CourseTestRunner(lambda text: None).run(chosen)
        finally:
            course.close()
        return {outcome.test.id: outcome for outcome in report.outcomes}

    before = descriptors()
    yield grade
    assert descriptors() == before
    assert children(os.getpid()) == {kept.workers.nursery.pid}
    assert children(kept.workers.nursery.pid) == set()


def check(outcomes, words):
    assert tuple(outcomes) == TESTS
    assert [outcome.status for outcome in outcomes.values()] == [
        Status.PASSED,
        Status.FAILED,
        Status.PASSED,
    ]
    failure = outcomes["2a-2-basic"].failure
    assert failure.kind != "GraderError"
    assert any(each in f"{failure.kind}: {failure.message}" for each in words.split(" | "))


@pytest.mark.parametrize("name", quick(CRASHES, *CRASHES.keys() - {"memory in small pieces"}))
def test_a_call_that_crashes(grade, name):
    code, words = CRASHES[name]
    began = time.monotonic()
    check(grade(code), words)
    assert time.monotonic() - began < 8


@pytest.mark.parametrize(
    "name", quick(HANGS, "a long call of C", "a stop", "a child that holds all open")
)
def test_a_call_that_hangs(grade, name):
    began = time.monotonic()
    outcomes = grade(HANGS[name], seconds=0.5)
    check(outcomes, "sigmoid took longer than 0.5 seconds, the limit of this test")
    assert 0.4 < outcomes["2a-2-basic"].seconds < 3
    assert time.monotonic() - began < 6


@pytest.mark.parametrize("name", SPAWNED)
def test_a_spawned_worker_that_crashes(grade, name):
    code, words = CRASHES[name]
    check(grade(code, workers=KeptWorkers), words)


@pytest.mark.parametrize("name", quick(["a loop", "a stop"], "a stop"))
def test_a_spawned_worker_that_hangs(grade, name):
    check(grade(HANGS[name], seconds=1, workers=KeptWorkers), "took longer")


@pytest.mark.parametrize("workers", [ForkedWorkers, KeptWorkers])
def test_hanging_at_exit_costs_nothing(grade, workers):
    top = """
class Last:
    def __del__(self):
        time.sleep(60)

last = Last()
atexit.register(time.sleep, 60)
threading.Thread(target=time.sleep, args=[60]).start()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""
    began = time.monotonic()
    outcomes = grade(top=top, workers=workers)
    assert [outcome.status for outcome in outcomes.values()] == [Status.PASSED] * 3
    assert time.monotonic() - began < 8


IMPORTS = {
    "an error": ("1 / 0", 10, "division by zero"),
    "an exit": ("sys.exit(0)", 10, "SystemExit: 0"),
    "a hard exit": ("os._exit(0)", 10, "its process ended with exit code 0"),
    "a segmentation fault": ("ctypes.string_at(0)", 10, "killed by SIGSEGV"),
    "a loop": ("while True: pass", 0.6, "importing the submission took longer than 0.6 seconds, in word2vec.py"),
    "memory": ("held = bytes(10**10)", 10, "MemoryError"),
    "an answer that nobody asked for": ("say(struct.pack('>II', 2, 0) + b'[]')", 10, "the submission sent something that is not an answer"),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_that_fails(grade, name):
    top, seconds, words = IMPORTS[name]
    began = time.monotonic()
    outcomes = grade(top=top, seconds=seconds, tests=(*TESTS, "2c-0-basic"))
    for test in TESTS[:2]:
        failure = outcomes[test].failure
        assert words in f"{failure.kind}: {failure.message}"
    if name in ("an error", "an exit", "memory"):
        assert outcomes["3a-0-basic"].status is Status.PASSED
    assert (
        "sample_vectors" in outcomes["2c-0-basic"].failure.message
        or outcomes["2c-0-basic"].status is Status.PASSED
    )
    assert time.monotonic() - began < 6


def test_a_worker_that_kills_what_is_above_it(grade):
    outcomes = grade("os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)", seconds=0.7)
    check(outcomes, "")
