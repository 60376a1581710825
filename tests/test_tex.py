"""The handout: its formulas, numbers and points are right; the quiz arrives in it, and its key holds."""

import ast
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

import generate
from formulas import to_latex
from grading.quiz import OPTIONS
from submission import quiz
from utils.gradcheck import numerical_gradient

ROOT = Path(__file__).resolve().parents[1]
TEX = ROOT / "tex"
PARTS = "A2 guidelines autograder refresher window coding appendix".split()
HANDOUT = "\n".join((TEX / f"{part}.tex").read_text(encoding="utf-8") for part in PARTS)
ANSWERS = (TEX / "submission.tex").read_text(encoding="utf-8")
NUMBERS = {  # of the equations, as in the assignment; docstrings cite them
    "probability": 1,
    "loss": 2,
    "gradient-v": 3,
    "gradient-v-sum": 4,
    "cross-entropy": 5,
    "gradient-u": 6,
    "gradient-u-cases": 7,
    "negative-sampling": 8,
    "skip-gram": 9,
}

# The formulas by NumPy, as on paper: words are columns, v is a vector, Ks are the words drawn.
RNG = np.random.default_rng(1)
d, V, o, c = 3, 5, 2, 4
U, CENTERS, v = RNG.normal(size=(d, V)), RNG.normal(size=(d, V)), RNG.normal(size=d)
Ks = [0, 3, 1]
WINDOW = [2, 0, 2, 1]  # outside words; one is there twice
y = np.eye(V)[o]


def sigma(x):
    return 1 / (1 + np.exp(-x))


def y_hat(v, U):
    return np.exp(U.T @ v) / np.exp(U.T @ v).sum()


def softmax_loss(v, U, o=o):
    return -np.log(y_hat(v, U)[o])


def sampling_loss(v, U, o=o):
    return -np.log(sigma(U[:, o] @ v)) - sum(np.log(sigma(-U[:, k] @ v)) for k in Ks)


def window_loss(loss):
    return lambda centers, U: sum(loss(centers[:, c], U, o) for o in WINDOW)


def with_column(matrix, w, column):
    changed = matrix.copy()
    changed[:, w] = column
    return changed


def gradient(f, x):
    """Estimate a gradient by finite differences."""
    return numerical_gradient(lambda x: (f(x),), x)


def by_word(f):
    """Stack what f gives for each word as columns."""
    return np.column_stack([f(w) for w in range(V)])


def sum_over_window(loss, of):
    """Sum over the window the gradient of a pair, with respect to v_c or to U."""
    pairs = {
        "v": lambda o: gradient(lambda v: loss(v, U, o), CENTERS[:, c]),
        "U": lambda o: gradient(lambda U: loss(CENTERS[:, c], U, o), U),
    }
    return sum(pairs[of](o) for o in WINDOW)


# formula as it stands in the handout, the same by NumPy, the gradient by finite differences
FORMULAS = {
    "(3)": (
        r"\frac{\partial J}{\partial \bv_c} = \bU (\byhat - \by)",
        lambda: U @ (y_hat(v, U) - y),
        lambda: gradient(lambda v: softmax_loss(v, U), v),
    ),
    "(4)": (
        r"\frac{\partial J}{\partial \bv_c} = -\bu_o + \sum_{w=1}^{V} \hat{y}_w \bu_w",
        lambda: -U[:, o] + sum(y_hat(v, U)[w] * U[:, w] for w in range(V)),
        lambda: gradient(lambda v: softmax_loss(v, U), v),
    ),
    "(6)": (
        r"\frac{\partial J}{\partial \bU} = \bv_c (\byhat - \by)^\top",
        lambda: np.outer(v, y_hat(v, U) - y),
        lambda: gradient(lambda U: softmax_loss(v, U), U),
    ),
    "(7)": (
        r"\frac{\partial J}{\partial \bu_w} = \begin{cases} (\hat{y}_w - 1) \bv_c & \text{if } w = o"
        r" \\ \hat{y}_w \bv_c & \text{otherwise} \end{cases}",
        lambda: by_word(lambda w: (y_hat(v, U)[w] - 1) * v if w == o else y_hat(v, U)[w] * v),
        lambda: gradient(lambda U: softmax_loss(v, U), U),
    ),
    "center vector, negative sampling": (
        r"&= (\sigma(\bu_o^\top \bv_c) - 1) \bu_o"
        r" - \sum_{k=1}^{K} (\sigma(-\bu_k^\top \bv_c) - 1) \bu_k",
        lambda: (
            (sigma(U[:, o] @ v) - 1) * U[:, o]
            - sum((sigma(-U[:, k] @ v) - 1) * U[:, k] for k in Ks)
        ),
        lambda: gradient(lambda v: sampling_loss(v, U), v),
    ),
    "outside vector, negative sampling": (
        r"&= (\sigma(\bu_o^\top \bv_c) - 1) \bv_c",
        lambda: (sigma(U[:, o] @ v) - 1) * v,
        lambda: gradient(lambda U: sampling_loss(v, U), U)[:, o],
    ),
    "negative sample": (
        r"&= (1 - \sigma(-\bu_k^\top \bv_c)) \bv_c",
        lambda: (1 - sigma(-U[:, Ks[0]] @ v)) * v,
        lambda: gradient(lambda U: sampling_loss(v, U), U)[:, Ks[0]],
    ),
    "one form for outside vectors": (
        r"$(\sigma(\bu_i^\top \bv_c) - y_i) \bv_c$",
        lambda: by_word(lambda w: (sigma(U[:, w] @ v) - y[w]) * v * (w in {o, *Ks})),
        lambda: gradient(lambda U: sampling_loss(v, U), U),
    ),
    "one form for the center vector": (
        r"$(\sigma(\bu_i^\top \bv_c) - y_i) \bu_i$",
        lambda: sum((sigma(U[:, w] @ v) - y[w]) * U[:, w] for w in (o, *Ks)),
        lambda: gradient(lambda v: sampling_loss(v, U), v),
    ),
}
for name, loss in {"softmax": softmax_loss, "sampling": sampling_loss}.items():
    total = window_loss(loss)
    FORMULAS |= {
        f"skip-gram (i), {name}": (
            r"\frac{\partial J_{\skipgram}}{\partial \bU}"
            r" = \sum_{\window} \frac{\partial J(\bv_c, w_{t+j}, \bU)}{\partial \bU}",
            lambda loss=loss: sum_over_window(loss, "U"),
            lambda total=total: gradient(lambda U: total(CENTERS, U), U),
        ),
        f"skip-gram (ii), {name}": (
            r"\frac{\partial J_{\skipgram}}{\partial \bv_c}"
            r" = \sum_{\window} \frac{\partial J(\bv_c, w_{t+j}, \bU)}{\partial \bv_c}",
            lambda loss=loss: sum_over_window(loss, "v"),
            lambda total=total: gradient(lambda centers: total(centers, U), CENTERS)[:, c],
        ),
        f"skip-gram (iii), {name}": (
            r"\frac{\partial J_{\skipgram}}{\partial \bv_w} = \zero \quad \text{when } w \ne c",
            lambda: np.zeros((d, V - 1)),
            lambda total=total: np.delete(
                gradient(lambda centers: total(centers, U), CENTERS), c, axis=1
            ),
        ),
    }
# the lines that our answers must end with
DERIVED = {
    "1a": [r"&= -\bu_o + \sum_{w=1}^{V} \hat{y}_w \bu_w", r"&= \bU (\byhat - \by)"],
    "1b": [
        r"&= (\hat{y}_o - 1) \bv_c",
        r"= \hat{y}_w \bv_c \because",
        r"&= \bv_c (\byhat - \by)^\top",
    ],
}


def one_line(tex):
    return " ".join(tex.split())


@pytest.mark.parametrize("name", FORMULAS)
def test_formulas_are_in_the_handout_and_right(name):
    formula, by_numpy, expected = FORMULAS[name]
    assert one_line(HANDOUT).count(formula) == 1
    np.testing.assert_allclose(by_numpy(), expected(), rtol=1e-6, atol=1e-8)


def test_losses_are_those_of_the_handout():
    u_v = U.T @ v
    np.testing.assert_allclose(softmax_loss(v, U), -u_v[o] + np.log(np.exp(u_v).sum()))
    np.testing.assert_allclose(softmax_loss(v, U), -(y * np.log(y_hat(v, U))).sum())
    for formula in (
        r"J_{\naive}(\pair) = -\bu_o^\top \bv_c + \log \sum_{w' \in \text{Vocab}} \exp(\bu_{w'}^\top \bv_c)",
        r"-\sum_{w \in \text{Vocab}} y_w \log \hat{y}_w = -\log \hat{y}_o",
        r"= -\log \sigma(\bu_o^\top \bv_c) - \sum_{k=1}^{K} \log \sigma(-\bu_k^\top \bv_c)",
    ):
        assert one_line(HANDOUT).count(formula) == 1


@pytest.mark.parametrize("question", DERIVED)
def test_our_answers_derive_these_formulas(question):
    region = re.search(
        rf"\\begin{{answer}}{{{question}}}.*?START_CODE_HERE ###\n(.*?)% ### END", ANSWERS, re.DOTALL
    )[1]
    for line in DERIVED[question]:
        assert line in one_line(region)


def numbers(tex):
    """Number the equations of LaTeX text as LaTeX does; each must have a label."""
    equations = re.findall(r"\\begin{equation}(.*?)\\end{equation}", tex, re.DOTALL)
    labels = [re.search(r"\\label{eq:(.*?)}", equation)[1] for equation in equations]
    return {label: number for number, label in enumerate(labels, 1)}


def test_equations_are_numbered_as_in_the_assignment():
    assert numbers(HANDOUT) == NUMBERS
    assert not re.search(r"\\begin{(align|gather|multline)}", HANDOUT)
    assert set(re.findall(r"\\ref{eq:(.*?)}", HANDOUT)) <= set(NUMBERS)
    order = re.findall(r"\\input{(\w+)}", (TEX / "A2.tex").read_text().partition("\\begin{doc")[2])
    assert [part for part in order if part in PARTS] == [p for p in PARTS if p in order]


def test_docstrings_cite_these_numbers():
    code = (ROOT / "src" / "submission" / "word2vec.py").read_text(encoding="utf-8")
    assert re.findall(r"\(equations? (.*?)[;)]", code) == ["2 and 5", "3 and 6", "8", "9"]
    cited = [2, 5, 3, 6, 8, 9]
    names = "loss cross-entropy gradient-v gradient-u negative-sampling skip-gram".split()
    assert [NUMBERS[name] for name in names] == cited


def test_our_answers_cite_the_right_equations():
    cited = dict(re.findall(r"(.*)\\because{.*(\(\d\))}", one_line(ANSWERS).replace(r"\\", "\n")))
    ends = {line.partition("= ")[2].strip(): number for line, number in cited.items()}
    assert ends[r"-\bu_o + \sum_{w=1}^{V} \hat{y}_w \bu_w"] == "(4)"
    assert sorted(cited.values()) == ["(3)", "(4)", "(6)", "(7)", "(7)"]


POINTS = re.compile(r"\d\s*(?:~|\\,)?\s*(?:points?|pts?)\b|\bpoints?\b\W{0,3}\d", re.IGNORECASE)


def test_points_never_stand_in_the_text():
    assert POINTS.search("[12 points]")
    assert POINTS.search("2.5~points")
    for path in TEX.glob("*.tex"):
        assert not POINTS.search(path.read_text(encoding="utf-8")), path.name


def test_points_are_those_of_points_json():
    worth = {"1a": 2.5, "2a-0-basic": 1, "2a-1-hidden": 0.5, "3a-0-basic": 0, "3a-1-hidden": 1}
    made = dict(re.findall(r"\\setpoints{(\w+)}{(.*)}", generate.points(worth)))
    assert made == {
        "1a": "2.5~points",
        "2a": "1.5~points",
        "3a": "1~point",
        "all": "2.5~points",
        "basic": "1~point",
    }
    ours = json.loads((ROOT / "src" / "points.json").read_text(encoding="utf-8"))
    shown = set(re.findall(r"\\question{(\w+)}", HANDOUT)) | {f"3{letter}" for letter in "abcdef"}
    assert shown == {test[:2] for test in ours}


# The quiz: its text, and its key.


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


@pytest.mark.parametrize("text", ["x +", "(x", "x = = d", "x ^"])
def test_what_is_no_formula_is_an_error(text):
    with pytest.raises(ValueError, match="no formula: "):
        to_latex(text)


def f(x):
    return 0.3 * x**2 + np.sin(x)


def g(x):
    return 0.6 * x + np.cos(x)


SLOPE = -0.6  # of g, about; only that it is not 1
x0, eta = 1.3, 0.01
XS = np.linspace(-3, 3, 13)
DERIVATIVES = {  # question 1
    "sigma(x) (1 - sigma(x))": lambda x: sigma(x) * (1 - sigma(x)),
    "1 - sigma(x) (1 - sigma(x))": lambda x: 1 - sigma(x) * (1 - sigma(x)),
    "exp(-x) / (1 + exp(-x))^2": lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
    "(1 - exp(-x)) / (1 + exp(-x))^2": lambda x: (1 - np.exp(-x)) / (1 + np.exp(-x)) ** 2,
}
STEPS = {  # question 5: what follows x_k; H is the derivative of the gradient
    "x <- x - eta g(x)": lambda x, g, H: x - eta * g,
    "x <- x - eta dg(x)/dx": lambda x, g, H: x - eta * H,
    "x <- x - eta / g(x)": lambda x, g, H: x - eta / g,
    "x <- x - eta dx/dg(x)": lambda x, g, H: x - eta / H,
}
