"""What changed in a class since it was graded before."""

import json

import pytest
from classes import cells, hand_in

from changes import changes, changes_csv, changes_line, remember
from gradebook import NOTHING, Graded

TESTS = "2a-0-basic", "2b-0-basic"
WRONG, CRASH = "sigmoid: It is negated.", "sgd.py: NameError: name 'g' is not defined"


def row(name, *points, said=("", ""), status="graded", students=()):
    scores, sentences = (dict(zip(TESTS, each, strict=False)) for each in (points, said))
    result = Graded(status, scores, dict.fromkeys(TESTS, 2.0), sentences=sentences)
    return hand_in(name, *students), result


def told(before, rows):
    """Give what changed, and the line that says so; what was stands in a file meanwhile."""
    found = changes(json.loads(json.dumps(remember(before))), rows)
    return [tuple(change) for change in found], changes_line(found, rows)


def test_points_and_sentences_are_told_by_test():
    ada, bob = row("ada", 1, 0, said=("", WRONG)), row("bob", 1, 2)
    before = [ada, bob, row("cy", 0, 0, said=("", WRONG))]
    assert told(before, [row("ada", 1, 2), bob, row("cy", 0, 0, said=("", CRASH))]) == (
        [
            ("ada", "Ada", "2b-0-basic", 0, 2, WRONG, ""),
            ("cy", "Cy", "2b-0-basic", 0, 0, WRONG, CRASH),
        ],
        "2 of 3 changed: Ada, Cy (1 gained points)",
    )
    assert told([ada, bob], [ada, bob]) == ([], "0 of 2 changed")


def test_a_status_and_who_is_new_or_gone():
    before = [row("ada", 1, 2), row("bob", 0, 0, status="starved: busy"), row("dan", 1, 0)]
    rows = [row("ada", 0, 0, status="unreadable: it is empty"), row("bob", 0, 1), row("cy", 2, 2)]
    assert told(before, rows) == (
        [
            ("ada", "Ada", "status", 3, 0, "graded", "unreadable: it is empty"),
            ("ada", "Ada", "2a-0-basic", 1, 0, "", ""),
            ("ada", "Ada", "2b-0-basic", 2, 0, "", ""),
            ("bob", "Bob", "status", 0, 1, "starved: busy", "graded"),
            ("bob", "Bob", "2b-0-basic", 0, 1, "", ""),
            ("cy", "Cy", "new", "", 4, "", "graded"),
            ("dan", "Dan", "gone", 1, "", "graded", ""),
        ],
        "4 of 4 changed: Ada, Bob, Cy and 1 more (1 gained points, 1 lost, 1 new, 1 gone)",
    )


def test_tests_that_came_or_went_are_told():
    found, _ = told([row("ada", 1)], [row("ada", 1, 2)])
    assert [change[2:5] for change in found] == [("2b-0-basic", "", 2)]
    found, line = told([row("ada", 1, 2)], [row("ada", status=NOTHING)])
    went = [("status", 3, 0), ("2a-0-basic", 1, ""), ("2b-0-basic", 2, "")]
    assert [change[2:5] for change in found] == went
    assert "(1 lost)" in line


@pytest.mark.parametrize(
    ("before", "now", "is_same"),
    [
        ("E: <f at 0x7f01ab>", "E: <f at 0x7fee02>", True),
        ("E: no file /tmp/a8x/word2vec.py", "E: no file /tmp/zz_/word2vec.py", True),
        ("E: no file /tmp/a8x/word2vec.py", "E: no file /tmp/a8x/sgd.py", False),
        ("E: sgd took longer than 5 seconds: it computed for 0.0 and waited for 20.1",
         "E: sgd took longer than 5 seconds: it computed for 0.1 and waited for 20", True),
        ("E: sgd took longer than 5 seconds", "E: sigmoid took longer than 5 seconds", False),
        ("sgd: It is 2 times the right value.", "sgd: It is 3 times the right value.", False),
    ],
)  # fmt: skip
def test_noise_is_no_change(before, now, is_same):
    found, _ = told([row("a", 0, 0, said=[before])], [row("a", 0, 0, said=[now])])
    assert (not found) == is_same


def test_the_table_is_safe_and_whole():
    students = ("=Ada", "", ""), ("Bob", "", "")
    before = remember([row("=s", 1, 0, said=("", "=1+1"), students=students)])
    found = changes(before, [row("=s", 1, 0.5, students=students), row("new", 1, 0)])
    assert cells(changes_csv(found)) == [
        ["submission", "student", "test", "points before", "points now", "sentence before", "sentence now"],
        ["'=s", "'=Ada, Bob", "2b-0-basic", "0", "0.5", "'=1+1", ""],
        ["new", "New", "new", "", "1", "", "graded"],
    ]  # fmt: skip
