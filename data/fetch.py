"""Put the Stanford Sentiment Treebank into data/stanfordSentimentTreebank/.

It comes from its home on the web, or from a copy of one's own (a folder or a zip file). Every file
is checked before anything is put in place: a folder that is there is replaced whole, or not at all.
"""

import sys
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import program  # isort: split

import glob
import hashlib
import http.client
import io
import os
import shutil
import signal
import socket
import ssl
import tempfile
import time
import urllib.error
import urllib.request
import zipfile

from tqdm import tqdm

from utils.commands import command
from utils.treebank_files import DICTIONARY, REAL, SENTENCES
from utils.utils import InputError

URL = f"http://nlp.stanford.edu/~socherr/{REAL.name}.zip"
CHECKSUMS = {  # SHA-256, or for 40 digits a git blob id
    "datasetSentences.txt": "f7ae959a5ff0565eb860c3f2e600dde118bcb49aee63df8fa9b9a806da235553",
    "datasetSplit.txt": "ad567db10ae5275963f1ac3dd5ec21214b1d688c7aab582e2616ef4b3f970a5a",
    "sentiment_labels.txt": "20cbb150106bf334304a6f2076644eb7e1d8e17c7cd3d2d347e72bcaa2b4d322",
    "dictionary.txt": "1cb6a347bd8bc9f23e7e5de6bfb1c9e5e6562119",
}
REST = "README.txt", "SOStr.txt", "STree.txt", "original_rt_snippets.txt"
FILES = *CHECKSUMS, *REST  # the rest is kept if it is there, not checked
DEPTH = 4  # of folders in which a copy is looked for
MAX_BYTES = 2**26  # nothing is read beyond; the real files are well below
TRIES = 3
TIMEOUT = 30.0  # seconds without a byte
FINAL = {  # what no further try will mend
    socket.gaierror: "no such host is found: is this machine online?",
    ssl.SSLCertVerificationError: "its certificate cannot be checked; on macOS, run 'Install "
    "Certificates.command' in the folder of your Python",
}
WITHOUT_DICTIONARY = (
    f"{DICTIONARY} is missing: word vectors do without it; sentence labels (sent_labels, "
    "get_split_sentences, get_train_sentences ...) do not. The web has it: "
)


def any_copy():
    """Tell how the treebank comes from a copy."""
    if "MAKELEVEL" in os.environ:
        return "Any good copy will do: make data FROM=DIR or FROM=FILE.zip."
    return f"Any good copy will do, a folder or zip file: {command('data')} COPY"


def say(line):
    """Print a line at once, so that it keeps its place among those of stderr."""
    print(line, flush=True)


def checksum(content, like):
    """Return the checksum of `content`, of the same kind as the hexadecimal string `like`."""
    if len(like) == 40:
        blob = b"blob %d\0" % len(content) + content
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    return hashlib.sha256(content).hexdigest()


def wrong(files):
    """Return the names in `files` (name -> content) whose content has not the checksum."""
    return [n for n, like in CHECKSUMS.items() if n in files and checksum(files[n], like) != like]


def check(files, needed, source):
    """Raise InputError unless all `needed` names are in `files`, and all checksums right."""
    if missing := [name for name in CHECKSUMS if name in needed and name not in files]:
        raise InputError(
            f"{source} holds no {', '.join(missing)}, at its top or in a folder below. {any_copy()}"
        )
    if bad := wrong(files):
        name, expected = bad[0], CHECKSUMS[bad[0]]
        raise InputError(
            f"{name} of {source} is not the treebank's: {len(files[name]):,} bytes with checksum "
            f"{checksum(files[name], expected)[:12]}..., expected {expected[:12]}.... "
            f"{any_copy()}"
        )


def as_published(name, content):
    """Return a file's content with the line ends of the original, if only they differ."""
    lines = content.replace(b"\r\n", b"\n")
    return lines if wrong({name: content}) and not wrong({name: lines}) else content


def read(path):
    """Return the content of the file at `path`."""
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES)


def read_folder(folder):
    """Return name -> content of the treebank's files in `folder`."""
    paths = [folder / name for name in FILES]
    return {path.name: read(path) for path in paths if path.is_file()}


def pick(paths, content_of):
    """Return name -> content of the files in the folder that is the treebank, or looks most so."""
    tops, found = {path.parent for path in paths if path.name == SENTENCES}, []
    for top in sorted(tops, key=lambda top: (len(top.parts), top)):
        names = [path.name for path in paths if path.parent == top and path.name in FILES]
        found.append({name: as_published(name, content_of(top / name)) for name in names})
    return next((files for files in found if not wrong(files)), found[0] if found else {})


def read_zip(file, source):
    """Return name -> content of the treebank's files in the zip `file`, which is from `source`."""
    try:
        with zipfile.ZipFile(file) as archive:  # no name in it is used as a path
            members = {PurePosixPath(member.filename): member for member in archive.infolist()}

            def content_of(path):
                with archive.open(members[path]) as stream:
                    return stream.read(MAX_BYTES)

            return pick(members, content_of)
    except Exception as error:  # zipfile, zlib and friends have no common word for "damaged"
        raise InputError(f"{source} cannot be read as a zip file: {error}. {any_copy()}") from error


def from_copy(source):
    """Return name -> content from a copy of the user's: a folder, some around it, or a zip."""
    try:
        if source.is_file():
            files = read_zip(source, source)
        elif source.is_dir():
            levels = [source.glob("*/" * depth + "*.txt") for depth in range(DEPTH)]
            files = pick([path for level in levels for path in level if path.is_file()], read)
        else:
            raise InputError(
                f"{source} is no folder or zip file that is there. Is it spelled right? "
                f"Without it, '{command('data')}' goes to the web."
            )
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.") from error
    check(files, CHECKSUMS.keys() - {DICTIONARY}, source)  # word vectors do without it
    return files


def receive(url):
    """Return the content at `url`, after one try with a progress bar."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        length = response.headers.get("Content-Length") or ""
        total = int(length) if length.isdecimal() else None
        content = bytearray()
        bar = tqdm(total=total, unit="B", unit_scale=True, desc=url.split("/")[-1], disable=None)
        with bar:
            while len(content) < MAX_BYTES and (chunk := response.read(2**14)):
                content += chunk
                bar.update(len(chunk))
    if total is not None and len(content) < total:
        raise ConnectionError(f"broken off after {len(content):,} of {total:,} bytes")
    return bytes(content)


def from_web(url, pause):
    """Return name -> content from the zip at `url`; between tries wait `pause` s, then twice."""
    say(f"downloading {url}")
    for tried in range(1, TRIES + 1):
        try:
            files = read_zip(io.BytesIO(receive(url)), url)
            break
        except urllib.error.HTTPError as error:
            error.close()
            reason, final = f"{error.code} {error.reason}", error.code < 500
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason, final = getattr(error, "reason", error), isinstance(error, ValueError)
            for kind, told in FINAL.items():
                if isinstance(reason, kind):
                    reason, final = told, True
            reason = " ".join(str(reason).split())
        if final or tried == TRIES:
            raise InputError(f"{url}: {reason} (tries: {tried}). {any_copy()}")
        say(f"{reason}; trying again in {pause:g} s")
        time.sleep(pause)
        pause *= 2
    check(files, CHECKSUMS.keys(), url)
    return files


def check_target(target):
    """Raise InputError if `target` holds other things than the treebank: they would be lost."""
    others = set(os.listdir(target)) - {*FILES, ".DS_Store"} if target.exists() else ()
    if others:
        raise InputError(
            f"{target} is not the whole treebank, and not to be replaced, since it also holds "
            f"{min(others)}. Move it away, or name another folder: --target DIR."
        )


def put_in_place(files, target, workspace):
    """Write `files` as the folder `target`; an old one goes to `workspace` if all went well."""
    new, old = workspace / "new", workspace / "old"
    new.mkdir()
    for name, content in files.items():
        (new / name).write_bytes(content)
    try:
        if os.path.lexists(target):
            target.rename(old)
        new.rename(target)
    except BaseException:
        if os.path.lexists(old) and not os.path.lexists(target):
            old.rename(target)
        raise


def fetch(source, url, target, pause):
    """Put the treebank into a folder, unless it is there already.

    Parameters
    ----------
    source : Path or None
        A copy of the user's, folder or zip file; it may be without dictionary.txt.
    url : str
        Where the zip file is downloaded from if there is no `source`.
    target : Path
        The folder. Its right files are kept, wrong and missing ones replaced.
    pause : float
        Seconds between the first two tries of a download.

    Raises
    ------
    InputError, OSError
        If that cannot be done; `target` is then as it was.
    """
    prefix = f".fetch-{target.name}-"
    for leftover in target.parent.glob(f"{glob.escape(prefix)}*"):
        shutil.rmtree(leftover, ignore_errors=True)  # of a run that was killed
    files = read_folder(target)
    bad = wrong(files)
    if CHECKSUMS.keys() <= files.keys() and not bad:
        count = f"{len(CHECKSUMS)} files with right checksums"
        say(f"{target} is already there, {count}. Next: {command('run')}")
        return
    check_target(target)
    scratch = {"prefix": prefix, "dir": target.parent, "ignore_cleanup_errors": True}
    with tempfile.TemporaryDirectory(**scratch) as workspace:
        offered = from_copy(source) if source else from_web(url, pause)
        files = {name: files[name] for name in files.keys() - bad}
        if bad or CHECKSUMS.keys() & (offered.keys() - files.keys()):
            files |= offered
            put_in_place(files, target, Path(workspace))
            count = f"{len(CHECKSUMS.keys() & files.keys())} of {len(CHECKSUMS)} files"
            say(f"{target} now holds {count}, from {source or url}. Next: {command('run')}")
        else:
            say(f"{target} is already there, and {source} adds nothing. Next: {command('run')}")
    if DICTIONARY not in files:
        say(WITHOUT_DICTIONARY + command("data"))


def tidy(path):
    """Return `path` without ~ and .., relative to the current folder if it is below it."""
    path, here = Path(os.path.abspath(os.path.expanduser(path))), Path.cwd()
    return path.relative_to(here) if here in path.parents else path


def parse(arguments):
    """Read the command line; wrong usage ends the program with exit code 2 and one line."""
    parser = program.OneLineParser(prog="fetch.py", description=__doc__)
    add = parser.add_argument
    add("source", metavar="COPY", nargs="?", help="folder or zip file (default: from the web)")
    add("--url", default=URL, help="default: %(default)s")
    add("--target", metavar="DIR", default=REAL, help="default: %(default)s")
    seconds = program.number(float, 0, 3600)
    add("--pause", type=seconds, default=2.0, metavar="N", help="seconds before the second try")
    return parser.parse_args(arguments)


def main(arguments=None):
    """Run the program; return 0, 2 if there is no treebank, 130 if it was stopped."""
    options = parse(arguments)
    source = tidy(options.source) if options.source else None

    def work():
        try:
            fetch(source, options.url, tidy(options.target), options.pause)
        except OSError as error:
            raise InputError(
                f"{options.target} cannot be written: {error.strerror or error}. Make room or get "
                "leave to write, or name another folder: --target DIR."
            ) from error

    return program.run("fetch.py", work, lambda: "fetch.py: stopped, nothing was changed.")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # clean up as after Ctrl-C
    program.launch(main)
