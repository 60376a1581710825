"""What is graded: a submission, perhaps a solution, and the processes that run them."""

import os
from dataclasses import dataclass

from sandbox.confinement import Confinement, choose
from sandbox.forked import ForkedWorkers
from sandbox.local import LocalSandbox
from sandbox.proxy import Sandbox
from sandbox.spawned import SpawnedWorkers
from sandbox.upload import Upload, UploadError, read_upload
from utils.utils import InputError

WORKERS = ForkedWorkers if hasattr(os, "fork") else SpawnedWorkers
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

    def close(self):
        """End all processes."""
        for sandbox in (self.sandbox, self.solution_sandbox):
            if sandbox is not None:
                sandbox.close()


def open_course(path, solution=None, confinement=None, seconds=None, workers=WORKERS, debug=False):
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
        `ForkedWorkers`, or `SpawnedWorkers` where processes cannot fork.
    debug : bool
        Whether the submission runs in this very process.

    Returns
    -------
    Course
        For `GradedTestCase.course`.
    """
    import_seconds = {"import_seconds": seconds} if seconds else {}
    key = read_solution(solution) if solution else None
    try:
        submission, problem = read_upload(path), ""
    except UploadError as error:
        submission, problem = Upload({}, None, "", ()), str(error)
    course = Course(submission, solution=key, problem=problem, seconds=seconds)
    if debug:
        course.sandbox = LocalSandbox(submission.package)
    elif not problem:
        chosen = choose() if confinement is None else confinement
        course.sandbox = Sandbox(submission.package, workers(), chosen, **import_seconds)
    if key:
        course.solution_sandbox = Sandbox(key.package, workers(), Confinement())
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


def exposed(course, solution, results):
    """Tell what a confined submission could reach and must not; empty if nothing.

    Parameters
    ----------
    course : Course
        With a solution.
    solution : Path
        Where that lies.
    results : Path or None
        Where results.json will be written.

    Returns
    -------
    list of str
        Paths.
    """
    files = [source.path for source in course.solution.package.values()]
    files += [course.solution.vectors_path, str(solution)]  # that may be a zip
    folders = [str(results.absolute().parent)] if results else []
    with course.sandbox.session(course.sandbox.import_seconds) as session:
        return session.probe([os.path.abspath(file) for file in files], folders)
