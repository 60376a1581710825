"""What the handout takes from the project: points, quiz, and outputs of real runs."""

import inspect
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from test_tex import HANDOUT, TEX
from worth import POINTS

import generate
from grading.quiz import OPTIONS, QUESTIONS
from submission import quiz
from utils.utils import InputError

ROOT = Path(__file__).resolve().parents[1]


def test_points_are_those_of_points_json():
    worth = {"1a": 2.5, "2a-0-basic": 1, "2a-1-hidden": 0.5, "3a-0-basic": 0, "3a-1-hidden": 1}
    made = dict(re.findall(r"\\setpoints{(\w+)}{(.*)}", generate.points(worth)))
    sums = {"1a": "2.5", "2a": "1.5", "3a": "1", "all": "2.5", "basic": "1"}
    assert made == {name: f"{sum}~point{'s' * (sum != '1')}" for name, sum in sums.items()}
    ours = json.loads((ROOT / "src" / "points.json").read_text(encoding="utf-8"))
    shown = {*re.findall(r"\\question{(\w+)}", HANDOUT), *QUESTIONS.values()}
    assert shown == {test[:2] for test in ours}


def test_every_question_and_option_of_the_quiz_arrives():
    questions = generate.quiz(inspect.getsource(quiz)).split(r"\begin{quizquestion}")[1:]
    for number, tex in zip(OPTIONS, questions, strict=True):
        assert tex.startswith(f"{{{QUESTIONS[number]}}}{{Choose ")
        assert tex.count(r"\item ") == len(OPTIONS[number])
        text = getattr(quiz, f"question_{number}").__doc__.partition("Returns\n")[0]
        prose = text.replace("sum over all words w of exp", "").replace("sigma", "")
        words = set(re.findall(r"\b[A-Za-z]{4,}\b", prose))
        assert words <= set(re.findall(r"\w+", tex))
        assert not re.search(r"_hat|<-|\\item \(|(?<!\\)\b(exp|sigma|eta|log)\b", tex)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("a word w of U", r"a word \(w\) of \(\bU\)"),
        ("exp(-x) / (1 + exp(-x))^2", r"\(\frac{\exp(-x)}{(1 + \exp(-x))^2}\)"),
        ("(1 + x) / (2 + y)", r"\(\frac{1 + x}{2 + \by}\)"),
        ("x <- x - eta dx", r"\(x \leftarrow x - \eta \partial x\)"),
        ("dx/dg(x)", r"\(\quotient{\partial x}{\partial g(x)}\)"),
        ("eta d sigma(x)/dx.", r"\(\eta \quotient{\partial \sigma(x)}{\partial x}\)."),
        ("U (y_hat - y)^T", r"\(\bU (\byhat - \by)^\top\)"),
        ("-u_o . v_c", r"\(-\bu_o^\top \bv_c\)"),
        ("log(sum over all words w of exp(w))", r"\(\log\Bigl(\sum_w \exp(w)\Bigr)\)"),
        ("P(O = o | C = c); so", r"\[P(O = o \mid C = c);\] so"),
        ("x, or (d, V), is.", r"\(x\), or \((d, V)\), is."),
        ("J is J = x, at dJ/dx", r"\(J\) is \[J = x,\] at \(\quotient{\partial J}{\partial x}\)"),
        ("one-hot and naive/fast", "one-hot and naive/fast"),
    ],
)
def test_formulas_of_the_quiz_become_latex(text, latex):
    source = f'def question_2():\n    """Choose.\n\n    Here {text}\n\n    (a) {text}\n    """\n'
    assert generate.quiz(source) == (
        f"\\begin{{quizquestion}}{{3b}}{{Choose.}}\n\nHere {latex}\n\n"
        f"\\begin{{options}}\n  \\item {latex}\n\\end{{options}}\n\\end{{quizquestion}}\n"
    )


def test_a_mistake_that_no_longer_fits_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"sgd.py does not hold 'no such' once: choose another"):
        generate.copy_of_src(tmp_path, ("sgd.py", "no such\n", ""))


def test_outputs_are_those_of_real_runs(generated):
    made = {path.name: path.read_text(encoding="utf-8") for path in generated.iterdir()}
    assert sorted(made) == sorted(generate.GENERATED)
    took = r"\[took 0:00:\d\d\.\d{6} \(max allowed \d+ seconds\), "
    for name, test, end in [
        ("passing.txt", "2a-2-basic", r"{0}/{0} points\]"),
        ("failing.txt", "2a-1-basic", r"0/{0} points\]"),
        ("crashing.txt", "2a-2-basic", r"0/{0} points\]"),
        ("hidden.txt", "2a-6-hidden", r"\?\?\?/{0} points\] \(hidden test ungraded\)"),
    ]:
        line = f"----- END {test} {took}{end.format(POINTS[test])}"
        assert re.fullmatch(rf"----- START {test}: .*\n{line}\n", made[name], re.DOTALL)
    assert "This error caused the test to fail.\n  AssertionError: " in made["failing.txt"]
    assert '  File "submission/word2vec.py", line ' in made["crashing.txt"]
    basic, hidden = (f"{POINTS[test]:.1f}" for test in ("2a-1-basic", "2a-6-hidden"))
    assert re.findall(r"(?m)^(\S+)\) .* \((.*)/(.*)\)$", made["remote.txt"]) == [
        ("2a-1-basic", "0.0", basic),
        ("2a-6-hidden", "0.0", hidden),
        ("2a-1-basic", basic, basic),
        ("2a-6-hidden", hidden, hidden),
    ]
    assert not any("/tmp" in text or str(ROOT) in text for text in made.values())


def test_files_that_are_newer_than_their_sources_stay(tmp_path, generated):
    shutil.copytree(generated, tmp_path, dirs_exist_ok=True)
    (tmp_path / "passing.txt").write_text("as before")
    generate.write(tmp_path)
    assert (tmp_path / "passing.txt").read_text() == "as before"
    (tmp_path / "quiz.tex").unlink()
    assert not generate.is_current(tmp_path)


def test_without_latex_one_line_names_the_packages(tmp_path):
    (tmp_path / "dirname").symlink_to(shutil.which("dirname"))
    command = [shutil.which("sh"), TEX / "typeset.sh", "A2"]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 127
    packages = "latexmk lmodern texlive-latex-extra"
    line = f"LaTeX is missing or not whole: apt-get install {packages}\n"
    assert done.stderr == line
    for file in ("README.md", ".github/workflows/test.yml"):
        assert packages in (ROOT / file).read_text(encoding="utf-8"), file
