"""The grader's side: sessions, their time, what a worker can see, what may come from it."""

import contextlib
import copy
import json
import math
import os
import random
import socket
import struct
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from boxes import IN_PROC, IS_ROOT, children, descriptors, loaded, sandbox

from grading.course import reachable
from sandbox import session as sessions
from sandbox import watch, wire
from sandbox.confine import Confinement
from sandbox.objects import Quadratic
from sandbox.sandbox import Sandbox, Submission, tidy
from sandbox.session import (
    MissingError,
    Session,
    StarvedError,
    SubmissionError,
    TooLateError,
)
from sandbox.text import Capture
from sandbox.watch import Use
from sandbox.wire import LENGTHS, TAG
from sandbox.workers import ForkedWorkers, Started
from utils.utils import InputError

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
SOURCE = '''
import os, random, sys, threading, time
state = []

def look():
    """Tell what is in sight."""
    parent = os.getppid()
    return {
        "environment": dict(os.environ),
        "arguments": sys.argv,
        "open": sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")),
        "folder": os.getcwd(),
        "files": os.listdir("."),
        "path": sys.path,
        "modules": list(sys.modules),
        "command": open("/proc/self/cmdline").read(),
        "parent": os.readlink(f"/proc/{parent}/cwd") if os.getuid() == 0 else "/",
        "input": sys.stdin.read(),
        "group": [os.getpgrp() == os.getpid(), os.getsid(0) == os.getpid()],
    }

def place():
    return [sys.path, os.getcwd()]

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
    return [os.listdir("."), state, open("file").read()]

def pid():
    return os.getpid()

def sleep(seconds, then=None):
    time.sleep(seconds)
    return then() if then else None

def echo(x):
    return x

def call(f, x, times):
    for _ in range(times):
        f(x)

def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def spin_in_children(seconds, count):
    for _ in range(count):
        if os.fork() == 0:
            spin(seconds)
            os._exit(0)
    for _ in range(count):
        os.wait()

def ignore_children():
    import signal
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)

def hold(megabytes, count):
    for _ in range(count):
        if os.fork() == 0:
            held = bytearray(megabytes * 2**20)
            time.sleep(20)
    time.sleep(20)

def allocate(count):
    import numpy
    numpy.ones(count)

def threads(count):
    threading.stack_size(2**17)
    for _ in range(count):
        threading.Thread(target=time.sleep, args=[20]).start()
    time.sleep(20)

def write(count, size):
    for k in range(count):
        with open(str(k), "wb") as file:
            file.write(bytes(size))
    time.sleep(20)
'''


@pytest.fixture(scope="module")
def box():
    with sandbox(SOURCE, import_seconds=20) as box:
        yield box


# What stands for a submission


def test_a_function_is_asked_for_when_it_is_called(box):
    with loaded(box) as submission:
        assert submission.echo == submission.echo
        assert submission.echo != submission.sleep
        assert submission.echo(x=3) == 3
        missing = submission.skipgram
        with pytest.raises(MissingError, match="skipgram"):
            missing()


def test_names_of_python_are_none_of_the_submission():
    submission = Submission(None)
    for name in ("__len__", "__array__", "_private"):
        assert not hasattr(submission, name)
    assert copy.copy(submission)._session is None


# What a worker has in sight


@LINUX
def test_what_is_in_sight(box, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET", "canary")
    monkeypatch.chdir(tmp_path)
    with contextlib.ExitStack() as stack:
        stack.enter_context(open(tmp_path / "canary", "w"))
        os.set_inheritable(stack.enter_context(open(tmp_path / "open", "w")).fileno(), True)
        with sandbox(SOURCE) as other, loaded(other) as submission:
            seen = submission.look()
    folder = seen["folder"]
    allowed = "LANG MALLOC_ARENA_MAX MPLBACKEND PATH USER HOME TMPDIR LC_CTYPE OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS VECLIB_MAXIMUM_THREADS"
    assert set(seen["environment"]) <= set(allowed.split())
    assert seen["environment"]["HOME"] == seen["environment"]["TMPDIR"] == folder
    assert seen["environment"]["OPENBLAS_NUM_THREADS"] == "1"
    assert seen["arguments"] == ["submission"]
    assert seen["open"][:3] == [0, 1, 2]
    assert len(seen["open"]) == 4  # the wire
    assert seen["files"] == []
    assert seen["parent"] == "/"
    assert seen["input"] == ""
    assert seen["group"] == [True, True]
    assert str(tmp_path) not in str(seen)
    assert "canary" not in str(seen)
    assert not {
        "grader",
        "graderUtil",
        "grading",
        "sandbox.session",
        "sandbox.sandbox",
        "run",
    } & set(seen["modules"])


def test_no_folder_of_the_project_is_searched(box):
    ours = Path(sessions.__file__).resolve().parents[2]
    with loaded(box) as submission:
        for path in submission.place()[0]:
            assert not Path(path).is_relative_to(ours) or Path(path).name == "site-packages"
        for name in (
            "grader",
            "graderUtil",
            "run",
            "grading.cases",
            "sandbox.sandbox",
            "sandbox.session",
            "conftest",
            "boxes",
            "solution",
        ):
            assert submission.imports(name) == "ModuleNotFoundError"
        assert submission.imports("submission.grader") == "ModuleNotFoundError"
        assert submission.imports("submission.word2vec") != "ModuleNotFoundError"
        assert submission.imports("utils.treebank").endswith("utils/__init__.py")
        assert submission.imports("numpy.fft") == np.__file__


def test_every_session_is_fresh(box):
    seen = []
    for text in "ab":
        with loaded(box) as submission:
            assert submission.keep(text) == [["file"], [text], text]
            seen.append((submission.pid(), submission.place()[1]))
    assert seen[0][0] != seen[1][0]
    assert not any(os.path.exists(folder) for _, folder in seen)
    assert os.listdir(box.folder) == []


# Time


@IN_PROC
def test_calls_have_their_time_together(box):
    with loaded(box, seconds=1.2) as submission:
        submission.spin(0.9)
        time.sleep(0.5)  # the grader's own
        began = time.process_time()
        words = r"^spin took longer than 1\.2 seconds, the limit of this test$"
        with pytest.raises(TooLateError, match=words) as info:
            submission.spin(5)
        assert info.value.kind == "TimeoutError"
        assert time.process_time() - began < 0.8
        with pytest.raises(SubmissionError, match="took longer"):
            submission.echo(1)


def test_who_sleeps_has_more_time_by_the_clock(box):
    with loaded(box, seconds=0.5) as submission:
        submission.sleep(0.9)
        words = r"sleep took longer than 0\.5 seconds, the limit of this test: it computed for 0\.0"
        with pytest.raises(TooLateError, match=words):
            submission.sleep(9)


def test_what_children_compute_counts(box):
    late = pytest.raises(TooLateError, match="took longer")
    with loaded(box, seconds=0.5) as submission, late:
        submission.spin_in_children(0.3, 4)


@LINUX
def test_children_cannot_be_hidden(box):
    with loaded(box) as submission, pytest.raises(SubmissionError, match="not permitted"):
        submission.ignore_children()


def busy(*args, **kwargs):
    """Stand in for `watch.use_of` on a machine that lets nothing run."""
    return Use(seconds=0.1, waited=time.monotonic() / 2, threads=1)


def test_who_waits_for_a_processor_is_starved(box, monkeypatch):
    monkeypatch.setattr(watch, "use_of", busy)
    words = r"the machine was too busy: sleep got 0\.0 of its 0\.1"
    with loaded(box, seconds=0.1) as submission, pytest.raises(StarvedError, match=words):
        submission.sleep(9)


def test_an_import_that_was_starved_is_tried_again(monkeypatch):
    monkeypatch.setattr(watch, "use_of", busy)
    with sandbox("import time\ntime.sleep(9)", import_seconds=0.1) as box:
        assert isinstance(failing(box, "word2vec"), StarvedError)
        assert box.failed == {}


class Busy(ForkedWorkers):
    """Starts no worker until some time is over."""

    until, why = math.inf, "no worker can be started: OSError: [Errno 12] Cannot allocate memory"

    def start(self, settings):
        if time.monotonic() < self.until:
            raise OSError(self.why)
        return super().start(settings)


def test_a_worker_that_cannot_be_started_on_a_busy_machine_is_waited_for(monkeypatch):
    with sandbox(SOURCE, Busy) as box:
        Busy.until = time.monotonic() + 0.5
        with loaded(box) as submission:
            assert submission.echo(1) == 1
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


@LINUX
def test_memory_is_what_the_machine_has(box, monkeypatch):
    monkeypatch.setattr(watch, "memory_left", lambda: 208 * 2**20)
    too_much = pytest.raises(SubmissionError, match="used more than 208 MB of memory in all")
    with loaded(box) as submission, too_much:
        submission.hold(70, 3)
    words = "^Unable to allocate 7.*; all of a submission may use 208 MB of memory$"
    with loaded(box) as submission, pytest.raises(SubmissionError, match=words):
        submission.allocate(10**12)


def test_too_little_memory_is_refused(monkeypatch):
    monkeypatch.setattr(watch, "memory_here", lambda root="/": 400 * 2**20)
    words = r"too little memory to grade: 400 MB, of which a submission could take \d+, and should"
    with pytest.raises(OSError, match=words), sandbox(SOURCE):
        pass


def test_all_tests_have_a_time_together():
    with sandbox(SOURCE, total_seconds=0.8) as box:
        words = "the time for all tests together, 0.8 seconds, was over"
        with loaded(box) as submission, pytest.raises(TooLateError, match=words):
            submission.sleep(9)
        with pytest.raises(TooLateError, match=words), loaded(box):
            pass


def test_an_import_has_its_own_time():
    files = {
        "word2vec.py": "import time\ntime.sleep(0.3)\ndef sgd():\n    return 1",
    }
    with sandbox(files) as box, loaded(box, 0.2) as submission:
        assert submission.sgd() == 1


@IN_PROC
def test_a_hung_import_costs_its_own_module_only(monkeypatch):
    tries = []
    load = Session.load
    monkeypatch.setattr(Session, "load", lambda *args: tries.append(args[2]) or load(*args))
    files = {"word2vec.py": "def f(): return 1", "sgd.py": "while True: pass"}
    files["__init__.py"] = "from .word2vec import *\nfrom .sgd import *"
    with sandbox(files, import_seconds=0.2) as box:
        errors = [failing(box, "sgd") for _ in range(2)]
        with loaded(box) as submission:
            assert submission.f() == 1
    words = "importing the submission took longer than 0.2 seconds, in sgd.py"
    assert {(error.kind, str(error)) for error in errors} == {("TimeoutError", words)}
    assert tries == ["sgd", "word2vec"]


# What all processes of a submission use


@LINUX
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (("hold", 300, 3), "more than 640 MB of memory in all"),
        (("threads", 70), "more than 64 processes and threads"),
        (("write", 25, 3 * 2**20), "more than 64 MB in its working folder"),
        (("write", 3000, 0), "more than 2,000 files in its working folder"),
    ],
    ids=str,
)
def test_who_uses_too_much_is_ended(box, call, words):
    too_much = pytest.raises(SubmissionError, match=f"the submission used {words}")
    with loaded(box) as submission, too_much as info:
        getattr(submission, call[0])(*call[1:])
    assert info.value.kind == "ResourceError"
    assert os.listdir(box.folder) == []


# What neutral objects recorded


def test_records_come_back(box):
    f = Quadratic(np.ones(2), 0.0)
    with loaded(box) as submission:
        submission.call(f, np.array([1.0, 2.0]), 2)
        assert np.array(f.record).tolist() == [[1, 2], [1, 2]]
        submission.echo(f)
        assert f.record == []


@pytest.mark.parametrize(
    "records",
    [None, 5, "x", {}, [5], [[0, [1]]], {"1": [1]}, {"0": 5}, {"0": {}}, {"0": "x"}, {"x": [1]}],
    ids=str,
)
def test_senseless_records_are_none(fake, records):
    f = Quadratic(1.0, 0.0)
    session, _ = fake(RESULT | {"records": records})
    session.call("f", (f,), {})
    assert f.record == []
    session, _ = fake(RESULT | {"records": {"0": [1]}})
    session.call("f", (f,), {})
    assert f.record == [1]


# Imports that fail


def failing(box, module):
    with pytest.raises(SubmissionError) as info, loaded(box, module=module):
        pass
    return info.value


def test_a_failed_import_is_not_tried_again(monkeypatch):
    tries = []
    load = Session.load
    monkeypatch.setattr(Session, "load", lambda *args: tries.append(args[2]) or load(*args))
    with sandbox(
        {"word2vec.py": "def f():\n    pass\n1 / 0", "sgd.py": "def sgd(): return 1"}
    ) as box:
        errors = [failing(box, "word2vec") for _ in range(3)]
        assert {(error.kind, str(error), error.frames) for error in errors} == {
            ("ZeroDivisionError", "division by zero", (("/upload/word2vec.py", 3, "<module>"),))
        }
        assert errors[0] is not errors[1]
        with loaded(box, module="sgd") as submission:
            assert submission.sgd() == 1
    assert tries == ["word2vec", "sgd"]


def test_an_error_that_is_called_timeout_is_no_hung_import():
    with sandbox(
        {"sgd.py": "raise TimeoutError('no network')", "word2vec.py": "def f(): return 1"}
    ) as box:
        assert (failing(box, "sgd").kind, str(failing(box, "sgd"))) == (
            "TimeoutError",
            "no network",
        )
        with loaded(box) as submission:
            assert submission.f() == 1


# A worker that says what it likes


class Fake:
    """Stands in for what starts workers: this process says what a worker says."""

    def __init__(self):
        self.ended = 0

    def start(self, settings):
        ours, self.sock = socket.socketpair()
        self.sock.settimeout(5)
        reader, self.output = os.pipe()
        return Started(ours, None, Capture(open(reader, "rb", buffering=0)))

    def end(self, started):
        self.ended += 1
        self.sock.close()
        with contextlib.suppress(OSError):
            os.close(self.output)
        started.printed.reader.join(1)
        return "its process ended with exit code 7"

    def close(self):
        pass


@pytest.fixture
def fake():
    """Make a session whose worker answers with these bytes, at once."""
    with contextlib.ExitStack() as stack:

        def make(*answers, seconds=5):
            box = Sandbox({}, Fake(), Confinement())
            stack.callback(box.close)
            session = stack.enter_context(box.session(seconds))
            for answer in answers:
                data = answer if isinstance(answer, bytes) else frame(answer)
                send_it = threading.Thread(target=send, args=[box.workers.sock, data], daemon=True)
                send_it.start()
            return session, box.workers

        yield make


def send(sock, data):
    with contextlib.suppress(OSError):
        sock.sendall(data)


def frame(tree):
    header = json.dumps(tree).encode()
    return LENGTHS.pack(len(header), 0) + header


RESULT = {"result": 0.5, "changed": [], "next": 1, "records": {}}
OPAQUE, GIVEN = {TAG: ["opaque", "x"]}, {TAG: ["given", 0]}


def test_an_answer(fake):
    session, workers = fake(RESULT | {"changed": ["x"], "next": 8})
    assert session.call("f", (), {}) == 0.5
    assert (session.changed, session.next) == (["x"], 8)
    assert not workers.ended


@pytest.mark.parametrize("odd", [None, "x", 1.5, True, [[]], {}, OPAQUE, float("nan")])
def test_what_was_changed_and_comes_next_is_checked(fake, odd):
    session, _ = fake(RESULT | {"changed": odd, "next": odd})
    session.call("f", (), {})
    assert isinstance(session.changed, list)
    assert session.next is None


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff" * 8, b"\0" * 8, b"\0\0\0\2\0\0\0\0[]", frame(None), frame("result"), frame(1), frame(True), frame({TAG: 5}),
        {}, {"result": 1}, {"loaded": True}, {"result": 0, "changed": []}, RESULT | {"result": GIVEN},
        RESULT | {"result": {TAG: ["own", 0]}}, RESULT | {"result": {TAG: ["give", 0, "own", "f"]}}, RESULT | {"result": {TAG: ["given", True]}},
        {"callback": 0}, [RESULT],
    ],
    ids=str,
)  # fmt: skip
def test_senseless_answers(fake, answer):
    session, _ = fake(answer)
    with pytest.raises(SubmissionError) as info:
        session.call("f", (), {})
    assert info.value.kind == "WireError"


@pytest.mark.parametrize(
    "content",
    [
        None, 5, "x", [], [1], {}, {"frames": 5}, {"frames": "abc"}, {"frames": {"a": 1}}, OPAQUE,
        {"frames": [1, None, "abc", [], [1, 2, 3], ["a", "b", "c"], ["a", True, "c"], ["a", 1.0, "c"], [["a"], 1, "c"], {}]},
        {"type": 5, "text": 5, "frames": 5}, {"type": [], "text": OPAQUE}, {"type": float("nan"), "text": None, "frames": {}},
    ],
    ids=str,
)  # fmt: skip
def test_senseless_errors(fake, content):
    session, _ = fake({"error": content})
    with pytest.raises(SubmissionError) as info:
        session.call("f", (), {})
    assert (info.value.kind, str(info.value), info.value.frames) == ("Exception", "", ())


def test_an_error_is_capped(fake):
    frames = [["/upload/word2vec.py", 10**6, "\ud800"]] * 2000
    session, _ = fake({"error": {"type": "T" * 1000, "text": "x" * 10**5, "frames": frames}})
    with pytest.raises(SubmissionError) as info:
        session.call("f", (), {})
    assert (len(info.value.kind), len(str(info.value)), len(info.value.frames)) == (100, 4000, 1000)
    assert info.value.frames[0] == ("/upload/word2vec.py", 10**6, "\ud800")


def test_an_import_must_be_confirmed(fake):
    for answer in (RESULT, {"loaded": 1}, {"loaded": None}):
        session, _ = fake(answer)
        with pytest.raises(SubmissionError, match="no sensible answer"):
            session.load({}, "word2vec")
    session, _ = fake({"loaded": True})
    session.load({}, "word2vec")


def test_too_many_bytes(fake, monkeypatch):
    monkeypatch.setattr(wire, "MAX_RECEIVED", 10_000)
    session, _ = fake(RESULT | {"result": "x" * 200})
    assert session.call("f", (), {}) == "x" * 200
    session, _ = fake(RESULT | {"result": "x" * 1000})
    with pytest.raises(SubmissionError, match="sent more than 10,000 bytes in all"):
        session.call("f", (), {})


def test_too_many_lists(fake):
    session, _ = fake(frame(RESULT | {"result": [[]] * 200_000}) * 20)
    calls = []
    with pytest.raises(SubmissionError, match="bytes in all"):
        calls.extend(session.call("f", (), {}) for _ in range(20))
    assert len(calls) < 10


def test_who_does_not_end_an_answer_is_late(fake):
    session, workers = fake(seconds=0.3)
    workers.sock.send(struct.pack(">II", 2**19, 0) + bytes(100))
    began = time.monotonic()
    with pytest.raises(SubmissionError, match="took longer"):
        session.call("f", (), {})
    assert time.monotonic() - began < 4


def test_who_closes_the_wire_is_gone(fake):
    session, workers = fake()
    workers.sock.shutdown(socket.SHUT_RDWR)
    for _ in range(2):
        with pytest.raises(
            SubmissionError, match="did not answer: its process ended with exit code 7"
        ) as info:
            session.call("f", (), {})
        assert info.value.kind == "ProcessError"
    assert workers.ended == 1


def test_answers_that_come_before_questions_are_taken_for_answers(fake):
    session, _ = fake(frame(RESULT) + frame(RESULT | {"result": 2}))
    assert [session.call("f", (), {}) for _ in range(2)] == [0.5, 2]


# Output


def test_output_without_end_is_capped(monkeypatch):
    source = "import os\ndef f():\n    while True:\n        os.write(1, b'x' * 65536)"
    with sandbox(source) as box, loaded(box, 0.3) as submission:
        with pytest.raises(SubmissionError, match=r"took longer|too busy"):
            submission.f()
        text = submission._session.close()
    assert len(text) < 25_000
    assert "bytes left out" in text


def test_an_output_that_somebody_holds_open_is_not_waited_for(fake):
    session, workers = fake(RESULT)
    session.call("f", (), {})
    held = os.dup(workers.output)
    os.write(held, b"printed")
    began = time.monotonic()
    assert session.close() == "printed"
    assert time.monotonic() - began < 2
    os.close(held)


# What is left


@IN_PROC
def test_nothing_is_left_of_many_sessions(box):
    with loaded(box):
        pass
    before, threads, processes = descriptors(), threading.active_count(), children(os.getpid())
    for _ in range(40):
        with loaded(box) as submission:
            submission.keep("text")
    assert descriptors() == before
    assert threading.active_count() == threads
    assert os.listdir(box.folder) == []
    assert children(os.getpid()) == processes
    assert children(box.workers.nursery.pid) == set()


@IN_PROC
def test_a_session_that_cannot_start_leaves_nothing(box, monkeypatch):
    before = descriptors()
    monkeypatch.setattr(box.workers, "start", lambda settings: 1 / 0)
    with pytest.raises(ZeroDivisionError), loaded(box):
        pass
    monkeypatch.undo()
    with loaded(box) as submission:
        assert submission.echo(1) == 1
    assert os.listdir(box.folder) == []
    assert descriptors() == before


def test_closing_removes_the_folder():
    with sandbox(SOURCE) as box:
        folder = box.folder
        assert os.stat(folder).st_mode & 0o777 == 0o711
    assert not os.path.exists(folder)


# Folders that resist


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_remove_a_deep_folder(folder):
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("x" * 50, dir_fd=here)
        below = os.open("x" * 50, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    tidy(str(folder), None, False)
    assert not folder.exists()


def test_tidy_closed_folders():
    parent = Path(tempfile.mkdtemp(dir="/tmp"))
    parent.chmod(0o711)
    folder, user = parent / "folder", None
    (folder / "a" / "b" / "c").mkdir(parents=True)
    (folder / "a" / "b" / "file").write_text("")
    (folder / "d").mkdir()
    for path in ("a/b/c", "a/b/file", "a/b", "a", "d", "."):
        (folder / path).chmod(0)
    if IS_ROOT:
        user = 65000, 65000
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, *user)
    tidy(str(folder), user, False)
    assert not folder.exists()
    parent.rmdir()


@pytest.mark.skipif(not IS_ROOT, reason="needs another user")
def test_what_a_user_left_elsewhere_goes_too(folder):
    number = 65001
    left = Path("/tmp", f"left-by-{number}")
    (left / "in").mkdir(parents=True)
    for path in (left / "in", left):
        path.chmod(0)
        os.chown(path, number, number)
    tidy(str(folder), (number, number), False)
    assert left.exists()
    tidy(str(folder), (number, number), True)
    assert not left.exists()
    assert tuple(Path("/tmp").iterdir())


def test_tidy_files_of_all_kinds(folder):
    outside = folder.parent / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    outside.chmod(0o555)
    (folder / "in").mkdir()
    for place in (folder, folder / "in"):
        (place / "link").symlink_to(outside)
        (place / "broken").symlink_to("nowhere")
        (place / "loop").symlink_to(".")
        os.link(outside / "file", place / "hard")
        os.mkfifo(place / "pipe")
        with socket.socket(socket.AF_UNIX) as sock, contextlib.chdir(place):
            sock.bind("socket")
        (place / "\udcff\n").write_text("")
        for k in range(100):
            (place / str(k)).write_text("")
    tidy(str(folder), None, False)
    assert not folder.exists()
    assert (outside / "file").read_text() == "kept"
    assert outside.stat().st_mode & 0o777 == 0o555
    outside.chmod(0o755)


def test_a_link_in_place_of_the_folder_is_not_followed(folder):
    (folder / "file").write_text("kept")
    link = folder.parent / "link"
    link.symlink_to(folder)
    tidy(str(link), None, False)
    assert (folder / "file").exists()
    tidy(str(folder / "nothing"), None, False)


def test_a_submission_that_leaves_a_resisting_tree():
    source = """
        import os
        def f():
            os.mkdir("closed", 0)
            for _ in range(300):
                os.mkdir("a" * 100)
                os.chdir("a" * 100)
    """
    with sandbox(source) as box:
        with loaded(box) as submission, contextlib.suppress(SubmissionError):
            submission.f()
        assert os.listdir(box.folder) == []


def test_the_seed_of_a_call_comes_from_random(box):
    random.seed(3)
    expected = random.getrandbits(32)
    random.seed(3)
    with loaded(box) as submission:
        submission.echo(1)
        assert submission._session.seed == expected
