"""The filter of system calls: each kind that is denied, both machines' tables, honest work."""

import ctypes
import errno
import mmap
import os
import platform
import re
import signal
import socket
from functools import partial
from pathlib import Path

import pytest
from boxes import loaded, outcome, sandbox
from test_confine import AS_ROOT, USER, VERSION, confined, only

from sandbox import system_calls
from sandbox.confine import Confinement
from sandbox.system_calls import ALLOWED, CHECKED, DONE_BY_DOING_NOTHING, MACHINES, call

fcntl, resource = map(pytest.importorskip, ("fcntl", "resource"))
ON = pytest.mark.skipif(not system_calls.available(), reason="the system has no such filter")
MACHINE = platform.machine() if platform.machine() in MACHINES else "x86_64"
FILTER, NO_FILTER = only("system calls"), only()
NEW_USER, CLONE_PARENT = 0x10000000, 0x8000


def numbers_on(machine):
    """Give the numbers of calls by name."""
    words = f"{ALLOWED} {DONE_BY_DOING_NOTHING}".split()
    column = list(MACHINES).index(machine) + 1
    found = dict(zip(words[::3], map(int, words[column::3]), strict=True))
    found |= {names[0]: names[column] for names in CHECKED}
    return {name: number for name, number in found.items() if number >= 0}


def opened(use, *arguments, flags=os.O_RDONLY):
    return use(os.open("mine", flags), *arguments)


def ioctl(file, command):
    call("syscall", numbers_on(MACHINE)["ioctl"], file, command, b"1234")


def clone(flags):
    number = numbers_on(MACHINE)["clone"]
    if (child := call("syscall", number, flags | signal.SIGCHLD, 0, 0, 0, 0)) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def of_32_bits():
    code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
    code.write(bytes.fromhex("b814000000cd80c3"))  # mov eax, 20 (getpid); int 0x80; ret
    result = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    if result < 0:
        raise OSError(-result, "")


# Tried in the folder for work, where all is the submission's own
DECIDING = (  # calls that are denied for one argument
    (lambda k: socket.socketpair(type=k)[0].close(), (2, 3, 5)),  # datagrams, raw, sequences
    (lambda k: opened(fcntl.fcntl, k, 1), (8, 10, 15, 1024, 1026, 1031)),  # signals, a lease
    (lambda k: opened(ioctl, k), (0x5412, 0x5412 + 2**32, 0x5452, 0x8901)),  # TIOCSTI, signals
    (lambda k: signal.signal(k, signal.SIG_IGN), (signal.SIGCHLD,)),  # hides the time of children
    (lambda k: mmap.mmap(-1, 2**21, k).close(), (0x21, 0x40022)),  # shared, of huge pages
    (lambda k: call("prctl", k, 1, 0, 0, 0), (4, 36)),  # be looked into, adopt
    (clone, (NEW_USER, CLONE_PARENT)),
)
ATTEMPTS = {
    "mode": lambda: os.chmod("mine", 0o700),
    "empty by path": lambda: os.truncate("mine", 0),
    "set disk aside": lambda: opened(os.posix_fallocate, 0, 4096, flags=os.O_RDWR),
    "socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "memory without a name": lambda: os.memfd_create("x"),
    "unshare": lambda: call("unshare", NEW_USER),
    "trace": lambda: call("ptrace", 0x4206, -5, 0, 0),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), os.nice(0)),
    "limits of another": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "call of x32": lambda: call("syscall", 0x40000000 + 39),
    "call of 32 bits": of_32_bits if MACHINE == "x86_64" else lambda: os.chmod("mine", 0o700),
} | {f"{n} {k:#x}": partial(use, k) for n, (use, values) in enumerate(DECIDING) for k in values}
NEVER = """
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat truncate fallocate setxattr lsetxattr
    fsetxattr removexattr mknod mknodat open_by_handle_at fanotify_init inotify_init1 socket connect bind listen accept accept4
    memfd_create memfd_secret shmget shmat msgget msgsnd semget semop mq_open mq_unlink unshare setns mount umount2 chroot
    pivot_root open_tree move_mount fsopen fsmount mount_setattr ptrace process_vm_readv process_vm_writev pidfd_open
    pidfd_getfd pidfd_send_signal kcmp setpriority ioprio_set sched_setscheduler sched_setaffinity sched_setattr bpf
    perf_event_open io_uring_setup io_uring_enter add_key request_key keyctl userfaultfd clone3 flock setuid setgroups capset
""".split()


@pytest.fixture
def out(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine").write_text("mine")
    return tmp_path / "out"


@ON
@pytest.mark.parametrize("name", ATTEMPTS)
def test_denied_and_open_without(name, out):
    _, denied = outcome(lambda: confined(lambda out: ATTEMPTS[name](), out, FILTER))
    assert getattr(denied, "errno", None) == errno.EPERM, denied
    _, error = outcome(lambda: confined(lambda out: ATTEMPTS[name](), out, NO_FILTER))
    assert getattr(error, "errno", 0) != errno.EPERM, error  # maybe there is no such thing


def error_of(number, *arguments):
    """Make a call; give the number of its error, 0 if there is none."""
    return getattr(outcome(lambda: call("syscall", number, *arguments))[1], "errno", 0)


@ON
def test_what_is_not_listed_is_denied(out):
    of_probes = {335, 336}  # on x86_64, no filter sees them, and they kill who calls them
    numbers = set(range(700)) - set(numbers_on(MACHINE).values()) - of_probes
    answers = confined(lambda out: {n: error_of(n, *[-1] * 6) for n in numbers}, out, FILTER)
    assert answers == {n: errno.EPERM if n < 424 else errno.ENOSYS for n in numbers}
    assert not set(NEVER) & numbers_on("x86_64").keys()


@ON
def test_done_by_doing_nothing(out):
    def run(out):
        errors = [error_of(numbers[name], 999) for name in ("fsync", "fdatasync", "syncfs")]
        before = os.getpgrp(), os.getsid(0)
        error = error_of(numbers["setsid"])
        return errors, error, os.getpgrp() == before[0], os.getsid(0) == before[1]

    numbers = numbers_on(MACHINE)
    assert confined(run, out, FILTER) == ([0] * 3, 0, True, True)
    assert confined(run, out, NO_FILTER) == ([errno.EBADF] * 3, 0, False, False)


# The tables

HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"__NR_(\w+)\s+(\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"__NR(?:3264)?_(\w+)\s+(\d+)"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_tables(machine):
    numbers, (path, pattern) = numbers_on(machine), HEADERS[machine]
    assert len(numbers) == len(set(numbers.values())) > 140
    if not Path(path).exists():
        pytest.skip("the headers are not installed")
    header = {name: int(number) for name, number in re.findall(pattern, Path(path).read_text())}
    newest = max(header.values())
    header = {"newfstatat": header.get("fstatat")} | header
    assert {k: n for k, n in numbers.items() if n <= newest and header.get(k) != n} == {}


@pytest.mark.parametrize("machine", ["AMD64", "arm64", "i686", "riscv64", "", MACHINE])
def test_not_available_elsewhere(machine, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    if machine == MACHINE:  # with a kernel that has no filter
        monkeypatch.setattr(system_calls, "PR_SET_SECCOMP", 999)
    assert not Confinement().settings()["filter"]


# Honest work, behind all walls

OF_FILES = """
import os, shutil, tempfile
import numpy as np

def files():
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(f"{folder}/more/deep")
        np.save(f"{folder}/array.npy", np.eye(2))
        os.rename(f"{folder}/array.npy", f"{folder}/more/deep/moved")
        os.link(f"{folder}/more/deep/moved", "mine")
        os.symlink("mine", "way")
        assert [item.name for item in os.scandir(folder)] == ["more"]
    with tempfile.TemporaryFile() as file:
        file.truncate(5)
    shutil.copyfile("way", "copy")
    open(os.devnull, "w").write("nothing")
    assert tempfile.gettempdir() == os.getcwd() and len(os.urandom(4)) == 4
    return [sorted(os.listdir()), os.stat("copy").st_mode & 0o777]
"""
HONEST = """
import asyncio, concurrent.futures, decimal, json, mmap, os, random, resource, select, signal, socket
import sqlite3, subprocess, sys, threading, time, zoneinfo
import numpy as np

def work():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert list(pool.map(abs, [-1, -2])) == [1, 2]
    program = [sys.executable, "-I", "-c", "print(1)"]
    assert subprocess.check_output(program, start_new_session=True).strip() == b"1"
    async def wait():
        await asyncio.sleep(0)
        return await asyncio.to_thread(int, "5")
    assert asyncio.run(wait()) == 5
    ours, theirs = socket.socketpair()
    ours.sendall(b"x")
    with select.epoll() as poll:
        poll.register(theirs, select.EPOLLIN)
        assert len(poll.poll(1)) == len(select.select([theirs], [], [], 1)[0]) == 1
    np.savez("arrays", np.eye(20))
    with open("arrays.npz", "r+b") as file, mmap.mmap(file.fileno(), 0) as place:
        place[0] = place[0]
        place.flush()
        os.fsync(file.fileno())
    with sqlite3.connect(":memory:") as base:
        base.execute("create table t as select 7 as x")
        assert base.execute("select x from t").fetchone() == (7,)
    heard = []
    signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    signal.alarm(0)
    assert heard and random.SystemRandom().random() < 1 and not sys.stdout.isatty()
    assert time.localtime().tm_year > 2000 and time.process_time() > 0 and os.cpu_count()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import scipy.linalg, scipy.special
    assert (np.random.rand(300, 300) @ np.eye(300)).shape == (300, 300)
    return [round(float(np.linalg.svd(np.eye(30))[1].sum())), float(scipy.special.expit(0.0))]
"""


@ON
@pytest.mark.parametrize("landlock", sorted({0, VERSION}))
@pytest.mark.parametrize("user", [None, pytest.param(USER, marks=AS_ROOT)])
def test_honest_work_goes_on(user, landlock, nurseries):
    files = {"word2vec.py": HONEST, "sgd.py": OF_FILES}
    with sandbox(files, lambda: nurseries(()), Confinement(user, landlock)) as box:
        if not user:  # another might not be able to run this Python
            with loaded(box, 30) as submission:
                assert submission.work() == [30, 0.5]
        with loaded(box, module="sgd") as submission:
            found, mode = submission.files()
    assert found == ["copy", "mine", "way"]
    assert not user or mode == 0o600  # of nobody else's use
