"""The nursery: a clean process that forks a worker for each test and ends whatever that started.

It has imported NumPy and what students are given, so that a worker is there in milliseconds, and
knows nothing of the grader. It runs as the program that the grader starts::

    python -I nursery.py NUMBER_OF_A_SOCKET
"""

import array
import contextlib
import ctypes
import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from pathlib import Path

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # from linux/prctl.h
SWEEP_SECONDS = 10
SOURCES = Path(__file__).resolve().parents[1]


def prepare(paths):
    """Import what every worker needs; then search no folder of the project for modules any more.

    Parameters
    ----------
    paths : list of str
        Where packages are installed, besides where this Python looks for them by itself.
    """
    sys.path += [path for path in paths if path not in sys.path]
    import numpy.linalg
    import numpy.random  # noqa: F401

    import utils.checkpoint
    import utils.gradcheck
    import utils.utils  # noqa: F401

    from . import landlock, limits, loader, other_user, seccomp, worker  # noqa: F401

    files = {
        path.name: (str(path), path.read_bytes(), "") for path in (SOURCES / "utils").glob("*.py")
    }
    sys.modules["utils"].__path__ = []
    sys.meta_path.insert(0, loader.SourceImporter("utils", files))
    sys.modules["sandbox"].__path__ = []
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != SOURCES]
    gc.freeze()  # so that a worker's first collection copies no memory


class Nursery:
    """Forks workers.

    Parameters
    ----------
    sock : socket.socket
        To the grader; when it closes, all ends.
    """

    def __init__(self, sock):
        self.sock = sock
        self.worker = None

    def serve(self):
        """Fork and kill as the grader says."""
        try:
            while True:
                data, descriptors = receive(self.sock)
                if not data:
                    break
                order = json.loads(data)
                ended = self.end()
                if "fork" in order:
                    self.fork(order["fork"], descriptors)
                answer = {"forked": self.worker, "ended": ended}
                self.sock.send(json.dumps(answer).encode())
        finally:
            self.end()

    def fork(self, order, descriptors):
        """Fork a worker with a socket to the grader and a pipe for what it prints."""
        self.worker = os.fork()
        if self.worker == 0:
            try:
                be_worker(order, *descriptors)
            except BaseException:
                traceback.print_exc()  # to what the worker prints
                os._exit(70)  # while the wire is open still, so that nobody kills it before
            finally:
                os._exit(70)
        for descriptor in descriptors:
            os.close(descriptor)

    def end(self):
        """Kill the worker and all that it started; tell how it ended (as `os.waitpid` does)."""
        if self.worker is None:
            return None
        kill_group(self.worker)
        _, status = os.waitpid(self.worker, 0)
        self.worker = None
        give_up = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < give_up:  # what it left is this process's own now
            try:
                process, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if process == 0:
                for process in descendants():
                    with contextlib.suppress(OSError):
                        os.kill(process, signal.SIGKILL)
                time.sleep(0.0005)
        return status


def kill_group(process):
    """Kill a process, and others of its group if it leads one."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)


def descendants():
    """List the children of this process, their children and so on; none where /proc is missing."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        with contextlib.suppress(OSError, ValueError, IndexError):
            stat = Path("/proc", name, "stat").read_bytes()
            parents[int(name)] = int(stat[stat.rindex(b")") + 2 :].split()[1])
    found, new = set(), {os.getpid()}
    while new:
        new = {process for process, parent in parents.items() if parent in new} - found
        found |= new
    return found


def be_worker(order, grader, output):
    """Be a worker: with a session of its own, and no more open than it needs."""
    from . import worker

    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.closerange(3, grader)
    os.closerange(grader + 1, 4096)
    sock = socket.socket(fileno=grader)
    settle(order)
    worker.serve(sock)


def settle(order):
    """Move to the folder of a worker, and give up all rights but those that a submission needs.

    Parameters
    ----------
    order : dict
        Its folder, limits and confinement, from `proxy.Sandbox`.
    """
    from . import landlock, limits, other_user, seccomp

    folder = order["folder"]
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    sys.argv[:] = ["submission"]
    with contextlib.suppress(AttributeError, OSError, TypeError):  # elsewhere than on Linux
        limits.forbid_new_privileges()
    if order["user"]:
        other_user.become(*order["user"])
    limits.limit(**order["limits"])  # those of that user
    if order["landlock"]:
        landlock.restrict(landlock.what_python_needs(), [folder, os.devnull])
        seccomp.deny_calls()


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
    """Be the nursery, until the grader's end of the socket is closed."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    data, _ = receive(sock)
    prepare(json.loads(data)["path"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # the grader may have been started without
    with contextlib.suppress(OSError):  # where memory is short, the grader shall stay
        Path("/proc/self/oom_score_adj").write_text("1000")
    with contextlib.suppress(AttributeError):  # elsewhere than on Linux
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)  # no other process of its user may look into it
    with contextlib.suppress(OSError):  # the grader is gone
        sock.send(b"{}")
        Nursery(sock).serve()


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCES))
    from sandbox import nursery  # as part of its package, so that "from ." works

    nursery.main()
