"""The import of a submission: what finds what, what shadows nothing, what fails alone."""

import contextlib
import os
import sys

import pytest
from boxes import loaded, package

from sandbox.confine import Confinement
from sandbox.sandbox import Sandbox
from sandbox.session import MissingError, WorkerError
from sandbox.upload import Source
from sandbox.workers import ForkedWorkers

SGD = "def sgd():\n    return 'sgd'\n"
WORDS = "def sigmoid():\n    return 'sigmoid'\n"
INIT = "from .sgd import sgd\nfrom .word2vec import sigmoid\n"
PACKAGE = {"__init__.py": INIT, "word2vec.py": WORDS, "sgd.py": SGD}


@pytest.fixture(scope="module")
def workers():
    with contextlib.closing(ForkedWorkers()) as workers:
        yield workers


@pytest.fixture
def load(workers):
    """Give a function that loads the submission of some texts and sources."""
    with contextlib.ExitStack() as stack:

        def load(files, module="word2vec"):
            texts = package({name: file for name, file in files.items() if isinstance(file, str)})
            box = Sandbox(files | texts, workers, Confinement())
            stack.callback(os.rmdir, box.folder)
            return stack.enter_context(loaded(box, module=module))

        yield load


def failing(load, files, module="word2vec"):
    with pytest.raises(WorkerError) as info:
        load(files, module)
    return info.value.kind, str(info.value)


@pytest.mark.parametrize(
    ("files", "module", "there", "missing"),
    [
        (PACKAGE, "word2vec", ["sigmoid", "sgd"], ["skipgram"]), (PACKAGE, "quiz", ["sigmoid"], ["question_1"]),
        ({"word2vec.py": WORDS, "sgd.py": SGD}, "word2vec", ["sigmoid"], ["sgd"]), ({"__init__.py": ""}, "word2vec", [], ["sigmoid"]),
        ({"__init__.py": "", "word2vec.py": WORDS}, "word2vec", ["sigmoid"], []), ({"all.py": WORDS, "sgd.py": SGD}, "word2vec", ["sigmoid"], []),
        ({"__init__.py": WORDS + SGD}, "word2vec", ["sigmoid", "sgd"], []), ({"__init__.py": "import submission.sgd", "sgd.py": SGD}, "sgd", ["sgd"], []),
    ],
)  # fmt: skip
def test_where_functions_are(load, files, module, there, missing):
    submission = load(files, module)
    assert [getattr(submission, name)() for name in there] == there
    for name in missing:
        with pytest.raises(MissingError):
            getattr(submission, name)()


IMPORTS = [
    "import sgd\nf = sgd.sgd", "import sgd as s\nf = s.sgd", "from sgd import sgd as f", "from submission.sgd import sgd as f",
    "import submission.sgd\nf = submission.sgd.sgd", "from submission import sgd as s\nf = s.sgd", "from .sgd import sgd as f",
    "from . import sgd as s\nf = s.sgd", "import importlib\nf = importlib.import_module('.sgd', __package__).sgd",
    "f = __import__('sgd').sgd", "def g():\n    from sgd import sgd\n    return sgd\nf = g()",
    "import sgd, submission.sgd as a\nfrom . import sgd as b\nassert sgd is a is b\nf = b.sgd",
]  # fmt: skip


@pytest.mark.parametrize("statement", IMPORTS)
@pytest.mark.parametrize(
    "init", [{}, {"__init__.py": ""}, {"__init__.py": "from .word2vec import f"}]
)
def test_ways_to_import(load, init, statement):
    check = "\nimport sys\ndef check():\n    return f is sys.modules['submission.sgd'].sgd"
    assert load(init | {"word2vec.py": statement + check, "sgd.py": SGD}).check() is True


SHADOWS = (
    "argparse numpy sandbox json grader conftest sitecustomize random numpy/linalg json/unheard"
)
SOURCES = {  # files of which word2vec.py has a function f, and what that gives
    "packages within": ({
        "helpers/__init__.py": "b = 2", "helpers/text.py": "from . import b\na = b - 1", "plain/more.py": "d = 4",
        "helpers/deep/er.py": "from ..text import a\nfrom helpers import b\nc = a + b",
        "word2vec.py": """
            import helpers.text, helpers, sys
            from helpers.deep.er import c
            from helpers import text
            from .helpers.text import a
            from submission.plain.more import d
            def f():
                return [a, helpers.b, helpers.text.a, text is helpers.text is sys.modules["helpers.text"], c, d]
        """,
    }, [1, 2, 1, True, 3, 4]),
    "modules that import each other": ({
        "word2vec.py": "import sgd\nfrom submission import sgd as s\ndef f():\n    return [sgd.g(), s is sgd]",
        "sgd.py": "import word2vec\nfrom . import word2vec as w\ndef g():\n    return w.f is word2vec.f",
    }, [True, True]),
    "names of others, which shadow nothing": ({
        **{f"{name}.py": "raise SystemError('shadow')" for name in SHADOWS.split()},
        "utils.py": "a = 1", "scipy.py": "b = 2",
        "word2vec.py": """
            import argparse, json, numpy, utils.utils, random, numpy.linalg, scipy.spatial
            from utils.gradcheck import gradcheck_naive
            from .utils import a
            from submission import scipy as own
            try:
                import json.unheard
            except ModuleNotFoundError:
                unheard = True
            def f():
                found = numpy, json, utils.utils, argparse, scipy
                return [unheard, a, own.b, not any("/upload" in module.__file__ for module in found)]
        """,
    }, [True, 1, 2, True]),
    "what a module knows of itself": ({"word2vec.py": """
        from __future__ import annotations
        import dataclasses, inspect, traceback, typing
        if __name__ == "__main__":
            raise SystemError
        @dataclasses.dataclass
        class Pair:
            center: np.ndarray
            outside: typing.ClassVar[int] = 3
        def f():
            try:
                1 / 0  # here
            except ZeroDivisionError:
                shown = traceback.format_exc()
            fields = [field.name for field in dataclasses.fields(Pair)]
            place = 'File "/upload/word2vec.py", line 12, in f\\n    1 / 0  # here'
            return [__name__, __package__, __file__, fields, inspect.getsource(f)[:8], place in shown]
    """}, ["submission.word2vec", "submission", "/upload/word2vec.py", ["center"], "def f():", True]),
}  # fmt: skip


@pytest.mark.parametrize(("files", "expected"), SOURCES.values(), ids=SOURCES)
def test_what_a_module_finds(load, files, expected):
    assert load(files).f() == expected


def test_nothing_is_found_elsewhere_and_no_cache_is_read_or_written(load, tmp_path):
    cache = tmp_path / "__pycache__" / f"word2vec.{sys.implementation.cache_tag}.pyc"
    for path in (cache, tmp_path / "submission" / "hidden.py", tmp_path / "secret.py"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 100)
    source = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nfind = __import__"
    file = Source(str(tmp_path / "word2vec.py"), source.encode(), "")
    submission = load({"__init__.py": "", "word2vec.py": file})
    for name in ("submission.secret", "submission.hidden", "submission.sgd", "hidden"):
        with pytest.raises(WorkerError, match=f"No module named '{name}'"):
            submission.find(name)
    assert [*cache.parent.iterdir()] == [cache]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"), ("import unheard", "ModuleNotFoundError"), ("raise SystemExit(0)", "SystemExit"),
        ("def f(:", "SyntaxError"), ("\0", "SyntaxError or ValueError"), (Source("/upload/x.py", b"# \xff", ""), "SyntaxError"),
        (Source("/upload/x.py", b"", "problem"), "ImportError"), (None, "ModuleNotFoundError"),
    ],
)  # fmt: skip
def test_an_error_in_one_file_costs_nothing_in_another(load, fault, kind):
    for faulty, other, name in [("sgd", "word2vec", "sigmoid"), ("word2vec", "sgd", "sgd")]:
        files = PACKAGE | {f"{faulty}.py": fault}
        files = {name: file for name, file in files.items() if file is not None}
        assert getattr(load(files, other), name)() == name
        assert failing(load, files, faulty)[0] in kind


def test_an_error_of_the_package_itself(load):
    files = PACKAGE | {"__init__.py": "def early():\n    return 1\n1 / 0\ndef late(): pass"}
    submission = load(files)
    assert (submission.sigmoid(), submission.early()) == ("sigmoid", 1)
    with pytest.raises(MissingError):
        submission.late()
    problem = {"__init__.py": Source("/upload/__init__.py", b"", "problem")}
    assert failing(load, problem) == ("ImportError", "problem")
    for broken in (files, {"__init__.py": "1 / 0", "other.py": WORDS}):
        assert failing(load, broken, "quiz") == ("ZeroDivisionError", "division by zero")


def test_the_package_itself_runs_once_and_only_if_it_is_asked_for(load):
    ask = "def ask():\n    import submission\n    return submission.other()"
    init = "print('runs')\nfrom .word2vec import *\ndef other():\n    return 1"
    for names, printed in (["sigmoid"], ""), (["ask", "other", "none", "ask"], "runs\n"):
        submission = load({"__init__.py": init, "word2vec.py": WORDS + ask})
        for name in names:
            with contextlib.suppress(MissingError):
                getattr(submission, name)()
        assert submission._session.close() == printed
