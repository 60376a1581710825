"""One worker with the submission, for one test: the grader's side of it."""

import contextlib
import random
import threading
import time
from dataclasses import dataclass

from .objects import KINDS
from .text import Capture
from .wire import Channel, ClosedError, WireError

IMPORT_SECONDS = 10
MAX_CALLBACKS = 100_000
MAX_RECEIVED = 128 * 2**20  # bytes of all answers together
MAX_TEXT = 4000  # characters of an exception's text
MAX_FRAMES = 60
NEUTRAL = tuple(KINDS.values())


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
        self.frames = tuple(map(tuple, frames))


class MissingError(SubmissionError):
    """The submission has no such function."""

    def __init__(self, name):
        super().__init__("MissingError", f"the submission has no function {name}")


class TooLateError(SubmissionError):
    """The submission took too long."""

    def __init__(self, message):
        super().__init__("TimeoutError", message)


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

    Attributes
    ----------
    seed, next : int
        Of the last call: its seed, and a random number after it, None if that was no number.
    changed : list of int and str
        Arguments that the last call changed, by number or name.
    """

    def __init__(self, workers, order, seconds):
        self.workers = workers
        self.seconds = self.left = seconds
        self.given = []  # what was handed to the worker: functions, neutral objects
        self.callbacks = 0
        self.seed = self.next = None
        self.changed = []
        self.ended = False
        self.failure = None  # why there is no worker any more
        self.capture = Capture()
        sock, output = workers.start(order)
        self.channel = Channel(sock, self._refer, self._resolve, MAX_RECEIVED)
        self.reader = threading.Thread(target=self._read_output, args=[output], daemon=True)
        try:
            self.reader.start()
        except BaseException:
            workers.end()
            sock.close()
            output.close()
            raise

    def _read_output(self, output):
        with output, contextlib.suppress(OSError):
            while data := output.read(65536):
                self.capture.add(data)

    def load(self, files, module, seconds=IMPORT_SECONDS):
        """Import the submission; raise `SubmissionError` if that fails."""
        answer = self._ask(
            {"request": "load", "files": files, "module": module},
            seconds,
            f"importing the submission took longer than {seconds:g} seconds",
        )
        if answer.get("loaded") is not True:
            raise SubmissionError("WireError", "the submission's process gave no sensible answer")

    def probe(self, read, write):
        """Ask a worker that has loaded nothing what it can read and write."""
        request = {"request": "probe", "read": read, "write": write}
        return self._ask(request, IMPORT_SECONDS, "no answer")["probe"]

    def call(self, name, args, kwargs):
        """Call a function of the submission; raise `SubmissionError` if that fails."""
        self.seed = random.getrandbits(32)
        request = {"name": name, "args": args, "kwargs": kwargs, "seed": self.seed}
        too_late = f"{name} took longer than {self.seconds:g} seconds, the limit of this test"
        began = time.monotonic()
        try:
            answer = self._ask({"request": "call", **request}, self.left, too_late)
        finally:
            self.left -= time.monotonic() - began
        if "missing" in answer:
            raise MissingError(name)
        if not {"result", "changed", "next"} <= answer.keys():
            raise SubmissionError("WireError", f"{name} gave no sensible answer")
        changed, number = answer["changed"], answer["next"]
        self.changed = changed if isinstance(changed, list) else []
        self.next = number if type(number) is int else None
        return answer["result"]

    def _ask(self, request, seconds, too_late):
        """Send a request and return the answer; if none comes, end the worker."""
        if self.failure is None:
            try:
                answer = self._exchange(request, time.monotonic() + seconds)
            except TimeoutError:
                self._stop()
                self.failure = TooLateError(too_late)
            except ClosedError:
                how = self._stop() or "its process is gone: killed, or out of memory or time"
                message = f"the submission did not answer: {how}"
                self.failure = SubmissionError("ProcessError", message)
            except WireError as error:
                self._stop()
                self.failure = SubmissionError("WireError", f"the submission sent {error}")
            except BaseException:  # from a function of the test: the worker waits for it in vain
                self._stop()
                raise
        if self.failure is not None:
            raise self.failure
        if "error" in answer:
            raise error_of(answer["error"])
        return answer

    def _exchange(self, request, deadline):
        """Send a request, serve callbacks, return the answer."""
        self.channel.send(request, deadline)
        while True:
            answer = self.channel.receive(deadline)
            if not isinstance(answer, dict):
                raise WireError("an answer that is none")
            if "callback" not in answer:
                return answer
            self.channel.send({"result": self._serve(answer)}, deadline)

    def _serve(self, request):
        """Call a function of the grader for the submission."""
        self.callbacks += 1
        number, args, kwargs = (request.get(key) for key in ("callback", "args", "kwargs"))
        if self.callbacks > MAX_CALLBACKS:
            raise WireError(f"more than {MAX_CALLBACKS:,} calls of the grader's functions")
        if type(number) is not int or not 0 <= number < len(self.given):
            raise WireError("a call of nothing")
        function = self.given[number]
        if isinstance(function, (Function, *NEUTRAL)):
            raise WireError("a call of what is not the grader's")
        try:
            return function(*args, **kwargs)
        except (AssertionError, SubmissionError):
            raise
        except Exception as error:  # called with what it does not take
            raise SubmissionError(
                type(error).__name__, f"a function of the test was called wrongly: {error}"
            ) from None

    def _refer(self, value):
        """Name a function or a neutral object for the worker."""
        for number, given in enumerate(self.given):
            if given is value:
                return "given", number
        number, kind = len(self.given), type(value).__name__
        if isinstance(value, Function):
            content = [number, "own", value.name]
        elif isinstance(value, NEUTRAL):
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
        try:
            return self.workers.end()
        finally:
            self.channel.close()
            self.reader.join(1)  # it reads what the pipe still holds

    def close(self):
        """End the worker; return what it printed."""
        self._stop()
        return self.capture.text()


def error_of(content):
    """Make an exception of what a worker tells of one: a stranger's words."""
    content = content if isinstance(content, dict) else {}
    kind, text, frames = (content.get(key) for key in ("type", "text", "frames"))
    return SubmissionError(
        kind[:100] if isinstance(kind, str) else "Exception",
        text[:MAX_TEXT] if isinstance(text, str) else "",
        filter(is_frame, frames[:MAX_FRAMES] if isinstance(frames, list) else ()),
    )


def is_frame(frame):
    """Tell whether something names a file, a line and a function."""
    kinds = [type(part) for part in frame] if isinstance(frame, list) else []
    return kinds == [str, int, str]
