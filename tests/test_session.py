"""The grader's side: what a worker sees, its time and memory, what it may answer, what is left."""

import contextlib
import json
import math
import os
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from boxes import IN_PROC, IS_ROOT, children, descriptors, loaded, outcome, sandbox

from grading.course import reachable
from sandbox import watch, wire
from sandbox.confine import Confinement
from sandbox.nursery import SOURCES
from sandbox.objects import Quadratic
from sandbox.sandbox import Sandbox, tidy
from sandbox.session import StarvedError, TooLateError, WorkerError
from sandbox.watch import Use
from sandbox.wire import LENGTHS, TAG
from sandbox.workers import ForkedWorkers, KeptWorkers, RunningWorker
from utils.utils import InputError

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
SOURCE = """
    import ctypes, os, signal, socket, stat, struct, sys, threading, time
    state = []

    def run(code, x=None):
        names = globals() | {"x": x, "result": None}
        exec(code, names)
        return names["result"]

    def imports(name):
        try:
            module = __import__(name)
        except ImportError as error:
            return type(error).__name__
        return getattr(module, "__file__", None)

    def keep(text):
        with open("file", "w") as file:
            file.write(text)
        state.append(text)
        return [os.listdir("."), state, open("file").read(), os.getpid(), os.getcwd()]

    def sleep(seconds):
        time.sleep(seconds)

    def spin(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    def fork(count, function, *args):
        for _ in range(count):
            if os.fork() == 0:
                held = function(*args)
                time.sleep(20 * (held is not None))
                os._exit(0)

    def say(data):
        opened = [n for n in range(3, 64) if os.path.exists(f"/proc/self/fd/{n}")]
        os.write(next(n for n in opened if stat.S_ISSOCK(os.fstat(n).st_mode)), data)
"""


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE, import_seconds=20) as box:
        yield box


def error_of(function, *args):
    with pytest.raises(WorkerError) as info:
        function(*args)
    return info.value


# What a worker has in sight

LOOK = """
files, parent = "/proc/self/fd", os.getppid()
result = {
    "environment": dict(os.environ), "path": sys.path, "modules": list(sys.modules),
    "command": open("/proc/self/cmdline").read(), "files": os.listdir("."), "input": sys.stdin.read(),
    "arguments": sys.argv, "group": [os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid()],
    "open": sorted(int(name) for name in os.listdir(files) if os.path.exists(f"{files}/{name}")),
    "parent": os.readlink(f"/proc/{parent}/cwd") if os.getuid() == 0 else "/",
}
"""


@LINUX
def test_what_is_in_sight(monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "canary")
    monkeypatch.chdir(tmp_path)
    with open(tmp_path / "canary", "w") as file:
        os.set_inheritable(file.fileno(), True)
        with sandbox(SOURCE) as box, loaded(box) as submission:
            seen = submission.run(LOOK)
            folder = submission.keep("")[-1]
    environment = seen["environment"]
    allowed = "LANG MALLOC_ARENA_MAX MPLBACKEND PATH USER HOME TMPDIR LC_CTYPE OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS"
    assert environment.keys() <= set(allowed.split())
    assert environment["HOME"] == environment["TMPDIR"] == folder
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    wire_ = max(seen["open"])
    expected = {"arguments": ["submission"], "open": [0, 1, 2, wire_], "files": [], "parent": "/"}
    expected |= {"input": "", "group": [True, True]}
    assert {name: seen[name] for name in expected} == expected
    assert str(tmp_path) not in str(seen)
    assert "canary" not in str(seen)
    ours = {"grader", "graderUtil", "grading", "sandbox.session", "sandbox.sandbox", "run"}
    assert not ours & set(seen["modules"])


@LINUX
def test_no_folder_of_the_project_is_searched(box):
    ours = "grader graderUtil run grading.cases sandbox.sandbox sandbox.session conftest boxes solution"
    with loaded(box) as submission:
        for path in map(Path, submission.run("result = sys.path")):
            assert not path.is_relative_to(SOURCES.parent) or path.name == "site-packages"
        for name in [*ours.split(), "submission.grader"]:
            assert submission.imports(name) == "ModuleNotFoundError"
        assert submission.imports("submission.word2vec") != "ModuleNotFoundError"
        assert submission.imports("utils.treebank").endswith("utils/__init__.py")
        assert submission.imports("numpy.fft") == np.__file__


def test_every_session_is_fresh(box):
    seen = []
    for text in "ab":
        with loaded(box) as submission:
            *kept, process, folder = submission.keep(text)
            assert kept == [["file"], [text], text]
            seen.append((process, folder))
    assert seen[0][0] != seen[1][0]
    assert not any(os.path.exists(folder) for _, folder in seen)
    assert os.listdir(box.folder) == []


# Time


def late(words):
    """Expect that something takes too long, which a busy machine may have to answer for."""
    return pytest.raises(TooLateError, match=f"{words}|^the machine was too busy: ")


@IN_PROC
def test_calls_have_their_time_together(box):
    with loaded(box, seconds=0.6) as submission:
        submission.spin(0.4)
        words = r"^spin took longer than 0\.6 seconds, the limit of this test$"
        with pytest.raises(TooLateError, match=words) as info:
            submission.spin(0.4)
        assert info.value.kind == "TimeoutError"
        assert info.value.frames[-1][::2] == ("/upload/word2vec.py", "spin")
        assert "took longer" in str(error_of(submission.keep, ""))


def test_who_sleeps_has_more_time_by_the_clock(box):
    words = r"sleep took longer than 0\.3 seconds, the limit of this test: it computed for 0\.\d seconds and waited for \d"
    with loaded(box, seconds=0.3) as submission:
        submission.sleep(0.5)
        with late(words):
            submission.sleep(9)


@LINUX
def test_what_children_compute_counts_and_they_cannot_be_hidden(box):
    with loaded(box, seconds=0.5) as submission, late("took longer"):
        submission.run("fork(4, spin, 0.3)\nwhile True: os.wait()")
    with loaded(box) as submission:
        hide = "signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
        assert "not permitted" in str(error_of(submission.run, hide))


def test_all_tests_have_a_time_together():
    with sandbox(SOURCE, total_seconds=0.8) as box:
        words = "the time for all tests together, 0.8 seconds, was over"
        with loaded(box) as submission, late(words):
            submission.sleep(9)
        with pytest.raises(TooLateError, match=words), loaded(box):
            pass


@pytest.fixture
def busy_machine(monkeypatch):
    """Have it look as if the machine lets no submission run."""
    waiting = Use(seconds=0.1, threads=1)

    def use_of(*args, **kwargs):
        return Use(seconds=0.1, waited=time.monotonic() / 2, threads=waiting.threads)

    monkeypatch.setattr(watch, "use_of", use_of)
    return waiting


def test_who_waits_for_a_processor_is_starved(box, busy_machine):
    words = r"the machine was too busy: within \d seconds, sleep got only 0\.0 of its 0\.1"
    with loaded(box, seconds=0.1) as submission, pytest.raises(StarvedError, match=words):
        submission.sleep(9)
    busy_machine.threads = 2  # which may have waited for each other
    with loaded(box, seconds=0.1) as submission, pytest.raises(TooLateError, match="sleep took"):
        submission.sleep(9)


class Busy(ForkedWorkers):
    """Starts no worker until some time is over."""

    until, why = math.inf, "no worker can be started: OSError: [Errno 12] Cannot allocate memory"

    def start(self, settings):
        if time.monotonic() < self.until:
            raise OSError(self.why)
        return super().start(settings)


def test_a_worker_that_cannot_be_started_on_a_busy_machine_is_waited_for(monkeypatch):
    with sandbox(SOURCE, Busy) as box:
        Busy.until = time.monotonic() + 0.3
        with loaded(box) as submission:
            assert len(submission.keep("")) == 5
        Busy.until = math.inf
        monkeypatch.setattr("sandbox.sandbox.PATIENCE_SECONDS", 0.2)
        with pytest.raises(StarvedError, match=r"too busy: no worker .* Cannot allocate memory"):
            box.session(1).__enter__()
        with pytest.raises(InputError, match="the machine was too busy"):
            reachable(box, [])
        monkeypatch.setattr(Busy, "why", "no worker can be started: PermissionError")
        with pytest.raises(OSError, match="PermissionError"):
            box.session(1).__enter__()
        assert os.listdir(box.folder) == []


# Calls that end the process, and imports that fail

FAULTS = {  # code, limit in seconds, and words
    "a segmentation fault": ("ctypes.string_at(0)", 10, "the submission did not answer: its process was killed by SIGSEGV"),
    "a part of an answer": ("say(struct.pack('>II', 60, 0) + b'[' * 20); os._exit(7)", 10, "its process ended with exit code 7"),
    "garbage": ("say(os.urandom(10**5))", 10, "the submission sent "),
    "an answer that nobody asked for": ("say(struct.pack('>II', 2, 0) + b'[]')", 10, "the submission sent something that is not an answer"),
    "memory": ("held = bytes(10**13)", 10, "^all of a submission may use"),
    "a stop": ("os.kill(os.getpid(), signal.SIGSTOP)", 0.3, r"run took longer than 0\.3 seconds|too busy"),
}  # fmt: skip
STAYS = """
import atexit
atexit.register(time.sleep, 20)
threading.Thread(target=time.sleep, args=[20]).start()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
"""


@LINUX
@pytest.mark.parametrize("workers", [ForkedWorkers, KeptWorkers])
def test_a_call_that_crashes_or_hangs_costs_its_session_only(workers):
    before, processes = descriptors(), children(os.getpid())
    with sandbox(SOURCE, workers) as box:
        for code, seconds, words in FAULTS.values():
            with loaded(box, seconds) as submission:
                with pytest.raises(WorkerError, match=words) as info:
                    submission.run(code)
                if info.value.kind != "MemoryError":  # whose process is still there
                    assert error_of(submission.keep, "") is info.value
        with loaded(box) as submission:
            assert submission.keep("a")[1] == ["a"]
            submission.run(STAYS)
            began = time.monotonic()
    assert time.monotonic() - began < 10
    assert descriptors() == before
    assert children(os.getpid()) == processes


def failing(box, module):
    with pytest.raises(WorkerError) as info, loaded(box, module=module):
        pass
    return info.value


IMPORTS = {
    "an error": ("1 / 0", "ZeroDivisionError", "division by zero"),
    "named like a limit": ("raise TimeoutError('no network')", "TimeoutError", "no network"),
    "a hard exit": ("__import__('os')._exit(0)", "ProcessError", "the submission did not answer: its process ended with exit code 0"),
    "a loop": ("while True: pass", "TimeoutError", "importing the submission took longer than 0.5 seconds, in sgd.py"),
}  # fmt: skip


@IN_PROC
@pytest.mark.parametrize("name", IMPORTS)
def test_a_failed_import_costs_its_own_module_only_and_is_not_tried_again(name, tmp_path):
    code, kind, words = IMPORTS[name]
    count = f"with open({str(tmp_path / 'tries')!r}, 'a') as file: file.write('x')\n"
    files = {"word2vec.py": "def f(): return 1", "sgd.py": f"{count}{code}"}
    with sandbox(files, import_seconds=0.5) as box:
        errors = [failing(box, "sgd") for _ in range(2)]
        with loaded(box) as submission:
            assert submission.f() == 1
    assert {(error.kind, str(error)) for error in errors} == {(kind, words)}
    assert errors[0].frames == errors[1].frames
    if "Error" in code or "/" in code:
        assert errors[0].frames == (("/upload/sgd.py", 2, "<module>"),)
    assert errors[0] is not errors[1]
    assert (tmp_path / "tries").read_text() == "x"


def test_an_import_that_was_starved_is_tried_again(busy_machine):
    with sandbox("import time\ntime.sleep(9)", import_seconds=0.1) as box:
        assert isinstance(failing(box, "word2vec"), StarvedError)
        assert box.failed == {}


def test_an_import_has_its_own_time():
    source = "import time\ntime.sleep(0.3)\ndef sgd():\n    return 1"
    with sandbox(source) as box, loaded(box, 0.2) as submission:
        assert submission.sgd() == 1


# What all processes of a submission use

WRITE = "for k in range(x[0]):\n    with open(str(k), 'wb') as file:\n        file.write(bytes(x[1]))\ntime.sleep(20)"
START = "threading.stack_size(2**17)\nfor _ in range(x):\n    threading.Thread(target=time.sleep, args=[20]).start()\ntime.sleep(20)"
HOLD = "fork(3, bytearray, x * 2**20)\ntime.sleep(20)"


@LINUX
@pytest.mark.parametrize(
    ("code", "x", "words"),
    [
        (HOLD, 300, "more than 640 MB of memory in all"),
        (START, 70, "more than 64 processes and threads"),
        (WRITE, (25, 3 * 2**20), "more than 64 MB in its working folder"),
        (WRITE, (3000, 0), "more than 2,000 files in its working folder"),
    ],
)
def test_who_uses_too_much_is_ended(box, code, x, words):
    with loaded(box) as submission:
        error = error_of(submission.run, code, x)
    assert (error.kind, str(error)) == ("ResourceError", f"the submission used {words}")
    assert os.listdir(box.folder) == []


@LINUX
def test_memory_is_what_the_machine_has(monkeypatch):
    monkeypatch.setattr(watch, "memory_left", lambda: 208 * 2**20)
    with sandbox(SOURCE) as box:
        with loaded(box) as submission:
            words = "used more than 208 MB of memory in all"
            assert words in str(error_of(submission.run, HOLD, 70))
        words = "^Unable to allocate 7.*; all of a submission may use 208 MB of memory$"
        with loaded(box) as submission, pytest.raises(WorkerError, match=words):
            submission.run("import numpy; numpy.ones(10**12)")


def test_too_little_memory_is_refused(monkeypatch):
    monkeypatch.setattr(watch, "memory_here", lambda: 300 * 2**20)
    words = r"too little memory to grade: of 300 MB, \d+ are left for a submission, which needs 128\."  # fmt: skip
    with pytest.raises(OSError, match=words), sandbox(SOURCE):
        pass


def test_nothing_of_it_runs_when_its_test_has_ended():
    source = (
        "import sys\nclass Last:\n    @property\n    def __name__(self):\n        print('bye')\n"
    )
    with sandbox(source + "sys.modules['last'] = Last()\ndef f():\n    return 1") as box:
        for _ in range(5):
            with loaded(box) as submission:
                assert submission.f() == 1
            assert submission._session.close() == ""


def test_output_without_end_is_capped(box):
    with loaded(box, 0.2) as submission:
        with late("took longer"):
            submission.run("while True: os.write(1, b'x' * 65536)")
        text = submission._session.close()
    assert len(text) < 25_000
    assert "bytes left out" in text


# A worker that says what it likes


class Fake:
    """Stands in for what starts workers: this process says what a worker says."""

    def start(self, settings):
        ours, self.sock = socket.socketpair()
        self.sock.settimeout(5)
        return RunningWorker(ours)

    def end(self, worker):
        worker.sock.close()
        self.sock.close()
        return ""

    def close(self):
        pass


def send(sock, data):
    with contextlib.suppress(OSError):
        sock.sendall(data)


def frame(tree):
    header = json.dumps(tree).encode()
    return LENGTHS.pack(len(header), 0) + header


@pytest.fixture
def fake():
    """Make a session whose worker answers with these bytes, at once."""
    with contextlib.ExitStack() as stack:

        def make(*answers):
            box = Sandbox({}, Fake(), Confinement())
            stack.callback(box.close)
            session = stack.enter_context(box.session(5))
            data = b"".join(a if isinstance(a, bytes) else frame(a) for a in answers)
            threading.Thread(target=send, args=[box.workers.sock, data], daemon=True).start()
            return session

        yield make


RESULT = {"result": 0.5, "changed": [], "next": 1, "records": {}}
OPAQUE = {TAG: ["opaque", "x"]}
ODD = None, "x", 1.5, True, {}, OPAQUE, float("nan"), {"1": [1]}, {"0": 5}, {"0": {}}, {"0": "x"}
SENSELESS = [
    b"\xff" * 8, b"\0\0\0\2\0\0\0\0[]", None, "result", True, {TAG: 5}, {}, {"result": 1}, {"loaded": True},
    {"result": 0, "changed": []}, {"callback": 0}, [RESULT],
    *(RESULT | {"result": {TAG: x}} for x in (["given", 1], ["own", 0], ["give", 1, "own", "f"], ["given", True])),
]  # fmt: skip
NO_ERRORS = [
    None, 5, "x", [], [1], {}, {"frames": 5}, {"frames": "abc"}, {"frames": {"a": 1}}, OPAQUE,
    {"type": 5, "text": 5, "frames": 5}, {"type": [], "text": OPAQUE}, {"type": float("nan"), "text": None, "frames": {}},
]  # fmt: skip
ANSWERS = [  # an answer, and what it says: result, changed arguments, next number, record; or the kind of error
    (RESULT | {"changed": ["x"], "next": 8, "records": {"0": [1]}}, (0.5, ["x"], 8, [1])),
    *((RESULT | {"changed": odd, "next": odd, "records": odd}, (0.5, [], None, [])) for odd in ODD),
    *((answer, "WireError") for answer in SENSELESS),
    *(({"error": odd}, "Exception") for odd in NO_ERRORS),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "expected"), ANSWERS, ids=range(len(ANSWERS)))
def test_answers(fake, answer, expected):
    f = Quadratic(1.0, 0.0)
    f(2.0)
    session = fake(answer)
    result, error = outcome(lambda: session.call("f", (f,), {}))
    said = result, session.changed, session.next_random, f.record
    assert (error.kind if error else said) == expected
    assert expected != "Exception" or (str(error), error.frames) == ("", ())


def test_an_import_must_be_confirmed(fake):
    for answer in (RESULT, {"loaded": 1}, {"loaded": None}):
        assert "no sensible answer" in str(error_of(fake(answer).load, {}, "word2vec"))
    fake({"loaded": True}).load({}, "word2vec")


def test_an_error_is_capped(fake):
    odd = [
        1, None, "abc", [], [1, 2, 3], ["a", "b", "c"], ["a", True, "c"], ["a", 1.0, "c"], [["a"], 1, "c"],
        {}, ["a", -1, "c"], ["a", 10**7, "c"],
    ]  # fmt: skip
    good = ["/upload/word2vec.py", 10**6, "\ud800"]
    content = {"type": "T" * 1000, "text": "x" * 10**5, "frames": [*odd, *[good] * 2000]}
    error = error_of(fake({"error": content}).call, "f", (), {})
    assert (len(error.kind), len(str(error))) == (100, 4000)
    assert error.frames == (tuple(good),) * (1000 - len(odd))


def test_too_many_bytes(fake, monkeypatch):
    monkeypatch.setattr(wire, "MAX_RECEIVED", 10_000)
    session = fake(RESULT | {"result": "x" * 200}, RESULT | {"result": "x" * 1000})
    assert session.call("f", (), {}) == "x" * 200
    assert "sent more than 10,000 bytes in all" in str(error_of(session.call, "f", (), {}))


# What is left


@IN_PROC
def test_nothing_is_left_of_many_sessions(box, monkeypatch):
    with loaded(box):
        pass
    before, threads, processes = descriptors(), threading.active_count(), children(os.getpid())
    for _ in range(6):
        with loaded(box) as submission:
            submission.keep("text")
    with monkeypatch.context() as patch:  # nor of one that cannot start
        patch.setattr(box.workers, "start", lambda settings: 1 / 0)
        with pytest.raises(ZeroDivisionError), loaded(box):
            pass
    assert descriptors() == before
    assert threading.active_count() == threads
    assert os.listdir(box.folder) == []
    assert children(os.getpid()) == processes
    assert children(box.workers.nursery.pid) == set()


def test_closing_removes_the_folder():
    with sandbox(SOURCE) as box:
        folder = box.folder
        assert os.stat(folder).st_mode & 0o777 == 0o711
    assert not os.path.exists(folder)


RESISTING = {
    "deep folders": """
for _ in range(1100):
    os.mkdir("x" * 50)
    os.chdir("x" * 50)
""",
    "closed folders": """
os.makedirs("a/b/c")
open("a/b/file", "w").close()
for path in ("a/b/c", "a/b/file", "a/b", "a", "."):
    os.chmod(path, 0)
""",
    "files of all kinds": r"""
os.mkdir("in")
for place in (".", "in"):
    os.chdir(place)
    os.symlink(x, "link")
    os.symlink("nowhere", "broken")
    os.symlink(".", "loop")
    os.link(x + "/file", "hard")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("socket")
    for name in ("\udcff\n", *map(str, range(100))):
        open(name, "w").close()
""",
}


@pytest.mark.skipif(os.name != "posix", reason="has no such folders")
def test_folders_that_resist():
    user = (65_000, 65_000) if IS_ROOT else None
    open_to_all = Confinement(user, without=("system calls", "watch"))
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as outside,
        sandbox(SOURCE, confinement=open_to_all) as box,
    ):
        file = Path(outside, "file")
        file.write_text("kept")
        os.chown(file, *user or (-1, -1))
        os.chmod(outside, 0o555)
        for code in RESISTING.values():
            with loaded(box) as submission:
                submission.run(code, outside)
            assert os.listdir(box.folder) == []
        assert file.read_text() == "kept"
        assert os.stat(outside).st_mode & 0o777 == 0o555
        os.chmod(outside, 0o755)


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path):
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    (folder / "file").write_text("kept")
    link.symlink_to(folder)
    tidy(str(link), None, False)
    assert (folder / "file").exists()
    tidy(str(folder / "nothing"), None, False)
