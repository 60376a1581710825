"""Who handed in what."""

import os

import pytest

from handed_in import METADATA, read_class
from utils.utils import InputError


def make(folder, names, text=""):
    """Make folders, whose names end with a slash, repositories with two, and files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name.endswith("/"):
            (folder / name / (".git" * name.endswith("//"))).mkdir(parents=True)
        else:
            (folder / name).write_text(text)
    return folder


BLACKBOARD = "gradebook_2025FA-CS_Word2vec_ada_l_attempt_2025-11-03-11-59-00"
LAYOUTS = {
    "Canvas": (
        ["lovelaceada_12341_678911_word2vec.py", "lovelaceada_12341_678912_sgd-1.py",
         "lovelaceada_12341_678913_sample_vectors_(soln)-12.json",
         "oneilsmithjürgen_LATE_12342_678914_word2vec.py", "wubo_12343_678915_submission-2.zip",
         "licy_12344_question_55_678916_quiz.py", "anon_ab3De_678917_sgd.py",
         "dee_12345_678918_LATE_x.py", "eve_12346_text.html", "fay_12347_1_all/", "gil_12348_LATE_2_sgd.py", "of ours.zip"],
        {"lovelaceada_12341": ("lovelaceada", "12341", "",
                               ["sample_vectors_(soln).json", "sgd.py", "word2vec.py"]),
         "oneilsmithjürgen_12342": ("oneilsmithjürgen", "12342", "late", ["word2vec.py"]),
         "wubo_12343": ("wubo", "12343", "", "wubo_12343_678915_submission-2.zip"),
         "licy_12344": ("licy", "12344", "", ["quiz.py"]),
         "anon_ab3De": ("anon", "ab3De", "", ["sgd.py"]),
         "dee_12345": ("dee", "12345", "", ["LATE_x.py"]),
         "eve_12346": ("eve", "12346", "", ["text.html"]),
         "fay_12347": ("fay", "12347", "", "fay_12347_1_all"),
         "gil_12348": ("gil", "12348", "late", ["sgd.py"]),
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
        "Ignored, as these are not submissions: Ada Lovelace_123456_assignsubmission_onlinetext_\n",
    ),
    "Moodle, without folders": (
        ["Ada Lovelace_123456_assignsubmission_file_word2vec.py",
         "Ada Lovelace_123456_assignsubmission_file_my_onlinetext_sgd.py",
         "Participant_7_assignsubmission_file_a.zip",
         "Participant_7_assignsubmission_onlinetext_onlinetext.html"],
        {"Ada Lovelace_123456": ("Ada Lovelace", "123456", "", ["my_onlinetext_sgd.py", "word2vec.py"]),
         "Participant_7": ("Participant", "7", "", "Participant_7_assignsubmission_file_a.zip")},
        "Ignored, as these are not submissions: Participant_7_assignsubmission_onlinetext_onlinetext.html\n",
    ),
    "Brightspace": (
        ["1-9 - Ada Lovelace - Nov 3, 2025 1159 PM/", "1-9 - Ada Lovelace - Nov 4, 2025 1205 AM/",
         "2-9 - Jürgen O'Neil-Smith - 28 October 2025 930 AM/", "index.html",
         "2-9 - Jürgen O'Neil-Smith - 28 October 2025 130 PM/",
         "3-9 - Bo Wu - Nov 3, 2025 1159 AM/", "3-9 - Bo Wu - Nov 3, 2025 1201 AM/"],
        {"Ada Lovelace_1-9": ("Ada Lovelace", "", "", "1-9 - Ada Lovelace - Nov 4, 2025 1205 AM"),
         "Jürgen O'Neil-Smith_2-9": ("Jürgen O'Neil-Smith", "", "",
                                     "2-9 - Jürgen O'Neil-Smith - 28 October 2025 130 PM"),
         "Bo Wu_3-9": ("Bo Wu", "", "", "3-9 - Bo Wu - Nov 3, 2025 1159 AM")},
        "Ignored, as these are not submissions: index.html\n"
        "Ada Lovelace_1-9: 2 attempts, that of Nov 4, 2025 1205 AM counts\n"
        "Jürgen O'Neil-Smith_2-9: 2 attempts, that of 28 October 2025 130 PM counts\n"
        "Bo Wu_3-9: 2 attempts, that of Nov 3, 2025 1159 AM counts\n",
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
    "folders, zips and files": (
        ["cy/", "dee.smith/", "ada.zip", "bob.py", ".DS_Store"],
        {"ada.zip": ("ada", "", "", "ada.zip"), "bob.py": ("bob", "", "", "bob.py"),
         "cy": ("cy", "", "", "cy"), "dee.smith": ("dee.smith", "", "", "dee.smith")},
        "",
    ),
    "what lies beside submissions": (
        ["README.txt", "Thumbs.db", "desktop.ini", "grades.csv", "index.html", "readme", "ada/", "readme_cy.zip",
         "__MACOSX/", "Ada_12_assignsubmission_onlinetext_/"],
        {"ada": ("ada", "", "", "ada"), "readme_cy.zip": ("readme_cy", "", "", "readme_cy.zip")},
        "Ignored, as these are not submissions: Ada_12_assignsubmission_onlinetext_, README.txt, Thumbs.db, "
        "desktop.ini, grades.csv, index.html, readme\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected", "told"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_handed_in_or_exported(tmp_path, capsys, names, expected, told):
    made = make(tmp_path / "in", names, "Name: Ada Lovelace (ada_l)\nAssignment: Word2vec\n")
    assert expected == {
        each.name: (*each.students[0][:2], each.late, sorted(each.files) or each.path.name)
        for each in read_class(made)
    }
    assert capsys.readouterr().out == told


def names_in(folder):
    return [each.name for each in read_class(folder)]


def test_clones_are_known_by_the_name_of_their_folder(tmp_path):
    folder = make(tmp_path / "word2vec-submissions", ["word2vec-ada-l/", "word2vec-ada-b/"])
    assert [each.students[0][0] for each in read_class(folder)] == ["ada-b", "ada-l"]


def test_the_folder_above_a_download_will_do(tmp_path):
    make(tmp_path / "above" / "submissions", ["ada_1_12_sgd.py"])
    assert names_in(tmp_path / "above") == ["ada_1"]
    make(tmp_path / "above", ["submissions.zip"])
    assert names_in(tmp_path / "above") == ["ada_1"]
    (tmp_path / "above" / "submissions.zip").unlink()
    make(tmp_path / "above", ["bo/"])
    assert names_in(tmp_path / "above") == ["bo", "submissions"]
    make(tmp_path / "above" / "submissions", [METADATA], EXPORT)
    assert "submission_12" in names_in(tmp_path / "above")


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


def test_the_export_of_gradescope(tmp_path):
    make(tmp_path, ["submission_9/", "submission_12/", "late/"])
    (tmp_path / METADATA).write_text(EXPORT)
    assert {each.name: each.students for each in read_class(tmp_path)} == {
        "late": (("late", "", ""),),
        "submission_12": (("Ada Lovelace", "0012", "ada@uni.edu"), ("Bob", "", "bob@uni.edu")),
        "submission_7": (("=HYPERLINK(1)", "012345", "c@uni.edu"),),
        "submission_9": (("submission_9", "", ""),),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", "is not as Gradescope writes it"),
        ("submission_1: 5\n", "is not as Gradescope writes it: 'submission_1' lists no :submitters:"),
        ("submission_1:\n  :submitters: 5\n", "is not as Gradescope writes it"),
        ("a: [1\n", "cannot be read"),
        ("../../etc:\n  :submitters: []\n", "not a folder name"),
        (".hidden:\n  :submitters: []\n", "not a folder name"),
        ('"":\n  :submitters: []\n', "not a folder name"),
        ('"a\\nb":\n  :submitters: []\n', "not a folder name"),
        ("!!python/object/apply:os.system ['true']\n", "is not as Gradescope writes it"),
    ],
)  # fmt: skip
def test_metadata_that_is_none(tmp_path, text, words):
    make(tmp_path, [METADATA], text)
    with pytest.raises(InputError, match=words) as caught:
        read_class(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "is empty"),
        (None, "is not a folder"),
        ([os.fsdecode(b"M\xfcller/")], r"holds M\\udcfcller, a name that is not UTF-8: rename it"),
        (["Ada/", "ada/", "bob/", "bob.zip", "cy.py"], r"holds Ada and ada, bob and bob\.zip: keep or rename one"),
        (["1-9 - Bo - 3 août 2025 1159 - a.zip", "1-9 - Bo - 4 août 2025 1159 - a.zip"], " and .*: keep or rename one"),
        (["Ada_1_assignsubmission_file_/", "Ada_1_assignsubmission_file_a.zip"], " and .*: keep or rename one"),
        (["ada_1/", "ada_1_2_a.py", "ada_1_3_b.py"], " and .*: keep or rename one"),
    ],
)  # fmt: skip
def test_what_cannot_be_graded_is_refused(tmp_path, names, words):
    if names is not None:
        make(tmp_path / "in", names)
    with pytest.raises(InputError, match=words):
        read_class(tmp_path / "in")


# What is gathered


def test_files_are_gathered_under_their_names(tmp_path):
    names = ["ada_1_2_sgd-1.py", "ada_1_3_quiz.py", "ada_1_4_..", "bo_2_5_a.zip"]
    folder = make(tmp_path / "in", names)
    (folder / "ada_1_3_quiz.py").write_bytes(b"x" * (25 * 10**6))
    make(tmp_path / "out", ["of the last time"])
    ada, bo = read_class(folder)
    path = ada.gather(tmp_path / "out")
    assert sorted(os.listdir(path)) == ["quiz.py", "sgd.py"]
    assert 20 * 10**6 < (path / "quiz.py").stat().st_size < 22 * 10**6
    assert bo.gather(tmp_path / "unused") == folder / "bo_2_5_a.zip"
    assert not (tmp_path / "unused").exists()


def test_links_are_not_followed(tmp_path, capsys):
    folder = make(tmp_path / "in", ["ada_1_2_sgd.py"])
    for name in ("ada_1_1_quiz.py", "ada_1_3_word2vec.py", "bo_2_4_sgd.py", "bo_2_5_quiz.py"):
        (folder / name).symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_text("of others")
    ada, bo = read_class(folder)
    assert [*ada.files] == ["sgd.py"]
    others = "ada_1_1_quiz.py", "ada_1_3_word2vec.py", "bo_2_4_sgd.py"
    told = [f"Ignored, as it is not a plain file: {name}" for name in others]
    assert capsys.readouterr().out.splitlines() == told
    assert (bo.gather(tmp_path / "out"), bo.files) == (folder / "bo_2_5_quiz.py", {})
    ada.files["sgd.py"].unlink()
    ada.files["sgd.py"].symlink_to(tmp_path / "secret")
    with pytest.raises(InputError, match=r"ada_1_2_sgd\.py cannot be read"):
        ada.gather(tmp_path / "out")
