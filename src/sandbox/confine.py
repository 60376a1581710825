"""The walls around a submission; each is used where the system has it.

- Another user, where the grader is root: it reaches none of the grader's files and processes.
- Landlock (Linux): no files but Python's own and the working folder, no TCP, no devices, and since
  version 6 no signals to others.
- The filter of system calls (Linux, see `system_calls`): no sockets, no way out of the group of
  processes, nothing that outlives it.
- Limits on what each process uses, and on what all use together (see `watch`).

Another user, or Landlock since version 6, counts as a confinement, but only with the filter.

What they do not do: another user alone can read what everybody may read, and write where everybody
may write (that is removed afterwards). Landlock hides no names: `os.stat` still works on files that
cannot be read. Up to the limits, a submission can use what others need at that moment.
"""

import contextlib
import itertools
import os
import stat
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import system_calls
from .system_calls import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, call, prctl
from .watch import threads_of_user

try:
    import grp
    import pwd
    import resource
except ModuleNotFoundError:  # on Windows
    grp = pwd = resource = None

OTHER_USER, LANDLOCK = "another user", "Landlock"
NAME = "word2vec-worker"  # of an account for the other user
WHOLE_LANDLOCK = 6  # the first version that stops signals
MEMORY = 2**30  # bytes of address space that a process may take beyond those it starts with
FILE_SIZE, OPEN_FILES, PROCESSES = 4 * 2**20, 40, 64
SLACK = 192  # threads that other programs of the same user may start meanwhile

# From linux/prctl.h, linux/capability.h and linux/landlock.h
PR_CAPBSET_DROP = 24
CAPABILITY_VERSION_3 = 0x20080522
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
GET_VERSION, PATH_BENEATH = 1, 1
READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, read a folder
OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # execute, write, read, empty, ioctl
ALL_OF_VERSION_1 = (1 << 13) - 1
REFER, TRUNCATE, IOCTL = (1 << 13, 2), (1 << 14, 3), (1 << 15, 5)  # and the version that has it
TCP, SCOPES = (0b11, 4), (0b11, 6)  # bind and connect; signals and abstract sockets


@dataclass(frozen=True)
class Confinement:
    """What confines a submission: the user and group it becomes, Landlock's version, other walls.

    Tests switch off the walls named in `without`. Where Python cannot run behind these walls,
    `weaker` is used instead, and its `reason` says why.
    """

    user: tuple | None = None
    landlock: int = 0
    has_filter: bool = field(default_factory=system_calls.available)
    threads: int = 0  # that the grader's user had when grading began
    without: tuple = ()
    weaker: "Confinement | None" = None
    reason: str = ""

    def __str__(self):
        """Name the walls that count as a confinement."""
        counts = [OTHER_USER] * bool(self.user) + [LANDLOCK] * (self.landlock >= WHOLE_LANDLOCK)
        if counts and not self.has_filter:
            return "none (this system has no filter of system calls)"
        return (" and ".join(counts) or "none") + f" ({self.reason})" * bool(self.reason)

    @property
    def may_leave_files(self):
        """Tell whether a submission can, as another user, write outside of its folder."""
        return bool(self.user) and not self.landlock and "sweep" not in self.without

    def settings(self):
        """Give the arguments of `settle`, all but those of a single test."""
        wanted = self.has_filter and "system calls" not in self.without
        most = PROCESSES if self.user else (self.threads and self.threads + PROCESSES + SLACK)
        return {
            "user": self.user,
            "landlock": self.landlock,
            "filter": wanted,
            "limits": "limits" not in self.without,
            "processes": most or None,
        }


def strongest_confinement(kinds=(OTHER_USER, LANDLOCK), without=()):
    """Find the strongest confinement of these kinds that this machine has, and those weaker."""
    is_root = sys.platform.startswith("linux") and os.geteuid() == 0
    others = list(other_users()) if is_root and OTHER_USER in kinds else []
    versions = sorted({0, landlock_version() if LANDLOCK in kinds else 0})
    threads = threads_of_user(os.getuid()) if hasattr(os, "getuid") else 0
    common = {"has_filter": system_calls.available(), "threads": threads, "without": tuple(without)}
    found = None
    for users in ([None], reversed(others)):
        for version, user in itertools.product(versions, users):
            found = Confinement(user, version, **common, weaker=found)
    return found


def settle(folder, user, landlock, processes, cpu_seconds, **walls):
    """Put up the walls around this process, for good; the folder must be its user's."""
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    prctl(PR_SET_NO_NEW_PRIVS, 1)  # no program gives it more rights, as sudo would
    prctl(PR_SET_DUMPABLE, 1)  # lets `watch` and the next lines open its files in /proc
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000")  # when memory is short, it goes first
    if user or landlock:
        drop_bounding_set()
    if user:
        become(*user)
    if walls["limits"] and resource:
        set_limits(processes, cpu_seconds)
    if landlock:
        restrict_files(landlock, what_python_needs(), [folder, os.devnull])
    if user or landlock:
        call("capset", struct.pack("Ii", CAPABILITY_VERSION_3, 0), bytes(24))  # no rights of root
    if walls["filter"]:
        system_calls.restrict_calls()


# Another user


def other_users():
    """Offer users and their groups: first an unused number, then the account made for this.

    The number depends on that of this process, so that two gradings at a time have different ones.
    """
    for number in (20_000 + (os.getpid() + k) % 40_000 for k in itertools.count()):
        with contextlib.suppress(KeyError):
            pwd.getpwuid(number)
            continue
        with contextlib.suppress(KeyError):
            grp.getgrgid(number)
            continue
        yield number, number
        break
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam(NAME)
        if user.pw_uid and user.pw_gid:
            yield user.pw_uid, user.pw_gid


def become(uid, gid):
    """Become another user for good; others of that user cannot look into this process."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    for regain in (os.setgid, os.setuid):
        with contextlib.suppress(PermissionError):
            regain(0)
            raise OSError(f"user {uid} could become root again")
    prctl(PR_SET_DUMPABLE, 0)
    os.umask(0o077)


def drop_bounding_set():
    """Make sure that no program can get a capability back."""
    with contextlib.suppress(OSError):  # in some containers, root may not
        for capability in range(64):
            call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)  # fails after the last one


# Landlock


def landlock_version():
    """Tell which version of Landlock the system has; 0 if it has none, or it is switched off."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return call("syscall", CREATE_RULESET, None, 0, GET_VERSION)
    except OSError:
        return 0


def restrict_files(version, read, write):
    """Deny this process all files but those in `read`, to be read, and all in `write`."""

    def since(*rights):
        return sum(right for right, first in rights if version >= first)

    files = ALL_OF_VERSION_1 | since(REFER, TRUNCATE, IOCTL)
    denied = struct.pack("QQQ", files, since(TCP), since(SCOPES))
    ruleset = call("syscall", CREATE_RULESET, denied, len(denied), 0)
    for path, rights in [(path, READ) for path in read] + [(path, files) for path in write]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            is_folder = stat.S_ISDIR(os.fstat(place).st_mode)
            rule = struct.pack("=Qi", rights if is_folder else rights & OF_FILES, place)
            call("syscall", ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
            os.close(place)
    call("syscall", RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def site_packages():
    """List the folders where packages are installed; nothing else of the search path."""
    return [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]


def folders(variable):
    """List the folders in an environment variable that are absolute paths."""
    return [path for path in os.environ.get(variable, "").split(os.pathsep) if os.path.isabs(path)]


def what_python_needs():
    """List what must be readable so that more packages can be imported; none of our sources."""
    parts = ("bin", "lib", "lib64", os.path.join("local", "lib"), "pyvenv.cfg")
    installed = [os.path.join(p, part) for p in (sys.base_prefix, sys.prefix) for part in parts]
    system = "/lib /lib64 /usr/lib /usr/lib64 /usr/share/zoneinfo /etc/ld.so.cache /etc/localtime"
    files = "/etc/mime.types", os.devnull, "/dev/urandom"
    libraries = folders("LD_LIBRARY_PATH")
    return [*installed, *site_packages(), *libraries, *system.split(), *files]


# Limits


def set_limits(processes, cpu_seconds):
    """Limit, for good, what this process and each that it starts may use."""
    most = {"CPU": cpu_seconds, "FSIZE": FILE_SIZE, "NOFILE": OPEN_FILES, "NPROC": processes}
    with contextlib.suppress(FileNotFoundError):  # only Linux has it
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
        most["AS"] = pages * resource.getpagesize() + MEMORY
    for name, value in (most | {"CORE": 0}).items():
        kind = getattr(resource, f"RLIMIT_{name}", None)
        if kind is not None and value is not None:
            highest = resource.getrlimit(kind)[1]
            value = value if highest == resource.RLIM_INFINITY else min(value, highest)
            resource.setrlimit(kind, (value, value))
