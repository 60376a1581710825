"""data/fetch.py against a small server of our own, with stand-ins for the treebank's files."""

import errno
import hashlib
import http.server
import io
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

import fetch
from utils.commands import ROOT, join
from utils.treebank_files import REAL

RUN = join(["make", "-C", str(ROOT), "run"])  # the tests run elsewhere
THREE = ["datasetSentences.txt", "datasetSplit.txt", "sentiment_labels.txt"]
FOUR = [*THREE, "dictionary.txt"]
GOOD = {name: f"{name}: a stand-in\n".encode() * 50 for name in FOUR}
PART = {name: GOOD[name] for name in THREE}
WINDOWS = {name: content.replace(b"\n", b"\r\n") for name, content in GOOD.items()}
DAMAGED = GOOD | {"datasetSplit.txt": b"damaged"}
README = {"README.txt": b"Socher et al. 2013\n"}
TOP = "stanfordSentimentTreebank/"


def zipped(files, folder=TOP, kind=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", kind) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
    return stream.getvalue()


def written(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def held(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def without(name):
    return {n: content for n, content in GOOD.items() if n != name}


class Web(http.server.BaseHTTPRequestHandler):
    """Gives one answer of a list to each request, the last one for ever."""

    def do_GET(self):
        body, status, sent = self.server.answers[: self.server.requests + 1][-1]
        self.server.requests += 1
        if status:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
        self.wfile.write(body[: int(len(body) * sent)])

    def log_message(self, *args):
        pass


@pytest.fixture(autouse=True)
def naps(monkeypatch, tmp_path_factory):
    """Let the stand-ins be the right files, and waiting take no time; give how long it would."""
    for name, content in GOOD.items():
        blob = b"blob " + str(len(content)).encode() + b"\0" + content
        sums = hashlib.sha256(content).hexdigest(), hashlib.sha1(blob).hexdigest()
        monkeypatch.setitem(fetch.CHECKSUMS, name, sums[name not in THREE])
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    naps = []
    monkeypatch.setattr(time, "sleep", naps.append)
    return naps


@pytest.fixture
def server():
    """Give a server; `give` adds an answer of which a part is sent, without a status no HTTP."""
    with http.server.HTTPServer(("127.0.0.1", 0), Web) as server:
        server.url = f"http://127.0.0.1:{server.server_port}/treebank.zip"
        server.answers, server.requests = [], 0
        server.give = lambda body, status=200, sent=1.0: server.answers.append((body, status, sent))
        server.handle_error = lambda *args: None  # of a client that hangs up; stderr is under test
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def deaf():
    """Give a socket that is connected to, but never answers, and its URL."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        deaf.settimeout(10)
        yield deaf, f"http://127.0.0.1:{deaf.getsockname()[1]}/x.zip"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data" / "treebank"


@pytest.fixture
def run(server, target, capsys):
    """Give a function that runs main, expects success, and returns the lines of stdout."""

    def run(*arguments, code=0, match=""):
        options = ["--url", server.url, "--target", str(target)]
        assert fetch.main([*options, *map(str, arguments)]) == code
        out, err = capsys.readouterr()
        assert re.fullmatch(match, err)
        return out.splitlines()

    return run


@pytest.fixture
def fails(run, target):
    """Give a function that expects a failure in one line, and nothing changed."""
    written(target, DAMAGED)

    def fails(*arguments, match):
        run(*arguments, code=2, match=f"fetch.py: .*{match}.*\n")  # `.` is no line end
        assert held(target) == DAMAGED

    return fails


@pytest.fixture(params=["folder", "zip"])
def copy(request, tmp_path):
    """Give a function that writes a copy of the user's, a folder or a zip file."""

    def copy(files, inside="", name="a copy"):
        path = tmp_path / name
        if request.param == "folder":
            written(path / inside, files)
        else:
            path.write_bytes(zipped(files, inside))
        return path

    return copy


# From the web


@pytest.mark.parametrize("trouble", [{"sent": 0.6}, {"status": 503}])
def test_trouble_twice_then_good(run, server, target, naps, tmp_path, trouble):
    files = {TOP + name: content for name, content in (GOOD | README).items()}
    for up in ("../", f"{TOP}../../../", f"{tmp_path}/", f"{TOP}x/"):
        files[f"{up}README.txt"] = b"evil"
    for how in (trouble, trouble, {}):
        server.give(zipped(files | {f"{TOP}notes.txt": b"not taken"}, folder=""), **how)
    first, *tries, last = run("")  # an empty FROM, as from make
    assert first == f"downloading {server.url}"
    assert [line.split("; ")[1] for line in tries] == [f"trying again in {n} s" for n in (2, 4)]
    assert last == f"{target} now holds 4 of 4 files, from {server.url}. Next: {RUN}"
    assert naps == [2, 4]
    assert held(target) == GOOD | README
    assert list(tmp_path.rglob("README.txt")) == [target / "README.txt"]


FLIPPED = bytearray(zipped(GOOD))
FLIPPED[100] ^= 1  # in the content of the first file
ANSWERS = [
    (zipped(GOOD), {"sent": 0.5}, 3, r"broken off after [\d,]+ of [\d,]+ bytes \(tries: 3\)"),
    (b"no HTTP\r\n", {"status": None}, 3, r"no HTTP \(tries: 3\)"),
    (b"gone", {"status": 404}, 1, r"404 Not Found \(tries: 1\).*make data FROM=COPY"),
    (b"<html>Log in</html>", {}, 1, "cannot be read as a zip file: File is not a zip file"),
    (bytes(FLIPPED), {}, 1, "datasetSentences.txt"),
    (zipped(GOOD | {"datasetSplit.txt": bytes(10**7)}, kind=zipfile.ZIP_DEFLATED), {}, 1, "65,536"),
    (bytes(10**6), {"sent": 0.1}, 3, "broken off after 65,536 of 1,000,000 bytes"),
    (zipped(GOOD | {"dictionary.txt": b"hello\n"}), {}, 1, "6 bytes with checksum ce013625030b"),
    *((zipped(without(name)), {}, 1, f"has no {name}, ") for name in FOUR),
    (zipped(GOOD, "..\\"), {}, 1, "has no datasetSe"),
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
    fails("--url", deaf[1], match=r"refused \(tries: 3\).*make data FROM=COPY")


def test_what_no_further_try_will_mend_is_said_with_the_remedy(fails, monkeypatch):
    def untrusted(url, timeout):
        raise urllib.error.URLError(ssl.SSLCertVerificationError(1, "CERTIFICATE_VERIFY_FAILED"))

    fails("--url", "treebank.zip", match=r"treebank.zip: unknown url type.*\(tries: 1\)")
    fails("--url", "http://nowhere.invalid/x.zip", match=r"online\? \(tries: 1\).*FROM=COPY")
    monkeypatch.setattr(fetch.urllib.request, "urlopen", untrusted)
    fails(match=r"certificate cannot be checked.* 'Install Certificates.command'.*\(tries: 1\)")


# From a copy of one's own


@pytest.mark.parametrize(
    ("files", "inside", "there"),
    [
        (GOOD | README, "", GOOD | README),
        (WINDOWS, TOP, GOOD),
        (PART, "repo-main/utils/datasets/", PART),
    ],
)
def test_copy(run, server, target, copy, files, inside, there):
    source = copy(files | {"notes.txt": b"not taken"}, inside)
    first, *more = run(source)
    count = len(GOOD.keys() & there)
    assert first == f"{target} now holds {count} of 4 files, from {source}. Next: {RUN}"
    assert [line[:25] for line in more] == ["dictionary.txt is missing"] * (count < 4)
    assert held(target) == there
    assert server.requests == 0


def test_the_right_one_of_two_treebanks_is_taken(run, target, tmp_path):
    written(tmp_path / "repo" / "a sample", DAMAGED)
    written(tmp_path / "repo" / "treebank", GOOD)
    run(tmp_path / "repo")
    assert held(target) == GOOD


@pytest.mark.parametrize("name", FOUR)
def test_bad_copy(fails, copy, name):
    old_mac = GOOD | {name: GOOD[name].replace(b"\n", b"\r")}
    fails(copy(old_mac), match=f"{name} of .*a copy is not the treebank's")
    if name in THREE:
        fails(copy(without(name), name="b"), match=f"b has no {name}, ")


def test_no_copy(fails, tmp_path, monkeypatch):
    fails(tmp_path / "x", match="there is no folder or zip file .*x. Is it spelled right")
    fails("~nobody at all/x", match="there is no folder or zip file ~nobody at all/x. Is it")
    source, read_bytes = written(tmp_path / "y", README), Path.read_bytes
    fails(source, match="y has no datasetSentences.txt, ")
    fails(source / "README.txt", match="README.txt cannot be read as a zip file")
    (source / "datasetSentences.txt").touch()

    def denied(path):
        if path.parent == source:
            raise PermissionError(errno.EACCES, "Permission denied")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", denied)
    fails(source, match="y cannot be read: Permission denied")


def test_home_and_relative_paths(run, tmp_path, monkeypatch):
    written(tmp_path / "home" / "copy", GOOD)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    line = f"data/treebank now holds 4 of 4 files, from home/copy. Next: {RUN}"
    assert run("~/copy", "--target", "data/treebank") == [line]


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_passes_blanks():
    command = ["make", "-n", "data", "FROM=my copy.zip"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    assert 'data/fetch.py "my copy.zip"' in shown


# What is there already


def test_already_there(run, server, target, tmp_path, copy):
    written(target, GOOD)
    line = f"{target} is already there, 4 files with right checksums. Next: {RUN}"
    assert run() == run(tmp_path / "nowhere") == [line]
    (target / "dictionary.txt").unlink()
    source = copy(PART)
    there, missing = run(source)
    assert there == f"{target} is already there, and {source} adds nothing. Next: {RUN}"
    assert missing.startswith("dictionary.txt is missing")
    assert server.requests == 0


@pytest.mark.parametrize("old", [PART, DAMAGED, GOOD | {"sentiment_labels.txt": b"damaged"}])
def test_completing_and_replacing(run, server, target, tmp_path, old):
    written(target, old | {"thesis.tex": b"three years of work"})
    kept = (target / "sentiment_labels.txt").stat().st_ino
    server.give(zipped(GOOD))
    assert "now holds 4 of 4 files" in run()[-1]
    assert held(target) == GOOD | {"thesis.tex": b"three years of work"}
    is_kept = old in (PART, DAMAGED)  # and not written again
    assert ((target / "sentiment_labels.txt").stat().st_ino == kept) == is_kept


@pytest.mark.parametrize("old", [DAMAGED, PART | {"dictionary.txt": b"damaged"}])
def test_only_a_right_dictionary_outlives_a_copy_without(run, target, copy, old):
    written(target, old)
    lines = run(copy(PART))
    assert held(target) == (GOOD if old is DAMAGED else PART)
    assert lines[-1].startswith("dictionary.txt is missing") == (old is not DAMAGED)


def test_targets_that_cannot_be(run, server, tmp_path):
    (tmp_path / "thesis.tex").touch()
    for folder in [tmp_path / "thesis.tex", tmp_path / "thesis.tex" / "b"]:
        match = f"fetch.py: {folder} cannot be used: .*--target DIR.\n"
        run("--target", folder, code=2, match=match)
    assert server.requests == 0


def test_the_program_is_interrupted(target, deaf):
    command = [sys.executable, fetch.__file__, "--target", target, "--url", deaf[1]]
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen(command, text=True, **pipe) as process, deaf[0].accept()[0]:
        process.send_signal(signal.SIGINT)
        log, _ = process.communicate(timeout=10)
    assert (process.returncode, log) == (130, f"downloading {deaf[1]}\nStopped.\n")
    assert not target.exists()


def test_the_program_fails_in_one_line_and_leaves_no_folder(server, target):
    server.give(zipped(GOOD))  # wrong bytes for the program itself; no bar off a terminal
    command = [sys.executable, fetch.__file__, "--target", target, "--url", server.url]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, f"downloading {server.url}\n")
    assert re.fullmatch("fetch.py: datasetSentences.txt of .*\n", done.stderr)
    assert not target.exists()


def test_the_real_treebank_is_where_it_is_looked_for(real_treebank, run, monkeypatch):
    monkeypatch.undo()  # the real table
    assert "is already there, " in run("--target", REAL, real_treebank)[0]
