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
    """Write a zip of texts and bytes by their paths; those named as programs can be run."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            member = zipfile.ZipInfo(name, MOMENT)
            member.create_system = 3  # Unix, on Windows too: else unzip ignores the modes
            member.external_attr = (0o100755 if name in programs else 0o100644) << 16
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, contents[name])
    with contextlib.suppress(OSError):  # write_files says what is in the way
        path.parent.mkdir(parents=True, exist_ok=True)
    write_files({path: made.getvalue()})


def collect(*patterns, below=ROOT):
    """Read the files that match patterns, as bytes by their paths below a folder; each must match.

    Texts get the line ends of Unix, whatever the checkout has.
    """
    contents = {}
    for pattern in patterns:
        found = [path for path in sorted(below.glob(pattern)) if path.is_file()]
        if not found:
            raise InputError(f"{below / pattern} not found: is this checkout complete?")
        for path in found:
            data = path.read_bytes()
            text = data if b"\0" in data else data.replace(b"\r\n", b"\n")
            contents[path.relative_to(below).as_posix()] = text
    return contents
