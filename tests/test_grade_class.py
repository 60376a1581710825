"""A class graded: every score as its table says, and the same after any number of stops."""

import csv
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from boxes import TRUSTED
from hostile import ROWS
from hostile.fixture import REFERENCE, VECTORS, Hostile, vectors
from hostile.fixture import build as build_hostile
from hostile.verdict import POINTS, asked_for
from mistakes import MISTAKES, QUIZ_MISTAKES, apply
from results_validator import problems

import grade_class
from class_folder import ClassFolder
from graders import Grader

PROGRAM = Path(grade_class.__file__)
TESTS = [test for test in POINTS if "-" in test]

FAKE = """
import json, os
from pathlib import Path

HERE = Path(__file__).parent

def main(arguments, confine, workers):
    at = arguments.index("--submission")
    path, results = Path(arguments[at + 1]), Path(arguments[arguments.index("--gradescope") + 1])
    with open(HERE / "seen.txt", "a") as file:
        file.write(path.name + "\\n")
    order = json.loads((HERE / "orders.json").read_text()).get(path.name, {})
    print("about", path.name, *arguments[:at])
    print(f"in {path}")
    print("grader.py:", order.get("says", "a reason"))
    if order.get("dies"):
        os.kill(os.getpid(), 9)
    names, code = arguments[:at] or ["a", "b"], order.get("code", int(path.name != "submission"))
    scores = {"a": float(path.name == "ada"), "b": 0.0, **order.get("scores", {})}
    tests = [{"number": name, "score": scores[name], "max_score": 1.0, "output": "no" * (name == "b"),
              "status": "failed" if code else "passed"} for name in names]
    if order.get("results", True):
        extra = {"starved": order["starved"]} if "starved" in order else {}
        results.write_text(json.dumps({"tests": tests, "extra_data": extra}))
    return code
"""


class FakeGrader:
    """A grader that looks at nothing and does what it is told."""

    def __init__(self, source):
        self.source = source
        source.mkdir()
        for name in ("grader.py", "graderUtil.py", "points.json"):
            (source / name).write_text(FAKE * (name == "grader.py"))
        self.order()

    def order(self, **orders):
        (self.source / "orders.json").write_text(json.dumps(orders))

    def seen(self):
        """Name who was graded since the last look, as often as that was, besides the solution."""
        path = self.source / "seen.txt"
        names = path.read_text().split() if path.exists() else []
        path.write_text("")
        return sorted(name for name in names if name != "submission")


@pytest.fixture
def solution(tmp_path):
    shutil.copytree(REFERENCE, tmp_path / "staff" / "submission")
    (tmp_path / "staff" / VECTORS).write_text(vectors(), encoding="utf-8")
    return tmp_path / "staff" / "submission"


@pytest.fixture
def submissions(tmp_path):
    folder = tmp_path / "handed in"
    for name in ("ada", "bob", "=cy"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def fake(tmp_path, monkeypatch):
    monkeypatch.setattr(Grader, "source", tmp_path / "fake")
    return FakeGrader(tmp_path / "fake")


@pytest.fixture
def run(submissions, solution, out, capsys):
    """Give a function that grades the class, and gives the exit code and all that is told."""

    def run(*more, confined=False):  # a look whether submissions can be read takes a while
        options = ["--solution", str(solution), "--out", str(out), "--jobs", "1"]
        options += ["--unconfined"] * (not confined)
        code = grade_class.main([str(submissions), *options, *map(str, more)])
        told = capsys.readouterr()
        return code, told.out + told.err

    return run


def is_refused(told):
    """Tell whether a program refused, in a line."""
    code, line = told
    return code == 2 and line.startswith("grade_class.py: ") and line.count("\n") == 1


def table(out, name="grades.csv"):
    with open(out / name, newline="", encoding="utf-8-sig") as file:
        return {row["submission"].lstrip("'"): row for row in csv.DictReader(file)}


def column(out, name):
    return {key: row[name] for key, row in table(out).items()}


def test_a_class_is_graded_and_what_went_wrong_is_graded_again(run, fake, submissions, out):
    for name in ("class.json", "starved", "busy", "lost"):  # no name is in the way of our files
        (submissions / name).mkdir()
    for name in ("word2vec", "sgd"):
        (submissions / f"Dee_9_assignsubmission_file_{name}.py").write_text("")
    metadata = "ghost:\n  :submitters:\n  - :name: Ghost\n"
    (submissions / "submission_metadata.yml").write_text(metadata)
    busy = {"code": 2, "results": False, "says": "the machine was too busy: no room"}
    fake.order(**{"=cy": {"dies": True}, "lost": {"results": False}, "bob": {"code": 2, "results": False},
                  "starved": {"starved": ["a"]}, "busy": busy})  # fmt: skip
    code, told = run()
    assert code == 0
    assert len(fake.seen()) == 8 + 4  # by itself, who got no fair grading is graded again
    counts = "3 graded, 2 starved, 3 unfinished, 1 handed in nothing; median 0 points"
    assert f"8 submissions: {counts}" in told
    assert str(out / "grades.csv") in told
    assert "This machine carries" not in told
    status = column(out, "status")
    again = "unfinished: the grader did not finish; grade it again with --resume"
    assert status == {
        "Dee_9": "graded", "=cy": again, "ada": "graded", "bob": "unfinished: a reason", "class.json": "graded", "lost": again,
        "busy": "starved: the machine was too busy: no room", "ghost": "nothing handed in",
        "starved": "starved: the machine was too busy for a; grade it again with --resume",
    }  # fmt: skip
    assert (table(out)["=cy"]["name"], table(out)["ghost"]["name"]) == ("'=cy", "Ghost")
    assert f"in {out}/gathered/Dee_9\n" in (out / "submissions/Dee_9/report.txt").read_text()
    assert sorted(os.listdir(out / "gathered" / "Dee_9")) == ["sgd.py", "word2vec.py"]
    files = {path.name for path in out.iterdir()}
    written = {"grades.csv", "mistakes.csv", "summary.png"}
    assert files == {"submissions", "gathered", "class.json"} | written
    files = {path.name for path in (out / "submissions" / "ada").iterdir()}
    assert files == {"ended.json", "report.txt", "results.json"}
    assert (out.stat().st_mode & 0o077) == 0
    told = run()
    assert is_refused(told)
    assert "is not empty. Pass --resume" in told[1]

    (submissions / "ada" / "sgd.py").write_text("")  # a resubmission
    fake.order()
    assert run("--resume")[0] == 0
    assert fake.seen() == ["=cy", "ada", "busy", "lost", "starved"]
    assert column(out, "status") == dict.fromkeys(status, "graded") | {
        "bob": "unfinished: a reason",
        "ghost": "nothing handed in",
    }


def test_a_stopped_run_goes_on_with_what_is_left(run, fake, out, monkeypatch):
    monkeypatch.setattr(grade_class, "memory_here", lambda: 2**30)
    fake.order(bob={"code": 130})  # Ctrl-C stops the grader, too
    code, told = run("--jobs", "3")
    assert code == 130
    assert "This machine carries 1 at once: 3 will take longer." in told
    assert told.endswith("Stopped. To go on, pass --resume.\n")
    assert not (out / "grades.csv").exists()
    done = {path.name for path in (out / "submissions").iterdir()}
    assert "bob" not in done
    fake.order()
    fake.seen()
    assert run("--resume", "--jobs", "3")[0] == 0
    assert fake.seen() == sorted({"=cy", "ada", "bob"} - done)
    assert column(out, "total") == {"=cy": "0", "ada": "1", "bob": "0"}
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def test_what_was_graded_otherwise_is_graded_again(run, fake, tmp_path):
    assert run()[0] == 0
    (fake.source / "grading").mkdir()
    files = {"staff/submission/sgd.py": "the solution", "fake/grading/cases.py": "the grader",
             "fake/points.json": "points"}  # fmt: skip
    for file in files:
        (tmp_path / file).write_text("# another one")
    fake.order(bob={"code": 130})
    code, told = run("--resume")  # stopped half-way
    assert code == 130
    assert f"Changed since: {', '.join(['the solution', 'points', 'the grader'])}. All are" in told
    fake.order()
    fake.seen()
    assert run("--resume")[0] == 0
    assert "bob" in fake.seen()
    assert run("--resume")[0] == 0
    assert fake.seen() == []


def test_some_are_graded_again_and_what_changed_is_told(run, fake, submissions, out, capsys):
    assert run()[0] == 0
    assert "adda" in run("--regrade", "adda")[1]
    assert not (out / "changes.csv").exists()
    fake.order(bob={"scores": {"a": 1.0}})
    fake.seen()
    code, told = run("--regrade", "BOB")
    assert (code, fake.seen()) == (0, ["bob"])
    assert "1 of 3 changed: bob (1 gained points)" in told
    assert {"bob", "a", "0", "1"} <= set(table(out, "changes.csv")["bob"].values())
    earlier = json.loads((out / "submissions/bob/earlier/1/results.json").read_text())
    assert [test["score"] for test in earlier["tests"]] == [0, 0]
    assert grade_class.main(["--show", "bo", "--out", str(out)]) == 0
    assert "Graded 2 times" in capsys.readouterr().out

    fake.order(bob={"code": 130})
    assert run("--regrade", "--tests", "a")[0] == 130  # stopped half-way
    fake.order(bob={"scores": {"a": 0.5, "b": 1.0}})
    assert run("--resume")[0] == 0
    assert column(out, "total") == {"=cy": "0", "ada": "1", "bob": "0.5"}  # in test a alone
    report = (out / "submissions" / "bob" / "report.txt").read_text()
    assert [line for line in report.split("\n") if "about" in line] == ["about bob", "about bob a"]

    (submissions / "bob" / "sgd.py").write_text("")  # a resubmission, graded in all tests
    (fake.source / "points.json").write_text("other points")
    fake.seen()
    code, told = run("--regrade", "ada", "--tests", "a")
    assert (code, fake.seen()) == (0, ["ada", "bob"])
    assert column(out, "total") == {"=cy": "0", "ada": "1", "bob": "1.5"}
    assert "Graded before the last change: 1 more. --resume grades" in told
    assert "0 of 3 changed" in run("--resume")[1]
    assert fake.seen() == ["=cy"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--tests", "2a"], "--tests goes with --regrade"),
        (["--format", "canvas"], "needs the export of the grades: --roster FILE"),
        (["--part", "3/2"], "expected a part such as 3/20, not '3/2'"),
        (["--jobs", "0"], "expected a whole number from 1 to 64"),
    ],
)
def test_options_that_do_not_fit(run, capsys, options, words):
    with pytest.raises(SystemExit) as end:
        run(*options)
    told = capsys.readouterr().err
    assert is_refused((end.value.code, told))
    assert words in told


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--solution", "typo", "is not a folder. Name the package's folder"),
        ("--out", "handed in/out", "lies among the submissions"),
        ("--out", "handed in", "lies among the submissions"),
        ("--out", "thesis", "holds no class.json, so it is not a graded class"),
        ("--roster", "list.csv", "Export Entire Gradebook"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_graded(run, fake, tmp_path, option, value, words):
    (tmp_path / "list.csv").write_text("name\nada\n")
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "thesis.tex").touch()
    before = {*tmp_path.rglob("*")}
    told = run(option, tmp_path / value, *["--format", "canvas"] * (option == "--roster"))
    assert is_refused(told)
    assert words in told[1]
    assert {*tmp_path.rglob("*")} == before


@pytest.mark.skipif(bool(TRUSTED), reason="nothing confines submissions here")
def test_submissions_that_can_be_read_by_others_are_not_graded(run, fake, monkeypatch):
    monkeypatch.setattr(grade_class, "reachable", lambda sandbox, paths: [str(paths[1])])
    told = run(confined=True)
    assert is_refused(told)
    assert re.search(r"could read .*handed in/ada, .*: chmod -R go-rwx .*handed in\n", told[1])
    assert fake.seen() == []


@pytest.mark.parametrize(
    ("order", "line"),
    [
        ({"code": 1}, "the solution fails against itself: a: ; b: no"),
        ({"code": 1, "results": False}, "a reason"),
        ({"code": 2}, "a reason"),
    ],
)
def test_a_solution_that_is_wrong_is_refused(run, fake, order, line):
    fake.order(submission=order)
    assert run() == (2, f"grade_class.py: {line}\n")
    assert fake.seen() == []


def test_a_folder_is_of_one_class_and_one_run(run, fake, submissions, solution, out, capsys):
    assert run()[0] == 0
    other = submissions.rename(submissions.with_name("others"))
    options = ["--solution", str(solution), "--out", str(out), "--resume"]
    assert grade_class.main([str(other), *options]) == 2
    assert "holds grades of other submissions" in capsys.readouterr().err
    pytest.importorskip("fcntl", reason="no locks here")
    other.rename(submissions)
    with ClassFolder(out).locked():
        assert f"another run grades into {out}." in run("--resume")[1]


def test_parts_put_together_are_the_class(run, fake, tmp_path, capsys):
    first, second = parts = [str(tmp_path / f"part {k}") for k in (1, 2)]
    for k, part in enumerate(parts, 1):
        assert run("--out", part, "--part", f"{k}/2")[0] == 0
    assert [[*table(Path(part))] for part in parts] == [["=cy", "bob"], ["ada"]]
    assert "holds part 1/2, not 2/2" in run("--out", first, "--part", "2/2", "--resume")[1]
    empty = str(tmp_path / "part 4")
    told = run("--out", empty, "--part", "4/4")
    assert told == (0, "Part 4/4 is empty: the class has 3.\n")
    merged, other = tmp_path / "merged", tmp_path / "other"
    about = json.loads((Path(second) / "class.json").read_text())
    other.mkdir()
    (other / "class.json").write_text(json.dumps(about | {"run": about["run"] | {"points": "x"}}))
    wrong = {
        "of 2 parts, these are missing: 2.": [first],
        "of 4 parts, these are missing: 1, 2, 3.": [empty],
        "was graded for another class, solution or grader than": [first, str(other)],
        "are both part 1/2": [first, first],
        "holds no part that was graded to the end": [first, str(tmp_path / "none")],
    }
    for words, paths in wrong.items():
        assert grade_class.main(["--merge", *paths, "--out", str(merged)]) == 2
        assert words in capsys.readouterr().err
    assert grade_class.main(["--merge", *parts, "--out", str(merged)]) == 0
    assert column(merged, "total") == {"=cy": "0", "ada": "1", "bob": "0"}
    fake.seen()
    assert run("--out", merged, "--resume")[0] == 0  # it is a class like any other
    assert fake.seen() == []


def test_in_earnest(submissions, solution, out, monkeypatch):
    (submissions / "ada" / "word2vec.py").write_text("")
    shutil.copy(solution.parent / VECTORS, submissions / VECTORS)  # which are nobody's
    (submissions / "josé.zip").write_bytes(b"no zip")
    (submissions / "link").symlink_to(solution)
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")  # as the terminal is
    options = ["--solution", str(solution), "--out", str(out), *TRUSTED]
    assert grade_class.main([str(submissions), *options]) == 0
    assert column(out, "total") == dict.fromkeys(["=cy", "ada", "bob", "josé.zip", "link"], "0")
    assert "is empty. Hand in" in column(out, "status")["bob"]
    assert "is a link, which is not followed" in column(out, "status")["link"]
    report = (out / "submissions" / "josé.zip" / "report.txt").read_text(encoding="utf-8")
    assert "UploadError: josé.zip cannot be read" in report


# A class killed: all rows take half an hour, so a part is graded (CLASS_SIZE=1000 for all)

CLASS_SIZE = int(os.environ.get("CLASS_SIZE", "16"))
ELSEWHERE = dict.fromkeys(("port", "drop", "canary", "solution", "results", "upload", "base"), "0")


def spread(rows, count):
    """Choose rows from all over a table."""
    count = min(count, len(rows))
    return [rows[k * len(rows) // count] for k in range(count)]


def all_rows():
    """List hostile submissions and mistakes, and which tests pass and fail."""
    for row in ROWS:
        is_told = row.rule in ("decides", "shape", "secrets", "oracle", "errors")
        if is_told and not row.seconds:
            passes = {*row.passes.split()}
            yield row, passes, {*asked_for(row.tests)} - passes
    for row in [*MISTAKES, *QUIZ_MISTAKES]:
        if not getattr(row, "ungraded", False):
            passes = {test for test in TESTS if not test.startswith(row.fails[0][:2])}
            yield row, passes, {*row.fails}


def make_class(folder):
    """Hand in rows; give for each the tests that must pass, and must fail."""
    expected = {}
    for number, (row, *outcome) in enumerate(spread([*all_rows()], CLASS_SIZE)):
        path = folder / f"{number:03}"
        path.mkdir(parents=True)
        if isinstance(row, Hostile):
            build_hostile(row, path, ELSEWHERE)
        else:
            apply(row, path)
            (path / VECTORS).write_text(vectors(), encoding="utf-8")
        expected[path.name] = outcome
    return expected


def results_in(out):
    return len([*out.glob("submissions/*/results.json")])


@pytest.mark.slow
def test_a_class_killed_three_times(tmp_path, solution, out):
    expected = make_class(tmp_path / "class")
    command = [sys.executable, PROGRAM, tmp_path / "class", "--solution", solution, "--jobs", "2"]
    command = [*map(str, command), *TRUSTED, "--out"]
    for attempt in range(3):
        resume = ["--resume"] if out.exists() and any(out.iterdir()) else []
        order = [*command, str(out), *resume]
        with open(tmp_path / "errors.txt", "w") as errors:
            process = subprocess.Popen(order, stderr=errors, start_new_session=True)
        enough = results_in(out) + random.randint(2, 4)
        while results_in(out) < enough:
            assert process.poll() is None, (tmp_path / "errors.txt").read_text()
            time.sleep(0.02)
        if attempt == 0:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does, its graders too
        else:
            process.send_signal(signal.SIGKILL if attempt == 1 else signal.SIGTERM)
        process.wait()
        time.sleep(random.uniform(0, 0.5))  # graders that it left may still be at work
    done = subprocess.run([*command, str(out), "--resume"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = table(out)
    assert list(found) == sorted(expected)
    for name, (passes, fails) in expected.items():
        told = json.loads((out / "submissions" / name / "results.json").read_text(encoding="utf-8"))
        assert problems(told) == []
        passed = {test["number"] for test in told["tests"] if test["status"] == "passed"}
        assert passes <= passed, name
        assert not fails & passed, name
        points = {test: POINTS[test] * (test in passed) for test in TESTS}
        assert {test: float(found[name][test]) for test in TESTS} == points, name
        assert float(found[name]["total"]) == sum(points.values())

    some = spread(list(expected), 5)  # the same again without a stop
    for name in set(expected).difference(some):
        shutil.rmtree(tmp_path / "class" / name)
    subprocess.run([*command, str(tmp_path / "again")], check=True, capture_output=True)
    for name, row in table(tmp_path / "again").items():
        assert {key for key in row if row[key] != found[name][key]} <= {
            "processor seconds",
            "wall seconds",
        }
