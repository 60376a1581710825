"""What is told of an error: its type and text, what to do, where in the submission, which case."""

import difflib
import re
import traceback
from pathlib import Path

from sandbox.session import StarvedError, WorkerError
from sandbox.upload import GRADED, UploadError, definitions
from utils.commands import from_here

from .compare import PARAMETERS, written
from .outcomes import Failure, Line
from .sgd import A_STEP

MARK = "_CODE_HERE ###"
MAX_LINE, MAX_SIGNATURE = 300, 2000  # characters
MOST_NAMES = 1000  # of a file, looked at

NOT_ONE = r"TypeError: only (?:length-1|size-1|0-dim)"
BESIDE = "utils lies beside submission: write from utils.utils, without a dot before it."
INDEX = "An index must be a whole number: word2ind gives that of a word."
PACKAGES = "Do without it: there are NumPy, SciPy and the others of requirements.txt."
NO_TERMINAL = "breakpoint() has no terminal here: run grader.py with --debug {}"
SAYS_ALL = "MissingError", "WireError"  # types of ours, which explain nothing
KNOWN = [  # an error, a piece of the line that raised it, and what to say
    (NOT_ONE, r"\bmath\.(\w+)", "math.{0} takes one number, np.{0} takes arrays."),
    (NOT_ONE, r"\b(float|int)\(", "{0} takes one number, here it gets an array."),
    (r"name 'np' is not defined", "", "The file needs: import numpy as np"),
    (r"name '(math|random)' is not defined", "", "The file needs: import {0}"),
    (r"(?:No module named|cannot import name .* from) 'submission\.utils", "", BESIDE),
    (r"'(?:utils\.)?\w*sanity\w*'", "", "Remove this import: grader.py does the checks."),
    (r"'(loss|grad)'.*, in sgd$", "", f"Where are loss and grad set? {A_STEP}"),
    (r"'NoneType' object is not callable, in sgd$", "", "Is postprocessing None? Leave it out."),
    (r"(for|to|not) .*NoneType.*, in sgd$", "", f"Is f called? {A_STEP}"),
    (r"(unpack|multiply sequence).*, in sgd$", "", f"f gives two values. {A_STEP}"),
    (r"NoneType", "", "Something is None: did you forget `return`, or to replace a None?"),
    (r"OverflowError: (?:math range|\(34)", "", "exp of a large number; np.exp gives inf for it."),
    (r"UnboundLocalError: .*variable '(\w+)'", "", "Where is {0} set before this line?"),
    (r"values to unpack", r"loss", "A loss gives three values: the loss and two gradients."),
    (r"truth value of an array", "", "if is for one number: np.where decides for each element."),
    (r"No module named 'submission\.(word2vec|sgd|quiz)'", "", "There is no {0}.py."),
    (r"ModuleNotFoundError: No module named '(?!submission|utils)(\w+)", "", PACKAGES),
    (r"SystemExit", "", "exit() ends the program: remove it."),
    (r"TimeoutError", "", "Does a loop never end, or go through every element?"),
    (r"RecursionError", "", "A function calls itself without end."),
    (r"EOFError", r"\binput\(", "Nobody can type here: do without input()."),
    (r"only integers|indices must be integers|interpreted as an integer", "", INDEX),
]


def failure_of(error, test):
    """Tell why a graded test failed."""
    upload, calls = test.course.submission, test.session.calls if test.session else []
    package = upload.package
    kind, message = type(error).__name__, str(error)
    about = test.blamed or (calls[-1][0] if calls else "")
    trace = trace_of(getattr(error, "frames", ()), package)
    if calls and test.about.is_hidden and test.reveal:
        call = next((call for call in reversed(calls) if call[0] == about), calls[-1])
        test.notes.append(f"case: {written(*call)}")
    places = [line for line in trace if line.function == about] or trace
    if not places and test.module:
        places = [definition_of(about, package, test.module)]
    place = places[-1] if places else None
    if isinstance(error, WorkerError):
        kind, code = error.kind or "Exception", trace[-1].text if trace else ""
        is_mark = re.fullmatch(r"(\d[a-z]?: .*)?", message)  # "2a: sigmoid", or nothing
        if is_mark and code.startswith("raise NotImplementedError"):
            return Failure("", unwritten(trace[-1], package), (), trace[-1])
        if kind == "BdbQuit" and not message:
            is_debugged = test.session.worker.group is None
            message = "You left the debugger." if is_debugged else NO_TERMINAL.format(test.about.id)
        message = taught(kind, message, code, about, package)
        kind = "" if kind in SAYS_ALL else kind
    elif isinstance(error, AssertionError) and not test.module and upload.vectors is None:
        kind = ""  # the vectors are missing: one line says all
    elif not isinstance(error, (AssertionError, UploadError)):
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"{Path(where.filename).name}, line {where.lineno}"
        message = f"the grader itself failed, tell the staff: {kind}: {error} ({at})"
        kind, place = "GraderError", None
    what = isinstance(error, StarvedError), isinstance(error, UploadError)
    return Failure(kind, message, trace, place, *what)


def trace_of(frames, package):
    """Give the lines of a stack trace, their texts from the grader's own copy of the files."""
    files, lines = {file.path: file.text.split("\n") for file in package.values()}, []
    for path, number, function in frames:
        if path in files:
            text = "".join(files[path][number - 1 : number]).strip()[:MAX_LINE]
            lines.append(Line(from_here(Path(path)), number, function, text))
    return tuple(lines)


def definition_of(function, package, module):
    """Find where a function is defined; else name the file where it should be, if there is one."""
    files = [package[name] for name in sorted(package, key=lambda name: name != f"{module}.py")]
    for file, found in ((file, definitions(file).get(function)) for file in files):
        if found:
            number = found.string.count("\n", 0, found.start()) + 1
            return Line(from_here(Path(file.path)), number, function)
    return Line(from_here(Path(files[0].path)), 0, function) if files else None


def unwritten(line, package):
    """Say that a function is not written yet, or still has the line that says so."""
    text = next(f.text for f in package.values() if from_here(Path(f.path)) == line.file)
    lines, where = text.split("\n"), f"{line.file}:{line.number}"
    before, after = "\n".join(lines[: line.number - 1]), "\n".join(lines[line.number :])
    region = before.rpartition(MARK)[2] + after.partition(MARK)[0]
    is_marked = MARK in before and MARK in after
    if is_marked and any(text.strip() and text.strip()[0] != "#" for text in region.split("\n")):
        return f"{line.function} still has the line raise NotImplementedError, delete it: {where}"
    return f"{line.function} is not written yet: {where}"


def taught(kind, message, code, about, package):
    """Give an error's message with what to do, if known: `code` is its line, `about` a function."""
    if "\n" in message:
        return message  # something is said of it
    message = re.sub(r" \((unknown location|[^()]*[/\\][^()]*)\)(?=\.|$)", "", message)  # our files
    error = f"{kind}: {message}, in {about}"
    said = misnamed(message, package) or wrong_signature(error, package) or advice_on(error, code)
    end = "" if message.endswith((".", "!", "?")) else "."
    return f"{message}{end} {said}".lstrip(". ") if said else message


def advice_on(error, code):
    """Look an error up."""
    for pattern, piece, advice in KNOWN:
        found, where = re.search(pattern, error), re.search(piece, code)
        if found and where:
            return advice.format(*where.groups(), *found.groups())
    return ""


def misnamed(message, package):
    """Say what a function that the submission lacks is called in it."""
    wanted = re.match(r"the submission has no function (\w{1,50})|", message)[1]
    for name, file in package.items() if wanted else ():
        others = [other for other in definitions(file) if other not in GRADED][:MOST_NAMES]
        by_letters = {other.lower(): other for other in others}
        if near := difflib.get_close_matches(wanted.lower(), by_letters, n=1, cutoff=0.7):
            return f"{name} has {by_letters[near[0]]}: rename it to {wanted}."
    return ""


def wrong_signature(error, package):
    """Say which parameters a function of the assignment has, and which of them it lacks."""
    name = re.match(r"TypeError: (?:\w+\.)?(\w+)\(\) (?:missing|takes|got)|", error)[1]
    for found in (definitions(file).get(name) for file in package.values()):
        if found and (wanted := PARAMETERS.get(name)):
            text = found.string[found.end() : found.end() + MAX_SIGNATURE]
            theirs = re.findall(r"[(,]\s*\**(\w+)", re.split(r"\)\s*(?:->.*)?:", text)[0])
            lacking = ", ".join(parameter for parameter in wanted if parameter not in theirs)
            yours = f"yours lacks {lacking}" if lacking else "does yours lack a default?"
            return f"{name} takes {', '.join(wanted)}; {yours}."
    return ""
