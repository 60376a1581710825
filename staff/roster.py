"""Who handed in what: a folder of submissions, or what Gradescope exports."""

import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from sandbox.text import one_line
from utils.commands import python
from utils.utils import InputError

METADATA = "submission_metadata.yml"  # in the export of Gradescope
NONE = re.compile(  # what downloads hold, and systems leave behind, beside the submissions
    r"\.|__MACOSX|.*_onlinetext_|(thumbs\.db|desktop\.ini|grades\.csv|index\.html?"
    r"|readme(\.\w+)?|sample_?vectors.*\.json)$",
    re.IGNORECASE,
)


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
    late: str = ""
    files: dict = field(default_factory=dict)


def read_roster(folder, roster=None):
    """List the submissions in a folder.

    Parameters
    ----------
    folder : Path
        Holds a folder, a zip or a Python file for each student; or is Gradescope's export, with its
        submission_metadata.yml, or the folder above it.

    Returns
    -------
    list of Submission
        By name. One that the metadata names and whose folder is missing is there, too.

    Raises
    ------
    InputError
        If there are none, or two of one student, or the metadata cannot be read.
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
        print(f"Passed over, as no submissions: {', '.join(map(one_line, seen))}")
    students = {}
    if (folder / METADATA).exists():
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
    for name in names | students.keys():  # as files do where upper and lower case are one
        filed.setdefault(unicodedata.normalize("NFC", _student(name)).casefold(), []).append(name)
    twice = [" and ".join(sorted(of_one)) for of_one in filed.values() if len(of_one) > 1]
    if twice:
        raise InputError(f"{folder} holds {', '.join(sorted(twice))}: keep or rename one.")
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


def gather(submission, folder):
    return submission.path


def fill(*args):
    return ""
