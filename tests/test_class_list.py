"""The list of a class, and the grades in it."""

import csv
from pathlib import Path

import pytest

from class_list import ClassList
from gradebook import Graded
from roster import Submission, read_roster
from utils.utils import InputError

CANVAS = """\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Essay (11),Word2vec (12),Final Score
    Points Possible,,,,,10,29,(read only)
"Lovelace, Ada",12341,s1,adal,001,9,,90
"Ómar, Bob",12342,s2,bob,001,8,,80
"Student, Test",99,,,001,,,
"""
MOODLE = """Identifier;Full name;Email address;Status;Grade;Maximum Grade
Participant 12341;Ada Lovelace;ada@uni.edu;Submitted;;29,00
Participant 12342;Bob Ómar;bob@uni.edu;No submission;;29,00
"""
LISTS = {
    "plain": "Name,Student ID,Email\nAda Lovelace,12341,ada@uni.edu\nBob Ómar,12342,bob@uni.edu\n",
    "first and last": "Last name\tFirst name\tID number\nLovelace\tAda\t12341\nÓmar\tBob\t12342\n",
    "Canvas": CANVAS,
    "Moodle": MOODLE,
    "Brightspace": "OrgDefinedId,Username,Last Name,First Name,Email,End-of-Line Indicator\n"
    "#12341,#adal,Lovelace,Ada,ada@uni.edu,#\n#12342,#bob,Ómar,Bob,bob@uni.edu,#\n",
    "GitHub Classroom": "identifier,github_username,github_id,name\n"
    "12341,ada-l,1,Ada Lovelace\n12342,bobo,2,Bob Ómar\n",
    "Gradescope": "Name,SID,Email,Role\nAda Lovelace,12341,ada@uni.edu,Student\n"
    "Bob Ómar,12342,bob@uni.edu,Student\n",
}


@pytest.fixture
def written(tmp_path):
    def write(text):
        (tmp_path / "list.csv").write_text(text, encoding="utf-8")
        return tmp_path / "list.csv"

    return write


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
@pytest.mark.parametrize("name", ["lovelaceada_12341_9_sgd.py", "Ada Lovelace", "LOVELACE Ada.zip"])
def test_who_handed_in_nothing_is_there(written, tmp_path, text, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text("")
    found = read_roster(tmp_path / "in", written(text))
    assert len(found) == 2
    of_ada, of_bob = sorted(found, key=lambda each: "Bob" in each.students[0][0])
    assert "Lovelace" in of_ada.students[0][0]
    assert of_bob.students[0][0] in ("Bob Ómar", "Ómar, Bob")
    assert of_ada.path.exists()
    assert not of_bob.path.exists()


@pytest.mark.parametrize(
    ("text", "name"),
    [("ID,Email\n7,ada@uni.edu\n", "7"), (LISTS["GitHub Classroom"], "ada-l"),
     (LISTS["Canvas"], "adal"), ("name\nOmar Bob\n", "bob_ómar")],
)  # fmt: skip
def test_other_ways_to_name_a_student(written, tmp_path, text, name):
    assert ClassList(written(text)).find(name, name, "") is not None


def test_who_is_not_in_the_list_stays(written, tmp_path, capsys):
    (tmp_path / "in" / "zoe").mkdir(parents=True)
    found = read_roster(tmp_path / "in", written(LISTS["plain"]))
    assert len(found) == 3
    assert "Handed in, but not in" in (told := capsys.readouterr().out)
    assert told.endswith(": zoe\n")


def test_two_of_one_name_are_not_guessed(written):
    text = "name,student id\nLi Wei,1\nLi Wei,2\n"
    with pytest.raises(InputError, match=r"li wei may be Li Wei 1 and Li Wei 2\. Tell them apart"):
        ClassList(written(text)).find("li wei", "", "")


def filled(path, system, **totals):
    """Give the rows of what is filled in, as dicts."""
    rows = []
    for name, total in totals.items():
        student = ClassList(path).find(name, "", "")
        rows.append(
            (Submission(name, Path(name), (student,)), Graded("graded", {"a": total}, {"a": 29}))
        )
    text = ClassList(path).filled(rows, system)
    return list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text else ","))


def test_grades_for_canvas(written):
    rows = filled(written(CANVAS), "canvas", Ada_Lovelace=27.5)
    columns = "Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Word2vec (12)"
    assert tuple(rows[0]) == columns
    found = {row["Student"]: row["Word2vec (12)"] for row in rows}
    assert found == {"    Points Possible": "29", "Lovelace, Ada": "27.5", "Ómar, Bob": "",
                     "Student, Test": ""}  # fmt: skip


def test_an_assignment_that_canvas_does_not_have_is_new(written):
    text = CANVAS.replace("Word2vec (12)", "Project (13)")
    assert filled(written(text), "canvas", Bob_Omar=3)[2]["Word2vec"] == "3"


def test_grades_for_moodle(written):
    rows = filled(written(MOODLE), "moodle", Ada_Lovelace=27.5)
    before = csv.DictReader(MOODLE.splitlines(), delimiter=";")
    assert rows == [row | {"Grade": "27,5" * (k == 0)} for k, row in enumerate(before)]


def test_a_list_that_is_not_of_the_system(written):
    with pytest.raises(InputError, match=r"has no column Identifier, Grade\. Export it in Moodle"):
        filled(written(CANVAS), "moodle")
    with pytest.raises(InputError, match=r"has no column ID, Section\. Export it in Canvas"):
        ClassList(written("Student\nAda\n")).filled([], "canvas")


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "has no column name or id"), ("a,b\n1,2\n", "has no column name or id, but 'a,b'")],
)
def test_a_list_that_is_none(written, text, words):
    with pytest.raises(InputError, match=words):
        ClassList(written(text))


def test_a_list_that_is_no_text(tmp_path):
    (tmp_path / "list.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="it is no text in UTF-8"):
        ClassList(tmp_path / "list.csv")
    with pytest.raises(InputError, match="cannot be read: No such file"):
        ClassList(tmp_path / "none.csv")
