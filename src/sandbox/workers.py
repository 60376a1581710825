"""How workers are started and ended: the grader's side of it.

`start(settings)` gives a `Started`; `end(started, healthy)` kills it and all that it started, and
tells in words how it had ended; `close()` ends all.
"""

import array
import base64
import contextlib
import json
import os
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

from .nursery import DIE_SECONDS, kill_group
from .text import Capture
from .watch import is_running
from .wire import Channel, ClosedError, WireError
from .worker import Worker

START_SECONDS, REST_SECONDS = 120, 5  # beside many others
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
KEPT = "SYSTEMROOT", "HOME", "USERPROFILE"  # from the grader's own; the last two for font caches


@dataclass
class Started:
    """A worker: a socket to it, the number of its group, and what it printed, None if unknown."""

    sock: socket.socket
    group: int | None = None
    printed: Capture | None = None
    reader: threading.Thread | None = None
    process: subprocess.Popen | None = None


def launch(forks, preload):
    """Start the nursery, or a worker of many tests; give its process and a socket to it."""
    ours, theirs = socket.socketpair()
    how = {"pass_fds": [theirs.fileno()], "start_new_session": True} if os.name == "posix" else {}
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-I", "-X", "utf8", PROGRAM],
            env=ENVIRONMENT | {name: os.environ[name] for name in KEPT if name in os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL if forks else subprocess.PIPE,
            stderr=None if forks else subprocess.STDOUT,
            cwd=os.sep,
            bufsize=0,
            **how,
        )
        about = {"paths": paths_of_packages(), "preload": preload, "forks": forks}
        if os.name == "posix":
            about["socket"] = theirs.fileno()
        else:
            about["share"] = base64.b64encode(theirs.share(process.pid)).decode()
        with contextlib.suppress(OSError), process.stdin as stream:  # it has ended: this shows soon
            stream.write(json.dumps(about).encode() + b"\n")
    ours.settimeout(START_SECONDS)
    return process, ours


def paths_of_packages():
    """List where packages are installed; no folder of the project, nor another that holds files."""
    named = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [*named, str(Path(np.__file__).parents[1])]


def capture(stream):
    """Read what is printed, in a thread."""
    printed = Capture()

    def read():
        with stream, contextlib.suppress(OSError):
            while data := stream.read(65536):
                printed.add(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return printed, reader


class ForkedWorkers:
    """Workers forked from a nursery, which is begun anew if it is gone."""

    def __init__(self, preload=()):
        self.preload = list(preload)
        self.groups = set()
        self.closed = False
        self._begin()

    def _begin(self):
        """Start the nursery; it gets ready while the grader goes on."""
        self.nursery, self.sock = launch(True, self.preload)
        self.ready = False

    def _ask(self, order, descriptors=()):
        """Give the nursery an order and return its answer; None if it is gone, for good."""
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))]
        with contextlib.suppress(OSError, ValueError):
            self.nursery.send_signal(signal.SIGCONT)  # where it can be, it might have been stopped
            self.ready = self.ready or bool(self.sock.recv(100))
            self.sock.sendmsg([json.dumps(order).encode()], rights if descriptors else [])
            self.sock.settimeout(DIE_SECONDS + 10)
            return json.loads(self.sock.recv(1000))
        self.sock.close()
        self.nursery.kill()
        self.nursery.wait()
        for group in self.groups:
            kill_and_wait(group)
        self.groups.clear()
        self._begin()
        return None

    def start(self, settings):
        """Start a worker; raise OSError if that fails, also with a new nursery."""
        for _ in range(2):
            ours, theirs = socket.socketpair()
            reader, writer = os.pipe()
            with theirs, open(writer, "wb"):
                answer = self._ask({"start": settings}, [theirs.fileno(), writer])
            if answer is not None:
                self.groups.add(answer["answer"])
                return Started(ours, answer["answer"], *capture(os.fdopen(reader, "rb", 0)))
            ours.close()
            os.close(reader)
        raise OSError("no worker can be started")

    def end(self, started, healthy):
        """Kill a worker and all that it started; say how it had ended, if it had."""
        if self.closed:  # it ended with the nursery
            return ""
        answer = self._ask({"end": started.group})
        self.groups.discard(started.group)
        started.reader.join(1)  # it reads what the pipe still holds
        if answer is None:
            return "its process and the one above it were killed"
        status = answer["answer"]
        return "" if status is None else in_words(os.waitstatus_to_exitcode(status))

    def close(self):
        """End the nursery and all below it."""
        if self.closed:
            return
        self.closed = True
        self.sock.close()
        self.nursery.send_signal(signal.SIGCONT if self.ready else signal.SIGKILL)
        try:
            self.nursery.wait(DIE_SECONDS)
        except subprocess.TimeoutExpired:
            self.nursery.kill()
            self.nursery.wait()


class KeptWorkers:
    """Where no process can fork: workers that serve many tests, replaced when one hangs or dies."""

    def __init__(self, preload=()):
        self.preload = list(preload)
        self.idle = []
        self.folder = tempfile.gettempdir()

    def start(self, settings):
        """Take a worker that is idle, or start one."""
        started = self.idle.pop() if self.idle else self._launch()
        started.printed.__init__()
        return started

    def _launch(self):
        process, sock = launch(False, self.preload)
        started = Started(sock, process.pid, *capture(process.stdout), process)
        with contextlib.suppress(OSError):
            if sock.recv(100):
                return started
        self.end(started, healthy=False)
        raise OSError("no worker can be started")

    def end(self, started, healthy):
        """Keep a healthy worker for the next test; kill another, and say how it had ended."""
        kept = replace(started, sock=started.sock.dup()) if healthy else started
        with contextlib.suppress(OSError, WireError, ClosedError):
            if healthy and self._rests(kept.sock, kept.printed, secrets.token_hex(16).encode()):
                self.idle.append(kept)
                return ""
        kept.sock.close()
        if hasattr(os, "killpg"):
            kill_group(started.process.pid)
        started.process.kill()
        code = started.process.wait()
        started.reader.join(1)
        return in_words(code)

    def _rests(self, sock, printed, mark):
        """Let a worker forget the submission; tell whether it did, and all that it printed came."""
        give_up = time.monotonic() + REST_SECONDS
        channel = Channel(sock, look=lambda: time.monotonic() < give_up or sock.close())
        channel.send({"request": "rest", "folder": self.folder, "mark": mark})
        channel.receive()
        while not printed.take_end(mark) and time.monotonic() < give_up:
            time.sleep(0.001)
        return time.monotonic() < give_up

    def close(self):
        """End all."""
        while self.idle:
            self.end(self.idle.pop(), healthy=False)


class ThreadWorkers:
    """A worker in the grader's own process, for ``--debug``: breakpoint() and an IDE work there.

    Nothing is protected, and no time is limited.
    """

    def __init__(self, preload=()):
        pass

    def start(self, settings):
        """Start a thread."""
        ours, theirs = socket.socketpair()

        def serve():
            with theirs:
                worker = Worker(theirs)
                worker.serve()
                if worker.submission:
                    worker.submission.unload()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        return Started(ours, reader=thread)

    def end(self, started, healthy):
        """Let it end; its socket is closed."""
        started.sock.close()
        started.reader.join(1)
        return ""

    def close(self):
        """Do nothing."""


def kill_and_wait(group):
    """Kill a group whose nursery is gone, and wait until nothing of it is left."""
    kill_group(group)
    give_up = time.monotonic() + DIE_SECONDS
    while is_running(group) and time.monotonic() < give_up:
        time.sleep(0.001)


def in_words(code):
    """Tell how a process ended from its exit code, below 0 for a signal; empty if killed."""
    names = {-number: number.name for number in signal.Signals}
    if names.get(code) == "SIGKILL":
        return ""
    if code < 0:
        return f"its process was killed by {names.get(code, f'signal {-code}')}"
    return f"its process ended with exit code {code}"
