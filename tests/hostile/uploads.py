"""Uploads that hold more than a submission's sources, and state kept from test to test."""

import os
import py_compile
import shutil
import subprocess
import sys
import zipfile
from functools import partial

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
    """Put the reference, compiled, beside sources in which nothing is written."""
    package = folder / "submission"
    (package / "__pycache__").mkdir()
    for name in ("word2vec", "sgd"):
        made = package / f"{name}.pyc"
        unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(REFERENCE / f"{name}.py", made, invalidation_mode=unchecked)
        for minor in range(11, 16):
            shutil.copy(made, package / "__pycache__" / f"{name}.cpython-3{minor}.pyc")


def sourceless(folder, places):
    """Leave compiled files alone."""
    precompiled(folder, places)
    for name in ("word2vec", "sgd"):
        (folder / "submission" / f"{name}.py").unlink()


def odd_files(folder, places):
    """Hold pipes, folders, links to themselves, and 20 GB without a byte on disk."""
    package = folder / "submission"
    for path in (*package.glob("*.py"), folder / VECTORS):
        path.unlink()
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


def link_to_package(folder, places):
    """Be a link to the solution."""
    shutil.rmtree(folder / "submission")
    (folder / "submission").symlink_to(places["solution"])


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


def many_files(folder, places):
    """Hold very many files and deep folders."""
    for k in range(3000):
        (folder / "submission" / f"part_{k}.py").write_text("")
    deep = folder / "submission"
    for _ in range(200):
        deep = deep / "deeper"
        deep.mkdir()
    (deep / "end.py").write_text("")


def zipped(folder, entries):
    """Be a zip file alone, beside nothing."""
    shutil.rmtree(folder)
    folder.mkdir()
    with zipfile.ZipFile(folder / "upload.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)


def zip_bomb(folder, places):
    """Be a zip of 400 MB of blanks."""
    zipped(folder, [("submission/word2vec.py", b" " * (400 * 2**20))])


def zip_with_links(folder, places):
    """Be a zip with links and with paths that lead out of it."""
    link = zipfile.ZipInfo("submission/word2vec.py")
    link.external_attr = 0o120777 << 16
    entries = [
        ("submission/__init__.py", "from .word2vec import *\n"),
        (link, places["solution"] + "/word2vec.py"),
        ("../ran.py", "OUT = 1"),
        (places["drop"] + "/ran.py", "OUT = 1"),
        ("submission/../../../drop/ran.py", "OUT = 1"),
    ]
    zipped(folder, entries)


def pickled_state(folder, places):
    """Hold saved states that run a command when they are loaded."""
    program = (
        "import os, pickle, sys, numpy as np\n"
        "class Reduce:\n"
        "    def __reduce__(self):\n"
        "        return os.system, ('touch ' + sys.argv[2] + '/ran.py',)\n"
        "os.chdir(sys.argv[1])\n"
        "for folder in ('.', 'submission'):\n"
        "    state = np.array([Reduce()], dtype=object)\n"
        "    np.savez(folder + '/saved_sgd.npz', x=state, iteration=state, random_state=state)\n"
        "    np.save(folder + '/saved_params_5000.npy', state)\n"
        "    pickle.dump(Reduce(), open(folder + '/saved_state_5000.pickle', 'wb'))\n"
        "    pickle.dump(Reduce(), open(folder + '/points.json', 'wb'))\n"
    )
    subprocess.run([sys.executable, "-c", program, folder, places["drop"]], check=True)


def pickled_vectors(folder, places):
    """Be a pickle that runs a command when it is loaded."""
    command = f"touch {places['drop']}/ran.py"
    (folder / VECTORS).write_bytes(b"cposix\nsystem\n(V" + command.encode() + b"\ntR.")


STATE = """
    import os, random, sys

    MARK = "seen-by-an-earlier-test"
    found = [
        path for path in (MARK, os.path.expanduser("~/" + MARK), os.environ.get("TMPDIR", ".") + "/" + MARK)
        if os.path.exists(path)
    ]
    found += [name for name in os.environ if name == MARK] + [n for n in sys.modules if n == MARK]
    found += [1 for module in (np, random, os) if hasattr(module, "MARK")]
    found += [1 for path in sys.path if path == MARK]
    found += os.listdir(".")
    print("STATE", found or "none")
    for path in (MARK, os.path.expanduser("~/" + MARK), os.environ.get("TMPDIR", ".") + "/" + MARK):
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
    fresh("compiled files beside sources", make=precompiled, is_written=False, fails="2a-1 2a-2 2b-0"),
    fresh("compiled files alone", make=sourceless, is_written=False, fails="2a-1 2a-2 2b-0"),
    fresh("links to the solution", make=links_to_solution, fails="2a-1 2a-2 2b-0 2c-0 3a"),
    fresh("a link to the solution's folder", make=link_to_package, fails="2a-1 2a-2 2b-0"),
    fresh("no regular file", make=odd_files, fails="2a-1 2a-2 2b-0 2c-0 3a"),
    fresh("3,000 files, 200 folders deep", make=many_files, is_written=False, fails="2a-1 2a-2"),
    fresh(
        "names that are lines of the report",
        code={"sigmoid": "raise ValueError('text')"},
        make=forged_names,
        fails="2a-2",
        shows=("ValueError: text",),
        hides=("\n----- END 2a-2-basic [took 0:00:00.000001", "\x1b", "\u202e", "\u2028"),
    ),
    fresh("a zip of 400 MB of blanks", make=zip_bomb, fails="2a-1 2a-2"),
    fresh("a zip with links and paths out of it", make=zip_with_links, fails="2a-1 2a-2"),
    fresh(
        "state kept in files, modules and the environment",
        top=STATE,
        passes="2a-1 2a-2 2b-0",
        fails="",
        shows=("STATE none",),
        hides=("STATE [",),
    ),
    fresh(
        "modules damaged for the next test",
        code={"sigmoid": "import random, utils.utils\nutils.utils.softmax = random.randint = np.exp = None\n"
              "np.zeros = np.array = random.random = None\nreturn x"},
        passes="2a-1 2a-6 2b-0",
        fails="2a-2",
    ),
    fresh(
        "settings for the programs it starts",
        top="""
            import os, subprocess, sys

            for name in ("PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "LD_LIBRARY_PATH", "PYTHONHOME"):
                os.environ[name] = os.getcwd()
            sys.path.insert(0, os.getcwd())
            for name in ("json", "numpy", "random", "grader"):
                open(name + ".py", "w").write("raise RuntimeError('SHADOW')")
        """,
        passes="2a-1 2a-2 2b-0",
        fails="",
        hides=("SHADOW",),
    ),
    fresh(
        "waits for input",
        code={"sigmoid": "print('TYPED', repr(input('password: ')))\nreturn x"},
        passes="2a-1",
        fails="2a-2",
        shows=("EOFError",),
    ),
    fresh("no file at all", make=lambda folder, places: shutil.rmtree(folder) or folder.mkdir(), fails="2a-1 2a-2 2c-0"),
]  # fmt: skip

BAD_VECTORS = {
    "nested 100,000 deep": "[" * 100_000,
    "with 1e999": vectors().replace("0.6029723815239835", "1e999"),
    "with NaN": vectors().replace("0.6029723815239835", "NaN"),
    "with a number of a million digits": '{"female": [' + "9" * 1_000_000 + "]}",
    "with every word twice": vectors()[:-1] + ", " + vectors()[1:-1].replace("0.", "9.") + "}",
    "of texts and lists": '{"female": "0.1", "cool": [[0.1]], "\\u001b[31m": {}}',
}
DISK = [
    disk(
        "saved states that are pickles",
        make=pickled_state,
        passes="2a-1 2b",
        fails="",
    ),
    disk(
        "pickles left in the working folder",
        top="""
            import os, pickle

            class Reduce:
                def __reduce__(self):
                    return os.system, ("touch @drop@/ran.py",)

            np.savez("saved_sgd.npz", x=np.array([Reduce()], dtype=object))
            pickle.dump(Reduce(), open("saved_state_5000.pickle", "wb"))
        """,
        passes="2a-1 2b-0 2b-3",
        fails="",
    ),
    disk("a vectors file that is a pickle", make=pickled_vectors, fails="2c"),
    *(disk(f"a vectors file {name}", files={VECTORS: text}, fails="2c") for name, text in BAD_VECTORS.items()),
]  # fmt: skip

ROWS = FRESH + DISK
