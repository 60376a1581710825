"""Seccomp: each call is denied, and open without the filter; honest work goes on."""

import asyncio
import errno
import os
import platform
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from test_limits import ROOM, in_child
from test_other_user import folders

from sandbox import landlock, limits, nursery, seccomp

STATUS = Path("/proc/self/status")
KNOWN = platform.machine() in seccomp.MACHINES and STATUS.exists()
HAS_FILTERS = KNOWN and "Seccomp_filters" in STATUS.read_text()
pytestmark = pytest.mark.skipif(not HAS_FILTERS, reason="the system has no seccomp")

SOURCES = Path(seccomp.__file__).parents[1]
WORDS = seccomp.DENIED.split()
NUMBERS = {name: (int(x86), int(arm)) for name, x86, arm in zip(*[iter(WORDS)] * 3, strict=True)}
NUMBERS |= {name: numbers for name, *numbers in seccomp.CHECKED}
COLUMN = list(seccomp.MACHINES).index(platform.machine()) if KNOWN else 0
IPC_PRIVATE, IPC_RMID, PR_GET_NO_NEW_PRIVS = 0, 0, 39


def send_to(kind):
    """Send to a socket in the file system, from one of a pair."""

    def attempt(out):
        pair = socket.socketpair(socket.AF_UNIX, kind)
        pair[0].sendto(b"from the submission", str(out / "socket"))

    return attempt


def connect(out):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).connect(str(out / "socket"))


def send_by_udp(out):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", ("127.0.0.1", 9))


def clone(flags):
    child = limits.call("syscall", NUMBERS["clone"][COLUMN], flags | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def shared_memory(out):
    segment = limits.call("shmget", IPC_PRIVATE, 2**20, 0o600)
    limits.call("shmctl", segment, IPC_RMID, None)


# What an ordinary user could do but for the filter
OPEN = {
    "chmod": lambda out: os.chmod(out / "secret", 0),
    "fchmod": lambda out: os.fchmod(os.open(out / "secret", os.O_RDONLY), 0),
    "chown": lambda out: os.chown(out / "secret", os.getuid(), os.getgid()),
    "utime": lambda out: os.utime(out / "secret", (0, 0)),
    "setxattr": lambda out: os.setxattr(out / "secret", "user.x", b"1"),
    "socket": connect,
    "socket of UDP": send_by_udp,
    "pair of datagrams": send_to(socket.SOCK_DGRAM),
    "pair of raw sockets": send_to(socket.SOCK_RAW),
    "shared memory": shared_memory,
    "limits of the grader": lambda out: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "priority of the grader": lambda out: os.setpriority(os.PRIO_PROCESS, os.getppid(), os.nice(0)),
}
OF_NAMESPACES = {
    "unshare": lambda out: limits.call("unshare", seccomp.CLONE_NEWUSER),
    "clone": lambda out: clone(seccomp.CLONE_NEWUSER),
}
# All that is denied whatever its arguments
CALLS = """
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat
    file_setattr open_by_handle_at fanotify_init socket connect bind
    shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl
    mq_open mq_unlink unshare setns mount umount2 pivot_root mount_setattr open_tree
    open_tree_attr move_mount fsopen fsconfig fsmount fspick ptrace process_vm_readv
    process_vm_writev pidfd_getfd kcmp setpriority ioprio_set sched_setparam sched_setscheduler
    sched_setaffinity sched_setattr kexec_load kexec_file_load bpf perf_event_open io_uring_setup
    io_uring_enter io_uring_register add_key request_key keyctl userfaultfd syslog
""".split()


@pytest.fixture
def out():
    with folders() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(folder / "socket"))
        yield folder


def filtered(function, *arguments):
    """Call a function in a process with the filter."""

    def run():
        seccomp.deny_calls()
        return function(*arguments)

    return in_child(run)


def assert_denied(function, *arguments):
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        filtered(function, *arguments)
    assert caught.value.errno == errno.EPERM, caught.value


@pytest.mark.parametrize("name", OPEN | OF_NAMESPACES)
def test_denied(name, out):
    assert_denied((OPEN | OF_NAMESPACES)[name], out)


@pytest.mark.parametrize("name", OPEN)
def test_open_without(name, out):
    """The attempts are real ones, as far as the kernel and the file system know of them."""
    try:
        in_child(lambda: OPEN[name](out))
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOTSUP):
            raise


def test_all_are_denied():
    def attempt(name):
        try:
            return limits.call("syscall", NUMBERS[name][COLUMN], *[-1] * 6)
        except OSError as error:
            return error.errno

    names = [name for name in CALLS if NUMBERS[name][COLUMN] >= 0]
    answers = filtered(lambda: {name: attempt(name) for name in names})
    assert {name: code for name, code in answers.items() if code != errno.EPERM} == {}


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_filters_of_both_machines(machine):
    steps = seccomp.steps_on(machine)
    column, architecture = list(seccomp.MACHINES).index(machine), seccomp.MACHINES[machine]

    def answer(name, *arguments):
        words = (NUMBERS[name][column], architecture, 0, 0, *arguments, 0, 0, 0, 0)
        return run_filter(steps, words)

    denied = seccomp.DENY | errno.EPERM
    assert {answer(name) for name in CALLS if NUMBERS[name][column] >= 0} == {denied}
    assert answer("clone", seccomp.CLONE_NEWUSER | signal.SIGCHLD) == denied
    assert answer("clone", signal.SIGCHLD) == seccomp.ALLOW
    assert answer("prlimit64", 1) == denied
    assert answer("prlimit64", 0) == seccomp.ALLOW
    assert answer("socketpair", 1, 0, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) == denied
    assert answer("socketpair", 1, 0, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) == seccomp.ALLOW
    assert run_filter(steps, (0, architecture)) == seccomp.ALLOW
    assert run_filter(steps, (0, architecture + 1)) == denied
    assert run_filter(steps, (0x40000000, architecture)) == denied  # of x32
    assert run_filter(steps, (seccomp.CLONE3, architecture)) == seccomp.DENY | errno.ENOSYS


def run_filter(steps, words):
    """Give what a filter answers to a call, that is, to words of 32 bits."""
    place = 0
    while True:
        code, if_true, if_false, number = steps[place]
        place += 1
        if code == seccomp.RETURN:
            return number
        if code == seccomp.LOAD:
            value = words[number // 4]
        elif code == seccomp.AND:
            value &= number
        else:
            true = value == number if code == seccomp.EQUAL else value >= number
            place += if_true if true else if_false


HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"__NR_(\w+)\s+(\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"__NR(?:3264)?_(\w+)\s+(\d+)"),
}


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_agree_with_the_header(machine):
    path, pattern = HEADERS[machine]
    if not Path(path).exists():
        pytest.skip("the headers are not installed")
    header = {name: int(number) for name, number in re.findall(pattern, Path(path).read_text())}
    column = list(seccomp.MACHINES).index(machine)
    newest = max(header.values())
    for name, numbers in [*NUMBERS.items(), ("clone3", (seccomp.CLONE3,) * 2)]:
        if numbers[column] <= newest:
            assert header.get(name, -1) == numbers[column], name


def test_threads_and_children_have_it_too(out):
    program = "import os, sys\ntry: os.chmod(sys.argv[1], 0)\nexcept OSError as e: print(e.errno)"

    def run():
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(2) as pool:
            errors = [pool.submit(os.chmod, out, 0).exception().errno for _ in range(3)]
        done = subprocess.run(
            [sys.executable, "-S", "-c", program, out], capture_output=True, check=True
        )
        return errors, int(done.stdout)

    assert filtered(run) == ([errno.EPERM] * 3, errno.EPERM)


def test_what_stays_allowed():
    def run():
        assert limits.call("prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
        clone(0)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.kill(os.getpid(), 0)
        asyncio.run(asyncio.sleep(0))
        ours, theirs = socket.socketpair()
        ours.sendall(b"to the grader")
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(Path(folder, "more"))
        return theirs.recv(99), os.path.exists(folder)

    assert filtered(run) == (b"to the grader", False)


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from sandbox import seccomp
seccomp.deny_calls()
import os, shutil, sqlite3, subprocess, tempfile
import numpy, numpy.linalg, scipy.linalg, scipy.special
assert numpy.linalg.svd(numpy.eye(300))[1].sum() == 300
numpy.testing.assert_allclose(scipy.special.expit(0.0), 0.5)
numpy.testing.assert_allclose(scipy.linalg.expm(numpy.zeros((2, 2))), numpy.eye(2))
folder = tempfile.mkdtemp()
numpy.savez(os.path.join(folder, "arrays"), numpy.eye(3))
with sqlite3.connect(os.path.join(folder, "base")) as base:
    base.execute("create table t (x)")
    base.execute("insert into t values (1)")
base.close()
shutil.rmtree(folder)
assert not os.path.exists(folder)
subprocess.run(["echo", "program"], check=True)
os.system("echo shell")
"""


def test_honest_work_goes_on():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, SOURCES], capture_output=True, text=True, cwd="/"
    )
    assert (done.stdout, done.stderr) == ("program\nshell\n", "")


@pytest.mark.skipif(not landlock.available(), reason="the system has no Landlock")
def test_it_comes_with_landlock(out):
    def settled(confined):
        order = {"folder": str(out), "limits": ROOM, "user": None, "landlock": confined}

        def run():
            nursery.settle(order)
            os.chmod(".", 0o755)

        return run

    in_child(settled(False))
    with pytest.raises(PermissionError):
        in_child(settled(True))


@pytest.mark.parametrize("machine", ["AMD64", "arm64", "i686", "riscv64", ""])
def test_not_available_on_other_machines(machine, out, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert not seccomp.available()
    filtered(os.chmod, out, 0o755)


@pytest.mark.parametrize("error", [OSError(errno.EINVAL, ""), AttributeError(), TypeError()])
def test_not_available_in_other_systems(error, monkeypatch):
    def call(*arguments):
        raise error

    monkeypatch.setattr(seccomp, "call", call)
    assert not seccomp.available()
