"""Honest submissions: right ones that are written or packed unusually, and ones with a plain fault.

A row of `HONEST` must get full marks of what it holds, one of `FAULTY` must lose the tests that its
fault concerns, with a line that names the cause, and no others.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass

from hostile.fixture import VECTORS, vectors
from mistakes import FIRST, RETURN, STYLES, UPDATE, Style, apply
from worth import worth

from grading.quiz import QUESTIONS

LOSS, SAMPLING = "naive_softmax_loss_and_gradient", "neg_sampling_loss_and_gradient"
EVERYTHING = "2 3"
SOME = "2a-0 2a-1 2a-2 2a-3 2b-0 2b-3 2c 3a"  # where all functions are packed or written alike
NO_QUIZ = f"quiz.py is not handed in (points of this question: {worth(QUESTIONS[FIRST]):g})"
NEVER = lambda package: None  # noqa: E731


@dataclass(frozen=True)
class Honest:
    """A submission that is right, but for what `fails`."""

    name: str  # what is unusual
    edits: tuple = ()  # as of `mistakes.Style`
    change: Callable = NEVER  # change(package) changes the files of the package ``submission``
    path: str = "."  # what is handed in, below the folder of package and vectors file
    fails: str = ""  # ids of tests that fail, or their beginnings
    words: tuple = ()  # what the report must hold
    needs: str = ""  # a package that it imports beside NumPy and SciPy
    only: str = ""  # beginnings of the ids of tests to grade, if not those that its kind suggests

    @property
    def tests(self):
        """Name the beginnings of the tests to grade: those of the functions that are edited."""
        if self.only:
            return self.only
        if self.change is not NEVER or not self.edits:
            return SOME
        return " ".join({"2b" if function == "sgd" else "2a" for function, _, _ in self.edits})


def build(row, folder):
    """Write a submission; give the path of what is handed in."""
    apply(Style(row.name, row.edits), folder)
    (folder / VECTORS).write_text(vectors(), encoding="utf-8")
    row.change(folder / "submission")
    return folder / row.path


CODE = "word2vec.py", "sgd.py", "quiz.py"


def text_of(path):
    """Read a source."""
    return path.read_text(encoding="utf-8")


def put(path, content, encoding="utf-8"):
    """Write a file as it is, line ends included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


def recoded(edit, *names, encoding="utf-8"):
    """Make a change, edit(text), of the whole text of each file, all with code by default."""

    def change(package):
        for name in names or CODE:
            put(package / name, edit(text_of(package / name)), encoding)

    return change


def above(text, *names):
    """Make a change that puts text in front of the code, behind the docstring of the file."""
    return recoded(lambda code: code.replace('"""\n', f'"""\n{text}\n', 1), *names)


def below(text, *names):
    """Make a change that puts text behind the code."""
    return recoded(lambda code: f"{code}\n\n{text}\n", *names)


def replaced(name, old, new):
    """Make a change of a piece of a file."""

    def edit(text):
        assert old in text, old
        return text.replace(old, new)

    return recoded(edit, name)


def files(contents):
    """Make a change that adds files, named as seen from the package."""

    def change(package):
        for name, content in contents.items():
            put(package / name, content)

    return change


def each(*changes):
    """Make a change of several."""

    def change(package):
        for one in changes:
            one(package)

    return change


# Ways to hand in


def zipped(name, prefix="", only_code=False):
    """Make a change that packs all into a zip, but for the vectors with `only_code`."""

    def change(package):
        folder = package.parent
        inside = folder.with_name(f"zipped {folder.name}")
        shutil.copytree(folder, inside / prefix)
        shutil.rmtree(folder)
        folder.mkdir()
        if only_code:
            (inside / VECTORS).rename(folder / VECTORS)
        shutil.make_archive(folder / name.removesuffix(".zip"), "zip", inside)
        shutil.rmtree(inside)

    return change


def renamed(names):
    """Make a change of names of files, below the folder of the package and the vectors."""

    def change(package):
        for old, new in names.items():
            (package.parent / new).parent.mkdir(exist_ok=True)
            shutil.move(package.parent / old, package.parent / new)

    return change


def single_file(package):
    """Put all functions into submission.py."""
    texts = [text_of(package / name) for name in CODE]
    shutil.rmtree(package)
    put(package.parent / "submission.py", "\n\n".join(texts))


def loose(package):
    """Put the files beside the vectors."""
    renamed({f"submission/{name}": name for name in CODE})(package)
    shutil.rmtree(package)


def halves(package):
    """Make two folders, with the quiz as a single file in one and the functions in the other."""
    quiz = text_of(package / "quiz.py")
    put(package / "quiz.py", "")
    single_file(package)
    renamed({"submission.py": "src-word2vec/submission.py"})(package)
    put(package.parent / "src-quiz" / "submission.py", quiz)


def without(*names):
    """Make a change that removes files, named as seen from the package."""

    def change(package):
        for name in names:
            (package / name).unlink()

    return change


def tabs(text):
    """Indent by tabs."""
    return re.sub("^( {4})+", lambda blanks: "\t" * (len(blanks[0]) // 4), text, flags=re.MULTILINE)


VECTORS_INSIDE = renamed({VECTORS: f"submission/{VECTORS}"})
LITTER = files(
    {
        "../.DS_Store": b"\0\1Bud1",
        "../__MACOSX/submission/._word2vec.py": b"\0\5\26\7",
        "__pycache__/word2vec.cpython-311.pyc": b"old",
        ".ipynb_checkpoints/word2vec-checkpoint.py": "def sigmoid(x): return 1 / 0\n",
        "word2vec.py~": "def sigmoid(x): return 1 / 0\n",
        "notes.ipynb": "{}",
        "../word_vectors.png": b"\x89PNG",
        "../README.md": "größer".encode("latin-1"),
        "../.git/HEAD": "ref: refs/heads/main\n",
    }
)
CACHED = """
import functools

CACHE = {}
cached_zero = functools.lru_cache(maxsize=None)(np.zeros)
uncached = sigmoid


def sigmoid(x):
    key = np.asarray(x).tobytes(), np.shape(x)
    if key not in CACHE:
        CACHE[key] = uncached(x) + cached_zero(1)[0]
    return CACHE[key]
"""
OLD = "def sigmoid(x):\n    return x\n"
NOTHING = "def nothing():\n    pass\n"
FLOAT32 = "return loss, np.float32(grad_center_vec), np.float32(grad_outside_vecs)"
DEFAULT = (
    '    dataset,\n    word2vec_loss_and_gradient=neg_sampling_loss_and_gradient,\n):\n    """Sum'
)
OF_SIGMOID = "2a-2 2a-3 2a-4 2a-5 2a-8"

# fmt: off
HONEST = [
    Honest("as it is", only=EVERYTHING),
    Honest("float32 gradients of every loss", ((LOSS, RETURN, FLOAT32), (SAMPLING, RETURN, FLOAT32))),
    Honest("float32 gradients of a window", (("skipgram", "return loss, grad_center_vecs, grad_outside_vectors", "return loss, np.float32(grad_center_vecs), grad_outside_vectors.astype('f4')"),)),
    Honest("gradients of shape (1, d) and (1, V, d)", ((LOSS, RETURN, "return loss, grad_center_vec[None], grad_outside_vecs[None]"), ("skipgram", "+= grad_center_vec", "+= np.squeeze(grad_center_vec)"), ("skipgram", "+= grad_outside_vecs", "+= np.squeeze(grad_outside_vecs)"))),
    Honest("losses of shape () and (1,)", ((LOSS, "return loss", "return np.array(loss)"), (SAMPLING, "return loss", "return np.array([loss])"), ("skipgram", "return loss", "return np.reshape(loss, (1,))"))),
    Honest("Python floats", ((LOSS, "return loss", "return float(loss)"), ("skipgram", "return loss", "return float(loss)"), ("sigmoid", "return", "if np.ndim(x) == 0:\n    return 1 / (1 + float(np.exp(-np.clip(x, -700, 700))))\nreturn"))),
    Honest("longdouble", ((LOSS, RETURN, "return np.longdouble(loss), grad_center_vec.astype('g'), grad_outside_vecs.astype('g')"),)),
    Honest("lists for tuples", ((LOSS, RETURN, "return [loss, grad_center_vec, grad_outside_vecs]"), ("skipgram", "return loss, grad_center_vecs, grad_outside_vectors", "return [loss, grad_center_vecs, grad_outside_vectors]"))),
    Honest("arrays in Fortran order, transposed and strided", ((LOSS, RETURN, "return loss, np.repeat(grad_center_vec, 2)[::2], np.asfortranarray(grad_outside_vecs)"), ("sigmoid", "return", "x = np.asarray(x)\nif x.ndim == 2:\n    return sigmoid(x.ravel())[::-1][::-1].reshape(x.shape)\nreturn"))),
    Honest("losses compared", (("skipgram", "c = word2ind[current_center_word]", "c = word2ind[current_center_word]\n"
        "softmax_loss, sampling_loss, given = naive_softmax_loss_and_gradient, neg_sampling_loss_and_gradient, word2vec_loss_and_gradient\n"
        "is_ours = given in (softmax_loss, sampling_loss)\nif given == softmax_loss:\n    assert is_ours and given is softmax_loss\n    dataset = None\n"
        "elif given is sampling_loss:\n    assert is_ours and given.__name__.startswith('neg') and dataset is not None"),)),
    Honest("vectors that are copied, checked for shape and kind", (("skipgram", "c = word2ind[current_center_word]", "assert isinstance(center_word_vectors, np.ndarray) and isinstance(word2ind, dict)\nassert isinstance(outside_words, list) and isinstance(window_size, int)\nV, d = center_word_vectors.shape\nassert outside_vectors.shape == (V, d) and outside_vectors.dtype == float\nc = word2ind[current_center_word]"),)),
    Honest("prints", (("sigmoid", "small =", "print('sigmoid', x, end='')\nsmall ="), (LOSS, "scores = outside", "print(outside_vectors)\nscores = outside"), ("sgd", UPDATE, f"{UPDATE}\nprint('----- END', iteration, x, flush=True)"))),
    Honest("warnings of NumPy", (("sigmoid", "np.where(np.greater_equal(x, 0), 1, small) / (1 + small)", "1 / (1 + np.exp(-np.float64(x))) + 0 * np.nan_to_num(np.divide(1, np.zeros(3)), posinf=0)[0]"),)),
    Honest("warnings of its own", (("sgd", UPDATE, f"import warnings\nwarnings.warn('deprecated', DeprecationWarning, stacklevel=2)\n{UPDATE}"),), above("import warnings\nwarnings.warn('loaded', stacklevel=1)\n")),
    Honest("unicode", (("sigmoid", "small =", "größe, 变量 = x, '→ ✓ 🙂'\nprint(größe, 变量)\nsmall ="),), above("# Grüße, 你好, ✓\n")),
    Honest("a single file", change=single_file, only=EVERYTHING),
    Honest("a single file, named itself", change=single_file, path="submission.py"),
    Honest("all functions in __init__.py", change=each(single_file, renamed({"submission.py": "submission/__init__.py"})), only=EVERYTHING),
    Honest("two halves, each in a submission.py of its own", change=halves, only=EVERYTHING),
    Honest("vectors of another name", change=renamed({VECTORS: "sampleVectors.json"}), only="2c"),
    Honest("loose files", change=loose, only=EVERYTHING),
    Honest("loose files that import each other", change=each(replaced("sgd.py", "import random\n", "import random\n\nfrom word2vec import sigmoid  # noqa: F401\nimport word2vec\nassert word2vec.sigmoid is sigmoid\n"), loose)),
    Honest("the package's folder, named itself", change=VECTORS_INSIDE, path="submission"),
    Honest("vectors in the package", change=VECTORS_INSIDE),
    Honest("a zip of the folder", change=zipped("upload.zip"), path="upload.zip"),
    Honest("a zip of the files", change=each(loose, zipped("upload.zip")), path="upload.zip", only=EVERYTHING),
    Honest("a zip in the folder", change=zipped("submission.zip")),
    Honest("a zip beside its vectors", change=zipped("submission.zip", only_code=True), path="submission.zip"),
    Honest("a zip with one folder around all", change=zipped("upload.zip", "homework/"), path="upload.zip"),
    Honest("files that lie around", change=LITTER),
    Honest("files that lie around, in a zip", change=each(LITTER, zipped("upload.zip")), path="upload.zip"),
    Honest("an empty __init__.py", change=files({"__init__.py": ""})),
    Honest("no __init__.py", change=without("__init__.py")),
    Honest("an __init__.py with stars", change=files({"__init__.py": "from .sgd import *\nfrom .word2vec import *\nfrom .quiz import *\n"})),
    Honest("imports what is given", change=above(
        "import numpy as np\nimport scipy.special\nimport scipy.spatial.distance\nfrom utils.gradcheck import gradcheck_naive\n"
        "from utils.utils import dump, load, normalize_rows, softmax\nimport utils.utils\nimport utils\n"
        "from utils.treebank import StanfordSentiment\nfrom utils.checkpoint import load_checkpoint as load_it\n"
        "assert utils.utils.softmax is softmax and callable(gradcheck_naive)\n"), only="2a-2 2b-0 2b-3 3a"),
    Honest("imports much of the standard library", change=above(
        "import argparse, collections, contextlib, csv, ctypes, datetime, decimal, difflib, enum, fractions, glob, heapq\n"
        "import inspect, io, itertools, json, logging, math, multiprocessing, operator, os, pathlib, pickle, pprint, queue\n"
        "import re, shutil, sqlite3, ssl, statistics, string, subprocess, sys, tempfile, threading, time, traceback, typing\n"
        "import unittest, urllib.request, uuid, zipfile, doctest, zoneinfo, concurrent.futures, asyncio, email, xml.etree\n")),
    Honest("imports tqdm", (("sgd", "in range(start + 1, iterations + 1)", "in tqdm(range(start + 1, iterations + 1))"),), above("from tqdm import tqdm, trange\n"), needs="tqdm", only="2a-2 2b"),
    Honest("imports matplotlib", change=above("import matplotlib.pyplot as plt\nplt.figure()\n", "word2vec.py"), needs="matplotlib", only="2a-2 2a-3"),
    Honest("checks its own gradients", change=below("from utils.gradcheck import gradcheck_naive\n\n\ndef check():\n    gradcheck_naive(lambda x: (float(np.sum(x**2)), 2 * x), np.ones((2, 3)), 'squares')\n\n\ncheck()", "word2vec.py")),
    Honest("a helper module", (("sigmoid", "small = np.exp(-np.abs(x))", "small = helpers.small(x)"),), each(above("from . import helpers\nfrom .helpers import small as also_small\nfrom .more.text import NAME\n", "word2vec.py"), files({"helpers.py": "import numpy as np\n\n\ndef small(x):\n    return np.exp(-np.abs(x))\n", "more/__init__.py": "", "more/text.py": "from ..helpers import small\n\nNAME = small(0)\n"}))),
    Honest("imports by the package's name", change=each(above("import random\nfrom submission.helpers import nothing\nimport submission.helpers as h\nassert h.nothing is nothing\n"), files({"helpers.py": NOTHING}))),
    Honest("imports from the package within functions", (("sgd", UPDATE, f"from submission import sigmoid as s1\nfrom submission.word2vec import sigmoid as s2\nassert s1 is s2\n{UPDATE}"),)),
    Honest("its own folder on sys.path", change=each(above("import os, sys\nsys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))\nfrom helpers import nothing\n", "word2vec.py"), files({"helpers.py": NOTHING}))),
    Honest("a main part", change=below("if __name__ == '__main__':\n    raise SystemExit('run as a program')")),
    Honest("a seed at import and in calls", (("sigmoid", "small =", "np.random.seed(1)\nsmall ="),), above("import random\nimport numpy as np\nrandom.seed(1)\nnp.random.seed(1)\nrng = np.random.default_rng(1)\n")),
    Honest("Windows line ends", change=recoded(lambda text: text.replace("\n", "\r\n"))),
    Honest("old Macintosh line ends", change=recoded(lambda text: text.replace("\n", "\r"))),
    Honest("tabs", change=recoded(tabs)),
    Honest("a byte order mark", change=recoded(lambda text: text, encoding="utf-8-sig")),
    Honest("Latin-1, and says so", (("sigmoid", "small =", "größe = 'é'\nsmall ="),), recoded(lambda text: "# -*- coding: latin-1 -*-\n" + text, encoding="latin-1")),
    Honest("form feeds and no line end at the end", change=recoded(lambda text: text.replace("\n\n\ndef ", "\n\n\x0c\ndef ").rstrip("\n"))),
    Honest("state in globals and caches", change=below(CACHED, "word2vec.py")),
    Honest("classes, dataclasses and annotations", change=each(recoded(lambda text: text.replace('"""\n\n', '"""\n\nfrom __future__ import annotations\n', 1)), below(
        "from dataclasses import dataclass\nfrom typing import NamedTuple, Protocol\n\n\n@dataclass(frozen=True)\nclass Config:\n    V: int = 3\n    K: UnknownName | None = None\n\n\n"
        "class Pair(NamedTuple):\n    a: int\n    b: float\n\n\nclass Loss(Protocol):\n    def __call__(self, x: np.ndarray) -> float: ...\n\n\n"
        "assert Config().V == 3 and Pair(1, 2.0).b == 2\n", "word2vec.py"))),
    Honest("results of a class of its own", ((LOSS, RETURN, "return Result(loss, grad_center_vec, grad_outside_vecs)"),), below("from typing import NamedTuple\n\n\nclass Result(NamedTuple):\n    loss: float\n    center: np.ndarray\n    outside: np.ndarray\n", "word2vec.py")),
    Honest("functions that are objects", change=below(
        "import functools\n\n\nclass Squash:\n    def __call__(self, x):\n        return plain(x)\n\n\n"
        "plain, sigmoid = sigmoid, Squash()\n"
        "naive_softmax_loss_and_gradient = functools.partial(naive_softmax_loss_and_gradient)\n"
        "skipgram = functools.wraps(skipgram)(lambda *args, inner=skipgram, **kwargs: inner(*args, **kwargs))\n", "word2vec.py")),
    Honest("logging and timing", change=above("import logging\nimport time\nlogging.basicConfig(level=logging.DEBUG)\nlogging.getLogger().debug('loaded')\nbegan = time.time()\n")),
    Honest("a pool of threads", (("sigmoid", "small =", "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    list(pool.map(abs, range(5)))\nsmall ="),)),
    Honest("a larger pool of threads", change=above("from concurrent.futures import ThreadPoolExecutor\nimport time\nwith ThreadPoolExecutor(24) as pool:\n    assert len(list(pool.map(lambda k: time.sleep(0.02), range(48)))) == 48\n", "word2vec.py"), only="2a-1 2a-2"),
    Honest("imports SciPy's statistics", change=above("import scipy.stats\n"), only="2a-2 2b-0 3a"),
    Honest("asks who it is", change=above("import getpass, os, platform, socket\nassert getpass.getuser() and os.path.expanduser('~') and platform.node()\n"), only="2a-2 2b-0 3a"),
    Honest("other programs", change=above("import subprocess, sys\nfor more in ({}, {'start_new_session': True}, {'process_group': 0}):\n    done = subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True, timeout=9, **more)\n    assert done.stdout == b'5\\n', done\n", "word2vec.py"), only="2a-1 2a-2"),
    Honest("a process of its own", change=below("import multiprocessing\n\nprocess = multiprocessing.get_context('fork').Process(target=print, args=[5])\nprocess.start()\nprocess.join(9)\nassert process.exitcode == 0", "word2vec.py"), only="2a-1 2a-2"),
    Honest("temporary files", change=above(
        "import os, shutil, tempfile\n"
        "with tempfile.TemporaryDirectory() as folder, tempfile.NamedTemporaryFile(dir=folder) as file, tempfile.TemporaryFile() as other:\n"
        "    assert file.write(b'x') == 1 and os.listdir(folder)\n    os.fsync(other.fileno())\n"
        "os.close(tempfile.mkstemp()[0])\nshutil.rmtree(tempfile.mkdtemp())\n"), only="2a-2 2b-0 3a"),
    Honest("an event loop", change=above("import asyncio\nasyncio.run(asyncio.sleep(0.01))\n", "word2vec.py"), only="2a-1 2a-2"),
    Honest("signals and limits of its own", change=above("import resource, signal, threading\nresource.setrlimit(resource.RLIMIT_NOFILE, (32, 32))\nsignal.signal(signal.SIGUSR1, lambda *args: None)\nsignal.raise_signal(signal.SIGUSR1)\nassert threading.Lock().acquire()\n", "word2vec.py"), only="2a-1 2a-2"),
    Honest("a file in its working folder", (("sgd", UPDATE, f"with open('log.txt', 'a') as file:\n    file.write('x')\n{UPDATE}"),)),
    Honest("a long import", change=above("import time\ntime.sleep(1.5)\n", "sgd.py"), only="2a-2 2b-0"),
    Honest("a quiz in capitals", change=recoded(lambda text: re.sub(r'return \["(.*)"\]', lambda key: "return ('" + key[1].upper().replace('", "', ", ") + "',)", text))),
    *(Honest(style.name, style.edits) for style in STYLES),
]

FAULTY = [
    Honest("an import that is not there", change=above("import nothing_like_this\n", "word2vec.py"), fails="2a", words=("ModuleNotFoundError", "nothing_like_this")),
    Honest("an import that is not there, in sgd.py", change=above("from random import nothing_like_this\n", "sgd.py"), fails="2b", words=("ImportError", "nothing_like_this", "sgd.py")),
    Honest("a sleep in the import of sgd.py", change=below("import time\ntime.sleep(1000)", "sgd.py"), fails="2b", words=("sgd.py", "longer than")),
    Honest("a loop in the import of sgd.py", change=below("while True:\n    pass", "sgd.py"), fails="2b", words=("sgd.py", "longer than")),
    Honest("a loop in the import of quiz.py", change=below("while True:\n    pass", "quiz.py"), fails="3", words=("quiz.py", "longer than")),
    Honest("a SyntaxError", change=below("def f(:\n    pass", "sgd.py"), fails="2b", words=("SyntaxError", "def f(:", "sgd.py")),
    Honest("an IndentationError", change=below("def f():\npass", "word2vec.py"), fails="2a", words=("IndentationError", "word2vec.py")),
    Honest("an exception in import", change=below("1 / 0", "word2vec.py"), fails="2a", words=("ZeroDivisionError", "1 / 0")),
    Honest("an exception in the quiz", change=below("1 / 0", "quiz.py"), fails="3", words=("ZeroDivisionError", "quiz.py")),
    Honest("a name that is not there", change=replaced("word2vec.py", "def sigmoid(", "def sigmod("), fails=OF_SIGMOID, words=("sigmoid",)),
    Honest("another default of skip-gram", change=replaced("word2vec.py", DEFAULT, '    dataset,\n    word2vec_loss_and_gradient=naive_softmax_loss_and_gradient,\n):\n    """Sum'), fails="2a-8", words=("called without a loss function must use neg_sampling_loss_and_gradient",)),
    Honest("a name in another style", change=replaced("word2vec.py", "def naive_softmax_loss_and_gradient(", "def naiveSoftmaxLossAndGradient("), fails="2a-0 2a-1 2a-6", words=("word2vec.py has naiveSoftmaxLossAndGradient: rename it to naive_softmax_loss_and_gradient",)),
    Honest("a parameter missing", change=replaced("word2vec.py", "center_word_vec, outside_word_idx, outside_vectors, dataset):", "center_word_vec, outside_word_idx, outside_vectors):"), fails="2a-0 2a-1 2a-6", words=("takes center_word_vec, outside_word_idx, outside_vectors, dataset; yours lacks dataset",)),
    Honest("a parameter missing, with type hints", change=replaced("word2vec.py", DEFAULT, '    word2vec_loss_and_gradient=neg_sampling_loss_and_gradient,\n) -> tuple:\n    """Sum (a, dataset'), fails="2a-0 2a-7 2a-8", words=("yours lacks dataset",)),
    Honest("a question in another style", change=replaced("quiz.py", f"def question_{FIRST}(", "def question_one("), fails=QUESTIONS[FIRST], words=(f"quiz.py has question_one: rename it to question_{FIRST}",)),
    Honest("another number of samples by default", change=replaced("word2vec.py", "dataset, K=10", "dataset, K=5"), fails="2a-8", words=("neg_sampling_loss_and_gradient is given: put its original lines back",)),
    Honest("an old name of a helper", change=above("from utils.utils import normalizeRows\n", "word2vec.py"), fails="2a", words=("cannot import name 'normalizeRows' from 'utils.utils'. Did you mean: normalize_rows?",)),
    Honest("an old name of a helper, as an attribute", change=above("import utils.utils\nutils.utils.normalizeRows\n", "word2vec.py"), fails="2a", words=("Did you mean: normalize_rows?",)),
    Honest("the checks of other years", change=above("from utils.sanity_checks import *\n", "sgd.py"), fails="2b", words=("Remove this import",)),
    Honest("utils looked for in the package", change=above("from .utils.utils import softmax\n", "word2vec.py"), fails="2a", words=("without a dot before it",)),
    Honest("no import of NumPy", change=replaced("word2vec.py", "import numpy as np\n", ""), fails="2a", words=("The file needs: import numpy as np",)),
    Honest("a loop without end", (("sigmoid", "small =", "while np.shape(x) == (5,):\n    x = x\nsmall ="),), fails="2a-2", words=("took longer than", ", in sigmoid")),
    Honest("a function that calls itself", (("sigmoid", "small =", "sigmoid(x)\nsmall ="),), fails=OF_SIGMOID, words=("RecursionError", "A function calls itself without end", "lines left out")),
    Honest("None left in an expression", (("sgd", UPDATE, "x = x - step * None"),), fails="2b", words=("A step is",)),
    Honest("finished, but the line that says it is not stays", (("sigmoid", "return", "raise NotImplementedError('2a: sigmoid')\nreturn"),), fails=OF_SIGMOID, words=("sigmoid still has the line raise NotImplementedError",)),
    Honest("a misspelt name of NumPy", (("sigmoid", "np.exp(", "np.exo("),), fails=OF_SIGMOID, words=("Did you mean: exp?",)),
    Honest("a misspelt variable", ((LOSS, "- scores[outside_word_idx]", "- scores[outside_word_index]"),), fails="2a-0 2a-1 2a-6", words=("Did you mean: outside_word_idx?",)),
    Honest("if for an array", (("sigmoid", "small =", "if x > 0:\n    pass\nsmall ="),), fails=OF_SIGMOID, words=("if is for one number",)),
    Honest("a package that is not there", change=above("import torch\n", "word2vec.py"), fails="2a", words=("Do without it",)),
    Honest("input", (("sigmoid", "small =", "input()\nsmall ="),), fails=OF_SIGMOID, words=("do without input()",)),
    Honest("skip-gram does nothing with negative sampling", (("skipgram", "c = word2ind", "if word2vec_loss_and_gradient is neg_sampling_loss_and_gradient:\n    return loss, grad_center_vecs, grad_outside_vectors\nc = word2ind"),), fails="2a-7", words=()),
    Honest("a loss without end", ((LOSS, "scores = outside", "while True:\n    pass\nscores = outside"),), fails="2a-0 2a-1 2a-6", words=(", in naive_softmax_loss_and_gradient", "Does a loop never end")),
    Honest("a loss that ends the process", ((LOSS, "scores = outside", "import os\nos._exit(0)\nscores = outside"),), fails="2a-0 2a-1 2a-6", words=("exit code 0",)),
    Honest("a loop without end below many calls", (("sigmoid", "small =", "if np.shape(x) == (5,):\n    def deep(n):\n        while n == 0:\n            pass\n        deep(n - 1)\n    deep(150)\nsmall ="),), fails="2a-2", words=(", in deep",)),
    Honest("no sgd", change=replaced("sgd.py", "def sgd(", "def gradient_descent("), fails="2b", words=("sgd",)),
    Honest("a function that is a number", change=below("sigmoid = 5", "word2vec.py"), fails=OF_SIGMOID, words=("sigmoid",)),
    Honest("a file in UTF-16", change=recoded(lambda text: text, "word2vec.py", encoding="utf-16"), fails="2a", words=("UTF-16", "word2vec.py", "UTF-8")),
    Honest("Latin-1 that does not say so", (("sigmoid", "small =", "größe = 'é'\nsmall ="),), recoded(lambda text: text, encoding="latin-1"), fails="2a", words=("UTF-8", "word2vec.py")),
    Honest("a file with a NUL", change=replaced("sgd.py", "import random", "import random\0"), fails="2b", words=("sgd.py",)),
    Honest("two candidates: a package and loose files", change=files({"../word2vec.py": OLD}), fails="2 3", words=("word2vec.py", "submission")),
    Honest("two candidates: a package and a single file", change=files({"../submission.py": OLD}), fails="2 3", words=("submission.py", "submission")),
    Honest("two candidates: two zips", change=each(zipped("one.zip"), lambda package: shutil.copy(package.parent / "one.zip", package.parent / "two.zip")), fails="2 3", words=("one.zip", "two.zip")),
    Honest("a zip that is damaged", change=files({"../upload.zip": "PK\3\4 and so on"}), path="upload.zip", fails="2 3", words=("upload.zip",)),
    Honest("no file word2vec.py", change=without("word2vec.py"), fails="2a", words=("word2vec",)),
    Honest("no file quiz.py", change=without("quiz.py"), fails="3", words=("3a-0-basic: Question 1: an answer is given\n" + NO_QUIZ, f"AssertionError: {NO_QUIZ}\n")),
    Honest("no vectors file", change=without(f"../{VECTORS}"), fails="2c", words=(VECTORS,)),
    Honest("vectors that are no JSON", change=files({f"../{VECTORS}": "{'female': [1]}"}), fails="2c", words=("JSON",)),
    Honest("only the vectors file", change=shutil.rmtree, fails="2a 2b 3", words=("Hand in word2vec.py and sgd.py (and quiz.py",)),
    Honest("files of other names", change=each(without("quiz.py"), renamed({"submission/word2vec.py": "word2vec (1).py", "submission/sgd.py": "Sgd.py"})), fails="2a 2b 3", words=("word2vec (1).py (rename it to word2vec.py)", "Sgd.py (rename it to sgd.py)")),
    Honest("nothing", change=lambda package: shutil.rmtree(package.parent) or package.parent.mkdir(), fails="2 3", words=()),
]
# fmt: on
