"""Write what the handout takes from the project: points, quiz, and what the autograder prints.

``python tex/generate.py`` writes into build/tex/, or into the folder that it is given. What is
there already stays if nothing that it is made of is newer.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import ast
import json
import re
import shutil
import string
import subprocess
import tempfile

from formulas import to_latex
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


def points(worth):
    r"""Write what each question is worth, for ``\points{2a}``.

    Parameters
    ----------
    worth : dict of str to float
        Points of each test and written question, by its id.

    Returns
    -------
    str
        LaTeX.
    """
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
    """Write the questions of the quiz.

    Parameters
    ----------
    source : str
        The code of quiz.py, whose docstrings hold them.

    Returns
    -------
    str
        LaTeX.
    """
    questions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
    return "\n".join(
        question_in_latex(function, string.ascii_lowercase[int(function.name.split("_")[1]) - 1])
        for function in questions
    )


def question_in_latex(function, letter):
    """Write a question: what is asked, then its options."""
    text = ast.get_docstring(function).partition("\n\nReturns\n")[0]
    asked, *options = re.split(r"\n *\([a-z]\) ", text)
    title, *paragraphs = re.split(r"\n\s*\n", asked.strip())
    lines = [rf"\begin{{quizquestion}}{{3{letter}}}{{{to_latex(title)}}}", ""]
    lines += [to_latex(paragraph) + "\n" for paragraph in paragraphs]
    lines += [
        r"\begin{options}",
        *(rf"  \item {to_latex(option, displayed=False)}" for option in options),
    ]
    return "\n".join([*lines, r"\end{options}", r"\end{quizquestion}", ""])


def runs():
    """Run the autograder on the submission, and on copies of it with a mistake.

    Returns
    -------
    dict of str to str
        What it printed, by the name of a file.
    """
    with tempfile.TemporaryDirectory() as folder:
        right, wrong, crashing = (Path(folder, name) for name in ("right", "wrong", "crashing"))
        for copy, mistake in ((right, None), (wrong, MISTAKE), (crashing, CRASH)):
            copy_of_src(copy / "src", mistake)
        (right / "src" / "sample_vectors_(soln).json").write_text("{}")  # a solution has vectors
        solution = right / "src" / "submission"
        remote = [*remote_tests(wrong / "src", solution), *remote_tests(right / "src", solution)]
        return {
            "passing.txt": printed(right / "src", PASSES),
            "failing.txt": printed(wrong / "src", FAILS),
            "crashing.txt": printed(crashing / "src", CRASHES),
            "hidden.txt": printed(right / "src", HIDDEN),
            "remote.txt": "\n\n".join(remote) + "\n",
        }


def copy_of_src(folder, mistake):
    """Copy src/; a mistake is a file of the submission, a text in it, and what to put there."""
    no_caches = shutil.ignore_patterns("__pycache__", "*.png", "*.npz", "*.json.tmp")
    shutil.copytree(SRC, folder, ignore=no_caches)
    if mistake:
        name, old, new = mistake
        file = folder / "submission" / name
        text = file.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise InputError(f"{name} does not hold {old.strip()!r} once: choose another mistake")
        file.write_text(text.replace(old, new), encoding="utf-8")


def grade(src, *arguments):
    """Run the autograder in a copy of src/; give what it prints."""
    command = [sys.executable, "grader.py", "--submission", "submission", *arguments]
    done = subprocess.run(command, cwd=src, capture_output=True, text=True)
    if done.returncode not in (0, 1) or done.stderr:
        raise InputError(f"{' '.join(command)} failed: {done.stderr or done.stdout}")
    return done.stdout


def printed(src, test):
    """Give what the autograder prints of one test."""
    return re.search(r"^----- START .*?^----- END .*?\n", grade(src, test), re.S | re.M)[0]


def remote_tests(src, solution):
    """Grade a basic and a hidden test as Gradescope does; give each as it shows it."""
    results = src.parent / "results.json"
    grade(
        src,
        *(FAILS, HIDDEN),
        *("--solution", str(solution), "--gradescope", str(results), "--unconfined"),
    )
    for test in json.loads(results.read_text(encoding="utf-8"))["tests"]:
        title = f"{test['number']}) {test['name']} ({test['score']}/{test['max_score']})"
        yield f"{title}\n{test['output']}".strip()


def is_current(folder):
    """Tell whether all files are there, and what they are made of is older."""
    sources = [*SRC.rglob("*.py"), SRC / "points.json", *Path(__file__).parent.glob("*.py")]
    made = [folder / name for name in GENERATED]
    return all(path.exists() for path in made) and (
        max(path.stat().st_mtime for path in sources) < min(path.stat().st_mtime for path in made)
    )


def write(folder=BUILD):
    """Write all files, each whole, unless they are current.

    Parameters
    ----------
    folder : str or Path
        Where; made if need be.
    """
    folder = Path(folder)
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
    parser = program.OneLineParser(prog="generate.py", description=__doc__)
    parser.add_argument("folder", nargs="?", default=BUILD, help="where (default: build/tex)")
    options = parser.parse_args(arguments)
    return program.run("generate.py", lambda: write(options.folder))


if __name__ == "__main__":
    program.launch(main)
