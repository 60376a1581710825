"""One worker with the submission, for one test: the grader's side of it."""

import math
import random
import time
from dataclasses import dataclass

from . import watch
from .objects import Neutral
from .wire import LOOK_SECONDS, Channel, ClosedError, WireError

IMPORT_SECONDS = 10
BACKSTOP = 4 if watch.HAS_PROC else 2  # times a limit of processor time, for what sleeps
STARVED = 0.25  # of the time that went by: who waits for a processor so long is not to blame
GAP = 1.0  # seconds between two looks that are too many
PATIENCE = 5  # times the clock's limit, for who waits for a processor
MAX_TEXT = 4000  # characters of an exception's text
MAX_FRAMES = 60


class SubmissionError(Exception):
    """The submission raised an exception (its type is `kind`), took too long, or ended.

    `frames` are the submission's own lines: file, number, function.
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


class StarvedError(TooLateError):
    """The machine was too busy for the submission to run."""


class ExcessError(SubmissionError):
    """The submission used too much of something."""

    def __init__(self, message):
        super().__init__("ResourceError", f"the submission used {message}")


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

    After a call, `seed` is that of its random numbers, `next` a random number drawn after it (None
    if what came is no number), `changed` lists the arguments that it changed, by number or name.
    """

    def __init__(self, sandbox, folder, seconds):
        self.sandbox, self.folder = sandbox, folder
        self.seconds = self.left = seconds  # of processor time, for all calls together
        self.clock_left, self.spent, self.until = BACKSTOP * seconds, 0.0, 0.0
        self.given = []  # what was handed to the worker: functions, neutral objects
        self.seed = self.next = None
        self.changed = []
        self.calls = []  # name, arguments and keyword arguments of each
        self.ended, self.answered = False, True
        self.failure = None  # why there is no worker any more
        most = seconds + sandbox.import_seconds + 3  # for each process, should nobody look
        settings = {"folder": folder, "cpu_seconds": int(most) if math.isfinite(most) else None}
        self.worker = sandbox.workers.start(settings | sandbox.confinement.order())
        self.channel = Channel(self.worker.sock, self._refer, self._resolve, self._look)

    def load(self, files, module, seconds=IMPORT_SECONDS):
        """Import the submission; raise `SubmissionError` if that fails."""
        name = f"{module}.py" if f"{module}.py" in files else "__init__.py"
        what, where = "importing the submission", f", in {name}"
        folder = self.folder if self.worker.process else None
        request = {"request": "load", "files": files, "module": module, "folder": folder}
        answer = self._ask(request, what, where, seconds, seconds, BACKSTOP * seconds)
        if answer.get("loaded") is not True:
            raise SubmissionError("WireError", "the submission's process gave no sensible answer")

    def probe(self, read, write):
        """Ask a worker that has loaded nothing what it can read and write."""
        request = {"request": "probe", "read": read, "write": write}
        seconds = IMPORT_SECONDS
        return self._ask(request, "a probe", "", seconds, seconds, 10 * seconds)["probe"]

    def call(self, name, args, kwargs):
        """Call a function of the submission; raise `SubmissionError` if that fails."""
        self.calls.append((name, args, kwargs))
        self.seed, state = random.getrandbits(32), random.getstate()
        request = {"request": "call", "name": name, "args": args, "kwargs": kwargs}
        request["seed"] = self.seed
        try:
            limits = self.seconds, self.left, self.clock_left
            answer = self._ask(request, name, ", the limit of this test", *limits)
        finally:
            random.setstate(state)  # the worker may be in this process
            self.left -= self.spent
            self.clock_left = self.until - time.monotonic()
        if "missing" in answer:
            raise MissingError(name)
        if not {"result", "changed", "next", "records"} <= answer.keys():
            raise SubmissionError("WireError", f"{name} gave no sensible answer")
        changed, number = answer["changed"], answer["next"]
        self.changed = changed if isinstance(changed, list) else []
        self.next = number if type(number) is int else None
        self._take_records(answer["records"])
        return answer["result"]

    def _take_records(self, records):
        """Give what neutral objects recorded to the grader's own; all is the submission's word."""
        told = {
            pair[0]: pair[1]
            for pair in (records if isinstance(records, list) else ())
            if isinstance(pair, list) and len(pair) == 2 and type(pair[0]) is int
        }
        for number, given in enumerate(self.given):
            if isinstance(given, Neutral):
                record = told.get(number)
                given.record = record if isinstance(record, list) else []

    def _ask(self, request, what, which, limit, seconds, clock_seconds):
        """Send a request and give the answer; if none comes in time, end the worker.

        People are told `what` took longer than `limit`, and `which` limit that is; `seconds` is
        what is left of it in processor time.
        """
        if self.failure is not None:
            raise self.failure
        self.what, self.limit, self.allowed = what, limit, seconds
        self.too_late = f"{what} took longer than {limit:g} seconds{which}"
        self.began, self.spent, self.answered = time.monotonic(), 0.0, False
        self.until, self.looked = self.began + clock_seconds, self.began
        self.channel.next_look = self.began + LOOK_SECONDS
        self.before = self._use(alone=True)
        try:
            answer = self._exchange(request)
            is_quick = time.monotonic() - self.began < LOOK_SECONDS
            self.spent = max(self._use(alone=is_quick).seconds - self.before.seconds, 0.0)
            if self.spent > seconds:
                self._look()
            self.answered = True
        except SubmissionError as error:
            self.failure = error
        except ClosedError:
            how = self._stop() or "its process is gone: killed, or out of memory or time"
            self.failure = SubmissionError("ProcessError", f"the submission did not answer: {how}")
        except WireError as error:
            self.failure = SubmissionError("WireError", f"the submission sent {error}")
        finally:  # an error of a function of the test, too: the worker waits for it in vain
            if not self.answered:
                self._stop()
        if self.failure is not None:
            raise self.failure
        if "error" in answer:
            raise error_of(answer["error"])
        return answer

    def _exchange(self, request):
        """Send a request, serve callbacks, return the answer."""
        self.channel.send(request)
        while True:
            answer = self.channel.receive()
            if not isinstance(answer, dict):
                raise WireError("an answer that is none")
            if "callback" not in answer:
                return answer
            self.channel.send({"result": self._serve(answer)})

    def _use(self, alone=False):
        return watch.use_of(self.worker.group, alone) if self.worker.group else watch.Use()

    def _look(self):
        """Look what the submission uses; raise `SubmissionError` if it is too much."""
        now, use, box = time.monotonic(), self._use(), self.sandbox
        if now - self.looked > GAP:  # the grader itself did not run: it was stopped, or starved
            self.until += now - self.looked
            box.end += now - self.looked
        self.looked = now
        ran, waited = use.seconds - self.before.seconds, use.waited - self.before.waited
        if ran > self.allowed:
            raise TooLateError(self.too_late)
        waited *= use.threads == 1  # else it may have waited for itself
        patience = min(waited, PATIENCE * (self.until - self.began))
        if now > min(self.until + patience, box.end):
            if waited > STARVED * (now - self.began):
                raise StarvedError(
                    f"the machine was too busy: {self.what} got {ran:.1f} of its "
                    f"{self.limit:g} seconds of a processor in {now - self.began:.0f}"
                )
            if now > box.end:
                raise TooLateError(box.too_late)
            raise TooLateError(
                f"{self.too_late}: it computed for {ran:.1f} and waited for something for "
                f"{now - self.began - ran:.1f}"
            )
        excess = use.excess() or watch.excess_of(self.folder, use)
        if excess and "watch" not in box.confinement.without:
            raise ExcessError(excess)

    def _serve(self, request):
        """Call a function of the grader for the submission."""
        number, args, kwargs = (request.get(key) for key in ("callback", "args", "kwargs"))
        if type(number) is not int or not 0 <= number < len(self.given):
            raise WireError("a call of nothing")
        function = self.given[number]
        if isinstance(function, (Function, Neutral)):
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
        """Name a function or a neutral object for the worker; None if it is data of no kind."""
        for number, given in enumerate(self.given):
            if given is value:
                return ["given", number]
        number, kind = len(self.given), type(value).__name__
        if isinstance(value, Function):
            content = ["own", value.name]
        elif isinstance(value, Neutral):
            content = [kind, value.details()]
        elif callable(value):
            content = ["callback", None]
        else:
            raise TypeError(f"a {kind} cannot be handed to a submission")
        self.given.append(value)
        return ["give", number, *content]

    def _resolve(self, word, content):
        """Give what the worker names: only what was handed to it before."""
        match content:
            case [int(number)] if word == "given" and 0 <= number < len(self.given):
                return self.given[number]
        raise WireError(f"a value of unknown kind {word!r:.50}")

    def _stop(self):
        """End the worker and all that it started; tell how it had ended, if it had."""
        if self.ended:
            return ""
        self.ended = True
        try:
            return self.sandbox.workers.end(self.worker, healthy=self.answered)
        finally:
            self.channel.close()

    def close(self):
        """End the worker; return what it printed."""
        self._stop()
        return self.worker.printed.text() if self.worker.printed else ""


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
