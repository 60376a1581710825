"""What was handed in: the files of the package ``submission`` as bytes, and the vectors file.

They are found however they are named, nested or packed; what is not used is told, with the reason.
Nothing is run, and nobody looks here whether it is right. `archive` keeps out links and bombs.
"""

import io
import os
import posixpath
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path

from .archive import (
    LINK,
    InPieces,
    Source,
    UploadError,
    list_folder,
    list_names,
    list_zip,
    open_file,
    problem_of_text,
)
from .text import one_line

VECTORS = "sample_vectors_(soln).json"
BESIDE = (VECTORS, "sample_vectors.json", "sample_vectors_soln.json", "sampleVectors.json")
FUNCTIONS = {  # those graded, by the file that they belong in
    "word2vec.py": {
        *("sigmoid", "naive_softmax_loss_and_gradient", "neg_sampling_loss_and_gradient"),
        *("skipgram", "word2vec_sgd_wrapper", "get_negative_samples"),
    },
    "sgd.py": {"sgd"},
    "quiz.py": {f"question_{number}" for number in range(1, 7)},
}
GRADED = set().union(*FUNCTIONS.values())
DEFINITION = re.compile(r"^(?:(?:def|class)[ \t]+(\w{1,100})|(\w{1,100})[ \t]*=(?!=))", re.M)
INIT, SINGLE = "__init__.py", "submission.py"
OURS = (*FUNCTIONS, INIT)
GIVEN_FOLDERS = {"utils", "tests", "sandbox", "grading"}
GIVEN = {"grader.py", "graderUtil.py", "run.py", "setup.py", "conftest.py", *GIVEN_FOLDERS}
MAX_SOURCE, MAX_VECTORS, MAX_TOTAL, MAX_ZIP = 10**6, 5 * 10**6, 20 * 10**6, 20 * 10**6  # bytes
MAX_SOURCES, MAX_RIVALS, MAX_LINES = 200, 5, 10
TOO_MUCH = f"more than {MAX_SOURCES} sources or {MAX_TOTAL / 1e6:g} MB of them: not all were read"
KINDS = {".ipynb": "a notebook", ".pdf": "a PDF"}
KINDS |= dict.fromkeys(".tar .gz .tgz .bz2 .xz .rar .7z".split(), "an archive but not a zip")
HAND_IN = (
    "Hand in word2vec.py and sgd.py (and quiz.py, if your course grades it here), "
    "or the folder submission/, or submission.py, or a zip of one of these."
)


@dataclass(frozen=True)
class Upload:
    """What was handed in."""

    package: dict[str, Source]  # by path in the package, such as "helpers/text.py"
    vectors: bytes | None = None
    vectors_path: str = ""
    skipped: tuple[str, ...] = ()  # lines on what was left out, and why
    problem: str = ""  # why there is no code, and what to hand in


def read_upload(path, is_own=False):
    """Read what was handed in, whatever it is; `UploadError` if that is no submission, or two.

    With `is_own`, links are followed, and the vectors file beside it belongs to it. Never for a
    stranger's: what lies beside that may be of others.
    """
    path = Path(path)
    try:
        path = path if path.name not in ("", "..") else Path(os.path.realpath(path))
        folder = os.path.realpath(path.parent)
        mode = os.stat(path, follow_symlinks=is_own).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UploadError(f"{one_line(path, 200)} cannot be read: {reason}. {HAND_IN}") from error
    label = one_line(path, 4096)  # whole, so that it can be used
    if stat.S_ISDIR(mode):
        tree = list_folder(os.path.join(folder, path.name), label, is_own)
        own = [SINGLE, *OURS] if path.name == "submission" else [INIT]
        upload, beside = read_tree(tree), () if tree.files.keys().isdisjoint(own) else BESIDE
    elif stat.S_ISREG(mode):
        upload, beside = read_file(folder, path.name, label, is_own)
    else:
        is_link = stat.S_ISLNK(mode)
        kind = "a link, which is not followed" if is_link else "neither a file nor a folder"
        raise UploadError(f"{label} is {kind}. Name the submission itself.")
    if is_own or path.stem == "submission" or path.name in beside:  # itself is the vectors file
        near = list_names(folder, os.path.dirname(label), *beside, follow=is_own)
        upload = with_vectors(upload, near)
    if not upload.package and upload.vectors is None:
        raise UploadError(upload.problem)
    lines = tuple(dict.fromkeys(upload.skipped))
    if len(lines) > MAX_LINES:
        lines = (*lines[: MAX_LINES - 1], f"and {len(lines) - MAX_LINES + 1} more")
    return replace(upload, skipped=lines)


def read_file(folder, name, label, follow):
    """Read code or a zip, or nothing, and name what counts beside it or instead: a vectors file."""
    suffix = posixpath.splitext(name)[1].lower()
    try:
        with open_file(folder, name, follow) as stream:
            if suffix == ".zip" or stream.read(4) in (b"PK\3\4", b"PK\5\6"):
                return read_tree(list_zip(stream, one_line(name))), BESIDE
    except OSError as error:
        raise UploadError(f"{label} cannot be read: {error.strerror}.") from error
    if suffix == ".py":
        tree = list_names(folder, os.path.dirname(label), name, follow=follow)
        return read_package(tree, name), BESIDE
    reason = f"{label} is {KINDS.get(suffix, 'not a Python file')}. {HAND_IN}"
    return Upload({}, problem=reason), [name]


def read_tree(tree, is_inner=False):
    """Read what a folder or zip holds, or a zip that it holds if that is not in one itself."""
    upload, mains = read_code(tree)
    zips = [name for name in tree.files if name.lower().endswith(".zip")]
    if not mains and len(zips) == 1 and not is_inner:
        file = tree.read(zips[0], MAX_ZIP)
        if file.problem:
            raise UploadError(f"{file.path} {file.problem}.")
        upload = read_tree(list_zip(InPieces(io.BytesIO(file.data)), file.path), is_inner=True)
    return with_vectors(upload, tree, mains)


def what_is_there(tree):
    """Say what a folder or zip holds instead of a submission, and what to hand in."""
    why = {name: tree.problems.get(name) or advice(name) for name in tree.files}
    names = sorted(why, key=lambda n: (n not in tree.problems, not why[n], n[-3:] != ".py"))
    told = [one_line(name) + (f" ({why[name]})" if why[name] else "") for name in names[:3]]
    if len(names) > 3:
        told.append(f"{len(names) - 3} more")
    told = ", ".join(told + tree.notes[:2])
    there = f"has no word2vec.py, sgd.py or submission.py, but {told}" if told else "is empty"
    return f"{tree.label} {there}. {HAND_IN}"


def advice(name):
    """Say what a file is that is often handed in by mistake, or what to do with it."""
    if meant(name) not in ("", posixpath.basename(name)):
        return f"rename it to {meant(name)}"
    return KINDS.get(posixpath.splitext(name)[1].lower(), "")


def meant(name):
    """Name the file that another is, or seems to be meant as: names change on their way here."""
    base = posixpath.basename(name).lower()
    if "vec" in base and base.endswith((".json", ".json.txt")):
        return VECTORS
    alike = [file for file in (*FUNCTIONS, SINGLE) if file.removesuffix(".py") in base]
    return alike[0] if alike and base.endswith((".py", ".txt")) else ""


def folder_of(name):
    """Give the folder of a file, with its "/"; empty for the top."""
    return name[: name.rfind("/") + 1]


def find(tree):
    """Find files that may be the main one of a submission, and their distance from the top."""
    mains = {}
    for folder in dict.fromkeys(map(folder_of, tree.files)):
        order = ("word2vec.py", "sgd.py", SINGLE, "quiz.py", INIT)
        names = [name for name in order if folder + name in tree.files]
        alone = SINGLE if INIT not in names else ""
        around = folder.split("/")[:-1]
        level = len(around) - (around[-1:] == ["submission"])  # as near as what lies beside it
        mains |= {folder + name: level for name in names if name in (names[0], alone)}
    theirs = [main for main in mains if GIVEN_FOLDERS.isdisjoint(main.split("/"))]
    is_linked = LINK in tree.problems.values()  # theirs may be elsewhere
    return {main: mains[main] for main in theirs} or ({} if is_linked else mains)


def read_code(tree):
    """Read the submissions in a folder or zip as one, and name their main files."""
    found, levels = {}, find(tree)
    mains = sorted(levels, key=lambda main: (posixpath.basename(main) == INIT, levels[main]))
    for main in mains[:MAX_RIVALS]:
        upload = read_package(tree, main)
        defines = defined(upload.package).keys() - {INIT}
        if defines:
            is_less = defines.isdisjoint(GRADED - FUNCTIONS["quiz.py"])
            found[main] = (is_less, levels[main]), upload
    if not found:
        return Upload({}, skipped=tuple(tree.notes), problem=what_is_there(tree)), []
    first, *others = sorted(found, key=lambda main: found[main][0])
    (rank, upload), used = found[first], [first]
    package, skipped = upload.package, [*tree.notes, *upload.skipped]
    for main in [*others, *mains[MAX_RIVALS:]]:
        place, other = found.get(main, (None, Upload({})))
        if fit_together(package, other.package):
            package, used = other.package | package, [*used, main]
            skipped += other.skipped
        elif place == rank:
            both = f"{one_line(first)} and {one_line(main)}"
            raise UploadError(f"{tree.label} holds both {both}, which differ. Hand in one of them.")
        elif not main.startswith(folder_of(first)) and not main.endswith(INIT):
            skipped.append(f"{one_line(main)} was left out: {one_line(first)} is graded")
    return Upload(package, skipped=tuple(skipped)), used


def definitions(file):
    """Find the names that a file gives a meaning at its top, and where: a match for each."""
    text = file.text.replace("\0", "")  # of UTF-16
    return {match[1] or match[2]: match for match in DEFINITION.finditer(text)}


def defined(package):
    """Find what files at the top of a package define: the graded functions, or who knows what."""
    found = {}
    for name, file in package.items():
        if name in OURS or not ("/" in name or meant(name)):
            names = GRADED & definitions(file).keys()
            if name in OURS and not names:
                names = {posixpath.basename(file.path)}
            found = dict.fromkeys(names, file) | found
    return found


def fit_together(ours, theirs):
    """Tell whether two packages can be graded as one: all that both hold or define is the same."""
    more = defined(theirs)
    ours, theirs = ours | defined(ours), theirs | more
    pairs = [(ours[name], theirs[name]) for name in ours.keys() & theirs.keys()]
    same = all(a == b or (a.data == b.data and not a.problem) for a, b in pairs)
    return same and not GRADED.isdisjoint(more)


def read_package(tree, main):
    """Read the package that the file `main` is of."""
    folder, main = folder_of(main), posixpath.basename(main)
    files = {name.removeprefix(folder): name for name in tree.files if name.startswith(folder)}
    if main not in OURS or INIT not in files:
        not_theirs = {INIT, "submission", *GIVEN} - {main}
        files = {name: files[name] for name in files if name.split("/")[0] not in not_theirs}
    if main not in OURS:  # the whole package, or a part of it by another name
        names = defined({INIT: tree.read(folder + main, MAX_SOURCE)}).keys()
        parts = [part for part in FUNCTIONS if names <= FUNCTIONS[part] and part not in files]
        files[parts[0] if parts else INIT] = files.pop(main)
    package, skipped, tried, total = {}, [], 0, 0
    for name in sorted(files, key=lambda name: (name not in OURS, name.count("/"), name)):
        full, shown = files[name], one_line(files[name])
        if not name.endswith(".py"):
            skipped += [f"{shown} {tree.problems[full]}"] if full in tree.problems else []
        elif not all(part.isidentifier() for part in name.removesuffix(".py").split("/")):
            reason = advice(name) or "Python cannot import a file of this name"
            skipped.append(f"{shown} was left out: {reason}")
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
    return Upload(package, skipped=(*skipped, *misnamed(files, package)))


def misnamed(files, package):
    """Say which files at the top are meant to be one that is not there, and are not graded so."""
    init = package.get(INIT)
    known = {*files, *defined({INIT: init} if init else {})}
    lacking = [ours for ours in FUNCTIONS if known.isdisjoint({ours, *FUNCTIONS[ours]})]
    for name in files if lacking else ():
        is_code = "/" not in name and name.lower().endswith((".py", ".py.txt"))
        is_used = name in package and (not init or name.removesuffix(".py") in init.text)
        if is_code and not is_used and meant(name) in lacking:
            yield f"{one_line(files[name])} was left out: {advice(name)}"


def with_vectors(upload, tree, mains=()):
    """Add the vectors file, unless there is one: from beside or above the main files, if any."""
    names = [name for name in tree.files if meant(name) == VECTORS]
    if mains:
        names = [name for name in names if any(main.startswith(folder_of(name)) for main in mains)]
    if upload.vectors is not None or not names:
        return upload
    names.sort(key=lambda name: name.count("/"), reverse=bool(mains))
    exact = [name for name in names if posixpath.basename(name) == VECTORS]
    samples = [name for name in names if "sample" in posixpath.basename(name).lower()]
    samples = exact[:1] or [name for name in samples if folder_of(name) == folder_of(samples[0])]
    file = tree.read((samples or names)[0], MAX_VECTORS)
    if not samples:
        file = replace(file, problem=f"was left out: {advice(names[0])}")
    elif len(samples) > 1:
        file = replace(file, problem=f"is not the only one; name the right one {VECTORS}")
    if file.problem:
        shown = one_line((samples or names)[0])
        return replace(upload, skipped=(*upload.skipped, f"{shown} {file.problem}"))
    return replace(upload, vectors=file.data, vectors_path=file.path)
