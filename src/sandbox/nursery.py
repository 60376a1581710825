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
import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
import warnings
from pathlib import Path

PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # from linux/prctl.h
SOURCES = Path(__file__).resolve().parents[1]
FORKS = hasattr(os, "fork")
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
            __import__(name)
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
    """Start and end workers as the grader says; when the socket closes, end all."""
    workers = set()
    try:
        while True:
            data, descriptors = receive(sock)
            if not data:
                break
            order = json.loads(data)
            if "start" in order:
                answer = start(order["start"], *descriptors)
                workers.add(answer)
            else:
                answer = end(order["end"])
                workers.discard(order["end"])
            sock.send(json.dumps({"answer": answer}).encode())
    finally:
        for worker in workers:
            end(worker)


def start(settings, grader, output):
    """Fork a worker with a socket to the grader and a pipe for what it prints; give its number."""
    worker = os.fork()
    if worker == 0:
        try:
            be_worker(settings, grader, output)
        except BaseException:
            traceback.print_exc()  # to what the worker prints
            os._exit(70)  # while the wire is open still, so that nobody kills it before
        os._exit(70)
    os.close(grader)
    os.close(output)
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
