"""One worker with the submission, for one test: the grader's side of it."""

import contextlib
import random
import threading
import time
from dataclasses import dataclass

from .objects import KINDS
from .output import Capture
from .wire import Channel, ClosedError, WireError

IMPORT_SECONDS = 10
MAX_CALLBACKS = 100_000


class SubmissionError(Exception):
    """The submission raised an exception, took too long, or ended.

    Parameters
    ----------
    kind : str
        Type of the error.
    message : str
        What happened.
    frames : sequence of (str, int, str)
        The submission's own lines: file, number, function.
    """

    def __init__(self, kind, message, frames=()):
        super().__init__(message)
        self.kind = kind
        self.frames = tuple(frames)


class MissingError(SubmissionError):
    """The submission has no such function."""

    def __init__(self, name):
        super().__init__("MissingError", f"the submission has no function {name}")


@dataclass(frozen=True)
class Function:
    """A function of the submission, by its name; calling it calls into the worker."""

    session: object
    name: str

    def __call__(self, *args, **kwargs):
        """Call it; arguments go as copies."""
        return self.session.call(self.name, args, kwargs)


class Session:
    """One worker with the submission, for one test.

    Parameters
    ----------
    workers : ForkedWorkers or SpawnedWorkers
        Starts it.
    order : dict
        Its folder, limits and confinement.
    seconds : float
        What all calls together may take.
    """

    def __init__(self, workers, order, seconds):
        self.workers = workers
        self.seconds = seconds
        self.deadline = None
        self.given = []  # what was handed to the worker: functions, neutral objects
        self.callbacks = 0
        self.seed = self.next = None  # of the last call: its seed, a random number after it
        self.changed = ()  # arguments that it changed
        self.ended = False
        sock, self.output = workers.start(order)
        self.capture = Capture()
        self.reader = threading.Thread(target=self._read_output, daemon=True)
        self.reader.start()
        self.channel = Channel(sock, self._refer, self._resolve)

    def _read_output(self):
        with contextlib.suppress(OSError, ValueError):
            while data := self.output.read(65536):
                self.capture.add(data)

    def load(self, files, module, seconds=IMPORT_SECONDS):
        """Import the submission; raise `SubmissionError` if that fails."""
        self.deadline = time.monotonic() + seconds
        answer = self._exchange(
            {"request": "load", "files": files, "module": module},
            f"importing the submission took longer than {seconds:g} seconds",
        )
        if answer.get("loaded") is not True:
            raise SubmissionError("WireError", "the submission's process gave no sensible answer")
        self.deadline = time.monotonic() + self.seconds

    def probe(self, read, write):
        """Ask a worker that has loaded nothing what it can read and write."""
        self.deadline = time.monotonic() + IMPORT_SECONDS
        return self._exchange({"request": "probe", "read": read, "write": write}, "no answer")[
            "probe"
        ]

    def call(self, name, args, kwargs):
        """Call a function of the submission; raise `SubmissionError` if that fails."""
        self.seed = random.getrandbits(32)
        answer = self._exchange(
            {"request": "call", "name": name, "args": args, "kwargs": kwargs, "seed": self.seed},
            f"{name} took longer than {self.seconds:g} seconds, the limit of this test",
        )
        if "missing" in answer:
            raise MissingError(name)
        if not {"result", "changed", "next"} <= answer.keys():
            raise SubmissionError("WireError", f"{name} gave no sensible answer")
        self.changed, self.next = answer["changed"], answer["next"]
        return answer["result"]

    def _exchange(self, request, too_late):
        """Send a request, serve callbacks, return the answer."""
        try:
            self.channel.send(request, self.deadline)
            while True:
                answer = self.channel.receive(self.deadline)
                if not isinstance(answer, dict):
                    raise WireError("an answer that is none")
                if "error" in answer:
                    raise self._error(answer["error"])
                if "callback" not in answer:
                    return answer
                self.channel.send({"result": self._serve(answer)}, self.deadline)
        except TimeoutError:
            self._stop()
            raise SubmissionError("TimeoutError", too_late) from None
        except ClosedError:
            how = self._stop() or "its process is gone: killed, or out of memory or time"
            raise SubmissionError("ProcessError", f"the submission did not answer: {how}") from None
        except WireError as error:
            self._stop()
            raise SubmissionError("WireError", f"the submission sent {error}") from None

    def _serve(self, request):
        """Call a function of the grader for the submission."""
        self.callbacks += 1
        number, args, kwargs = (request.get(key) for key in ("callback", "args", "kwargs"))
        if self.callbacks > MAX_CALLBACKS:
            raise WireError(f"more than {MAX_CALLBACKS:,} calls of the grader's functions")
        if type(number) is not int or not 0 <= number < len(self.given):
            raise WireError("a call of nothing")
        function = self.given[number]
        if isinstance(function, Function) or type(function).__name__ in KINDS:
            raise WireError("a call of what is not the grader's")
        if not isinstance(args, (list, tuple)) or not isinstance(kwargs, dict):
            raise WireError("a call without arguments")
        try:
            return function(*args, **kwargs)
        except (AssertionError, SubmissionError):
            raise
        except Exception as error:  # called with what it does not take
            raise SubmissionError(
                type(error).__name__, f"a function of the test was called wrongly: {error}"
            ) from None

    def _error(self, content):
        """Make an exception of what a worker tells of one: a stranger's words."""
        if not isinstance(content, dict):
            raise WireError("an error that is none")
        frames = [
            (file, number, function)
            for frame in list(content.get("frames") or ())[:60]
            if isinstance(frame, list) and len(frame) == 3
            for file, number, function in [frame]
            if isinstance(file, str) and type(number) is int and isinstance(function, str)
        ]
        kind = str(content.get("type"))[:100]
        return SubmissionError(kind, str(content.get("text"))[:4000], frames)

    def _refer(self, value):
        """Name a function or a neutral object for the worker."""
        for number, given in enumerate(self.given):
            if given is value or (isinstance(value, Function) and given == value):
                return "given", number
        number, kind = len(self.given), type(value).__name__
        if isinstance(value, Function):
            content = [number, "own", value.name]
        elif kind in KINDS:
            content = [number, kind, vars(value)]
        elif callable(value):
            content = [number, "callback", None]
        else:
            raise TypeError(f"a {kind} cannot be handed to a submission")
        self.given.append(value)
        return "give", content

    def _resolve(self, tag, content):
        """Give what the worker names: only what was handed to it before."""
        if tag == "given" and type(content) is int and 0 <= content < len(self.given):
            return self.given[content]
        raise WireError(f"a value of unknown kind {tag!r:.50}")

    def _stop(self):
        """End the worker and all that it started; tell how it had ended, if it had."""
        if self.ended:
            return ""
        self.ended = True
        how = self.workers.end()
        self.channel.close()
        self.reader.join(1)  # what the pipe still holds
        if not self.reader.is_alive():
            self.output.close()
        return how

    def close(self):
        """End the worker; return what it printed."""
        self._stop()
        return self.capture.text()
