"""The quiz on paper is that of quiz.py, and its key follows from the numbers."""

import re
from pathlib import Path

import numpy as np
import pytest

import generate
from formulas import to_latex
from grading.quiz import OPTIONS
from submission import quiz
from utils.gradcheck import numerical_gradient

ROOT = Path(__file__).resolve().parents[1]


def one_line(text):
    return " ".join(text.split())


def question(number):
    """Give what is asked and the options of a question, from the docstring of quiz.py."""
    text = getattr(quiz, f"question_{number}").__doc__.partition("Returns\n")[0]
    asked, *options = re.split(r"\n *\([a-z]\) ", text)
    return one_line(asked), [one_line(option) for option in options]


def test_every_question_and_option_of_the_quiz_arrives():
    made = generate.quiz((ROOT / "src" / "submission" / "quiz.py").read_text(encoding="utf-8"))
    questions = made.split(r"\begin{quizquestion}")[1:]
    assert len(questions) == len(OPTIONS)
    for number, tex in enumerate(questions, 1):
        asked, options = question(number)
        assert tex.startswith(f"{{3{'abcdef'[number - 1]}}}")
        items = re.findall(r"\\item (.*)", tex)
        assert items == [to_latex(option, displayed=False) for option in options]
        assert len(items) == len(OPTIONS[number])
        for word in re.findall(r"\b[A-Za-z]{4,}\b", asked):  # but for those of formulas
            assert word in tex or word in ("over", "words"), word
        assert not re.search(r"_hat|<-|\bexp\b(?<!\\exp)|(?<!\\)\b(sigma|eta)\b", tex)


@pytest.mark.parametrize(
    ("ascii", "latex"),
    [
        ("a word w of U", r"a word \(w\) of \(\bU\)"),
        ("exp(-x) / (1 + exp(-x))^2", r"\(\frac{\exp(-x)}{(1 + \exp(-x))^{2}}\)"),
        ("(1 + x) (2 + y) / 3", r"\(\frac{(1 + x) \, (2 + \by)}{3}\)"),
        ("x <- x - eta dx/dg(x)", r"\(x \leftarrow x - \eta \, \frac{\partial x}{\partial g(x)}\)"),
        ("U (y_hat - y)^T", r"\(\bU \, (\byhat - \by)^{\top}\)"),
        ("-u_o . v_c", r"\(-\bu_{o}^{\top}\bv_{c}\)"),
        ("log(sum over all words w of exp(w))", r"\(\log\Bigl(\sum_{w} \exp(w)\Bigr)\)"),
        ("x, or V (which is d).", r"\(x\), or \(V\) (which is \(d\))."),
        ("one-hot and naive/fast", "one-hot and naive/fast"),
    ],
)
def test_ascii_formulas_become_latex(ascii, latex):
    assert to_latex(ascii, displayed=False) == latex


def test_equations_are_displayed_with_the_sign_that_follows():
    assert to_latex("J is J = x, at dJ/dx. So") == (
        "\\(J\\) is\n\\[J = x,\\]\nat \\(\\partial J / \\partial x\\). So"
    )


@pytest.mark.parametrize("text", ["x +", "(x", "x | y", "x = = d", "x ^"])
def test_what_is_no_formula_is_an_error(text):
    with pytest.raises(ValueError, match="no formula: "):
        to_latex(text)


# The key, derived: each option as it stands in quiz.py, and what NumPy makes of it.

RNG = np.random.default_rng(2)
d, V, o = 3, 7, 2
WORDS = [RNG.normal(size=d) for _ in range(V)]  # outside vectors
U, v, y = np.column_stack(WORDS), RNG.normal(size=(d, 1)), np.eye(V)[:, [o]]
Ks = [0, 3, 3]  # words drawn
X, ETA = np.linspace(-3, 3, 12), 0.01


def sigma(x):
    return 1 / (1 + np.exp(-x))


def gradient(f, x):
    return numerical_gradient(lambda x: (f(x),), x)


def softmax_loss(v, U):
    scores = (U.T @ v)[:, 0]
    return np.log(np.exp(scores).sum()) - scores[o]


def sampling_loss(v, U):
    scores = (U.T @ v)[:, 0]
    return -np.log(sigma(scores[o])) - np.log(sigma(-scores[Ks])).sum()


def same(derived):
    """Tell whether a function of x is the derivative of the sigmoid, by finite differences."""
    return np.allclose(derived(X), gradient(lambda x: sigma(x).sum(), X), rtol=1e-6)


def is_step(step):
    """Tell whether a step goes against the gradient of a loss, by eta times as much."""
    slope = gradient(lambda x: (0.3 * x**2 + np.sin(x)).sum(), X)
    curvature = 0.6 - np.sin(X)
    return np.allclose(step(X, slope, curvature), X - ETA * slope)


def shapes(text):
    """Give the shapes that a text names, such as (d, V)."""
    sizes = {"d": d, "V": V, "1": 1}
    return [(sizes[a], sizes[b]) for a, b in re.findall(r"\((\w), (\w)\)", text)]


def words_in(loss):
    """Count the words whose outside vectors have a gradient."""
    return int(np.any(abs(gradient(lambda U: loss(v, U), U)) > 1e-9, axis=0).sum())


FEW = len({o, *Ks})
SHAPES = {  # by what NumPy gives
    2: [U.shape, np.column_stack([v] * V).shape],
    3: [gradient(lambda v: softmax_loss(v, U), v).shape],
    4: [gradient(lambda U: softmax_loss(v, U), U).shape],
}
JUDGED = {
    1: {
        "sigma(x) (1 - sigma(x))": lambda: same(lambda x: sigma(x) * (1 - sigma(x))),
        "1 - sigma(x) (1 - sigma(x))": lambda: same(lambda x: 1 - sigma(x) * (1 - sigma(x))),
        "exp(-x) / (1 + exp(-x))^2": lambda: same(lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
        "(1 - exp(-x)) / (1 + exp(-x))^2": lambda: same(
            lambda x: (1 - np.exp(-x)) / (1 + np.exp(-x)) ** 2
        ),
    },
    5: {
        "x <- x - eta g(x)": lambda: is_step(lambda x, g, dg: x - ETA * g),
        "x <- x - eta dg(x)/dx": lambda: is_step(lambda x, g, dg: x - ETA * dg),
        "x <- x - eta / g(x)": lambda: is_step(lambda x, g, dg: x - ETA / g),
        "x <- x - eta dx/dg(x)": lambda: is_step(lambda x, g, dg: x - ETA / dg),
    },
    6: {
        "With the naive softmax, the gradient takes a sum over all words of the vocabulary, which "
        "makes training slow.": lambda: words_in(softmax_loss) == V,
        "With negative sampling, the gradient is cheaper: it takes a sum over a few words only, "
        "the outside word and the negative samples.": lambda: words_in(sampling_loss) == FEW < V,
        "With negative sampling, the gradient takes a sum over all words of the vocabulary, which "
        "makes training slow.": lambda: words_in(sampling_loss) == V,
    },
}


@pytest.mark.parametrize("number", OPTIONS)
def test_the_key_is_what_the_numbers_say(number):
    _, options = question(number)
    if number in SHAPES:
        judged = [shapes(option) == SHAPES[number] for option in options]
    else:
        assert options == list(JUDGED[number])
        judged = [judge() for judge in JUDGED[number].values()]
    key = [letter for letter, right in zip(OPTIONS[number], judged, strict=True) if right]
    assert key == getattr(quiz, f"question_{number}")()


def test_formulas_of_the_questions_have_these_shapes():
    y_hat = np.exp(U.T @ v) / np.exp(U.T @ v).sum()
    assert "dJ/dv_c = U (y_hat - y)" in question(3)[0]
    assert "dJ/dU = v_c (y_hat - y)^T" in question(4)[0]
    for by_formula, by_differences in (
        (U @ (y_hat - y), gradient(lambda v: softmax_loss(v, U), v)),
        (v @ (y_hat - y).T, gradient(lambda U: softmax_loss(v, U), U)),
    ):
        np.testing.assert_allclose(by_formula, by_differences, rtol=1e-6, atol=1e-8)
