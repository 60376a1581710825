"""Landlock: Linux lets a process deny itself the file system, TCP and signals to others.

Landlock hides no names: what is denied can still be seen by `os.stat`. It denies neither `os.chmod`
and `os.utime` of what the user owns, nor UDP, nor sockets in the file system: `seccomp` does.
"""

import contextlib
import ctypes
import os
import stat
import sys

from .limits import call, drop_capabilities, forbid_new_privileges

SYS_LANDLOCK_CREATE_RULESET = 444
SYS_LANDLOCK_ADD_RULE = 445
SYS_LANDLOCK_RESTRICT_SELF = 446

# From linux/landlock.h
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1

FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FS_REFER, FS_TRUNCATE, FS_IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
FS_RIGHTS_OF_ABI_1 = (1 << 13) - 1  # the four above; remove folders, files; make seven kinds
NET_BIND_TCP, NET_CONNECT_TCP = 1 << 0, 1 << 1
SCOPE_ABSTRACT_UNIX_SOCKET, SCOPE_SIGNAL = 1 << 0, 1 << 1

FS_READ = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR
FS_RIGHTS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV


class RulesetAttributes(ctypes.Structure):
    """What a ruleset denies: struct landlock_ruleset_attr."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class PathBeneathAttributes(ctypes.Structure):
    """What it allows below a path: struct landlock_path_beneath_attr."""

    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def available():
    """Tell which version of Landlock the system has.

    Returns
    -------
    int
        The version, counted from 1; 0 if there is none, or it is switched off.
    """
    if not sys.platform.startswith("linux"):
        return 0
    try:
        return call("syscall", SYS_LANDLOCK_CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    except OSError:
        return 0


def restrict(read, write):
    """Deny this process, and those it starts, all that is not named here, for good.

    Denied are other files and folders and, as far as the version of Landlock goes: TCP from
    version 4, devices' ioctl from 5, signals and abstract sockets to processes outside from 6.
    Root gives up its capabilities too. This holds for the calling thread: call it while there is
    no other. A path that is not there is skipped.

    Parameters
    ----------
    read : list of str
        Files and folders to read and execute.
    write : list of str
        Files and folders in which all is allowed.

    Raises
    ------
    OSError
        If the system has no Landlock, or refuses.
    """
    denied = denied_by(available())
    forbid_new_privileges()
    size = ctypes.sizeof(denied)
    ruleset = call("syscall", SYS_LANDLOCK_CREATE_RULESET, ctypes.byref(denied), size, 0)
    try:
        for path in read:
            _allow(ruleset, path, denied.handled_access_fs & FS_READ)
        for path in write:
            _allow(ruleset, path, denied.handled_access_fs)
        call("syscall", SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    if os.geteuid() == 0:
        drop_capabilities()


def denied_by(version):
    """Name all that a version of Landlock can deny."""
    denied = RulesetAttributes(FS_RIGHTS_OF_ABI_1, 0, 0)
    if version >= 2:
        denied.handled_access_fs |= FS_REFER
    if version >= 3:
        denied.handled_access_fs |= FS_TRUNCATE
    if version >= 4:
        denied.handled_access_net = NET_BIND_TCP | NET_CONNECT_TCP
    if version >= 5:
        denied.handled_access_fs |= FS_IOCTL_DEV
    if version >= 6:
        denied.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL
    return denied


def _allow(ruleset, path, rights):
    """Add a rule: these rights at and below the path."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                rights &= FS_RIGHTS_OF_FILES
            rule = PathBeneathAttributes(rights, descriptor)
            reference = ctypes.byref(rule)
            call("syscall", SYS_LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, reference, 0)
        finally:
            os.close(descriptor)


def what_python_needs():
    """List what must be read to import more of the standard library and of installed packages.

    Returns
    -------
    list of str
        Files and folders; none is the working folder or holds the sources of this project.
    """
    parts = ("bin", "lib", "lib64", os.path.join("local", "lib"), "pyvenv.cfg")
    installed = [os.path.join(p, part) for p in (sys.base_prefix, sys.prefix) for part in parts]
    packages = [p for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")]
    system = "/lib /lib64 /usr/lib /usr/lib64 /usr/share/zoneinfo /etc/ld.so.cache /etc/localtime"
    return [*installed, *packages, *system.split(), os.devnull, "/dev/urandom"]
