"""What is told of an error: its type and text, where in the submission, and in which case."""

import re
import traceback
from pathlib import Path

import numpy as np

from sandbox.session import Function, StarvedError, SubmissionError
from sandbox.text import clean, one_line
from utils.program import from_here

from .outcomes import Failure, Line
from .quiz import AnswerError

MAX_VALUE = 300  # characters of an argument


def failure_of(error, upload, calls, module):
    """Tell why a test failed that has made these calls of a module of the submission."""
    kind, message = type(error).__name__, str(error)
    if isinstance(error, SubmissionError):
        kind = clean(error.kind, 100)
    elif not isinstance(error, (AssertionError, AnswerError)):
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        message = f"the grader itself failed, tell the staff: {kind}: {error} ({place})"
        kind = "GraderError"
    trace, place = trace_of(getattr(error, "frames", ()), upload), None
    if trace:
        place = trace[-1]
        if kind == "NotImplementedError" and is_unwritten(place, message):
            where = f"{from_here(Path(place.file))}, line {place.number}"
            return Failure("", f"{place.function} is not written yet ({where}).", (), place)
    elif calls:
        place = definition_of(calls[0][0], upload, module)
    return Failure(kind, message, trace, place, isinstance(error, StarvedError))


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
    for file in upload.package.values():
        for number, text in enumerate(file.data.decode(errors="replace").split("\n"), 1):
            if re.match(rf"\s*def {re.escape(function)}\b", text):
                return Line(clean(file.path, 300), number, function)
    file = upload.package.get(f"{module}.py") or next(iter(upload.package.values()))
    return Line(clean(file.path, 300), 0, function)


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
