"""The nursery: whatever a worker starts dies with it, and all dies with the grader."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from boxes import children, descriptors, is_there, loaded, sandbox

from sandbox import workers
from sandbox.confine import Confinement, site_packages
from sandbox.nursery import SOURCES
from sandbox.session import WorkerError
from sandbox.workers import ForkedWorkers, KeptWorkers

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")
SOURCE = """
    import ctypes, os, signal, sys, time

    def pids():
        return [os.getpid(), os.getppid()]

    def leave(*kinds):
        for kind in kinds:
            started = os.fork()
            if not started:
                try:
                    run(kind)
                finally:
                    os._exit(0)
        time.sleep(0.05)
        return [os.getpid(), started]

    def run(kind):
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
        if kind != "child":
            os.setsid()
        if kind == "grandchild" and os.fork():
            return
        if kind == "chain":
            end = time.monotonic() + 20
            while time.monotonic() < end:
                if os.fork():
                    return
        os.chdir("/")
        time.sleep(20)

    def kill(process, number):
        os.kill(process, number)
        time.sleep(20)

    def signals(*numbers):
        names = [getattr(signal.getsignal(number), "name", "") or "default_int_handler" for number in numbers]
        return [names, list(signal.pthread_sigmask(signal.SIG_BLOCK, ()))]

    def state():
        files = "/proc/self/oom_score_adj", f"/proc/{os.getppid()}/oom_score_adj"
        return [ctypes.CDLL(None).prctl(39, 0, 0, 0, 0), *(open(file).read().strip() for file in files)]
"""


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE) as box:
        yield box


def pids(box):
    with loaded(box) as submission:
        return submission.pids()


def gone(*processes, seconds=5.0):
    """Tell whether processes are gone, or soon will be."""
    end = time.monotonic() + seconds
    while any(map(is_there, processes)):
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


# A worker, and what it starts


@pytest.mark.parametrize("kinds", [["chain"] * 2, ["child", "session", "grandchild"] * 4], ids=len)
def test_what_a_worker_left_dies_with_it(box, kinds):
    with loaded(box) as submission:
        nursery = submission.pids()[1]
        processes = submission.leave(*kinds)
        began = time.monotonic()
    assert time.monotonic() - began < 15  # they are not waited for until they end by themselves
    assert children(nursery) == set()
    assert not any(map(is_there, processes))
    assert pids(box)[1] == nursery


def test_what_outlives_its_worker_dies_too(box):
    with loaded(box, 0.3) as submission:
        worker, started = submission.leave("session", "grandchild")
        with pytest.raises(WorkerError, match=r"took longer|too busy"):  # they hold the wire, too
            submission.kill(worker, int(signal.SIGKILL))
    assert not is_there(worker)
    assert not is_there(started)
    assert children(box.workers.nursery.pid) == set()


def test_a_worker_goes_first_and_gains_nothing(box):
    with loaded(box) as submission:
        assert submission.state() == [1, "1000", "500"]


def test_a_worker_that_cannot_be_confined_loads_nothing(box):
    settings = {"folder": "/nowhere", "cpu_seconds": 9, **Confinement().settings()}
    before = descriptors()
    with pytest.raises(OSError, match=r"no worker can be started: FileNotFoundError: .*'/nowhere'"):
        box.workers.start(settings)
    assert descriptors() == before


def test_signals_are_as_usual_however_the_grader_was_started():
    numbers = [signal.SIGINT, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE]
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        for kind in (ForkedWorkers, KeptWorkers):
            with sandbox(SOURCE, kind) as box, loaded(box) as submission:
                usual = ["default_int_handler", "SIG_DFL", "SIG_DFL", "SIG_IGN"]
                assert submission.signals(*map(int, numbers)) == [usual, []]
                how = "killed by SIGTERM" if kind is ForkedWorkers else "did not answer"
                with pytest.raises(WorkerError, match=how):
                    submission.kill(submission.pids()[0], int(signal.SIGTERM))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# The nursery itself is attacked


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_nursery_is_killed_or_stopped_by_its_worker(number):
    began = time.monotonic()
    with sandbox(SOURCE) as box:
        with loaded(box, 0.3) as submission:
            worker, nursery = submission.pids()
            with pytest.raises(WorkerError, match=r"took longer|too busy"):
                submission.kill(nursery, int(number))
        assert gone(worker)
        after = pids(box)[1]
        assert (after == nursery) == (number == signal.SIGSTOP)
        os.kill(after, signal.SIGSTOP)
    assert gone(nursery, after)
    assert time.monotonic() - began < 20  # while an answer is waited for 120


def test_a_nursery_that_never_answers_is_replaced(box, monkeypatch):
    nursery = pids(box)[1]
    stop = {signal.SIGCONT: signal.SIGSTOP}
    monkeypatch.setattr(
        box.workers.nursery, "send_signal", lambda n: os.kill(nursery, stop.get(n, n))
    )
    box.workers.sock.settimeout(0.2)
    assert pids(box)[1] != nursery
    assert gone(nursery)


# Python cannot start


@pytest.mark.parametrize("kind", [ForkedWorkers, KeptWorkers])
@pytest.mark.parametrize(
    ("program", "home", "words"),
    [
        ("nothing.py", None, r".*open file .*nothing\.py.*"),
        (workers.PROGRAM, "/nowhere", "ModuleNotFoundError: No module named 'encodings'"),
    ],
)
def test_why_no_worker_can_be_started(kind, program, home, words, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "PROGRAM", tmp_path / program)
    if home:
        monkeypatch.setenv("PYTHONHOME", home)
    refused = pytest.raises(OSError, match=f"no worker can be started: {words}")
    with contextlib.closing(kind()) as made, refused:
        made.start({"folder": str(tmp_path)})


def test_what_python_itself_needs_to_start(monkeypatch, tmp_path):
    """As one that finds its libraries by LD_LIBRARY_PATH; nothing else of the environment counts."""
    python = tmp_path / "python"
    python.write_text(
        f"""#!/bin/sh
        [ "$LD_LIBRARY_PATH" = /opt/lib ] && [ -z "$PYTHONPATH" ] && exec "{sys.executable}" "$@"
        echo "$0: error while loading shared libraries: libpython.so" >&2; exit 127
        """
    )
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("LD_LIBRARY_PATH", ":/opt/lib:lib")
    with sandbox(SOURCE) as box:
        assert len(pids(box)) == 2
    monkeypatch.delenv("LD_LIBRARY_PATH")
    why = f"no worker can be started: {python}: error while loading shared libraries: libpython.so"
    with pytest.raises(OSError, match=why), sandbox(SOURCE) as box:
        pids(box)


def test_paths_of_packages_are_none_of_the_project(monkeypatch, tmp_path):
    (tmp_path / "site-packages").mkdir()
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path, tmp_path / "site-packages"):
        monkeypatch.syspath_prepend(folder)
    found = site_packages()
    assert str(tmp_path / "site-packages") in found
    assert not {"", ".", str(tmp_path), str(SOURCES), str(SOURCES.parent)} & set(found)


@pytest.mark.parametrize("system", ["nt", "posix"])
def test_on_windows_a_worker_is_no_child_of_a_virtual_environment_s_launcher(system, monkeypatch):
    own, base = "/project/.venv/python", "/base/python"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", own)
        patch.setattr(sys, "_base_executable", base, raising=False)
        patch.setattr(os, "name", system)
        found = workers.python()
    assert found == ((base, {"__PYVENV_LAUNCHER__": own}) if system == "nt" else (own, {}))


# The grader ends


GRADER = """
import json, sys
sys.path[:0] = sys.argv[1:3]
from boxes import loaded, sandbox
from test_workers import SOURCE

try:
    with sandbox(SOURCE) as box, loaded(box, 20) as submission:
        print(json.dumps(submission.pids() + submission.leave("session")), flush=True)
        submission.kill(submission.pids()[0], 0)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_all_ends_with_the_grader(name, tmp_path):
    command = [sys.executable, "-c", GRADER, str(Path(__file__).parent), str(SOURCES)]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    pipe = {"stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipe) as process:
        processes = json.loads(process.stdout.readline())
        assert all(map(is_there, processes))
        process.send_signal(signal.Signals[name])
        rest = process.stdout.read()
    assert gone(*processes)
    if name == "SIGINT":
        assert (process.returncode, rest) == (0, "interrupted\n")
        assert list(tmp_path.iterdir()) == []


def test_closing_does_not_wait_for_the_nursery_nor_begin_another():
    made = ForkedWorkers()
    nursery = made.nursery
    made.close()
    assert nursery.returncode == -signal.SIGKILL
    made.close()
    with sandbox(SOURCE) as box, loaded(box) as submission:  # a worker that ends after closing
        worker, nursery = submission.pids()
        box.workers.close()
        assert submission._session.close() == ""
        assert box.workers.nursery.pid == nursery
        assert not is_there(worker)
