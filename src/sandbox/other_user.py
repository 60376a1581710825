"""Another user: root hands a process over to one who can reach nothing of root's."""

import atexit
import contextlib
import errno
import importlib.util
import itertools
import json
import os
import socket
import sys
import warnings

from .limits import call, drop_bounding_set, drop_capabilities, forbid_new_privileges

try:
    import grp
    import pwd
except ModuleNotFoundError:  # on Windows
    grp = pwd = None

NAME, FIRST_NUMBER = "word2vec-worker", 64321
PR_SET_DUMPABLE = 4  # from linux/prctl.h
_held = {}  # by user number, a socket whose name says that it is taken


def available():
    """Tell whether this process may become another user: if it is root's, on Linux."""
    return sys.platform.startswith("linux") and os.geteuid() == 0


def account():
    """Choose the user: the account made for this purpose, else a number that has no account.

    No two gradings of a machine have the same, as workers of one user can harm each other: a name
    for each is held until this process ends.

    Returns
    -------
    tuple of int
        Number of the user and of its group, never 0.
    """
    with contextlib.suppress(KeyError):
        user = pwd.getpwnam(NAME)
        if user.pw_uid and user.pw_gid and _is_ours(user.pw_uid):
            return user.pw_uid, user.pw_gid
    taken = {user.pw_uid for user in pwd.getpwall()} | {group.gr_gid for group in grp.getgrall()}
    numbers = (number for number in itertools.count(FIRST_NUMBER) if number not in taken)
    number = next(filter(_is_ours, numbers))
    return number, number


def _is_ours(uid):
    """Tell whether no other grading has a user; then it is this one's from now on."""
    if uid in _held:
        return True
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        sock.bind(f"\0{NAME}-{uid}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            sock.close()
            return False  # any other error: names cannot be held here, by nobody
    _held[uid] = sock
    atexit.register(sock.close)
    return True


def become(uid, gid):
    """Make this process another user's for good, one that its siblings cannot look into.

    Files that it makes are its own alone.

    Parameters
    ----------
    uid, gid : int
        Number of the user and of its group, as from `account`.

    Raises
    ------
    OSError
        If the system refuses, or the process could become root's again.
    """
    drop_bounding_set()
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    drop_capabilities()
    for regain in (os.setgid, os.setuid):
        with contextlib.suppress(PermissionError):
            regain(0)
            raise OSError(f"user {uid} could become root again")
    forbid_new_privileges()
    call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    os.umask(0o077)


def can_run_python(uid, gid):
    """Tell whether a user can run this Python, with NumPy.

    Parameters
    ----------
    uid, gid : int
        Number of the user and of its group.

    Returns
    -------
    bool
        False also if this process cannot become that user.
    """
    numpy = importlib.util.find_spec("numpy")
    if numpy is None:
        return False

    def check():
        files = (os.__file__, numpy.origin)
        readable = all(os.access(file, os.R_OK) for file in files)
        return os.access(sys.executable, os.X_OK) and readable

    try:
        return _ask(uid, gid, check)
    except OSError:
        return False


def _ask(uid, gid, question):
    """Call a function in a process of that user; give its answer, which must go into JSON."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
        child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            become(uid, gid)
            os.write(writer, json.dumps(question()).encode())
        os._exit(0)
    os.close(writer)
    with open(reader, "rb") as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    if not answer:
        raise OSError(f"no process can be made user {uid}'s")
    return json.loads(answer)
