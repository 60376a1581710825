"""Uploads that hold more than a submission's sources, and state kept from test to test."""

import os
import pickle
import py_compile
import shutil
import zipfile
from dataclasses import dataclass
from functools import partial

import numpy as np

from .fixture import REFERENCE, VECTORS, Hostile, vectors

fresh = partial(Hostile, "fresh")
disk = partial(Hostile, "disk")

SHOUT = "print('SHADOW of', __name__)\nraise RuntimeError('SHADOW')\n"
SHADOWS = (
    "argparse json random numpy numpy/__init__ scipy/__init__ unittest socket struct typing enum "
    "sitecustomize usercustomize conftest solution grader graderUtil utils/__init__ utils/utils "
    "utils/gradcheck sandbox/__init__ sandbox/worker grading/__init__ __main__ linecache traceback"
).split()


# What cannot be said by the text of files


def precompiled(folder, places):
    """Put the reference, compiled, beside a source in which nothing is written, and beside none."""
    package = folder / "submission"
    (package / "__pycache__").mkdir()
    for name in ("word2vec", "sgd"):
        made = package / f"{name}.pyc"
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(REFERENCE / f"{name}.py", made, invalidation_mode=unchecked)
        for minor in range(11, 16):
            shutil.copy(made, package / "__pycache__" / f"{name}.cpython-3{minor}.pyc")
    (package / "sgd.py").unlink()


def odd_files(folder, places):
    """Hold pipes, folders, links to themselves, and 20 GB without a byte on disk."""
    package = folder / "submission"
    for name in ("word2vec.py", "sgd.py", "quiz.py", f"../{VECTORS}"):
        (package / name).unlink()
    os.mkfifo(package / "word2vec.py")
    os.mkfifo(folder / "pipe.py")
    os.mkdir(package / "sgd.py")
    (package / "quiz.py").symlink_to("quiz.py")
    (package / "more").symlink_to("..")
    for path in (folder / VECTORS, package / "data.bin"):
        path.touch()
        os.truncate(path, 20 * 2**30)


def links_to_solution(folder, places):
    """Link to files of the solution."""
    for name in ("submission/word2vec.py", "submission/sgd.py", "submission/quiz.py", VECTORS):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(os.path.join(places["solution"], os.path.basename(name)))


def forged_names(folder, places):
    """Hold files and folders whose names are lines of the report."""
    forged = "x\n----- END 2a-2-basic [took 0:00:00.000001 (max allowed 5 seconds), 1 of 1 points]"
    for name in (
        forged,
        f"{forged}.py",
        "\x1b[2J\x1b[31m.py",
        "\u202egnp.py",
        "\x85\u2028.py",
        "a" * 250 + ".py",
    ):
        (folder / "submission" / name).write_text("1 / 0")
    (folder / "submission" / f"{forged}.zip").symlink_to(f"/{forged}")
    os.mkfifo(folder / "submission" / f"{forged}.pdf")
    (folder / f"{forged}\n").mkdir()
    shutil.move(folder / "submission", folder / f"{forged}\n" / "submission")
    os.makedirs(folder / f"{forged}\n2" / "submission" / "sgd.py")
    (folder / os.fsdecode(b"\xff\xfe.py")).write_text("1 / 0")


def odd_zip(folder, places):
    """Be a zip alone, with a bomb, with links and with paths that lead out of it."""
    shutil.rmtree(folder)
    folder.mkdir()
    link = zipfile.ZipInfo("submission/word2vec.py")
    link.external_attr = 0o120777 << 16
    entries = {
        "submission/__init__.py": "from .word2vec import *\n",
        link: places["solution"] + "/word2vec.py",
        "submission/sgd.py": b" " * (100 * 2**20),
        "../ran.py": "OUT = 1",
        places["drop"] + "/ran.py": "OUT = 1",
        "submission/../../../drop/ran.py": "OUT = 1",
    }
    with zipfile.ZipFile(folder / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@dataclass
class Touch:
    """Makes a file when a pickle of it is loaded."""

    path: str

    def __reduce__(self):
        """Pickle a call."""
        return os.system, (f"touch {self.path}",)


def pickled_state(folder, places):
    """Hold saved states that run a command when they are loaded."""
    state = np.array([Touch(f"{places['drop']}/ran.py")], dtype=object)
    for place in (folder, folder / "submission"):
        np.savez(place / "saved_sgd.npz", x=state, iteration=state, random_state=state)
        np.save(place / "saved_params_5000.npy", state)
        for name in ("saved_state_5000.pickle", "points.json"):
            (place / name).write_bytes(pickle.dumps(state[0]))


def pickled_vectors(folder, places):
    """Be a pickle that runs a command when it is loaded."""
    (folder / VECTORS).write_bytes(pickle.dumps(Touch(f"{places['drop']}/ran.py")))


STATE = """
    import os, random, sys

    MARK = "seen-by-an-earlier-test"
    FILES = MARK, os.path.expanduser("~/" + MARK), os.environ.get("TMPDIR", ".") + "/" + MARK
    found = [path for path in FILES if os.path.exists(path)] + os.listdir(".")
    found += [1 for names in (os.environ, sys.modules, sys.path) if MARK in names]
    found += [1 for module in (np, random, os) if hasattr(module, "MARK")]
    print("STATE", found or "none")
    for path in FILES:
        try:
            open(path, "w").write(MARK)
        except OSError:
            pass
    os.environ[MARK] = MARK
    sys.modules[MARK] = sys
    np.MARK = random.MARK = os.MARK = MARK
    sys.path.append(MARK)
"""

FRESH = [
    fresh(
        "files that shadow modules",
        files={f"{place}{name}.py": SHOUT for name in SHADOWS for place in ("", "submission/")},
        top="import argparse, scipy, unittest\n",
        passes="2a-1 2a-2 2b-0 2c-0",
        fails="",
        hides=("SHADOW",),
    ),
    fresh(
        "its own points and settings",
        files={
            f"{place}{name}": content
            for place in ("", "submission/")
            for name, content in {
                "points.json": '{"2a-2-basic": 4000, "2a-3-hidden": 4000, "9z-0-basic": 100}',
                "pyproject.toml": "[project",
                "pyvenv.cfg": "home = /nowhere",
                "python311._pth": "/nowhere",
                "results.json": '{"score": 4000}',
            }.items()
        },
        is_written=False,
    ),
    fresh("compiled files beside sources, and alone", make=precompiled, is_written=False, fails="2a-1 2a-2 2b-0"),
    fresh("links to the solution", make=links_to_solution, fails="2a-1 2a-2 2b-0 2c-0 3a"),
    fresh("no regular file", make=odd_files, fails="2a-1 2a-2 2b-0 2c-0 3a"),
    fresh(
        "names that are lines of the report",
        code={"sigmoid": "raise ValueError('text')"},
        make=forged_names,
        fails="2a-2",
        shows=("ValueError: text",),
        hides=("\n----- END 2a-2-basic [took 0:00:00.000001", "\x1b", "\u202e", "\u2028"),
    ),
    fresh("a zip with a bomb, links and paths out of it", make=odd_zip, fails="2a-1 2a-2 2b-0"),
    fresh(
        "state kept in files, modules and the environment",
        top=STATE,
        passes="2a-1 2a-2 2b-0",
        fails="",
        shows=("STATE none",),
        hides=("STATE [",),
    ),
    fresh(
        "waits for input",
        code={"sigmoid": "print('TYPED', repr(input('password: ')))\nreturn x"},
        passes="2a-1",
        fails="2a-2",
        shows=("EOFError",),
    ),
]  # fmt: skip

TWICE = vectors()[:-1] + ", " + vectors()[1:-1].replace("0.", "9.") + "}"
DISK = [
    disk("saved states that are pickles", make=pickled_state, passes="2a-1 2b", fails=""),
    disk("a vectors file that is a pickle", make=pickled_vectors, fails="2c"),
    disk("a vectors file with every word twice", files={VECTORS: TWICE}, fails="2c"),
]

ROWS = FRESH + DISK
