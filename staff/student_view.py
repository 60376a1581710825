"""All that is known of one student, for the terminal."""

import csv
import difflib
import unicodedata

from changes import STATUS, changes, remember
from gradebook import ENDED, NOTHING, REPORT, as_text, names_of, read_outcome
from roster import Submission
from sandbox.text import one_line, rows
from utils.utils import InputError, load

CLASS, EACH, EARLIER, GRADES = "class.json", "submissions", "earlier", "grades.csv"
WIDTH = 80  # columns
MOST_LISTED = 20


def describe(out, name):
    """Give the points, diagnoses and earlier gradings of who has this name, id or e-mail address.

    A part of it will do. If it is that of several, they are listed; if it is nobody's, an
    `InputError` names those that are near.
    """
    try:
        submissions = [
            Submission(filed, out / EACH / filed, tuple(map(tuple, students)))
            for filed, students in load(out / CLASS)["students"].items()
        ]
    except (AttributeError, KeyError, TypeError) as error:
        message = f"{out / CLASS} does not say who is who. Grade the class again with --resume."
        raise InputError(message) from error
    found = matching(submissions, name)
    if not found:
        words = [*dict.fromkeys(word for one in submissions for word in words_of(one))]
        known = {plain(word): one_line(word) for word in words if word}
        near = difflib.get_close_matches(plain(name), known, cutoff=0.5)
        meant = f"Did you mean {' or '.join(known[word] for word in near)}?"
        hint = meant if near else f"{GRADES} lists all."
        raise InputError(f"{out} has no student {one_line(name)!r}. {hint}")
    if len(found) > 1:
        listed = [heading(one) for one in found[:MOST_LISTED]]
        more = [f"and {len(found) - MOST_LISTED} more"] * (len(found) > MOST_LISTED)
        told = f"{len(found)} match {one_line(name)!r}. Name one in full, by id or by submission:"
        return "\n".join(
            [told, *(row for text in [*listed, *more] for row in rows(text, WIDTH, 2))]
        )
    return "\n".join(view(out, found[0]))


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


def view(out, submission):
    """List the lines on a submission."""
    folder, late = submission.path, late_of(out, submission.name)
    if not (folder / ENDED).exists():
        raise InputError(f"{names_of(submission)} is not graded yet. Go on with --resume.")
    graded = read_outcome(folder)
    most = sum(graded.worth.values())
    lines = [*rows(heading(submission), WIDTH), ""]
    about = [f"{graded.total:g} of {most:g} points" * bool(most), graded.status]
    about += [f"late: {late}" * bool(late)]
    about += [f"timeouts: {graded.timeouts}" * bool(graded.timeouts)]
    about += [f"near misses: {', '.join(graded.near_misses)}" * bool(graded.near_misses)]
    lines += [line for text in filter(None, about) for line in rows(text, WIDTH)]
    lines += [line for test in graded.worth for line in of_test(graded, test)]
    if graded.status != NOTHING:
        lines += ["", f"Report: {folder / REPORT}"]
    return [*lines, *history(submission, graded)]


def late_of(out, name):
    """Read from the table whether a submission was late."""
    if not (out / GRADES).exists():
        return ""
    with open(out / GRADES, newline="", encoding="utf-8-sig") as file:
        lines = csv.DictReader(file)
        late = [row.get("late") for row in lines if row.get("submission") == as_text(name)]
    return next(filter(None, late), "")


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
