"""Write what the handout takes from the project: points, quiz, and what the autograder prints.

``python tex/generate.py`` writes into build/tex/. Files that are newer than their sources stay.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import program  # isort: split

import ast
import json
import re
import shutil
import string
import subprocess
import tempfile

from utils.utils import InputError, write_files

ROOT = Path(__file__).resolve().parents[1]
SRC = ROOT / "src"
BUILD = ROOT / "build" / "tex"
MISTAKE = ("word2vec.py", "    error[outside_word_idx] -= 1\n", "")  # no one-hot vector subtracted
CRASH = ("word2vec.py", "    small = np.exp(-np.abs(x))\n", "    return 1 / (1 + exp(-x))\n")
PASSES, FAILS, CRASHES, HIDDEN = "2a-2-basic", "2a-1-basic", "2a-2-basic", "2a-6-hidden"
GENERATED = (
    "points.tex",
    "quiz.tex",
    "passing.txt",
    "failing.txt",
    "crashing.txt",
    "hidden.txt",
    "remote.txt",
)

# A formula of the quiz is a row of words that hold nothing but names, numbers and signs.
NAME = r"(?:d?(?:v_c|[gxJU])|sigma|eta|exp|log|y_hat|[uv]_[a-z]|[B-Zb-z])(?![A-Za-z_])"
WORD = rf"(?:sum over all words w of|{NAME}|<-|[-+=/|^()\d]|, (?=\w\)))+"
FORMULA = rf"(?<!\S)({WORD}(?: (?:\. )?{WORD})*)([,;.]?)(?!\S)"  # and the sign after it
INSIDE = r"((?:[^()]|\([^()]*\))*)"  # what parentheses may hold
FACTOR = rf"(?:\\partial )?(?:\w*\({INSIDE}\)|\w+)(?:\^\w)?"
QUOTIENT = rf"(?P<above>{FACTOR})%s(?P<below>{FACTOR})"
LATEX = {  # each pattern in this order
    r"\bd ?(?=sigma|v_c|[gxJU]\b)": r"\\partial ",
    QUOTIENT % "/": r"\\quotient{\g<above>}{\g<below>}",
    QUOTIENT % " / ": r"\\frac{\g<above>}{\g<below>}",
    rf"{{\({INSIDE}\)}}": r"{\1}",
    "sum over all words w of": r"\\sum_w",
    r"\((\\sum.*)\)": r"\\Bigl(\1\\Bigr)",
    r" \. ": r"^\\top ",
    "<-": r"\\leftarrow",
    r"\|": r"\\mid",
    r"\b(sigma|eta|exp|log)\b": r"\\\1",
    r"\by_hat\b": r"\\byhat",
    r"\b([uv]_|[yU]\b)": r"\\b\1",
    r"\^T": r"^\\top",
}


def points(worth):
    """Write what each question is worth, from the points of each test."""
    sums = {"all": 0, "basic": 0}
    for test, value in worth.items():
        question = test[:2]
        sums[question] = sums.get(question, 0) + value
        if "-" in test:  # else written, and extra credit
            sums["all"] += value
            sums["basic"] += value * test.endswith("basic")
    return "".join(
        rf"\setpoints{{{question}}}{{{value:g}~point{'' if value == 1 else 's'}}}" + "\n"
        for question, value in sums.items()
    )


def quiz(source):
    """Write the questions of the quiz, from the docstrings of quiz.py."""
    questions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return "\n".join(map(question, questions))


def question(function):
    """Write what is asked, then the options."""
    letter = string.ascii_lowercase[int(function.name.removeprefix("question_")) - 1]
    text = ast.get_docstring(function).partition("\n\nReturns\n")[0]
    asked, *options = re.split(r"\n *\([a-z]\) ", text)
    title, *paragraphs = re.split(r"\n\s*\n", asked.strip())
    lines = [
        rf"\begin{{quizquestion}}{{3{letter}}}{{{to_latex(title)}}}",
        *(f"\n{to_latex(paragraph)}" for paragraph in paragraphs),
        "\n\\begin{options}",
        *(rf"  \item {to_latex(option)}" for option in options),
        "\\end{options}\n\\end{quizquestion}\n",
    ]
    return "\n".join(lines)


def to_latex(text):
    """Write the formulas of a text in LaTeX; an equation gets a line of its own."""

    def formula_in_latex(found):
        formula, sign = found.groups()
        for pattern, latex in LATEX.items():
            formula = re.sub(pattern, latex, formula)
        return rf"\[{formula}{sign}\]" if " = " in formula else rf"\({formula}\){sign}"

    return re.sub(FORMULA, formula_in_latex, " ".join(text.split()))


def runs():
    """Run the autograder on the submission and on copies with a mistake; give what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        right = copy_of_src(Path(folder, "right"))
        wrong = copy_of_src(Path(folder, "wrong"), MISTAKE)
        crashing = copy_of_src(Path(folder, "crashing"), CRASH)
        (right / "sample_vectors_(soln).json").write_text("{}")  # a solution has vectors
        return {
            **dict(zip(("passing.txt", "hidden.txt"), printed(right, PASSES, HIDDEN), strict=True)),
            "failing.txt": printed(wrong, FAILS)[0],
            "crashing.txt": printed(crashing, CRASHES)[0],
            "remote.txt": "\n".join(remote(src, right / "submission") for src in (wrong, right)),
        }


def copy_of_src(folder, mistake=None):
    """Copy src/; a mistake is a file of the submission, a text in it, and what to put there."""
    no_caches = shutil.ignore_patterns("__pycache__", "*.png", "*.npz", "*.json.tmp")
    src = shutil.copytree(SRC, folder / "src", ignore=no_caches)
    if mistake:
        name, old, new = mistake
        file = src / "submission" / name
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise InputError(f"{name} does not hold {old.strip()!r} once: choose another mistake")
        file.write_text(text.replace(old, new), encoding="utf-8")
    return src


def grade(src, *arguments):
    """Run the autograder in a copy of src/; give what it prints."""
    command = [sys.executable, "grader.py", "--submission", "submission", *arguments]
    done = subprocess.run(command, cwd=src, capture_output=True, text=True)
    if done.returncode not in (0, 1) or done.stderr:
        raise InputError(f"{' '.join(command)} failed: {done.stderr or done.stdout}")
    return done.stdout


def printed(src, *tests):
    """Give what the autograder prints of each test."""
    return re.findall(r"^----- START .*?^----- END .*?\n", grade(src, *tests), re.S | re.M)


def remote(src, solution):
    """Grade a basic and a hidden test as Gradescope does; give both as it shows them."""
    results = src.parent / "results.json"
    as_there = "--solution", solution, "--gradescope", results, "--unconfined"
    grade(src, FAILS, HIDDEN, *map(str, as_there))
    shown = ""
    for test in json.loads(results.read_text(encoding="utf-8"))["tests"]:
        title = f"{test['number']}) {test['name']} ({test['score']}/{test['max_score']})"
        shown += f"{title}\n{test['output']}".strip() + "\n\n"
    return shown.removesuffix("\n")


def is_current(folder):
    """Tell whether all files are there and newer than what they are made of."""
    sources = [*SRC.rglob("*.py"), SRC / "points.json", Path(__file__)]
    made = [folder / name for name in GENERATED]
    return all(path.exists() for path in made) and (
        max(path.stat().st_mtime for path in sources) < min(path.stat().st_mtime for path in made)
    )


def write(folder=BUILD):
    """Write all files into a folder, each whole, unless they are current."""
    if is_current(folder):
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}.") from error
    contents = {
        "points.tex": points(json.loads((SRC / "points.json").read_text(encoding="utf-8"))),
        "quiz.tex": quiz((SRC / "submission" / "quiz.py").read_text(encoding="utf-8")),
        **runs(),
    }
    write_files({folder / name: text for name, text in contents.items()})


def main(arguments=None):
    """Run the program; return 0, or 2 if nothing can be made."""
    program.OneLineParser(prog="generate.py", description=__doc__).parse_args(arguments)
    return program.run("generate.py", write)


if __name__ == "__main__":
    program.launch(main)
