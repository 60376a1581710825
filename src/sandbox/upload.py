"""What was handed in: the files of the package ``submission`` as bytes, and the vectors file."""

import dataclasses
import fnmatch
import io
import os
import posixpath
import stat
from pathlib import Path

from .archive import Folder, UnreadableError, UploadError, Zip, clean, open_file
from .sources import MODULES, OURS, SINGLE, Source, find, read_package, read_source, show

VECTORS = "sample_vectors_(soln).json"
VECTORS_ALIKE = "sample_vectors*.json"  # as browsers name a second download
MAX_VECTORS, MAX_ZIP = 5 * 10**6, 20 * 10**6  # bytes; a zip's, if it lies in a folder or a zip
MAX_RIVALS = 5
MAX_PATH = 4096  # characters; whole, so that the path can be used
MAX_LINES = 10
ZIP_STARTS = (b"PK\3\4", b"PK\5\6")
ARCHIVES = (".tar", ".gz", ".tgz", ".bz2", ".xz", ".rar", ".7z")
KINDS = {".ipynb": "a notebook", ".pdf": "a PDF"} | dict.fromkeys(ARCHIVES, "an archive, no zip")
HAND_IN = (
    "Hand in word2vec.py and sgd.py, or the folder submission/, or submission.py, "
    "or a zip of one of these."
)


@dataclasses.dataclass(frozen=True)
class Upload:
    """What was handed in.

    Attributes
    ----------
    package : dict of str to Source
        The files of the package ``submission``, by path in it, such as ``helpers/text.py``.
    vectors : bytes or None
        Content of the vectors file.
    vectors_path : str
        Where that lies; empty if there is none.
    skipped : tuple of str
        Lines on what was left out, and why.
    """

    package: dict[str, Source]
    vectors: bytes | None = None
    vectors_path: str = ""
    skipped: tuple = ()


def read_upload(path):
    """Read what was handed in, whatever it is.

    Parameters
    ----------
    path : str or Path
        A package folder, a folder holding ``submission/``, ``submission.py``, word2vec.py and
        sgd.py, or a zip of one of these; other folders may be around it.

    Returns
    -------
    Upload
        The files. Nothing of them was run, unpacked to disk, or reached by a link.

    Raises
    ------
    UploadError
        If there is no submission in it, or two; one line that says what to do.
    """
    path = Path(path)
    try:
        mode = os.lstat(path).st_mode
        real = os.path.realpath(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UploadError(f"{clean(path, 200)} cannot be read: {reason}. {HAND_IN}") from error
    label = clean(path if path.name not in ("", "..") else real, MAX_PATH)
    if stat.S_ISDIR(mode):
        upload = _read_folder(real, label)
    elif stat.S_ISREG(mode):
        upload = _read_file(real, label)
    else:
        kind = "a link, which is not followed" if stat.S_ISLNK(mode) else "no file or folder"
        raise UploadError(f"{label} is {kind}. Name the submission itself.")
    lines = tuple(dict.fromkeys(upload.skipped))
    if len(lines) > MAX_LINES:
        lines = (*lines[: MAX_LINES - 1], f"and {len(lines) - MAX_LINES + 1} more")
    return dataclasses.replace(upload, skipped=lines)


def _read_folder(path, label):
    """Read a folder; if it is the package itself, the vectors file may lie beside it."""
    tree = Folder(path, label)
    upload = _read_tree(tree)
    top = {name for name in tree.entries if "/" not in name}
    named = os.path.basename(path) == "submission" and top & {SINGLE, *OURS}
    if named or ("__init__.py" in top and top.intersection(MODULES)):
        beside = Folder(os.path.dirname(path), os.path.dirname(label), [VECTORS])
        return _with_vectors(upload, beside, [""])
    return upload


def _read_file(path, label):
    """Read a single file, a source or a zip; the vectors file may lie beside it."""
    (folder, name), shown_folder = os.path.split(path), os.path.dirname(label)
    suffix = os.path.splitext(name)[1].lower()
    try:
        with open_file(folder, name) as stream:
            if suffix == ".zip" or stream.read(4) in ZIP_STARTS:
                upload = _read_tree(Zip(stream, clean(name)))
                return _with_vectors(upload, Folder(folder, shown_folder, [VECTORS]), [""])
    except UnreadableError as error:
        raise UploadError(f"{label} {error}.") from error
    if suffix == ".py":
        tree = Folder(folder, shown_folder, [name, VECTORS])
        key = name if name in OURS else "__init__.py"
        return _with_vectors(Upload({key: read_source(tree, name)}), tree, [""])
    if fnmatch.fnmatchcase(name.lower(), VECTORS_ALIKE):
        return _with_vectors(Upload({}), Folder(folder, shown_folder, [name]), [""])
    raise UploadError(f"{label} is {_kind(name) or 'no Python file'}. {HAND_IN}")


def _read_tree(tree, is_inner=False):
    """Read what a folder or zip holds, or a zip that it holds if that is not in one itself."""
    nearest, others = find(tree)
    if nearest:
        return _read_best(tree, nearest, others)
    zips = [name for name in tree.entries if name.lower().endswith(".zip")]
    if len(zips) == 1 and not is_inner:
        label = show(tree, zips[0])
        try:
            stream = io.BytesIO(tree.read(zips[0], MAX_ZIP))
        except UnreadableError as error:
            raise UploadError(f"{label} {error}.") from error
        upload = _read_tree(Zip(stream, label), is_inner=True)
    else:
        upload = Upload({}, skipped=(*tree.notes, *_odd_files(tree)))
    folders = dict.fromkeys(map(posixpath.dirname, tree.entries))
    upload = _with_vectors(upload, tree, folders)
    if not upload.package and upload.vectors is None:
        raise UploadError(f"{tree.label} {_what_is_there(tree)}. {HAND_IN}")
    return upload


def _read_best(tree, nearest, others):
    """Read the submission that holds all those equally near, and its vectors file."""
    best = nearest[0]
    package, skipped = read_package(tree, best)
    for place in nearest[1:]:
        theirs, their_skipped = read_package(tree, place)
        if len(nearest) > MAX_RIVALS or not (_holds(package, theirs) or _holds(theirs, package)):
            both = f"{clean(best.file)} and {clean(place.file)}"
            raise UploadError(f"{tree.label} holds both {both}, which differ. Hand in one of them.")
        if not _holds(package, theirs):
            best, package, skipped = place, theirs, their_skipped
    left_out = [
        f"{clean(place.file)} was left out: {clean(best.file)} is graded"
        for place in others
        if best.folder and not place.file.startswith(f"{best.folder}/")
    ]
    folders = [best.folder]
    while folders[-1]:
        folders.append(posixpath.dirname(folders[-1]))
    upload = Upload(package, skipped=(*tree.notes, *left_out, *skipped))
    return _with_vectors(upload, tree, folders)


def _holds(package, other):
    """Tell whether a package has all the files of another, with the same content."""
    return all(
        name in package
        and package[name].data == source.data
        and (source.data or not source.problem)
        for name, source in other.items()
    )


def _with_vectors(upload, tree, folders):
    """Add the vectors file, unless there is one: the nearest of its name, or one of a like name."""
    groups = {}
    for name in tree.entries:
        folder, file = posixpath.split(name)
        if fnmatch.fnmatchcase(file.lower(), VECTORS_ALIKE):
            groups.setdefault(folder, []).append(name)
    alike = [groups[folder] for folder in folders if folder in groups]
    if upload.vectors is not None or not alike:
        return upload
    exact = [name for names in alike for name in names if posixpath.basename(name) == VECTORS]
    names = exact[:1] or alike[0]
    try:
        if len(names) > 1:
            raise UnreadableError(f"is not the only one; name the right one {VECTORS}")
        data = tree.read(names[0], MAX_VECTORS)
    except UnreadableError as error:
        return dataclasses.replace(upload, skipped=(*upload.skipped, f"{clean(names[0])} {error}"))
    return dataclasses.replace(upload, vectors=data, vectors_path=show(tree, names[0]))


def _odd_files(tree):
    """Name files that are often handed in by mistake."""
    for name in tree.entries:
        if kind := _kind(name):
            yield f"{clean(name)} is {kind}: left out"


def _kind(name):
    return KINDS.get(posixpath.splitext(name)[1].lower(), "")


def _what_is_there(tree):
    """Say what a folder or zip holds instead of a submission."""
    if not tree.entries:
        return "is empty"
    names = sorted(
        tree.entries, key=lambda name: (not tree.entries[name], not name.endswith(".py"))
    )
    told = [clean(name) for name in names[:3]]
    for i, name in enumerate(names[:3]):
        if what := tree.entries[name] or _kind(name):
            told[i] += f" ({what})"
    told += [f"{len(names) - 3} more"] if len(names) > 3 else []
    return f"has no word2vec.py, sgd.py or submission.py, but {', '.join([*told, *tree.notes])}"
