"""points.json: the points of the handout, in its order."""

import json
import re
import shutil
import subprocess
import sys

import pytest
from worth import FILE, POINTS

from grading.quiz import QUESTIONS

ID = re.compile(r"(\d[a-z])-(\d+)-(basic|hidden)")


def test_ids_are_numbered_in_order():
    tests = [ID.fullmatch(test).groups() for test in POINTS]
    for question in {question for question, _, _ in tests}:
        numbers = [int(number) for found, number, _ in tests if found == question]
        assert numbers == list(range(len(numbers)))
    assert tests == sorted(tests, key=lambda test: (test[0], int(test[1])))


def test_each_quiz_question_has_a_basic_and_a_hidden_test():
    expected = [f"{q}-{kind}" for q in QUESTIONS.values() for kind in ("0-basic", "1-hidden")]
    assert [test for test in POINTS if test.startswith("3")] == expected


def listed(folder, change):
    """List the tests of a copy whose points.json is changed."""
    source = shutil.copytree(FILE.parent, folder / "src", ignore=shutil.ignore_patterns("__py*"))
    (source / "points.json").write_text(change(FILE.read_text(encoding="utf-8")))
    command = [sys.executable, source / "grader.py", "--list"]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (r' "2a-2-basic": .*,', "", "points.json has no line for 2a-2-basic"),
        ('"2a-2-basic"', '"2a-99-basic": 1, "2a-2-basic"', "points.json has a line for 2a-99-basic"),
        ('"2a-2-basic": .*,', '"2a-2-basic": -1,', "2a-2-basic must be worth a number, not -1"),
        ('("2a-2-basic": .*),', r"\1", "points.json is not valid JSON"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_told_in_one_line(old, new, line, tmp_path):
    done = listed(tmp_path, lambda text: re.sub(old, new, text))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr


def test_list_names_every_test_and_its_points_in_the_order_of_the_file(tmp_path):
    backwards = dict(reversed(POINTS.items()))  # as 2a-10 comes after 2a-9
    done = listed(tmp_path, lambda text: json.dumps(backwards))
    found = re.findall(r"^(\S+) +(\S+) points  .+", done.stdout, re.MULTILINE)
    assert found == [(key, str(value)) for key, value in backwards.items()]
