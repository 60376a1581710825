"""Who handed in what: a folder of submissions, or what Gradescope exports."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

from utils.commands import python
from utils.utils import InputError

METADATA = "submission_metadata.yml"  # in the export of Gradescope


@dataclass(frozen=True)
class Submission:
    """A submission and who handed it in.

    Attributes
    ----------
    name : str
        Name of its file or folder, by which its results are filed.
    path : Path
        Where it lies.
    students : tuple of (str, str, str)
        Name, student id and e-mail address of each; of a folder of submissions, just the name.
    """

    name: str
    path: Path
    students: tuple


def read_roster(folder):
    """List the submissions in a folder.

    Parameters
    ----------
    folder : Path
        Holds a folder, a zip or a Python file for each student; or Gradescope's export, with its
        submission_metadata.yml.

    Returns
    -------
    list of Submission
        By name. One that the metadata names and whose folder is missing is there, too.

    Raises
    ------
    InputError
        If there are none, or the metadata cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder. Name the one that holds the submissions.")
    names = {path.name for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))}
    students = {}
    if METADATA in names:
        names.remove(METADATA)
        students = _students(folder / METADATA)
        if odd := [name for name in students if _is_odd(name)]:
            raise InputError(f"{folder / METADATA} names {odd[0]!r}, which is no name of a folder.")
    found = [
        Submission(name, folder / name, students.get(name) or ((_student(name), "", ""),))
        for name in sorted(names | students.keys())
    ]
    if not found:
        raise InputError(f"{folder} is empty: there is nothing to grade.")
    filed = {}
    for submission in found:  # as files do where upper and lower case are one
        key = unicodedata.normalize("NFC", submission.name).casefold()
        if key in filed:
            raise InputError(f"{folder} holds {filed[key]} and {submission.name}: rename one.")
        filed[key] = submission.name
    return found


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
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        return {
            str(name): tuple(
                tuple(str(student.get(key) or "") for key in (":name", ":sid", ":email"))
                for student in about[":submitters"]
            )
            for name, about in data.items()
        }
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    except (AttributeError, KeyError, TypeError) as error:
        message = f"{path} is not as Gradescope writes it: each submission has :submitters:"
        raise InputError(message) from error
