"""Who handed in what."""

import pytest

from roster import METADATA, read_roster
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
