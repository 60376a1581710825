"""The other user: each way to what is root's is tried and denied."""

import contextlib
import errno
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_limits import AS_ROOT, UID, in_child

from sandbox import limits, other_user

SOURCES = Path(other_user.__file__).parents[1]
SYSTEM_PYTHON = "/usr/bin/python3"
RIGHT_VERSION = "import sys; sys.exit(sys.version_info < (3, 11))"
PTRACE_SEIZE = 0x4206


def follow_link(out):
    os.symlink(out / "secret", "link")
    return Path("link").read_text()


def read_through_hard_link(out):
    os.link(out / "secret", "hard")
    return Path("hard").read_text()


def bind(kind, address):
    with socket.socket(kind) as sock:
        sock.bind(address)


# Each is tried in the folder for work; `out` is a folder beside it, with a secret file, a program
# and an empty folder.
ATTEMPTS_ON_FILES = {
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
    "link in": read_through_hard_link,
    "symbolic link out": lambda out: os.symlink("mine", out / "new"),
    "follow a symbolic link": follow_link,
    "named pipe": lambda out: os.mkfifo(out / "new"),
    "socket": lambda out: bind(socket.AF_UNIX, str(out / "new")),
    "execute": lambda out: subprocess.run([out / "program"], check=True),
}
ATTEMPTS_ON_THE_GRADER = {
    "its environment": lambda out: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "its memory": lambda out: open(f"/proc/{os.getppid()}/mem", "rb").close(),
    "signal": lambda out: os.kill(os.getppid(), 0),
    "trace": lambda out: limits.call("ptrace", PTRACE_SEIZE, os.getppid(), None, None),
}
ATTEMPTS_OF_ROOT = {
    "change the root": lambda out: os.chroot("."),
    "mount": lambda out: limits.call("mount", None, b".", b"no such kind", 0, None),
    "become another user": lambda out: os.setuid(1),
    "give a file away": lambda out: os.chown("mine", 1, 1),
    "make a device": lambda out: os.mknod("new", 0o20600, os.makedev(1, 3)),
}
ATTEMPTS = ATTEMPTS_ON_FILES | ATTEMPTS_ON_THE_GRADER | ATTEMPTS_OF_ROOT


@contextlib.contextmanager
def folders():
    """Make the folder outside; the one for work, `work`, lies beside it. All may enter both."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        top = Path(name)
        folder = top / "out"
        (folder / "empty").mkdir(parents=True)
        (folder / "secret").write_text("the solution")
        shutil.copy(shutil.which("true"), folder / "program")
        (top / "work").mkdir()
        (top / "work" / "mine").write_text("mine")
        for path in top, folder, top / "work":
            path.chmod(0o755)
        yield folder


@pytest.fixture
def out():
    """Give a folder of root's; `work`, the user's, lies beside it."""
    with folders() as folder:
        (folder / "empty").chmod(0o700)
        (folder / "secret").chmod(0o600)
        (folder / "program").chmod(0o700)
        for path in (folder.parent / "work", folder.parent / "work" / "mine"):
            os.chown(path, UID, UID)
        yield folder


def as_user(function, out=None):
    """Call a function in a process of the other user, in its folder for work."""

    def run():
        if out:
            os.chdir(out.parent / "work")
        other_user.become(UID, UID)
        return function()

    return in_child(run)


@AS_ROOT
@pytest.mark.parametrize("name", ATTEMPTS)
def test_denied(name, out):
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        as_user(lambda: ATTEMPTS[name](out), out)
    assert caught.value.errno in (errno.EACCES, errno.EPERM), caught.value
    assert (out / "secret").read_text() == "the solution"
    assert sorted(os.listdir(out)) == ["empty", "program", "secret"]


@AS_ROOT
def test_work_goes_on_and_what_it_makes_is_private(out):
    def work():
        Path("mine").write_text("changed")
        os.mkdir("folder")
        Path("folder", "file").write_text("new")
        subprocess.run([shutil.which("true")], check=True)
        return [os.stat(path).st_mode & 0o777 for path in ("folder", "folder/file")]

    assert as_user(work, out) == [0o700, 0o600]


@AS_ROOT
def test_nothing_of_root_is_left():
    def run():
        os.setgroups([0, 1])
        other_user.become(UID, UID)
        status = Path("/proc/self/status").read_text()
        return os.getresuid(), os.getresgid(), os.getgroups(), status

    users, groups, more_groups, status = in_child(run)
    assert users == groups == (UID, UID, UID)
    assert more_groups == []
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert [int(fields[f"Cap{n}"], 16) for n in ("Inh", "Prm", "Eff", "Bnd", "Amb")] == [0] * 5
    assert fields["NoNewPrivs"] == "1"


@AS_ROOT
def test_programs_that_make_root_do_not(out):
    shutil.copy(shutil.which("id"), out / "id")
    (out / "id").chmod(0o4755)

    def run():
        return subprocess.run([out / "id", "-u"], capture_output=True, text=True).stdout

    assert as_user(run) == f"{UID}\n"


@AS_ROOT
def test_siblings_cannot_look_into_each_other():
    def attempt(function):
        sibling = os.fork()
        if sibling == 0:
            try:
                other_user.become(UID, UID)
                os.kill(os.getpid(), signal.SIGSTOP)  # tells that it is ready
            finally:
                os._exit(0)
        os.waitpid(sibling, os.WUNTRACED)
        other_user.become(UID, UID)
        try:
            function(sibling)
        finally:
            os.kill(sibling, signal.SIGKILL)

    for function in (
        lambda sibling: limits.call("ptrace", PTRACE_SEIZE, sibling, None, None),
        lambda sibling: open(f"/proc/{sibling}/mem", "rb").close(),
    ):
        with pytest.raises(PermissionError):
            in_child(lambda function=function: attempt(function))


@AS_ROOT
def test_root_is_no_other_user():
    for uid, gid in ((0, UID), (UID, 0)):
        with pytest.raises(OSError, match="root"):
            in_child(lambda uid=uid, gid=gid: other_user.become(uid, gid))


def test_only_root_can(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert not other_user.available()


def test_a_process_that_cannot_become_the_user(monkeypatch):
    def refuse(uid, gid):
        raise PermissionError

    monkeypatch.setattr(other_user, "become", refuse)
    assert not other_user.can_run_python(UID, UID)
    with pytest.raises(OSError, match="no process"):
        other_user._ask(UID, UID, lambda: True)


def test_account(monkeypatch):
    named = SimpleNamespace(pw_name=other_user.NAME, pw_uid=5000, pw_gid=5001)
    monkeypatch.setattr(pwd, "getpwnam", {other_user.NAME: named}.__getitem__)
    assert other_user.account() == (5000, 5001)
    named.pw_uid = 0
    assert other_user.account()[0] >= other_user.FIRST_NUMBER


def test_a_number_without_account(monkeypatch):
    monkeypatch.setattr(pwd, "getpwnam", {}.__getitem__)
    first, _ = other_user.account()
    assert first >= other_user.FIRST_NUMBER
    taken = [SimpleNamespace(pw_uid=first), *pwd.getpwall()]
    monkeypatch.setattr(pwd, "getpwall", lambda: taken)
    other, group = other_user.account()
    assert other == group > first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only on Linux is there a user")
def test_no_two_gradings_have_one_user(monkeypatch):
    monkeypatch.setattr(pwd, "getpwnam", {}.__getitem__)
    mine = other_user.account()
    assert other_user.account() == mine
    program = "from sandbox import other_user; print(other_user.account()[0], flush=True); input()"
    others = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(SOURCES)},
        )
        for _ in range(2)
    ]
    numbers = [mine[0], *(int(other.stdout.readline()) for other in others)]
    for other in others:
        other.communicate("\n")
    assert len(set(numbers)) == 3
    named = SimpleNamespace(pw_name=other_user.NAME, pw_uid=numbers[1], pw_gid=5001)
    monkeypatch.setattr(pwd, "getpwnam", {other_user.NAME: named}.__getitem__)
    assert other_user.account() == (numbers[1], 5001)  # free again


def asked(*folders):
    """Ask in the system's Python whether the other user can run it, NumPy being in a folder."""
    done = subprocess.run(
        [
            SYSTEM_PYTHON,
            "-c",
            f"from sandbox import other_user as o; print(o.can_run_python({UID}, {UID}))",
        ],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(map(str, [SOURCES, *folders]))},
    )
    assert done.stderr == ""
    return done.stdout == "True\n"


@AS_ROOT
def test_can_run_python(out, monkeypatch):
    if not os.access(SYSTEM_PYTHON, os.X_OK) or subprocess.call(
        [SYSTEM_PYTHON, "-c", RIGHT_VERSION]
    ):
        pytest.skip(f"{SYSTEM_PYTHON} is no Python 3.11 or later")
    (out / "numpy").mkdir()
    (out / "numpy" / "__init__.py").write_text("raise ImportError('should not be imported')")
    assert asked(out)
    out.chmod(0o700)
    assert not asked(out)


@AS_ROOT
def test_can_run_no_python_of_root(out, monkeypatch):
    monkeypatch.setattr(os, "__file__", "/etc/passwd")  # all may read it
    monkeypatch.setattr("importlib.util.find_spec", lambda name: SimpleNamespace(origin="/"))
    monkeypatch.setattr(sys, "executable", shutil.which("true"))
    assert other_user.can_run_python(UID, UID)
    with monkeypatch.context() as patch:
        patch.setattr(os, "__file__", str(out / "secret"))
        assert not other_user.can_run_python(UID, UID)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(out / "program"))
        assert not other_user.can_run_python(UID, UID)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert not other_user.can_run_python(UID, UID)


@AS_ROOT
def test_asking_leaves_no_process():
    def ask():
        other_user.can_run_python(UID, UID)
        os.waitpid(-1, os.WNOHANG)

    with pytest.raises(ChildProcessError):
        in_child(ask)
