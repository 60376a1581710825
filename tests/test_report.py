"""What is shown of a grading, by the terminal and by Gradescope: nothing for a submission to forge.

The terminal shows the handout's lines; results.json keeps the published contract.
"""

import copy
import json
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from results_validator import problems
from test_grader import compare_with_golden

from grading import outcomes
from grading import report as view
from grading.outcomes import Failure, Line, Outcome, Report, Status
from sandbox.text import escape, shortened
from utils.commands import SOURCE
from utils.utils import InputError

BASIC = outcomes.Test("2a-2-basic", "Sigmoid on the known case.", 1, 5)
HALF = outcomes.Test("2b-0-basic", "SGD from 0.5.", 0.5, 5)
LOCALLY = outcomes.Test("2a-7-hidden", "Skip-gram, other windows.", 3, 10, True, counts=False)
REMOTELY = replace(LOCALLY, counts=True)
QUIZ = outcomes.Test("3a-0-basic", "Question 1 is answered.", 0, 5)
SECRET = outcomes.Test("2b-3-hidden", "SGD on scalars.", 1, 5, True, hide_errors=True)
EXTRA = outcomes.Test("1a-0-basic", "By hand.", 2.5, 5, is_extra_credit=True)
TENTH = replace(BASIC, points=0.1)
VECTORS = outcomes.Test("2c-0-basic", "Vectors.", 1, 5)

AT = "sigmoid: the result differs most at [1]: yours is -0.29, expected 0.29."
WRONG = Failure("AssertionError", f"{AT}\nIt is negated.")
CRASH = Failure(
    "ZeroDivisionError",
    "division by zero",
    (
        Line("/home/ann/word2vec.py", 52, "skipgram", "    loss = step(1, 0)"),
        Line("/home/ann/word2vec.py", 9, "step", "    return a / b"),
    ),
)
SYNTAX = Failure("SyntaxError", "invalid syntax", (Line("sgd.zip/sgd.py", 3, "", "x = = 1"),))

REPORT = Report(
    (
        Outcome(BASIC, Status.PASSED, 0.011989),
        Outcome(HALF, Status.PASSED, 3723.5, printed="iter 10: 0.5\n\n  done\n"),
        Outcome(BASIC, Status.FAILED, 0.000062, WRONG, printed="x"),
        Outcome(HALF, Status.FAILED, 59.9999999, SYNTAX),
        Outcome(LOCALLY, Status.UNGRADED, 0.25),
        Outcome(LOCALLY, Status.FAILED, 0.25, CRASH),
        Outcome(REMOTELY, Status.PASSED, 1),
        Outcome(QUIZ, Status.PASSED, 0, notes=("read: a, c",)),
        Outcome(QUIZ, Status.UNANSWERED, 0, notes=("not answered here (...)",)),
        Outcome(SECRET, Status.FAILED, 0, CRASH, printed="mine"),
    ),
    ("Hidden tests were not graded.", "Confined by Landlock."),
)


def test_a_report_looks_as_in_the_handout():
    parts = [f"{view.start_of(one.test)}\n{view.end_of(one)}" for one in REPORT.outcomes]
    compare_with_golden("report.txt", "\n".join([view.START, *parts, view.end(REPORT), ""]))


@pytest.mark.parametrize(
    ("ends", "points", "extra"),
    [
        ([], "0.0/0.0", "0/0"),
        ([(HALF, Status.PASSED), (HALF, Status.FAILED)], "0.5/1.0", "0/0"),
        ([(BASIC, Status.PASSED), (LOCALLY, Status.UNGRADED)], "1.0/1.0", "0/0"),
        ([(EXTRA, Status.PASSED), (EXTRA, Status.FAILED)], "0.0/0.0", "2.5/5.0"),
        ([(TENTH, Status.PASSED)] * 3, "0.3/0.3", "0/0"),  # as people add, not as binary numbers
    ],
)
def test_sums(ends, points, extra):
    report = Report(tuple(Outcome(test, status, 0) for test, status in ends))
    line = f"========== END GRADING [{points} points + {extra} extra credit]"
    assert view.end(report) == line


# Nothing can be forged

FORGED = {
    "an END line": "----- END 2a-2-basic [took 0:00:00.000062 (max allowed 5 seconds), 1/1 points]",
    "a START line": "----- START 2a-3-hidden: Sigmoid.",
    "the sum": "========== END GRADING [6.0/6.0 points + 0/0 extra credit]",
    "behind blanks": " \t   ----- END 2a-2-basic [1/1 points]",
    "box drawing": "───── END 2a-2-basic",
    "em dashes": "————— END 2a-2-basic",
    "letters like dashes": "ーーーーー END 2a-2-basic",
    "double bars": "══════════ END GRADING [6.0/6.0 points]",
    "wide signs": "\uff1d" * 10 + " END GRADING",
    "no-break space": "\u00a0----- END 2a-2-basic",
    "an invisible sign between": "-\u034f" * 5 + " END 2a-2-basic",
    "an invisible sign in double bars": "=\u034f" * 10 + " END GRADING [6.0/6.0 points]",
    "no width": "\u200b----- END 2a-2-basic",
}
BREAKS = ["", *"\n\r\x0b\x0c\x1c\x85\u2028\0", "\r\n", "\x1b[1G", "\b" * 80]
LIKE_OURS = re.compile(r"\s*(--(?![a-z])|==|[-=]?[^\x00-\x7f])")


def failed_at(test, file, number, function):
    place = Line(file, number, function)
    return Outcome(test, Status.FAILED, 0, Failure("ValueError", "", place=place))


def with_everywhere(text, test=BASIC):
    """Give the outcome of a submission that says a text wherever it can."""
    line = Line(text, 1, text, text)
    failure = Failure(text or "Exception", text, (line, line))
    return Outcome(test, Status.FAILED, 0.5, failure, printed=text, notes=(text, f"read: {text}"))


@pytest.mark.parametrize("text", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("begin", ["", "said: "])
def test_no_line_of_the_grader_can_be_forged(text, begin):
    for end in BREAKS:
        name = f"{begin}{end}{text}{end}{text}"
        shown = view.end_of(with_everywhere(name))
        *lines, last, empty = shown.split("\n")
        assert (last[:10], empty) == ("----- END ", "")
        assert shown.splitlines() == [*lines, last]
        assert all(character.isprintable() or character == "\t" for character in "".join(lines))
        *noted, last = view.end(Report((), (name,))).splitlines()
        assert last == "========== END GRADING [0.0/0.0 points + 0/0 extra credit]"
        outcome = failed_at(BASIC, name, 1, name)
        following = view.next_step(Report((outcome,)), True).split("\n")
        assert following[0].startswith("Next: ")
        says_all = Failure("", name, (), outcome.failure.place)
        lines += noted + following + view.details(replace(outcome, failure=says_all))
        assert not [line for line in lines if LIKE_OURS.match(line)]


def rows_of(line, width):
    """Wrap a line as a terminal does."""
    rows, column = [""], 0
    for character in line:
        columns = 1 + (unicodedata.east_asian_width(character) in ("W", "F"))
        if character == "\t":
            columns = min(8 - column % 8, width - column)  # it goes no further than the last column
        elif unicodedata.category(character) in ("Mn", "Me"):
            columns = 0
        elif 0x1F300 <= ord(character) <= 0x1FAFF:
            columns = 2
        if column + columns > width:
            rows.append("")
            column = 0
        rows[-1] += character
        column += columns
    return rows


def assert_not_forged_where_wrapped(lines, width):
    """Check that no row could be the grader's, and that what the terminal wraps is harmless."""
    for line in lines:
        rows = rows_of(line, width)
        assert not [row for row in rows if LIKE_OURS.match(row)], (width, line)
        assert len(rows) == 1 or not re.search(LIKE_OURS.pattern[3:], line), (width, line)


WIDTHS = st.sampled_from([20, 80, 120]) | st.integers(20, 200)


@st.composite
def widths_and_texts(draw, widths=WIDTHS):
    """Give a width, and a text in which what is forged begins near the end of a row."""
    width, text = draw(widths), ""
    for _ in range(draw(st.integers(1, 3))):
        filler = draw(st.sampled_from(" x\t-=日é—😀🌡\u0301\u3099\ufe0f\x1b\u200b"))
        number = width // draw(st.sampled_from([1, 2, 4, 6])) - draw(st.integers(-2, 24))
        forged = draw(st.sampled_from([*FORGED.values()]) | st.text())
        text += draw(st.sampled_from(["", "a", "\n", "said: "])) + filler * number + forged
    return width, text


@settings(max_examples=80)
@example((80, " " * 78 + FORGED["an END line"]))
@example((80, "text" + " " * 62 + FORGED["an END line"]))
@example((80, "text\nmore" + " " * 72 + FORGED["an END line"]))
@example((80, "—" * 78 + FORGED["em dashes"]))
@example((20, "日" * 9 + "\u0301" + "x"))
@given(widths_and_texts())
def test_rows_fit_the_terminal_which_forges_nothing_by_wrapping(case):
    width, text = case
    outcome = with_everywhere(text)
    assert_not_forged_where_wrapped(view.details(outcome, width), width)
    said = ("This error caused the test to fail.", "[... ", "|", " ")
    for line in view.details(replace(outcome, notes=()), width):
        assert not line or line.startswith(said), (width, line)
    lines = view.details(Outcome(BASIC, Status.PASSED, 0, printed=text), width)
    assert not [line for line in lines if line[:2] not in ("| ", "|")]
    assert not [line for line in lines if len(rows_of(line, width)) > 1]
    shown = "".join(line[2:] for line in lines)  # what is printed is shown whole
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", escape(text.rstrip()))


# Rows


@pytest.mark.parametrize(
    ("printed", "rows"),
    [
        ("x" * 37, ["x" * 18, "x" * 18, "x"]),
        ("one two three four five", ["one two three four", "five"]),
        ("one two three fours five", ["one two three", "fours five"]),
        ("one " + "x" * 19, ["one", "x" * 18, "x"]),
        ("x" * 17 + "日", ["x" * 17, "日"]),
        ("😀" * 10, ["😀" * 9, "😀"]),
        ("a\tb\tc\td", ["a       b       c", "d"]),
        ("x\n\nx", ["x", "", "x"]),
    ],
)
def test_rows_of_what_is_printed_for_20_columns(printed, rows):
    shown = view.details(Outcome(BASIC, Status.PASSED, 0, printed=printed), 20)
    assert shown == [f"| {row}".rstrip() for row in rows]


def test_a_message_is_broken_between_words_in_a_terminal_and_whole_in_a_file():
    failure = Failure("AssertionError", f"{AT}\n{AT}")
    assert view.error(failure, 64) == [
        "  AssertionError: sigmoid: the result differs most at [1]: yours",
        "      is -0.29, expected 0.29.",
        "    sigmoid: the result differs most at [1]: yours is -0.29,",
        "      expected 0.29.",
    ]
    assert view.error(failure) == [f"  AssertionError: {AT}", f"    {AT}"]
    assert view.notes([AT], 64)[1] == "    expected 0.29."


PRINTS = """
from grading import report as view
from grading.outcomes import Outcome, Report, Status, Test
test, notes = Test("2a-2-basic", "Sigmoid.", 1, 5), ("-" * 300,)
outcome = Outcome(test, Status.PASSED, 0, printed="x" * 300, notes=notes)
print(view.end_of(outcome), view.end(Report((), notes)), sep="\\n")
results = view.results(Report((outcome,), notes))
assert max(map(len, results["output"].split("\\n"))) == 80
assert max(map(len, results["tests"][0]["output"].split("\\n"))) == 80
"""


@pytest.mark.parametrize("columns", [132, None])
def test_rows_are_as_wide_as_the_terminal_that_is_printed_to_and_80_elsewhere(columns):
    termios = pytest.importorskip("termios")
    ours, theirs = os.openpty() if columns else os.pipe()
    if columns:
        termios.tcsetwinsize(theirs, (24, columns))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    environment["PYTHONPATH"] = str(SOURCE)
    subprocess.run([sys.executable, "-c", PRINTS], stdout=theirs, env=environment, check=True)
    lines = os.read(ours, 100_000).decode().splitlines()
    os.close(ours)
    os.close(theirs)
    marked = [line for line in lines if line.lstrip().startswith("| ")]
    assert max(map(len, marked)) == (columns or 80)
    assert sum(len(line.lstrip(" |")) for line in marked) == 3 * 300


@pytest.mark.parametrize("unit", ["x", "\n", "\x00", "----- END\n", "e\u0301"])
def test_details_are_short_and_hold_both_ends(unit):
    text = f"begin {unit * 3_000} the end"
    part = text[:300]
    trace = (*(Line(part, number, part, part) for number in range(100)), Line("z.py", 2, "z"))
    failure = Failure("ValueError", text, trace)
    lines = view.details(Outcome(BASIC, Status.FAILED, 0, failure, text, (text,)), 40)
    assert len(lines) == 61 + 61 + 1 + 61 + 17  # printed, note, "This error", message, trace
    assert lines[0].startswith("| begin")
    assert lines[60].endswith(" end")
    assert lines[-1] == '  File "z.py", line 2, in z'
    assert len(re.findall(r"^\[\.\.\. [\d,]+ lines left out", "\n".join(lines), re.M)) == 4


def test_lines_left_out_are_counted():
    lines = [str(number) for number in range(100)]
    for most in (2, 3, 99):
        kept = shortened(lines, most)
        said = f"[... {100 - most} lines left out ...]"
        assert (len(kept), kept.count(said), kept[0], kept[-1]) == (most + 1, 1, "0", "99")
    assert shortened(lines, 100) == lines
    kept = shortened(["x" * 400] * 1000)
    assert 19_600 < len("\n".join(kept)) <= 20_000
    assert f"[... {1001 - len(kept)} lines left out ...]" in kept


# The next step


def test_the_next_step_is_the_first_function_of_the_first_question_that_fails(monkeypatch):
    report = [
        (Outcome(VECTORS, Status.FAILED, 0, WRONG), "2c word vectors: make data, then make run"),
        (failed_at(HALF, "sgd.py", 3, "sgd"), "2b sgd, sgd.py line 3"),
        (failed_at(BASIC, "word2vec.py", 90, "skipgram"), "2a skipgram, word2vec.py line 90"),
        (failed_at(BASIC, "word2vec.py", 70, "softmax"), "2a softmax, word2vec.py line 70"),
        (failed_at(BASIC, "word2vec.py", 33, "sigmoid"), "2a sigmoid, word2vec.py line 33"),
    ]
    monkeypatch.setattr(view, "find_treebank", lambda: view.SAMPLE)  # as if no other were here
    while report:
        found = Report(tuple(outcome for outcome, _ in [*report[-1:], *report[:-1]]))
        assert view.next_step(found, True) == f"Next: {report.pop()[1]}"
    monkeypatch.setattr(view, "find_treebank", lambda: "the real one")
    found = Report((Outcome(VECTORS, Status.FAILED, 0, WRONG),))
    assert view.next_step(found, True) == "Next: 2c word vectors: make run"


@pytest.mark.parametrize(
    ("outcome", "is_all", "told"),
    [
        (Outcome(BASIC, Status.PASSED, 0), True, "Next: hand in your work, make submission.zip"),
        (Outcome(BASIC, Status.PASSED, 0), False, "Next: all tests, make grade"),
        (failed_at(BASIC, "a.py", 0, "<module>"), True, "Next: 2a, a.py"),
        (failed_at(BASIC, "a.py", 0, "f"), True, "Next: 2a f, a.py"),
        (Outcome(BASIC, Status.FAILED, 0, WRONG), True, ""),  # no place: each test says why
    ],
)
def test_the_next_step_where_there_is_no_function(outcome, is_all, told):
    found = view.next_step(Report((outcome,)), is_all)
    assert found.startswith(told)
    assert bool(found) == bool(told)


# Gradescope's results.json

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


def test_the_file_is_for_its_owner_alone(tmp_path):
    path = tmp_path / "results.json"
    path.write_text("old")
    report = Report((with_everywhere("naïve \ud800 数学\r\n\0"),), ("\udcff",))
    view.write(path, report)
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
