"""What is graded: a submission, perhaps a solution, and the processes that run them."""

import contextlib
import hashlib
import io
import math
import os
import pickle
import random
import zipfile
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import ClassVar

from sandbox.confine import Confinement, strongest_confinement
from sandbox.nursery import FORKS
from sandbox.sandbox import Sandbox, preload_of
from sandbox.session import WorkerError
from sandbox.upload import VECTORS, Upload, UploadError, read_upload
from sandbox.workers import ForkedWorkers, KeptWorkers
from utils.commands import ROOT, SOURCE, command, from_here
from utils.utils import InputError, write_files

WORKERS = ForkedWorkers if FORKS else KeptWorkers
MOST_SECONDS = 480  # for all tests: Gradescope gives up after 600, and then all is lost
MOST_PROBED = 1_000  # files of the solution, compiled ones too
NO_VECTORS = "has no sample_vectors_(soln).json in or beside it"


@dataclass
class Course:
    """What tests run against, and what is shown of them."""

    solution: Upload | None = None
    reveal: bool = False  # whether hidden tests show what they compare with
    after_published: bool = False  # whether students see hidden tests only with their grades
    submission: Upload = field(default_factory=partial(Upload, {}))
    sandbox: Sandbox | None = None  # where it runs; None if there is no code
    solution_sandbox: Sandbox | None = None
    seconds: float | None = None  # instead of every test's own limit
    sessions: dict = field(default_factory=dict)  # of the solution, by the module it has loaded
    started: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    answers: ClassVar = {}  # of every solution, by its files and what it was asked

    def open(self, path, confinement=None, seconds=None, workers=WORKERS, is_own=False):
        """Read a submission and start what runs it, and the solution; give this course.

        `seconds` replaces all limits but that of all tests together; `is_own` as of `read_upload`.
        """
        try:
            self.submission = read_upload(path, is_own)
        except UploadError as error:
            self.submission = Upload({}, problem=str(error))
        self.seconds, package = seconds, self.submission.package
        limits = {"import_seconds": seconds} if seconds else {}
        limits["total_seconds"] = max(MOST_SECONDS, seconds or 0)
        if package or self.solution:
            processes = workers(preload_of(package))
        if package:
            self.sandbox = self._start(open_sandbox(package, processes, confinement, **limits))
        if self.solution:
            solution = Sandbox(self.solution.package, processes, Confinement())
            self.solution_sandbox = self._start(solution)
        return self

    def _start(self, sandbox):
        return self.started.enter_context(contextlib.closing(sandbox))

    @property
    def has_quiz(self):
        """Whether the quiz is graded: else the course asks it online."""
        return bool(self.solution and "quiz.py" in self.solution.package)

    def ask_solution(self, module, name, *args):
        """Call a function of the solution; what is asked again, for a class, is known already."""
        files = {path: source.data for path, source in self.solution.package.items()}
        key = hashlib.sha256(pickle.dumps((files, module, name, args))).digest()
        if key not in self.answers:
            session = self.sessions.get(module) or self._open_solution(module)
            state = random.getstate()
            self.answers[key] = session.call(name, args, {})
            random.setstate(state)  # the same seeds follow, whether it was known or not
        return self.answers[key]

    def _open_solution(self, module):
        """Load a module of the solution, in one process for all tests: it is trusted."""
        session = self.started.enter_context(self.solution_sandbox.session(math.inf))
        session.channel.left = math.inf  # bytes that may come
        self.solution_sandbox.load(session, module)
        self.sessions[module] = session
        return session

    def close(self):
        """End all processes."""
        self.started.close()


def pack(submission, report):
    """Write what was graded as the zip to hand in; give the line that says so."""
    files = {}
    for name, source in submission.package.items():
        if source.problem:
            raise InputError(f"{source.problem}. Nothing was packed.")
        files[f"submission/{name}"] = source.data
    if not files:
        raise InputError(f"{submission.problem} Nothing was packed.")
    parts = f"submission/ and {VECTORS}"
    if submission.vectors is None:
        parts = f"submission/, without {VECTORS} ('{command('run')}' makes it)"
    else:
        files[VECTORS] = submission.vectors
    content, target = io.BytesIO(), ROOT / "submission.zip"
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            archive.writestr(name, files[name])
    write_files({target: content.getvalue()})
    failed = [outcome.test.id for outcome in report.failures]
    number = f"{len(failed)} test{'s' * (len(failed) > 1)}"
    rest = f"{number} failed: {', '.join(failed)}" if failed else "all tests passed"
    return f"Wrote {from_here(target)}: {parts}; {rest}"


def open_sandbox(package, started, confinement=None, **limits):
    """Make a sandbox, by default behind the best walls; `InputError` if no worker starts in it."""
    try:
        return Sandbox(package, started, confinement or strongest_confinement(), **limits)
    except (OSError, WorkerError) as error:
        raise InputError(str(error)) from error


def read_solution(path):
    """Read the solution; raise `InputError` if it is none."""
    try:
        solution = read_upload(path, is_own=True)
    except UploadError as error:
        raise InputError(f"--solution: {error}") from error
    if solution.vectors is None:
        raise InputError(f"--solution: {path} {NO_VECTORS}: '{command('run')}' makes it")
    return solution


def refuse_if_exposed(course, options):
    """Raise `InputError` if the submission could reach what it must not, of what is named."""
    if options.unconfined or course.sandbox is None:
        return
    packages = course.solution.package, course.submission.package
    files = [source.path for package in packages for source in package.values()]
    files += [course.solution.vectors_path, options.solution, options.submission]
    files += islice(filter(Path.is_file, Path(options.solution).rglob("*")), MOST_PROBED)
    files += [SOURCE / name for name in ("grader.py", "points.json")]
    folders = [options.gradescope.absolute().parent] if options.gradescope else []
    confinement = str(course.sandbox.confinement)
    found = reachable(course.sandbox, files, folders)
    is_open = confinement.startswith("none")
    if found or is_open:
        remedy = "Pass" if is_open else "Close it to others (chmod -R go-rwx), or pass"
        raise InputError(
            f"the submission could reach {[*found, 'the grader'][0]}, as it runs under the "
            f"confinement {confinement}. {remedy} --unconfined if you trust the submission."
        )


def reachable(sandbox, files, folders=()):
    """List the files that a confined submission could read, and the folders it could write in."""
    try:
        with sandbox.session(sandbox.import_seconds) as session:
            return session.probe([os.path.abspath(file) for file in files], [*map(str, folders)])
    except (OSError, WorkerError) as error:
        raise InputError(str(error)) from error
