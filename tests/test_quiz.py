"""The quiz: the right answers follow from the options as they are written; answers are read kindly."""

import inspect
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grading.quiz import OPTIONS, AnswerError, check_answer, read_answer
from sandbox.wire import Opaque
from submission import (
    naive_softmax_loss_and_gradient,
    neg_sampling_loss_and_gradient,
    quiz,
    sgd,
    sigmoid,
)

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
def test_a_question_has_the_options_that_the_grader_knows(number):
    assert "".join(texts(number)) == OPTIONS[number]
    assert len(set(texts(number).values())) == len(OPTIONS[number])


@pytest.mark.parametrize("number", OPTIONS)
def test_a_question_is_one_region_that_returns_a_list_of_letters(number):
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


def slopes(loss, x, h=1e-6):
    """Differentiate a loss by central differences, in the shape of x."""
    result = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        result[i] = (loss(x + step) - loss(x - step)) / (2 * h)
    return result


def naive_softmax_loss(v_c, U):
    return float(-(U[:, [2]].T @ v_c).item() + np.log(np.exp(U.T @ v_c).sum()))


def test_the_shapes_of_the_matrices():
    outside = np.column_stack([np.zeros(d) for _ in range(V)])
    center = np.column_stack([np.zeros(d) for _ in range(V)])
    assert_right(2, lambda text: shapes(text) == [outside.shape, center.shape])


def test_the_shape_of_the_gradient_of_the_center_vector():
    assert "dJ/dv_c = U (y_hat - y)" in inspect.getdoc(question(3))
    gradient = U @ (y_hat - y)
    np.testing.assert_allclose(gradient, slopes(lambda x: naive_softmax_loss(x, U), v_c), atol=1e-8)
    assert_right(3, lambda text: shapes(text) == [gradient.shape])


def test_the_shape_of_the_gradient_of_the_outside_vectors():
    assert "dJ/dU = v_c (y_hat - y)^T" in " ".join(inspect.getdoc(question(4)).split())
    gradient = v_c @ (y_hat - y).T
    np.testing.assert_allclose(gradient, slopes(lambda x: naive_softmax_loss(v_c, x), U), atol=1e-8)
    assert_right(4, lambda text: shapes(text) == [gradient.shape])


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


class Draws:
    """A dataset that draws the same few words."""

    def __init__(self):
        self.words = iter([1, 4])

    def sample_token_idx(self):
        return next(self.words)


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
    found = {
        "the naive softmax": words_in_gradient(
            lambda *arguments: naive_softmax_loss_and_gradient(*arguments, None)
        ),
        "negative sampling": words_in_gradient(
            lambda *arguments: neg_sampling_loss_and_gradient(*arguments, Draws(), K=2)
        ),
    }
    extents = {"all words of the vocabulary": [0, 1, 2, 3, 4], "a few words only": [1, 2, 4]}

    def is_true(text):
        loss, extent = re.match(
            r"With (.*?), the gradient .*takes a sum over (a few words only|all words of the \w+)",
            text,
        ).groups()
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
        (["1"], "'1' is not an option in question 1"),
        ("(a)", "'(' in '(a)' is not an option"),
        ("a\x1b", r"'\x1b' in 'a\x1b' is not an option"),
        (3, "a value of type int is not an option in question 1, which has a, b, c, d: return the"),
        (["a", None], "a value of type NoneType is not an option"),
        ([["a"]], "a value of type list is not an option"),
        (np.array([0]), "an array of int64 is not an option"),
        (Opaque("set"), "a value of type set is not an option"),
        ([Opaque("x\n\x1b[2J" * 20)], "a value of type x??[2Jx??[2J"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_in_one_line(value, message):
    with pytest.raises(AnswerError) as error:
        read_answer(value, 1)
    assert str(error.value).startswith(message)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.builds(Opaque, st.text(max_size=200)),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


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


@pytest.mark.parametrize("answer", [["a"], ["a", "b"], ["b", "d"], ["a", "b", "c"], ["a", "c"]])
def test_a_wrong_answer_is_told_nothing_more_but_to_the_staff(answer):
    told = [check_answer(answer, ["a", "c"], reveal) for reveal in (False, True)]
    said = "the answer is not right"
    assert told == ([said, f"{said}: it is a, c"] if answer != ["a", "c"] else ["", ""])
