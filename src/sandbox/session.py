"""The grader's side of one worker, which runs the submission for one test.

It decides when the submission takes too long, and takes nothing for true that the worker says.
"""

import contextlib
import math
import os
import random
import signal
import time
from dataclasses import dataclass

import numpy as np

from . import watch
from .objects import Neutral
from .wire import LOOK_SECONDS, MAX_FRAMES, MAX_NAME, MAX_TEXT, Channel, ClosedError, WireError

IMPORT_SECONDS, PROBE_SECONDS = 10, 25
BACKSTOP = 4 if watch.HAS_PROC else 2  # the clock's limit, in limits of processor time
STARVED = 0.25  # who waits for a processor for this part of the time is not to blame
PATIENCE = 5  # such a submission gets at most so many times the clock's limit more
GAP = 1.0  # seconds between two looks, beyond which the grader itself cannot have run
TRACE_SECONDS, MOST_LINES = 0.2, 10**7


class WorkerError(Exception):
    """The submission raised an exception (its type is `kind`), took too long, or ended.

    `frames` are the submission's own lines: file, number, function.
    """

    def __init__(self, kind, message, frames=()):
        super().__init__(message)
        self.kind = kind
        self.frames = tuple(map(tuple, frames))


class MissingError(WorkerError):
    """The submission has no such function."""


class TooLateError(WorkerError):
    """The submission took too long."""

    def __init__(self, message):
        super().__init__("TimeoutError", message)


class StarvedError(TooLateError):
    """The machine was too busy for the submission to run."""


@dataclass(frozen=True)
class Function:
    """A function of the submission, by its name; calling it calls into the worker."""

    session: object
    name: str

    def __call__(self, *args, **kwargs):
        """Call it; arguments go as copies."""
        return self.session.call(self.name, args, kwargs)


class TimeLimit:
    """Seconds of processor time that requests may take together.

    The clock is a backstop, for what sleeps: at most `clock_seconds` pass during the requests.
    """

    def __init__(self, seconds, which):
        self.seconds = seconds
        self.clock_seconds = BACKSTOP * seconds
        self.which = which  # limit this is, in messages
        self.before = None  # what was in use when the first request began
        self.passed = 0.0  # seconds during the requests that have ended

    def begin(self, what, group):
        """Begin a request to a group of processes; `what` it does is named in messages."""
        self.what = what
        self.before = self.before or watch.use_of(group, alone=True)
        self.began = self.looked = time.monotonic()

    def check(self, use, sandbox):
        """Raise an error if the requests have taken too long, or all tests together have."""
        now = time.monotonic()
        if now - self.looked > GAP:  # the grader was stopped, or got no processor
            self.clock_seconds += now - self.looked
            sandbox.end += now - self.looked
        self.looked, passed = now, self.passed + now - self.began
        ran = max(use.seconds - self.before.seconds, 0.0)
        waited = use.waited - self.before.waited
        too_late = f"{self.what} took longer than {self.seconds:g} seconds, {self.which}"
        if ran > self.seconds:
            raise TooLateError(too_late)
        waited *= use.threads == 1  # else it may have waited for itself
        is_over = passed > self.clock_seconds + min(waited, PATIENCE * self.clock_seconds)
        if not is_over and now <= sandbox.end:
            return
        if waited > STARVED * passed:
            raise StarvedError(
                f"the machine was too busy: within {passed:.0f} seconds, {self.what} got only "
                f"{ran:.1f} of its {self.seconds:g} seconds of processor time"
            )
        if now > sandbox.end:
            raise TooLateError(sandbox.too_late)
        raise TooLateError(
            f"{too_late}: it computed for {ran:.1f} seconds and waited for {passed - ran:.1f}"
        )

    def end(self):
        """End a request."""
        self.passed += time.monotonic() - self.began


class Session:
    """One worker with the submission, for one test.

    After a call, `seed` is that of its random numbers, `next_random` the number drawn after it
    (None if the answer holds no number), and `changed` names the arguments that it changed.
    """

    def __init__(self, sandbox, folder, seconds):
        self.sandbox, self.folder = sandbox, folder
        self.call_limit = TimeLimit(seconds, "the limit of this test")
        self.unseen = 0.0  # seconds of requests since the last look
        self.seed = self.next_random = None
        self.changed = []
        self.calls = []  # name, arguments and keyword arguments of each
        self.ended = False
        self.failure = None  # why there is no worker any more
        most = seconds + sandbox.import_seconds + 3  # for each process, should nobody look
        settings = {"folder": folder, "cpu_seconds": int(most) if math.isfinite(most) else None}
        self.worker = sandbox.workers.start(settings | sandbox.confinement.settings())
        self.channel = Channel(self.worker.sock, self._look, describe)

    def load(self, files, module, seconds=IMPORT_SECONDS):
        """Import the submission; raise `WorkerError` if that fails."""
        name = f"{module}.py" if f"{module}.py" in files else "__init__.py"
        request = {"request": "load", "files": files, "module": module}
        answer = self._ask(request, "importing the submission", TimeLimit(seconds, f"in {name}"))
        if answer.get("loaded") is not True:
            raise WorkerError("WireError", "the submission's process gave no sensible answer")

    def probe(self, read, write):
        """Ask a worker that has loaded nothing what it can read and write."""
        request = {"request": "probe", "read": read, "write": write}
        limit = TimeLimit(PROBE_SECONDS, "the limit of a probe")
        return self._ask(request, "a probe", limit)["probe"]

    def call(self, name, args, kwargs):
        """Call a function of the submission; raise `WorkerError` if that fails."""
        self.calls.append((name, args, kwargs))
        self.seed, state = random.getrandbits(32), random.getstate()
        request = {"request": "call", "name": name, "args": args, "kwargs": kwargs}
        try:
            answer = self._ask(request | {"seed": self.seed}, name, self.call_limit)
        finally:
            random.setstate(state)  # the worker may be in this process
        if "missing" in answer:
            raise MissingError("MissingError", f"the submission has no function {name}")
        if not {"result", "changed", "next", "records"} <= answer.keys():
            raise WorkerError("WireError", f"{name} gave no sensible answer")
        changed, number, records = answer["changed"], answer["next"], answer["records"]
        self.changed = changed if isinstance(changed, list) else []
        self.next_random = number if type(number) is int else None
        for key, thing in self.channel.objects.items():
            if isinstance(thing, Neutral):  # what it recorded is the submission's word, too
                record = records.get(str(key)) if isinstance(records, dict) else None
                thing.record = list(record) if isinstance(record, (list, np.ndarray)) else []
        return answer["result"]

    def _ask(self, request, what, limit):
        """Send a request and give the answer; if none comes within a limit, end the worker."""
        if self.failure is not None:
            raise self.failure
        try:
            answer = self._exchange(request, what, limit)
        except BaseException as error:
            self.failure = self._failure_of(error)
            self._stop()
            raise self.failure from None
        if "error" in answer:
            error = error_of(answer["error"])
            if error.kind.endswith("MemoryError"):
                most = f"all of a submission may use {self.sandbox.memory // 2**20} MB of memory"
                error.args = ("; ".join(filter(None, [str(error), most])),)
            raise error
        return answer

    def _exchange(self, request, what, limit):
        """Send a request and wait for the answer, as long as the limit lets it."""
        self.limit = limit
        limit.begin(what, self.worker.group)
        self.channel.next_look = limit.began + LOOK_SECONDS
        self.channel.send(request)
        answer = self.channel.receive()
        if not isinstance(answer, dict):
            raise WireError("something that is not an answer")
        self.unseen += time.monotonic() - limit.began
        if self.unseen > LOOK_SECONDS:  # not after every quick call: looking takes longer
            self._look()
        limit.end()
        return answer

    def _failure_of(self, error):
        """Give the error to raise for one that came instead of an answer."""
        match error:
            case TooLateError():
                error.frames = tuple(map(tuple, self._where()))
            case ClosedError():
                how = self._stop() or "its process is gone: killed, or out of memory or time"
                text = f"the submission did not answer: {how}"
                return WorkerError("ProcessError", text)
            case WireError():
                return WorkerError("WireError", f"the submission sent {error}")
        return error

    def _look(self):
        """See what the submission uses; raise `WorkerError` if it is too much."""
        self.unseen, use = 0.0, watch.use_of(self.worker.group)
        self.limit.check(use, self.sandbox)
        excess = watch.excess_of(use, self.folder, self.sandbox.memory)
        if excess and "watch" not in self.sandbox.confinement.without:
            raise WorkerError("ResourceError", f"the submission used {excess}")

    def _where(self):
        """Ask a worker that goes on and on for its stack trace."""
        if self.worker.group is None or not hasattr(signal, "SIGUSR2"):
            return []
        with contextlib.suppress(OSError):
            os.kill(self.worker.group, signal.SIGUSR2)
        return self.worker.printed.take_trace(TRACE_SECONDS)

    def _stop(self):
        """End the worker and all that it started; tell how it ended by itself, if it did."""
        if self.ended:
            return ""
        self.ended = True
        return self.sandbox.workers.end(self.worker)

    def close(self):
        """End the worker; return what it printed."""
        self._stop()
        return self.worker.printed.text() if self.worker.printed else ""


def describe(value):
    """Tell the kind and content of a function or neutral object, for a worker to make one."""
    if isinstance(value, Function):
        return "own", value.name
    if isinstance(value, Neutral):
        return type(value).__name__, value.details()
    raise TypeError(f"a {type(value).__name__} cannot be handed to a submission")


def error_of(content):
    """Make the submission's exception from what the worker says of it, which may be anything."""
    match content:
        case {"type": str(kind), "text": str(text), "frames": list(frames)}:
            frames = [frame for frame in frames[:MAX_FRAMES] if isinstance(frame, list)]
            frames = [frame for frame in frames if [*map(type, frame)] == [str, int, str]]
            frames = [frame for frame in frames if 0 <= frame[1] < MOST_LINES]
            return WorkerError(kind[:MAX_NAME], text[:MAX_TEXT], frames)
    return WorkerError("Exception", "")
