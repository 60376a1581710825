"""How workers are started and ended: the grader's side of it.

`start(settings)` gives a `Started`; `end(started)` kills it and all that it started, and tells in
words how it had ended; `close()` ends all.
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
from dataclasses import dataclass, replace
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
KEPT = [  # folders from the grader's own: for font caches, and without which some do not start
    *("HOME", "USERPROFILE", "SYSTEMROOT", "PYTHONHOME", *["PATH"] * (os.name == "nt")),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
]


@dataclass
class Started:
    """A worker: a socket to it, the number of its group, and what it printed, None if unknown."""

    sock: socket.socket
    group: int | None = None
    printed: Capture | None = None
    process: subprocess.Popen | threading.Thread | None = None  # if it is not the nursery's


def python():
    """Give the program of this Python, and what its environment must hold.

    On Windows, that of a virtual environment only starts another process, and no socket can be
    shared with that one.
    """
    base = getattr(sys, "_base_executable", sys.executable)
    if os.name == "nt" and os.path.normcase(base) != os.path.normcase(sys.executable):
        return base, {"__PYVENV_LAUNCHER__": sys.executable}
    return sys.executable, {}


def launch(forks, preload):
    """Start the nursery, or a worker that is told more later.

    Give its process, a socket to it, and what it prints.
    """
    ours, theirs = socket.socketpair()
    ignored = {"PYTHONHOME"} if sys.flags.ignore_environment else ()
    kept = [(name, folders(name)) for name in KEPT if name not in ignored]
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


def is_ready(sock):
    """Tell whether a worker is behind its walls; else it has ended."""
    sock.settimeout(ANSWER_SECONDS)
    with contextlib.suppress(OSError):
        return sock.recv(1) == b"\n"
    return False


class ForkedWorkers:
    """Workers forked from a nursery, which is begun anew if it is gone."""

    def __init__(self, preload=()):
        self.preload = preload
        self.closed = False
        self._begin()

    def _begin(self):
        """Start the nursery; it gets ready while the grader goes on."""
        self.nursery, self.sock, self.printed = launch(True, self.preload)
        self.has_answered = False

    def _ask(self, order, *descriptors):
        """Give the nursery an order and return its answer; None if it is gone, for good."""
        data = json.dumps(order).encode()
        with contextlib.suppress(OSError, ValueError):
            self.nursery.send_signal(signal.SIGCONT)  # where it can be, it might have been stopped
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
        self._begin()
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
                    started = Started(ours, group, Capture(printed))
                    if is_ready(ours):
                        return started
                    how = self.end(started)
                    ours.close()
                    raise no_worker(started.printed, how)
        raise self.error

    def end(self, started):
        """Kill a worker and all that it started; say how it had ended, if it had."""
        if self.closed:  # it ended with the nursery
            return ""
        code = self._ask({"end": started.group})
        started.printed.reader.join(1)  # or somebody else holds the pipe open
        if code is not None:
            return in_words(code)
        kill_group(started.group)  # its nursery is gone
        give_up = time.monotonic() + DIE_SECONDS
        while is_running(started.group) and time.monotonic() < give_up:
            time.sleep(0.001)
        return "its process and the one above it were killed"

    def close(self):
        """End the nursery and all below it."""
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
            started = self.idle.pop()
            started.printed.begin()
        else:
            process, sock, printed = launch(False, self.preload)
            started = Started(sock, process.pid, printed, process)
        if self._does(started, ANSWER_SECONDS, request="begin", folder=settings["folder"]):
            return started
        raise no_worker(started.printed, self.end(started))

    def end(self, started):
        """Keep a worker that answers for the next test; kill another, and say how it had ended."""
        mark = secrets.token_hex(16).encode()
        rest = {"request": "rest", "folder": tempfile.gettempdir(), "mark": mark}
        if self._does(started, REST_SECONDS, **rest) and started.printed.take_end(
            re.compile(mark + rb"\Z"), REST_SECONDS
        ):
            self.idle.append(replace(started, sock=started.sock.dup()))
            return ""
        if hasattr(os, "killpg"):
            kill_group(started.group)
        started.process.kill()
        code = started.process.wait()
        started.printed.reader.join(1)
        started.sock.close()
        return in_words(code)

    def _does(self, started, seconds, **request):
        """Have a worker do something; tell whether it did in time."""
        give_up = time.monotonic() + seconds

        def look():
            if time.monotonic() > give_up:
                raise ClosedError

        with contextlib.suppress(ClosedError, WireError):
            channel = Channel(started.sock, look)
            channel.send(request)
            return channel.receive() == {}
        return False

    def close(self):
        """End all."""
        for started in self.idle:
            started.sock.close()
            started.process.kill()
            started.process.wait()
            started.printed.reader.join(1)


class ThreadWorkers:
    """A worker in the grader's own process, for ``--debug``: breakpoint() and an IDE work there.

    Nothing is protected, and no time is limited.
    """

    def __init__(self, preload=()):
        """Have the terminal as it is now in the end: a debugger that is stopped leaves it mute."""
        if os.name == "posix" and sys.stdin and sys.stdin.isatty():
            import termios

            now = termios.tcgetattr(sys.stdin.fileno())
            atexit.register(termios.tcsetattr, sys.stdin.fileno(), termios.TCSANOW, now)

    def start(self, settings):
        """Start a thread."""
        ours, theirs = socket.socketpair()
        thread = threading.Thread(target=Worker(theirs).serve, daemon=True)
        thread.start()
        return Started(ours, process=thread)

    def end(self, started):
        """Let it end; its socket is closed."""
        started.sock.close()
        started.process.join(1)
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
