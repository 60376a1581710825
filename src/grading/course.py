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
NOTHING = Upload({})


@dataclass
class Course:
    """What tests run against, and what is shown of them."""

    submission: Upload = NOTHING
    sandbox: Sandbox | None = None  # where it runs; None if there is nothing that could
    solution: Upload | None = None
    solution_sandbox: Sandbox | None = None
    problem: str = ""  # why nothing can be graded; empty if it can
    seconds: float | None = None  # instead of every test's own limit
    reveal: bool = False  # whether hidden tests show what they compare with
    after_published: bool = False  # whether students see hidden tests only with their grades

    def __post_init__(self):
        self.sessions, self.solutions = contextlib.ExitStack(), {}

    def counts(self, module, is_hidden):
        """Tell whether a test counts: a hidden one needs a solution that has its part."""
        if not is_hidden or self.solution is None:
            return not is_hidden
        return module != "quiz" or "quiz.py" in self.solution.package

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
    **shown,
):
    """Read a submission and start what runs it, and the solution, as `read_solution` gives it.

    `seconds` replaces all limits, after `total_seconds` no more tests are begun, and with `debug`
    the submission runs in this very process, without limits.
    """
    try:
        submission, problem = read_upload(path), ""
    except UploadError as error:
        submission, problem = NOTHING, str(error)
    if debug:
        workers, seconds, confinement = ThreadWorkers, math.inf, Confinement()
    course = Course(submission, None, solution, None, problem, seconds, **shown)
    started = workers(preload_of(submission.package)) if solution or not problem else None
    if not problem:
        limits = {"import_seconds": seconds} if seconds else {}
        chosen = choose() if confinement is None else confinement
        limits["total_seconds"] = total_seconds
        course.sandbox = Sandbox(submission.package, started, chosen, **limits)
    if solution:
        course.solution_sandbox = Sandbox(solution.package, started, Confinement())
    return course


def read_solution(path):
    """Read the solution; raise `InputError` if it is none."""
    try:
        solution = read_upload(path)
    except UploadError as error:
        raise InputError(f"--solution: {error}") from error
    if solution.vectors is None:
        raise InputError(f"--solution: {path} {NO_VECTORS}: python run.py makes it")
    return solution


def refuse_if_exposed(course, options):
    """Raise `InputError` if the submission could reach what it must not, of what is named."""
    if options.unconfined or course.sandbox is None:
        return
    packages = course.solution.package, course.submission.package
    files = [source.path for package in packages for source in package.values()]
    files += [course.solution.vectors_path, options.solution, options.submission]
    files += islice(filter(Path.is_file, Path(options.solution).rglob("*")), MOST_PROBED)
    files += [Path(__file__).parents[1] / name for name in ("grader.py", "points.json")]
    folders = [options.gradescope.absolute().parent] if options.gradescope else []
    confinement = str(course.sandbox.confinement)
    found = reachable(course.sandbox, files, folders)
    if found or confinement.startswith("none"):
        raise InputError(
            f"the submission could reach {[*found, 'the grader'][0]}, as it runs under the "
            f"confinement {confinement}. Close it to others (chmod -R go-rwx), or pass "
            "--unconfined if you trust the submission."
        )


def reachable(sandbox, files, folders=()):
    """List the files that a confined submission could read, and the folders it could write in."""
    with sandbox.session(sandbox.import_seconds) as session:
        return session.probe([os.path.abspath(file) for file in files], [*map(str, folders)])
