"""The nursery: a clean process that forks a worker for each test and ends whatever that started.

It has imported NumPy and what students are given, so that a worker starts in milliseconds, and it
knows nothing of the grader. Where no process can fork (Windows), it is itself the worker, for one
test after another. The grader starts it as a program::

    python -P -s nursery.py
"""

import base64
import contextlib
import faulthandler
import gc
import json
import os
import platform
import signal
import socket
import sys
import time
import traceback
import warnings
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1]
FORKS = hasattr(os, "fork")
DIE_SECONDS = 60  # a killed process runs no more, but may wait for its disk


def prepare(paths, preload):
    """Import what workers need; then stop searching the project's folders for modules."""
    sys.path += [path for path in paths if path not in sys.path]
    import numpy.linalg
    import numpy.random  # noqa: F401

    import utils.checkpoint
    import utils.gradcheck
    import utils.utils  # noqa: F401

    from . import confine, loader, worker  # noqa: F401

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
    sys.argv[:] = ["submission"]
    gc.freeze()  # so that a worker's first collection copies no memory


def serve(sock):
    """Start and end workers as the grader says; end all when the socket closes."""
    workers = set()
    try:
        while True:
            data, descriptors, *_ = socket.recv_fds(sock, 65536, 2)
            if not data:
                break
            order, answer = json.loads(data), None
            if "start" in order:
                answer = start(order["start"], *descriptors)
                workers.add(answer)
            elif order["end"] in workers:  # else it was another nursery's, which is gone
                workers.remove(order["end"])
                answer = end(order["end"])
            sock.send(json.dumps(answer).encode())
    finally:
        for worker in workers:
            end(worker)


def start(settings, grader, output):
    """Fork a worker, with a socket to the grader and a pipe for its output; give its number."""
    with socket.socket(fileno=grader) as sock:
        worker = os.fork()
        if worker == 0:
            be_worker(settings, sock, output)
    os.close(output)
    return worker


def end(worker):
    """Kill a worker and all that it started; give its exit code, that of SIGKILL if it was alive.

    The filter lets no process leave the group, and the kernel lets none fork past a signal to it.
    """
    kill_group(worker)
    code, give_up = -signal.SIGKILL, time.monotonic() + DIE_SECONDS
    for who in (-worker, worker):  # its group, and itself, if it was killed before it led one
        with contextlib.suppress(ChildProcessError):  # none is left
            while time.monotonic() < give_up:
                process, status = os.waitpid(who, os.WNOHANG)
                if process == worker:
                    code = os.waitstatus_to_exitcode(status)
                elif process == 0:
                    time.sleep(0.0005)
    return code


def kill_group(process):
    """Kill a process, and its group if it leads one."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(OSError):
            kill(process, signal.SIGKILL)


def be_worker(settings, sock, output):
    """Be a worker, in a new session, with inherited descriptors closed; then end."""
    try:
        from . import confine, worker

        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, sock.fileno())
        os.closerange(sock.fileno() + 1, 4096)
        sys.stdout.reconfigure(line_buffering=True)
        faulthandler.register(signal.SIGUSR2, 2, all_threads=False)  # prints a stack trace
        confine.settle(**settings)
        sock.send(b"\n")  # the walls stand, and no stranger's code has run yet
        worker.Worker(sock).serve()
    except BaseException:
        traceback.print_exc()  # to what the worker prints
    finally:
        os._exit(70)  # while the socket is open, so that the grader sees this exit code


def reset_signals():
    """Undo what some shells and job systems do: ignore or block signals."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    of_python = {getattr(signal, name, None) for name in ("SIGPIPE", "SIGXFSZ")}  # it ignores them
    for number in signal.valid_signals() - of_python:
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def main():
    """Be the nursery, or the only worker, until the grader's end of the socket is closed."""
    reset_signals()
    about = json.loads(sys.stdin.buffer.readline())
    if "share" in about:
        sock = socket.fromshare(base64.b64decode(about["share"]))
    else:
        sock = socket.socket(fileno=about["socket"])
    prepare(about["paths"], about["preload"])
    from .system_calls import PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, available, prctl, steps_on

    with contextlib.suppress(OSError):  # when memory is short, it goes before the grader
        Path("/proc/self/oom_score_adj").write_text("500")
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    prctl(PR_SET_DUMPABLE, 0)  # no other process of its user may look into it
    if available():
        steps_on(platform.machine())  # made once, not in each worker
    with contextlib.suppress(OSError):  # the grader is gone
        if about["forks"]:
            serve(sock)
        else:
            from . import worker

            sys.stdout.reconfigure(line_buffering=True)
            worker.Worker(sock).serve()


if __name__ == "__main__":
    sys.path.insert(0, str(SOURCES))
    from sandbox import nursery  # as part of its package, so that "from ." works

    nursery.main()
