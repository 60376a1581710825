"""The table and the picture of a class."""

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gradebook import (
    ENDED,
    NOTHING,
    RESULTS,
    UNFINISHED,
    Graded,
    grades_csv,
    mistakes_csv,
    plot_summary,
    read_graded,
    status_line,
)
from handed_in import HandIn
from utils.plotting import to_png

STATUS = "status", "late", "timeouts", "near misses", "processor seconds", "wall seconds"
FINE = "graded", "", "0", "", "0", "0"
WORTH = {"2a-0-basic": 1.0, "2b-0-basic": 0.5, "3a-0-basic": 0.0}


def graded(*scores, status="graded", **more):
    return Graded(status, dict(zip(WORTH, scores, strict=True)), WORTH, **more)


def row(name, result, *students):
    return HandIn(name, Path(name), students or ((name, "", ""),)), result


def cells(rows):
    return list(csv.reader(io.StringIO(grades_csv(rows))))


def test_a_line_a_student_and_a_column_a_test():
    pair = row("one", graded(1, 0.5, 0), ("Ada", "7", "a@b.c"), ("Bob", "", ""))
    assert cells([pair, row("two", graded(0, 0.5, 0))]) == [
        ['\ufeff"name"', "student id", "email", "submission", *STATUS, "total", *WORTH],
        ["Ada", "7", "a@b.c", "one", *FINE, "1.5", "1", "0.5", "0"],
        ["Bob", "", "", "one", *FINE, "1.5", "1", "0.5", "0"],
        ["two", "", "", "two", *FINE, "0.5", "0", "0.5", "0"],
    ]


def test_how_it_was_graded_stands_behind_the_status():
    about = {"timeouts": 2, "near_misses": ("Sgd.py should be sgd.py", "=x should be sgd")}
    result = graded(1, 0, 0, **about, seconds=61.5, processor_seconds=7.25)
    late = HandIn("a", Path("a"), (("a", "", ""),), late="=LATE")
    near = "; ".join(about["near_misses"])
    assert cells([(late, result)])[1][4:10] == ["graded", "'=LATE", "2", near, "7.25", "61.5"]


def test_one_that_could_not_be_graded_has_0_and_the_reason():
    lost = Graded(UNFINISHED, {}, {})
    found = cells([row("a", lost), row("b", graded(1, 0, 0))])
    assert found[0][11:] == list(WORTH)
    assert found[1] == ["a", "", "", "a", UNFINISHED, *FINE[1:], "0", "0", "0", "0"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20A1"]
)
def test_formulas_are_escaped_wherever_they_stand(text):
    _, line = cells([row("s", graded(0, 0, 0, status=text), (text, text, text))])
    for cell in (*line[:3], line[4]):
        assert cell[0] in "'\\"
        assert cell.isprintable()


def test_whatever_a_name_holds_it_stays_one_quoted_cell():
    name = 'Love"lace, Ada;=1+1\nBob'
    rows = [row("s", graded(0, 0, 0), (name, "", ""))]
    assert cells(rows)[1][0] == 'Love"lace, Ada;=1+1\\nBob'
    line = grades_csv(rows).split("\n")[1]
    assert line.startswith('"Love""lace, Ada;=1+1\\nBob","","","s","graded","","0"')


def outcome(folder, *tests, output="", problem="", unread="", starved=()):
    """Read what came of a submission: id, points, points to be had, kind and message of each."""
    keys = "number", "score", "max_score"
    entries = [
        dict(zip(keys, test[:3], strict=True))
        | {"extra_data": dict(zip(("kind", "message"), test[3:], strict=False))}
        for test in tests
    ]
    told = {"problem": unread, "starved": starved}
    results = {"tests": entries, "extra_data": told, "output": output}
    (folder / RESULTS).write_text(json.dumps(results))
    ended = {"problem": problem, "seconds": 3.5, "processor_seconds": 2.5}
    (folder / ENDED).write_text(json.dumps(ended))
    return read_graded(folder)


def test_results_are_read(tmp_path):
    found = outcome(tmp_path, ("a", 1.0, 1.0), ("b", 0.0, 2.0, "AssertionError", "sgd is None."))
    assert found.status == "graded"
    assert (found.scores, found.worth) == ({"a": 1, "b": 0}, {"a": 1, "b": 2})
    assert found.sentences == {"a": "", "b": "sgd is None."}
    assert (found.total, found.seconds, found.processor_seconds) == (1, 3.5, 2.5)
    assert not found.again


def test_the_same_error_in_another_test_is_that_error(tmp_path):
    error = "TimeoutError", "sigmoid took longer than 5 seconds, the limit of this test"
    again = "", "The same error as in a."
    found = outcome(tmp_path, ("a", 0, 1, *error), ("b", 0, 1, *again), ("c", 1, 1))
    assert found.sentences["b"] == found.sentences["a"] == ": ".join(error)
    assert found.timeouts == 2


@pytest.mark.parametrize(
    ("problem", "status", "again"),
    [
        (UNFINISHED, UNFINISHED, True),
        (NOTHING, NOTHING, False),
        ("x.zip could be read", "unfinished: x.zip could be read", False),
    ],
)
def test_why_there_are_no_results_is_the_status(tmp_path, problem, status, again):
    found = outcome(tmp_path, ("a", 1, 1), problem=problem)
    assert (found.status, found.again, found.total) == (status, again, 0)
    assert found.status.startswith(found.kind)


def test_that_there_is_no_code_is_the_status_whatever_the_vectors_are(tmp_path):
    tests = ("a", 0.0, 1.0, "UploadError", "x is empty. Hand in"), ("c", 4.0, 4.0)
    assert outcome(tmp_path, *tests).status == "graded"
    found = outcome(tmp_path, *tests, unread="x is empty. Hand in")
    assert (found.status, found.total) == ("unreadable: x is empty. Hand in", 4)


def test_a_busy_machine_is_no_timeout(tmp_path):
    error = "TimeoutError", "the machine was too busy: sgd got 0.1 of its 5 seconds"
    found = outcome(tmp_path, ("a", 0, 1, *error), starved=["a"])
    assert found.status.startswith("starved: the machine was too busy for a;")
    assert (found.again, found.timeouts) == (True, 0)


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
        (NO_CODE, "", ["Sgd.py should be sgd.py", "word2vec (1).py should be word2vec.py"]),
        ("rename it", "Confinement: Landlock", []),
    ],
)
def test_what_lost_points_by_its_name_alone_is_said(tmp_path, message, notes, near):
    error = "", message
    found = outcome(tmp_path, ("a", 0, 1, *error), ("b", 0, 1, *error), output=notes)
    assert list(found.near_misses) == near


def a_class(*counts):
    """Make so many of each kind."""
    kinds = {
        "graded": graded(1, 0.5, 0),
        "timeouts": graded(1, 0, 0, timeouts=2),
        "near": graded(0, 0.5, 0, near_misses=("Sgd.py should be sgd.py",)),
        "unreadable": graded(0, 0, 0, status="unreadable: it is empty"),
        "starved": graded(0, 0, 0, status="starved: busy"),
        "unfinished": Graded(UNFINISHED, {}, {}),
        "nothing": Graded(NOTHING, {}, {}),
    }
    return [
        row(f"{name}{k}", result)
        for (name, result), count in zip(kinds.items(), counts, strict=True)
        for k in range(count)
    ]


@pytest.mark.parametrize(
    ("counts", "line"),
    [
        ((3, 0, 0, 0, 0, 0, 0), "3 submissions: 3 graded; median 1.5 points"),
        ((0, 1, 1, 0, 0, 0, 0), "2 submissions: 2 graded, 1 with timeouts, 1 near miss; median 0.75 points"),
        ((5, 0, 2, 1, 2, 1, 9),
         "11 submissions: 7 graded, 1 unreadable, 2 starved, 1 unfinished, 2 near misses, 9 handed in nothing; median 0.5 points"),
        ((0, 0, 0, 0, 0, 0, 2), "0 submissions: 2 handed in nothing"),
        ((0, 0, 0, 1, 0, 0, 0), "1 submission: 1 unreadable; median 0 points"),
    ],
)  # fmt: skip
def test_a_line_tells_of_all_and_of_nothing_that_there_is_none_of(counts, line):
    assert status_line(a_class(*counts)) == line


def test_the_line_counts_those_who_were_late():
    rows = [(HandIn("s", Path("s"), (), late), graded(1, 0, 0)) for late in ("", "LATE", "2 hours")]
    assert "3 graded, 2 late;" in status_line(rows)


# The picture

LONG = r"$\frac{$ " + "W" * 300 + " \u6570\u5b66" * 40


def made_class(size):
    """Make a class in which everybody has the first mistake, all but one the second, and so on."""
    letters = "abcdefghijkl"
    return [
        row(f"s{i}", graded(1, 0, 0, sentences={
            f"2a-{k}-basic": f"word2vec.py: {letter}{LONG}" for k, letter in enumerate(letters) if i >= k
        }))
        for i in range(size)
    ]  # fmt: skip


def test_the_picture_counts_totals_and_passes():
    rows = [row("a", graded(1, 0.5, 0)), row("b", graded(1, 0, 0)), row("c", graded(0, 0, 0))]
    rows.append(row("d", Graded(NOTHING, {}, {})))
    left, right = plot_summary(rows).axes
    assert sum(bar.get_height() for bar in left.patches) == 3
    assert left.get_legend().texts[0].get_text() == "median 1"
    assert [bar.get_width() for bar in right.patches] == pytest.approx([2 / 3, 1 / 3])
    assert [text.get_text() for text in right.texts] == ["67%", "33%"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["2a-0-basic", "2b-0-basic"]


@pytest.mark.parametrize("size", [3, 30, 600])
def test_the_picture_shows_the_ten_most_common_mistakes(size):
    figure = plot_summary(made_class(size))
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


def test_a_short_sentence_stands_in_the_picture_as_it_is():
    said = {"2a-0-basic": "sigmoid is None."}
    *_, below = plot_summary([row("a", graded(0, 0, 0, sentences=said))]).axes
    assert [label.get_text() for label in below.get_yticklabels()] == ["2a: sigmoid is None."]


def test_a_class_that_nobody_could_grade_has_a_picture():
    for result in (Graded(UNFINISHED, {}, {}), Graded(NOTHING, {}, {})):
        left, _ = plot_summary([row("a", result)]).axes
        assert np.isfinite(left.get_xlim()).all()


def test_the_mistakes_are_a_table_with_names():
    said = {"2a-0-basic": "sigmoid is None.", "2a-1-basic": "", "2b-0-basic": "=1+1"}
    rows = [
        row("one", graded(0, 0, 0, sentences=said), ("=Ada", "", ""), ("Bob", "", "")),
        row("two", graded(0, 0, 0, sentences={"2a-1-basic": "sigmoid is None."})),
    ]
    assert list(csv.reader(io.StringIO(mistakes_csv(rows).lstrip("\ufeff")))) == [
        ["mistake", "tests", "submissions", "who"],
        ["2a: sigmoid is None.", "2a-0-basic 2a-1-basic", "2", "'=Ada, Bob; two"],
        ["2b: =1+1", "2b-0-basic", "1", "'=Ada, Bob"],
    ]
