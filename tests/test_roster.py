"""Who is in the class, and their own tables with the grades in them."""

import csv
import io
from pathlib import Path

import pytest
from test_handed_in import EXPORT, make

from gradebook import Graded
from handed_in import METADATA, HandIn, read_class
from roster import fill
from utils.utils import InputError

CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,HW1 (77),Word2vec (123),Current Score
,,,,,,Manual Posting,(read only)
    Points Possible,,,,,10.0,31.0,(read only)
"Lovelace, Ada",12341,0012,adal,S1,9.5,,30
"O'Neil-Smith, Jürgen",12342,0013,juergen@uni.edu,S1,9.5,EX,30
"Wu, Bo",12343,0014,bow,S1 and S2,,3.00,
"Student, Test",12399,,abcdef,S1,,,
"""
MOODLE = """\
\ufeffIdentifier,"Full name","Email address",Status,Grade,"Maximum grade","Feedback comments"
"Participant 123456","Ada Lovelace",ada@uni.edu,"Submitted for grading",,"31,00","<p>""a"",
b</p>"
"Participant 123457","Bo Wu",bo@uni.edu,"No submission","7,00","31,00",
"""
BRIGHTSPACE = """\
OrgDefinedId,Username,Last Name,First Name,Email,Word2vec Points Grade,End-of-Line Indicator
#0012,#adal,Lovelace,Ada,ada@uni.edu,,#
#0014,#bow,Wu,Bo,bo@uni.edu,,#
"""
GITHUB = """\
"identifier","github_username","github_id","name"
"ada@uni.edu","countess","99","Ada L"
"bo@uni.edu","","","Bo Wu"
"""
GRADESCOPE = """\
First Name,Last Name,SID,Email,Role,Submission ID
Ada,Lovelace,0012,ada@uni.edu,Student,7
Cy,Li,0015,cy@uni.edu,Instructor,
Bo,Wu,0014,bo@uni.edu,Student,
"""
ADA, BO = ("Ada Lovelace", "0012", "ada@uni.edu"), ("Bo Wu", "0014", "bo@uni.edu")
PLAIN = "E-Mail;Student ID;NAME\nada@uni.edu;0012;Ada Lovelace\nbo@uni.edu;0014;Bo Wu\n"
ROSTERS = {
    "Canvas": (
        CANVAS, ["lovelaceada_12341_1_sgd.py", "oneilsmithjürgen_12342_2_sgd.py"],
        {"lovelaceada_12341": ("Lovelace, Ada", "0012", ""),
         "oneilsmithjürgen_12342": ("O'Neil-Smith, Jürgen", "0013", "juergen@uni.edu"),
         "Wu, Bo_0014": ("Wu, Bo", "0014", "")},
    ),
    "Canvas, by hand": (
        CANVAS, ["0012.zip", "Ju\u0308rgen O\u2019Neil Smith/", "BOW.py"],
        {"0012.zip": ("Lovelace, Ada", "0012", ""),
         "Ju\u0308rgen O\u2019Neil Smith": ("O'Neil-Smith, Jürgen", "0013", "juergen@uni.edu"),
         "BOW.py": ("Wu, Bo", "0014", "")},
    ),
    "Moodle": (
        MOODLE, ["Group A-Ada Lovelace_123456_assignsubmission_file_/"],
        {"Group A-Ada Lovelace_123456": ("Ada Lovelace", "123456", "ada@uni.edu"),
         "Bo Wu_123457": ("Bo Wu", "123457", "bo@uni.edu")},
    ),
    "Brightspace": (
        BRIGHTSPACE, ["0014-9 - Ada Lovelace - Nov 3, 2025 1159 PM/"],
        {"Ada Lovelace_0014-9": ADA, "Bo Wu_0014": BO},
    ),
    "Blackboard": (BRIGHTSPACE, ["W_bow_attempt_2025-11-03-11-59-00_a.zip"],
                   {"Ada Lovelace_0012": ADA, "bow": BO}),
    "GitHub Classroom": (
        GITHUB, ["word2vec-countess//", "word2vec-bo-wu//"],
        {"word2vec-countess": ("Ada L", "countess", "ada@uni.edu"),
         "word2vec-bo-wu": ("bo-wu", "bo-wu", ""), "Bo Wu": ("Bo Wu", "", "bo@uni.edu")},
    ),
    "Gradescope": (GRADESCOPE, ["submission_7/"], {"submission_7": ADA, "Bo Wu_0014": BO}),
    "plain": (PLAIN, ["ADA@uni.edu/", "zed/"],
              {"ADA@uni.edu": ADA, "zed": ("zed", "", ""), "Bo Wu_0014": BO}),
    "with tabs": ("\ufeff" + PLAIN.replace(";", "\t"), ["Lovelace, Ada/", "wu_bo.zip"],
                  {"Lovelace, Ada": ADA, "wu_bo.zip": BO}),
    "UTF-16": (PLAIN.encode("utf-16"), ["lovelaceada/"], {"lovelaceada": ADA, "Bo Wu_0014": BO}),
    "of Excel": ("Nachname;Vorname;Matrikelnummer\nMüller;Jürgen;7\n".encode("cp1252"),
                 ["Muller-Jurgen/"], {"Muller-Jurgen": ("Jürgen Müller", "7", "")}),
    "two of one name": (
        "Full name,Identifier\nLi Wu,Participant 1\nLi Wu,Participant 2\n",
        ["Li Wu_1_assignsubmission_file_/", "Li Wu_2_assignsubmission_file_/"],
        {"Li Wu_1": ("Li Wu", "1", ""), "Li Wu_2": ("Li Wu", "2", "")},
    ),
    "a folder called as another's": (
        "name,id\nLi,5\nBo,6\n", ["Li_5/", "6.zip"],
        {"Li_5": ("Li_5", "", ""), "6.zip": ("Bo", "6", ""), "Li_5_": ("Li", "5", "")},
    ),
    "twice in it": ("name,id\nLi,5\nLi,5\n", ["li.zip"], {"li.zip": ("Li", "5", "")}),
    "numbers of Canvas are no student ids": (
        "name,student number\nAda,1\nBo,12341\n", ["ada_12341_1_sgd.py"],
        {"ada_12341": ("Ada", "1", ""), "Bo_12341": ("Bo", "12341", "")},
    ),
}  # fmt: skip


@pytest.fixture
def read(tmp_path):
    """Give a function that reads who is in a class: the text of its list, and what is handed in."""

    def read(text, names):
        folder, roster = make(tmp_path / "in", names), tmp_path / "in" / "roster.csv"
        if text is not None:
            roster.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_class(folder, roster)

    return read


@pytest.mark.parametrize(("text", "names", "expected"), ROSTERS.values(), ids=ROSTERS)
def test_whose_the_hand_ins_are(read, text, names, expected):
    found = read(text, names)
    assert {each.name: each.students[0] for each in found} == expected
    nothing = [each for each in found if not each.path.exists()]
    assert len(nothing) == len(expected) - len(names)


def test_everybody_in_a_group_is_in_the_roster(tmp_path, read):
    make(tmp_path / "in", [METADATA], EXPORT)
    found = read("name,email,login\nBob Builder,bob@uni.edu,\nAda Lovelace,,0012\n", [])
    assert found[0].students == (ADA, ("Bob Builder", "", "bob@uni.edu"))


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        (PLAIN, ["ada lovelace/", "zed/", "a\nb/"], "Not in roster.csv: a\\nb, zed\n"),
        ("name,id\nLi Chen,5\nChen Li,6\nBo,7\n", ["Li Chen/", "bo/"],
         "Li Chen: Li Chen 5 or Chen Li 6? Rename it to the id.\n"),
        ("name\nLi Wu\nLi Wu\nBo\n", ["li wu/", "bo/"], "li wu: Li Wu or Li Wu? Rename it to the id.\n"),
        ("name,id\nAda,5\nBo,6\nCy,7\n", ["cy_7_1_a.py", "ada_6_2_a.py"], "ada_6: Ada 5 or Bo 6? Rename it to the id.\n"),
        (CANVAS, ["group1_12341_1_a.py", "wubo_12343_2_a.py"],
         "Canvas names only one student of each group, so others may be missing: group1_12341\n"),
        ("name\nAda\n", ["ada/", *(f"of nobody {i:02}/" for i in range(12))],
         f"Not in roster.csv: {', '.join(f'of nobody {i:02}' for i in range(10))} and 2 more\n"),
    ],
)  # fmt: skip
def test_who_is_not_known_is_told_and_not_guessed(read, capsys, text, names, told):
    found = read(text, names)
    assert capsys.readouterr().out == told
    if "Rename" in told:  # nobody of those whom it may be of gets 0
        assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        (PLAIN, ["ada lovelace/", "0012.zip"], "holds 0012.zip and ada lovelace, both of Ada Lovelace in"),
        (PLAIN, ["zed/"], r"nobody in .* is in .*roster\.csv, which begins with Ada Lovelace 0012"),
        ("foo,bar\n1,2\n", ["ada/"], "begins with foo,bar: expected a first line as name,student id"),
        ("", ["ada/"], "begins with nothing: expected"),
        ("name,id\n,\n", ["ada/"], "lists no students"),
        (f'name\n"{"x" * 200_000}"\n', ["ada/"], "is not a CSV file"),
        (None, ["ada/"], "cannot be read: No such file"),
    ],
)  # fmt: skip
def test_a_roster_that_does_not_fit(read, text, names, words):
    with pytest.raises(InputError, match=words) as caught:
        read(text, names)
    assert "\n" not in str(caught.value)


# Their own tables, filled


def filled(tmp_path, text, system, *grades):
    """Fill points of (name, id, email) into a roster; give the text."""
    (tmp_path / "roster.csv").write_bytes(text.encode())
    rows = [
        (
            HandIn("s", Path("s"), (student,)),
            Graded("graded", {"a": points or 0}, {"a": 30, "b": 1}, again=points is None),
        )
        for student, points in grades
    ]
    return fill(tmp_path / "roster.csv", rows, system)


GRADES = [(("lovelaceada", "12341", ""), 30.25), (("", "0013", ""), 1), (("Bo Wu", "", ""), 0)]
TO_CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,{head}
    Points Possible,,,,,{points}
"Lovelace, Ada",12341,0012,adal,S1,{ada}
"O'Neil-Smith, Jürgen",12342,0013,juergen@uni.edu,S1,{jürgen}
"Wu, Bo",12343,0014,bow,S1 and S2,{bo}
"""


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (CANVAS, ("Word2vec (123)", "31.0", "30.25", "EX", "0.0")),
        (CANVAS.replace("Word2vec", "A2: WORD2VEC code"), ("A2: WORD2VEC code (123)", "31.0", "30.25", "EX", "0.0")),
        (CANVAS.replace("HW1", "Word2vec text"), ("Word2vec (123)", "31.0", "30.25", "EX", "0.0")),
        (CANVAS.replace("Word2vec", "Essay"), ("Word2vec", "31", "30.25", "1", "0")),
    ],
)  # fmt: skip
def test_the_gradebook_of_canvas(tmp_path, text, cells):
    keys = "head", "points", "ada", "jürgen", "bo"
    expected = TO_CANVAS.format(**dict(zip(keys, cells, strict=True)))
    assert filled(tmp_path, text, "canvas", *GRADES) == expected


def test_a_gradebook_without_points_and_with_semicolons(tmp_path):
    text = "Student;ID;Section\r\nLovelace, Ada;1;S\r\nWu, Bo;2;S\r\n"
    assert filled(tmp_path, text, "canvas", (("", "1", ""), 2.5)) == (
        "Student;ID;Section;Word2vec\r\n    Points Possible;;;31\r\n"
        "Lovelace, Ada;1;S;2,5\r\nWu, Bo;2;S;\r\n"
    )


def test_the_worksheet_of_moodle(tmp_path):
    text = filled(tmp_path, MOODLE, "moodle", (("", "", "ada@uni.edu"), 30.125))
    before, after = (list(csv.reader(io.StringIO(each, newline=""))) for each in (MOODLE, text))
    before[1][4] = "30,125"
    assert after == before
    assert "7,00" in text
    assert '"1,00"' in filled(tmp_path, MOODLE, "moodle", (("", "123456", ""), 1))


def test_who_is_graded_again_keeps_the_points_and_who_is_unknown_is_told(tmp_path, capsys):
    wrong = [(("Bo Wu", "", ""), None), (("zed", "", ""), 3)]
    assert '"Wu, Bo",12343,0014,bow,S1 and S2,3.00' in filled(tmp_path, CANVAS, "canvas", *wrong)
    told = "No row of roster.csv is certainly theirs, so enter their grades by hand: zed\n"
    assert capsys.readouterr().out == told
    filled(tmp_path, MOODLE.replace("31,00", "100,00"), "moodle", GRADES[2])
    assert (
        capsys.readouterr().out
        == "In roster.csv the assignment has 100,00 points, but here it has 31\n"
    )


def test_a_table_can_be_looked_at_before_anything_is_graded(tmp_path, capsys):
    assert "\n    Points Possible,,,,,31.0\n" in filled(tmp_path, CANVAS, "canvas")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "format", "words"),
    [
        (MOODLE, "canvas", "is not the gradebook of Canvas. Export it there: Grades, Export"),
        (CANVAS, "moodle", "is not a grading worksheet of Moodle. Get it there: Submissions"),
        (PLAIN, "moodle", "is not a grading worksheet"),
        ("name,grade\nAda 7,\nBo,\n", "moodle", "is not a grading worksheet"),
        (CANVAS.replace("HW1", "Word2vec text").replace("Word2vec (", "Word2vec code ("), "canvas",
         r"has Word2vec text \(77\), Word2vec code \(123\): keep the column that the grades"),
    ],
)  # fmt: skip
def test_a_table_of_another_kind(tmp_path, text, format, words):
    with pytest.raises(InputError, match=words):
        filled(tmp_path, text, format)
