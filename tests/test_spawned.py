"""Workers where no process can fork: the same calls, fresh state, time, and no more."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from boxes import children, descriptors, is_there, loaded, sandbox

from sandbox import spawned
from sandbox.objects import TableDataset
from sandbox.proxy import LIMITS
from sandbox.session import SubmissionError
from sandbox.spawned import SpawnedWorkers

SOURCE = """
    import os, random, subprocess, sys, time
    import numpy as np
    state = []

    def call(f, *args):
        return f(*args)

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

    def fill(size):
        return len(bytes(size))
"""


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE, SpawnedWorkers) as box:
        yield box


def test_calls(box, monkeypatch):
    monkeypatch.setenv("CANARY", "canary")
    with loaded(box) as submission:
        random.seed(1)
        draws = submission.draw()
        random.seed(submission._session.seed)
        assert draws[0] == random.random()
        data = TableDataset([0], [["a", "b"]])
        array, own, given, other = submission.call(
            lambda *args: list(args), np.ones((2, 3)), submission.draw, data, None
        )
        assert array.tolist() == np.ones((2, 3)).tolist()
        assert (own, other) == (submission.draw, None)
        assert given is data
        state, files, first = submission.keep()
        environment, arguments, path, modules, typed, folder = submission.look()
        for name in ("grader", "grading.cases", "sandbox.proxy", "boxes"):
            assert submission.imports(name) == "ModuleNotFoundError"
        assert submission.imports("scipy.linalg") is None
    assert (state, files, typed, arguments) == ([1], ["file"], "", ["submission"])
    assert environment["HOME"] == folder
    assert "canary" not in str([environment, path, modules]).lower()
    assert str(Path(spawned.__file__).parents[1]) not in path
    assert not {"grader", "graderUtil", "sandbox.session"} & set(modules)
    with loaded(box) as submission:
        state, files, second = submission.keep()
        assert (state, files) == ([1], ["file"])
        assert first != second
    assert os.listdir(box.folder) == []


def test_time_is_limited(box):
    began = time.monotonic()
    with (
        loaded(box, 0.3) as submission,
        pytest.raises(SubmissionError, match=r"took longer than 0\.3 seconds"),
    ):
        submission.sleep(20)
    assert time.monotonic() - began < 5


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="without groups of processes")
def test_its_group_dies_with_it(box):
    with loaded(box) as submission:
        started = submission.leave()
        assert is_there(started)
    time.sleep(0.05)
    assert not is_there(started)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="without signals")
@pytest.mark.parametrize(
    ("how", "words"),
    [
        (3, "exit code 3"),
        (-signal.SIGSEGV, "killed by SIGSEGV"),
        (-signal.SIGKILL, "killed, or out of memory"),
    ],
)
def test_a_worker_that_ends(box, how, words):
    with loaded(box) as submission:
        with pytest.raises(SubmissionError, match=words):
            submission.die(int(how))
        assert submission._session.close() == "größe\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits as Linux has them")
def test_memory_is_limited(box):
    with loaded(box) as submission:
        assert submission.fill(10**8) == 10**8
        with pytest.raises(SubmissionError) as info:
            submission.fill(2**31)
        assert info.value.kind == "MemoryError"


def test_no_worker_can_be_started(monkeypatch, tmp_path):
    before = descriptors()
    for program in ("raise SystemExit", "import sys; sys.stdin.close(); raise SystemExit"):
        monkeypatch.setattr(spawned, "PROGRAM", program)
        with (
            contextlib.closing(SpawnedWorkers()) as workers,
            pytest.raises(OSError, match=r"no worker|Broken pipe"),
        ):
            workers.start({"folder": str(tmp_path)})
    assert descriptors() == before


def test_a_stranger_that_connects_is_sent_away(monkeypatch, tmp_path):
    stranger = "strangers = [socket.create_connection(('127.0.0.1', order['port'])) for _ in range(3)]\nfor s in strangers: s.sendall(b'x' * 32)\n"
    program = spawned.PROGRAM.replace("sock = ", stranger + "sock = ")
    assert program != spawned.PROGRAM
    monkeypatch.setattr(spawned, "PROGRAM", program)
    with sandbox(SOURCE, SpawnedWorkers) as box, loaded(box) as submission:
        assert submission.call(lambda: 5) == 5


def test_a_second_start_ends_the_first(tmp_path):
    order = {
        "folder": str(tmp_path),
        "limits": LIMITS | {"cpu_seconds": 9},
        "user": None,
        "landlock": False,
    }
    with contextlib.closing(SpawnedWorkers()) as workers:
        processes = []
        for _ in range(2):
            sock, output = workers.start(order)
            processes.append(workers.process.pid)
            sock.close()
            output.close()
        assert not is_there(processes[0])
    assert not children(os.getpid()) & set(processes)
    assert workers.end() == ""


WINDOWS = """
import os, signal, socket, sys
sys.path[:0] = sys.argv[1:]
for name in ("pwd", "grp", "resource", "fcntl"):
    sys.modules[name] = None
for name in ("fork", "setsid", "killpg", "geteuid", "getuid", "setgroups", "setresuid", "chown", "O_PATH", "O_CLOEXEC", "WIFSIGNALED", "WTERMSIG"):
    delattr(os, name)
for name in ("CMSG_LEN", "SCM_RIGHTS", "AF_UNIX"):
    delattr(socket, name)
for name in ("SIGCHLD", "SIGCONT", "SIGSTOP", "pthread_sigmask"):
    delattr(signal, name)
import subprocess  # before the platform changes, with what it needs
import grader
from sandbox.spawned import SpawnedWorkers
sys.platform = "win32"
code = grader.main(["2a-1-basic", "2a-2-basic"])
assert isinstance(grader.GradedTestCase.course.sandbox.workers, SpawnedWorkers)
sys.exit(code)
"""


def test_a_system_without_fork_and_its_like():
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, str(Path(spawned.__file__).parents[1])],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2/2 points" in done.stdout.replace(".0", "")
    assert done.stderr == ""
