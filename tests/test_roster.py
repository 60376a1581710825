"""Who handed in what, and who is in the class."""

import csv
import io
import os
from pathlib import Path

import pytest

from gradebook import Graded
from handed_in import METADATA, HandIn as Submission, read_class as read_roster
from roster import fill
from utils.utils import InputError

EXPORT = """---
submission_12:
  :submitters:
  - :name: Ada Lovelace
    :sid: '0012'
    :email: ada@uni.edu
  - :name: Bob
    :sid:
    :email: bob@uni.edu
  :created_at: 2024-05-01 10:00:00.000000000 Z
  :score: 3.0
  :results: {}
submission_9:
  :submitters: null
submission_7:
  :submitters:
  - :name: "=HYPERLINK(1)"
    :sid: 012345
    :email: c@uni.edu
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("submission_7", "submission_9", "submission_12"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_folder_of_folders_and_zips(tmp_path):
    (tmp_path / "cy").mkdir()
    (tmp_path / "dee.smith").mkdir()
    for name in ("ada.zip", "bob.py", ".DS_Store"):
        (tmp_path / name).write_text("")
    found = read_roster(tmp_path)
    assert [(each.name, each.path, each.students) for each in found] == [
        ("ada.zip", tmp_path / "ada.zip", (("ada", "", ""),)),
        ("bob.py", tmp_path / "bob.py", (("bob", "", ""),)),
        ("cy", tmp_path / "cy", (("cy", "", ""),)),
        ("dee.smith", tmp_path / "dee.smith", (("dee.smith", "", ""),)),
    ]


def test_the_export_of_gradescope(folder):
    (folder / METADATA).write_text(EXPORT)
    found = {each.name: each.students for each in read_roster(folder)}
    assert found == {
        "submission_12": (("Ada Lovelace", "0012", "ada@uni.edu"), ("Bob", "", "bob@uni.edu")),
        "submission_7": (("=HYPERLINK(1)", "012345", "c@uni.edu"),),
        "submission_9": (("submission_9", "", ""),),
    }


def test_one_whose_folder_is_missing_is_there_nevertheless(folder):
    (folder / METADATA).write_text(EXPORT)
    (folder / "submission_7").rmdir()
    assert len(read_roster(folder)) == 3


def test_one_that_the_metadata_lacks_is_there_nevertheless(folder):
    (folder / METADATA).write_text(EXPORT)
    (folder / "late").mkdir()
    assert read_roster(folder)[0].students == (("late", "", ""),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "is not as Gradescope writes it"),
        (
            "submission_1: 5\n",
            "is not as Gradescope writes it: 'submission_1' lists no :submitters:",
        ),
        ("submission_1:\n  :submitters: 5\n", "is not as Gradescope writes it"),
        ("a: [1\n", "cannot be read"),
        ("../../etc:\n  :submitters: []\n", "no name of a folder"),
        (".hidden:\n  :submitters: []\n", "no name of a folder"),
        ('"":\n  :submitters: []\n', "no name of a folder"),
        ('"a\\nb":\n  :submitters: []\n', "no name of a folder"),
        ("!!python/object/apply:os.system ['true']\n", "cannot be read"),
    ],
)
def test_metadata_that_is_none(folder, text, words):
    (folder / METADATA).write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_roster(folder)
    assert "\n" not in str(caught.value)


def test_no_folder_and_an_empty_one(tmp_path):
    with pytest.raises(InputError, match="is empty"):
        read_roster(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read_roster(tmp_path / "none")


def test_two_of_one_name_are_told(tmp_path):
    for name in ("Ada", "ada", "bob", "bob.zip", "cy.py"):
        (tmp_path / name).mkdir()
    with pytest.raises(
        InputError, match=r"holds Ada and ada, bob and bob\.zip: keep or rename one"
    ):
        read_roster(tmp_path)


def test_what_lies_beside_submissions_is_none(tmp_path, capsys):
    for name in ("README.txt", "Thumbs.db", "desktop.ini", "grades.csv", "index.html", "readme",
                 "Ada_12_assignsubmission_onlinetext_", "__MACOSX", "ada", "readme_cy.zip"):  # fmt: skip
        (tmp_path / name).mkdir()
    assert [each.name for each in read_roster(tmp_path)] == ["ada", "readme_cy.zip"]
    told = (
        "Passed over, as no submissions: Ada_12_assignsubmission_onlinetext_, README.txt, Thumbs.db"
    )
    assert capsys.readouterr().out.startswith(told)


def test_the_folder_above_an_export_will_do(folder):
    (folder / METADATA).write_text(EXPORT)
    folder = folder.rename(folder.with_name("assignment_42_export"))
    above = folder.parent / "above"
    above.mkdir()
    folder = folder.rename(above / folder.name)
    (above / "notes.txt").write_text("of ours")
    assert read_roster(above) == read_roster(folder)


def make(folder, names, text=""):
    """Make folders, whose names end with a slash, repositories with two, and files."""
    folder.mkdir(parents=True)
    for name in names:
        if name.endswith("/"):
            (folder / name / (".git" * name.endswith("//"))).mkdir(parents=True)
        else:
            (folder / name).write_text(text)
    return folder


def listed(folder, roster=None):
    """List what there is of each submission: student, late, and the files or where it lies."""
    return {
        each.name: (*each.students[0][:2], each.late, sorted(each.files) or each.path.name)
        for each in read_roster(folder, roster)
    }


BLACKBOARD = "gradebook_2025FA-CS_Word2vec_ada_l_attempt_2025-11-03-11-59-00"
LAYOUTS = {
    "Canvas": (
        ["lovelaceada_12341_678911_word2vec.py", "lovelaceada_12341_678912_sgd-1.py",
         "lovelaceada_12341_678913_sample_vectors_(soln)-12.json",
         "oneilsmithjürgen_LATE_12342_678914_word2vec.py", "wubo_12343_678915_submission-2.zip",
         "licy_12344_question_55_678916_quiz.py", "anon_ab3De_678917_sgd.py",
         "dee_12345_678918_LATE_x.py", "eve_12346_text.html", "fay_12347_1_all/", "of ours.zip", "README.txt"],
        {"lovelaceada_12341": ("lovelaceada", "12341", "",
                               ["sample_vectors_(soln).json", "sgd.py", "word2vec.py"]),
         "oneilsmithjürgen_12342": ("oneilsmithjürgen", "12342", "late", ["word2vec.py"]),
         "wubo_12343": ("wubo", "12343", "", "wubo_12343_678915_submission-2.zip"),
         "licy_12344": ("licy", "12344", "", ["quiz.py"]),
         "anon_ab3De": ("anon", "ab3De", "", ["sgd.py"]),
         "dee_12345": ("dee", "12345", "", ["LATE_x.py"]),
         "eve_12346": ("eve", "12346", "", ["text.html"]),
         "fay_12347": ("fay", "12347", "", "fay_12347_1_all"),
         "of ours.zip": ("of ours", "", "", "of ours.zip")},
        "",
    ),
    "Canvas, a file handed in again": (
        ["ada_1_12_sgd-10.py", "ada_1_13_sgd-9.py"],
        {"ada_1": ("ada", "1", "", ["sgd.py"])},
        "ada_1_12_sgd-10.py counts, not ada_1_13_sgd-9.py\n",
    ),
    "some names as Canvas gives them": (
        ["ada_1_12_sgd.py", "bo.zip", "cy/"],
        {"ada_1_12_sgd.py": ("ada_1_12_sgd", "", "", "ada_1_12_sgd.py"),
         "bo.zip": ("bo", "", "", "bo.zip"), "cy": ("cy", "", "", "cy")},
        "",
    ),
    "Moodle": (
        ["Ada Lovelace_123456_assignsubmission_file_/", "bo/", "cy.zip", "dee.py",
         "Ada Lovelace_123456_assignsubmission_onlinetext_/",
         "Jürgen O'Neil-Smith_123457_assignsubmission_file/",
         "Group A-Bo Wu_123458_assignsubmission_file_/"],
        {"Ada Lovelace_123456": ("Ada Lovelace", "123456", "",
                                 "Ada Lovelace_123456_assignsubmission_file_"),
         "Jürgen O'Neil-Smith_123457": ("Jürgen O'Neil-Smith", "123457", "",
                                        "Jürgen O'Neil-Smith_123457_assignsubmission_file"),
         "Group A-Bo Wu_123458": ("Group A-Bo Wu", "123458", "",
                                  "Group A-Bo Wu_123458_assignsubmission_file_"),
         "bo": ("bo", "", "", "bo"), "cy.zip": ("cy", "", "", "cy.zip"),
         "dee.py": ("dee", "", "", "dee.py")},
        "Passed over, as no submissions: Ada Lovelace_123456_assignsubmission_onlinetext_\n",
    ),
    "Moodle, without folders": (
        ["Ada Lovelace_123456_assignsubmission_file_word2vec.py",
         "Ada Lovelace_123456_assignsubmission_file_my_onlinetext_sgd.py",
         "Participant_7_assignsubmission_file_a.zip",
         "Participant_7_assignsubmission_onlinetext_onlinetext.html"],
        {"Ada Lovelace_123456": ("Ada Lovelace", "123456", "", ["my_onlinetext_sgd.py", "word2vec.py"]),
         "Participant_7": ("Participant", "7", "", "Participant_7_assignsubmission_file_a.zip")},
        "Passed over, as no submissions: Participant_7_assignsubmission_onlinetext_onlinetext.html\n",
    ),
    "Brightspace": (
        ["1-9 - Ada Lovelace - Nov 3, 2025 1159 PM/", "1-9 - Ada Lovelace - Nov 4, 2025 1205 AM/",
         "2-9 - Jürgen O'Neil-Smith - 28 October 2025 930 AM/", "index.html",
         "2-9 - Jürgen O'Neil-Smith - 28 October 2025 130 PM/"],
        {"Ada Lovelace_1-9": ("Ada Lovelace", "", "", "1-9 - Ada Lovelace - Nov 4, 2025 1205 AM"),
         "Jürgen O'Neil-Smith_2-9": ("Jürgen O'Neil-Smith", "", "",
                                     "2-9 - Jürgen O'Neil-Smith - 28 October 2025 130 PM")},
        "Passed over, as no submissions: index.html\n"
        "Ada Lovelace_1-9: 2 attempts, that of Nov 4, 2025 1205 AM counts\n"
        "Jürgen O'Neil-Smith_2-9: 2 attempts, that of 28 October 2025 130 PM counts\n",
    ),
    "Brightspace, without folders": (
        ["1-9 - Ada Lovelace - Nov 3, 2025 1159 PM - word2vec.py",
         "1-9 - Ada Lovelace - Nov 3, 2025 1159 PM - a - Dec 4, 2026 1159 PM - b.py",
         "1-9 - Ada Lovelace - Nov 3, 2025 1158 PM - all.zip"],
        {"Ada Lovelace_1-9": ("Ada Lovelace", "", "",
                              ["a - Dec 4, 2026 1159 PM - b.py", "word2vec.py"])},
        "Ada Lovelace_1-9: 2 attempts, that of Nov 3, 2025 1159 PM counts\n",
    ),
    "Blackboard": (
        [f"{BLACKBOARD}.txt", f"{BLACKBOARD}_word2vec.py", f"{BLACKBOARD}_sgd.py",
         f"{BLACKBOARD}_x_eve_attempt_2026-11-03-11-59-00_x.py",
         f"{BLACKBOARD.replace('11-03', '10-31')}_all.zip",
         f"{BLACKBOARD.replace('11-03', '10-31')}.txt",
         "Word2vec_bow_attempt_2025-11-03-11-59-00_all.zip",
         "Word2vec_cyl_attempt_2025-11-03-11-59-00.txt"],
        {"ada_l": ("Ada Lovelace", "ada_l", "",
                   ["sgd.py", "word2vec.py", "x_eve_attempt_2026-11-03-11-59-00_x.py"]),
         "bow": ("bow", "bow", "", "Word2vec_bow_attempt_2025-11-03-11-59-00_all.zip"),
         "cyl": ("cyl", "cyl", "", "Word2vec_cyl_attempt_2025-11-03-11-59-00.txt")},
        "ada_l: 2 attempts, that of 2025-11-03-11-59-00 counts\n",
    ),
    "GitHub Classroom": (
        ["word2vec-adal//", "word2vec-ada-b//", "word2vec-bo//"],
        {"word2vec-adal": ("adal", "adal", "", "word2vec-adal"),
         "word2vec-ada-b": ("ada-b", "ada-b", "", "word2vec-ada-b"),
         "word2vec-bo": ("bo", "bo", "", "word2vec-bo")},
        "",
    ),
    "double names": (["wu-ada/", "wu-bo/"],
                     {"wu-ada": ("wu-ada", "", "", "wu-ada"), "wu-bo": ("wu-bo", "", "", "wu-bo")}, ""),
    "Gradescope, without metadata": (
        ["submission_7/"], {"submission_7": ("submission_7", "", "", "submission_7")}, ""),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected", "told"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_learning_systems_give(tmp_path, capsys, names, expected, told):
    made = make(tmp_path / "handed in", names, "Name: Ada Lovelace (ada_l)\nAssignment: Word2vec\n")
    assert listed(made) == expected
    assert (
        capsys.readouterr().out.replace("Passed over, as no submissions: README.txt\n", "") == told
    )


def test_clones_are_known_by_the_name_of_their_folder(tmp_path):
    folder = make(tmp_path / "word2vec-submissions", ["word2vec-ada-l/", "word2vec-ada-b/"])
    assert [name for name, *_ in listed(folder).values()] == ["ada-b", "ada-l"]


@pytest.mark.parametrize(
    "names",
    [
        ["1-9 - Bo - 3 août 2025 1159 - a.zip", "1-9 - Bo - 4 août 2025 1159 - a.zip"],
        ["Ada_1_assignsubmission_file_/", "Ada_1_assignsubmission_file_a.zip"],
        ["ada_1/", "ada_1_2_a.py", "ada_1_3_b.py"],
    ],
)
def test_two_of_one_student_of_which_none_is_later(tmp_path, names):
    with pytest.raises(InputError, match=r" and .*: keep or rename one"):
        read_roster(make(tmp_path / "in", names))


def test_the_folder_above_any_download_will_do(tmp_path):
    make(tmp_path / "above" / "submissions", ["ada_1_12_sgd.py"])
    assert [*listed(tmp_path / "above")] == ["ada_1"]
    (tmp_path / "above" / "submissions.zip").write_text("")
    assert [*listed(tmp_path / "above")] == ["ada_1"]
    (tmp_path / "above" / "bo").mkdir()
    (tmp_path / "above" / "submissions.zip").unlink()
    assert [*listed(tmp_path / "above")] == ["bo", "submissions"]


def test_a_name_that_is_no_text(tmp_path):
    (tmp_path / os.fsdecode(b"M\xfcller")).mkdir()
    with pytest.raises(InputError, match=r"holds M\\udcfcller, no name in UTF-8: rename it"):
        read_roster(tmp_path)


# What is gathered


def test_files_are_gathered_under_their_names(tmp_path):
    folder = make(
        tmp_path / "in", ["ada_1_2_sgd-1.py", "ada_1_3_quiz.py", "ada_1_4_..", "bo_2_5_a.zip"]
    )
    (folder / "ada_1_3_quiz.py").write_bytes(b"x" * (25 * 10**6))
    ada, bo = read_roster(folder)
    path = ada.gather(tmp_path / "out" / "handed in")
    assert sorted(os.listdir(path)) == ["quiz.py", "sgd.py"]
    assert 20 * 10**6 < (path / "quiz.py").stat().st_size < 22 * 10**6
    assert bo.gather(tmp_path / "unused") == folder / "bo_2_5_a.zip"
    assert not (tmp_path / "unused").exists()


def test_links_are_not_followed(tmp_path, capsys):
    folder = make(tmp_path / "in", ["ada_1_2_sgd.py"])
    for name in ("ada_1_1_quiz.py", "ada_1_3_word2vec.py", "bo_2_4_sgd.py", "bo_2_5_quiz.py"):
        (folder / name).symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("of others")
    ada, bo = read_roster(folder)
    assert [*ada.files] == ["sgd.py"]
    others = "ada_1_1_quiz.py", "ada_1_3_word2vec.py", "bo_2_4_sgd.py"
    told = [f"Passed over, as no plain file: {name}" for name in others]
    assert capsys.readouterr().out.splitlines() == told
    assert (bo.gather(tmp_path / "out"), bo.files) == (folder / "bo_2_5_quiz.py", {})
    ada.files["sgd.py"].unlink()
    ada.files["sgd.py"].symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match=r"ada_1_2_sgd\.py cannot be read"):
        ada.gather(tmp_path / "out")


# Who is in the class

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


@pytest.mark.parametrize(("text", "names", "expected"), ROSTERS.values(), ids=ROSTERS)
def test_whose_the_submissions_are(tmp_path, text, names, expected):
    folder, roster = make(tmp_path / "handed in", names), tmp_path / "handed in" / "roster.csv"
    roster.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = read_roster(folder, roster)
    assert {each.name: each.students[0] for each in found} == expected
    nothing = [each for each in found if not each.path.exists()]
    assert len(nothing) == len(expected) - len(names)


def test_everybody_in_a_group_is_in_the_roster(folder):
    (folder / METADATA).write_text(EXPORT)
    (folder / "roster.csv").write_text(
        "name,email,login\nBob Builder,bob@uni.edu,\nAda Lovelace,,0012\n"
    )
    found = {each.name: each.students for each in read_roster(folder, folder / "roster.csv")}
    assert found["submission_12"] == (
        ("Ada Lovelace", "0012", "ada@uni.edu"),
        ("Bob Builder", "", "bob@uni.edu"),
    )


@pytest.mark.parametrize(
    ("text", "names", "told"),
    [
        (PLAIN, ["ada lovelace/", "zed/", "a\nb/"], "Not in roster.csv: a\\nb, zed\n"),
        (
            "name,id\nLi Chen,5\nChen Li,6\nBo,7\n",
            ["Li Chen/", "bo/"],
            "Li Chen: Li Chen 5 or Chen Li 6? Rename it to the id.\n",
        ),
        (
            "name\nLi Wu\nLi Wu\nBo\n",
            ["li wu/", "bo/"],
            "li wu: Li Wu or Li Wu? Rename it to the id.\n",
        ),
        (
            "name,id\nAda,5\nBo,6\nCy,7\n",
            ["cy_7_1_a.py", "ada_6_2_a.py"],
            "ada_6: Ada 5 or Bo 6? Rename it to the id.\n",
        ),
        (
            CANVAS,
            ["group1_12341_1_a.py", "wubo_12343_2_a.py"],
            "Canvas names one of a group only, the others seem to lack it: group1_12341\n",
        ),
        (
            "name\n" + "Ada\n",
            ["ada/", *(f"of nobody {i:02}/" for i in range(12))],
            f"Not in roster.csv: {', '.join(f'of nobody {i:02}' for i in range(10))}, 2 more\n",
        ),
    ],
)
def test_who_is_not_known_is_told_and_not_guessed(tmp_path, capsys, text, names, told):
    (tmp_path / "roster.csv").write_text(text)
    found = read_roster(make(tmp_path / "in", names), tmp_path / "roster.csv")
    assert capsys.readouterr().out == told
    if "Rename" in told:  # nobody of those whom it may be of gets 0
        assert len(found) == 2


@pytest.mark.parametrize(
    ("text", "names", "words"),
    [
        (
            PLAIN,
            ["ada lovelace/", "0012.zip"],
            "holds 0012.zip and ada lovelace, both of Ada Lovelace in",
        ),
        (PLAIN, ["zed/"], r"nobody in .* is in .*roster\.csv, which begins with Ada Lovelace 0012"),
        (
            "foo,bar\n1,2\n",
            ["ada/"],
            "begins with foo,bar: expected a first line as name,student id",
        ),
        ("", ["ada/"], "begins with nothing: expected"),
        ("name,id\n,\n", ["ada/"], "lists no students"),
        (f'name\n"{"x" * 200_000}"\n', ["ada/"], "is no CSV file"),
        (None, ["ada/"], "cannot be read: No such file"),
    ],
)
def test_a_roster_that_does_not_fit(tmp_path, text, names, words):
    if text is not None:
        (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_roster(make(tmp_path / "in", names), tmp_path / "roster.csv")
    assert "\n" not in str(caught.value)


# Their own tables, filled


def filled(tmp_path, text, format, *grades, **how):
    """Fill points of (name, id, email) into a roster; give the text."""
    (tmp_path / "roster.csv").write_bytes(text.encode())
    rows = [
        (
            Submission("s", Path("s"), (student,)),
            Graded("graded", {"a": points or 0}, {"a": 30, "b": 1}, again=points is None),
        )
        for student, points in grades
    ]
    return fill(tmp_path / "roster.csv", rows, format, **how)


GRADES = [(("lovelaceada", "12341", ""), 30.25), (("", "0013", ""), 1), (("Bo Wu", "", ""), 0)]
TO_CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,{head}
    Points Possible,,,,,{points}
"Lovelace, Ada",12341,0012,adal,S1,{ada}
"O'Neil-Smith, Jürgen",12342,0013,juergen@uni.edu,S1,{jürgen}
"Wu, Bo",12343,0014,bow,S1 and S2,{bo}
"""


@pytest.mark.parametrize(
    ("text", "how", "cells"),
    [
        (CANVAS, {}, ("Word2vec (123)", "31.0", "30.25", "EX", "0.0")),
        (CANVAS.replace("Word2vec", "A2: WORD2VEC code"), {}, ("A2: WORD2VEC code (123)", "31.0", "30.25", "EX", "0.0")),
        (CANVAS, {"column": "HW1 (77)"}, ("HW1 (77)", "10.0", "30.25", "1.0", "0.0")),
        (CANVAS.replace("Word2vec", "Essay"), {}, ("Word2vec", "31", "30.25", "1", "0")),
    ],
)  # fmt: skip
def test_the_gradebook_of_canvas(tmp_path, text, how, cells):
    keys = "head", "points", "ada", "jürgen", "bo"
    expected = TO_CANVAS.format(**dict(zip(keys, cells, strict=True)))
    assert filled(tmp_path, text, "canvas", *GRADES, **how) == expected


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
    told = "No row of roster.csv is surely theirs, so it lacks them: zed\n"
    assert capsys.readouterr().out == told
    filled(tmp_path, MOODLE.replace("31,00", "100,00"), "moodle", GRADES[2])
    assert capsys.readouterr().out == "In roster.csv the assignment has 100,00 points, here 31\n"


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
        (
            CANVAS.replace("HW1", "Word2vec text").replace("Word2vec (", "Word2vec code ("),
            "canvas",
            r"has Word2vec text \(77\), Word2vec code \(123\): keep the column that the grades",
        ),
    ],
)
def test_a_table_of_another_kind(tmp_path, text, format, words):
    with pytest.raises(InputError, match=words):
        filled(tmp_path, text, format)
