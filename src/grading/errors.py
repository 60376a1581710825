"""What an error of a submission means, in a tutor's words."""

import difflib
import re

import utils.checkpoint
import utils.gradcheck
import utils.utils

from .compare import PARAMETERS

GIVEN = [
    name
    for module in (utils.utils, utils.gradcheck, utils.checkpoint)
    for name, value in vars(module).items()
    if name[0] != "_" and callable(value) and getattr(value, "__module__", "") == module.__name__
]
DEFINED = re.compile(r"^[ \t]*def[ \t]+(\w{1,100})[ \t]*\(", re.MULTILINE)
MAX_SIGNATURE = 2_000  # characters

NOT_ONE = r"TypeError: only (?:length-1|size-1|0-dim)"
UTILS = "utils lies beside submission: write from utils.utils, without a dot before it."
THREE = "A loss function gives three values: the loss and two gradients."
INDEX = "An index must be a whole number: word2ind gives that of a word."
NONE = "Something is None: does a function lack its return, or has a None not been replaced?"

KNOWN = [  # an error, a piece of the line that raised it, and what to say
    (NOT_ONE, r"\bmath\.(\w+)", "math.{0} takes one number, np.{0} takes arrays."),
    (NOT_ONE, r"\b(float|int)\(", "{0} takes one number, here it gets an array."),
    (r"name 'np' is not defined", "", "The file needs: import numpy as np"),
    (r"name '(math|random)' is not defined", "", "The file needs: import {0}"),
    (r"No module named 'submission\.utils", "", UTILS),
    (r"'(?:utils\.)?sanity_checks?'", "", "Remove this import: python grader.py does the checks."),
    (r"NoneType", "", NONE),
    (r"OverflowError: (?:math range|\(34)", "", "exp of a large number; np.exp gives inf for it."),
    (r"UnboundLocalError: .*variable '(\w+)'", "", "Where is {0} set before this line?"),
    (r"values to unpack", r"loss", THREE),
    (r"RecursionError", "", "A function calls itself without end."),
    (r"EOFError", r"\binput\(", "Nobody can type here: do without input()."),
    (
        r"'numpy' has no attribute '(float|int|bool)'",
        "",
        "Write {0}: NumPy has no np.{0} any more.",
    ),
    (r"IndexError: only integers|TypeError: list indices must be integers", "", INDEX),
]


def taught(kind, message, code, package):
    """Give an error's message with what to do about it, where that is known.

    `code` is the line of the submission that raised it, `package` has the submission's files.
    """
    message = re.sub(r" \((unknown location|[^()]*[/\\][^()]*)\)$", "", message)  # of our own files
    error = f"{kind}: {message}"
    texts = {
        name: source.data.decode(errors="replace").replace("\r", "\n")
        for name, source in package.items()
    }
    said = wrong_name(error, texts) or wrong_call(error, texts) or known_error(error, code)
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


def wrong_name(error, texts):
    """Say what something is called that the submission, or its import, names otherwise."""
    if missing := re.search(r"the submission has no function (\w+)", error):
        wanted = missing[1]
        there = {
            plain(name): (name, file) for file in texts for name in DEFINED.findall(texts[file])
        }
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
        if "sanity" in name:
            return "Remove this import: python grader.py does the checks."
    return ""


def wrong_call(error, texts):
    """Say which parameters a function of the assignment has, and which of them it lacks."""
    found = re.search(r"TypeError: (?:\w+\.)?(\w+)\(\) (missing|takes|got)", error)
    if not found or found[1] not in PARAMETERS:
        return ""
    name, wanted = found[1], PARAMETERS[found[1]]
    says = f"{name} takes {', '.join(wanted)}"
    for text in texts.values():
        begin = re.search(rf"^[ \t]*def[ \t]+{name}[ \t]*\(", text, re.MULTILINE)
        if begin:
            inside = text[begin.end() : begin.end() + MAX_SIGNATURE].partition("):")[0]
            theirs = re.findall(r"(?:^|,)\s*\**(\w+)", inside)
            if lacking := [parameter for parameter in wanted if parameter not in theirs]:
                return f"{says}; yours lacks {', '.join(lacking)}."
    return f"{says}."
