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

import numpy as np

from .nursery import kill_group

START_SECONDS, END_SECONDS = 60, 15
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
        self.worker = None  # number of its process
        self.closed = False
        self._begin()

    def _begin(self):
        """Start the nursery; it gets ready while the grader goes on."""
        self.sock, theirs = socket.socketpair()
        with theirs:
            self.nursery = subprocess.Popen(
                [sys.executable, "-I", PROGRAM, str(theirs.fileno())],
                env=ENVIRONMENT,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
            )
        with contextlib.suppress(OSError):  # it has ended; `_ask` will see
            self.sock.send(json.dumps({"path": paths_of_packages()}).encode())
        self.ready = False

    def _ask(self, order, descriptors=()):
        """Give the nursery an order; return its answer, None if it is gone."""
        packed = array.array("i", descriptors)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, packed)] if descriptors else []
        with contextlib.suppress(OSError, ValueError):
            self.nursery.send_signal(signal.SIGCONT)  # a worker that may might have stopped it
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

        Raises
        ------
        OSError
            If that fails, also with a new nursery.
        """
        for _ in range(2):
            ours, theirs = socket.socketpair()
            reader, writer = os.pipe()
            with theirs, open(writer, "wb"):
                answer = self._ask({"fork": order}, [theirs.fileno(), writer])
            if answer is not None:
                self.worker = answer["forked"]
                return ours, open(reader, "rb", buffering=0)
            ours.close()
            os.close(reader)
            self._restart()
        raise OSError("no worker can be started")

    def end(self):
        """Kill the worker and all it started; tell how it ended, in words; empty if killed now."""
        if self.closed:  # it ended with the nursery
            return ""
        answer = self._ask({"end": True})
        if answer is None:
            self._restart()
            return "its process and the one above it were killed"
        self.worker = None
        return in_words(answer["ended"])

    def _restart(self):
        """Replace a nursery that does not answer, and kill the worker, which it can no more."""
        self.sock.close()
        self.nursery.kill()
        self.nursery.wait()
        if self.worker is not None:
            kill_group(self.worker)
        self.worker = None
        self._begin()

    def close(self):
        """End the nursery and all below it."""
        self.closed = True
        self.sock.close()
        self.nursery.send_signal(signal.SIGCONT if self.ready else signal.SIGKILL)
        try:
            self.nursery.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.nursery.kill()
            self.nursery.wait()


def paths_of_packages():
    """List where packages are installed; no folder of the project, nor another that holds files."""
    named = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [*named, str(Path(np.__file__).parents[1])]


def in_words(status):
    """Tell how a process ended, from what `os.waitpid` gives or None; see `of_code`."""
    return "" if status is None else of_code(os.waitstatus_to_exitcode(status))


def of_code(code):
    """Tell how a process ended; empty if it was killed, as the grader does at the end.

    Parameters
    ----------
    code : int
        Its exit code, or the negative number of the signal that killed it.

    Returns
    -------
    str
        A clause.
    """
    names = {-number: number.name for number in signal.Signals}
    if names.get(code) == "SIGKILL":
        return ""
    if code < 0:
        return f"its process was killed by {names.get(code, f'signal {-code}')}"
    return f"its process ended with exit code {code}"
