"""Build build/autograder.zip for Gradescope: the grader, and our submission as the solution."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import contextlib
import re
import tempfile

from graders import Grader
from grading.vectors import FILE, PUBLISHED, check_vectors
from regions import without_quiz
from utils.commands import command
from utils.utils import InputError
from utils.word_vectors import PLOTTED_WORDS
from zips import BUILD, ROOT, collect, write_zip

GRADER = """
src/grader.py src/graderUtil.py src/program.py src/points.json
src/grading/*.py src/sandbox/*.py src/utils/*.py
""".split()
PROGRAMS = "setup.sh", "run_autograder"
SET_UP = *PROGRAMS, "constraints.txt"


def autograder_files(vectors, with_quiz=True, hidden_later=False):
    """Give the content of the autograder's files, with the vectors file that run.py writes.

    With `hidden_later`, students see hidden tests only when grades are published.
    """
    try:
        data = vectors.read_bytes()
    except OSError as error:
        how = f"Train them on the real treebank: {command('data')}, then {command('run')}"
        raise InputError(f"{vectors}: {error.strerror}. {how}") from error
    if problem := check_vectors(data, PUBLISHED, rtol=1e-3, atol=0, words=PLOTTED_WORDS):
        raise InputError(f"{vectors} is not a solution: {problem}")
    solution = collect("submission/*.py", below=ROOT / "src")
    if not with_quiz:
        del solution["submission/quiz.py"]
    solution[FILE] = data
    programs = collect(*SET_UP, below=ROOT / "staff" / "gradescope")
    if hidden_later:
        programs["run_autograder"] = programs["run_autograder"].rstrip() + b" --after-published\n"
    grader = collect(*GRADER)
    requirements = collect("requirements.txt")["requirements.txt"]
    return {
        **programs,
        **(grader if with_quiz else without_quiz(grader)),
        # only training needs Numba
        "requirements.txt": re.sub(rb"(?m)^numba.*\n", b"", requirements),
        **{f"solution/{name}": content for name, content in solution.items()},
    }


def build(options):
    """Grade the solution, build the zip, say what to do with it."""
    with_quiz, hidden_later = not options.without_quiz, options.after_published
    contents = autograder_files(options.vectors, with_quiz, hidden_later)
    with tempfile.TemporaryDirectory() as folder:
        solution = Path(folder, "solution", "submission")
        solution.mkdir(parents=True)
        for name, content in contents.items():
            if name.startswith("solution/"):
                Path(folder, name).write_bytes(content)
        with contextlib.closing(Grader(solution, unconfined=True)) as grader:
            grader.check_solution()
    write_zip(BUILD / "autograder.zip", contents, PROGRAMS)
    print(f"Wrote build/autograder.zip, {len(contents)} files. Upload it to Gradescope as it is.")


def main(arguments=None):
    """Run the program; return 0, or 2 if the zip cannot be built."""
    name = "build_autograder.py"
    parser = program.OneLineParser(prog=name, description=__doc__, allow_abbrev=False)
    vectors = "the solution's vectors, of the real treebank (default: those that run.py wrote)"
    default = ROOT / "src" / FILE
    parser.add_argument("--vectors", type=Path, default=default, metavar="FILE", help=vectors)
    online = "do not grade question 3 (it is asked online)"
    parser.add_argument("--without-quiz", action="store_true", help=online)
    later = "students see hidden tests only when grades are published"
    parser.add_argument("--after-published", action="store_true", help=later)
    options = parser.parse_args(arguments)
    return program.run(name, lambda: build(options))


if __name__ == "__main__":
    program.launch(main)
