"""The table and the picture of a class."""

from itertools import pairwise

import numpy as np
import pytest
from classes import cells, hand_in, put

from gradebook import (
    NOTHING,
    Graded,
    grades_csv,
    mistakes_csv,
    plot_summary,
    read_graded,
    status_line,
)
from graders import UNFINISHED
from utils.plotting import to_png

STATUS = "status", "late", "timeouts", "near misses", "processor seconds", "wall seconds"
FINE = "graded", "", "0", "", "0", "0"
WORTH = {"2a-0-basic": 1.0, "2b-0-basic": 0.5, "3a-0-basic": 0.0}
LOST = Graded(UNFINISHED, {}, {})
NEAR = "Sgd.py should be sgd.py"


def graded(*scores, status="graded", **more):
    return Graded(status, dict(zip(WORTH, scores, strict=True)), WORTH, **more)


def test_a_line_a_student_a_column_a_test_and_how_it_was_graded():
    about = {"timeouts": 2, "near_misses": (NEAR, "=x should be sgd")}
    slow = graded(0, 0.5, 0, **about, seconds=61.5, processor_seconds=7.25)
    rows = [
        (hand_in("lost"), LOST),
        (hand_in("one", ("Ada", "7", "a@b.c"), ("Bob", "", "")), graded(1, 0.5, 0)),
        (hand_in("two", late="=LATE"), slow),
    ]
    assert cells(grades_csv(rows)) == [
        ["name", "student id", "email", "submission", *STATUS, "total", *WORTH],
        ["Lost", "", "", "lost", UNFINISHED, *FINE[1:], "0", "0", "0", "0"],
        ["Ada", "7", "a@b.c", "one", *FINE, "1.5", "1", "0.5", "0"],
        ["Bob", "", "", "one", *FINE, "1.5", "1", "0.5", "0"],
        ["Two", "", "", "two", "graded", "'=LATE", "2", f"{NEAR}; =x should be sgd", "7.25", "61.5",
         "0.5", "0", "0.5", "0"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20A1"]
)
def test_formulas_are_escaped_wherever_they_stand(text):
    rows = [(hand_in("s", (text, text, text)), graded(0, 0, 0, status=text))]
    _, line = cells(grades_csv(rows))
    for cell in (*line[:3], line[4]):
        assert cell[0] in "'\\"
        assert cell.isprintable()


def test_whatever_a_name_holds_it_stays_one_quoted_cell():
    text = grades_csv([(hand_in("s", ('Love"lace, Ada;=1+1\nBob', "", "")), graded(0, 0, 0))])
    beginning = '"Love""lace, Ada;=1+1\\nBob","","","s","graded","","0"'
    assert text.split("\n")[1].startswith(beginning)


TIMEOUT = "TimeoutError", "sigmoid took longer than 5 seconds, the limit of this test"
BUSY = "TimeoutError", "the machine was too busy: sgd got 0.1 of its 5 seconds"
EMPTY = "x is empty. Hand in"
READ = [  # tests, what else is filed, what is read
    ([("a", 1.0, 1.0), ("b", 0.0, 2.0, "AssertionError", "sgd is None.")], {},
     {"status": "graded", "scores": {"a": 1, "b": 0}, "worth": {"a": 1, "b": 2}, "again": False, "total": 1,
      "sentences": {"a": "", "b": "sgd is None."}, "seconds": 3.5, "processor_seconds": 2.5}),
    ([("a", 0, 1, *TIMEOUT), ("b", 0, 1, "", "The same error as in a."), ("c", 1, 1)], {},
     {"sentences": {"a": ": ".join(TIMEOUT), "b": ": ".join(TIMEOUT), "c": ""}, "timeouts": 2}),
    ([("a", 1, 1)], {"ended": UNFINISHED}, {"status": UNFINISHED, "kind": "unfinished", "again": True, "total": 0}),
    ([("a", 1, 1)], {"ended": NOTHING}, {"status": NOTHING, "kind": NOTHING, "again": False, "total": 0}),
    ([("a", 1, 1)], {"ended": "x.zip could be read"}, {"status": "unfinished: x.zip could be read", "again": False}),
    ([("a", 0, 1, "UploadError", EMPTY), ("c", 4, 4)], {}, {"status": "graded"}),
    ([("a", 0, 1, "UploadError", EMPTY), ("c", 4, 4)], {"problem": EMPTY}, {"status": f"unreadable: {EMPTY}", "total": 4}),
    ([("a", 0, 1, *BUSY)], {"starved": ["a"]}, {"again": True, "timeouts": 0,
     "status": "starved: the machine was too busy for a; grade it again with --resume"}),
]  # fmt: skip


@pytest.mark.parametrize(("tests", "told", "expected"), READ)
def test_results_are_read(tmp_path, tests, told, expected):
    put(tmp_path, *tests, **told)
    found = read_graded(tmp_path)
    assert {key: getattr(found, key) for key in expected} == expected


NO_FUNCTION = (
    "the submission has no function skipgram. word2vec.py has Skipgram: rename it to skipgram."
)
NO_FILE = "No module named 'submission.sgd'. There is no sgd.py."
NO_VECTORS = "sample_vectors_(soln).json is missing. Run data/fetch.py"
LEFT_OUT = "Sgd (1).py was left out: rename it to sgd.py"
TWO = "a/sampleVectors.json is not the only one; name the right one sample_vectors_(soln).json"
NO_CODE = (
    "bob/x has no word2vec.py, sgd.py or submission.py, but Sgd.py (rename it to sgd.py), "
    "word2vec (1).py (rename it to word2vec.py), 2 more. Hand in word2vec.py and sgd.py"
)


@pytest.mark.parametrize(
    ("message", "notes", "near"),
    [
        (NO_FUNCTION, "", ["Skipgram should be skipgram"]),
        (NO_FILE, LEFT_OUT, ["Sgd (1).py should be sgd.py"]),
        ("sgd is None.", LEFT_OUT, []),  # sgd.py was graded, and this was another one
        (NO_VECTORS, TWO, ["sampleVectors.json should be sample_vectors_(soln).json"]),
        (NO_CODE, "", [NEAR, "word2vec (1).py should be word2vec.py"]),
        ("rename it", "Confinement: Landlock", []),
    ],
)
def test_what_lost_points_by_its_name_alone_is_said(tmp_path, message, notes, near):
    put(tmp_path, ("a", 0, 1, "", message), ("b", 0, 1, "", message), output=notes)
    assert list(read_graded(tmp_path).near_misses) == near


KINDS = [
    graded(1, 0.5, 0),
    graded(1, 0, 0, timeouts=2),
    graded(0, 0.5, 0, near_misses=(NEAR,)),
    graded(0, 0, 0, status="unreadable: it is empty"),
    graded(0, 0, 0, status="starved: busy"),
    LOST,
    Graded(NOTHING, {}, {}),
]


@pytest.mark.parametrize(
    ("counts", "late", "line"),
    [
        ((3,), ["LATE", "2 hours"], "3 submissions: 3 graded, 2 late; median 1.5 points"),
        ((0, 1, 1), [], "2 submissions: 2 graded, 1 with timeouts, 1 near miss; median 0.75 points"),
        ((5, 0, 2, 1, 2, 1, 9), [],
         "11 submissions: 7 graded, 1 unreadable, 2 starved, 1 unfinished, 2 near misses, 9 handed in nothing; median 0.5 points"),
        ((0, 0, 0, 0, 0, 0, 2), [], "0 submissions: 2 handed in nothing"),
        ((0, 0, 0, 1), [], "1 submission: 1 unreadable; median 0 points"),
    ],
)  # fmt: skip
def test_a_line_tells_of_all_and_of_nothing_that_there_is_none_of(counts, late, line):
    results = [kind for kind, count in zip(KINDS, counts, strict=False) for _ in range(count)]
    late = late + [""] * (len(results) - len(late))
    rows = [(hand_in("s", late=one), result) for one, result in zip(late, results, strict=True)]
    assert status_line(rows) == line


# The picture

LONG = r"$\frac{$ " + "W" * 300 + " \u6570\u5b66" * 40


def test_the_picture_counts_totals_and_passes():
    results = graded(1, 0.5, 0), graded(1, 0, 0), graded(0, 0, 0), Graded(NOTHING, {}, {})
    left, right = plot_summary([(hand_in("s"), result) for result in results]).axes
    assert sum(bar.get_height() for bar in left.patches) == 3
    assert left.get_legend().texts[0].get_text() == "median 1"
    assert [bar.get_width() for bar in right.patches] == pytest.approx([2 / 3, 1 / 3])
    assert [text.get_text() for text in right.texts] == ["67%", "33%"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["2a-0-basic", "2b-0-basic"]


@pytest.mark.parametrize("size", [3, 600])
def test_the_picture_shows_the_ten_most_common_mistakes(size):
    said = {f"2a-{k}-basic": f"word2vec.py: {'abcdefghijkl'[k]}{LONG}" for k in range(12)}
    figure = plot_summary(
        [
            (hand_in(f"s{i}"), graded(1, 0, 0, sentences=dict([*said.items()][: i + 1])))
            for i in range(size)
        ]
    )
    to_png(figure)  # it warns where the layout fails
    *_, below = figure.axes
    assert [bar.get_width() for bar in below.patches] == [size - k for k in range(min(size, 10))]
    labels = below.get_yticklabels()
    assert all(label.get_text().count("\n") == 2 for label in labels)
    assert all(label.get_text().endswith(" …") for label in labels)
    boxes = [text.get_window_extent() for text in (*labels, *below.texts)]
    assert all(figure.bbox.x0 < box.x0 and box.x1 < figure.bbox.x1 for box in boxes)
    heights = sorted((box.y0, box.y1) for box in boxes[: len(labels)])
    assert all(one[1] < other[0] for one, other in pairwise(heights))
    assert below.get_position().width > 0.3


def test_a_class_that_nobody_could_grade_has_a_picture():
    for result in (LOST, Graded(NOTHING, {}, {})):
        left, _ = plot_summary([(hand_in("a"), result)]).axes
        assert np.isfinite(left.get_xlim()).all()


def test_the_mistakes_are_a_table_with_names_and_stand_in_the_picture():
    said = {"2a-0-basic": "sigmoid is None.", "2a-1-basic": "", "2b-0-basic": "=1+1"}
    rows = [
        (hand_in("one", ("=Ada", "", ""), ("Bob", "", "")), graded(0, 0, 0, sentences=said)),
        (hand_in("two"), graded(0, 0, 0, sentences={"2a-1-basic": "sigmoid is None."})),
    ]
    assert cells(mistakes_csv(rows)) == [
        ["mistake", "tests", "submissions", "who"],
        ["2a: sigmoid is None.", "2a-0-basic 2a-1-basic", "2", "'=Ada, Bob; Two"],
        ["2b: =1+1", "2b-0-basic", "1", "'=Ada, Bob"],
    ]
    *_, below = plot_summary(rows).axes
    told = [label.get_text() for label in below.get_yticklabels()]
    assert told == ["2a: sigmoid is None.", "2b: =1+1"]
