"""The grader's side of a submission: what looks like its functions are calls into a worker."""

import contextlib
import itertools
import os
import secrets
import stat
import tempfile

from .session import IMPORT_SECONDS, Function, Session, SubmissionError, TooLateError

LIMITS = {
    "memory": 2**30,  # bytes beyond those that the worker starts with
    "file_size": 16 * 2**20,
    "open_files": 64,
    "processes": 16,
}


class Submission:
    """What stands for the package ``submission``: its attributes are `Function`.

    Parameters
    ----------
    session : Session
        The worker that is asked.
    """

    def __init__(self, session):
        self._session = session

    def __getattr__(self, name):
        """Give a function; whether there is one shows when it is called."""
        if name.startswith("_"):
            raise AttributeError(name)
        return Function(self._session, name)


class Sandbox:
    """Gives every test a worker of its own.

    Parameters
    ----------
    package : dict of str to Source
        The submission's files.
    workers : ForkedWorkers or SpawnedWorkers
        Starts workers.
    confinement : Confinement
        What holds them.
    import_seconds : float
        What an import may take.
    """

    def __init__(self, package, workers, confinement, import_seconds=IMPORT_SECONDS):
        self.files = {name: (file.path, file.data, file.problem) for name, file in package.items()}
        self.workers = workers
        self.confinement = confinement
        self.import_seconds = import_seconds
        self.folder = tempfile.mkdtemp(prefix="grading-")
        os.chmod(self.folder, 0o711)
        self.failed = {}  # why imports failed, by module
        self.hung = None  # why one took too long: that is all modules' failure

    @contextlib.contextmanager
    def session(self, seconds):
        """Give a worker, an empty folder its working directory; end both afterwards."""
        folder = tempfile.mkdtemp(dir=self.folder)
        if self.confinement.user:
            os.chown(folder, *self.confinement.user)
        limits = LIMITS | {"cpu_seconds": int(seconds + self.import_seconds) + 2}
        order = {
            "folder": folder,
            "limits": limits,
            "user": self.confinement.user,
            "landlock": self.confinement.landlock,
        }
        try:
            with contextlib.closing(Session(self.workers, order, seconds)) as session:
                yield session
        finally:
            remove(folder)

    def load(self, session, module):
        """Import the submission in a session; what failed before fails at once."""
        for error in (self.hung, self.failed.get(module)):
            if error is not None:
                raise SubmissionError(error.kind, str(error), error.frames)
        try:
            session.load(self.files, module, self.import_seconds)
        except TooLateError as error:
            self.hung = error
            raise
        except SubmissionError as error:
            self.failed[module] = error
            raise

    def close(self):
        """End all processes and remove their folder."""
        self.workers.close()
        remove(self.folder)


def remove(folder):
    """Remove a folder, however deep and closed the folders in it; what cannot be removed stays.

    Parameters
    ----------
    folder : str
        Where nobody is at work any more.
    """
    names_anew = map(f"{secrets.token_hex(8)}-{{}}".format, itertools.count())
    with contextlib.suppress(OSError):
        if not open_folder(folder):
            os.unlink(folder)
            return
        while names := os.listdir(folder):
            for path in [os.path.join(folder, name) for name in names]:
                if not open_folder(path):
                    os.unlink(path)
                    continue
                for name in os.listdir(path):  # one up, so that no path gets too long
                    inner = os.path.join(path, name)
                    open_folder(inner)
                    os.rename(inner, os.path.join(folder, next(names_anew)))
                os.rmdir(path)
        os.rmdir(folder)


def open_folder(path):
    """Let the owner work in a folder; tell whether it is one, and no link to one."""
    is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    if is_folder:
        os.chmod(path, 0o700)
    return is_folder
