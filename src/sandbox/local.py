"""A submission in the grader's own process, for ``--debug``: breakpoint() and an IDE work there.

Nothing is protected and no time is limited.
"""

import contextlib
import copy
import random

import numpy as np

from .session import NEUTRAL, Function, MissingError, SubmissionError
from .worker import Worker, missing


class LocalSession:
    """Stands in for `session.Session`."""

    def __init__(self):
        self.worker = Worker()
        self.own = []  # functions of the submission that it was handed, and what stands for them
        self.seed = self.next = None
        self.changed = []

    def call(self, name, args, kwargs):
        """Call a function of the submission."""
        self.seed = random.getrandbits(32)
        state = random.getstate()
        args = [self._give(value) for value in args]
        kwargs = {key: self._give(value) for key, value in kwargs.items()}
        try:
            answer = self.worker.call(name, args, kwargs, self.seed)
        except Exception as error:
            raise failure(self.worker, error) from error
        finally:
            random.setstate(state)
        if "missing" in answer:
            raise MissingError(name)
        self.changed, self.next = answer["changed"], answer["next"]
        return answer["result"]

    def _give(self, value):
        """Give the submission's own functions themselves, and copies of data."""
        if isinstance(value, Function):
            own = self.worker.submission.function(value.name) or missing(value.name)
            self.own.append((own, value))
            return own
        if callable(value) and not isinstance(value, NEUTRAL):
            return lambda *args, **kwargs: value(
                *map(self._take, args), **{key: self._take(arg) for key, arg in kwargs.items()}
            )
        return value if isinstance(value, NEUTRAL) else copy.deepcopy(value)

    def _take(self, value):
        """Take what the submission hands to a function of the test."""
        if isinstance(value, np.ndarray):
            return value.copy()
        return next((function for own, function in self.own if own is value), value)

    def close(self):
        """Forget the submission; return what was printed and not shown yet: nothing."""
        if self.worker.submission:
            self.worker.submission.unload()
            self.worker.submission = None
        return ""


class LocalSandbox:
    """Stands in for `proxy.Sandbox`.

    Parameters
    ----------
    package : dict of str to Source
        The submission's files.
    """

    def __init__(self, package):
        self.files = {name: (file.path, file.data, file.problem) for name, file in package.items()}

    @contextlib.contextmanager
    def session(self, seconds):
        """Give a session; nothing limits its seconds."""
        with contextlib.closing(LocalSession()) as session:
            yield session

    def load(self, session, module):
        """Import the submission."""
        try:
            session.worker.load(self.files, module)
        except Exception as error:
            raise failure(session.worker, error) from error

    def close(self):
        """Do nothing."""


def failure(worker, error):
    """Tell of an exception as the other process would."""
    told = worker.describe(error)
    return SubmissionError(told["type"], told["text"], told["frames"])
