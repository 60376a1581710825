"""Workers forked from a nursery: the grader's side of it."""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

START_SECONDS, END_SECONDS = 20, 15
PROGRAM = Path(__file__).with_name("nursery.py")
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}


class ForkedWorkers:
    """Starts a worker at a time, from a nursery that is begun anew if it is gone."""

    def __init__(self):
        self.nursery = self.sock = None
        self._begin()

    def _begin(self):
        """Start the nursery; it gets ready while the grader goes on."""
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(START_SECONDS)
        with theirs:
            self.nursery = subprocess.Popen(
                [sys.executable, "-I", PROGRAM, str(theirs.fileno())],
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        self.sock.send(json.dumps({"path": paths_of_packages()}).encode())
        self.ready = False

    def _ask(self, order, descriptors=()):
        """Give the nursery an order; return its answer, None if it is gone."""
        packed = array.array("i", descriptors)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)] if descriptors else []
        with contextlib.suppress(OSError, ValueError):
            if not self.ready:
                self.sock.settimeout(START_SECONDS)
                self.ready = bool(self.sock.recv(100))
            self.sock.settimeout(END_SECONDS)
            self.sock.sendmsg([json.dumps(order).encode()], rights)
            return json.loads(self.sock.recv(1000))
        return None

    def start(self, order):
        """Start a worker.

        Parameters
        ----------
        order : dict
            Its folder, limits and confinement, as the nursery reads them.

        Returns
        -------
        tuple of (socket.socket, file)
            Connected to the worker; what it prints, to be read as bytes.
        """
        for _ in range(2):
            ours, theirs = socket.socketpair()
            reader, writer = os.pipe()
            with theirs:
                answer = self._ask({"fork": order}, [theirs.fileno(), writer])
            os.close(writer)
            if answer and "forked" in answer:
                return ours, os.fdopen(reader, "rb", buffering=0)
            ours.close()
            os.close(reader)
            self._restart()
        raise OSError("no worker can be started")

    def end(self):
        """Kill the worker and all it started; tell how it ended, in words; empty if killed now."""
        answer = self._ask({"end": True})
        if answer is None:
            self._restart()
            return "its process and the one above it were killed"
        return in_words(answer.get("ended"))

    def _restart(self):
        self.close()
        self._begin()

    def close(self):
        """End the nursery and all below it."""
        self.sock.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.nursery.wait(END_SECONDS)
            return
        with contextlib.suppress(OSError):
            os.killpg(self.nursery.pid, signal.SIGKILL)
        self.nursery.wait()


def paths_of_packages():
    """List where Python finds packages: the search path less folders of the project."""
    ours = Path(__file__).resolve().parents[1]
    return [
        path
        for path in sys.path
        if path and Path(path).resolve() != ours and Path(path).resolve() != Path.cwd()
    ]


def in_words(status):
    """Tell how a process ended; empty if it was killed, as the grader does at the end."""
    if status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
        return ""
    if os.WIFSIGNALED(status):
        return f"its process was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"its process ended with exit code {os.WEXITSTATUS(status)}"
