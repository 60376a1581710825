"""What a folder or a zip from a stranger holds: no link is followed, nothing lands on disk.

`Folder` and `Zip` are alike: ``label`` is what to call it; ``entries`` has for each file, by its
path with ``/``, what keeps it from being read, or ""; ``notes`` are lines on what was left out;
``read(name, limit)`` gives a file's content or raises `UnreadableError`.
"""

import contextlib
import errno
import io
import os
import stat
import zipfile

MAX_ENTRIES = 5_000  # looked at
MAX_DEPTH = 8  # folders in each other
MAX_READ = 4 * 2**20  # bytes at once from a zip file, as its table of contents is read at once
ENCRYPTED = 1  # a flag of a zip's member
IGNORED = {"__MACOSX", "__pycache__", "node_modules", "site-packages"}
LINK = "is a link, which is not followed; hand in the file itself"
SPECIAL = "is no regular file; hand in a plain file"
TWICE = "is in the zip twice, with different contents; keep one"
TOO_MANY = f"more than {MAX_ENTRIES:,} files: not all were looked at"
BELOW = os.open in os.supports_dir_fd and os.scandir in os.supports_fd  # not on Windows


def _flags(*names):
    return sum(getattr(os, name, 0) for name in names)  # 0 where the system has no such flag


OPEN_FILE = _flags("O_RDONLY", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_BINARY")
OPEN_FOLDER = _flags("O_RDONLY", "O_NOFOLLOW", "O_DIRECTORY")


class UploadError(ValueError):
    """What was handed in cannot be graded; the message says why and what to do, in one line."""


class UnreadableError(Exception):
    """A file cannot be read; the text goes on a sentence that starts with the file's name."""


def clean(text, limit=80):
    """Make a stranger's text fit to be shown: one line, no control characters, not too long.

    Parameters
    ----------
    text : object
        What to show, such as a file's name.
    limit : int
        Characters that are kept; of a longer text, the start and the end.

    Returns
    -------
    str
        Printable text.
    """
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    half = limit // 2 - 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"


def _is_ignored(name):
    return name.startswith(".") or name in IGNORED


def _problem_of(mode):
    """Say what keeps a thing of this mode from being read as a file."""
    if stat.S_ISLNK(mode):
        return LINK
    return "" if stat.S_ISREG(mode) else SPECIAL


def _check_size(size, limit):
    if size > limit:
        raise UnreadableError(f"is larger than {limit / 1e6:g} MB")


def _open_below(root, name, flags):
    """Open a file or folder below a folder; no part of `name` is followed if it is a link."""
    if not BELOW or not name:
        return os.open(os.path.join(root, name), flags)
    *folders, last = name.split("/")
    inside = os.open(root, OPEN_FOLDER)
    try:
        for folder in folders:
            outside, inside = inside, os.open(folder, OPEN_FOLDER, dir_fd=inside)
            os.close(outside)
        return os.open(last, flags, dir_fd=inside)
    finally:
        os.close(inside)


def open_file(root, name):
    """Open a regular file for reading.

    Parameters
    ----------
    root : str
        A folder.
    name : str
        Path below it with ``/``, no part of which may be a link.

    Returns
    -------
    io.BufferedReader
        The file.

    Raises
    ------
    UnreadableError
        If it is no regular file or cannot be opened.
    """
    try:
        file = io.FileIO(name, opener=lambda name, _: _open_below(root, name, OPEN_FILE))
    except OSError as error:
        reason = LINK if error.errno == errno.ELOOP else f"cannot be read: {error.strerror}"
        raise UnreadableError(reason) from error
    if problem := _problem_of(os.fstat(file.fileno()).st_mode):
        file.close()
        raise UnreadableError(problem)
    return io.BufferedReader(file)


class Folder:
    """The files of a folder, those near its top first.

    Parameters
    ----------
    root : str
        Its real path.
    label : str
        What to call it.
    names : list of str, optional
        Files to look for; all in it and its subfolders by default.
    """

    def __init__(self, root, label, names=None):
        self.root = root
        self.label = label
        self.entries = {}
        self.notes = []
        if names is None:
            self._walk()
        for name in names or ():
            with contextlib.suppress(OSError):
                self.entries[name] = _problem_of(os.lstat(os.path.join(root, name)).st_mode)

    def read(self, name, limit):
        """Read a file of at most `limit` bytes, or raise `UnreadableError`."""
        if self.entries[name]:
            raise UnreadableError(self.entries[name])
        with open_file(self.root, name) as stream:
            try:
                data = stream.read(limit + 1)
            except OSError as error:
                raise UnreadableError(f"cannot be read: {error.strerror}") from error
        _check_size(len(data), limit)
        return data

    def _walk(self):
        looked_at = 0
        folders = [""]
        for folder in folders:  # grows as subfolders are found
            try:
                items = self._list(folder, MAX_ENTRIES - looked_at)
            except OSError as error:
                self.entries[folder] = f"cannot be read: {error.strerror}"
                continue
            looked_at += len(items)
            for item, mode in sorted(items):
                name = f"{folder}/{item}" if folder else item
                if _is_ignored(item):
                    continue
                if not stat.S_ISDIR(mode):
                    self.entries[name] = _problem_of(mode)
                elif name.count("/") < MAX_DEPTH:
                    folders.append(name)
        if "" in self.entries:
            raise UploadError(f"{self.label} {self.entries['']}. Make it readable.")

    def _list(self, folder, limit):
        """Give name and mode of up to `limit` things in a folder."""
        place = _open_below(self.root, folder, OPEN_FOLDER) if BELOW else f"{self.root}/{folder}"
        found = []
        try:
            with os.scandir(place) as items:
                for item in items:
                    if len(found) == limit:
                        self.notes = [TOO_MANY]
                        break
                    found.append((item.name, item.stat(follow_symlinks=False).st_mode))
        finally:
            if BELOW:
                os.close(place)
        return found


class _InPieces:
    """A zip file, of which no piece may be so large that the table of contents fills the memory."""

    def __init__(self, stream):
        self._stream = stream
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable

    def read(self, size=-1):
        data = self._stream.read(min(size, MAX_READ + 1) if size >= 0 else MAX_READ + 1)
        if len(data) > MAX_READ:
            raise zipfile.BadZipFile("it holds too many files")
        return data


class Zip:
    """The files of a zip, those near its top first.

    Parameters
    ----------
    stream : binary file
        The zip file; it stays open as long as files are read.
    label : str
        What to call it.
    """

    def __init__(self, stream, label):
        self.label = label
        self.entries = {}
        self.notes = []
        self._members = {}
        try:
            self._zip = zipfile.ZipFile(_InPieces(stream))
        except Exception as error:  # zipfile, zlib and friends have no common word for "damaged"
            reason = f"cannot be read as a zip file: {clean(error)}"
            raise UploadError(f"{label} {reason}. Make it anew.") from error
        looked_at = 0
        for member in sorted(self._zip.infolist(), key=lambda member: member.filename.count("/")):
            parts = [p for p in member.filename.replace("\\", "/").split("/") if p not in ("", ".")]
            if not parts or any(_is_ignored(part) for part in parts if part != ".."):
                continue
            if looked_at == MAX_ENTRIES:
                self.notes.append(TOO_MANY)
                break
            looked_at += 1
            self._enter(member, parts)

    def _enter(self, member, parts):
        start, end, mode = member.filename[:1], member.filename[-1:], member.external_attr >> 16
        if start in ("/", "\\") or ".." in parts or ":" in parts[0]:
            self.notes.append(f"{clean(member.filename)} was left out: its path leads elsewhere")
            return
        if end in ("/", "\\") or stat.S_ISDIR(mode) or len(parts) > MAX_DEPTH + 1:
            return
        if member.flag_bits & ENCRYPTED:
            raise UploadError(f"{self.label} is encrypted. Make it anew, without a password.")
        name = "/".join(parts)
        first = self._members.setdefault(name, member)
        if (first.CRC, first.file_size) != (member.CRC, member.file_size):
            self.entries[name] = TWICE
        elif name not in self.entries:
            self.entries[name] = _problem_of(mode) if stat.S_IFMT(mode) else ""

    def read(self, name, limit):
        """Read a file of at most `limit` bytes, or raise `UnreadableError`."""
        if self.entries[name]:
            raise UnreadableError(self.entries[name])
        member = self._members[name]
        _check_size(member.file_size, limit)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise UnreadableError("is compressed in an unusual way; make the zip anew")
        try:
            with self._zip.open(member) as stream:
                data = stream.read(limit + 1)
        except Exception as error:  # as above
            raise UnreadableError(f"is damaged in the zip: {clean(error)}") from error
        _check_size(len(data), limit)
        return data
