"""The students' regions in a source: found by their marks, and emptied for the student release.

A file may also hold parts that not every release has: between a line with ``[staff]`` and one with
``[/staff]``, each in a comment, or in a line with both; ``[quiz]`` marks the quiz.
"""

import difflib
import json
import re
from pathlib import PurePath

from grading.quiz import QUESTIONS
from utils.utils import InputError

START, END = "### START_CODE_HERE ###", "### END_CODE_HERE ###"
ALIKE = 0.75  # how similar a line must be to a mark to count as a misspelt one
OWNER = re.compile(r"\s*def (\w+)|\\begin\{answer\}\{(\w+)\}")  # whose the next region is
ROOM = "% Write your answer here.\n\\vspace{8cm}"  # in place of a written answer


class MarkError(InputError):
    """A mark is missing or misspelt; the message names file and line."""


def emptied(source, name, questions):
    """Empty the students' regions of a Python or LaTeX file.

    `questions` gives the question, such as ``2a``, for each function or answer that has a region: a
    function then raises NotImplementedError with both, an answer is room to write.
    """
    lines, owner, inside, found = [], "", 0, []
    for number, line in enumerate(source.split("\n"), 1):
        mark = _mark(line, f"{name}, line {number}")
        if mark and (mark == START) == bool(inside):
            raise MarkError(f"{name}, line {number}: {mark} without the other mark before it")
        if mark == START:
            inside = number
            found.append(owner)
            what = f'raise NotImplementedError("{questions.get(owner)}: {owner}")'
            is_code = line.strip() == START
            if not is_code and not OWNER.match(lines[-1]):
                raise MarkError(f"{name}, line {number}: expected \\begin{{answer}} just before it")
            lines += [line, line[: line.index("#")] + what if is_code else ROOM]
        elif mark == END:
            inside = 0
        elif lines and lines[-1] == f"% {END}" and not line.startswith(r"\end{answer}"):
            raise MarkError(f"{name}, line {number}: expected \\end{{answer}}")
        if not inside:
            lines.append(line)
        if begins := OWNER.match(line):
            owner = begins[1] or begins[2]
    if inside:
        raise MarkError(f"{name}, line {inside}: {START} is never followed by {END}")
    if found != list(questions):
        raise MarkError(f"{name}: expected regions in {list(questions)}, found them in {found}")
    return "\n".join(lines)


def _mark(line, place):
    """Tell which mark a line is; usually none, and an error if it only looks like one."""
    text = line.strip().removeprefix("% ")
    if text in (START, END):
        return text
    comment = text[text.find("#") :].strip("#").strip().upper() if "#" in text else ""
    near = difflib.get_close_matches(comment, ["START_CODE_HERE", "END_CODE_HERE"], 1, ALIKE)
    if near:
        raise MarkError(f"{place}: expected ### {near[0]} ###, found {text}")
    return ""


def without_part(text, name, part, is_kept=False):
    """Leave out the parts of a text called, say, ``staff``; if they are kept, only the marks."""
    kept, inside, start, end = [], 0, f"[{part}]", f"[/{part}]"
    for number, line in enumerate(text.split("\n"), 1):
        starts, ends = start in line, end in line
        if (starts and inside) or (ends and not (inside or starts)):
            raise MarkError(f"{name}, line {number}: {line.strip()} in the wrong place")
        if starts:
            inside = number
        if not inside or (is_kept and not (starts or ends)):
            kept.append(line)
        elif is_kept and starts and ends:  # a part of one line: its mark is a comment there
            kept.append(re.sub(rf" *(#|%|<!--) {re.escape(f'{start} {end}')}( -->)?", "", line))
        if ends:
            inside = 0
    if inside:
        raise MarkError(f"{name}, line {inside}: {start} is never followed by {end}")
    return "\n".join(kept)


def without_quiz(contents):
    """Leave question 3 out of files, given by path: marked parts, points, quiz.py."""
    kept = {name: text for name, text in contents.items() if PurePath(name).stem != "quiz"}
    for name in kept:
        if name.endswith(".py"):
            text = kept[name] if isinstance(kept[name], str) else kept[name].decode()
            kept[name] = without_part(text, name, "quiz")
    points = json.loads(kept["src/points.json"])
    points = {test: worth for test, worth in points.items() if test[:2] not in QUESTIONS.values()}
    return kept | {"src/points.json": json.dumps(points, indent=2) + "\n"}
