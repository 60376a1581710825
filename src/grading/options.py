"""The command line of the grader: its options, and which tests are meant."""

import difflib
from pathlib import Path

from utils.program import OneLineParser
from utils.utils import InputError

FLAGS = {
    "--watch": "grade again whenever a file of the submission is saved, until Ctrl-C",
    "--debug": "run one test with your code in the grader's own process, for breakpoint() and an "
    "IDE",
    "--reveal": "with --solution: show what hidden tests compare with, and in which case",
    "--after-published": "in results.json: students see hidden tests when grades are published",
    "--unconfined": "grade with a solution although nothing keeps the submission from reading it",
    "--list": "list the tests and end",
}


def build_parser(default):
    """Make the parser of the options."""
    parser = OneLineParser(
        prog="grader.py",
        description="Grade a submission. Exit code 0: all passed; 1: some failed; 2: wrong usage.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "tests",
        nargs="*",
        metavar="TEST_ID",
        help="tests to run, such as 2a-0-basic; the beginning of an id, such as 2a, means all that "
        "begin so (default: all)",
    )
    add(
        "--submission",
        type=Path,
        metavar="PATH",
        default=default,
        help="a package folder, a folder with submission/, submission.py, loose word2vec.py and "
        "sgd.py, or a zip of one of these (default: the submission beside grader.py)",
    )
    add(
        "--solution",
        type=Path,
        metavar="DIR",
        help="the solution, a package folder with sample_vectors_(soln).json in or beside it: only "
        "with one are hidden tests graded",
    )
    add("--gradescope", type=Path, metavar="FILE", help="write results.json for Gradescope, too")
    for name, what in FLAGS.items():
        add(name, action="store_true", help=what)
    return parser


def parse(arguments, default):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = build_parser(default)
    options = parser.parse_args(arguments)
    by_staff = options.solution or options.gradescope
    if options.debug and by_staff:
        parser.error("--debug goes neither with --solution nor with --gradescope")
    if options.watch and (by_staff or options.debug):
        parser.error("--watch goes with none of --solution, --gradescope, --debug")
    if options.reveal and (options.gradescope or not options.solution):
        parser.error("--reveal needs --solution, and does not go with --gradescope")
    for path in (options.submission, options.solution):
        if path and not path.exists():
            parser.error(f"{path} does not exist")
    return options


def select(ids, wanted):
    """Choose tests by their ids or the beginnings of these; none means all."""
    chosen = set()
    for text in wanted:
        found = {test for test in ids if test.startswith(text.lower())}
        if not found or not text:
            near = difflib.get_close_matches(text.lower(), ids, n=3, cutoff=0.5)
            hint = f"Did you mean {' or '.join(near)}?" if near else "--list shows all."
            raise InputError(f"there is no test {text!r:.100}. {hint}")
        chosen |= found
    return [test for test in ids if test in chosen or not wanted]
