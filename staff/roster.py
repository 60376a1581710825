"""Who is in a class, and who handed in what."""

import os
import re
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from learning_systems import ClassList, exact, pieces_of, put_together, squeezed
from sandbox.archive import open_file
from sandbox.text import one_line
from sandbox.upload import MAX_ZIP
from utils.commands import python
from utils.utils import InputError

METADATA = "submission_metadata.yml"  # in the export of Gradescope
NONE = re.compile(  # what downloads hold, and systems leave behind, beside the submissions
    r"\.|__MACOSX|[^_]*_\d+_assign(submission_(?!file)|feedback_)"
    r"|(thumbs\.db|desktop\.ini|grades\.csv|index\.html?|readme(\.\w+)?"
    r"|sample_?vectors.*\.json)$",
    re.IGNORECASE,
)
MOST_NAMED = 10  # in a line


@dataclass(frozen=True)
class Submission:
    """A submission and who handed it in."""

    name: str  # of the folder that its results are filed in
    path: Path  # where it lies; nothing is there of who handed in nothing
    students: tuple  # of (name, student id, e-mail address), each of which may be empty
    late: str = ""  # what the learning system says of it
    files: dict = field(default_factory=dict)  # path by original name, if it is to be gathered


def read_roster(folder, roster=None):
    """List the submissions in a folder, by name.

    It holds a folder, a zip or a Python file for each student, or what a learning system exports.
    One that Gradescope's metadata names and whose folder is missing is there, too, and so is who is
    in the roster, a CSV file, and handed in nothing. `InputError` if there are none, or two of one
    student, or the metadata or the roster cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Name the one that holds the submissions.")
    folder, names = _look_into(folder, {METADATA, roster and roster.name})
    metadata, groups = {}, {}
    if (folder / METADATA).exists():
        metadata = _students(folder / METADATA)
    if odd := [name for name in metadata if _is_odd(name)]:
        raise InputError(f"{folder / METADATA} names {odd[0]!r}, which is no name of a folder.")
    for piece in pieces_of(folder, names | metadata.keys()):
        key = piece.name if piece.system else piece.student[0]
        key = unicodedata.normalize("NFC", key).casefold()  # one file, where cases are one
        groups.setdefault(key, []).append(piece)
    found, twice, systems = [], [], {}
    for pieces in groups.values():
        name, late = pieces[0].name, next((each.late for each in pieces if each.late), "")
        systems[name], together = pieces[0].system, put_together(pieces)
        if together:
            path, files = together
            students = metadata.get(name) or (pieces[0].student,)
            found.append(Submission(name, path, students, late, files))
        else:
            twice.append(" and ".join(one_line(each.path.name) for each in pieces))
    if not found + twice:
        raise InputError(f"{folder} is empty: there is nothing to grade.")
    if twice:
        raise InputError(f"{folder} holds {', '.join(sorted(twice))}: keep or rename one.")
    if roster:
        found = _with_roster(folder, found, systems, roster)
    return sorted(found, key=lambda each: each.name)


def gather(submission, folder):
    """Copy the files of a submission, under their original names; give the path to grade.

    Of one that need not be gathered, that is where it lies.
    """
    if not submission.files:
        return submission.path
    folder.mkdir(parents=True)
    for name, path in submission.files.items():
        if name.startswith("."):
            continue
        try:
            with (
                open_file(str(path.parent), path.name) as stream,
                open(folder / name, "wb") as copy,
            ):
                while copy.tell() <= MAX_ZIP and (data := stream.read(2**20)):  # one that is larger
                    copy.write(data)  # is refused, as it still is too large
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    return folder


def fill(roster, rows, format, column="Word2vec"):
    """Fill the grades into an export of Canvas or Moodle; give the text that they import.

    `column` is the assignment's name in Canvas; if the export lacks it, a new column is added. Who
    is excused there, or is to be graded again, keeps what is there.
    """
    listed, unknown = ClassList(roster), []
    worth = next((sum(graded.worth.values()) for _, graded in rows if graded.worth), 0)
    listed.open_for(format, column, worth)
    people = listed.people
    index = _by_key(people)
    for student, graded in [(each, graded) for one, graded in rows for each in one.students]:
        fits = _match(student, index)
        if len(fits) != 1:
            unknown.append(" ".join(filter(None, student)))
        elif not graded.again:
            listed.enter(people[fits.pop()], graded.total)
    if unknown:
        print(f"No row of {roster.name} is surely theirs, so it lacks them: {_listed(unknown)}")
    return listed.text()


def _look_into(folder, ours):
    """Name what was handed in, not what is ours; of the folder above an export, what is in that."""
    exports = list(folder.glob(f"*/{METADATA}"))
    if len(exports) == 1 and not (folder / METADATA).exists():
        folder = exports[0].parent
    names = {path.name for path in folder.iterdir()} - ours
    others = {name for name in names if NONE.match(name)}
    names -= others
    if odd := sorted(name for name in names if name.encode(errors="replace").decode() != name):
        raise InputError(f"{folder} holds {one_line(odd[0])}, no name in UTF-8: rename it.")
    unpacked = names - {f"{name}.zip" for name in names}
    if len(unpacked) == 1 and (below := folder.joinpath(*unpacked)).is_dir():
        inside = {path.name for path in below.iterdir()}
        if any(piece.system for piece in pieces_of(below, inside)):
            return _look_into(below, ours)
    if seen := sorted(name for name in others if name[0] not in "._"):
        print(f"Passed over, as no submissions: {', '.join(map(one_line, seen))}")
    return folder, names


def _is_odd(name):
    """Tell whether this is no name of a file in a folder."""
    return not name or name != Path(name).name or name[0] == "." or not name.isprintable()


def _listed(names):
    """Name some."""
    more = [f"{len(names) - MOST_NAMED} more"] * (len(names) > MOST_NAMED)
    return ", ".join([*map(one_line, names[:MOST_NAMED]), *more])


def _by_key(people):
    """List by each key whose it is."""
    found = {}
    for i, person in enumerate(people):
        for key in person.keys:
            found.setdefault(key, set()).add(i)
    return found


def _match(student, index, system=""):
    """Find who this can be: all whom everything fits that fits anybody, or else anything."""
    name, number, address = map(exact, student)
    words = {name, number, address, squeezed(name)}
    if system in ("canvas", "moodle"):  # their numbers are no student ids
        words = {squeezed(name), ("system", number)}
    elif system == "github":  # where one chooses one's name
        words = {("system", number)}
    fits = [index[word] for word in words if word in index]
    return (set.intersection(*fits) or set.union(*fits)) if fits else set()


def _with_roster(folder, submissions, systems, path):
    """Say of the submissions whose they are, and add who handed in nothing."""
    people = ClassList(path).people
    index, found, whose, unsure = _by_key(people), [], {}, set()
    unknown, groups = [], []
    for each in submissions:
        students = []
        for student in each.students:
            fits = _match(student, index, systems.get(each.name))
            if len(fits) == 1:
                person = people[min(fits)]
                whose.setdefault(person, []).append(each.name)
                if systems.get(each.name) == "canvas" and squeezed(student[0]) not in person.keys:
                    groups.append(each.name)
                student = tuple(a or b for a, b in zip(person.student, student, strict=True))
            elif fits:
                meant = " or ".join(" ".join(filter(None, people[i].student)) for i in sorted(fits))
                print(f"{one_line(each.name)}: {one_line(meant, 300)}? Rename it to the id.")
                unsure |= fits
            else:
                unknown.append(student[0] or each.name)
            students.append(student)
        found.append(replace(each, students=tuple(students)))
    if not whose:
        first = one_line(" ".join(people[0].student))
        raise InputError(f"nobody in {folder} is in {path}, which begins with {first}.")
    for person, names in whose.items():
        if len(names) > 1:
            twice = f"{' and '.join(map(one_line, names))}, both of {one_line(person.student[0])}"
            raise InputError(f"{folder} holds {twice} in {path.name}: keep one.")
    if unknown:
        print(f"Not in {path.name}: {_listed(unknown)}")
    if groups:
        print(f"Canvas names one of a group only, the others seem to lack it: {_listed(groups)}")
    taken = {name.casefold() for name in [*os.listdir(folder), *(each.name for each in found)]}
    for i, person in enumerate(people):
        if person not in whose and i not in unsure:
            name = "_".join(filter(None, person.student[:2])) or person.student[2]
            name = re.sub(r"[^\w.@', -]+", "-", name).strip(". ")[:100]
            while not name or name.casefold() in taken:
                name += "_"
            taken.add(name.casefold())
            found.append(Submission(name, folder / name, (person.student,)))
    return found


def _students(path):
    """Read who handed in each submission of Gradescope's export, by the name of its folder."""
    try:
        import yaml
    except ModuleNotFoundError as error:
        message = f"{error}, for {METADATA}. Install it: {python('-m', 'pip', 'install', 'pyyaml')}"
        raise InputError(message) from error

    class Texts(yaml.SafeLoader):
        """It reads an id such as 012345 as it stands, and no dates."""

        yaml_implicit_resolvers: ClassVar = {
            first: [found for found in kinds if found[0].endswith(":null")]
            for first, kinds in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    name = "the whole"
    try:
        data, found = yaml.load(path.read_text(encoding="utf-8"), Texts), {}
        for name, about in data.items():
            found[str(name)] = tuple(
                tuple(str(student.get(key) or "") for key in (":name", ":sid", ":email"))
                for student in about.get(":submitters") or ()
            )
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    except (AttributeError, TypeError) as error:
        message = f"{path} is not as Gradescope writes it: {name!r:.80} lists no :submitters:"
        raise InputError(message) from error
    return found
