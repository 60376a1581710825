"""Where a submission runs: every test gets a worker of its own, with an empty folder."""

import contextlib
import functools
import importlib.util
import math
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from . import watch
from .session import IMPORT_SECONDS, Function, Session, StarvedError, TooLateError, WorkerError
from .text import last_line
from .watch import LACKS

PRELOADED = {"matplotlib": "matplotlib.pyplot", "scipy": "scipy.stats"}  # slow to import
TRIAL = {"word2vec.py": ("a trial", b"import pdb, utils.treebank", "")}  # what many import late
TRIAL_SECONDS = 10
PATIENCE_SECONDS, PAUSE_SECONDS = 5, 0.1
BUSY = re.compile(  # in the messages of a machine that is busy or full
    "|".join(
        [*map(os.strerror, LACKS), "MemoryError", "not answer$", "killed, or out", "were killed$"]
    )
)
TOO_LITTLE = (
    "this machine, or its container, has too little memory to grade: of {} MB, {} are left for a "
    "submission, which needs {}. Give it more"
)
PACKAGES = "pdb", "matplotlib", "scipy", "tqdm"
REMOVE_SECONDS = 60
REMOVE = """
chmod -R u+rwX "$1"; rm -rf "$1"
[ -z "$2" ] || find /tmp /var/tmp /dev/shm /dev/mqueue /run/lock -mindepth 1 -maxdepth 1 \\
    -user "$2" -exec chmod -R u+rwX {} + -exec rm -rf {} +
"""


class SubmissionProxy:
    """What stands for the package ``submission``: its attributes are `Function`."""

    def __init__(self, session):
        self._session = session

    def __getattr__(self, name):
        """Give a function; whether the submission has it shows when it is called."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Function(self._session, name)


class Sandbox:
    """Gives every test a worker of its own; `package` has the submission's `Source` by name."""

    def __init__(
        self, package, workers, confinement, import_seconds=IMPORT_SECONDS, total_seconds=math.inf
    ):
        self.files = {name: (file.path, file.data, file.problem) for name, file in package.items()}
        self.workers = workers
        self.confinement = confinement
        self.import_seconds = import_seconds
        self.end = time.monotonic() + total_seconds
        self.too_late = f"the time for all tests together, {total_seconds:g} seconds, was over"
        place = tempfile.gettempdir()
        if confinement.user and not all(
            os.stat(folder).st_mode & stat.S_IXOTH for folder in (place, *Path(place).parents)
        ):
            place = "/tmp"  # which the other user can enter
        self.folder = tempfile.mkdtemp(prefix="grading-", dir=place)
        os.chmod(self.folder, 0o711)
        self.failed = {}  # why imports failed, by module
        try:
            left = watch.memory_left()
            if left < watch.LEAST_MEMORY:
                amounts = watch.memory_here(), max(left, 0), watch.LEAST_MEMORY
                raise OSError(TOO_LITTLE.format(*(amount >> 20 for amount in amounts)))
            while self.confinement.weaker and (problem := self._problem()):
                reason = self.confinement.reason or f"not {self.confinement}: {problem}"
                self.confinement = replace(self.confinement.weaker, reason=reason)
        except BaseException:
            self.close()
            raise

    @functools.cached_property
    def memory(self):
        """Bytes that a submission may take; to be asked when the nursery has imported all."""
        return max(watch.memory_left(), watch.LEAST_MEMORY)

    def _problem(self):
        """Say why Python can never run behind these walls; empty if it can."""
        try:
            patiently(self._try)
        except OSError as error:
            return str(error)
        return ""

    def _try(self):
        """Import what many submissions do; raise OSError if that fails, not if it is slow."""
        found = filter(None, map(importlib.util.find_spec, PACKAGES))
        files = [spec.origin for spec in found if spec.origin]
        with self.session(TRIAL_SECONDS) as session:
            try:
                session.load(TRIAL, "word2vec", TRIAL_SECONDS)
                closed = set(files) - set(session.probe(files, []))
            except TooLateError:
                return
            except WorkerError as error:
                is_gone = error.kind == "ProcessError"
                why = last_line(session.close()) if is_gone else f"{error.kind}: {error}"
                raise OSError(why or str(error)) from error
        if closed:
            raise OSError(f"{min(closed)} cannot be read")

    @contextlib.contextmanager
    def session(self, seconds):
        """Give a session with a worker in an empty folder; end it and remove the folder."""
        if time.monotonic() > self.end:
            raise TooLateError(self.too_late)
        folder = patiently(tempfile.mkdtemp, dir=self.folder)
        user = self.confinement.user
        if user:
            os.chown(folder, *user)
        try:
            with contextlib.closing(patiently(Session, self, folder, seconds)) as session:
                yield session
        finally:
            tidy(folder, user, self.confinement.may_leave_files)

    def load(self, session, module):
        """Import the submission in a session; an import that failed before fails at once."""
        if error := self.failed.get(module):
            raise WorkerError(error.kind, str(error), error.frames)
        try:
            session.load(self.files, module, self.import_seconds)
        except StarvedError:
            raise
        except WorkerError as error:
            self.failed[module] = error
            raise

    def close(self):
        """End all processes and remove their folder."""
        self.workers.close()
        with contextlib.suppress(OSError):
            os.rmdir(self.folder)


def patiently(attempt, *args, **kwargs):
    """Call again for a while what fails as the machine is busy; then raise `StarvedError`."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return attempt(*args, **kwargs)
        except OSError as error:
            if not BUSY.search(str(error)):
                raise
            if time.monotonic() > give_up:
                raise StarvedError(f"the machine was too busy: {error}") from error
        time.sleep(PAUSE_SECONDS)


def tidy(folder, user, sweep):
    """Remove a worker's folder as its user; with `sweep` also what that left in shared folders.

    The programs that remove follow no link and go from folder to folder by descriptors.
    """
    with contextlib.suppress(OSError):
        os.rmdir(folder)  # it is empty, as most are
        if not sweep:
            return
    if os.name != "posix":
        shutil.rmtree(folder, ignore_errors=True)
        return
    who = {"user": user[0], "group": user[1], "extra_groups": []} if user else {}
    command = ["sh", "-c", REMOVE, "sh", folder, str(user[0]) if sweep else ""]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with contextlib.suppress(subprocess.TimeoutExpired):
        run = {"cwd": "/", "env": {"PATH": "/usr/bin:/bin"}, "timeout": REMOVE_SECONDS}
        subprocess.run(command, **run, **silent, **who)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def preload_of(package):
    """Name the modules slow to import that a submission seems to import."""
    text = b"\n".join(source.data for source in package.values()).decode(errors="replace")
    lines = re.findall(r"^[ \t]*(?:import|from)\b.*", text, re.MULTILINE)
    found = set(re.findall(r"\w+", "\n".join(lines)))
    return [module for package, module in PRELOADED.items() if package in found]
