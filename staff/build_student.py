"""Build build/student.zip, the assignment as students get it: without solution and staff files."""

import sys

from regions import MarkError, emptied, without_staff
from zips import BUILD, collect, write_zip

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
    "src/*.py",
    "src/explore.ipynb",
    "src/points.json",
    "src/environment.yml",
    "src/submission/*.py",
    "src/utils/*.py",
    "src/grading/*.py",
    "src/sandbox/*.py",
)
QUESTIONS = {"word2vec.py": "2a", "sgd.py": "2b"}  # in quiz.py each function is one


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
            file = name.rpartition("/")[2]
            contents[name] = emptied(
                contents[name], name, lambda f, file=file: question_of(f, file)
            )
    return contents


def question_of(function, file):
    """Give the question of the handout that a function of the submission belongs to."""
    if file == "quiz.py":
        return f"3{' abcdef'[int(function.removeprefix('question_'))]}"
    return QUESTIONS[file]


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
