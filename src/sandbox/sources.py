"""The source files of a submission, found in a folder or zip and read."""

import dataclasses
import io
import posixpath
import tokenize

from .archive import UnreadableError, clean

MODULES = ("word2vec.py", "sgd.py")
QUIZ, SINGLE = "quiz.py", "submission.py"
OURS = ("__init__.py", *MODULES, QUIZ)
GIVEN = {"__init__.py", "grader.py", "graderUtil.py", "run.py", "setup.py", "conftest.py"}
GIVEN_FOLDERS = {"utils", "tests", "sandbox", "grading"}
MAX_DEPTH = 4  # folders around a submission
MAX_SOURCES = 200
MAX_SOURCE, MAX_TOTAL = 10**6, 20 * 10**6  # bytes
BYTE_ORDER_MARKS = {  # UTF-32's first: it starts like UTF-16's
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
SAVE = "save it as UTF-8"


@dataclasses.dataclass(frozen=True)
class Source:
    """A source file of the submission.

    Attributes
    ----------
    path : str
        Where it lies, as stack traces show it.
    data : bytes
        Its content.
    problem : str
        What keeps it from being imported, in one line; may be empty.
    """

    path: str
    data: bytes
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Place:
    """Where in a folder or zip a submission lies.

    Attributes
    ----------
    folder : str
        Its folder; empty for the top.
    file : str
        A file of it, to name it by.
    is_single : bool
        Whether it is ``submission.py``.
    """

    folder: str
    file: str
    is_single: bool


def find(tree):
    """Find the submissions nearest to the top of a folder or zip.

    Parameters
    ----------
    tree : Folder or Zip
        Where to look.

    Returns
    -------
    nearest : list of Place
        Several if they are equally near. A folder ``submission`` is as near as what lies beside it,
        a quiz alone is farther than other code, and farthest is what lies in a folder of ours.
    others : list of Place
        Those that are farther, without folders of ours.
    """
    folders = {}
    for name in tree.entries:
        folder, file = posixpath.split(name)
        folders.setdefault(folder, set()).add(file)
    found = {}
    for folder, names in folders.items():
        parts = folder.split("/") if folder else []
        if len(parts) > MAX_DEPTH:
            continue
        is_given = bool(GIVEN_FOLDERS.intersection(parts))
        level = len(parts) - (parts[-1:] == ["submission"])
        modules = [name for name in MODULES if name in names]
        is_single = SINGLE in names and not (modules and "__init__.py" in names)
        if not modules and QUIZ in names:
            modules = [QUIZ]
        for file in modules[:1] + [SINGLE] * is_single:
            place = Place(folder, posixpath.join(folder, file), file == SINGLE)
            found.setdefault((is_given, file == QUIZ, level), []).append(place)
    ranks = sorted(found)
    others = [place for rank in ranks[1:] for place in found[rank] if rank[0] == ranks[0][0]]
    return found[ranks[0]] if ranks else [], others


def read_package(tree, place):
    """Read the package of a submission.

    Parameters
    ----------
    tree : Folder or Zip
        What was handed in.
    place : Place
        Where the submission lies in it.

    Returns
    -------
    package : dict of str to Source
        By path in the package.
    skipped : list of str
        Lines on what was left out.
    """
    files = _files_of(tree, place)
    package, skipped, tried, total = {}, [], 0, 0
    for name in sorted(files, key=lambda name: (name not in OURS, name.count("/"), name)):
        full, shown = files[name], clean(files[name])
        if not name.endswith(".py"):
            if tree.entries[full]:
                skipped.append(f"{shown} {tree.entries[full]}")
        elif not all(part.isidentifier() for part in name.removesuffix(".py").split("/")):
            skipped.append(f"{shown} was left out: Python can import no file of this name")
        elif tried == MAX_SOURCES:
            skipped.append(f"more than {MAX_SOURCES} source files: not all were read")
        elif total + MAX_SOURCE > MAX_TOTAL:
            skipped.append(f"more than {MAX_TOTAL / 1e6:g} MB of sources: not all were read")
        else:
            source = read_source(tree, full)
            tried, total = tried + 1, total + len(source.data)
            if source.data or not source.problem or name in OURS:
                package[name] = source
            else:
                skipped.append(source.problem)
    return package, skipped


def _files_of(tree, place):
    """Map the names of files in the package to those in the upload."""
    prefix = f"{place.folder}/" if place.folder else ""
    files = {name.removeprefix(prefix): name for name in tree.entries if name.startswith(prefix)}
    if "__init__.py" in files and not place.is_single:
        return files
    files = {
        name: full
        for name, full in files.items()
        if name not in GIVEN and not {"submission", *GIVEN_FOLDERS}.intersection(name.split("/"))
    }
    if place.is_single:
        files["__init__.py"] = files.pop(SINGLE)
    return files


def read_source(tree, name):
    """Read a source file; what is wrong with it is told in the result.

    Parameters
    ----------
    tree : Folder or Zip
        What was handed in.
    name : str
        The file in it.

    Returns
    -------
    Source
        The file, without data if it cannot be read.
    """
    try:
        data = tree.read(name, MAX_SOURCE)
        problem = _problem_of_text(data)
    except UnreadableError as error:
        data, problem = b"", str(error)
    told = f"{clean(posixpath.basename(name))} {problem}" if problem else ""
    return Source(show(tree, name), data, told)


def show(tree, name):
    """Give the path of a file of an upload as people know it."""
    return posixpath.join(tree.label, clean(name, 200))


def _problem_of_text(data):
    """Say what keeps bytes from being Python source; a declared encoding is left to Python."""
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return f"is in {encoding}; {SAVE}"
    if data.count(0) > len(data) / 4:
        return f"is in {'UTF-32' if data.count(0) > len(data) * 0.6 else 'UTF-16'}; {SAVE}"
    if 0 in data:
        return f"is no UTF-8 text: byte 0x00 at position {data.index(0)}; {SAVE}"
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        encoding = "utf-8"  # or one that Python does not know, and says so at import
    try:
        if encoding.replace("-", "").startswith("utf8"):
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"is no UTF-8 text: byte 0x{data[error.start]:02x} at position {error.start}; {SAVE}"
    return ""
