"""Build build/student.zip, the assignment as students get it: without solution and staff files."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tex"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
sys.path.insert(0, str(Path(__file__).resolve().parent))  # not there under python -P and -I
import program  # isort: split

import json
import subprocess
import tempfile

import generate
from grading.quiz import QUESTIONS as QUIZ
from regions import emptied, without_part, without_quiz
from utils.treebank_files import REAL, read_sentences
from utils.utils import InputError
from zips import BUILD, collect, write_zip

FILES = """
LICENSE Makefile README.md pyproject.toml requirements.txt requirements-notebook.txt docs/*.png
data/README.md data/fetch.py data/sample/*
src/program.py src/run.py src/sentiment.py src/grader.py src/graderUtil.py
src/explore.ipynb src/points.json src/environment.yml
src/submission/__init__.py src/submission/word2vec.py src/submission/sgd.py
src/submission/quiz.py src/submission/utils.py
src/utils/*.py src/training/*.py src/grading/*.py src/sandbox/*.py
tex/A2.tex tex/A2_Solutions.tex tex/style.tex tex/guidelines.tex tex/autograder.tex
tex/refresher.tex tex/window.tex tex/coding.tex tex/appendix.tex tex/submission.tex tex/typeset.sh
""".split()
TOP = "word2vec"  # the folder that the zip unpacks into
HANDOUT = "A2.pdf"
NO_LATEX = 127  # how typeset.sh ends then: as a shell that finds no command
QUESTIONS = {  # of the functions and answers that students write, by file
    "word2vec.py": dict.fromkeys(["sigmoid", "naive_softmax_loss_and_gradient", "skipgram"], "2a"),
    "sgd.py": {"sgd": "2b"},
    "quiz.py": {f"question_{number}": question for number, question in QUIZ.items()},
    "submission.tex": {"1a": "1a", "1b": "1b"},
}


def student_files(with_quiz=True, treebank=None):
    """Give the content of the student release's files, by path.

    `treebank` is the folder of one that students get in place of the real one.
    """
    contents = collect(*FILES)
    for name in contents:
        if name.endswith((".py", ".md", ".toml", ".tex", "Makefile")):
            contents[name] = without_part(contents[name].decode(), name, "staff")
            contents[name] = without_part(contents[name], name, "quiz", with_quiz)
        if name.startswith(("src/submission/", "tex/submission")):
            questions = QUESTIONS.get(name.rpartition("/")[2], {})
            contents[name] = emptied(contents[name], name, questions)
    generate.write(BUILD / "tex")  # students cannot: it shows runs of a submission that is right
    made = collect("points.tex", "quiz.tex", "*.txt", below=BUILD / "tex")
    contents |= {f"tex/{name}": content for name, content in made.items()}
    if treebank:
        read_sentences(treebank)  # says what is wrong with them
        files = collect("*.txt", below=treebank)
        contents |= {f"data/{REAL.name}/{name}": text for name, text in files.items()}
    if not with_quiz:
        contents = without_quiz(contents)
        contents["tex/points.tex"] = generate.points(json.loads(contents["src/points.json"]))
    return contents


def typeset(contents):
    """Typeset the handout as students do, from their files; give the PDF, and why there is none."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "tex").mkdir()
        for path, content in contents.items():
            if path.startswith("tex/"):
                content = content.encode() if isinstance(content, str) else content
                (folder / path).write_bytes(content)
        try:
            command = ["sh", "tex/typeset.sh", "A2"]
            done = subprocess.run(command, cwd=folder, capture_output=True)
        except FileNotFoundError:
            return b"", "there is no sh, which tex/typeset.sh needs."
        told = done.stderr.decode(errors="replace").strip()  # parts of LaTeX's log, in any encoding
        if done.returncode == NO_LATEX:
            return b"", told
        if done.returncode:
            why = told.partition("\n")[0] or f"sh ended with {done.returncode}"
            raise InputError(f"the handout cannot be typeset: {why}")
        return (folder / "build" / HANDOUT).read_bytes(), ""


def build(options):
    """Build the release; say what it holds."""
    contents = student_files(not options.without_quiz, options.treebank)
    pdf, problem = typeset(contents)
    if pdf:
        contents[HANDOUT] = pdf
    write_zip(
        BUILD / "student.zip", {f"{TOP}/{name}": content for name, content in contents.items()}
    )
    print(f"Wrote build/student.zip, {len(contents)} files")
    if problem:
        print(f"It holds no {HANDOUT}: {problem}")


def main(arguments=None):
    """Run the program; return 0, or 2 if the release cannot be built."""
    name = "build_student.py"
    parser = program.OneLineParser(prog=name, description=__doc__, allow_abbrev=False)
    quiz = "leave out all of question 3, the quiz"
    parser.add_argument("--without-quiz", action="store_true", help=quiz)
    treebank = "a text of the course's own, which students get and train on by default"
    parser.add_argument("--treebank", type=Path, metavar="DIR", help=treebank)
    options = parser.parse_args(arguments)
    return program.run(name, lambda: build(options))


if __name__ == "__main__":
    program.launch(main)
