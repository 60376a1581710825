"""Who handed in what: a folder of submissions, as people make one or learning systems give it."""

import contextlib
import re
import shutil
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import datetime
from os.path import commonprefix
from pathlib import Path
from typing import ClassVar

from class_list import ClassList
from sandbox.text import one_line
from utils.commands import python
from utils.utils import InputError

METADATA = "submission_metadata.yml"  # in the export of Gradescope
NONE = re.compile(  # what downloads hold, and systems leave behind, beside the submissions
    r"\.|__MACOSX|.*_onlinetext_?(?!\w)|(thumbs\.db|desktop\.ini|grades\.csv|index\.html?"
    r"|readme(\.\w+)?|sample_?vectors.*\.json|.*_attempt_[\d-]+\.txt)$",
    re.IGNORECASE,
)
FORMS = [  # how Canvas, Moodle, Brightspace and Blackboard name what was handed in
    r"(?P<name>[^_ ]+)_(?P<late>LATE_)?(?P<id>\d+)_\d+_(?P<file>.+)",
    r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file(?:_(?P<file>.*))?",
    r"(?P<id>\d+)-\d+ - (?P<name>.+?) - "
    r"(?P<time>\w{3,9}\.? \d{1,2}, \d{4} \d{3,4} [AP]M)(?: - (?P<file>.+))?",
    r".+_(?P<id>[^_\s]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})_(?P<file>.+)",
]
AGAIN = re.compile(r"-\d+(?=\.\w+$)")  # Canvas, of a file that is handed in again


@dataclass(frozen=True)
class Submission:
    """A submission and who handed it in."""

    name: str  # of the folder that its results are filed in
    path: Path  # where it lies
    students: tuple  # name, student id and e-mail address of each; what is not known is empty
    late: str = ""  # whether it was late, in words
    files: dict = field(
        default_factory=dict
    )  # if it was handed in singly: its files by their names


def read_roster(folder, class_list=None):
    """List the submissions in a folder by name, with those of a class list who handed in nothing.

    The folder holds a folder, zip or Python file for each student, or what a learning system gives.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Name the one that holds the submissions.")
    exports = list(folder.glob(f"*/{METADATA}"))
    if len(exports) == 1 and not (folder / METADATA).exists():
        folder = exports[0].parent
    names = {path.name for path in folder.iterdir()} - {METADATA}
    others = {name for name in names if NONE.match(name)}
    names -= others
    if seen := sorted(name for name in others if name[0] not in "._"):
        print(f"Passed over, as no submissions: {few(seen)}")
    if (folder / METADATA).exists():
        students = _students(folder / METADATA)
        if odd := [name for name in students if _is_odd(name)]:
            raise InputError(f"{folder / METADATA} names {odd[0]!r}, which is no name of a folder.")
        names |= students.keys()
        found = [
            Submission(name, folder / name, students.get(name) or ((_student(name), "", ""),))
            for name in sorted(names)
        ]
    else:
        found = _of_names(folder, sorted(names))
    if not found:
        raise InputError(f"{folder} is empty: there is nothing to grade.")
    filed = {}
    for each in found:  # as files do where upper and lower case are one
        name = unicodedata.normalize("NFC", _student(each.name)).casefold()
        filed.setdefault(name, []).append(each.name)
    twice = [" and ".join(sorted(of_one)) for of_one in filed.values() if len(of_one) > 1]
    if twice:
        raise InputError(f"{folder} holds {', '.join(sorted(twice))}: keep or rename one.")
    return with_class_list(found, ClassList(class_list), folder) if class_list else found


def few(names):
    """List some names, and how many more there are."""
    more = [f"and {len(names) - 10} more"] * (len(names) > 10)
    return ", ".join([*map(one_line, names[:10]), *more])


def _of_names(folder, names):
    """Make submissions of names: files of one student are one, and of attempts the last counts."""
    prefix = commonprefix(names).rpartition("-")[0]  # noqa: RUF071 (of names, not of folders)
    if prefix and len(names) > 1 and all((folder / name / ".git").exists() for name in names):
        users = {name: name[len(prefix) + 1 :] for name in names}  # of GitHub Classroom
        return [Submission(n, folder / n, ((users[n], users[n], ""),)) for n in names]
    found, attempts, replaced = [], {}, []
    for name in names:
        form = next(filter(None, (re.fullmatch(form, name) for form in FORMS)), None)
        if not form:
            found.append(Submission(name, folder / name, ((_student(name), "", ""),)))
            continue
        about = {"name": "", "late": "", "file": "", "time": ""} | form.groupdict(default="")
        who = about["name"], about["id"]
        attempts.setdefault(who, {}).setdefault(_time(about["time"]), []).append((about, name))
    for (student, identity), of_times in attempts.items():
        *earlier, last = sorted(of_times)
        replaced += [name for time in earlier for _, name in of_times[time]]
        about, name = of_times[last][0]
        files = {}
        for one, path in sorted(of_times[last], key=lambda pair: _order(pair[1])):
            if one["file"]:
                files[AGAIN.sub("", one["file"])] = folder / path
        if files and len(files) < len(of_times[last]):
            used = set(files.values())
            replaced += [path for _, path in of_times[last] if folder / path not in used]
        found.append(
            Submission(
                "_".join(filter(None, (student, identity))),
                folder / name,
                ((student or identity, identity, ""),),
                "late" if any(one["late"] for one, _ in of_times[last]) else "",
                files,
            )
        )
    if replaced:
        print(f"Handed in again later, so not graded: {few(replaced)}")
    return sorted(found, key=lambda each: each.name)


def _time(text):
    """Read when something was handed in; earliest of all if that is not said."""
    for form in ("%b %d, %Y %I%M %p", "%B %d, %Y %I%M %p", "%Y-%m-%d-%H-%M-%S"):
        try:
            padded = re.sub(r" (\d{3}) ([AP]M)$", r" 0\1 \2", text.replace(".", ""))
            return datetime.strptime(padded, form)
        except ValueError:
            continue
    return datetime.min


def _order(name):
    """Give by what files of one name are ordered, the last one counts: by their numbers."""
    return [int(number) for number in re.findall(r"\d+", name)]


def gather(submission, folder):
    """Copy what was handed in singly into a folder, under its own names; give what is to grade."""
    if not submission.files:
        return submission.path
    folder.mkdir()
    for name, path in submission.files.items():
        with contextlib.suppress(OSError):  # what is no file is not handed in
            shutil.copyfile(path, folder / Path(name).name, follow_symlinks=False)
    return folder


def with_class_list(found, class_list, folder):
    """Name students as the class list does, and add those who handed in nothing."""
    submissions, seen, unknown = [], set(), []
    for each in found:
        students = []
        for student in each.students:
            known = class_list.find(*student)
            seen.add(known)
            unknown += [student[0] or each.name] * (known is None)
            students.append(known or student)
        submissions.append(replace(each, students=tuple(students)))
    if unknown:
        print(f"Handed in, but not in {class_list.path}: {few(unknown)}")
    for student in class_list.students:
        if student not in seen:
            name = re.sub(r"[^\w .@-]", "", "_".join(filter(None, student[:2]))).lstrip(".")
            submissions.append(Submission(f"{name} (nothing)", folder / ".nothing", (student,)))
    return sorted(submissions, key=lambda each: each.name)


def _student(name):
    """Name the student by the name of what was handed in."""
    return name.removesuffix(".zip").removesuffix(".py")


def _is_odd(name):
    """Tell whether this is no name of a file in a folder."""
    return not name or name != Path(name).name or name[0] == "." or not name.isprintable()


def _students(path):
    """Read who handed in each submission, by the name of its folder."""
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
