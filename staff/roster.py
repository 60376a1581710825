"""Who is in a class: exports of learning systems, or any CSV file; and grades filled into them."""

import csv
import io
import os
import re
import unicodedata
from dataclasses import dataclass, replace

from sandbox.text import one_line
from utils.utils import InputError

COLUMNS = {  # by what they hold: their heads as `squeezed` gives them, the one to prefer first
    "name": "name fullname student studentname vollstandigername",
    "first": "firstname first givenname vorname",
    "last": "lastname last surname familyname nachname",
    "id": "sisuserid studentid studentnumber sid orgdefinedid idnumber matrikelnummer id"
    " identifier",
    "email": "email emailaddress mail emailadresse",
    "login": "sisloginid loginid login username githubusername",
    "system": "id identifier githubusername",  # by which a system names what it lets one download
    "submission": "submissionid",  # of Gradescope
    "role": "role roles",
    "grade": "grade bewertung note nota calificacion cijfer",  # of Moodle, in some languages
}
STAFF = re.compile(r"instructor|teacher|assistant|reader|observer|\bta\b", re.IGNORECASE)
POINTS, NOBODY = "pointspossible", ("", "pointspossible", "studenttest")  # in Canvas's export
KEPT = "student", "id", "sisuserid", "sisloginid", "integrationid", "rootaccount", "section"
ASSIGNMENT = re.compile(r"(.+) \(\d+\)")  # the head of its column in Canvas's export
COLUMN = "Word2vec"  # our assignment's name there, or a part of it; if it is missing, it is added
WHERE = {
    "canvas": "the gradebook of Canvas. Export it there: Grades, Export, Export Entire Gradebook.",
    "moodle": "a grading worksheet of Moodle. Get it there: Submissions, Download grading "
    "worksheet; Offline grading worksheet must be among the assignment's feedback types.",
}


def listed(names, most=10, separator=", ", limit=80):
    """Name some, and how many more there are."""
    more = f" and {len(names) - most} more" * (len(names) > most)
    return separator.join(one_line(name, limit) for name in names[:most]) + more


@dataclass(frozen=True)
class Person:
    """Who a row is of."""

    row: list
    student: tuple  # name, student id, e-mail address
    keys: frozenset  # words of which each says that it is this one


class ClassList:
    """A list of a class: its rows, the first one its head, and the people in it."""

    def __init__(self, path):
        self.path = path
        try:
            data = path.read_bytes()
            text = _decoded(data)
            head = text.partition("\n")[0]
            self.form = {
                "delimiter": max(",;\t", key=head.count),
                "lineterminator": "\r\n" if head.endswith("\r") else "\n",
            }
            rows = [*csv.reader(io.StringIO(text, newline=""), **self.form)]
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
        except csv.Error as error:
            raise InputError(f"{path} is not a CSV file: {error}.") from error
        self.mark = "\ufeff" * data.startswith("\ufeff".encode())
        width = max(map(len, rows), default=0)
        self.rows = [row + [""] * (width - len(row)) for row in rows if any(row)]
        self.heads = [squeezed(head) for head in self.rows[0]] if self.rows else []
        if not any(map(self.columns, ("name", "first", "last", "id", "email", "login"))):
            first = one_line(head.strip()) or "nothing"
            expected = "name,student id,email"
            raise InputError(f"{path} begins with {first}: expected a first line as {expected}.")
        self.people = self._read_people()
        if not self.people:
            raise InputError(f"{path} lists no students.")
        self.index = {}
        for i, person in enumerate(self.people):
            for key in person.keys:
                self.index.setdefault(key, set()).add(i)

    def columns(self, kind):
        """Give the numbers of the columns of a kind, the one to prefer first."""
        return [self.heads.index(head) for head in COLUMNS[kind].split() if head in self.heads]

    def _read_people(self):
        """List who is in it; staff are left out, and who is in it twice is so once."""
        found = {}
        for number, row in enumerate(self.rows[1:]):
            words = {
                kind: [word for i in self.columns(kind) if (word := row[i].strip())]
                for kind in COLUMNS
            }
            person = _person(row, words)
            if person and not any(map(STAFF.search, words["role"])):
                found.setdefault(person.student if any(person.student[1:]) else number, person)
        return [*found.values()]

    def find(self, student, system=""):
        """Give the numbers of all people that every clue fits, or else, that any clue fits."""
        name, number, address = map(exact, student)
        words = {name, number, address, squeezed(name)}
        if system in ("canvas", "moodle"):  # their numbers are no student ids
            words = {squeezed(name), ("system", number)}
        elif system == "github":  # where one chooses one's name
            words = {("system", number)}
        fits = [self.index[word] for word in words if word in self.index]
        return (set.intersection(*fits) or set.union(*fits)) if fits else set()


def _decoded(data):
    """Give the text of a file, as spreadsheets and systems save it."""
    try:
        is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _person(row, words):
    """Make a person of the cells of a row; None if it is nobody's."""
    full = " ".join(words["first"][:1] + words["last"][:1])
    ids, logins, system = (
        # an id as files have it: that of Participant 123456, or of #123456
        [re.sub(r"^\D+ (?=\d+$)", "", word.lstrip("#")) for word in words[kind]]
        for kind in ("id", "login", "system")
    )
    others = ids + logins + words["email"]
    address = next((word for word in words["email"] + ids + logins if "@" in word), "")
    student_id = next((word for word in ids if "@" not in word), "")
    student = [*words["name"], full][0], student_id, address
    if squeezed(student[0]) in NOBODY and (student[0] or not others):
        return None
    keys = {exact(word) for word in others} | {("system", exact(word)) for word in system}
    keys |= {f"submission_{word}" for word in words["submission"]}
    for name in [*words["name"], full]:
        parts = re.split(r"[\s,]+", name)  # in whatever order: Ada Lovelace, lovelaceada
        keys |= {squeezed("".join(parts[i:] + parts[:i])) for i in range(len(parts))}
    return Person(row, student, frozenset(keys - {""}))


def exact(text):
    """Give a text for comparison: as it is but for upper case and forms of letters."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def squeezed(text):
    """Give the letters and digits of a text, without accents, in lower case."""
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in text if sign.isalnum())


def match_roster(hand_ins, path, folder):
    """Complete the students of hand-ins from a roster; name and list who handed in nothing."""
    people = ClassList(path)
    found, whose, unsure, unknown, groups = [], {}, set(), [], []
    for each in hand_ins:
        students = []
        for student in each.students:
            fits = people.find(student, each.system)
            if len(fits) == 1:
                (i,) = fits
                person = people.people[i]
                whose.setdefault(i, []).append(each.name)
                if each.system == "canvas" and squeezed(student[0]) not in person.keys:
                    groups.append(each.name)
                student = tuple(a or b for a, b in zip(person.student, student, strict=True))
            elif fits:
                meant = [" ".join(filter(None, people.people[i].student)) for i in sorted(fits)]
                told = one_line(" or ".join(meant), 300)
                print(f"{one_line(each.name)}: {told}? Rename it to the id.")
                unsure |= fits
            else:
                unknown.append(student[0] or each.name)
            students.append(student)
        found.append(replace(each, students=tuple(students)))
    if not whose:
        first = one_line(" ".join(people.people[0].student))
        raise InputError(f"nobody in {folder} is in {path}, which begins with {first}.")
    for i, names in whose.items():
        if len(names) > 1:
            name = one_line(people.people[i].student[0])
            twice = f"{' and '.join(map(one_line, names))}, both of {name}"
            raise InputError(f"{folder} holds {twice} in {path.name}: keep one.")
    if unknown:
        print(f"Not in {path.name}: {listed(unknown)}")
    if groups:
        told = "Canvas names only one student of each group, so others may be missing"
        print(f"{told}: {listed(groups)}")
    found_or_unsure = {*whose, *unsure}
    missing = [one.student for i, one in enumerate(people.people) if i not in found_or_unsure]
    return found, _named(missing, [*os.listdir(folder), *(each.name for each in found)])


def _named(students, taken):
    """Give each student a name for a folder, none that is taken."""
    taken, named = {name.casefold() for name in taken}, []
    for student in students:
        name = "_".join(filter(None, student[:2])) or student[2]
        name = re.sub(r"[^\w.@', -]+", "-", name).strip(". ")[:100]
        while not name or name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        named.append((name, student))
    return named


# Grades filled into tables of a learning system


def fill(path, rows, system):
    """Fill the grades into an export of Canvas or Moodle; give the text that they import.

    Who is excused there, or is to be graded again, keeps what is there.
    """
    people, unknown = ClassList(path), []
    worth = next((sum(graded.worth.values()) for _, graded in rows if graded.worth), 0)
    find = {"canvas": _grades_of_canvas, "moodle": _grades_of_moodle}[system]
    column, most, kept, columns = find(people, worth)
    number = re.fullmatch(r"(\d+)(?:[.,](\d+))?", most.strip())
    if worth and number and float(f"{number[1]}.{number[2] or 0}") != worth:
        print(f"In {path.name} the assignment has {most} points, but here it has {worth:g}")
    found = re.search(r"([.,])(\d+)$", most.strip())
    sign, decimals = found.groups() if found else (",."[people.form["delimiter"] != ";"], "")
    for student, graded in [(each, graded) for one, graded in rows for each in one.students]:
        fits = people.find(student)
        if len(fits) != 1:
            unknown.append(" ".join(filter(None, student)))
            continue
        row = people.people[fits.pop()].row
        if not graded.again and row[column].strip().upper() != "EX":  # excused
            points = f"{graded.total:.{len(decimals)}f}"
            points = points if float(points) == graded.total else f"{graded.total:g}"
            row[column] = points.replace(".", sign)
    if unknown:
        told = f"No row of {path.name} is certainly theirs, so enter their grades by hand"
        print(f"{told}: {listed(unknown)}")
    text = io.StringIO(newline="")
    csv.writer(text, **people.form).writerows([row[i] for i in columns] for row in kept)
    return people.mark + text.getvalue()


def _grades_of_canvas(people, worth):
    """Find or make the column of the grades; give it, its points, rows and columns to keep."""
    if not {"student", "id", "section"} <= {*people.heads}:
        raise InputError(f"{people.path} is not {WHERE['canvas']}")
    rows, head, wanted = people.rows, people.rows[0], COLUMN.casefold()
    names = {
        i: one[1].casefold() for i, text in enumerate(head) if (one := ASSIGNMENT.fullmatch(text))
    }
    fits = [i for i in names if names[i] == wanted] or [i for i in names if wanted in names[i]]
    if len(fits) > 1:
        heads = ", ".join(one_line(head[i]) for i in fits)
        raise InputError(f"{people.path} has {heads}: keep the column that the grades are for.")
    points = next((row for row in rows if squeezed(row[0]) == POINTS), None)
    if not points:
        points = ["    Points Possible"] + [""] * (len(head) - 1)
        rows.insert(1, points)
    if not fits:
        for row in rows:
            row.append("")
        fits = [len(head) - 1]
        head[-1], points[-1] = COLUMN, f"{worth:g}"
    columns = [i for i, name in enumerate(people.heads) if name in KEPT] + fits
    return fits[0], points[fits[0]], [head, points, *(each.row for each in people.people)], columns


def _grades_of_moodle(people, worth):
    """Find the column of the grades; give it, its points, rows and columns to keep."""
    rows, grades = people.rows, people.columns("grade")
    if not grades or not all(re.fullmatch(r"\D+\d+", row[0]) for row in rows[1:]):
        raise InputError(f"{people.path} is not {WHERE['moodle']}")  # with Participant 123
    most = (rows[-1][grades[0] + 1 :] or [""])[0]  # its neighbour, Maximum grade
    return grades[0], most, rows, range(len(rows[0]))
