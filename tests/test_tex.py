"""The handout: its formulas are right, and so are the numbers of its equations and its points."""

import re
from pathlib import Path

import numpy as np
import pytest

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
# lines that our answers must hold, and the equation that they call it
DERIVED = {
    "1a": {r"&= -\bu_o + \sum_{w=1}^{V} \hat{y}_w \bu_w": 4, r"&= \bU (\byhat - \by)": 3},
    "1b": {
        r"&= (\hat{y}_o - 1) \bv_c": 7,
        r"= \hat{y}_w \bv_c": 7,
        r"&= \bv_c (\byhat - \by)^\top": 6,
    },
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
        rf"\\begin{{answer}}{{{question}}}.*?START_CODE_HERE ###\n(.*?)% ### END",
        ANSWERS,
        re.DOTALL,
    )[1]
    for line, number in DERIVED[question].items():
        cited = rf"{re.escape(line)} \\because{{[^&]*\({number}\)}}"
        assert re.search(cited, one_line(region)), line


def numbers(tex):
    """Count the equations of a text as LaTeX does; each must have a label."""
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


COUNT = r"(?:\d|\b(?:one|two|three|four|five|nine|twelve))"
POINTS = re.compile(rf"{COUNT}\s*[~-]?\s*points?\b|\bpoints?: *\d", re.IGNORECASE)


def test_points_never_stand_in_the_text():
    assert POINTS.search("[12 points]")
    assert POINTS.search("2.5~points")
    assert POINTS.search("Two points")
    for path in TEX.glob("*.tex"):
        assert not POINTS.search(path.read_text(encoding="utf-8")), path.name
