"""Who is in a class, as CSV: a plain list, or what a learning system exports for its grades."""

import csv
import io
import re
import unicodedata

from utils.utils import InputError

NAME = "student", "name", "full name", "student name"
FIRST, LAST = ("first name", "firstname", "given name"), ("last name", "lastname", "surname")
ID = (  # the first that is there is shown
    *("student id", "sid", "id number", "sis user id", "orgdefinedid", "student number"),
    *("username", "user name", "sis login id", "login id", "identifier", "github_username", "id"),
)
EMAIL = "email", "email address", "e-mail", "e-mail address", "mail"
NO_STUDENT = re.compile(r"\s*(points possible|student, test)\b", re.IGNORECASE)
ASSIGNMENT = re.compile(r".+ \(\d+\)")  # a column of Canvas
OF_CANVAS = "Student", "ID", "SIS User ID", "SIS Login ID", "Section"
EXPORTS = {  # what each system calls the file, and the columns that it has
    "canvas": ("Canvas: Grades, Export", ("Student", "ID", "Section")),
    "moodle": ("Moodle: the assignment, Download grading worksheet", ("Identifier", "Grade")),
}


class ClassList:
    """The students of a class; each a name, a student id and an e-mail address."""

    def __init__(self, path):
        self.path = path
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no text in UTF-8"
            raise InputError(f"--roster {path} cannot be read: {why}.") from error
        first = text.partition("\n")[0]
        self.delimiter = max(",;\t", key=first.count)
        lines = list(csv.reader(io.StringIO(text), delimiter=self.delimiter))
        self.header, self.lines = (lines or [[]])[0], [line for line in lines[1:] if any(line)]
        self.columns = {
            name.strip().casefold(): k for k, name in reversed([*enumerate(self.header)])
        }
        if not (self.columns.keys() & {*NAME, *LAST, *ID}):
            raise InputError(
                f"--roster {path} has no column name or id, but {first.strip()!r:.80}."
            )
        self.students, self.by_key = {}, {}  # number of the line; students by all that names them
        for number, line in enumerate(self.lines):
            line += [""] * (len(self.header) - len(line))
            if not NO_STUDENT.match(line[0]):
                name = self._cell(line, *NAME) or " ".join(
                    filter(None, (self._cell(line, *FIRST), self._cell(line, *LAST)))
                )
                student = name, self._cell(line, *ID), self._cell(line, *EMAIL)
                self.students[student] = number
                ids = [self._cell(line, column) for column in (*ID, *EMAIL)]
                for key in {*keys_of_name(name), *filter(None, map(plain, ids))}:
                    self.by_key.setdefault(key, set()).add(student)

    def _cell(self, line, *names):
        """Give the first of these cells that says something."""
        cells = [line[self.columns[name]].strip() for name in names if name in self.columns]
        first = next(filter(None, cells), "")
        return re.sub(r"^(Participant |#)(?=\w)", "", first)

    def find(self, name, identity, email):
        """Find a student by id, else e-mail address, else name; None if there is no such one."""
        for keys in ([plain(identity)], [plain(email)], keys_of_name(name)):
            found = set().union(*(self.by_key.get(key, ()) for key in keys if key))
            if len(found) == 1:
                return found.pop()
            if found:
                both = " and ".join(sorted(" ".join(filter(None, one)) for one in found))
                raise InputError(f"{self.path}: {name or identity} may be {both}. Tell them apart.")
        return None

    def filled(self, rows, system):
        """Write the list with the grades in it, as `system` takes it."""
        export, needed = EXPORTS[system]
        if not set(needed) <= set(self.header):
            lacks = ", ".join(name for name in needed if name not in self.header)
            raise InputError(f"--roster {self.path} has no column {lacks}. Export it in {export}.")
        points = {
            student: graded.total
            for submission, graded in rows
            for student in submission.students
            if graded.worth
        }
        most = next((sum(graded.worth.values()) for _, graded in rows if graded.worth), 0)
        header, column = list(self.header), "Grade"
        if system == "canvas":
            known = [name for name in header if ASSIGNMENT.fullmatch(name)]
            known = [name for name in known if "word2vec" in name.casefold()] or known
            column = known[0] if len(known) == 1 else "Word2vec"
            header = [*(name for name in OF_CANVAS if name in header), column]
        graded = {self.students[student]: number for student, number in points.items()
                  if student in self.students}  # fmt: skip
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.delimiter, lineterminator="\r\n")
        writer.writerow(header)
        for number, line in enumerate(self.lines):
            cells = dict(zip(self.header, line, strict=False))
            has_comma = re.fullmatch(r"\d+,\d+", cells.get("Maximum Grade", ""))
            if number in graded:
                cells[column] = f"{graded[number]:g}".replace(".", "," if has_comma else ".")
            elif "points possible" in line[0].casefold():
                cells[column] = f"{most:g}"
            writer.writerow([cells.get(name, "") for name in header])
        return text.getvalue()


def without_accents(text):
    """Give a text without accents, in lower case, for comparison."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def plain(text):
    """Give the letters and digits of a text, for comparison."""
    return re.sub(r"[\W_]", "", without_accents(text))


def keys_of_name(name):
    """List how a name may be written: Ada Lovelace, "Lovelace, Ada", lovelaceada."""
    words = [plain(word) for word in name.split()]
    return {"".join(words[k:] + words[:k]) for k in range(len(words))} - {""}
