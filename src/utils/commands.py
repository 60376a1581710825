"""Commands and paths as messages name them: what is named works when it is typed as it stands."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]  # the folder src
ROOT = SOURCE.parent
TARGETS = {  # of make, and what each of them runs
    "run": ["src/run.py"],
    "data": ["data/fetch.py"],
    "grade": ["src/grader.py"],
    "submission.zip": ["src/grader.py", "--pack"],
    "sentiment": ["src/sentiment.py"],
}


def command(target, *options):
    """Write the command of a target: make's for who came by make, else a plain one."""
    is_top = Path.cwd() == ROOT
    # make sets MAKELEVEL for what it runs; what it is given counts from its own folder
    if "MAKELEVEL" in os.environ and (is_top or not options):
        there = [] if is_top else ["-C", str(from_here(ROOT))]
        for_program = [f"ARGS={join(options)}"] if options else []
        return join(["make", *there, target, *for_program])
    program, *own = TARGETS[target]
    return python(str(from_here(ROOT / program)), *own, *options)


def python(*words, anywhere=False):
    """Write a command for the Python that runs, called as it was called."""
    typed = sys.orig_argv[0] if sys.orig_argv else ""
    if os.name == "nt" and os.path.dirname(typed):
        # PowerShell puts a path there; a virtual environment's python.exe that of another Python.
        there, here = map(os.path.normcase, (shutil.which("python") or "", sys.executable))
        typed = "python" if there == here else ""
    if not shutil.which(typed) or (anywhere and os.path.dirname(typed)):
        typed = sys.executable if anywhere else str(from_here(Path(sys.executable)))
    return join([typed, *words])


def join(words):
    """Join the words of a command as the system's shell parts them."""
    return " ".join(map(_quote, words)) if os.name == "nt" else shlex.join(words)


def _quote(word):
    """Quote a word for cmd and PowerShell, which take more signs as their own than blanks."""
    quoted = subprocess.list2cmdline([word])
    if quoted.startswith('"') or re.fullmatch(r"[\w.,:=+/\\-]+", word):
        return quoted
    return subprocess.list2cmdline([f"{word} "])[:-2] + '"'


def from_here(path):
    """Name a path as seen from the working directory, if that is near."""
    here = Path.cwd()
    in_project = here.is_relative_to(ROOT) and path.is_relative_to(ROOT)
    is_near = in_project or path.is_relative_to(here) or here.is_relative_to(path)
    return Path(os.path.relpath(path, here)) if is_near else path
