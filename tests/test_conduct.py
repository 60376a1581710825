"""Arguments stay as they were, and no random numbers are drawn but those that should be."""

import random

import pytest

from grading.conduct import check_arguments, check_draws


def following(seed, draws):
    source = random.Random(seed)
    for _ in range(draws):
        source.randint(0, 9)
    return source.getrandbits(32)


def test_as_many_draws_as_there_should_be():
    assert check_draws("f", 1, following(1, 0)) == ""
    assert check_draws("f", 1, following(1, 2), lambda: [random.randint(0, 9) for _ in "ab"]) == ""


@pytest.mark.parametrize("draws", [0, 1, 3])
def test_other_draws(draws):
    problem = check_draws("f", 1, following(1, draws), lambda: [random.randint(0, 9) for _ in "ab"])
    assert problem.startswith("f draws other random numbers")


@pytest.mark.parametrize("told", [None, "x", [], 1.5])
def test_what_is_told_may_be_anything(told):
    assert check_draws("f", 1, told)


def test_the_own_random_numbers_stay():
    state = random.getstate()
    check_draws("f", 1, 2, random.random)
    assert random.getstate() == state


def test_arguments_that_changed_are_named():
    assert check_arguments("sigmoid", []) == ""
    assert check_arguments("sigmoid", [0]) == (
        "sigmoid changes the x that it is given: work on a copy."
    )
    assert "the outside_words and the word2ind that" in check_arguments("skipgram", [2, 3])


@pytest.mark.parametrize("told", [None, "x", 5, [99, -1, "x", None, [0]], {0: 1}])
def test_arguments_told_may_be_anything(told):
    assert check_arguments("sigmoid", told) == ""
