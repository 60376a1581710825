"""The autograder for Gradescope: built whole, and run as Gradescope runs it."""

import contextlib
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from conftest import missing
from hostile.fixture import VECTORS, vectors
from results_validator import problems
from worth import worth

import build_autograder
import zips
from build_student import student_files
from sandbox.confine import NAME

ROOT = Path(__file__).resolve().parents[1]
PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
MOST_KILOBYTES = 768 * 1024  # what Gradescope gives by default


@pytest.fixture(scope="module")
def vectors_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / VECTORS
    path.write_text(vectors(), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory, vectors_file):
    """Give the zip."""
    folder = tmp_path_factory.mktemp("gradescope")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_autograder, "BUILD", folder)
        assert build_autograder.main(["--vectors", str(vectors_file)]) == 0
    return folder / "autograder.zip"


# What is built


def test_it_holds_the_grader_and_the_solution(built):
    with zipfile.ZipFile(built) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert files[f"solution/{VECTORS}"] == vectors().encode()
    for name in ("word2vec.py", "sgd.py", "quiz.py", "__init__.py"):
        ours = (ROOT / "src" / "submission" / name).read_bytes()
        assert files[f"solution/submission/{name}"] == ours
    assert b"numpy==" in files["requirements.txt"]
    assert b"numba" not in files["requirements.txt"]  # training needs it, the grader does not
    others = "src/submission", "src/training", "tests", "staff"
    assert not any(name.startswith(others) for name in files)
    for name in ("setup.sh", "run_autograder"):
        assert files[name].startswith(b"#!/usr/bin/env bash\n")
        assert modes[name] == 0o100755
    assert modes["src/grader.py"] == 0o100644


def test_made_on_windows_it_is_the_same(tmp_path, monkeypatch):
    (tmp_path / "run").write_bytes(b"#!/bin/sh\r\n")
    (tmp_path / "picture").write_bytes(b"\0\r\n")
    contents = zips.collect("*", below=tmp_path)
    assert contents == {"picture": b"\0\r\n", "run": b"#!/bin/sh\n"}
    with monkeypatch.context() as windows:
        windows.setattr(sys, "platform", "win32")
        zips.write_zip(tmp_path / "made.zip", contents, programs=["run"])
    with zipfile.ZipFile(tmp_path / "made.zip") as archive:
        member = archive.getinfo("run")
    unix = 3  # else unzip ignores the mode
    assert (member.create_system, member.external_attr >> 16) == (unix, 0o100755)


def test_the_quiz_can_be_left_out_and_hidden_tests_be_shown_with_the_grades(vectors_file):
    plain = build_autograder.autograder_files(vectors_file)
    other = build_autograder.autograder_files(vectors_file, with_quiz=False, hidden_later=True)
    assert plain.keys() - other.keys() == {
        "solution/submission/quiz.py",
        "src/grading/quiz.py",
    }
    assert {test[0] for test in json.loads(plain["src/points.json"])} == {"1", "2", "3"}
    assert {test[0] for test in json.loads(other["src/points.json"])} == {"1", "2"}
    assert "Test_3a" not in other["src/grader.py"]
    run = plain["run_autograder"]
    assert run.endswith(b"--gradescope results/results.json\n")  # so the option goes to grader.py
    assert other["run_autograder"] == run.rstrip() + b" --after-published\n"


WRONG = json.loads(vectors())
WRONG["cool"][0] += 0.1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "make data, then make run"),
        (json.dumps(WRONG), "is not a solution: "),
        ("{}", "is not a solution: "),
    ],
)
def test_without_the_vectors_of_the_real_treebank_it_is_not_built(tmp_path, capsys, text, told):
    if text is not None:
        (tmp_path / VECTORS).write_text(text)
    assert build_autograder.main(["--vectors", str(tmp_path / VECTORS)]) == 2
    line = capsys.readouterr().err
    assert line.startswith("build_autograder.py: ")
    assert told in line
    assert line.count("\n") == 1


def test_a_solution_that_fails_its_own_tests_is_not_built(vectors_file, tmp_path):
    ignored = shutil.ignore_patterns("__pycache__", "*.png")
    for name in ("src", "staff"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    sgd = tmp_path / "src" / "submission" / "sgd.py"
    sgd.write_text(sgd.read_text().replace("x = x - ", "x = x + "))
    program = tmp_path / "staff" / "build_autograder.py"
    command = [sys.executable, program, "--vectors", vectors_file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    line = r"build_autograder\.py: the solution fails against itself: 2b-0-basic: AssertionError: .*; 2b-2-.*\n"
    assert re.fullmatch(line, done.stderr), done.stderr
    assert not (tmp_path / "build").exists()


# Images, good and bad, of stand-ins


PYTHON = """#!{python} -S
import os, sys
from pathlib import Path
from typing import NamedTuple
class Version(NamedTuple):
    major: int
    minor: int
    micro: int = 0
    releaselevel: str = "{level}"
sys.version_info = Version(3, {minor})
if not Path(__file__).with_name("python3.{minor}-venv").exists():
    sys.modules["ensurepip"] = None
if sys.argv[1] == "-c":
    exec(sys.argv[2])
elif sys.argv[1:3] == ["-m", "venv"]:
    made = Path(sys.argv[-1], "bin", "python")
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_text("#!/bin/sh\\n! cat \\"$APT/pip\\" 2>/dev/null\\n")
    made.chmod(0o755)
    Path(made.parent, "of").write_text("python3.{minor}")
"""
APT = """#!/bin/sh
case "$1" in
update) [ ! -e "$APT/broken" ] || { echo 'E: no network'; exit 100; } ;;
install)
    touch "$APT/used"
    for name; do
        case "$name" in python*) cp "$APT/$name" "$BIN/$name" 2>/dev/null || exit 100 ;; esac
    done ;;
esac
true
"""


class Image:
    """A folder /autograder, and a PATH with these Pythons and what apt-get offers.

    Pythons are written 3.12, 3.12+venv or 3.11rc+venv.
    """

    def __init__(self, folder, has="", offers=""):
        self.bin, self.apt, self.top = folder / "bin", folder / "apt", folder / "autograder"
        for name in (self.bin, self.apt, self.top / "submission", self.top / "results"):
            name.mkdir(parents=True)
        shutil.copytree(ROOT / "staff" / "gradescope", self.top / "source")
        shutil.copy(self.top / "source" / "run_autograder", self.top)
        for tool in "bash sh env dirname tee sed tail tr chmod cat cp touch rm".split():
            (self.bin / tool).symlink_to(shutil.which(tool))
        self.program(self.bin / "id", "#!/bin/sh\n")
        self.program(self.bin / "apt-get", APT)
        self.pythons(self.bin, has)
        self.pythons(self.apt, offers)
        if has:
            shutil.copy(self.bin / f"python{re.split('rc|[+ ]', has)[0]}", self.bin / "python3")

    def pythons(self, folder, listed):
        """Put Pythons into a folder."""
        for version, candidate, venv in re.findall(r"(3\.\d+)(rc)?(\+venv)?", listed):
            level = "candidate" if candidate else "final"
            text = PYTHON.replace("{python}", sys.executable).replace("{level}", level)
            self.program(folder / f"python{version}", text.replace("{minor}", version[2:]))
            if venv or folder == self.apt:
                (folder / f"python{version}-venv").touch()

    def program(self, path, text):
        """Write a program."""
        path.write_text(text)
        path.chmod(0o755)

    def run(self, program):
        """Run one of Gradescope's two programs."""
        paths = {"PATH": str(self.bin), "APT": str(self.apt), "BIN": str(self.bin)}
        return subprocess.run([self.top / program], env=paths, capture_output=True, text=True)

    def not_graded(self):
        """Run the autograder, which must fail; give what students and staff read."""
        assert self.run("run_autograder").returncode == 1
        results = json.loads((self.top / "results" / "results.json").read_text(encoding="utf-8"))
        assert problems(results) == []
        assert results["score"] == 0
        return results["output"]


ON_UNIX = pytest.mark.skipif(os.name != "posix", reason="Gradescope's images are Linux")


@ON_UNIX
@pytest.mark.parametrize(
    ("has", "offers", "taken"),
    [
        ("3.12+venv", "3.13", "3.12"),
        ("3.13", "3.13", "3.13"),
        ("3.10+venv 3.12", "3.12 3.13", "3.12"),
        ("3.10+venv", "3.12 3.13", "3.13"),
        ("", "3.11 3.12rc", "3.11"),
        ("3.11rc+venv", "3.11rc", None),
        ("3.15+venv", "3.10", None),
        ("", "", None),
    ],
    ids=str,
)
def test_setup_takes_a_python_that_the_image_has_or_apt_offers(has, offers, taken, tmp_path):
    image = Image(tmp_path, has, offers)
    done = image.run("source/setup.sh")
    if taken:
        assert done.returncode == 0, done.stdout
        assert (image.top / "environment/bin/of").read_text() == f"python{taken}"
        assert (image.apt / "used").exists() == (f"{taken}+venv" not in has.split())
    else:
        assert done.returncode != 0
        told = "setup.sh: here is no Python 3.11 to 3.14, but for release candidates"
        assert done.stdout.rstrip().split("\n")[-1].startswith(told)
        assert told in image.not_graded()


@ON_UNIX
def test_why_setup_fails_is_in_results_and_no_password(tmp_path):
    image = Image(tmp_path / "network", "3.12")
    (image.apt / "broken").touch()
    assert image.run("source/setup.sh").returncode != 0
    told = image.not_graded()
    assert told.startswith("The autograder itself failed, which is not your fault")
    assert "E: no network" in told

    image = Image(tmp_path / "pip", "3.12+venv")
    said = 'ERROR: "numpy"\\ \x01 für https://me:secret@host/simple \t of no use\n'
    (image.apt / "pip").write_text(said, encoding="utf-8")
    assert image.run("source/setup.sh").returncode != 0
    told = image.not_graded()
    assert 'ERROR: "numpy"\\ ' in told
    assert "https://host/simple  of no use" in told
    assert (image.top / "setup.log").stat().st_mode & 0o077 == 0

    (image.apt / "pip").unlink()
    assert image.run("source/setup.sh").returncode == 0
    image.program(image.top / "environment/bin/python", "#!/bin/sh\necho no NumPy >&2\nexit 1\n")
    assert "\nno NumPy\n" in image.not_graded()


@pytest.fixture(scope="module")
def autograder(built):
    """Give a folder laid out as /autograder, after setup.sh has run in it."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        missing("only root can set up Gradescope's image")
    pwd = importlib.import_module("pwd")  # there is none on Windows
    had_user = NAME in {user.pw_name for user in pwd.getpwall()}
    for path in built.parents[:-1]:
        if path.stat().st_uid == os.geteuid() and path != Path("/tmp"):
            path.chmod(path.stat().st_mode | 0o011)  # as all users can enter /autograder
    folder = built.parent / "autograder"
    for name in ("source", "submission", "results"):
        (folder / name).mkdir(parents=True)
    with zipfile.ZipFile(built) as archive:
        for info in archive.infolist():
            archive.extract(info, folder / "source")
            (folder / "source" / info.filename).chmod(info.external_attr >> 16)
    shutil.copy(folder / "source" / "run_autograder", folder)
    (folder / "submission_metadata.json").write_text('{"id": 1, "users": [{"email": "a@b.c"}]}')
    environment = {key: os.environ[key] for key in os.environ if key.startswith(("PIP_", "HOME"))}
    how = {"env": {**environment, "PATH": PATH}, "cwd": "/", "capture_output": True, "text": True}
    done = subprocess.run([folder / "source" / "setup.sh"], **how)
    assert done.returncode == 0, done.stderr
    yield folder
    if not had_user:
        subprocess.run(["userdel", "--force", NAME], check=True)


def memory_below(pid):
    """Give the kilobytes that a process and all below it hold, each page counted once a process."""
    total, waiting = 0, [pid]
    while waiting:
        process = waiting.pop()
        with contextlib.suppress(OSError, IndexError, ValueError):
            for thread in Path(f"/proc/{process}/task").iterdir():
                waiting += map(int, (thread / "children").read_text().split())
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().split("\n")
            total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


def grade(autograder, build, *before):
    """Put a submission in its place and grade it; give results, seconds, most kilobytes."""
    for name in ("submission", "results"):
        shutil.rmtree(autograder / name)
        (autograder / name).mkdir(mode=0o755)
    build(autograder / "submission")
    began, most = time.monotonic(), 0
    with open(autograder / "output.txt", "w+") as output:
        how = {"env": {"PATH": PATH}, "cwd": autograder, "stdout": output, "stderr": output}
        with subprocess.Popen([*before, autograder / "run_autograder"], **how) as process:
            while process.poll() is None:
                assert time.monotonic() < began + 120
                most = max(most, memory_below(process.pid))
                time.sleep(0.05)
    results = json.loads((autograder / "results" / "results.json").read_text(encoding="utf-8"))
    assert problems(results) == [], (autograder / "output.txt").read_text()
    return results, time.monotonic() - began, most


def score(results):
    return sum(test["score"] for test in results["tests"])


def reference(folder):
    shutil.copytree(ROOT / "src" / "submission", folder / "submission")
    (folder / VECTORS).write_text(vectors(), encoding="utf-8")


@pytest.mark.slow
def test_the_reference_gets_full_marks_without_network_in_time_and_memory(autograder):
    alone = ["unshare", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True).returncode:
        alone = []  # no network can be taken away here
    results, seconds, kilobytes = grade(autograder, reference, *alone)
    assert score(results) == sum(test["max_score"] for test in results["tests"]) == worth()
    assert seconds < 60
    assert 20_000 < kilobytes < MOST_KILOBYTES
    assert "another user" in results["output"]
    user = importlib.import_module("pwd").getpwnam(NAME)  # who runs submissions
    closed = ["source", "source/solution/submission/sgd.py", "results", "results/results.json"]
    closed += ["submission_metadata.json"]
    paths = [autograder / name for name in [*closed, "environment"]]
    command = ["sh", "-c", 'for f; do [ -r "$f" ] && echo read || echo closed; done', "sh", *paths]
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    done = subprocess.run(command, **who, capture_output=True, text=True, cwd="/")
    assert done.stdout == "closed\n" * len(closed) + "read\n", done.stderr


def zipped(folder):
    """Hand in a zip: Gradescope unpacks one, so this is what a zip in a zip becomes."""
    reference(folder)
    with zipfile.ZipFile(folder / "work.zip", "w") as archive:
        for path in sorted(folder.rglob("*.py")) + sorted(folder.glob("*.json")):
            archive.write(path, path.relative_to(folder))
            path.unlink()


def empty_release(folder):
    for name, content in student_files().items():
        if name.startswith("src/submission/"):
            (folder / Path(name).name).write_text(content, encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "points", "told"),
    [
        (zipped, worth(), ""),
        (empty_release, 0, "is not written yet"),
        (lambda folder: None, 0, "is empty"),
    ],
    ids=["a zip in a zip", "the empty release", "nothing"],
)
def test_other_uploads_are_graded_or_explained(autograder, build, points, told):
    results, *_ = grade(autograder, build)
    assert score(results) == points
    failed = [test["output"] for test in results["tests"] if test["status"] == "failed"]
    assert bool(failed) == bool(told)
    assert told in (failed or [""])[0]
