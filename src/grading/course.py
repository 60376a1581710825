"""What is graded: a submission, perhaps a solution, and the processes that run them."""

import contextlib
import math
import os
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sandbox.confine import Confinement, choose
from sandbox.nursery import FORKS
from sandbox.sandbox import Sandbox, Submission, preload_of
from sandbox.session import SubmissionError
from sandbox.upload import Upload, UploadError, read_upload
from sandbox.workers import ForkedWorkers, KeptWorkers, ThreadWorkers
from utils.utils import InputError

WORKERS = ForkedWorkers if FORKS else KeptWorkers
MOST_PROBED = 1_000  # files of the solution, compiled ones too
NO_VECTORS = "has no sample_vectors_(soln).json in or beside it"


@dataclass
class Course:
    """What tests run against.

    Attributes
    ----------
    submission : Upload
        What was handed in.
    sandbox : Sandbox or None
        Where it runs; None if there is nothing that could.
    solution, solution_sandbox : Upload and Sandbox, or None
        The same for the solution.
    problem : str
        Why nothing can be graded; empty if it can.
    seconds : float or None
        Instead of every test's own limit.
    """

    submission: Upload
    sandbox: Sandbox | None = None
    solution: Upload | None = None
    solution_sandbox: Sandbox | None = None
    problem: str = ""
    seconds: float | None = None

    def __post_init__(self):
        self.sessions, self.solutions = contextlib.ExitStack(), {}

    def solution_of(self, module):
        """Give the solution in a process that has loaded a module of it, for all tests."""
        with contextlib.suppress(KeyError, SubmissionError):
            self.solutions[module].probe([], [])  # it may be gone: short of memory, say
            return Submission(self.solutions[module])
        session = self.sessions.enter_context(self.solution_sandbox.session(math.inf))
        self.solution_sandbox.load(session, module)
        self.solutions[module] = session
        return Submission(session)

    def close(self):
        """End all processes."""
        self.sessions.close()
        for sandbox in (self.sandbox, self.solution_sandbox):
            if sandbox is not None:
                sandbox.close()


def open_course(
    path,
    solution=None,
    confinement=None,
    seconds=None,
    workers=WORKERS,
    debug=False,
    total_seconds=math.inf,
):
    """Read a submission, and a solution if there is one, and start what runs them.

    Parameters
    ----------
    path, solution : Path
        What was handed in, and the solution or None.
    confinement : Confinement, optional
        What holds the submission; the best there is by default.
    seconds : float, optional
        Instead of all limits.
    workers : type
        Starts them: see `sandbox.workers`.
    debug : bool
        Whether the submission runs in this very process, without limits of time.
    total_seconds : float
        After which no more tests are begun.

    Returns
    -------
    Course
        For `GradedTestCase.course`.
    """
    key = read_solution(solution) if solution else None
    try:
        submission, problem = read_upload(path), ""
    except UploadError as error:
        submission, problem = Upload({}, None, "", ()), str(error)
    if debug:
        workers, seconds, confinement = ThreadWorkers, math.inf, Confinement()
    course = Course(submission, solution=key, problem=problem, seconds=seconds)
    limits = {"import_seconds": seconds} if seconds else {}
    started = workers(preload_of(submission.package)) if key or not problem else None
    if not problem:
        chosen = choose() if confinement is None else confinement
        limits["total_seconds"] = total_seconds
        course.sandbox = Sandbox(submission.package, started, chosen, **limits)
    if key:
        course.solution_sandbox = Sandbox(key.package, started, Confinement())
    return course


def read_solution(path):
    """Read the solution; raise `InputError` if it is none."""
    try:
        key = read_upload(path)
    except UploadError as error:
        raise InputError(f"--solution: {error}") from error
    if key.vectors is None:
        raise InputError(f"--solution: {path} {NO_VECTORS}: python run.py makes it")
    return key


def exposed(course, options):
    """List what a confined submission could reach and must not, of what the options name."""
    packages = course.solution.package, course.submission.package
    files = [source.path for package in packages for source in package.values()]
    files += [course.solution.vectors_path, options.solution, options.submission]
    files += islice(filter(Path.is_file, Path(options.solution).rglob("*")), MOST_PROBED)
    files += [Path(__file__).parents[1] / name for name in ("grader.py", "points.json")]
    folders = [options.gradescope.absolute().parent] if options.gradescope else []
    return reachable(course.sandbox, files, folders)


def reachable(sandbox, files, folders=()):
    """List the files that a confined submission could read, and the folders it could write in."""
    with sandbox.session(sandbox.import_seconds) as session:
        return session.probe([os.path.abspath(file) for file in files], [*map(str, folders)])
