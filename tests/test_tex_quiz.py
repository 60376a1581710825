"""The quiz on paper is that of quiz.py."""

import re
from pathlib import Path

import pytest

import generate
from formulas import to_latex
from grading.quiz import OPTIONS, QUESTIONS
from submission import quiz

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
    for number, tex in zip(OPTIONS, questions, strict=True):
        asked, options = question(number)
        assert tex.startswith(f"{{{QUESTIONS[number]}}}")
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
