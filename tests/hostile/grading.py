"""Hostile submissions graded: by root for another user, else by users of their own."""

import base64
import contextlib
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
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .fixture import BOTH, REFERENCE, VECTORS, build, vectors

KEEPER = Path(__file__).with_name("keeper.py")
CONFINEMENTS = {"another user": ("another user",), "Landlock": ("Landlock",), "none": ()}
CONFINEMENTS[BOTH] = "another user", "Landlock"
NAMESPACES = (
    "setpriv --pdeathsig KILL unshare --pid --mount --ipc --net --fork --mount-proc --kill-child"
)
CONTROL_GROUPS = Path("/sys/fs/cgroup")
MOST_PROCESSES = 3000  # a net, as in the keeper
FIRST_USER = 210_000
NOT_COPIED = shutil.ignore_patterns("__pycache__", "*.npz", "word_vectors*", VECTORS)
HUNG = 75  # seconds after which a grading is given up
SECRET = """
    staff/canary.txt staff/others/alice/word2vec.py results/previous.json grader/notes.txt
    grader/grader.py staff/solution/word2vec.py staff/solution/sgd.py
""".split()
PROGRAM = (
    "import json, sys; order = json.loads(sys.argv.pop()); import grader; "
    "confine = lambda: grader.strongest_confinement(order['confinements'], order['without']); "
    "sys.exit(grader.main(order['arguments'], confine, order['seconds']))"
)


@dataclass(frozen=True)
class Graded:
    """What came of a grading."""

    code: int | None  # the grader's exit code; None if it had to be killed
    seconds: float
    megabytes: int  # the most that the grader's own process held
    survivors: list  # processes that it left behind
    report: str  # what the terminal showed
    text: str  # content of results.json; empty if there is none
    changed: list  # files of the grader, the solution and the upload that are not what they were
    left: list  # temporary files, there and wherever else everybody may write
    objects: list  # IPC objects that are left
    used: tuple  # the most megabytes and files in the folder of temporary files, if it was limited
    peak: int  # the most megabytes of all processes together, if they were limited
    dropped: dict  # what the submission wrote where everybody may write: content by name
    sent: bytes  # what was sent to a port of this machine, by all gradings in one place
    token: str  # the text of all secrets that were planted
    mark: str  # name of this grading; no secret

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
    def score(self):
        """Give the sum of all scores."""
        return sum(test.get("score", 0) for test in self.results["tests"])


@contextlib.contextmanager
def control_group(kind, **limits):
    """Make a control group and give its folder; raise OSError if there can be none."""
    folder = CONTROL_GROUPS / kind / f"hostile-{secrets.token_hex(4)}"
    folder.mkdir()
    try:
        for name, value in limits.items():
            (folder / name.replace("__", ".")).write_text(str(value))
        yield str(folder)
    finally:
        for _ in range(100):
            with contextlib.suppress(OSError):
                folder.rmdir()
                break
            time.sleep(0.05)  # what has been killed goes on for a moment


def make_python(folder):
    """Make an environment whose interpreter any user can run; give that."""
    lines = (REFERENCE.parents[1] / "requirements.txt").read_text().split()
    packages = [line for line in lines if line.partition("==")[0] in ("numpy", "scipy", "tqdm")]
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    subprocess.run([*pip, "--disable-pip-version-check", *packages], check=True)
    subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
    return python


class Gradings:
    """Grades rows in `base`, a folder that all users may enter, with an interpreter.

    Two rows are graded at a time, but those of the other user, who is one, one by one.
    """

    def __init__(self, base, python):
        self.base, self.python = base, python
        self.sources = Path(tempfile.mkdtemp(dir=base), "src")
        shutil.copytree(REFERENCE.parent, self.sources, ignore=NOT_COPIED)
        subprocess.run([python, "-m", "compileall", "-q", self.sources], check=True)
        self.numbers = itertools.count()
        self.threads = {True: ThreadPoolExecutor(1), False: ThreadPoolExecutor(1)}
        self.begun = {}

    def begin(self, pairs):
        """Start to grade pairs of a row and a level, in their order."""
        for row, level in pairs:
            thread = self.threads["another user" in level]
            self.begun[row.name, level] = thread.submit(self.grade, row, level)

    def result(self, row, level):
        """Wait for a row at a level that was begun."""
        return self.begun[row.name, level].result()

    def close(self):
        """Begin no more."""
        for thread in self.threads.values():
            thread.shutdown(cancel_futures=True)

    def grade(self, row, level, **how):
        """Grade a row at a level."""
        return self.grade_all([(row, level)], **how)[0]

    def grade_all(self, pairs, in_turn=False, one_user=False, as_root=False, without=()):
        """Grade rows at their levels in one place; `harm`, `memory` and `disk` are the first's.

        `in_turn`: each begins when the one before has ended; `one_user`: one user, `as_root`: who
        runs the tests, grades them all; `without`: walls that are switched off.
        """
        (first, _), *_ = pairs
        with socket.create_server(("127.0.0.1", 0)) as server:  # nobody listens at it
            port = server.getsockname()[1]
        user, places, tokens, before, commands = None, [], [], [], []
        for row, level in pairs:
            number, token = next(self.numbers), f"canary-{secrets.token_hex(8)}"
            user = user if one_user and user else FIRST_USER + number
            by_root = as_root or row.is_owner or "another user" in level
            place = places_of(self.base / str(number), number, port)
            self._lay_out(Path(place["base"]), token)
            build(row, Path(place["upload"]), place)
            self._hand_over(Path(place["base"]), None if by_root else user, row.is_readable)
            commands.append(
                self._command(row, level, place, None if by_root else user, token, without)
            )
            places.append(place)
            tokens.append(token)
            before.append(fingerprints(place))
        order = {"commands": commands, "folders": [f"{place['base']}/tmp" for place in places]}
        order |= {"port": port, "in_turn": in_turn, "base": str(self.base)}
        told = keep(order | {"harm": first.harm, "disk": first.disk}, first.memory)
        runs = zip(told["runs"], places, tokens, before, strict=True)
        return [self._graded(told, *run) for run in runs]

    def _graded(self, told, run, place, token, before):
        """Tell what came of a grading, and remove its folder."""
        folder, results, after = Path(place["base"]), Path(place["results"]), fingerprints(place)
        left = [str(path.relative_to(folder)) for path in (folder / "tmp").rglob("*")]
        drop = [path for path in (folder / "drop").rglob("*") if path.is_file()]
        graded = Graded(
            **run,
            survivors=told["survivors"],
            report=(folder / "report.txt").read_text(encoding="utf-8"),
            text=results.read_text(encoding="utf-8") if results.is_file() else "",
            changed=[path for path in before | after if before.get(path) != after.get(path)],
            left=told["left"] + left,
            objects=told["objects"],
            used=tuple(told["used"]),
            peak=told["peak"],
            dropped={path.name: path.read_bytes()[: 2**20] for path in drop},
            sent=base64.b64decode(told["sent"]),
            token=token,
            mark=place["mark"],
        )
        remove(folder)
        return graded

    def _lay_out(self, folder, token):
        """Lay out the grader, and secrets around it."""
        shutil.copytree(self.sources, folder / "grader")
        shutil.copytree(REFERENCE, folder / "staff" / "solution", ignore=NOT_COPIED)
        for name in ("upload", "results", "drop", "tmp", "staff/others/alice"):
            (folder / name).mkdir(parents=True)
        (folder / "upload").rmdir()
        (folder / "staff" / "solution" / VECTORS).write_text(vectors(), encoding="utf-8")
        for name in SECRET:
            with (folder / name).open("a") as file:
                file.write(f"\nSECRET = '{token}'\n")

    def _hand_over(self, folder, user, is_readable):
        """Give all but ``drop`` to the user of the grading, and to nobody else."""
        for path in [folder, *folder.rglob("*")]:
            if user is not None:
                os.chown(path, user, user, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & 0o700)
        folder.chmod(0o711)
        (folder / "tmp").chmod(0o711)
        (folder / "drop").chmod(0o1777)
        if is_readable:
            subprocess.run(["chmod", "-R", "a+rX", folder / "upload"], check=True)

    def _command(self, row, level, places, user, token, without):
        """Say how the keeper runs the grader."""
        folder = Path(places["base"])
        options = ["--submission", places["upload"], "--gradescope", places["results"]]
        options += ["--solution", places["solution"]] + ["--unconfined"] * (level == "none")
        order = {
            "arguments": [*row.tests.split(), *options],
            "confinements": CONFINEMENTS[level],
            "seconds": row.seconds,
            "without": without,
        }
        return {
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


def places_of(folder, number, port):
    """Say what the names between two ``@`` stand for."""
    names = {
        "canary": "staff/canary.txt",
        "solution": "staff/solution",
        "others": "staff/others",
        "results": "results/results.json",
    } | {name: name for name in ("grader", "upload", "drop")}
    places = {name: f"{folder}/{path}" for name, path in names.items()}
    return places | {"base": str(folder), "port": str(port), "mark": f"mark-{number}"}


def keep(order, memory):
    """Have the keeper carry out an order, as root in a place of its own; give what it tells."""
    private = os.geteuid() == 0
    with contextlib.ExitStack() as stack:
        groups, command = {}, [sys.executable, "-I", str(KEEPER)]
        if private:
            most = {"pids__max": MOST_PROCESSES}
            net = stack.enter_context(control_group("pids", **most))
            inside = 'echo $$ > "$0/cgroup.procs"; exec "$@"'
            command = ["sh", "-c", inside, net, *NAMESPACES.split(), *command]
        if memory:
            most = {"memory__limit_in_bytes": memory * 2**20}
            groups["memory"] = stack.enter_context(control_group("memory", **most))
        if order["harm"] == "freeze":
            groups["freezer"] = stack.enter_context(control_group("freezer"))
        order |= {"private": private, "groups": groups}
        done = subprocess.run(
            command, input=json.dumps(order), stdout=subprocess.PIPE, text=True, check=True
        )
    return json.loads(done.stdout)


def fingerprints(place):
    """Map the files of grader, solution and upload to what they hold and may be done with."""
    base, prints = Path(place["base"]), {}
    for path in (
        path for name in ("grader", "staff", "upload") for path in (base / name).rglob("*")
    ):
        name, about = str(path.relative_to(base)), path.lstat()
        if "__pycache__" not in name or not name.startswith("grader"):
            is_small = path.is_file() and about.st_size < 2**20
            content = hashlib.sha256(path.read_bytes()).digest() if is_small else b""
            prints[name] = about.st_mode, about.st_size, content
    return prints


def remove(folder):
    """Remove a folder; it may be deeper than Python can go."""
    subprocess.run(["rm", "-rf", folder], check=True)
