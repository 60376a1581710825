"""Put the Stanford Sentiment Treebank into data/stanfordSentimentTreebank/.

It comes from its home on the web, or from a copy of your own: a folder or a zip file. Every file is
checked before any is written; files that are already right stay as they are.
"""

import sys
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
import program  # isort: split

import contextlib
import hashlib
import http.client
import io
import os
import socket
import ssl
import time
import urllib.error
import urllib.request
import zipfile

from tqdm import tqdm

from utils.commands import command, from_here
from utils.treebank_files import DICTIONARY, REAL, SENTENCES
from utils.utils import InputError, write_files

URL = f"http://nlp.stanford.edu/~socherr/{REAL.name}.zip"
CHECKSUMS = {  # SHA-256, or for 40 digits a git blob id
    "datasetSentences.txt": "f7ae959a5ff0565eb860c3f2e600dde118bcb49aee63df8fa9b9a806da235553",
    "datasetSplit.txt": "ad567db10ae5275963f1ac3dd5ec21214b1d688c7aab582e2616ef4b3f970a5a",
    "sentiment_labels.txt": "20cbb150106bf334304a6f2076644eb7e1d8e17c7cd3d2d347e72bcaa2b4d322",
    "dictionary.txt": "1cb6a347bd8bc9f23e7e5de6bfb1c9e5e6562119",
}
FILES = *CHECKSUMS, "README.txt"  # by the authors of the treebank, not checked
DEPTH = 4  # of folders in which a copy is looked for
MAX_BYTES = 2**26  # nothing is downloaded or unpacked beyond; the real files are well below
TRIES = 3
PAUSE = 2.0  # seconds before the second try; twice as many before the third
TIMEOUT = 30.0  # seconds without a byte
FINAL = {  # what no further try will mend
    socket.gaierror: "no such host is found: is this machine online?",
    ssl.SSLCertVerificationError: "its certificate cannot be checked; on macOS, run 'Install "
    "Certificates.command' in the folder of your Python",
}
ANY_COPY = "Any good copy will do: make data FROM=COPY, or python data/fetch.py COPY"
WITHOUT_DICTIONARY = (
    f"{DICTIONARY} is missing: word vectors do not need it; sentence labels (sent_labels, "
    "get_split_sentences, get_train_sentences ...) do. The web has it:"
)


def checksum(content, like):
    """Calculate the checksum of a file's content, of the same kind as another checksum."""
    if len(like) == 40:
        blob = b"blob %d\0" % len(content) + content
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest()
    return hashlib.sha256(content).hexdigest()


def wrong(files):
    """Name the files, of name -> content, that are not as published."""
    known = CHECKSUMS.keys() & files.keys()
    return {name for name in known if checksum(files[name], CHECKSUMS[name]) != CHECKSUMS[name]}


def check(files, needed, source):
    """Raise InputError unless all files needed are there, and all that are there are right."""
    if missing := [name for name in needed if name not in files]:
        raise InputError(
            f"{source} has no {', '.join(missing)}, at its top or in a folder below. {ANY_COPY}"
        )
    for name in sorted(wrong(files)):
        content, expected = files[name], CHECKSUMS[name]
        raise InputError(
            f"{name} of {source} is not the treebank's: {len(content):,} bytes with checksum "
            f"{checksum(content, expected)[:12]}..., expected {expected[:12]}.... {ANY_COPY}"
        )


def as_published(name, content):
    """Give a file the line ends of the original, if it differs in nothing else."""
    lines = content.replace(b"\r\n", b"\n")
    return lines if wrong({name: content}) and not wrong({name: lines}) else content


def pick(paths, read):
    """Read the folder that is the treebank, or else the first that looks like it."""
    found = []
    for top in [path.parent for path in paths if path.name == SENTENCES]:
        names = [name for name in FILES if top / name in paths]
        found.append({name: as_published(name, read(top / name)) for name in names})
    return next((files for files in found if not wrong(files)), found[0] if found else {})


def read_zip(file, source):
    """Read the treebank's files in a zip file, which is from `source`."""
    try:
        with zipfile.ZipFile(file) as archive:  # no name in it is used as a path
            members = {PurePosixPath(name): name for name in archive.namelist()}

            def read(path):
                with archive.open(members[path]) as stream:
                    return stream.read(MAX_BYTES)

            return pick(members, read)
    except Exception as error:  # zipfile, zlib and friends have no common word for "damaged"
        raise InputError(f"{source} cannot be read as a zip file: {error}. {ANY_COPY}") from error


def read_folder(folder):
    """Read the treebank's files in a folder, or in one below."""
    paths = [path for depth in range(DEPTH) for path in folder.glob("*/" * depth + "*.txt")]
    return pick([path for path in paths if path.is_file()], Path.read_bytes)


def from_copy(source):
    """Read the treebank from a copy of the user's; it may be without dictionary.txt."""
    try:
        if source.is_file():
            files = read_zip(source, source)
        elif source.is_dir():
            files = read_folder(source)
        else:
            raise InputError(
                f"there is no folder or zip file {source}. Is it spelled right? "
                f"Without it, '{command('data')}' goes to the web."
            )
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}.") from error
    check(files, [name for name in CHECKSUMS if name != DICTIONARY], source)
    return files


def receive(url):
    """Download once, with a progress bar."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        length = response.headers.get("Content-Length") or ""
        total = int(length) if length.isdecimal() else None
        content = bytearray()
        name = url.split("/")[-1]
        with tqdm(total=total, unit="B", unit_scale=True, desc=name, disable=None) as bar:
            while len(content) < MAX_BYTES and (chunk := response.read(2**14)):
                content += chunk
                bar.update(len(chunk))
    if total is not None and len(content) < total:
        raise ConnectionError(f"broken off after {len(content):,} of {total:,} bytes")
    return bytes(content)


def problem(error):
    """Say why a download failed, and whether it would fail again."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"{error.code} {error.reason}", error.code < 500
    reason = getattr(error, "reason", error)
    for kind, told in FINAL.items():
        if isinstance(reason, kind):
            return told, True
    return " ".join(str(reason).split()), isinstance(error, ValueError)  # which is of the URL


def from_web(url):
    """Download the treebank; try again after what may be over soon."""
    print(f"downloading {url}", flush=True)
    for tried in range(1, TRIES + 1):
        try:
            content = receive(url)
            break
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason, is_final = problem(error)
        if is_final or tried == TRIES:
            raise InputError(f"{url}: {reason} (tries: {tried}). {ANY_COPY}")
        pause = PAUSE * 2 ** (tried - 1)
        print(f"{reason}; trying again in {pause:g} s", flush=True)
        time.sleep(pause)
    files = read_zip(io.BytesIO(content), url)
    check(files, CHECKSUMS, url)
    return files


def fetch(source, url, target):
    """Put the treebank into the folder `target`, from a copy or, without one, from the web."""
    paths = [target / name for name in CHECKSUMS]
    there = {path.name: path.read_bytes() for path in paths if path.is_file()}
    damaged = wrong(there)
    right = there.keys() - damaged
    adds = f"is already there, {len(CHECKSUMS)} files with right checksums"
    if right != CHECKSUMS.keys():
        offered = from_copy(source) if source else from_web(url)
        adds = f"is already there, and {source} adds nothing"
        if damaged or CHECKSUMS.keys() & offered.keys() - right:
            write_files({target / name: offered[name] for name in offered.keys() - right})
            for name in damaged - offered.keys():
                (target / name).unlink()
            right |= offered.keys() & CHECKSUMS
            adds = f"now holds {len(right)} of {len(CHECKSUMS)} files, from {source or url}"
    print(f"{target} {adds}. Next: {command('run')}")
    if DICTIONARY not in right:
        print(f"{WITHOUT_DICTIONARY} {command('data')}")


def main(arguments=None):
    """Run the program; return 0, 2 if there is no treebank, 130 if it was stopped."""
    parser = program.OneLineParser(prog="fetch.py", description=__doc__)
    add = parser.add_argument
    add("source", metavar="COPY", nargs="?", help="folder or zip file (default: from the web)")
    add("--url", default=URL, help="default: %(default)s")
    add("--target", metavar="DIR", default=REAL, help="default: %(default)s")
    options = parser.parse_args(arguments)
    source, target = options.source and path_of(options.source), path_of(options.target)

    def work():
        try:
            target.mkdir(parents=True, exist_ok=True)
            fetch(source, options.url, target)
        except OSError as error:
            raise InputError(
                f"{options.target} cannot be used: {error.strerror or error}. "
                "Name another folder: --target DIR."
            ) from error
        finally:
            with contextlib.suppress(OSError):
                target.rmdir()  # if it is empty, as nothing came

    return program.run("fetch.py", work)


def path_of(text):
    """Read a path on the command line; make leaves ~ to us."""
    return from_here(Path(os.path.expanduser(text)).absolute())


if __name__ == "__main__":
    program.launch(main)
