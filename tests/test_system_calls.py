"""The filter of system calls: each kind that is denied, both machines' tables, honest work."""

import contextlib
import ctypes
import errno
import fcntl
import mmap
import os
import platform
import re
import resource
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from boxes import loaded, sandbox
from test_confine import EndedError, confined, only, outcome

from sandbox import confine, system_calls
from sandbox.confine import Confinement
from sandbox.system_calls import (
    ALLOW,
    ALLOWED,
    CHECKED,
    DONE_BY_DOING_NOTHING,
    FAIL,
    MACHINES,
    call,
)

ON = pytest.mark.skipif(not system_calls.available(), reason="the system has no such filter")
MACHINE = platform.machine() if platform.machine() in MACHINES else "x86_64"
FILTER, NO_FILTER = only("system calls"), only()
DENIED, MISSING = FAIL | errno.EPERM, FAIL | errno.ENOSYS
NEW_USER, CLONE_PARENT, SIGCHLD, SEIZE = 0x10000000, 0x8000, 17, 0x4206


def numbers_on(machine, *tables):
    """Give the numbers of calls by name."""
    words = " ".join(tables or (ALLOWED, DONE_BY_DOING_NOTHING)).split()
    column = list(MACHINES).index(machine) + 1
    found = dict(zip(words[::3], map(int, words[column::3]), strict=True))
    found |= {} if tables else {names[0]: names[column] for names in CHECKED}
    return {name: number for name, number in found.items() if number >= 0}


def raw(x86_64, aarch64, *arguments):
    return call("syscall", x86_64 if MACHINE == "x86_64" else aarch64, *arguments)


def clone(flags):
    if (child := raw(56, 220, flags | SIGCHLD, 0, 0, 0, 0)) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def pair(kind):
    ours, _ = socket.socketpair(socket.AF_UNIX, kind)
    ours.sendto(b"from the submission", "nobody")


def control(command, argument=0, place="mine"):
    return fcntl.fcntl(os.open(place, os.O_RDONLY), command, argument)


# Tried in the folder for work, where all of it is the submission's own
ATTEMPTS = {
    "chmod": lambda: os.chmod("mine", 0o700),
    "chmod of what is open": lambda: os.fchmod(os.open("mine", os.O_RDONLY), 0o700),
    "chown": lambda: os.chown("mine", os.getuid(), os.getgid()),
    "times": lambda: os.utime("mine", (0, 0)),
    "attributes": lambda: os.setxattr("mine", "user.x", b"1"),
    "truncate by path": lambda: os.truncate("mine", 0),
    "set disk aside": lambda: os.posix_fallocate(os.open("mine", os.O_RDWR), 0, 4096),
    "make a pipe": lambda: os.mkfifo("pipe"),
    "socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "socket of UDP": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close(),
    "pair of datagrams": lambda: pair(socket.SOCK_DGRAM | socket.SOCK_NONBLOCK),
    "pair of sequences": lambda: pair(socket.SOCK_SEQPACKET),
    "lease": lambda: control(fcntl.F_SETLEASE, fcntl.F_RDLCK),
    "news of a folder": lambda: control(fcntl.F_NOTIFY, fcntl.DN_CREATE, "."),
    "owner of signals": lambda: control(fcntl.F_SETOWN, os.getppid()),
    "signal of news": lambda: control(fcntl.F_SETSIG, 9),
    "lock": lambda: fcntl.lockf(os.open("mine", os.O_RDONLY), fcntl.LOCK_SH),
    "lock of all": lambda: fcntl.flock(os.open("mine", os.O_RDONLY), fcntl.LOCK_SH),
    "a larger pipe": lambda: fcntl.fcntl(os.pipe()[0], 1031, 2**17),
    "type for another": lambda: fcntl.ioctl(os.pipe()[0], 0x5412, b"x"),
    "signals of a file": lambda: fcntl.ioctl(os.pipe()[0], 0x5452, bytes(4)),
    "memory without a name": lambda: os.memfd_create("x"),
    "memory that is shared": lambda: mmap.mmap(-1, 4096).close(),
    "memory of huge pages": lambda: mmap.mmap(-1, 2**21, 0x40022).close(),
    "memory by key": lambda: call("shmget", 77, 0, 0),
    "queue by key": lambda: call("msgget", 77, 0),
    "semaphore by key": lambda: call("semget", 77, 0, 0),
    "queue by name": lambda: raw(241, 181, b"nothing"),
    "keys": lambda: raw(250, 219, 0, -1, 0),
    "new keys": lambda: raw(248, 217, b"user", b"x", b"y", 1, -1),
    "unshare": lambda: call("unshare", NEW_USER),
    "enter a namespace": lambda: call("setns", os.open("mine", os.O_RDONLY), 0),
    "clone into a namespace": lambda: clone(NEW_USER),
    "clone a sibling": lambda: clone(CLONE_PARENT),
    "trace": lambda: call("ptrace", SEIZE, -5, 0, 0),
    "read another's memory": lambda: call("process_vm_readv", os.getpid(), 0, 0, 0, 0, 0),
    "compare with another": lambda: raw(312, 272, os.getpid(), os.getpid(), 0, 0, 0),
    "kernel's programs": lambda: raw(321, 280, 0, 0, 0),
    "performance": lambda: raw(298, 241, 0, 0, -1, -1, 0),
    "faults": lambda: raw(323, 282, 1),
    "watch files": lambda: call("inotify_init"),
    "mount": lambda: call("mount", 0, b"nothing", b"nothing", 0, 0),
    "unmount": lambda: call("umount2", b"nothing", 0),
    "priority": lambda: os.setpriority(os.PRIO_PROCESS, os.getppid(), 5),
    "processors": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "scheduler": lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)),
    "priority of its disk": lambda: raw(251, 30, 1, 0, 0),
    "limits of another": lambda: resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE),
    "adopt": lambda: call("prctl", 36, 0, 0, 0, 0),
    "be looked into": lambda: call("prctl", 4, 1, 0, 0, 0),
}
# By name, whatever their arguments; some have no number on one machine
NEVER = """
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes futimesat utimensat truncate setxattr
    lsetxattr fsetxattr removexattr fallocate mknod mknodat open_by_handle_at name_to_handle_at
    fanotify_init inotify_init1 socket connect bind listen accept accept4 setsockopt memfd_create
    memfd_secret shmget shmat msgget msgsnd semget semop mq_open mq_unlink unshare setns mount umount2
    pivot_root chroot open_tree move_mount fsopen fsmount mount_setattr ptrace process_vm_readv
    process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal kcmp setpriority ioprio_set
    sched_setparam sched_setscheduler sched_setaffinity sched_setattr bpf perf_event_open
    io_uring_setup io_uring_enter add_key request_key keyctl userfaultfd clone3 execveat flock
    personality seccomp setuid setresuid setgroups capset acct swapon reboot init_module kexec_load mlock
""".split()


@pytest.fixture
def out(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "mine").write_text("mine")
    return tmp_path / "out"


@ON
@pytest.mark.parametrize("name", ATTEMPTS)
def test_denied_and_open_without(name, out):
    def attempt(out):
        return ATTEMPTS[name]()

    (_, denied), (_, error) = (
        outcome(lambda wall=wall: confined(attempt, out, wall)) for wall in (FILTER, NO_FILTER)
    )
    assert getattr(denied, "errno", None) == errno.EPERM, denied
    # The kernel's own errors may say that there is no such thing
    assert not isinstance(error, Exception) or error.errno != errno.EPERM, error


def error_of(number, *arguments):
    """Make a call; give the number of its error, 0 if there is none."""
    _, error = outcome(lambda: call("syscall", number, *arguments))
    return getattr(error, "errno", 0)


@ON
def test_what_is_not_listed_is_denied(out):
    of_probes = {335, 336}  # on x86_64, no filter sees them, and they kill who calls them
    numbers = set(range(700)) - set(numbers_on(MACHINE).values()) - of_probes
    answers = confined(lambda out: {n: error_of(n, *[-1] * 6) for n in numbers}, out, FILTER)
    assert answers == {n: errno.EPERM if n < 424 else errno.ENOSYS for n in numbers}
    assert not set(NEVER) & numbers_on("x86_64").keys()


@ON
def test_calls_of_other_kinds(out):
    if MACHINE != "x86_64":
        pytest.skip("only x86_64 has them")
    get_pid = bytes.fromhex("b814000000cd80c3")  # of 32 bits: mov eax, 20; int 0x80; ret

    def of_32_bits(out):
        code = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
        code.write(get_pid)
        place = ctypes.addressof(ctypes.c_char.from_buffer(code))
        return ctypes.CFUNCTYPE(ctypes.c_int)(place)() - os.getpid()

    assert confined(lambda out: error_of(0x40000000 + 39), out, FILTER) == errno.EPERM
    assert confined(lambda out: of_32_bits(out) + os.getpid(), out, FILTER) == -errno.EPERM
    try:
        assert confined(of_32_bits, out, NO_FILTER) == 0
    except EndedError:
        pytest.skip("this kernel has no calls of 32 bits")


@ON
def test_done_by_doing_nothing(out):
    def run(out):
        before = os.getpgrp(), os.getsid(0)
        os.setpgid(0, 0)
        moved = before[0] != os.getpgrp()
        errors = [error_of(numbers[name], 999) for name in ("fsync", "fdatasync", "syncfs")]
        with contextlib.suppress(PermissionError):  # of who leads a group
            os.setsid()
        return moved, before[1] != os.getsid(0), errors

    numbers = numbers_on(MACHINE)
    assert confined(run, out, FILTER) == (False, False, [0] * 3)
    assert confined(run, out, NO_FILTER) == (True, False, [errno.EBADF] * 3)
    assert confined(lambda out: os.setsid() or os.getsid(0) == os.getpid(), out, NO_FILTER)


@ON
def test_threads_and_programs_have_it_too(out):
    def run(out):
        errors = [ThreadPoolExecutor(1).submit(os.chmod, "mine", 0).exception().errno]
        return errors, subprocess.run(["chmod", "700", "mine"], stderr=subprocess.PIPE).returncode

    assert confined(run, out, FILTER) == ([errno.EPERM], 1)


# The tables and the steps

HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", r"__NR_(\w+)\s+(\d+)"),
    "aarch64": ("/usr/include/asm-generic/unistd.h", r"__NR(?:3264)?_(\w+)\s+(\d+)"),
}


@pytest.mark.parametrize("machine", MACHINES)
def test_tables(machine):
    numbers = numbers_on(machine)
    assert len(numbers) > 140
    assert len(set(numbers.values())) == len(numbers)
    path, pattern = HEADERS[machine]
    if not Path(path).exists():
        pytest.skip("the headers are not installed")
    header = {name: int(number) for name, number in re.findall(pattern, Path(path).read_text())}
    header = {"newfstatat": header.get("fstatat")} | header
    newest = max(filter(None, header.values()))
    assert {k: n for k, n in numbers.items() if n <= newest and header.get(k) != n} == {}


def verdict(steps, number, architecture, *arguments):
    """Give what the filter answers to a call."""
    words = [number, architecture, 0, 0]
    for argument in (*arguments, *[0] * (6 - len(arguments))):
        words += [argument & 0xFFFFFFFF, argument >> 32]
    place = 0
    while True:
        code, if_true, if_false, operand = steps[place]
        place += 1
        if code == system_calls.RETURN:
            return operand
        if code == system_calls.LOAD:
            value = words[operand // 4]
        elif code == system_calls.AND:
            value &= operand
        else:
            true = value == operand if code == system_calls.EQUAL else value >= operand
            place += if_true if true else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_steps(machine):
    steps, numbers = system_calls.steps_on(machine), numbers_on(machine)
    for place, (code, if_true, if_false, _) in enumerate(steps):
        assert max(if_true, if_false) < 256
        if code != system_calls.RETURN:  # each path goes on, and forwards, to a verdict
            assert place + 1 + max(if_true, if_false) < len(steps)
    assert steps[-1][0] == system_calls.RETURN

    def answer(name, *arguments):
        return verdict(steps, numbers[name], MACHINES[machine], *arguments)

    assert {answer(name) for name in numbers_on(machine, ALLOWED)} == {ALLOW}
    assert {answer(name) for name in numbers_on(machine, DONE_BY_DOING_NOTHING)} == {FAIL}
    others = set(range(600)) - set(numbers.values())
    assert {verdict(steps, n, MACHINES[machine]) for n in others if n < 424} == {DENIED}
    assert {verdict(steps, n, MACHINES[machine]) for n in others if n >= 424} == {MISSING}
    assert verdict(steps, numbers["read"], MACHINES[machine] + 1) == DENIED
    assert verdict(steps, 0x40000000, MACHINES[machine]) == DENIED
    for name, allowed, denied in (
        ("clone", (SIGCHLD,), (NEW_USER | SIGCHLD,)),
        ("clone", (0x3D0F00,), (CLONE_PARENT,)),
        ("mmap", (0, 0, 0, 0x22), (0, 0, 0, 0x21)),
        ("mmap", (0, 0, 0, 0x01), (0, 0, 0, 0x23)),
        ("fcntl", (0, 2), (0, 1024)),
        ("ioctl", (0, 0x5401), (0, 0x5412)),
        ("ioctl", (0, 0x5401 + 2**32), (0, 0x5412 + 2**32)),  # the kernel ignores the upper half
        ("prctl", (15,), (36,)),
        ("prlimit64", (0,), (1,)),
        ("socketpair", (1, 0x80001), (1, 0x80002)),
    ):
        assert (answer(name, *allowed), answer(name, *denied)) == (ALLOW, DENIED), name


@pytest.mark.parametrize("machine", ["AMD64", "arm64", "i686", "riscv64", ""])
def test_not_available_on_other_machines(machine, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert not system_calls.available()
    assert not Confinement().order()["filter"]


@pytest.mark.parametrize("error", [OSError(errno.EINVAL, ""), AttributeError(), TypeError()])
def test_not_available_in_other_systems(error, monkeypatch):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(system_calls, "call", fail)
    assert not system_calls.available()


def test_a_function_that_fails_raises_its_error():
    with pytest.raises(OSError, match="prctl") as caught:
        call("prctl", -1)
    assert caught.value.errno == errno.EINVAL


# Honest work, behind all walls

HONEST = """
import asyncio, concurrent.futures, decimal, json, mmap, os, random, select, signal, socket
import sqlite3, subprocess, sys, tempfile, threading, time, zoneinfo
import numpy as np

def threads():
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        return list(pool.map(abs, [-1, -2]))

def programs():
    command = [sys.executable, "-I", "-c", "print(1)"]
    started = subprocess.run(command, start_new_session=True, capture_output=True, check=True)
    return int(started.stdout)

def children():
    if (child := os.fork()) == 0:
        os._exit(3)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def waiting():
    async def work():
        await asyncio.sleep(0)
        return await asyncio.to_thread(int, "5")
    ours, theirs = socket.socketpair()
    ours.sendall(b"x")
    with select.epoll() as poll:
        poll.register(theirs, select.EPOLLIN)
        found = len(poll.poll(1))
    return [asyncio.run(work()), found, len(select.select([theirs], [], [], 1)[0])]

def files():
    with tempfile.TemporaryDirectory() as folder:
        np.savez(os.path.join(folder, "arrays"), np.eye(2))
        os.mkdir(os.path.join(folder, "more"))
        with open(os.path.join(folder, "arrays.npz"), "r+b") as file, mmap.mmap(file.fileno(), 0) as place:
            place[0] = place[0]
            place.flush()
            os.fsync(file.fileno())
        found = sorted(item.name for item in os.scandir(folder))
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"text")
    with tempfile.TemporaryFile() as file:
        file.truncate(5)
    return [found, os.path.exists(folder)]

def base():
    with sqlite3.connect(":memory:") as memory:
        memory.execute("create table t (x)")
        memory.execute("insert into t values (7)")
        return memory.execute("select x from t").fetchone()[0]

def clocks():
    heard = []
    signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    signal.pause()
    signal.alarm(0)
    os.kill(os.getpid(), 0)
    return [heard, time.time() > time.process_time(), random.SystemRandom().random() < 1, time.localtime().tm_year > 2000]

def algebra():
    import scipy.linalg, scipy.special
    big = np.random.rand(300, 300) @ np.eye(300)
    return [round(float(np.linalg.svd(np.eye(30))[1].sum())), big.shape[0], float(scipy.special.expit(0.0))]

def rules():
    import resource
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return [os.get_terminal_size.__name__, sys.stdout.isatty(), len(os.sched_getaffinity(0)) > 0, os.cpu_count() > 0]
"""
ANSWERS = {
    "threads": [1, 2], "programs": 1, "children": 3, "waiting": [5, 1, 1], "files": [["arrays.npz", "more"], False],
    "base": 7, "clocks": [[1], True, True, True], "algebra": [30, 300, 0.5], "rules": ["get_terminal_size", False, True, True],
}  # fmt: skip


@ON
@pytest.mark.parametrize("kinds", [(), ("Landlock",), ("another user", "Landlock")])
def test_honest_work_goes_on(kinds):
    with sandbox(HONEST, confinement=confine.choose(kinds)) as box, loaded(box, 30) as submission:
        assert {name: getattr(submission, name)() for name in ANSWERS} == ANSWERS


@ON
def test_the_filter_is_on_at_every_level_and_can_be_switched_off():
    source = "import os\ndef f():\n    os.mkdir('x')\n    os.chmod('x', 0)\n    return 1"
    for without in ((), ("system calls",)):
        with sandbox(source, confinement=Confinement(without=without)) as box, loaded(box) as made:
            if without:
                assert made.f() == 1
            else:
                with pytest.raises(Exception, match="not permitted"):
                    made.f()
