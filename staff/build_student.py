"""Build build/student.zip, the assignment as students get it: without solution and staff files."""

import subprocess
import sys

from answers import emptied_answers
from regions import MarkError, emptied, without_staff
from zips import BUILD, ROOT, collect, write_zip

FILES = (
    "LICENSE",
    "Makefile",
    "README.md",
    "requirements.txt",
    "requirements-notebook.txt",
    "docs/*.png",
    "data/README.md",
    "data/fetch.py",
    "data/sample/*",
    "src/program.py",
    "src/run.py",
    "src/sentiment.py",
    "src/grader.py",
    "src/graderUtil.py",
    "src/explore.ipynb",
    "src/points.json",
    "src/environment.yml",
    "src/submission/__init__.py",
    "src/submission/word2vec.py",
    "src/submission/sgd.py",
    "src/submission/quiz.py",
    "src/submission/utils.py",
    "src/utils/*.py",
    "src/training/*.py",
    "src/grading/*.py",
    "src/sandbox/*.py",
    "tex/A2.tex",
    "tex/A2_Solutions.tex",
    "tex/style.tex",
    "tex/guidelines.tex",
    "tex/autograder.tex",
    "tex/refresher.tex",
    "tex/window.tex",
    "tex/coding.tex",
    "tex/appendix.tex",
    "tex/submission.tex",
    "tex/typeset.sh",
)
QUESTIONS = {  # of the functions that students write, by file
    "word2vec.py": dict.fromkeys(["sigmoid", "naive_softmax_loss_and_gradient", "skipgram"], "2a"),
    "sgd.py": {"sgd": "2b"},
    "quiz.py": {f"question_{k}": f"3{letter}" for k, letter in enumerate("abcdef", 1)},
}


def student_files():
    """Give the files of the student release.

    Returns
    -------
    dict of str to (str or bytes)
        Content of each, by its path.

    Raises
    ------
    MarkError
        If the mark of a region, or of a part that is the staff's, is missing or misspelt.
    """
    contents = collect(*FILES)
    for name in contents:
        if name.endswith((".py", ".md", "Makefile")):
            contents[name] = without_staff(contents[name].decode(), name)
        if name.startswith("src/submission/"):
            questions = QUESTIONS.get(name.rpartition("/")[2], {})
            contents[name] = emptied(contents[name], name, questions)
    name = "tex/submission.tex"
    contents[name] = emptied_answers(contents[name].decode(), name, ["1a", "1b"])
    return contents | generated()


def generated():
    """Give what the handout takes from the project, to lie beside what takes it.

    Students cannot make it themselves: it shows runs of a submission that is right.
    """
    folder = BUILD / "tex"
    subprocess.run([sys.executable, ROOT / "tex" / "generate.py", folder], check=True)
    contents = collect("points.tex", "quiz.tex", "*.txt", below=folder)
    return {f"tex/{name}": content for name, content in contents.items()}


def main():
    """Build the release; return 0, or 2 if it cannot be built."""
    try:
        contents = student_files()
    except (MarkError, FileNotFoundError) as error:
        print(f"build_student.py: {error}", file=sys.stderr)
        return 2
    write_zip(BUILD / "student.zip", contents)
    print(f"Wrote build/student.zip, {len(contents)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
