"""Every mistake costs points in its own question alone, and the student is told what it is."""

import json
import re

import pytest
from hostile.fixture import vectors
from mistakes import (
    FIRST,
    FLOAT32,
    MISTAKES,
    QUIZ_MISTAKES,
    STYLES,
    VECTORS_MISTAKES,
    Style,
    apply,
)
from test_grader import TIME, compare_with_golden

import grader
from grading.outcomes import NOTE

ALL_ROWS = {row.name: row for row in [*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES]}
GRADED = [row for row in [*MISTAKES, *QUIZ_MISTAKES] if row.fails]
REFERENCE = Style("", ())
CHEAP = "2a-2-basic", "2b-1-basic", "2c-0-basic", "3a-1-hidden"  # one of each question
SAME_ERROR = "The same error as in "

DEFECTS = (  # of the original's tests: a submission with one of these got full marks
    "sgd: momentum",
    "sgd: doubled step",
    "sgd: one iteration too few",
    "sgd: x0 * 0",
    "postprocessing: ignored",
    "skip-gram: always the softmax loss",
    "skip-gram: six words at most",
    "sampling: gradients halved",
    "negatives: may be the outside word",
)
QUICK = (
    *DEFECTS[4:],
    "sgd: momentum",
    "sgd: one iteration too few",
    "sigmoid: nan for large x",
    "softmax: gradients swapped",
    "sampling: one random number more",
    "wrapper: one window too few",
    "annealing: only once",
    f"question {FIRST}: the letters that are wrong",
    f"question {FIRST}: a number",
)
LOSSES = [
    Style(f"{name}: loss in single precision", ((function, "return loss", "return np.float32(loss)"),))
    for name, function in (
        ("softmax", "naive_softmax_loss_and_gradient"),
        ("sampling", "neg_sampling_loss_and_gradient"),
        ("skip-gram", "skipgram"),
    )
]  # fmt: skip
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
    smallest = "The smallest case that fails"
    lines = [line for line in said.splitlines() if smallest not in line]
    return any(
        not re.search(plain, line) and "Likely causes: another" not in line for line in lines
    )


def shows_a_number(message):
    """Tell whether a message has a number that the submission does not know."""
    own = r"(yours is|[Tt]he step is|momentum:|weight decay:|the string) [-'\d.e+]+"
    return bool(re.search(r"\d\.\d", re.sub(own, "", message)))


def check(row, failures):
    """Check that a row fails what it must, in its own question alone, with its words."""
    assert set(row.fails) <= set(failures), failures
    assert {test[:2] for test in failures} == {row.fails[0][:2]}, failures
    said = "\n".join(
        failures[failures[test].removeprefix(SAME_ERROR).rstrip(".")]
        if failures[test].startswith(SAME_ERROR)
        else failures[test]
        for test in row.fails
    )
    assert names_mistake(said) != bool(row.unnamed), said
    assert [words for words in row.words if words not in said] == [], said
    for test, message in failures.items():
        assert "GraderError" not in message
        assert test.endswith("basic") or not shows_a_number(message), message


def rows(table):
    """Give rows to a test, each under its name; all are slow but those that are quick."""
    marks = {row.name: () if row.name in QUICK else pytest.mark.slow for row in table}
    params = [pytest.param(row, id=row.name, marks=marks[row.name]) for row in table]
    return pytest.mark.parametrize("row", params)


# The tables


def test_every_mistake_says_what_must_fail_and_what_must_be_told():
    assert len(ALL_ROWS) == len([*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES])
    for row in ALL_ROWS.values():
        assert bool(row.fails and row.words) != bool(getattr(row, "ungraded", "")), row.name
        assert set(row.fails) <= set(grader.all_tests()), row.name
    assert {*QUICK, *DEFECTS} <= {row.name for row in GRADED}


def test_nine_of_ten_mistakes_are_named():
    table = [row for row in ALL_ROWS.values() if row.fails]
    assert sum(not row.unnamed for row in table) >= 0.9 * len(table)


def test_rows_that_nobody_notices_are_few():
    assert [row.name for row in MISTAKES if row.ungraded] == [
        "sampling: gradients too large by a millionth",
        "printing: loss not smoothed",
        "printing: at every iteration",
    ]


# Mistakes


@rows(GRADED)
def test_mistake(row, grade, tmp_path):
    told = grade(apply(row, tmp_path), *row.fails, *CHEAP, "2a-7-hidden")
    check(row, told.failures)
    if row.function != "skipgram":  # a loss is charged once, in its own tests
        assert "2a-7-hidden" not in told.failures


def test_a_wrong_sigmoid_is_not_blamed_on_what_calls_it(grade, tmp_path):
    told = grade(apply(ALL_ROWS["sigmoid: of -x"], tmp_path), "2a-8")
    assert told.failures["2a-8-basic"].startswith("AssertionError: sigmoid differs most at")


@pytest.mark.parametrize("row", VECTORS_MISTAKES, ids=lambda row: row.name)
def test_wrong_vectors(row, grade, tmp_path):
    content = row.content(json.loads(vectors()))
    check(row, grade(apply(REFERENCE, tmp_path), "2c", vectors=content).failures)


def test_wrong_vectors_cost_nothing_elsewhere(grade, tmp_path):
    told = grade(apply(REFERENCE, tmp_path), *CHEAP, vectors=None)
    assert list(told.failures) == ["2c-0-basic"]  # there is no file


@rows([row for row in MISTAKES if row.ungraded])
def test_what_must_not_cost_points(row, grade, tmp_path):
    assert grade(apply(row, tmp_path), *questions_of(row)).failures == {}


# What basic tests tell in a note, which costs no points


def notes_of(told):
    assert told.failures == {}
    lines = [line for test in told.results["tests"] for line in test["output"].splitlines()]
    return [line.removeprefix(NOTE) for line in lines if line.startswith(NOTE)]


@pytest.mark.parametrize("row", [row for row in MISTAKES if row.notes], ids=lambda row: row.name)
def test_a_wrong_postprocessing_is_noted(row, grade, tmp_path):
    (note,) = notes_of(grade(apply(row, tmp_path), "2b-0"))
    assert note.startswith("sgd")
    assert [words for words in row.notes if words not in note] == []


@pytest.mark.parametrize(("name", "count"), [("sgd: in place", 2), ("sgd: type hints", 0)])
def test_an_x0_that_is_changed_is_noted(name, count, grade, tmp_path):
    style = next(style for style in STYLES if style.name == name)
    note = "sgd changes the x0 that it is given: work on a copy."
    assert notes_of(grade(apply(style, tmp_path), "2b-0", "2b-4")) == [note] * count


# What is right: for `STYLES` see test_honest


@rows([*FLOAT32, *LOSSES])
def test_single_precision_costs_nothing_but_where_a_loss_is_differentiated(row, grade, tmp_path):
    failures = grade(apply(row, tmp_path), *questions_of(row)).failures
    assert list(failures) == SINGLE_LOSSES.get(row.name, []), failures
    assert all("is something in single precision" in message for message in failures.values())


def test_rounded_vectors_are_right(grade, tmp_path):
    rounded = {word: [round(x, 5) for x in v] for word, v in json.loads(vectors()).items()}
    told = grade(apply(REFERENCE, tmp_path), "2c", vectors=json.dumps(rounded).encode())
    assert told.failures == {}


# What students see


def compare(name, told, folder):
    """Compare what was shown with the golden file, what differs from run to run masked."""
    shown = TIME.sub("took 0:00:00.000000 ", told.shown).replace(str(folder), "(handed in)")
    shown = re.sub("^Confinement: .*\n", "", shown, flags=re.MULTILINE)
    compare_with_golden(f"{re.sub('[^a-z]+', '_', name)}.txt", shown)


@pytest.mark.parametrize(
    ("name", "tests"),
    [
        ("softmax: outside gradient transposed", ("2a-0-basic", "2a-1-basic", "2a-6-hidden")),
        ("softmax: no one-hot subtracted", ("2a-0-basic", "2a-1-basic")),
        ("skip-gram: mean over the outside words", ("2a-0-basic", "2a-7-hidden")),
        ("skip-gram: always the softmax loss", ("2a-7-hidden",)),
        ("sgd: not written yet", ("2b-0-basic", "2b-3-hidden")),
        ("sgd: one iteration too few", ("2b-3-hidden",)),
    ],
)
def test_what_a_student_sees_of_a_mistake(name, tests, grade, tmp_path):
    compare(name, grade(apply(ALL_ROWS[name], tmp_path), *tests), tmp_path)


FAULTS = {  # function, old and new text, test
    "a function is missing": ("word2vec.py", "def sigmoid(", "def sigmod(", "2a-2"),
    "a package is missing": ("sgd.py", "import random", "import random\nimport nmpy", "2b-0"),
    "a bracket is missing": ("word2vec.py", "np.exp(-np.abs(x))", "np.exp(-np.abs(x)", "2a-2"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_student_sees_of_a_fault(name, grade, tmp_path):
    file, old, new, test = FAULTS[name]
    path = apply(REFERENCE, tmp_path) / "submission" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    compare(name, grade(tmp_path, test), tmp_path)
