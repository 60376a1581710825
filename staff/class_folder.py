"""The folder that a class is graded into: whose it is, what is in it, what is left to do."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from pathlib import Path

try:
    import fcntl
except ModuleNotFoundError:  # on Windows
    fcntl = None

from gradebook import ENDED, REPORT, RESULTS, read_outcome
from roster import Submission
from utils.utils import InputError, dump, load

CLASS = "class.json"
EACH = "submissions"  # folder for the folders of all submissions
EARLIER = "earlier"  # folder for what came of a submission before, the oldest first
PARTIAL = ".partial-"  # a folder's name begins so until grading has ended
MOST_FILES = 5_000  # of a submission that are looked at, to see if it is another one


class ClassFolder:
    """What is graded into a folder: its class.json, and a folder for each submission.

    `run` tells what is graded by what, `before` is class.json as the last run left it.
    """

    def __init__(self, path, run=None):
        self.path, self.run = path, run
        self.run_id = hashlib.sha256(repr(run).encode(errors="replace")).hexdigest()
        try:
            self.is_used = path.exists() and any(path.iterdir())
            self.before = load(path / CLASS) if (path / CLASS).exists() else {}
        except OSError as error:
            raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error
        if self.is_used and not (isinstance(self.before, dict) and self.before.get("run")):
            raise InputError(f"{path} holds no class.json of a class. Name another folder.")

    def changed(self):
        """List what is another than before: the solution, the points, the grader; if any."""
        before = self.before.get("run", self.run)
        if before.get("submissions") != self.run["submissions"]:
            others = f"other submissions, those in {before.get('submissions')}"
            raise InputError(f"{self.path} is of {others}. Name another folder.")
        return [name for name, value in self.run.items() if before.get(name) != value]

    @contextlib.contextmanager
    def kept(self):
        """Make the folder, and keep other runs out of it until this one ends."""
        lock = None
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.path.chmod(0o700)
            if fcntl:
                lock = os.open(self.path, os.O_RDONLY)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (self.path / EACH).mkdir(exist_ok=True)
        except BlockingIOError as error:
            os.close(lock)
            raise InputError(f"another run grades into {self.path}. Wait until it ends.") from error
        except OSError as error:
            why = f"{self.path} cannot be made: {error.strerror}. Name another --out."
            raise InputError(why) from error
        self._remove_partial()
        try:
            yield
        finally:
            self._remove_partial()
            if lock is not None:
                os.close(lock)

    def _remove_partial(self):
        """Remove what stopped gradings left."""
        for path in self.path.glob(f"{PARTIAL}*"):
            shutil.rmtree(path, ignore_errors=True)

    def save(self, submissions, part="", finished=None):
        """Write class.json: what is graded, by what, and what a finished run found."""
        self.before = {
            "run": self.run,
            "part": part,
            "students": {each.name: each.students for each in submissions},
            "late": {each.name: each.late for each in submissions if each.late},
            "finished": self.before.get("finished") if finished is None else finished,
        }
        dump(self.before, self.path / CLASS)

    def submissions(self):
        """List the submissions, as class.json has them."""
        late = self.before["late"]
        return [
            Submission(
                name, self.path / EACH / name, tuple(map(tuple, students)), late=late.get(name, "")
            )
            for name, students in self.before["students"].items()
        ]

    def of(self, submission):
        """Name the folder for what came of a submission."""
        return self.path / EACH / submission.name

    def ended(self, submission):
        """Read how the grading of a submission ended; nothing if it did not."""
        path = self.of(submission) / ENDED
        return load(path) if path.exists() else {}

    def is_left(self, submission, also_of_another_run=True):
        """Tell whether a submission is to be graded: it is new, another, or was not graded well."""
        ended = self.ended(submission)
        if not ended or "due" in ended or ended.get("handed_in") != stamp(submission):
            return True
        is_of_another_run = also_of_another_run and ended["run"] != self.run_id
        return is_of_another_run or read_outcome(self.of(submission)).again

    def mark(self, submission, tests):
        """Have a submission graded again, in these tests; in all if there are none."""
        if ended := self.ended(submission):
            dump(ended | {"due": tests}, self.of(submission) / ENDED)

    def due(self, submission):
        """List the tests that alone are to be graded again; none means all."""
        ended = self.ended(submission)
        is_same = ended.get("handed_in") == stamp(submission)
        return ended.get("due", []) if is_same and (self.of(submission) / RESULTS).exists() else []

    @contextlib.contextmanager
    def new(self, submission):
        """Give a folder for what comes of a submission, to be put in place when all is in it."""
        partial = Path(tempfile.mkdtemp(dir=self.path, prefix=PARTIAL))
        began, handed_in, ended = time.monotonic(), stamp(submission), {}
        yield partial, ended
        ended |= {"seconds": round(time.monotonic() - began, 2), "handed_in": handed_in}
        ended |= {"when": time.strftime("%Y-%m-%d %H:%M:%S"), "run": self.run_id}
        dump(ended, partial / ENDED)
        self._put(partial, self.of(submission))

    def _put(self, partial, place):
        """Put a folder in its place; what came of an earlier grading stays, below it."""
        if (place / ENDED).exists():
            found = sorted((place / EARLIER).glob("*"), key=lambda path: int(path.name))
            again = read_outcome(place).again
            for number, path in enumerate([*found, *[place] * (not again)], 1):
                (partial / EARLIER / str(number)).mkdir(parents=True)
                for name in (RESULTS, REPORT, ENDED):
                    with contextlib.suppress(FileNotFoundError):
                        shutil.copy2(path / name, partial / EARLIER / str(number))
            old = place.rename(partial.with_name(f"{partial.name}-before"))
            partial.rename(place)
            shutil.rmtree(old, ignore_errors=True)
        else:
            shutil.rmtree(place, ignore_errors=True)
            partial.rename(place)

    def take(self, submission, other):
        """Copy what came of a submission from the folder of a part."""
        partial = Path(tempfile.mkdtemp(dir=self.path, prefix=PARTIAL)) / "part"
        shutil.copytree(other.of(submission), partial)
        shutil.rmtree(self.of(submission), ignore_errors=True)
        partial.rename(self.of(submission))


def parts_of(paths):
    """Open the folders that the parts of a class were graded into; `InputError` if one is not."""
    parts, found = [ClassFolder(path) for path in paths], {}
    for part in parts:
        about = part.before
        if about.get("finished") is None:
            raise InputError(f"{part.path} holds no part that was graded to the end.")
        if about["run"] != parts[0].before["run"]:
            others = f"another class, solution or grader than {parts[0].path}"
            raise InputError(f"{part.path} is of {others}.")
        if (other := found.setdefault(about["part"], part.path)) is not part.path:
            raise InputError(f"{part.path} and {other} are both part {about['part']}.")
    count = int(parts[0].before["part"].partition("/")[2])
    missing = [k for k in range(1, count + 1) if f"{k}/{count}" not in found]
    if missing:
        raise InputError(f"of {count} parts there are missing: {', '.join(map(str, missing))}.")
    return parts


def stamp(submission):
    """Tell a submission from one that came later, by the times of its files."""
    hasher, paths = hashlib.sha256(), [*map(str, submission.files.values() or [submission.path])]
    for folder, _, names in os.walk(paths[0]):
        paths += [os.path.join(folder, name) for name in names]
        if len(paths) > MOST_FILES:
            break
    for name in sorted(paths):
        if os.path.lexists(name):
            about = os.lstat(name)
            hasher.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode(errors="replace"))
    return hasher.hexdigest()
