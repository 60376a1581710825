"""What was handed in: the files of the package ``submission`` as bytes, and the vectors file."""

import io
import itertools
import os
import posixpath
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from .archive import InPieces, Source, UploadError, list_folder, list_names, list_zip, open_file
from .text import one_line

VECTORS = "sample_vectors_(soln).json"
VECTORS_ALIKE = re.compile(r"(.*/)?sample_vectors[^/]*\.json", re.I | re.S)  # a second download
MODULES, QUIZ, SINGLE = ("word2vec.py", "sgd.py"), "quiz.py", "submission.py"
OURS = ("__init__.py", *MODULES, QUIZ)
GIVEN_FOLDERS = {"utils", "tests", "sandbox", "grading"}
GIVEN = {"grader.py", "graderUtil.py", "run.py", "setup.py", "conftest.py", *GIVEN_FOLDERS}
MAX_SOURCE, MAX_VECTORS, MAX_TOTAL, MAX_ZIP = 10**6, 5 * 10**6, 20 * 10**6, 20 * 10**6  # bytes
MAX_SOURCES, MAX_RIVALS, MAX_LINES = 200, 5, 10
MAX_AROUND = 4  # folders around a submission
TOO_MUCH = f"more than {MAX_SOURCES} sources or {MAX_TOTAL / 1e6:g} MB of them: not all were read"
KINDS = {".ipynb": "a notebook", ".pdf": "a PDF"}
KINDS |= dict.fromkeys(".tar .gz .tgz .bz2 .xz .rar .7z".split(), "an archive, no zip")
HAND_IN = (
    "Hand in word2vec.py and sgd.py, or the folder submission/, or submission.py, "
    "or a zip of one of these."
)


@dataclass(frozen=True)
class Upload:
    """What was handed in."""

    package: dict[str, Source]  # by path in the package, such as "helpers/text.py"
    vectors: bytes | None = None
    vectors_path: str = ""
    skipped: tuple[str, ...] = ()  # lines on what was left out, and why


def read_upload(path):
    """Read what was handed in, whatever it is; `UploadError` if that is no submission, or two."""
    path = Path(path)
    try:
        path = path if path.name not in ("", "..") else Path(os.path.realpath(path))
        folder, mode = os.path.realpath(path.parent), os.lstat(path).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UploadError(f"{one_line(path, 200)} cannot be read: {reason}. {HAND_IN}") from error
    label = one_line(path, 4096)  # whole, so that it can be used
    if stat.S_ISDIR(mode):
        upload, beside = read_folder(folder, path.name, label)
    elif stat.S_ISREG(mode):
        upload, beside = read_file(folder, path.name, label)
    else:
        kind = "a link, which is not followed" if stat.S_ISLNK(mode) else "no file or folder"
        raise UploadError(f"{label} is {kind}. Name the submission itself.")
    upload = with_vectors(upload, list_names(folder, os.path.dirname(label), *beside))
    lines = tuple(dict.fromkeys(upload.skipped))
    if len(lines) > MAX_LINES:
        lines = (*lines[: MAX_LINES - 1], f"and {len(lines) - MAX_LINES + 1} more")
    return replace(upload, skipped=lines)


def read_folder(folder, name, label):
    """Read a folder, and name what counts beside it: the vectors file, if it is the package."""
    tree = list_folder(os.path.join(folder, name), label)
    is_package = "__init__.py" in tree.files and not tree.files.keys().isdisjoint(MODULES)
    is_named = name == "submission" and not tree.files.keys().isdisjoint([SINGLE, *OURS])
    return read_tree(tree), [VECTORS] if is_package or is_named else []


def read_file(folder, name, label):
    """Read code or a zip, or nothing, and name what counts beside it or instead: a vectors file."""
    suffix = posixpath.splitext(name)[1].lower()
    try:
        with open_file(folder, name) as stream:
            if suffix == ".zip" or stream.read(4) in (b"PK\3\4", b"PK\5\6"):
                return read_tree(list_zip(stream, one_line(name))), [VECTORS]
    except OSError as error:
        raise UploadError(f"{label} cannot be read: {error.strerror}.") from error
    if suffix == ".py":
        tree = list_names(folder, os.path.dirname(label), name)
        return read_package(tree, name), [VECTORS]
    if VECTORS_ALIKE.fullmatch(name):
        return Upload({}), [name]
    raise UploadError(f"{label} is {KINDS.get(suffix, 'no Python file')}. {HAND_IN}")


def read_tree(tree, is_inner=False):
    """Read what a folder or zip holds, or a zip that it holds if that is not in one itself."""
    if mains := find(tree):
        return read_nearest(tree, *mains)
    zips = [name for name in tree.files if name.lower().endswith(".zip")]
    if len(zips) == 1 and not is_inner:
        file = tree.read(zips[0], MAX_ZIP)
        if file.problem:
            raise UploadError(f"{file.path} {file.problem}.")
        upload = read_tree(list_zip(InPieces(io.BytesIO(file.data)), file.path), is_inner=True)
    else:
        odd = filter(kind_of, tree.files)
        odd = [f"{one_line(name)} is {kind_of(name)}: left out" for name in odd]
        upload = Upload({}, skipped=(*tree.notes, *odd))
    upload = with_vectors(upload, tree)
    if not upload.package and upload.vectors is None:
        raise UploadError(f"{tree.label} {what_is_there(tree)}. {HAND_IN}")
    return upload


def what_is_there(tree):
    """Say what a folder or zip holds instead of a submission."""
    names = sorted(tree.files, key=lambda name: (name not in tree.problems, name[-3:] != ".py"))
    told = []
    for name in names[:3]:
        why = tree.problems.get(name) or kind_of(name)
        told.append(f"{one_line(name)} ({why})" if why else one_line(name))
    if len(names) > 3:
        told.append(f"{len(names) - 3} more")
    told += tree.notes[:2]
    there = f"has no word2vec.py, sgd.py or submission.py, but {', '.join(told)}"
    return there if told else "is empty"


def kind_of(name):
    """Say what a file is that is often handed in by mistake."""
    return KINDS.get(posixpath.splitext(name)[1].lower(), "")


def folder_of(name):
    """Give the folder of a file, with its "/"; empty for the top."""
    return name[: name.rfind("/") + 1]


def find(tree):
    """Name a file of each submission: lists of those equally near to the top, nearest first."""
    found = {}
    for folder in dict.fromkeys(map(folder_of, tree.files)):
        modules = [name for name in MODULES if folder + name in tree.files]
        is_package = modules and folder + "__init__.py" in tree.files
        around = folder.split("/")[:-1]
        level = len(around) - (around[-1:] == ["submission"])  # as near as what lies beside it
        for name in (modules[:1] or [QUIZ]) + [SINGLE] * (not is_package):
            if folder + name in tree.files and len(around) <= MAX_AROUND:
                rank = (not GIVEN_FOLDERS.isdisjoint(around), name == QUIZ, level)
                found.setdefault(rank, []).append(folder + name)
    return [found[rank] for rank in sorted(found)]


def read_nearest(tree, nearest, *farther):
    """Read the largest of the nearest submissions, which must hold what the others do."""
    uploads = {main: read_package(tree, main) for main in nearest[:MAX_RIVALS]}
    held = {main: contents(upload.package) for main, upload in uploads.items()}
    best = max(held, key=lambda main: len(held[main]))
    for main in nearest:
        if main not in held or not held[main] <= held[best]:
            both = f"{one_line(best)} and {one_line(main)}"
            raise UploadError(f"{tree.label} holds both {both}, which differ. Hand in one of them.")
    left_out = [
        f"{one_line(main)} was left out: {one_line(best)} is graded"
        for main in itertools.chain(*farther)
        if GIVEN_FOLDERS.isdisjoint(main.split("/")) and not main.startswith(folder_of(best))
    ]
    upload = replace(uploads[best], skipped=(*tree.notes, *left_out, *uploads[best].skipped))
    return with_vectors(upload, tree, best)


def contents(package):
    """Give what a package holds; what cannot be read is like nothing else."""
    return {(name, file.data or (file.problem and file.path)) for name, file in package.items()}


def read_package(tree, main):
    """Read the package that the file `main` is of."""
    folder, main = folder_of(main), posixpath.basename(main)
    files = {name.removeprefix(folder): name for name in tree.files if name.startswith(folder)}
    if main not in OURS or "__init__.py" not in files:
        not_theirs = {"__init__.py", "submission", *GIVEN} - {main}
        files = {name: files[name] for name in files if name.split("/")[0] not in not_theirs}
    if main not in OURS:
        files["__init__.py"] = files.pop(main)
    package, skipped, tried, total = {}, [], 0, 0
    for name in sorted(files, key=lambda name: (name not in OURS, name.count("/"), name)):
        full, shown = files[name], one_line(files[name])
        if not name.endswith(".py"):
            skipped += [f"{shown} {tree.problems[full]}"] if full in tree.problems else []
        elif not all(part.isidentifier() for part in name.removesuffix(".py").split("/")):
            skipped.append(f"{shown} was left out: Python can import no file of this name")
        elif tried == MAX_SOURCES or total + MAX_SOURCE > MAX_TOTAL:
            skipped.append(TOO_MUCH)
        else:
            file = tree.read(full, MAX_SOURCE)
            tried, total = tried + 1, total + len(file.data)
            problem = file.problem or problem_of_text(file.data)
            problem = problem and f"{one_line(posixpath.basename(full))} {problem}"
            if file.problem and name not in OURS:
                skipped.append(problem)
            else:
                package[name] = replace(file, problem=problem)
    return Upload(package, skipped=tuple(skipped))


def problem_of_text(data):
    """Say what keeps bytes from being Python source; a declared encoding is left to Python."""
    zeros = data.count(0) / max(len(data), 1)
    if zeros > 0.25 or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        is_32 = zeros > 0.6 or data.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff"))
        return f"is in UTF-{32 if is_32 else 16}; save it as UTF-8"
    if not zeros and re.match(rb"(.*\n)?[ \t\f]*#.*?coding[:=](?![ \t]*utf-?8)", data):
        return ""
    try:
        data.replace(b"\0", b"\xff").decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        return f"is no UTF-8 text: byte 0x{data[at]:02x} at position {at}; save it as UTF-8"
    return ""


def with_vectors(upload, tree, main=""):
    """Add the vectors file, unless there is one; if `main` is given, from beside or above it."""
    names = [name for name in tree.files if VECTORS_ALIKE.fullmatch(name)]
    names = [name for name in names if not main or main.startswith(folder_of(name))]
    if upload.vectors is not None or not names:
        return upload
    names.sort(key=lambda name: name.count("/"), reverse=bool(main))
    exact = [name for name in names if posixpath.basename(name) == VECTORS][:1]
    names = exact or [name for name in names if folder_of(name) == folder_of(names[0])]
    file = tree.read(names[0], MAX_VECTORS)
    if len(names) > 1:
        file = replace(file, problem=f"is not the only one; name the right one {VECTORS}")
    if file.problem:
        return replace(upload, skipped=(*upload.skipped, f"{one_line(names[0])} {file.problem}"))
    return replace(upload, vectors=file.data, vectors_path=file.path)
