"""The tables of wrong and of honest submissions, graded.

Every mistake costs points in its own question alone, and the student is told what it is; what is right
gets full marks, however it is written or packed.
"""

import importlib.util
import json
import re

import pytest
from honest import EVERYTHING, FAULTY, HONEST, Honest, build
from hostile.fixture import asked_for, vectors
from mistakes import (
    FIRST,
    FLOAT32,
    MISTAKES,
    QUIZ_MISTAKES,
    STYLES,
    VECTORS_MISTAKES,
    Style,
    apply,
    style,
)
from test_grader import TIME, compare_with_golden
from worth import POINTS, full_marks

import grader
from grading.outcomes import NOTE

ALL_ROWS = {row.name: row for row in [*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES, *FAULTY]}
GRADED = [row for row in [*MISTAKES, *QUIZ_MISTAKES] if row.fails]
RIGHT = Style("", ())
CHEAP = "2a-2-basic", "2b-1-basic", "2c-0-basic", "3a-1-hidden"  # one of each question
SAME_ERROR = "The same error as in "

QUICK = (
    "skip-gram: always the softmax loss", "skip-gram: six words at most", "sampling: gradients halved",
    "negatives: may be the outside word", "sampling: one random number more", "wrapper: one window too few",
    "softmax: gradients swapped", "sigmoid: nan for large x", "sgd: momentum", "sgd: one iteration too few",
    "annealing: only once", "postprocessing: ignored", "a SyntaxError",
    f"question {FIRST}: the letters that are wrong", f"question {FIRST}: a number",
    "a zip of the folder", "losses compared", "imports what is given",
    "two candidates: a package and a single file",
)  # fmt: skip
LOSSES = [
    style(f"{name}: loss in single precision", function, "return loss", "return np.float32(loss)")
    for name, function in (
        ("softmax", "naive_softmax_loss_and_gradient"),
        ("sampling", "neg_sampling_loss_and_gradient"),
        ("skip-gram", "skipgram"),
    )
]
SINGLE_LOSSES = {  # a loss in single precision cannot be differentiated: there it costs points
    "scores in single precision": ["2a-8-basic"],
    "vectors in single precision": ["2a-8-basic"],
    "softmax: loss in single precision": ["2a-0-basic"],
    "sampling: loss in single precision": ["2a-8-basic"],
    "skip-gram: loss in single precision": ["2a-0-basic"],
}


def questions_of(row):
    """Name the questions that a style is in, and a cheap test of each other one."""
    return [*{"2b" if function == "sgd" else "2a" for function, _, _ in row.edits}, *CHEAP]


def names_mistake(said):
    """Tell whether messages hold more than where numbers differ."""
    number = r"-?[\d.e+-]+|nan|inf"
    plain = rf"differs( most at \[[\d, ]*\])?: yours is ({number})(, expected ({number}))?\.$"
    vague = rf"{plain}|The smallest case that fails|Likely causes: another"
    return any(not re.search(vague, line) for line in said.splitlines())


def shows_a_number(message):
    """Tell whether a message has a number that the submission does not know."""
    own = r"(yours is|[Tt]he step is|momentum:|weight decay:|the string) [-'\d.e+]+"
    return bool(re.search(r"\d\.\d", re.sub(own, "", message)))


def check(row, failures):
    """Check that a row fails what it must, in its own question alone, with its words."""
    assert set(row.fails) <= set(failures), failures
    assert {test[:2] for test in failures} == {row.fails[0][:2]}, failures
    messages = [failures[test] for test in row.fails]
    places = [message.partition(SAME_ERROR)[2].rstrip(".") for message in messages]
    messages += [failures[place] for place in places if place]
    said = "\n".join(message for message in messages if not message.startswith(SAME_ERROR))
    assert names_mistake(said) != bool(row.unnamed), said
    assert [words for words in row.words if words not in said] == [], said
    for test, message in failures.items():
        assert "GraderError" not in message
        assert test.endswith("basic") or not shows_a_number(message), message


def notes_of(told):
    """List what is told in notes, which cost no points."""
    lines = [line for test in told.results["tests"] for line in test["output"].splitlines()]
    return [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]


def rows(table):
    """Give rows to a test, each under its name; all are slow but those that are quick."""
    marks = {row.name: () if row.name in QUICK else pytest.mark.slow for row in table}
    params = [pytest.param(row, id=row.name, marks=marks[row.name]) for row in table]
    return pytest.mark.parametrize("row", params)


def test_every_mistake_says_what_must_fail_and_nearly_every_one_is_named():
    table = [*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES]
    assert len(ALL_ROWS) == len([*table, *FAULTY])
    for row in table:
        assert bool(row.fails and row.words) != bool(getattr(row, "ungraded", "")), row.name
        assert set(row.fails) <= set(grader.all_tests()), row.name
    assert set(QUICK) <= {row.name for row in [*GRADED, *HONEST, *FAULTY]}
    assert sum(bool(row.unnamed) for row in table) <= 0.1 * len(table)
    assert [row.name for row in MISTAKES if row.ungraded] == [
        "sampling: gradients too large by a millionth",
        "printing: loss not smoothed",
        "printing: at every iteration",
    ]


@rows(GRADED)
def test_mistake(row, grade, tmp_path):
    tests = {*row.fails, *CHEAP, "2a-7-hidden", *["2b-0-basic"] * row.is_noted}
    told = grade(apply(row, tmp_path), *tests)
    check(row, told.failures)
    if row.function != "skipgram":  # a loss is charged once, in its own tests
        assert "2a-7-hidden" not in told.failures
    if row.is_noted:
        (note,) = notes_of(told)
        assert note.startswith("sgd")
        assert [words for words in row.words if words not in note] == []


def test_a_wrong_sigmoid_is_not_blamed_on_what_calls_it(grade, tmp_path):
    told = grade(apply(ALL_ROWS["sigmoid: of -x"], tmp_path), "2a-8")
    assert told.failures["2a-8-basic"].startswith("AssertionError: sigmoid differs most at")


@pytest.mark.parametrize("row", VECTORS_MISTAKES, ids=lambda row: row.name)
def test_wrong_vectors(row, grade, tmp_path):
    content = row.content(json.loads(vectors()))
    check(row, grade(apply(RIGHT, tmp_path), "2c", vectors=content).failures)


def test_wrong_vectors_cost_nothing_elsewhere_and_rounded_ones_nothing(grade, tmp_path):
    told = grade(apply(RIGHT, tmp_path), *CHEAP, vectors=None)
    assert list(told.failures) == ["2c-0-basic"]  # there is no file
    rounded = {word: [round(x, 5) for x in v] for word, v in json.loads(vectors()).items()}
    assert grade(tmp_path, "2c", vectors=json.dumps(rounded).encode()).failures == {}


@rows([row for row in MISTAKES if row.ungraded])
def test_what_must_not_cost_points(row, grade, tmp_path):
    assert grade(apply(row, tmp_path), *questions_of(row)).failures == {}


@pytest.mark.parametrize(("name", "count"), [("sgd: in place", 2), ("sgd: type hints", 0)])
def test_an_x0_that_is_changed_is_noted(name, count, grade, tmp_path):
    row = next(row for row in STYLES if row.name == name)
    told = grade(apply(row, tmp_path), "2b-0", "2b-4")
    assert told.failures == {}
    assert notes_of(told) == ["sgd changes the x0 that it is given: work on a copy."] * count


@rows([*FLOAT32, *LOSSES])
def test_single_precision_costs_nothing_but_where_a_loss_is_differentiated(row, grade, tmp_path):
    failures = grade(apply(row, tmp_path), *questions_of(row)).failures
    assert list(failures) == SINGLE_LOSSES.get(row.name, []), failures
    assert all("is something in single precision" in message for message in failures.values())


# Honest submissions


@rows(HONEST)
def test_right_submission_gets_full_marks(row, grade, tmp_path):
    if row.needs and not importlib.util.find_spec(row.needs):
        pytest.skip(f"{row.needs} is not here")
    told = grade(build(row, tmp_path / "upload"), *row.tests.split(), vectors=None)
    assert told.failures == {}, told.shown
    tests = [test["number"] for test in told.results["tests"]]
    assert tests == asked_for(row.tests)
    assert full_marks(float(sum(POINTS[test] for test in tests))) in told.shown


@rows(FAULTY)
def test_fault_costs_what_it_concerns(row, grade, tmp_path):
    told = grade(build(row, tmp_path / "upload"), *EVERYTHING.split(), vectors=None)
    assert list(told.failures) == asked_for(row.fails), told.shown
    assert [words for words in row.words if words not in told.shown] == [], told.shown
    assert "Traceback" not in told.shown


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("softmax: outside gradient transposed", "2a-0-basic 2a-1-basic 2a-6-hidden"),
        ("softmax: no one-hot subtracted", "2a-0-basic 2a-1-basic"),
        ("skip-gram: mean over the outside words", "2a-0-basic 2a-7-hidden"),
        ("skip-gram: always the softmax loss", "2a-7-hidden"),
        ("sgd: not written yet", "2b-0-basic 2b-3-hidden"),
        ("sgd: one iteration too few", "2b-3-hidden"),
        ("a name that is not there", "2a-2"),
        ("an import that is not there", "2a-2"),
        ("an IndentationError", "2a-2"),
    ],
)
def test_what_a_student_sees(name, tests, grade, tmp_path):
    row = ALL_ROWS[name]
    path = (build if isinstance(row, Honest) else apply)(row, tmp_path / "handed in")
    told = grade(path, *tests.split())
    shown = TIME.sub("took 0:00:00.000000 ", told.shown).replace(str(path), "(handed in)")
    shown = re.sub("^Confinement: .*\n", "", shown, flags=re.MULTILINE)
    compare_with_golden(f"{re.sub('[^A-Za-z]+', '_', name)}.txt", shown)
