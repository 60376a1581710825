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

from gradebook import ENDED, read_graded
from graders import REPORT, RESULTS
from handed_in import HandIn
from utils.utils import InputError, dump, load

CLASS = "class.json"
EACH = "submissions"  # folder for the folders of all
EARLIER = "earlier"  # folder for earlier results, the oldest first
PARTIAL = ".partial-"  # a folder's name begins so until grading has ended
MOST_FILES = 5_000  # of a hand-in that are looked at, to see if it is another one


class ClassFolder:
    """What is graded into a folder: its class.json, and a folder for each hand-in.

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
            raise InputError(
                f"{path} holds no class.json, so it is not a graded class. Name another folder."
            )

    def changed(self):
        """List what has changed since the last run: the solution, the points, the grader."""
        before = self.before.get("run", self.run)
        if before.get("submissions") != self.run["submissions"]:
            others = f"grades of other submissions, those in {before.get('submissions')}"
            raise InputError(f"{self.path} holds {others}. Name another folder.")
        return [name for name, value in self.run.items() if before.get(name) != value]

    @contextlib.contextmanager
    def locked(self):
        """Make the folder, and keep other runs out of it until this one ends."""
        with contextlib.ExitStack() as stack:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                self.path.chmod(0o700)
                if fcntl:
                    lock = os.open(self.path, os.O_RDONLY)
                    stack.callback(os.close, lock)
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                (self.path / EACH).mkdir(exist_ok=True)
            except BlockingIOError as error:
                why = f"another run grades into {self.path}. Wait until it ends."
                raise InputError(why) from error
            except OSError as error:
                why = f"{self.path} cannot be made: {error.strerror}. Name another --out."
                raise InputError(why) from error
            stack.callback(self._remove_partial)
            self._remove_partial()
            yield

    def _remove_partial(self):
        """Remove what stopped gradings left."""
        for path in self.path.glob(f"{PARTIAL}*"):
            shutil.rmtree(path, ignore_errors=True)

    def save(self, hand_ins, part, finished=None):
        """Write class.json: what is graded, by what, and what a finished run found."""
        self.before = {
            "run": self.run,
            "part": part,
            "students": {each.name: each.students for each in hand_ins},
            "late": {each.name: each.late for each in hand_ins if each.late},
            "finished": self.before.get("finished") if finished is None else finished,
        }
        dump(self.before, self.path / CLASS)

    def hand_ins(self):
        """List who handed in, as class.json has them; each one's path is that of its results."""
        return [
            HandIn(
                name,
                self.path / EACH / name,
                tuple(map(tuple, students)),
                self.before["late"].get(name, ""),
            )
            for name, students in self.before["students"].items()
        ]

    def of(self, hand_in):
        """Name the folder for the results of a hand-in."""
        return self.path / EACH / hand_in.name

    def ended(self, hand_in):
        """Read how the grading of a hand-in ended; nothing if it did not, or of another one."""
        path = self.of(hand_in) / ENDED
        ended = load(path) if path.exists() else {}
        return ended if ended.get("handed_in") == stamp(hand_in) else {}

    def is_left(self, hand_in, also_of_another_run=True):
        """Tell whether this is to be graded: it is new, another, or was not graded well."""
        ended = self.ended(hand_in)
        if not ended or "due" in ended:
            return True
        is_of_another_run = also_of_another_run and ended["run"] != self.run_id
        return is_of_another_run or read_graded(self.of(hand_in)).again

    def mark(self, hand_in, tests):
        """Have this graded again, in these tests; in all if there are none."""
        if ended := self.ended(hand_in):
            dump(ended | {"due": tests}, self.of(hand_in) / ENDED)

    def due(self, hand_in):
        """List the tests that alone are to be graded again; none means all."""
        return self.ended(hand_in).get("due", []) if (self.of(hand_in) / RESULTS).exists() else []

    @contextlib.contextmanager
    def new(self, hand_in):
        """Give a folder for results, to be put in place when all is in it, and what to note."""
        partial = Path(tempfile.mkdtemp(dir=self.path, prefix=PARTIAL))
        began, handed_in, ended = time.monotonic(), stamp(hand_in), {}
        yield partial, ended
        ended |= {"seconds": round(time.monotonic() - began, 2), "handed_in": handed_in}
        ended |= {"when": time.strftime("%Y-%m-%d %H:%M:%S"), "run": self.run_id}
        dump(ended, partial / ENDED)
        place = self.of(hand_in)
        if (place / ENDED).exists():
            self._keep_earlier(place, partial / EARLIER)
        self._put(partial, place)

    def _keep_earlier(self, place, earlier):
        """Copy the results of earlier gradings, and of the last one unless it went wrong."""
        found = sorted((place / EARLIER).glob("*"), key=lambda path: int(path.name))
        for number, path in enumerate([*found, *[place] * (not read_graded(place).again)], 1):
            (earlier / str(number)).mkdir(parents=True)
            for name in (RESULTS, REPORT, ENDED):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy2(path / name, earlier / str(number))

    def _put(self, partial, place):
        """Put a folder in its place; what was there is removed only afterwards."""
        old = Path(tempfile.mkdtemp(dir=self.path, prefix=PARTIAL))
        with contextlib.suppress(FileNotFoundError):
            place.rename(old / "before")
        partial.rename(place)
        shutil.rmtree(old, ignore_errors=True)

    def take(self, hand_in, other):
        """Copy the results of a hand-in from the folder of a part."""
        partial = Path(tempfile.mkdtemp(dir=self.path, prefix=PARTIAL)) / "part"
        shutil.copytree(other.of(hand_in), partial)
        self._put(partial, self.of(hand_in))


def parts_of(paths):
    """Open the folders that the parts of a class were graded into; refuse fewer than all."""
    parts, found = [ClassFolder(path) for path in paths], {}
    for part in parts:
        about = part.before
        if about.get("finished") is None:
            raise InputError(f"{part.path} holds no part that was graded to the end.")
        if about["run"] != parts[0].before["run"]:
            others = f"another class, solution or grader than {parts[0].path}"
            raise InputError(f"{part.path} was graded for {others}.")
        if (other := found.setdefault(about["part"], part.path)) is not part.path:
            raise InputError(f"{part.path} and {other} are both part {about['part']}.")
    count = int(parts[0].before["part"].partition("/")[2])
    missing = [k for k in range(1, count + 1) if f"{k}/{count}" not in found]
    if missing:
        raise InputError(f"of {count} parts, these are missing: {', '.join(map(str, missing))}.")
    return parts


def stamp(hand_in):
    """Tell a hand-in from one that came later, by the times of its files."""
    hasher, paths = hashlib.sha256(), [*map(str, hand_in.files.values() or [hand_in.path])]
    for folder, _, names in os.walk(paths[0]):
        paths += [os.path.join(folder, name) for name in names]
        if len(paths) > MOST_FILES:
            break
    for name in sorted(paths):
        if os.path.lexists(name):
            about = os.lstat(name)
            hasher.update(f"{name} {about.st_size} {about.st_mtime_ns}\n".encode(errors="replace"))
    return hasher.hexdigest()
