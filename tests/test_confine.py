"""The walls: each way out is tried, is denied by the wall that stands there, and is open without."""

import contextlib
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from boxes import IS_ROOT, EndedError, in_child, loaded, sandbox
from worth import full_marks, worth

from sandbox import confine, system_calls
from sandbox.confine import FILE_SIZE, OPEN_FILES, Confinement
from sandbox.session import StarvedError
from sandbox.system_calls import call

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="as Linux does it")
fcntl, grp, pwd, resource = map(pytest.importorskip, ("fcntl", "grp", "pwd", "resource"))
VERSION = confine.landlock_version()
AS_ROOT = pytest.mark.skipif(not IS_ROOT, reason="only root can become another user")
UID = 100_000 + os.getpid()  # nobody else's
USER = UID, UID
SOURCES, HOME = Path(confine.__file__).parents[1], Path.home()
SEIZE, COUNT_ENTROPY, GET_DUMPABLE = 0x4206, 0x80045200, 3


def confined(function, out, confinement, **changed):
    """Call function(out) in a process behind the walls of a confinement, in the folder `work`."""
    settings = {"folder": str(out.parent / "work"), "cpu_seconds": 60, **confinement.settings()}
    return in_child(lambda: [confine.settle(**settings | changed), function(out)][1])


def assert_denied(function, out, confinement):
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        confined(function, out, confinement)
    assert caught.value.errno in (errno.EACCES, errno.EPERM, errno.EXDEV), caught.value


def only(*walls, user=None, landlock=0):
    """Give a confinement with some of the walls."""
    without = {"system calls", "limits", "watch", "sweep"} - set(walls)
    return Confinement(user, landlock, without=tuple(without))


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
        shutil.copy(shutil.which("id"), work)
        for path, mode in ((".", 0o755), ("empty", 0o700), ("secret", 0o600), ("program", 0o700)):
            (folder / path).chmod(mode)
        Path(name).chmod(0o755)
        yield folder


# Ways out


def use(kind, act, address):
    with socket.socket(kind) as sock, contextlib.suppress(ConnectionRefusedError):
        getattr(sock, act)(address)


ON_FILES = {
    "read": lambda out: (out / "secret").read_text(),
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
    "link in": lambda out: os.link(out / "secret", "way") or Path("way").read_text(),
    "symbolic link out": lambda out: os.symlink("mine", out / "new"),
    "named pipe": lambda out: os.mkfifo(out / "new"),
    "socket": lambda out: use(socket.AF_UNIX, "bind", str(out / "new")),
    "execute": lambda out: subprocess.run([out / "program"], check=True),
}
ON_THE_GRADER = {
    "its environment": lambda out: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "its memory": lambda out: open(f"/proc/{os.getppid()}/mem", "rb").close(),
    "signal": lambda out: os.kill(os.getppid(), 0),
    "trace": lambda out: call("ptrace", SEIZE, os.getppid(), None, None),
}
BY_LANDLOCK = {
    "read the list of users": lambda out: Path("/etc/passwd").read_text(),
    "list temporary files": lambda out: os.listdir("/tmp"),
    "list processes": lambda out: os.listdir("/proc"),
    "list a home": lambda out: os.listdir(HOME),
    "list the project": lambda out: os.listdir(SOURCES.parent),
    "read the grader": lambda out: Path(confine.__file__).read_text(),
    "change a library": lambda out: open(os.__file__, "a").close(),
}
SINCE = {  # version of Landlock
    "truncate": (3, ON_FILES["truncate"]),
    "listen to TCP": (4, lambda out: use(socket.AF_INET, "bind", ("127.0.0.1", 0))),
    "connect by TCP": (4, lambda out: use(socket.AF_INET, "connect", ("127.0.0.1", 9))),
    "command a device": (
        5,
        lambda out: fcntl.ioctl(os.open("/dev/urandom", 0), COUNT_ENTROPY, b"1234"),
    ),
    "signal": (6, ON_THE_GRADER["signal"]),
    "abstract socket": (
        6,
        lambda out: use(socket.AF_UNIX, "connect", f"\0of the grader {os.getppid()}"),
    ),
}
WALLS = {
    "another user": (only(user=USER), ON_FILES | ON_THE_GRADER),
    "Landlock": (only(landlock=VERSION), ON_FILES | ON_THE_GRADER | BY_LANDLOCK),
}


@pytest.mark.parametrize(
    ("wall", "name"), [(wall, name) for wall, (_, attempts) in WALLS.items() for name in attempts]
)
def test_denied(wall, name, out):
    confinement, attempts = WALLS[wall]
    if wall == "Landlock" and SINCE.get(name, (1,))[0] > VERSION:
        pytest.skip("needs another Landlock")
    if not IS_ROOT and confinement.user:
        pytest.skip("only root can become another user")
    if confinement.user:
        for path in (out.parent / "work", out.parent / "work" / "mine"):
            os.chown(path, *USER)
    assert_denied(attempts[name], out, confinement)
    assert (out / "secret").read_text() == "the solution"
    assert sorted(os.listdir(out)) == ["empty", "program", "secret"]


@pytest.mark.parametrize("name", [*ON_FILES, *BY_LANDLOCK])
def test_open_without_walls(name, out):
    if name == "change a library" and not os.access(os.__file__, os.W_OK):
        pytest.skip("it is root's")
    confined((ON_FILES | BY_LANDLOCK)[name], out, only())


@pytest.mark.parametrize("name", SINCE)
def test_landlock_by_version(name, out):
    first, attempt = SINCE[name]
    if first > VERSION:
        pytest.skip(f"needs version {first} of Landlock")
    assert_denied(attempt, out, only(landlock=first))
    confined(attempt, out, only(landlock=first - 1))
    assert_denied(ON_FILES["rename in"], out, only(landlock=first - 1))


def test_a_kernel_without_landlock(monkeypatch, out):
    monkeypatch.setattr(confine, "CREATE_RULESET", 4444)
    assert confine.landlock_version() == 0
    with pytest.raises(OSError, match="syscall"):  # rather than go on without
        confined(print, out, only(landlock=1))


def test_what_a_python_of_the_system_needs(monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/opt/lib:{os.curdir}:")
    monkeypatch.setattr(sys, "path", ["", str(SOURCES), "/opt/site-packages"])
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/usr")
    needed = set(confine.what_python_needs())
    assert {"/usr/bin", "/usr/lib", "/usr/local/lib", "/opt/site-packages", "/opt/lib"} <= needed
    assert not needed & {"", ".", "/usr", str(SOURCES)}


@AS_ROOT
@pytest.mark.parametrize(("user", "landlock"), [(USER, 0), (None, VERSION), (USER, VERSION)])
def test_nothing_of_root_is_left(user, landlock, out):
    (out.parent / "work" / "id").chmod(0o4755)  # it makes root of who runs it

    settings = only(user=user, landlock=landlock).settings()

    def run():
        os.setgroups([0, 1])
        with open("/proc/self/status") as status:
            confine.settle(str(out.parent / "work"), cpu_seconds=60, **settings)
            shown = subprocess.check_output(["./id", "-u"], text=True)
            return status.read(), os.getresuid(), os.getresgid(), os.getgroups(), shown

    status, *users, groups, shown = in_child(run)
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert [int(fields[f"Cap{n}"], 16) for n in ("Inh", "Prm", "Eff", "Bnd", "Amb")] == [0] * 5
    assert fields["NoNewPrivs"] == "1"
    uid = UID if user else 0
    assert (users, groups, shown) == ([(uid,) * 3] * 2, [] if uid else [0, 1], f"{uid}\n")


@AS_ROOT
def test_becoming_another_user():
    for user in ((0, UID), (UID, 0)):
        with pytest.raises(OSError, match="root"):
            in_child(lambda user=user: confine.become(*user))
    dumpable = "prctl", GET_DUMPABLE, 0, 0, 0, 0  # can others of the user look into it?
    assert in_child(lambda: [confine.become(*USER), call(*dumpable)]) == [None, 0]


# Which walls there are


@pytest.fixture
def machine(monkeypatch):
    """Give a function that makes this a machine with other walls; root grades there."""

    def make(users, version, has_filter=True):
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        monkeypatch.setattr(confine, "other_users", lambda: users)
        monkeypatch.setattr(confine, "landlock_version", lambda: version)
        monkeypatch.setattr(system_calls, "available", lambda: has_filter)

    return make


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
def test_the_strongest_confinement(user, version, has_filter, words, machine, monkeypatch):
    machine([user] if user else [], version, has_filter)
    found = confine.strongest_confinement()
    walls = {"user": user, "landlock": version, "filter": has_filter, "limits": True}
    settings = found.settings()
    processes = settings.pop("processes")
    assert str(found) == words
    assert processes == 64 if user else processes > 64 + 192  # others of the user have some
    assert settings == walls
    settings = confine.strongest_confinement(without=("limits", "system calls")).settings()
    assert (settings["limits"], settings["filter"]) == (False, False)
    none = confine.strongest_confinement(())
    assert str(none).startswith("none")
    assert none.weaker is None
    assert none.settings()["filter"] == has_filter  # at every level
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert confine.strongest_confinement().user is None


def test_the_weaker_ones_follow(machine):
    users = [USER, (5000, 5001)]
    machine(users, 7)
    pairs, found = [], confine.strongest_confinement()
    while found:
        pairs.append((found.user, found.landlock))
        found = found.weaker
    assert pairs == [*((user, n) for n in (7, 0) for user in users), (None, 7), (None, 0)]


def test_other_users(monkeypatch):
    def offered():
        return list(confine.other_users())

    named = SimpleNamespace(pw_name=confine.NAME, pw_uid=5000, pw_gid=5001)
    monkeypatch.setattr(pwd, "getpwnam", {confine.NAME: named}.__getitem__)
    (first, group), second = offered()
    assert first == group >= 20_000
    assert second == (5000, 5001)
    for named.pw_uid, named.pw_gid in ((0, 5001), (5002, 0)):
        assert offered() == [(first, first)]
    assert in_child(offered) != [(first, first)]  # no two gradings have one user
    monkeypatch.setattr(pwd, "getpwuid", {first: named}.__getitem__)
    monkeypatch.setattr(grp, "getgrgid", {first + 1: named}.__getitem__)
    assert offered() == [(first + 2, first + 2)]


# Which of them Python can run behind


@pytest.fixture
def settled(nurseries):
    """Give a function that gives what a sandbox ends with that begins with a confinement."""

    def settled(stronger):
        confinement = replace(stronger, weaker=Confinement())
        with sandbox("", lambda: nurseries(()), confinement) as box:
            return str(box.confinement)

    return settled


@pytest.fixture
def trial(monkeypatch, settled):
    """Give a function that has a sandbox try another submission, behind Landlock or no wall."""
    if VERSION < confine.WHOLE_LANDLOCK:
        pytest.skip("there is no such Landlock")

    def settled_with(code, **limits):
        files = {"word2vec.py": ("a trial", code.encode(), "")}
        for name, value in ({"TRIAL": files} | limits).items():
            monkeypatch.setattr(f"sandbox.sandbox.{name}", value)
        return settled(Confinement(landlock=VERSION))

    return settled_with


def test_a_package_that_cannot_be_read_rules_a_confinement_out(monkeypatch, tmp_path, trial):
    (tmp_path / "kept_away.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    assert trial("import pdb, utils.treebank") == "Landlock"
    why = f"none (not Landlock: {tmp_path}/kept_away.py cannot be read)"
    assert trial("", PACKAGES=["kept_away", "not_there"]) == why
    assert trial("while True: pass", TRIAL_SECONDS=0.1) == "Landlock"  # the machine may be slow


BUSY = {
    "too many files": "raise OSError(23, os.strerror(23))",
    "no memory": "raise MemoryError",
    "no memory for a library": "raise ImportError('lib.so: ' + os.strerror(12))",
    "no process": "raise OSError(11, os.strerror(11))",
    "no space": "raise OSError(28, os.strerror(28))",
    "killed": "os.kill(os.getpid(), 9)",
}


@pytest.mark.parametrize("name", BUSY)
def test_a_busy_machine_weakens_no_confinement(name, trial):
    def busy_for(seconds):
        return f"import os, time\nif time.time() < {time.time() + seconds}: {BUSY[name]}"

    assert trial(busy_for(0.2)) == "Landlock"
    with pytest.raises(StarvedError, match=r"^the machine was too busy: "):
        trial(busy_for(60), PATIENCE_SECONDS=0.1)


@AS_ROOT
def test_walls_that_cannot_be_put_up_rule_a_confinement_out(settled):
    why = f"none (not another user: no worker can be started: OSError: user {UID} could become root again)"
    assert settled(Confinement((UID, 0))) == why


def test_a_python_whose_library_is_elsewhere(tmp_path):
    """PYTHONHOME names its place; behind Landlock it cannot go where the link leads."""
    library = Path(os.__file__).parent
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / library.name).symlink_to(library)
    paths = os.pathsep.join([*confine.site_packages(), str(SOURCES)])
    environment = {"PYTHONHOME": str(tmp_path), "PYTHONPATH": paths, "PATH": os.environ["PATH"]}
    shutil.copytree(SOURCES / "submission", tmp_path / "submission")
    with (tmp_path / "submission" / "word2vec.py").open("a") as file:
        file.write(f"\nimport sys\nprint('home', sys.base_prefix == {str(tmp_path)!r})\n")
    (tmp_path / "sample_vectors_(soln).json").write_text("{}")
    more = "2a-2", "--submission", "submission", "--solution", "submission", "--unconfined"
    done = subprocess.run(
        [sys._base_executable, SOURCES / "grader.py", *more],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert full_marks(worth("2a-2")) in done.stdout, done.stdout + done.stderr
    assert "| home True\n" in done.stdout
    if VERSION >= confine.WHOLE_LANDLOCK:
        assert re.search(
            r"\(not [\w ]*Landlock: ModuleNotFoundError: No module named 'pdb'\)", done.stdout
        )


# Limits

LIMITS = only("limits")


def start_threads(count):
    threading.stack_size(2**17)
    for _ in range(count):
        threading.Thread(target=time.sleep, args=[20], daemon=True).start()
    return count


AMOUNTS = {  # an attempt with how much, which is allowed, too much, and raises what
    "memory": (lambda n: len(bytes(n)), 2**29 + 2**28, 2**30 + 2**27, MemoryError),
    "a large file": (lambda n: Path("f").write_bytes(bytes(n)), FILE_SIZE, FILE_SIZE + 1, OSError),
    "open files": (lambda n: len([os.dup(0) for _ in range(n)]), 20, OPEN_FILES + 1, OSError),
    "processes": (start_threads, 50, 65, RuntimeError),
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_limits(name, out):
    attempt, enough, too_much, error = AMOUNTS[name]
    user = USER if name == "processes" else None
    if user and not IS_ROOT:
        pytest.skip("the user has other processes")
    kept = bytes(2**29)  # before the limits, so it does not count
    limits, none = only("limits", user=user), only(user=user)
    assert confined(lambda out: attempt(enough), out, limits) == enough < len(kept) * 2
    assert confined(lambda out: attempt(too_much), out, none) == too_much
    with pytest.raises(error):
        confined(lambda out: attempt(too_much), out, limits)


def test_processor_time(out):
    def busy(out):
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        while time.process_time() < 10:
            pass

    with pytest.raises(EndedError, match=f"-{signal.SIGXCPU}|-{signal.SIGKILL}"):
        confined(busy, out, LIMITS, cpu_seconds=1)


def test_a_limit_that_cannot_be_set_is_not_left_out(out, monkeypatch):
    def fail(path):
        raise OSError(errno.ENFILE, "too many files")

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(OSError, match="too many files"):
        confined(lambda out: None, out, LIMITS)


def test_limits_have_no_way_back_and_lower_ones_stay(out, monkeypatch):
    def run(out):
        return [resource.getrlimit(k) for k in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]

    for name in ("RLIMIT_NPROC", "RLIMIT_AS"):  # what the system lacks is skipped
        monkeypatch.delattr(resource, name)
    assert confined(run, out, LIMITS) == [(OPEN_FILES, OPEN_FILES), (0, 0)]
    monkeypatch.setattr(confine, "OPEN_FILES", 10**9)
    highest = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert confined(run, out, LIMITS)[0] == (highest, highest)


@AS_ROOT
@pytest.mark.parametrize("without", [(), ("sweep",)])
def test_what_another_user_leaves_where_everybody_may_write(without, nurseries):
    places = [Path(folder, f"left by {UID}") for folder in ("/tmp", "/dev/shm")]
    source = """
        import os
        def leave(places):
            for place in places:
                os.makedirs(place + "/deep")
                for path in (place + "/deep", place):
                    os.chmod(path, 0)
    """
    confinement = Confinement(USER, without=("system calls", *without))
    with sandbox(source, lambda: nurseries(()), confinement) as box:
        with loaded(box) as submission:
            submission.leave(list(map(str, places)))
            assert all(place.exists() for place in places)
        left = [place for place in places if place.exists()]
    for place in left:
        shutil.rmtree(place)
    assert left == (places if without else [])
