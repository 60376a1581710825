"""The Gradescope view: it keeps the published contract, and the validator sees what breaks it."""

import copy
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from results_validator import problems
from test_terminal import (
    BASIC,
    BREAKS,
    CRASH,
    EXTRA,
    FORGED,
    LOCALLY,
    QUIZ,
    REMOTELY,
    REPORT,
    SECRET,
    assert_not_forged_where_wrapped,
    widths_and_texts,
    with_everywhere,
)

from grading import report as view
from grading.outcomes import Line, Outcome, Report, Status
from utils.utils import InputError

HIDDEN_QUIZ = replace(QUIZ, id="3a-1-hidden", points=2, is_hidden=True)
LATER = replace(BASIC, id="2a-3-hidden", after_published=True)
KEYS = {"number", "name", "score", "max_score", "status", "visibility", "extra_data", "output"}

# test, how it ended, then score, max_score, status, output
ENDS = {
    "passed": (BASIC, Status.PASSED, {}, 1, 1, "passed", ""),
    "failed": (BASIC, Status.FAILED, {}, 0, 1, "failed", ""),
    "hidden, passed": (REMOTELY, Status.PASSED, {}, 3, 3, "passed", ""),
    "hidden, failed": (REMOTELY, Status.FAILED, {}, 0, 3, "failed", ""),
    "ungraded": (LOCALLY, Status.UNGRADED, {}, 0, 0, "passed",
                 "Not graded here: there is no solution to compare with."),
    "ungraded, crashed": (LOCALLY, Status.FAILED, {"failure": CRASH}, 0, 0, "failed",
                          "Not graded here: there is no solution to compare with.\n"
                          "This error caused the test to fail.\n"
                          "  ZeroDivisionError: division by zero\n"
                          '  File "/home/ann/word2vec.py", line 52, in skipgram\n'
                          "    loss = step(1, 0)\n"
                          '  File "/home/ann/word2vec.py", line 9, in step\n'
                          "    return a / b"),
    "passed, but without a solution": (LOCALLY, Status.PASSED, {}, 0, 0, "passed",
                                       "Not graded here: there is no solution to compare with."),
    "worth nothing, passed": (QUIZ, Status.PASSED, {"notes": ("read: a, c",)}, 0, 0, "passed", "read: a, c"),
    "worth nothing, failed": (QUIZ, Status.FAILED, {}, 0, 0, "failed", ""),
    "unanswered": (QUIZ, Status.UNANSWERED, {"notes": ("not here",)}, 0, 0, "failed", "not here"),
    "unanswered, hidden": (HIDDEN_QUIZ, Status.UNANSWERED, {}, 0, 2, "failed", ""),
    "extra credit, passed": (EXTRA, Status.PASSED, {}, 2.5, 0, "passed", ""),
    "extra credit, failed": (EXTRA, Status.FAILED, {}, 0, 0, "failed", ""),
    "error hidden": (SECRET, Status.FAILED, {"failure": CRASH, "printed": "x\n"}, 0, 1, "failed",
                     "| x\nthe error is not shown for this test"),
}  # fmt: skip


def entry(outcome):
    """Give the one test of the results, after checking all of them."""
    results = view.results(Report((outcome,), ("Confined by Landlock.",), 1.5))
    assert problems(results) == []
    assert "score" not in results  # it would override the sum
    (test,) = results["tests"]
    assert test.keys() >= KEYS
    return test


@pytest.mark.parametrize(
    ("test", "status", "more", "score", "most", "says", "output"), ENDS.values(), ids=ENDS
)
def test_each_way_a_test_ends(test, status, more, score, most, says, output):
    shown = entry(Outcome(test, status, 0.5, **more))
    assert (shown["score"], shown["max_score"], shown["status"]) == (score, most, says)
    assert shown["output"] == output
    assert (shown["number"], shown["name"]) == (test.id, test.description)
    assert shown["extra_data"]["is_extra_credit"] == test.is_extra_credit
    assert ("message" in shown["extra_data"]) == ("failure" in more and test is not SECRET)
    assert (CRASH.message in json.dumps(shown)) == ("failure" in more and test is not SECRET)


def test_an_error_is_there_as_data():
    place = Line(Path("ann/word2vec.py"), 52, "skipgram")
    failure = replace(CRASH, message="by zero\r\0\ud800\nIt is 0.", place=place)
    for test in (BASIC, REMOTELY):
        told = entry(Outcome(test, Status.FAILED, 0, failure))["extra_data"]
        assert told == {
            "is_extra_credit": False,
            "kind": "ZeroDivisionError",
            "message": "by zero\\r\\x00\\ud800\nIt is 0.",
            "file": "word2vec.py",
        }
    long = replace(failure, message="x" * 9999, place=None)
    told = entry(Outcome(BASIC, Status.FAILED, 0, long))["extra_data"]
    assert (len(told["message"]), told["file"]) == (2000, "")


def test_a_test_reads_as_in_the_handout_and_says_who_sees_it():
    test = entry(Outcome(BASIC, Status.PASSED, 0))
    text = json.loads(json.dumps(test), parse_float=str)
    shown = f"{text['number']}) {text['name']} ({text['score']}/{text['max_score']})"
    assert shown == "2a-2-basic) Sigmoid on the known case. (1.0/1.0)"
    assert test["visibility"] == "visible"
    assert entry(Outcome(LATER, Status.FAILED, 0))["visibility"] == "after_published"


def test_the_whole():
    outcomes = [
        replace(outcome, test=replace(outcome.test, id=f"{number}-basic"))
        for number, outcome in enumerate(REPORT.outcomes)
    ]
    results = view.results(replace(REPORT, outcomes=tuple(outcomes), seconds=2.5))
    assert problems(results) == []
    assert results["output"] == "Hidden tests were not graded.\nConfined by Landlock."
    assert (results["execution_time"], results["stdout_visibility"]) == (2.5, "hidden")
    assert [test["number"] for test in results["tests"]] == [o.test.id for o in outcomes]
    sums = [sum(test[key] for test in results["tests"]) for key in ("score", "max_score")]
    assert tuple(sums) == REPORT.points
    with pytest.raises(ValueError, match="two tests have the same id"):
        view.results(Report((Outcome(BASIC, Status.PASSED, 0),) * 2))


@settings(max_examples=10)
@given(
    st.lists(
        st.sampled_from([*FORGED.values(), *BREAKS, "x" * 3000])
        | widths_and_texts(st.just(80)).map(lambda case: case[1])
        | st.text(),
        max_size=6,
    )
)
def test_what_a_submission_says_never_breaks_the_contract(parts):
    text = "".join(parts) * 3
    for test in (BASIC, LOCALLY):
        outcome = with_everywhere(text, test)
        shown = view.results(Report((outcome,), outcome.notes))
        assert problems(shown) == []
        for output in (shown["output"], shown["tests"][0]["output"]):
            assert_not_forged_where_wrapped(output.split("\n"), 80)
            assert all(c.isprintable() or c in "\n\t" for c in output)


@pytest.mark.parametrize("unit", ["\ud800", "x" * 500 + "\n"])
def test_long_output_is_cut(unit):
    outcome = with_everywhere((unit * 5_000)[:20_000], LOCALLY)
    outcome = replace(outcome, failure=replace(outcome.failure, trace=outcome.failure.trace * 8))
    assert len(entry(outcome)["output"]) <= 20_000
    report = Report((), ("note " * 700,) * 100)
    assert len(view.results(report)["output"]) <= 20_000


# The file


def test_the_file_is_written_whole_and_for_its_owner_alone(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    path.write_text("old")
    replaced = []
    monkeypatch.setattr(
        os, "replace", lambda a, b, do=os.replace: (replaced.append(path.read_text()), do(a, b))
    )
    report = Report((with_everywhere("naïve \ud800 数学\r\n\0"),), ("\udcff",))
    view.write(path, report)
    assert replaced == ["old"]
    assert json.loads(path.read_bytes()) == view.results(report)
    assert problems(path.read_bytes()) == []
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["results.json"]


def test_what_is_no_json_is_not_written(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON compliant"):
        view.write(path, Report((), (), float("nan")))
    assert {file: file.read_text() for file in tmp_path.iterdir()} == {path: "old"}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("nowhere/results.json", "No such file or directory"),
        ("file/results.json", "Not a directory"),
        ("folder", "no ordinary file"),
        ("pipe", "no ordinary file"),
        ("link", "no ordinary file"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_in_one_line(name, problem, tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(InputError, match=problem) as error:
        view.write(tmp_path / name, Report(()))
    assert "\n" not in str(error.value)
    assert str(tmp_path / name) in str(error.value)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "link", "pipe"]


# The validator

GOOD = {
    "score": 3, "execution_time": 0.5, "output": "a\tb\n", "output_format": "md",
    "test_output_format": "ansi", "test_name_format": "html", "visibility": "after_due_date",
    "stdout_visibility": "hidden", "extra_data": {},
    "tests": [
        {"score": 1, "max_score": 1.5, "status": "passed", "name": "n", "name_format": "text",
         "number": "1.1", "output": "", "output_format": "simple_format", "tags": ["t"],
         "visibility": "visible", "extra_data": {"is_extra_credit": False}},
        {"score": 2, "max_score": 0, "status": "failed", "number": "2",
         "extra_data": {"is_extra_credit": True}},
        {"status": "passed"},
    ],
    "leaderboard": [{"name": "n", "value": 1.5, "order": "asc"},
                    {"name": "m", "value": "*", "order": "desc"}],
}  # fmt: skip
GONE = object()
DAMAGE = [  # where, and what must not stand there
    *((("score",), value) for value in (True, "1", None, [1], float("nan"), float("inf"), -1, GONE)),
    *((("output",), value) for value in (1, None, ["x"], "a\rb", "a\0b", "\ud800", "x" * 20_001)),
    *((("extra_data",), value) for value in (None, [], "x", {"x": float("nan")}, {"x": {1}})),
    *((("tests",), value) for value in (None, {}, "x", [1], [[]], [None])),
    *((("tests", 0, "score"), value) for value in (True, "1", -1, 1.6)),
    *((("tests", 0, "status"), value) for value in ("", "error", "PASSED", None, True, GONE)),
    *((("tests", 0, "tags"), value) for value in ("t", [1], [None], {}, ["a\0"])),
    *((("tests", 0, "extra_data"), value) for value in (None, [], {"is_extra_credit": 1})),
    *((("tests", 1, "extra_data"), value) for value in (GONE, {"is_extra_credit": False})),
    *(((*place, "more"), 1) for place in ((), ("tests", 0), ("leaderboard", 0))),
    *(((key,), "rich") for key in ("output_format", "test_output_format", "test_name_format")),
    *(((key,), "shown") for key in ("visibility", "stdout_visibility", "execution_time")),
    (("tests", 0, "max_score"), 0.9), (("tests", 0, "name"), 1), (("tests", 0, "number"), "2"),
    (("tests", 0, "output"), "x" * 20_001), (("tests", 0, "visibility"), "shown"),
]  # fmt: skip
TEXTS = [
    "", '{"score": 1', '{"score": 1}{"score": 1}', 'hello\n{"score": 1}', "[]", "1", "{}",
    '{"score": NaN}', '{"score": 1, "score": 2}', '{\r\n"score": 1}', '\ufeff{"score": 1}',
    '{"score": 1}'.encode("utf-16"), '{"tests": []}', "[" * 100_000,
]  # fmt: skip


def damaged(path, value):
    results = copy.deepcopy(GOOD)
    place = results
    for key in path[:-1]:
        place = place[key]
    if value is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return results


def test_the_validator_finds_damage_and_nothing_where_all_is_well():
    a_test = {"tests": [{"score": 0, "status": "failed"}]}
    for good in (GOOD, json.dumps(GOOD), json.dumps(GOOD).encode(), {"score": 0}, a_test):
        assert problems(good) == []
    assert [case for case in DAMAGE if not problems(damaged(*case))] == []
    assert [text for text in TEXTS if not problems(text)] == []
