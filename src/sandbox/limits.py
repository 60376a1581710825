"""Limits of this process and of those it starts: what they use, and the rights of root."""

import contextlib
import ctypes
import os
import re
from pathlib import Path

try:
    import resource
except ModuleNotFoundError:  # on Windows
    resource = None

# From linux/prctl.h and linux/capability.h
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24
PR_SET_NO_NEW_PRIVS = 38
CAPABILITY_VERSION_3 = 0x20080522


def limit(memory, cpu_seconds, file_size, open_files, processes):
    """Limit what this process and each that it starts may use; skip what the system cannot limit.

    A user's processes are counted together. The kernel never limits those of root, so another
    user should have been taken on before (`other_user.become`).

    Parameters
    ----------
    memory : int
        Bytes of address space, above what is in use now.
    cpu_seconds : int
        Processor time; then the process is killed.
    file_size : int
        Bytes that a file may have to be written; then writing is an OSError.
    open_files : int
        Files, sockets and pipes open at once.
    processes : int
        Processes and threads, above those that the user has now.
    """
    if resource is None:
        return
    size, user = _address_space(), os.getuid()
    count = count_processes(user) if user else 0  # those of root are without limit
    _set("RLIMIT_AS", size + memory if size else None)
    _set("RLIMIT_CPU", cpu_seconds)
    _set("RLIMIT_FSIZE", file_size)
    _set("RLIMIT_NOFILE", open_files)
    _set("RLIMIT_NPROC", count + processes if count else None)
    _set("RLIMIT_CORE", 0)


def count_processes(uid):
    """Count the processes of a user, each thread as one.

    Parameters
    ----------
    uid : int
        Number of the user.

    Returns
    -------
    int
        The count; 0 where the system has no /proc.
    """
    count = 0
    for process in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with contextlib.suppress(OSError, TypeError):  # it has ended meanwhile
            with open(f"/proc/{process}/status", "rb", buffering=0) as file:
                status = file.read(4096)
            if int(re.search(rb"^Uid:\t(\d+)", status, re.MULTILINE)[1]) == uid:
                count += int(re.search(rb"^Threads:\t(\d+)", status, re.MULTILINE)[1])
    return count


def _address_space():
    """Tell the size of the address space in bytes; 0 where unknown."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def _set(name, value):
    """Set a limit that cannot be raised again, unless a lower one is in force."""
    kind = getattr(resource, name, None)
    if kind is None or value is None:
        return
    highest = resource.getrlimit(kind)[1]
    if highest != resource.RLIM_INFINITY:
        value = min(value, highest)
    resource.setrlimit(kind, (value, value))


def call(function, *arguments):
    """Call a function of the C library that returns an int below 0 if it fails.

    Parameters
    ----------
    function : str
        Its name.
    *arguments : int, or pointer of ctypes, or None
        What it takes; numbers are passed as long.

    Returns
    -------
    int
        What it returns.

    Raises
    ------
    OSError
        If it fails.
    """
    arguments = [ctypes.c_long(item) if isinstance(item, int) else item for item in arguments]
    result = getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function}: {os.strerror(error)}")
    return result


def forbid_new_privileges():
    """Let no program started from here on have more rights than its parent (as sudo has)."""
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_bounding_set():
    """Make sure that no program can get a capability back; where root lacks the right, skip."""
    with contextlib.suppress(OSError):
        for capability in range(64):
            call("prctl", PR_CAPBSET_READ, capability, 0, 0, 0)  # fails after the last one
            call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)


def drop_capabilities():
    """Give up all capabilities, the rights that make root more than the owner of its files."""
    drop_bounding_set()
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())
