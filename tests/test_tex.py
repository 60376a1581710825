"""The handout: its formulas are right, and so are the numbers of its equations and its points."""

import re
from pathlib import Path

import numpy as np
import pytest

from utils.gradcheck import numerical_gradient

ROOT = Path(__file__).resolve().parents[1]
TEX = ROOT / "tex"


def read(name):
    """Read a file of tex/ with those that it takes in; quiz.tex is generated."""
    text = (TEX / f"{name}.tex").read_text(encoding="utf-8").split(r"\begin{document}")[-1]
    return re.sub(r"\\input{(?!quiz)(\w+)}", lambda found: read(found[1]), text)


HANDOUT = read("A2")
ANSWERS = (TEX / "submission.tex").read_text(encoding="utf-8")
LABELS = """
    probability loss gradient-v gradient-v-sum cross-entropy gradient-u gradient-u-cases
    negative-sampling skip-gram
""".split()
NUMBERS = {label: number for number, label in enumerate(LABELS, 1)}  # as in the assignment

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


def sampling_loss(v, U):
    return -np.log(sigma(U[:, o] @ v)) - sum(np.log(sigma(-U[:, k] @ v)) for k in Ks)


def window_loss(centers, U):
    return sum(softmax_loss(centers[:, c], U, o) for o in WINDOW)


def gradient(f, x):
    """Estimate a gradient by finite differences."""
    return numerical_gradient(lambda x: (f(x),), x)


def by_word(f):
    """Stack what f gives for each word as columns."""
    return np.column_stack([f(w) for w in range(V)])


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
    "skip-gram (i)": (
        r"\frac{\partial J_{\skipgram}}{\partial \bU}"
        r" = \sum_{\window} \frac{\partial J(\bv_c, w_{t+j}, \bU)}{\partial \bU}",
        lambda: sum(gradient(lambda U, o=o: softmax_loss(CENTERS[:, c], U, o), U) for o in WINDOW),
        lambda: gradient(lambda U: window_loss(CENTERS, U), U),
    ),
    "skip-gram (ii)": (
        r"\frac{\partial J_{\skipgram}}{\partial \bv_c}"
        r" = \sum_{\window} \frac{\partial J(\bv_c, w_{t+j}, \bU)}{\partial \bv_c}",
        lambda: sum(gradient(lambda v, o=o: softmax_loss(v, U, o), CENTERS[:, c]) for o in WINDOW),
        lambda: gradient(lambda centers: window_loss(centers, U), CENTERS)[:, c],
    ),
    "skip-gram (iii)": (
        r"\frac{\partial J_{\skipgram}}{\partial \bv_w} = \zero \quad \text{when } w \ne c",
        lambda: np.zeros((d, V - 1)),
        lambda: np.delete(gradient(lambda centers: window_loss(centers, U), CENTERS), c, axis=1),
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
    answer = rf"\\begin{{answer}}{{{question}}}.*?START_CODE_HERE ###\n(.*?)% ### END"
    region = re.search(answer, ANSWERS, re.DOTALL)[1]
    for line, number in DERIVED[question].items():
        cited = rf"{re.escape(line)} \\because{{[^&]*\({number}\)}}"
        assert re.search(cited, one_line(region)), line


def test_equations_are_numbered_as_in_the_assignment():
    equations = re.findall(r"\\begin{equation}(.*?)\\end{equation}", HANDOUT, re.DOTALL)
    labels = [re.findall(r"\\label{eq:(.*?)}", equation) for equation in equations]
    assert labels == [[label] for label in LABELS]
    assert not re.search(r"\\begin{(align|gather|multline)}", HANDOUT)
    assert set(re.findall(r"\\ref{eq:(.*?)}", HANDOUT)) <= set(LABELS)


def test_docstrings_cite_these_numbers():
    code = (ROOT / "src" / "submission" / "word2vec.py").read_text(encoding="utf-8")
    assert re.findall(r"\(equations? (.*?)[;)]", code) == [
        f"{NUMBERS['loss']} and {NUMBERS['cross-entropy']}",
        f"{NUMBERS['gradient-v']} and {NUMBERS['gradient-u']}",
        f"{NUMBERS['negative-sampling']}",
        f"{NUMBERS['skip-gram']}",
    ]


def test_points_never_stand_in_the_text():
    count = r"(?:\d|\b(?:one|two|three|four|five|nine|twelve))"
    points = re.compile(rf"{count}\s*[~-]?\s*points?\b|\bpoints?: *\d", re.IGNORECASE)
    assert all(map(points.search, ["[12 points]", "2.5~points", "Two points"]))
    for path in TEX.glob("*.tex"):
        assert not points.search(path.read_text(encoding="utf-8")), path.name
