"""The walls: each way out is tried, is denied by the wall that stands there, and is open without."""

import contextlib
import errno
import fcntl
import os
import pickle
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from boxes import loaded, sandbox

from sandbox import confine, system_calls
from sandbox.confine import Confinement
from sandbox.system_calls import call

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")
IS_ROOT, VERSION = os.geteuid() == 0, confine.landlock_version()
AS_ROOT = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")
UID = 100_000 + os.getpid()  # nobody else's
USER = UID, UID
SOURCES = Path(confine.__file__).parents[1]
PTRACE_SEIZE, RNDGETENTCNT = 0x4206, 0x80045200


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


def confined(function, out, confinement, **changed):
    """Call function(out) in a process behind the walls of a confinement, in the folder `work`."""

    def run():
        settle(out, confinement, **changed)
        return function(out)

    return in_child(run)


def settle(out, confinement, **changed):
    settings = {"folder": str(out.parent / "work"), "cpu_seconds": 60, **confinement.order()}
    confine.settle(**settings | changed)


def assert_denied(function, out, confinement):
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        confined(function, out, confinement)
    assert caught.value.errno in (errno.EACCES, errno.EPERM, errno.EXDEV), caught.value


def only(*walls, user=None, landlock=0):
    """Give a confinement with some of the walls."""
    without = {"system calls", "limits", "watch", "sweep"} - set(walls)
    return Confinement(user, landlock, without=tuple(without))


NO_WALL = only()


@pytest.fixture
def out():
    """Give a folder with a secret; `work`, to which all is allowed, lies beside it."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0of the grader {os.getpid()}")
        server.listen()
        folder, work = Path(name, "out"), Path(name, "work")
        (folder / "empty").mkdir(parents=True)
        work.mkdir()
        (folder / "secret").write_text("the solution")
        (work / "mine").write_text("mine")
        shutil.copy(shutil.which("true"), folder / "program")
        shutil.copy(shutil.which("cat"), work)
        for path, mode in ((".", 0o755), ("empty", 0o700), ("secret", 0o600), ("program", 0o700)):
            (folder / path).chmod(mode)
        Path(name).chmod(0o755)
        yield folder


def give(top):
    """Give a folder and what is in it to the other user."""
    for path in (top, *top.rglob("*")):
        os.chown(path, *USER)


# Ways out


def follow_link(out):
    os.symlink(out / "secret", "link")
    return Path("link").read_text()


def read_through_hard_link(out):
    os.link(out / "secret", "hard")
    return Path("hard").read_text()


def bind(kind, address):
    with socket.socket(kind) as sock:
        sock.bind(address)


def connect(kind, address):
    with socket.socket(kind) as sock, contextlib.suppress(ConnectionRefusedError):
        sock.connect(address)


def read_by_a_program(out):
    if subprocess.call(["./cat", out / "secret"], stdout=subprocess.DEVNULL):
        raise PermissionError(errno.EACCES, "cat")


def count_entropy(out):
    with open("/dev/urandom", "rb") as device:
        fcntl.ioctl(device, RNDGETENTCNT, bytes(4))


ON_FILES = {
    "read": lambda out: (out / "secret").read_text(),
    "read in a thread": lambda out: (
        ThreadPoolExecutor(1).submit(open, out / "secret").result().close()
    ),
    "read in a child": lambda out: in_child((out / "secret").read_text),
    "read by a program": read_by_a_program,
    "list": lambda out: os.listdir(out / "empty"),
    "write": lambda out: open(out / "secret", "a").close(),
    "truncate": lambda out: os.truncate(out / "secret", 0),
    "create": lambda out: open(out / "new", "x").close(),
    "remove": lambda out: os.remove(out / "secret"),
    "make a folder": lambda out: os.mkdir(out / "new"),
    "remove a folder": lambda out: os.rmdir(out / "empty"),
    "rename out": lambda out: os.rename("mine", out / "new"),
    "rename in": lambda out: os.rename(out / "secret", "new"),
    "link out": lambda out: os.link("mine", out / "new"),
    "link in": read_through_hard_link,
    "symbolic link out": lambda out: os.symlink("mine", out / "new"),
    "follow a symbolic link": follow_link,
    "named pipe": lambda out: os.mkfifo(out / "new"),
    "socket": lambda out: bind(socket.AF_UNIX, str(out / "new")),
    "execute": lambda out: subprocess.run([out / "program"], check=True),
}
ON_THE_GRADER = {
    "its environment": lambda out: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "its memory": lambda out: open(f"/proc/{os.getppid()}/mem", "rb").close(),
    "signal": lambda out: os.kill(os.getppid(), 0),
    "trace": lambda out: call("ptrace", PTRACE_SEIZE, os.getppid(), None, None),
}
OF_ROOT = {
    "change the root": lambda out: os.chroot("."),
    "mount": lambda out: call("mount", None, b".", b"no such kind", 0, None),
    "become another user": lambda out: os.setuid(1),
    "give a file away": lambda out: os.chown("mine", 1, 1),
    "make a device": lambda out: os.mknod("new", 0o20600, os.makedev(1, 3)),
}
BY_LANDLOCK = {
    "read the list of users": lambda out: Path("/etc/passwd").read_text(),
    "list temporary files": lambda out: os.listdir("/tmp"),
    "list processes": lambda out: os.listdir("/proc"),
    "read the grader": lambda out: (SOURCES / "sandbox" / "confine.py").read_text(),
    "change a library": lambda out: open(os.__file__, "a").close(),
}
SINCE = {  # version of Landlock
    "truncate": (3, ON_FILES["truncate"]),
    "listen to TCP": (4, lambda out: bind(socket.AF_INET, ("127.0.0.1", 0))),
    "connect by TCP": (4, lambda out: connect(socket.AF_INET, ("127.0.0.1", 9))),
    "command a device": (5, count_entropy),
    "signal": (6, ON_THE_GRADER["signal"]),
    "abstract socket": (6, lambda out: connect(socket.AF_UNIX, f"\0of the grader {os.getppid()}")),
}
ATTEMPTS = ON_FILES | ON_THE_GRADER | BY_LANDLOCK | OF_ROOT | {k: v for k, (_, v) in SINCE.items()}
WALLS = {
    "another user": (only(user=USER), ON_FILES | ON_THE_GRADER | OF_ROOT),
    "Landlock": (only(landlock=VERSION), ATTEMPTS),
    "Landlock, of what is one's own": (only(user=USER, landlock=VERSION), ON_FILES | BY_LANDLOCK),
}


def cases():
    for wall, (confinement, attempts) in WALLS.items():
        for name in attempts:
            if confinement.landlock and name in OF_ROOT and not IS_ROOT:
                continue
            if not confinement.user and VERSION < SINCE.get(name, (1,))[0]:
                continue
            yield pytest.param(wall, name, marks=AS_ROOT if confinement.user else ())


@pytest.mark.parametrize(("wall", "name"), list(cases()))
def test_denied(wall, name, out):
    confinement, attempts = WALLS[wall]
    if confinement.user:
        give(out.parent if confinement.landlock else out.parent / "work")
    assert_denied(attempts[name], out, confinement)
    assert (out / "secret").read_text() == "the solution"
    assert sorted(os.listdir(out)) == ["empty", "program", "secret"]


@pytest.mark.parametrize("name", [*ON_FILES, *BY_LANDLOCK, *SINCE])
def test_open_without_walls(name, out):
    confined(ATTEMPTS[name], out, NO_WALL)


@pytest.mark.parametrize("name", SINCE)
def test_landlock_by_version(name, out):
    first, attempt = SINCE[name]
    if VERSION < first:
        pytest.skip(f"needs version {first} of Landlock")
    assert_denied(attempt, out, only(landlock=first))
    confined(attempt, out, only(landlock=first - 1))
    assert_denied(ON_FILES["rename in"], out, only(landlock=1))


# What goes on


def work(out):
    Path("mine").write_text("changed")
    os.makedirs("a/b")
    with open("a/file", "w") as file:
        file.write("text")
        file.truncate(2)
    with contextlib.suppress(OSError if VERSION == 1 else KeyError):
        os.rename("a/file", "a/b/moved")
        os.link("a/b/moved", "a/file")
    os.symlink("a", "folder")
    shutil.copyfile("folder/file", "copy")
    Path(os.devnull).write_text("nothing")
    assert len(Path("/dev/urandom").open("rb").read(4)) == 4
    assert subprocess.check_output(["./cat", "copy"]) == b"te"
    modes = [os.stat(path).st_mode & 0o77 for path in ("a", "copy")]
    shutil.rmtree("a")
    assert sorted(os.listdir()) == ["cat", "copy", "folder", "mine"]
    return os.environ["HOME"] == os.environ["TMPDIR"] == os.getcwd(), modes == [0, 0]


@pytest.mark.parametrize("user", [None, pytest.param(USER, marks=AS_ROOT)])
@pytest.mark.parametrize("landlock", sorted({0, VERSION}))
def test_work_goes_on_and_what_another_user_makes_is_private(user, landlock, out):
    if user:
        give(out.parent / "work")
    assert confined(work, out, Confinement(user, landlock)) == (True, bool(user))


@pytest.mark.skipif(not VERSION, reason="the system has no Landlock")
def test_what_can_be_read_can_be_executed_but_not_written(out):
    def run(read, write):
        confine.restrict_files(VERSION, read, [*write, out / "missing"])
        (out / "program").write_bytes((out / "program").read_bytes())
        subprocess.run([out / "program"], check=True)
        assert (out / "secret").read_text() == "the solution"
        (out / "secret").write_text("overwritten")

    for read, write in (([out], [out / "program"]), ([out / "secret"], [out / "program"])):
        with pytest.raises(PermissionError, match="secret"):
            in_child(lambda: run([*confine.what_python_needs(), *read], write))
    assert (out / "secret").read_text() == "the solution"


def test_what_python_needs_is_nothing_private(monkeypatch):
    monkeypatch.setattr(sys, "path", ["", str(SOURCES), "/opt/site-packages", *sys.path])
    private = [SOURCES, Path.home(), Path.cwd(), "/tmp", "/proc/self/environ", "/etc/passwd"]
    needed = confine.what_python_needs()
    assert "/opt/site-packages" in needed
    for path in map(Path, private):
        assert not any(path.resolve().is_relative_to(Path(p).resolve()) for p in needed), path
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/usr")
    needed = confine.what_python_needs()
    assert {"/usr/bin", "/usr/lib", "/usr/local/lib"} <= set(needed)
    assert "/usr" not in needed


def test_a_kernel_without_landlock(monkeypatch, out):
    monkeypatch.setattr(confine, "CREATE_RULESET", 4444)
    assert confine.landlock_version() == 0
    with pytest.raises(OSError, match="syscall"):
        confined(work, out, only(landlock=1))


# Nothing of root is left


@AS_ROOT
@pytest.mark.parametrize("wall", WALLS)
def test_no_rights_are_left(wall, out):
    confinement, _ = WALLS[wall]
    shutil.copy(shutil.which("id"), out.parent / "work")
    (out.parent / "work" / "id").chmod(0o4755)  # it makes root of who runs it

    def run():
        os.setgroups([0, 1])
        with open("/proc/self/status") as status:
            settle(out, confinement)
            who = subprocess.check_output(["./id", "-u"], text=True)
            return status.read(), os.getresuid(), os.getresgid(), os.getgroups(), int(who)

    status, *users, groups, shown = in_child(run)
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert [int(fields[f"Cap{n}"], 16) for n in ("Inh", "Prm", "Eff", "Bnd", "Amb")] == [0] * 5
    assert fields["NoNewPrivs"] == "1"
    uid = confinement.user[0] if confinement.user else 0
    assert (users, shown) == ([(uid,) * 3] * 2, uid)
    assert groups == ([] if uid else [0, 1])


@AS_ROOT
@pytest.mark.parametrize(
    "attempt",
    [
        lambda sibling: call("ptrace", PTRACE_SEIZE, sibling, None, None),
        lambda sibling: open(f"/proc/{sibling}/mem", "rb").close(),
    ],
)
def test_siblings_cannot_look_into_each_other(attempt):
    def run():
        sibling = os.fork()
        if sibling == 0:
            try:
                confine.become(*USER)
                os.kill(os.getpid(), signal.SIGSTOP)  # tells that it is ready
            finally:
                os._exit(0)
        os.waitpid(sibling, os.WUNTRACED)
        confine.become(*USER)
        try:
            attempt(sibling)
        finally:
            os.kill(sibling, signal.SIGKILL)
            os.waitpid(sibling, 0)

    with pytest.raises(PermissionError):
        in_child(run)


@AS_ROOT
@pytest.mark.parametrize("user", [(0, UID), (UID, 0)])
def test_root_is_no_other_user(user):
    with pytest.raises(OSError, match="root"):
        in_child(lambda: confine.become(*user))


# Which walls there are


@pytest.mark.parametrize(
    ("user", "version", "has_filter", "words"),
    [
        (None, 0, True, "none"),
        (None, 5, True, "none"),
        (None, 6, True, "Landlock"),
        (USER, 5, True, "another user"),
        (USER, 6, True, "another user and Landlock"),
        (USER, 6, False, "none (this system has no filter of system calls)"),
        (None, 5, False, "none"),
    ],
)
def test_choose(user, version, has_filter, words, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(confine, "account", lambda: USER)
    monkeypatch.setattr(confine, "can_run_python", lambda uid, gid: bool(user))
    monkeypatch.setattr(confine, "landlock_version", lambda: version)
    monkeypatch.setattr(system_calls, "available", lambda: has_filter)
    chosen = confine.choose()
    assert str(chosen) == words
    order = chosen.order()
    assert (order["user"], order["landlock"], order["filter"]) == (user, version, has_filter)
    assert order["processes"] == 64 if user else order["processes"] > 64 + 192
    assert str(confine.choose(())) == "none"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert confine.choose().user is None


def test_walls_can_be_switched_off():
    order = confine.choose().order()
    assert order["limits"] is True
    assert order["filter"] == system_calls.available()
    order = confine.choose(without=("limits", "system calls")).order()
    assert (order["limits"], order["filter"]) == (False, False)
    assert Confinement().order()["filter"] == system_calls.available()  # at every level


def test_accounts(monkeypatch):
    named = SimpleNamespace(pw_name=confine.NAME, pw_uid=5000, pw_gid=5001)
    monkeypatch.setattr(pwd, "getpwnam", {confine.NAME: named}.__getitem__)
    assert confine.account() == (5000, 5001)
    for named.pw_uid, named.pw_gid in ((0, 5001), (5002, 0)):
        first, group = confine.account()
        assert first == group >= confine.FIRST_NUMBER
    monkeypatch.setattr(pwd, "getpwall", lambda: [SimpleNamespace(pw_uid=first)])
    assert confine.account()[0] > first


def test_no_two_gradings_have_one_user(monkeypatch):
    monkeypatch.setattr(pwd, "getpwnam", {}.__getitem__)
    mine = confine.account()
    assert confine.account() == mine
    program = "from sandbox import confine; print(confine.account()[0], flush=True); input()"
    how = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": {"PYTHONPATH": str(SOURCES)}}
    others = [subprocess.Popen([sys.executable, "-c", program], **how) for _ in range(2)]
    numbers = [mine[0], *(int(other.stdout.readline()) for other in others)]
    for other in others:
        other.communicate(b"\n")
    assert len(set(numbers)) == 3
    named = SimpleNamespace(pw_name=confine.NAME, pw_uid=numbers[1], pw_gid=5001)
    monkeypatch.setattr(pwd, "getpwnam", {confine.NAME: named}.__getitem__)
    assert confine.account() == (numbers[1], 5001)  # free again


@AS_ROOT
def test_can_run_python(out, monkeypatch):
    python = "/usr/bin/python3"
    if not os.access(python, os.X_OK):
        pytest.skip(f"there is no {python}")
    monkeypatch.setattr(sys, "executable", python)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace(origin=os.devnull))
    assert confine.can_run_python(*USER)
    secret = SimpleNamespace(origin=str(out / "secret"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: secret)
    assert not confine.can_run_python(*USER)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace(origin=os.devnull))
    monkeypatch.setattr(sys, "executable", str(out / "program"))
    assert not confine.can_run_python(*USER)


OTHER_SYSTEM = """
import os, sys
sys.platform = "win32"
sys.modules.update(resource=None, pwd=None, grp=None)
del os.geteuid, os.getuid
from sandbox import confine, system_calls
confine.limit(1, 1)
system_calls.libc = lambda: open(None)  # TypeError, as there
print(system_calls.available(), confine.choose())
"""


def test_other_systems():
    where = os.environ | {"PYTHONPATH": str(SOURCES)}
    command = [sys.executable, "-c", OTHER_SYSTEM]
    assert subprocess.check_output(command, env=where, text=True) == "False none\n"


# Limits

LIMITS = only("limits")
TOO_MUCH = {
    "memory": (lambda out: len(bytes(2**30 + 2**27)), MemoryError),
    "a large file": (lambda out: Path("f").write_bytes(bytes(2**24 + 1)), OSError),
    "open files": (lambda out: len([os.dup(0) for _ in range(65)]), OSError),
}
ENOUGH = {
    "memory": lambda out: len(bytes(2**29)),
    "a large file": lambda out: Path("f").write_bytes(bytes(2**24)),
    "open files": lambda out: len([os.dup(0) for _ in range(20)]),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_limits(name, out):
    attempt, error = TOO_MUCH[name]
    with pytest.raises(error) as caught:
        confined(attempt, out, LIMITS)
    assert getattr(caught.value, "errno", None) in (None, errno.EFBIG, errno.EMFILE)
    assert confined(ENOUGH[name], out, LIMITS) >= 20
    assert confined(attempt, out, NO_WALL) >= 65


def test_memory_is_what_comes_above_that_in_use(out):
    kept = bytes(2**29)
    assert confined(lambda out: len(kept) + len(bytes(2**29 + 2**28)), out, LIMITS) > 2**30


def test_processor_time(out):
    def busy(out):
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while time.process_time() < 10:
            pass

    with pytest.raises(EndedError) as caught:
        confined(busy, out, LIMITS, cpu_seconds=1)
    assert caught.value.args[0] in (-signal.SIGXCPU, -signal.SIGKILL)


def fork_many(out):
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


@AS_ROOT  # root's own are not limited
def test_processes_of_another_user(out):
    give(out.parent / "work")
    count, error = confined(fork_many, out, only("limits", user=USER), processes=8)
    assert 6 <= count <= 8
    assert error == errno.EAGAIN
    assert confined(fork_many, out, only(user=USER), processes=8) == (50, None)


def files_now(out=None):
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def test_limits_have_no_way_back_and_lower_ones_stay(out, monkeypatch):
    def raise_it(out):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 1))

    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 0)
        for name in ("RLIMIT_NPROC", "RLIMIT_AS"):  # what the system lacks is skipped
            patch.delattr(resource, name)
        assert confined(files_now, out, LIMITS) == (64, 64)

    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))
        settle(out, LIMITS)
        return files_now()

    assert in_child(lower) == (32, 32)
    with pytest.raises(ValueError, match="limit"):
        confined(raise_it, out, only("limits", landlock=VERSION))


# What another user leaves where everybody may write


@AS_ROOT
@pytest.mark.parametrize("without", [(), ("sweep",)])
def test_sweep(without, tmp_path):
    name = f"left by {UID}"
    source = f"""
        import os
        def leave():
            for folder in ("/tmp", "/dev/shm"):
                os.makedirs(f"{{folder}}/{name}/deep")
                open(f"{{folder}}/{name}/deep/file", "w").close()
    """
    places = [Path(folder, name) for folder in ("/tmp", "/dev/shm")]
    with sandbox(source, confinement=Confinement(USER, without=without)) as box:
        with loaded(box) as submission:
            submission.leave()
            assert all(place.exists() for place in places)
        left = [place for place in places if place.exists()]
        assert left == (places if without else [])
        for place in left:
            shutil.rmtree(place)
