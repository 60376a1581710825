"""data/fetch.py against a small server of our own, with stand-ins for the treebank's files."""

import errno
import hashlib
import http.server
import io
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import zipfile
from pathlib import Path

import pytest
from boxes import IS_ROOT

import fetch
from utils.commands import ROOT, join
from utils.treebank_files import REAL

RUN = join(["make", "-C", str(ROOT), "run"])  # the tests run elsewhere

THREE = ["datasetSentences.txt", "datasetSplit.txt", "sentiment_labels.txt"]
FOUR = [*THREE, "dictionary.txt"]
GOOD = {name: f"{name}: a stand-in\n".encode() * 50 for name in FOUR}
PART = {name: GOOD[name] for name in THREE}
DAMAGED = GOOD | {"datasetSplit.txt": b"damaged"}
README = {"README.txt": b"Socher et al. 2013\n"}
TOP = "stanfordSentimentTreebank/"


def zipped(files, folder=TOP, kind=zipfile.ZIP_STORED):
    """Return the bytes of a zip file with `files` (name -> content)."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return stream.getvalue()


def written(folder, files):
    """Write `files` into a new `folder` and return it."""
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def held(folder):
    """Return name -> content of the files in `folder`, or None if there is no such folder."""
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else None


def without(name):
    """Return the good files but one."""
    return {n: content for n, content in GOOD.items() if n != name}


class Server(http.server.ThreadingHTTPServer):
    """Gives one answer of its list to each request, the last one for ever: (body, status, sent)."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/treebank.zip"
        self.answers, self.requests = [], 0

    def give(self, body, status=200, sent=1.0):
        """Answer with `body`, hanging up after the part `sent`; without a status all is body."""
        self.answers.append((body, status, int(len(body) * sent)))

    def handle_error(self, *args):
        """Keep quiet if a client hangs up: stderr is under test."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Gives the server's next answer."""

    def do_GET(self):
        """Send status, length and as much of the body as was asked for."""
        body, status, sent = self.server.answers[: self.server.requests + 1][-1]
        self.server.requests += 1
        if not status:
            self.wfile.write(body)
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:sent])

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture(autouse=True)
def stand_ins(monkeypatch, tmp_path_factory):
    """Let the stand-ins be the right files; keep the surroundings out of it."""
    for name, content in GOOD.items():
        blob = b"blob " + str(len(content)).encode() + b"\0" + content
        sums = hashlib.sha256(content).hexdigest(), hashlib.sha1(blob).hexdigest()
        monkeypatch.setitem(fetch.CHECKSUMS, name, sums[name not in THREE])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def deaf():
    """Return a socket that is connected to, but never answers, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(10)
        yield deaf, f"http://127.0.0.1:{deaf.getsockname()[1]}/x.zip"


@pytest.fixture
def target(tmp_path):
    """Return where the treebank is to go; afterwards nothing but it may be beside it."""
    folder = tmp_path / "data"
    folder.mkdir()
    yield folder / "treebank"
    assert [p.name for p in folder.iterdir() if p.name != "treebank"] == []


@pytest.fixture
def run(server, target, capsys):
    """Return a function that runs main, expects success, and returns the lines of stdout."""

    def run(*args, code=0, match=""):
        options = ["--url", server.url, "--target", str(target), "--pause", "0"]
        assert fetch.main([*options, *map(str, args)]) == code
        out, err = capsys.readouterr()
        assert re.fullmatch(match, err)
        return out.splitlines()

    return run


@pytest.fixture(params=[None, DAMAGED], ids=["new", "damaged"])
def fails(request, run, target):
    """Return a function that expects a failure in one line, and nothing changed."""
    if request.param:
        written(target, request.param)

    def fails(*args, match, code=2):
        before = held(target)
        run(*args, code=code, match=f"fetch.py: .*{match}.*\n")  # `.` is no line end
        assert held(target) == before

    return fails


def popen(*args):
    """Start fetch.py as people do, with stdout and stderr into one log."""
    command = [sys.executable, fetch.__file__, *map(str, args)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# From the web


def test_good_download(run, server, target):
    server.give(zipped(GOOD | README | {"notes.txt": b"not taken"}))
    assert run("") == [  # an empty FROM, as from make
        f"downloading {server.url}",
        f"{target} now holds 4 of 4 files, from {server.url}. Next: {RUN}",
    ]
    assert held(target) == GOOD | README
    assert target.stat().st_mode == target.parent.stat().st_mode  # for others to read, too


@pytest.mark.parametrize("trouble", [{"sent": 0.6}, {"sent": 0}, {"status": 503}])
def test_trouble_twice_then_good(run, server, target, monkeypatch, trouble):
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    server.give(zipped(GOOD), **trouble)
    server.give(zipped(GOOD), **trouble)
    server.give(zipped(GOOD))
    tries = run("--pause", "1.5")[1:-1]
    assert [line.split("; ")[1] for line in tries] == [f"trying again in {n} s" for n in (1.5, 3)]
    assert held(target) == GOOD
    assert server.requests == 3
    assert naps == [1.5, 3.0]


FLIPPED = bytearray(zipped(GOOD))
FLIPPED[100] ^= 1  # in the content of the first file
ANSWERS = [
    (zipped(GOOD), {"sent": 0.5}, 3, r"broken off after [\d,]+ of [\d,]+ bytes \(tries: 3\)"),
    (b"no HTTP\r\n", {"status": None}, 3, r"no HTTP \(tries: 3\)"),
    (b"gone", {"status": 404}, 1, r"404 Not Found \(tries: 1\).*make data FROM=DIR"),
    (b"<html>Log in</html>", {}, 1, "cannot be read as a zip file: File is not a zip file"),
    (bytes(FLIPPED), {}, 1, "datasetSentences.txt"),
    (zipped(GOOD | {"datasetSplit.txt": bytes(10**7)}, kind=zipfile.ZIP_DEFLATED), {}, 1, "65,536"),
    (bytes(10**6), {"sent": 0.1}, 3, "broken off after 65,536 of 1,000,000 bytes"),
    (zipped(GOOD | {"dictionary.txt": b"hello\n"}), {}, 1, "6 bytes with checksum ce013625030b"),
    *((zipped(without(name)), {}, 1, f"holds no {name}, ") for name in FOUR),
    *((zipped(GOOD | {name: b"no"}), {}, 1, f"{name} .* 2 bytes") for name in FOUR),
    (zipped(GOOD, "..\\"), {}, 1, "no datasetSe"),
]


@pytest.mark.parametrize(("body", "how", "tries", "match"), ANSWERS, ids=[a[-1] for a in ANSWERS])
def test_bad_answer(fails, server, monkeypatch, body, how, tries, match):
    monkeypatch.setattr(fetch, "MAX_BYTES", 2**16)
    server.give(body, **how)
    fails(match=match)
    assert server.requests == tries


def test_no_answer(fails, deaf, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", 0.05)
    fails("--url", deaf[1], match=r"timed out \(tries: 3\)")
    deaf[0].close()
    fails("--url", deaf[1], match=r"refused \(tries: 3\).*make data FROM=DIR")
    fails("--url", "treebank.zip", match="treebank.zip: unknown url type.*tries: 1")


def test_zip_slip_beside_good_files(run, server, target, tmp_path):
    names = [f"{up}README.txt" for up in ["../", f"{TOP}../../../", f"{tmp_path}/", f"{TOP}x/"]]
    good = {TOP + name: content for name, content in GOOD.items()}
    server.give(zipped(good | dict.fromkeys(names, b"evil"), folder=""))
    assert "now holds 4 of 4 files" in run()[-1]
    assert held(target) == GOOD
    assert list(tmp_path.rglob("README.txt")) == []


# From a copy of one's own


@pytest.mark.parametrize("place", ["copy", "with  blanks in it", "stanfordSentimentTreebank"])
@pytest.mark.parametrize("inside", ["", TOP, "repo-main/utils/datasets/"])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_copy(run, server, target, tmp_path, place, inside, kind):
    source, files = tmp_path / place, GOOD | README | {"notes.txt": b"not taken"}
    if kind == "zip":
        source.write_bytes(zipped(files, inside))
    else:
        written(source / inside, files)
    assert run(source) == [f"{target} now holds 4 of 4 files, from {source}. Next: {RUN}"]
    assert held(target) == GOOD | README
    assert server.requests == 0


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_copy_with_the_line_ends_of_windows(run, target, tmp_path, kind):
    source = tmp_path / "copy"
    files = {name: content.replace(b"\n", b"\r\n") for name, content in GOOD.items()}
    written(source, files) if kind == "folder" else source.write_bytes(zipped(files))
    assert "now holds 4 of 4 files" in run(source)[0]
    assert held(target) == GOOD


def test_the_right_one_of_two_treebanks_is_taken(run, target, tmp_path):
    written(tmp_path / "repo" / "a sample", DAMAGED)
    written(tmp_path / "repo" / "treebank", GOOD)
    run(tmp_path / "repo")
    assert held(target) == GOOD


def test_what_belongs_to_the_archive_is_kept(run, target, tmp_path):
    more = {"SOStr.txt": b"1", "STree.txt": b"2", "original_rt_snippets.txt": b"3"}
    written(target, DAMAGED | more)
    run(written(tmp_path / "copy", GOOD | README))
    assert held(target) == GOOD | README | more


def test_what_no_further_try_will_mend_is_said_with_the_remedy(fails, monkeypatch):
    def untrusted(url, timeout):
        raise urllib.error.URLError(ssl.SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED"))

    fails("--url", "http://nowhere.invalid/x.zip", match=r"online\? \(tries: 1\).*FROM=DIR")
    monkeypatch.setattr(fetch.urllib.request, "urlopen", untrusted)
    fails(match=r"certificate cannot be checked.* 'Install Certificates.command'.*\(tries: 1\)")


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_copy_without_dictionary(run, target, tmp_path, kind):
    source = tmp_path / "copy"
    written(source, PART) if kind == "folder" else source.write_bytes(zipped(PART))
    line, missing = run(source)
    assert "now holds 3 of 4 files" in line
    assert re.match(r"dictionary.txt is missing: .*\(sent_labels", missing)
    assert held(target) == PART


@pytest.mark.parametrize("name", FOUR)
def test_bad_copy(fails, tmp_path, monkeypatch, name):
    old_mac = GOOD[name].replace(b"\n", b"\r")
    fails(
        written(tmp_path / "a", GOOD | {name: old_mac}),
        match=f"{name} of .*a is not the treebank's",
    )
    if name in THREE:
        fails(written(tmp_path / "b", without(name)), match=f"b holds no {name}, ")
    monkeypatch.setattr(fetch, "MAX_BYTES", 2**16)
    huge = GOOD | {name: bytes(10**6)}
    fails(written(tmp_path / "c", huge), match=f"{name} of .*c is not the treebank's: 65,536 bytes")


def test_no_copy(fails, tmp_path):
    fails(tmp_path / "x", match=".*x is no folder or zip file that is there")
    fails(written(tmp_path / "y", README), match="y holds no datasetSentences.txt, ")
    fails(tmp_path / "y" / "README.txt", match="README.txt cannot be read as a zip file")


def test_copy_that_may_not_be_read(fails, tmp_path, monkeypatch):
    source, opened = written(tmp_path / "copy", GOOD), Path.open

    def denied(path, *args, **kwargs):
        if path.parent == source:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", denied)
    fails(source, match="copy cannot be read: Permission denied")


def test_home_and_relative_paths(run, target, tmp_path, monkeypatch):
    written(tmp_path / "home" / "copy", GOOD)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    line = f"data/treebank now holds 4 of 4 files, from home/copy. Next: {RUN}"
    assert run("~/copy", "--target", "data/treebank") == [line]


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_passes_blanks():
    command = ["make", "-n", "data", "FROM=my copy.zip"]
    root = Path(fetch.__file__).parents[1]
    shown = subprocess.run(command, cwd=root, capture_output=True, text=True).stdout
    assert 'data/fetch.py "my copy.zip"' in shown


# What is there already


def test_already_there(run, server, target, tmp_path):
    written(target, GOOD | {"STree.txt": b"the user's"})
    inode = target.stat().st_ino
    line = f"{target} is already there, 4 files with right checksums. Next: {RUN}"
    assert run() == run(tmp_path / "nowhere") == [line]
    assert server.requests == 0
    assert target.stat().st_ino == inode


def test_copy_adds_nothing(run, target, tmp_path):
    inode = written(target, PART).stat().st_ino
    there, missing = run(written(tmp_path / "copy", PART | README))
    assert "is already there" in there
    assert missing.startswith("dictionary.txt is missing")
    assert target.stat().st_ino == inode


@pytest.mark.parametrize("way", ["web", "copy"])
@pytest.mark.parametrize("old", [PART, *({**GOOD, name: b"damaged"} for name in FOUR)])
def test_completing_and_replacing(run, server, target, tmp_path, way, old):
    written(target, old | README | {".DS_Store": b""})
    server.give(zipped(GOOD))
    lines = run(*([written(tmp_path / "copy", GOOD)] if way == "copy" else []))
    assert "now holds 4 of 4 files" in lines[-1]
    assert held(target) == GOOD | README
    assert server.requests == (way == "web")


@pytest.mark.parametrize("old", [DAMAGED, PART | {"dictionary.txt": b"damaged"}])
def test_only_a_right_dictionary_outlives_a_copy_without(run, target, tmp_path, old):
    written(target, old)
    lines = run(written(tmp_path / "copy", PART))
    assert held(target) == (GOOD if old is DAMAGED else PART)
    assert lines[-1].startswith("dictionary.txt is missing") == (old is not DAMAGED)


def test_link_is_replaced_and_its_folder_kept(run, target, tmp_path):
    shared = written(tmp_path / "shared", DAMAGED)
    target.symlink_to(shared)
    run(written(tmp_path / "copy", GOOD))
    assert not target.is_symlink()
    assert held(target) == GOOD
    assert held(shared) == DAMAGED


def test_targets_that_cannot_be(run, server, target):
    thesis = written(target, {"thesis.tex": b"three years of work"}) / "thesis.tex"
    run(code=2, match="fetch.py: .* also holds thesis.tex.*--target DIR.\n")
    for folder in [thesis, target / "a" / "b"]:
        run("--target", folder, code=2, match=f"fetch.py: {folder} cannot be written: No.* dir.*\n")
    assert thesis.exists()
    assert server.requests == 0


# Trouble on the disk, and interruptions


@pytest.mark.skipif(IS_ROOT, reason="root may write everywhere")
def test_target_in_a_folder_for_reading_only(fails, target):
    target.parent.chmod(0o555)
    fails(match="cannot be written: Permission denied.*--target DIR")
    target.parent.chmod(0o755)


def test_disk_full(fails, tmp_path, monkeypatch):
    source, write_bytes = written(tmp_path / "copy", GOOD), Path.write_bytes

    def full(path, content):
        write_bytes(path, content[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    fails(source, match="cannot be written: No space left on device.*--target DIR")


@pytest.mark.parametrize("trouble", [OSError(errno.EBUSY, "Busy"), KeyboardInterrupt()])
@pytest.mark.parametrize("moved", ["treebank", "new"])
def test_trouble_between_the_renames(fails, tmp_path, monkeypatch, trouble, moved):
    source, rename = written(tmp_path / "copy", GOOD), Path.rename

    def hampered(path, to):
        if path.name == "new":
            raise trouble
        rename(path, to)
        if path.name == moved:  # the old one is away, the new one not yet there
            raise trouble

    monkeypatch.setattr(Path, "rename", hampered)
    interrupted = isinstance(trouble, KeyboardInterrupt)
    match = "stopped, nothing was changed" if interrupted else "cannot be written: Busy"
    fails(source, match=match, code=130 if interrupted else 2)


@pytest.mark.parametrize("name", ["treebank", "tree [bank]*"])
def test_leftovers_of_killed_runs_go(run, tmp_path, name):
    leftover = written(tmp_path / f".fetch-{name}-x1", {"datasetSplit.txt": b"half"})
    other = written(tmp_path / ".fetch-other-x1", {})
    run("--target", written(tmp_path / name, GOOD))
    assert not leftover.exists()
    assert other.exists()


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(target, deaf, kind):
    with popen("--target", target, "--url", deaf[1]) as process, deaf[0].accept()[0]:
        assert list(target.parent.iterdir()) != []  # it waits for an answer
        process.send_signal(kind)
        log, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert log == f"downloading {deaf[1]}\nfetch.py: stopped, nothing was changed.\n"


def test_program_fails_in_one_line(server, target, tmp_path):
    server.give(zipped(GOOD))  # wrong bytes for the program itself; no bar off a terminal
    wrong = f"downloading {server.url}\nfetch.py: datasetSentences.txt of .*\n"
    for args, expected in [
        ([], wrong),
        ([tmp_path / "no where"], "fetch.py: .*no where is no folder or zip file.*\n"),
    ]:
        with popen("--target", target, "--url", server.url, *args) as process:
            log, _ = process.communicate(timeout=10)
        assert process.returncode == 2
        assert re.fullmatch(expected, log)


# The real thing


def test_it_goes_where_it_is_looked_for():
    assert fetch.parse([]).target == REAL


def test_real_treebank(real_treebank, monkeypatch):
    monkeypatch.undo()  # the real table
    there = fetch.read_folder(real_treebank)
    assert set(THREE) <= there.keys()
    assert fetch.wrong(there) == []
