"""The view of one student."""

import json

import pytest

from gradebook import ENDED, GRADED, NOTHING, RESULTS, UNFINISHED
from student_view import describe
from utils.utils import InputError

STUDENTS = {
    "ada_1": [["Ada Lovelace", "012345", "ada@x.org"], ["Li Wei", "77", ""]],
    "bob.zip": [["Bob Ómar", "88", "bob@x.org"]],
    "li_2": [["Li", "99", "li@x.org"]],
    "cy": [["", "", ""]],
}
LONG = "naive softmax: the gradient of the center vector: It is made of the center vector, expected of the outside vectors."


def put(folder, points=(1.0, 0.0), said=("", LONG), when="", problem="", **told):
    """File what the grader gave."""
    folder.mkdir(parents=True, exist_ok=True)
    tests = [
        {"number": test, "score": score, "max_score": 2.0, "extra_data": {"kind": "", "message": message}}
        for test, score, message in zip(("2a-0-basic", "2a-1-hidden"), points, said, strict=True)
    ]  # fmt: skip
    results = {"tests": tests, "output": "", "extra_data": told}
    (folder / RESULTS).write_text(json.dumps(results))
    (folder / ENDED).write_text(json.dumps({"problem": problem, "when": when, "seconds": 1}))


@pytest.fixture
def out(tmp_path):
    for name in STUDENTS:
        put(tmp_path / "submissions" / name)
    about = {"run": {"points": "x"}, "students": STUDENTS, "late": {"ada_1": "2 hours"}}
    (tmp_path / "class.json").write_text(json.dumps(about))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "submission"),
    [
        ("Ada Lovelace", "ada_1"),
        ("lovel", "ada_1"),
        ("12345", "ada_1"),
        ("ADA@X", "ada_1"),
        ("ada_1", "ada_1"),
        ("li wei", "ada_1"),
        ("bob omar", "bob.zip"),
        ("ómar", "bob.zip"),
        ("bob.zip", "bob.zip"),
        ("li", "li_2"),  # in full, though it is a part of another name
        (" cy ", "cy"),
    ],
)
def test_a_student_is_found(out, name, submission):
    assert f": {submission}\n" in describe(out, name)


def test_points_diagnoses_and_the_place_of_the_report(out):
    lines = describe(out, "ada").split("\n")
    assert lines == [
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


def test_lateness_timeouts_and_near_misses_are_told(out):
    said = "f has no function sgd: x.py has Sgd: rename it to sgd", ""
    put(out / "submissions" / "ada_1", said=said, starved=["2a-0-basic"])
    told = describe(out, "ada")
    assert "\nlate: 2 hours\n" in told
    assert "\nstarved: the machine was too busy for 2a-0-basic; " in told
    assert "\nnear misses: Sgd should be sgd\n" in told
    assert "late:" not in describe(out, "cy")


def test_what_each_grading_changed(out):
    folder = out / "submissions" / "bob.zip"
    put(folder, (2.0, 2.0), ("", ""), when="2026-11-30 09:00:00")
    put(folder / "earlier" / "10", (0.0, 2.0), ("sgd is None.", ""), when="2026-11-29 10:00:00")
    put(folder / "earlier" / "9", problem=UNFINISHED, when="2026-11-29 09:00:00")
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
    put(folder, said=("x" * 300, "----- END\x1b[1m " + "数学 " * 90))
    put(folder / "earlier" / "1", said=("y" * 300, ""))
    told = describe(out, "ada")
    assert "\x1b" not in told
    assert all(len(line) <= 80 for line in told.split("\n") if not line.startswith("Report"))


def test_one_who_handed_in_nothing(out):
    put(out / "submissions" / "cy", problem=NOTHING)
    told = describe(out, "cy")
    assert told == f"somebody: cy\n\n{NOTHING}"
    assert GRADED not in told


def test_several_are_named(out):
    with pytest.raises(InputError) as error:
        describe(out, "org")
    assert str(error.value) == (
        "3 students match 'org': Ada Lovelace (012345, ada@x.org) and Li Wei (77): ada_1; Bob Ómar "
        "(88, bob@x.org): bob.zip; Li (99, li@x.org): li_2. Name one in full, or by id."
    )
    many = {f"s{number}": [[f"Student {number}", "", ""]] for number in range(50)}
    about = {"run": {"points": "x"}, "students": many, "late": {}}
    (out / "class.json").write_text(json.dumps(about))
    with pytest.raises(InputError, match=r"; Student 9: s9 and 40 more\. Name one in full"):
        describe(out, "student")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("adda lovelace", "Did you mean Ada Lovelace?"), ("zzzzzz", "grades.csv lists all."), ("\x1b", "'\\\\x1b'")],
)  # fmt: skip
def test_nobody_of_that_name(out, name, hint):
    with pytest.raises(InputError) as error:
        describe(out, name)
    assert hint in str(error.value)
    assert "\n" not in str(error.value)


def test_one_that_is_not_graded_yet(out):
    (out / "submissions" / "cy" / ENDED).unlink()
    with pytest.raises(InputError, match="cy is not graded yet"):
        describe(out, "cy")


@pytest.mark.parametrize("text", [None, "{}", "[]", '{"students": 1}', "broken"])
def test_a_folder_that_is_no_class(out, text):
    path = out / "class.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(InputError, match=r"class\.json"):
        describe(out, "ada")
