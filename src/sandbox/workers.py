"""The grader's side of starting and ending workers, in three ways.

`start(settings)` gives a `RunningWorker`; `end(worker)` kills it and all that it started, closes
the socket, and tells in words how the worker ended by itself, if it did; `close()` ends all.
"""

import atexit
import base64
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .confine import folders, site_packages
from .nursery import DIE_SECONDS, kill_group
from .text import Capture, last_line
from .watch import is_running
from .wire import Channel, ClosedError, WireError
from .worker import Worker

ANSWER_SECONDS = 120  # beside many others
REST_SECONDS = 2
PROGRAM = Path(__file__).with_name("nursery.py")
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # each thread's own would take much address space
    "MPLBACKEND": "Agg",
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "USER": "student",  # for getpass.getuser, where the number of the user has no name
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    "VECLIB_MAXIMUM_THREADS": "1",
}
INHERITED = [  # variables that name folders: for font caches, and needed by some to start
    *("HOME", "USERPROFILE", "SYSTEMROOT", "PYTHONHOME", *["PATH"] * (os.name == "nt")),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
]


@dataclass
class RunningWorker:
    """A socket to a worker, the number of its group, and what it printed; None if unknown."""

    sock: socket.socket
    group: int | None = None
    printed: Capture | None = None
    process: subprocess.Popen | threading.Thread | None = None  # if it is not the nursery's


def python():
    """Give the program of this Python, and what its environment must hold.

    On Windows, that of a virtual environment starts another process, which could share no socket.
    """
    base = getattr(sys, "_base_executable", sys.executable)
    if os.name == "nt" and os.path.normcase(base) != os.path.normcase(sys.executable):
        return base, {"__PYVENV_LAUNCHER__": sys.executable}
    return sys.executable, {}


def launch(forks, preload):
    """Start a nursery, or a single worker; give its process, a socket to it, what it prints."""
    ours, theirs = socket.socketpair()
    ignored = {"PYTHONHOME"} if sys.flags.ignore_environment else ()
    kept = [(name, folders(name)) for name in INHERITED if name not in ignored]
    how = {"pass_fds": [theirs.fileno()], "start_new_session": True} if os.name == "posix" else {}
    executable, own = python()
    with theirs:
        process = subprocess.Popen(
            [executable, "-P", "-s", "-X", "utf8", PROGRAM],  # -I would ignore PYTHONHOME
            env=ENVIRONMENT | own | {n: os.pathsep.join(found) for n, found in kept if found},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=os.sep,
            bufsize=0,
            **how,
        )
        paths = [*site_packages(), str(Path(np.__file__).parents[1])]
        about = {"paths": paths, "preload": [*preload], "forks": forks}
        if os.name == "posix":
            about["socket"] = theirs.fileno()
        else:
            about["share"] = base64.b64encode(theirs.share(process.pid)).decode()
        with contextlib.suppress(OSError), process.stdin as stream:  # it has ended: this shows soon
            stream.write(json.dumps(about).encode() + b"\n")
    ours.settimeout(ANSWER_SECONDS)
    return process, ours, Capture(process.stdout)


def no_worker(printed, how):
    """Make the error that says why none starts: the last line printed, or how it ended."""
    why = last_line(printed.text()) or how or "it does not answer"
    return OSError(f"no worker can be started: {why}")


class ForkedWorkers:
    """Workers that a nursery forks; if the nursery is gone, another is started."""

    def __init__(self, preload=()):
        self.preload = preload
        self.closed = False
        self._start_nursery()

    def _start_nursery(self):
        """Start the nursery; it gets ready while the grader goes on."""
        self.nursery, self.sock, self.printed = launch(True, self.preload)
        self.has_answered = False

    def _ask(self, order, *descriptors):
        """Give the nursery an order and return its answer; None if it is gone, for good."""
        data = json.dumps(order).encode()
        with contextlib.suppress(OSError, ValueError):
            self.nursery.send_signal(signal.SIGCONT)  # a worker may have stopped it
            if descriptors:
                socket.send_fds(self.sock, [data], descriptors)
            else:
                self.sock.send(data)
            answer = json.loads(self.sock.recv(1000))
            self.has_answered = True
            return answer
        self.sock.close()
        self.nursery.kill()
        how = in_words(self.nursery.wait())
        self.printed.reader.join(1)
        self.error = no_worker(self.printed, how)
        self._start_nursery()
        return None

    def start(self, settings):
        """Start a worker; raise OSError if that fails, also with a new nursery."""
        for _ in range(2):
            with contextlib.ExitStack() as stack:
                ours, theirs = map(stack.enter_context, socket.socketpair())
                reader, writer = os.pipe()
                printed = stack.enter_context(open(reader, "rb", buffering=0))
                with theirs, open(writer, "wb"):
                    group = self._ask({"start": settings}, theirs.fileno(), writer)
                if group is not None:
                    stack.pop_all()
                    return self._wait_for(RunningWorker(ours, group, Capture(printed)))
        raise self.error

    def _wait_for(self, worker):
        """Give a worker when it is behind its walls; raise OSError if it cannot get there."""
        worker.sock.settimeout(ANSWER_SECONDS)
        with contextlib.suppress(OSError):
            if worker.sock.recv(1) == b"\n":
                return worker
        raise no_worker(worker.printed, self.end(worker))

    def end(self, worker):
        """Kill a worker and all that it started; say how it ended by itself, if it did."""
        with worker.sock:  # open until it is dead: else it would go on when its input ends
            if self.closed:  # it ended with the nursery
                return ""
            code = self._ask({"end": worker.group})
        worker.printed.reader.join(1)  # longer only if another process holds the pipe open
        if code is not None:
            return in_words(code)
        kill_group(worker.group)  # its nursery no longer can
        give_up = time.monotonic() + DIE_SECONDS
        while is_running(worker.group) and time.monotonic() < give_up:
            time.sleep(0.001)
        return "its process and the one that started it were killed"

    def close(self):
        """End the nursery and all that it started."""
        self.closed = True
        self.sock.close()
        self.nursery.send_signal(signal.SIGCONT if self.has_answered else signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.nursery.wait(DIE_SECONDS)
        self.nursery.kill()
        self.nursery.wait()
        self.printed.reader.join(1)


class KeptWorkers:
    """Where no process can fork: workers that serve test after test, until one hangs or dies."""

    def __init__(self, preload=()):
        self.preload, self.idle = preload, []

    def start(self, settings):
        """Take a worker that is idle, or start one; raise OSError if that fails."""
        if self.idle:
            worker = self.idle.pop()
            worker.printed.begin()
        else:
            process, sock, printed = launch(False, self.preload)
            worker = RunningWorker(sock, process.pid, printed, process)
        if obeys(worker, ANSWER_SECONDS, request="begin", folder=settings["folder"]):
            return worker
        raise no_worker(worker.printed, self._kill(worker))

    def end(self, worker):
        """Keep a worker that answers for the next test; kill another and say how it ended."""
        mark = secrets.token_hex(16).encode()
        rest = {"request": "rest", "folder": tempfile.gettempdir(), "mark": mark}
        if obeys(worker, REST_SECONDS, **rest) and worker.printed.take_end(
            re.compile(mark + rb"\Z"), REST_SECONDS
        ):
            self.idle.append(worker)
            return ""
        return self._kill(worker)

    def _kill(self, worker):
        """Kill a worker and its group; say how it ended by itself, if it did."""
        if hasattr(os, "killpg"):
            kill_group(worker.group)
        worker.process.kill()
        code = worker.process.wait()
        worker.printed.reader.join(1)
        worker.sock.close()
        return in_words(code)

    def close(self):
        """End all."""
        for worker in self.idle:
            self._kill(worker)


def obeys(worker, seconds, **request):
    """Ask a kept worker for something; tell whether it did that in time."""
    give_up = time.monotonic() + seconds

    def look():
        if time.monotonic() > give_up:
            raise ClosedError

    with contextlib.suppress(ClosedError, WireError):
        channel = Channel(worker.sock, look)
        channel.send(request)
        return channel.receive() == {}
    return False


class ThreadWorkers:
    """A worker in the grader's own process, for ``--debug``: breakpoint() and an IDE work there.

    Nothing is protected, and no time is limited.
    """

    def __init__(self, preload=()):
        """Give the terminal its settings back at the end: a stopped debugger leaves it mute."""
        if os.name == "posix" and sys.stdin and sys.stdin.isatty():
            import termios

            now = termios.tcgetattr(sys.stdin.fileno())
            atexit.register(termios.tcsetattr, sys.stdin.fileno(), termios.TCSANOW, now)

    def start(self, settings):
        """Start a thread."""
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=Worker(theirs).serve, daemon=True)
        thread.start()
        return RunningWorker(ours, process=thread)

    def end(self, worker):
        """Close its socket, which ends it."""
        worker.sock.close()
        worker.process.join(1)
        return ""

    def close(self):
        """Do nothing."""


def in_words(code):
    """Tell how a process ended from its exit code, below 0 for a signal; empty if killed."""
    names = {-number: number.name for number in signal.Signals}
    if names.get(code) == "SIGKILL":
        return ""
    if code < 0:
        return f"its process was killed by {names.get(code, f'signal {-code}')}"
    return f"its process ended with exit code {code}"
