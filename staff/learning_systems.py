"""What learning systems export: what was handed in, named in their ways, and lists of a class."""

import contextlib
import csv
import io
import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from sandbox.archive import open_file
from sandbox.text import one_line
from utils.utils import InputError

SYSTEMS = {  # where `file` is missing, the name is that of a folder, or of a note by the system
    "moodle": r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_file(?:_(?P<file>.*))?",
    "brightspace": r"(?P<id>\d+-\d+) - (?P<name>.+?) - "
    r"(?P<time>[\w ,.:]*?\d{1,2}[.:h]?\d\d(?: ?[AP]M)?)(?: - (?P<file>.+))?",
    "blackboard": r"(?:.*?_)?(?P<id>[^_]+)_attempt_"
    r"(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)",
    "canvas": r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+|(?<=anon_)[A-Za-z0-9]{5})(?:_LATE)?"
    r"(?:_question_\d+)?(?:_\d+(?=_)|(?=_(?:text|link)\.html$))_(?P<file>.+)",
}
UNMISTAKABLE = "moodle", "brightspace", "blackboard"  # others count if most names are of their form
NUMBERED = re.compile(r"(.+?)-(\d+)(\.\w+)?")  # by Canvas: a file that is handed in again
NOTE = re.compile(r"Name:\s*(.+) \((.+)\)\s")  # begins the text that Blackboard puts beside files
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
TIME = re.compile(  # such as Nov 3, 2025 1159 PM, or 3 November 2025 23:59
    r"(?=.*?(?P<month>" + "|".join(MONTHS) + r"))\D*(?P<day>\d{1,2})\D+(?P<year>\d{4})\D+?"
    r"(?P<hour>\d{1,2})\D?(?P<minute>\d\d)(?: ?(?P<half>[AP])M)?",
    re.IGNORECASE,
)
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
WHERE = {
    "canvas": "the gradebook of Canvas. Export it there: Grades, Export, Export Entire Gradebook.",
    "moodle": "a grading worksheet of Moodle. Get it there: Submissions, Download grading "
    "worksheet; Offline grading worksheet must be among the assignment's feedback types.",
}


@dataclass(frozen=True)
class Piece:
    """A file or folder that was handed in, or a part of what one student handed in."""

    path: Path
    name: str  # by which its student's results are filed
    student: tuple  # name, id, e-mail address
    system: str = ""
    file: str = ""  # its name before the system gave it another; empty for a whole submission
    number: int = 0  # of those with the same name, the last counts
    time: str = ""
    late: str = ""


def pieces_of(folder, names):
    """Read the names of what lies in a folder."""
    patterns = {system: re.compile(pattern) for system, pattern in SYSTEMS.items()}
    if prefix := _prefix_of_clones(folder, names):
        patterns["github"] = re.compile(re.escape(prefix) + "(?P<id>.+)")
    counts = {system: sum(map(bool, map(patterns[system].fullmatch, names))) for system in patterns}
    used = [s for s in patterns if s in UNMISTAKABLE or counts[s] > len(names) / 2]
    for name in sorted(names):
        fits = ((system, patterns[system].fullmatch(name)) for system in used)
        yield _piece(folder / name, *next((fit for fit in fits if fit[1]), ("", None)))


def _prefix_of_clones(folder, names):
    """Tell how all folders of GitHub Classroom begin: word2vec- for word2vec-adal."""
    if found := re.fullmatch("(.+-)submissions", folder.resolve().name):
        return found[1]
    clones = [name for name in names if (folder / name / ".git").exists()]
    return "".join(os.path.commonprefix(clones).rpartition("-")[:2])  # noqa: RUF071, by letters


def _piece(path, system, found):
    """Make what the parts of a name say."""
    if not found:
        name = path.name.removesuffix(".zip").removesuffix(".py")
        return Piece(path, path.name, (name, "", ""))
    parts, count = found.groupdict(""), 0
    number, name, file = parts["id"], parts.get("name"), parts.get("file", "")
    filed = f"{name}_{number}" if name else number
    if system == "brightspace":
        number = ""  # no roster has it
    elif system == "blackboard" and (note := _read_note(path, found)):
        name, number = note
        filed = number
    elif system == "github":
        filed = path.name
    elif system == "canvas" and (again := NUMBERED.fullmatch(file)):
        file, count = again[1] + (again[3] or ""), int(again[2])
    late = "late" * (system == "canvas" and "_LATE_" in path.name[: found.start("file")])
    student = name or number, number, ""
    return Piece(path, filed, student, system, file, count, parts.get("time", ""), late)


def _read_note(path, found):
    """Read name and user name from the text that Blackboard puts beside an attempt's files."""
    with contextlib.suppress(OSError):
        note = f"{path.name[: found.end('time')]}.txt"
        with open_file(str(path.parent), note) as stream:
            about = NOTE.match(stream.read(1000).decode("utf-8-sig", errors="replace"))
            if about and f"_{about[2]}_attempt_" in f"_{note}":
                return one_line(about[1]), about[2]
    return None


def put_together(pieces):
    """Give all that one student handed in, the last attempt: where it lies, and files by name.

    There are no files if it is whole; it is None if nothing says which piece counts.
    """
    attempts = {}
    for piece in pieces:
        attempts.setdefault(piece.time, []).append(piece)
    if len(attempts) > 1:
        moments = {time: _moment(time) for time in attempts}
        if not all(moments.values()):
            return None
        last = max(moments, key=moments.get)
        print(f"{one_line(pieces[0].name)}: {len(attempts)} attempts, that of {last} counts")
        pieces = attempts[last]
    if len(pieces) > 1:  # of one alone, the report says what it is
        pieces = [each for each in pieces if each.file or each.path.suffix != ".txt"] or pieces
        odd = [each for each in pieces if each.file and not _is_plain(each.path)]
        pieces = [each for each in pieces if each not in odd] or [odd.pop()]
        for each in odd:
            print(f"Passed over, as no plain file: {one_line(each.path.name)}")
    if len(pieces) == 1 and not pieces[0].file:
        return pieces[0].path, {}
    if not all(each.file for each in pieces):
        return None
    files = {}
    for each in sorted(pieces, key=lambda each: each.number):
        if each.file in files:
            print(f"{one_line(each.path.name)} counts, not {one_line(files[each.file].name)}")
        files[each.file] = each.path
    path = next(iter(files.values()))
    is_whole = len(files) == 1 and (path.suffix.lower() == ".zip" or not _is_plain(path))
    return path, {} if is_whole else files


def _is_plain(path):
    """Tell whether this is a file, and no link to one."""
    return path.is_file() and not path.is_symlink()


def _moment(time):
    """Give what orders times: their numbers, from the year on; nothing if one is not understood."""
    if re.fullmatch(r"\d{4}(-\d\d){5}", time):
        return tuple(map(int, time.split("-")))
    if not (found := TIME.fullmatch(time)):
        return ()
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"].upper() == "P")
    month = MONTHS.index(found["month"].lower())
    return int(found["year"]), month, int(found["day"]), hour, int(found["minute"])


# Lists of a class, in CSV


@dataclass(frozen=True)
class Person:
    """Who a row is of."""

    row: int
    student: tuple  # name, student id, e-mail address
    keys: frozenset  # words of which each says that it is this one


class ClassList:
    """A list: its rows, the first one its head, and the people in it."""

    def __init__(self, path):
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
        self.mark = "\ufeff" * data.startswith("\ufeff".encode())
        text = _decoded(data)
        head = text.partition("\n")[0]
        self.delimiter = max(",;\t", key=head.count)
        self.end = "\r\n" if head.endswith("\r") else "\n"
        try:
            rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)]
        except csv.Error as error:
            raise InputError(f"{path} is no CSV file: {error}.") from error
        width = max(map(len, rows), default=0)
        self.rows = [row + [""] * (width - len(row)) for row in rows if any(row)]
        self.heads = [squeezed(head) for head in self.rows[0]] if self.rows else []
        if not any(map(self.columns, ("name", "first", "last", "id", "email", "login"))):
            first = one_line(head.strip()) or "nothing"
            expected = "name,student id,email"
            raise InputError(f"{path} begins with {first}: expected a first line as {expected}.")
        if not self.people:
            raise InputError(f"{path} lists no students.")

    def columns(self, kind):
        """Give the numbers of the columns of a kind, the one to prefer first."""
        return [self.heads.index(head) for head in COLUMNS[kind].split() if head in self.heads]

    @property
    def people(self):
        """List who is in it; staff are left out, and who is in it twice is so once."""
        found = {}
        for number, row in enumerate(self.rows[1:], 1):
            words = {
                kind: [word for i in self.columns(kind) if (word := row[i].strip())]
                for kind in COLUMNS
            }
            person = _person(number, words)
            if person and not any(map(STAFF.search, words["role"])):
                found.setdefault(person.student if any(person.student[1:]) else number, person)
        return [*found.values()]

    def open_for(self, format, name, worth):
        """Find or make the column that the grades are for, of so many points."""
        rows, grades = self.rows, self.columns("grade")
        if format == "canvas" and {"student", "id", "section"} <= {*self.heads}:
            self.column = self._column_of_canvas(name, worth)
            self.most = next(row for row in rows if squeezed(row[0]) == POINTS)[self.column]
            kept = [i for i, head in enumerate(self.heads) if head in KEPT] + [self.column]
            numbers = {0, *(each.row for each in self.people)}
            self.rows = [
                [row[i] for i in kept]
                for number, row in enumerate(rows)
                if number in numbers or squeezed(row[0]) == POINTS
            ]
            self.heads, self.column = [*map(squeezed, self.rows[0])], len(kept) - 1
        elif (
            format == "moodle"
            and grades
            and all(re.fullmatch(r"\D+\d+", row[0]) for row in rows[1:])  # Participant 123
        ):
            self.column = grades[0]
            self.most = (rows[-1][self.column + 1 :] or [""])[0]  # its neighbour, Maximum grade
        else:
            raise InputError(f"{self.path} is not {WHERE[format]}")
        if worth and _number(self.most) not in (None, worth):
            print(f"In {self.path.name} the assignment has {self.most} points, here {worth:g}")

    def _column_of_canvas(self, name, worth):
        """Find the column of an assignment, or make one, and the row of the points to be had."""
        head, wanted = self.rows[0], name.casefold()
        found = {i: one[1] for i, text in enumerate(head) if (one := ASSIGNMENT.fullmatch(text))}
        same = [i for i in found if wanted in (found[i].casefold(), head[i].casefold())]
        fits = same or [i for i in found if wanted in found[i].casefold()]
        if len(fits) > 1:
            heads = ", ".join(one_line(head[i]) for i in fits)
            raise InputError(f"{self.path} has {heads}: keep the column that the grades are for.")
        if not any(squeezed(row[0]) == POINTS for row in self.rows):
            self.rows.insert(1, ["    Points Possible"] + [""] * (len(head) - 1))
        if not fits:
            for row in self.rows:
                row.append(f"{worth:g}" if squeezed(row[0]) == POINTS else "")
            head[-1], fits = name, [len(head) - 1]
        return fits[0]

    def enter(self, person, points):
        """Enter the points of a person, with the decimals of the points to be had, or more."""
        row = self.rows[person.row]
        found = re.search(r"([.,])(\d+)$", self.most.strip())
        sign, decimals = found.groups() if found else (",."[self.delimiter != ";"], "")
        text = f"{points:.{len(decimals)}f}"
        if row[self.column].strip().upper() != "EX":  # excused
            text = text if float(text) == points else f"{points:g}"
            row[self.column] = text.replace(".", sign)

    def text(self):
        """Write it as it was written."""
        text = io.StringIO(self.mark, newline="")
        text.seek(0, io.SEEK_END)
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.end).writerows(self.rows)
        return text.getvalue()


def _decoded(data):
    """Give the text of a file, as spreadsheets and systems save it."""
    try:
        is_wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        return data.decode("utf-16" if is_wide else "utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _person(number, words):
    """Make what the cells of a row say; nothing if it is of nobody."""
    full = " ".join(words["first"][:1] + words["last"][:1])
    numbers = [*map(_number_of, words["id"])]
    others = [*numbers, *map(_number_of, words["login"])]
    address = next((word for word in words["email"] + others if "@" in word), "")
    student_id = next((word for word in numbers if "@" not in word), "")
    student = [*words["name"], full][0], student_id, address
    if squeezed(student[0]) in NOBODY and (student[0] or not others + words["email"]):
        return None
    keys = {exact(word) for word in others + words["email"]}
    keys |= {f"submission_{word}" for word in words["submission"]}
    keys |= {("system", exact(_number_of(word))) for word in words["system"]}
    for name in [*words["name"], full]:
        parts = re.split(r"[\s,]+", name)  # in whatever order: Ada Lovelace, lovelaceada
        keys |= {squeezed("".join(parts[i:] + parts[:i])) for i in range(len(parts))}
    return Person(number, student, frozenset(keys - {""}))


def _number_of(word):
    """Give an id as files have it: that of Participant 123456, or of #123456."""
    return re.sub(r"^\D+ (?=\d+$)", "", word.lstrip("#"))


def _number(text):
    """Read a number, with a decimal point or comma; None if it is none."""
    found = re.fullmatch(r"(\d+)(?:[.,](\d+))?", text.strip())
    return found and float(f"{found[1]}.{found[2] or 0}")


def exact(text):
    """Give a text for comparison, but for cases and forms of letters as it is."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def squeezed(text):
    """Give the letters and digits of a text, without accents, in lower case."""
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in text if sign.isalnum())
