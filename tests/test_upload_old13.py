"""What was handed in, from whom and in what shape ever: found and read, or refused in one line."""

import io
import os
import re
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from sandbox import upload
archive = sources = upload
from sandbox.text import one_line as clean
from sandbox.upload import UploadError
from sandbox.upload import VECTORS, Source, read_upload

posix_only = pytest.mark.skipif(os.name != "posix", reason="makes links or FIFOs")
LINK = "is a link, which is not followed; hand in the file itself"
PACKAGE = {"__init__.py": "from .word2vec import f", "word2vec.py": "f = 1", "sgd.py": "g = 2"}
LOOSE = {"word2vec.py": "f = 1", "sgd.py": "g = 2"}
SINGLE = {"submission.py": "f = 3"}
VECTOR = {VECTORS: '{"tea": [1]}'}


def under(folder, files):
    return {f"{folder}/{name}": content for name, content in files.items()}


def as_folder(where, files):
    """Make a folder of files; content is text or bytes."""
    where.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (where / name).parent.mkdir(parents=True, exist_ok=True)
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


LAYOUTS = {  # files, what is read of them, whether the vectors are among it
    "a package": (PACKAGE, PACKAGE, False),
    "a package and vectors in it": (PACKAGE | VECTOR, PACKAGE, True),
    "a package in a folder": (under("submission", PACKAGE), PACKAGE, False),
    "a package of any name": (under("my work", PACKAGE), PACKAGE, False),
    "vectors in the package": (under("submission", PACKAGE | VECTOR), PACKAGE, True),
    "vectors beside the package": (under("submission", PACKAGE) | VECTOR, PACKAGE, True),
    "a checkout": (under("src/submission", PACKAGE) | under("src", VECTOR | {"run.py": ""})
                   | under("src/utils", {"word2vec.py": "no"}) | under("tests", LOOSE | SINGLE)
                   | under("src/grading", {"quiz.py": ""}) | under(".venv/a", LOOSE),
                   PACKAGE, True),
    "deep down": (under("1/2/3/submission", PACKAGE) | VECTOR, PACKAGE, True),
    "without __init__.py": (under("submission", {"quiz.py": "q"} | LOOSE), {"quiz.py": "q"} | LOOSE, False),
    "sub-packages": (under("s", PACKAGE | {"a/__init__.py": "", "a/b/c.py": "c", "tests/t.py": "t"}),
                     PACKAGE | {"a/__init__.py": "", "a/b/c.py": "c", "tests/t.py": "t"}, False),
    "loose": (LOOSE | VECTOR, LOOSE, True),
    "one module": ({"sgd.py": "g = 2"}, {"sgd.py": "g = 2"}, False),
    "the quiz alone": ({"quiz.py": "q"}, {"quiz.py": "q"}, False),
    "loose in folders": (under("a/b/c/d", LOOSE | VECTOR), LOOSE, True),
    "loose with helpers": (LOOSE | {"helper.py": "h", "lib/x.py": "x", "notes.txt": "", "x.pyc": ""},
                           LOOSE | {"helper.py": "h", "lib/x.py": "x"}, False),
    "loose with what is given": (LOOSE | dict.fromkeys(
        ["grader.py", "graderUtil.py", "run.py", "setup.py", "conftest.py", "utils/utils.py", "tests/t.py"], ""),
        LOOSE, False),
    "submission.py": (SINGLE | VECTOR, {"__init__.py": "f = 3"}, True),
    "submission.py in folders": (under("a/src", SINGLE | VECTOR), {"__init__.py": "f = 3"}, True),
    "submission.py with more": (SINGLE | {"quiz.py": "q", "helper.py": "h", "run.py": ""},
                                {"__init__.py": "f = 3", "quiz.py": "q", "helper.py": "h"}, False),
    "submission.py with an empty __init__.py": (SINGLE | {"__init__.py": ""}, {"__init__.py": "f = 3"}, False),
    "submission.py in a package": (PACKAGE | SINGLE, PACKAGE | SINGLE, False),
    "only vectors": (under("a/b", VECTOR), {}, True),
    "system files": (under("x", LOOSE) | {"__MACOSX/x/word2vec.py": "no", ".DS_Store": "", "._x": ""}
                     | under("x/__pycache__", LOOSE) | under("x/.git", LOOSE) | under("node_modules", LOOSE)
                     | under("site-packages", LOOSE), LOOSE, False),
    "hidden files": (under("a", LOOSE) | under(".b", {"sgd.py": "x"}), LOOSE, False),
    "older work in a folder": (LOOSE | {"old/sgd.py": "x"}, LOOSE | {"old/sgd.py": "x"}, False),
    "the nearest": (under("a/b", LOOSE) | under("c", PACKAGE), PACKAGE, False),
    "submission beside other packages": (under("submission", PACKAGE) | under("old", LOOSE), PACKAGE, False),
    "a quiz near the top": (under("a/submission", PACKAGE) | {"quiz.py": "q"}, PACKAGE, False),
    "as near as can be compared": ({f"{i:02}/sgd.py": "g" for i in range(5)}, {"sgd.py": "g"}, False),
    "a folder named like ours": (under("sandbox/grading", LOOSE), LOOSE, False),
    "twice the same": (under("a", LOOSE) | under("b", LOOSE) | under("c", LOOSE), LOOSE, False),
    "twice the same, one file empty": (under("a", {"sgd.py": ""}) | under("b", {"sgd.py": ""}), {"sgd.py": ""}, False),
    "loose and the same as a package": (LOOSE | under("submission", PACKAGE), PACKAGE, False),
    "a package and the same loose": (under("a", PACKAGE) | under("b", LOOSE), PACKAGE, False),
}  # fmt: skip


SOME_LEFT_OUT = {"the nearest", "submission beside other packages", "a quiz near the top"}


@pytest.mark.parametrize("make", [as_folder, as_zip, as_zip_in_folder, as_zip_in_zip])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_handed_in_is_found(tmp_path, make, layout):
    files, package, has_vectors = LAYOUTS[layout]
    handed_in = read_upload(make(tmp_path / "up load", files))
    assert contents(handed_in) == package
    assert not any(source.problem for source in handed_in.package.values())
    assert bool(handed_in.skipped) == (layout in SOME_LEFT_OUT)
    assert handed_in.vectors == (VECTOR[VECTORS].encode() if has_vectors else None)
    assert handed_in.vectors_path.endswith(VECTORS if has_vectors else "")


@pytest.mark.parametrize("name", ["word2vec.py", "sgd.py", "quiz.py", "submission.py", "w (1).PY"])
def test_a_single_file_is_read_with_the_vectors_beside_it_alone(tmp_path, name):
    folder = as_folder(tmp_path, LOOSE | SINGLE | {name: "x", "helper.py": ""} | VECTOR)
    handed_in = read_upload(folder / name)
    own_name = name in ("word2vec.py", "sgd.py", "quiz.py")
    assert contents(handed_in) == {name if own_name else "__init__.py": "x"}
    assert handed_in.vectors_path == str(folder / VECTORS)
    (folder / VECTORS).rename(folder / "sample_vectors.json")
    assert read_upload(folder / name).vectors is None


@pytest.mark.parametrize("name", [VECTORS, "Sample_vectors (1).json"])
def test_a_vectors_file_alone_is_read(tmp_path, name):
    handed_in = read_upload(as_folder(tmp_path, {name: "{}"}) / name)
    assert handed_in.package == {}
    assert handed_in.vectors == b"{}"


def test_strange_names_of_vectors_are_cleaned(tmp_path):
    files = LOOSE | {"sample_vectors\x1b.json": "", "sample_vectors_2.json": ""}
    (line,) = read_upload(as_folder(tmp_path, files)).skipped
    assert line.startswith(r"sample_vectors\x1b.json is not the only one")


def test_the_nearest_vectors_are_taken(tmp_path):
    for files in (VECTOR, under("submission", PACKAGE | VECTOR)):
        path = as_folder(tmp_path / "it", files | {f"a/b/{VECTORS}": "far"})
        assert read_upload(path).vectors == VECTOR[VECTORS].encode()
    as_folder(tmp_path / "it", {VECTORS: "beside"})
    assert read_upload(tmp_path / "it" / "submission").vectors == VECTOR[VECTORS].encode()
    path = as_folder(tmp_path / "zip", {VECTORS: "beside", "x.zip": pack(LOOSE | VECTOR)})
    assert read_upload(path).vectors == VECTOR[VECTORS].encode()


@pytest.mark.parametrize("name", ["submission", "any_package"])
def test_vectors_may_lie_beside_a_package_under_their_exact_name(tmp_path, name):
    as_folder(tmp_path, under(name, PACKAGE) | VECTOR)
    handed_in = read_upload(tmp_path / name)
    assert handed_in.vectors_path == str(tmp_path / VECTORS)
    (tmp_path / VECTORS).rename(tmp_path / "sample_vectors.json")
    assert read_upload(tmp_path / name).vectors is None


def test_vectors_beside_a_folder_of_loose_files_are_not_its_own(tmp_path):
    as_folder(tmp_path, VECTOR)
    assert read_upload(as_folder(tmp_path / "someone", LOOSE)).vectors is None
    folder = as_folder(tmp_path / "submission", under("mine", LOOSE))
    assert read_upload(folder).vectors is None


def test_vectors_may_lie_beside_a_zip_under_their_exact_name(tmp_path):
    as_folder(tmp_path, VECTOR)
    path = as_zip(tmp_path / "someone", LOOSE)
    assert read_upload(path).vectors_path == str(tmp_path / VECTORS)
    inner = as_zip(tmp_path / "inner", LOOSE | {VECTORS: "inside"})
    assert read_upload(inner).vectors == b"inside"
    (tmp_path / VECTORS).rename(tmp_path / "sample_vectors.json")
    assert read_upload(path).vectors is None


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["sample_vectors_(soln) (1).json"], 0),
        (["Sample_Vectors.JSON"], 0),
        (["sample_vectors_old.json", VECTORS], 1),
        (["submission/sample_vectors_old.json", VECTORS], 1),
        (["submission/sample_vectors_(soln)(1).json", "sample_vectors_2.json"], 0),
        ([f"submission/{VECTORS}", VECTORS], 0),
        (["sample_vectors_(soln).txt"], None),
        (["other/sample_vectors_(soln).json"], None),
        (["sample_vectors_(1).json", "sample_vectors_(2).json"], None),
    ],
)
def test_names_of_the_vectors_file(tmp_path, names, expected):
    as_folder(tmp_path, under("submission", PACKAGE) | {name: name for name in names})
    handed_in = read_upload(tmp_path)
    assert handed_in.vectors == (None if expected is None else names[expected].encode())
    if len(names) > 1 and expected is None:
        assert handed_in.skipped == (
            f"sample_vectors_(1).json is not the only one; name the right one {VECTORS}",
        )


def test_vectors_beside_a_zip_in_a_folder_count(tmp_path):
    folder = as_folder(tmp_path, {"all.zip": pack(LOOSE)} | VECTOR)
    assert read_upload(folder).vectors_path == str(folder / VECTORS)


def test_paths_are_those_that_people_know(tmp_path, monkeypatch):
    folder = as_folder(tmp_path / "it", under("submission", LOOSE))
    path = as_zip(tmp_path / "it", under("submission", LOOSE))
    both = as_zip_in_zip(tmp_path / "both", under("submission", LOOSE))

    def shown(path):
        return read_upload(path).package["sgd.py"]

    assert shown(folder) == Source(f"{folder}/submission/sgd.py", b"g = 2")
    assert shown(path).path == "it.zip/submission/sgd.py"
    assert shown(both).path == "both.zip/all.zip/submission/sgd.py"
    monkeypatch.chdir(tmp_path)
    assert shown("it").path == "it/submission/sgd.py"
    monkeypatch.chdir(folder / "submission")
    assert shown(".").path == f"{folder}/submission/sgd.py"
    assert shown("sgd.py").path == "sgd.py"
    as_folder(folder, VECTOR)
    assert read_upload(".").vectors_path == f"{folder}/{VECTORS}"
    monkeypatch.chdir(folder)
    assert read_upload("submission").vectors_path == VECTORS


AMBIGUOUS = {
    "a file and a package": (SINGLE | under("submission", PACKAGE), "submission.py", "submission/word2vec.py"),
    "a file and modules": (SINGLE | LOOSE, "submission.py", "word2vec.py"),
    "two folders": (under("a", LOOSE) | under("b", {"word2vec.py": "other"}), "a/word2vec.py", "b/word2vec.py"),
    "two packages": (under("x/a", PACKAGE) | under("y/b", PACKAGE | LOOSE | {"sgd.py": "g = 3"}),
                     "x/a/word2vec.py", "y/b/word2vec.py"),
    "a third that differs": (under("a", LOOSE) | under("b", LOOSE) | under("c", {"sgd.py": "no"}),
                             "a/word2vec.py", "c/sgd.py"),
    "different helpers": (under("a", LOOSE | {"h.py": "1"}) | under("b", LOOSE | {"h.py": "2"}),
                          "a/word2vec.py", "b/word2vec.py"),
    "more than are compared": ({f"{i:02}/sgd.py": "g = 2" for i in range(6)}, "00/sgd.py", "01/sgd.py"),
    "strange names": (under("a\x1b", LOOSE) | under("b\x1b", SINGLE), r"a\x1b/word2vec.py", r"b\x1b/submission.py"),
    "loose and a package": (LOOSE | under("submission", {"word2vec.py": "x"}), "word2vec.py", "submission/word2vec.py"),
}  # fmt: skip


@pytest.mark.parametrize("make", [as_folder, as_zip])
@pytest.mark.parametrize(("files", "one", "other"), AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_two_submissions_are_refused(tmp_path, make, files, one, other):
    path = make(tmp_path / "it", files)
    message = refused(path)
    assert f"{path if make is as_folder else path.name} holds both " in message
    assert {one, other} == set(re.search(r"both (.*) and (.*), which differ", message).groups())
    assert "Hand in one of them." in message


@posix_only
def test_two_submissions_that_cannot_be_read_are_not_the_same(tmp_path):
    for name in ("a", "b"):
        (as_folder(tmp_path / name, {}) / "sgd.py").symlink_to("/etc/passwd")
    assert "holds both a/sgd.py and b/sgd.py" in refused(tmp_path)


def test_what_is_farther_from_the_top_is_told(tmp_path):
    files = under("submission", PACKAGE) | under("old\n", LOOSE) | {"quiz.py": ""}
    handed_in = read_upload(as_folder(tmp_path, files | under("submission/old", LOOSE)))
    assert handed_in.skipped == (
        r"old\n/word2vec.py was left out: submission/word2vec.py is graded",
        "quiz.py was left out: submission/word2vec.py is graded",
    )


NOTHING = {
    "nothing": ({}, "is empty."),
    "other files": ({"a.txt": "", "b.py": "", "c": "", "d": "", "e": ""}, "but b.py, a.txt, c, 2 more. Hand in word2vec.py and sgd.py, or "),
    "a notebook": ({"hw.ipynb": "{}"}, "hw.ipynb (a notebook)"),
    "a PDF": ({"hw.PDF": ""}, "hw.PDF (a PDF)"),
    "a tar": ({"hw.tar": ""}, "hw.tar (an archive, no zip)"),
    "a compressed tar": ({"hw.tar.gz": ""}, "hw.tar.gz (an archive, no zip)"),
    "a rar": ({"hw.rar": ""}, "hw.rar (an archive, no zip)"),
    "a 7z": ({"hw.7z": ""}, "hw.7z (an archive, no zip)"),
    "another name": ({"word2vec (1).py": ""}, "has no word2vec.py, sgd.py or submission.py, but word2vec (1).py."),
    "too deep": (under("1/2/3/4/5", LOOSE), "1/2/3/4/5/sgd.py"),
    "two zips": ({"a.zip": pack(LOOSE), "b.zip": pack(LOOSE)}, "a.zip, b.zip"),
    "strange names": ({"a\x1b[2J\n\u202e.txt": "", "x" * 200: ""}, r"a\x1b[2J\n\u202e.txt, " + "x" * 38 + "..." + "x" * 38),
}  # fmt: skip


@pytest.mark.parametrize("make", [as_folder, as_zip])
@pytest.mark.parametrize(("files", "words"), NOTHING.values(), ids=NOTHING)
def test_no_submission_is_refused(tmp_path, make, files, words):
    path = make(tmp_path / "it", files)
    message = refused(path)
    assert message.startswith(f"{path if make is as_folder else path.name} ")
    assert words in message
    assert "Hand in word2vec.py and sgd.py, or the folder submission/, or submission.py" in message


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hw.ipynb", "hw.ipynb is a notebook. Hand in word2vec.py and sgd.py, or "),
        ("hw.pdf", "hw.pdf is a PDF. Hand in "),
        ("hw.tar", "hw.tar is an archive, no zip. Hand in "),
        ("notes.txt", "notes.txt is no Python file. Hand in "),
        ("hw.zip", "hw.zip cannot be read as a zip file: File is not a zip file. Make it anew"),
        ("a\x1b\n.txt", r"a\x1b\n.txt is no Python file"),
        ("a\x1b\n.zip", r"a\x1b\n.zip cannot be read as a zip file"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"something")
    assert words in refused(tmp_path / name)


def test_a_notebook_beside_the_vectors_is_told(tmp_path):
    handed_in = read_upload(as_folder(tmp_path, VECTOR | {"h\nw.ipynb": ""}))
    assert handed_in.skipped == (r"h\nw.ipynb is a notebook: left out",)


def test_a_zip_in_a_zip_in_a_zip_is_refused(tmp_path):
    message = refused(as_zip(tmp_path / "it", {"2.zip": pack({"3.zip": pack(LOOSE)})}))
    assert message.startswith("it.zip/2.zip has no word2vec.py, sgd.py or submission.py, but 3.zip")


@pytest.mark.parametrize("path", ["nowhere", "nowhere/below", "\0", "x" * 5000])
def test_a_path_that_is_not_there_is_refused(tmp_path, path):
    assert "cannot be read: " in refused(tmp_path / path)


@posix_only
@pytest.mark.parametrize("can_refuse", [True, False], ids=["O_NOFOLLOW", "plain"])
def test_links_are_not_followed(tmp_path, monkeypatch, can_refuse):
    if not can_refuse:
        monkeypatch.setattr(archive, "BELOW", False)
        monkeypatch.setattr(archive, "OPEN_FILE", os.O_RDONLY)
    passwd = Path("/etc/passwd")
    package = as_folder(tmp_path / "submission", PACKAGE)
    for name in ("word2vec.py", "helper.py", "data", "word.txt", VECTORS):
        (package / name).unlink(missing_ok=True)
        (package / name).symlink_to("nowhere" if name == "word.txt" else passwd)
    (package / "lib").symlink_to("/etc")
    handed_in = read_upload(tmp_path)
    assert passwd.read_bytes() not in {source.data for source in handed_in.package.values()}
    assert handed_in.vectors is None
    assert handed_in.package.keys() == PACKAGE.keys()
    assert handed_in.package["word2vec.py"] == Source(
        str(package / "word2vec.py"), b"", f"word2vec.py {LINK}"
    )
    assert set(handed_in.skipped) == {
        f"helper.py {LINK}",
        *(f"submission/{name} {LINK}" for name in ("data", "word.txt", VECTORS, "lib")),
    }


@posix_only
def test_a_linked_folder_or_zip_is_named_in_the_refusal(tmp_path):
    as_folder(tmp_path / "real", LOOSE)
    upload = as_folder(tmp_path / "upload", {"a.py": "", "b.py": "", "c.py": ""})
    (upload / "submission").symlink_to(tmp_path / "real")
    assert f"but submission ({LINK}), a.py, b.py, 1 more. Hand in" in refused(upload)
    (upload / "submission").rename(upload / "it.zip")
    assert refused(upload) == f"{upload}/it.zip {LINK}."


@posix_only
@pytest.mark.parametrize("target", ["real", "real/sgd.py", "/etc/passwd"])
def test_a_link_is_no_submission(tmp_path, target):
    as_folder(tmp_path / "real", LOOSE)
    for name in ("link", "submission.py"):
        (tmp_path / name).symlink_to(tmp_path / target)
        assert refused(tmp_path / name) == (
            f"{tmp_path / name} is a link, which is not followed. Name the submission itself."
        )


@posix_only
@pytest.mark.parametrize("target", ["/etc/passwd", "nowhere"])
def test_vectors_beside_a_package_or_source_are_no_link(tmp_path, target):
    package = as_folder(tmp_path / "submission", PACKAGE)
    for beside, path in [(tmp_path, package), (package, package / "sgd.py")]:
        (beside / VECTORS).symlink_to(target)
        handed_in = read_upload(path)
        assert handed_in.vectors is None
        assert handed_in.skipped == (f"{VECTORS} {LINK}",)
        (beside / VECTORS).unlink()


@posix_only
@pytest.mark.parametrize("below", [True, False], ids=["safe folders", "plain"])
def test_what_becomes_a_link_between_looking_and_reading_is_not_followed(
    tmp_path, monkeypatch, below
):
    monkeypatch.setattr(archive, "BELOW", below)
    secret = as_folder(tmp_path / "secret", {"sgd.py": "secret", "a/sgd.py": "secret"})
    folder = as_folder(tmp_path / "it", {"sgd.py": "", "a/sgd.py": "", "b/a/sgd.py": ""})
    tree = archive.Folder(str(folder), "it")
    (folder / "sgd.py").unlink()
    (folder / "sgd.py").symlink_to(secret / "sgd.py")
    with pytest.raises(archive.UnreadableError, match=r"^is a link"):
        tree.read("sgd.py", 100)
    if below:
        for name in ("a", "b"):
            (folder / name).rename(tmp_path / name)
            (folder / name).symlink_to(secret)
        for name in ("a/sgd.py", "b/a/sgd.py"):
            with pytest.raises(archive.UnreadableError):
                tree.read(name, 100)
    (folder / "sgd.py").unlink()
    os.mkfifo(folder / "sgd.py")
    with pytest.raises(archive.UnreadableError, match=r"^is no regular file"):
        tree.read("sgd.py", 100)
    (folder / "sgd.py").unlink()
    with pytest.raises(archive.UnreadableError, match=r"^cannot be read: No such file"):
        tree.read("sgd.py", 100)


@posix_only
def test_no_file_stays_open(tmp_path):
    before = len(os.listdir("/dev/fd"))
    for path in [
        as_folder(tmp_path / "it", under("a/b", PACKAGE | VECTOR)),
        as_zip(tmp_path / "it", PACKAGE),
    ]:
        read_upload(path)
    (tmp_path / "it/a/b/sgd.py").unlink()
    os.mkfifo(tmp_path / "it/a/b/sgd.py")
    read_upload(tmp_path / "it")
    with pytest.raises(archive.UnreadableError):
        archive.open_file(str(tmp_path / "it"), "a/none/x")
    with pytest.raises(archive.UnreadableError):
        archive.open_file(str(tmp_path / "it"), "a/b/sgd.py")
    assert len(os.listdir("/dev/fd")) == before


def test_systems_without_safe_folders_read_the_same(tmp_path, monkeypatch):
    folder = as_folder(tmp_path, under("a/submission", PACKAGE | {"lib/x.py": ""}) | VECTOR)
    expected = read_upload(folder)
    monkeypatch.setattr(archive, "BELOW", False)
    assert read_upload(folder) == expected


@posix_only
def test_what_is_no_file_does_not_hang(tmp_path):
    package = as_folder(tmp_path / "submission", PACKAGE)
    for name in ("sgd.py", "helper.py", "pipe", VECTORS):
        (package / name).unlink(missing_ok=True)
        os.mkfifo(package / name)
    handed_in = read_upload(package)
    problem = "is no regular file; hand in a plain file"
    assert handed_in.package["sgd.py"].problem == f"sgd.py {problem}"
    assert handed_in.package["sgd.py"].data == b""
    assert {f"{name} {problem}" for name in ("helper.py", "pipe", VECTORS)} == set(
        handed_in.skipped
    )
    for path in (package / "pipe", "/dev/zero"):
        assert refused(path) == f"{path} is no file or folder. Name the submission itself."


@posix_only
def test_a_hard_link_is_a_file(tmp_path):
    folder = as_folder(tmp_path, LOOSE)
    os.link(folder / "sgd.py", folder / "quiz.py")
    assert contents(read_upload(folder)) == {**LOOSE, "quiz.py": LOOSE["sgd.py"]}


@posix_only
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may read everything")
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


@pytest.mark.parametrize("make", [as_folder, as_zip])
def test_files_have_a_limit(tmp_path, make):
    files = PACKAGE | {
        "sgd.py": "#" * 10**6,
        "quiz.py": "#" * (10**6 + 1),
        VECTORS: " " * 5_000_001,
    }
    handed_in = read_upload(make(tmp_path / "it", files | {"big.py": "#" * (10**6 + 1)}))
    assert len(handed_in.package["sgd.py"].data) == 10**6
    assert handed_in.package["quiz.py"].data == b""
    assert handed_in.package["quiz.py"].problem == "quiz.py is larger than 1 MB"
    assert handed_in.vectors is None
    assert handed_in.skipped == ("big.py is larger than 1 MB", f"{VECTORS} is larger than 5 MB")
    assert read_upload(make(tmp_path / "it", {VECTORS: " " * 5_000_000})).vectors is not None


def test_of_a_file_without_end_only_the_start_is_read(tmp_path, peak_memory):
    with open(tmp_path / "sgd.py", "wb") as stream:
        stream.truncate(100_000_000)
    assert read_upload(tmp_path).package["sgd.py"].problem == "sgd.py is larger than 1 MB"
    assert peak_memory() < 3e6


@pytest.mark.parametrize("make", [as_folder, as_zip])
def test_sources_have_a_limit_together(tmp_path, monkeypatch, make):
    monkeypatch.setattr(sources, "MAX_SOURCE", 10**4)
    monkeypatch.setattr(sources, "MAX_TOTAL", 2 * 10**5)
    path = make(tmp_path / "it", PACKAGE | {f"x{i:02}.py": "#" * 10**4 for i in range(22)})
    handed_in = read_upload(path)
    assert PACKAGE.keys() <= handed_in.package.keys()
    assert 1.9e5 < sum(len(source.data) for source in handed_in.package.values()) <= 2e5
    assert handed_in.skipped == ("more than 0.2 MB of sources: not all were read",)


@pytest.mark.parametrize("make", [as_folder, as_zip])
def test_files_are_counted_those_near_the_top_first(tmp_path, make):
    files = {f"a/b{i:03}.py": "" for i in range(197)}
    handed_in = read_upload(make(tmp_path / "it", PACKAGE | files))
    assert (len(handed_in.package), handed_in.skipped) == (200, ())
    handed_in = read_upload(make(tmp_path / "top", PACKAGE | {f"a{i}.py": "" for i in range(200)}))
    assert PACKAGE.keys() <= handed_in.package.keys()
    more = {"helper.py": "", "big.py": "#" * 1_000_001, "a/c.py": ""}
    handed_in = read_upload(make(tmp_path / "it", files | PACKAGE | more))
    assert len(handed_in.package) == 199
    assert {*PACKAGE, "helper.py"} <= handed_in.package.keys()
    assert handed_in.skipped == (
        "big.py is larger than 1 MB",
        "more than 200 source files: not all were read",
    )


def many(name):
    return {f"a/{i}.{name}": "" for i in range(2_000)}


@pytest.mark.parametrize(("make", "below"), [(as_folder, True), (as_folder, False), (as_zip, True)])
def test_thousands_of_files_are_not_looked_at(tmp_path, monkeypatch, make, below):
    monkeypatch.setattr(archive, "BELOW", below)
    monkeypatch.setattr(archive, "MAX_ENTRIES", 20)
    files = {f"a/c/d/{i}.txt": "" for i in range(30)} | under("b/submission", PACKAGE)
    handed_in = read_upload(make(tmp_path / "it", files))
    assert contents(handed_in) == PACKAGE
    assert handed_in.skipped == (archive.TOO_MANY,)
    message = refused(
        make(tmp_path / "no", {f"a/{i}": "" for i in range(30)} | under("b/c", LOOSE))
    )
    assert archive.TOO_MANY in message


def test_a_zip_of_thousands_of_files_does_not_fill_the_memory(tmp_path, peak_memory):
    path = as_zip(tmp_path / "it", many("txt") | LOOSE, compression=zipfile.ZIP_STORED)
    assert contents(read_upload(path)) == LOOSE
    path.write_bytes(table_of_contents(300_000))
    peak_memory.clear()
    assert "cannot be read as a zip file: it holds too many files" in refused(path)
    assert peak_memory() < 9e6


def table_of_contents(count):
    """Give a zip that is nothing but a table of contents."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, *[0] * 15)
    size = count * len(entry)
    return entry * count + struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, *[count % 2**16] * 2, size, 0, 0
    )


def test_folders_without_end(tmp_path):
    path = as_folder(tmp_path / "it", LOOSE | {"/".join("a" * 50) + "/x.py": ""})
    assert contents(read_upload(path)) == LOOSE
    path = as_zip(tmp_path / "it", LOOSE | {"a/" * 10_000 + "x.py": ""})
    assert contents(read_upload(path)) == LOOSE


@posix_only
def test_a_file_name_that_is_no_text(tmp_path):
    folder = as_folder(tmp_path, LOOSE)
    name = os.fsencode(folder) + b"/w\xff.py"
    with open(name, "wb"):
        pass
    handed_in = read_upload(folder)
    assert contents(handed_in) == LOOSE
    assert handed_in.skipped == (
        r"w\udcff.py was left out: Python can import no file of this name",
    )
    os.rename(name, os.fsencode(folder) + b"/\xff.zip")
    (folder / "sgd.py").unlink()
    (folder / "word2vec.py").unlink()
    assert refused(folder).startswith(rf"{folder}/\udcff.zip cannot be read as a zip file")


@pytest.mark.parametrize("make", [as_folder, as_zip])
def test_at_most_ten_lines_are_told_of_what_was_left_out(tmp_path, make):
    ten = LOOSE | {f"{i}\x1b{'x' * 100}.py": "" for i in range(10)}
    lines = read_upload(make(tmp_path / "it", ten)).skipped
    assert len(lines) == 10
    assert all(line.isprintable() and len(line) < 200 for line in lines)
    lines = read_upload(make(tmp_path / "it", ten | {f"-{i}.py": "" for i in range(5)})).skipped
    assert len(lines) == 10
    assert lines[-1] == "and 6 more"


@pytest.mark.parametrize(
    "name",
    ["/word2vec.py", "../word2vec.py", "a/../../word2vec.py", "\\word2vec.py", "..\\word2vec.py",
     "C:\\word2vec.py", "/a\x1b.py", "c:word2vec.py", "\\\\host\\word2vec.py", "a/..", "../.word2vec.py"],
)  # fmt: skip
def test_members_of_a_zip_with_paths_that_lead_elsewhere_are_left_out(tmp_path, name):
    handed_in = read_upload(as_zip(tmp_path / "it", {name: "evil", "sgd.py": ""}))
    assert contents(handed_in) == {"sgd.py": ""}
    if not name.startswith("../."):
        assert handed_in.skipped == (f"{clean(name)} was left out: its path leads elsewhere",)


@pytest.mark.parametrize(
    "name", ["./submission/sgd.py", "submission\\sgd.py", "submission//sgd.py"]
)
def test_members_of_a_zip_with_odd_but_harmless_paths_are_read(tmp_path, name):
    assert contents(read_upload(as_zip(tmp_path / "it", {name: "x"}))) == {"sgd.py": "x"}


def test_odd_members_of_a_zip_are_left_out(tmp_path):
    link, fifo, folder = (zipfile.ZipInfo(name) for name in ("sgd.py", "quiz.py", "a.py"))
    for member, mode in [(link, stat.S_IFLNK), (fifo, stat.S_IFIFO), (folder, stat.S_IFDIR)]:
        member.external_attr = (mode | 0o777) << 16
    files = {
        link: "/etc/passwd",
        fifo: "",
        folder: "",
        "word2vec.py": "f",
        "b.py/": "",
        "c.py\\": "",
        "/": "",
        ".": "",
    }
    handed_in = read_upload(as_zip(tmp_path / "it", files))
    assert handed_in.package["sgd.py"] == Source("it.zip/sgd.py", b"", f"sgd.py {LINK}")
    assert (
        handed_in.package["quiz.py"].problem == "quiz.py is no regular file; hand in a plain file"
    )
    assert handed_in.package.keys() == {"sgd.py", "quiz.py", "word2vec.py"}
    assert handed_in.skipped == ()


def test_a_member_that_is_in_a_zip_twice(tmp_path):
    same, different = [("sgd.py", "g"), ("sgd.py", "g")], [("quiz.py", "q"), (".//quiz.py", "r")]
    files = [*same, *different, ("word2vec.py", "f"), ("word2vec.py", "h"), ("word2vec.py", "f")]
    package = read_upload(as_zip(tmp_path / "it", files)).package
    assert package["sgd.py"] == Source("it.zip/sgd.py", b"g")
    for name in ("quiz.py", "word2vec.py"):
        problem = f"{name} is in the zip twice, with different contents; keep one"
        assert package[name] == Source(f"it.zip/{name}", b"", problem)


BOMB = b"#" * 30_000_000


def patched(data, declared):
    """Change the size that a zip of one file declares, in its header and in its directory."""
    size = struct.pack("<L", len(BOMB))
    assert data.count(size) == 2
    return data.replace(size, struct.pack("<L", declared))


def test_bombs_that_lie_about_their_size(tmp_path, peak_memory):
    bomb, path = pack({"sgd.py": BOMB}), tmp_path / "it.zip"
    path.write_bytes(bomb)
    peak_memory.clear()
    assert read_upload(path).package["sgd.py"].problem == "sgd.py is larger than 1 MB"
    for declared in (10, 1_000_000):
        path.write_bytes(patched(bomb, declared))
        source = read_upload(path).package["sgd.py"]
        assert source.data == b""
        assert source.problem.startswith("sgd.py is damaged in the zip: Bad CRC-32")
    assert peak_memory() < 8e6


def test_an_inner_zip_has_a_limit(tmp_path, peak_memory):
    for make in (as_folder, as_zip):
        path = make(tmp_path / "it", {"x.zip": BOMB})
        peak_memory.clear()
        assert refused(path).endswith("/x.zip is larger than 20 MB.")
        assert peak_memory() < 45e6


@pytest.fixture
def peak_memory():
    """Give a function for the most bytes that Python held since its `clear` was called."""
    import tracemalloc

    def peak():
        return tracemalloc.get_traced_memory()[1]

    peak.clear = tracemalloc.reset_peak
    tracemalloc.start()
    yield peak
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_not_undone(tmp_path, method):
    path = as_zip(tmp_path / "it", {"sgd.py": "#" * 1000}, compression=method)
    assert read_upload(path).package["sgd.py"].problem == (
        "sgd.py is compressed in an unusual way; make the zip anew"
    )


def test_an_encrypted_zip_is_refused(tmp_path):
    data = bytearray(pack({".hidden": "", "sgd.py": "g"}))
    data[data.rindex(b"PK\1\2") + 8] |= 1
    (tmp_path / "it.zip").write_bytes(data)
    assert refused(tmp_path / "it.zip") == "it.zip is encrypted. Make it anew, without a password."


def test_a_damaged_zip_is_refused_or_its_damaged_file_told(tmp_path):
    whole, path = pack(PACKAGE | VECTOR, compression=zipfile.ZIP_STORED), tmp_path / "it.zip"
    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        assert refused(path).startswith("it.zip cannot be read as a zip file: ")
    path.write_bytes(whole.replace(b"g = 2", b"g = 3"))
    package = read_upload(path).package
    assert package["sgd.py"].problem.startswith("sgd.py is damaged in the zip: Bad CRC-32")
    assert package["word2vec.py"].problem == ""
    data = bytearray(pack({"sgd.py": "g" * 2000}, compression=zipfile.ZIP_STORED))
    data[26:28] = struct.pack("<H", 1000)  # the length of its name
    path.write_bytes(data)
    assert len(read_upload(path).package["sgd.py"].problem) < 150


def test_any_damage_to_a_zip_is_withstood(tmp_path):
    whole, path, lines = pack({"sgd.py": "g = 2"}), tmp_path / "it.zip", []
    for i in range(len(whole)):
        path.write_bytes(whole[:i] + bytes([whole[i] ^ 255]) + whole[i + 1 :])
        try:
            handed_in = read_upload(path)
            lines += [source.problem for source in handed_in.package.values()]
            assert {source.data for source in handed_in.package.values()} <= {b"g = 2", b""}
        except UploadError as error:
            lines.append(str(error))
    assert len(set(lines)) > 5
    assert "".join(lines).isprintable()


def test_a_zip_by_another_name_is_read(tmp_path):
    (tmp_path / "download").write_bytes(pack(LOOSE))
    assert contents(read_upload(tmp_path / "download")) == LOOSE


TEXT = "# é\nx = 1\n"
TEXTS = {
    "UTF-8": (TEXT.encode(), ""),
    "UTF-8 with a mark": (TEXT.encode("utf-8-sig"), ""),
    "empty": (b"", ""),
    "latin-1, declared": (b"# coding: latin-1\n# \xe9\n", ""),
    "unknown, declared": (b"# coding: klingon\n", ""),
    "slow, declared": (b"# coding: punycode\n" + b"a" * 500_000 + b"-" + b"9" * 400_000, ""),
    "no text, declared": (b"# coding: zlib\n", ""),
    "UTF-16": (TEXT.encode("utf-16"), "is in UTF-16; save it as UTF-8"),
    "UTF-16, the other order": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is in UTF-16; save it as UTF-8"),
    "UTF-16, Chinese": (("中文" * 9).encode("utf-16"), "is in UTF-16; save it as UTF-8"),
    "UTF-16, Chinese, the other order": (b"\xfe\xff" + ("中文" * 9).encode("utf-16-be"), "is in UTF-16; save it as UTF-8"),
    "UTF-32, Chinese, the other order": (b"\0\0\xfe\xff" + ("中文" * 9).encode("utf-32-be"), "is in UTF-32; save it as UTF-8"),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), "is in UTF-16; save it as UTF-8"),
    "UTF-32": (TEXT.encode("utf-32"), "is in UTF-32; save it as UTF-8"),
    "UTF-32, the other order": (b"\0\0\xfe\xff" + TEXT.encode("utf-32-be"), "is in UTF-32; save it as UTF-8"),
    "UTF-32 without a mark": (TEXT.encode("utf-32-le"), "is in UTF-32; save it as UTF-8"),
    "latin-1": (b"# \xe9\n", "is no UTF-8 text: byte 0xe9 at position 2; save it as UTF-8"),
    "latin-1, far down": (b"#\n" * 6 + b"\xff", "is no UTF-8 text: byte 0xff at position 12; save it as UTF-8"),
    "latin-1, as UTF-8": (b"# coding: utf8\n\n\n\xe9", "is no UTF-8 text: byte 0xe9 at position 17; save it as UTF-8"),
    "latin-1 after a mark": (b"\xef\xbb\xbf\n\n\xff", "is no UTF-8 text: byte 0xff at position 5; save it as UTF-8"),
    "a NUL": (b"x = 1\0\n", "is no UTF-8 text: byte 0x00 at position 5; save it as UTF-8"),
}  # fmt: skip


@pytest.mark.parametrize("make", [as_folder, as_zip])
@pytest.mark.parametrize(("data", "problem"), TEXTS.values(), ids=TEXTS)
def test_encodings(tmp_path, make, data, problem):
    for files, names in [
        ({"word2vec.py": data, "helper.py": data}, {"word2vec.py": "word2vec.py", "helper.py": "helper.py"}),
        ({"submission.py": data}, {"__init__.py": "submission.py"}),
    ]:  # fmt: skip
        package = read_upload(make(tmp_path / "-".join(files), files)).package
        assert package.keys() == names.keys()
        for name, shown in names.items():
            assert package[name].data == data
            assert package[name].problem == (f"{shown} {problem}" if problem else "")


def test_text_is_cleaned():
    assert clean("naïve λ.py") == "naïve λ.py"
    assert clean("a\n\t\0\x1b\x7f\u202e\ud800") == r"a\n\t\x00\x1b\x7f\u202e\ud800"
    assert clean("x" * 80) == "x" * 80
    assert clean("a" * 50 + "b" * 50) == "a" * 38 + "..." + "b" * 38
    assert len(clean("\n" * 100, 200)) <= 200


def test_limits_are_as_told():
    assert (sources.MAX_SOURCE, sources.MAX_TOTAL, sources.MAX_SOURCES) == (10**6, 20 * 10**6, 200)
    assert (archive.MAX_ENTRIES, upload.MAX_VECTORS) == (5_000, 5 * 10**6)
