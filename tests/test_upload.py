"""What was handed in, from whom and in what shape ever: found and read, or refused in one line."""

import io
import os
import stat
import struct
import tracemalloc
import warnings
import zipfile

import pytest
from boxes import IS_ROOT

from sandbox.text import one_line
from sandbox.upload import VECTORS, Source, UploadError, read_upload

posix_only = pytest.mark.skipif(os.name != "posix", reason="makes links or pipes")
LINK = "is a link, which is not followed; hand in what it leads to"
SPECIAL = "is not a regular file; hand in a plain file"
F, G, QUIZ = "sigmoid = 1", "sgd = 2", "question_1 = 4"
LOOSE = {"word2vec.py": F, "sgd.py": G}
PACKAGE = LOOSE | {"__init__.py": "from .word2vec import sigmoid"}
ALL = f"{F}\ndef sgd(f):\n    pass"
SINGLE = {"submission.py": ALL}
TEA = '{"tea": [1]}'
VECTOR = {VECTORS: TEA}
LARGE = "#" * (10**6 + 1)
CANNOT = " was left out: Python cannot import a file of this name"


def under(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


def as_folder(where, files):
    """Make a folder of files; content is text or bytes."""
    where.mkdir(parents=True, exist_ok=True)
    for folder in {(where / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (where / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return where


def pack(files, compression=zipfile.ZIP_DEFLATED):
    """Give the bytes of a zip of files; the pairs of a list may have a name twice."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as packed, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that are there twice
        for name, content in files.items() if isinstance(files, dict) else files:
            packed.writestr(name, content)
    return stream.getvalue()


def as_zip(where, files, **options):
    path = where.with_name(f"{where.name}.zip")
    path.write_bytes(pack(files, **options))
    return path


def as_zip_in_folder(where, files):
    return as_folder(where, {"all.zip": pack(files), "__MACOSX/._all.zip": "", ".DS_Store": ""})


def as_zip_in_zip(where, files):
    return as_zip(where, {"all.zip": pack(files)})


both = pytest.mark.parametrize("make", [as_folder, as_zip])


@pytest.fixture(autouse=True)
def no_file_stays_open():
    before = os.path.isdir("/dev/fd") and os.listdir("/dev/fd")
    yield
    assert not before or {*os.listdir("/dev/fd")} <= {*before}


@pytest.fixture(params=["descriptors", "paths"])
def system(request, monkeypatch):
    """Give what the system opens folders by; "paths" is Windows."""
    if request.param == "paths":
        monkeypatch.setattr(os, "supports_dir_fd", set())
        monkeypatch.setattr(os, "supports_fd", set())
    return request.param


@pytest.fixture
def memory():
    """Give what counts the bytes that Python holds."""
    tracemalloc.start()
    yield tracemalloc
    tracemalloc.stop()


def contents(handed_in):
    return {name: source.data.decode() for name, source in handed_in.package.items()}


def refused(path):
    """Give the message of a refusal, which is one printable line of moderate length."""
    with pytest.raises(UploadError) as error:
        read_upload(path)
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < 1000
    assert message.endswith(".")
    return message


LAYOUTS = {  # files, the package and the vectors in them, lines on what was left out
    "a package and vectors in it": (PACKAGE | VECTOR, PACKAGE, TEA),
    "vectors in the package": (under("submission", PACKAGE | VECTOR), PACKAGE, TEA),
    "vectors beside the package": (under("submission", PACKAGE) | VECTOR, PACKAGE, TEA),
    "a checkout": (under("src/submission", PACKAGE) | under("src", VECTOR | {"run.py": ""}) | under("src/utils", {"word2vec.py": "no"}) | under("tests", LOOSE | SINGLE) | under("src/grading", {"quiz.py": ""}) | under(".venv/a", LOOSE), PACKAGE, TEA),
    "deep down": (under("1/2/3/submission", PACKAGE) | VECTOR, PACKAGE, TEA),
    "without __init__.py": (under("submission", {"quiz.py": QUIZ} | LOOSE), {"quiz.py": QUIZ} | LOOSE, None),
    "sub-packages": (under("s", PACKAGE | {"a/__init__.py": "", "a/b/c.py": "c", "tests/t.py": "t"}), PACKAGE | {"a/__init__.py": "", "a/b/c.py": "c", "tests/t.py": "t"}, None),
    "the quiz alone": ({"quiz.py": QUIZ}, {"quiz.py": QUIZ}, None),
    "loose with helpers": (LOOSE | {"helper.py": "h", "lib/x.py": "x", "notes.txt": "", "x.pyc": ""}, LOOSE | {"helper.py": "h", "lib/x.py": "x"}, None),
    "loose with what is given": (LOOSE | dict.fromkeys(["grader.py", "graderUtil.py", "run.py", "setup.py", "conftest.py", "utils/utils.py", "tests/t.py"], ""), LOOSE, None),
    "submission.py": (SINGLE | VECTOR, {"__init__.py": ALL}, TEA),
    "submission.py with more": (SINGLE | {"quiz.py": QUIZ, "helper.py": "h", "run.py": ""}, {"__init__.py": ALL, "quiz.py": QUIZ, "helper.py": "h"}, None),
    "submission.py with an empty __init__.py": (SINGLE | {"__init__.py": ""}, {"__init__.py": ALL}, None),
    "submission.py in a package": (PACKAGE | SINGLE, PACKAGE | SINGLE, None),
    "only __init__.py, of any name": (under("a/mine", {"__init__.py": ALL}) | {"b/__init__.py": "", "setup.py": ""}, {"__init__.py": ALL}, None),
    "__init__.py and modules of other names": (under("mine", {"__init__.py": "from .all import *", "all.py": ALL}), {"__init__.py": "from .all import *", "all.py": ALL}, None),
    "__init__.py and the quiz": (under("mine", {"__init__.py": ALL, "quiz.py": QUIZ}), {"__init__.py": ALL, "quiz.py": QUIZ}, None),
    "two halves, single files": (under("src-quiz", {"submission.py": QUIZ, "grader.py": ""}) | under("src-word2vec", SINGLE) | VECTOR, {"__init__.py": ALL, "quiz.py": QUIZ}, TEA),
    "two halves, one of them elsewhere": (under("a/b", {"submission.py": QUIZ}) | under("submission", PACKAGE), PACKAGE | {"quiz.py": QUIZ}, None),
    "three parts": ({"a/submission.py": F, "b/submission.py": G, "c/quiz.py": QUIZ}, LOOSE | {"quiz.py": QUIZ}, None),
    "one file with the quiz alone": ({"submission.py": QUIZ}, {"quiz.py": QUIZ}, None),
    "a copy that is named otherwise": (LOOSE | {"sgd (1).py": "x", "old_sgd.py": G}, LOOSE | {"old_sgd.py": G}, None, "sgd (1).py was left out: rename it to sgd.py"),
    "only vectors": (under("a/b", VECTOR), {}, TEA),
    "system files": (under("x", LOOSE) | {"__MACOSX/x/word2vec.py": "no", ".DS_Store": "", "._x": ""} | under("x/__pycache__", LOOSE) | under("x/.git", LOOSE) | under("node_modules", LOOSE) | under("site-packages", LOOSE), LOOSE, None),
    "older work in a folder": (LOOSE | {"old/sgd.py": "x"}, LOOSE | {"old/sgd.py": "x"}, None),
    "the nearest": (under("a/b", {"word2vec.py": ALL}) | under("c", PACKAGE), PACKAGE, None, "a/b/word2vec.py was left out: c/word2vec.py is graded"),
    "submission beside other packages": (under("submission", PACKAGE) | under("old", {"sgd.py": ALL}), PACKAGE, None, "old/sgd.py was left out: submission/word2vec.py is graded"),
    "the nearest defines nothing": (under("a/b", LOOSE) | {"sgd.py": "f()"}, LOOSE, None, "sgd.py was left out: a/b/word2vec.py is graded"),
    "an empty quiz near the top": (under("a/submission", PACKAGE) | {"quiz.py": ""}, PACKAGE, None, "quiz.py was left out: a/submission/word2vec.py is graded"),
    "as near as can be compared": ({f"{i:02}/sgd.py": G for i in range(5)}, {"sgd.py": G}, None),
    "more than can be compared": ({f"{i:02}/sgd.py": G for i in range(6)}, {"sgd.py": G}, None, "05/sgd.py was left out: 00/sgd.py is graded"),
    "a second that is empty": (under("a", LOOSE) | under("b", {"sgd.py": ""}), LOOSE, None, "b/sgd.py was left out: a/word2vec.py is graded"),
    "a folder named like ours": (under("sandbox/grading", LOOSE), LOOSE, None),
    "twice the same": (under("a", LOOSE) | under("b", LOOSE) | under("c", LOOSE), LOOSE, None),
    "twice the same, one file empty": (under("a", LOOSE | {"quiz.py": ""}) | under("b", LOOSE | {"quiz.py": ""}), LOOSE | {"quiz.py": ""}, None),
    "loose and the same as a package": (LOOSE | under("submission", PACKAGE), PACKAGE, None),
    "farther ones, one of them inside": (under("submission", PACKAGE) | under("old\n", {"word2vec.py": ALL}) | {"quiz.py": ""} | under("submission/old", LOOSE), PACKAGE | under("old", LOOSE), None, r"old\n/word2vec.py was left out: submission/word2vec.py is graded", "quiz.py was left out: submission/word2vec.py is graded"),
    "in other letters, in a package": (under("s", {"__init__.py": "from .sgd import sgd", "word2vec.py": F, "Sgd.py": G}), {"__init__.py": "from .sgd import sgd", "word2vec.py": F, "Sgd.py": G}, None, "s/Sgd.py was left out: rename it to sgd.py"),
    "of another name, and imported": (under("s", {"__init__.py": "from .my_sgd import sgd", "word2vec.py": F, "my_sgd.py": G}), {"__init__.py": "from .my_sgd import sgd", "word2vec.py": F, "my_sgd.py": G}, None),
    "like what __init__.py defines": (under("s", {"__init__.py": ALL, "test_sgd.py": G}), {"__init__.py": ALL, "test_sgd.py": G}, None),
    "a text beside other code": ({"word2vec.py": F, "sgd.py.txt": G, "quiz.txt": ""}, {"word2vec.py": F}, None, "sgd.py.txt was left out: rename it to sgd.py"),
    "a text beside the same code": (LOOSE | {"sgd.py.txt": G}, LOOSE, None),
    "vectors of another name": (LOOSE | {"word_vectors.json": TEA}, LOOSE, None, f"word_vectors.json was left out: rename it to {VECTORS}"),
    "names that cannot be imported": (LOOSE | {"a b.py": "", "a-b/c.py": ""}, LOOSE, None, f"a b.py{CANNOT}", f"a-b/c.py{CANNOT}"),
    "a zip of no code beside vectors": (VECTOR | {"pictures.zip": pack({"a.png": ""})}, {}, TEA),
    **{f"vectors: {name}": (LOOSE | {name: TEA}, LOOSE, TEA) for name in ("sampleVectors.json", "Sample_Vectors.JSON", "Sample Vectors (1).json", "doe_7_sample_vectors_(soln).json", f"{VECTORS}.txt")},
    "vectors of the right name": (LOOSE | VECTOR | {"sample_vectors_old.json": "no"}, LOOSE, TEA),
    "vectors of the right name above": (under("submission", PACKAGE | {"sample_vectors_old.json": "no"}) | VECTOR, PACKAGE, TEA),
    "vectors of a like name above": (under("submission", PACKAGE | {"sample_vectors_1.json": TEA}) | {"sample_vectors_2.json": "no"}, PACKAGE, TEA),
    "the nearest vectors": (under("submission", PACKAGE | VECTOR) | {VECTORS: "no", f"a/{VECTORS}": "no"}, PACKAGE, TEA),
    "vectors below are not its own": (under("submission", PACKAGE | {f"lib/{VECTORS}": "no"}) | VECTOR, PACKAGE, TEA),
    "vectors elsewhere are not its own": (under("submission", PACKAGE) | under("other", VECTOR), PACKAGE, None),
    "vectors alone, the nearest": (under("a/b", {VECTORS: "no"}) | under("c", VECTOR), {}, TEA),
    "vectors of another kind": (LOOSE | {"sample_vectors_(soln).txt": "no"}, LOOSE, None),
    "as large as may be": (LOOSE | {"sgd.py": LARGE[1:], VECTORS: " " * 5_000_000}, LOOSE | {"sgd.py": LARGE[1:]}, " " * 5_000_000),
    "too deep to be looked at": (LOOSE | {"a/" * 50 + "x.py": ""}, LOOSE, None),
    "ten lines": (LOOSE | {f"{i}.py": "" for i in range(10)}, LOOSE, None, *(f"{i}.py{CANNOT}" for i in range(10))),
    "more than ten lines": (LOOSE | {f"{i}.py": "" for i in range(10, 25)}, LOOSE, None, *(f"{i}.py{CANNOT}" for i in range(10, 19)), "and 6 more"),
    "two vectors files": (LOOSE | {"sample_vectors_\x1b.json": "", "sample_vectors_2.json": ""}, LOOSE, None, rf"sample_vectors_\x1b.json is not the only one; name the right one {VECTORS}"),
}  # fmt: skip


@pytest.mark.parametrize("make", [as_folder, as_zip, as_zip_in_folder, as_zip_in_zip])
@pytest.mark.parametrize("row", LAYOUTS.values(), ids=LAYOUTS)
def test_what_is_handed_in_is_found(tmp_path, make, row):
    files, package, vectors, *skipped = row
    handed_in = read_upload(make(tmp_path / "up load", files))
    assert contents(handed_in) == package
    assert not any(source.problem for source in handed_in.package.values())
    assert set(handed_in.skipped) == set(skipped)
    assert handed_in.vectors == (vectors and vectors.encode())
    assert bool(handed_in.vectors_path) == bool(vectors)
    assert bool(handed_in.problem) == (not package)


INNER = pack(under("a", LOOSE))
PLACE = LOOSE | VECTOR | dict.fromkeys(["quiz.py", "submission.py", "run.py", "w (1).PY"], G)
PLACE |= under("submission", LOOSE) | under("package", PACKAGE) | under("any", LOOSE)
PLACE |= under("a/submission/mine", LOOSE) | {f"a/{VECTORS}": TEA, "Sample_vectors (1).json": TEA}
PLACE |= {"it.zip": INNER, "two.zip": pack({"it.zip": INNER}), "own.zip": pack(LOOSE | VECTOR)}
PLACE |= under("near", {"a.zip": INNER} | VECTOR) | under(
    "nearer", {"a.zip": PLACE["own.zip"], VECTORS: "no"}
)
ONE, TWO = ["sgd.py"], ["sgd.py", "word2vec.py"]
PATHS = [  # a folder to stand in, what is handed in, what is in the package, where its sgd.py is said to be, and the vectors
    ("", "{it}/word2vec.py", ["word2vec.py"], "{it}/word2vec.py", f"{{it}}/{VECTORS}"),
    ("", "{it}/quiz.py", ["quiz.py"], "{it}/quiz.py", f"{{it}}/{VECTORS}"),
    *(("", f"{{it}}/{name}", ONE, f"{{it}}/{name}", f"{{it}}/{VECTORS}") for name in ("sgd.py", "submission.py", "run.py", "w (1).PY")),
    *(("", f"{{it}}/{name}", [], "", f"{{it}}/{name}") for name in (VECTORS, "Sample_vectors (1).json")),
    ("", "{it}/submission", TWO, "{it}/submission/sgd.py", f"{{it}}/{VECTORS}"),
    ("", "{it}/package", ["__init__.py", *TWO], "{it}/package/sgd.py", f"{{it}}/{VECTORS}"),
    ("", "{it}/any", TWO, "{it}/any/sgd.py", ""),
    ("", "{it}/a/submission", TWO, "{it}/a/submission/mine/sgd.py", ""),
    ("", "{it}/it.zip", TWO, "it.zip/a/sgd.py", f"{{it}}/{VECTORS}"),
    ("", "{it}/two.zip", TWO, "two.zip/it.zip/a/sgd.py", f"{{it}}/{VECTORS}"),
    ("", "{it}/own.zip", TWO, "own.zip/sgd.py", f"own.zip/{VECTORS}"),
    ("", "{it}/near", TWO, "{it}/near/a.zip/a/sgd.py", f"{{it}}/near/{VECTORS}"),
    ("", "{it}/nearer", TWO, "{it}/nearer/a.zip/sgd.py", f"{{it}}/nearer/a.zip/{VECTORS}"),
    ("..", "it/submission", TWO, "it/submission/sgd.py", f"it/{VECTORS}"),
    ("", "submission", TWO, "submission/sgd.py", VECTORS),
    ("", "sgd.py", ONE, "sgd.py", VECTORS),
    ("submission", ".", TWO, "{it}/submission/sgd.py", f"{{it}}/{VECTORS}"),
    ("submission", "sgd.py", ONE, "sgd.py", ""),
]  # fmt: skip


@pytest.mark.parametrize(("standing", "path", "package", "shown", "vectors"), PATHS)
def test_paths_are_those_that_people_know(tmp_path, monkeypatch, standing, path, package, shown, vectors):  # fmt: skip
    it = as_folder(tmp_path / "it", PLACE)
    monkeypatch.chdir(it / standing)
    handed_in = read_upload(path.replace("{it}", str(it)), is_own=True)
    assert sorted(handed_in.package) == package
    if package:
        source = handed_in.package.get("sgd.py") or handed_in.package[package[0]]
        assert source.path == shown.replace("{it}", str(it))
    assert handed_in.vectors_path == vectors.replace("{it}", str(it))
    assert handed_in.vectors == (TEA.encode() if vectors else None)


@pytest.mark.parametrize("path", ["submission", "it.zip", "any"])
def test_vectors_beside_what_is_handed_in_count_under_a_few_names(tmp_path, path):
    before = as_folder(tmp_path, PLACE) / VECTORS
    for name in ("sample_vectors.json", "sample_vectors_soln.json", "sampleVectors.json", VECTORS):
        before = before.rename(tmp_path / name)
        for is_own in (True, False):
            found = read_upload(tmp_path / path, is_own).vectors_path
            counts = path == "submission" or (path == "it.zip" and is_own)
            assert found == (str(before) if counts else "")
    before.rename(tmp_path / "sample_vectors of another.json")
    assert read_upload(tmp_path / path, is_own=True).vectors is None


@posix_only
def test_two_submissions_that_cannot_be_read_are_not_the_same(tmp_path):
    for name in ("a", "b"):
        (as_folder(tmp_path / name, {}) / "sgd.py").symlink_to("/etc/passwd")
    assert "holds both a/sgd.py and b/sgd.py" in refused(tmp_path)


BOMB = b"#" * 30_000_000
BOTH = "{it} holds both %s and %s, which differ. Hand in one of them."
REFUSED = {  # files, and what a folder or a zip of them is refused with
    "a file and a package": (SINGLE | under("submission", PACKAGE), BOTH % ("submission.py", "submission/word2vec.py")),
    "a file and modules": (SINGLE | LOOSE, BOTH % ("word2vec.py", "submission.py")),
    "two folders": (under("a", LOOSE) | under("b", {"word2vec.py": "sigmoid = 2"}), BOTH % ("a/word2vec.py", "b/word2vec.py")),
    "a third that differs": (under("a", LOOSE) | under("b", LOOSE) | under("c", {"sgd.py": "sgd = no"}), BOTH % ("a/word2vec.py", "c/sgd.py")),
    "different helpers": (under("a", LOOSE | {"h.py": "1"}) | under("b", LOOSE | {"h.py": "2"}), BOTH % ("a/word2vec.py", "b/word2vec.py")),
    "two of strange names": (under("a\x1b", LOOSE) | under("b\x1b", SINGLE), BOTH % (r"a\x1b/word2vec.py", r"b\x1b/submission.py")),
    "nothing": ({}, "{it} is empty. Hand in word2vec.py and sgd.py (and quiz.py, if your course grades it here), or the folder submission/, or submission.py, or a zip of one of these."),
    "other files": ({"a.txt": "", "b.py": "", "c": "", "d": "", "e": ""}, "{it} has no word2vec.py, sgd.py or submission.py, but b.py, a.txt, c, 2 more. Hand in word2vec.py and sgd.py (and quiz.py, if "),
    "a notebook": ({"hw.ipynb": "{}"}, "hw.ipynb (a notebook). Hand in "),
    "a PDF": ({"hw.PDF": ""}, "hw.PDF (a PDF). Hand in "),
    "a compressed tar": ({"hw.tar.gz": ""}, "hw.tar.gz (an archive but not a zip). Hand in "),
    "other names": ({"a/Sgd.py": "", "a/my_quiz.py": "", "submission.py.txt": ""},
                    "but a/Sgd.py (rename it to sgd.py), a/my_quiz.py (rename it to quiz.py), submission.py.txt (rename it to submission.py)"),
    "an __init__.py that defines nothing": (under("submission", {"__init__.py": "from .sgd import sgd", "sgd (1).py": G}), "but submission/sgd (1).py (rename it to sgd.py), "),
    "halves that overlap": ({"a/submission.py": F + "\n" + QUIZ, "b/submission.py": ALL}, BOTH % ("a/submission.py", "b/submission.py")),
    "too deep": (under("1/2/3/4/5/6/7/8/9", LOOSE), "{it} is empty"),
    "two zips": ({"a.zip": pack(LOOSE), "b.zip": pack(LOOSE)}, "a.zip, b.zip"),
    "a zip in a zip, and in that": ({"2.zip": pack({"3.zip": pack({"4.zip": pack(LOOSE)})})}, "{it}/2.zip has no word2vec.py, sgd.py or submission.py, but 3.zip"),
    "a large zip": ({"x.zip": BOMB}, "/x.zip is larger than 20 MB."),
    "strange names": ({"a\x1b[2J\n\u202e.txt": "", "x" * 200: ""}, r"a\x1b[2J\n\u202e.txt, " + "x" * 38 + "..." + "x" * 38),
}  # fmt: skip


@both
@pytest.mark.parametrize(("files", "words"), REFUSED.values(), ids=REFUSED)
def test_no_submission_or_two_are_refused(tmp_path, make, files, words):
    path = make(tmp_path / "it", files)
    it = str(path) if make is as_folder else path.name
    message = refused(path)
    assert message.startswith(it)
    assert words.replace("{it}", it) in message


def table_of_contents(count):
    """Give a zip that is nothing but a table of contents."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 15)
    size = count * len(entry)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, *[count % 2**16] * 2, size, 0, 0)
    return entry * count + end


def encrypted(data):
    """Say in the last entry of a zip's table of contents that it is encrypted."""
    at = data.rindex(b"PK\1\2") + 8
    return data[:at] + bytes([data[at] | 1]) + data[at + 1 :]


STORED = pack({"sgd.py": G * 300}, zipfile.ZIP_STORED)
NO_ZIP = "cannot be read as a zip file: "
FILES_REFUSED = {  # name and content of a file, and what it is refused with
    "a notebook": ("hw.ipynb", b"{}", "hw.ipynb is a notebook. Hand in word2vec.py and sgd.py (and quiz.py, if "),
    "a text": ("notes.txt", b"x", "notes.txt is not a Python file. Hand in "),
    "no zip": ("hw.zip", b"x", f"hw.zip {NO_ZIP}File is not a zip file. Make it again."),
    "a zip of a strange name": ("a\x1b\n.zip", b"x", rf"a\x1b\n.zip {NO_ZIP}"),
    "encrypted": ("it.zip", encrypted(pack({".hidden": "", "sgd.py": G})), "it.zip is encrypted. Make it again, without a password."),
    "a zip in which there is much": ("it.zip", pack({"x.zip": BOMB}), "it.zip/x.zip is larger than 20 MB."),
    "a table of contents alone": ("it.zip", table_of_contents(300_000), f"it.zip {NO_ZIP}it holds too many files"),
    **{f"cut off after {size}": ("it.zip", STORED[:size], f"it.zip {NO_ZIP}") for size in (0, 10, len(STORED) // 2, len(STORED) - 1)},
}  # fmt: skip


@pytest.mark.parametrize(("name", "data", "words"), FILES_REFUSED.values(), ids=FILES_REFUSED)
def test_a_file_of_another_kind_is_refused(tmp_path, memory, name, data, words):
    (tmp_path / name).write_bytes(data)
    memory.reset_peak()
    assert words in refused(tmp_path / name)
    assert memory.get_traced_memory()[1] - len(data) < 45e6


@pytest.mark.parametrize("path", ["nowhere", "nowhere/below", "\0", "x" * 5000])
def test_a_path_that_is_not_there_is_refused(tmp_path, path):
    assert "cannot be read: " in refused(tmp_path / path)


# Links, pipes and what may not be read


THINGS = {  # what makes a thing that is no file, and what is said of it
    "link": (lambda path: path.symlink_to("/etc/passwd"), LINK),
    "link to nothing": (lambda path: path.symlink_to("nowhere"), LINK),
    "pipe": (lambda path: os.mkfifo(path), SPECIAL),
}


things = pytest.mark.parametrize(("make", "problem"), THINGS.values(), ids=THINGS)


@posix_only
@things
def test_links_are_not_followed_and_pipes_not_opened(tmp_path, system, make, problem):
    package = as_folder(tmp_path / "submission", PACKAGE)
    (package / "word2vec.py").unlink()
    for name in ("word2vec.py", "helper.py", "data", VECTORS):
        make(package / name)
    handed_in = read_upload(tmp_path)
    assert handed_in.package.keys() == PACKAGE.keys()
    source = Source(str(package / "word2vec.py"), b"", f"word2vec.py {problem}")
    assert handed_in.package["word2vec.py"] == source
    assert handed_in.vectors is None
    others = [f"submission/data {problem}", f"submission/{VECTORS} {problem}"]
    assert set(handed_in.skipped) == {f"helper.py {problem}", *others}


@posix_only
@things
def test_neither_a_submission_nor_vectors_beside_it_are_a_link_or_pipe(tmp_path, make, problem):
    as_folder(tmp_path, under("submission", PACKAGE) | {"submission.zip": pack(LOOSE)})
    make(tmp_path / VECTORS)
    make(tmp_path / "submission" / VECTORS)
    for name in ("submission", "submission.zip"):
        handed_in = read_upload(tmp_path / name)
        assert handed_in.vectors is None
        assert set(handed_in.skipped) & {f"{VECTORS} {problem}"}
    kind = "a link, which is not followed" if problem == LINK else "neither a file nor a folder"
    for name in ("none", "submission.py", "none.zip"):
        make(tmp_path / name)
        said = f"{tmp_path / name} is {kind}. Name the submission itself."
        assert refused(tmp_path / name) == said


@posix_only
def test_a_linked_folder_or_zip_is_told_and_not_what_was_given_graded_instead(tmp_path):
    as_folder(tmp_path / "real", LOOSE)
    upload = as_folder(tmp_path / "upload", {"a.py": "", "b.py": "", "grading/word2vec.py": F})
    (upload / "submission").symlink_to(tmp_path / "real")
    assert f"but submission ({LINK}), a.py, b.py, 1 more. Hand in" in refused(upload)
    (upload / "grading" / "word2vec.py").unlink()
    (upload / "submission").rename(upload / "it.zip")
    assert refused(upload) == f"{upload}/it.zip {LINK}."


@posix_only
def test_links_are_followed_in_what_is_ones_own(tmp_path):
    as_folder(tmp_path / "real", PACKAGE | {"notes/a.py": F} | VECTOR)
    (tmp_path / "src").mkdir()
    for name, place in (("", "submission"), ("notes", "submission/extra"), (VECTORS, VECTORS)):
        (tmp_path / "src" / place).symlink_to(tmp_path / "real" / name)
    (tmp_path / "real" / "sgd.py").rename(tmp_path / "sgd")
    (tmp_path / "real" / "sgd.py").symlink_to(tmp_path / "sgd")
    (tmp_path / "real" / "nowhere.py").symlink_to("nowhere")
    for path in ("src", "src/submission"):
        handed_in = read_upload(tmp_path / path, is_own=True)
        assert contents(handed_in).items() >= PACKAGE.items()
        assert {"notes/a.py", "extra/a.py"} <= handed_in.package.keys()
        assert handed_in.vectors is not None
        assert handed_in.skipped == (f"nowhere.py {LINK}",)
    handed_in = read_upload(tmp_path / "real" / "sgd.py", is_own=True)
    assert contents(handed_in) == {"sgd.py": PACKAGE["sgd.py"]}


@posix_only
def test_a_link_above_what_is_named_is_followed_and_a_hard_link_is_a_file(tmp_path):
    real = as_folder(tmp_path / "real", under("submission", PACKAGE) | VECTOR)
    os.link(real / "submission" / "sgd.py", real / "submission" / "quiz.py")
    (tmp_path / "link").symlink_to("real")
    handed_in = read_upload(tmp_path / "link" / "submission")
    assert contents(handed_in) == PACKAGE | {"quiz.py": G}
    assert handed_in.vectors_path == str(tmp_path / "link" / VECTORS)


def link(path):
    """Make a link to what has the same place elsewhere."""
    top = next(folder for folder in path.parents if (folder / "secret").exists())
    path.symlink_to(top / "secret" / path.relative_to(top))


UNREADABLE = "word2vec.py cannot be read: "
RACES = {  # what is opened when, what changes just then, what it becomes, and what is said
    "a file, a link": ("sgd.py", "it/a/b/word2vec.py", link, UNREADABLE),
    "its folder, a link": ("sgd.py", "it/a/b", link, UNREADABLE),
    "a folder above, a link": ("sgd.py", "it/a", link, UNREADABLE),
    "the upload, a link": ("sgd.py", "it", link, UNREADABLE),
    "the upload, unlisted, a link": ("it", "it", link, "/it cannot be read: "),
    "a folder, unlisted, a link": ("a", "it/a", link, "but a (cannot be read: "),
    "a file, a pipe": ("sgd.py", "it/a/b/word2vec.py", os.mkfifo if hasattr(os, "mkfifo") else None, ""),
    "a file, a folder": ("sgd.py", "it/a/b/word2vec.py", os.mkdir, UNREADABLE),
    "a file, nothing": ("sgd.py", "it/a/b/word2vec.py", lambda path: None, UNREADABLE),
    "a file, longer": ("sgd.py", "it/a/b/word2vec.py", lambda path: path.write_text("#" * 2_000_000), "word2vec.py is larger than 1 MB"),
}  # fmt: skip


@posix_only
@pytest.mark.parametrize(("opened", "changed", "becomes", "words"), RACES.values(), ids=RACES)
def test_what_changes_meanwhile_is_not_followed(tmp_path, system, monkeypatch, opened, changed, becomes, words):  # fmt: skip
    if system == "paths" and not changed.endswith(".py"):
        pytest.skip("folders are opened by their paths")
    as_folder(tmp_path, under("it/a/b", LOOSE) | under("secret/it/a/b", dict.fromkeys(LOOSE, "s")))
    opens = os.open

    def changing_open(path, *args, **kwargs):
        if os.path.basename(path) == opened:
            monkeypatch.setattr(os, "open", opens)
            (tmp_path / changed).rename(tmp_path / "old")
            becomes(tmp_path / changed)
        return opens(path, *args, **kwargs)

    if system == "descriptors":
        monkeypatch.setattr(os, "supports_dir_fd", {*os.supports_dir_fd, changing_open})
    monkeypatch.setattr(os, "open", changing_open)
    try:
        source = read_upload(tmp_path / "it").package["word2vec.py"]
    except UploadError as error:
        source = Source("", b"", str(error))
    assert (source.data, words in source.problem) == (b"", True)


@posix_only
@pytest.mark.skipif(IS_ROOT, reason="root may read everything")
def test_what_may_not_be_read_is_told(tmp_path):
    package = as_folder(tmp_path / "submission", PACKAGE | {"lib/a.py": ""} | VECTOR)
    for name in ("sgd.py", "lib", VECTORS):
        (package / name).chmod(0)
    handed_in = read_upload(package)
    assert handed_in.package["sgd.py"].problem == "sgd.py cannot be read: Permission denied"
    assert "lib cannot be read: Permission denied" in handed_in.skipped
    assert f"{VECTORS} cannot be read: Permission denied" in handed_in.skipped
    assert "cannot be read: Permission denied" in refused(package / "sgd.py")
    package.chmod(0)
    assert "submission (cannot be read: Permission denied)" in refused(tmp_path)
    assert refused(package) == f"{package} cannot be read: Permission denied. Make it readable."
    assert "cannot be read: Permission denied" in refused(package / "sgd.py")
    package.chmod(0o700)
    (package / "lib").chmod(0o700)


# Limits


TOO_MUCH = "more than 200 sources or 20 MB of them: not all were read"
TOO_MANY = "more than 20,000 files: not all were looked at"
HELPERS = {f"a/b{i:03}.py": "" for i in range(197)}
LIMITS = {  # files, how many are in the package, lines on what was left out
    "a large file": (PACKAGE | {"big.py": LARGE}, 3, ["big.py is larger than 1 MB"]),
    "large vectors": (PACKAGE | {VECTORS: " " * 5_000_001}, 3, [f"{VECTORS} is larger than 5 MB"]),
    "20 MB": (PACKAGE | {f"a{i:02}.py": LARGE[1:] for i in range(21)}, 22, [TOO_MUCH]),
    "200 sources": (PACKAGE | HELPERS, 200, []),
    "more near the top": (PACKAGE | {f"a{i}.py": "" for i in range(200)}, 200, [TOO_MUCH]),
    "more farther down": (HELPERS | PACKAGE | {"h.py": "", "big.py": LARGE, "a/c.py": ""}, 199, ["big.py is larger than 1 MB", TOO_MUCH]),
    "20,000 files": (PACKAGE | {f"a/{i}": "" for i in range(20_000)}, 3, [TOO_MANY]),
}  # fmt: skip


@both
@pytest.mark.parametrize(("files", "count", "skipped"), LIMITS.values(), ids=LIMITS)
def test_files_are_limited_in_number_and_size(tmp_path, make, files, count, skipped):
    handed_in = read_upload(make(tmp_path / "it", files))
    assert len(handed_in.package) == count
    assert handed_in.package.keys() >= PACKAGE.keys()
    assert not {"h.py"} & files.keys() - handed_in.package.keys()
    assert handed_in.skipped == tuple(skipped)


def test_of_a_file_without_end_only_the_start_is_read(tmp_path, memory):
    with open(tmp_path / "sgd.py", "wb") as stream:
        stream.truncate(100_000_000)
    assert read_upload(tmp_path).package["sgd.py"].problem == "sgd.py is larger than 1 MB"
    assert memory.get_traced_memory()[1] < 3e6


@posix_only
def test_a_file_name_that_is_no_text(tmp_path):
    handed_in = read_upload(as_folder(tmp_path / "it", LOOSE | {"w\udcff.py": ""}))
    assert contents(handed_in) == LOOSE
    assert handed_in.skipped == (rf"w\udcff.py{CANNOT}",)
    folder = as_folder(tmp_path / "no", {"\udcff.zip": ""})
    assert refused(folder).startswith(rf"{folder}/\udcff.zip cannot be read as a zip file")


@pytest.mark.parametrize(
    "name",
    ["/word2vec.py", "../word2vec.py", "a/../../word2vec.py", "\\word2vec.py", "..\\word2vec.py", "a/..",
     "C:\\word2vec.py", "/a\x1b.py", "c:word2vec.py", "\\\\host\\word2vec.py"],
)  # fmt: skip
def test_members_of_a_zip_with_paths_that_lead_elsewhere_are_left_out(tmp_path, name):
    line = f"{one_line(name)} was left out: its path leads out of the zip"
    handed_in = read_upload(as_zip(tmp_path / "it", {name: "evil", "sgd.py": ""}))
    assert contents(handed_in) == {"sgd.py": ""}
    assert handed_in.skipped == (line,)
    assert f"but {line}, {line}. Hand in" in refused(as_zip(tmp_path / "it", [(name, "evil")] * 99))


def of_mode(kind, name="sgd.py"):
    """Name a member of a zip that is no plain file."""
    member = zipfile.ZipInfo(name)
    member.external_attr = (kind | 0o777) << 16
    return member


def patched(data, *changes):
    """Change pieces of a zip."""
    for old, new in changes:
        assert old in data
        data = data.replace(old, new)
    return data


SIZE = struct.pack("<L", len(BOMB))
TWICE = "is in the zip twice, with different contents; keep one"
UNUSUAL = "is compressed in an unusual way; make the zip again"
DAMAGED = "is damaged in the zip: "
ODD_ZIPS = {  # bytes of a zip, what is wrong with its sgd.py
    **{name: (pack({name: G, "../.hidden.py": "", "/": "", ".": "", "submission/a.py/": "", "submission\\b.py\\": ""}), "")
       for name in ("./submission/sgd.py", "submission\\sgd.py", "submission//sgd.py")},
    "folders, of which one is deep": (pack({"sgd.py": G, of_mode(stat.S_IFDIR, "a.py"): "x", "a/" * 10_000 + "x.py": ""}), ""),
    "thousands of other files": (pack({f"a/{i}.txt": "" for i in range(2_000)} | {"sgd.py": G}, zipfile.ZIP_STORED), ""),
    "a link": (pack({of_mode(stat.S_IFLNK): "/etc/passwd"}), LINK),
    "twice, as long": (pack([("sgd.py", G), ("sgd.py", G[::-1])]), TWICE),
    "a pipe": (pack({of_mode(stat.S_IFIFO): ""}), SPECIAL),
    "twice the same": (pack([("sgd.py", G), ("sgd.py", G)]), ""),
    "twice": (pack([("sgd.py", G), (".//sgd.py", "r")]), TWICE),
    "three times": (pack([("sgd.py", G), ("sgd.py", "h"), ("sgd.py", G)]), TWICE),
    "BZIP2": (pack({"sgd.py": BOMB}, zipfile.ZIP_BZIP2), UNUSUAL),
    "LZMA": (pack({"sgd.py": G}, zipfile.ZIP_LZMA), UNUSUAL),
    "a bomb": (pack({"sgd.py": BOMB}), "is larger than 1 MB"),
    "a bomb that calls itself small": (patched(pack({"sgd.py": BOMB}), (SIZE, struct.pack("<L", 10))), DAMAGED + "Bad CRC-32"),
    "other content": (patched(STORED, (b"sgd = 2", b"sgd = 3")), DAMAGED + "Bad CRC-32"),
    "a name of 1,000 bytes": (STORED[:26] + struct.pack("<H", 1000) + STORED[28:], DAMAGED),
}  # fmt: skip


@pytest.mark.parametrize(("data", "problem"), ODD_ZIPS.values(), ids=ODD_ZIPS)
def test_an_odd_member_of_a_zip_is_read_or_told(tmp_path, memory, data, problem):
    (tmp_path / "download").write_bytes(data)
    memory.reset_peak()
    handed_in = read_upload(tmp_path / "download")
    assert memory.get_traced_memory()[1] < 8e6
    (source,) = handed_in.package.values()
    assert source.path in ("download/sgd.py", "download/submission/sgd.py")
    assert source.data == (b"" if problem else G.encode())
    assert source.problem.startswith(f"sgd.py {problem}" if problem else "")
    assert bool(source.problem) == bool(problem)
    assert len(source.problem) < 150
    assert handed_in.skipped == ()


def test_large_files_that_are_not_compressed_are_read(tmp_path):
    inner = pack(LOOSE | {VECTORS: " " * 5_000_000}, compression=zipfile.ZIP_STORED)
    path = as_zip(tmp_path / "it", {"x.zip": inner}, compression=zipfile.ZIP_STORED)
    handed_in = read_upload(path)
    assert (contents(handed_in), handed_in.vectors) == (LOOSE, b" " * 5_000_000)


def test_any_damage_to_a_zip_is_withstood(tmp_path):
    whole, path, lines = pack({"sgd.py": G}), tmp_path / "it.zip", []
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 255]) + whole[i + 1 :])
        try:
            handed_in = read_upload(path)
            lines += [source.problem for source in handed_in.package.values()]
            assert {source.data for source in handed_in.package.values()} <= {G.encode(), b""}
        except UploadError as error:
            lines.append(str(error))
    assert len(set(lines)) > 5
    assert "".join(lines).isprintable()


TEXT, CHINESE = "# é\nx = 1\n", "中文" * 9
WIDE = {
    **{encoding: TEXT.encode(encoding) for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le")},
    "utf-16, the other order": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "utf-16, Chinese": CHINESE.encode("utf-16"),
    "utf-16, Chinese, the other order": b"\xfe\xff" + CHINESE.encode("utf-16-be"),
}  # fmt: skip
NOT_UTF8 = {  # bytes, the first that is wrong, where it is
    "latin-1": (b"# \xe9\n", "e9", 2),
    "latin-1, as UTF-8": (b"# coding: utf8\n\n\n\xe9", "e9", 17),
    "latin-1 after a mark": (b"\xef\xbb\xbf\n\n\xff", "ff", 5),
    "latin-1, declared, with a NUL": (b"# coding: latin-1\n\0", "00", 18),
    "a NUL": (b"x = 1\0\n", "00", 5),
}
TEXTS = {
    "UTF-8": (TEXT.encode(), ""),
    "UTF-8 with a mark": (TEXT.encode("utf-8-sig"), ""),
    "empty": (b"", ""),
    "latin-1, declared": (b"# coding: latin-1\n# \xe9\n", ""),
    "latin-1, declared further down": (b"#!/usr/bin/python\n# coding: latin-1\n# \xe9\n", ""),
    "unknown, declared": (b"# coding: klingon\n", ""),
    "slow, declared": (b"# coding: punycode\n" + b"a" * 500_000 + b"-" + b"9" * 400_000, ""),
    "no text, declared": (b"# coding: zlib\n", ""),
    **{name: (data, "is in UTF-16 or UTF-32; save it as UTF-8") for name, data in WIDE.items()},
    **{name: (data, f"is not UTF-8 text: byte 0x{byte} at position {at}; save it as UTF-8") for name, (data, byte, at) in NOT_UTF8.items()},
}  # fmt: skip


@both
@pytest.mark.parametrize(("data", "problem"), TEXTS.values(), ids=TEXTS)
def test_encodings(tmp_path, make, data, problem):
    source = read_upload(make(tmp_path / "it", {"submission.py": data})).package["__init__.py"]
    assert source.data == data
    assert source.problem == (f"submission.py {problem}" if problem else "")
