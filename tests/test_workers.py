"""The nursery: whatever a worker starts dies with it, and all dies with the grader."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from boxes import children, descriptors, is_there, loaded, sandbox
from worth import full_marks, worth

from grading.course import reachable
from sandbox import confine, nursery, workers
from sandbox.confine import Confinement
from sandbox.session import SubmissionError
from sandbox.workers import ForkedWorkers, KeptWorkers, in_words
from utils.utils import InputError

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

    def parent():
        return os.getppid()

    def signals(*numbers):
        names = [getattr(signal.getsignal(number), "name", "") or "default_int_handler" for number in numbers]
        return [names, list(signal.pthread_sigmask(signal.SIG_BLOCK, ()))]

    def sleep(seconds):
        time.sleep(seconds)

    def state():
        libc = ctypes.CDLL(None)
        return [libc.prctl(39, 0, 0, 0, 0), open("/proc/self/oom_score_adj").read().strip()]
"""


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE) as box:
        yield box


def gone(*processes, seconds=1.0):
    """Tell whether processes are gone, or soon will be."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(map(is_there, processes)):
            return True
        time.sleep(0.005)
    return False


# How a process ended, in words


def test_words_on_how_a_process_ended():
    assert in_words(0) == "its process ended with exit code 0"
    assert in_words(-9) == ""
    assert in_words(-11) == "its process was killed by SIGSEGV"
    assert in_words(-40) == "its process was killed by signal 40"


def test_paths_of_packages_are_none_of_the_project(monkeypatch, tmp_path):
    (tmp_path / "site-packages").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "site-packages")
    found = confine.site_packages()
    assert str(tmp_path / "site-packages") in found
    assert not {"", ".", str(tmp_path), str(nursery.SOURCES), str(nursery.SOURCES.parent)} & set(
        found
    )


# The tree of a worker


@pytest.mark.parametrize(
    "kinds",
    [["child"], ["session"], ["grandchild"], ["chain"] * 2, ["child", "session", "grandchild"] * 4],
    ids=len,
)
def test_what_a_worker_left_dies_with_it(box, kinds):
    with loaded(box) as submission:
        worker, started = submission.leave(*kinds)
        nursery_ = submission.parent()
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert children(nursery_) == set()
    assert gone(worker, started, seconds=0.1)
    with loaded(box) as submission:
        assert submission.parent() == nursery_


def test_what_outlives_its_worker_dies_too(box):
    with loaded(box, 0.5) as submission:
        worker, started = submission.leave("session", "grandchild")
        with pytest.raises(SubmissionError, match="took longer"):  # they hold the wire, too
            submission.kill(worker, int(signal.SIGKILL))
    assert gone(worker, started, seconds=0.1)
    assert children(box.workers.nursery.pid) == set()


# The state of a worker


def test_a_worker_goes_first_and_gains_nothing(box):
    with loaded(box) as submission:
        assert submission.state() == [1, "1000"]
    with open(f"/proc/{box.workers.nursery.pid}/oom_score_adj") as file:
        assert file.read().strip() == "500"


def test_a_worker_that_cannot_be_confined_loads_nothing(box):
    settings = {"folder": "/nowhere", "cpu_seconds": 9, **Confinement().settings()}
    before = descriptors()
    with pytest.raises(OSError, match=r"no worker can be started: FileNotFoundError: .*'/nowhere'"):
        box.workers.start(settings)
    assert descriptors() == before


# The nursery itself is attacked


def answers(box):
    with loaded(box) as submission:
        return submission.pids()


def test_the_nursery_is_killed_between_tests(box):
    worker, parent = answers(box)
    os.kill(parent, signal.SIGKILL)
    assert answers(box)[1] != parent
    assert gone(worker, parent)


def test_the_nursery_is_killed_at_once():
    with sandbox(SOURCE) as box:
        box.workers.nursery.kill()
        assert len(answers(box)) == 2


def test_the_nursery_is_killed_by_its_worker(box):
    began = time.monotonic()
    with loaded(box, 0.5) as submission:
        worker, parent = submission.pids()
        with pytest.raises(SubmissionError, match="took longer"):
            submission.kill(parent, int(signal.SIGKILL))
        assert gone(worker, parent)
    assert answers(box)[1] != parent
    assert time.monotonic() - began < 5


def test_the_nursery_is_stopped_by_its_worker():
    began = time.monotonic()
    with sandbox(SOURCE) as box:
        with loaded(box, 0.5) as submission:
            worker, parent = submission.pids()
            with pytest.raises(SubmissionError, match="took longer"):
                submission.kill(parent, int(signal.SIGSTOP))
        assert answers(box)[1] == parent
        os.kill(parent, signal.SIGSTOP)
    assert time.monotonic() - began < 5
    assert gone(worker, parent)


def test_a_nursery_that_never_answers_is_replaced(box, monkeypatch):
    parent = answers(box)[1]
    stop = {signal.SIGCONT: signal.SIGSTOP}
    monkeypatch.setattr(
        box.workers.nursery, "send_signal", lambda number: os.kill(parent, stop.get(number, number))
    )
    box.workers.sock.settimeout(1)
    assert answers(box)[1] != parent
    assert gone(parent)


@pytest.mark.parametrize("kind", [ForkedWorkers, KeptWorkers])
def test_no_worker_can_be_started(kind, monkeypatch, tmp_path):
    monkeypatch.setattr(workers, "PROGRAM", tmp_path / "nothing.py")
    with (
        contextlib.closing(kind()) as made,
        pytest.raises(OSError, match=r"no worker can be started: .*open file .*nothing\.py.*"),
    ):
        made.start({"folder": str(tmp_path)})
    with sandbox(SOURCE, kind) as box, pytest.raises(InputError, match="no worker can be started"):
        reachable(box, [])


def test_a_python_that_cannot_start_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with (
        contextlib.closing(ForkedWorkers()) as made,
        pytest.raises(OSError, match=r"started: ModuleNotFoundError: No module named 'encodings'"),
    ):
        made.start({"folder": str(tmp_path)})


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_what_python_itself_needs_to_start(tmp_path):
    """As one that finds its libraries by LD_LIBRARY_PATH; nothing else of the environment counts."""
    for name in ("lib", "pyvenv.cfg"):
        if Path(sys.prefix, name).exists():
            (tmp_path / name).symlink_to(Path(sys.prefix, name))
    (tmp_path / "bin").mkdir()
    python = tmp_path / "bin" / "python"
    python.write_text(
        f"#!{shutil.which('bash')}\n"
        '[ "$LD_LIBRARY_PATH" = /opt/lib -a -z "$PYTHONPATH" ] || {\n'
        '  echo "$0: error while loading shared libraries: libpython.so" >&2; exit 127\n'
        "}\n"
        f'exec -a "$0" {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    command = [python, nursery.SOURCES / "grader.py", "2a-2"]
    for libraries in ("/opt/lib", "", ":/opt/lib:lib"):
        environment = os.environ | {"LD_LIBRARY_PATH": libraries}
        run = ["bash", "-c", f'exec -a "$0" {sys.executable} "$@"', *command]
        done = subprocess.run(run, env=environment, capture_output=True, text=True)
        if libraries:
            assert full_marks(worth("2a-2")) in done.stdout, done.stdout + done.stderr
        else:
            why = f"{python}: error while loading shared libraries: libpython.so"
            assert f"no worker can be started: {why}" in done.stdout + done.stderr


def test_signals_are_as_usual_however_the_grader_was_started():
    numbers = [signal.SIGINT, signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE]
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        for workers in (ForkedWorkers, KeptWorkers):
            with sandbox(SOURCE, workers) as box, loaded(box) as submission:
                usual = ["default_int_handler", "SIG_DFL", "SIG_DFL", "SIG_IGN"]
                assert submission.signals(*map(int, numbers)) == [usual, []]
                how = "killed by SIGTERM" if workers is ForkedWorkers else "did not answer"
                with pytest.raises(SubmissionError, match=how):
                    submission.kill(submission.pids()[0], int(signal.SIGTERM))
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


# The grader ends


GRADER = """
import json, os, sys, time
sys.path[:0] = sys.argv[1:3]
from boxes import loaded, sandbox

SOURCE = '''
import os, time

def tell():
    if not (child := os.fork()):
        os.setsid()
        time.sleep(20)
    return [os.getpid(), os.getppid(), child, os.getcwd()]

def sleep():
    time.sleep(20)
'''

try:
    with sandbox(SOURCE) as box, loaded(box, 20) as submission:
        print(json.dumps(submission.tell()), flush=True)
        submission.sleep()
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.fixture
def grader(tmp_path):
    """Start a grader that is waiting for a submission; give it, and what it told."""
    paths = [str(Path(__file__).parent), str(nursery.SOURCES)]
    with subprocess.Popen(
        [sys.executable, "-c", GRADER, *paths],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process, json.loads(process.stdout.readline())
        process.kill()


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_all_ends_if_the_grader_is_killed(grader, name):
    process, (*processes, _) = grader
    assert all(map(is_there, processes))
    process.send_signal(signal.Signals[name])
    process.wait()
    assert gone(*processes)


def test_all_ends_if_the_grader_is_interrupted(grader, tmp_path):
    process, (*processes, folder) = grader
    assert Path(folder).parent.parent == tmp_path
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert process.stdout.read() == "interrupted\n"
    assert gone(*processes, seconds=0.1)
    assert list(tmp_path.iterdir()) == []


def test_closing_before_the_nursery_is_ready_does_not_wait():
    made = ForkedWorkers()
    began = time.monotonic()
    made.close()
    assert time.monotonic() - began < 0.5
    made.close()
    assert not is_there(made.nursery.pid)


def test_a_worker_that_ends_after_closing_begins_no_new_nursery():
    made = ForkedWorkers()
    before = made.nursery
    made.close()
    assert made.end(None) == ""
    assert made.nursery is before
    assert not is_there(before.pid)


@pytest.mark.parametrize("system", ["nt", "posix"])
def test_on_windows_a_worker_is_no_child_of_a_virtual_environment_s_launcher(system, monkeypatch):
    own, base = "/project/.venv/python", "/base/python"
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", own)
        patch.setattr(sys, "_base_executable", base, raising=False)
        patch.setattr(os, "name", system)
        found = workers.python()
    assert found == ((base, {"__PYVENV_LAUNCHER__": own}) if system == "nt" else (own, {}))
