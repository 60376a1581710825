"""The view of one student."""

import json

import pytest
from classes import put

from gradebook import ENDED, NOTHING
from graders import UNFINISHED
from student_view import describe
from utils.utils import InputError

STUDENTS = {
    "ada_1": [["Ada Lovelace", "012345", "ada@x.org"], ["Li Wei", "77", ""]],
    "bob.zip": [["Bob Ómar", "88", "bob@x.org"]],
    "li_2": [["Li", "99", "li@x.org"]],
    "cy": [["", "", ""]],
}
LONG = "naive softmax: the gradient of the center vector: It is made of the center vector, expected of the outside vectors."


def grade(folder, points=(1.0, 0.0), said=("", LONG), **told):
    """File a result of two tests."""
    tests = zip(("2a-0-basic", "2a-1-hidden"), points, (2.0, 2.0), ("", ""), said, strict=True)
    put(folder, *tests, **told)


@pytest.fixture
def out(tmp_path):
    for name in STUDENTS:
        grade(tmp_path / "submissions" / name)
    about = {"run": {"points": "x"}, "students": STUDENTS, "late": {"ada_1": "2 hours"}}
    (tmp_path / "class.json").write_text(json.dumps(about))
    return tmp_path


@pytest.mark.parametrize(
    ("names", "submission"),
    [
        (["Ada Lovelace", "lovel", "12345", "ADA@X", "ada_1", "li wei"], "ada_1"),
        (["bob omar", "ómar", "bob.zip"], "bob.zip"),
        (["li"], "li_2"),  # in full, though it is a part of another name
        ([" cy "], "cy"),
    ],
)
def test_a_student_is_found(out, names, submission):
    for name in names:
        assert f": {submission}\n" in describe(out, name)


def test_points_diagnoses_and_the_place_of_the_report(out):
    assert describe(out, "ada").split("\n") == [
        "Ada Lovelace (012345, ada@x.org) and Li Wei (77): ada_1",
        "",
        "1 of 4 points",
        "graded",
        "late: 2 hours",
        "  2a-0-basic       1/2",
        "  2a-1-hidden      0/2  naive softmax: the gradient of the center vector: It is",
        "                            made of the center vector, expected of the outside",
        "                            vectors.",
        "",
        f"Report: {out / 'submissions' / 'ada_1' / 'report.txt'}",
    ]


def test_a_status_and_near_misses_are_told(out):
    said = "f has no function sgd: x.py has Sgd: rename it to sgd", ""
    grade(out / "submissions" / "li_2", said=said, starved=["2a-0-basic"])
    told = describe(out, "li")
    assert "\nstarved: the machine was too busy for 2a-0-basic; " in told
    assert "\nnear misses: Sgd should be sgd\n" in told
    assert "late:" not in told


def test_what_each_grading_changed(out):
    folder = out / "submissions" / "bob.zip"
    grade(folder, (2.0, 2.0), ("", ""), when="2026-11-30 09:00:00")
    said = "sgd is None.", ""
    grade(folder / "earlier" / "10", (0.0, 2.0), said, when="2026-11-29 10:00:00")
    grade(folder / "earlier" / "9", ended=UNFINISHED, when="2026-11-29 09:00:00")
    told = describe(out, "bob").partition("\nGraded ")[2]
    assert told.split("\n") == [
        "3 times:",
        "  2026-11-29 09:00:00: 0 points, unfinished: the grader did not finish; grade it",
        "      again with --resume",
        "  2026-11-29 10:00:00: 2 points, graded",
        "    2a-0-basic: 0 -> 0 points",
        "      now: sgd is None.",
        "    2a-1-hidden: 0 -> 2 points",
        "  2026-11-30 09:00:00: 4 points, graded",
        "    2a-0-basic: 0 -> 2 points",
        "      before: sgd is None.",
    ]


def test_no_line_is_wider_than_a_terminal_whatever_is_said(out):
    folder = out / "submissions" / "ada_1"
    grade(folder, said=("x" * 300, "----- END\x1b[1m " + "数学 " * 90))
    grade(folder / "earlier" / "1", said=("y" * 300, ""))
    told = describe(out, "ada")
    assert "\x1b" not in told
    assert all(len(line) <= 80 for line in told.split("\n") if not line.startswith("Report"))


def test_one_who_handed_in_nothing(out):
    put(out / "submissions" / "cy", ended=NOTHING)
    assert describe(out, "cy") == f"somebody: cy\n\n{NOTHING}"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("org", "3 students match 'org': Ada Lovelace (012345, ada@x.org) and Li Wei (77): ada_1; Bob Ómar "
                "(88, bob@x.org): bob.zip; Li (99, li@x.org): li_2. Name one in full, or by id."),
        ("adda lovelace", "there is no student 'adda lovelace'. Did you mean Ada Lovelace?"),
        ("zzzzzz", "there is no student 'zzzzzz'. grades.csv lists all."),
        ("\x1b", "there is no student '\\\\x1b'. grades.csv lists all."),
        ("li_2", "Li is not graded yet. Go on with --resume."),
    ],
)  # fmt: skip
def test_who_is_not_one_graded_student(out, name, told):
    (out / "submissions" / "li_2" / ENDED).unlink()
    with pytest.raises(InputError) as error:
        describe(out, name)
    assert str(error.value) == told


@pytest.mark.parametrize("text", [None, "{}", "[]", '{"students": 1}', "broken"])
def test_a_folder_that_is_no_class(out, text):
    path = out / "class.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(InputError, match=r"class\.json"):
        describe(out, "ada")
