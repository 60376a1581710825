"""A submission in the grader's own process, for ``--debug``: breakpoint() and an IDE work there.

Nothing is protected and no time is limited.
"""

import contextlib
import copy
import random

from .session import Function, MissingError, SubmissionError
from .worker import Worker, missing


class LocalSession:
    """Stands in for `proxy.Session`."""

    def __init__(self):
        self.worker = Worker()
        self.seed = self.next = None
        self.changed = ()

    def call(self, name, args, kwargs):
        """Call a function of the submission."""
        self.seed = random.getrandbits(32)
        state = random.getstate()
        args = [self._own(value) for value in args]
        kwargs = {key: self._own(value) for key, value in kwargs.items()}
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

    def _own(self, value):
        """Give the submission's own functions themselves, of all else a copy."""
        if isinstance(value, Function):
            return self.worker.submission.function(value.name) or missing(value.name)
        return copy.deepcopy(value) if isinstance(value, (list, dict)) else copy.copy(value)

    def close(self):
        """Return what was printed and not shown yet: nothing."""
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
        yield LocalSession()

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
    return SubmissionError(told["type"], told["text"], map(tuple, told["frames"]))
