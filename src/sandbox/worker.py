"""The worker: loads the submission, calls its functions, returns values; it decides nothing.

Nothing here protects anybody. What it says is a stranger's word, which the grader's side checks;
what the submission may reach and use, `confine` and `watch` limit.
"""

import builtins
import contextlib
import copy
import difflib
import linecache
import os
import random
import re
import sys
import traceback

import numpy as np

from .loader import LoadedPackage
from .objects import KINDS, Neutral
from .watch import LACKS
from .wire import MAX_FRAMES, MAX_NAME, MAX_TEXT, Channel, ClosedError, WireError

CANNOT_IMPORT = re.compile(r"cannot import name '(\w{1,100})'")


class Worker:
    """Serves the grader over a socket until that is closed."""

    def __init__(self, sock):
        self.channel = Channel(sock, make=self.make)
        self.submission = LoadedPackage({})

    def serve(self):
        """Answer requests."""
        with self.channel.sock, contextlib.suppress(ClosedError):
            while True:
                request = self.channel.receive()
                try:
                    answer = getattr(self, request.pop("request"))(**request)
                except ClosedError:
                    raise
                except BaseException as error:  # SystemExit and such are a stranger's, too
                    answer = self.error_answer(error)
                with contextlib.suppress(Exception):
                    sys.stdout.flush()
                self.answer(answer)
        self.submission.unload()

    def answer(self, answer):
        """Send an answer, or say why it cannot be sent."""
        try:
            self.channel.send(answer)
        except ClosedError:
            raise
        except (WireError, ValueError, TypeError, RecursionError) as error:
            self.channel.send(self.error_answer(WireError(f"the submission gave {error}")))
        except BaseException as error:  # of a dict, say, that is the submission's own kind
            self.channel.send(self.error_answer(error))

    # Requests

    def probe(self, read, write):
        """Name the files and folders that can be read, and the folders that can be written."""
        reached = []
        for path in read:
            with refused():
                os.close(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)))
                reached.append(path)
        for folder in write:
            trial = os.path.join(folder, f"probe-{os.getpid()}")
            with refused(), open(trial, "xb"):
                os.unlink(trial)
                reached.append(folder)
        return {"probe": reached}

    def load(self, files, module):
        """Import the submission."""
        self.submission = LoadedPackage(files)
        self.submission.load(module)
        return {"loaded": True}

    def call(self, name, args, kwargs, seed):
        """Call a function of the submission."""
        function = self.submission.function(name)
        if function is None:
            return {"missing": name}
        arguments = dict(enumerate(args)) | kwargs
        plain = {key: x for key, x in arguments.items() if isinstance(x, (np.ndarray, list, dict))}
        before = {key: copy.copy(value) for key, value in plain.items()}
        objects = self.channel.objects.items()
        neutral = {str(number): thing for number, thing in objects if isinstance(thing, Neutral)}
        for thing in neutral.values():
            thing.record.clear()
        random.seed(seed)
        np.random.seed(seed % 2**32)
        result = function(*args, **kwargs)
        following = random.getrandbits(32)
        return {
            "result": result,
            "changed": [key for key, value in plain.items() if is_changed(before[key], value)],
            "next": following,
            "records": {number: thing.packed() for number, thing in neutral.items()},
        }

    def begin(self, folder):
        """Begin a test in a folder, where a process serves one after the other."""
        os.chdir(folder)
        os.environ.update(HOME=folder, TMPDIR=folder)
        return {}

    def rest(self, folder, mark):
        """End a test there: forget the submission, leave its folder, print a mark."""
        self.submission.unload()
        self.submission = LoadedPackage({})
        self.channel.objects.clear()
        os.chdir(folder)
        if "tempfile" in sys.modules:
            sys.modules["tempfile"].tempdir = None
        sys.stdout.flush()
        os.write(1, mark)
        return {}

    # Values that are no data

    def make(self, number, kind, content):
        """Make what the grader hands over: a function of the submission's own, or an object."""
        if kind == "own":
            return self.submission.function(content) or missing(content)
        return KINDS[kind](**content)

    def error_answer(self, error):
        """Answer with an exception: type, text, and the submission's own lines."""
        paths, trace = self.submission.paths, traceback.walk_tb(error.__traceback__)
        trace = [(frame, line) for frame, line in trace if frame.f_code.co_filename in paths]
        frames = [[frame.f_code.co_filename, line, frame.f_code.co_name] for frame, line in trace]
        if isinstance(error, SyntaxError) and error.filename in paths:
            frames.append([error.filename, error.lineno or 0, ""])
        try:
            text = str(error.msg if isinstance(error, SyntaxError) else error)
            if trace and isinstance(error, (IndexError, TypeError, ValueError)):
                text = text.rstrip() + shapes_in(*trace[-1])
            elif trace:
                text += suggestion(error, trace[-1][0])
        except BaseException:
            text = "(its text cannot be shown)"
        if len(frames) > MAX_FRAMES:
            frames[MAX_FRAMES // 2 : -MAX_FRAMES // 2] = []
        kind = type(error).__name__[:MAX_NAME]
        return {"error": {"type": kind, "text": text[:MAX_TEXT], "frames": frames}}


@contextlib.contextmanager
def refused():
    """Suppress the error of who may not do something, or cannot; not that of a busy machine."""
    try:
        yield
    except OSError as error:
        if error.errno in LACKS:
            raise


def suggestion(error, frame):
    """Name what somebody may have meant by a name that is not there, as Python itself does."""
    name, names = getattr(error, "name", ""), []
    if isinstance(error, ImportError) and (found := CANNOT_IMPORT.match(str(error))):
        name, names = found[1], dir(sys.modules.get(error.name))
    elif isinstance(error, NameError):
        names = [*frame.f_locals, *frame.f_globals, *dir(builtins)]
    elif isinstance(error, AttributeError):
        names = dir(error.obj)
    near = difflib.get_close_matches(name or "", names, n=1) if names else []
    return f". Did you mean: {near[0]}?" if near else ""


def shapes_in(frame, number):
    """Tell the shapes of the arrays that a line names."""
    names = re.findall(r"\w+", linecache.getline(frame.f_code.co_filename, number))
    values = {name: frame.f_locals.get(name) for name in names}
    shapes = [f"{k} has shape {v.shape}" for k, v in values.items() if isinstance(v, np.ndarray)]
    return f" (here {', '.join(shapes)})" if shapes else ""


def is_changed(before, now):
    """Tell whether an argument is not what it was."""
    if isinstance(before, np.ndarray):
        return not np.array_equal(before, now, equal_nan=True)
    with contextlib.suppress(Exception):  # of an array in a list that another took the place of
        return before != now
    return True


def missing(name):
    """Make what stands for a function that the submission lacks."""

    def call(*args, **kwargs):
        raise AttributeError(f"the submission has no function {name}")

    return call
