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
from class_folder import ClassFolder

PROGRAM = Path(grade_class.__file__)
EVERYBODY = ["=cy", "ada", "bob", "submission"]  # and the solution
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
    names = arguments[:at] or ["a", "b"]
    scores = {"a": float(path.name == "ada"), "b": 0.0, **order.get("scores", {})}
    tests = [{"number": name, "score": scores[name], "max_score": 1.0, "output": "no" * (name == "b")}
             for name in names]
    if order.get("results", True):
        extra = {"starved": order["starved"]} if "starved" in order else {}
        results.write_text(json.dumps({"tests": tests, "extra_data": extra}))
    return order.get("code", int(path.name != "submission"))
"""


class Fake:
    """A grader that looks at nothing and does what it is told."""

    def __init__(self, source):
        self.source = source
        for name in ("grader.py", "graderUtil.py", "points.json"):
            (source / name).write_text(FAKE * (name == "grader.py"))
        self.order()

    def order(self, **orders):
        (self.source / "orders.json").write_text(json.dumps(orders))

    def seen(self):
        """Name who was graded since the last look, in some order."""
        path = self.source / "seen.txt"
        names = sorted(path.read_text().split("\n")[:-1]) if path.exists() else []
        path.write_text("")
        return names


@pytest.fixture
def graded(tmp_path, monkeypatch):
    (tmp_path / "fake").mkdir()
    monkeypatch.setattr(grade_class, "GRADER", tmp_path / "fake" / "grader.py")
    return Fake(tmp_path / "fake")


@pytest.fixture
def run(submissions, solution, out):
    def run(*more, confined=False):  # a look whether submissions can be read takes a while
        options = ["--solution", str(solution), "--out", str(out)]
        options += ["--unconfined"] * (not confined)
        return grade_class.main([str(submissions), *options, *more])

    return run


def table(out):
    with open(out / "grades.csv", newline="", encoding="utf-8-sig") as file:
        return {row["submission"].lstrip("'"): row for row in csv.DictReader(file)}


def test_all_are_graded_and_filed(run, graded, out, capsys):
    assert run() == 0
    assert graded.seen() == EVERYBODY
    names = {path.name for path in out.iterdir()}
    assert names == {"submissions", "class.json", "grades.csv", "mistakes.csv", "summary.png"}
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
    assert "3 submissions: 3 graded; median 0 points" in told
    assert str(out / "grades.csv") in told
    assert (out.stat().st_mode & 0o077) == 0


def test_one_that_the_grader_fails_at_stops_nobody_else(run, graded, out):
    graded.order(**{"bob": {"code": 2, "results": False}, "=cy": {"dies": True}})
    assert run() == 0
    found = table(out)
    assert found["bob"]["status"].endswith("a reason")
    assert "the grader did not finish" in found["=cy"]["status"]
    assert found["ada"]["status"] == "graded"


@pytest.mark.parametrize("order", [{"dies": True}, {"results": False}])
def test_who_was_not_graded_to_the_end_is_graded_again(run, graded, out, order):
    graded.order(bob=order)
    assert run() == 0
    assert "unfinished: the grader did not finish; grade it again" in table(out)["bob"]["status"]
    assert graded.seen() == sorted([*EVERYBODY, "bob"])
    graded.order()
    assert run("--resume") == 0
    assert graded.seen() == ["bob", "submission"]
    assert table(out)["bob"]["status"] == "graded"


@pytest.mark.skipif(bool(TRUSTED), reason="nothing confines submissions here")
def test_submissions_that_can_be_read_by_others_are_not_graded(run, graded, capsys, monkeypatch):
    monkeypatch.setattr(grade_class, "reachable", lambda sandbox, paths: [str(paths[1])])
    assert run(confined=True) == 2
    told = capsys.readouterr().err
    assert "handed in/ada" in told
    assert "chmod -R go-rwx" in told
    assert graded.seen() == ["submission"]
    assert run() == 0


def test_who_was_starved_is_graded_again_by_itself(run, graded, out):
    graded.order(ada={"starved": ["a"]})
    assert run() == 0
    assert graded.seen() == sorted([*EVERYBODY, "ada"])
    assert "starved: the machine was too busy for a; grade it again" in table(out)["ada"]["status"]
    graded.order()
    assert run("--resume") == 0
    assert graded.seen() == ["ada", "submission"]
    assert table(out)["ada"]["status"] == "graded"


def test_who_found_no_room_for_a_worker_is_graded_again(run, graded, out):
    graded.order(bob={"code": 2, "results": False, "says": "the machine was too busy: no room"})
    assert run() == 0
    assert graded.seen() == sorted([*EVERYBODY, "bob"])
    assert table(out)["bob"]["status"] == "starved: the machine was too busy: no room"


def test_a_stopped_run_goes_on_with_what_is_left(run, graded, out, capsys):
    graded.order(bob={"code": 130})  # Ctrl-C stops the grader, too
    assert run() == 130
    assert capsys.readouterr().err.endswith("Stopped. To go on, pass --resume.\n")
    assert not (out / "submissions" / "bob").exists()
    assert not (out / "grades.csv").exists()
    done = [path.name for path in (out / "submissions").iterdir()]
    graded.order()
    graded.seen()
    assert run("--resume") == 0
    assert not set(graded.seen()) & set(done)
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
    graded.seen()
    assert run("--resume") == 0
    assert graded.seen() == ["bob", "submission"]


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
    assert (found["name"], found["total"]) == ("Ghost", "0")
    assert found["status"] == "nothing handed in"
    assert "ghost" not in graded.seen()


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


@pytest.mark.parametrize(
    ("file", "what"),
    [("staff/submission/sgd.py", "the solution"), ("fake/points.json", "points"),
     ("fake/grading/cases.py", "the grader")],
)  # fmt: skip
def test_what_was_graded_otherwise_is_graded_again(run, graded, tmp_path, capsys, file, what):
    assert run() == 0
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("# another one")
    graded.order(bob={"code": 130})
    assert run("--resume") == 130  # stopped half-way
    assert f"Changed since: {what}. All are graded again." in capsys.readouterr().out
    graded.order()
    graded.seen()
    assert run("--resume") == 0
    assert "bob" in graded.seen()
    assert run("--resume") == 0
    assert graded.seen() == ["submission"]


def test_one_is_graded_again_and_what_changed_is_told(run, graded, out, capsys):
    assert run() == 0
    assert not (out / "changes.csv").exists()
    graded.order(bob={"scores": {"a": 1.0}})
    graded.seen()
    capsys.readouterr()
    assert run("--regrade", "BOB") == 0
    assert graded.seen() == ["bob", "submission"]
    assert "1 of 3 changed" in capsys.readouterr().out
    with open(out / "changes.csv", newline="", encoding="utf-8-sig") as file:
        (change,) = csv.DictReader(file)
    assert {"bob", "a", "0", "1"} <= set(change.values())
    earlier = json.loads((out / "submissions/bob/earlier/1/results.json").read_text())
    assert [test["score"] for test in earlier["tests"]] == [0, 0]
    assert run("--resume") == 0
    assert "0 of 3 changed" in capsys.readouterr().out


def test_one_test_is_graded_again(run, graded, out, capsys):
    assert run() == 0
    graded.order(bob={"code": 130})
    assert run("--regrade", "--tests", "a") == 130
    graded.order(bob={"scores": {"a": 1.0, "b": 1.0}})
    graded.seen()
    assert run("--resume") == 0
    assert "bob" in graded.seen()
    assert {name: row["total"] for name, row in table(out).items()} == {
        "=cy": "0", "ada": "1", "bob": "1"}  # fmt: skip
    report = (out / "submissions" / "bob" / "report.txt").read_text()
    assert [line for line in report.split("\n") if "about" in line] == ["about bob", "about bob a"]


def test_one_test_that_changed_is_graded_again_and_the_others_are_not(run, graded, capsys):
    assert run() == 0
    (graded.source / "points.json").write_text("other points")
    graded.seen()
    assert run("--regrade", "ada", "--tests", "a") == 0
    assert graded.seen() == ["ada", "submission"]
    assert "2 more were graded before the last change: --resume grades" in capsys.readouterr().out
    assert run("--resume") == 0
    assert graded.seen() == ["=cy", "bob", "submission"]


def test_what_was_handed_in_anew_is_graded_in_all_tests(run, graded, submissions, out):
    assert run() == 0
    (submissions / "bob" / "sgd.py").write_text("")
    graded.order(bob={"scores": {"b": 1.0}})
    assert run("--regrade", "--tests", "a") == 0
    assert totals(out) == {"=cy": "0", "ada": "1", "bob": "1"}


def test_who_is_to_be_graded_again_must_be_there(run, graded, capsys):
    assert run() == 0
    assert "adda" in refused(capsys, run("--regrade", "adda"))


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
    with pytest.raises(SystemExit):
        run(*options)
    assert words in refused(capsys, 2)


def test_a_gradebook_of_another_kind_is_told_before_anything_is_graded(
    run, graded, tmp_path, capsys
):
    (tmp_path / "list.csv").write_text("name\nada\n")
    told = refused(capsys, run("--roster", str(tmp_path / "list.csv"), "--format", "canvas"))
    assert "Export Entire Gradebook" in told
    assert graded.seen() == []


def test_parts_put_together_are_the_class(
    run, graded, submissions, solution, out, tmp_path, capsys
):
    assert run() == 0
    parts = [str(tmp_path / f"part {k}") for k in range(1, 5)]  # the last one is empty
    for k, part in enumerate(parts, 1):
        assert run("--out", part, "--part", f"{k}/4") == 0
    assert "is of part 1/4, not 2/4" in refused(
        capsys, run("--out", parts[0], "--part", "2/4", "--resume")
    )
    merged = str(tmp_path / "merged")
    capsys.readouterr()
    assert "of 4 parts, these are missing: 2, 3, 4." in refused(
        capsys, grade_class.main(["--merge", parts[0], "--out", merged])
    )
    about = json.loads((Path(parts[1]) / "class.json").read_text())
    other = tmp_path / "other"
    other.mkdir()
    (other / "class.json").write_text(json.dumps(about | {"run": about["run"] | {"points": "x"}}))
    told = refused(capsys, grade_class.main(["--merge", parts[0], str(other), "--out", merged]))
    assert "is of another class, solution or grader than" in told
    twice = grade_class.main(["--merge", parts[0], parts[0], "--out", merged])
    assert "are both part 1/4" in refused(capsys, twice)
    assert grade_class.main(["--merge", *parts, "--out", merged]) == 0
    assert totals(Path(merged)) == totals(out)
    options = ["--solution", str(solution), "--out", merged, "--resume", "--unconfined"]
    graded.seen()
    assert grade_class.main([str(submissions), *options]) == 0  # it is a class like any other
    assert graded.seen() == ["submission"]


def totals(out):
    return {name: row["total"] for name, row in table(out).items()}


def test_one_student_is_shown(run, graded, out, capsys):
    assert run() == 0
    capsys.readouterr()
    assert grade_class.main(["--show", "ad", "--out", str(out)]) == 0
    assert "ada" in capsys.readouterr().out


def test_files_handed_in_singly_are_graded_as_one(run, graded, submissions, out):
    for folder in submissions.iterdir():
        folder.rmdir()
    for name in ("word2vec", "sgd"):
        (submissions / f"adalovelace_1_2_{name}.py").write_text("")
    graded.order(**{"adalovelace_1": {"code": 1}})
    assert run() == 0
    (name,) = table(out)
    told = (out / "submissions" / name / "report.txt").read_text()
    assert f"in {out}/gathered/{name}" in told
    files = (out / "gathered" / name).iterdir()
    assert {path.name for path in files} == {"sgd.py", "word2vec.py"}


def test_more_gradings_at_once_than_memory_carries_are_told(run, graded, capsys, monkeypatch):
    monkeypatch.setattr(grade_class, "memory_here", lambda: 2**30)
    assert run("--jobs", "2") == 0
    assert "This machine carries 1 at once: 2 take longer." in capsys.readouterr().out
    assert run("--resume") == 0
    assert "carries" not in capsys.readouterr().out


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
    with ClassFolder(out).locked():
        (out / "submissions").rmdir()
        assert f"another run grades into {out}." in refused(capsys, run())
    assert run() == 0


def test_a_folder_of_something_else_is_not_touched(run, graded, out, capsys):
    out.mkdir()
    (out / "thesis.tex").write_text("")
    assert "holds no class.json of a class" in refused(capsys, run("--resume"))
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]


def test_results_among_the_submissions_are_refused(submissions, solution, capsys):
    arguments = ["--solution", str(solution), "--out", str(submissions / "out")]
    told = refused(capsys, grade_class.main([str(submissions), *arguments]))
    assert "lies among the submissions" in told
    assert not (submissions / "out").exists()


def test_a_solution_that_fails_against_itself_is_refused(run, graded, out, capsys):
    graded.order(submission={"code": 1})
    line = refused(capsys, run())
    assert line.endswith("the solution fails against itself: a: ; b: no\n"), line
    assert graded.seen() == ["submission"]


def test_what_the_grader_says_of_the_solution_is_told(run, graded, out, capsys):
    graded.order(submission={"code": 2})
    assert refused(capsys, run()) == "grade_class.py: a reason\n"


def test_no_folder_of_submissions(solution, out, tmp_path, capsys):
    options = ["--solution", str(solution), "--out", str(out)]
    assert "is no folder" in refused(capsys, grade_class.main([str(tmp_path / "none"), *options]))


def test_more_jobs_give_the_same_table(run, graded, out):
    assert run("--jobs", "1") == 0
    before = without_times(table(out))
    shutil.rmtree(out)
    assert run("--jobs", "3") == 0
    assert without_times(table(out)) == before


def without_times(table):
    return [{key: row[key] for key in row if "seconds" not in key} for row in table.values()]


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
    assert without_times(table(tmp_path / "again")) == without_times(
        {name: whole[name] for name in sorted(some)}
    )


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
