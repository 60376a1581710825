"""Zip files that are the same bytes whenever they are made of the same files."""

import contextlib
import io
import zipfile
from pathlib import Path

from utils.utils import InputError, write_files

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
MOMENT = (2000, 1, 1, 0, 0, 0)  # of every file in them


def write_zip(path, contents, programs=()):
    """Write a zip file.

    Parameters
    ----------
    path : Path
        File to make or replace, whole.
    contents : dict of str to (str or bytes)
        Content of each file, by its path in the zip.
    programs : collection of str
        Those that can be run.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, MOMENT)
            member.create_system = 3  # Unix, on Windows too: else unzip passes over the modes
            member.external_attr = (0o100755 if name in programs else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, contents[name])
    with contextlib.suppress(OSError):  # write_files says what hinders
        path.parent.mkdir(parents=True, exist_ok=True)
    write_files({path: made.getvalue()})


def collect(*patterns, below=ROOT):
    """Read files.

    Parameters
    ----------
    *patterns : str
        Patterns of paths below a folder, as of `Path.glob`; each must match.
    below : Path
        The folder.

    Returns
    -------
    dict of str to bytes
        Content of each file, by its path below the folder.

    Raises
    ------
    InputError
        If nothing matches a pattern.
    """
    contents = {}
    for pattern in patterns:
        found = [path for path in sorted(below.glob(pattern)) if path.is_file()]
        if not found:
            raise InputError(f"{below / pattern} not found: is this checkout whole?")
        contents |= {path.relative_to(below).as_posix(): _read(path) for path in found}
    return contents


def _read(path):
    """Read a file, a text with the line ends of Unix, whatever the checkout has."""
    content = path.read_bytes()
    return content if b"\0" in content else content.replace(b"\r\n", b"\n")
