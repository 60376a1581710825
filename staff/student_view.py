"""All that is known of one student, for the terminal."""

import difflib
import unicodedata

from changes import STATUS, changes, remember
from class_folder import EARLIER, ClassFolder
from gradebook import ENDED, NOTHING, read_graded
from graders import REPORT
from roster import listed
from sandbox.text import one_line, rows
from utils.utils import InputError, load

WIDTH = 80  # columns


def describe(out, name):
    """Give points, diagnoses and earlier gradings of a student, by name, id or e-mail address."""
    folder = ClassFolder(out)
    if not folder.is_used:
        raise InputError(f"{out} holds no class that was graded.")
    hand_in = one_of(folder.hand_ins(), name)
    path = hand_in.path
    if not (path / ENDED).exists():
        raise InputError(f"{hand_in.who} is not graded yet. Go on with --resume.")
    graded = read_graded(path)
    lines = [*rows(heading(hand_in), WIDTH), ""]
    about = {
        f"{graded.total:g} of {sum(graded.worth.values()):g} points": graded.worth,
        graded.status: True,
        f"late: {hand_in.late}": hand_in.late,
        f"timeouts: {graded.timeouts}": graded.timeouts,
        f"near misses: {', '.join(graded.near_misses)}": graded.near_misses,
    }
    for text, is_told in about.items():
        lines += rows(text, WIDTH) if is_told else []
    for test, worth in graded.worth.items():
        first = f"  {test:12} {f'{graded.scores[test]:g}/{worth:g}':>7}  "
        said = rows(graded.sentences.get(test, ""), WIDTH - len(first)) or [""]
        lines += [(first + said[0]).rstrip(), *(" " * len(first) + more for more in said[1:])]
    if graded.status != NOTHING:
        lines += ["", f"Report: {path / REPORT}"]
    return "\n".join([*lines, *history(hand_in)])


def one_of(hand_ins, name):
    """Find the one hand-in of a name, id or e-mail address; a part of it is enough."""
    wanted, known, full, parts = plain(name), {}, [], []
    for each in hand_ins:
        words = [each.name, *(word for student in each.students for word in student)]
        plain_words = [*map(plain, words)]
        known |= zip(plain_words, map(one_line, words), strict=True)
        full += [each] * (wanted in plain_words)
        parts += [each] * any(wanted in word for word in plain_words)
    found = full or parts
    if len(found) > 1:
        told = listed([*map(heading, found)], separator="; ", limit=1000)
        told = f"{len(found)} students match {one_line(name)!r}: {told}."
        raise InputError(f"{told} Name one in full, or by id.")
    if not found:
        near = difflib.get_close_matches(wanted, filter(None, known), cutoff=0.5)
        meant = f"Did you mean {' or '.join(known[word] for word in near)}?"
        hint = meant if near else "grades.csv lists all."
        raise InputError(f"there is no student {one_line(name)!r}. {hint}")
    return found[0]


def plain(text):
    """Give a text without accents, in lower case, for comparison."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def heading(hand_in):
    """Name who handed in, and what."""
    students = []
    for name, *others in hand_in.students:
        more = ", ".join(filter(None, others))
        students.append((name or "somebody") + f" ({more})" * bool(more))
    return one_line(f"{' and '.join(students)}: {hand_in.name}", 1000)


def history(hand_in):
    """List the lines on the gradings before this one, and on what each changed."""
    folders = sorted((hand_in.path / EARLIER).glob("[0-9]*"), key=lambda path: int(path.name))
    folders += [hand_in.path] * bool(folders)
    lines, before = ["", f"Graded {len(folders)} times:"] * bool(folders), None
    for folder in folders:
        graded, when = read_graded(folder), load(folder / ENDED).get("when", "")
        lines += rows(f"{when}: {graded.total:g} points, {graded.status}", WIDTH, 2)
        for change in changes(before, [(hand_in, graded)]) if before else []:
            if change.test != STATUS:  # it is in the line above
                points = f"{change.points_before or 0:g} -> {change.points_now or 0:g} points"
                lines += rows(f"{change.test}: {points}", WIDTH, 4)
                for which, said in zip(("before", "now"), change[-2:], strict=True):
                    lines += rows(f"{which}: {said}" * bool(said), WIDTH, 6)
        before = remember([(hand_in, graded)])
    return lines
