"""The nursery: a clean process that forks a worker for each test and ends whatever that started.

It has imported NumPy and what students are given, so that a worker is there in milliseconds, and
knows nothing of the grader. Where no process can fork (Windows), it is itself the worker, of one
test after the other. It runs as the program that the grader starts::

    python -I nursery.py
"""

import array
import base64
import contextlib
import ctypes
import errno
import gc
import importlib
import itertools
import json
import os
import secrets
import signal
import socket
import stat
import sys
import time
import traceback
import warnings
from pathlib import Path

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # from linux/prctl.h
SOURCES = Path(__file__).resolve().parents[1]
FORKS = hasattr(os, "fork")
SHARED_FOLDERS = "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"
DIE_SECONDS = 60  # a killed process runs no more, but may wait for its disk


def prepare(paths, preload):
    """Import what workers need; then search no folder of the project for modules any more."""
    sys.path += [path for path in paths if path not in sys.path]
    import numpy.linalg
    import numpy.random  # noqa: F401

    import utils.checkpoint
    import utils.gradcheck
    import utils.utils  # noqa: F401

    from . import confine, loader, system_calls, worker  # noqa: F401

    with warnings.catch_warnings(), contextlib.suppress(Exception):
        warnings.simplefilter("ignore")
        for name in preload:
            importlib.import_module(name)
    files = {
        path.name: (str(path), path.read_bytes(), "") for path in (SOURCES / "utils").glob("*.py")
    }
    sys.modules["utils"].__path__ = []
    sys.meta_path.insert(0, loader.SourceImporter("utils", files))
    sys.modules["sandbox"].__path__ = []
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != SOURCES]
    system_calls.available()
    confine.landlock_version()
    sys.argv[:] = ["submission"]
    gc.freeze()  # so that a worker's first collection copies no memory


def serve(sock):
    """Fork, end and tidy up as the grader says; when the socket closes, end all."""
    workers, orders = {}, {"start": start, "end": end, "tidy": tidy}
    try:
        while True:
            data, descriptors = receive(sock)
            if not data:
                break
            order = json.loads(data)
            what = order.pop("order")
            answer = orders[what](**order, **({"descriptors": descriptors} if descriptors else {}))
            if what == "start":
                workers[answer] = True
            if what == "end":
                workers.pop(order["worker"], None)
            sock.send(json.dumps({"answer": answer}).encode())
    finally:
        for worker in workers:
            end(worker)


def start(settings, descriptors):
    """Fork a worker with a socket to the grader and a pipe for what it prints; give its number."""
    worker = os.fork()
    if worker == 0:
        try:
            be_worker(settings, *descriptors)
        except BaseException:
            traceback.print_exc()  # to what the worker prints
        os._exit(70)
    for descriptor in descriptors:
        os.close(descriptor)
    return worker


def end(worker):
    """Kill a worker and all that it started; tell how it ended, as `os.waitpid` does.

    The filter lets nothing leave the group, and the kernel none be forked past a signal to all.
    """
    kill_group(worker)
    status, give_up = None, time.monotonic() + DIE_SECONDS
    for who in (-worker, worker):  # its group, and itself, if it was killed before it led one
        with contextlib.suppress(ChildProcessError):  # nobody is left
            while time.monotonic() < give_up:
                process, how = os.waitpid(who, os.WNOHANG)
                if process == worker:
                    status = how
                elif process == 0:
                    time.sleep(0.0005)
    return status


def kill_group(process):
    """Kill a process, and others of its group if it leads one."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)


def be_worker(settings, grader, output):
    """Be a worker: with a session of its own, and no more open than it needs."""
    from . import confine, worker

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, grader)
    os.closerange(grader + 1, 4096)
    sock = socket.socket(fileno=grader)
    sys.stdout.reconfigure(line_buffering=True)
    confine.settle(**settings)
    worker.Worker(sock).serve()


def tidy(folder, user, sweep):
    """Remove the folder of a worker, as its user; with `sweep`, what that has elsewhere, too."""
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # it is empty, as most are
        if not sweep:
            return
    if user is None:
        empty(folder)
    elif (child := os.fork()) == 0:
        with contextlib.suppress(BaseException):
            from . import confine

            confine.become(*user)
            for shared in SHARED_FOLDERS if sweep else ():
                empty(shared, user[0])
            empty(folder)
        os._exit(0)
    else:
        os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def empty(folder, owner=None):
    """Remove what is in a folder, or what a user owns in it, however deep or closed.

    All is named relative to an open folder, so no link is followed. What is deep is moved up first.
    """
    anew = map(f"{secrets.token_hex(8)}-{{}}".format, itertools.count())
    with contextlib.suppress(OSError):
        if owner is None:
            os.chmod(folder, 0o700)
        inside = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            while names := [name for name in os.listdir(inside) if owned(name, inside, owner)]:
                for name in names:
                    _remove(name, inside, anew)
        finally:
            os.close(inside)


def owned(name, inside, owner):
    """Tell whether a user owns a thing in a folder; anybody, if none is named."""
    return owner is None or os.lstat(name, dir_fd=inside).st_uid == owner


def _remove(name, inside, anew):
    """Remove a thing in a folder; if it is a folder, what is in that one moves up."""
    below = _open_folder(name, inside)
    if below is None:
        os.unlink(name, dir_fd=inside)
        return
    try:
        for inner in os.listdir(below):
            if (opened := _open_folder(inner, below)) is not None:
                os.close(opened)
            os.rename(inner, next(anew), src_dir_fd=below, dst_dir_fd=inside)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=inside)


def _open_folder(name, inside):
    """Open a folder in a folder, after it was opened to its owner; None if it is none."""
    if not stat.S_ISDIR(os.lstat(name, dir_fd=inside).st_mode):
        return None
    os.chmod(name, 0o700, dir_fd=inside)  # nobody is left who could put a link in its place
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=inside)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            return None
        raise


def receive(sock):
    """Receive an order and the file descriptors that come with it."""
    descriptors = array.array("i")
    size = socket.CMSG_LEN(2 * descriptors.itemsize)
    data, ancillary, _, _ = sock.recvmsg(65536, size)
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(content[: len(content) // 4 * 4])
    return data, list(descriptors)


def main():
    """Be the nursery, or the only worker, until the grader's end of the socket is closed."""
    about = json.loads(sys.stdin.buffer.readline())
    if "share" in about:
        sock = socket.fromshare(base64.b64decode(about["share"]))
    else:
        sock = socket.socket(fileno=about["socket"])
    prepare(about["paths"], about["preload"])
    with contextlib.suppress(OSError, AttributeError):  # where memory is short, the grader stays
        Path("/proc/self/oom_score_adj").write_text("500")
    with contextlib.suppress(AttributeError, TypeError):  # elsewhere than on Linux
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no other process of its user may look into it
    with contextlib.suppress(OSError):  # the grader is gone
        if about["forks"]:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the grader may have been without
            sock.send(b"{}")
            serve(sock)
        else:
            from . import worker

            sock.send(b"{}")
            worker.Worker(sock).serve()


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCES))
    from sandbox import nursery  # as part of its package, so that "from ." works

    nursery.main()
