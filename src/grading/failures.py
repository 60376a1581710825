"""What is told of an error: its type and text, what to do, where in the submission, which case."""

import difflib
import re
import traceback
from itertools import takewhile
from pathlib import Path

import numpy as np

import utils.checkpoint
import utils.gradcheck
import utils.utils
from sandbox.session import Function, StarvedError, SubmissionError
from sandbox.text import clean, one_line
from sandbox.upload import UploadError
from utils.program import from_here

from .compare import PARAMETERS
from .outcomes import Failure, Line
from .quiz import AnswerError

MARK = "_CODE_HERE ###"
MAX_VALUE = 300  # characters of an argument
GIVEN = [
    name
    for module in (utils.utils, utils.gradcheck, utils.checkpoint)
    for name, value in vars(module).items()
    if name[0] != "_" and callable(value) and getattr(value, "__module__", "") == module.__name__
]
DEFINED = re.compile(r"^[ \t]*def[ \t]+(\w{1,100})[ \t]*\(", re.MULTILINE)
MAX_SIGNATURE, MOST_NAMES = 2_000, 500  # characters; functions

NOT_ONE = r"TypeError: only (?:length-1|size-1|0-dim)"
UTILS = "utils lies beside submission: write from utils.utils, without a dot before it."
THREE = "A loss function gives three values: the loss and two gradients."
INDEX = "An index must be a whole number: word2ind gives that of a word."
PACKAGES = "Do without it: there are NumPy, SciPy and the others of environment.yml."
NONE = "Something is None: does a function lack its return, or has a None not been replaced?"

KNOWN = [  # an error, a piece of the line that raised it, and what to say
    (NOT_ONE, r"\bmath\.(\w+)", "math.{0} takes one number, np.{0} takes arrays."),
    (NOT_ONE, r"\b(float|int)\(", "{0} takes one number, here it gets an array."),
    (r"name 'np' is not defined", "", "The file needs: import numpy as np"),
    (r"name '(math|random)' is not defined", "", "The file needs: import {0}"),
    (r"(?:No module named|cannot import name .* from) 'submission\.utils", "", UTILS),
    (r"'(?:utils\.)?\w*sanity\w*'", "", "Remove this import: python grader.py does the checks."),
    (r"NoneType", "", NONE),
    (r"OverflowError: (?:math range|\(34)", "", "exp of a large number; np.exp gives inf for it."),
    (r"UnboundLocalError: .*variable '(\w+)'", "", "Where is {0} set before this line?"),
    (r"values to unpack", r"loss", THREE),
    (r"truth value of an array", "", "if is for one number: np.where decides for each element."),
    (r"No module named 'submission\.(word2vec|sgd|quiz)'", "", "There is no {0}.py."),
    (r"ModuleNotFoundError: No module named '(?!submission|utils)(\w+)", "", PACKAGES),
    (r"SystemExit", "", "exit() ends the program: remove it."),
    (r"TimeoutError", "", "Does a loop never end, or go through every element?"),
    (r"RecursionError", "", "A function calls itself without end."),
    (r"EOFError", r"\binput\(", "Nobody can type here: do without input()."),
    (
        r"'numpy' has no attribute '(float|int|bool)'",
        "",
        "Write {0}: NumPy has no np.{0} any more.",
    ),
    (r"IndexError: only integers|TypeError: list indices must be integers", "", INDEX),
]


def failure_of(error, upload, calls, module):
    """Tell why a test failed that has made these calls of a module of the submission."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, SubmissionError):
        kind = clean(error.kind, 100) or "Exception"
    elif not isinstance(error, (AssertionError, AnswerError, UploadError)):
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        message = f"the grader itself failed, tell the staff: {kind}: {error} ({place})"
        kind = "GraderError"
    trace, place = trace_of(getattr(error, "frames", ()), upload), None
    about = function_of(message, calls)
    if trace:
        place = next((line for line in reversed(trace) if line.function == about), trace[-1])
        if kind == "NotImplementedError" and is_unwritten(trace[-1], message):
            return Failure("", unwritten(trace[-1], upload), (), trace[-1])
    elif about:
        place = definition_of(about, upload, module)
    if isinstance(error, SubmissionError):
        message = taught(kind, message, trace[-1].text if trace else "", upload.package)
    what = isinstance(error, StarvedError), isinstance(error, UploadError)
    return Failure(kind, message, trace, place, *what)


def function_of(message, calls):
    """Name the function that a failure is about: that of the last call, or one that it names."""
    if blamed := re.search(r"the sum of what (\w+) gives: the mistake is there", message):
        return blamed[1]
    return calls[-1][0] if calls else ""


def trace_of(frames, upload):
    """Give the lines of a stack trace, their texts from the grader's own copy of the files."""
    sources = {file.path: file.data for file in upload.package.values()}
    lines = []
    for path, number, function in frames:
        if path in sources:
            texts = sources[path].decode(errors="replace").split("\n")
            text = texts[number - 1].strip() if 0 < number <= len(texts) else ""
            lines.append(Line(clean(path, 300), number, clean(function, 100), clean(text, 300)))
    return tuple(lines)


def definition_of(function, upload, module):
    """Find where a function is defined; else name the file where it should be."""
    files = list(upload.package.values())
    files.insert(0, upload.package.get(f"{module}.py", files[0]))
    definition = re.compile(rb"^[ \t]*def " + re.escape(function.encode()) + rb"\b", re.MULTILINE)
    for file in files:
        if found := definition.search(file.data):
            number = file.data.count(b"\n", 0, found.start()) + 1
            return Line(clean(file.path, 300), number, function)
    file = files[0]
    return Line(clean(file.path, 300), 0, function)


def unwritten(line, upload):
    """Say that a function is not written yet, or still has the line that says so."""
    where = f"{from_here(Path(line.file))}, line {line.number}"
    data = next(file.data for file in upload.package.values() if clean(file.path, 300) == line.file)
    texts = data.decode(errors="replace").split("\n")
    before, after = texts[: line.number - 1], texts[line.number :]
    region = [*takewhile(lambda text: MARK not in text, reversed(before))]
    region += takewhile(lambda text: MARK not in text, after)
    is_marked = any(MARK in text for text in before) and any(MARK in text for text in after)
    if is_marked and any(text.strip() and text.strip()[0] != "#" for text in region):
        return f"{line.function} still has the line raise NotImplementedError ({where}): delete it."
    return f"{line.function} is not written yet ({where})."


def is_unwritten(line, message):
    """Tell whether an error is that of a function which a student has still to write."""
    is_mark = re.fullmatch(r"(\d[a-z]?: .*)?", message)  # "2a: sigmoid", or nothing
    return is_mark and line.text.startswith("raise NotImplementedError")


def case_of(calls):
    """Tell, for staff, the last call of the function that a test is about: that of its first."""
    name, args, kwargs = [call for call in calls if call[0] == calls[0][0]][-1]
    values = [*(("", value) for value in args), *((f"{key}=", kwargs[key]) for key in kwargs)]
    with np.printoptions(threshold=30, edgeitems=2, precision=6):
        shown = [f"{key}{v.name if isinstance(v, Function) else v!r}" for key, v in values]
    return f"case: {name}({', '.join(one_line(' '.join(v.split()), MAX_VALUE) for v in shown)})"


def taught(kind, message, code, package):
    """Give an error's message with what to do about it, where that is known.

    `code` is the line of the submission that raised it, `package` has the submission's files.
    """
    if "\n" in message:
        return message  # something is said of it
    message = re.sub(r" \((unknown location|[^()]*[/\\][^()]*)\)$", "", message)  # of our own files
    error = f"{kind}: {message}"
    said = wrong_name(error, package) or wrong_call(error, package) or known_error(error, code)
    end = "" if message.endswith((".", "!", "?")) else "."
    return f"{message}{end} {said}" if said else message


def known_error(error, code):
    """Look an error up."""
    for pattern, piece, said in KNOWN:
        found, where = re.search(pattern, error), re.search(piece, code)
        if found and where:
            return said.format(*where.groups(), *found.groups())
    return ""


def plain(name):
    """Give a name without what styles differ in: normalizeRows is normalize_rows."""
    return name.replace("_", "").lower()


def texts_of(package):
    """Give the texts of the files, their line ends those of Python."""
    texts = {name: source.data.decode(errors="replace") for name, source in package.items()}
    return {name: text.replace("\r", "\n") for name, text in texts.items()}


def wrong_name(error, package):
    """Say what something is called that the submission, or its import, names otherwise."""
    if missing := re.fullmatch(r"MissingError: the submission has no function (\w{1,50})", error):
        wanted = missing[1]
        there = [
            (n, file) for file, text in texts_of(package).items() for n in DEFINED.findall(text)
        ]
        there = {plain(name): (name, file) for name, file in there[:MOST_NAMES]}
        near = difflib.get_close_matches(plain(wanted), there, n=1, cutoff=0.8)
        if near:
            name, file = there[near[0]]
            return f"{file} has {name}: rename it to {wanted}."
        return ""
    pattern = (
        r"cannot import name '(\w+)' from 'utils|module 'utils[.\w]*' has no attribute '(\w+)'"
    )
    if missing := re.search(pattern + r"|NameError: name '(\w+)' is not", error):
        name = next(filter(None, missing.groups()))
        ours = {plain(given): given for given in GIVEN}
        if ours.get(plain(name), name) != name:
            return f"It is called {ours[plain(name)]} here."
    return ""


def wrong_call(error, package):
    """Say which parameters a function of the assignment has, and which of them it lacks."""
    found = re.search(r"TypeError: (?:\w+\.)?(\w+)\(\) (missing|takes|got)", error)
    if not found or found[1] not in PARAMETERS:
        return ""
    name, wanted = found[1], PARAMETERS[found[1]]
    says = f"{name} takes {', '.join(wanted)}"
    for text in texts_of(package).values():
        begin = re.search(rf"^[ \t]*def[ \t]+{name}[ \t]*\(", text, re.MULTILINE)
        if begin:
            inside = text[begin.end() : begin.end() + MAX_SIGNATURE].partition("):")[0]
            theirs = re.findall(r"(?:^|,)\s*\**(\w+)", inside)
            if lacking := [parameter for parameter in wanted if parameter not in theirs]:
                return f"{says}; yours lacks {', '.join(lacking)}."
    return f"{says}."
