"""Hostile submissions graded: one at a time as root with another user, others as users of their own."""

import functools
import hashlib
import itertools
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from .fixture import REFERENCE, TESTS, VECTORS, build, vectors

KEEPER = Path(__file__).with_name("keeper.py")
CONFINEMENTS = {"another user": ("another user",), "Landlock": ("Landlock",), "none": ()}
FIRST_USER = 210_000
HUNG = 75  # seconds after which a grading is given up
PROGRAM = (
    "import json, sys; order = json.loads(sys.argv.pop()); import grader; "
    "sys.exit(grader.main(order['arguments'], confinements=tuple(order['confinements']), "
    "seconds=order['seconds']))"
)


@dataclass(frozen=True)
class Graded:
    """What came of a grading.

    Attributes
    ----------
    code : int or None
        The grader's exit code; None if it had to be killed.
    seconds : float
        How long it took.
    megabytes : int
        The most memory that the grader's own process held.
    survivors : list of str
        Processes that it left behind.
    report : str
        What the terminal showed.
    text : str
        Content of results.json; empty if there is none.
    changed : list of str
        Files of the grader, the solution and the upload that are not what they were.
    left : list of str
        What is left of temporary files.
    dropped : dict of str to bytes
        Files that the submission wrote where everybody may write.
    sent : bytes
        What the submission sent to a port of this machine; of all gradings.
    token : str
        The text of all secrets that were planted.
    mark : str
        Name of this grading; no secret.
    """

    code: int | None
    seconds: float
    megabytes: int
    survivors: list
    report: str
    text: str
    changed: list
    left: list
    dropped: dict
    sent: bytes
    token: str
    mark: str

    @property
    def results(self):
        """Give results.json as data."""
        return json.loads(self.text)

    @property
    def passed(self):
        """Name the tests that passed."""
        return {
            test.get("number") for test in self.results["tests"] if test.get("status") == "passed"
        }

    @property
    def failed(self):
        """Name the tests that failed."""
        return {test["number"] for test in self.results["tests"] if test["status"] == "failed"}

    @property
    def score(self):
        """Give the sum of all scores."""
        return sum(test.get("score", 0) for test in self.results["tests"])


class Listener:
    """Takes whatever is sent to a port of this machine."""

    def __init__(self):
        self.server = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.server.getsockname()[1]
        self.datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.datagrams.bind(("127.0.0.1", self.port))
        self.received = bytearray()
        for receive in (self._listen, self._receive):
            threading.Thread(target=receive, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self._read, args=[connection], daemon=True).start()

    def _receive(self):
        with self.datagrams:
            while data := self.datagrams.recv(65536):
                self.received += data

    def _read(self, connection):
        with connection:
            connection.settimeout(10)
            try:
                while data := connection.recv(65536):
                    self.received += data[: 10 * 2**20]
            except OSError:
                pass

    def close(self):
        """Stop listening."""
        self.server.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"", ("127.0.0.1", self.port))  # an empty one: no more will come


def make_python(folder):
    """Make an environment whose interpreter any user can run.

    Parameters
    ----------
    folder : Path
        Where.

    Returns
    -------
    Path
        The interpreter.

    Raises
    ------
    subprocess.CalledProcessError or OSError
        If it cannot be made.
    """
    lines = (TESTS.parent / "requirements.txt").read_text().split()
    packages = [line for line in lines if line.partition("==")[0] in ("numpy", "scipy", "tqdm")]
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return python


class Gradings:
    """Grades rows, two at a time; the other user is one, so it has one grading at a time.

    Parameters
    ----------
    base : Path
        An empty folder that all users may enter.
    python : Path
        The interpreter.
    sources : Path
        The folder ``src`` with the grader.
    """

    def __init__(self, base, python, sources=REFERENCE.parent):
        self.base, self.python, self.sources = base, python, sources
        self.listener = Listener()
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.futures, self.waiting = {}, {True: [], False: []}

    def begin(self, pairs):
        """Start to grade pairs of a row and a level, in their order."""
        for row, level in pairs:
            future = self.futures[row.name, level] = Future()
            self.waiting[level == "another user"].append((row, level, future))
        for prefers in (True, False):
            threading.Thread(target=self._work, args=[prefers], daemon=True).start()

    def _work(self, other_user):
        """Grade what waits: those of the other user in one thread, others in both."""
        while True:
            with self.lock:
                waiting = (other_user and self.waiting[True]) or self.waiting[False]
                if not waiting:
                    return
                row, level, future = waiting.pop(0)
            try:
                future.set_result(self.grade(row, level))
            except BaseException as error:
                future.set_exception(error)

    def result(self, row, level):
        """Wait for a row at a level."""
        if (row.name, level) not in self.futures:
            self.begin([(row, level)])
        return self.futures[row.name, level].result()

    def grade(self, row, level, as_root=False):
        """Grade a row at a level.

        Parameters
        ----------
        row : Hostile
            The submission.
        level : str
            One of `LEVELS`.
        as_root : bool, default False
            Whether whoever grades is who runs the tests, and not a user made for it.

        Returns
        -------
        Graded
            What came of it.
        """
        number = next(self.numbers)
        user = None if as_root or level == "another user" else FIRST_USER + number
        folder, token = self.base / str(number), f"canary-{secrets.token_hex(8)}"
        places = self._places(folder, number)
        self._lay_out(folder, token)
        build(row, folder / "upload", places)
        self._hand_over(folder, user)
        before = fingerprints(folder)
        told = self._keep(row, level, places, user, token)
        after = fingerprints(folder)
        results = Path(places["results"])
        graded = Graded(
            **told,
            report=(folder / "report.txt").read_text(encoding="utf-8"),
            text=results.read_text(encoding="utf-8") if results.is_file() else "",
            changed=[path for path in before | after if before.get(path) != after.get(path)],
            left=[str(path.relative_to(folder)) for path in (folder / "tmp").rglob("*")],
            dropped=dropped(folder / "drop"),
            sent=bytes(self.listener.received),
            token=token,
            mark=places["mark"],
        )
        remove(folder)
        return graded

    def _places(self, folder, number):
        return {
            "base": str(folder),
            "canary": str(folder / "staff" / "canary.txt"),
            "solution": str(folder / "staff" / "solution"),
            "others": str(folder / "staff" / "others"),
            "grader": str(folder / "grader"),
            "results": str(folder / "results" / "results.json"),
            "upload": str(folder / "upload"),
            "drop": str(folder / "drop"),
            "port": str(self.listener.port),
            "mark": f"mark-{number}",
        }

    def _lay_out(self, folder, token):
        """Lay out the grader, and secrets around it."""
        ignore = shutil.ignore_patterns("__pycache__", "*.npz", "word_vectors*", VECTORS)
        shutil.copytree(self.sources, folder / "grader", ignore=ignore)
        shutil.copytree(REFERENCE, folder / "staff" / "solution", ignore=ignore)
        for name in ("upload", "results", "drop", "tmp", "staff/others/alice"):
            (folder / name).mkdir(parents=True)
        (folder / "upload").rmdir()
        (folder / "staff" / "solution" / VECTORS).write_text(vectors(), encoding="utf-8")
        for path in (
            folder / "staff" / "canary.txt",
            folder / "staff" / "others" / "alice" / "word2vec.py",
            folder / "results" / "previous.json",
            folder / "grader" / "notes.txt",
        ):
            path.write_text(f"SECRET = '{token}'\n")
        for path in (
            folder / "grader" / "grader.py",
            folder / "staff" / "solution" / "word2vec.py",
            folder / "staff" / "solution" / "sgd.py",
        ):
            with path.open("a") as file:
                file.write(f"\nSECRET = '{token}'\n")

    def _hand_over(self, folder, user):
        """Give all but ``drop`` to the user of the grading, and to nobody else."""
        for path in [folder, *folder.rglob("*")]:
            if user is not None:
                os.chown(path, user, user, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
        folder.chmod(0o711)
        (folder / "tmp").chmod(0o711)
        (folder / "drop").chmod(0o1777)

    def _keep(self, row, level, places, user, token):
        """Run the grader under the keeper."""
        folder = Path(places["base"])
        options = ["--submission", places["upload"], "--gradescope", places["results"]]
        options += ["--solution", places["solution"]] + ["--unconfined"] * (level == "none")
        order = {
            "arguments": [*row.tests.split(), *options],
            "confinements": CONFINEMENTS[level],
            "seconds": row.seconds,
        }
        what = {
            "command": [str(self.python), "-P", "-c", PROGRAM, json.dumps(order)],
            "user": user,
            "folder": str(folder / "grader"),
            "environment": {
                "PATH": "/usr/bin:/bin",
                "HOME": str(folder / "staff"),
                "TMPDIR": str(folder / "tmp"),
                "LANG": "C.UTF-8",
                "PYTHONPATH": str(folder / "grader"),
                "PYTHONDONTWRITEBYTECODE": "1",
                "STAFF_SECRET": token,
            },
            "seconds": HUNG,
            "output": str(folder / "report.txt"),
        }
        done = subprocess.run(
            [sys.executable, "-I", KEEPER],
            input=json.dumps(what),
            stdout=subprocess.PIPE,
            text=True,
        )
        return json.loads(done.stdout)


def fingerprints(folder):
    """Map the files of grader, solution and upload to what they hold and may be done with."""
    prints = {}
    for name in ("grader", "staff", "upload"):
        for path in sorted((folder / name).rglob("*")):
            if "__pycache__" in path.parts and name == "grader":
                continue
            about = path.lstat()
            content = b""
            if path.is_file() and about.st_size < 2**20:
                content = hashlib.sha256(path.read_bytes()).digest()
            prints[str(path.relative_to(folder))] = about.st_mode, about.st_size, content
    return prints


def dropped(folder):
    """Read the files in a folder where everybody may write."""
    return {path.name: path.read_bytes()[: 2**20] for path in folder.rglob("*") if path.is_file()}


def remove(folder):
    """Remove a folder; it may be deeper than Python can go."""
    subprocess.run(["rm", "-rf", folder], check=True)


@functools.cache
def make_base():
    """Make a folder that all users may enter, for a whole run of tests."""
    base = Path(tempfile.mkdtemp(prefix="hostile-", dir="/tmp"))
    base.chmod(0o755)
    return base
