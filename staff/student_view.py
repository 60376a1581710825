"""All that is known of one student, for the terminal."""

import difflib
import unicodedata

from changes import STATUS, changes, remember
from class_folder import EARLIER, ClassFolder
from gradebook import ENDED, NOTHING, REPORT, names_of, read_outcome
from sandbox.text import one_line, rows
from utils.utils import InputError, load

GRADES = "grades.csv"
WIDTH = 80  # columns
MOST_LISTED = 10


def describe(out, name):
    """Give the points, diagnoses and earlier gradings of who has this name, id or e-mail address.

    A part of it will do.
    """
    folder = ClassFolder(out)
    if not folder.is_used:
        raise InputError(f"{out} holds no class that was graded.")
    return "\n".join(view(one_of(folder.submissions(), name)))


def one_of(submissions, name):
    """Find the one submission of a name, id or e-mail address; a part will do."""
    found = matching(submissions, name)
    if not found:
        words = [*dict.fromkeys(word for one in submissions for word in words_of(one))]
        known = {plain(word): one_line(word) for word in words if word}
        near = difflib.get_close_matches(plain(name), known, cutoff=0.5)
        meant = f"Did you mean {' or '.join(known[word] for word in near)}?"
        raise InputError(
            f"there is no student {one_line(name)!r}. {meant if near else f'{GRADES} lists all.'}"
        )
    if len(found) > 1:
        listed = [heading(one) for one in found[:MOST_LISTED]]
        more = [f"{len(found) - MOST_LISTED} more"] * (len(found) > MOST_LISTED)
        told = f"{len(found)} students match {one_line(name)!r}: {'; '.join([*listed, *more])}."
        raise InputError(f"{told} Name one in full, or by id.")
    return found[0]


def matching(submissions, name):
    """Find the submissions of a name: if there are some that it names in full, these alone."""
    wanted = plain(name)
    words = {one.name: [plain(word) for word in words_of(one)] for one in submissions}
    full = [one for one in submissions if wanted in words[one.name]]
    return full or [one for one in submissions if any(wanted in word for word in words[one.name])]


def words_of(submission):
    """List by what a submission may be found."""
    return [submission.name, *(word for student in submission.students for word in student)]


def plain(text):
    """Give a text without accents, in lower case, for comparison."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def heading(submission):
    """Name who handed in, and what."""
    students = [
        f"{name or 'somebody'}{f' ({more})' if (more := ', '.join(filter(None, others))) else ''}"
        for name, *others in submission.students
    ]
    return one_line(f"{' and '.join(students)}: {submission.name}", 1000)


def view(submission):
    """List the lines on a submission."""
    folder = submission.path
    if not (folder / ENDED).exists():
        raise InputError(f"{names_of(submission)} is not graded yet. Go on with --resume.")
    graded = read_outcome(folder)
    most = sum(graded.worth.values())
    lines = [*rows(heading(submission), WIDTH), ""]
    about = [f"{graded.total:g} of {most:g} points" * bool(most), graded.status]
    about += [f"late: {submission.late}" * bool(submission.late)]
    about += [f"timeouts: {graded.timeouts}" * bool(graded.timeouts)]
    about += [f"near misses: {', '.join(graded.near_misses)}" * bool(graded.near_misses)]
    lines += [line for text in filter(None, about) for line in rows(text, WIDTH)]
    lines += [line for test in graded.worth for line in of_test(graded, test)]
    if graded.status != NOTHING:
        lines += ["", f"Report: {folder / REPORT}"]
    return [*lines, *history(submission, graded)]


def of_test(graded, test):
    """List the lines on a test: its points, and what is wrong."""
    points = f"{graded.scores[test]:g}/{graded.worth[test]:g}"
    first = f"  {test:12} {points:>7}  "
    said = rows(graded.sentences.get(test, ""), WIDTH - len(first))
    return [(first + said[0] if said else first).rstrip(), *indented(said[1:], len(first))]


def history(submission, graded):
    """List the lines on the gradings before this one, and on what each changed."""
    folders = sorted(
        (submission.path / EARLIER).glob("[0-9]*"), key=lambda folder: int(folder.name)
    )
    folders = [*folders, submission.path] if folders else []
    lines, before = ["", f"Graded {len(folders)} times:"] * bool(folders), None
    for folder in folders:
        outcome, when = read_outcome(folder), load(folder / ENDED).get("when", "")
        lines += rows(f"{when}: {outcome.total:g} points, {outcome.status}", WIDTH, 2)
        for change in changes(before, [(submission, outcome)]) if before else []:
            if change.test != STATUS:  # it stands above
                points = f"{change.points_before or 0:g} -> {change.points_now or 0:g} points"
                lines += rows(f"{change.test}: {points}", WIDTH, 4)
                lines += rows(f"before: {change.before}" * bool(change.before), WIDTH, 6)
                lines += rows(f"now: {change.now}" * bool(change.now), WIDTH, 6)
        before = remember([(submission, outcome)])
    return lines


def indented(lines, columns=2):
    """Put blanks in front of lines."""
    return [" " * columns + line for line in lines]
