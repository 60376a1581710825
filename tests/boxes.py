"""Submissions in a sandbox, or graded, for tests."""

import contextlib
import json
import os
import pickle
import warnings
from dataclasses import dataclass
from textwrap import dedent

import pytest
from results_validator import problems

import grader
from sandbox.confine import Confinement, strongest_confinement
from sandbox.sandbox import Sandbox, SubmissionProxy
from sandbox.upload import Source
from sandbox.watch import HAS_PROC
from sandbox.workers import ForkedWorkers

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
TRUSTED = (
    ["--unconfined"] if str(strongest_confinement()).startswith("none") else []
)  # to grade nevertheless
IN_PROC = pytest.mark.skipif(not HAS_PROC, reason="looks into /proc")


def package(files):
    """Make the package of an upload from texts, or from the text of word2vec.py."""
    files = {"word2vec.py": files} if isinstance(files, str) else files
    return {name: Source(f"/upload/{name}", dedent(text).encode()) for name, text in files.items()}


@contextlib.contextmanager
def sandbox(files, workers=ForkedWorkers, confinement=None, **options):
    """Give a sandbox, unconfined by default."""
    box = Sandbox(package(files), workers(), confinement or Confinement(), **options)
    with contextlib.closing(box):
        yield box


@contextlib.contextmanager
def loaded(box, seconds=5, module="word2vec"):
    """Give a submission in a session, which is its attribute ``_session``."""
    with box.session(seconds) as session:
        box.load(session, module)
        yield SubmissionProxy(session)


class Nurseries:
    """Workers for `grader.main` whose nurseries serve many gradings: to start one takes long."""

    def __init__(self):
        self.of_preload = {}

    def __call__(self, preload):
        """Give the workers that have these modules loaded."""
        key = tuple(preload)
        if key not in self.of_preload:
            self.of_preload[key] = kept = ForkedWorkers(preload)
            kept.end_all, kept.close = kept.close, lambda: None
        return self.of_preload[key]

    def close(self):
        """End them all."""
        for workers in self.of_preload.values():
            workers.end_all()


@dataclass(frozen=True)
class Told:
    """What grader.py told of a submission."""

    code: int
    shown: str
    results: dict

    @property
    def failures(self):
        """Give what is said of each test that failed, by its id."""
        failed = (test for test in self.results["tests"] if test["status"] == "failed")
        errors = {test["number"]: test["extra_data"] for test in failed}
        return {
            number: ": ".join(filter(None, [error.get("kind"), error.get("message")]))
            for number, error in errors.items()
        }


def graded(path, tests, *options, results, capsys, **how):
    """Grade what is in a path, as `grader.main` does; `results` is where results.json goes."""
    options = ["--submission", path, "--gradescope", results, *options]
    code = grader.main([*tests, *map(str, options)], **how)
    told = Told(code, capsys.readouterr().out, json.loads(results.read_text(encoding="utf-8")))
    assert problems(told.results) == []
    assert code == bool(told.failures), told.shown
    return told


class EndedError(Exception):
    """A process has ended without an answer, with this exit code."""


def in_child(function):
    """Call a function in a forked process; give what it returns, or raise what it raises."""
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
        child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            os.write(writer, pickle.dumps(outcome(function)))
            code = 0
        os._exit(code)
    os.close(writer)
    with open(reader, "rb") as stream:
        answer = stream.read()
    if ended := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise EndedError(ended)
    value, error = pickle.loads(answer)
    if error:
        raise error
    return value


def outcome(function):
    """Call a function; give what it returned, and what it raised."""
    try:
        return function(), None
    except BaseException as error:
        return None, error


def is_there(process):
    """Tell whether a process is there, and no zombie."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def children(process):
    """Name the children of a process, zombies too."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat") as file:
            if int(file.read().rpartition(")")[2].split()[1]) == process:
                found.add(int(name))
    return found


def descriptors():
    """Count the files that this process has open."""
    return len(os.listdir("/dev/fd"))
