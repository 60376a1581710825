"""Landlock: each way out is tried, is denied, and works where there is no Landlock."""

import ctypes
import errno
import fcntl
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_limits import AS_ROOT, UID, in_child
from test_other_user import (
    ATTEMPTS_OF_ROOT,
    ATTEMPTS_ON_FILES,
    ATTEMPTS_ON_THE_GRADER,
    bind,
    folders,
)

from sandbox import landlock, limits, other_user

pytestmark = pytest.mark.skipif(not landlock.available(), reason="the system has no Landlock")

SOURCES = Path(landlock.__file__).parents[1]
DENIED = (errno.EACCES, errno.EPERM, errno.EXDEV)
RNDGETENTCNT, PR_GET_NO_NEW_PRIVS = 0x80045200, 39
CLONE_NEWUSER, CLONE_NEWNS, MS_BIND = 0x10000000, 0x00020000, 4096


def connect(kind, address):
    with socket.socket(kind) as sock:
        sock.connect(address)


def mount_in_a_namespace(out):
    limits.call("unshare", CLONE_NEWUSER | CLONE_NEWNS)
    limits.call("mount", str(out).encode(), b".", None, MS_BIND, None)


ATTEMPTS_BESIDES = {
    "read the list of users": lambda out: Path("/etc/passwd").read_text(),
    "list temporary files": lambda out: os.listdir("/tmp"),
    "list processes": lambda out: os.listdir("/proc"),
    "read the grader": lambda out: (SOURCES / "sandbox" / "landlock.py").read_text(),
    "mount in a namespace": mount_in_a_namespace,
    "change a library": lambda out: open(os.__file__, "a").close(),
}
ATTEMPTS = ATTEMPTS_ON_FILES | ATTEMPTS_ON_THE_GRADER | ATTEMPTS_BESIDES
SINCE_VERSION = {"truncate": 3, "signal": 6}


def of_version(version):
    """Mark what an older Landlock cannot deny."""
    old = landlock.available() < version
    return pytest.mark.skipif(old, reason=f"needs version {version} of Landlock")


def by_version(attempts):
    return [pytest.param(n, marks=of_version(SINCE_VERSION.get(n, 1))) for n in attempts]


@pytest.fixture
def out():
    with folders() as folder:
        yield folder


def confined(function, out, enter=lambda: None):
    """Call function(out) in a process that may use the folder `work` only."""

    def run():
        work = out.parent / "work"
        os.chdir(work)
        enter()
        landlock.restrict(landlock.what_python_needs(), [str(work), os.devnull])
        return function(out)

    return in_child(run)


def assert_denied(function, out, enter=lambda: None):
    with pytest.raises(OSError) as caught:  # noqa: PT011 (errno is checked)
        confined(function, out, enter)
    assert caught.value.errno in DENIED, caught.value


@pytest.mark.parametrize("name", by_version(ATTEMPTS))
def test_denied(name, out):
    assert_denied(ATTEMPTS[name], out)
    assert (out / "secret").read_text() == "the solution"
    assert sorted(os.listdir(out)) == ["empty", "program", "secret"]


@AS_ROOT
@pytest.mark.parametrize("name", by_version(ATTEMPTS))
def test_denied_to_an_ordinary_user(name, out):
    """All would be allowed to the user but for Landlock, except what is about processes."""
    for path in out.parent.rglob("*"):
        os.chown(path, UID, UID)
    assert_denied(ATTEMPTS[name], out, lambda: other_user.become(UID, UID))


@pytest.mark.parametrize("name", [*ATTEMPTS_ON_FILES, "read the grader", "list temporary files"])
def test_allowed_elsewhere(name, out):
    """The attempts are real ones: without Landlock they succeed."""

    def run():
        os.chdir(out.parent / "work")
        ATTEMPTS[name](out)

    in_child(run)


@AS_ROOT
@pytest.mark.parametrize("name", ATTEMPTS_OF_ROOT)
def test_root_is_no_longer_root(name, out):
    assert_denied(ATTEMPTS_OF_ROOT[name], out)


@of_version(4)
@pytest.mark.parametrize("attempt", [connect, bind])
def test_tcp(attempt, out):
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname() if attempt is connect else ("127.0.0.1", 0)
        in_child(lambda: attempt(socket.AF_INET, address))
        assert_denied(lambda out: attempt(socket.AF_INET, address), out)


@of_version(6)
def test_abstract_sockets(out):
    address = f"\0of the grader {os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        in_child(lambda: connect(socket.AF_UNIX, address))
        assert_denied(lambda out: connect(socket.AF_UNIX, address), out)


@of_version(5)
def test_ioctl_of_devices(out):
    def count_entropy(out):
        with open("/dev/urandom", "rb") as device:
            return fcntl.ioctl(device, RNDGETENTCNT, bytes(4))

    assert in_child(lambda: count_entropy(out))
    assert_denied(count_entropy, out)


def test_no_program_has_more_rights(out):
    get = "prctl", PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0
    assert confined(lambda out: limits.call(*get), out) == 1


def test_the_folder_for_work_is_free(out):
    def work(out):
        Path("mine").write_text("changed")
        os.makedirs("a/b")
        os.rename("mine", "a/b/file")
        os.truncate("a/b/file", 4)
        os.link("a/b/file", "link")
        os.symlink("a/b", "folder")
        os.mkfifo("a/pipe")
        bind(socket.AF_UNIX, "a/socket")
        shutil.copy("link", "copy")
        Path(os.devnull).write_text("nothing")
        with open("/dev/urandom", "rb") as device:
            assert len(device.read(4)) == 4
        seen = sorted(os.listdir("folder")), Path("copy").read_text(), sorted(os.listdir("a"))
        shutil.rmtree("a")
        return seen, sorted(os.listdir())

    assert confined(work, out) == (
        (["file"], "chan", ["b", "pipe", "socket"]),
        ["copy", "folder", "link"],
    )


def test_folders_to_read_can_be_executed_but_not_written(out):
    def run():
        landlock.restrict([str(out), *landlock.what_python_needs()], [])
        subprocess.run([out / "program"], check=True)
        assert (out / "secret").read_text() == "the solution"
        (out / "secret").write_text("overwritten")

    with pytest.raises(PermissionError):
        in_child(run)
    assert (out / "secret").read_text() == "the solution"


def test_single_files(out):
    def run():
        landlock.restrict([str(out / "secret"), str(out / "missing")], [str(out / "program")])
        with open(out / "program", "wb") as program:
            program.write(b"changed")
        Path(out / "secret").read_text()
        return os.listdir(out)

    with pytest.raises(PermissionError, match="out'"):
        in_child(run)
    assert (out / "program").read_bytes() == b"changed"


PROGRAM = """
import os, subprocess, sys
import numpy
sources, work, secret = sys.argv[1:]
sys.path.insert(0, sources)
from sandbox import landlock
os.chdir(work)
landlock.restrict(landlock.what_python_needs(), [work, os.devnull])
import concurrent.futures, decimal, json.tool, sqlite3, tempfile, unittest, zoneinfo
import numpy.linalg, scipy.linalg, scipy.spatial, scipy.special
numpy.testing.assert_allclose(scipy.special.expit(0.0), 0.5)
numpy.testing.assert_allclose(scipy.linalg.expm(numpy.zeros((2, 2))), numpy.eye(2))
assert numpy.linalg.svd(numpy.eye(3))[1].tolist() == [1, 1, 1]
print("imported", flush=True)
child = "import sys, json\\ntry: open(sys.argv[1])\\nexcept PermissionError: print('denied')"
subprocess.run([sys.executable, "-c", child, secret], check=True)
"""


def test_python_goes_on_importing_and_children_stay_confined(out):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, SOURCES, out.parent / "work", out / "secret"],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.stderr) == ("imported\ndenied\n", "")


def test_what_python_needs_is_nothing_private(monkeypatch):
    monkeypatch.setattr(sys, "path", ["", str(SOURCES), "/opt/site-packages", *sys.path])
    private = [SOURCES, Path.home(), Path.cwd(), "/tmp", "/proc/self/environ", "/etc/passwd"]
    needed = landlock.what_python_needs()
    assert "/opt/site-packages" in needed
    for path in map(Path, private):
        assert not any(path.resolve().is_relative_to(Path(p).resolve()) for p in needed), path


def test_what_python_needs_of_a_python_of_the_system(monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sys, "prefix", "/usr")
    needed = landlock.what_python_needs()
    assert {"/usr/bin", "/usr/lib", "/usr/local/lib"} <= set(needed)
    assert "/usr" not in needed


@pytest.mark.parametrize("version", range(1, landlock.available() + 1))
def test_older_versions(version, out, monkeypatch):
    monkeypatch.setattr(landlock, "available", lambda: version)
    assert_denied(ATTEMPTS["read"], out)
    assert_denied(ATTEMPTS["rename in"], out)
    denied = landlock.denied_by(version)
    rights = (13, 14, 15, 15, 16, 16, 16)[min(version, 7) - 1]
    assert denied.handled_access_fs == (1 << rights) - 1
    assert bool(denied.handled_access_net) == (version >= 4)
    assert bool(denied.scoped) == (version >= 6)


def test_a_kernel_that_refuses(monkeypatch):
    rights = landlock.RulesetAttributes(1 << 60, 0, 0)
    monkeypatch.setattr(landlock, "denied_by", lambda version: rights)
    with pytest.raises(OSError, match="syscall"):
        in_child(lambda: landlock.restrict([], []))


def test_not_available_without_the_system_call(monkeypatch):
    monkeypatch.setattr(landlock, "SYS_LANDLOCK_CREATE_RULESET", 4444)
    assert landlock.available() == 0


def test_numbers_agree_with_the_header():
    header = Path("/usr/include/linux/landlock.h")
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    for line in header.read_text().splitlines():
        words = line.replace("LANDLOCK_", "").replace("ACCESS_", "").split()
        if words[:1] == ["#define"] and hasattr(landlock, words[1]):
            shift = int(line.split("<<")[1].strip(" )"))
            assert getattr(landlock, words[1]) == 1 << shift, line
    assert ctypes.sizeof(landlock.RulesetAttributes) == 24
