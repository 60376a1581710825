"""The files of a folder or a zip from a stranger, few and small enough to be read.

No link is followed, no pipe waited for, and nothing lands on disk; only with `follow`, for a folder
of one's own, links lead where they lead. A hard link is a file like any other.
"""

import contextlib
import io
import os
import posixpath
import re
import stat
import zipfile
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from .text import one_line

MAX_ENTRIES = 20_000  # files and folders looked at
MAX_DEPTH = 8  # folders in each other
MAX_AT_ONCE = 4 * 2**20  # bytes; more than the table of contents of any zip of ours
IGNORED = re.compile(r"\.(?!\.$).*|__MACOSX|__pycache__|node_modules|site-packages", re.S)
LINK = "is a link, which is not followed; hand in what it leads to"
SPECIAL = "is not a regular file; hand in a plain file"
TWICE = "is in the zip twice, with different contents; keep one"
UNUSUAL = "is compressed in an unusual way; make the zip again"
TOO_MANY = f"more than {MAX_ENTRIES:,} files: not all were looked at"
READ = sum(getattr(os, flag, 0) for flag in ("O_RDONLY", "O_NONBLOCK", "O_NOCTTY"))
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class UploadError(ValueError):
    """What was handed in cannot be graded; the message says why and what to do, in one line."""


@dataclass(frozen=True)
class Source:
    """A file of an upload."""

    path: str  # as people know it, and stack traces show it
    data: bytes
    problem: str = ""  # what keeps it from being used, in one line

    @property
    def text(self):
        """The file as text, its line ends those of Python."""
        return re.sub("\r\n?", "\n", self.data.decode(errors="replace"))


def problem_of_text(data):
    """Say what keeps bytes from being Python source; a declared encoding is left to Python."""
    zeros = data.count(0) / max(len(data), 1)
    if zeros > 0.25 or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is in UTF-16 or UTF-32; save it as UTF-8"
    if not zeros and re.match(rb"(.*\n)?[ \t\f]*#.*?coding[:=](?![ \t]*utf-?8)", data):
        return ""
    try:
        data.replace(b"\0", b"\xff").decode("utf-8")
    except UnicodeDecodeError as error:
        at = error.start
        return f"is not UTF-8 text: byte 0x{data[at]:02x} at position {at}; save it as UTF-8"
    return ""


@dataclass
class Tree:
    """The files of a folder or zip by their paths with "/", those near its top first."""

    label: str  # what people call it
    files: dict = field(default_factory=dict)  # what opens each
    problems: dict = field(default_factory=dict)  # what keeps some of them from being read
    notes: list = field(default_factory=list)  # lines on what was left out

    def add(self, name, mode, *opener):
        """Enter a file; a mode of 0, as some zips have it, is that of a plain file."""
        self.files.setdefault(name, partial(*opener))
        if stat.S_ISLNK(mode):
            self.problems[name] = LINK
        elif stat.S_IFMT(mode) not in (stat.S_IFREG, 0):
            self.problems[name] = SPECIAL

    def read(self, name, limit):
        """Read a file of at most `limit` bytes."""
        path = posixpath.join(self.label, one_line(name, 200))
        if name in self.problems:
            return Source(path, b"", self.problems[name])
        data = bytearray()
        try:
            with self.files[name]() as stream:
                while len(data) <= limit and (piece := stream.read(2**20)):
                    data += piece
        except OSError as error:
            return Source(path, b"", f"cannot be read: {error.strerror}")
        except Exception as error:  # zipfile, zlib and friends have no common word for "damaged"
            return Source(path, b"", f"is damaged in the zip: {one_line(error)}")
        if len(data) > limit:
            return Source(path, b"", f"is larger than {limit / 1e6:g} MB")
        return Source(path, bytes(data))


def list_folder(root, label, follow=False):
    """List the files of a folder and its subfolders."""
    tree, left, folders = Tree(label), MAX_ENTRIES, [""]
    for folder in folders:  # grows as subfolders are found
        try:
            items = look_into(root, folder, follow, left + 1)
        except OSError as error:
            problem = f"cannot be read: {error.strerror}"
            if not folder:
                raise UploadError(f"{label} {problem}. Make it readable.") from error
            tree.files[folder], tree.problems[folder] = None, problem
            continue
        if len(items) > left:
            items, tree.notes = items[:left], [TOO_MANY]
        left -= len(items)
        for item, mode in sorted(items):
            name = posixpath.join(folder, item)
            if IGNORED.fullmatch(item):
                continue
            if not stat.S_ISDIR(mode):
                tree.add(name, mode, open_file, root, name, follow)
            elif name.count("/") < MAX_DEPTH:
                folders.append(name)
    return tree


def list_names(folder, label, *names, follow=False):
    """List some files of a folder, as far as they are there."""
    tree = Tree(label)
    for name in names:
        with contextlib.suppress(OSError):
            mode = os.stat(os.path.join(folder, name), follow_symlinks=follow).st_mode
            tree.add(name, mode, open_file, folder, name, follow)
    return tree


def look_into(root, name, follow, limit):
    """Give name and mode of up to `limit` things in a folder, or of what links lead to."""
    with contextlib.ExitStack() as stack:
        place = os.path.join(root, name)
        if os.scandir in os.supports_fd:  # not on Windows
            place = open_below(root, name, follow)
            stack.callback(os.close, place)
        items = islice(stack.enter_context(os.scandir(place)), limit)
        return [(item.name, mode_of(item, follow)) for item in items]


def mode_of(item, follow):
    """Give the mode of a thing in a folder, that of a link if it leads nowhere."""
    with contextlib.suppress(OSError):
        return item.stat(follow_symlinks=follow).st_mode
    return item.stat(follow_symlinks=False).st_mode


class InPieces(io.BufferedReader):
    """A file of which not much is read at once, as the table of contents of a zip would be."""

    def read(self, size=-1):
        """Read up to `size` bytes."""
        if size > MAX_AT_ONCE:
            raise zipfile.BadZipFile("it holds too many files")
        return super().read(size if size >= 0 else MAX_AT_ONCE)


def open_file(root, name, follow=False):
    """Open a file below a folder; what became a pipe since it was listed is not waited for."""
    return InPieces(io.FileIO(name, opener=lambda *_: open_below(root, name, follow)))


def open_below(root, name, follow):
    """Open a folder, or what is below it; but to follow links, no part of `name` may be one."""
    if follow or not name or os.open not in os.supports_dir_fd:  # as on Windows
        return os.open(os.path.join(root, name) if name else root, READ | NO_LINK * (not follow))
    inside = open_below(root, posixpath.dirname(name), follow)
    try:
        return os.open(posixpath.basename(name), READ | NO_LINK, dir_fd=inside)
    finally:
        os.close(inside)


def list_zip(stream, label):
    """List the files of a zip, which must stay open as long as they are read."""
    tree, members = Tree(label), []
    try:
        packed = zipfile.ZipFile(stream)
    except Exception as error:  # as above
        reason = f"cannot be read as a zip file: {one_line(error)}"
        raise UploadError(f"{label} {reason}. Make it again.") from error
    for member in packed.infolist():
        parts = [part for part in re.split(r"[/\\]", member.filename) if part not in ("", ".")]
        if parts and not any(map(IGNORED.fullmatch, parts)):
            members.append((parts, member))
    members.sort(key=lambda entry: len(entry[0]))
    tree.notes += [TOO_MANY] * (len(members) > MAX_ENTRIES)
    for parts, member in members[:MAX_ENTRIES]:
        name, mode = "/".join(parts), member.external_attr >> 16
        if member.filename[0] in "/\\" or ".." in parts or ":" in parts[0]:
            shown = one_line(member.filename)
            tree.notes.append(f"{shown} was left out: its path leads out of the zip")
        elif member.flag_bits & 1:
            raise UploadError(f"{label} is encrypted. Make it again, without a password.")
        elif not (member.filename[-1] in "/\\" or stat.S_ISDIR(mode) or len(parts) > MAX_DEPTH + 1):
            tree.add(name, mode, packed.open, member)
            (first,) = tree.files[name].args
            if (first.CRC, first.file_size) != (member.CRC, member.file_size):
                tree.problems[name] = TWICE
            if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                tree.problems[name] = UNUSUAL
    return tree
