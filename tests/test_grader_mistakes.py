"""Every mistake costs points in its own question alone, and the student is told what it is."""

import itertools
import json
import re
import shutil

import pytest
from hostile.fixture import VECTORS, vectors
from mistakes import (
    FIRST,
    FLOAT32,
    MISTAKES,
    QUIZ_MISTAKES,
    REFERENCE,
    STYLES,
    VECTORS_MISTAKES,
    Style,
    apply,
)
from test_grader import TIME, compare_with_golden

import grader
import graderUtil
from grading.course import open_course, read_solution
from grading.outcomes import NOTE
from sandbox.confine import strongest_confinement
from sandbox.workers import ForkedWorkers

TESTS = grader.all_tests()
CHEAP = "2a-2-basic", "2b-1-basic", "2c-0-basic", "3a-1-hidden"  # one of each question
OF_SKIPGRAM = ("2a-7-hidden",)
SECONDS = 5  # limit of a test, where the grader gives some of them more

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
    "sigmoid: nan for large x",
    "softmax: gradients swapped",
    "negatives: may be the outside word",
    "sampling: one random number more",
    "skip-gram: six words at most",
    "wrapper: one window too few",
    "sgd: momentum",
    "sgd: one iteration too few",
    "annealing: only once",
    "postprocessing: ignored",
    f"question {FIRST}: the letters that are wrong",
    f"question {FIRST}: a number",
)
SINGLE_LOSSES = {  # a loss in single precision cannot be differentiated: test and words
    "scores in single precision": ("2a-8-basic", "is something in single precision"),
    "vectors in single precision": ("2a-8-basic", "is something in single precision"),
    "softmax: loss in single precision": ("2a-0-basic", "is something in single precision"),
    "sampling: loss in single precision": ("2a-8-basic", "is something in single precision"),
    "skip-gram: loss in single precision": ("2a-0-basic", "is something in single precision"),
}
LOSSES = [
    Style(f"{name}: loss in single precision", ((function, "return loss", new),))
    for name, function, new in (
        ("softmax", "naive_softmax_loss_and_gradient", "return np.float32(loss)"),
        ("sampling", "neg_sampling_loss_and_gradient", "return np.float32(loss)"),
        ("skip-gram", "skipgram", "return np.float32(loss)"),
    )
]


class OneNursery(ForkedWorkers):
    """One nursery for many submissions: what it cost to start would be most of the time."""

    def close(self):
        """Go on: `end` ends it."""

    end_nursery = ForkedWorkers.close


@pytest.fixture(scope="module")
def workers():
    """Give a function that gives workers, always the same."""
    kept = OneNursery()
    yield lambda preload: kept
    kept.end_nursery()


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    """Give the folder of a solution."""
    folder = tmp_path_factory.mktemp("solution")
    shutil.copytree(REFERENCE, folder / "submission", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    return folder


@pytest.fixture
def grade(solution, workers, monkeypatch):
    """Give a function that grades what is in a folder: it gives the report and what was shown."""

    def grade(folder, tests, has_vectors=False):
        if not has_vectors:
            shutil.copy(solution / VECTORS, folder)
        course = open_course(
            folder,
            read_solution(solution),
            strongest_confinement(),
            seconds=SECONDS,
            workers=workers,
        )
        monkeypatch.setattr(graderUtil.GradedTestCase, "course", course)
        lines = []
        try:
            report = graderUtil.CourseTestRunner(lines.append).run(
                [TESTS[test] for test in dict.fromkeys(tests)]
            )
        finally:
            course.close()
        return report, "\n".join(lines)

    return grade


def failures(report):
    """Give type and text of each error, by test."""
    return {
        outcome.test.id: f"{outcome.failure.kind}: {outcome.failure.message}"
        for outcome in report.outcomes
        if outcome.failure
    }


def question_of(row):
    """Name the question of a row: where its points are lost."""
    if not hasattr(row, "function"):
        return "2c"
    if row.function.startswith("question_"):
        return row.fails[0][:2]
    return "2b" if row.function == "sgd" else "2a"


def chosen(*questions):
    """List the tests of some questions, and a cheap one of each other question."""
    return [test for test in TESTS if test.startswith(questions) or test in CHEAP]


def check(row, question, report):
    """Check that a row fails what it must, in its own question alone, with its words."""
    failed = failures(report)
    assert set(row.fails) <= set(failed), failed
    assert all(test.startswith(question) for test in failed), failed
    said = "\n".join(failed[test] for test in row.fails)
    assert names_mistake(said) != bool(row.unnamed), said
    assert [words for words in row.words if words not in said] == [], said
    for test, message in failed.items():
        assert "GraderError" not in message
        assert test.endswith("basic") or not shows_a_number(message), message


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


def rows(*tables, quick=()):
    """Give rows to a test, each under its name; all are slow but those that are quick."""
    return pytest.mark.parametrize(
        "row",
        [
            pytest.param(row, id=row.name, marks=() if row.name in quick else pytest.mark.slow)
            for row in itertools.chain(*tables)
        ],
    )


# The tables


def test_every_mistake_says_what_must_fail_and_what_must_be_told():
    all_rows = [*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES]
    names = [row.name for row in all_rows]
    assert len(set(names)) == len(names)
    for row in all_rows:
        noticed = bool(row.fails and row.words)
        assert noticed != bool(getattr(row, "ungraded", "")), row.name
        assert set(row.fails) <= set(TESTS), row.name
    assert set(QUICK) <= set(names)


def test_nine_of_ten_mistakes_are_named():
    table = [row for row in [*MISTAKES, *QUIZ_MISTAKES, *VECTORS_MISTAKES] if row.fails]
    named = [row for row in table if not row.unnamed]
    print(f"{len(named)} of {len(table)} mistakes are named: {len(named) / len(table):.1%}")
    assert len(named) >= 0.9 * len(table)


def test_rows_that_nobody_notices_are_few():
    assert [row.name for row in MISTAKES if row.ungraded] == [
        "sampling: gradients too large by a millionth",
        "printing: loss not smoothed",
        "printing: at every iteration",
    ]


def test_what_the_original_did_not_notice_are_rows():
    names = [row.name for row in MISTAKES if row.fails]
    assert [name for name in DEFECTS if name not in names] == []


def test_every_damage_to_what_is_given_fails_its_own_test():
    given = "get_negative_samples", "neg_sampling_loss_and_gradient", "word2vec_sgd_wrapper"
    damages = [row for row in MISTAKES if row.function in given and not row.ungraded]
    assert len(damages) > 30
    assert [row.name for row in damages if row.fails != ("2a-8-basic",)] == []


@pytest.mark.parametrize(
    ("message", "is_shown"),
    [
        ("sigmoid differs most at [0, 2]: yours is 0.997527. It is negated.", False),
        ("The step is 1.000001 times the one given.", False),
        ("sigmoid differs most at [2]: yours is 0.5, expected 0.25.", True),
        ("skipgram: the loss is 1.5 times too large", True),
    ],
)
def test_numbers_that_are_not_the_students_are_seen(message, is_shown):
    assert shows_a_number(message) == is_shown


# Mistakes


@rows([row for row in MISTAKES if not row.ungraded], QUIZ_MISTAKES, quick=QUICK)
def test_mistake(row, grade, tmp_path):
    report, _ = grade(apply(row, tmp_path), [*row.fails, *CHEAP, *OF_SKIPGRAM])
    check(row, question_of(row), report)
    if row.function != "skipgram":  # a loss is charged once, in its own tests
        assert OF_SKIPGRAM[0] not in failures(report)


def test_a_wrong_sigmoid_is_not_blamed_on_what_calls_it(grade, tmp_path):
    row = next(row for row in MISTAKES if row.name == "sigmoid: of -x")
    report, _ = grade(apply(row, tmp_path), ["2a-8-basic"])
    assert failures(report)["2a-8-basic"].startswith("AssertionError: sigmoid differs most at")


@pytest.mark.parametrize("row", VECTORS_MISTAKES, ids=lambda row: row.name)
def test_wrong_vectors(row, grade, tmp_path):
    folder, content = apply(Style("", ()), tmp_path), row.content(json.loads(vectors()))
    if content is not None:
        (folder / VECTORS).write_bytes(content)
    report, _ = grade(folder, ["2c-0-basic", "2c-1-hidden"], has_vectors=True)
    check(row, question_of(row), report)


def test_wrong_vectors_cost_nothing_elsewhere(grade, tmp_path):
    report, _ = grade(apply(Style("", ()), tmp_path), CHEAP, has_vectors=True)
    assert list(failures(report)) == ["2c-0-basic"]  # there is no file


@rows([row for row in MISTAKES if row.ungraded])
def test_what_must_not_cost_points(row, grade, tmp_path):
    report, _ = grade(apply(row, tmp_path), chosen(question_of(row)))
    assert failures(report) == {}


# What basic tests tell in a note, which costs no points


def notes_of(folder, grade, *tests):
    report, _ = grade(folder, tests)
    assert report.points[0] == report.points[1] > 0
    return [note for outcome in report.outcomes for note in outcome.notes]


@pytest.mark.parametrize("row", [row for row in MISTAKES if row.notes], ids=lambda row: row.name)
def test_a_wrong_postprocessing_is_noted(row, grade, tmp_path):
    (note,) = notes_of(apply(row, tmp_path), grade, "2b-0-basic")
    assert note.startswith(f"{NOTE}sgd")
    assert [words for words in row.notes if words not in note] == []


def test_an_x0_that_is_changed_is_noted(grade, tmp_path):
    style = next(style for style in STYLES if style.name == "sgd: in place")
    note = f"{NOTE}sgd changes the x0 that it is given: work on a copy."
    assert notes_of(apply(style, tmp_path), grade, "2b-0-basic", "2b-4-hidden") == [note, note]


def test_of_what_is_right_nothing_is_noted(grade, tmp_path):
    folder = apply(Style("", ()), tmp_path)
    assert notes_of(folder, grade, "2b-0-basic", "2b-3-hidden", "2b-4-hidden") == []


# What is right


def questions_of(row):
    return tuple({"2b" if function == "sgd" else "2a" for function, _, _ in row.edits})


@rows(STYLES)
def test_style(row, grade, tmp_path):
    report, _ = grade(apply(row, tmp_path), chosen(*questions_of(row)))
    assert failures(report) == {}


@rows(FLOAT32, LOSSES)
def test_single_precision_costs_nothing_but_where_a_loss_is_differentiated(row, grade, tmp_path):
    report, _ = grade(apply(row, tmp_path), chosen(*questions_of(row)))
    failed, (test, words) = failures(report), SINGLE_LOSSES.get(row.name, (None, ""))
    assert list(failed) == [test] * (test is not None), failed
    assert words in failed.get(test, "")


def test_rounded_vectors_are_right(grade, tmp_path):
    folder = apply(Style("", ()), tmp_path)
    rounded = {
        word: [round(x, 5) for x in vector] for word, vector in json.loads(vectors()).items()
    }
    (folder / VECTORS).write_text(json.dumps(rounded))
    report, _ = grade(folder, chosen("2c"), has_vectors=True)
    assert failures(report) == {}
    assert report.points[0] == report.points[1] > 0


# What students see


def compare(name, shown, folder):
    """Compare what was shown with the golden file, what differs from run to run masked."""
    shown = TIME.sub("took 0:00:00.000000 ", shown).replace(str(folder), "(handed in)")
    compare_with_golden(f"{re.sub('[^a-z]+', '_', name)}.txt", f"{shown}\n")


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
    row = next(row for row in MISTAKES if row.name == name)
    _, shown = grade(apply(row, tmp_path), tests)
    compare(name, shown, tmp_path)


FAULTS = {  # file, old and new text, test
    "a function is missing": ("word2vec.py", "def sigmoid(", "def sigmod(", "2a-2-basic"),
    "a package is missing": ("sgd.py", "import random", "import random\nimport nmpy", "2b-0-basic"),
    "a bracket is missing": (
        "word2vec.py",
        "np.exp(-np.abs(x))",
        "np.exp(-np.abs(x)",
        "2a-2-basic",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_a_student_sees_of_a_fault(name, grade, tmp_path):
    file, old, new, test = FAULTS[name]
    path = apply(Style("", ()), tmp_path) / "submission" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    _, shown = grade(tmp_path, [test])
    compare(name, shown, tmp_path)
