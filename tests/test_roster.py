"""Who handed in what."""

import pytest

from roster import METADATA, gather, read_roster
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


LAYOUTS = {  # names in a folder, and what they are: name, id, late, the files of each
    "canvas": (
        ["lovelaceada_12341_678911_word2vec.py", "lovelaceada_12341_678912_sgd-2.py",
         "lovelaceada_12341_678913_sgd-10.py", "lovelaceada_12341_678914_quiz.py",
         "oneillmaria_LATE_12342_678915_submission.zip", "müllerjosé_12343_678916_word2vec.py",
         "group7_12344_678917_my_sgd.py"],
        [("group7", "12344", "", ["my_sgd.py"]),
         ("lovelaceada", "12341", "", ["quiz.py", "sgd.py", "word2vec.py"]),
         ("müllerjosé", "12343", "", ["word2vec.py"]),
         ("oneillmaria", "12342", "late", [])],
    ),
    "moodle": (
        ["Ada Lovelace_123456_assignsubmission_file_/", "Seán O'Neill_123457_assignsubmission_file/",
         "Anna-Lena von Ahn_123458_assignsubmission_file_word2vec.py",
         "Anna-Lena von Ahn_123458_assignsubmission_file_sgd.py",
         "Ada Lovelace_123456_assignsubmission_onlinetext_/"],
        [("Ada Lovelace", "123456", "", []), ("Anna-Lena von Ahn", "123458", "", ["sgd.py", "word2vec.py"]),
         ("Seán O'Neill", "123457", "", [])],
    ),
    "brightspace": (
        ["index.html", "123456-78910 - Ada Lovelace - Nov 3, 2025 1159 AM/",
         "123456-78910 - Ada Lovelace - Nov 3, 2025 905 PM/",
         "123457-78910 - Bob O'Neill-Smith - Nov 10, 2025 1201 AM - word2vec.py",
         "123457-78910 - Bob O'Neill-Smith - Nov 10, 2025 1201 AM - sgd.py",
         "123457-78910 - Bob O'Neill-Smith - November 9, 2025 1159 PM - quiz.py"],
        [("Ada Lovelace", "", "", []),
         ("Bob O'Neill-Smith", "", "", ["sgd.py", "word2vec.py"])],
    ),
    "blackboard": (
        ["Assignment 2_ada01_attempt_2025-11-03-11-59-00.txt",
         "Assignment 2_ada01_attempt_2025-11-03-11-59-00_word2vec.py",
         "Assignment 2_ada01_attempt_2025-11-04-08-00-00_sgd.py",
         "gradebook_2025_bob.omar_attempt_2025-11-04-08-00-00_submission.zip"],
        [("ada01", "ada01", "", ["sgd.py"]), ("bob.omar", "bob.omar", "", [])],
    ),
    "github": (["word2vec-ada-l/.git/", "word2vec-adam/.git/"],
               [("ada-l", "ada-l", "", []), ("adam", "adam", "", [])]),
    "people": (["a-b/", "a-c/", "ada_1/", "bob_12_word2vec.py"],
               [(name, "", "", []) for name in ("a-b", "a-c", "ada_1", "bob_12_word2vec")]),
}  # fmt: skip


@pytest.mark.parametrize(("names", "expected"), LAYOUTS.values(), ids=LAYOUTS)
def test_what_learning_systems_give(tmp_path, names, expected, capsys):
    for name in names:
        path = tmp_path / "handed in" / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.write_text(name)
    found = read_roster(tmp_path / "handed in")
    told = [(*each.students[0][:2], each.late, sorted(each.files)) for each in found]
    assert sorted(told) == sorted(expected)
    for each in found:
        path = gather(each, tmp_path / f"of {each.name}")
        assert path.exists()
        assert path == each.path or sorted(p.name for p in path.iterdir()) == sorted(each.files)
    said = capsys.readouterr().out
    again = {"canvas": "sgd-10.py counts, not lovelaceada_12341_678912_sgd-2.py",
             "brightspace": "that of Nov 3, 2025 905 PM", "blackboard": "that of 2025-11-04"}  # fmt: skip
    for system, words in again.items():
        assert (words in said) == (names is LAYOUTS[system][0])


def test_the_last_of_files_that_canvas_numbers_counts(tmp_path):
    for number in ("", "-2", "-10"):
        (tmp_path / f"ada_1_7{number[1:]}_sgd{number}.py").write_text(number)
    (each,) = read_roster(tmp_path)
    assert (gather(each, tmp_path / "out") / "sgd.py").read_text() == "-10"
