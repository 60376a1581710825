"""What a class handed in: a folder of folders, zips and files, or what a learning system exports.

The names say whose each is. Of what is inside, only Gradescope's metadata and Blackboard's notes
are read here; the rest is left to the grader.
"""

import contextlib
import os
import re
import shutil
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from roster import listed, match_roster
from sandbox.archive import open_file
from sandbox.text import one_line
from sandbox.upload import MAX_ZIP
from utils.commands import python
from utils.utils import InputError

METADATA = "submission_metadata.yml"  # in the export of Gradescope
NULLS = "", "null", "~"  # how YAML writes that there is nothing
NONE = re.compile(  # what downloads hold, and systems leave behind, besides the submissions
    r"\.|__MACOSX|[^_]*_\d+_assign(submission_(?!file)|feedback_)"
    r"|(thumbs\.db|desktop\.ini|grades\.csv|index\.html?|readme(\.\w+)?"
    r"|sample_?vectors.*\.json)$",
    re.IGNORECASE,
)
SYSTEMS = {  # where `file` is missing, the name is that of a folder, or of a note by the system
    "moodle": r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_file(?:_(?P<file>.*))?",
    "brightspace": r"(?P<number>\d+-\d+) - (?P<name>.+?) - "
    r"(?P<time>[\w ,.:]*?\d{1,2}[.:h]?\d\d(?: ?[AP]M)?)(?: - (?P<file>.+))?",
    "blackboard": r"(?:.*?_)?(?P<id>[^_]+)_attempt_"
    r"(?P<time>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)",
    "canvas": r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<id>\d+|(?<=anon_)[A-Za-z0-9]{5})"
    r"(?P<late_too>_LATE)?(?:_question_\d+)?(?:_\d+(?=_)|(?=_(?:text|link)\.html$))_"
    r"(?P<file>.+?)(?:-(?P<again>\d+)(?P<suffix>\.\w+)?)?",  # -2 if a file is handed in again
}
UNMISTAKABLE = "moodle", "brightspace", "blackboard"  # others count if most names are of their form
NOTE = re.compile(r"Name:\s*(.+) \((.+)\)\s")  # begins the text that Blackboard puts beside files
MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
TIME = re.compile(  # such as Nov 3, 2025 1159 PM, or 3 November 2025 23:59
    r"(?=.*?(?P<month>" + "|".join(MONTHS) + r"))\D*(?P<day>\d{1,2})\D+(?P<year>\d{4})\D+?"
    r"(?P<hour>\d{1,2})\D?(?P<minute>\d\d)(?: ?(?P<half>[AP])M)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class HandIn:
    """What one student, or several together, handed in."""

    name: str  # of the folder that its results are filed in
    path: Path  # where it lies; nothing is there if nothing was handed in
    students: tuple  # of (name, student id, e-mail address), each of which may be empty
    late: str = ""  # what the learning system says of it
    files: dict = field(default_factory=dict)  # path by original name, if it is to be gathered
    system: str = ""  # the learning system that named it

    @property
    def who(self):
        """Name the students."""
        return ", ".join(name for name, *_ in self.students if name) or self.name

    def gather(self, folder):
        """Copy its files into a folder, under their original names; give the path to grade.

        If there is nothing to gather, that is where it lies.
        """
        if not self.files:
            return self.path
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, path in self.files.items():
            if name.startswith("."):
                continue
            try:
                with (
                    open_file(str(path.parent), path.name) as stream,
                    open(folder / name, "wb") as copy,
                ):
                    # one that is too large is cut, and refused, as it still is too large
                    while copy.tell() <= MAX_ZIP and (data := stream.read(2**20)):
                        copy.write(data)
            except OSError as error:
                raise InputError(f"{path} cannot be read: {error.strerror}.") from error
        return folder


@dataclass(frozen=True)
class Piece:
    """A file or folder that was handed in: all, or a part, of what one student handed in."""

    path: Path
    name: str  # by which its student's results are filed
    student: tuple  # name, id, e-mail address
    system: str = ""
    file: str = ""  # its name before the system gave it another; empty for a whole submission
    number: int = 0  # of those with the same name, the last counts
    time: str = ""
    late: str = ""


def read_class(folder, roster=None):
    """List what was handed in in a folder, by name; refuse two of one student.

    Who is in Gradescope's metadata, or in the roster, a CSV file, and handed in nothing is there,
    too.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Name the one that holds the submissions.")
    folder, names = _look_into(folder, {METADATA, roster and roster.name})
    metadata = _read_metadata(folder / METADATA) if (folder / METADATA).exists() else {}
    groups, found, twice = {}, [], []
    for piece in _pieces_of(folder, names | metadata.keys()):
        key = piece.name if piece.system else piece.student[0]
        key = unicodedata.normalize("NFC", key).casefold()  # as file systems compare names
        groups.setdefault(key, []).append(piece)
    for pieces in groups.values():
        name, late = pieces[0].name, next((each.late for each in pieces if each.late), "")
        if together := _put_together(pieces):
            students = metadata.get(name) or (pieces[0].student,)
            path, files = together
            found.append(HandIn(name, path, students, late, files, pieces[0].system))
        else:
            twice.append(" and ".join(one_line(each.path.name) for each in pieces))
    if not found + twice:
        raise InputError(f"{folder} is empty: there is nothing to grade.")
    if twice:
        raise InputError(f"{folder} holds {', '.join(sorted(twice))}: keep or rename one.")
    if roster:
        found, missing = match_roster(found, roster, folder)
        found += [HandIn(name, folder / name, (student,)) for name, student in missing]
    return sorted(found, key=lambda each: each.name)


def _look_into(folder, ours):
    """Name what was handed in, not what is ours; of the folder above an export, what is in that."""
    exports = list(folder.glob(f"*/{METADATA}"))
    if len(exports) == 1 and not (folder / METADATA).exists():
        folder = exports[0].parent
    names = {path.name for path in folder.iterdir()} - ours
    others = {name for name in names if NONE.match(name)}
    names -= others
    if odd := sorted(name for name in names if name.encode(errors="replace").decode() != name):
        raise InputError(f"{folder} holds {one_line(odd[0])}, a name that is not UTF-8: rename it.")
    unpacked = names - {f"{name}.zip" for name in names}
    if len(unpacked) == 1 and (below := folder.joinpath(*unpacked)).is_dir():
        inside = {path.name for path in below.iterdir()}
        if any(piece.system for piece in _pieces_of(below, inside)):
            return _look_into(below, ours)
    if seen := sorted(name for name in others if name[0] not in "._"):
        print(f"Ignored, as these are not submissions: {listed(seen)}")
    return folder, names


def _read_metadata(path):
    """Read who handed in each submission of Gradescope's export, by the name of its folder."""
    try:
        import yaml
    except ModuleNotFoundError as error:
        message = f"{error}, for {METADATA}. Install it: {python('-m', 'pip', 'install', 'pyyaml')}"
        raise InputError(message) from error

    name, keys = "the whole", (":name", ":sid", ":email")
    try:  # this loader leaves all texts, such as an id 012345, as they are
        data, found = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader), {}
        for name, about in data.items():
            submitters = about.get(":submitters", "")
            found[name] = tuple(
                tuple("" if (text := str(each.get(key, ""))) in NULLS else text for key in keys)
                for each in (() if submitters in NULLS else submitters)
            )
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    except (AttributeError, TypeError) as error:
        message = f"{path} is not as Gradescope writes it: {name!r:.80} lists no :submitters:"
        raise InputError(message) from error
    for name in found:
        if not name or name != Path(name).name or name[0] == "." or not name.isprintable():
            raise InputError(f"{path} names {name!r}, which is not a folder name.")
    return found


# Names, and what they say


def _pieces_of(folder, names):
    """Read the names of what lies in a folder."""
    patterns = {system: re.compile(pattern) for system, pattern in SYSTEMS.items()}
    if prefix := _prefix_of_clones(folder, names):
        patterns["github"] = re.compile(f"(?P<whole>{re.escape(prefix)}(?P<id>.+))")
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
    """Make a piece of what the parts of a name say."""
    if not found:
        name = path.name.removesuffix(".zip").removesuffix(".py")
        return Piece(path, path.name, (name, "", ""))
    parts = dict.fromkeys("name id number file again suffix time late late_too whole".split(), "")
    parts |= found.groupdict("")
    name, number = parts["name"], parts["id"]
    filed = parts["whole"] or "_".join(filter(None, [name, number or parts["number"]]))
    if system == "blackboard" and (note := _read_note(path, found)):
        name, filed = note
        number = filed
    late = "late" * bool(parts["late"] or parts["late_too"])
    file, again = parts["file"] + parts["suffix"], int(parts["again"] or 0)
    return Piece(
        path, filed, (name or number, number, ""), system, file, again, parts["time"], late
    )


def _read_note(path, found):
    """Read name and user name from the text that Blackboard puts beside an attempt's files."""
    with contextlib.suppress(OSError):
        note = f"{path.name[: found.end('time')]}.txt"
        with open_file(str(path.parent), note) as stream:
            about = NOTE.match(stream.read(1000).decode("utf-8-sig", errors="replace"))
            if about and f"_{about[2]}_attempt_" in f"_{note}":
                return one_line(about[1]), about[2]
    return None


def _put_together(pieces):
    """Give what one student handed in, the last attempt: where it lies, and files by name.

    There are no files if it is whole; it is None if nothing says which piece counts.
    """
    attempts = {}
    for piece in pieces:
        attempts.setdefault(piece.time, []).append(piece)
    if len(attempts) > 1:
        if not all(map(_moment, attempts)):
            return None
        last = max(attempts, key=_moment)
        print(f"{one_line(pieces[0].name)}: {len(attempts)} attempts, that of {last} counts")
        pieces = attempts[last]
    if len(pieces) > 1:  # of one alone, the report says what it is
        pieces = [each for each in pieces if each.file or each.path.suffix != ".txt"] or pieces
        odd = [each for each in pieces if each.file and not _is_plain(each.path)]
        pieces = [each for each in pieces if each not in odd] or [odd.pop()]
        for each in odd:
            print(f"Ignored, as it is not a plain file: {one_line(each.path.name)}")
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
    """Give the numbers of a time, from the year on; nothing if it is not understood."""
    if re.fullmatch(r"\d{4}(-\d\d){5}", time):
        return tuple(map(int, time.split("-")))
    if not (found := TIME.fullmatch(time)):
        return ()
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + 12 * (found["half"].upper() == "P")
    month = MONTHS.index(found["month"].lower())
    return int(found["year"]), month, int(found["day"]), hour, int(found["minute"])
