"""The quiz: the right answers follow from the options as they are written; answers are read kindly."""

import inspect
import random
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_compare import anything

from grading.quiz import OPTIONS, AnswerError, check_answer, read_answer
from sandbox.objects import TableDataset
from sandbox.wire import Opaque
from submission import (
    naive_softmax_loss_and_gradient,
    neg_sampling_loss_and_gradient,
    quiz,
    sgd,
    sigmoid,
)
from utils.gradcheck import numerical_gradient

OPTION = re.compile(r"^\((\w)\) (.*(?:\n    .*)*)", re.MULTILINE)
d, V = 3, 5
rng = np.random.default_rng(4)


def question(number):
    return getattr(quiz, f"question_{number}")


def texts(number):
    """Give the options of a question, letter to text."""
    found = OPTION.findall(inspect.getdoc(question(number)))
    return {letter: " ".join(text.split()) for letter, text in found}


def assert_right(number, is_right):
    """Expect that the question's answer is the options whose text is right."""
    right = [letter for letter, text in texts(number).items() if is_right(text)]
    assert right
    assert question(number)() == right


# The questions


@pytest.mark.parametrize("number", OPTIONS)
def test_a_question_is_one_region_that_returns_letters_of_its_options(number):
    assert "".join(texts(number)) == OPTIONS[number]
    assert len(set(texts(number).values())) == len(OPTIONS[number])
    source = inspect.getsource(question(number))
    region = "### START_CODE_HERE ###\n    return [{}]\n    ### END_CODE_HERE ###\n"
    assert source.endswith(region.format(", ".join(f'"{c}"' for c in question(number)())))
    assert read_answer(question(number)(), number) == question(number)()


def test_the_derivative_of_the_sigmoid():
    x, h = np.linspace(-4, 4, 41), 1e-5
    derivative = (sigmoid(x + h) - sigmoid(x - h)) / (2 * h)
    values = {"x": x, "exp": np.exp, "sigma": sigmoid}

    def is_derivative(text):
        formula = text.replace("^", "**").replace(") (", ") * (")
        return np.allclose(eval(formula, values), derivative, rtol=0, atol=1e-9)

    assert_right(1, is_derivative)


U, v_c = rng.normal(size=(d, V)), rng.normal(size=(d, 1))  # vectors as columns
y = np.eye(V)[:, [2]]
y_hat = np.exp(U.T @ v_c) / np.exp(U.T @ v_c).sum()


def shapes(text):
    """Read the shapes that an option names."""
    pairs = re.findall(r"\((\w), (\w)\)", text)
    return [tuple({"d": d, "V": V, "1": 1}[size] for size in pair) for pair in pairs]


def test_the_shapes_of_the_matrices():
    outside = np.column_stack([np.zeros(d) for _ in range(V)])
    center = np.column_stack([np.zeros(d) for _ in range(V)])
    assert_right(2, lambda text: shapes(text) == [outside.shape, center.shape])


@pytest.mark.parametrize(
    ("number", "formula", "gradient", "x"),
    [
        (3, "dJ/dv_c = U (y_hat - y)", U @ (y_hat - y), v_c),
        (4, "dJ/dU = v_c (y_hat - y)^T", v_c @ (y_hat - y).T, U),
    ],
)
def test_the_shape_of_a_gradient(number, formula, gradient, x):
    def loss(x):
        scores = (U.T @ x if x.shape == v_c.shape else x.T @ v_c)[:, 0]
        return (np.log(np.exp(scores).sum()) - scores[2],)

    assert formula in " ".join(inspect.getdoc(question(number)).split())
    np.testing.assert_allclose(gradient, numerical_gradient(loss, x.copy()), atol=1e-8)
    assert_right(number, lambda text: shapes(text) == [gradient.shape])


def test_the_step_of_stochastic_gradient_descent():
    def g(x):  # of the loss 1.5 (x - 2)^2, whose minimum is at 2
        return 3 * (x - 2)

    steps = {
        "x <- x - eta g(x)": lambda x, eta: x - eta * g(x),
        "x <- x - eta dg(x)/dx": lambda x, eta: x - eta * 3,
        "x <- x - eta / g(x)": lambda x, eta: x - eta / g(x),
        "x <- x - eta dx/dg(x)": lambda x, eta: x - eta / 3,
    }

    def descends(text):
        x = 0.5
        for _ in range(100):
            x = steps[text](x, 0.1)
        by_sgd = sgd(lambda x: (1.5 * (x - 2) ** 2, g(x)), 0.5, 0.1, 100, PRINT_EVERY=1000)
        return abs(x - 2) < 1e-9 and abs(x - by_sgd) < 1e-12

    assert_right(5, descends)


def words_in_gradient(loss):
    """List the words whose outside vectors take part in the gradient of the center vector."""
    outside_vectors, before = U.T.copy(), loss(v_c[:, 0], 2, U.T)[1]
    words = []
    for word in range(V):
        moved = outside_vectors.copy()
        moved[word] += 0.1
        if not np.array_equal(loss(v_c[:, 0], 2, moved)[1], before):
            words.append(word)
    return words


def test_what_the_two_losses_sum_over():
    def sampling(*arguments):
        random.seed(1)  # the same words each time
        return neg_sampling_loss_and_gradient(*arguments, TableDataset([1, 4], []))

    found = {
        "the naive softmax": words_in_gradient(
            lambda *arguments: naive_softmax_loss_and_gradient(*arguments, None)
        ),
        "negative sampling": words_in_gradient(sampling),
    }
    extents = {"all words of the vocabulary": [0, 1, 2, 3, 4], "a few words only": [1, 2, 4]}
    claim = re.compile(rf"With (.*?), the gradient .*takes a sum over ({'|'.join(extents)})")

    def is_true(text):
        loss, extent = claim.match(text).groups()
        return found[loss] == extents[extent]

    assert_right(6, is_true)


# Reading and checking

NOTHING = "no answer is returned, and printing one is not enough: return the letters alone, such"


@pytest.mark.parametrize(
    "value", [["a", "c"], ("c", "a"), "a, c", " A\tC\n", ["A", "c", "a"], ["ac"], "CAAC"]
)
def test_an_answer_is_read_however_it_is_written(value):
    assert read_answer(value, 1) == ["a", "c"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        *((empty, NOTHING) for empty in (None, [], "", ", ,", [" "])),
        (["a", "e"], "'e' is not an option in question 1, which has a, b, c, d: return the letters"),
        ("a and c", "'n' in 'a and c' is not an option in question 1"),
        ("\N{CYRILLIC SMALL LETTER A}", r"'\u0430' is not an option in question 1"),
        ("a\x1b", r"'\x1b' in 'a\x1b' is not an option"),
        (3, "a value of type int is not an option in question 1, which has a, b, c, d: return the"),
        (["a", None], "a value of type NoneType is not an option"),
        (np.array([0]), "an array of int64 is not an option"),
        (Opaque("set"), "a value of type set is not an option"),
        ([Opaque("x\n\x1b[2J" * 20)], "a value of type x??[2Jx??[2J"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_one_line(value, message):
    with pytest.raises(AnswerError) as error:
        read_answer(value, 1)
    assert str(error.value).startswith(message)


@settings(max_examples=50)
@given(anything | st.text("aAbBcCdD ,"), st.sampled_from([*OPTIONS]))
def test_whatever_is_returned_is_read_or_refused_in_one_line(value, number):
    try:
        letters = read_answer(value, number)
    except AnswerError as error:
        message = str(error)
        assert message.isprintable()
        assert len(message) < 450
    else:
        assert letters == sorted(set(letters) & set(OPTIONS[number]))
        assert letters


def test_a_wrong_answer_is_told_nothing_more_but_to_the_staff():
    said = "the answer is not right"
    for answer in (["a"], ["a", "b"], ["b", "d"], ["a", "b", "c"]):
        told = [check_answer(answer, ["a", "c"], reveal) for reveal in (False, True)]
        assert told == [said, f"{said}: it is a, c"]
        assert check_answer(answer, answer) == ""
