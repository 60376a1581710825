"""The grader's side of a submission: what looks like its functions are calls into a worker."""

import contextlib
import os
import shutil
import tempfile

from .session import IMPORT_SECONDS, Function, Session, SubmissionError

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
        self.failed = {}  # imports that failed, by module; one that hung is that of all

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
        session = Session(self.workers, order, seconds)
        try:
            yield session
        finally:
            session.close()
            shutil.rmtree(folder, ignore_errors=True)

    def load(self, session, module):
        """Import the submission in a session; what failed before fails at once."""
        for name in (module, "hung"):
            if name in self.failed:
                raise self.failed[name]
        try:
            session.load(self.files, module, self.import_seconds)
        except SubmissionError as error:
            self.failed["hung" if error.kind == "TimeoutError" else module] = error
            raise

    def close(self):
        """End all processes and remove their folder."""
        self.workers.close()
        shutil.rmtree(self.folder, ignore_errors=True)
