"""The command line of the grader: its options, and which tests are meant."""

import difflib
import re
from functools import partial
from pathlib import Path

from program import OneLineParser
from utils.commands import SOURCE
from utils.utils import InputError

TESTS = "such as 2a-0-basic; 2a means every test whose id starts with 2a (default: all)"
OPTIONS = {
    "--submission PATH": "a package folder, a folder with submission/, submission.py, loose "
    "word2vec.py and sgd.py, or a zip of one of these (default: the submission beside grader.py)",
    "--solution DIR": "the solution, a package folder with sample_vectors_(soln).json in or beside "
    "it: only with one are hidden tests graded",
    "--gradescope FILE": "write results.json for Gradescope, too",
    "--watch": "grade again whenever a file of the submission is saved, until Ctrl-C",
    "--pack": "grade, then write what you hand in, submission.zip in the project's folder",
    "--debug": "run one test in the grader's own process, for breakpoint() and an IDE",
    "--reveal": "with --solution: show what hidden tests compare with, and in which case",
    "--after-published": "in results.json: students see hidden tests when grades are published",
    "--unconfined": "grade with a solution although nothing keeps the submission from reading it",
    "--list": "list the tests and end",
}


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    about = "Grade a submission. Exit code 0: all passed; 1: some failed; 2: wrong usage."
    parser = OneLineParser(prog="grader.py", description=about, allow_abbrev=False)
    parser.add_argument("tests", nargs="*", metavar="TEST_ID", help=TESTS)
    for option, what in OPTIONS.items():
        name, _, value = option.partition(" ")
        kind = {"type": Path, "metavar": value} if value else {"action": "store_true"}
        parser.add_argument(name, help=what, **kind)
    parser.set_defaults(submission=SOURCE)
    options = parser.parse_args(arguments)
    by_staff = options.solution or options.gradescope
    if options.debug + options.watch + options.pack + bool(by_staff) > 1:
        parser.error(
            "--pack, --debug, --watch, and --solution with --gradescope exclude each other"
        )
    if options.pack and options.tests:
        parser.error("--pack grades all: name no tests")
    if options.reveal and (options.gradescope or not options.solution):
        parser.error("--reveal needs --solution, and does not go with --gradescope")
    for path in (options.submission, options.solution):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    return options


def select(tests, wanted):
    """Choose tests by their ids or how these start; none means all."""
    chosen, letters = set(), partial(re.sub, r"[\W_]", "")  # skipgram is Skip-gram
    for text in wanted:
        begins = re.compile(rf"{re.escape(text.lower())}(?!(?<=\d)\d)")  # 2a-1 is not 2a-10
        found = {test for test in tests if text and begins.match(test.id)}
        if not found:
            near = difflib.get_close_matches(text.lower(), [test.id for test in tests], cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else "--list shows all."
            name = letters(text.lower())
            about = [test.id for test in tests if name in letters(test.description.lower())]
            if about and re.match("[A-Za-z]{3}", text):  # the name of a function
                hint = f"About that are {', '.join(about)}."
            raise InputError(f"there is no test {text!r:.100}. {hint}")
        chosen |= found
    return [test for test in tests if test in chosen or not wanted]
