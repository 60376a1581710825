"""What is wrong with a submission, in a sentence; and which mistakes a class has in common."""

import re
from functools import cache
from typing import NamedTuple

from sandbox.text import one_line

MAX_SENTENCE = 1000  # characters
UPLOAD = "UploadError: "
BARE = "AssertionError", "AnswerError", "MissingError", ""  # of these the message says all
DETAILS = re.compile(  # shapes, where it is not written yet, words that were handed on
    r" \(here (?:[^()]|\([^()]*\))*\)|(?:(?<=not written yet)|(?<=delete it)): .*"
    r"|: \[[^\]\n]*\], expected \[[^\]\n]*\](?=\.)"
)
WORST = r"differs(?: most)?(?: at \[[\d, ]+\])?: yours is \S+?(?:, expected \S+?)?"
DIFFERS = re.compile(  # where a result is wrong; what stands behind it may say why
    rf" (?:{WORST}|is -?(?:nan|inf)\b[^.]*|has shape \([\d, ]*\), expected [^.]*"
    r"|is one number, expected [^.]*)\.(?= |$)(?! Run )"
)
POINTER = re.compile(r"the sum of what (\w+) gives: the mistake is there")
EXPLAINED = re.compile(r": Its? ")
VAGUE = (DIFFERS, POINTER, re.compile("but for a constant factor"))  # the vaguest first
RENAMED = re.compile(
    r"([^,:/\n]{1,99}?)(?::| \(| was left out:| is not the only one;) ?"
    r"(?:rename it to|name the right one) ([\w()]+(?:\.(?:py|json))?)"
)
NUMBER = r"(?<![\w.])-?\d+(?:[.,/:]\d+)*(?:e[+-]?\d+)?(?!\w)"
VARYING = re.compile(rf"'[^']*'|\w+(?=: rename it)|{NUMBER}")  # in sentences of one mistake


def near_misses(problem, notes, errors):
    """List what lost points by its name alone: files and functions to be renamed."""
    said, found = "\n".join([problem, *(error.get("message", "") for error in errors)]), {}
    for text in (said, notes):
        for name, wanted in RENAMED.findall(text):
            lacks = rf"There is no|has no function|{re.escape(wanted)} is (missing|not handed in)"
            if text is said or re.search(lacks, said):  # else another one of the name was graded
                name = name.rpartition(" but ")[2].rpartition(" has ")[2].strip()
                found[f"{name} should be {wanted}"] = None
    return tuple(found)


# What is wrong, in a sentence


def sentence_of(error):
    """Give the sentence of an error that says best what is wrong; nothing if there is no error."""
    kind, message, name = (error.get(key, "") for key in ("kind", "message", "file"))
    message = DETAILS.sub("", message)
    if kind not in BARE and not message.startswith("the submission has no function"):
        return one_line(": ".join(filter(None, [name, kind, message])), MAX_SENTENCE)
    told, subject = [""], ""
    for line in message.partition("\nThe smallest case")[0].split("\n"):
        what, differs, why = line, DIFFERS.search(line), ""
        if differs:
            what, why = line[: differs.start()], line[differs.end() :].strip()
            subject = what.partition(":")[0].removesuffix(" with a linear loss")
        elif line.startswith(("It ", "Its ")) and subject:  # said once of all that differ
            what, why = subject, line
        told.append(f"{what}: {why}" if why else line)
    return one_line(min(told[1:], key=vagueness), MAX_SENTENCE)


@cache
def vagueness(sentence):
    """Rank sentences: one that says what a wrong result is tells more than where it differs."""
    for number, pattern in enumerate(VAGUE):
        if pattern.search(sentence):
            return len(VAGUE) + 1 - number
    return 0 if EXPLAINED.search(sentence) else 1


@cache
def pattern_of(sentence):
    """Give what sentences of one mistake have in common: not numbers, nor names of variables."""
    sentence = re.sub(r" Did you mean: [^?]*\?", "", sentence)
    sentence = re.sub(rf"{WORST}\.(?= |$)", "differs.", sentence)
    return VARYING.sub("\0", sentence), VARYING.findall(sentence)


class Mistake(NamedTuple):
    """A mistake of a class, its tests and who made it: one row for all tests that it fails."""

    sentence: str
    tests: tuple
    hand_ins: tuple


def mistakes(rows):
    """List the mistakes of a class, the most common first.

    A sentence that tells where results differ, or that another function is wrong, is a consequence
    where another sentence of the submission says what is wrong: its tests count for that mistake.
    """
    found = {}  # by pattern: what varies in each sentence, tests, hand-ins
    for hand_in, graded in rows:
        for test, sentence in clearest(graded.sentences).items():
            pattern, varying = pattern_of(sentence)
            texts, tests, who = found.setdefault(pattern, ([], {}, {}))
            texts.append(varying)
            tests[test], who[hand_in.name] = None, hand_in
    listed = []
    for pattern, (texts, tests, who) in found.items():
        shown = iter([some[0] if len(set(some)) == 1 else "…" for some in zip(*texts, strict=True)])
        sentence = re.sub("\0", lambda _, shown=shown: next(shown), pattern)
        listed.append(Mistake(sentence, tuple(sorted(tests)), tuple(who.values())))
    return sorted(listed, key=lambda mistake: (-len(mistake.hand_ins), mistake.sentence))


def clearest(sentences):
    """Give for each failed test the clearest sentence on its function, which names the question."""
    functions = {}
    for test, sentence in sentences.items():
        if sentence.startswith(UPLOAD):  # it is that of all tests, and names the upload
            why = re.sub(r"^.*?(?=has no |holds |is |cannot )", "unreadable: it ", sentence)
            return {"all": re.split(", but | Hand in ", why)[0]}
        if sentence:
            function = re.match(r"[^\s:_]*", (POINTER.search(sentence) or [0, sentence])[1])[0]
            functions.setdefault((test.partition("-")[0], function), {})[test] = sentence
    found = {}
    for (question, _), said in functions.items():
        best = min(said.values(), key=vagueness)
        for test, sentence in said.items():
            clear = sentence if vagueness(sentence) == vagueness(best) else best
            is_file = re.match(r"\S+\.(py|json)\b", clear)  # else it may be of any question
            found[test] = clear if is_file else f"{question}: {clear}"
    return found
