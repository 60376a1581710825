"""The import of a submission: what finds what, what shadows nothing, what fails alone."""

import argparse
import dataclasses
import inspect
import json
import sys
import traceback
from textwrap import dedent

import numpy as np
import pytest

import utils.utils
from sandbox import loader


@pytest.fixture
def load(monkeypatch):
    """Load a submission; afterwards all imports are undone."""
    before = dict(sys.modules)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    loader.forget_modules()

    def load(files, module="word2vec", problems=()):
        sources = {
            name: (f"/upload/{name}", text if isinstance(text, bytes) else dedent(text).encode(), "problem" * (name in problems))
            for name, text in files.items()
        }  # fmt: skip
        submission = loader.Submission(sources)
        submission.load(module)
        return submission

    yield load
    for name in sys.modules.keys() - before.keys():
        del sys.modules[name]
    sys.modules.update(before)


SGD = "def sgd():\n    return 'sgd'\n"
WORDS = "def sigmoid():\n    return 'sigmoid'\n"
PACKAGE = {
    "__init__.py": "from .sgd import sgd\nfrom .word2vec import sigmoid\n",
    "word2vec.py": WORDS,
    "sgd.py": SGD,
}


def test_a_package(load):
    submission = load(PACKAGE)
    assert submission.function("sigmoid")() == "sigmoid"
    assert submission.function("sgd")() == "sgd"
    assert submission.function("skipgram") is None


def test_loose_files(load):
    submission = load({"word2vec.py": WORDS, "sgd.py": SGD})
    assert submission.function("sigmoid")() == "sigmoid"
    assert submission.function("sgd") is None
    assert "submission.sgd" not in sys.modules


def test_a_single_file(load):
    submission = load({"__init__.py": WORDS + SGD})
    assert (submission.function("sigmoid")(), submission.function("sgd")()) == ("sigmoid", "sgd")


def test_the_function_may_be_in_another_file(load):
    assert load({"all.py": WORDS, "sgd.py": SGD}).function("sigmoid")() == "sigmoid"


def test_the_module_counts_even_if_the_package_does_not_import_it(load):
    assert load({"__init__.py": "", "word2vec.py": WORDS}).function("sigmoid")() == "sigmoid"


def test_a_module_with_the_name_of_its_function(load):
    submission = load({"__init__.py": "import submission.sgd", "sgd.py": SGD}, "sgd")
    assert submission.function("sgd")() == "sgd"


def test_what_is_no_function_is_none(load):
    assert load({"word2vec.py": "sigmoid = 5"}).function("sigmoid") is None


IMPORTS = [
    "import sgd\nf = sgd.sgd",
    "import sgd as s\nf = s.sgd",
    "from sgd import sgd as f",
    "from submission.sgd import sgd as f",
    "import submission.sgd as s\nf = s.sgd",
    "import submission.sgd\nf = submission.sgd.sgd",
    "from submission import sgd as s\nf = s.sgd",
    "from .sgd import sgd as f",
    "from . import sgd as s\nf = s.sgd",
    "import importlib\nf = importlib.import_module('.sgd', __package__).sgd",
    "f = __import__('sgd').sgd",
    "def g():\n    from sgd import sgd\n    return sgd\nf = g()",
]


@pytest.mark.parametrize("statement", IMPORTS)
@pytest.mark.parametrize(
    "files", [{}, {"__init__.py": "from .word2vec import f"}], ids=["loose", "package"]
)
def test_ways_to_import(load, files, statement):
    submission = load({**files, "word2vec.py": statement, "sgd.py": SGD})
    assert submission.function("f") is sys.modules["submission.sgd"].sgd


def test_a_module_is_one_by_all_its_names(load):
    source = "import sgd, submission.sgd\nfrom submission import sgd as c\nfrom . import sgd as d\nones = {id(m) for m in (sgd, submission.sgd, c, d)}"
    load({"word2vec.py": source, "sgd.py": "state = []"})
    assert len(sys.modules["submission.word2vec"].ones) == 1
    assert sys.modules["sgd"] is sys.modules["submission.sgd"]


def test_packages_within(load):
    submission = load(
        {
            "word2vec.py": """
                import helpers.text, helpers
                from helpers.deep.er import c
                from helpers import text
                from .helpers.text import a
                from submission.plain.more import d
                def f():
                    return [a, helpers.b, helpers.text.a, text is helpers.text, c, d]
            """,
            "helpers/__init__.py": "b = 2",
            "helpers/text.py": "from . import b\na = b - 1",
            "helpers/deep/er.py": "from ..text import a\nfrom helpers import b\nc = a + b",
            "plain/more.py": "d = 4",
        }
    )
    assert submission.function("f")() == [1, 2, 1, True, 3, 4]
    assert sys.modules["helpers.text"] is sys.modules["submission.helpers.text"]


def test_modules_that_import_each_other(load):
    submission = load(
        {
            "word2vec.py": "import sgd\nfrom submission import sgd as other\ndef sigmoid():\n    return sgd.g(), other is sgd",
            "sgd.py": "import word2vec\nfrom . import word2vec as w\ndef g():\n    return w.sigmoid is word2vec.sigmoid",
        }
    )
    assert submission.function("sigmoid")() == (True, True)


SHADOWS = "argparse numpy utils sandbox json scipy grader conftest sitecustomize random".split()


def test_names_of_others_shadow_nothing(load):
    files = {f"{name}.py": "raise SystemError('shadow')" for name in SHADOWS}
    files |= {"numpy/linalg.py": "raise SystemError", "json/unheard.py": "raise SystemError"}
    source = """
        import argparse, json, numpy, utils.utils, random, numpy.linalg, scipy.spatial
        from utils.gradcheck import gradcheck_naive
        try:
            import json.unheard
        except ModuleNotFoundError:
            pass
        def f():
            return [argparse, json, numpy, utils.utils]
    """
    submission = load(files | {"word2vec.py": source})
    assert submission.function("f")() == [argparse, json, np, utils.utils]


def test_its_own_files_go_by_their_full_names(load):
    files = {
        "word2vec.py": "from .utils import a\nfrom submission import numpy\ndef f():\n    return a, numpy.b",
        "utils.py": "a = 1",
        "numpy.py": "b = 2",
    }
    assert load(files).function("f")() == (1, 2)


def test_nothing_is_found_elsewhere(load, tmp_path, monkeypatch):
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "word2vec.py").write_text("raise SystemError")
    (tmp_path / "submission" / "secret.py").write_text("raise SystemError")
    monkeypatch.syspath_prepend(tmp_path)
    load({"__init__.py": "", "word2vec.py": WORDS})
    for name in ("submission.secret", "submission.sgd", "secret"):
        with pytest.raises(ModuleNotFoundError):
            __import__(name)


def test_no_cache_is_read_or_written(load, tmp_path):
    path = tmp_path / "word2vec.py"
    cache = tmp_path / "__pycache__"
    cache.mkdir()
    (cache / f"word2vec.{sys.implementation.cache_tag}.pyc").write_bytes(b"x" * 100)
    submission = loader.Submission({"word2vec.py": (str(path), WORDS.encode(), "")})
    submission.load("word2vec")
    assert submission.function("sigmoid")() == "sigmoid"
    assert len(list(cache.iterdir())) == 1
    assert not hasattr(sys.modules["submission.word2vec"], "__cached__")


def test_what_a_module_knows_of_itself(load):
    source = """
        from __future__ import annotations
        import dataclasses, enum, typing

        @dataclasses.dataclass
        class Pair:
            center: np.ndarray
            outside: typing.ClassVar[int] = 3

        if __name__ == "__main__":
            raise SystemError

        def sigmoid(x):
            return x  # the line
    """
    submission = load({"word2vec.py": source})
    module = sys.modules["submission.word2vec"]
    assert (module.__name__, module.__package__, module.__file__) == (
        "submission.word2vec",
        "submission",
        "/upload/word2vec.py",
    )
    assert [field.name for field in dataclasses.fields(module.Pair)] == ["center"]
    assert (
        inspect.getsource(submission.function("sigmoid"))
        == "def sigmoid(x):\n    return x  # the line\n"
    )
    assert "class Pair:" in inspect.getsource(module.Pair)


def test_stack_traces_show_lines(load):
    function = load({"word2vec.py": "def f():\n    return 1 / 0  # here\n"}).function("f")
    try:
        function()
    except ZeroDivisionError:
        text = traceback.format_exc()
    assert 'File "/upload/word2vec.py", line 2, in f\n    return 1 / 0  # here' in text


def test_the_flags_of_this_file_do_not_matter(load):
    with pytest.raises(NameError):
        load({"word2vec.py": "def f(x: undefined): pass\nf.__annotations__"})


# Errors


def fails(load, files, module, error, **options):
    with pytest.raises(error) as info:
        load(files, module, **options)
    loader.forget_modules()
    return str(info.value)


@pytest.mark.parametrize(
    "fault", ["1 / 0", "def f(:", "import unheard", "raise SystemExit(0)", "\0", b"# \xff", "raise"]
)
@pytest.mark.parametrize("faulty", ["sgd", "word2vec"])
def test_an_error_in_one_file_costs_nothing_in_another(load, fault, faulty):
    files = PACKAGE | {f"{faulty}.py": fault}
    good = {"sgd": "word2vec", "word2vec": "sgd"}[faulty]
    name = {"sgd": "sigmoid", "word2vec": "sgd"}[faulty]
    assert load(files, good).function(name)() == name
    loader.forget_modules()
    fails(load, files, faulty, (Exception, SystemExit))


def test_an_error_of_the_package_itself(load):
    files = PACKAGE | {"__init__.py": "1 / 0"}
    assert load(files, "word2vec").function("sigmoid")() == "sigmoid"
    loader.forget_modules()
    fails(load, files, "quiz", ZeroDivisionError)
    fails(load, {"__init__.py": "1 / 0"}, "word2vec", ZeroDivisionError)
    fails(load, {"__init__.py": "1 / 0", "other.py": WORDS}, "word2vec", ZeroDivisionError)


def test_what_was_imported_before_the_error_is_imported_anew(load):
    files = PACKAGE | {
        "__init__.py": "import helpers\nfrom . import word2vec\n1 / 0",
        "word2vec.py": "import helpers\ndef f():\n    import submission.helpers\n    return helpers is submission.helpers",
        "helpers.py": "",
    }
    assert load(files).function("f")()


def test_a_missing_file(load):
    files = {"__init__.py": PACKAGE["__init__.py"], "word2vec.py": WORDS}
    assert load(files).function("sigmoid")() == "sigmoid"
    loader.forget_modules()
    assert "submission.sgd" in fails(load, files, "sgd", ModuleNotFoundError)


def test_the_quiz_may_be_missing(load):
    assert load(PACKAGE, "quiz").function("question_1") is None


def test_a_problem_of_a_file_is_an_import_error(load):
    assert fails(load, PACKAGE, "sgd", ImportError, problems=["sgd.py"]) == "problem"
    assert load(PACKAGE, "word2vec", problems=["sgd.py"]).function("sigmoid")


def test_nothing_there(load):
    assert load({"__init__.py": ""}).function("sigmoid") is None


def test_imports_can_be_undone(load):
    before = list(sys.meta_path)
    submission = load(PACKAGE | {"word2vec.py": "import sgd, json\n" + WORDS})
    submission.unload()
    assert sys.meta_path == before
    assert not {"submission", "submission.sgd", "sgd"} & sys.modules.keys()
    assert sys.modules["json"] is json
