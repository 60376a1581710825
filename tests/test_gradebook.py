"""The table and the picture of a class."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from gradebook import Graded, plot_summary, read_results, to_csv
from roster import Submission

WORTH = {"2a-0-basic": 1.0, "2b-0-basic": 0.5, "3a-0-basic": 0.0}


def graded(*scores, status="graded"):
    return Graded(status, dict(zip(WORTH, scores, strict=True)), WORTH)


def row(name, result, *students):
    return Submission(name, Path(name), students or ((name, "", ""),)), result


def cells(rows):
    return list(csv.reader(io.StringIO(to_csv(rows))))


def test_a_line_a_student_and_a_column_a_test():
    pair = row("one", graded(1, 0.5, 0), ("Ada", "7", "a@b.c"), ("Bob", "", ""))
    assert cells([pair, row("two", graded(0, 0.5, 0))]) == [
        ['\ufeff"name"', "student id", "email", "submission", "status", "total", *WORTH],
        ["Ada", "7", "a@b.c", "one", "graded", "1.5", "1", "0.5", "0"],
        ["Bob", "", "", "one", "graded", "1.5", "1", "0.5", "0"],
        ["two", "", "", "two", "graded", "0.5", "0", "0.5", "0"],
    ]


def test_one_that_could_not_be_graded_has_0_and_the_reason():
    lost = Graded("the grader did not finish", {}, {})
    found = cells([row("a", lost), row("b", graded(1, 0, 0))])
    assert found[0][6:] == list(WORTH)
    assert found[1] == ["a", "", "", "a", "the grader did not finish", "0", "0", "0", "0"]


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff20A1"]
)
def test_formulas_are_escaped_wherever_they_stand(text):
    found = cells([row("s", graded(0, 0, 0, status=text), (text, text, text))])
    line = next(iter(found[1:]))
    for cell in (*line[:3], line[4]):
        assert cell[0] in "'\\"
        assert cell.isprintable()
    assert len(found) == 2


def test_names_with_commas_quotes_and_line_ends_stay_one_cell():
    name = 'Love"lace, Ada\nBob'
    assert cells([row("s", graded(0, 0, 0), (name, "", ""))])[1][0] == 'Love"lace, Ada\\nBob'


def test_every_cell_is_quoted_for_those_who_part_them_otherwise():
    line = to_csv([row("s", graded(0, 0, 0), ("Ada;=1+1", "", ""))]).split("\n")[1]
    assert line.startswith('"Ada;=1+1","","","s","graded","0"')


def results(tmp_path, *tests, **told):
    path = tmp_path / "results.json"
    keys = "number", "score", "max_score", "output"
    entries = [dict(zip(keys, test, strict=True)) for test in tests]
    path.write_text(json.dumps({"tests": entries, "extra_data": told}))
    return read_results(path)


def test_results_are_read(tmp_path):
    found = results(tmp_path, ("a", 1.0, 1.0, ""), ("b", 0.0, 2.0, "wrong"))
    assert found == Graded("graded", {"a": 1, "b": 0}, {"a": 1, "b": 2})
    assert found.total == 1


def test_one_reason_for_all_tests_is_the_status(tmp_path):
    why = "This error caused the test to fail.\n  UploadError: it is empty."
    found = results(tmp_path, ("a", 0.0, 1.0, why), ("b", 0.0, 2.0, why))
    assert found.status == "UploadError: it is empty."
    assert found.worth == {"a": 1, "b": 2}


def test_that_there_is_no_code_is_the_status_whatever_the_vectors_are(tmp_path):
    tests = ("a", 0.0, 1.0, "UploadError: forged"), ("c", 4.0, 4.0, "")
    found = results(tmp_path, *tests, problem="it has no word2vec.py.")
    assert (found.status, found.total) == ("UploadError: it has no word2vec.py.", 4)
    assert results(tmp_path, *tests).status == "graded"


def test_no_reason_is_no_status(tmp_path):
    assert results(tmp_path, ("a", 1.0, 1.0, ""), ("b", 2.0, 2.0, "")).status == "graded"


def test_the_picture_counts_totals_and_passes():
    rows = [row("a", graded(1, 0.5, 0)), row("b", graded(1, 0, 0)), row("c", graded(0, 0, 0))]
    left, right = plot_summary(rows).axes
    assert sum(bar.get_height() for bar in left.patches) == 3
    assert left.get_legend().texts[0].get_text() == "median 1"
    assert [bar.get_width() for bar in right.patches] == pytest.approx([2 / 3, 1 / 3])
    assert [text.get_text() for text in right.texts] == ["67%", "33%"]
    assert [label.get_text() for label in right.get_yticklabels()] == ["2a-0-basic", "2b-0-basic"]


def test_a_class_that_nobody_could_grade_has_a_picture():
    left, _ = plot_summary([row("a", Graded("lost", {}, {}))]).axes
    assert np.isfinite(left.get_xlim()).all()
