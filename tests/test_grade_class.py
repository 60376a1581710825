"""A class graded: every score as its table says, and the same after any number of stops."""

import csv
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import honest
import pytest
from boxes import TRUSTED
from honest import FAULTY, HONEST
from hostile import ROWS
from hostile.fixture import REFERENCE, VECTORS, vectors
from hostile.fixture import build as build_hostile
from hostile.verdict import POINTS, asked_for
from mistakes import MISTAKES, QUIZ_MISTAKES, VECTORS_MISTAKES, Style, apply
from results_validator import problems
from worth import full_marks, worth

import grade_class

PROGRAM = Path(grade_class.__file__)
TESTS = [test for test in POINTS if "-" in test]


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


def results(score):
    keys = "number", "score", "max_score", "output"
    tests = [dict(zip(keys, row, strict=True)) for row in (("a", score, 1, ""), ("b", 0, 1, "no"))]
    return json.dumps({"tests": tests})


@pytest.fixture
def graded(monkeypatch):
    """Let nothing be graded in earnest; give the paths that were to be."""
    seen, codes = [], {}

    def run_grader(path, folder, options):
        seen.append(path.name)
        (folder / "report.txt").write_text(f"about {path.name}\ngrader.py: a reason\n")
        if path.name == "submission":
            (folder / "results.json").write_text(results(0))
            return codes.get(path.name, 0)
        code = codes.get(path.name, 1)
        if code == "no results":  # Python was stopped while it started
            return 1
        (folder / "results.json").write_text(results(int(path.name == "ada")))
        if isinstance(code, BaseException):
            raise code
        return code

    monkeypatch.setattr(grade_class, "run_grader", run_grader)
    run_grader.seen, run_grader.codes = seen, codes
    return run_grader


@pytest.fixture
def run(submissions, solution, out):
    def run(*more):
        return grade_class.main(
            [str(submissions), "--solution", str(solution), "--out", str(out), *TRUSTED, *more]
        )

    return run


def table(out):
    with open(out / "grades.csv", newline="", encoding="utf-8-sig") as file:
        return {row["submission"].lstrip("'"): row for row in csv.DictReader(file)}


def test_all_are_graded_and_filed(run, graded, out, capsys):
    assert run() == 0
    assert sorted(graded.seen) == ["=cy", "ada", "bob", "submission"]
    names = {path.name for path in out.iterdir()}
    assert names == {"submissions", "class.json", "grades.csv", "summary.png"}
    assert {path.name for path in (out / "submissions").iterdir()} == {"=cy", "ada", "bob"}
    assert {path.name for path in (out / "submissions" / "ada").iterdir()} == {
        "ended.json",
        "report.txt",
        "results.json",
    }
    found = table(out)
    assert {name: row["total"] for name, row in found.items()} == {
        "=cy": "0",
        "ada": "1",
        "bob": "0",
    }
    assert found["=cy"]["name"] == "'=cy"
    told = capsys.readouterr().out
    assert "3 submissions, 3 graded, median 0 points" in told
    assert str(out / "grades.csv") in told
    assert (out.stat().st_mode & 0o077) == 0


def test_one_that_the_grader_fails_at_stops_nobody_else(run, graded, out):
    graded.codes |= {"bob": 2, "=cy": -9}
    assert run() == 0
    found = table(out)
    assert found["bob"]["status"] == "a reason"
    assert found["=cy"]["status"].startswith("the grader did not finish: ")
    assert found["ada"]["status"] == "graded"


@pytest.mark.parametrize("code", [None, -9, "no results"])  # None: it took too long
def test_who_was_not_graded_to_the_end_is_graded_again(run, graded, out, code):
    graded.codes["bob"] = code
    assert run() == 0
    assert table(out)["bob"]["status"] == "the grader did not finish: grade it again with --resume"
    assert Counter(graded.seen) == {"ada": 1, "bob": 2, "=cy": 1, "submission": 1}
    graded.codes.clear()
    graded.seen.clear()
    assert run("--resume") == 0
    assert sorted(graded.seen) == ["bob", "submission"]
    assert table(out)["bob"]["status"] == "graded"


@pytest.mark.skipif(bool(TRUSTED), reason="nothing confines submissions here")
def test_submissions_that_can_be_read_by_others_are_not_graded(run, graded, capsys, monkeypatch):
    monkeypatch.setattr(grade_class, "reachable", lambda sandbox, paths: [str(paths[1])])
    assert run() == 2
    told = capsys.readouterr().err
    assert "handed in/ada" in told
    assert "chmod -R go-rwx" in told
    assert graded.seen == ["submission"]
    assert run("--unconfined") == 0


def test_who_was_starved_is_graded_again_by_itself(run, graded, out, monkeypatch):
    starved = json.dumps({**json.loads(results(0)), "extra_data": {"starved": ["a"]}})
    monkeypatch.setattr(sys.modules[__name__], "results", lambda score: starved)
    assert run() == 0
    assert Counter(graded.seen) == {"ada": 2, "bob": 2, "=cy": 2, "submission": 1}
    assert table(out)["ada"]["status"].startswith("the machine was too busy for a: grade it again")
    monkeypatch.undo()
    monkeypatch.setattr(grade_class, "run_grader", graded)
    graded.seen.clear()
    assert run("--resume") == 0
    assert sorted(graded.seen) == ["=cy", "ada", "bob", "submission"]
    assert table(out)["ada"]["status"] == "graded"


@pytest.mark.parametrize("code", [130, -2, -15])
def test_a_stopped_run_goes_on_with_what_is_left(run, graded, out, capsys, code):
    graded.codes["bob"] = code  # Ctrl-C stops the grader, too
    assert run() == 130
    assert capsys.readouterr().err.endswith("Stopped. To go on, pass --resume.\n")
    assert not (out / "submissions" / "bob").exists()
    assert not (out / "grades.csv").exists()
    done = [path.name for path in (out / "submissions").iterdir()]
    graded.codes.clear()
    graded.seen.clear()
    assert run("--resume") == 0
    assert not set(graded.seen) & set(done)
    assert len(table(out)) == 3
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


def refused(capsys, code):
    assert code == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith("grade_class.py: ")
    return told


def test_a_folder_in_use_is_not_touched(run, graded, out, capsys):
    assert run() == 0
    assert "is not empty. Pass --resume" in refused(capsys, run())


def test_what_was_handed_in_anew_is_graded_anew(run, graded, submissions, out):
    assert run() == 0
    (submissions / "bob" / "sgd.py").write_text("")
    graded.seen.clear()
    assert run("--resume") == 0
    assert sorted(graded.seen) == ["bob", "submission"]


def test_names_of_submissions_are_in_nobodys_way(run, graded, submissions, out):
    for name in ("class.json", "summary.png", "submissions"):
        (submissions / name).mkdir()
    assert run() == 0
    assert len(table(out)) == 6


def test_what_the_metadata_has_but_nobody_handed_in(run, graded, submissions, out):
    (submissions / "submission_metadata.yml").write_text(
        "ghost:\n  :submitters:\n  - :name: Ghost\n"
    )
    assert run() == 0
    found = table(out)["ghost"]
    assert (found["name"], found["status"], found["total"]) == (
        "Ghost",
        "nothing was handed in",
        "0",
    )
    assert "ghost" not in graded.seen


def test_results_of_other_submissions_are_not_mixed(
    run, graded, submissions, solution, out, capsys
):
    assert run() == 0
    other = submissions.rename(submissions.with_name("others"))
    options = ["--solution", str(solution), "--out", str(out), "--resume"]
    assert "of other submissions" in refused(capsys, grade_class.main([str(other), *options]))


def test_a_wrong_solution_leaves_nothing_behind(submissions, out, tmp_path, capsys):
    options = ["--solution", str(tmp_path / "typo"), "--out", str(out)]
    assert "is no folder" in refused(capsys, grade_class.main([str(submissions), *options]))
    assert not out.exists()


def test_what_was_graded_against_another_solution_is_graded_again(run, graded, solution, capsys):
    assert run() == 0
    (solution / "sgd.py").write_text("# another one\n")
    assert run("--resume") == 0
    assert Counter(graded.seen) == dict.fromkeys(("=cy", "ada", "bob", "submission"), 2)
    assert "Changed since: the solution. All are graded again." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "what"), [("points.json", "points"), ("grading/cases.py", "the grader")]
)
def test_what_another_grader_graded_is_graded_again(
    run, graded, out, tmp_path, monkeypatch, capsys, file, what
):
    source = tmp_path / "src"
    shutil.copytree(grade_class.GRADER.parent, source, ignore=shutil.ignore_patterns("*.pyc"))
    monkeypatch.setattr(grade_class, "GRADER", source / "grader.py")
    assert run() == 0
    (source / file).write_text((source / file).read_text() + "\n")
    graded.codes["bob"] = KeyboardInterrupt()
    assert run("--resume") == 130  # stopped half-way
    assert f"Changed since: {what}." in capsys.readouterr().out
    graded.codes.clear()
    graded.seen.clear()
    assert run("--resume") == 0
    assert "bob" in graded.seen
    graded.seen.clear()
    assert run("--resume") == 0
    assert graded.seen == ["submission"]


def test_vectors_that_lie_among_the_submissions_are_nobodys(submissions, solution, out, capsys):
    for name in ("ada", "bob"):
        shutil.rmtree(submissions / name)
        shutil.copytree(REFERENCE, submissions / name)
    (submissions / "bob" / VECTORS).write_text(vectors(), encoding="utf-8")
    shutil.copy(solution.parent / VECTORS, submissions / VECTORS)
    (submissions / "=cy").rmdir()
    options = ["--solution", str(solution), "--out", str(out), *TRUSTED]
    assert grade_class.main([str(submissions), *options]) == 0
    totals = {name: float(row["total"]) for name, row in table(out).items()}
    assert totals == {"ada": worth() - worth("2c") - worth("1"), "bob": worth() - worth("1")}


def test_two_runs_do_not_write_into_one_folder(run, graded, out, capsys):
    pytest.importorskip("fcntl", reason="no locks here")
    with grade_class.own_folder(out, {}):
        (out / "class.json").unlink()
        for path in out.iterdir():
            path.rmdir()
        assert f"another run grades into {out}." in refused(capsys, run())
    assert run() == 0


def test_a_folder_of_something_else_is_not_touched(run, graded, out, capsys):
    out.mkdir()
    (out / "thesis.tex").write_text("")
    assert "holds no class to go on with" in refused(capsys, run("--resume"))
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_results_among_the_submissions_are_refused(submissions, solution, capsys):
    arguments = ["--solution", str(solution), "--out", str(submissions / "out")]
    told = refused(capsys, grade_class.main([str(submissions), *arguments]))
    assert "lies among the submissions" in told
    assert not (submissions / "out").exists()


def test_a_solution_that_fails_against_itself_is_refused(run, graded, out, capsys):
    graded.codes["submission"] = 1
    line = refused(capsys, run())
    assert line.endswith("the solution fails against itself: a: ; b: no\n"), line
    assert graded.seen == ["submission"]


def test_what_the_grader_says_of_the_solution_is_told(run, graded, out, capsys):
    graded.codes["submission"] = 2
    assert refused(capsys, run()) == "grade_class.py: a reason\n"


def test_no_folder_of_submissions(solution, out, tmp_path, capsys):
    options = ["--solution", str(solution), "--out", str(out)]
    assert "is no folder" in refused(capsys, grade_class.main([str(tmp_path / "none"), *options]))


def test_more_jobs_give_the_same_table(run, graded, out):
    assert run() == 0
    before = (out / "grades.csv").read_bytes()
    shutil.rmtree(out)
    assert run("--jobs", "3") == 0
    assert (out / "grades.csv").read_bytes() == before


def test_a_report_is_utf_8_where_the_terminal_is_not(run, submissions, out, monkeypatch):
    for folder in submissions.iterdir():
        folder.rmdir()
    (submissions / "josé.zip").write_bytes(b"no zip")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    assert run() == 0
    report = (out / "submissions" / "josé.zip" / "report.txt").read_text(encoding="utf-8")
    assert "UploadError: josé.zip cannot be read" in report


@pytest.mark.slow
def test_in_earnest(submissions, solution, out):
    shutil.rmtree(submissions / "=cy")
    shutil.copytree(solution, submissions / "ada" / "submission")
    shutil.copy(solution.parent / VECTORS, submissions / "ada")
    (submissions / "link").symlink_to(solution)
    command = [sys.executable, PROGRAM, submissions, "--solution", solution, "--out", out]
    done = subprocess.run([*map(str, command), "--jobs", "2"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = table(out)
    assert {name: row["total"] for name, row in found.items()} == {
        "ada": f"{worth():g}",
        "bob": "0",
        "link": "0",
    }
    assert "is empty. Hand in" in found["bob"]["status"]
    assert "is a link, which is not followed" in found["link"]["status"]
    report = (out / "submissions" / "ada" / "report.txt").read_text()
    assert full_marks(worth()) in report


# A class: all of it takes minutes, so CI grades a part (CLASS_SIZE=100 for all)

CLASS_SIZE = int(os.environ.get("CLASS_SIZE", "16"))


def spread(table, count):
    """Choose rows from all over a table."""
    return [table[k * len(table) // count] for k in range(count)]


def is_here(row):
    return not row.needs or importlib.util.find_spec(row.needs)


def with_vectors(folder, content):
    apply(Style("", ()), folder)
    if content is not None:
        (folder / VECTORS).write_bytes(content)


def make_class(folder):
    """Hand in 100 submissions; give for each the tests that must pass and those that must fail.

    Of fewer, each kind has its share.
    """
    right = [row for row in HONEST if not row.fails and row.path == "." and is_here(row)]
    wrong = [row for row in MISTAKES if not row.ungraded]
    attacks = [
        row
        for row in ROWS
        if row.rule in ("decides", "shape", "secrets", "oracle", "errors") and not row.seconds
    ]
    expected = {}

    def hand_in(kind, build, passes, fails):
        name = f"{len(expected):03}-{kind}"
        path = folder / name
        path.mkdir(parents=True)
        build(path)
        expected[name] = set(passes), set(fails)

    for row in spread(right, 24):
        hand_in("honest", lambda path, row=row: honest.build(row, path), asked_for(row.tests), ())
    for row in FAULTY:
        if row.path == ".":
            lost = asked_for(row.fails)
            build = lambda path, row=row: honest.build(row, path)  # noqa: E731
            hand_in("faulty", build, set(TESTS) - set(lost), lost)
    for row in spread(VECTORS_MISTAKES, 5):
        content = row.content(json.loads(vectors()))
        content = content if isinstance(content, bytes | None) else json.dumps(content).encode()
        others = [test for test in TESTS if not test.startswith("2c")]
        hand_in(
            "vectors", lambda path, content=content: with_vectors(path, content), others, row.fails
        )
    places = dict.fromkeys(("port", "drop", "canary", "solution", "results", "upload", "base"), "0")
    for row in spread(attacks, 15):
        lost = set(asked_for(row.tests)) - set(row.passes.split())
        build = lambda path, row=row: (path.rmdir(), build_hostile(row, path, places))  # noqa: E731
        hand_in("hostile", build, row.passes.split(), lost)
    for row in spread([*wrong, *QUIZ_MISTAKES], 100 - len(expected)):
        question = row.fails[0][:2]

        def build(path, row=row):
            apply(row, path)
            (path / VECTORS).write_text(vectors(), encoding="utf-8")

        hand_in(
            "mistake", build, [test for test in TESTS if not test.startswith(question)], row.fails
        )
    assert len(expected) == 100
    chosen = spread(list(expected), CLASS_SIZE)
    for name in set(expected).difference(chosen):
        shutil.rmtree(folder / name)
    return {name: expected[name] for name in chosen}


@pytest.mark.slow
def test_a_class_killed_three_times(tmp_path, solution, out):
    expected = make_class(tmp_path / "class")
    assert len(expected) == CLASS_SIZE
    command = [sys.executable, PROGRAM, tmp_path / "class", "--solution", solution, "--out", out]
    command = [*map(str, command), "--jobs", "2"]
    for attempt in range(3):
        resume = ["--resume"] if out.exists() and any(out.iterdir()) else []
        with open(tmp_path / "errors.txt", "w") as errors:
            process = subprocess.Popen([*command, *resume], stderr=errors, start_new_session=True)
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
    done = subprocess.run([*command, "--resume"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    check_class(expected, out)

    some = spread(list(expected), 5)  # the same again without a stop
    for name in set(expected).difference(some):
        shutil.rmtree(tmp_path / "class" / name)
    again = [*map(str, command[:-3]), str(tmp_path / "again")]
    subprocess.run(again, check=True, capture_output=True)
    whole = table(out)
    assert table(tmp_path / "again") == {name: whole[name] for name in some}


def results_in(out):
    return len([*out.glob("submissions/*/results.json")])


def check_class(expected, out):
    """Check every score of the table against what must pass and what must fail."""
    found, wrong = table(out), []
    assert list(found) == sorted(expected)
    for name, (passes, fails) in expected.items():
        told = json.loads((out / "submissions" / name / "results.json").read_text(encoding="utf-8"))
        assert problems(told) == []
        passed = {test["number"] for test in told["tests"] if test["status"] == "passed"}
        points = {test: float(found[name][test]) for test in TESTS}
        if not passes <= passed or fails & passed:
            wrong.append((name, sorted(passes - passed), sorted(fails & passed)))
        assert points == {test: POINTS[test] * (test in passed) for test in TESTS}, name
        assert float(found[name]["total"]) == sum(points.values())
    assert wrong == []
