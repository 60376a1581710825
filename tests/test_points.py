"""points.json: the points of the handout, in its order."""

import json
import re
from pathlib import Path

import grading.quiz

FILE = Path(__file__).parents[1] / "src" / "points.json"
POINTS = json.loads(FILE.read_text(encoding="utf-8"))
WRITTEN = {"1a": 2.5, "1b": 2.5}  # extra credit, graded by hand
ID = re.compile(r"(\d[a-f])-(\d+)-(basic|hidden)")


def total(beginning, kind=""):
    return sum(POINTS[id] for id in POINTS if id.startswith(beginning) and id.endswith(kind))


def test_sums_are_those_of_the_handout():
    assert [total("2a"), total("2b"), total("2c"), total("3")] == [12, 4, 4, 9]
    assert [total(f"3{letter}") for letter in "abcdef"] == [2, 1, 2, 2, 1, 1]
    assert {id: POINTS[id] for id in list(POINTS)[:2]} == WRITTEN


def test_basic_tests_are_worth_six_points_and_all_tests_29():
    assert sum(POINTS[id] for id in POINTS if id.endswith("basic")) == 6
    assert sum(POINTS.values()) - sum(WRITTEN.values()) == 29


def test_each_test_is_worth_what_the_handout_says():
    worth = [POINTS[id] for id in POINTS if id.startswith("2")]
    assert worth == [1, 1, 1, 1, 1, 2, 2, 3, 0, 0.5, 0.5, 1, 1, 1, 1, 3]
    assert total("3", "basic") == 0


def test_ids_are_numbered_in_order():
    tests = [ID.fullmatch(id).groups() for id in POINTS if id not in WRITTEN]
    for question in {question for question, _, _ in tests}:
        numbers = [int(number) for found, number, _ in tests if found == question]
        assert numbers == list(range(len(numbers)))
    assert list(POINTS) == sorted(POINTS)


def test_hidden_tests_are_these():
    hidden = [id.removesuffix("-hidden") for id in POINTS if id.endswith("hidden")]
    code = "2a-3 2a-4 2a-5 2a-6 2a-7 2b-3 2b-4 2c-1".split()
    assert hidden == code + [f"3{letter}-1" for letter in "abcdef"]


def test_each_quiz_question_has_a_basic_and_a_hidden_test():
    expected = [
        f"3{letter}-{kind}"
        for letter, _ in zip("abcdef", grading.quiz.OPTIONS, strict=True)
        for kind in ("0-basic", "1-hidden")
    ]
    assert [id for id in POINTS if id.startswith("3")] == expected
