"""The students' regions in a source: found by their marks, and emptied for the student release.

A file may also hold parts that are the staff's alone, between a line with ``[staff]`` and one with
``[/staff]``, each in a comment.
"""

import difflib
import re

from utils.utils import InputError

START, END = "### START_CODE_HERE ###", "### END_CODE_HERE ###"
STAFF, END_STAFF = "[staff]", "[/staff]"
ALIKE = 0.75  # how much a line must look like a mark, to be taken for a misspelt one


class MarkError(InputError):
    """A mark is missing or misspelt; the message names file and line."""


def emptied(source, name, questions):
    """Empty the students' regions: each raises NotImplementedError with question and function.

    Parameters
    ----------
    source : str
        Text of a Python file.
    name : str
        What messages call it.
    questions : dict of str to str
        The functions that have a region, each with its question, such as ``2a``.

    Returns
    -------
    str
        The text without the regions' content.

    Raises
    ------
    MarkError
        If a mark is missing or misspelt, or the regions are not in just these functions.
    """
    lines, function, inside, found = [], "", 0, []
    for number, line in enumerate(source.split("\n"), 1):
        mark = _mark(line, f"{name}, line {number}")
        if mark and (mark == START) == bool(inside):
            raise MarkError(f"{name}, line {number}: {mark} without the other mark before it")
        if mark == START:
            inside = number
            found.append(function)
            indent, what = line[: line.index("#")], f"{questions.get(function)}: {function}"
            lines += [line, f'{indent}raise NotImplementedError("{what}")']
        elif mark == END:
            inside = 0
        if not inside:
            lines.append(line)
        if begins := re.match(r"\s*def (\w+)", line):
            function = begins[1]
    if inside:
        raise MarkError(f"{name}, line {inside}: {START} is never followed by {END}")
    if found != list(questions):
        raise MarkError(f"{name}: expected regions in {list(questions)}, found them in {found}")
    return "\n".join(lines)


def _mark(line, place):
    """Tell which mark a line is; none mostly, and an error if it only looks like one."""
    text = line.strip()
    if text in (START, END):
        return text
    comment = text[text.find("#") :].strip("#").strip().upper() if "#" in text else ""
    near = difflib.get_close_matches(comment, ["START_CODE_HERE", "END_CODE_HERE"], 1, ALIKE)
    if near:
        raise MarkError(f"{place}: expected ### {near[0]} ###, found {text}")
    return ""


def without_staff(text, name):
    """Leave out the parts that are the staff's.

    Parameters
    ----------
    text : str
        Text of a file.
    name : str
        What messages call it.

    Returns
    -------
    str
        The other lines.

    Raises
    ------
    MarkError
        If a part does not begin, or does not end.
    """
    kept, inside = [], 0
    for number, line in enumerate(text.split("\n"), 1):
        starts, ends = STAFF in line, END_STAFF in line
        if (starts and inside) or (ends and not inside):
            raise MarkError(f"{name}, line {number}: {line.strip()} in the wrong place")
        if starts:
            inside = number
        if not inside:
            kept.append(line)
        if ends:
            inside = 0
    if inside:
        raise MarkError(f"{name}, line {inside}: {STAFF} is never followed by {END_STAFF}")
    return "\n".join(kept)
