"""The limits of a process: each stops what it is for, and leaves room for honest work."""

import contextlib
import errno
import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import pytest

from sandbox import limits, other_user

AS_ROOT = pytest.mark.skipif(not other_user.available(), reason="only root can become another user")
ON_LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")
UID = 100_000 + os.getpid()  # nobody else's, so that its processes can be counted
ROOM = {"memory": 2**30, "cpu_seconds": 60, "file_size": 2**20, "open_files": 64, "processes": 8}


class EndedError(Exception):
    """A process has ended without an answer, with this exit code."""


def in_child(function):
    """Call a function in a forked process; give what it returns, or raise what it raises."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
        child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            os.write(writer, pickle.dumps(outcome(function)))
            code = 0
        os._exit(code)
    os.close(writer)
    with open(reader, "rb") as stream:
        answer = stream.read()
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended:
        raise EndedError(ended)
    good, value = pickle.loads(answer)
    if not good:
        raise value
    return value


def outcome(function):
    try:
        return True, function()
    except BaseException as error:
        return False, error


def limited(function, **changed):
    """Call a function in a process with limits."""

    def run():
        limits.limit(**ROOM | changed)
        return function()

    return in_child(run)


@ON_LINUX
def test_memory():
    assert limited(lambda: len(bytes(2**29))) == 2**29
    with pytest.raises(MemoryError):
        limited(lambda: len(bytes(2**30 + 2**27)))


@ON_LINUX
def test_memory_is_what_comes_above_that_in_use():
    def grow():
        kept = bytes(2**27)
        limits.limit(**ROOM | {"memory": 2**27})
        return len(kept) + len(bytes(2**26))

    assert in_child(grow) == 2**27 + 2**26


def test_processor_time():
    def busy():
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while time.process_time() < 10:
            pass

    with pytest.raises(EndedError) as caught:
        limited(busy, cpu_seconds=1)
    assert caught.value.args[0] in (-signal.SIGXCPU, -signal.SIGKILL)


def test_size_of_files(tmp_path):
    file = tmp_path / "file"
    assert limited(lambda: file.write_bytes(bytes(2**20))) == 2**20
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        limited(lambda: file.write_bytes(bytes(2**20 + 1)))
    assert caught.value.errno == errno.EFBIG


def test_open_files():
    with pytest.raises(OSError) as caught:  # noqa: PT011
        limited(lambda: [os.dup(0) for _ in range(65)])
    assert caught.value.errno == errno.EMFILE


def fork_many():
    """Fork till the system refuses; give how many processes there were, and the error."""
    children, error = [], None
    try:
        while len(children) < 50:
            child = os.fork()
            if child == 0:
                time.sleep(20)
                os._exit(0)
            children.append(child)
    except OSError as refused:
        error = refused.errno
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return len(children), error


@AS_ROOT
def test_processes_of_another_user():
    def run():
        other_user.become(UID, UID)
        limits.limit(**ROOM)
        return fork_many()

    assert in_child(run) == (8, errno.EAGAIN)


@ON_LINUX
@pytest.mark.skipif(other_user.available(), reason="the kernel does not limit root's processes")
def test_processes():
    count, error = limited(fork_many)
    assert count < 50
    assert error == errno.EAGAIN


@AS_ROOT
def test_threads_and_zombies_count_as_processes():
    def run():
        other_user.become(UID, UID)
        counts = [limits.count_processes(UID)]
        stop = threading.Event()
        for _ in range(2):
            threading.Thread(target=stop.wait, daemon=True).start()
        counts.append(limits.count_processes(UID))
        zombie = os.fork()
        if zombie == 0:
            os._exit(0)
        os.waitid(os.P_PID, zombie, os.WEXITED | os.WNOWAIT)
        return [*counts, limits.count_processes(UID)]

    assert in_child(run) == [1, 3, 4]


def test_no_core_file_and_no_way_back():
    def run():
        kinds = [getattr(resource, f"RLIMIT_{name}") for name in ("CORE", "CPU", "FSIZE", "NOFILE")]
        return [resource.getrlimit(kind) for kind in kinds]

    assert limited(run) == [(0, 0), (60, 60), (2**20, 2**20), (64, 64)]


def test_a_lower_limit_stays():
    def run():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        limits.limit(**ROOM)
        return resource.getrlimit(resource.RLIMIT_NOFILE)

    assert in_child(run) == (32, 32)


def test_what_the_system_lacks_is_skipped(monkeypatch):
    with monkeypatch.context() as patch:
        patch.delattr(resource, "RLIMIT_NPROC", raising=False)
        patch.delattr(resource, "RLIMIT_AS", raising=False)
        assert limited(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)) == (64, 64)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(limits, "resource", None)
    assert limited(lambda: resource.getrlimit(resource.RLIMIT_NOFILE)) == before


def test_without_proc_no_processes_are_counted(monkeypatch):
    monkeypatch.setattr(os.path, "isdir", lambda path: False)
    assert limits.count_processes(os.getuid()) == 0


@ON_LINUX
def test_no_new_privileges():
    def run():
        limits.forbid_new_privileges()
        status = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True)
        return "NoNewPrivs:\t1" in status.stdout

    assert in_child(run)


@AS_ROOT
def test_root_without_capabilities_has_none_and_gets_none_back():
    def run():
        limits.drop_capabilities()
        with contextlib.suppress(PermissionError):
            os.setuid(1)
            return "became another user"
        return subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True).stdout

    sets = dict(line.split(":\t", 1) for line in in_child(run).splitlines() if "\t" in line)
    assert [int(sets[f"Cap{name}"], 16) for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")] == [0] * 5


def test_a_function_that_fails_raises_its_error():
    with pytest.raises(OSError, match="prctl") as caught:
        limits.call("prctl", -1)
    assert caught.value.errno == errno.EINVAL


def test_other_systems_can_import_the_confinements():
    code = """
import ctypes, os, sys
sys.platform = "win32"
sys.modules.update(resource=None, pwd=None, grp=None)
del os.geteuid
from sandbox import landlock, limits, other_user
limits.limit(1, 1, 1, 1, 1)
print(landlock.available(), other_user.available())
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(limits.__file__).parents[1])},
    )
    assert (done.stdout, done.stderr) == ("0 False\n", "")
