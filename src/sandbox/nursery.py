"""The nursery: a clean process that forks a worker for each test and ends whatever that started.

It has imported NumPy and what students are given, so that a worker is there in milliseconds, and
knows nothing of the grader. It runs as the program that the grader starts::

    python -I nursery.py NUMBER_OF_A_SOCKET
"""

import array
import contextlib
import ctypes
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 36, 4
SWEEP_SECONDS = 10
SOURCES = Path(__file__).resolve().parents[1]


def prepare(paths):
    """Import what every worker needs; afterwards only `paths` are searched for modules."""
    import utils.checkpoint
    import utils.gradcheck
    import utils.utils  # noqa: F401

    from . import landlock, limits, loader, other_user, worker  # noqa: F401

    files = {
        path.name: (str(path), path.read_bytes(), "") for path in (SOURCES / "utils").glob("*.py")
    }
    sys.modules["utils"].__path__ = []
    sys.meta_path.insert(0, loader.SourceImporter("utils", files))
    sys.path[:] = paths


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
        """Fork and kill as the grader says, until it is gone."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.sock.send(b"{}")
            while True:
                data, descriptors = receive(self.sock)
                if not data:
                    break
                order = json.loads(data)
                if "fork" in order:
                    self.fork(order["fork"], descriptors)
                    answer = {"forked": self.worker}
                else:
                    answer = {"ended": self.end()}
                self.sock.send(json.dumps(answer).encode())
        self.end()

    def fork(self, order, descriptors):
        """Fork a worker with a socket to the grader and a pipe for what it prints."""
        self.worker = os.fork()
        if self.worker == 0:
            with contextlib.suppress(BaseException):
                be_worker(order, *descriptors)
            os._exit(70)
        for descriptor in descriptors:
            os.close(descriptor)

    def end(self):
        """Kill the worker and all that it started; tell how it ended (as `os.waitpid` does)."""
        status = None
        give_up = time.monotonic() + SWEEP_SECONDS
        while time.monotonic() < give_up:
            for process in descendants() | {self.worker}:
                with contextlib.suppress(OSError, TypeError):
                    os.kill(process, signal.SIGKILL)
            try:
                process, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if process == self.worker:
                status = ended
            if process == 0:
                time.sleep(0.0005)
        self.worker = None
        return status


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
    """Give up all rights but those a submission needs, then serve the grader."""
    from . import landlock, limits, other_user, worker

    os.setsid()
    for number, name in ((0, os.devnull), (1, output), (2, output)):
        source = os.open(name, os.O_RDONLY) if number == 0 else name
        os.dup2(source, number)
    os.closerange(3, grader)
    os.closerange(grader + 1, 4096)
    sock = socket.socket(fileno=grader)
    folder = order["folder"]
    os.chdir(folder)
    os.environ.update(HOME=folder, TMPDIR=folder)
    sys.argv[:] = ["submission"]
    limits.limit(**order["limits"])
    if order["user"]:
        other_user.become(*order["user"])
    if order["landlock"]:
        landlock.restrict(landlock.what_python_needs(), [folder, os.devnull])
    worker.serve(sock)


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
    """Be the nursery."""
    sock = socket.socket(fileno=int(sys.argv[1]))
    data, _ = receive(sock)
    prepare(json.loads(data)["path"])
    with contextlib.suppress(AttributeError, OSError):  # elsewhere than on Linux
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    Nursery(sock).serve()


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCES))
    from sandbox import nursery  # as part of its package, so that "from ." works

    nursery.main()
