"""Faults: the test that meets one fails with a reason, all others are graded, in bounded time.

Here with workers of both kinds and without confinement; see hostile/trouble.py for many more.
"""

import os
import shutil
import sys
import time

import pytest
from boxes import children, descriptors, graded

from sandbox.confine import Confinement
from sandbox.workers import ForkedWorkers, KeptWorkers
from utils.commands import SOURCE

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="limits as Linux has them"
)
TESTS = "2a-1-basic", "2a-2-basic", "3a-0-basic"  # the second is that of sigmoid
TOP = """
import atexit, ctypes, os, signal, stat, struct, sys, threading, time

def say(data):
    opened = [n for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}")]
    os.write(next(n for n in opened if stat.S_ISSOCK(os.fstat(n).st_mode)), data)
"""
FAULTS = {  # code, limit in seconds, and words
    "a segmentation fault": ("ctypes.string_at(0)", 10, "its process was killed by SIGSEGV"),
    "a part of an answer": (
        "say(struct.pack('>II', 60, 0) + b'[' * 20)\n    os._exit(0)",
        10,
        "its process ended with exit code 0",
    ),
    "garbage": ("say(os.urandom(10**5))", 10, "the submission sent "),
    "a loop": (
        "while True: pass",
        0.6,
        "sigmoid took longer than 0.6 seconds, the limit of this test",
    ),
    "a stop": ("os.kill(os.getpid(), signal.SIGSTOP)", 0.6, "sigmoid took longer than 0.6 seconds"),
}
IMPORTS = {
    "an error": ("1 / 0", 10, "division by zero"),
    "a hard exit": ("os._exit(0)", 10, "its process ended with exit code 0"),
    "a loop": ("while True: pass", 0.6, "importing the submission took longer than 0.6 seconds, in word2vec.py"),
    "memory": ("held = bytes(10**10)", 10, "MemoryError"),
    "an answer that nobody asked for": ("say(struct.pack('>II', 2, 0) + b'[]')", 10, "the submission sent something that is not an answer"),
}  # fmt: skip


@pytest.fixture
def grade(tmp_path, capsys):
    """Grade the reference with other code in it; all must be over soon, and nothing be left."""

    def grade(sigmoid="", top="", seconds=10, workers=ForkedWorkers):
        folder, began = tmp_path / "submission", time.monotonic()
        shutil.copytree(SOURCE / "submission", folder)
        with (folder / "word2vec.py").open("a") as file:
            file.write(TOP + top)
            file.write(f"\ndef sigmoid(x):\n    {sigmoid}\n" if sigmoid else "")
        how = {"confine": Confinement, "seconds": seconds, "workers": workers}
        told = graded(folder, TESTS, results=tmp_path / "results.json", capsys=capsys, **how)
        assert time.monotonic() - began < 12
        return told.failures

    before, processes = descriptors(), children(os.getpid())
    yield grade
    assert descriptors() == before
    assert children(os.getpid()) == processes


@pytest.mark.parametrize("workers", [ForkedWorkers, KeptWorkers])
@pytest.mark.parametrize("name", FAULTS)
def test_a_call_that_crashes_or_hangs(grade, name, workers):
    code, seconds, words = FAULTS[name]
    failures = grade(code, seconds=seconds, workers=workers)
    assert list(failures) == ["2a-2-basic"]
    assert words in failures["2a-2-basic"]
    assert "GraderError" not in failures["2a-2-basic"]


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
    assert grade(top=top, workers=workers) == {}


@pytest.mark.parametrize("name", IMPORTS)
def test_an_import_that_fails(grade, name):
    top, seconds, words = IMPORTS[name]
    failures = grade(top=top, seconds=seconds)
    assert all(words in failures[test] for test in TESTS[:2])


def test_a_worker_that_kills_what_is_above_it(grade):
    code = "os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)"
    assert list(grade(code, seconds=0.7)) == ["2a-2-basic"]
